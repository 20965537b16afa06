"""The examples in docstrings give what they say."""

import doctest
import pkgutil
from importlib import import_module

import grokrfm


def test_the_examples_in_docstrings():
    tried = 0
    for module in pkgutil.walk_packages(grokrfm.__path__, "grokrfm."):
        if not module.name.endswith("__main__"):
            outcome = doctest.testmod(import_module(module.name))
            assert not outcome.failed, module.name
            tried += outcome.attempted
    assert tried >= 4
