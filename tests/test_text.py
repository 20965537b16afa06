"""Text of records, file names and settings, as it is shown."""

import subprocess
import sys
from collections import Counter
from io import StringIO
from types import SimpleNamespace

from rich.console import Console

from grokrfm.launch import live
from grokrfm.runs.store import Store
from grokrfm.terminal import Terminal
from grokrfm.text import printable, printable_lines
from tests.cli.command import grokrfm, lines, status
from tests.collect.synthetic import run, write

EVIL = "a\x1b[2J\x9b\x07\u202e\u2066\u200e\u061c\udc80\ud800\u2028\r\tb"
SHOWN = r"a\x1b[2J\x9b\x07\u202e\u2066\u200e\u061c\udc80\ud800\u2028\r"


def test_an_unprintable_character_is_shown_as_its_escape():
    assert printable(f"{EVIL}\nc") == SHOWN + r"\tb\nc"
    for text in ("Größe λ → ∞ ± 漢字 🎉 e\u0301 [red] $x$ \\x1b", ""):
        assert printable(text) == printable_lines(text) == text


def test_lines_and_their_tabs_are_kept_where_there_are_several():
    assert printable_lines("a\n\tb\x1b\rc") == "a\n        b\\x1b\\rc"


def test_the_terminal_shows_text_as_text(capsys):
    terminal = Terminal()
    terminal.say(f"{EVIL}[bold] :smile: [/nothing]")
    terminal.problem(EVIL)
    out, err = capsys.readouterr()
    assert out.startswith(SHOWN) and "[bold] :smile: [/nothing]" in out
    assert err.startswith(SHOWN)


def test_a_warning_is_one_line_of_text():
    code = (
        "import logging; from grokrfm.text import log_to_stderr; log_to_stderr();"
        f"logging.getLogger('x').warning('%s', {EVIL + chr(10)!r} + 'ERROR: forged')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.stderr == f"WARNING: {SHOWN}\\tb\\nERROR: forged\n"


def test_a_setting_with_invalid_bytes_is_run_and_shown(tmp_path):
    settings = ("task.modulus=5", "rfm.iterations=1", "study=demo")
    done = grokrfm(tmp_path, 'task.name="a\udc80\x1b[31m\u202e"', *settings)
    assert done.returncode == 0, done.stderr
    [start] = lines(tmp_path / "outputs" / "demo", "started")
    assert start["config"]["task"]["name"] == "a\udc80\x1b[31m\u202e"
    assert "1 finished" in status(tmp_path, "outputs/demo").stdout


def test_the_live_table_shows_the_settings_of_a_run_as_text(tmp_path):
    folder = write(tmp_path, [run("d1", None)])
    plan = SimpleNamespace(index={"d1": 0})
    driver = SimpleNamespace(
        sweep=SimpleNamespace(plan=plan, label=lambda _: f"{EVIL}[/bold] [red]"),
        counts=lambda: Counter(running=1),
        seconds_left=lambda: 0.0,
        stopping=False,
        running=Store(folder).records,
    )
    console = Console(file=StringIO(), width=200)
    console.print(live._table(driver))
    assert SHOWN + r"\tb[/bold] [red]" in console.file.getvalue()
