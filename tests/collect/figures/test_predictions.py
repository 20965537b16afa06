import numpy as np
import pytest
from matplotlib.colors import to_rgb

from grokrfm import tasks
from grokrfm.collect.figures import FigureError, draw
from grokrfm.collect.figures.predictions import (
    RIGHT,
    SHADES,
    TRAINED,
    TRAINED_WRONG,
    UNDECIDED,
    WRONG,
    verdicts,
)
from grokrfm.experiment.arrays import reflections
from grokrfm.runs import predictions
from grokrfm.splits import FixedPoints
from tests.collect.figures.drawn import legend
from tests.collect.synthetic import run

PRESET = {"kind": "predictions", "tolerance": 1e-6}


def table(n=3):
    """Addition mod n: the diagonal is held out, the rest trains; everything is right."""
    a, b = np.divmod(np.arange(n * n), n)
    training = a != b
    rows = np.argsort(~training, kind="stable")  # training rows first, as a run writes them
    labels = (a + b)[rows] % n
    operands = np.stack([a, b], axis=1)[rows]
    kept = {"rows": rows, "operands": operands, "labels": labels, "training": training[rows]}
    return kept | {"predicted": labels.copy(), "lead": np.full(n * n, 0.5)}


def change(kept, a, b, **values):
    [place] = np.flatnonzero((kept["operands"] == [a, b]).all(axis=1))
    for name, value in values.items():
        kept[name][place] = value


@pytest.fixture
def folder(study):
    kept = table()
    change(kept, 1, 1, predicted=0)
    change(kept, 2, 2, lead=1e-7)
    change(kept, 0, 2, predicted=0)
    written = study(run("d1", config={"seed": 4}))
    about = reflections(tasks.addition(3), FixedPoints([0], 0, 0, 0))
    predictions.write(written, "d1", {**kept, **about})
    return written


def marked(figure):
    [marks] = figure.axes[0].get_lines()
    return sorted(zip(marks.get_ydata(), marks.get_xdata(), strict=True))


def test_every_pair_has_its_fate(folder):
    [axes] = draw(folder, PRESET).axes
    assert np.ma.filled(axes.images[0].get_array(), -1).tolist() == [
        [RIGHT, TRAINED, TRAINED_WRONG],
        [TRAINED, WRONG, TRAINED],
        [TRAINED, TRAINED, UNDECIDED],
    ]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("a", "b")


def test_the_axis_of_the_reflection_is_marked(folder):
    figure = draw(folder, PRESET)
    assert marked(figure) == [(0, 0), (1, 1), (2, 2)]
    assert legend(figure)[-1] == "reflection axis"
    assert marked(draw(folder, PRESET | {"reflections": [1]})) == [(0, 1), (1, 2), (2, 0)]
    assert not draw(folder, PRESET | {"reflections": "none"}).axes[0].get_lines()


def test_the_legend_names_what_occurs_only(folder, study):
    assert len(legend(draw(folder, PRESET))) == 6
    plain = study(run("d1"), name="plain")
    predictions.write(plain, "d1", table())
    assert legend(draw(plain, PRESET)) == ["trained on", "test, right"]


def test_fates_are_told_apart_in_grey():
    weights = [0.2126, 0.7152, 0.0722]
    greys = sorted(np.dot(to_rgb(colour), weights) for colour, _ in SHADES.values())
    assert np.diff(greys).min() > 0.1


def test_two_operations_stand_below_each_other():
    kept = table(2)
    both = {name: np.concatenate([array, array]) for name, array in kept.items()}
    both["rows"] = np.concatenate([kept["rows"], kept["rows"] + 4])
    np.testing.assert_array_equal(verdicts(both, 0.0), np.tile(verdicts(kept, 0.0), (2, 1)))


def test_without_predictions_the_figure_says_what_is_lacking(study):
    with pytest.raises(FigureError, match="no finished run saved predictions of a table"):
        draw(study(run("d1")), PRESET)


def test_the_axes_name_elements_in_the_order_of_their_logarithms_if_asked(study):
    task = tasks.multiplication(5, allow_composite=False)
    n = task.group.order
    kept = {
        "rows": np.arange(n * n),
        "operands": task.pairs,
        "labels": task.labels,
        "training": task.labels != 0,
        "predicted": task.labels,
        "lead": np.ones(n * n),
        **reflections(task, FixedPoints([1], 0, 0, 0)),
    }
    folder = study(run("d1"))
    predictions.write(folder, "d1", kept)
    for order, names in {"table": ["1", "2", "3", "4"], "logarithm": ["1", "2", "4", "3"]}.items():
        figure = draw(folder, PRESET | {"order": order})
        [axes] = figure.axes
        figure.draw_without_rendering()
        for axis in (axes.xaxis, axes.yaxis):
            assert [label.get_text() for label in axis.get_ticklabels()] == names
        shown = axes.images[0].get_array()
        tested = {(names[a], names[b]) for a, b in zip(*np.nonzero(shown == RIGHT), strict=True)}
        assert tested == {("1", "1"), ("2", "3"), ("3", "2"), ("4", "4")}  # ab = 1
        marks = {(names[int(a)], names[int(b)]) for a, b in marked(figure)}
        assert marks == {(name, name) for name in names}  # of the swap
