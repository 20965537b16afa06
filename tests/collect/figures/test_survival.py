import math

import numpy as np
import pytest

from grokrfm.collect.figures import FigureError, draw
from tests.collect import naive
from tests.collect.figures.drawn import legend, texts
from tests.collect.synthetic import failed, run

PRESET = {"kind": "survival", "value": "grok_iteration"}


def grokked(digest, at, updates=20, **rest):
    metrics = {"grok_iteration": at, "updates": updates, **rest}
    return run(digest, metrics=metrics)


@pytest.fixture
def watched(study):
    """Three runs that grok (two at once), one censored at 9 and one at 19, and a failed one."""
    runs = [grokked("d1", 4), grokked("d2", 7), grokked("d3", 7), grokked("d4", None, 10)]
    return study(*runs, grokked("d5", None), failed("d6"))


def test_the_curve_is_kaplan_and_meiers(watched):
    figure = draw(watched, PRESET)
    line = figure.axes[0].get_lines()[0]
    steps = dict(zip(line.get_xdata(), line.get_ydata(), strict=True))
    # by hand: 5 at risk at 4, 4 at risk at 7 of which two grok
    assert steps[0] == 1.0
    assert steps[4] == pytest.approx(4 / 5)
    assert steps[7] == pytest.approx(4 / 5 * 2 / 4)
    assert steps[19] == pytest.approx(2 / 5)
    assert line.get_drawstyle() == "steps-post"
    expected = naive.survival([4, 7, 7], [9, 19])
    assert {time: steps[time] for time in expected} == pytest.approx(expected)
    assert legend(figure) == ["n = 5 of 6"]


def test_the_band_is_the_log_log_interval_by_greenwood(watched):
    [band] = draw(watched, PRESET).axes[0].collections
    variance = 1 / (5 * 4) + 2 / (4 * 2)
    share = 2 / 5
    spread = naive.Z975 * math.sqrt(variance) / math.log(share)
    expected = share ** math.exp(-spread), share ** math.exp(spread)
    heights = band.get_paths()[0].vertices[:, 1]
    for bound in expected:
        assert np.abs(heights - bound).min() < 1e-6


def test_censored_runs_are_ticks_on_the_curve(watched):
    [ticks] = [
        line for line in draw(watched, PRESET).axes[0].get_lines() if line.get_marker() == "|"
    ]
    assert ticks.get_xdata().tolist() == [9, 19]
    np.testing.assert_allclose(ticks.get_ydata(), [2 / 5, 2 / 5])


def test_those_at_risk_stand_below_the_curve(watched):
    _, below = draw(watched, PRESET).axes
    counts = {x: int(text) for (x, _), text in texts(below).items()}
    assert counts[0] == 5
    assert counts[5] == 4  # one grokked at 4
    assert counts[10] == 1  # two more at 7; one was last watched at 9
    assert counts[20] == 0


def test_a_run_that_stopped_since_nothing_moved_is_watched_for_ever(study):
    stopped = grokked("d2", None, 5, stopped_early=True)
    cut = grokked("d3", None, 5, stopped_early=False)
    line = draw(study(grokked("d1", 15), stopped, cut), PRESET).axes[0].get_lines()[0]
    steps = dict(zip(line.get_xdata(), line.get_ydata(), strict=True))
    assert steps[15] == pytest.approx(1 / 2)  # of the first two; the third was not watched so long


def test_groups_that_nobody_grokked_in_stay_at_one(study):
    line = draw(study(grokked("d1", None), grokked("d2", None)), PRESET).axes[0].get_lines()[0]
    assert set(line.get_ydata()) == {1.0}


def test_without_a_finished_run_there_is_nothing_to_draw(study):
    with pytest.raises(FigureError, match="no finished run has measured grok_iteration"):
        draw(study(failed("d1", metrics={"updates": 3}), run("d2", None)), PRESET)
