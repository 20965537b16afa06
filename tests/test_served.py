"""A served command is to a test what the installed one is."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import served

INSTALLED = Path(sys.executable).parent
SHOW = "import os, sys; print(sys.argv, os.getcwd(), os.environ['GIVEN'], sys.stdin.read())"


def outcomes(folder, name, *arguments, **options):
    """Exit code, output and errors of a command, served and installed."""
    for place in (served.folder(), INSTALLED):
        yield subprocess.run(
            [place / name, *arguments], cwd=folder, capture_output=True, text=True, **options
        )


@pytest.mark.parametrize(
    "code",
    [SHOW, "import sys; sys.exit(3)", "import sys; sys.exit('wrong')",
     "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
     "import atexit; atexit.register(print, 'last')"],
    ids=["surroundings", "exit code", "message", "signal", "end"],
)  # fmt: skip
def test_a_script_ends_as_it_would(tmp_path, code):
    (tmp_path / "script.py").write_text(code, encoding="utf-8")
    environment = {**os.environ, "GIVEN": "é"}
    one, other = outcomes(tmp_path, "python", "script.py", "a b", env=environment, input="read")
    assert (one.returncode, one.stdout, one.stderr) == (
        other.returncode, other.stdout, other.stderr,
    )  # fmt: skip


def test_an_error_is_a_traceback_and_exit_code_1(tmp_path):
    (tmp_path / "script.py").write_text("1 / 0", encoding="utf-8")
    for done in outcomes(tmp_path, "python", "script.py"):
        assert done.returncode == 1
        assert done.stderr.startswith("Traceback")
        assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_a_command_says_the_same(tmp_path):
    one, other = outcomes(tmp_path, "grokrfm-status", "nowhere")
    assert one.returncode == other.returncode == 1
    assert one.stderr == other.stderr != ""


def test_a_command_ends_with_its_client(tmp_path):
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    (tmp_path / "script.py").write_text(code, encoding="utf-8")
    client = subprocess.Popen(
        [served.folder() / "python", "script.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    pid = int(client.stdout.readline())
    assert pid != client.pid
    client.send_signal(signal.SIGKILL)
    client.wait()
    assert client.stdout.read() == ""  # until the last process that has it open is gone
    assert (
        not Path(f"/proc/{pid}").exists() or Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    )
