import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grokrfm.algebra import Symmetry
from grokrfm.tasks import abelian, addition, division, multiplication, subtraction

tasks = st.one_of(
    st.integers(2, 9).map(addition),
    st.integers(2, 9).map(subtraction),
    st.integers(3, 15).map(lambda modulus: multiplication(modulus, True)),
    st.integers(3, 15).map(lambda modulus: division(modulus, True)),
    st.sampled_from([[2, 3], [3, 3], [2, 2, 2]]).map(abelian),
)


@st.composite
def tasks_with_symmetries(draw, count):
    """A task and `count` of its symmetries, label-permuting ones among them."""
    task = draw(tasks)
    index = st.integers(0, task.order - 1)
    symmetries = []
    for _ in range(count):
        symmetry = task.translation(draw(index), draw(index))
        if draw(st.booleans()):
            symmetry = task.reflection(draw(index)) @ symmetry
        symmetries.append(symmetry)
    return task, *symmetries


def identity_of(task):
    return Symmetry("e", np.arange(task.width), np.arange(task.classes))


def one_hot_rows(task):
    rows = np.zeros((task.order**2, task.width))
    for i, (first, second) in enumerate(task.pairs):
        rows[i, first] = rows[i, task.order + second] = 1
    return rows


@given(tasks_with_symmetries(2))
def test_the_permutation_representation_is_a_homomorphism(given_task):
    _, g, h = given_task
    product = (g @ h).permutation_matrix()
    assert (product == g.permutation_matrix() @ h.permutation_matrix()).all()


@given(tasks_with_symmetries(1))
def test_the_inverse_is_represented_by_the_transpose(given_task):
    task, g = given_task
    assert (g.inverse().permutation_matrix() == g.permutation_matrix().T).all()
    assert (g @ g.inverse()).key == (g.inverse() @ g).key == identity_of(task).key


@given(tasks_with_symmetries(1))
def test_the_representation_moves_one_hot_rows_as_the_symmetry_moves_pairs(given_task):
    task, g = given_task
    rows = one_hot_rows(task)
    assert (rows @ g.permutation_matrix().T == rows[task.row_permutation(g)]).all()


@given(tasks_with_symmetries(2))
def test_a_composition_applies_the_right_factor_first(given_task):
    task, g, h = given_task
    rows_after_h = task.row_permutation(h)
    assert (task.row_permutation(g @ h) == task.row_permutation(g)[rows_after_h]).all()


permuted_triples = st.permutations(range(3)).map(np.array)
arbitrary_symmetries = st.builds(Symmetry, st.just("g"), permuted_triples, permuted_triples)


@given(arbitrary_symmetries, arbitrary_symmetries)
def test_labels_are_composed_in_the_same_order_as_coordinates(g, h):
    for i in range(3):
        assert (g @ h).coordinates[i] == g.coordinates[h.coordinates[i]]
        assert (g @ h).labels[i] == g.labels[h.labels[i]]


@given(tasks_with_symmetries(3))
def test_composition_is_associative(given_task):
    _, f, g, h = given_task
    assert ((f @ g) @ h).key == (f @ (g @ h)).key


@given(tasks_with_symmetries(1))
def test_a_symmetry_preserves_labels_when_no_label_moves(given_task):
    task, g = given_task
    assert g.preserves_labels == all(g.labels[c] == c for c in range(task.classes))


def test_symmetries_that_differ_in_their_labels_only_have_different_keys():
    swap, stay, labels_move = np.array([1, 0]), np.arange(2), np.array([1, 0])
    assert Symmetry("a", swap, stay).key == Symmetry("b", swap, stay).key
    assert Symmetry("a", swap, stay).key != Symmetry("a", swap, labels_move).key


@given(tasks)
def test_every_reflection_is_its_own_inverse(task):
    for k in range(task.order):
        assert (task.reflection(k) @ task.reflection(k)).key == identity_of(task).key


@given(tasks)
def test_s_inverts_every_rotation(task):
    s = task.reflection(task.group.identity)
    for k in range(task.order):
        assert (s @ task.rotation(k) @ s).key == task.rotation(k).inverse().key


@given(tasks)
def test_rotations_compose_as_the_group_does(task):
    n = task.order
    for j in range(n):
        for k in range(n):
            both = task.rotation(int(task.group.table[j, k]))
            assert (task.rotation(j) @ task.rotation(k)).key == both.key


@given(tasks)
def test_a_reflection_is_s_after_a_rotation(task):
    s = task.reflection(task.group.identity)
    for k in range(task.order):
        assert task.reflection(k).key == (s @ task.rotation(k)).key


@given(tasks)
def test_the_symmetries_of_a_task_are_2n_and_closed(task):
    elements = task.symmetries()
    keys = {g.key for g in elements}
    assert len(elements) == len(keys) == 2 * task.order
    assert {(g @ h).key for g in elements for h in elements} == keys
    assert {g.inverse().key for g in elements} == keys


@given(tasks)
def test_the_symmetries_of_a_task_are_rotations_then_reflections_by_name(task):
    names = [str(element) for element in task.group.elements]
    found = [g.name for g in task.symmetries()]
    assert found == [f"r^{k}" for k in names] + [f"sr^{k}" for k in names]
