"""Runs in a batch leave what they leave alone, each under its own name."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from grokrfm import tasks
from grokrfm.experiment import Experiment
from grokrfm.kernels import Gaussian
from grokrfm.probes import Accuracy, Condition, Grok, Loss, Margin
from grokrfm.rfm import RFM, Identity, Stored
from grokrfm.runs import features
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.hardware import Hardware
from grokrfm.runs.learner import Run
from grokrfm.runs.observer import Observer
from grokrfm.runs.run import execute, execute_batch
from grokrfm.runs.spec import Spec
from grokrfm.runs.store import Store
from grokrfm.splits import Uniform

CPU = torch.device("cpu")
HARDWARE = Hardware("cpu", 1)
RFM_SETTINGS = RFM(6, 1e-8, "cholesky", 0.5, True, "float64", 1e6, None, 1, 60, None, 4)
PROBES = {"accuracy": Accuracy(1e-6), "loss": Loss(), "margin": Margin(1e-6), "grok": Grok(0.9)}


class Watcher(Observer):
    def __init__(self, act=lambda record, observation: None):
        self.seen = []
        self.act = act

    def observed(self, record, observation):
        self.seen.append((record.config["seed"], observation.iteration))
        self.act(record, observation)


def run(seed, features="none", rfm=RFM_SETTINGS, **changed):
    parts = {
        "task": tasks.addition(7),
        "split": Uniform(0.6),
        "kernel": Gaussian(2.5),
        "rfm": rfm,
        "start": Identity(),
        "probe": PROBES,
        "seed": seed,
    }
    spec = Spec({"seed": seed}, {}, FeatureSelection(features))
    return Run(spec, Experiment(**(parts | changed)), {"seed": seed, "probe": {}})


def same_numbers(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if name in ("seconds", "solver", "grok_iteration"):
            assert name == "seconds" or found[name] == value, name
        else:
            assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name


def test_every_run_leaves_what_it_leaves_alone(tmp_path):
    runs = [run(0), run(1, "last"), run(2, [0, 3])]
    together, apart = Store(tmp_path / "together"), Store(tmp_path / "apart")
    watcher = Watcher()
    records = execute_batch(runs, together, HARDWARE, watcher)
    for one, record in zip(runs, records, strict=True):
        expected = execute(one, apart, HARDWARE, Watcher())
        assert record.digest == one.spec.digest
        assert (record.status, record.error) == ("finished", None)
        same_numbers(record.metrics, expected.metrics)
        same_numbers(record.history, expected.history)
        assert record.facts == expected.facts
        kept, wanted = (features.read(s.study, record.digest) for s in (together, apart))
        assert list(kept) == list(wanted) == list(record.features)
        assert all(np.allclose(kept[k], wanted[k], rtol=0, atol=1e-7) for k in kept)
        assert (record.provenance["batch"], expected.provenance["batch"]) == (3, 1)
        found = together.best(one.spec.digest)
        assert found is not None
        assert found.metrics == record.metrics
        assert together.histories()[found.attempt] == record.history
    assert watcher.seen == [(seed, k) for k in range(6) for seed in range(3)]
    assert list((tmp_path / "together").glob("checkpoints/*")) == []


def test_the_time_of_a_batch_is_shared(tmp_path):
    records = execute_batch([run(0), run(1)], Store(tmp_path), HARDWARE, Watcher())
    wall = max(record.ended for record in records) - min(record.started for record in records)
    assert 0 < sum(record.seconds for record in records) <= wall + 1e-3
    for record in records:
        assert sum(record.history["seconds"]) <= record.seconds


def test_one_that_fails_costs_no_other(tmp_path):
    np.save(tmp_path / "singular.npy", np.ones((14, 14)))
    no_ridge = replace(RFM_SETTINGS, ridge=0)
    start = Stored(str(tmp_path / "singular.npy"))
    runs = [run(0), run(1, rfm=no_ridge, start=start), run(2)]
    assert len({one.learner.batch_key(CPU) for one in runs}) == 1
    records = execute_batch(runs, Store(tmp_path / "together"), HARDWARE, Watcher())
    assert [record.status for record in records] == ["finished", "failed", "finished"]
    alone = execute(runs[1], Store(tmp_path / "alone"), HARDWARE, Watcher())
    assert records[1].error == alone.error
    statuses = {record.digest: record.status for record in Store(tmp_path / "together").records()}
    assert statuses == {one.spec.digest: r.status for one, r in zip(runs, records, strict=True)}


def test_an_interrupted_batch_is_recorded_and_each_run_can_go_on_alone(tmp_path):
    def interrupt(record, observation):
        if (record.config["seed"], observation.iteration) == (1, 3):
            raise KeyboardInterrupt

    runs = [run(seed, "last") for seed in range(3)]
    with pytest.raises(KeyboardInterrupt):
        execute_batch(runs, Store(tmp_path / "cut"), HARDWARE, Watcher(interrupt))
    store = Store(tmp_path / "cut")
    assert [record.status for record in store.records()] == ["interrupted"] * 3
    undisturbed = execute_batch(runs, Store(tmp_path / "whole"), HARDWARE, Watcher())
    for one, expected, done in zip(runs, undisturbed, (4, 4, 3), strict=True):
        record = execute(one, store, HARDWARE, Watcher())
        assert record.resumed_at == done
        same_numbers(record.metrics, expected.metrics)


def test_a_batch_goes_on_from_checkpoints_at_different_iterations(tmp_path):
    class Killed(BaseException):
        pass

    def kill(record, observation):
        if observation.iteration == 1 + record.config["seed"]:
            raise Killed

    every = replace(RFM_SETTINGS, checkpoint_seconds=0)
    runs = [run(seed, rfm=every) for seed in range(3)]
    store = Store(tmp_path / "cut")
    for one in runs[:2]:
        with pytest.raises(Killed):
            execute(one, store, HARDWARE, Watcher(kill))
    records = execute_batch(runs, store, HARDWARE, Watcher())
    assert [record.resumed_at for record in records] == [2, 3, 0]
    for one, record in zip(runs, records, strict=True):
        expected = execute(one, Store(tmp_path / "whole"), HARDWARE, Watcher())
        same_numbers(record.metrics, expected.metrics)
        same_numbers(record.history, expected.history)


def test_what_measures_a_run_does_not_keep_it_from_a_batch(tmp_path):
    runs = [run(0), run(1, probe={}), run(2, probe={"loss": Loss()})]
    assert len({one.learner.batch_key(CPU) for one in runs}) == 1
    records = execute_batch(runs, Store(tmp_path), HARDWARE, Watcher())
    assert list(records[1].history) == ["iteration", "solver", "seconds"]
    assert "test_loss" in records[2].history


def test_the_condition_is_not_estimated_in_a_batch():
    assert run(0, probe={"condition": Condition()}).learner.batch_key(CPU) is None
    assert run(0).learner.batch == 4
