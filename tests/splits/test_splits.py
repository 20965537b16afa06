import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokrfm.algebra import fixed_points, generated_subgroup
from grokrfm.checks import SettingError, setting_prefix
from grokrfm.splits import FixedPoints, Listed, Partners, Uniform
from grokrfm.tasks import abelian, addition, division, multiplication, subtraction

DEGENERATE = [
    (addition(11), [0]),
    (addition(8), [3]),
    (addition(8), [0, 4]),
    (addition(9), [0, 3, 6]),
    (subtraction(8), [3]),
    (multiplication(13, False), [5]),
    (division(9, True), [2]),
    (abelian([2, 5]), [[1, 3]]),
    (abelian([2, 6]), [[0, 1], [1, 3]]),
]
every_degenerate_split = pytest.mark.parametrize(
    ("task", "reflections"), DEGENERATE, ids=[f"{t.title} {k}" for t, k in DEGENERATE]
)


def cut(splitter, task, seed=0):
    return splitter.split(task, np.random.default_rng(seed))


def degenerate(reflections, test_to_train=0, train_to_test=0, pairs_to_test=0):
    return FixedPoints(reflections, test_to_train, train_to_test, pairs_to_test)


def is_partition(split, task):
    both = np.concatenate([split.train, split.test])
    increase = (np.diff(split.train) > 0).all() and (np.diff(split.test) > 0).all()
    return increase and sorted(both) == list(range(task.order**2))


def same(one, other):
    return np.array_equal(one.train, other.train) and np.array_equal(one.test, other.test)


def generators(task, reflections):
    return [task.reflection(task.group.index(k)) for k in reflections]


def rows_fixed(task, reflections):
    """The rows fixed by at least one of the reflections."""
    fixed = [fixed_points(task.row_permutation(g)) for g in generators(task, reflections)]
    return set(np.flatnonzero(np.any(fixed, axis=0)).tolist())


def orbits_by_brute_force(task, reflections):
    """The orbits of the subgroup that the reflections generate, as sets of rows."""
    subgroup = generated_subgroup(generators(task, reflections))
    images = np.array([task.row_permutation(g) for g in subgroup]).T
    return {frozenset(row.tolist()) for row in images}


def symmetric_pairs(task, reflections):
    fixed = rows_fixed(task, reflections)
    return {orbit for orbit in orbits_by_brute_force(task, reflections) if not orbit & fixed}


def count_fixed(split):
    return int(split.strata["fixed"].sum())


@given(st.floats(0.05, 0.95), st.integers(0, 5))
def test_uniform_trains_the_fraction_asked(train_fraction, seed):
    task = addition(7)
    split = cut(Uniform(train_fraction), task, seed)
    assert is_partition(split, task)
    assert len(split.train) == round(train_fraction * 49)
    assert split.strata == {}


def test_uniform_reaches_every_row():
    trained = [cut(Uniform(0.5), addition(4), seed).train for seed in range(40)]
    assert set(np.concatenate(trained)) == set(range(16))
    assert set.intersection(*(set(rows) for rows in trained)) == set()


def test_a_larger_uniform_fraction_contains_the_smaller():
    smaller, larger = cut(Uniform(0.3), addition(9)), cut(Uniform(0.6), addition(9))
    assert set(smaller.train) < set(larger.train)


@pytest.mark.parametrize("value", [0, 1, -0.1, 1.5, float("nan"), "abc", True, None])
def test_uniform_refuses_what_is_no_fraction(value):
    with pytest.raises(SettingError) as refusal, setting_prefix("split"):
        Uniform(value)
    rule = "split.train_fraction must be a number strictly between 0 and 1"
    assert str(refusal.value) == f"{rule}, got {value!r}"


@pytest.mark.parametrize(
    ("train_fraction", "message"),
    [
        (0.01, "0.01 of 9 rows leaves 0 to train and 9 to test"),
        (0.99, "0.99 of 9 rows leaves 9 to train and 0 to test"),
    ],
)
def test_uniform_refuses_to_leave_a_side_empty(train_fraction, message):
    with pytest.raises(SettingError, match=r"choose 0\.111111 to 0\.888889") as refusal:
        cut(Uniform(train_fraction), addition(3))
    assert str(refusal.value).startswith(f"train_fraction: {message}")


@pytest.mark.parametrize(
    "splitter",
    [
        Uniform(0.5),
        degenerate([0], test_to_train=3),
        degenerate([0], train_to_test=5),
        degenerate([0], pairs_to_test=5),
    ],
)
def test_the_seed_decides_the_split(splitter):
    task = addition(9)
    assert same(cut(splitter, task, 1), cut(splitter, task, 1))
    assert len({tuple(cut(splitter, task, seed).train) for seed in range(8)}) > 1


def test_the_fixed_points_of_an_addition_are_held_out():
    split = cut(degenerate([2]), addition(7))
    held_out = [tuple(pair) for pair in addition(7).pairs[split.test]]
    assert held_out == [(a, (a + 2) % 7) for a in range(7)]


def test_the_fixed_points_of_several_reflections_are_held_out_together():
    task = subtraction(8)
    split = cut(degenerate([0, 3]), task)
    held_out = {tuple(pair) for pair in task.pairs[split.test].tolist()}
    assert held_out == {(a, (-a - k) % 8) for a in range(8) for k in (0, 3)}


def test_the_fixed_points_of_a_product_are_held_out():
    task = abelian([2, 5])
    split = cut(degenerate([[1, 3]]), task)
    held_out = {tuple(task.group.elements[i] for i in pair) for pair in task.pairs[split.test]}
    assert held_out == {((a, b), ((a + 1) % 2, (b + 3) % 5)) for a in range(2) for b in range(5)}


@every_degenerate_split
def test_without_moves_test_is_what_the_reflections_fix(task, reflections):
    split = cut(degenerate(reflections), task)
    assert is_partition(split, task)
    assert set(split.test) == rows_fixed(task, reflections)
    assert split.strata["fixed"].all()
    assert not split.strata["moved"].any()


@every_degenerate_split
@pytest.mark.parametrize("seed", range(3))
def test_fixed_points_move_to_train_as_asked(task, reflections, seed):
    held_out = rows_fixed(task, reflections)
    split = cut(degenerate(reflections, test_to_train=3), task, seed)
    assert is_partition(split, task)
    assert len(split.test) == len(held_out) - 3
    assert set(split.test) < held_out


@every_degenerate_split
@pytest.mark.parametrize("seed", range(3))
def test_training_points_move_to_test_as_asked(task, reflections, seed):
    held_out = rows_fixed(task, reflections)
    split = cut(degenerate(reflections, train_to_test=5), task, seed)
    assert is_partition(split, task)
    assert len(split.test) == len(held_out) + 5
    assert set(split.test) > held_out


@every_degenerate_split
@pytest.mark.parametrize("seed", range(3))
def test_symmetric_pairs_move_to_test_as_whole_orbits(task, reflections, seed):
    asked = 3
    split = cut(degenerate(reflections, pairs_to_test=asked), task, seed)
    moved = set(split.test[split.strata["moved"]].tolist())
    pairs = [p for p in symmetric_pairs(task, reflections) if p & moved]
    assert is_partition(split, task)
    assert set(split.test) == rows_fixed(task, reflections) | moved
    assert len(pairs) == asked
    assert all(len(pair) >= 2 for pair in pairs)
    assert moved == frozenset.union(*pairs)


@every_degenerate_split
@pytest.mark.parametrize("seed", range(3))
def test_all_moves_happen_together_and_exactly(task, reflections, seed):
    held_out = rows_fixed(task, reflections)
    before = cut(degenerate(reflections, 2, 1), task, seed)
    after = cut(degenerate(reflections, 2, 1, 2), task, seed)
    assert is_partition(before, task) and is_partition(after, task)
    assert count_fixed(before) == count_fixed(after) == len(held_out) - 2
    assert before.strata["moved"].sum() == 1

    moved = set(before.train) - set(after.train)
    pairs = [p for p in symmetric_pairs(task, reflections) if p <= moved]
    assert set(after.test) == set(before.test) | moved
    assert len(pairs) == 2
    assert moved == frozenset.union(*pairs)


@every_degenerate_split
def test_strata_say_which_test_rows_a_reflection_fixes(task, reflections):
    split = cut(degenerate(reflections, 2, 4, 2), task)
    held_out = rows_fixed(task, reflections)
    assert split.strata["fixed"].tolist() == [row in held_out for row in split.test]
    assert (split.strata["moved"] == ~split.strata["fixed"]).all()
    assert set(split.strata) == {"fixed", "moved"}


def test_a_fixed_point_that_trains_stays_in_training():
    for seed in range(10):
        split = cut(degenerate([0], test_to_train=2, train_to_test=20), addition(5), seed)
        assert len(split.train) == 2
        assert set(split.train) < rows_fixed(addition(5), [0])


def test_fixed_points_that_train_are_no_symmetric_pair():
    task = addition(8)
    split = cut(degenerate([0, 4], test_to_train=15), task)
    assert any(orbit <= set(split.train) for orbit in fixed_pairs(task, [0, 4]))
    available = len(symmetric_pairs(task, [0, 4]))
    all_moved = cut(degenerate([0, 4], test_to_train=15, pairs_to_test=available), task)
    assert count_fixed(all_moved) == 1
    with pytest.raises(SettingError, match=rf" {available} remain in the training set"):
        cut(degenerate([0, 4], test_to_train=15, pairs_to_test=available + 1), task)


def fixed_pairs(task, reflections):
    """Orbits with two members that a listed reflection fixes."""
    fixed = rows_fixed(task, reflections)
    return [o for o in orbits_by_brute_force(task, reflections) if len(o) == 2 and o <= fixed]


@pytest.mark.parametrize("name", ["test_to_train", "train_to_test", "pairs_to_test"])
def test_a_larger_move_contains_the_smaller(name):
    smaller, larger = (cut(degenerate([0], **{name: count}), addition(9)) for count in (3, 6))
    if name == "test_to_train":
        assert set(smaller.train) < set(larger.train)
    else:
        assert set(smaller.test) < set(larger.test)


def test_one_move_does_not_change_the_draw_of_another():
    task = addition(9)
    few, many = (cut(degenerate([0], count, 6), task) for count in (1, 7))
    assert same_moved(few, many)


def same_moved(one, other):
    return np.array_equal(one.test[one.strata["moved"]], other.test[other.strata["moved"]])


@every_degenerate_split
def test_the_last_symmetric_pair_can_move_and_not_one_more(task, reflections):
    available = len(symmetric_pairs(task, reflections))
    all_moved = cut(degenerate(reflections, 1, 0, available), task)
    assert not symmetric_pairs_within(all_moved.train, task, reflections)
    with pytest.raises(SettingError) as refusal, setting_prefix("split"):
        cut(degenerate(reflections, 1, 0, available + 1), task)
    assert str(refusal.value) == (
        f"split.pairs_to_test: cannot move {available + 1} symmetric pairs,"
        f" {available} remain in the training set"
    )


def symmetric_pairs_within(rows, task, reflections):
    return [pair for pair in symmetric_pairs(task, reflections) if pair <= set(rows.tolist())]


@pytest.mark.parametrize(
    ("splitter", "message"),
    [
        (
            degenerate([0], test_to_train=6),
            "split.test_to_train: cannot move 6 fixed points, 5 remain in the test set",
        ),
        (
            degenerate([0, 1], test_to_train=11),
            "split.test_to_train: cannot move 11 fixed points, 10 remain in the test set",
        ),
        (
            degenerate([0], train_to_test=21),
            "split.train_to_test: cannot move 21 training points, 20 remain in the training set",
        ),
        (
            degenerate([0], train_to_test=1, pairs_to_test=10),
            "split.pairs_to_test: cannot move 10 symmetric pairs, 9 remain in the training set",
        ),
        (
            degenerate([0, 1], pairs_to_test=1),
            "split.pairs_to_test: cannot move 1 symmetric pairs, 0 remain in the training set",
        ),
    ],
)
def test_more_than_there_is_cannot_move(splitter, message):
    with pytest.raises(SettingError) as refusal, setting_prefix("split"):
        cut(splitter, addition(5))
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("splitter", "message"),
    [
        (degenerate([0, 1, 2]), "split.reflections: leaves the training set empty"),
        (degenerate([0], train_to_test=6), "split.train_to_test: leaves the training set empty"),
        (degenerate([0], pairs_to_test=3), "split.pairs_to_test: leaves the training set empty"),
        (degenerate([0], 0, 2, 2), "split.pairs_to_test: leaves the training set empty"),
        (degenerate([0, 1, 2], test_to_train=9), "split.test_to_train: leaves the test set empty"),
    ],
)
def test_a_split_that_leaves_a_side_empty_is_refused(splitter, message):
    with pytest.raises(SettingError) as refusal, setting_prefix("split"):
        cut(splitter, addition(3), seed=1)  # whose two training points are one pair
    assert str(refusal.value).startswith(message)


@pytest.mark.parametrize(
    ("task", "reflections", "message"),
    [
        (addition(5), [5], "5 is not an element of Z5; its elements run from 0 to 4"),
        (addition(5), [[1]], "[1] is not an element of Z5"),
        (addition(5), [True], "True is not an element of Z5"),
        (addition(5), [0, "1"], "'1' is not an element of Z5"),
        (multiplication(7, False), [0], "0 is not an element of the units mod 7"),
        (abelian([5, 7]), [[5, 0]], "[5, 0] is not an element of Z5 x Z7"),
        (abelian([5, 7]), [2], "2 is not an element of Z5 x Z7"),
    ],
)
def test_a_reflection_that_is_no_element_is_refused_with_a_hint(task, reflections, message):
    with pytest.raises(SettingError) as refusal, setting_prefix("split"):
        cut(degenerate(reflections), task)
    assert str(refusal.value).startswith(f"split.reflections: {message}")
    assert str(refusal.value).endswith(f"one reflection is written [{task.group.example}]")


def test_a_reflection_of_a_product_without_its_outer_brackets_is_written_out():
    with pytest.raises(SettingError) as refusal:
        cut(degenerate([2, 3]), abelian([5, 7]))
    assert str(refusal.value).endswith("one reflection is written [[2, 3]]")


@pytest.mark.parametrize("reflections", [0, "0", None, [], {0: 1}])
def test_reflections_that_are_no_list_are_refused_with_an_example(reflections):
    with pytest.raises(SettingError, match=r"^reflections must be a list .*\[\[2, 3\]\]"):
        degenerate(reflections)


@pytest.mark.parametrize("name", ["test_to_train", "train_to_test", "pairs_to_test"])
@pytest.mark.parametrize("count", [-1, 1.0, "1", True, None])
def test_a_move_that_is_no_count_is_refused(name, count):
    with pytest.raises(SettingError) as refusal:
        degenerate([0], **{name: count})
    assert str(refusal.value) == f"{name} must be an integer of at least 0, got {count!r}"


@pytest.fixture
def listed(tmp_path):
    def write(content):
        path = tmp_path / "pairs.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Listed(str(path))

    return write


def test_the_listed_pairs_train_and_all_others_test(listed):
    task = multiplication(7, False)
    split = cut(listed("a,b\n6,1\n1,2\n3,3\n"), task)
    elements = np.array(task.group.elements)
    assert is_partition(split, task)
    assert elements[task.pairs[split.train]].tolist() == [[1, 2], [3, 3], [6, 1]]
    assert split.strata == {}


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n0,3\n",
        " a , b \n 1 , 2 \n0,3",
        "\ufeffa,b\r\n1,2\r\n0,3\r\n",
        '"a","b"\n"1",2\n0,3',
    ],
)
def test_a_listed_file_may_be_written_in_any_usual_way(listed, content):
    task = addition(4)
    assert task.pairs[cut(listed(content), task).train].tolist() == [[0, 3], [1, 2]]


def test_an_element_of_a_product_is_listed_by_coordinates_or_by_number(listed):
    task = abelian([2, 3, 4])
    by_coordinates = cut(listed('a,b\n"[1, 0, 3]","[0, 2, 1]"\n'), task)
    by_number = cut(listed("a,b\n15,9\n"), task)
    assert same(by_coordinates, by_number)
    (pair,) = task.pairs[by_number.train]
    assert [task.group.elements[i] for i in pair] == [(1, 0, 3), (0, 2, 1)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1: the header must be a,b, got ''"),
        ("0,1\n", "line 1: the header must be a,b, got '0,1'"),
        ("b,a\n0,1\n", "line 1: the header must be a,b, got 'b,a'"),
        ("a,b,c\n0,1,2\n", "line 1: the header must be a,b, got 'a,b,c'"),
        ("a,b\n0,1\n0,1,2\n", "line 3: expected two values a,b, got '0,1,2'"),
        ("a,b\n0\n", "line 2: expected two values a,b, got '0'"),
        ("a,b\n0,x\n", "line 2: 'x' is not a number or a list"),
        ("a,b\n0,\n", "line 2: '' is not a number or a list"),
        ("a,b\n0,1\n1,4\n", "line 3: 4 is not an element of Z4; its elements run from 0 to 3"),
        ("a,b\n0,-1\n", "line 2: -1 is not an element of Z4"),
        ("a,b\n0,1.0\n", "line 2: 1.0 is not an element of Z4"),
        ("a,b\ntrue,1\n", "line 2: True is not an element of Z4"),
        ('a,b\n0,"[1]"\n', "line 2: [1] is not an element of Z4"),
        ("a,b\n0,1\n2,3\n0,1\n", "line 4: the pair 0,1 is listed twice"),
        (b"a,b\n\xff\xfe\n", "cannot be read (not a text file in UTF-8)"),
        (b"\x89PNG\r\n\x1a\n\x00", "cannot be read (not a text file in UTF-8)"),
    ],
)
def test_a_listed_file_that_is_wrong_is_refused_where_it_is_wrong(listed, content, message):
    splitter = listed(content)
    with pytest.raises(SettingError) as refusal, setting_prefix("split"):
        cut(splitter, addition(4))
    assert str(refusal.value).startswith(f"split.path: {splitter.path}: {message}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n24,0\n", "line 2: 24 is not an element of Z2 x Z3 x Z4"),
        ("a,b\n-1,0\n", "line 2: -1 is not an element of Z2 x Z3 x Z4"),
        ('a,b\n"[1, 0, 4]",0\n', "line 2: [1, 0, 4] is not an element of Z2 x Z3 x Z4"),
        ('a,b\n"[1, 0]",0\n', "line 2: [1, 0] is not an element of Z2 x Z3 x Z4"),
        ('a,b\n"[1, 0, 3]",0\n15,"[0, 0, 0]"\n', "line 3: the pair 15,[0, 0, 0] is listed twice"),
    ],
)
def test_a_listed_element_outside_a_product_is_refused(listed, content, message):
    with pytest.raises(SettingError) as refusal:
        cut(listed(content), abelian([2, 3, 4]))
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "side"),
    [
        ("a,b\n", "training"),
        ("a,b\n" + "".join(f"{a},{b}\n" for a in range(4) for b in range(4)), "test"),
    ],
)
def test_a_listed_file_of_no_pair_or_of_all_is_refused(listed, content, side):
    with pytest.raises(SettingError, match=rf"^path: .*leaves the {side} set empty"):
        cut(listed(content), addition(4))


def test_a_listed_file_that_is_not_there_is_named(tmp_path):
    path = str(tmp_path / "nowhere.csv")
    with pytest.raises(SettingError) as refusal:
        cut(Listed(path), addition(4))
    assert str(refusal.value) == (
        f"path: {path}: cannot be read (No such file or directory);"
        " give a CSV file with columns a,b"
    )


def test_a_folder_is_no_listed_file(tmp_path):
    with pytest.raises(SettingError, match=r"cannot be read \(Is a directory\)"):
        cut(Listed(str(tmp_path)), addition(4))


@pytest.mark.parametrize("path", ["", None, 5, ["pairs.csv"]])
def test_a_path_that_is_no_text_is_refused(path):
    with pytest.raises(SettingError, match=r"^path must be the path of a CSV file"):
        Listed(path)


@pytest.mark.parametrize("text", ["true", "[" * 100_000, "x" * 200_000])
def test_no_text_in_a_listed_file_ends_in_a_traceback(text, tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text(f"a,b\n0,{text}\n", encoding="utf-8")
    with pytest.raises(SettingError, match="line 2: "):
        cut(Listed(str(path)), abelian([2, 3]))


def test_blank_lines_at_the_end_of_a_listed_file_do_no_harm(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("a,b\n0,1\n\n\n", encoding="utf-8")
    assert cut(Listed(str(path)), addition(3)).train.tolist() == [1]


@pytest.mark.parametrize("moved", [0, 3, 7])
def test_partners_of_held_out_points_move_and_are_told_apart(moved):
    """Fix(sr^3) of addition mod 7 is a = b + 3 or b − 3; the swap takes (a, b) to (b, a)."""
    task = addition(7)
    split = cut(Partners(degenerate([3]), 0, moved), task)
    base = {tuple(pair) for pair in task.pairs[cut(degenerate([3]), task).test]}
    test = [tuple(pair) for pair in task.pairs[split.test]]
    train = {tuple(pair) for pair in task.pairs[split.train]}
    assert is_partition(split, task) and len(test) == len(base) + moved
    for row, pair in enumerate(test):
        own = [name for name, mask in split.strata.items() if mask[row]]
        if pair not in base:
            assert own == ["moved"] and pair[::-1] in base
        else:
            assert own == ["paired" if pair[::-1] in train else "unpaired"]


def test_partners_refuses_more_than_there_are_and_no_element():
    with pytest.raises(SettingError, match="cannot move 8 partners, 7 remain"):
        cut(Partners(degenerate([3]), 0, 8), addition(7))
    with pytest.raises(SettingError, match="9 is not an element"):
        cut(Partners(degenerate([3]), 9, 0), addition(7))
