import os

import pytest

from scripts.slurm.cluster import from_environment


@pytest.fixture(scope="session", autouse=True)
def slurm():
    """A running SLURM: the one that SLURM_CONF names, or our own, stopped if it was started here.

    One session at a time may start it, so these tests are not spread over processes (-n 0).
    """
    if os.environ.get("SLURM_CONF"):
        yield os.environ["SLURM_CONF"]
        return
    cluster = from_environment()
    started = cluster.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", str(cluster.conf))
        yield str(cluster.conf)
    if started:
        cluster.stop()
