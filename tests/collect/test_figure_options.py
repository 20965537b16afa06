"""Figures of a finished study from the command line and from Python."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes

from grokrfm import collect
from grokrfm.checks import GrokrfmError
from grokrfm.collect import asked
from grokrfm.collect.figures import FigureError
from tests.collect.synthetic import curve, run

COMMAND = "grokrfm-collect"
SWEEP = ("--kind", "sweep", "--x", "split.train_fraction", "--value", "test_accuracy")


@pytest.fixture
def demo(study):
    """Study of two kernels, two operations and two training shares."""
    return study(
        *(
            run(
                f"{kernel}{task}{share}",
                config={
                    "kernel": {"name": kernel},
                    "task": {"name": task},
                    "split": {"train_fraction": share},
                    "seed": 0,
                },
                metrics={"test_accuracy": share, "updates": 2},
                history=curve(0.0, share, train_accuracy=[1.0, 1.0]),
            )
            for kernel in ("gaussian", "quadratic")
            for task in ("addition", "division")
            for share in (0.25, 0.5)
        )
    )


def drawn(folder):
    return sorted(path.name for path in (folder / "figures").iterdir())


def test_any_preset_is_drawn_after_the_fact(demo, command):
    changes = ("--hue", "kernel.name", "--panel", "task.name")
    where = ("--where", "split.train_fraction == 0.5")
    done = command(COMMAND, "demo", "--figure-preset", "grokking", *changes, *where)
    assert (done.returncode, done.stdout) == (0, "")
    [pdf, png] = drawn(demo)
    assert png.startswith("grokking-") and pdf.startswith("grokking-")
    assert f"figure written to demo/figures/{png}" in done.stderr


def test_a_figure_of_a_kind_goes_where_output_says(demo, command, tmp_path):
    for suffix, beginning in {"pdf": b"%PDF", "png": b"\x89PNG", "svg": b"<?xml"}.items():
        output = f"new/figure.{suffix}"
        more = ("--hue", "kernel.name", "--panel", "task.name", "--size", "3.3")
        done = command(COMMAND, "demo", *SWEEP, *more, "--output", output)
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == f"figure written to {output}\n"
        assert (tmp_path / output).read_bytes().startswith(beginning)
    assert not (demo / "figures").exists()


def test_labels_and_titles_are_the_users(demo, command, tmp_path):
    names = ("--label", "split.train_fraction=share of the table", "--label", "kernel.name=k")
    more = ("--hue", "kernel.name", "--average-over", "task.name", "--title", "Some title")
    done = command(COMMAND, "demo", *SWEEP, *more, *names, "--output", "figure.svg")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "figure.svg").read_text(encoding="utf-8")
    for words in ("share of the table", "k (n = 2)", "Some title", "test accuracy"):
        assert words in text
    assert "split.train_fraction" not in text


def test_figures_with_other_settings_have_other_names(demo, command):
    for rows in ("kernel.name", "task.name"):
        other = {"kernel.name": "task.name", "task.name": "kernel.name"}[rows]
        average = ("--average-over", f"{other},split.train_fraction")
        done = command(COMMAND, "demo", "--rows", rows, "--figure", "test_accuracy", *average)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("| ")
    assert len(drawn(demo)) == 4
    names = {
        asked.named("sweep", settings)
        for settings in (
            *({"hue": ["a"]}, {"panel": ["a"]}, {"hue": ["a", "b"]}, {}),
            *({"where": "a == 1"}, {"where": "a != 1"}, {"where": "a" * 200 + " == 1"}),
        )
    }
    assert len(names) == 7
    assert max(map(len, names)) < 150


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--figure-preset", "grokkin"], "no such file in"),
        (["--figure-preset", "grokkin"], "did you mean grokking?"),
        (["--kind", "sweeps"], "unknown kind 'sweeps'; did you mean sweep?"),
        (["--kind", "sweep", "--x", "seed"], "kind 'sweep': the setting value is missing"),
        ([*SWEEP, "--set", "scale=lgo"], "scale must be one of linear, log, symlog, got 'lgo'"),
        ([*SWEEP, "--set", "scal=log"], "unknown key 'scal'; did you mean scale?"),
        ([*SWEEP, "--rows", "seed"], "--rows is an option of tables"),
        (["--hue", "seed"], "--hue is an option of figures; name one with --kind or"),
        ([*SWEEP, "--figure-preset", "trap"], "--kind and --figure-preset exclude each other"),
        ([*SWEEP, "--label", "a"], "of a figure, write COLUMN=WORDS, as in kernel.name=kernel"),
        ([*SWEEP, "--percent"], "--percent is an option of tables"),
        (["--rows", "seed", "--label", "a"], "a label without = is one of LaTeX tables"),
        (["--rows", "seed", "--format", "latex", "--label", "{"], "use letters, digits and"),
        ([*SWEEP, "--output", "a.md"], "a figure is written as png, pdf, svg"),
        (["--rows", "seed", "--output", "a.png"], "a.png is the name of a figure"),
        (["--rows", "seed", "--output", "a.xyz"], "the format follows the suffix of the file"),
        (["--rows", "seed", "--output", "a.md", "--format", "csv"], "markdown by its suffix"),
        ([*SWEEP, "--hue", "kernel.nam"], "did you mean kernel.name?"),
        ([*SWEEP, "--hue", "kernel.name"], "this would average over task.name"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
@pytest.mark.usefixtures("demo")
def test_a_mistake_is_answered_in_one_line(command, arguments, message):
    done = command(COMMAND, "demo", *arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", "wide"], "WIDTH or WIDTHxHEIGHT, such as 3.3 or 3.3x2.5, got 'wide'"),
        (["--digits", "-1"], "expected a number of decimals up to 15, got '-1'"),
        (["--set", "scale"], "expected NAME=VALUE, got 'scale'"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_an_option_that_cannot_be_read_says_what_would_be_right(command, arguments, message):
    done = command(COMMAND, "demo", *SWEEP, *arguments)
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize(
    ("suffix", "beginning"),
    [("md", "| kernel"), ("tex", "% Mean"), ("csv", "kernel.name,"), ("html", "<!doctype html>")],
)
@pytest.mark.usefixtures("demo")
def test_the_format_of_a_table_follows_its_suffix(command, tmp_path, suffix, beginning):
    over = ("--average-over", "task.name,split.train_fraction")
    done = command(COMMAND, "demo", "--rows", "kernel.name", *over, "--output", f"t.{suffix}")
    assert (done.returncode, done.stdout) == (0, "")
    assert f"table written to t.{suffix} (" in done.stderr
    assert (tmp_path / f"t.{suffix}").read_text(encoding="utf-8").startswith(beginning)


def test_plot_returns_the_axes_of_a_sweep(demo):
    runs = collect.runs(demo)
    axes = collect.plot(
        runs[runs["task.name"] == "addition"],
        x="split.train_fraction",
        y="test_accuracy",
        hue="kernel.name",
        labels={"kernel.name": "k"},
    )
    assert isinstance(axes, Axes)
    assert axes.get_xlabel() == "share of the rows that trains"
    assert axes.figure.legends[0].get_title().get_text() == "k (n = 1)"
    lines = [container.lines[0] for container in axes.containers]
    np.testing.assert_allclose([line.get_ydata() for line in lines], [[0.25, 0.5]] * 2)
    assert axes.figure.number in plt.get_fignums()
    plt.close("all")


def test_plot_returns_an_array_of_panels(demo):
    both = {"hue": "kernel.name", "col": "task.name"}
    runs = collect.runs(demo)
    axes = collect.plot(runs, x="split.train_fraction", y="test_accuracy", **both)
    assert [one.get_title() for one in axes] == ["addition", "division"]
    steps = collect.steps(demo).merge(runs[["digest", *both.values()]], on="digest")
    axes = collect.plot(steps, x="iteration", y="test_accuracy", **both)
    assert [one.get_title() for one in axes] == ["addition", "division"]
    np.testing.assert_allclose(axes[0].get_lines()[0].get_ydata(), [0, 0.375])
    plt.close("all")


def test_plot_refuses_what_the_commands_refuse(demo):
    runs = collect.runs(demo)
    with pytest.raises(FigureError, match=r"average over task\.name"):
        collect.plot(runs, x="split.train_fraction", y="test_accuracy", hue="kernel.name")
    with pytest.raises(GrokrfmError, match="did you mean test_accuracy"):
        collect.plot(runs, x="split.train_fraction", y="test_acuracy")
    with pytest.raises(GrokrfmError, match="unknown key 'color'"):
        collect.plot(runs, x="split.train_fraction", y="test_accuracy", color="red")


@pytest.mark.usefixtures("demo")
def test_the_numbers_of_a_table_are_written_as_asked(command):
    over = ("--average-over", "task.name,split.train_fraction", "--label", "kernel.name=k")
    options = ("--percent", "--digits", "2", "--no-n", "--label", "tab:one", "--format", "latex")
    done = command(COMMAND, "demo", "--rows", "kernel.name", *over, *options)
    assert done.returncode == 0, done.stderr
    assert r"k & \multicolumn{2}{c}{test accuracy (\%)} \\" in done.stdout
    assert r"gaussian & 37.50 & $\pm$ \num{22.97} \\" in done.stdout
    assert r"\label{tab:one}" in done.stdout and "n = 4 per cell" in done.stdout


def test_plot_takes_short_names_and_the_steps_of_collect(demo):
    runs = collect.runs(demo)
    axes = collect.plot(runs, x="train_fraction", y="test_accuracy", hue="kernel", col="task")
    assert axes[0].get_xlabel() == "share of the rows that trains"
    assert axes[0].figure.legends[0].get_title().get_text() == "kernel (n = 1)"
    steps = collect.steps(demo, settings=["kernel", "task.name"])
    with pytest.raises(GrokrfmError, match="no column 'train_fraction'"):
        collect.plot(steps, x="iteration", y="test_accuracy", hue="train_fraction")
    axes = collect.plot(steps, x="iteration", y="test_accuracy", hue="kernel", col="task.name")
    assert len(axes) == 2
    assert axes[0].figure.legends[0].get_title().get_text() == "kernel (n = 2)"
    plt.close("all")
