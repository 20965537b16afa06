import shutil
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


@pytest.fixture(scope="session")
def mounted_read_only(tmp_path_factory):
    """Runs a command that sees a folder as a read-only file system."""
    steps = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'

    def run(folder, *command):
        arguments = ["unshare", "-m", "sh", "-c", steps, folder, *command]
        return subprocess.run([*map(str, arguments)], capture_output=True, text=True, check=False)

    probe = tmp_path_factory.mktemp("mounted")
    if not shutil.which("unshare") or run(probe, "touch", probe / "x").returncode == 0:
        pytest.skip("needs the right to mount a folder read-only (unshare -m)")
    if run(probe, "true").returncode:
        pytest.skip("needs the right to mount a folder read-only (unshare -m)")
    return run
