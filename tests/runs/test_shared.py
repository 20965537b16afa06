import json
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from grokrfm.runs.hardware import Hardware
from grokrfm.runs.shared import Shared


class Starts:
    """Arrays that depend on the start alone, though the run has a seed too."""

    def __init__(self, folder, element=3, seed=0):
        science = {"start": {"element": element}, "seed": seed}
        self.shared = Shared(folder, science, Hardware("cpu", 1))
        self.path = self.shared.path("starts", ["start"])

    def get(self, make):
        return self.shared.get("starts", ["start"], make)


shared = Starts


def made():
    return {"M": np.random.default_rng(0).normal(size=(40, 40))}


def never():
    raise AssertionError("made again")


def fetched(folder):
    return shared(folder).get(made)["M"]


def test_arrays_are_made_once_and_say_what_made_them(tmp_path):
    first = shared(tmp_path).get(made)
    again = shared(tmp_path, seed=1).get(never)
    assert list(again) == ["M"]
    np.testing.assert_array_equal(first["M"], again["M"])
    with np.load(shared(tmp_path).path) as kept:
        about = json.loads(str(kept["about"]))
    assert about["settings"] == {"start": {"element": 3}}
    assert about["provenance"]["device"] == "cpu"
    with pytest.raises(AssertionError, match="made again"):
        shared(tmp_path, element=4).get(never)


def test_a_damaged_file_is_made_again(tmp_path):
    shared(tmp_path).get(made)
    shared(tmp_path).path.write_bytes(b"PK\x03\x04torn")
    np.testing.assert_array_equal(shared(tmp_path).get(made)["M"], made()["M"])
    assert list(shared(tmp_path).get(never)) == ["M"]


def test_several_processes_at_once_leave_one_whole_file(tmp_path):
    with ProcessPoolExecutor(4) as pool:
        for M in pool.map(fetched, [tmp_path] * 16):
            np.testing.assert_array_equal(M, made()["M"])
    assert [path.name for path in (tmp_path / "starts").iterdir()] == [shared(tmp_path).path.name]
