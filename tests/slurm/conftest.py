import os
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts" / "slurm"


@pytest.fixture(scope="session", autouse=True)
def slurm():
    """A running SLURM: the one that SLURM_CONF names, or our own, stopped if it was started here.

    One session at a time may start it, so these tests are not spread over processes (-n 0).
    """
    if os.environ.get("SLURM_CONF"):
        yield os.environ["SLURM_CONF"]
        return
    start = subprocess.run([SCRIPTS / "start"], capture_output=True, text=True, timeout=900)
    assert start.returncode == 0, start.stderr
    conf = start.stdout.strip().removeprefix("export SLURM_CONF=")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", conf)
        yield conf
    if "already running" not in start.stderr:
        subprocess.run([SCRIPTS / "stop"], check=True, timeout=120)
