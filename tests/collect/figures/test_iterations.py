import numpy as np
import pytest
from matplotlib.colors import to_rgb

from grokrfm import collect
from grokrfm.checks import GrokrfmError
from grokrfm.collect.figures import FigureError, draw, over_iterations
from grokrfm.collect.presets import load
from grokrfm.collect.tables import TableError
from tests.collect import naive
from tests.collect.figures.drawn import edges, legend
from tests.collect.synthetic import curve, failed, run

CURVES = {
    ("addition", "d1"): [0.0, 0.1, 0.9],
    ("addition", "d2"): [0.0, 0.3, 1.0],
    ("addition", "d3"): [0.0, 0.8, 1.0],
    ("division", "d4"): [0.2, 0.2, 0.2],
}


@pytest.fixture
def drawn(study):
    """Draws the study of CURVES, to which runs may be added; returns the axes."""

    def draw(value="test_accuracy", by=("task.name",), add=()):
        known = [run(d, task=task, history=curve(*y)) for (task, d), y in CURVES.items()]
        folder = study(*known, *add)
        return over_iterations(collect.steps(folder), collect.runs(folder), value, by).axes[0]

    return draw


def test_a_line_per_group_is_the_mean_of_its_runs(drawn):
    axes = drawn()
    addition, division = axes.get_lines()
    assert addition.get_xdata().tolist() == [0, 1, 2]
    mean = np.mean([y for (task, _), y in CURVES.items() if task == "addition"], axis=0)
    np.testing.assert_allclose(addition.get_ydata(), mean)
    np.testing.assert_allclose(division.get_ydata(), [0.2, 0.2, 0.2])
    assert legend(axes.figure) == ["addition (n = 3)", "division (n = 1)"]
    assert axes.figure.legends[0].get_title().get_text() == "operation"


def test_the_band_is_the_interval(drawn):
    addition, division = map(edges, drawn().collections)
    samples = np.array([y for (task, _), y in CURVES.items() if task == "addition"])
    for iteration in (1, 2):
        expected = np.clip(naive.student(samples[:, iteration].tolist()), 0, 1)
        assert addition[iteration] == pytest.approx(expected, rel=1e-6)
    assert addition[0] == (0.0, 0.0)  # three equal numbers
    assert division[1] == pytest.approx((0.2, 0.2))  # one run has no interval


def test_without_rows_there_is_one_line_of_all_runs(drawn):
    axes = drawn(by=())
    [line] = axes.get_lines()
    np.testing.assert_allclose(line.get_ydata(), np.mean(list(CURVES.values()), axis=0))
    assert legend(axes.figure) == ["n = 4"]


def test_lines_are_told_apart_without_colour(drawn):
    addition, division = drawn().get_lines()
    assert addition.get_linestyle() != division.get_linestyle()
    assert addition.get_color() != division.get_color()


def test_axes_say_what_they_show(drawn):
    axes = drawn()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("iteration", "test accuracy")
    low, high = axes.get_ylim()
    assert low < 0.0 and high > 1.0  # a curve at 0 or 1 is not hidden by the frame


def test_only_finished_runs_are_drawn(drawn):
    half_way = failed("d9", history=curve(0.7, 0.7, 0.7), task="subtraction")
    assert len(drawn(add=[half_way]).get_lines()) == 2


def test_iterations_without_the_number_are_left_out(drawn):
    gap = run("d9", task="gap", history=curve(0.5, None, 0.7))
    line = drawn(add=[gap]).get_lines()[-1]
    assert line.get_xdata().tolist() == [0, 2]


def test_groups_of_two_settings(drawn):
    axes = drawn(by=["task.name", "seed"])
    assert legend(axes.figure)[0] == "addition, 0 (n = 3)"


def test_the_legend_shows_levels_as_the_tables_do(study):
    folder = study(
        run("d1", config={"task": {"modulus": 61}}, history=curve(0.5)),
        run("d2", config={"task": {}}, history=curve(0.5)),
    )
    figure = over_iterations(
        collect.steps(folder), collect.runs(folder), "test_accuracy", ["task.modulus"]
    )
    assert legend(figure) == ["61", "–"]


@pytest.mark.parametrize(
    ("value", "by", "message"),
    [
        ("test_acuracy", [], "no column 'test_acuracy' in these runs; did you mean test_accuracy?"),
        (
            "test_accuracy",
            ["task.nam"],
            "no column 'task.nam' in these runs; did you mean task.name?",
        ),
        ("qqqq", [], "known are digest, iteration, seconds, solver, test_accuracy"),
    ],
)
def test_a_column_that_does_not_exist_is_explained(drawn, value, by, message):
    with pytest.raises(TableError) as caught:
        drawn(value, by)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("value", "by"),
    [
        ("solver", []),
        ("digest", []),
        ("iteration", []),
        ("test_accuracy", ["test_accuracy"]),
        ("test_accuracy", ["digest"]),
        ("test_accuracy", ["task.name", "task.name"]),
    ],
)
def test_a_column_that_cannot_be_drawn_is_explained_or_drawn(drawn, value, by):
    try:
        drawn(value, by)
    except TableError as error:
        assert (by[0] if by else value) in str(error)


@pytest.mark.parametrize(
    "runs",
    [
        [failed("d1", history=curve(0.5))],
        [run("d1", history=curve(None, None))],
        [run("d1", history={"iteration": [0], "test_accuracy": [None]})],
    ],
    ids=["failed", "not finite", "missing"],
)
def test_nothing_to_draw_is_said(study, runs):
    folder = study(*runs)
    with pytest.raises(FigureError, match="no finished run has measured test_accuracy"):
        over_iterations(collect.steps(folder), collect.runs(folder), "test_accuracy", [])


def test_a_panel_a_value_and_the_fewest_and_most_runs_of_a_point(study):
    strata = [{"fixed": [0.0, 0.2]}, {"fixed": [0.4, 0.6]}, {"fixed": [None, 1.0]}]
    folder = study(
        *(
            run(f"d{i}", history=curve(0.5, 0.5, **strata[i]), metrics={"updates": 2})
            for i in range(3)
        )
    )
    figure = draw(folder, {"kind": "iterations", "value": ["test_accuracy", "fixed"]})
    plain, fixed = (axes.get_lines()[0] for axes in figure.axes)
    np.testing.assert_allclose(plain.get_ydata(), [0.5, 0.5])
    np.testing.assert_allclose(fixed.get_ydata(), [0.2, 0.6])
    assert legend(figure) == ["n = 2 to 3"]


def test_a_condition_picks_runs_and_names_itself_where_none_is_left(study):
    folder = study(run("d1", history=curve(0.1)), run("d2", task="division", history=curve(0.9)))
    preset = {"kind": "iterations", "value": "test_accuracy"}
    figure = draw(folder, preset | {"where": "task.name == 'division'"})
    assert figure.axes[0].get_lines()[0].get_ydata().tolist() == [0.9]
    with pytest.raises(FigureError, match="selects none of the 2 runs"):
        draw(folder, preset | {"where": "task.name == 'power'"})


def test_averaging_over_a_scientific_setting_is_refused_unless_it_is_meant(study):
    folder = study(run("d1", history=curve(0.1)), run("d2", task="division", history=curve(0.9)))
    preset = {"kind": "iterations", "value": "test_accuracy"}
    with pytest.raises(FigureError, match=r"average over task.name \(addition, division\)"):
        draw(folder, preset)
    meant = draw(folder, preset | {"average_over": "task.name"})
    assert meant.axes[0].get_lines()[0].get_ydata().tolist() == [0.5]


def test_more_lines_than_can_be_told_apart_are_refused(study):
    runs = [run(f"d{i}", config={"seed": i}, history=curve(0.1)) for i in range(29)]
    preset = {"kind": "iterations", "value": "test_accuracy", "by": "seed"}
    with pytest.raises(FigureError, match="29 lines are too many, at most 28 can be told apart"):
        draw(study(*runs), preset)
    figure = draw(study(*runs[:28], name="fewer"), preset)
    colours = [to_rgb(line.get_color()) for line in figure.axes[0].get_lines()]
    grey = [0.299 * r + 0.587 * g + 0.114 * b for r, g, b in colours]
    assert len(set(colours)) == 28
    assert grey == sorted(grey)  # a numeric setting goes from dark to light in its order


@pytest.fixture
def two_settings(study):
    """Eight runs of two kernels and four ridges, as settings of a study."""
    return study(
        *(
            run(
                f"{kernel}{ridge}",
                config={"kernel": {"name": kernel}, "rfm": {"ridge": ridge}, "seed": 0},
                history=curve(0.1, ridge, train_accuracy=[0.9, 1.0]),
            )
            for kernel in ("gaussian", "quadratic")
            for ridge in (0.1, 0.2, 0.3, 0.4)
        )
    )


BOTH = {"kind": "iterations", "value": "test_accuracy", "by": ["kernel.name", "rfm.ridge"]}


def test_many_lines_of_two_settings_are_small_multiples(two_settings):
    figure = draw(two_settings, BOTH)
    gaussian, quadratic = figure.axes
    assert [axes.get_title() for axes in figure.axes] == ["gaussian", "quadratic"]
    assert legend(figure) == ["0.1", "0.2", "0.3", "0.4"]
    assert figure.legends[0].get_title().get_text() == "ridge (n = 1)"
    for axes in (gaussian, quadratic):
        assert [line.get_ydata()[1] for line in axes.get_lines()] == [0.1, 0.2, 0.3, 0.4]
    colours = [[line.get_color() for line in axes.get_lines()] for axes in figure.axes]
    assert colours[0] == colours[1] and len(set(colours[0])) == 4
    assert (gaussian.get_ylabel(), quadratic.get_ylabel()) == ("test accuracy", "")


def test_a_few_lines_stay_together_and_panels_can_be_chosen(two_settings):
    few = BOTH | {"where": "rfm.ridge < 0.3"}
    figure = draw(two_settings, few)
    assert len(figure.axes) == 1
    assert len({line.get_linestyle() for line in figure.axes[0].get_lines()}) == 4
    chosen = draw(two_settings, few | {"by": "kernel.name", "panel": "rfm.ridge"})
    assert [axes.get_title() for axes in chosen.axes] == ["ridge 0.1", "ridge 0.2"]
    assert legend(chosen) == ["gaussian", "quadratic"]


def test_many_levels_of_one_text_are_panels(study):
    runs = [run(f"d{i}", task=f"t{i}", history=curve(0.1 * i)) for i in range(8)]
    preset = {"kind": "iterations", "value": "test_accuracy", "by": "task.name"}
    figure = draw(study(*runs), preset)
    assert [axes.get_title() for axes in figure.axes[:8]] == [f"t{i}" for i in range(8)]
    assert all(len(axes.get_lines()) == 1 for axes in figure.axes[:8])
    assert len(draw(study(*runs[:7], name="fewer"), preset).axes) == 1


def test_values_and_panels_make_a_grid(two_settings):
    figure = draw(two_settings, BOTH | {"value": ["test_accuracy", "train_accuracy"]})
    assert [axes.get_ylabel() for axes in figure.axes] == [
        *("test accuracy", ""),
        *("train accuracy", ""),
    ]
    assert [axes.get_title() for axes in figure.axes] == ["gaussian", "quadratic", "", ""]
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", "iteration", "iteration"]


def test_train_and_test_accuracy_share_one_axis(two_settings):
    grokking = load("figure", "grokking")
    one = {"where": "kernel.name == 'gaussian' and rfm.ridge == 0.1"}
    figure = draw(two_settings, grokking | one)
    [axes] = figure.axes
    train, test = axes.get_lines()
    assert train.get_ydata().tolist() == [0.9, 1.0] and test.get_ydata().tolist() == [0.1, 0.1]
    assert train.get_color() != test.get_color() and train.get_linestyle() == "--"
    assert axes.get_ylabel() == "accuracy"
    assert legend(figure) == ["train accuracy", "test accuracy"]
    assert figure.legends[0].get_title().get_text() == "n = 1"
    several = draw(two_settings, grokking | {"by": BOTH["by"]})
    assert legend(several)[-2:] == ["train accuracy", "test accuracy"]
    colours = [line.get_color() for line in several.axes[0].get_lines()]
    assert colours[:4] == colours[4:]  # the colour says the ridge, the dashes the number


def test_a_figure_has_the_width_or_the_size_that_is_asked_for(two_settings):
    column = draw(two_settings, BOTH | {"size": 3.3})
    width, height = column.get_size_inches()
    assert width == 3.3 and height > 1.5
    assert len(column.axes) == 2
    fixed = draw(two_settings, BOTH | {"size": [5, 2]})
    assert fixed.get_size_inches().tolist() == [5, 2]
    with pytest.raises(GrokrfmError, match=r"size must be a width in inches, or \[width, height\]"):
        draw(two_settings, BOTH | {"size": "wide"})


def test_the_band_of_a_share_stays_within_0_and_1(study):
    values = {"d1": [0.0, 0.9], "d2": [0.1, 1.0], "d3": [0.6, 1.0]}
    folder = study(
        *(
            run(name, history={"iteration": [0, 1], "best_is_held_out": y, "test_loss": y})
            for name, y in values.items()
        )
    )
    bands = {}
    for number in ("best_is_held_out", "test_loss"):
        [axes] = draw(folder, {"kind": "iterations", "value": number}).axes
        bands[number] = edges(axes.collections[0])
    assert bands["test_loss"][0][0] < 0 and bands["test_loss"][1][1] > 1
    assert bands["best_is_held_out"][0][0] == 0 and bands["best_is_held_out"][1][1] == 1
