"""Labels in words: conf/words."""

import pandas as pd
import pytest
import yaml

from grokrfm.collect.figures import style
from grokrfm.collect.figures.groups import grouped
from grokrfm.collect.presets import load
from grokrfm.paths import conf_folder


def test_a_column_has_its_words_and_another_its_name():
    assert style.words("split.fixed_to_test") == "fixed points held out"
    assert style.words("test_loss") == "test loss"
    assert style.words("model.latent_size") == "model.latent_size"
    assert style.named(["kernel.name", "seed"]) == "kernel, seed"


def test_levels_that_say_little_are_written_in_words():
    frame = pd.DataFrame({"split.symmetric": [True, False], "split.zero": [False, False]})
    groups = grouped(frame, ["split.symmetric", "split.zero"])
    assert {group.name for group in groups} == {"D = −D, without 0", "D random, without 0"}
    assert style.level("task.modulus", 61) == "61"


@pytest.mark.parametrize(("column", "label"), load("words", "columns").items())
def test_every_label_fits(column, label):
    assert style.words(column) == label


def dotted(name, node):
    """Dotted names of the settings of an option."""
    if not isinstance(node, dict):
        return {name}
    return {
        one
        for key, value in node.items()
        if key not in ("_target_", "defaults")
        for one in dotted(f"{name}.{key}", value)
    }


SETTINGS = {
    name
    for group in ("task", "split", "kernel", "rfm", "start", "env", "model", "train")
    for path in (conf_folder() / group).glob("*.yaml")
    for name in dotted(group, yaml.safe_load(path.read_text(encoding="utf-8")))
}
CHANGE_NO_RESULT = {"checkpoint_seconds", "memory_budget", "batch"}


def test_every_setting_that_can_be_swept_has_words():
    unnamed = {name for name in SETTINGS if name not in load("words", "columns")}
    assert {name for name in unnamed if name.split(".")[-1] not in CHANGE_NO_RESULT} == set()


def test_levels_and_formulas_belong_to_words_that_exist():
    columns, levels = load("words", "columns"), load("words", "levels")
    assert set(levels) <= {*columns, "verdict"}
    written = {*columns.values(), *(word for some in levels.values() for word in some.values())}
    assert set(load("words", "latex")) <= written
