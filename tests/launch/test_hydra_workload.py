"""Our launcher for any other Hydra application says what it starts and how that ends."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import ENVIRONMENT

APPLICATION = """
import os

import hydra


class Odd(Exception):
    def __init__(self, a, b):  # it cannot be made again from its arguments
        super().__init__(f"{a} and {b}")


def deep(x):
    if x == "fails":
        raise ValueError("x is bad")
    if x == "odd":
        raise Odd(1, 2)
    if x == "exits":
        os._exit(7)


@hydra.main(config_path=None, config_name=None, version_base="1.3")
def main(cfg):
    print("hello", cfg.x, flush=True)
    deep(cfg.x)


main()
"""
ENDS = {
    "fine": "finished in",
    "fails": "failed after .* s: x is bad",
    "odd": "failed after .* s: Odd: 1 and 2",
    "exits": "failed after .* s: its process exited with code 7",
}


def launched(folder, x):
    (folder / "app.py").write_text(APPLICATION, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "app.py", "-m", "hydra/launcher=grokrfm_local", f"+x={x}"],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.mark.slow
def test_it_says_what_it_starts_where_logs_lie_and_how_jobs_end(tmp_path):
    done = launched(tmp_path, ",".join(ENDS))
    assert "Launching 4 jobs (local)" in done.stdout
    for number, (x, end) in enumerate(ENDS.items()):
        assert re.search(rf"#{number} : \+x={x}$", done.stdout, re.MULTILINE)
        assert re.search(rf"#{number} : {end}", done.stdout)
    [folder] = re.findall(r"output in (.*)$", done.stdout, re.MULTILINE)
    logs = "".join(path.read_text(encoding="utf-8") for path in Path(folder).iterdir())
    for x in ENDS:
        assert f"hello {x}" in logs
    assert 'raise ValueError("x is bad")' in logs
    assert "raise Odd(1, 2)" in logs


@pytest.mark.slow
@pytest.mark.parametrize(
    ("x", "frame", "last"),
    [
        ("fails", 'raise ValueError("x is bad")', "ValueError: x is bad"),
        ("odd", "raise Odd(1, 2)", "Odd: 1 and 2"),
        ("exits", "hello exits", "its process exited with code 7"),
    ],
)
def test_the_frame_of_a_failed_job_reaches_the_terminal(tmp_path, x, frame, last):
    done = launched(tmp_path, x)
    assert done.returncode == 1
    assert f"Error executing job with overrides: ['+x={x}']" in done.stderr
    cause, _, raised = done.stderr.partition("the direct cause of the following exception")
    assert frame in cause
    assert raised.strip().splitlines()[-1].endswith(last)
