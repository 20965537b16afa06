"""docs/architecture.md shows the layers as the imports make them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "layers.py"


def test_the_table_beside_the_picture_is_that_of_the_imports():
    command = [sys.executable, SCRIPT, "--print"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.strip() in (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert printed.count("\n") > 15


def test_the_picture_can_be_drawn(tmp_path):
    """A layer without a place, an upward arrow or one through a box would be refused."""
    folder = tmp_path / "copy"
    for name in ("scripts/layers.py", "docs/architecture.md", "docs/layers.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((ROOT / name).read_bytes())
    (folder / "docs" / "layers.png").unlink()
    (folder / "grokrfm").symlink_to(ROOT / "grokrfm")
    subprocess.run([sys.executable, folder / "scripts" / "layers.py"], check=True)
    assert (folder / "docs" / "layers.png").stat().st_size > 10_000
