import subprocess
import sys
from pathlib import Path

import pytest

from tests.collect import synthetic


@pytest.fixture
def study(tmp_path):
    """Writes a study of made-up runs: study(run("d1"), run("d2"), name="demo") -> its folder."""

    def written(*runs, name="demo", beginning=synthetic.BEGINNING):
        (tmp_path / name / "segments").mkdir(parents=True, exist_ok=True)
        return synthetic.write(tmp_path / name, runs, beginning)

    return written


@pytest.fixture
def command(tmp_path):
    """Runs an installed command for real, in tmp_path."""

    def run(name, *arguments):
        script = Path(sys.executable).with_name(name)
        return subprocess.run(
            [script, *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            check=False,
            timeout=60,
        )

    return run
