from types import SimpleNamespace

import numpy as np
import pytest

from grokrfm import tasks
from grokrfm.algebra import cyclic, fixed_points
from grokrfm.checks import SettingError, setting_prefix

TASKS = [
    tasks.addition(6),
    tasks.subtraction(7),
    tasks.multiplication(11, False),
    tasks.division(9, True),
    tasks.abelian([2, 2, 3]),
]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.title)
def test_every_pair_is_fixed_by_the_reflection_it_is_filed_under(task):
    k = tasks.fixing_reflection(task)
    family = tasks.reflections(task)
    assert [reflection.name for reflection in family] == [
        f"sr^{element}" for element in task.group.elements
    ]
    for index, reflection in enumerate(family):
        fixed = fixed_points(task.row_permutation(reflection))
        np.testing.assert_array_equal(k.flatten()[fixed], index)
    inverse, table = task.group.inverses, task.group.table
    np.testing.assert_array_equal(k, table[inverse][:, task.phi])


def test_a_task_with_another_part_in_its_inputs_is_refused():
    task = SimpleNamespace(title="two tasks", active=np.zeros((9, 3)), width=8, group=cyclic(3))
    with pytest.raises(SettingError) as refusal, setting_prefix("probe.alignment"):
        tasks.reflections(task)
    assert str(refusal.value) == (
        "probe.alignment: needs inputs that are two elements of a group; the inputs of two tasks"
        " have 3 one-hot parts and width 8"
    )


def test_a_task_without_reflections_is_refused_with_its_own_words():
    def reflection(k):
        raise SettingError("task", "S3 is not Abelian")

    task = SimpleNamespace(
        title="S3", active=np.zeros((9, 2)), width=6, group=cyclic(3), reflection=reflection
    )
    with pytest.raises(SettingError) as refusal, setting_prefix("probe.circulant"):
        tasks.reflections(task)
    assert str(refusal.value) == (
        "probe.circulant: needs a task with reflections; S3 is not Abelian"
    )
