"""Reports of studies that do not fit into one page, at small bounds."""

import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokrfm.collect.report.cli import main
from grokrfm.collect.report.page import RESERVED, page, write
from grokrfm.collect.report.values import rounded
from grokrfm.text import printable
from tests.collect.report.test_page import NASTY, config, embedded, histories_in, part
from tests.collect.synthetic import curve, failed, run

HOSTILE = f"{NASTY} \u2028\u2029 é <!--"
SCRIPT = re.compile(r'grokrfmReport\(("(?:[^"\\<\n]|\\["\\/bfnrtu])*")\);\n')
REPORT = Path(sys.executable).with_name("grokrfm-report")


@pytest.fixture
def runs():
    return [
        run(
            "__proto__" if i == 0 else f"d{i:02}",
            config=config(HOSTILE if i % 2 else "gaussian", i),
            history=curve(*(0.1 + i / 100 for _ in range(8)), train_loss=[1.0] * 8),
            metrics={"test_accuracy": i / 60, "updates": 8},
        )
        for i in range(60)
    ]


@pytest.fixture
def folder(study, runs):
    return study(*runs)


def made(folder, target, room=0):
    """Write a report with room for some bytes of data of runs, and return the page."""
    text = page(folder)
    pictures = re.findall(r"data:image/png;base64,[^\"]*|<table>.*?</table>\n", text, re.DOTALL)
    size = sum(map(len, pictures)) + RESERVED
    write(folder, target, most_bytes=size + room, most_in_file=2_000)
    assert target.stat().st_size <= size + room
    return target.read_text(encoding="utf-8")


def everything(target, name):
    """Data of the runs in a page and in the files that continue it."""
    head = embedded(target.read_text(encoding="utf-8"), name)
    found = head["runs"]
    for first, address in head["files"]:
        assert first == len(found)
        script = (target.parent / unquote(address)).read_bytes().decode("ascii")
        found += json.loads(json.loads(SCRIPT.fullmatch(script)[1]))
    return found


@pytest.mark.parametrize("room", [0, 4_000])
def test_the_page_and_the_files_beside_it_hold_what_one_page_would_hold(folder, tmp_path, room):
    target = tmp_path / "other" / "a report.html"
    text, whole = made(folder, target, room), page(folder)
    assert len(embedded(text, "rows")["runs"]) < 60 == embedded(text, "rows")["total"]
    for name in ("rows", "details"):
        assert everything(target, name) == embedded(whole, name)["runs"]
        assert len(embedded(text, name)["files"]) > 1
    sizes = [path.stat().st_size for path in (target.parent / "a report-runs").iterdir()]
    assert max(sizes) < 4_000
    assert "Keep the folder a report-runs beside this page" in part(text, "runs")
    assert "script-src 'unsafe-inline' 'self' file:" in text
    assert "file:" not in whole


def test_nothing_of_a_study_becomes_code_beside_the_page(folder, tmp_path):
    target = tmp_path / "report.html"
    text = made(folder, target)
    files = list((tmp_path / "report-runs").iterdir())
    assert len(files) > 4
    for path in files:
        assert SCRIPT.fullmatch(path.read_bytes().decode("ascii")), path
    assert {row[0] for row in everything(target, "rows")} >= {"__proto__", "d59"}
    assert printable(HOSTILE) in {cell for row in everything(target, "rows") for cell in row}
    assert "alert(1)</script" not in text


def test_files_of_an_earlier_report_are_removed_and_no_others(folder, study, runs, tmp_path):
    target, beside = tmp_path / "report.html", tmp_path / "report-runs"
    made(folder, target)
    first = {path.name for path in beside.iterdir()}
    (beside / "notes.js").write_text("mine")
    study(run("new", config=config(seed=99)))
    made(folder, target)
    second = {path.name for path in beside.iterdir()}
    assert "notes.js" in second
    assert len(everything(target, "rows")) == 61
    assert first - second
    write(folder, target)
    assert [path.name for path in beside.iterdir()] == ["notes.js"]
    (beside / "notes.js").unlink()
    write(folder, target)
    assert not beside.exists()


@pytest.fixture
def reported(monkeypatch, capsys):
    """Runs the command in this process, and returns what it has printed."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["grokrfm-report", *map(str, arguments)])
        main()
        return capsys.readouterr().out

    return call


def test_the_command_limits_the_runs_that_are_listed(folder, reported, tmp_path):
    reported(folder, "--runs", "2")
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert [row[0] for row in embedded(text, "rows")["runs"]] == ["__proto__", "d01"]
    assert len(embedded(text, "details")["runs"]) == 2
    assert "Only the first 2 of 60 runs are in this table" in part(text, "runs")
    assert "<b>60</b> planned" in text
    reported(folder, "--runs", "none", "--output", tmp_path / "none.html")
    text = (tmp_path / "none.html").read_text(encoding="utf-8")
    assert embedded(text, "rows")["runs"] == [] == embedded(text, "details")["runs"]


def test_a_wrong_number_of_runs_is_refused(folder, reported, capsys):
    with pytest.raises(SystemExit):
        reported(folder, "--runs", "some")
    assert "expected all, none or a number of runs, got 'some'" in capsys.readouterr().err


def test_output_is_a_file_or_a_folder(study, reported, tmp_path):
    folder = study(run("d1"))
    for output, target in (
        (f"{tmp_path}/new/", tmp_path / "new" / "report.html"),
        (tmp_path / "demo", folder / "report.html"),
        (tmp_path / "deep" / "b.html", tmp_path / "deep" / "b.html"),
    ):
        assert reported(folder, "--output", output) == f"{target}\n"
        assert target.read_text(encoding="utf-8") == page(folder)


def test_histories_of_a_large_study_show_the_leading_numbers(folder, monkeypatch):
    assert histories_in(page(folder))[0] == ["test_accuracy", "seconds", "train_loss"]
    monkeypatch.setattr("grokrfm.collect.report.page.MOST_IN_FULL", 59)
    text = page(folder)
    assert histories_in(text)[0] == ["test_accuracy"]
    assert "Histories show only test_accuracy" in part(text, "runs")


def test_a_table_with_too_many_cells_says_so_in_its_place(folder, monkeypatch):
    monkeypatch.setattr("grokrfm.collect.report.products.MOST_CELLS", 1)
    tables = part(page(folder), "tables")
    assert "2 cells are too many for this page, at most 1 fit" in tables


def test_causes_beyond_the_commonest_are_counted(study, monkeypatch):
    monkeypatch.setattr("grokrfm.collect.report.overview.MOST_CAUSES", 2)
    causes = ("common", "common", "other", "rare", "odd")
    text = page(study(*(failed(f"d{i}", cause) for i, cause in enumerate(causes))))
    failures = part(text, "failures")
    assert "2 × NumericsError common" in failures and "other" in failures
    assert "rare" not in failures and "2 more causes are not shown" in failures


@given(st.floats(), st.integers(1, 6))
def test_numbers_are_rounded_as_python_writes_them(number, digits):
    [found] = rounded(np.array([number]), digits).tolist()
    expected = float(f"{number:.{digits}g}")
    if not np.isfinite(number):
        assert np.isnan(found)
    elif 1e-12 < abs(number) < 1e12:
        assert found == pytest.approx(expected, rel=1.1 * 10.0 ** (1 - digits), abs=0)
        assert len(f"{found:.17g}".lstrip("-")) <= 24 and float(f"{found:.{digits}g}") == found
    else:
        assert found == pytest.approx(expected, rel=1.1 * 10.0 ** (1 - digits), abs=1e-290)


def test_a_read_only_study_is_reported_to_another_folder(folder, tmp_path, mounted_read_only):
    assert mounted_read_only(folder, "touch", folder / "x").returncode != 0
    before = sorted(folder.rglob("*"))
    done = mounted_read_only(folder, REPORT, folder, "--output", f"{tmp_path}/new/")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "new" / "report.html").read_text(encoding="utf-8") == page(folder)
    assert sorted(folder.rglob("*")) == before


def test_a_report_into_a_read_only_study_names_the_remedy(folder, mounted_read_only):
    done = mounted_read_only(folder, REPORT, folder)
    assert done.returncode == 1
    assert done.stderr == f"{folder} is read-only; name another folder with --output\n"
