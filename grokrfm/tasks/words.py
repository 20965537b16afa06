"""Words in two letters as tasks over any group."""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from grokrfm.algebra import Group, Symmetry
from grokrfm.checks import SettingError
from grokrfm.tasks.family import Family, IntArray, coordinate_symmetry, every
from grokrfm.tasks.task import Task

Letters = list[tuple[str, int]]
Factor = tuple[str, int]
"""One of the unknown group elements p, q, r, s, and its power 1 or −1."""

# The left and right factors of a letter when a becomes p·a·q and b becomes r·b·s.
OUTER = {"a": ("p", "q"), "b": ("r", "s")}


def word(group: Group, word: str) -> Task:
    """Value of a word such as aba^-1 at two elements of a group.

    Under a → p·a·q and b → r·b·s the value gains one factor at each end of the word, provided that
    the factors between its letters cancel. Of the elements p, q, r, s with this property, those at
    the ends are free, and so are those that occur only inside:

    rotation k, …        elements inside; label-preserving. For aba^-1: (a·k, k⁻¹·b·k)
    translation g, …     elements at the ends; maps c to left·c·right. For aba^-1: (g·a, b)
    centre z, w          (a·z, b·w) with z, w in the centre that cancel in the word

    Parameters
    ----------
    word : str   the letters a and b, each with an exponent where it is not 1: aba, a^2 b, aba^-1

    Raises
    ------
    SettingError   if the word is invalid
    """
    letters = parsed(word)
    n, product = group.order, group.table
    a, b = np.divmod(np.arange(n * n), n)
    labels = np.full(n * n, group.identity)
    for letter, exponent in letters:
        labels = product[labels, group.power(exponent)[a if letter == "a" else b]]

    meanings, squares_vanish = _solved(letters)
    ends = [meanings[_left(letters[0])[0]][0], meanings[_right(letters[-1])[0]][0]]
    outside = list(dict.fromkeys(ends))
    inside = [x for x in dict.fromkeys(root for root, _ in meanings.values()) if x not in outside]

    def member(free: list[str], short: str, *values: int) -> Symmetry:
        chosen = dict(zip(free, values, strict=True))

        def value(factor: Factor) -> int:
            root, sign = meanings[factor[0]]
            element = chosen.get(root, group.identity)
            return int(element if sign * factor[1] > 0 else group.inverses[element])

        p, q, r, s = (value((x, 1)) for x in "pqrs")
        left, right = value(_left(letters[0])), value(_right(letters[-1]))
        name = f"{short}^{','.join(str(group.elements[k]) for k in values)}"
        return coordinate_symmetry(
            name,
            product[p, product[:, q]],
            product[r, product[:, s]],
            product[left][product[:, right]],
        )

    def choices(free: list[str]) -> IntArray:
        choices = every(n, len(free))()
        involution = product[np.arange(n), np.arange(n)] == group.identity
        for column, root in enumerate(free):
            if root in squares_vanish:
                choices = choices[involution[choices[:, column]]]
        return choices

    def central(z: int, w: int) -> Symmetry:
        name = f"z^{group.elements[z]},{group.elements[w]}"
        return coordinate_symmetry(name, product[:, z], product[:, w], np.arange(n))

    def cancelling() -> IntArray:
        totals = [sum(e for x, e in letters if x == letter) for letter in "ab"]
        of_a, of_b = (group.power(total)[group.centre] for total in totals)
        chosen = np.argwhere(product[of_a[:, None], of_b] == group.identity)
        return group.centre[chosen]

    families = {
        "rotation": Family(True, partial(member, inside, "r"), lambda: choices(inside)),
        "translation": Family(False, partial(member, outside, "t"), lambda: choices(outside)),
        "centre": Family(True, central, cancelling),
    }
    if not inside:
        del families["rotation"]
    return Task(f"{word} in {group.name}", group, labels, n, families)


def parsed(word: Any) -> Letters:
    """Letters of a word with their exponents."""
    example = "write the letters a and b, with exponents as in aba^-1 or a^2 b"
    if not isinstance(word, str) or len(word) > 100:
        raise SettingError("word", f"must be a word of at most 100 characters, got {word!r:.120}")
    compact = "".join(word.split())
    letter = re.compile(r"([ab])(?:\^(-?[0-9]{1,9}))?")
    position, letters = 0, []
    while position < len(compact):
        found = letter.match(compact, position)
        if not found:
            raise SettingError(
                "word", f"{word!r} is invalid from {compact[position:]!r} on; {example}"
            )
        position = found.end()
        letters.append((found[1], int(found[2] or 1)))
    letters = [(x, exponent) for x, exponent in letters if exponent]
    if {x for x, _ in letters} != {"a", "b"}:
        raise SettingError("word", f"{word!r} must use both a and b; {example}")
    return letters


def _solved(letters: Letters) -> tuple[dict[str, Factor], set[str]]:
    """Solution for p, q, r, s in terms of the free ones, and the free ones that are involutions.

    The right factor of a letter times the left factor of the next letter is e.
    """
    meanings: dict[str, Factor] = {x: (x, 1) for x in "pqrs"}
    squares_vanish: set[str] = set()
    repeated = [(letter, letter) for letter in letters if abs(letter[1]) > 1]
    for before, after in [*pairwise(letters), *repeated]:
        (x, i), (y, j) = _right(before), _left(after)
        (root, sign), (other, other_sign) = meanings[x], meanings[y]
        relative = -i * sign * j * other_sign  # other = root^relative
        if root == other:
            if relative < 0:
                squares_vanish.add(root)
            continue
        if other in squares_vanish:
            squares_vanish.add(root)
        meanings = {
            z: (root, power * relative) if held == other else (held, power)
            for z, (held, power) in meanings.items()
        }
    return meanings, squares_vanish


def _left(letter: tuple[str, int]) -> Factor:
    """Left factor of a letter: p of p·a·q, and q⁻¹ of its inverse q⁻¹·a⁻¹·p⁻¹."""
    name, exponent = letter
    return (OUTER[name][0], 1) if exponent > 0 else (OUTER[name][1], -1)


def _right(letter: tuple[str, int]) -> Factor:
    name, exponent = letter
    return (OUTER[name][1], 1) if exponent > 0 else (OUTER[name][0], -1)
