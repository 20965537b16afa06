"""Runs, repetitions, sweeps and failures through the real command."""

import re
import shlex
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from grokrfm import __version__ as grokrfm_version
from grokrfm import collect
from tests.cli.command import BIN, digests, finished, grokrfm, lines, listing, segments, status

CONF = Path(__file__).parents[2] / "conf"
STUDIES = {"config": [], "dynamics": []}
for study in sorted((CONF / "study").glob("*.yaml")):
    second = "--config-name dynamics" in study.read_text(encoding="utf-8")
    STUDIES["dynamics" if second else "config"].append(study)
SMALL = ["task.modulus=7", "rfm.iterations=3", "study=demo"]
DEGENERATE = ["kernel=quadratic", "split=fixed_points", "task.modulus=13", "rfm.iterations=30"]
STUDY = Path("outputs", "demo")
THREADS = "hardware.threads=1"  # what command.grokrfm adds


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A folder in which SMALL has run once, and what the command said."""
    folder = tmp_path_factory.mktemp("first")
    return folder, grokrfm(folder, *SMALL)


@pytest.fixture
def again(first, tmp_path):
    """A copy of that folder, free to change."""
    shutil.copytree(first[0], tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_a_run_writes_its_record(first):
    folder, done = first
    assert (done.returncode, done.stderr) == (0, "")
    runs = collect.runs(folder / STUDY)
    assert runs["status"].tolist() == ["finished"]
    assert runs["digest"].tolist() == digests(done.stdout)
    assert runs["task.modulus"].tolist() == [7]
    assert (runs["n_train"][0], runs["n_test"][0]) == (24, 25)
    assert collect.steps(folder / STUDY)["iteration"].tolist() == [0, 1, 2]


def test_a_run_says_how_it_went_and_where_it_is_written(first):
    folder, done = first
    run = collect.runs(folder / STUDY).iloc[0]
    headline, train, test = done.stdout.splitlines()[:3]
    assert headline.startswith("finished  addition mod 7, gaussian, uniform")
    assert headline.endswith("seed 0")
    assert f"24 rows: accuracy {100 * run['train_accuracy']:.1f} %" in train
    assert f"25 rows: accuracy {100 * run['test_accuracy']:.1f} %" in test
    assert f"loss {run['test_loss']:.3g}" in test
    assert "iterations: 3 in" in done.stdout
    assert f"written to outputs/demo, digest {run['digest']}" in done.stdout


def test_a_study_without_a_file_is_a_folder_of_that_name(first):
    assert not (CONF / "study" / "demo.yaml").exists()
    assert listing(first[0] / "outputs")[0] == "demo"
    assert lines(first[0] / STUDY, "started")[0]["config"]["study"]["name"] == "demo"


def test_the_same_command_again_computes_nothing(again, first):
    before = segments(again / STUDY)
    done = grokrfm(again, *SMALL)
    assert done.returncode == 0
    assert done.stdout.startswith("already finished  addition mod 7")
    assert "rerun=true" in done.stdout
    assert digests(done.stdout) == digests(first[1].stdout)
    assert segments(again / STUDY) == before


@pytest.mark.parametrize(
    ("wish", "column", "value"),
    [
        pytest.param("rerun=true", "rerun", True, id="forced"),
        pytest.param("probe.grok.threshold=0.5", "probe.grok.threshold", 0.5, id="another probe"),
        pytest.param("save.features=[0,3]", "save.features", [0, 3], id="feature matrices"),
    ],
)
def test_a_run_is_made_again_for_what_its_record_lacks(again, first, wish, column, value):
    before = segments(again / STUDY)
    done = grokrfm(again, *SMALL, wish)
    assert done.returncode == 0
    assert done.stdout.startswith("finished ")
    assert digests(done.stdout) == digests(first[1].stdout)  # it is the same run
    after = segments(again / STUDY)
    assert before.items() < after.items()
    started = lines(again / STUDY, "started")
    assert len(started) == 2
    runs = collect.runs(again / STUDY)
    assert len(runs) == 1  # the new record supersedes
    assert nested(started[1]["config"], column) == value
    assert nested(started[0]["config"], column) != value
    assert str(runs[column][0]) == str(value)
    kept = collect.features(again / STUDY, runs["digest"][0])
    assert list(kept) == ([0, 3] if column == "save.features" else [])


def test_a_sweep_computes_only_what_is_new(again, first):
    before = segments(again / STUDY)
    done = grokrfm(again, "-m", *SMALL, "seed=0,1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "1 already finished, 1 finished"
    assert before.items() < segments(again / STUDY).items()
    assert [entry["config"]["seed"] for entry in lines(again / STUDY, "started")] == [0, 1]
    assert sorted(collect.runs(again / STUDY)["seed"]) == [0, 1]


def test_a_sweep_says_where_it_is_written_what_came_out_and_what_is_next(again):
    done = grokrfm(again, "-m", *SMALL, "split.train_fraction=0.8,0.9")
    mean = collect.runs(again / STUDY).query("`split.train_fraction` > 0.7")["test_accuracy"].mean()
    written, ended = done.stdout.splitlines()
    assert re.fullmatch(
        rf"written to outputs/demo in \S+ \S+: test_accuracy {mean:.3g} \(mean of 2 runs\);"
        " next: grokrfm-collect outputs/demo",
        written,
    )
    assert ended == "2 finished"


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """A sweep whose first run fails: SCIENCE §8, the quadratic kernel without a ridge."""
    folder = tmp_path_factory.mktemp("failing")
    sweep = ["-m", *DEGENERATE[1:], "rfm.ridge=0", "kernel=quadratic,gaussian", "study=demo"]
    return folder, sweep, grokrfm(folder, *sweep)


def test_a_failed_run_is_recorded_with_its_reason(failing):
    folder, _, done = failing
    ended = {entry["status"]: entry for entry in lines(folder / STUDY, "ended")}
    failed, finished = ended["failed"], ended["finished"]
    assert len(ended) == 2
    assert failed["error"]["type"] == "NumericsError"
    assert failed["error"]["message"].startswith(f"iteration {failed['metrics']['updates']}: ")
    assert "not positive definite" in failed["error"]["message"]
    assert failed["metrics"]["updates"] < 30 == finished["metrics"]["updates"]
    runs = collect.runs(folder / STUDY).set_index("kernel.name")
    assert runs["status"].to_dict() == {"quadratic": "failed", "gaussian": "finished"}
    assert done.returncode == 1


def test_a_sweep_ends_with_its_failures(failing):
    done = failing[2]
    assert done.stdout.splitlines()[-1] == "1 finished, 1 failed"
    cause, run, retry = done.stderr.splitlines()[-3:]
    assert cause.startswith("1 failed: ")
    assert "not positive definite" in cause
    assert "raise rfm.ridge (now 0;" in cause
    assert "kernel=quadratic" in run.split()
    assert "kernel=gaussian" not in run
    assert retry == f"run again what is not finished: grokrfm {shlex.join([*failing[1], THREADS])}"
    assert "Traceback" not in done.stdout + done.stderr


def test_status_tells_the_failure(failing):
    done = status(failing[0], STUDY)
    assert done.returncode == 0
    headline, cause = done.stdout.splitlines()[:2]
    assert headline.startswith("outputs/demo: ")
    assert "1 failed" in headline
    assert "1 finished" in headline
    assert "failed (1): iteration " in cause
    assert "not positive definite" in cause


def test_a_failed_run_is_tried_again_and_a_finished_one_is_not(failing, tmp_path):
    folder, sweep, _ = failing
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    done = grokrfm(tmp_path, *sweep)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "1 already finished, 1 failed"
    ended = lines(tmp_path / STUDY, "ended")
    assert sorted(entry["status"] for entry in ended) == ["failed", "failed", "finished"]


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    """The papers' solver on the same split, before and after the feature matrix explodes."""
    folder = tmp_path_factory.mktemp("paper")
    sweep = [*DEGENERATE[:-1], "rfm=paper", "rfm.iterations=10,40", "study=demo"]
    done = grokrfm(folder, "-m", *sweep)
    ended = lines(folder / STUDY, "ended")
    histories = {entry["attempt"]: entry["history"] for entry in lines(folder / STUDY, "history")}
    return done, [(entry, histories[entry["attempt"]]["solver"].count("lu")) for entry in ended]


def test_the_papers_solver_counts_lu_or_explodes(paper):
    done, ended = paper
    assert len(ended) == 2
    for entry, by_lu in ended:
        if entry["status"] == "finished":
            assert entry["metrics"]["lu_iterations"] == by_lu > 0
        else:
            assert entry["status"] == "failed"
            assert "the feature matrix exploded" in entry["error"]["message"]
            assert "rfm.ridge=1e-8" in entry["error"]["message"]
            assert entry["error"]["message"] in done.stderr
    fewest, most = sorted(by_lu for _, by_lu in ended)
    assert f"solved by LU in {fewest} to {most} iterations (2 runs)" in done.stdout
    assert done.returncode == int(any(entry["status"] == "failed" for entry, _ in ended))


def test_a_failed_record_counts_lu_too(paper):
    """SCIENCE §8: every record and summary says in how many iterations LU solved."""
    counted = [(entry["metrics"].get("lu_iterations"), by_lu) for entry, by_lu in paper[1]]
    assert all(count == by_lu for count, by_lu in counted), counted


def test_help_lists_the_options_of_the_second_learner(tmp_path):
    done = grokrfm(tmp_path, "--config-name", "dynamics", "--help", threads=None)
    assert (done.returncode, done.stderr) == (0, "")
    groups = ("env", "group", "split", "model", "train", "hardware")
    assert unlisted(done.stdout, [path for g in groups for path in (CONF / g).glob("*.yaml")]) == []
    assert unlisted(done.stdout, STUDIES["dynamics"]) == []
    assert "\nstudy=trap " not in done.stdout and "_target_" not in done.stdout
    assert "\n    entanglement: 0.01 #" in done.stdout


def unlisted(text, paths):
    """The options, as files of conf/, that a help text does not list."""
    options = [f"{path.parent.name}={path.stem}" for path in paths]
    return [option for option in options if f"\n{option} " not in text]


def test_help_lists_every_option_and_leaves_nothing(tmp_path):
    done = grokrfm(tmp_path, "--help", threads=None)
    assert (done.returncode, done.stderr) == (0, "")
    groups = ("task", "group", "split", "kernel", "rfm", "start", "probe", "hardware")
    assert unlisted(done.stdout, [path for g in groups for path in (CONF / g).glob("*.yaml")]) == []
    assert unlisted(done.stdout, STUDIES["config"]) == []
    assert "study=grid_rotations" not in done.stdout  # of the other learner
    assert "\n    bandwidth: 2.5 # positive" in done.stdout
    assert "\n    seed: 0 #" in done.stdout
    for word in ("grokrfm-status", "grokrfm-collect", "study=NAME", "--cfg job", "-sc install"):
        assert word in done.stdout
    assert "_target_" not in done.stdout
    assert listing(tmp_path) == []


def test_cfg_shows_the_config_of_the_run_instead_of_running_it(tmp_path):
    done = grokrfm(tmp_path, "--cfg", "job", "task.modulus=7", "study=trap")
    assert (done.returncode, done.stderr) == (0, "")
    config = yaml.safe_load(done.stdout)
    assert config["task"]["modulus"] == 7  # the command line beats the study
    assert config["split"]["name"] == "orbits"  # and the study beats the defaults
    assert config["study"]["name"] == "trap"
    assert config["hardware"]["threads"] == 1
    assert "hydra" not in config
    assert listing(tmp_path) == []


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("kernel=", {f"kernel={path.stem}" for path in (CONF / "kernel").glob("*.yaml")}),
        ("kernel.b", {"kernel.bandwidth="}),
    ],
)
def test_tab_completion(tmp_path, typed, offered):
    line = f"grokrfm {typed}"
    completing = {"COMP_LINE": line, "COMP_POINT": str(len(line))}
    done = grokrfm(tmp_path, "-sc", "query=bash", threads=None, **completing)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.split()) == offered


def test_the_digest_does_not_depend_on_plumbing(first, tmp_path):
    """Probes and saved matrices: test_a_run_is_made_again_for_what_its_record_lacks."""
    plumbing = ["outputs=here,there", "study=one,two", "hardware.threads=1,2"]
    done = grokrfm(tmp_path, "-m", *SMALL[:2], *plumbing, threads=None)
    assert done.returncode == 0
    # a sweep for every study and hardware; the second hardware finds the first one's run
    ends = [line for line in done.stdout.splitlines() if not line.startswith("written to")]
    assert ends == ["1 finished", "1 already finished"] * 4
    for study in (Path(a, b) for a in ("here", "there") for b in ("one", "two")):
        assert len(lines(tmp_path / study, "ended")) == 1
        assert collect.runs(tmp_path / study)["digest"].tolist() == digests(first[1].stdout)


def test_the_digest_depends_on_seed_and_ridge_and_numbers_count_by_value(tmp_path):
    done = grokrfm(tmp_path, "-m", *SMALL, "seed=0,1", "rfm.ridge=0,0.0,1e-8")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "4 finished, 2 the same as one of these"
    runs = collect.runs(tmp_path / STUDY)
    assert runs["digest"].nunique() == 4
    assert sorted(zip(runs["seed"], runs["rfm.ridge"], strict=True)) == [
        (0, 0),
        (0, 1e-8),
        (1, 0),
        (1, 1e-8),
    ]


def nested(config, dotted):
    for key in dotted.split("."):
        config = config[key]
    return config


def test_overrides_may_stand_on_both_sides_of_flags(tmp_path):
    done = grokrfm(
        tmp_path, "study=sides", "--config-name", "dynamics", "env.size=4", "-m", "seed=0,1",
        "--config-dir", ".", "dry_run=true",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "2 runs in outputs/sides"


def test_a_new_study_of_a_similar_name_is_told(tmp_path):
    note = "trep is a new study without settings of its own; there is also trap"
    done = grokrfm(tmp_path, "study=trep", *SMALL[:2])
    assert done.stdout.splitlines()[0] == note
    assert note not in grokrfm(tmp_path, "study=trep", *SMALL[:2]).stdout  # it exists now
    assert note in grokrfm(tmp_path / "outputs", "-m", "study=trep", "dry_run=true").stdout


@pytest.mark.parametrize("script", ["grokrfm", "grokrfm-status", "grokrfm-collect"])
def test_the_version_is_ours(tmp_path, script):
    done = finished(tmp_path, [BIN / script, "--version"], {})
    hydra = version("hydra-core")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"grokrfm {grokrfm_version} (Hydra {hydra})\n"
