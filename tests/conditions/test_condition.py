"""Conditions: what they mean, and that none of them runs as a program."""

import operator
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grokrfm.conditions import Condition, ConditionError

TABLE = {
    "seed": [0, 1, 2, 3],
    "split.ratio": [0.5, None, -1.5, 1e300],
    "kernel": ["gaussian", "a b", None, ""],
    "ready": [True, False, None, True],
}
ROWS = [dict(zip(TABLE, values, strict=True)) for values in zip(*TABLE.values(), strict=True)]

SEEN = [
    "(seed).__init__.__globals__['sys'].modules['os'].system('touch ran') == 0",
    "seed.__init__.__globals__ == 1",
    "__import__('os').system('touch ran') == 0",
    "seed.to_pickle('ran') == 1",
    "seed.values.tofile('ran') == 1",
    "(seed).tofile('ran') == 1",
    "@seed == 1",
    "open('ran', 'w') == seed",
    "[seed for seed in [open('ran', 'w')]] == 1",
    "(lambda: open('ran', 'w'))() == seed",
    "f\"{open('ran', 'w')}\" == kernel",
    "kernel.str.contains(open('ran', 'w'))",
    "kernel.str.contains('a', open('ran', 'w'))",
    "kernel.str.contains(pat='a')",
    "kernel.format('a') == 'a'",
    "'{0.__class__}'.format(seed) == 'a'",
    "kernel.str == 1",
    "seed[0] == 1",
    "(seed := 1) == 1",
    "_0 == 1",
    "seed if ready else kernel",
]
ENDLESS = [
    "9**9**9**9 == seed",
    "seed ** seed ** 9 > 1",
    "seed == '" + "a" * 30_000 + "'",
    "(" * 5000 + "seed" + ")" * 5000,
    "-" * 9000 + "seed == 1",
    "not " * 4000 + "ready",
    "seed" + " + 1" * 4000 + " == 1",
    "[" * 9000,
]


@pytest.mark.parametrize("attack", SEEN)
def test_no_program_is_run(attack, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConditionError):
        Condition(attack).holds(TABLE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("attack", ENDLESS, ids=lambda text: text[:20])
def test_no_condition_is_endless_or_too_deep(attack):
    began = time.monotonic()
    with pytest.raises(ConditionError) as caught:
        Condition(attack).holds(TABLE)
    assert time.monotonic() - began < 20
    assert len(str(caught.value)) < 600


def test_numbers_and_texts_cannot_grow():
    grown = "seed > 1 and (((((seed ** 9) ** 99) ** 99) * 1e308 * 1e308) ** 99) > 1"
    assert Condition(grown).holds(TABLE) == [False] * 4  # no result: missing
    with pytest.raises(ConditionError, match="'a' is a text and cannot be computed with"):
        Condition("'a' * 999999999 == kernel").holds(TABLE)


@given(
    st.lists(
        st.sampled_from(
            [
                *TABLE,
                *("(", ")", "[", "]", ".", ",", "'", '"', "`", "{", "}", ":", "@", "\\", "\n"),
                *("and", "or", "not", "in", "is", "if", "else", "lambda", "for", "None", "True"),
                *("==", "<", ">=", "+", "-", "*", "**", "/", "//", "%", "&", "|", "~", ":=", "="),
                *("0", "1.5", "1e9", "9j", "'a'", "f'", "b'", "_0", "__class__", "str.contains"),
                *("\x00", "\ud800", "é", "open", "seed.isna()", "kernel.str.contains('a')"),
            ]
        ),
        max_size=12,
    ),
    st.sampled_from(["", " "]),
)
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_condition_or_a_mistake(words, between):
    text = between.join(words)
    try:
        held = Condition(text).holds(TABLE)
    except ConditionError:
        return
    assert len(held) == 4 and all(isinstance(value, bool) for value in held)


# Conditions with their meaning, as pairs of a text and a function of a row.


def number(draw):
    if draw(st.booleans()):
        name = draw(st.sampled_from(["seed", "split.ratio", "`split.ratio`"]))
        return name, lambda row: row[name.strip("`")]
    value = draw(st.integers(0, 3) | st.sampled_from([0.5, 1e-3]))
    return str(value), lambda row: value


def amount(draw):
    if draw(st.booleans()):
        return number(draw)
    (left, first), (right, second) = number(draw), number(draw)
    sign, compute = draw(
        st.sampled_from([("+", operator.add), ("-", operator.sub), ("*", operator.mul)])
    )

    def result(row):
        a, b = first(row), second(row)
        return None if a is None or b is None else compute(a, b)

    return f"({left} {sign} {right})", result


def comparison(draw):
    (left, first), (right, second) = amount(draw), amount(draw)
    sign = draw(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
    compare = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}

    def holds(row):
        a, b = first(row), second(row)
        if sign in compare:
            return a is not None and b is not None and compare[sign](a, b)
        return (a == b) is (sign == "==")

    return f"{left} {sign} {right}", holds


def about_text(draw):
    sought = draw(st.sampled_from(["gaussian", "a", "", "b", "(a+)+$"]))
    return draw(
        st.sampled_from(
            [
                (f"kernel == '{sought}'", lambda row: row["kernel"] == sought),
                (
                    f"kernel.str.contains('{sought}')",
                    lambda row: row["kernel"] is not None and sought in row["kernel"],
                ),
                (
                    f"kernel not in [\"{sought}\", 'a b']",
                    lambda row: row["kernel"] not in (sought, "a b"),
                ),
                ("kernel.isna()", lambda row: row["kernel"] is None),
                ("ready", lambda row: row["ready"] is True),
            ]
        )
    )


@st.composite
def conditions(draw, depth=3):
    kinds = ["comparison", "text", *(["not", "and", "or", "&", "|"] if depth else [])]
    kind = draw(st.sampled_from(kinds))
    if kind in ("comparison", "text"):
        return comparison(draw) if kind == "comparison" else about_text(draw)
    text, first = draw(conditions(depth=depth - 1))
    if kind == "not":
        return f"not ({text})", lambda row: not first(row)
    other, second = draw(conditions(depth=depth - 1))
    if kind in ("and", "&"):
        return f"({text}) {kind} ({other})", lambda row: first(row) and second(row)
    return f"({text}) {kind} ({other})", lambda row: first(row) or second(row)


@given(conditions())
@settings(max_examples=200, deadline=None)
def test_a_condition_holds_where_its_meaning_does(condition):
    text, meaning = condition
    try:
        held = Condition(text)
    except ConditionError:  # no column in it
        assert not any(name in text for name in TABLE)
        return
    assert held.holds(TABLE) == [bool(meaning(row)) for row in ROWS]
