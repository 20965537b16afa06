"""Studies as the real Store writes them, of runs that nobody computed."""

import os
from dataclasses import asdict

from grokrfm.experiment import Experiment
from grokrfm.runs.plan import Plan
from grokrfm.runs.processes import this_host
from grokrfm.runs.record import Names
from grokrfm.runs.spec import SCHEMA
from grokrfm.runs.store import Store
from grokrfm.runs.sweep_folder import SweepFolder

BEGINNING = 1_700_000_000.0  # seconds since the epoch; run number i starts 100 i seconds later
TOOK = 40.0

ELSEWHERE = {
    "device": "cpu",
    "threads": 1,
    "host": "elsewhere",
    "pid": 1,
    "process_start": "1",
    "git": {"commit": "c0ffee", "dirty": False},
    "schema": SCHEMA,
}
NAMES = Names(
    scientific=["task", "split", "kernel", "rfm", "start", "seed"],
    plumbing=["rfm.batch", "rfm.checkpoint_seconds", "rfm.memory_budget"],
    leading=Experiment.leading,
    objective=Experiment.leading[0],
)
HERE_BUT_GONE = {
    **ELSEWHERE,
    **this_host(),
    "pid": os.getpid(),
    "process_start": "never",
}


def run(digest, status="finished", *, metrics=(), history=(), task="addition", **rest):
    """One run; `rest` overwrites any field of a Record, status=None leaves it without an end."""
    return {
        "digest": digest,
        "status": status,
        "config": {"task": {"_target_": "grokrfm.tasks.addition", "name": task}, "seed": 0},
        "facts": {"title": f"{task}, made up", "n_train": 12, "n_test": 13},
        "provenance": ELSEWHERE,
        "names": asdict(NAMES),
        "metrics": dict(metrics),
        "history": dict(history),
        **rest,
    }


def failed(digest, message="out of luck", **rest):
    error = {"type": "NumericsError", "message": message, "traceback": ""}
    return run(digest, "failed", error=error, **rest)


def curve(*accuracies, **more):
    """A history of test accuracies."""
    count = len(accuracies)
    return {
        "iteration": list(range(count)),
        "test_accuracy": list(accuracies),
        "solver": ["cholesky"] * count,
        "seconds": [0.5] * count,
        **more,
    }


def write(folder, runs, beginning=BEGINNING):
    store = Store(folder)
    for number, described in enumerate(runs):
        started = beginning + 100 * number
        fields = dict(described)
        status, history = fields.pop("status"), fields.pop("history")
        end = {name: fields.pop(name) for name in ("metrics", "error") if name in fields}
        attempt = store.start(started=started, **fields)
        if status:
            store.end(attempt, history, status=status, ended=started + TOOK, features=[], **end)
    return folder


def plan(folder, runs):
    """A sweep of the study plans the runs described."""
    digests, settings = [each["digest"] for each in runs], [each["config"] for each in runs]
    alone = [-1] * len(runs)
    sizes = [1] * len(runs)
    made = Plan(digests, settings, [1.0] * len(runs), alone, sizes, NAMES)
    SweepFolder.new(folder).write_plan(made)
