"""The command line of settings composes the same settings."""

import pytest

from grokrfm import config

CASES = [
    [],
    ["seed=3", "study=mine", "outputs=else where"],
    ["task=cayley", "group@task.group=dihedral", "task.group.n=5"],
    ["split=moved", "split@split.base=fixed_points", "split.base.reflections=[1]"],
    ["task=abelian", "task.sizes=[3,7]", "split=fixed_points", "split.reflections=[[2,3]]"],
    ["probe=[accuracy,loss,recovery]", "probe.accuracy.tie=1e-5"],
    ["task=polynomial", "task.expression=\"x**2 + 'y'\"", "kernel.bandwidth=1e-3"],
    ["start=reflection", "start.element=2", "save.features=[1,5]", "hardware=slurm"],
    ["split=orbits", "split.generators=[{reflection:0}]", "hardware.threads=1", "rerun=true"],
]


@pytest.mark.parametrize("overrides", CASES, ids=" ".join)
def test_it_composes_the_same_settings(overrides):
    settings = config.compose(overrides)
    written = config.command_line(settings)
    assert config.compose(written) == settings
    assert len(written) <= len(overrides) + 1  # what is default is left out
