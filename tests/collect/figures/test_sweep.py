import numpy as np
import pytest

from grokrfm.collect.figures import FigureError, draw
from tests.collect import naive
from tests.collect.figures.drawn import legend
from tests.collect.synthetic import failed, run

MOVED = "split.train_to_test"
ACCURACIES = {
    ("gaussian", 0): [0.0, 0.0, 0.0],
    ("gaussian", 1): [0.9, 1.0, 0.8],
    ("quadratic", 0): [0.1, 0.0, 0.2],
    ("quadratic", 1): [0.5, 0.1],  # a third run failed
}
PRESET = {"kind": "sweep", "x": MOVED, "value": "test_accuracy", "by": "kernel.name"}


def config(kernel, moved, seed):
    return {"kernel": {"name": kernel}, "split": {"train_to_test": moved}, "seed": seed}


def swept(levels=(0, 1)):
    for (kernel, moved), values in ACCURACIES.items():
        for seed in range(3):
            digest = f"{kernel}{moved}{seed}"
            named = {"config": config(kernel, levels[moved], seed)}
            if seed < len(values):
                y = values[seed]
                metrics = {"test_accuracy": y, "test_accuracy_moved": 1.0 if moved else None}
                yield run(digest, metrics=metrics, **named)
            else:
                yield failed(digest, **named)


def lines(axes):
    """The lines of means: those with an error bar."""
    return [container.lines[0] for container in axes.containers]


def bars(container):
    [bar] = container.lines[2]
    return {segment[0][0]: (segment[0][1], segment[1][1]) for segment in bar.get_segments()}


def test_points_are_means_with_students_interval(study):
    [axes] = draw(study(*swept()), PRESET).axes
    for container, kernel in zip(axes.containers, ("gaussian", "quadratic"), strict=True):
        samples = [ACCURACIES[kernel, moved] for moved in (0, 1)]
        line = container.lines[0]
        assert line.get_xdata().tolist() == [0, 1]
        np.testing.assert_allclose(line.get_ydata(), [np.mean(sample) for sample in samples])
        expected = np.clip(naive.student(samples[1]), 0, 1)
        assert bars(container)[1.0] == pytest.approx(expected, rel=1e-6)
    assert bars(axes.containers[0])[0.0] == (0.0, 0.0)


def test_a_point_that_lacks_runs_has_an_open_marker_and_the_legend_says_so(study):
    figure = draw(study(*swept()), PRESET)
    [axes] = figure.axes
    hollow = [line for line in axes.get_lines() if line.get_markerfacecolor() == "white"]
    assert [line.get_xdata().tolist() for line in hollow] == [[], [1]]
    assert legend(figure) == [
        "gaussian (n = 3)",
        "quadratic (n = 2 to 3)",
        "open: some runs are missing",
    ]


def test_strata_are_panels_and_a_stratum_without_points_is_no_missing_run(study):
    figure = draw(study(*swept()), PRESET | {"value": ["test_accuracy", "test_accuracy_moved"]})
    everything, moved = figure.axes
    assert [line.get_xdata().tolist() for line in lines(everything)] == [[0, 1], [0, 1]]
    assert [line.get_xdata().tolist() for line in lines(moved)] == [[1], [1]]
    assert moved.get_ylabel() == "moved points right (share)"
    assert all(tick % 1 == 0 for tick in moved.get_xticks())


def test_levels_that_are_no_numbers_are_spaced_evenly_and_named(study):
    figure = draw(study(*swept(levels=("many", "$x_1$"))), PRESET)
    [axes] = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["$x_1$", "many"]
    gaussian = lines(axes)[0]
    assert gaussian.get_xdata().tolist() == [0, 1]
    np.testing.assert_allclose(gaussian.get_ydata(), [0.9, 0.0])
    assert gaussian.get_linestyle() == "None"  # a line would say that there is something between
    [axes] = draw(study(*swept()), PRESET).axes
    assert lines(axes)[0].get_linestyle() != "None"


def test_every_run_can_be_a_dot(study):
    [axes] = draw(study(*swept()), PRESET | {"seeds": True}).axes
    dots = [line for line in axes.get_lines() if line.get_marker() == "."]
    drawn = sorted(y for line in dots for y in line.get_ydata())
    np.testing.assert_allclose(drawn, sorted(y for some in ACCURACIES.values() for y in some))


def test_the_axis_can_be_logarithmic_with_plain_ticks(study):
    [axes] = draw(study(*swept(levels=(1, 1000))), PRESET | {"scale": "log"}).axes
    assert axes.get_xscale() == "log"
    axes.figure.draw_without_rendering()
    assert "1000" in [label.get_text() for label in axes.get_xticklabels()]


def test_averaging_over_another_setting_is_refused(study):
    with pytest.raises(FigureError, match=r"average over kernel\.name"):
        draw(study(*swept()), PRESET | {"by": []})
