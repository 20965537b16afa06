import json
import multiprocessing
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grokrfm.checks import StoreError
from grokrfm.runs.provenance import provenance
from grokrfm.runs.record import best_by_digest
from grokrfm.runs.store import Store
from grokrfm.runs.study_status import StudyStatus

ROOT = Path(__file__).parents[2]


def write_run(store, digest="d1", status="finished", accuracy=1.0):
    attempt = store.start(
        digest=digest,
        started=time.time(),
        config={"seed": 0},
        facts={"n_train": 3},
        provenance=provenance("cpu", 1),
    )
    if status:
        store.end(
            attempt,
            {"iteration": [0, 1], "test_accuracy": [0.0, accuracy]},
            status=status,
            ended=time.time(),
            metrics={"test_accuracy": accuracy, "updates": 2},
            features=[],
        )
    return attempt


def segments(store):
    return sorted((store.study / "segments").iterdir())


def test_what_was_written_is_read(tmp_path):
    store = Store(tmp_path / "study")
    attempt = write_run(store, accuracy=0.25)
    [record] = Store(tmp_path / "study").records()
    assert (record.digest, record.status, record.attempt) == ("d1", "finished", attempt)
    assert record.metrics["test_accuracy"] == 0.25
    history = Store(tmp_path / "study").histories()[attempt]
    assert history["test_accuracy"] == [0.0, 0.25]


def test_nothing_is_made_before_the_first_record(tmp_path):
    store = Store(tmp_path / "study")
    assert store.records() == []
    assert not (tmp_path / "study").exists()


def test_a_process_writes_one_file_however_many_runs(tmp_path):
    store = Store(tmp_path)
    for number in range(50):
        write_run(store, f"d{number}")
    assert len(segments(store)) == 1
    assert len(store.records()) == 50


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_a_torn_last_line_hides_no_earlier_record(tmp_path, cut):
    store = Store(tmp_path)
    write_run(store, "whole")
    write_run(store, "torn")
    [segment] = segments(store)
    os.truncate(segment, segment.stat().st_size - cut)
    best = best_by_digest(Store(tmp_path).records())
    assert best["whole"].status == "finished"
    assert best["torn"].status == "running"  # this process, which began it, is alive


def test_garbage_in_the_middle_costs_that_line_alone(tmp_path, caplog):
    write_run(Store(tmp_path), "first")
    [segment] = segments(Store(tmp_path))
    segment.write_bytes(segment.read_bytes() + b"\x00\xff{not json\n")
    write_run(Store(tmp_path), "second")
    assert set(best_by_digest(Store(tmp_path).records())) == {"first", "second"}
    assert "1 line skipped" in caplog.text


def test_a_reader_sees_what_was_added_since(tmp_path):
    writer, reader = Store(tmp_path), Store(tmp_path)
    write_run(writer, "first")
    assert len(reader.records()) == 1
    write_run(writer, "second", status="failed")
    assert [record.status for record in reader.records()] == ["finished", "failed"]


def test_a_line_half_written_is_read_once_it_is_whole(tmp_path):
    write_run(Store(tmp_path), "first")
    [segment] = segments(Store(tmp_path))
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-30])
    reader = Store(tmp_path)
    assert [record.status for record in reader.records()] == ["running"]
    segment.write_bytes(whole)
    assert [record.status for record in reader.records()] == ["finished"]


def test_a_finished_record_stands_before_a_later_failure(tmp_path):
    store = Store(tmp_path)
    write_run(store, status="finished", accuracy=0.5)
    write_run(store, status="failed")
    assert best_by_digest(store.records())["d1"].metrics["test_accuracy"] == 0.5
    write_run(store, status="finished", accuracy=0.75)
    assert best_by_digest(store.records())["d1"].metrics["test_accuracy"] == 0.75


def test_a_run_whose_process_is_gone_is_lost(tmp_path):
    code = f"""
import os, pathlib
from tests.runs.test_store import Store, write_run
write_run(Store(pathlib.Path({str(tmp_path)!r})), "gone", status=None)
os._exit(9)
"""
    subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT)
    [record] = Store(tmp_path).records()
    assert record.status == "lost"
    write_run(Store(tmp_path), "done")
    write_run(Store(tmp_path), "under way", status=None)
    found = {record.digest: record.status for record in StudyStatus(Store(tmp_path)).unended()}
    assert found == {"gone": "lost", "under way": "running"}


def append_many(folder, name):
    store = Store(folder)
    for number in range(100):
        write_run(store, f"{name}-{number}")


def test_writers_in_parallel_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=append_many, args=(tmp_path, name)) for name in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert len(best_by_digest(Store(tmp_path).records())) == 200
    assert len(segments(Store(tmp_path))) == 2


def test_a_write_that_fails_half_way_is_reported_and_hides_nothing(tmp_path):
    store = Store(tmp_path)
    write_run(store, "before")
    [segment] = segments(store)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (segment.stat().st_size + 25, hard))
    try:
        with pytest.raises(StoreError, match="cannot be written"):
            write_run(store, "lost")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    write_run(store, "after")
    assert set(best_by_digest(Store(tmp_path).records())) == {"before", "after"}


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "study").write_text("a file", encoding="utf-8")
    with pytest.raises(StoreError, match=r"study.*cannot be written"):
        write_run(Store(tmp_path / "study"))


def test_every_line_is_json_that_says_what_it_is(tmp_path):
    store = Store(tmp_path)
    write_run(store)
    [segment] = segments(store)
    lines = [json.loads(line) for line in segment.read_text(encoding="utf-8").splitlines()]
    assert [line["kind"] for line in lines] == ["started", "ended"]
