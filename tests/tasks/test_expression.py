import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokrfm import tasks
from grokrfm.checks import SettingError
from grokrfm.tasks.expression import evaluate

X, Y = (points.flatten() for points in np.meshgrid(np.arange(7), np.arange(7), indexing="ij"))


def value(expression):
    return evaluate(expression, X, Y, 7)


@pytest.mark.parametrize(
    ("expression", "formula"),
    [
        ("x^2+x*y+y^2+x", lambda x, y: x**2 + x * y + y**2 + x),
        ("x^3 + x*y^2 + y", lambda x, y: x**3 + x * y**2 + y),
        ("-x^2-(y-3)*2", lambda x, y: -(x**2) - (y - 3) * 2),
        ("(x+y)^5*(x-y)", lambda x, y: (x + y) ** 5 * (x - y)),
        ("x-y-1", lambda x, y: x - y - 1),
        ("((7))", lambda x, y: 0 * x),
        ("x^0", lambda x, y: 0 * x + 1),
        ("x**2*y**3", lambda x, y: x**2 * y**3),
        ("9" * 900, lambda x, y: 0 * x + int("9" * 900) % 7),
        ("x^1000000000", lambda x, y: np.array([pow(int(v), 10**9, 7) for v in x])),
    ],
)
def test_an_expression_has_the_value_of_its_formula(expression, formula):
    assert value(expression).tolist() == (formula(X, Y) % 7).tolist()


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "at the end: expected an integer, x, y or ("),
        ("x+", "at the end"),
        ("2x", "at 'x' (character 2): expected an operator"),
        ("x***2", "at '*' (character 4): an exponent must be an integer of at least 0"),
        ("x**2**3", "a power of a power needs parentheses"),
        ("x/y", "there is no division"),
        ("x−y", "write the minus sign as -"),
        ("x^-1", "an exponent must be an integer of at least 0"),
        ("x^y", "an exponent must be an integer of at least 0"),
        ("x^2^3", "a power of a power needs parentheses"),
        ("x^1000000001", "an exponent must be at most 1000000000"),
        ("(" * 51 + "x" + ")" * 51, "more than 50 nested parentheses"),
        ("(x", "expected an operator + - * ^ or )"),
        ("x)", "at ')' (character 2)"),
        ("z", "at 'z'"),
        ("__import__('os').system('true')", "at '_'"),
        ("x" * 1001, "must have at most 1000 characters, has 1001"),
        (5, "must be text such as"),
        ("٣", "at '٣'"),
    ],
)
def test_what_is_no_expression_is_refused_where_it_is_wrong(expression, message):
    with pytest.raises(SettingError) as refusal:
        value(expression)
    assert str(refusal.value).startswith("expression")
    assert message in str(refusal.value)


def test_ten_thousand_random_strings_end_in_a_value_or_a_clear_error():
    rng = np.random.default_rng(0)
    alphabet = list("xxxyyy0123456789++--**^^^(())  ") + list("/.,_az'\"[]{}=%&|~!@\\\n\t−²é٣")
    valued = 0
    for _ in range(10_000):
        text = "".join(rng.choice(alphabet[: rng.choice([31, len(alphabet)])], rng.integers(0, 25)))
        try:
            found = value(text)
        except SettingError as error:
            assert str(error).startswith("expression")
        else:
            valued += 1
            assert set(text) <= set("xy0123456789+-*^() \t\n")
            assert found.shape == X.shape and ((found >= 0) & (found < 7)).all()
    assert 100 < valued < 9_900


sums = st.recursive(
    st.sampled_from(["x", "y"]) | st.integers(0, 999).map(str),
    lambda inner: st.one_of(
        st.builds("({}+{})".format, inner, inner),
        st.builds("({}-{})".format, inner, inner),
        st.builds("({}*{})".format, inner, inner),
        st.builds("({})^{}".format, inner, st.integers(0, 5)),
    ),
    max_leaves=12,
)


@given(sums)
def test_a_random_expression_has_the_value_that_python_gives_it(expression):
    points = [(x, y) for x in range(7) for y in range(7)]
    code = compile(expression.replace("^", "**"), "expression", "eval")
    expected = [eval(code, {"x": x, "y": y}) % 7 for x, y in points]
    assert value(expression).tolist() == expected


def test_a_modulus_beyond_memory_is_refused():
    with pytest.raises(SettingError, match="modulus must be at most 10000, got 10001"):
        tasks.polynomial("x+y", 10_001)


def test_sixty_large_powers_take_seconds():
    """They took two minutes, with thirty squarings of a million values each."""
    started = time.process_time()
    tasks.polynomial("*".join(["(x+y)^999999999"] * 60), 1009)
    assert time.process_time() - started < 30


def test_more_operations_than_seconds_allow_are_refused():
    points = np.arange(10_000)
    with pytest.raises(SettingError, match="must have at most 10 operators at modulus 10000, has "):
        evaluate("x*y+" * 8 + "1", points[:, None], points, 10_000)
