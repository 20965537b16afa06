import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokrfm.algebra import (
    alternating,
    cyclic,
    dihedral,
    permutations,
    product,
    quaternion,
    symmetric,
    table,
)
from grokrfm.algebra.subgroups import (
    conjugates,
    cyclic_subgroups,
    generated_by,
    left_cosets,
    right_cosets,
    subgroups,
)
from grokrfm.checks import SettingError
from tests.families import groups


def product_of(group, *elements):
    result = group.identity
    for element in elements:
        result = group.table[result, group.index(element)]
    return group.elements[result]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7])
def test_a_dihedral_group_has_the_relations_of_rotations_and_reflections(n):
    group = dihedral(n)
    assert group.order == 2 * n
    r, s = f"r{1 % n}", "sr0"
    for k in range(n):
        assert product_of(group, *[r] * k) == f"r{k}"
        assert product_of(group, s, f"r{k}") == f"sr{k}"
        assert product_of(group, f"sr{k}", f"sr{k}") == "r0"
        assert product_of(group, s, f"r{k}", s) == f"r{-k % n}"


@pytest.mark.parametrize("make", [symmetric, alternating])
@pytest.mark.parametrize("n", [3, 4])
def test_permutations_are_composed_as_maps(make, n):
    group = make(n)
    assert group.order == math.factorial(n) // (1 if make is symmetric else 2)
    for p, q in itertools.product(group.elements, repeat=2):
        assert product_of(group, p, q) == tuple(p[q[i]] for i in range(n))


def test_even_permutations_are_those_of_determinant_one():
    for p in symmetric(4).elements:
        assert alternating(4).has(list(p)) == (round(np.linalg.det(np.eye(4)[list(p)])) == 1)


def test_quaternions_multiply_as_hamilton_carved_it():
    group = quaternion()
    for i, j, k in ("ijk", "jki", "kij"):
        assert product_of(group, i, j) == k
        assert product_of(group, j, i) == f"-{k}"
        assert product_of(group, i, i) == product_of(group, i, j, k) == -1


def test_generated_permutations_are_the_smallest_group_that_holds_them():
    assert permutations([[1, 2, 3, 0], [1, 0, 2, 3]]).elements == symmetric(4).elements
    assert permutations([[1, 2, 0], [1, 2, 0]]).elements == alternating(3).elements


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: dihedral(0), "n must be an integer of at least 1, got 0"),
        (lambda: symmetric(7), "n must be at most 6, got 7"),
        (lambda: permutations([]), "generators must be a list of permutations"),
        (lambda: permutations([[1, 1]]), "generators: [1, 1] is not a permutation of 0 … 1"),
        (lambda: permutations([[1, 0], [0]]), "generators: [0] is not as long as [1, 0]"),
        (lambda: permutations([[0, 1]]), "generators must contain a permutation other than the"),
        (lambda: permutations([[1, 2, 3, 4, 5, 6, 0], [1, 0, 2, 3, 4, 5, 6]]), "more than 1000"),
        (lambda: table(3), "path must be the path of a CSV file, got 3"),
    ],
)
def test_what_makes_no_group_is_refused(make, message):
    with pytest.raises(SettingError) as refusal:
        make()
    assert message in str(refusal.value)


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "group.csv"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@given(groups.filter(lambda group: group.order <= 24))
def test_a_table_that_is_written_is_read_again(tmp_path_factory, group):
    names = [f"g{i}" for i in range(group.order)]
    lines = [names, *([names[k] for k in row] for row in group.table)]
    path = tmp_path_factory.mktemp("table") / "group.csv"
    path.write_text("\n".join(map(",".join, lines)), encoding="utf-8")
    found = table(str(path))
    assert found.elements == tuple(names)
    assert (found.table == group.table).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("e,g\ne,g\n", "names 2 elements, but has 1 lines"),
        ("e,g\ne,g\ng\n", "the line of g has 1 products, not 2"),
        ("e,e\ne,g\ng,e\n", "names the element 'e' twice"),
        ("e,g\ne,g\ng,h\n", "is not closed: g·g = h is not an element"),
        ("e,g\ng,e\ng,e\n", "has no identity"),
        ("e,g\ne,g\ng,g\n", "has no inverse of g"),
        ("e,a,b\ne,a,b\na,e,a\nb,b,e\n", "is not associative: (a·a)·b is not a·(a·b)"),
    ],
)
def test_the_axiom_that_a_table_violates_is_named(written, text, message):
    path = written(text)
    with pytest.raises(SettingError) as refusal:
        table(path)
    assert str(refusal.value).startswith(f"path: {path}")
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("group", "cyclic_ones", "all_of_them"),
    [
        (cyclic(12), 6, 6),
        (product([2, 2]), 4, 5),
        (symmetric(3), 5, 6),
        (dihedral(4), 7, 10),
        (quaternion(), 5, 6),
        (alternating(4), 8, 10),
        (symmetric(4), 17, 30),
        (alternating(5), 32, 59),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_the_subgroups_of_known_groups_are_all_found(group, cyclic_ones, all_of_them):
    assert len(cyclic_subgroups(group)) == cyclic_ones
    assert len(subgroups(group)) == all_of_them


@given(groups, st.data())
def test_a_generated_subgroup_is_closed_and_its_cosets_are_a_partition(group, data):
    index = st.integers(0, group.order - 1)
    generators = data.draw(st.lists(index, max_size=2))
    subgroup = generated_by(group, generators)
    assert {group.identity, *generators} <= set(subgroup)
    assert set(group.table[np.ix_(subgroup, subgroup)].flat) == set(subgroup)
    for cosets, multiply in (
        (left_cosets(group, subgroup), lambda g: group.table[g, list(subgroup)]),
        (right_cosets(group, subgroup), lambda g: group.table[list(subgroup), g]),
    ):
        assert len(cosets) * len(subgroup) == group.order
        assert sorted(i for coset in cosets for i in coset) == list(range(group.order))
        assert {tuple(sorted(multiply(g))) for g in range(group.order)} == set(cosets)


def test_conjugates_are_as_many_as_the_normaliser_leaves():
    group = symmetric(3)
    swap = generated_by(group, [group.index([1, 0, 2])])
    assert len(conjugates(group, swap)) == 3
    turns = generated_by(group, [group.index([1, 2, 0])])
    assert conjugates(group, turns) == [turns]
