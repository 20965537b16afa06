"""The notebook of docs/ runs, and shows progress, tables and figures.

python -m tests.test_tutorial puts in what its cells show now.
"""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

PATH = Path(__file__).parents[1] / "docs" / "tutorial.ipynb"


def executed(folder):
    notebook = nbformat.read(PATH, as_version=4)
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(folder)}}, record_timing=False
    )
    return client.execute()


@pytest.mark.slow
def test_the_tutorial_runs_and_shows_what_it_makes(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    shown = {}
    for cell in executed(tmp_path).cells:
        for output in cell.get("outputs", ()):
            assert output.get("name") != "stderr", output
            for kind, content in output.get("data", {}).items():
                shown.setdefault(kind, []).append(content)
    text, html = "\n".join(shown["text/plain"]), "\n".join(shown["text/html"])
    assert "<Experiment: addition mod 31, gaussian, uniform train_fraction=0.6" in text
    assert "30/30" in html and "finished" in html
    assert '<th scope="col">points moved to the test set</th>' in html
    assert len(shown["image/png"]) == 2


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        nbformat.write(executed(folder), PATH)
