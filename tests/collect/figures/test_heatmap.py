import numpy as np
import pytest
from matplotlib.patches import Rectangle

from grokrfm.collect.figures import FigureError, draw
from tests.collect.figures.drawn import legend, texts
from tests.collect.synthetic import failed, run

ACCURACIES = {(0, 0): [0.0, 0.1], (0, 5): [0.2, 0.95], (10, 0): [1.0, 0.9]}  # (10, 5): none planned
PRESET = {"kind": "heatmap", "x": "split.moved", "y": "split.pairs", "value": "test_accuracy"}


def swept(**more):
    for (moved, pairs), values in ACCURACIES.items():
        for seed, value in enumerate(values):
            config = {"split": {"moved": moved, "pairs": pairs}, "seed": seed, **more}
            name = f"d{moved}{pairs}{seed}{more}"
            yield run(name, config=config, metrics={"test_accuracy": value})


def painted(axes):
    return np.ma.filled(axes.images[0].get_array().astype(float), np.nan)


def hatched(axes):
    found = [patch for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_hatch()]
    return {(patch.get_x() + 0.5, patch.get_y() + 0.5) for patch in found}


def test_cells_are_means_and_what_is_not_planned_is_blank(study):
    axes = draw(study(*swept()), PRESET).axes[0]
    np.testing.assert_allclose(painted(axes), [[0.05, 0.95], [0.575, np.nan]])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "10"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "5"]
    assert texts(axes) == {(0, 0): "0.05", (1, 0): "0.95", (0, 1): "0.57"}  # one format
    assert axes.figure.axes[1].get_ylabel() == "mean test accuracy (n = 2 per cell)"
    assert hatched(axes) == set()


def test_with_a_threshold_cells_are_shares_of_runs(study):
    figure = draw(study(*swept()), PRESET | {"threshold": 0.9})
    np.testing.assert_allclose(painted(figure.axes[0]), [[0.0, 1.0], [0.5, np.nan]])
    label = " ".join(figure.axes[1].get_ylabel().split())
    assert label == "share of runs with test accuracy ≥ 0.9 (n = 2 per cell)"
    assert figure.axes[0].images[0].get_clim() == (0, 1)


def test_cells_that_lack_runs_are_hatched_and_say_how_many(study):
    config = {"split": {"moved": 10, "pairs": 5}, "seed": 0}
    partly = {"split": {"moved": 0, "pairs": 0}, "seed": 2}
    figure = draw(
        study(*swept(), failed("f1", config=config), run("r1", None, config=partly)), PRESET
    )
    axes = figure.axes[0]
    assert hatched(axes) == {(1, 1), (0, 0)}
    assert texts(axes)[0, 0] == "0.05\n2 of 3"
    assert texts(axes)[1, 1] == "0 of 1"
    assert texts(axes)[1, 0] == "0.95\nn=2"
    assert figure.axes[1].get_ylabel() == "mean test accuracy"
    np.testing.assert_allclose(painted(axes)[0, 0], 0.05)
    assert legend(figure) == ["hatched: some runs are missing"]


def test_groups_are_panels_on_one_scale(study):
    runs = [*swept(kernel={"name": "a"}), *swept(kernel={"name": "b"})]
    figure = draw(study(*runs), PRESET | {"by": "kernel.name"})
    assert [axes.get_title() for axes in figure.axes[:2]] == ["a", "b"]
    assert figure.axes[0].images[0].get_clim() == figure.axes[1].images[0].get_clim()


def test_more_cells_than_can_be_seen_are_refused(study):
    many = [
        run(f"d{i}", config={"split": {"moved": i, "pairs": 0}}, metrics={"test_accuracy": 0.5})
        for i in range(61)
    ]
    with pytest.raises(FigureError, match="61 x 1 cells are too many"):
        draw(study(*many), PRESET)


def test_a_value_that_no_run_has_is_said(study):
    with pytest.raises(FigureError, match="no finished run has measured test_accuracy"):
        draw(study(failed("d1", config={"split": {"moved": 0, "pairs": 0}})), PRESET)


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ([0.0, 1.0], ["0.00", "1.00"]),
        ([12.0, 240.5], ["12", "240"]),
        ([3.0, 17.0], ["3", "17"]),
        ([0.5, 12.25], ["0.5", "12.2"]),
        ([0.0125, 0.5], ["0.01", "0.50"]),
        ([0.0125, 0.05], ["0.0125", "0.0500"]),
    ],
    ids=str,
)
def test_all_cells_have_one_format_of_numbers(study, values, written):
    runs = [
        run(f"d{i}", config={"split": {"moved": i, "pairs": 0}}, metrics={"test_loss": value})
        for i, value in enumerate(values)
    ]
    figure = draw(study(*runs), PRESET | {"value": "test_loss"})
    assert list(texts(figure.axes[0]).values()) == written
