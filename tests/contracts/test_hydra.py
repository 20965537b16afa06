"""conf/ in Hydra's own hands: its compose API, its search path, its instantiate."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir, initialize_config_module
from hydra.errors import ConfigCompositionException, MissingConfigException
from hydra.utils import instantiate
from omegaconf import OmegaConf

from grokrfm import config
from grokrfm.paths import conf_folder
from tests.cli.command import grokrfm

PARTS = {  # options that need those of others
    "split/moved": ["split=moved", "split@split.base=fixed_points"],
    "split/noisy": ["split=noisy"],
    "split/partners": ["split=partners"],
    "task/cayley": ["task=cayley", "group@task.group=dihedral"],
    "task/word": ["task=word"],
    "task/two_tasks": ["task=two_tasks"],
    "start/reflection": ["start=reflection"],
    "env/group": ["env=group"],
}
NODES = {
    f"{path.parent.name}/{path.stem}": OmegaConf.load(path)
    for path in sorted(conf_folder().glob("*/*.yaml"))
}
WHOLE = {
    name: node
    for name, node in NODES.items()
    if "_target_" in node and "defaults" not in node and not OmegaConf.missing_keys(node)
}


@pytest.mark.parametrize("node", WHOLE.values(), ids=WHOLE)
def test_hydra_instantiates_an_option(node):
    assert_same(instantiate(node), config.build(OmegaConf.to_container(node), object, "x"))


def test_no_option_is_left_out():
    left = {name for name, node in NODES.items() if "_target_" in node} - {*WHOLE}
    files = {"group/table", "split/listed", "start/stored"}  # they need a file
    assert left - files == set(PARTS)


@pytest.mark.parametrize("overrides", PARTS.values(), ids=PARTS)
def test_hydra_instantiates_an_option_with_its_parts(overrides):
    with initialize_config_module("grokrfm.conf", version_base="1.3"):
        group = overrides[0].partition("=")[0]
        node = compose("dynamics" if group == "env" else "config", overrides=overrides)[group]
    assert_same(instantiate(node), config.build(OmegaConf.to_container(node), object, "x"))


def assert_same(one, other):
    assert type(one) is type(other)
    assert described(one) == described(other)


def described(part):
    """The fields of an object and of its parts, since the repr of some is short."""
    if is_dataclass(part):
        return {field.name: described(getattr(part, field.name)) for field in fields(part)}
    return re.sub(r" at 0x\w+", "", str(part))


def test_every_name_is_that_of_a_study_where_conf_is_searched():
    for initialize in (
        lambda: initialize_config_module("grokrfm.conf", version_base="1.3"),
        lambda: initialize_config_dir(str(conf_folder()), version_base="1.3"),
    ):
        with initialize():
            for name in ("new", "n.e+w-1"):
                assert compose("config", overrides=[f"study={name}"]).study.name == name
            assert compose("dynamics", overrides=["study=new"]).study.name == "new"
            assert compose("config", overrides=["study=trap"]).study.tables == ["trap"]
            with pytest.raises(MissingConfigException):
                compose("config", overrides=["kernel=new"])


def test_a_study_with_a_file_is_that_wherever_the_file_lies(tmp_path):
    (tmp_path / "study").mkdir()
    text = "# @package _global_\nstudy: {name: own, tables: [], figures: []}\nseed: 5\n"
    (tmp_path / "study" / "own.yaml").write_text(text, encoding="utf-8")
    assert config.compose(["study=own"], [tmp_path])["seed"] == 5
    assert config.compose(["study=other"], [tmp_path])["seed"] == 0
    done = grokrfm(tmp_path, "--config-dir", ".", "study=own", "--cfg", "job", threads=None)
    assert "\nseed: 5\n" in done.stdout


def test_another_application_uses_the_groups_and_keeps_its_own_studies(tmp_path):
    application = "defaults: [{task: addition}, {kernel: laplace}, _self_]\nhydra:\n  searchpath: "
    Path(tmp_path, "main.yaml").write_text(application + "[pkg://grokrfm.conf]\n", "utf-8")
    Path(tmp_path, "alone.yaml").write_text("defaults: [{study: new}]\n", "utf-8")
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        used = compose("main", overrides=["kernel=gaussian", "task.modulus=7"])
        assert instantiate(used.kernel).bandwidth == used.kernel.bandwidth
        assert instantiate(used.task).classes == 7
        with pytest.raises((MissingConfigException, ConfigCompositionException)):
            compose("alone")


@pytest.mark.parametrize("flag", ["--config-dir", "--config-path"])
def test_a_primary_config_of_ones_own_finds_conf_and_any_study(tmp_path, flag):
    (tmp_path / "own").mkdir()
    text = "defaults: [config, _self_]\nseed: 3\n"
    (tmp_path / "own" / "mine.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "more" / "kernel").mkdir(parents=True)
    text = (conf_folder() / "kernel" / "laplace.yaml").read_text(encoding="utf-8")
    (tmp_path / "more" / "kernel" / "other.yaml").write_text(text, encoding="utf-8")
    done = grokrfm(
        tmp_path, flag, str(tmp_path / "own"), "-cn", "mine", "study=new", "task.modulus=5",
        f"hydra.searchpath=[file://{tmp_path}/more]", "kernel=other", "rfm.iterations=2",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("finished  addition mod 5, laplace")
    assert "seed 3" in done.stdout
    assert "written to outputs/new" in done.stdout
