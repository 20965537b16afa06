import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from grokrfm.checks import SettingError
from grokrfm.runs import predictions
from grokrfm.runs.features import FeatureSelection, read
from grokrfm.runs.hardware import Hardware
from grokrfm.runs.learner import Learner, Observation, Run
from grokrfm.runs.observer import Observer
from grokrfm.runs.record import OUT_OF_MEMORY, Names
from grokrfm.runs.run import execute, execute_batch
from grokrfm.runs.spec import Spec
from grokrfm.runs.store import Store
from grokrfm.runs.study_status import StudyStatus


class Countdown(Learner):
    """A learner of its own kind: `runs` must not know what it runs."""

    title = "countdown"

    def __init__(self, iterations=3, error=None):
        self.iterations = iterations
        self.error = error

    def facts(self):
        return {"n_train": 1}

    def observe(self, device, keep, resume=None):
        for k in range(int(resume["next"]) if resume else 0, self.iterations):
            wanted = {k: np.full((2, 2), k)} if keep.wants(k, last=False) else {}
            numbers = {"test_accuracy": k / self.iterations, "bad": float("nan"), "seconds": 0.5}
            state = partial(dict, next=np.array(k + 1))
            yield Observation(k, numbers, wanted, state, partial(dict, predicted=np.array([k])))
        if self.error:
            raise self.error

    def summarise(self, history):
        return {"grok_iteration": None}


class Watcher(Observer):
    def __init__(self):
        self.seen = []

    def observed(self, record, observation):
        self.seen.append(observation.iteration)


def run(folder: Path, learner, features="none", watcher=None, keep="none"):
    spec = Spec({"seed": 0}, {}, FeatureSelection(features), keep)
    hardware, config = Hardware("cpu", 1), {"seed": 0, "probe": {}}
    store = Store(folder)
    made = Run(spec, learner, config, Names(leading=learner.leading))
    record = execute(made, store, hardware, watcher or Watcher())
    return spec, store, record


def test_a_run_is_watched_recorded_and_found_again(tmp_path):
    watcher = Watcher()
    spec, store, record = run(tmp_path, Countdown(), watcher=watcher)
    assert watcher.seen == [0, 1, 2]
    found = store.best(spec.digest)
    assert found is not None
    assert found.metrics == record.metrics
    assert found.metrics["test_accuracy"] == pytest.approx(2 / 3)
    assert found.metrics["updates"] == 3
    assert "seconds" not in found.metrics
    assert store.histories()[found.attempt]["bad"] == [None, None, None]


def test_the_chosen_matrices_are_kept_and_nothing_else(tmp_path):
    spec, _, record = run(tmp_path, Countdown(), features=[0, 2])
    kept = read(tmp_path, spec.digest)
    assert list(kept) == [0, 2] == list(record.features)
    np.testing.assert_array_equal(kept[2], np.full((2, 2), 2))
    assert sorted(path.name for path in (tmp_path / "features").iterdir()) == [f"{spec.digest}.npz"]


def test_the_predictions_of_the_last_iteration_are_kept_where_they_are_asked_for(tmp_path):
    spec, _, record = run(tmp_path, Countdown(), keep="last")
    assert predictions.read(tmp_path, spec.digest)["predicted"].tolist() == [2]
    assert record.predictions
    assert record.satisfies(spec)

    plain, store, record = run(tmp_path / "plain", Countdown())
    assert predictions.read(tmp_path / "plain", plain.digest) == {}
    assert store.best(plain.digest).satisfies(plain)
    assert not store.best(spec.digest).satisfies(spec)  # it is made again for what its record lacks


def test_other_predictions_than_those_of_the_last_iteration_are_refused():
    with pytest.raises(SettingError, match="predictions must be one of none, last, got 'all'"):
        Spec({}, {}, FeatureSelection("none"), "all")


def test_a_run_that_raises_is_a_failed_record_with_its_traceback_and_history(tmp_path):
    spec, store, record = run(tmp_path, Countdown(error=RuntimeError("out of luck")))
    assert record.status == "failed"
    assert record.error["message"] == "out of luck"
    assert "RuntimeError: out of luck" in record.error["traceback"]
    assert not store.best(spec.digest).satisfies(spec)
    assert store.histories()[record.attempt]["iteration"] == [0, 1, 2]


def test_a_run_that_exits_is_a_failed_record(tmp_path):
    _, store, record = run(tmp_path, Countdown(error=SystemExit(3)))
    assert (record.status, record.error["type"]) == ("failed", "SystemExit")
    assert record.error["message"] == "SystemExit: 3"
    assert [found.status for found in store.records()] == ["failed"]


def raised(make):
    try:
        make()
    except Exception as error:
        return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        raised(lambda: torch.empty(2**55, dtype=torch.int8)),
        raised(lambda: np.empty(2**55, dtype=np.int8)),
    ],
    ids=["python", "cuda", "torch", "numpy"],
)
def test_want_of_memory_has_a_type_of_its_own(tmp_path, error):
    _, _, record = run(tmp_path, Countdown(error=error))
    assert (record.status, record.error["type"]) == ("failed", OUT_OF_MEMORY)
    assert record.error["traceback"]


def test_an_interrupted_run_is_recorded_and_the_interrupt_goes_on(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Countdown(error=KeyboardInterrupt()))
    [record] = Store(tmp_path).records()
    assert record.status == "interrupted"


def test_a_run_that_raises_keyboard_interrupt_fails_where_it_is_no_request(tmp_path):
    class Request(BaseException):
        pass

    settings = {"seed": 0, "probe": {}}
    spec = Spec({"seed": 0}, {}, FeatureSelection("none"), "none")
    made = Run(spec, Countdown(error=KeyboardInterrupt()), settings)
    execute_batch([made], Store(tmp_path), Hardware("cpu", 1), Watcher(), interruption=Request)
    [record] = Store(tmp_path).records()
    assert (record.status, record.error["message"]) == ("failed", "KeyboardInterrupt")
    made = Run(spec, Countdown(error=Request()), settings)
    with pytest.raises(Request):
        execute_batch([made], Store(tmp_path), Hardware("cpu", 1), Watcher(), interruption=Request)
    assert [found.status for found in Store(tmp_path).records()] == ["failed", "interrupted"]


def test_a_record_says_where_and_with_what_it_was_made(tmp_path):
    _, _, record = run(tmp_path, Countdown())
    provenance = record.provenance
    assert provenance["device"] == "cpu"
    assert provenance["threads"] == 1
    assert {"python", "grokrfm", "torch", "numpy"} <= set(provenance["versions"])
    assert record.ended >= record.started


class Killed(BaseException):
    """Ends a run as `kill -9` would: nothing is written any more."""


def test_a_run_that_was_killed_goes_on_from_its_checkpoint(tmp_path):
    class Every(Countdown):
        checkpoint_seconds = 0

    class KillAfter(Watcher):
        def observed(self, record, observation):
            super().observed(record, observation)
            if observation.iteration == 2:
                raise Killed

    with pytest.raises(Killed):
        run(tmp_path, Every(6), features=[0, 5], watcher=KillAfter())
    watcher = Watcher()
    spec, store, record = run(tmp_path, Every(6), features=[0, 5], watcher=watcher)
    assert watcher.seen == [3, 4, 5]
    assert record.resumed_at == 3
    assert store.histories()[record.attempt]["iteration"] == [0, 1, 2, 3, 4, 5]
    assert sorted(read(tmp_path, spec.digest)) == [0, 5]
    assert list((tmp_path / "checkpoints").iterdir()) == []


def test_a_checkpoint_that_leaves_less_than_is_asked_for_is_not_used(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Countdown(3, error=KeyboardInterrupt()), features="none")
    watcher = Watcher()
    run(tmp_path, Countdown(3), features=[0], watcher=watcher)
    assert watcher.seen == [0, 1, 2]


def test_a_damaged_checkpoint_starts_the_run_over(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Countdown(3, error=KeyboardInterrupt()))
    [checkpoint] = (tmp_path / "checkpoints").iterdir()
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    watcher = Watcher()
    run(tmp_path, Countdown(3), watcher=watcher)
    assert watcher.seen == [0, 1, 2]


def test_a_summary_that_raises_is_a_failed_record_too(tmp_path):
    class NoSummary(Countdown):
        def summarise(self, history):
            raise KeyError("no such number")

    _, store, record = run(tmp_path, NoSummary())
    assert (record.status, record.error["type"]) == ("failed", "KeyError")
    assert [found.status for found in store.records()] == ["failed"]


def test_a_failed_run_claims_no_matrices_that_were_never_written(tmp_path):
    spec, _, record = run(tmp_path, Countdown(error=RuntimeError("late")), features="all")
    assert list(record.features) == []
    assert read(tmp_path, spec.digest) == {}


def test_the_log_says_where_a_run_is_how_fast_and_how_long_it_takes(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("grokrfm.runs.attempt.LOG_SECONDS", 0)
    with caplog.at_level("INFO"):
        spec, _, _ = run(tmp_path, Countdown(3))
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3
    line = rf"{spec.digest} \(countdown\): iteration 2 of 3, [\d.e-]+ s/it, \d+ s left"
    assert re.fullmatch(line, said[1])
    assert said[2].endswith("iteration 3 of 3, " + said[2].split(", ")[1] + ", 0 s left")


def test_a_quick_run_fills_no_log(tmp_path, caplog):
    with caplog.at_level("INFO"):
        _, store, _ = run(tmp_path, Countdown(3))
    assert caplog.records == []
    [segment] = (store.study / "segments").iterdir()
    assert "progress" not in segment.read_text()


def test_readers_see_the_progress_of_a_run_until_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr("grokrfm.runs.attempt.PROGRESS_SECONDS", 0)
    monkeypatch.setattr(Countdown, "leading", ("grok_iteration", "test_accuracy"))
    reader, seen = StudyStatus(Store(tmp_path)), []

    class Reader(Observer):
        def observed(self, record, observation):
            assert reader.refresh()
            [running] = reader.running()
            seen.append((running.progress, running.metrics))

    run(tmp_path, Countdown(3), watcher=Reader())
    assert [text for text, _ in seen] == [
        "iteration 1 of 3, test_accuracy 0",
        "iteration 2 of 3, test_accuracy 0.333",
        "iteration 3 of 3, test_accuracy 0.667",
    ]
    assert seen[0][1] == {"updates": 1, "test_accuracy": 0}  # the leading numbers alone
    reader.refresh()
    assert reader.records[0].metrics["bad"] is None
