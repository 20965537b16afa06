"""Figures of large studies: bounded lines, points and levels, and words for what is left out."""

import numpy as np
import pytest

from grokrfm.collect.figures import FigureError, draw
from grokrfm.runs.features import write
from tests.collect.figures.drawn import legend
from tests.collect.synthetic import curve, run


def swept(count):
    """Runs of one kernel that differ in their ridge."""
    return [
        run(
            f"d{i:05}",
            config={"kernel": {"name": "gaussian"}, "rfm": {"ridge": i}, "seed": 0},
            history=curve(0.1, 0.9),
            metrics={"test_accuracy": i / count, "updates": 2},
        )
        for i in range(count)
    ]


@pytest.mark.parametrize("kind", ["iterations", "survival", "heatmap"])
def test_groups_are_counted_before_they_are_made(study, monkeypatch, kind):
    monkeypatch.setattr("grokrfm.collect.figures.kind.MOST_GROUPS", 30)
    folder = study(*swept(31))
    rest = {"heatmap": {"x": "seed", "y": "seed"}}.get(kind, {})
    preset = {"kind": kind, "value": "test_accuracy", "by": "rfm.ridge", **rest}
    with pytest.raises(FigureError, match=r"31 combinations of rfm\.ridge are too many"):
        draw(folder, preset)


def test_a_line_of_many_iterations_says_how_many_are_drawn(study, monkeypatch):
    monkeypatch.setattr("grokrfm.collect.figures.iterations.MOST_POINTS", 100)
    folder = study(run("d1", history=curve(*np.linspace(0, 1, 250).tolist())))
    [axes] = draw(folder, {"kind": "iterations", "value": "test_accuracy"}).axes
    [line] = axes.get_lines()
    assert line.get_xdata().tolist() == list(range(0, 250, 3))
    assert axes.get_xlabel() == "iteration (1 in 3 is drawn)"


def test_dots_of_many_runs_say_how_many_are_drawn(study, monkeypatch):
    preset = {"kind": "sweep", "x": "rfm.ridge", "value": "test_accuracy", "seeds": True}
    folder = study(*swept(40))
    [axes] = draw(folder, preset).axes
    assert [len(line.get_xdata()) for line in axes.lines if line.get_marker() == "."] == [40]
    assert legend(axes.figure) == ["n = 1"]
    monkeypatch.setattr("grokrfm.collect.figures.sweep.MOST_DOTS", 10)
    [axes] = draw(folder, preset).axes
    assert [len(line.get_xdata()) for line in axes.lines if line.get_marker() == "."] == [10]
    assert legend(axes.figure)[1:] == ["dots: 1 in 4 runs"]


@pytest.mark.parametrize(
    ("x", "bound"), [("rfm.ridge", "MOST_LEVELS"), ("task.name", "MOST_TICKS")]
)
def test_levels_that_do_not_fit_on_an_axis_are_refused(study, monkeypatch, x, bound):
    monkeypatch.setattr(f"grokrfm.collect.figures.sweep.{bound}", 3)
    runs = swept(4)
    for i, one in enumerate(runs):
        one["config"]["task"] = {"name": f"task {i}"}
    preset = {"kind": "sweep", "x": x, "value": "test_accuracy", "average_over": ["rfm.ridge"]}
    if x == "rfm.ridge":
        preset["average_over"] = ["task.name"]
    with pytest.raises(FigureError, match=rf"4 levels of {x} are too many, at most 3 fit"):
        draw(study(*runs), preset)


def test_spectra_of_a_group_are_bounded_and_counted(study, monkeypatch):
    monkeypatch.setattr("grokrfm.collect.figures.spectra.MOST_RUNS", 2)
    folder = study(*(run(f"d{i}", metrics={"updates": 1}) for i in range(5)))
    for i in range(5):
        write(folder, f"d{i}", {1: np.eye(3)})
    figure = draw(folder, {"kind": "spectra"})
    assert len(figure.axes[0].get_lines()) == 2
    assert legend(figure) == ["n = 2 of 5"]
