"""Groups and tasks of every family, for the property tests."""

import numpy as np
from hypothesis import strategies as st

from grokrfm import tasks
from grokrfm.algebra import (
    alternating,
    cyclic,
    dihedral,
    permutations,
    product,
    quaternion,
    symmetric,
    units,
)

non_abelian = st.one_of(
    st.integers(3, 6).map(dihedral),
    st.sampled_from([symmetric(3), symmetric(4), alternating(4), quaternion()]),
    st.sampled_from([[[1, 2, 0], [1, 0, 2]], [[1, 2, 3, 0], [1, 0, 3, 2]]]).map(permutations),
)
groups = st.one_of(
    st.integers(2, 16).map(cyclic),
    st.lists(st.integers(2, 4), min_size=1, max_size=3).map(product),
    st.integers(3, 36).map(units),
    st.integers(1, 6).map(dihedral),
    st.integers(2, 4).map(symmetric),
    non_abelian,
)

POLYNOMIALS = ("x^2+y", "x^2+y^2", "x^2+x*y+y^2+x", "x^3+x*y", "x*y-3", "2*x+y")
WORDS = ("ab", "ba^-1", "aba", "aba^-1", "aba^-1b^-1", "a^2 b", "abab", "b^3a^-2")

small_groups = groups.filter(lambda group: group.order <= 12)
every_task = st.one_of(
    st.integers(2, 9).map(tasks.addition),
    st.integers(2, 9).map(tasks.subtraction),
    st.integers(3, 15).map(lambda modulus: tasks.multiplication(modulus, True)),
    st.integers(3, 15).map(lambda modulus: tasks.division(modulus, True)),
    st.sampled_from([[2, 3], [3, 3], [2, 2, 2]]).map(tasks.abelian),
    small_groups.map(tasks.cayley),
    st.builds(tasks.word, small_groups, st.sampled_from(WORDS)),
    st.builds(tasks.polynomial, st.sampled_from(POLYNOMIALS), st.integers(2, 9)),
    st.integers(2, 9).map(tasks.multiplication_with_zero),
    st.sampled_from([5, 7]).map(tasks.division_if_odd),
    st.integers(2, 7).map(
        lambda n: tasks.two_tasks(tasks.addition(n), tasks.multiplication_with_zero(n))
    ),
)


@st.composite
def tasks_with_generators(draw, most=2):
    """A task and some of the symmetries it claims, label-permuting ones among them."""
    task = draw(every_task.filter(lambda task: any(len(f.arguments) for f in named(task))))
    drawn = []
    for _ in range(draw(st.integers(1, most))):
        family = draw(st.sampled_from([f for f in named(task) if len(f.arguments)]))
        chosen = family.arguments[draw(st.integers(0, len(family.arguments) - 1))]
        drawn.append(family.member(*map(int, chosen)))
    return task, drawn


def named(task):
    return list(task.families.values())


def moves_labels_as_it_says(task, symmetry):
    """Whether f(g·x) = σ(f(x)) on the whole table, with rows followed coordinate by coordinate."""
    row_of = {tuple(sorted(active)): row for row, active in enumerate(task.active.tolist())}
    moved = np.sort(symmetry.coordinates[task.active], axis=1).tolist()
    rows = np.array([row_of[tuple(active)] for active in moved])
    same_rows = np.array_equal(rows, task.row_permutation(symmetry))
    return same_rows and np.array_equal(task.labels[rows], symmetry.labels[task.labels])
