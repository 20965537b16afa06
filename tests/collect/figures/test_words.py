"""Labels in words: conf/words."""

import pandas as pd
import pytest

from grokrfm.collect.figures import style
from grokrfm.collect.figures.groups import grouped
from grokrfm.collect.presets import load


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
