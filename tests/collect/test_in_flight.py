"""Studies are read while sweeps write to them."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from grokrfm import collect
from tests.collect.synthetic import curve, run

WRITER = """
import sys, time
from pathlib import Path
from grokrfm.runs.store import Store
from tests.collect.synthetic import curve, run

folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
store = Store(folder)
for number in range(count):
    fields = dict(run(f"{name}-{number}", metrics={"test_accuracy": 0.5, "updates": 60}))
    del fields["status"], fields["metrics"], fields["history"]
    attempt = store.start(started=time.time(), **fields)
    history = curve(*[0.5] * 60, note=["x" * 500] * 60)
    store.end(attempt, history, status="finished", ended=time.time(), features=[],
              metrics={"test_accuracy": 0.5, "updates": 60})
"""


def test_collecting_during_a_sweep_never_fails(tmp_path):
    """Three processes make files of their own and append to them meanwhile."""
    folder, count = tmp_path / "demo", 60
    (folder / "segments").mkdir(parents=True)
    command = [sys.executable, "-c", WRITER, folder]
    writers = [subprocess.Popen([*command, name, str(count)]) for name in ("a", "b", "c")]
    seen = [0]
    deadline = time.monotonic() + 120
    while any(writer.poll() is None for writer in writers):
        assert time.monotonic() < deadline
        runs, steps = collect.runs(folder), collect.steps(folder)
        finished = int((runs["status"] == "finished").sum())
        assert finished >= seen[-1]
        assert len(steps) % 60 == 0
        assert set(runs["status"]) <= {"finished", "running", "lost"}
        if finished:
            [cell] = collect.table(runs, [], [], ["test_accuracy"]).to_dict("records")
            assert (cell["test_accuracy"], cell["finished"]) == (0.5, finished)
        seen.append(finished)
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(collect.runs(folder)) == 3 * count
    assert len(set(seen)) > 2  # it was indeed read in between


def test_lines_that_are_still_being_written_are_left_for_the_next_reading(study):
    """Every prefix of a segment is a study that can be read."""
    folder = study(
        run("d1", metrics={"test_accuracy": 0.5}, history=curve(0.1, 0.5)),
        run("d2", metrics={"test_accuracy": 0.25}, history=curve(0.1)),
    )
    [segment] = (folder / "segments").iterdir()
    whole = segment.read_bytes()
    counts = []
    for end in range(0, len(whole) + 1, 7):
        segment.write_bytes(whole[:end])
        counts.append(int((collect.runs(folder)["status"] == "finished").sum()))
        assert len(collect.steps(folder)) in (0, 2, 3)
    assert counts == sorted(counts)
    assert set(counts) >= {0, 1}
    segment.write_bytes(whole)
    assert collect.runs(folder)["test_accuracy"].tolist() == [0.5, 0.25]


@pytest.mark.parametrize(
    "garbage", [b"\0\0\0\n", b'{"kind": "ended"}\n', b"[1]\n", b"\xff\xfe\n", b"{"]
)
def test_a_line_that_a_crash_has_torn_hides_no_other(study, garbage):
    folder = study(run("d1", metrics={"test_accuracy": 0.5}, history=curve(0.5)))
    [segment] = (folder / "segments").iterdir()
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(garbage.rstrip(b"\n").join([b"", b"\n"]) + b"".join(lines) + garbage)
    assert collect.runs(folder)["test_accuracy"].tolist() == [0.5]
    assert len(collect.steps(folder)) == 1


def test_reading_the_same_folder_from_threads(study):
    folder = study(*(run(f"d{i}", history=curve(0.5)) for i in range(20)))
    lengths: list[int] = []
    threads = [
        threading.Thread(target=lambda: lengths.append(len(collect.runs(folder)))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(lengths, [20] * 4)
