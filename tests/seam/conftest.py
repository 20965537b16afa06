import pytest

from tests.seam.page import SMALL, perceptron


@pytest.fixture(scope="session")
def alone(tmp_path_factory):
    """A folder in which the perceptron has run once, and what the command said."""
    own = perceptron(tmp_path_factory.mktemp("alone"))
    return own, own(*SMALL, "study=alone", "save.features=last")


@pytest.fixture
def settings(alone, monkeypatch):
    """The settings of that run, for tests in this process."""
    from tests.cli.command import lines

    own, _ = alone
    monkeypatch.syspath_prepend(own.folder)
    [started] = lines(own.study("alone"), "started")[:1]
    return started["config"]
