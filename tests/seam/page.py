"""The files that docs/extending.md shows, written out as its reader would."""

import re
from pathlib import Path

from grokrfm.config import build_run
from grokrfm.runs.hardware import Hardware
from grokrfm.runs.observer import Observer
from grokrfm.runs.run import execute
from grokrfm.runs.store import Store
from tests.cli.command import BIN, finished, grokrfm, start

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "extending.md"
SHOWN = re.compile(r"^cat > (\S+) <<'EOF'\n(.*?)^EOF$", re.MULTILINE | re.DOTALL)
FILES = dict(SHOWN.findall(PAGE.read_text(encoding="utf-8")))
PERCEPTRON = ["--config-dir", "own", "--config-name", "perceptron"]
SMALL = ["task.modulus=5", "rate=1", "width=4", "updates=300", "observe_every=100"]


class Own:
    """A folder with files of the page in it, and the commands that a reader runs there."""

    def __init__(self, folder, *names):
        self.folder = folder
        self.environment = {"PYTHONPATH": f"{folder}:{ROOT}"}
        for name in names or FILES:
            self.write(name, FILES[name])

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def study(self, name):
        return self.folder / "outputs" / name

    def __call__(self, *arguments, **environment):
        """Run the perceptron until the command ends."""
        return grokrfm(self.folder, *PERCEPTRON, *arguments, **self.environment, **environment)

    def start(self, *arguments):
        """Start it and return at once."""
        return start(self.folder, *PERCEPTRON, *arguments, **self.environment)

    def command(self, name, *arguments):
        """Run another command, such as grokrfm-status, without the files of one's own."""
        return finished(self.folder, [BIN / name, *arguments], {})


def perceptron(folder):
    """A folder with the learner of the page."""
    return Own(folder, "perceptron.py", "own/perceptron.yaml")


def run(settings, study, observer=None, **changed):
    """Execute a run in this process, with some settings of another one changed."""
    built = build_run({**settings, **changed})
    return execute(built, Store(study), Hardware("cpu", 1), observer or Observer())
