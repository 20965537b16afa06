"""The log of a worker, and the part of it that belongs to a run."""

import pytest

from grokrfm.runs import log
from grokrfm.runs.log import WorkerLog, part_of_this_run, read_part
from grokrfm.runs.record import Record


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(log, "KEPT", 100)


def record(log, start=0):
    return Record("d1", "w#0", "finished", 1.0, 2.0, {}, {}, {"log": log}, log_start=start)


def written(study, *texts):
    """A log with a part for each text, and a record of each part."""
    path = study / "sweeps" / "one" / "logs" / "here-1-0.log"
    found, writer = [], WorkerLog(path)
    for text in texts:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(log.LOG, writer.start_part())
            found.append(record(*part_of_this_run(study)))
        writer.write(text)
    writer.close()
    return path, found


def shown(study, one, records):
    return read_part(study, one, records)[1].splitlines()[1:]


def test_a_run_has_its_own_lines_alone(tmp_path):
    path, records = written(tmp_path, b"one\n", b"", b"", b"four\nand more")
    assert [shown(tmp_path, one, records) for one in records] == [
        ["one"], [], [], ["four", "and more"],
    ]  # fmt: skip
    assert read_part(tmp_path, records[0], records)[0] == path


def test_a_log_is_continued_by_the_next_worker_of_its_slot(tmp_path):
    _, before = written(tmp_path, b"one\n")
    _, after = written(tmp_path, b"two\n")
    records = [*before, *after]
    assert [shown(tmp_path, one, records) for one in records] == [["one"], ["two"]]


def test_a_study_that_was_moved_keeps_its_logs(tmp_path):
    (tmp_path / "before").mkdir()
    _, [one] = written(tmp_path / "before", b"one\n")
    (tmp_path / "before").rename(tmp_path / "after")
    assert shown(tmp_path / "after", one, [one]) == ["one"]


def test_the_middle_of_every_part_is_cut(tmp_path, small):
    lines = [b"%03d\n" % number for number in range(1000)]
    writer = WorkerLog(tmp_path / "log")
    for _ in range(2):
        writer.start_part()
        for line in lines:
            writer.write(line)
            assert writer.tail().splitlines()[-1] == line.decode().strip()
    for part in (tmp_path / "log").read_text().split("---\n")[1:]:
        kept = part.splitlines()
        assert kept[:25] == [line.decode().strip() for line in lines[:25]]
        assert "MB cut here" in kept[26]
        last = [line.decode().strip() for line in lines[-25:]]
        assert [line for line in kept if line.isdigit()][-25:] == last
        assert len(part) < 600
    writer.close()


@pytest.mark.parametrize(
    "place",
    ["{outside}/secret", "../outside/secret", "link/secret", "linked", "sweeps", "absent", "a\0b"],
)
def test_no_file_outside_the_study_is_read(tmp_path, place):
    study, outside = tmp_path / "study", tmp_path / "outside"
    (study / "sweeps").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret").write_text("a secret")
    (study / "link").symlink_to(outside)
    (study / "linked").symlink_to(outside / "secret")
    of = record(place.format(outside=outside))
    assert read_part(study, of, [of]) is None


def test_a_start_that_somebody_made_up_does_no_harm(tmp_path):
    path, [one] = written(tmp_path, b"one\n")
    forged = record(one.provenance["log"], start=10**30)
    assert read_part(tmp_path, forged, [one, forged]) == (path, "")
    assert shown(tmp_path, one, [one, forged]) == ["one"]
