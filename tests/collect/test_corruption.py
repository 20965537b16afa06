"""Random damage to any file of a study: no traceback, nothing blocks, no whole record is lost."""

import json
import os
import random
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from grokrfm import collect, status
from grokrfm.collect import cli
from grokrfm.collect.report import cli as report
from grokrfm.config import compose
from grokrfm.launch.chunks import calibration
from grokrfm.launch.driver import SweepDriver
from grokrfm.launch.planning import plan_sweeps
from grokrfm.runs import files, heartbeat
from grokrfm.runs.store import Store
from grokrfm.runs.study_status import StudyStatus
from grokrfm.runs.submission import Job, Submission
from grokrfm.runs.sweep_folder import SweepFolder
from tests.cli.command import grokrfm

CORRUPTIONS = 2000
SECONDS = 60  # after which a command counts as blocked
STUDY = "outputs/demo"
KINDS = ["flip", "flip", "noise", "zero", "cut", "repeat", "truncate", "digits", "replace"]
SMALL = ["study=demo", "task.modulus=5", "rfm.iterations=3", "hardware.threads=1"]
SWEEP = [*SMALL, "save.features=last", "save.predictions=last", "study.tables=[moved_points]"]


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A study with everything in it: finished and failed runs, matrices, plans, jobs, a lock."""
    folder = tmp_path_factory.mktemp("original")
    grokrfm(folder, "-m", *SWEEP, "kernel=gaussian,quadratic", "seed=0,1")
    failing = ["task.modulus=11", "split=fixed_points", "kernel=quadratic", "rfm.ridge=0"]
    grokrfm(folder, "-m", *SMALL, *failing, "rfm.iterations=30")
    grokrfm(folder, *SMALL, "seed=5")
    study = folder / STUDY
    shutil.copytree(study / "features", study / "checkpoints")
    for sweep in SweepFolder.all_of(study):
        sweep.save_submission(Submission("local", "elsewhere", [Job("1", (0,))]))
        sweep.claim_job("1", "{}")
    (study / "launching").write_text("{}", encoding="utf-8")
    os.utime(study / "launching", (1.0, 1.0))
    return folder


@pytest.fixture(scope="module")
def runs(original):
    """(line of the start, line of the end, digest, metrics) of every finished run."""
    starts, found = {}, []
    for path in (original / STUDY / "segments").iterdir():
        for line in path.read_bytes().splitlines():
            entry = json.loads(line)
            if entry["kind"] == "started":
                starts[entry["attempt"]] = line, entry["digest"]
            elif entry["status"] == "finished":
                begun, digest = starts[entry["attempt"]]
                found.append((begun, line, digest, entry["metrics"]))
    assert len(found) == 5
    return found


@pytest.fixture(scope="module")
def sweep(original):
    """The sweep that is launched again, composed once."""
    choices = [(kernel, seed) for seed in (0, 1) for kernel in ("gaussian", "quadratic")]
    [found], _ = plan_sweeps(compose, [[*SWEEP, f"kernel={k}", f"seed={s}"] for k, s in choices])
    return found


def damage(draw, path):
    """Damage a file; return the damage in words."""
    data = bytearray(path.read_bytes())
    first = draw.randrange(len(data) + 1)
    last = min(len(data), first + draw.choice([1, 1, 1, 2, 8, 100, 4000]))
    kind = draw.choice(KINDS)
    match kind:
        case "flip":
            for place in range(first, last):
                data[place] ^= 1 << draw.randrange(8)
        case "noise":
            data[first:first] = draw.randbytes(last - first)
        case "zero":
            data[first:last] = bytes(last - first)
        case "cut":
            del data[first:last]
        case "repeat":
            data[first:first] = data[first:last]
        case "truncate":
            del data[first:]
        case "digits":
            data[first:last] = bytes(draw.choices(b'0123456789-.e[]{}",:', k=last - first))
        case "replace":
            return _replace(draw, path)
    path.write_bytes(data)
    return f"{kind} {first}:{last} of {path.name}"


def _replace(draw, path):
    path.unlink()
    match draw.choice(["gone", "empty", "folder", "FIFO", "loop"]):
        case "empty":
            path.touch()
        case "folder":
            path.mkdir()
        case "FIFO":
            os.mkfifo(path)
        case "loop":
            path.symlink_to(path)
    return f"{path.name} replaced"


def ends(main, *arguments):
    """Run a command in this process; it may end with a message, but with nothing else."""
    sys.argv = [main.__module__, *arguments]
    try:
        main()
    except SystemExit as end:
        assert end.code in (None, 0, 1)


def launched_again(sweep):
    """Read everything that a launch of the same sweep reads."""
    status = StudyStatus(Store(Path(STUDY)))
    calibration(status.records)
    folder = SweepFolder.new(Path(STUDY).resolve())
    driver = SweepDriver(replace(sweep, status=status, folder=folder))
    driver._ready()
    driver._tidy(submitted=True)


@pytest.mark.slow
def test_random_damage_costs_the_damaged_lines_alone(
    original, runs, sweep, tmp_path, monkeypatch, capsys
):
    def blocked(*_):
        raise TimeoutError("a command was blocked")

    signal.signal(signal.SIGALRM, blocked)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(heartbeat, "beat_seconds", lambda: 0.05)  # a torn lock is soon stale
    study = tmp_path / STUDY
    for number in range(CORRUPTIONS):
        draw = random.Random(number)
        shutil.rmtree(study, ignore_errors=True)
        shutil.copytree(original / STUDY, study)
        files.warn_skipped.cache_clear()
        paths = sorted(path for path in study.rglob("*") if path.is_file())
        segments = [path for path in paths if path.parent.name == "segments"]
        words = damage(draw, draw.choice(draw.choice([paths, segments])))
        signal.alarm(SECONDS)
        try:
            ends(status.main, STUDY)
            ends(cli.main, STUDY)
            if number % 10 == 0:  # its figures take a second
                ends(report.main, STUDY)
            launched_again(sweep)
            frame = collect.runs(STUDY)
        except Exception as error:
            raise AssertionError(f"damage {number}: {words}") from error
        finally:
            signal.alarm(0)
        said = capsys.readouterr()
        assert "Traceback" not in said.err, (number, words)
        lines = {
            line
            for path in (study / "segments").iterdir()
            if path.is_file() and not path.is_symlink()
            for line in path.read_bytes().split(b"\n")[:-1]
        }
        kept = frame[frame["status"] == "finished"].set_index("digest")
        for begun, end, digest, metrics in runs:
            if {begun, end} <= lines:
                assert kept.loc[digest, "test_loss"] == metrics["test_loss"], (number, words)
