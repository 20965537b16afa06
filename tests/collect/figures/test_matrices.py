import numpy as np
import pytest

from grokrfm import tasks
from grokrfm.collect.figures import FigureError, draw
from grokrfm.experiment.arrays import reflections
from grokrfm.runs import features
from grokrfm.splits import FixedPoints
from tests.collect.figures.drawn import legend
from tests.collect.synthetic import failed, run

ADDITION = {"_target_": "grokrfm.tasks.addition", "name": "addition", "modulus": 3}


def arrays(held_out=(0,)):
    """Arrays that a run of addition mod 3 keeps beside its matrices."""
    return reflections(tasks.addition(3), FixedPoints(list(held_out), 0, 0, 0))


FACTS = {"title": "made up", "n_train": 6, "n_test": 3, "classes": 3}


@pytest.fixture
def kept(study):
    """A study of runs, by seed, that have kept some M_k."""

    def written(*matrices, fails=(), held_out=(0,), beside=None):
        runs = []
        for seed in range(len(matrices)):
            config = {"task": ADDITION, "seed": seed}
            made = failed if seed in fails else run
            runs.append(made(f"d{seed}", config=config, facts=FACTS))
        folder = study(*runs)
        for seed, held in enumerate(matrices):
            if held:
                about = arrays(held_out) if beside is None else beside
                features.write(folder, f"d{seed}", held, about)
        return folder

    return written


def symmetric(seed):
    A = np.random.default_rng(seed).normal(size=(6, 6))
    return A @ A.T


def panels(figure):
    """Title -> matrix shown."""
    figure.draw_without_rendering()
    shown = [axes for axes in figure.axes if axes.images and axes.get_title()]
    return {axes.get_title(): np.ma.filled(axes.images[0].get_array(), np.nan) for axes in shown}


def test_m_stands_beside_the_reflections_that_the_split_holds_out(kept):
    M = symmetric(0)
    figure = draw(kept({2: symmetric(1), 5: M}, held_out=(0, 2)), {"kind": "matrices"})
    shown = panels(figure)
    assert list(shown) == ["M, k = 5", "Π(sr^0)", "Π(sr^2)"]
    np.testing.assert_array_equal(shown["M, k = 5"], M)
    for k in (0, 2):
        expected = tasks.addition(3).reflection(k).permutation_matrix()
        np.testing.assert_array_equal(shown[f"Π(sr^{k})"], expected)
    scales = [axes for axes in figure.axes if axes.get_label() == "<colorbar>"]
    assert len(scales) == 1
    reach = np.abs(M).max()
    assert scales[0].get_ylim() == pytest.approx((-reach, reach))  # 0 is white


def test_k_reflections_and_diagonal_can_be_chosen(kept):
    M = symmetric(1)
    preset = {"kind": "matrices", "k": 2, "reflections": [1], "diagonal": "blank"}
    shown = panels(draw(kept({2: M, 5: symmetric(0)}), preset))
    assert list(shown) == ["M, k = 2", "Π(sr^1)"]
    off = ~np.eye(6, dtype=bool)
    np.testing.assert_array_equal(shown["M, k = 2"][off], M[off])
    assert np.isnan(np.diag(shown["M, k = 2"])).all()


def test_the_first_finished_run_by_seed_that_kept_m_is_shown(kept):
    M = symmetric(2)
    folder = kept({5: symmetric(0)}, None, {5: M}, {5: symmetric(1)}, fails=[0])
    shown = panels(draw(folder, {"kind": "matrices", "reflections": "none"}))
    assert list(shown) == ["seed 2, M, k = 5"]
    np.testing.assert_array_equal(shown["seed 2, M, k = 5"], M)


def drawn_matrices(study, names, element=1, **preset):
    """Figure of two runs of tasks with these names, of 1 and of 2 times the same M."""
    every = {
        "addition": tasks.addition(3),
        "multiplication": tasks.multiplication(7, allow_composite=False),
    }
    folder = study(*(run(f"d{i}", task=name, facts=FACTS) for i, name in enumerate(names)))
    for i, name in enumerate(names):
        task = every[name.rstrip("2")]
        M = (i + 1) * np.arange(4 * task.group.order**2).reshape(2 * task.group.order, -1)
        about = reflections(task, FixedPoints([element], 0, 0, 0))
        features.write(folder, f"d{i}", {1: M.astype(float)}, about)
    return draw(folder, {"kind": "matrices", "by": "task.name", **preset})


def test_every_m_is_on_one_scale_and_an_equal_permutation_is_drawn_once(study):
    figure = drawn_matrices(study, ["addition", "addition2"])
    assert list(panels(figure)) == ["addition\nM, k = 1", "addition2\nM, k = 1", "Π(sr^1)"]
    limits = [axes.images[0].get_clim() for axes in figure.axes if axes.images][:2]
    assert limits == [(-70, 70), (-70, 70)]
    assert len([axes for axes in figure.axes if axes.get_label() == "<colorbar>"]) == 1


def test_different_permutations_of_one_name_say_whose_they_are(study):
    shown = panels(drawn_matrices(study, ["addition", "multiplication"]))
    assert list(shown)[2:] == ["addition\nΠ(sr^1)", "multiplication\nΠ(sr^1)"]


def ticks(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_the_axes_name_elements_in_the_order_that_is_asked_for(study):
    axes = drawn_matrices(study, ["multiplication"]).axes[0]
    assert ticks(axes.xaxis) == ["1", "3", "5"] * 2
    assert [label.get_text() for label in axes.xaxis.get_ticklabels(minor=True)] == ["a", "b"]
    figure = drawn_matrices(study, ["multiplication"], element=3, order="logarithm")
    assert ticks(figure.axes[0].xaxis) == ["1", "2", "4"] * 2  # of 1 3 2 6 4 5, powers of 3
    [block] = [values for title, values in panels(figure).items() if title.startswith("Π")]
    expected = np.roll(np.eye(6), 1, axis=1)  # b = 3 a: the exponent is greater by 1
    np.testing.assert_array_equal(block[:6, 6:], expected)


def test_an_order_by_logarithms_that_were_not_kept_is_refused(kept):
    with pytest.raises(FigureError, match="needs a cyclic group, whose logarithms the run has"):
        beside = {k: v for k, v in arrays().items() if k != "logarithms"}
        draw(kept({5: symmetric(0)}, beside=beside), {"kind": "matrices", "order": "logarithm"})


def test_m_of_a_run_without_reflections_stands_alone(kept):
    folder = kept({5: symmetric(0)}, beside={})
    assert list(panels(draw(folder, {"kind": "matrices"}))) == ["M, k = 5"]
    with pytest.raises(FigureError, match="the run keeps none"):
        draw(folder, {"kind": "matrices", "reflections": [0]})


def test_reflections_of_a_product_are_named_by_its_elements(study):
    task = tasks.abelian([2, 3])
    about = reflections(task, FixedPoints([[1, 2]], 0, 0, 0))
    folder = study(run("d0", facts=FACTS))
    features.write(folder, "d0", {1: np.eye(12)}, about)
    for chosen in ("split", [[1, 2]]):
        shown = panels(draw(folder, {"kind": "matrices", "reflections": chosen}))
        expected = task.reflection(task.group.index([1, 2])).permutation_matrix()
        [name] = [name for name in shown if name.startswith("Π")]
        assert name == "Π(sr^[1, 2])"
        np.testing.assert_array_equal(shown[name], expected)


def test_an_element_that_the_group_lacks_is_refused(kept):
    with pytest.raises(
        FigureError,
        match="reflections: 7 is not an element of the group; its elements run from 0 to 2",
    ):
        draw(kept({5: symmetric(0)}), {"kind": "matrices", "reflections": [7]})


@pytest.mark.parametrize("kind", ["matrices", "spectra"])
def test_a_study_that_kept_no_m_says_so(kept, kind):
    with pytest.raises(FigureError, match="no finished run saved"):
        draw(kept(None, None), {"kind": kind})


def test_a_spectrum_is_that_of_m_over_its_largest_eigenvalue(kept):
    one, two = symmetric(3), symmetric(4)
    figure = draw(kept({0: two, 5: one}, {5: two}), {"kind": "spectra", "k": [0, "last"]})
    start, last = figure.axes
    for line, M in zip((*start.get_lines(), *last.get_lines()), (two, one, two), strict=True):
        singular = np.linalg.svd(M, compute_uv=False)  # of a positive semi-definite M the same
        np.testing.assert_allclose(line.get_ydata(), singular / singular[0], rtol=1e-6)
        assert line.get_xdata().tolist() == [1, 2, 3, 4, 5, 6]
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["after 0 updates", "after the last update"]
    assert last.get_yscale() == "log"
    assert legend(figure) == ["n = 2"]


def test_eigenvalues_that_rounding_made_negative_are_left_out_of_a_logarithmic_axis(kept):
    M = np.diag([4.0, 2.0, 1.0, 1e-17, 0.0, -1e-17])
    [line] = draw(kept({1: M}), {"kind": "spectra"}).axes[0].get_lines()
    np.testing.assert_allclose(line.get_ydata()[:3], [1, 0.5, 0.25])
    assert np.isnan(line.get_ydata()[4:]).all()
