"""Hydra's own suites for launchers, with this machine as the place."""

import pytest
from hydra.core.plugins import Plugins
from hydra.core.singleton import Singleton
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.test_utils.launcher_common_tests import (
    BatchedSweeperTestSuite,
    IntegrationTestSuite,
    LauncherTestSuite,
)
from hydra.version import VersionBase

from hydra_plugins.grokrfm_sweep import GrokrfmLauncher, GrokrfmSweeper


@pytest.fixture(autouse=True)
def no_version_base(monkeypatch):
    """As in a new process; other tests of this one have set the version that Hydra is to be."""
    monkeypatch.delitem(Singleton._instances, VersionBase, raising=False)


def test_the_plugins_are_found():
    for kind, plugin in ((Launcher, GrokrfmLauncher), (Sweeper, GrokrfmSweeper)):
        assert plugin.__name__ in [found.__name__ for found in Plugins.instance().discover(kind)]


@pytest.mark.parametrize("launcher_name, overrides", [("grokrfm_local", [])])
class TestLocalLauncher(LauncherTestSuite):
    pass


@pytest.mark.parametrize(
    "task_launcher_cfg, extra_flags", [({}, ["-m", "hydra/launcher=grokrfm_local"])]
)
class TestLocalLauncherIntegration(IntegrationTestSuite):
    pass


@pytest.mark.slow
@pytest.mark.parametrize(
    "launcher_name, overrides", [("grokrfm_local", ["hydra.sweeper.max_batch_size=2"])]
)
class TestLocalLauncherWithBatches(BatchedSweeperTestSuite):
    pass
