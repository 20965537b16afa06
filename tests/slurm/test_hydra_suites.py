"""Hydra's own suites for launchers, with SLURM as the place."""

import pytest
from hydra.test_utils.launcher_common_tests import (
    BatchedSweeperTestSuite,
    IntegrationTestSuite,
    LauncherTestSuite,
)

pytestmark = pytest.mark.slurm
HERE = ["hydra.launcher.backend.memory=2"]


@pytest.mark.parametrize("launcher_name, overrides", [("grokrfm_slurm", HERE)])
class TestSlurmLauncher(LauncherTestSuite):
    pass


@pytest.mark.parametrize(
    "task_launcher_cfg, extra_flags", [({}, ["-m", "hydra/launcher=grokrfm_slurm", *HERE])]
)
class TestSlurmLauncherIntegration(IntegrationTestSuite):
    pass


@pytest.mark.parametrize(
    "launcher_name, overrides", [("grokrfm_slurm", [*HERE, "hydra.sweeper.max_batch_size=2"])]
)
class TestSlurmLauncherWithBatches(BatchedSweeperTestSuite):
    pass
