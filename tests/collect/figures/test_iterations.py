import numpy as np
import pytest

from grokrfm import collect
from grokrfm.collect.figures import FigureError, draw, over_iterations
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
    assert legend(figure) == ["61 (n = 1)", "– (n = 1)"]


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
    runs = [run(f"d{i}", task=f"t{i:02}", history=curve(0.1)) for i in range(29)]
    preset = {"kind": "iterations", "value": "test_accuracy", "by": "task.name"}
    with pytest.raises(FigureError, match="29 lines are too many, at most 28 can be told apart"):
        draw(study(*runs), preset)
    figure = draw(study(*runs[:28], name="fewer"), preset)
    looks = {(line.get_color(), line.get_linestyle()) for line in figure.axes[0].get_lines()}
    assert len(looks) == 28
