import io
import re

import numpy as np
import pandas as pd
import pytest

from grokrfm.collect.formats import FORMATS
from grokrfm.collect.tables import table

HOSTILE = [
    *("a_b", "50%", "a&b", "#1", "$x$", "{a}", "~x", "x^2", "a\\b", "a|b", "a,b", 'say "x"'),
    *("Größe λ → ∞", "−1", "<b>", "*a*", "[[2, 3], [0, 1]]", "a\\|b", "\\\\"),
]
LATEX = {
    "_": r"\_",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "|": r"\textbar{}",
    "λ": "λ",
}


def runs(**columns):
    length = max(map(len, columns.values()))
    return pd.DataFrame({"status": ["finished"] * length} | columns)


def formatted(kind, frame, rows=(), columns=(), values=("x",)):
    return FORMATS[kind](table(frame, rows, columns, values), rows, columns, values)


def grid(markdown):
    """The cells of a Markdown table as a reader of it sees them, without the rule."""
    lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in markdown.splitlines()]
    cells = [[cell.strip().replace(r"\|", "|") for cell in line] for line in lines]
    return [cells[0], *cells[2:]]


def latex_grid(text):
    body = [line for line in text.splitlines() if line.endswith(r" \\")]
    return [re.split(r"(?<!\\) & ", line.removesuffix(r" \\")) for line in body]


def test_markdown_lays_rows_and_columns_out():
    frame = runs(
        task=["add", "add", "add", "mul"], kernel=["g", "g", "q", "g"], x=[0.25, 0.75, 1.0, 0.0]
    )
    half = 12.7062047 * 0.25  # Student's factor for n = 2 times the standard error
    assert grid(formatted("markdown", frame, ["task"], ["kernel"])) == [
        ["task", "x, kernel=g", "x, kernel=q"],
        ["add", f"0.500 ± {half:.3f} (n=2)", "1.000 (n=1)"],
        ["mul", "0.000 (n=1)", "–"],
    ]


def test_several_values_stand_side_by_side():
    frame = runs(task=["add", "mul"], x=[1.0, 2.0], y=[3.0, 4.0])
    assert grid(formatted("markdown", frame, ["task"], [], ["y", "x"])) == [
        ["task", "y", "x"],
        ["add", "3.000 (n=1)", "1.000 (n=1)"],
        ["mul", "4.000 (n=1)", "2.000 (n=1)"],
    ]


def test_a_table_without_rows_or_columns_is_one_line():
    assert grid(formatted("markdown", runs(x=[2.0]))) == [["x"], ["2.000 (n=1)"]]


@pytest.mark.parametrize(
    ("status", "x", "shown"),
    [
        (["finished"] * 3, [1.0] * 3, "1.000 ± 0.000 (n=3)"),
        (["finished", "finished", "failed"], [1.0, 1.0, np.nan], "1.000 ± 0.000 (n=2 of 3)"),
        (["finished", "finished"], [1.0, np.nan], "1.000 (n=1 of 2)"),
        (["failed", "failed"], [np.nan, np.nan], "– (n=0 of 2)"),
    ],
)
@pytest.mark.parametrize("kind", ["markdown", "latex"])
def test_n_of_all_is_said_where_runs_do_not_count(status, x, shown, kind):
    text = formatted(kind, runs(status=status, x=x))
    assert shown.replace("±", r"$\pm$" if kind == "latex" else "±") in text


@pytest.mark.parametrize(
    ("x", "shown"),
    [
        (0.98361, "0.984"),
        (0.0, "0.000"),
        (-0.5, "-0.500"),
        (1.234e-7, "1.23e-07"),
        (-1.5e5, "-1.50e+05"),
        (1234.5, "1234.5"),
    ],
)
def test_numbers_keep_three_figures(x, shown):
    assert f"| {shown} (n=1) |" in formatted("markdown", runs(x=[x]))


@pytest.mark.parametrize(
    ("levels", "shown"),
    [
        ([61.0, np.nan], ["61", "–"]),
        ([2.5, 3.0], ["2.5", "3"]),
        (pd.array([7, None], dtype="Int64"), ["7", "–"]),
        ([True, False], ["False", "True"]),
        (["b", None], ["b", "–"]),
        (["0.10", "1e3"], ["0.10", "1e3"]),  # a name may look like a number
    ],
    ids=str,
)
def test_levels_read_as_they_were_set(levels, shown):
    table = grid(formatted("markdown", runs(level=levels, x=[1.0, 2.0]), ["level"]))
    assert [line[0] for line in table[1:]] == shown


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("where", ["row", "column"])
def test_hostile_names_keep_the_shape_of_a_markdown_table(name, where):
    frame = runs(level=[name, "plain"], x=[1.0, 2.0])
    if where == "row":
        lines = grid(formatted("markdown", frame, ["level"]))
        assert sorted(line[0] for line in lines[1:]) == sorted([name, "plain"])
    else:
        lines = grid(formatted("markdown", frame, [], ["level"]))
        assert sorted(lines[0]) == sorted([f"x, level={name}", "x, level=plain"])
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize(("character", "escaped"), LATEX.items())
def test_latex_escapes_what_comes_from_a_config(character, escaped):
    frame = runs(level=[f"a{character}b"], x=[1.0])
    assert latex_grid(formatted("latex", frame, ["level"]))[1] == [f"a{escaped}b", "1.000 (n=1)"]
    assert latex_grid(formatted("latex", frame, [], ["level"]))[0] == [f"x, level=a{escaped}b"]
    named = frame.rename(columns={"level": f"l{character}"})
    assert latex_grid(formatted("latex", named, [f"l{character}"]))[0][0] == f"l{escaped}"


def test_latex_is_a_booktabs_tabular_of_as_many_columns_as_cells():
    frame = runs(task=["a&b", "c"], kernel=["g", "q"], test_accuracy=[1.0, 0.5])
    text = formatted("latex", frame, ["task"], ["kernel"], ["test_accuracy"])
    assert re.match(r"\\begin{tabular}{lll}\n\\toprule\n", text)
    assert text.endswith("\\bottomrule\n\\end{tabular}\n")
    assert latex_grid(text) == [
        ["task", r"test\_accuracy, kernel=g", r"test\_accuracy, kernel=q"],
        [r"a\&b", "1.000 (n=1)", "–"],
        ["c", "–", "0.500 (n=1)"],
    ]


def test_csv_reads_back_as_the_cells():
    x = np.random.default_rng(0).normal(size=3 * len(HOSTILE))
    frame = runs(level=HOSTILE * 3, other=[1, 2, 2] * len(HOSTILE), x=x)
    cells = table(frame, ["level"], ["other"], ["x"])
    text = formatted("csv", frame, ["level"], ["other"])
    read = pd.read_csv(io.StringIO(text))
    pd.testing.assert_frame_equal(read, cells, check_dtype=False, rtol=1e-14)
    assert cells["x_interval"].notna().any()  # or the comparison would say little


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_ends_its_last_line_once(kind):
    text = formatted(kind, runs(x=[1.0]))
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
