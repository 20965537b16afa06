"""The names of the package: all there, and none paid for before it is used."""

import subprocess
import sys

import pytest

import grokrfm


@pytest.mark.parametrize("name", grokrfm.__all__)
def test_every_name_is_there(name):
    assert getattr(grokrfm, name) is not None
    assert name in dir(grokrfm)


def test_a_name_that_does_not_exist_is_no_attribute():
    with pytest.raises(AttributeError, match="has no attribute 'Kernl'"):
        _ = grokrfm.Kernl


def test_nothing_is_imported_before_it_is_used():
    code = (
        "import sys, grokrfm; before = {'torch', 'pandas', 'hydra', 'numpy'} & set(sys.modules);"
        "from grokrfm import collect; assert not before and 'torch' not in sys.modules, before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
