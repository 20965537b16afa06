"""What a report says, read from the page without a browser."""

import json
import re
from html import unescape

import numpy as np
import pytest

from grokrfm.collect.report.page import page
from tests.collect.synthetic import curve, failed, run

NASTY = "<script>alert(1)</script>\"'</td>"


def config(kernel="gaussian", seed=0):
    return {
        "task": {"_target_": "grokrfm.tasks.addition", "name": "addition", "modulus": 5},
        "kernel": {"name": kernel},
        "seed": seed,
    }


def embedded(text, name):
    [found] = re.findall(rf'<script type="application/json" id="data-{name}">(.*?)</script>', text)
    return json.loads(found)


def histories_in(text):
    """Names of the numbers, and the history of every run: its iterations and the numbers."""
    digests = [row[0] for row in embedded(text, "rows")["runs"]]
    details = embedded(text, "details")
    found = [run["history"] for run in details["runs"]]
    return details["names"], dict(zip(digests, found, strict=True))


def part(text, name):
    """The words of a section."""
    [found] = re.findall(rf'<section id="{name}">(.*?)</section>', text, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", found)).split())


def broken(digest, number, **rest):
    error = {
        "type": "NumericsError",
        "message": f"iteration {number}: not finite",
        "traceback": f"Traceback of {digest}: {NASTY}",
    }
    return failed(digest, **rest) | {"error": error}


@pytest.fixture
def text(study):
    runs = [
        run(
            f"{kernel}{seed}".replace("/", ""),  # a digest names files
            config=config(kernel, seed),
            history=curve(0.1, y, loss=[1.23456789, None]),
            metrics={"test_accuracy": y, "updates": 2},
        )
        for kernel, y in (("gaussian", 0.9), (NASTY, 0.5))
        for seed in range(2)
    ]
    lost = run("lost", None, config=config(seed=7))
    return page(study(*runs, broken("f1", 3, config=config(seed=8)), broken("f2", 14), lost))


def test_completeness_settings_and_provenance(text):
    counts = re.findall(r"<b>(\d+)</b> (\w+)", text)
    assert counts == [("7", "planned"), ("4", "finished"), ("1", "running"), ("2", "failed")]
    swept = part(text, "settings")
    assert "kernel.name" in swept and "gaussian ×4" in swept and f"{NASTY} ×2" in swept
    assert "commit c0ffee (clean; 7 runs)" in part(text, "provenance")
    assert "host elsewhere (7 runs)" in part(text, "provenance")
    assert "first start 2023-11-14 22:13:20 UTC" in part(text, "provenance")


def test_failures_are_grouped_by_cause_with_the_traceback_of_the_first(text):
    failures = part(text, "failures")
    assert "2 × NumericsError iteration 3: not finite f1 f2" in failures
    assert f"Traceback of f1: {NASTY}" in failures
    assert "f2:" not in failures


def test_nothing_of_a_study_becomes_markup(text):
    assert "<script>alert" not in text
    assert text.count("<script") == 3 and text.count("</script>") == 3
    assert "alert(1)" in unescape(text)


def test_the_page_names_no_address_that_is_not_inside_it(text):
    assert re.findall(r"""(?:src|href)=["'](?!#|data:)[^"']*""", text) == []
    assert "url(" not in text and "@import" not in text and "fetch(" not in text
    assert "default-src 'none'" in text


def test_the_rows_are_the_runs_with_what_differs(text):
    rows = embedded(text, "rows")
    names = [column["name"] for column in rows["columns"]]
    assert names[:5] == ["digest", "status", "task.modulus", "kernel.name", "seed"]
    assert "host" not in names  # the same in all runs
    held = {row[0]: dict(zip(names, row, strict=True)) for row in rows["runs"]}
    assert held["gaussian1"]["test_accuracy"] == 0.9
    assert held["f1"]["status"] == "failed"
    assert held["f1"]["test_accuracy"] is None
    assert held["f1"]["error"] == "iteration 3: not finite"


def test_the_histories_are_those_of_the_runs(text):
    names, histories = histories_in(text)
    iterations, *numbers = histories["gaussian0"]
    held = dict(zip(names, numbers, strict=True))
    assert iterations == 2  # 0 and 1
    assert held["test_accuracy"] == [0.1, 0.9]
    assert held["loss"] == [1.235, None]
    assert histories["lost"] is None


def test_a_study_that_names_nothing_gets_a_table_and_a_figure(text):
    assert "gaussian 0.900 ± 0.000 (n=2" in part(text, "tables")
    assert len(re.findall(r'<img alt="Figure numbers" src="data:image/png;base64,', text)) == 1


def test_what_cannot_be_drawn_says_why_in_its_place(study):
    named = config() | {"study": {"name": "demo", "figures": ["features", "accuracy"]}}
    done = {"history": curve(0.5), "metrics": {"test_accuracy": 0.5, "updates": 1}}
    text = page(study(run("d1", config=named, **done)))
    assert "features no finished run saved M" in part(text, "figures")
    assert 'alt="Figure accuracy"' in text


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([], "There are no runs yet."),
        ([failed("d1")], "no finished run has measured"),
        ([run("d1", None)], "No setting varies between the runs."),
        ([run("d1", metrics={"test_accuracy": float("nan"), "updates": 1})], "0 planned"[1:]),
        ([run("d1", config={"a": {"b": 1}}), run("d2", config={"c": {"d": [1]}})], "c.d"),
    ],
    ids=["empty", "failures only", "one run", "not a number", "different columns"],
)
def test_a_thin_study_has_a_sensible_page(study, runs, said):
    text = page(study(*runs))
    words = " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())
    assert said in words
    assert len(embedded(text, "rows")["runs"]) == len(runs)


def test_the_same_study_makes_the_same_page(study):
    folder = study(run("d1", history=curve(0.5, 0.7), metrics={"test_accuracy": 0.7, "updates": 2}))
    assert page(folder) == page(folder)


def test_histories_that_would_be_too_many_are_left_out_by_name(study, monkeypatch):
    monkeypatch.setattr("grokrfm.collect.report.runs.MOST_NUMBERS", 2)
    text = page(study(run("d1", history=curve(0.5, 0.7, loss=[1.0, 2.0]))))
    assert histories_in(text)[0] == ["test_accuracy"]
    assert "Histories without" in text and "loss" in text


def test_the_command_writes_the_page_beside_the_records(study, command):
    folder = study(run("d1", history=curve(0.5), metrics={"test_accuracy": 0.5, "updates": 1}))
    done = command("grokrfm-report", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "report.html").read_text(encoding="utf-8") == page(folder)
    elsewhere = folder.parent / "new" / "a.html"
    assert command("grokrfm-report", folder, "--output", elsewhere).returncode == 0
    assert elsewhere.exists()
    missing = command("grokrfm-report", folder.parent / "nowhere")
    assert missing.returncode == 1
    assert "does not exist" in missing.stderr and "Traceback" not in missing.stderr


def test_m_is_shown_as_it_is():
    from io import BytesIO

    from matplotlib import colormaps
    from matplotlib.image import imread

    from grokrfm.collect.report.runs import _picture

    M = np.random.default_rng(0).normal(size=(8, 8))
    reach = np.abs(M).max()
    scaled = (M / reach + 1) / 2  # 0 is in the middle, which is white
    shown = imread(BytesIO(_picture(M, reach)))
    np.testing.assert_allclose(shown, colormaps["RdBu_r"](scaled), atol=0.01)
