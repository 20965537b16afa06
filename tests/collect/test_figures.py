import numpy as np
import pytest
from scipy import stats

from grokrfm import collect
from grokrfm.collect.figures import over_iterations, save
from grokrfm.collect.tables import TableError
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


def edges(band):
    """x -> (lower, upper) of a filled band."""
    outline = band.get_paths()[0].vertices
    return {
        float(x): (outline[outline[:, 0] == x, 1].min(), outline[outline[:, 0] == x, 1].max())
        for x in np.unique(outline[:, 0])
    }


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_a_line_per_group_is_the_mean_of_its_runs(drawn):
    axes = drawn()
    addition, division = axes.get_lines()
    assert addition.get_xdata().tolist() == [0, 1, 2]
    mean = np.mean([y for (task, _), y in CURVES.items() if task == "addition"], axis=0)
    np.testing.assert_allclose(addition.get_ydata(), mean)
    np.testing.assert_allclose(division.get_ydata(), [0.2, 0.2, 0.2])
    assert legend(axes) == ["task.name = addition (n = 3)", "task.name = division (n = 1)"]


def test_the_band_is_the_interval(drawn):
    addition, division = map(edges, drawn().collections)
    samples = np.array([y for (task, _), y in CURVES.items() if task == "addition"])
    for iteration in (1, 2):
        y = samples[:, iteration]
        expected = stats.t.interval(0.95, 2, loc=y.mean(), scale=stats.sem(y))
        assert addition[iteration] == pytest.approx(expected)
    assert addition[0] == (0.0, 0.0)  # three equal numbers
    assert division[1] == pytest.approx((0.2, 0.2))  # one run has no interval


def test_without_rows_there_is_one_line_of_all_runs(drawn):
    axes = drawn(by=())
    [line] = axes.get_lines()
    np.testing.assert_allclose(line.get_ydata(), np.mean(list(CURVES.values()), axis=0))
    assert legend(axes) == ["n = 4"]


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
    assert legend(axes)[0] == "task.name = addition, seed = 0 (n = 3)"


def test_the_legend_shows_levels_as_the_tables_do(study):
    folder = study(
        run("d1", config={"task": {"modulus": 61}}, history=curve(0.5)),
        run("d2", config={"task": {}}, history=curve(0.5)),
    )
    figure = over_iterations(
        collect.steps(folder), collect.runs(folder), "test_accuracy", ["task.modulus"]
    )
    assert legend(figure.axes[0]) == ["task.modulus = 61 (n = 1)", "task.modulus = – (n = 1)"]


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
    with pytest.raises(TableError, match="no finished run has measured test_accuracy"):
        over_iterations(collect.steps(folder), collect.runs(folder), "test_accuracy", [])


def test_a_figure_is_written_as_png_and_pdf(drawn, tmp_path):
    paths = save(drawn().figure, tmp_path / "new" / "figures" / "test.accuracy")
    assert [path.name for path in paths] == ["test.accuracy.png", "test.accuracy.pdf"]
    png, pdf = (path.read_bytes() for path in paths)
    assert png.startswith(b"\x89PNG") and pdf.startswith(b"%PDF")
    assert min(len(png), len(pdf)) > 5000
