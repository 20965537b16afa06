import subprocess

import pytest

from tests import served
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
    """Runs an installed command in tmp_path."""

    def run(name, *arguments):
        return subprocess.run(
            [served.folder() / name, *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            check=False,
            timeout=60,
        )

    return run
