"""Every YAML in conf/ is found by glob, and is what the gate and the user expect."""

import inspect
import re
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import get_object
from omegaconf import OmegaConf

from grokrfm import config
from grokrfm.kernels import Kernel
from grokrfm.paths import conf_folder
from grokrfm.probes import Probe
from grokrfm.rfm import RFM, Start
from grokrfm.runs.hardware import Hardware
from grokrfm.splits import Splitter
from grokrfm.tasks import Task

CONF = conf_folder()
EXPECTED = {
    "task": Task,
    "split": Splitter,
    "kernel": Kernel,
    "rfm": RFM,
    "start": Start,
    "probe": Probe,
    "hardware": Hardware,
}
OPTIONS = sorted(path for group in EXPECTED for path in (CONF / group).glob("*.yaml"))
STUDIES = sorted((CONF / "study").glob("*.yaml"))


def option_id(path: Path) -> str:
    return str(path.relative_to(CONF).with_suffix(""))


@pytest.fixture
def composed():
    def compose_with(*overrides):
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return compose("config", overrides=list(overrides))

    return compose_with


@pytest.mark.parametrize("path", OPTIONS, ids=option_id)
def test_the_keys_of_an_option_are_the_arguments_of_its_constructor(path):
    node = OmegaConf.load(path)
    arguments = set(node) - {"_target_", "name"}
    assert node.name == path.stem
    assert arguments == set(inspect.signature(get_object(node._target_)).parameters)


@pytest.mark.parametrize("path", OPTIONS, ids=option_id)
def test_an_option_builds_what_its_group_needs(path, composed, tmp_path):
    group = path.parent.name
    override = f"probe=[{path.stem}]" if group == "probe" else f"{group}={path.stem}"
    needed = OmegaConf.is_missing(OmegaConf.load(path), "path")
    overrides = [override, *([f"{group}.path={tmp_path}/some.file"] if needed else [])]
    settings = config.plain(composed(*overrides))
    node = settings[group][path.stem] if group == "probe" else settings[group]
    assert isinstance(config.build(node, EXPECTED[group], group), EXPECTED[group])


@pytest.mark.parametrize("path", OPTIONS, ids=option_id)
def test_an_option_says_what_it_is_and_defaults_stand_nowhere_else(path):
    text = path.read_text(encoding="utf-8")
    described = re.sub(r"^# @package .*\n", "", text)
    assert described.startswith("# ")
    parameters = inspect.signature(get_object(OmegaConf.load(path)._target_)).parameters.values()
    assert all(parameter.default is parameter.empty for parameter in parameters)


@pytest.mark.parametrize("path", STUDIES, ids=option_id)
def test_every_study_composes_and_plans(path, composed):
    planned = config.plan(composed(f"study={path.stem}"))
    assert planned.study == Path("outputs") / path.stem


def test_any_name_is_a_study(composed):
    assert config.plan(composed("study=never-heard-of")).study == Path("outputs/never-heard-of")


def test_the_presets_of_rfm_differ_as_documented(composed):
    default, paper = (config.plain(composed(f"rfm={name}"))["rfm"] for name in ("default", "paper"))
    differing = {key: (default[key], paper[key]) for key in default if default[key] != paper[key]}
    assert differing == {
        "name": ("default", "paper"),
        "ridge": (1e-8, 0),
        "solver": ("cholesky", "cholesky_or_lu"),
    }
