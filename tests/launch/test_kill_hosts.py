"""`kill -9` of hosts, commands, pools and workers on three hosts that share a folder: slow."""

import functools
import random
import time
from collections import Counter

import pandas as pd
import pytest

from grokrfm.launch.jobs import active_runs
from grokrfm.runs import heartbeat
from grokrfm.runs.store import Store
from grokrfm.runs.study_status import StudyStatus
from tests.cli.command import lines
from tests.launch.hosts import Host, on_several_hosts
from tests.launch.test_kill_many import killed, seeds, table
from tests.launch.test_second_launch import wait_until

RUNS = ["-m", "task.modulus=23", "rfm.iterations=40", "rfm.checkpoint_seconds=0"]
SILENCE = 12
KILLS = 100


def finished(study):
    return {e["attempt"]: e for e in lines(study, "ended") if e["status"] == "finished"}


def has_news(study, ended, hosts):
    """True if more runs have ended, or a command."""
    over = any(host.process.poll() is not None for host in hosts)
    return over or len(lines(study, "ended")) > ended


def kill(host, which):
    """Kill a host, its command, or any of its processes; True if there was one to kill."""
    if host.process.poll() is not None:
        return False
    if which == "host":
        host.kill()
        return True
    running = host.processes()
    if not running:
        return False
    pid = min(running) if which == "command" else random.choice(running)
    return killed(pid)


@pytest.mark.slow
@on_several_hosts
def test_a_sweep_on_three_hosts_with_many_random_kills_ends_as_if_undisturbed(
    tmp_path, monkeypatch
):
    study, undisturbed = (tmp_path / "outputs" / name for name in ("demo", "undisturbed"))
    moments = random.Random(0)
    random.seed(0)
    hosts = [Host(name, tmp_path, SILENCE, linger=3) for name in "abc"]
    runs, kept, ended, hit = 40, {}, 0, Counter()
    for host in hosts:
        host.start(*RUNS, seeds(runs), "study=demo", "hardware.threads=1")
    while hit.total() < KILLS:
        if moments.random() < 0.7:  # else hosts are hit while they start, or wait for each other
            wait_until(functools.partial(has_news, study, ended, hosts), 300)
        time.sleep(moments.uniform(0.0, 4.0))
        which = moments.choice(["host", "command", "any"])
        host = moments.choice(hosts)
        hit[which] += kill(host, which)
        now, ended = finished(study), len(lines(study, "ended"))
        assert kept.items() <= now.items()  # every finished record intact
        kept = now
        runs = max(runs, len(kept) + 40)
        for host in hosts:
            if host.process.poll() is not None:
                host.process.communicate()
                host.start(*RUNS, seeds(runs), "study=demo", "hardware.threads=1")
    for host in hosts:
        host.kill()
    killed = time.monotonic()
    monkeypatch.setattr(heartbeat, "beat_seconds", lambda: SILENCE / heartbeat.BEATS)
    wait_until(lambda: not active_runs(StudyStatus(Store(study))))
    assert time.monotonic() - killed < SILENCE + 1

    last = Host("d", tmp_path, SILENCE)
    whole = [*RUNS, seeds(runs), "hardware.threads=1"]
    process = last.start(*whole, "study=demo")
    assert process.communicate(timeout=1200)[1] == ""
    assert process.returncode == 0
    last.start(*whole, "study=undisturbed").communicate(timeout=1200)
    pd.testing.assert_frame_equal(table(study), table(undisturbed), check_exact=True)
    attempts = {entry["attempt"]: entry["digest"] for entry in lines(study, "started")}
    ends = Counter(attempts[attempt] for attempt in finished(study))
    assert kept.items() <= finished(study).items()
    assert len(ends) == runs and set(ends.values()) == {1}  # nothing was lost or done twice
