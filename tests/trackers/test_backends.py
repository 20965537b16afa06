"""Runs in real tracking programs: whole, failed, killed and continued, exported afterwards."""

import sys
from functools import partial

import msgspec
import numpy as np
import pytest

from grokrfm import export
from grokrfm.checks import NumericsError
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.hardware import Hardware
from grokrfm.runs.learner import Learner, Observation, Run
from grokrfm.runs.observer import Observer, Observers
from grokrfm.runs.record import Names
from grokrfm.runs.run import execute, execute_batch
from grokrfm.runs.spec import Spec
from grokrfm.runs.store import Store
from tests.trackers.backends import BACKENDS, InMLflow, InTensorBoard, InWandB

SLOW = [InMLflow, InWandB]  # five to ten seconds until they are imported and open


@pytest.fixture(
    params=[
        pytest.param(one, id=one.package, marks=[pytest.mark.slow] if one in SLOW else [])
        for one in BACKENDS
    ]
)
def backend(request, tmp_path):
    package = request.param.package
    pytest.importorskip(package, reason=f"pip install grokrfm[{package}]")
    made = request.param(tmp_path / "countdown")
    yield made
    made.die()


class Countdown(Learner):
    """A learner whose numbers are known, with one that is known only at the end."""

    checkpoint_seconds = 0.0
    features = range(7)

    def __init__(self, iterations=6, error=None):
        self.iterations, self.error = iterations, error

    def observe(self, device, keep, resume=None):
        for k in range(int(resume["next"]) if resume else 0, self.iterations):
            last = k == self.iterations - 1
            yield self.observation(k, last, keep)
        if self.error:
            raise self.error

    def observation(self, k, last, keep):
        return Observation(
            k,
            {"loss": 1 / (k + 1), "undefined": float("nan"), "solver": "exact"},
            {k + 1: np.diag([-1.0, k])} if keep.wants(k + 1, last) else {},
            partial(dict, next=np.array(k + 1)),
            hindsight={"left": [self.iterations - j for j in range(k + 1)]} if last else {},
        )

    def batch_key(self, device):
        return "one"

    @classmethod
    def observe_batched(cls, learners, device, keeps, resumes):
        for k in range(learners[0].iterations):
            for index, (one, keep) in enumerate(zip(learners, keeps, strict=True)):
                yield index, one.observation(k, k == one.iterations - 1, keep)

    def summarise(self, history):
        return {"grok_iteration": 2, "never_iteration": None, "verdict": "fits"}


class Killed(BaseException):
    """Ends a process at once, as `kill -9` would: nothing is written any more."""


class KillAfter(Observer):
    def __init__(self, iteration):
        self.iteration = iteration

    def observed(self, record, observation):
        if observation.iteration == self.iteration:
            raise Killed


def run(learner, seed=0, features="last"):
    spec = Spec({"seed": seed}, {}, FeatureSelection(features))
    settings = {"seed": seed, "load": {"sizes": [2, 3], "name": "light"}, "off": None}
    return Run(spec, learner, settings, Names(scientific=["seed", "load"]))


def track(backend, one, *others):
    """Execute a run with a tracker of a process of its own."""
    tracker = backend.tracker()
    tracker.open(backend.study)
    return execute(one, Store(backend.study), Hardware("cpu", 1), Observers(tracker, *others))


def assert_whole(backend, record):
    """The backend holds the run once, with all that the record has."""
    assert backend.runs().keys() == {record.digest}
    held = backend.runs()[record.digest]
    for name in ("loss", "left"):
        expected = list(enumerate(record.history[name]))
        assert held.numbers[name] == pytest.approx(np.array(expected)), name
    [(_, grok)], [(_, updates)] = held.numbers["grok_iteration"], held.numbers["updates"]
    assert (grok, updates) == (2, 6)
    assert not held.numbers.keys() & {"undefined", "solver", "never_iteration", "verdict"}
    assert held.pictures == [6]
    assert held.status == "finished"


def test_a_run_is_there_with_its_numbers_settings_picture_and_end(backend):
    record = track(backend, run(Countdown()))
    assert_whole(backend, record)
    held = backend.runs()[record.digest].parameters
    flat = {"seed": 0, "load.sizes": "[2, 3]", "load.name": "light", "off": "null"}
    nested = {"seed": 0, "load": {"sizes": [2, 3], "name": "light"}, "off": None}
    texts = {name: str(value) for name, value in flat.items()}
    assert any(some.items() <= held.items() for some in (flat, nested, texts))


def test_a_run_that_was_killed_continues_in_the_same_one(backend):
    with pytest.raises(Killed):
        track(backend, run(Countdown()), KillAfter(3))
    backend.die()
    [begun] = backend.runs().values()
    assert begun.status == "running"
    record = track(backend, run(Countdown()))
    assert record.resumed_at == 4
    assert_whole(backend, record)


class InterruptAfter(Observer):
    def __init__(self, iteration):
        self.iteration = iteration

    def observed(self, record, observation):
        if observation.iteration == self.iteration:
            raise KeyboardInterrupt


def test_a_run_that_was_stopped_continues_in_the_same_one(backend):
    with pytest.raises(KeyboardInterrupt):
        track(backend, run(Countdown()), InterruptAfter(2))
    [stopped] = backend.runs().values()
    expected = "running" if isinstance(backend, InTensorBoard) else "interrupted"
    assert stopped.status == expected  # TensorBoard has no word for it
    assert [step for step, _ in stopped.numbers["loss"]] == [0, 1, 2]
    assert_whole(backend, track(backend, run(Countdown())))


def test_a_tracker_that_is_chosen_late_gets_what_the_checkpoint_holds(backend):
    with pytest.raises(Killed):
        execute(run(Countdown()), Store(backend.study), Hardware("cpu", 1), KillAfter(3))
    assert_whole(backend, track(backend, run(Countdown())))


def test_a_run_that_is_made_again_replaces_the_earlier_one(backend):
    failed = track(backend, run(Countdown(4, NumericsError("K is singular"))))
    held = backend.runs()[failed.digest]
    assert held.status == "failed"
    assert "K is singular" in held.error
    assert [step for step, _ in held.numbers["loss"]] == [0, 1, 2, 3]
    assert_whole(backend, track(backend, run(Countdown())))


def test_the_runs_of_a_batch_are_kept_apart(backend):
    tracker = backend.tracker()
    tracker.open(backend.study)
    runs = [run(Countdown(), seed) for seed in range(2)]
    store, hardware = Store(backend.study), Hardware("cpu", 1)
    records = execute_batch(runs, store, hardware, tracker)
    held = backend.runs()
    assert held.keys() == {record.digest for record in records}
    for one in held.values():
        assert [step for step, _ in one.numbers["loss"]] == [0, 1, 2, 3, 4, 5]


def test_the_digest_of_a_strange_study_reaches_no_other_run(backend):
    record = track(backend, run(Countdown()))
    tracker = backend.tracker()
    tracker.open(backend.study)
    for digest in ("*", "' or tags.x != '", record.digest[:4] + "*"):
        strange = msgspec.structs.replace(record, digest=digest)
        assert not tracker.holds(strange)
        tracker.started(strange)
        tracker.ended(strange)
    assert len(backend.runs()) == 4
    assert backend.runs()[record.digest].numbers["loss"]


def exported(backend, monkeypatch, capsys):
    """Export the study to the backend with the command; returns what it prints."""
    to, *_ = backend.name.split()
    where = [f"--output={backend.uri}"] if isinstance(backend, InMLflow) else []
    monkeypatch.setattr(sys, "argv", ["grokrfm-export", str(backend.study), "--to", to, *where])
    if to == "wandb":
        monkeypatch.setenv("WANDB_MODE", "offline")
    export.main()
    return capsys.readouterr().out


def test_an_export_writes_what_the_tracker_would_have_been_given(backend, monkeypatch, capsys):
    store, hardware = Store(backend.study), Hardware("cpu", 1)
    record = execute(run(Countdown()), store, hardware, Observer())
    assert "1 run written to" in exported(backend, monkeypatch, capsys)
    assert_whole(backend, record)
    exported(backend, monkeypatch, capsys)
    assert_whole(backend, record)


def test_an_export_completes_a_run_whose_process_died(backend, monkeypatch, capsys):
    with pytest.raises(Killed):
        track(backend, run(Countdown()), KillAfter(3))
    backend.die()
    store = Store(backend.study)
    [record] = store.records()
    end = {"status": "crashed", "ended": record.started, "metrics": {}, "features": []}
    error = {"type": "Crash", "message": "killed by SIGSEGV", "traceback": ""}
    store.end(record.attempt, {}, **end, seconds=1.0, error=error)
    exported(backend, monkeypatch, capsys)
    [held] = backend.runs().values()
    steps = [step for step, _ in held.numbers.get("loss", ())]
    if isinstance(backend, InMLflow):  # the others have what was not sent yet
        assert steps == []
    else:
        assert steps == [0, 1, 2, 3]
    if not isinstance(backend, InWandB):  # it finds out by itself
        assert held.status == "failed"
        assert "killed by SIGSEGV" in held.error
