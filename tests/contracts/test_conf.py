"""Every YAML in conf/ is found by glob, and is what the gate and the user expect."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from grokrfm import config
from grokrfm.algebra import Group
from grokrfm.checks import SettingError
from grokrfm.config.studies import primary_groups
from grokrfm.dynamics import Dynamics, Model, Training
from grokrfm.environments import Environment, Tabular
from grokrfm.experiment import Experiment
from grokrfm.kernels import Kernel
from grokrfm.paths import conf_folder
from grokrfm.probes import Probe
from grokrfm.rfm import RFM, Start
from grokrfm.runs.hardware import Hardware
from grokrfm.runs.observer import Observer
from grokrfm.splits import Splitter
from grokrfm.tasks import Task
from tests.cli.command import BIN, finished
from tests.families import moves_labels_as_it_says

CONF = conf_folder()
EXPECTED = {
    "task": Task,
    "group": Group,
    "split": Splitter,
    "kernel": Kernel,
    "rfm": RFM,
    "start": Start,
    "probe": Probe,
    "hardware": Hardware,
    "env": Environment,
    "model": Model,
    "train": Training,
    "tracker": Observer,
}
OPTIONS = sorted(path for group in EXPECTED for path in (CONF / group).glob("*.yaml"))
STUDIES = sorted((CONF / "study").glob("*.yaml"))


def option_id(path: Path) -> str:
    return str(path.relative_to(CONF).with_suffix(""))


def loaded(path: Path) -> DictConfig:
    """An option with the settings of the option beside it that it is based on."""
    node = OmegaConf.load(path)
    bases = [e for e in node.get("defaults", []) if isinstance(e, str) and e != "_self_"]
    for base in bases:
        below = loaded(path.with_name(f"{base}.yaml"))
        defaults = [*below.get("defaults", []), *node.defaults]
        node = OmegaConf.merge(below, node, {"defaults": defaults})
    return node


def primary_of(study: Path) -> str:
    """The primary config of the learner that a study is for."""
    return "dynamics" if "--config-name dynamics" in study.read_text(encoding="utf-8") else "config"


@pytest.fixture
def composed():
    def compose_with(*overrides, primary="config"):
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return compose(primary, overrides=list(overrides))

    return compose_with


@pytest.mark.parametrize("path", OPTIONS, ids=option_id)
def test_the_keys_of_an_option_are_the_arguments_of_its_constructor(path):
    node = loaded(path)
    nested = {
        key.split("@")[1]
        for entry in node.get("defaults", [])
        if not isinstance(entry, str)
        for key in entry
    }
    arguments = (set(node) | nested) - {"_target_", "name", "defaults"}
    assert node.name == path.stem
    assert arguments == set(inspect.signature(get_object(node._target_)).parameters)


@pytest.mark.parametrize("path", OPTIONS, ids=option_id)
def test_an_option_builds_what_its_group_needs(path, composed, tmp_path):
    group = path.parent.name
    overrides, place = [f"{group}={path.stem}"], group
    if group == "probe":
        overrides = [f"probe=[{path.stem}]"]
    elif group == "group":
        overrides, place = ["task=cayley", f"group@task.group={path.stem}"], "task.group"
    elif group in ("env", "model", "train"):
        overrides = [f"+{group}={path.stem}"]  # no choice of the first learner
    if OmegaConf.is_missing(OmegaConf.load(path), "path"):
        (tmp_path / "some.file").write_text("e,g\ne,g\ng,e\n", encoding="utf-8")
        overrides.append(f"{place}.path={tmp_path}/some.file")
    settings = OmegaConf.to_container(composed(*overrides), resolve=True)
    node = settings["task"]["group"] if group == "group" else settings[group]
    node = node[path.stem] if group == "probe" else node
    assert isinstance(config.build(node, EXPECTED[group], group), EXPECTED[group])


def test_any_group_is_an_environment(composed):
    overrides = ["+env=group", "group@env.group=alternating", "env.group.n=5", "env.action=cosets"]
    lists = ["env.generators=[[1,2,3,4,0],[1,0,3,2,4]]", "env.subgroup=[[1,2,3,4,0]]"]
    node = OmegaConf.to_container(composed(*overrides, *lists))["env"]
    assert config.build(node, Tabular, "env").states == 12
    node["generators"] = ["r1", "sr0"]
    with pytest.raises(SettingError, match=r"^env\.generators: 'r1' is not an element of A5"):
        config.build(node, Tabular, "env")


@pytest.mark.parametrize("path", OPTIONS, ids=option_id)
def test_an_option_says_what_it_is_and_defaults_stand_nowhere_else(path):
    text = path.read_text(encoding="utf-8")
    described = re.sub(r"^# @package .*\n", "", text)
    assert described.startswith("# ")
    parameters = inspect.signature(get_object(loaded(path)._target_)).parameters.values()
    assert all(parameter.default is parameter.empty for parameter in parameters)


@pytest.mark.parametrize("path", STUDIES, ids=option_id)
def test_every_study_composes_and_plans(path, composed):
    primary = primary_of(path)
    settings = config.plain(composed(f"study={path.stem}", primary=primary))
    expected = {"config": Experiment, "dynamics": Dynamics}[primary]
    assert isinstance(config.build_run(settings).learner, expected)
    name = OmegaConf.load(path).get("study", {}).get("name", path.stem)
    assert config.study_folder(settings) == Path("outputs") / name
    assert path.stem.startswith(name)


@pytest.mark.slow
@pytest.mark.parametrize("path", STUDIES, ids=option_id)
def test_all_runs_of_a_study_can_start(path, tmp_path):
    preset = ["--config-name", primary_of(path), f"study={path.stem}"]
    done = finished(tmp_path, [BIN / "grokrfm", *preset, "dry_run=true"], {})
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing was started: dry_run=true" in done.stdout


def test_any_name_is_a_study(composed):
    settings = config.compose(["study=never-heard-of"])
    assert config.study_folder(settings) == Path("outputs/never-heard-of")


def test_the_presets_of_rfm_differ_as_documented(composed):
    default, paper = (config.plain(composed(f"rfm={name}"))["rfm"] for name in ("default", "paper"))
    differing = {key: (default[key], paper[key]) for key in default if default[key] != paper[key]}
    assert differing == {
        "name": ("default", "paper"),
        "ridge": (1e-8, 0),
        "solver": ("cholesky", "cholesky_or_lu"),
    }


TASKS = [path for path in OPTIONS if path.parent.name in ("task", "group")]
SMALL = {"modulus": 7, "n": 3, "order": 6}


@pytest.mark.parametrize("path", TASKS, ids=option_id)
def test_every_symmetry_that_a_task_claims_holds_on_the_whole_table(path, composed, tmp_path):
    node, settings = OmegaConf.load(path), {}
    if path.parent.name == "group":
        settings = {"task": "cayley", "group@task.group": path.stem}
        place = "task.group."
    else:
        settings, place = {"task": path.stem}, "task."
    settings |= {place + key: value for key, value in SMALL.items() if key in node}
    if path.stem == "two_tasks":
        settings |= {"task.first.modulus": 7, "task.second.modulus": 7}
    if OmegaConf.is_missing(node, "path"):
        (tmp_path / "some.file").write_text("e,g\ne,g\ng,e\n", encoding="utf-8")
        settings[place + "path"] = tmp_path / "some.file"
    overrides = [f"{key}={value}" for key, value in settings.items()]
    task = config.build(config.plain(composed(*overrides))["task"], Task, "task")
    for family in task.families.values():
        for symmetry in family:
            assert moves_labels_as_it_says(task, symmetry), symmetry.name
            assert symmetry.preserves_labels or not family.preserves_labels


@pytest.mark.parametrize("how", ["hardware.sbatch={nice:100}", "+hardware.sbatch.nice=100"])
def test_options_of_sbatch_are_given_as_its_comment_says(how):
    settings = config.compose(["hardware=slurm", how])
    assert config.build_hardware(settings).sbatch == {"nice": 100}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [([], []), (["--config-dir", "own"], ["own"]), (["-m", "--config-dir=own", "seed=1"], ["own"])],
)
def test_the_folders_of_a_command_line_are_found(arguments, named):
    assert config.search_folders(arguments) == [*map(Path, named), CONF]


@pytest.mark.parametrize(
    ("arguments", "one", "other"),
    [
        (["seed=1"], "task", "env"),
        (["--config-name", "dynamics"], "env", "task"),
        (["-cn=dynamics", "seed=1"], "env", "task"),
    ],
)
def test_the_groups_of_the_primary_config_are_found(arguments, one, other):
    groups = primary_groups(arguments)
    assert one in groups
    assert other not in groups


@pytest.mark.parametrize("kind", ["recovery", "recovery_nonabelian"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_both_learners_see_the_same_products(kind, place, composed):
    """In the joint study a seed holds out the same rows of the same table for either learner."""
    sweep = OmegaConf.load(conf_folder() / "study" / f"{kind}.yaml").hydra.sweeper.params
    group = sweep["group@env.group"].split(",")[place]
    split = "split.train_to_test=5" if kind == "recovery" else "split.generators=[inversion]"
    chosen = ["seed=104", split]
    studied = [
        config.build_run(config.plain(composed(*overrides, *chosen, primary=primary))).learner
        for primary, *overrides in (
            ("dynamics", f"study={kind}", f"group@env.group={group}"),
            ("config", f"study={kind}_rfm", f"group@task.group={group}"),
        )
    ]
    dynamics, rfm = studied
    table = dynamics.environment.transitions
    np.testing.assert_array_equal(table.ravel(), rfm.task.labels)
    np.testing.assert_array_equal(np.flatnonzero(dynamics.seen), rfm.split.train)
    n = len(table)
    swap_fixes = np.arange(n) * (n + 1) if kind == "recovery" else []
    assert np.isin(swap_fixes, rfm.split.test).all()
