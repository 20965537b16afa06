"""Schedules: numbers, ramps, jumps; and what is none."""

import pytest

from grokrfm.checks import SettingError
from grokrfm.schedule import schedule


def test_a_number_is_constant():
    found = schedule("rate", 0.01)
    assert [found.at(share) for share in (0, 0.5, 1)] == [0.01] * 3


def test_points_are_joined_by_lines_and_constant_outside():
    found = schedule("rate", [[0.2, 1], [0.6, 0]])
    assert [found.at(share) for share in (0, 0.2, 0.4, 0.6, 1)] == pytest.approx([1, 1, 0.5, 0, 0])


def test_two_equal_shares_make_a_jump():
    found = schedule("entanglement", [[0, 1e-3], [0.5, 1e-3], [0.5, 3e-2]])
    assert found.at(0.499) == pytest.approx(1e-3)
    assert found.at(0.501) == pytest.approx(3e-2)


def test_only_zeros_are_zero():
    assert schedule("consistency", [[0, 0], [1, 0]]).is_zero
    assert not schedule("consistency", [[0, 0], [1, 0.1]]).is_zero


@pytest.mark.parametrize(
    "given", ["fast", [], [0.1], [[0, 1, 2]], [[0.5, 1], [0.2, 1]], [[0, 1], [2, 1]], [[0, -1]], -1]
)
def test_what_is_no_schedule_is_refused(given):
    with pytest.raises(SettingError, match=r"^rate"):
        schedule("rate", given)
