import pandas as pd
import pytest

from grokrfm.collect.select import where
from grokrfm.conditions import ConditionError

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
        "ended": pd.to_datetime(["2025-05-05", "2026-01-02", None, "2026-02-01"], utc=True),
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
        ("kernel.name.str.startswith('quad')", [1]),
        ("kernel.name.str.endswith('name')", [3]),
        ("kernel.name.str.contains('(a+)+$')", []),  # a text, no regular expression
        ("kernel.name.isna()", [2]),
        ("`kernel.name`.notna()", [0, 1, 3]),
        ("kernel.name == None", [2]),
        ("kernel.name != 'gaussian'", [1, 2, 3]),
        ("not kernel.name == 'gaussian'", [1, 2, 3]),
        ("seed not in [0, 1]", [2, 3]),
        ("kernel.name == 'gaussian' | (x < 1 & ~seed.isna())", [0, 3]),
        ("seed % 2 == 1 and seed ** 2 > -1", [1, 3]),
        ("seed / 0 == 1 or seed // 2 - 1 == 0", [2, 3]),
        ("ended > '2026-01-01' and ended < '2026-02'", [1]),
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
        ("qqqq == 1", "known are ended, kernel.name, lambda, odd name's"),
        ("kernel.name == gaussian", "a text needs quotes, did you mean 'gaussian'?"),
        ("kernel.name == gausian", "a text needs quotes, did you mean 'gaussian'?"),
        ("kernel.name in [gaussian]", "a text needs quotes, did you mean 'gaussian'?"),
        ("kernel.nam == 'x' and seed == 1", "did you mean kernel.name?"),
        ("seed", "is not a condition"),
        ("1 == 1", "cannot be read; compare columns with values"),
        ("seed ==", "cannot be read; compare columns with values"),
        ("seed = 1", "cannot be read; compare columns with values (equal is ==, texts are in"),
        ("kernel.name == 'gaussian", "cannot be read; compare columns with values"),
        ("seed > 'a'", "0 and 'a' have no order: one is a text, one a number"),
        ("kernel.name > 3", "'gaussian' and 3 have no order: one is a text, one a number"),
        ("seed and x > 0", "0 is not a condition; compare columns with values"),
        ("kernel.name + 1 == 2", "'gaussian' is a text and cannot be computed with"),
        ("seed.str.contains('1')", "0 is a number, .str is for texts"),
        ("kernel.name in 'gaussian'", "in needs a list of numbers or of texts in quotes"),
        ("@seed == 1", "cannot be read"),
        ("seed.__class__ == 1", "no column 'seed.__class__'"),
        ("seed.nothing == 1", "no column 'seed.nothing'"),
        ("seed.nothing() == 1", "no method 'seed.nothing' of this form; known are .isna()"),
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
