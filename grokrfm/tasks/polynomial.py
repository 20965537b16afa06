"""Polynomials in x and y modulo an integer as tasks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grokrfm.algebra import Symmetry, units
from grokrfm.tasks.expression import evaluate
from grokrfm.tasks.family import Family, IntArray, coordinate_symmetry, every
from grokrfm.tasks.operations import residues
from grokrfm.tasks.task import Task


def polynomial(expression: str, modulus: int) -> Task:
    """Value of an expression in x and y modulo `modulus`, with x and y in 0 … modulus − 1.

    The claimed symmetries are those that hold on the whole table; u and v are units:

    scaling u, v        (x, y) → (u·x, v·y), if it preserves every label
    exchange u, v       (x, y) → (v·y, u·x), if it preserves every label
    shift s, t          (x, y) → (x + s, y + t), if it preserves every label
    translation s, t    (x, y) → (x + s, y + t), if it adds the same number to every label

    Parameters
    ----------
    expression : str   made of integers, x, y, +, -, *, ^ and parentheses, such as x^2+x*y+y^2
    """
    group = residues(modulus)
    everything = np.arange(modulus)
    square = evaluate(expression, everything[:, None], everything, modulus)
    labels = square.flatten()

    def scaled(k: IntArray | int) -> IntArray:
        return everything * k % modulus

    def shifted(k: IntArray | int) -> IntArray:
        return (everything + k) % modulus

    def scaling(u: int, v: int) -> Symmetry:
        return coordinate_symmetry(f"u^({u},{v})", scaled(u), scaled(v), everything)

    def exchange(u: int, v: int) -> Symmetry:
        return coordinate_symmetry(f"x^({u},{v})", scaled(u), scaled(v), everything, exchanged=True)

    def translation(s: int, t: int) -> Symmetry:
        added = square[s, t] - square[0, 0]
        return coordinate_symmetry(f"t^({s},{t})", shifted(s), shifted(t), shifted(added))

    def valid(arguments: IntArray, move: Moves, target: IntArray, added: IntArray) -> IntArray:
        first, second = (move(column[:, None]) for column in arguments.T)
        return arguments[_holding(square, target, first, second, added, modulus)]

    values = every(modulus, 2)()
    of_units = np.array(units(modulus).elements)[every(units(modulus).order, 2)()]
    none, added = np.zeros(modulus**2, dtype=np.int64), (labels - labels[0]) % modulus
    families = {
        "scaling": Family(True, scaling, lambda: valid(of_units, scaled, square, none)),
        "exchange": Family(True, exchange, lambda: valid(of_units, scaled, square.T, none)),
        "shift": Family(True, translation, lambda: valid(values, shifted, square, none)),
        "translation": Family(False, translation, lambda: valid(values, shifted, square, added)),
    }
    return Task(f"{expression} mod {modulus}", group, labels, modulus, families)


Moves = Callable[[IntArray], IntArray]


def _holding(
    labels: IntArray,
    target: IntArray,
    first: IntArray,
    second: IntArray,
    added: IntArray,
    modulus: int,
) -> IntArray:
    """Indices of the candidates with target[first[x], second[y]] = labels[x, y] + added everywhere.

    Parameters
    ----------
    labels, target : (n, n)   target is the transpose of labels if the operands are exchanged
    first, second : (m, n)    images of the operands under each candidate
    added : (m,) or longer    number that each candidate adds to every label
    """
    alive = np.arange(len(first))
    for x, row in enumerate(labels):  # most candidates fail in the first row
        moved = target[first[alive, x, None], second[alive]]
        alive = alive[(moved == (row + added[alive, None]) % modulus).all(axis=1)]
    return alive
