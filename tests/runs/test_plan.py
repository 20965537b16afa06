import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokrfm.runs.plan import Plan
from grokrfm.runs.record import Names

plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(
    plain,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(["task", "split", "seed", "own"])
settings = st.lists(st.dictionaries(keys, values, max_size=4), max_size=5)


def plan_of(settings):
    count = range(len(settings))
    return Plan(
        [f"d{i}" for i in count],
        settings,
        [0.25 * i for i in count],
        [i % 3 - 1 for i in count],
        [1 + i for i in count],
        Names(["task", "seed"], ["task.memory"], ["loss"], "loss"),
    )


@given(settings)
def test_a_plan_is_read_as_it_was_written(settings):
    plan = plan_of(settings)
    read = Plan.from_json(plan.to_json())
    assert vars(read) == vars(plan)
    assert len(read) == len(settings)


def test_the_index_finds_a_run_by_its_digest():
    plan = plan_of([{"seed": 0}, {"seed": 1}])
    assert plan.index == {"d0": 0, "d1": 1}


def test_a_label_has_the_settings_in_which_runs_differ():
    shared = {"name": "add", "modulus": 5}
    other = {"name": "word", "_target_": "x", "word": [1, 2], "modulus": 5}
    settings = [{"task": task, "seed": seed} for task in (shared, other) for seed in (300, 301)]
    plan = plan_of([*settings, {"task": dict(shared), "seed": 300}])
    assert plan.label("d1") == "task=add seed=301"
    assert plan.label("d2") == "task=word task.word=[1, 2] seed=300"
    assert plan_of(settings[:1]).label("d0") == ""


def test_a_part_that_runs_share_is_written_once_and_read_as_one_object():
    task = {"name": "a task of its own", "sizes": [3, 4]}
    plan = plan_of([{"task": task, "seed": seed} for seed in range(50)])
    assert plan.to_json().count("a task of its own") == 1
    read = Plan.from_json(plan.to_json())
    assert {id(one["task"]) for one in read.settings} == {id(read.settings[0]["task"])}


def test_an_absent_setting_is_not_the_setting_null():
    read = Plan.from_json(plan_of([{"own": None}, {}]).to_json())
    assert read.settings == [{"own": None}, {}]


def damaged(**changes):
    document = json.loads(plan_of([{"seed": 0, "task": {"modulus": 5}}] * 2).to_json())
    return json.dumps({**document, **changes})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 200_000,
        plan_of([{"seed": 0}]).to_json()[:-20],
        damaged(digests=["d0"]),
        damaged(digests=["../x", "d1"]),
        damaged(costs=["dear", "cheap"]),
        damaged(parts={}),
        damaged(places={"seed": [0, 7], "task": [0, 0]}),
        damaged(places={"seed": [0, -1], "task": [0, 0]}),
        damaged(names={"leading": 3}),
        damaged(parts={"seed": [[]], "task": [[[]] * 3], "save": ["all"]}, places={"save": [0, 0]}),
    ],
)
def test_a_damaged_plan_is_no_plan(text):
    with pytest.raises((ValueError, RecursionError)):
        Plan.from_json(text)


def test_a_plan_of_another_format_is_refused():
    document = json.loads(plan_of([{"seed": 0}]).to_json())
    document["format"] += 1
    with pytest.raises(ValueError, match=r"format 4, this version reads 3"):
        Plan.from_json(json.dumps(document))
