"""Detached sweeps, and two launches into one study: nothing is done twice, nothing is left."""

import re
import time
from collections import Counter

import pandas as pd
import pytest

from grokrfm import collect
from tests.cli.command import BIN, finished, grokrfm, lines, start, status

RUNS = ["task.modulus=29", "rfm.iterations=60", "study=demo"]  # half a second each
DETACHED = [*RUNS, "seed=range(0,6)", "hardware.wait=false"]


def wait_until(met, seconds=60):
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def done_once(study, count):
    ended = Counter(entry["attempt"] for entry in lines(study, "ended"))
    assert len(ended) == count
    started = Counter(entry["digest"] for entry in lines(study, "started"))
    assert set(started.values()) == {1}
    assert len(started) == count


def test_a_detached_sweep_goes_on_and_can_be_asked_after(tmp_path):
    study = tmp_path / "outputs" / "demo"
    done = grokrfm(tmp_path, "-m", *DETACHED)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "6 runs submitted in 1 job",
        "to follow them: grokrfm-status outputs/demo",
    ]
    wait_until(lambda: (study / "segments").is_dir())
    told = status(tmp_path, "outputs/demo").stdout
    assert " queued" in told.splitlines()[0]
    assert "runs remain, jobs: 1 running" in told
    while_it_goes_on = collect.runs(study)
    assert len(while_it_goes_on) >= 1

    again = grokrfm(tmp_path, "-m", *DETACHED)  # the same, detached again: nothing is submitted
    assert again.returncode == 0
    assert again.stdout.startswith("0 runs submitted in 0 jobs, ")
    attached = grokrfm(tmp_path, "-m", *RUNS, "seed=range(0,8)")  # overlapping, and waiting
    assert (attached.returncode, attached.stderr) == (0, "")
    assert "2 finished" in re.split(", |\n", attached.stdout)
    followed = status(tmp_path, "outputs/demo", "--follow").stdout
    assert followed == "outputs/demo: 8 finished\n"
    done_once(study, 8)

    basic = grokrfm(
        tmp_path, "-m", *RUNS[:2], "study=basic", "seed=range(0,8)", "hydra/launcher=basic"
    )
    assert basic.returncode == 0
    one, other = (
        collect.steps(tmp_path / "outputs" / name)
        .drop(columns="seconds")
        .sort_values(["digest", "iteration"], ignore_index=True)
        for name in ("demo", "basic")
    )
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert [
        path.name for path in (study / "sweeps").iterdir() if (path / "submitit").exists()
    ] == []


def test_two_launches_at_once_share_the_work(tmp_path):
    one = start(tmp_path, "-m", *RUNS, "seed=range(0,4)")
    other = start(tmp_path, "-m", *RUNS, "seed=range(2,6)")
    assert [process.communicate(timeout=120)[1] for process in (one, other)] == ["", ""]
    assert (one.returncode, other.returncode) == (0, 0)
    done_once(tmp_path / "outputs" / "demo", 6)


def test_what_a_sweep_leaves_beside_its_records_is_one_plan(tmp_path):
    for seeds in ("0,1", "0,1,2", "0,1,2"):
        assert grokrfm(tmp_path, "-m", *RUNS, "rfm.iterations=3", f"seed={seeds}").returncode == 0
    study = tmp_path / "outputs" / "demo"
    assert [path.name for path in (study / "sweeps").rglob("*") if path.is_file()] == ["plan.json"]
    assert len(list((study / "segments").iterdir())) <= 3  # a file for every process
    assert not (study / "launching").exists()


def test_cancel_stops_what_is_in_flight_and_plans_it_no_longer(tmp_path):
    study = tmp_path / "outputs" / "demo"
    grokrfm(tmp_path, "-m", *RUNS[1:], "task.modulus=61", "seed=range(0,6)", "hardware.wait=false")
    wait_until(lambda: len(list((study / "segments").glob("*"))) == 2)
    told = status(tmp_path, "outputs/demo", "--cancel").stdout
    assert "is being stopped, 6 runs remain" in told
    wait_until(lambda: "running" not in status(tmp_path, "outputs/demo").stdout)
    runs = collect.runs(study)
    assert set(runs["status"]) == {"interrupted"}
    assert len(runs) == 2
    assert status(tmp_path, "outputs/demo", "--cancel").stdout == (
        "outputs/demo: no sweep is active\n"
    )


def test_a_single_run_can_be_detached_too(tmp_path):
    done = grokrfm(tmp_path, *RUNS, "hardware.wait=false")
    assert done.stdout.startswith("1 run submitted in 1 job\n")
    status(tmp_path, "outputs/demo", "--follow")
    assert collect.runs(tmp_path / "outputs" / "demo")["status"].tolist() == ["finished"]


def test_later_edits_of_conf_change_nothing(tmp_path):
    """The settings that run are those that were composed when the sweep was launched."""
    own = tmp_path / "own" / "kernel"
    own.mkdir(parents=True)
    yaml = "_target_: grokrfm.kernels.Gaussian\nname: own\nbandwidth: {}\n"
    (own / "own.yaml").write_text(yaml.format(2.0), encoding="utf-8")
    grokrfm(tmp_path, "-m", "--config-dir", "own", "kernel=own", *DETACHED)
    (own / "own.yaml").write_text(yaml.format(9.0), encoding="utf-8")
    status(tmp_path, "outputs/demo", "--follow")
    runs = collect.runs(tmp_path / "outputs" / "demo")
    assert runs["status"].tolist() == ["finished"] * 6
    assert set(runs["kernel.bandwidth"]) == {2.0}


@pytest.mark.parametrize("arguments", [["seed=0,1"], []])
def test_a_dry_run_says_what_would_be_done_and_does_nothing(tmp_path, arguments):
    done = grokrfm(tmp_path, *(["-m"] if arguments else []), *RUNS, *arguments, "dry_run=true")
    assert (done.returncode, done.stderr) == (0, "")
    n = len(arguments) + 1
    assert done.stdout.splitlines()[0] == f"{n} run{'s' * (n > 1)} in outputs/demo"
    assert f"0 of them are finished, {n} remain" in done.stdout
    assert done.stdout.splitlines()[-1] == "nothing was started: dry_run=true"
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    ("modulus", "batch", "hint"), [(5, 1, True), (5, "auto", False), (29, 1, False)]
)
def test_a_dry_run_of_many_small_runs_says_what_batches_would_gain(tmp_path, modulus, batch, hint):
    sweep = [f"task.modulus={modulus}", "seed=range(0,100)", f"rfm.batch={batch}", "dry_run=true"]
    done = grokrfm(tmp_path, "-m", *sweep)
    assert (done.returncode, done.stderr) == (0, "")
    found = [line for line in done.stdout.splitlines() if line.endswith("set rfm.batch=auto")]
    assert len(found) == hint
    for line in found:
        assert re.match(r"runs like the first are about \d+\.\d times faster in batches", line)


def test_collect_reads_a_sweep_in_flight(tmp_path):
    grokrfm(tmp_path, "-m", *DETACHED)
    study = tmp_path / "outputs" / "demo"
    wait_until(lambda: (study / "segments").is_dir())
    for _ in range(3):
        done = finished(tmp_path, [BIN / "grokrfm-collect", "outputs/demo"], {})
        assert "Traceback" not in done.stderr
    status(tmp_path, "outputs/demo", "--follow")


def test_a_run_alone_and_a_sweep_do_not_do_the_same_run(tmp_path):
    study = tmp_path / "outputs" / "demo"
    long = ["task.modulus=31", "rfm.iterations=200", "study=demo"]
    alone = start(tmp_path, *long, "seed=0")
    wait_until(lambda: lines(study, "started"))
    twice = grokrfm(tmp_path, *long, "seed=0")
    assert twice.returncode == 1
    assert twice.stderr == (
        f"this run is already being computed by process {alone.pid};"
        " `grokrfm-status outputs/demo --follow` follows it, and --cancel ends a sweep\n"
    )
    sweep = grokrfm(tmp_path, "-m", *long, "seed=0,1")  # does the other one, and waits for it
    assert (sweep.returncode, sweep.stderr) == (0, "")
    assert alone.wait(timeout=60) == 0
    done_once(study, 2)
