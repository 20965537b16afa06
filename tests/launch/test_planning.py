"""Planning of sweeps from plain settings, without Hydra and without a job."""

import gc
import time

import pytest

from grokrfm.checks import SettingError
from grokrfm.config import build_run
from grokrfm.launch.planning import SHOWN, plan_sweeps
from grokrfm.runs.learner import Observation
from grokrfm.runs.store import Store
from grokrfm.runs.together import SIZES
from tests.launch.fakes import Counting, InProcess, settings, sweep_of, write_run


def planned(outputs, *runs, **common):
    """Sweeps and positions of runs, each given as the settings that it changes."""
    texts = [[f"run={number}"] for number in range(len(runs))]

    def compose(text):
        return settings(outputs, **{**common, **runs[int(text[0].partition("=")[2])]})

    return plan_sweeps(compose, texts)


def test_runs_keep_their_order_their_overrides_and_their_settings(tmp_path):
    [sweep], positions = planned(tmp_path, {"seed": 3}, {"seed": 1}, {"seed": 2})
    assert positions == [(0, 0), (0, 1), (0, 2)]
    assert [one["seed"] for one in sweep.plan.settings] == [3, 1, 2]
    assert sweep.overrides == [["run=0"], ["run=1"], ["run=2"]]
    digests = [build_run(one).spec.digest for one in sweep.plan.settings]
    assert sweep.plan.digests == digests
    assert list(sweep.plan.names.scientific) == ["width", "seed", "load"]
    assert (sweep.study, type(sweep.learner)) == (tmp_path / "demo", Counting)
    assert isinstance(sweep.backend, InProcess)
    assert not sweep.study.exists()


def test_runs_that_compute_the_same_are_one_and_are_counted(tmp_path):
    [sweep], positions = planned(
        tmp_path, {"seed": 0}, {"seed": 1}, {"seed": 0, "seconds": 2}, {"seed": 1}, {"seed": 0}
    )
    assert len(sweep.plan) == 2
    assert sweep.repeated == 3
    assert sweep.overrides == [["run=0"], ["run=1"]]
    assert positions == [(0, 0), (0, 1), (0, 0), (0, 1), (0, 0)]


def test_where_nothing_is_random_seed_0_stands_for_all_seeds(tmp_path, monkeypatch):
    monkeypatch.setattr(Counting, "is_random", False)
    [sweep], positions = planned(tmp_path, {"seed": 2}, {"seed": 0}, {"seed": 1}, {"width": 3})
    assert [(one["seed"], one["width"]) for one in sweep.plan.settings] == [(0, 1), (0, 3)]
    assert positions == [(0, 0), (0, 0), (0, 0), (0, 1)]
    digests = [build_run(one).spec.digest for one in sweep.plan.settings]
    assert sweep.plan.digests == digests


def test_every_study_and_every_backend_is_a_sweep_of_its_own(tmp_path):
    one, other = ({"name": name, "tables": [], "figures": []} for name in ("one", "other"))
    runs = [{"study": study, "seed": seed} for seed in (0, 1) for study in (one, other)]
    sweeps, positions = planned(tmp_path, *runs, {"study": other, "seed": 0})
    assert [sweep.study.name for sweep in sweeps] == ["one", "other"]
    assert [(len(sweep.plan), sweep.repeated) for sweep in sweeps] == [(2, 0), (2, 1)]
    assert positions == [(0, 0), (1, 0), (0, 1), (1, 1), (1, 0)]
    sweeps, positions = planned(tmp_path, {"retry": "none"}, {"retry": "all"})
    assert [sweep.retry for sweep in sweeps] == ["none", "all"]
    assert positions == [(0, 0), (1, 0)]


def test_a_refusal_counts_the_runs_of_every_problem(tmp_path):
    with pytest.raises(SettingError, match="must be none"):
        planned(tmp_path, {"save": {"features": 1, "predictions": "none"}})
    bad = {"save": {"features": [9], "predictions": "none"}}
    with pytest.raises(Exception, match="invalid") as refusal:
        planned(tmp_path, {"seed": 0}, bad, {"study": {"name": "a/b"}}, {**bad, "seed": 1})
    first, second = str(refusal.value).split("\n  in run=1 and 1 more\n")
    assert first == (
        "nothing was started: 3 of 4 runs are invalid\n"
        "save.features: 9 is none of the update counts of this run, 0 to 4"
    )
    assert second.startswith("study.name must be a plain folder name")
    assert second.endswith("\n  in run=2")


def test_a_refusal_lists_a_few_problems_and_counts_the_others(tmp_path):
    bad = [{"save": {"features": [9 + k], "predictions": "none"}} for k in range(SHOWN + 3)]
    with pytest.raises(Exception, match="invalid") as refusal:
        planned(tmp_path, *bad)
    lines = str(refusal.value).splitlines()
    assert lines[0] == f"nothing was started: {SHOWN + 3} of {SHOWN + 3} runs are invalid"
    assert sum(line.startswith("save.features: ") for line in lines) == SHOWN
    assert lines[-1] == "and 3 more problems"


def test_a_sweep_without_runs_is_refused(tmp_path):
    with pytest.raises(SettingError, match="has no runs"):
        planned(tmp_path)


def test_hardware_that_runs_no_sweeps_is_refused(tmp_path):
    alone = {"_target_": "grokrfm.runs.hardware.Hardware", "device": "cpu", "threads": 1}
    with pytest.raises(SettingError, match=r"hardware\._target_ must be a Backend"):
        planned(tmp_path, {"hardware": alone})


def test_costs_are_corrected_by_finished_runs_of_the_same_class_and_device(tmp_path):
    """Narrow runs took 3 times their estimate on this device; of wide ones nothing is known."""
    narrow, wide = {"width": 1}, {"width": 9}
    [before], _ = planned(tmp_path, narrow, wide)
    assert before.plan.costs == [2.0, 18.0]
    store, known = Store(before.study), before.plan.settings[0]
    for number, seconds in enumerate((6.0, 9.0)):
        write_run(store, f"d{number}", settings=known, seconds=seconds)
    write_run(store, "failed", "failed", settings=known, seconds=1000.0)
    elsewhere = {**known, "hardware": {**known["hardware"], "device": "cuda"}}
    write_run(store, "elsewhere", settings=elsewhere, seconds=1000.0)
    write_run(store, "early", settings=known, seconds=3.0, metrics={"updates": 2})
    [after], _ = planned(tmp_path, narrow, wide)
    assert after.plan.costs == [6.0, 18.0]


def test_runs_that_can_be_a_batch_share_a_key(tmp_path):
    [sweep], _ = planned(
        tmp_path, {"width": 2}, {"width": 3}, {"width": 2, "seed": 1}, {"width": 1}
    )
    assert sweep.plan.batch_keys == [0, 1, 0, -1]
    assert sweep.plan.batch_sizes == [3, 3, 3, 1]


def test_as_many_runs_as_is_fastest_are_a_batch(tmp_path, monkeypatch):
    """Runs of width 2 gain from it, those of width 3 do not; each width is timed once."""
    timed = []

    def observe(learner, device, keep, resume=None):
        timed.append(learner.width)
        for iteration in range(4):
            time.sleep(2e-3)
            yield Observation(iteration, {})

    def observe_batched(cls, learners, device, keeps, resumes):
        for iteration in range(4):
            time.sleep(2e-3 if learners[0].width == 2 else 2e-3 * len(learners))
            yield from ((run, Observation(iteration, {})) for run in range(len(learners)))

    monkeypatch.setattr(Counting, "batch", property(lambda _: "auto", lambda *_: None), False)
    monkeypatch.setattr(Counting, "observe", observe)
    monkeypatch.setattr(Counting, "observe_batched", classmethod(observe_batched))
    [sweep], _ = planned(
        tmp_path, {"width": 2}, {"width": 3}, {"width": 2, "seed": 1}, {"width": 3, "seed": 1}
    )
    assert sweep.plan.batch_keys == [0, -1, 0, -1]
    assert sweep.plan.batch_sizes == [max(SIZES), 1, max(SIZES), 1]
    assert timed == [2, 3]


def test_settings_that_nobody_else_keeps_are_not_confused(tmp_path):
    """The parts of the next run may get the memory addresses of a dropped duplicate."""
    texts = [[str(number)] for number in range(60)]

    def compose(text):
        gc.collect()  # the parts of dropped runs are gone
        number = int(text[0])
        distinct = number if number % 3 == 0 else 0  # two of three runs are duplicates
        return settings(tmp_path, seed=distinct, seconds=1.0 + distinct)

    [sweep], _ = plan_sweeps(compose, texts)
    assert sweep.plan.costs == [1.0 + one["seed"] for one in sweep.plan.settings]


def test_a_sweep_knows_what_is_finished_with_everything_asked_for(tmp_path):
    asked = {"features": [1, 4], "predictions": "none"}
    sweep = sweep_of(tmp_path, [{"seed": seed} for seed in range(3)], save=asked)
    store = Store(sweep.study)
    kept = [[1, 4], [4]]
    records = [
        write_run(store, digest, settings=one, features=features)
        for digest, one, features in zip(
            sweep.plan.digests[:2], sweep.plan.settings[:2], kept, strict=True
        )
    ]
    assert len(records) == 2
    best = {record.digest: record for record in store.records()}
    assert sweep.finished(best) == {0, 1}  # the second asked for the same, and could not keep more
    for record in best.values():
        record.config["save"]["features"] = "none"
    assert sweep.finished(best) == {0}
