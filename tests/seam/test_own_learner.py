"""The perceptron of docs/extending.md, from outside the repository, through the real commands."""

import hashlib
import re

import pandas as pd
import pytest
import yaml

from grokrfm import collect
from tests.cli.command import lines, segments
from tests.seam.page import FILES, PERCEPTRON, SMALL, perceptron

SWEEP = ["-m", *SMALL, "width=4,8", "seed=range(0,3)", "study=swept"]


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    own = perceptron(tmp_path_factory.mktemp("swept"))
    return own, own(*SWEEP, "hardware.slots=1")


def test_it_is_one_python_file_of_at_most_sixty_lines():
    text = FILES["perceptron.py"]
    assert len(text.splitlines()) <= 60
    assert max(map(len, text.splitlines())) <= 100


def test_it_runs_alone_and_says_its_leading_numbers(alone):
    own, done = alone
    assert (done.returncode, done.stderr) == (0, "")
    run = collect.runs(own.study("alone")).iloc[0]
    headline, numbers, iterations = done.stdout.splitlines()[:3]
    assert headline == "finished  Perceptron, seed 0"
    assert numbers.strip().startswith(f"test_accuracy {run['test_accuracy']:.4g}, train_accuracy ")
    assert iterations.strip().startswith("iterations: 300 in ")


def test_its_record_says_what_is_scientific_what_leads_and_whose_source_it_was(alone):
    own, _ = alone
    [started] = lines(own.study("alone"), "started")
    assert set(started["names"]["scientific"]) == {
        "task", "split", "width", "rate", "decay", "updates", "observe_every", "seed"
    }  # fmt: skip
    assert started["names"]["leading"] == ["test_accuracy", "train_accuracy", "grok_iteration"]
    assert started["names"]["objective"] == "test_accuracy"
    assert started["sources"] == {
        "perceptron.Perceptron": hashlib.sha256(FILES["perceptron.py"].encode()).hexdigest()
    }


def test_plumbing_and_labels_do_not_count_in_the_digest(alone):
    own, _ = alone
    before = segments(own.study("alone"))
    others = ["checkpoint_seconds=0", "task.name=plus", "save.features=last", "hardware.slots=1"]
    done = own(*SMALL, "study=alone", *others)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("already finished  Perceptron, seed 0\n")
    assert segments(own.study("alone")) == before


def test_a_sweep_computes_the_same_as_a_run_alone(alone, swept):
    own, done = swept
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "6 finished"
    study = own.study("swept")
    steps, runs = collect.steps(study), collect.runs(study)
    assert sorted(zip(runs["width"], runs["seed"], strict=True)) == [
        (width, seed) for width in (4, 8) for seed in (0, 1, 2)
    ]
    expected = collect.steps(alone[0].study("alone"))
    same = steps[steps["digest"] == expected["digest"][0]].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, expected, check_exact=True)


def test_status_collect_and_report_know_it(swept):
    own, _ = swept
    told = own.command("grokrfm-status", "outputs/swept")
    assert told.stdout == "outputs/swept: 6 finished\n"
    told = own.command("grokrfm-collect", "outputs/swept", "--rows", "width", "--format", "csv")
    assert (told.returncode, told.stderr) == (0, "")
    runs = collect.runs(own.study("swept"))
    means = runs.groupby("width")["test_accuracy"].mean()
    table = told.stdout.splitlines()
    assert table[0].startswith("width,") and len(table) == 3
    for line, (width, mean) in zip(table[1:], means.items(), strict=True):
        cells = line.split(",")
        assert (int(cells[0]), float(cells[1])) == (width, pytest.approx(mean))
    told = own.command("grokrfm-report", "outputs/swept")
    assert (told.returncode, told.stderr) == (0, "")
    page = (own.study("swept") / "report.html").read_text(encoding="utf-8")
    assert {"test_accuracy", "width"} <= set(re.findall(r"\w+", page))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["widht=3"], "widht: there is no such setting; did you mean width?"),
        (["-m", "rate=-1,1"], "rate must be a positive number, got -1"),
    ],
    ids=["key", "value"],
)  # fmt: skip
def test_a_mistake_is_refused_with_a_hint(tmp_path, arguments, message):
    own = perceptron(tmp_path)
    done = own(*arguments, *[one for one in SMALL if one.partition("=")[0] not in str(arguments)])
    assert done.returncode == 1
    assert message in done.stderr.splitlines()
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "outputs").exists()


def test_help_shows_it_its_groups_its_settings_and_its_studies(tmp_path):
    own = perceptron(tmp_path)
    own.write("own/task/mine.yaml", "# a task of my own\n_target_: grokrfm.tasks.addition\n")
    own.write("own/study/widths.yaml", "# @package _global_\n# which widths grok\nwidth: 4\n")
    done = own("--help", threads=0)
    assert (done.returncode, done.stderr) == (0, "")
    shown = done.stdout.splitlines()
    about = FILES["own/perceptron.yaml"].splitlines()[0].removeprefix("# ")
    for line in (
        f"--config-name perceptron    {about}",
        "task=mine                   a task of my own",
        "study=widths                which widths grok",
        "    width: 128 # of the hidden layer",
        "    seed: 0 # drives everything random in a run",
    ):
        assert line in shown
    options = {line.partition("=")[0] for line in shown if line[:1].isalpha() and "=" in line}
    assert {"task", "split", "hardware", "study"} <= options
    assert not options & {"kernel", "rfm", "start", "probe"}
    assert not [line for line in shown if line.startswith("study=trap")]  # it needs a kernel


def search(own, study, *arguments):
    """Search with Optuna, which asks for two runs at a time."""
    pytest.importorskip("optuna")
    given = [one.partition("=")[0] for one in arguments]
    settings = [one for one in SMALL if one.partition("=")[0] not in given]
    return own(
        "-m", *settings, f"study={study}", "hydra/sweeper=optuna",
        "hydra.sweeper.direction=maximize", "hydra.sweeper.n_jobs=2", *arguments,
    )  # fmt: skip


def test_an_optimising_sweeper_goes_on_after_a_refused_trial(tmp_path):
    own = perceptron(tmp_path)
    done = search(
        own, "optimised", "hydra/sweeper/sampler=random", "hydra.sweeper.sampler.seed=3",
        "hydra.sweeper.n_trials=3", "hydra.sweeper.n_jobs=3", "rate=interval(-1,1)",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    runs = collect.runs(own.study("optimised")).set_index("rate")["test_accuracy"]
    assert len(runs) == 2  # every trial that could start is a record
    results = yaml.safe_load((own.study("optimised") / "optimization_results.yaml").read_text())
    assert results["best_value"] == runs.max() == runs[results["best_params"]["rate"]]
    said = done.stdout.splitlines()
    assert f"best parameters: rate={results['best_params']['rate']}" in said
    assert f"best value: {runs.max()}" in said
    for rate, value in runs.items():
        assert f"trial rate={rate}: {value}" in said
    assert re.search(
        r"^trial rate=(-.*): rate must be a positive number, got \1$", done.stdout, re.M
    )
    assert set(said[-1].split(", ")) == {"2 finished", "1 refused"}


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["grokrfm", "basic"])
def test_a_search_of_failed_trials_says_why(tmp_path, launcher):
    own = perceptron(tmp_path)
    done = search(
        own, "failed", f"hydra/launcher={launcher}", "hydra.sweeper.n_trials=2", "rate=1e200",
        "decay=interval(0,1)",
    )  # fmt: skip
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "2 failed")
    assert "update 2: the loss is not finite; lower the rate" in done.stderr.splitlines()
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_search_ends_where_it_was_told_to(tmp_path):
    own = perceptron(tmp_path)
    done = search(
        own, "failed", "hydra.sweeper.n_trials=4", "hydra.sweeper.max_failure_rate=0.5",
        "rate=1e200", "decay=interval(0,1)",
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.count("trial decay=") == 2
    assert done.stderr.splitlines()[-1] == "update 2: the loss is not finite; lower the rate"


@pytest.mark.parametrize("setting", ["dry_run=true", "hardware.wait=false"])
def test_a_search_needs_results(tmp_path, setting):
    done = search(perceptron(tmp_path), "none", "decay=interval(0,1)", setting)
    name, _, value = setting.partition("=")
    opposite = {"true": "false", "false": "true"}[value]
    assert done.returncode == 1
    expected = f"{name} must be {opposite}: this sweeper needs results"
    assert done.stderr.splitlines()[-1] == expected


def test_the_commands_of_the_page_name_these_files():
    assert PERCEPTRON[1::2] == ["own", "perceptron"]
    assert {"perceptron.py", "own/perceptron.yaml"} <= FILES.keys()
