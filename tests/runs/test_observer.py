"""Observers hear of every run; one that fails costs none."""

import pytest

from grokrfm.runs.learner import Observation
from grokrfm.runs.observer import Harmless, Observer, Observers
from grokrfm.runs.run import execute_batch
from grokrfm.runs.store import Store
from tests.runs.test_batch import HARDWARE
from tests.runs.test_batch import run as batched
from tests.runs.test_run import Countdown, Killed, run


class Diary(Observer):
    def __init__(self):
        self.lines = []

    def open(self, study):
        self.lines.append("opened")

    def started(self, record):
        self.lines.append((record.status, record.resumed_at, len(record.history)))

    def observed(self, record, observation):
        self.lines.append(observation.iteration)

    def ended(self, record):
        self.lines.append((record.status, (record.error or {}).get("message")))


def test_an_observer_hears_of_the_start_the_iterations_and_the_end(tmp_path):
    diary = Diary()
    run(tmp_path, Countdown(), watcher=diary)
    assert diary.lines == [("running", 0, 0), 0, 1, 2, ("finished", None)]


def test_it_hears_of_failures_and_interruptions(tmp_path):
    for error, end in (
        (RuntimeError("out of luck"), ("failed", "out of luck")),
        (KeyboardInterrupt(), ("interrupted", None)),
    ):
        diary = Diary()
        try:
            run(tmp_path / end[0], Countdown(1, error), watcher=diary)
        except KeyboardInterrupt:
            assert end[0] == "interrupted"
        assert diary.lines == [("running", 0, 0), 0, end]


def test_it_hears_of_every_run_of_a_batch(tmp_path):
    seen = []

    class Watcher(Observer):
        def started(self, record):
            seen.append((record.config["seed"], "started"))

        def ended(self, record):
            seen.append((record.config["seed"], record.status))

    execute_batch([batched(0), batched(1)], Store(tmp_path), HARDWARE, Watcher())
    assert seen == [(0, "started"), (1, "started"), (0, "finished"), (1, "finished")]


def test_a_run_that_continues_starts_with_the_numbers_of_its_checkpoint(tmp_path):
    class Every(Countdown):
        checkpoint_seconds = 0

    class KillAfter(Observer):
        def observed(self, record, observation):
            if observation.iteration == 1:
                raise Killed

    diary = Diary()
    with pytest.raises(Killed):
        run(tmp_path, Every(4), watcher=Observers(diary, KillAfter()))
    assert diary.lines == [("running", 0, 0), 0, 1]  # nobody hears of a kill
    diary = Diary()
    run(tmp_path, Every(4), watcher=diary)
    assert diary.lines == [("running", 2, 4), 2, 3, ("finished", None)]


@pytest.mark.parametrize("method", ["open", "started", "observed", "ended"])
@pytest.mark.parametrize("error", [ConnectionError("no route"), SystemExit(3)])
def test_the_errors_of_a_tracker_cost_nothing_and_are_shown_once(tmp_path, method, error):
    class Broken(Diary):
        def __init__(self):
            super().__init__()

            def fail(*arguments):
                self.lines.append(method)
                raise error

            setattr(self, method, fail)

    shown, broken = [], Broken()
    tracker = Harmless(broken, shown.append, "mine")
    tracker.open(tmp_path)
    _, _, record = run(tmp_path, Countdown(), watcher=tracker)
    assert record.status == "finished"
    assert broken.lines[-1] == method  # it is not called again
    [message] = shown
    assert message.startswith(f"tracker mine: {'no route' if error.args[0] != 3 else 'SystemExit'}")
    assert message.endswith(f"grokrfm-export {tmp_path} --to mine adds them later")


def test_ctrl_c_in_a_tracker_is_ctrl_c(tmp_path):
    class Interrupting(Observer):
        def observed(self, record, observation):
            raise KeyboardInterrupt

    shown = []
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Countdown(), watcher=Harmless(Interrupting(), shown.append, "mine"))
    assert shown == []


def test_an_observer_needs_no_method(tmp_path):
    observer = Observer()
    observer.open(tmp_path)
    _, _, record = run(tmp_path, Countdown(), watcher=observer)
    observer.observed(record, Observation(0, {}))
    assert not observer.holds(record)
