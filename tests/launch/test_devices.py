"""One warm process per device slot, with four devices that are not there."""

import json
import re
from collections import Counter
from itertools import pairwise

import pytest

from grokrfm import collect
from tests.cli.command import grokrfm, lines

GPUS = ["hardware=local_gpus", "hardware.device=cpu", "hardware.threads=1"]
SLOW = pytest.mark.slow
SMALL = ["task.modulus=11", "rfm.iterations=60", "study=demo"]


def fields(study):
    """Of every attempt: device, process, start and end."""
    ends = {entry["attempt"]: entry for entry in lines(study, "ended")}
    return [
        (
            entry["provenance"]["visible_devices"],
            entry["provenance"]["pid"],
            entry["started"],
            ends[entry["attempt"]]["ended"],
        )
        for entry in lines(study, "started")
    ]


@pytest.mark.parametrize(
    ("devices", "per_device", "named"),
    [("0123", 1, "env"), ("23", 2, "setting"), pytest.param("0123", 2, "setting", marks=SLOW)],
)
def test_each_device_gets_its_share_and_no_slot_two_runs_at_once(
    tmp_path, devices, per_device, named
):
    devices = list(devices)
    how = {"CUDA_VISIBLE_DEVICES": ",".join(devices)} if named == "env" else {}
    setting = [] if named == "env" else [f"hardware.devices=[{','.join(devices)}]"]
    done = grokrfm(
        tmp_path, "-m", *SMALL, *GPUS, *setting, "seed=range(0,40)",
        f"hardware.slots_per_device={per_device}", threads=None, **how,
    )  # fmt: skip
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "40 finished")
    ran = fields(tmp_path / "outputs" / "demo")
    share = Counter(device for device, *_ in ran)
    assert sorted(share) == devices
    assert min(share.values()) >= 3  # processes start a moment apart on two cores
    processes = {pid: device for device, pid, *_ in ran}
    assert Counter(processes.values()) == dict.fromkeys(devices, per_device)
    for process in processes:
        spans = sorted((start, end) for _, pid, start, end in ran if pid == process)
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))


@pytest.mark.parametrize("visible", ["", "-1"])
def test_no_device_is_a_clear_message(tmp_path, visible):
    done = grokrfm(
        tmp_path, "-m", *SMALL, "hardware=local_gpus", "seed=0,1", CUDA_VISIBLE_DEVICES=visible
    )
    assert done.returncode == 1
    assert re.fullmatch(
        r"hardware.devices: no CUDA device is visible on this machine \(CUDA_VISIBLE_DEVICES is"
        rf" '{visible}'\); set hardware=cpu, or name devices\n",
        done.stderr,
    )
    assert not (tmp_path / "outputs").exists()


def test_devices_do_not_change_what_is_computed(tmp_path):
    grokrfm(tmp_path, "-m", *SMALL, *GPUS, "hardware.devices=[7]", "seed=0,1", threads=None)
    grokrfm(tmp_path, "-m", *SMALL[:2], "seed=0,1", "study=plain", "hydra/launcher=basic")
    one, other = (
        collect.steps(tmp_path / "outputs" / study).drop(columns="seconds").sort_values(
            ["digest", "iteration"], ignore_index=True
        )
        for study in ("demo", "plain")
    )  # fmt: skip
    assert json.loads(one.to_json()) == json.loads(other.to_json())
