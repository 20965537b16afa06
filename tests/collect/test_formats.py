import io
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from grokrfm.collect.formats import FORMATS, shown
from grokrfm.collect.formats.latex import escaped
from grokrfm.collect.formats.parquet import parquet
from grokrfm.collect.layout import Layout, TableError
from grokrfm.collect.tables import build
from grokrfm.collect.writing import Writing

HOSTILE = [
    *("a_b", "50%", "a&b", "#1", "$x$", "{a}", "~x", "x^2", "a\\b", "a|b", "a,b", 'say "x"'),
    *("Größe λ → ∞", "−1", "<b>", "*a*", "[[2, 3], [0, 1]]", "a\\|b", "\\\\", "_a_", "`a`"),
    *(
        "[a](b)",
        "&amp;",
        "![x](y)",
        "漢字 🎉",
        "é",
        "e\u0301",
        "'; DROP TABLE",
        "~~a~~",
        "\\input{x}",
    ),
    *("http://a.b", "a@b.c", "%", "--", "[bold]red[/bold]", "a\\", "<!--", "i̇ ǰ ŷ Đ ŋ"),
]


def runs(**columns):
    length = max(map(len, columns.values()))
    return pd.DataFrame({"status": ["finished"] * length} | columns)


def formatted(kind, frame, rows=(), columns=(), values=("x",), **more):
    return FORMATS[kind](build(frame, Layout(rows, columns, values, **more)))


def grid(markdown):
    """The cells of a Markdown table as a reader of its rendering sees them."""
    lines, cell = [], None
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(markdown):
        if token.type == "tr_open":
            lines.append([])
        elif token.type in ("th_open", "td_open"):
            cell = lines[-1]
        elif token.type == "inline" and cell is not None:
            assert {child.type for child in token.children} <= {"text", "text_special"}
            cell.append("".join(child.content for child in token.children))
        elif token.type in ("th_close", "td_close"):
            cell = None
    return lines


def latex_grid(text):
    body = [line for line in text.splitlines() if line.endswith(r" \\")]
    return [re.split(r"(?<!\\) & ", line.removesuffix(r" \\")) for line in body]


class HTMLGrid(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.lines, self.inside = [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.lines.append([])
        elif tag in ("td", "th"):
            self.lines[-1].append("")
        self.inside = tag in ("td", "th")

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.lines[-1][-1] += data


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


@pytest.mark.parametrize("levels", [[5, 10], [0.5, 2.0], [True, False], [None, 3]], ids=str)
def test_levels_of_columns_that_are_no_texts_find_their_cells(levels):
    frame = runs(task=["add"] * 2, level=levels, x=[1.0, 2.0])
    cells = grid(formatted("markdown", frame, ["task"], ["level"]))[1][1:]
    assert sorted(cells) == ["1.000 (n=1)", "2.000 (n=1)"]


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
        (
            ["finished", "finished", "failed"],
            [1.0, 1.0, np.nan],
            "1.000 ± 0.000 (n=2 of 3: 1 failed)",
        ),
        (
            ["finished", "crashed", "lost", "missing"],
            [1.0, *[np.nan] * 3],
            "1.000 (n=1 of 4: 1 failed, 2 missing)",
        ),
        (["finished", "finished"], [1.0, np.nan], "1.000 (n=1 of 2)"),
        (["failed", "failed"], [np.nan, np.nan], "– (n=0 of 2: 2 failed)"),
    ],
)
def test_n_of_all_is_said_where_runs_do_not_count(status, x, shown):
    frame = runs(status=status, x=x)
    assert grid(formatted("markdown", frame)) == [["x"], [shown]]
    assert HTMLGrid(formatted("html", frame)).lines == [["x"], [shown]]
    assert shown in formatted("terminal", frame)
    estimate, _, rest = shown.partition(" ")
    rest = re.sub(r"± (\S+)", r"$\\pm$ \\num{\1}", rest)
    expected = [estimate, rest] if estimate != "–" else [f"-- {rest}"]
    assert latex_grid(formatted("latex", frame))[1] == expected


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x", "0.500 ± 1.242 (n=3)"),
        ("x:bootstrap", "0.500 [0.000, 1.000] (n=3)"),
        ("x:median", "0.500 [0.250, 0.750] (n=3)"),
        ("x:range", "0.000 – 1.000 (n=3)"),
        ("x:share=0.5", "0.667 [0.208, 0.939] (n=3)"),
        ("x:time", "0.500; 3 of 3 reached it"),
    ],
)
def test_every_statistic_as_it_is_written(value, shown):
    frame = runs(x=[0.0, 0.5, 1.0])
    head = value.replace(":", ", ")
    head = "share of runs with x ≥ 0.5" if "share" in value else head
    assert grid(formatted("markdown", frame, values=[value])) == [[head], [shown]]
    one = runs(x=[0.5])
    [[cell]] = grid(formatted("markdown", one, values=[value]))[1:]
    alone = {"x:share=0.5": "1.000 [0.207, 1.000] (n=1)", "x:time": "0.500; 1 of 1 reached it"}
    assert cell == alone.get(value, "0.500 (n=1)")


@pytest.mark.parametrize(
    ("grokked", "shown"),
    [
        ([np.nan] * 3, "0 of 3 grokked"),
        ([3.0, np.nan, np.nan], "1 of 3 grokked"),
        ([3.0, 5.0, np.nan], "5; 2 of 3 grokked"),
        ([3.0, 3.0, 4.0], "3; 3 of 3 grokked"),
    ],
    ids=str,
)
def test_a_time_says_how_many_runs_reached_it(grokked, shown):
    frame = runs(grok_iteration=grokked, updates=[60, 60, 60])
    for kind in ("markdown", "latex", "html", "terminal"):
        assert shown in formatted(kind, frame, values=["grok_iteration"])
    failed = pd.concat([frame, pd.DataFrame({"status": ["failed"]})])
    text = formatted("markdown", failed, values=["grok_iteration"])
    assert grid(text) == [["iteration of grokking"], [f"{shown} (n=3 of 4: 1 failed)"]]


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
    assert grid(formatted("markdown", runs(x=[x])))[1] == [f"{shown} (n=1)"]


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


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ["html", "terminal"])
def test_hostile_names_are_shown_as_they_are(name, kind):
    frame = runs(level=[name, "plain"], x=[1.0, 2.0])
    text = formatted(kind, frame, ["level"])
    if kind == "terminal":
        assert name in text
    else:
        assert sorted(line[0] for line in HTMLGrid(text).lines[1:]) == sorted([name, "plain"])


def test_levels_that_look_alike_keep_their_lines():
    levels = pd.Series(
        [1, "1", 1.0, "x" * 100 + "y", "x" * 50 + "z" + "x" * 49 + "y"], dtype=object
    )
    table = grid(formatted("markdown", runs(level=levels, x=[1.0, 2.0, 1.0, 3.0, 4.0]), ["level"]))
    assert len(table) == 5
    assert {line[1] for line in table[1:]} >= {"2.000 (n=1)", "3.000 (n=1)", "4.000 (n=1)"}
    wide = grid(formatted("markdown", runs(level=["1", 1], x=[1.0, 2.0]), [], ["level"]))
    assert len(wide[0]) == 2


def test_very_long_and_unprintable_levels_are_shortened():
    assert shown("a" * 40 + "b" * 10_000) == "a" * 39 + "…" + "b" * 20
    assert shown("a\nb\tc\x1b[31m\x00\u202e\ud800") == r"a\nb\tc\x1b[31m\x00\u202e\ud800"


@pytest.mark.parametrize("kind", FORMATS)
def test_the_caption_says_where_the_numbers_come_from(kind):
    frame = runs(
        status=["finished", "finished", "finished", "failed"],
        x=[1.0, 2.0, 3.0, np.nan],
        seed=[0, 1, 7, 2],
        commit=["c0ffee0123456789"] * 3 + [None],
        dirty=[False, False, True, None],
        ended=pd.to_datetime([0, 86_400, 60, 10**9], unit="s", utc=True),
        **{"study.name": ["demo"] * 4},
    )
    text = " ".join(formatted(kind, frame).replace("\n% ", " ").split())
    seeds, date = "0–1, 7", "1970-01-02 00:00 UTC"
    if kind == "csv":
        [cell] = pd.read_csv(io.StringIO(formatted(kind, frame))).to_dict("records")
        assert (cell["studies"], cell["seeds"], cell["last_run"]) == ("demo", seeds, date)
        assert cell["commits"] == "c0ffee0123, c0ffee0123+"
        return
    for part in (
        *("ean ± Student", "tudy demo", "N = 3 of 4 runs (1 failed)", f"eeds {seeds}"),
        *("ommit c0ffee0123, c0ffee0123+", f"ast run {date}"),
    ):
        assert part in text.replace("&#x27;", "'")


def test_the_caption_says_what_was_selected():
    frame = runs(x=[1.0, 2.0, 3.0], seed=[0, 1, 2], **{"rfm.ridge": [0.0, 1.0, 1.0]})
    where = {"where": "seed > 0", "title": "Some title", "average_over": ["rfm.ridge"]}
    text = formatted("markdown", frame, **where)
    assert "Some title. Mean ± " in text
    assert r"Runs with seed > 0; averaged over ridge. N = 2 runs. Seeds 1–2." in text


def test_the_caption_says_which_values_are_summed_up_how():
    frame = runs(x=[1.0, 2.0], y=[3.0, 4.0])
    text = formatted("markdown", frame, values=["x", "y:range"])
    assert "Mean ± Student's 95 % interval (x); smallest – largest (y). N = 2 runs." in text


def heads(text):
    r"""Lines above \midrule, each as its spanning cells: (columns, text)."""
    found = []
    for line in text.split("\\midrule")[0].splitlines():
        if line.endswith(r" \\"):
            spans = re.findall(r"\\multicolumn{(\d+)}{c}{((?:[^{}]|{[^{}]*})*)}", line)
            found.append([(int(width), text) for width, text in spans])
    return found


def test_latex_aligns_numbers_in_columns_of_siunitx():
    frame = runs(task=["a&b", "a&b", "c"], x=[10.0, 12.0, -0.5], y=[1.0, 1.0, 1.0])
    text = formatted("latex", frame, ["task"], [], ["x", "y"])
    columns = "lS[table-format=-2.3]@{\\,}lS[table-format=1.3]@{\\,}l"
    assert f"\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n" in text
    assert text.endswith("\\bottomrule\n\\end{tabular}\n")
    assert latex_grid(text)[1:] == [
        [r"a\&b", "11.0", r"$\pm$ \num{12.7} (n=2)", "1.000", r"$\pm$ \num{0.000} (n=2)"],
        ["c", "-0.500", "(n=1)", "1.000", "(n=1)"],
    ]
    assert heads(text) == [[(2, "x"), (2, "y")]]
    assert "documentclass" not in text


def test_latex_levels_of_columns_span_their_values():
    task = ["add", "add", "mul", "mul"]
    frame = runs(task=task, kernel=["g", "q"] * 2, seed=[0] * 4, x=[1.0, 0.5] * 2, y=[1.0] * 4)
    text = formatted("latex", frame, ["seed"], ["task", "kernel"], ["x", "y"])
    assert heads(text) == [
        [(16, "task and kernel")],
        [(8, "add"), (8, "mul")],
        [(4, "g"), (4, "q"), (4, "g"), (4, "q")],
        [(2, "x"), (2, "y")] * 4,
    ]
    rules = re.findall(r"(?:\\cmidrule\(lr\){(\d+-\d+)})", text)
    assert rules == ["2-17", "2-9", "10-17", "2-5", "6-9", "10-13", "14-17"]
    one = formatted("latex", frame, ["seed", "task"], ["kernel"], ["x"])
    assert heads(one) == [[(4, "x by kernel")], [(2, "g"), (2, "q")]]
    assert r"seed & task & \multicolumn{2}{c}{g} & \multicolumn{2}{c}{q} \\" in one


def test_latex_names_are_formulas():
    frame = runs(x=[1.0], **{"task.name": ["x2_plus_y"], "task.modulus": [7]})
    text = formatted("latex", frame, ["task.name", "task.modulus"])
    assert latex_grid(text)[0][:2] == ["operation", "modulus $p$"]
    assert latex_grid(text)[1][:2] == ["$x^2 + y$", "7"]


def test_a_label_makes_a_table_environment():
    frame = runs(x=[1.0], task=["add"])
    table = build(frame, Layout(["task"], [], ["x"], title="50 %"), Writing(label="tab:one"))
    text = FORMATS["latex"](table)
    caption = r"\caption{50 \%. Mean $\pm$ "
    assert "\\begin{table}\n\\centering\n" + caption in text
    assert "}\n\\label{tab:one}\n\\begin{tabular}" in text
    assert text.endswith("\\end{tabular}\n\\end{table}\n")


def written(frame, writing, kind="markdown", **layout):
    return FORMATS[kind](build(frame, Layout(**layout), writing))


def test_shares_in_percent_with_some_digits():
    frame = runs(test_accuracy=[0.25, 0.75], test_loss=[0.5, 0.5])
    values = ["test_accuracy:range", "test_accuracy:share=0.5", "test_loss:range"]
    assert grid(written(frame, Writing(percent=True), values=values)) == [
        [
            "test accuracy, range (%)",
            "share of runs with test accuracy ≥ 0.5 (%)",
            "test loss, range",
        ],
        ["25.0 – 75.0 (n=2)", "50.0 [9.5, 90.5] (n=2)", "0.500 – 0.500 (n=2)"],
    ]
    text = written(frame, Writing(percent=True, digits=0), values=values[:1])
    assert grid(text)[1] == ["25 – 75 (n=2)"]
    latex = written(frame, Writing(percent=True, digits=2), "latex", values=["test_accuracy:range"])
    assert r"{test accuracy, range (\%)}" in latex
    assert "S[table-format=2.2]" in latex
    assert latex_grid(latex)[1] == ["25.00", r"-- \num{75.00} (n=2)"]


def test_the_number_of_runs_can_move_into_the_caption():
    frame = runs(task=["a", "a", "b"], x=[1.0, 1.0, 2.0])
    text = written(frame, Writing(counts=False), rows=["task"], values=["x"])
    assert grid(text)[1:] == [["a", "1.000 ± 0.000"], ["b", "2.000"]]
    assert "N = 3 runs, n = 1 to 2 per cell." in text
    same = written(frame[:2], Writing(counts=False), "latex", rows=["task"], values=["x:range"])
    assert "N = 2 runs, n = 2 per cell." in " ".join(same.split())


@pytest.mark.parametrize(
    ("x", "written", "room"),
    [
        (1.234e-7, "1.23e-7", "1.2e-1"),
        (-1.5e5, "-1.50e5", "-1.2e1"),
        (1e10, "1.00e10", "1.2e2"),
        (0.5, "0.500", "1.3"),
    ],
)
def test_latex_numbers_are_as_siunitx_takes_them(x, written, room):
    text = formatted("latex", runs(x=[x]))
    assert latex_grid(text)[1] == [written, "(n=1)"]
    assert f"S[table-format={room}]" in text


def compiled(folder, source):
    """The text of the page that pdflatex makes of a file."""
    (folder / "table.tex").write_text(source, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Missing character" not in (folder / "table.log").read_text(errors="replace")
    assert (folder / "table.pdf").read_bytes().startswith(b"%PDF")


HOSTILE_RUNS = runs(
    level=HOSTILE * 2,
    split=["one_a", "[0]"] * len(HOSTILE),
    x=np.geomspace(1e-12, 1e7, 2 * len(HOSTILE)),
    y=[np.nan] * 2 * len(HOSTILE),
)
VALUES = ["x", "y", "x:median", "x:time", "x:range"]
DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs,siunitx}
\begin{document}
%s
And text after it.
\end{document}
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed")
@pytest.mark.parametrize("label", ["", "tab:part"])
def test_latex_compiles_within_a_document(tmp_path, label):
    if not siunitx_is_installed():
        pytest.skip("LaTeX has no siunitx here (texlive-science)")
    layout = Layout(["level"], ["split"], VALUES)
    text = FORMATS["latex"](build(HOSTILE_RUNS, layout, Writing(label=label)))
    (tmp_path / "part.tex").write_text(text, encoding="utf-8")
    table = r"\input{part}" if label else r"\begin{table}\tiny\input{part}\end{table}"
    compiled(tmp_path, DOCUMENT % table)


def siunitx_is_installed():
    return bool(subprocess.run(["kpsewhich", "siunitx.sty"], capture_output=True).stdout)


@pytest.mark.parametrize("name", HOSTILE)
def test_latex_escapes_every_special_character(name):
    """Outside of commands and braces nothing is left that TeX would act on."""
    text = re.sub(r"\\[&%$#_{}]|\\[a-zA-Z]+(\{\})?|\\[`'^~\"=.]", "", escaped(name))
    assert not set(re.sub(r"\$-\$|\$\$|\$\^-\$", "", text)) & set("&%#_^~\\$")
    assert text.isascii()


def as_it_was(cell):
    """A text of the CSV without the ' that keeps it from being a formula."""
    return re.sub("^'(?='*[=+@＝-])", "", cell)


@pytest.mark.parametrize(
    ("level", "written"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1+1", "'+1+1"),
        ("-a", "'-a"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("'=1", "''=1"),
        ("＝1", "'＝1"),
        ("-1", "-1"),
        ("-2.5e-3", "-2.5e-3"),
        ("'a", "'a"),
        ("\t=1", "\\t=1"),
        ("\r=1", "\\r=1"),
        ("a\x9b\x1b", "a\\x9b\\x1b"),
    ],
)
def test_csv_holds_nothing_that_a_spreadsheet_runs(level, written):
    frame = runs(level=[level], other=pd.array([-3], dtype="Int64"), **{"=x": [-0.5]})
    text = formatted("csv", frame, ["level", "other"], [], ["=x"])
    assert text.startswith("level,other,'=x,")
    read = pd.read_csv(io.StringIO(text), dtype=str)
    assert [*read.loc[0, ["level", "other", "'=x"]]] == [written, "-3", "-0.5"]
    if "\\" not in written:
        assert as_it_was(written) == level


def test_csv_reads_back_as_the_cells():
    x = np.random.default_rng(0).normal(size=3 * len(HOSTILE))
    frame = runs(level=HOSTILE * 3, other=[1, 2, 2] * len(HOSTILE), x=x, seed=[4] * len(x))
    table = build(frame, Layout(["level"], ["other"], ["x", "x:median"]))
    read = pd.read_csv(io.StringIO(FORMATS["csv"](table)))
    assert set(read.pop("seeds")) == {4}
    assert "'--" in set(read["level"])
    read["level"] = read["level"].map(as_it_was)
    pd.testing.assert_frame_equal(read, table.cells, check_dtype=False, rtol=1e-14)
    assert table.cells["x_interval"].notna().any()  # or the comparison would say little


def test_parquet_reads_back_as_the_cells():
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    levels = pd.Series([1, "a", None], dtype="object")
    table = build(runs(level=levels, x=[1.0, 2.0, 3.0]), Layout(["level"], [], ["x"]))
    written = parquet(table)
    read = pd.read_parquet(io.BytesIO(written))
    assert read["x"].tolist() == table.cells["x"].tolist()
    assert written == parquet(table)


def test_parquet_without_pyarrow_is_explained(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        TableError, match=r"parquet needs the package pyarrow; pip install grokrfm\[parquet\]"
    ):
        parquet(build(runs(x=[1.0]), Layout(values=["x"])))


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_ends_its_last_line_once(kind):
    text = formatted(kind, runs(x=[1.0]))
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_runs_in_any_order_make_the_same_bytes(kind):
    frame = HOSTILE_RUNS.assign(seed=range(len(HOSTILE_RUNS)))
    values = ["x", "x:bootstrap", "x:median"]
    ordered, shuffled = (
        formatted(kind, one, ["split"], [], values)
        for one in (frame, frame.sample(frac=1, random_state=0))
    )
    assert ordered == shuffled
