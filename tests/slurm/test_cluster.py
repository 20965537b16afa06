"""The throw-away cluster is what the other tests take it for."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slurm
SCRIPTS = Path(__file__).parents[2] / "scripts" / "slurm"


def output(*command, **variables):
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, **variables}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def script(name, folder, **variables):
    return subprocess.run(
        [sys.executable, SCRIPTS / name],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "GROKRFM_SLURM": str(folder), **variables},
    )


def test_its_nodes_partitions_and_limits(slurm):
    nodes = output("sinfo", "-hNo", "%P %N %G").splitlines()
    assert {"cpu* cpu1 (null)", "gpu gpu2 gpu:2", "preemptible gpu1 gpu:2"} < {
        " ".join(line.split()) for line in nodes
    }
    assert "MaxArraySize" in output("scontrol", "show", "config")


def test_a_job_sees_its_two_gpus_and_is_accounted_for(slurm, tmp_path):
    job = output(
        *("sbatch", "--parsable", "--wait", "-p", "gpu", "--gres=gpu:2", f"-o{tmp_path}/out"),
        *("--wrap", "echo $CUDA_VISIBLE_DEVICES"),
    )
    assert (tmp_path / "out").read_text() == "0,1\n"
    assert output("sacct", "-nXPo", "state", "-j", job) == "COMPLETED"


def test_start_finds_it_running_and_stop_ends_all_of_it(tmp_path_factory):
    folder = Path(tmp_path_factory.mktemp("c"))
    first = script("start", folder, GROKRFM_SLURM_MAX_ARRAY_SIZE="7")
    assert first.returncode == 0, first.stderr
    conf = first.stdout.strip().removeprefix("export SLURM_CONF=")
    try:
        again = script("start", folder, GROKRFM_SLURM_MAX_ARRAY_SIZE="7")
        assert again.stdout == first.stdout and "already running" in again.stderr
        other = script("start", folder, GROKRFM_SLURM_MAX_ARRAY_SIZE="8")
        assert other.returncode == 1 and "stop it first" in other.stderr
        size = output("scontrol", "show", "config", SLURM_CONF=conf)
        assert "MaxArraySize            = 7\n" in size
        # A job that ignores TERM and whose slurmd is dead is ended too.
        wrapped = f"trap '' TERM; echo $$ >{folder}/job; sleep 100 & wait; sleep 100"
        output("sbatch", "-wcpu1", f"-o{folder}/out", "--wrap", wrapped, SLURM_CONF=conf)
        until(lambda: (folder / "job").exists() and (folder / "job").read_text())
        os.kill(int((folder / "run" / "slurmd.cpu1.pid").read_text()), signal.SIGKILL)
    finally:
        stopped = script("stop", folder)
    assert stopped.returncode == 0, stopped.stderr
    assert processes(conf) == []
    assert script("stop", folder).returncode == 0
    assert script("stop", folder / "absent").returncode == 0


def test_settings_that_cannot_serve_are_refused():
    long = script("start", Path("/tmp", "x" * 70))
    assert long.returncode == 1 and "at most 70 characters" in long.stderr
    wrong = script("start", Path("/tmp/absent"), GROKRFM_SLURM_MAX_ARRAY_SIZE="many")
    assert wrong.returncode == 1 and "must be a positive number" in wrong.stderr


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def processes(conf):
    """Everything that carries this SLURM_CONF, or is a job step's daemon at work beside it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
            folder = str((process / "cwd").readlink())
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if f"SLURM_CONF={conf}".encode() in environment or (
            b"slurm" in command and folder.startswith(str(Path(conf).parent))
        ):
            found.append(command)
    return found
