"""Text of a study from somebody else, shown by the real commands: it never acts."""

import json
import re
import sys

import pytest

from grokrfm import status
from grokrfm.collect import cli
from grokrfm.collect.report import cli as report
from tests.collect.synthetic import HERE_BUT_GONE, curve, run

EVIL = "a\x1b[2J\x1b]0;owned\x07\x9b31m\u202eb\u2066\ud800\r\nforged: 99 finished $x_1^2$\u200f"
SHOWN = r"a\x1b[2J\x1b]0;owned\x07\x9b31m\u202eb\u2066\ud800\r\nforged: 99 finished $x_1^2$\u200f"
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
FORMATS = ("terminal", "markdown", "csv", "latex", "html")


@pytest.fixture
def evil(study):
    """A study `demo` whose every text is hostile: names, values, errors, hosts, a torn line."""

    def one(digest, seed, status="finished", name=EVIL, **rest):
        config = {
            "task": {"_target_": "x", "name": name, EVIL: 1},
            "seed": seed,
            "study": {"name": EVIL},
        }
        facts = {"title": f"title {EVIL}", f"fact {EVIL}": EVIL}
        metrics = {"test_accuracy": 0.5, "updates": 2, f"x{EVIL}": seed}
        history = curve(0.1, 0.5, **{f"x{EVIL}": [1.0, 2.0]})
        rest = {"metrics": metrics, "history": history} | rest
        return run(digest, status, config=config, facts=facts, **rest)

    error = {"type": f"E{EVIL}", "message": f"boom {EVIL}", "traceback": f"Trace\n  {EVIL}"}
    elsewhere = {**HERE_BUT_GONE, "host": EVIL}
    folder = study(
        one("d1", 0),
        one("d1", 5),  # other numbers: a warning
        one("d2", 1, name="=cmd|' /C calc'!A0"),
        one("d3", 2, "failed", error=error, metrics={}, history={}),
        one("d4", 3, None, provenance=HERE_BUT_GONE),
        one("d5", 4, None, provenance=elsewhere),
    )
    (folder / "segments" / "torn.jsonl").write_bytes(b'\x1b[31m"\n')
    return folder


@pytest.fixture
def said(monkeypatch, capsys):
    """Runs a command in this process: said(main, "demo") -> its output."""

    def say(main, *arguments):
        monkeypatch.setattr(sys, "argv", ["grokrfm", *map(str, arguments)])
        main()
        out, err = capsys.readouterr()
        assert not ACTS.search(out + err)
        return out

    return say


@pytest.mark.parametrize("option", [(), ("--failures",), ("--log", "d3"), ("--log", "d1")])
def test_status_shows_text_only(evil, said, option):
    out = said(status.main, evil, *option)
    assert SHOWN in out
    assert out.count("\nforged") == (option == ("--log", "d3"))  # a line of the traceback


@pytest.mark.parametrize("kind", FORMATS)
def test_tables_show_text_only(evil, said, kind):
    out = said(cli.main, evil, "--rows", "task.name", "--format", kind)
    assert "forged" in out
    assert "\nforged" not in out


def test_the_files_of_a_study_hold_text_only(evil, said):
    said(cli.main, evil)
    for path in (evil / "tables").iterdir():
        assert not ACTS.search(path.read_text(encoding="utf-8"))
    cells = (evil / "tables" / "summary.csv").read_text(encoding="utf-8").replace("\n", ",")
    assert "'=cmd|' /C calc'!A0," in cells
    assert ",=" not in cells


def test_figures_of_hostile_names_are_drawn(evil, said):
    said(cli.main, evil, "--rows", "task.name", "--figure", "test_accuracy")
    assert len(list((evil / "figures").iterdir())) == 2


def test_the_report_shows_text_only(evil, said):
    said(report.main, evil)
    page = (evil / "report.html").read_text(encoding="utf-8")
    assert not ACTS.search(page)
    assert SHOWN in page
    embedded = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page)
    assert len(embedded) == 2
    for text in embedded:
        decoded = json.dumps(json.loads(text), ensure_ascii=False)
        assert not ACTS.search(decoded)


@pytest.mark.usefixtures("evil")
def test_warnings_and_mistakes_are_text_only(command):
    done = command("grokrfm-collect", "demo", "--rows", "task.nam\x1b[31m\u202e")
    assert done.returncode == 1
    assert "finished twice with different numbers" in done.stderr
    assert not ACTS.search(done.stderr)
    assert "\nforged" not in done.stderr
