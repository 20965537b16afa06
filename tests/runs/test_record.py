import pytest

from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.record import Record, best_of, by_cause


def record(attempt, probes, status="finished", ended=1.0, **rest):
    config = {"probe": {name: {"name": name, "tie": tie} for name, tie in probes.items()}}
    return Record("d1", attempt, status, 0.0, ended, config, {}, {}, **rest)


def test_finished_attempts_complete_each_other():
    old = record("old", {"loss": 1, "grok": 1}, ended=1, metrics={"loss": 3.0, "acc": 0.1})
    new = record("new", {"loss": 1, "margin": 1}, ended=2, metrics={"acc": 0.2})
    kept = record("kept", {}, ended=0, features=[7], predictions=True)
    for attempts in ([old, new, kept], [kept, new, old]):
        best = best_of(attempts)
        assert (best.attempt, best.others) == ("new", ("old",))
        assert best.metrics == {"loss": 3.0, "acc": 0.2}
        assert set(best.probes) == {"loss", "grok", "margin"}
        assert (best.features, best.predictions) == ([7], True)
        assert best.holds({**old.probes, **new.probes}, FeatureSelection([7]), "last", {})


@pytest.mark.parametrize(
    "other",
    [
        record("other", {"loss": 2, "grok": 1}, metrics={"x": 1.0}),
        record("other", {"grok": 1}, metrics={"x": 1.0}, sources={"own.Loss": "before"}),
        record("other", {"grok": 1}, "failed", metrics={"x": 1.0}),
        record("other", {"loss": 1}, metrics={"x": 1.0}),
    ],
    ids=["settings", "source", "failed", "nothing more"],
)
def test_nothing_is_taken_from_an_attempt_that_measured_otherwise(other):
    best = best_of([other, record("new", {"loss": 1}, ended=2, sources={"own.Loss": "now"})])
    assert (best.attempt, best.metrics, set(best.probes)) == ("new", {}, {"loss"})


def test_the_later_of_two_attempts_in_one_moment_is_the_best():
    assert best_of([record("a", {}), record("b", {})]).attempt == "b"


def test_exit_codes_and_signals_are_different_causes():
    messages = ["exited with code 0", "exited with code 7", "SystemExit: 7", "SystemExit: -9",
                "SystemExit: 12", "killed by signal 64", "killed by signal 65"]  # fmt: skip
    assert list(by_cause(enumerate(messages))) == messages


def test_failures_that_differ_in_numbers_only_have_one_cause():
    failures = [
        ("a", "disk full"),
        ("b", "iteration 3: minor 12 of 96 at 1e-08"),
        ("c", "iteration 14: minor 7 of 96 at 0.5"),
    ]
    assert list(by_cause(failures).items()) == [
        ("iteration 3: minor 12 of 96 at 1e-08", ["b", "c"]),
        ("disk full", ["a"]),
    ]
