"""Polynomial expressions in x and y modulo an integer, parsed and never run as Python.

sum     = ["-"] term {("+" | "-") term}
term    = factor {"*" factor}
factor  = atom [("^" | "**") integer]
atom    = integer | "x" | "y" | "(" sum ")"
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grokrfm.checks import SettingError, shown

LONGEST = 1000  # characters
DEEPEST = 50  # nested parentheses
LARGEST_EXPONENT = 10**9
MOST_OPERATIONS = 10**9  # on single values: ten seconds

IntArray = NDArray[np.int64]

HINTS = {
    "−": "write the minus sign as -",
    "·": "write a product as *",
    "×": "write a product as *",
    "/": "there is no division",
}


def evaluate(expression: Any, x: IntArray, y: IntArray, modulus: int) -> IntArray:
    """Values of an expression at some points, in 0 … modulus − 1.

    Parameters
    ----------
    expression : str   made of integers, x, y, +, -, *, ^ or **, and parentheses
    x, y : int arrays  in 0 … modulus − 1, of shapes that can be broadcast
    modulus : int      below 2³¹, so that a product fits into 64 bits

    Raises
    ------
    SettingError   if the expression is invalid; names the position and the reason
    """
    if not isinstance(expression, str):
        raise SettingError(
            "expression", f"must be text such as x^2+x*y+y^2, got {shown(expression)}"
        )
    if len(expression) > LONGEST:
        raise SettingError(
            "expression", f"must have at most {LONGEST} characters, has {len(expression)}"
        )
    shape = np.broadcast_shapes(x.shape, y.shape)
    most = MOST_OPERATIONS // math.prod(shape)
    operators = sum(map(expression.count, "+-*^"))
    if operators > most:
        raise SettingError(
            "expression",
            f"must have at most {most} operators at modulus {modulus}, has {operators}",
        )
    return np.broadcast_to(_Reader(expression, {"x": x, "y": y}, modulus).value(), shape)


def _is_integer(token: str) -> bool:
    return token.isascii() and token.isdecimal()  # isdecimal accepts digits of other scripts


class _Reader:
    """Parser that evaluates an expression while it reads it from left to right."""

    def __init__(self, text: str, points: dict[str, IntArray], modulus: int) -> None:
        self._text, self._points, self._modulus = text, points, modulus
        # an invalid character becomes a token of its own and is refused at its position
        found = re.finditer(r"[0-9]+|\*\*|\S", text)
        self._tokens = [(match[0], match.start()) for match in found]
        self._next = self._depth = 0

    def value(self) -> IntArray:
        value = self._sum()
        if self._next < len(self._tokens):
            raise self._refusal("expected an operator + - * ^ or the end")
        return value % self._modulus

    def _sum(self) -> IntArray:
        value = (-self._term() if self._take("-") else self._term()) % self._modulus
        while sign := self._take("+") or self._take("-"):
            term = self._term()
            value = (value + term if sign == "+" else value - term) % self._modulus
        return value

    def _term(self) -> IntArray:
        value = self._factor()
        while self._take("*"):
            value = value * self._factor() % self._modulus
        return value

    def _factor(self) -> IntArray:
        value = self._atom()
        if self._take("^") or self._take("**"):
            if not _is_integer(self._token()):
                raise self._refusal("an exponent must be an integer of at least 0")
            if len(self._token()) > 10 or int(self._token()) > LARGEST_EXPONENT:
                raise self._refusal(f"an exponent must be at most {LARGEST_EXPONENT}")
            value = self._power(value, int(self._advance()))
            if self._token() in ("^", "**"):
                raise self._refusal("a power of a power needs parentheses, as in (x^2)^3")
        return value

    def _atom(self) -> IntArray:
        token = self._token()
        if token in self._points:
            return self._points[self._advance()]
        if _is_integer(token):  # digit by digit, for any number of digits
            constant = 0
            for digit in self._advance():
                constant = (10 * constant + int(digit)) % self._modulus
            return np.array(constant)
        if token != "(":
            raise self._refusal("expected an integer, x, y or (")
        if self._depth == DEEPEST:
            raise self._refusal(f"more than {DEEPEST} nested parentheses")
        self._advance()
        self._depth += 1
        value = self._sum()
        if not self._take(")"):
            raise self._refusal("expected an operator + - * ^ or )")
        self._depth -= 1
        return value

    def _power(self, base: IntArray, exponent: int) -> IntArray:
        powers = [pow(value, exponent, self._modulus) for value in range(self._modulus)]
        return np.array(powers)[base]

    def _token(self) -> str:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else ""

    def _advance(self) -> str:
        self._next += 1
        return self._tokens[self._next - 1][0]

    def _take(self, wanted: str) -> str:
        return self._advance() if self._token() == wanted else ""

    def _refusal(self, problem: str) -> SettingError:
        token = self._token()
        where = f"at {token!r}" if token else "at the end"
        if token:
            where += f" (character {self._tokens[self._next][1] + 1})"
        hint = f"; {HINTS[token]}" if token in HINTS else ""
        return SettingError("expression", f"{self._text!r:.80} {where}: {problem}{hint}")
