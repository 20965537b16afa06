"""Damaged and foreign lines and files of a study: each costs itself alone."""

import json
import os

import pytest

from grokrfm.runs import files
from grokrfm.runs.lines import Parts
from grokrfm.runs.provenance import provenance
from grokrfm.runs.record import best_by_digest
from grokrfm.runs.store import Store
from tests.runs.test_store import write_run


def started(**changes):
    entry = {
        "kind": "started",
        "attempt": "foreign#0",
        "digest": "foreign",
        "started": 1.0,
        "config": {"seed": 0, "save": {"features": "none"}},
        "facts": {"title": "a run"},
        "provenance": provenance("cpu", 1),
    }
    return {**entry, **changes}


def ended(**changes):
    entry = {
        "kind": "ended",
        "attempt": "foreign#0",
        "status": "finished",
        "ended": 2.0,
        "metrics": {"updates": 1},
        "features": [],
    }
    return {**entry, **changes}


def history(**changes):
    return {"kind": "history", "attempt": "foreign#0", "history": {"iteration": [0]}, **changes}


DAMAGED = {
    "no JSON": b"\x00\xff{no",
    "a list": b"[1, 2]",
    "a number": b"7",
    "an unknown kind": json.dumps({"kind": "paused", "attempt": "x"}).encode(),
    "no kind": b"{}",
    "200,000 brackets": b"[" * 200_000,
    "brackets inside": json.dumps(started())
    .replace('"seed": 0', '"seed": ' + "[" * 200_000)
    .encode(),
    "deep settings": json.dumps(started())
    .replace('"seed": 0', '"seed": ' + "[" * 60 + "]" * 60)
    .encode(),
    **{
        f"started with {changes}": json.dumps(started(**changes)).encode()
        for changes in (
            {"attempt": 3},
            {"digest": None},
            {"digest": "../../escape"},
            {"started": "yesterday"},
            {"started": 1e300},
            {"config": []},
            {"config": {"probe": 3}},
            {"config": {"save": "all"}},
            {"config": {"_target_": {}}},
            {"facts": "none"},
            {"provenance": 1},
            {"provenance": {"host": 4, "pid": "me"}},
            {"names": {"scientific": 5}},
            {"cost": {"seconds": 1.0, "iterations": 0, "class": "x"}},
            {"sources": []},
        )
    },
    **{
        f"ended with {changes}": json.dumps(ended(**changes)).encode()
        for changes in (
            {"status": "perfect"},
            {"ended": "later"},
            {"metrics": {"updates": "many"}},
            {"metrics": {"updates": -1}},
            {"metrics": {"updates": 1, "test_accuracy": {}}},
            {"features": ["all"]},
            {"error": "it failed"},
            {"seconds": "long"},
        )
    },
    **{
        f"progress {metrics}": json.dumps(
            {"kind": "progress", "attempt": "foreign#0", "metrics": metrics}
        ).encode()
        for metrics in ({"updates": "many"}, {"loss": []}, 3)
    },
}


@pytest.fixture(autouse=True)
def fresh_warnings():
    files.warn_skipped.cache_clear()


def segment(study, name="foreign"):
    path = study / "segments" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.mark.parametrize("line", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_line_costs_itself_alone_and_is_named(tmp_path, caplog, line):
    write_run(Store(tmp_path), "own")
    whole = [json.dumps(entry).encode() for entry in (started(), ended())]
    other = whole[0] if b"ended" in line[:40] else b""
    segment(tmp_path).write_bytes(b"\n".join([other, line, b""]))
    write_run(Store(tmp_path), "later")
    best = best_by_digest(Store(tmp_path).records())
    assert {digest: best[digest].status for digest in ("own", "later")} == dict.fromkeys(
        ("own", "later"), "finished"
    )
    assert "foreign" not in best or best["foreign"].ended is None
    [warning] = caplog.records
    assert "foreign.jsonl: 1 line skipped: " in warning.getMessage()


def test_whole_lines_of_the_same_shape_are_read(tmp_path, caplog):
    lines = [json.dumps(entry) for entry in (started(), ended())]
    segment(tmp_path).write_text("\n".join([*lines, ""]), encoding="utf-8")
    [record] = Store(tmp_path).records()
    assert (record.digest, record.status, record.metrics) == ("foreign", "finished", {"updates": 1})
    assert not caplog.records


def test_an_end_is_kept_until_its_start_is_read(tmp_path):
    """The end of a run whose worker died is in the segment of another process."""
    segment(tmp_path, "a").write_text(json.dumps(ended()) + "\n", encoding="utf-8")
    store = Store(tmp_path)
    assert store.records() == []
    segment(tmp_path, "b").write_text(json.dumps(started()) + "\n", encoding="utf-8")
    assert [record.status for record in store.records()] == ["finished"]
    assert [record.status for record in store.changes(0)[0]] == ["finished"]


def test_what_python_writes_but_json_lacks_is_read(tmp_path):
    facts = {"title": "half a pair \ud800, whole \U0001f600", "width": float("nan")}
    config = {"outputs": "half a pair \udce9", "rate": float("inf")}
    first = started(facts=facts, config=config)
    other = started(attempt="foreign#1", facts=facts, config={"outputs": "half a pair \udce9"})
    lines = [json.dumps(entry) for entry in (first, ended(seconds=None), other)]
    segment(tmp_path).write_text("\n".join([*lines, ""]), encoding="utf-8")
    one, two = Store(tmp_path).records()
    assert one.facts == {"title": "half a pair \\ud800, whole \U0001f600", "width": None}
    assert one.config == {"outputs": "half a pair \\udce9", "rate": None}
    assert two.config == {"outputs": "half a pair \\udce9"}


@pytest.mark.parametrize("folder", ["segments", "histories"])
@pytest.mark.parametrize("kind", ["FIFO", "folder", "link", "broken link"])
def test_what_is_no_regular_file_is_skipped(tmp_path, caplog, folder, kind):
    attempt = write_run(Store(tmp_path), "own")
    path = tmp_path / folder / "foreign.jsonl"
    secret = tmp_path / "secret"
    secret.write_text(json.dumps(started()) + "\n", encoding="utf-8")
    match kind:
        case "FIFO":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to(secret)
        case "broken link":
            path.symlink_to(tmp_path / "nowhere")
    store = Store(tmp_path)
    assert [record.digest for record in store.records()] == ["own"]
    assert list(store.histories()) == [attempt]
    [warning] = caplog.records
    assert warning.getMessage() == f"{path} skipped: it is no regular file"


def test_a_history_of_uneven_lists_costs_itself_alone(tmp_path, caplog):
    attempt = write_run(Store(tmp_path), "own")
    path = tmp_path / "histories" / "foreign.jsonl"
    uneven = history(history={"iteration": [0, 1], "test_accuracy": [0.5]})
    path.write_text(json.dumps(uneven) + "\n", encoding="utf-8")
    assert list(Store(tmp_path).histories()) == [attempt]
    assert "different lengths" in caplog.text


def test_a_history_is_read_for_the_numbers_and_attempts_asked_for(tmp_path):
    first, second = (write_run(Store(tmp_path), name) for name in ("first", "second"))
    found = {}
    Store(tmp_path).each_history(found.__setitem__, {first}, ["test_accuracy"])
    assert found == {first: {"test_accuracy": [0.0, 1.0]}}
    assert list(Store(tmp_path).histories()[second]) == ["iteration", "test_accuracy"]


def test_histories_of_the_first_layout_are_read(tmp_path):
    """Segments held histories until 2026-11-24."""
    lines = [json.dumps(entry) for entry in (started(), history(), ended())]
    segment(tmp_path).write_text("\n".join([*lines, ""]), encoding="utf-8")
    store = Store(tmp_path)
    assert [record.status for record in store.records()] == ["finished"]
    assert store.histories() == {"foreign#0": {"iteration": [0]}}


def test_records_of_another_version_are_skipped_beside_ours(tmp_path, caplog):
    write_run(Store(tmp_path), "own")
    other = started(provenance={**provenance("cpu", 1), "schema": 77})
    segment(tmp_path).write_text(json.dumps(other) + "\n", encoding="utf-8")
    assert [record.digest for record in Store(tmp_path).records()] == ["own"]
    assert "another version of grokrfm" in caplog.text


def test_a_run_without_a_title_gets_one(tmp_path):
    segment(tmp_path).write_text(json.dumps(started(facts={"title": 3})) + "\n", encoding="utf-8")
    assert Store(tmp_path).records()[0].facts["title"] == "run foreign"


SETTINGS = {
    "among others": '{"task":{"modulus":5},"seed":%s,"save":{},"rerun":false}',
    "first": '{"seed":%s,"task":{"modulus":5}}',
    "last": '{"task":{"modulus":5},"seed":%s}',
    "none": '{"task":{"modulus":%s}}',
    "inside": '{"env":{"size":3,"seed":%s,"walls":[]},"save":{}}',
    "inside too": '{"env":{"size":3,"seed":1,"walls":[]},"seed":%s,"model":{"a":1,"seed":2,"b":3}}',
    "inside a list": '{"envs":[{"size":3,"seed":%s,"walls":[]},7],"save":{}}',
    "twice": '{"task":1,"seed":7,"save":{},"seed":%s,"rerun":true}',
    "in a text": r'{"task":"5,\"seed\":6,","save":{},"seed":%s,"rerun":true}',
    "with spaces": '{"task": {"modulus": 5}, "seed": %s, "save": {}}',
}


@pytest.mark.parametrize("text", SETTINGS.values(), ids=SETTINGS)
def test_settings_are_those_that_were_written(text):
    parts = Parts()
    for seed in ("0", "17", "null", "[1,2]", '{"a":1,"seed":3,"b":2}'):
        found = parts.config((text % seed).encode())
        expected = json.loads(text % seed)
        assert (found, list(found)) == (expected, list(expected))


@pytest.mark.parametrize("seed", ["", "00", "1}", "{", "1,2", '1,"x"', "[" * 200 + "]" * 200])
def test_what_is_no_seed_is_refused(seed):
    parts = Parts()
    parts.config(SETTINGS["among others"].encode() % b"0")
    with pytest.raises(ValueError, match=r"JSON|levels"):
        parts.config(SETTINGS["among others"].encode() % seed.encode())


def test_runs_of_a_cell_share_their_settings():
    parts = Parts()
    first, second = (parts.config(SETTINGS["among others"].encode() % n) for n in (b"0", b"1"))
    assert first["task"] is second["task"]
    assert (first["seed"], second["seed"]) == (0, 1)
