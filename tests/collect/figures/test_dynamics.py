"""Figures of the arrays that runs of an environment keep."""

import numpy as np
import pytest

from grokrfm.algebra import dihedral
from grokrfm.collect.figures import FigureError, draw
from grokrfm.collect.figures.angles import in_turns, plane_names
from grokrfm.collect.figures.latents import joins, projected
from grokrfm.environments.gridworld import torus
from grokrfm.runs import predictions
from tests.collect.figures.drawn import legend, texts
from tests.collect.synthetic import run

S3 = dihedral(3).table


@pytest.fixture
def kept(study):
    """A study of one run that kept some arrays."""

    def written(**arrays):
        folder = study(run("d1"))
        predictions.write(folder, "d1", arrays)
        return folder

    return written


@pytest.mark.parametrize("kind", ["angles", "latents", "strips", "products"])
def test_what_no_run_has_saved_is_said(kept, kind):
    folder = kept(rows=np.arange(3), predicted=np.arange(3))  # as a run of the other learner
    with pytest.raises(FigureError, match=r"no finished run saved .*; there is nothing to draw$"):
        draw(folder, {"kind": kind})


ANGLES = {
    "action_names": np.array(["left", "flip"]),
    "eigen_angles": np.array([[0.0, 0.19], [0.0, 0.5]]),
    "plane_angles": np.array([[0.2, 0.0, 0.0, -0.3, 0.0, 1.0], [0.0] * 6]) * 2 * np.pi,
    "orders": np.array([5, 2]),
}


def test_eigen_angles_stand_beside_what_the_order_of_the_action_allows(kept):
    left, right = draw(kept(**ANGLES), {"kind": "angles"}).axes
    *possible, found = left.get_lines()
    assert [line.get_xdata().tolist() for line in possible] == [[0, 0.2, 0.4], [0, 0.5]]
    assert [set(line.get_ydata()) for line in possible] == [{0}, {1}]
    assert found.get_xdata().tolist() == [0, 0.19, 0, 0.5]
    assert found.get_ydata().tolist() == [0, 0, 1, 1]
    assert [tick.get_text() for tick in left.get_yticklabels()] == ["left", "flip"]
    planes = [tick.get_text() for tick in right.get_xticklabels()]
    assert planes == ["12", "13", "14", "23", "24", "34"]
    written = texts(right)
    assert (written[0, 0], written[3, 0], written[5, 0]) == ("+0.200", "−0.300", "0")


def test_without_a_table_no_orders_are_drawn(kept):
    arrays = {name: array for name, array in ANGLES.items() if name != "orders"}
    assert len(draw(kept(**arrays), {"kind": "angles"}).axes[0].get_lines()) == 1


def test_a_rotation_by_whole_turns_is_none():
    np.testing.assert_allclose(in_turns(np.array([2, -4.5, 0.5]) * np.pi), [0, -0.25, 0.25])
    assert plane_names(45)[-1] == "9,10"


def circle(n):
    angles = 2 * np.pi * np.arange(n) / n
    return np.stack([np.cos(angles), np.sin(angles), np.full(n, 3.0)], axis=1)


def test_a_circle_is_projected_on_its_plane():
    points, shares = projected(circle(5), 2)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1)
    np.testing.assert_allclose(shares, [0.5, 0.5])
    points, shares = projected(np.zeros((4, 2)), 3)
    assert not points.any() and not shares.any()


def test_an_action_and_its_inverse_share_their_lines():
    joined = joins(torus(3), np.array(["down", "up", "right", "left"]))
    assert [sorted(name.split(" / ")) for name in joined] == [["down", "up"], ["left", "right"]]
    table = torus(3)
    for edges, action in zip(joined.values(), (0, 2), strict=True):
        expected = {frozenset((s, int(table[s, action]))) for s in range(9)}
        assert {frozenset(map(int, edge)) for edge in edges} == expected
    assert joins(np.array([[0], [1]]), np.array(["stay"])) == {}


@pytest.mark.parametrize("axes", [2, 3])
def test_states_are_joined_along_the_actions(kept, axes):
    steps = np.arange(4)
    arrays = {"latents": circle(4), "transitions": np.stack([(steps + 1) % 4], axis=1)}
    figure = draw(kept(**arrays, action_names=np.array(["on"])), {"kind": "latents", "axes": axes})
    lines, dots = figure.axes[0].get_lines()
    x = lines.get_data_3d()[0] if axes == 3 else lines.get_xdata()
    assert np.isnan(x).sum() == 4  # a gap after each of the four edges
    assert dots.get_marker() == "o"
    assert legend(figure) == ["on"]
    assert f"50 + 50{' + 0' if axes == 3 else ''} %" in figure.axes[0].get_title()


def frames(shape, count=11):
    return np.random.default_rng(0).uniform(size=(count, *shape))


@pytest.mark.parametrize("shape", [(9,), (1, 4, 4), (3, 4, 4)], ids=["grid", "grey", "colour"])
def test_true_frames_stand_above_predicted_ones(kept, shape):
    true = frames(shape)
    folder = kept(strip_true=true, strip_predicted=1 - true)
    figure = draw(folder, {"kind": "strips", "horizons": [0, 10, 50]})  # 50: beyond the roll-out
    shown = [axes for axes in figure.subfigs[0].axes if axes.images]
    assert [axes.get_title() for axes in shown] == ["0 actions", "10 actions", "", ""]
    for axes, frame in zip(shown, (true[0], true[10], 1 - true[0], 1 - true[10]), strict=True):
        expected = frame.reshape(3, 3) if shape == (9,) else np.moveaxis(frame, 0, 2).squeeze()
        np.testing.assert_allclose(axes.images[0].get_array(), expected)


def test_an_observation_that_fills_no_square_is_drawn_as_bars(kept):
    true = frames((10,))
    folder = kept(strip_true=true, strip_predicted=true)
    axes = draw(folder, {"kind": "strips", "horizons": [3]}).subfigs[0].axes[0]
    np.testing.assert_allclose([bar.get_height() for bar in axes.patches], true[3])
    longer = frames((70,))
    folder = kept(strip_true=longer, strip_predicted=longer)
    [image] = draw(folder, {"kind": "strips", "horizons": [3]}).subfigs[0].axes[0].images
    np.testing.assert_allclose(np.ravel(image.get_array()), [*longer[3], *[0.0] * 11])
    with pytest.raises(FigureError, match="horizons: 11 is more than the 10 actions"):
        draw(folder, {"kind": "strips", "horizons": [11]})


def test_products_that_are_wrong_or_near_none_are_shown(kept):
    learned = S3.copy()
    learned[1, 2], learned[4, 5] = -1, (S3[4, 5] + 1) % 6
    figure = draw(kept(true_products=S3, learned_products=learned), {"kind": "products"})
    left, right = figure.axes
    np.testing.assert_array_equal(left.images[0].get_array(), S3)
    shown = np.ma.filled(right.images[0].get_array(), np.nan)
    np.testing.assert_array_equal(np.where(np.isnan(shown), -1, shown), learned)
    assert right.get_title() == "learned products: 94.4 % are right"
    assert texts(right)[5, 4] == str(learned[4, 5]) and (2, 1) not in texts(right)
    assert [len(axes.get_lines()[0].get_xdata()) for axes in (left, right)] == [0, 1]
    assert legend(figure) == ["another element", "near the matrix of no element"]
    right_ones = draw(kept(true_products=S3, learned_products=S3), {"kind": "products"})
    assert right_ones.axes[1].get_title().endswith("100 % are right") and not right_ones.legends
