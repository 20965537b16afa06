import pandas as pd
import pytest

from grokrfm.collect.select import ConditionError, where

FRAME = pd.DataFrame(
    {
        "kernel.name": ["gaussian", "quadratic", None, "a and kernel.name"],
        "split.train_to_test": pd.array([1, 20, None, 50], dtype="Int64"),
        "split": ["x", "y", "z", "z"],
        "odd name's": [1, 2, 3, 4],
        "seed": [0, 1, 2, 3],
        "task.flag": pd.array([True, None, False, False], dtype="boolean"),
        "x": [1.0, float("nan"), 2.0, 1e-9],
        "lambda": [1, 2, 3, 4],
        "λ.größe": [1, 2, 3, 4],
    }
)


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("", [0, 1, 2, 3]),
        ("split.train_to_test <= 20 and kernel.name == 'gaussian'", [0]),
        ("split.train_to_test <= 20", [0, 1]),
        ("`odd name's` > 2", [2, 3]),
        ('`kernel.name` == "quadratic"', [1]),
        ("kernel.name == 'a and kernel.name'", [3]),
        ("seed in [0, 1] or seed == 3", [0, 1, 3]),
        ("not seed == 1", [0, 2, 3]),
        ("kernel.name in ('gaussian', 'quadratic')", [0, 1]),
        ("kernel.name.str.contains('quad')", [1]),
        ("kernel.name.isna()", [2]),
        ("task.flag", [0]),
        ("0 < seed < 3", [1, 2]),
        ("x > 1e-8", [0, 2]),
        ("seed + 1 == split.train_to_test", [0]),
        ("split == 'z'", [2, 3]),
        ("`lambda` == 2", [1]),
        ("lambda == 2", [1]),
        ("λ.größe == 2", [1]),
    ],
)
def test_the_rows_for_which_a_condition_holds(condition, rows):
    assert where(FRAME, condition).index.tolist() == rows


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("kernel.nam == 'x'", "no column 'kernel.nam' in these runs; did you mean kernel.name?"),
        ("`odd names` == 1", "did you mean odd name's?"),
        ("qqqq == 1", "known are kernel.name, lambda, odd name's"),
        ("seed", "is not a condition"),
        ("1 == 1", "is not a condition"),
        ("seed ==", "cannot be evaluated (invalid syntax"),
        ("seed = 1", "is not a condition; compare columns with values (equal is ==)"),
        ("kernel.name == 'gaussian", "no column 'gaussian'"),
        ("seed > 'a'", "cannot be evaluated (Invalid comparison"),
        ("kernel.name > 3", "cannot be evaluated ("),
        ("@seed == 1", "@ is not supported"),
        ("__import__('os').system('true') == 0", "no column '__import__'"),
        ("seed.__class__ == 1", "no column 'seed.__class__'"),
        ("seed.nothing == 1", "cannot be evaluated ('Series' object has no attribute 'nothing')"),
    ],
)
def test_a_condition_that_cannot_be_understood_is_explained(condition, message):
    with pytest.raises(ConditionError) as caught:
        where(FRAME, condition)
    assert message in str(caught.value)
    assert "column_" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_types_and_values_are_kept():
    pd.testing.assert_frame_equal(where(FRAME, "seed >= 0"), FRAME)
