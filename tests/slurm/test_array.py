"""Arrays of packed runs, on processors and on devices, and runs that go wrong."""

import pytest

from grokrfm import collect
from tests.cli.command import lines, listing
from tests.slurm.sweeps import Sweeps

pytestmark = pytest.mark.slurm
SEEDS = 26


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    return Sweeps(tmp_path_factory.mktemp("array"), SEEDS)


def test_more_jobs_than_one_array_may_have_do_packed_runs(sweeps):
    """MaxArraySize is 11."""
    done = sweeps("packed", f"seed=range(0,{SEEDS})", "hardware.chunk_minutes=0.00138")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == f"{SEEDS} finished"
    sweeps.assert_whole("packed", SEEDS)
    jobs = {entry["provenance"]["job"] for entry in lines(sweeps.study("packed"), "started")}
    assert 11 < len(jobs) < SEEDS
    assert len({job.partition("_")[0] for job in jobs}) == 2
    files = [path for path in sweeps.study("packed").rglob("*") if path.is_file()]
    assert len(files) <= 2 * len(jobs) + 2  # a segment and a log each, and the plan


def test_every_device_of_a_job_has_a_lane_of_its_own(sweeps):
    devices = ["hardware.partition=gpu", "hardware.gpus=2", "hardware.cpus=2"]
    done = sweeps("devices", "seed=range(0,8)", *devices, pause=0.02)
    assert (done.returncode, done.stderr) == (0, "")
    sweeps.assert_whole("devices", 8)
    starts = lines(sweeps.study("devices"), "started")
    assert len({entry["provenance"]["job"] for entry in starts}) == 1
    lanes = {(e["provenance"]["visible_devices"], e["provenance"]["pid"]) for e in starts}
    assert sorted(device for device, _ in lanes) == ["0", "1"]
    assert {e["provenance"]["threads"] for e in starts} == {1}


def test_runs_that_raise_exit_and_kill_their_process_cost_themselves(sweeps):
    deeds = "none,raise,exit,vanish,segv"
    done = sweeps("harmed", f"kernel.deed={deeds}", "seed=0,1")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "2 finished, 4 failed, 4 crashed"
    assert "2 crashed: its process was killed by SIGSEGV\n" in done.stderr
    assert "    about to crash\n" in done.stderr
    statuses = collect.runs(sweeps.study("harmed")).groupby("kernel.deed")["status"].agg(set)
    assert statuses.to_dict() == {
        "none": {"finished"}, "raise": {"failed"}, "exit": {"failed"},
        "vanish": {"crashed"}, "segv": {"crashed"},
    }  # fmt: skip
    assert len(lines(sweeps.study("harmed"), "started")) == 10


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (["hardware.partition=cpus"],
         ["hardware.partition: there is no partition cpus; did you mean cpu?"]),
        (["+hardware.sbatch.nise=3"],
         ["hardware.sbatch.nise: sbatch has no option --nise; did you mean nice?; it has"]),
        (["+hardware.sbatch.signal=3"], ["hardware.sbatch.signal: is set by grokrfm itself"]),
        (["hardware.time=10000"], ["hardware=slurm: sbatch refuses: ", "time limit is invalid"]),
        (["hardware.memory=1000"], ["sbatch refuses: ", "node configuration is not available"]),
    ],
)  # fmt: skip
def test_what_the_cluster_would_refuse_is_refused_before_anything_is_written(
    sweeps, arguments, fragments
):
    refused(sweeps, sweeps("refused", "seed=0,1", *arguments), fragments)


def test_a_machine_without_sbatch_says_so(sweeps, tmp_path):
    done = sweeps("refused", "seed=0,1", PATH=str(tmp_path))
    refused(sweeps, done, ["hardware=slurm: there is no sbatch on this machine"])


def refused(sweeps, done, fragments):
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1 and "Traceback" not in done.stderr
    assert [fragment for fragment in fragments if fragment not in done.stderr] == []
    assert not sweeps.study("refused").exists(), listing(sweeps.study("refused"))
