"""The commands, as a user starts them, and what they leave on disk."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests import served

BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "80"}
ENVIRONMENT.pop("HYDRA_FULL_ERROR", None)


def grokrfm(folder, *arguments, threads=1, **environment):
    """Run the command `grokrfm` in a folder until it ends."""
    command = [BIN / "grokrfm", *arguments]
    if threads:
        command.append(f"hardware.threads={threads}")
    return finished(folder, command, environment)


def status(folder, study, *arguments):
    """Run the command `grokrfm-status`."""
    return finished(folder, [BIN / "grokrfm-status", study, *arguments], {})


def finished(folder, command, environment):
    """Run an installed command until it ends; it is served (tests/served.py)."""
    script, *arguments = command
    return subprocess.run(
        [served.folder() / script.name, *arguments],
        cwd=folder,
        env={**ENVIRONMENT, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def start(folder, *arguments, **environment):
    """Start the command `grokrfm` and return at once; it hears Ctrl-C as in a terminal."""
    return subprocess.Popen(
        [BIN / "grokrfm", *arguments, "hardware.threads=1"],
        cwd=folder,
        env={**ENVIRONMENT, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # a background job of a shell, as pytest may be, is started with Ctrl-C ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def segments(study):
    """File name → bytes of every segment of a study."""
    return {path.name: path.read_bytes() for path in (study / "segments").glob("*.jsonl")}


def lines(study, kind):
    """The lines of one kind, started, history or ended, in order of writing."""
    folder = study / ("histories" if kind == "history" else "segments")
    texts = [path.read_text(encoding="utf-8") for path in folder.glob("*.jsonl")]
    entries = [json.loads(line) for text in texts for line in text.splitlines()]
    entries = [entry for entry in entries if entry["kind"] == kind]
    return sorted(entries, key=lambda entry: entry.get("ended") or entry.get("started") or 0)


def digests(stdout):
    """The digests that a command printed, one a run, in order."""
    return re.findall(r"digest ([0-9a-f]{16})", stdout)


def listing(folder):
    """Everything below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
