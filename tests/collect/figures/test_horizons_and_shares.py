import numpy as np
import pytest

from grokrfm.collect.figures import FigureError, draw
from grokrfm.collect.intervals import wilson
from grokrfm.collect.tables import TableError
from tests.collect.figures.drawn import edges, legend, texts
from tests.collect.naive import student
from tests.collect.synthetic import failed, run


def model(name, seed, environment="grid"):
    return {"model": {"name": name}, "env": {"name": environment}, "seed": seed}


ERRORS = {"rotations": [[0.1, 0.2], [0.3, 0.2]], "direct": [[0.1, 1.0], [0.1, 2.0]]}


@pytest.fixture
def horizons(study):
    made = [
        run(
            f"{name}{seed}",
            config=model(name, seed),
            metrics={"error_at_100": last, "error_at_0": first, "error_at_end": 7.0},
        )
        for name, both in ERRORS.items()
        for seed, (first, last) in enumerate(both)
    ]
    return study(*made, run("x", config=model("rfm", 0), metrics={"test_accuracy": 1.0}))


PRESET = {"kind": "horizons", "value": "error_at", "by": ["model.name"]}


def test_a_line_is_the_mean_over_runs_with_its_band(horizons):
    figure = draw(horizons, PRESET | {"scale": "linear"})
    [axes] = figure.axes
    direct, rotations = axes.get_lines()
    assert direct.get_xdata().tolist() == rotations.get_xdata().tolist() == [0, 100]
    np.testing.assert_allclose(direct.get_ydata(), [0.1, 1.5])
    np.testing.assert_allclose(rotations.get_ydata(), [0.2, 0.2])
    assert edges(axes.collections[1])[0.0] == pytest.approx(student([0.1, 0.3]), rel=1e-6)
    assert legend(figure) == ["direct", "rotations"]  # no line of the third
    assert figure.legends[0].get_title().get_text() == "model (n = 2)"


def test_a_band_that_reaches_zero_leaves_a_logarithmic_panel_at_its_edge(horizons):
    [axes] = draw(horizons, PRESET).axes
    low, _ = edges(axes.collections[1])[0.0]
    assert low == axes.get_ylim()[0] == pytest.approx(0.05)
    assert axes.get_ylim()[1] > 2  # no line is cut off


def test_a_study_without_horizons_says_so(study):
    with pytest.raises(FigureError, match="no finished run has measured error_at_…"):
        draw(study(run("d1")), {"kind": "horizons", "value": "error_at"})


@pytest.fixture
def verdicts(study):
    made = {"s3": "rrrrfffnnn", "a5": "r" * 10}
    text = {"r": "recovered", "f": "fits", "n": "not_fitted"}
    runs = [
        run(f"{name}{seed}", config=model("rotations", seed, name), metrics={"verdict": text[x]})
        for name, all_of_it in made.items()
        for seed, x in enumerate(all_of_it)
    ]
    broken = failed("broken", config=model("rotations", 99, "s3"))
    return study(*runs, broken, run("rfm", config={"seed": 0}, metrics={"test_accuracy": 1.0}))


SHARES = {"kind": "shares", "x": "env.name", "value": "verdict", "text": "recovered"}


def test_shares_have_wilsons_interval_and_their_counts(verdicts):
    figure = draw(verdicts, SHARES | {"by": ["model.name"]})
    [axes] = figure.axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["a5", "S3", "–"]
    [container] = axes.containers
    np.testing.assert_allclose(container.lines[0].get_xydata(), [[0, 1.0], [1, 0.4]])
    [bars] = container.lines[2]
    for bar, (hits, n) in zip(bars.get_segments(), [(10, 10), (4, 10)], strict=True):
        np.testing.assert_allclose(bar[:, 1], wilson(hits, n), atol=1e-12)
    assert sorted(texts(axes).values()) == ["10 of 10", "4 of 10"]
    assert legend(figure) == ["rotations (n = 20 of 21)"]


def test_what_is_no_text_has_no_share(verdicts, study):
    with pytest.raises(TableError, match="'test_accuracy' holds no texts"):
        draw(verdicts, SHARES | {"value": "test_accuracy", "x": "seed"})


@pytest.mark.parametrize("last", [0.05, 50.0])
def test_ticks_of_a_logarithmic_axis_are_plain_text_on_every_span(study, last):
    metrics = {"error_at_0": 0.01, "error_at_100": last}
    drawn = study(run("d1", config=model("rotations", 0), metrics=metrics))
    figure = draw(drawn, {**PRESET, "scale": "log"})
    figure.canvas.draw()
    axis = figure.axes[0].yaxis
    ticks = [*axis.get_ticklabels(), *axis.get_ticklabels(minor=True)]
    labels = [tick.get_text() for tick in ticks if tick.get_text()]
    assert "0.01" in labels
    assert ("0.02" in labels) == (last < 1)  # few powers of ten: minor ticks have labels
    assert not any("$" in label for label in labels)
