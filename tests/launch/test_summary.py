"""Dry runs: estimates of time and memory."""

import pytest

from grokrfm import config
from grokrfm.launch.backend import Backend
from grokrfm.launch.driver import SweepDriver
from grokrfm.launch.planning import plan_sweeps
from grokrfm.launch.summary import dry_run


class Said(list):
    """Terminal that keeps what it is told."""

    say = list.append


@pytest.fixture
def told(tmp_path):
    def told(count, *overrides):
        fixed = ["dry_run=true", f"outputs={tmp_path}", "task.modulus=31", *overrides]
        runs = [[*fixed, f"seed={seed}"] for seed in range(count)]
        [sweep], _ = plan_sweeps(config.compose, runs)
        said = Said()
        dry_run(SweepDriver(sweep), said)
        return said

    return told


def test_a_run_is_named_by_what_is_swept(tmp_path):
    fixed = [f"outputs={tmp_path}", "task.modulus=5"]
    runs = [[*fixed, f"kernel.bandwidth={b}", f"seed={s}"] for b in (1, 2) for s in (0, 1)]
    [sweep], _ = plan_sweeps(config.compose, runs)
    assert sweep.label(2) == "kernel.bandwidth=2 seed=0"
    [alone], _ = plan_sweeps(config.compose, [fixed])
    assert alone.label(0) == " ".join(fixed)


def test_one_run_takes_as_long_as_it_takes_whatever_the_workers(told):
    [line] = [line for line in told(1, "rfm.iterations=100000") if "of computing" in line]
    total, _, alone = line.removeprefix("about ").partition(" of computing, ")
    assert alone.startswith(f"{total} if all workers are free")


def test_a_run_that_needs_more_memory_than_there_is_is_told(told, monkeypatch):
    assert not [line for line in told(2) if "memory" in line]
    monkeypatch.setattr(Backend, "memory_bytes", 1e6)
    rows = 480  # half of 31² train
    expected = f"the largest run needs at least {8 * rows**2 / 1e9:.3g} GB of memory"
    assert f"{expected}, and there are 0.001 GB" in told(2)
    assert not [line for line in told(2, "split.train_fraction=0.2") if "memory" in line]


def test_a_job_on_slurm_has_the_memory_that_it_asks_for():
    hardware = config.build_hardware(config.compose(["hardware=slurm", "hardware.memory=3"]))
    assert hardware.memory_bytes == 3 * 2**30
