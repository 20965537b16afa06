"""Callbacks of Hydra are called while a sweep runs."""

CALLBACK = """
from pathlib import Path

from hydra.experimental.callback import Callback


class Marks(Callback):
    def __init__(self, event):
        self.event = event

    def on_job_start(self, config, **kwargs):
        self.note("start", config)

    def on_job_end(self, config, job_return, **kwargs):
        self.note("end", config)

    def note(self, event, config):
        with Path("notes.txt").open("a") as file:
            print(event, config.seed, config.hydra.job.num, file=file)
        if event == self.event:
            Path("marks").mkdir(exist_ok=True)
            Path("marks", str(config.seed)).touch()
"""


def test_a_job_starts_and_ends_for_callbacks_while_others_run(sabotage):
    """The second run waits until the callback has heard of the end of the first."""
    folder = sabotage.folder
    (folder / "marks_callback.py").write_text(CALLBACK, encoding="utf-8")
    done = sabotage(
        "seed=0,1", "kernel.deed=none,wait", "hydra.sweeper.zip=[[seed,kernel.deed]]",
        "hardware.slots=1", "++hydra.callbacks.marks._target_=marks_callback.Marks",
        "++hydra.callbacks.marks.event=end",
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "2 finished", done.stdout + done.stderr
    notes = (folder / "notes.txt").read_text(encoding="utf-8").splitlines()
    assert notes == ["start 0 0", "end 0 0", "start 1 1", "end 1 1"]


def test_a_start_is_told_before_the_end(sabotage):
    folder = sabotage.folder
    (folder / "marks_callback.py").write_text(CALLBACK, encoding="utf-8")
    done = sabotage(
        "seed=0", "kernel.deed=wait", "++hydra.callbacks.marks._target_=marks_callback.Marks",
        "++hydra.callbacks.marks.event=start",
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "1 finished", done.stdout + done.stderr
    notes = (folder / "notes.txt").read_text(encoding="utf-8").splitlines()
    assert notes == ["start 0 0", "end 0 0"]
