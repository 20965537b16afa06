"""The group tracker and grokrfm-export, as a user meets them."""

import os
import subprocess
import sys

import pandas as pd
import pytest

from grokrfm import collect, config
from grokrfm.checks import SettingError
from grokrfm.manual import manual
from grokrfm.paths import conf_folder
from tests.cli.command import BIN, ENVIRONMENT, finished, grokrfm
from tests.cli.test_kill import kill_all
from tests.trackers.backends import InMLflow, InTensorBoard

TINY = ("task.modulus=5", "rfm.iterations=3")
PACKAGES = ["mlflow", "tensorboard", "wandb"]


def export(folder, *arguments):
    return finished(folder, [BIN / "grokrfm-export", *arguments], {})


def test_a_tracker_changes_no_digest_and_the_help_lists_all():
    digests = {
        config.build_run(config.compose([f"tracker={name}"])).spec.digest
        for name in ("none", "tensorboard")
    }
    assert len(digests) == 1
    text = manual([conf_folder()], "dynamics")
    for name in ("none", *PACKAGES):
        assert f"\ntracker={name} " in text


@pytest.mark.parametrize("package", PACKAGES)
def test_without_its_extra_a_tracker_is_refused_with_the_remedy(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    with pytest.raises(SettingError) as refusal:
        config.build_tracker(config.compose([f"tracker={package}"]))
    assert str(refusal.value).startswith(f"tracker: needs the package {package}, which is not")
    assert f"pip install grokrfm[{package}]" in str(refusal.value)


def test_a_folder_named_as_a_package_is_not_the_package(tmp_path, monkeypatch):
    (tmp_path / "wandb").mkdir()  # W&B makes one
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    with pytest.raises(SettingError, match=r"pip install grokrfm\[wandb\]"):
        config.build_tracker(config.compose(["tracker=wandb"]))


def test_an_unknown_destination_is_refused(tmp_path):
    (tmp_path / "outputs" / "demo" / "segments").mkdir(parents=True)
    for to, message in (
        ("mlfow", "tracker=mlfow: there is no such option; did you mean mlflow?"),
        ("none", "--to none: nothing to do; choose a tracker, csv or parquet"),
    ):
        done = export(tmp_path, "demo", "--to", to)
        assert (done.returncode, done.stderr.strip()) == (1, message)


def test_a_finished_run_is_not_tracked_again(tmp_path):
    pytest.importorskip("tensorboard", reason="pip install grokrfm[tensorboard]")
    first = grokrfm(tmp_path, *TINY, "study=demo", "tracker=tensorboard")
    study = tmp_path / "outputs" / "demo"
    held = {path: path.stat().st_mtime_ns for path in study.glob("tensorboard/*/*")}
    again = grokrfm(tmp_path, *TINY, "study=demo", "tracker=tensorboard")
    assert (first.returncode, first.stderr) == (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith("already finished")
    assert {path: path.stat().st_mtime_ns for path in study.glob("tensorboard/*/*")} == held
    done = export(tmp_path, "demo", "--to", "tensorboard")
    place = "outputs/demo/tensorboard"
    assert done.stdout == f"outputs/demo: 0 runs written to {place}, 1 were there already\n"


@pytest.mark.parametrize("to", ["csv", "parquet"])
def test_a_study_is_exported_as_files(tmp_path, to):
    if to == "parquet":
        pytest.importorskip("pyarrow", reason="pip install grokrfm[parquet]")
    grokrfm(tmp_path, *TINY, "study=demo")
    for _ in range(2):
        done = export(tmp_path, "demo", "--to", to, "--output", "there")
        assert done.stderr == ""
        assert done.stdout == (
            f"1 rows written to there/runs.{to}\n3 rows written to there/steps.{to}\n"
        )
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet}[to]
    study = tmp_path / "outputs" / "demo"
    for name, expected in (("runs", collect.runs(study)), ("steps", collect.steps(study))):
        frame = read(tmp_path / "there" / f"{name}.{to}")
        assert list(frame.columns) == list(expected.columns)
        assert frame["digest"].tolist() == expected["digest"].tolist()
        numbers = expected.select_dtypes("float64").columns
        pd.testing.assert_frame_equal(
            frame[numbers].astype("float64"), expected[numbers], check_exact=True
        )


@pytest.mark.slow
def test_the_workers_of_a_sweep_fill_one_new_database(tmp_path):
    pytest.importorskip("mlflow", reason="pip install grokrfm[mlflow]")
    study = tmp_path / "outputs" / "demo"
    held = InMLflow(study)
    done = grokrfm(
        tmp_path, "-m", "task.modulus=5,7,11", "kernel=quadratic", "split=fixed_points",
        "rfm.ridge=1e-8,0", "rfm.iterations=30", "study=demo", "tracker=mlflow",
        f"tracker.uri={held.uri}", "hardware.slots=2",
    )  # fmt: skip
    runs = collect.runs(study).set_index("digest")
    assert set(runs["status"]) == {"finished", "failed"}
    assert "tracker " not in done.stderr
    assert len(list(study.glob("mlruns/demo/*/artifacts/record.json"))) == len(runs)
    assert runs["status"].to_dict() == {d: run.status for d, run in held.runs().items()}
    steps = collect.steps(study)
    for digest, run in held.runs().items():
        expected = steps[steps["digest"] == digest]
        assert [step for step, _ in run.numbers["test_loss"]] == expected["iteration"].tolist()
        assert float(run.parameters["rfm.ridge"]) == runs.loc[digest, "rfm.ridge"]


@pytest.mark.slow
@pytest.mark.parametrize("backend", [InTensorBoard, InMLflow], ids=lambda one: one.package)
def test_kill_9_and_the_same_command_leave_one_run_without_duplicates(tmp_path, backend):
    pytest.importorskip(backend.package, reason=f"pip install grokrfm[{backend.package}]")
    study = tmp_path / "outputs" / "demo"
    held = backend(study)
    place = {"mlflow": [f"tracker.uri=sqlite:///{study}/mlflow.db"]}.get(backend.package, [])
    arguments = ["task.modulus=23", "rfm.iterations=80", "rfm.checkpoint_seconds=0", "study=demo"]
    arguments += [f"tracker={backend.package}", *place, "hardware.threads=1"]
    process = subprocess.Popen(
        [BIN / "grokrfm", *arguments], cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.DEVNULL
    )
    while not list(study.glob("checkpoints/*.npz")):
        assert process.poll() is None
    kill_all(tmp_path)
    process.wait()
    done = grokrfm(tmp_path, *arguments, threads=None)
    assert (done.returncode, done.stderr) == (0, "")
    record = collect.runs(study).iloc[0]
    [(digest, run)] = held.runs().items()
    assert (digest, run.status) == (record["digest"], "finished")
    steps = collect.steps(study)
    assert [step for step, _ in run.numbers["test_loss"]] == steps["iteration"].tolist()
    assert [x for _, x in run.numbers["test_loss"]] == pytest.approx(steps["test_loss"].tolist())


@pytest.mark.slow
def test_a_tracker_gets_the_end_of_a_run_whose_process_died(tmp_path):
    pytest.importorskip("tensorboard", reason="pip install grokrfm[tensorboard]")
    done = grokrfm(
        tmp_path, "-m", "task.modulus=5,61", "rfm.iterations=300", "hardware.run_minutes=0.1",
        "study=demo", "tracker=tensorboard",
    )  # fmt: skip
    study = tmp_path / "outputs" / "demo"
    runs = collect.runs(study).set_index("digest")
    assert (done.returncode, set(runs["status"])) == (1, {"finished", "crashed"})
    for digest, run in InTensorBoard(study).runs().items():
        crashed = runs.loc[digest, "status"] == "crashed"
        assert run.status == ("failed" if crashed else "finished")
        assert ("killed after 6 s" in run.error) == crashed
        assert len(run.numbers["test_loss"]) > 1


@pytest.mark.slow
@pytest.mark.parametrize("alone", [True, False])
def test_a_server_that_is_away_costs_one_warning(tmp_path, alone):
    pytest.importorskip("mlflow", reason="pip install grokrfm[mlflow]")
    sweep = [] if alone else ["-m", "seed=range(0,4)", "hardware.slots=2"]
    uri = "tracker.uri=http://127.0.0.1:9"
    done = grokrfm(tmp_path, *sweep, *TINY, "study=demo", "tracker=mlflow", uri)
    assert done.returncode == 0
    assert done.stderr.count("tracker mlflow: ") == 1
    assert "grokrfm-export" in done.stderr
    assert set(collect.runs(tmp_path / "outputs" / "demo")["status"]) == {"finished"}


@pytest.mark.slow
def test_wandb_without_an_account_costs_one_warning(tmp_path):
    pytest.importorskip("wandb", reason="pip install grokrfm[wandb]")
    assert "WANDB_API_KEY" not in os.environ
    done = grokrfm(tmp_path, *TINY, "study=demo", "tracker=wandb", HOME=str(tmp_path))
    assert done.returncode == 0
    assert done.stderr.count("tracker wandb: ") == 1
    assert "wandb login" in done.stderr
