"""Operations of a condition on values, of which any may be missing."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

Value = str | int | float | bool | None
"""Value of one name in one row; None is missing."""

Operation = Callable[[Value, Value], Value]

EXAMPLE = (
    "compare columns with values (equal is ==, texts are in quotes), as in"
    " \"task.name == 'addition' and seed < 5\""
)


def truth(value: Value) -> bool:
    """Return a value that is true or false; missing is false.

    Raises
    ------
    TypeError   for a number or a text
    """
    if value is None or isinstance(value, bool):
        return bool(value)
    raise TypeError(f"{value!r} is not a condition; {EXAMPLE}")


def _ordered(compare: Callable[[Any, Any], bool]) -> Operation:
    """Comparison by order; false for a missing value."""

    def holds(a: Value, b: Value) -> bool:
        if a is None or b is None:
            return False
        if isinstance(a, str) is not isinstance(b, str):
            raise TypeError(f"{a!r} and {b!r} have no order: one is a text, one a number")
        return compare(a, b)

    return holds


def _computed(compute: Callable[[float, float], float]) -> Operation:
    """Arithmetic of floats, which cannot grow; missing where there is no result."""

    def result(a: Value, b: Value) -> float | None:
        for value in (a, b):
            if isinstance(value, str):
                raise TypeError(f"{value!r} is a text and cannot be computed with")
        if a is None or b is None:
            return None
        try:
            found = compute(float(a), float(b))
        except (ArithmeticError, ValueError):  # a division by 0, an overflow, a root of -1
            return None
        return None if math.isnan(found) else found

    return result


def _of_text(compare: Callable[[str, str], bool]) -> Callable[[Value, str], bool]:
    """Method of a text; false for a missing one."""

    def holds(value: Value, text: str) -> bool:
        if not isinstance(value, str | None):
            raise TypeError(f"{value!r} is a number, .str is for texts")
        return value is not None and compare(value, text)

    return holds


OPERATIONS: Mapping[type[ast.AST], Operation] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: _ordered(operator.lt),
    ast.LtE: _ordered(operator.le),
    ast.Gt: _ordered(operator.gt),
    ast.GtE: _ordered(operator.ge),
    ast.Add: _computed(operator.add),
    ast.Sub: _computed(operator.sub),
    ast.Mult: _computed(operator.mul),
    ast.Div: _computed(operator.truediv),
    ast.FloorDiv: _computed(operator.floordiv),
    ast.Mod: _computed(operator.mod),
    ast.Pow: _computed(math.pow),
}

OF_ANY: Mapping[str, Callable[[Value], bool]] = {
    "isna": lambda value: value is None,
    "notna": lambda value: value is not None,
}
"""Methods of a column, without argument."""

OF_TEXT: Mapping[str, Callable[[Value, str], bool]] = {
    "str.contains": _of_text(operator.contains),
    "str.startswith": _of_text(str.startswith),
    "str.endswith": _of_text(str.endswith),
}
"""Methods of a column of texts, with a text in quotes."""
