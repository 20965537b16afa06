"""A user's mistake ends in one message that names it, exit code 1, and nothing written."""

import pytest

from tests.cli.command import grokrfm, listing

FILES = {
    "a_file": "not a folder\n",
    "header.csv": "x,y\n0,1\n",
    "bad_line.csv": "a,b\n0,1\n2,x\n",
    "no_pairs.csv": "a,b\n",
    "own/kernel/broken.yaml": "_target_: grokrfm.kernels.Gaussian\n bandwidth: [2.0\n",
}

FIXED = "split=fixed_points"

# what is wrong: the arguments, then the fragments that the message must hold
MISTAKES = {
    "a misspelt key": (
        ["kernel.bandwith=3"],
        ["kernel.bandwith: ", "did you mean bandwidth?"],
    ),
    "a misspelt key, added": (
        ["+kernel.bandwith=3"],
        ["kernel.bandwith: ", "no such setting of gaussian", "did you mean bandwidth?"],
    ),
    "an unknown key": (
        ["foo=3"],
        ["foo: there is no such setting", "known are", "kernel", "outputs", "seed", "task"],
    ),
    "an option that is not YAML": (
        ["--config-dir", "own", "kernel=broken"],
        ["own/kernel/broken.yaml: line 2 is not valid YAML"],
    ),
    "an unknown option": (
        ["kernel=gausian"],
        ["kernel=gausian: there is no such option", "did you mean gaussian?"],
    ),
    "a word for a number": (
        ["kernel.bandwidth=abc"],
        ["kernel.bandwidth must be a positive number, got 'abc'"],
    ),
    "a fraction for an integer": (
        ["task.modulus=61.5"],
        ["task.modulus must be an integer of at least 2, got 61.5"],
    ),
    "a negative seed": (["seed=-1"], ["seed must be an integer of at least 0, got -1"]),
    "a word for a truth value": (["rerun=maybe"], ["rerun must be true or false, got 'maybe'"]),
    "no iteration": (
        ["rfm.iterations=0"],
        ["rfm.iterations must be an integer of at least 1, got 0"],
    ),
    "a composite modulus": (
        ["task=multiplication", "task.modulus=12"],
        [
            "task.modulus: 12 is not prime; multiplication uses the 4 units mod 12"
            " -- set task.allow_composite=true to mean that"
        ],
    ),
    "no element of a cyclic group": (
        [FIXED, "split.reflections=[61]"],
        ["split.reflections: 61 is not an element of Z61", "from 0 to 60"],
    ),
    "no unit": (
        ["task=multiplication", FIXED, "split.reflections=[0]"],
        ["split.reflections: 0 is not an element of the units mod 61", "from 1 to 60"],
    ),
    "coordinates for a list of elements": (
        ["task=abelian", FIXED, "split.reflections=[2,3]"],
        ["split.reflections: ", "not an element of Z5 x Z7", "one reflection is written [[2, 3]]"],
    ),
    "more points than train": (
        ["task.modulus=7", FIXED, "split.train_to_test=43"],
        ["split.train_to_test: cannot move 43 training points, 42 remain in the training set"],
    ),
    "more pairs than train": (
        ["task.modulus=7", FIXED, "split.pairs_to_test=22"],
        ["split.pairs_to_test: cannot move 22 symmetric pairs, 21 remain in the training set"],
    ),
    "an empty training set": (
        ["task.modulus=7", "split=listed", "split.path=no_pairs.csv"],
        ["split.path: ", "leaves the training set empty", "49 test"],
    ),
    "an empty test set": (
        ["task.modulus=7", FIXED, "split.test_to_train=7"],
        ["split.test_to_train: leaves the test set empty (49 rows train, 0 test)"],
    ),
    "nothing to train": (
        ["split.train_fraction=0"],
        ["split.train_fraction must be a number strictly between 0 and 1, got 0"],
    ),
    "nothing to test": (
        ["split.train_fraction=1"],
        ["split.train_fraction must be a number strictly between 0 and 1, got 1"],
    ),
    "a list that is not given": (
        ["split=listed"],
        ["split.path must be given, as split.path=VALUE"],
    ),
    "a list that is not there": (
        ["split=listed", "split.path=nowhere.csv"],
        ["split.path: nowhere.csv: cannot be read", "No such file"],
    ),
    "a list with another header": (
        ["split=listed", "split.path=header.csv"],
        ["split.path: header.csv: line 1: the header must be a,b, got 'x,y'"],
    ),
    "a bad line in a list": (
        ["split=listed", "split.path=bad_line.csv"],
        ["split.path: bad_line.csv: line 3: 'x' is not a number or a list"],
    ),
    "feature matrices beyond the last": (
        ["save.features=[61]"],
        ["save.features: 61 is none of the update counts of this run, 0 to 60"],
    ),
    "outputs in a file": (
        ["outputs=a_file/below"],
        ["outputs: a_file/below is or lies in a file; give the path of a folder"],
    ),
    "outputs that cannot be made": (
        ["outputs=/proc/x"],
        ["/proc/x", "cannot be written", "outputs=PATH"],
    ),
    "a study in a study": (["study=a/b"], ["study", "plain folder name", "got 'a/b'"]),
    "a device that is not there": (
        ["hardware.device=cuda:99"],
        ["hardware.device: cuda:99 does not exist here: torch finds", "CUDA devices"],
    ),
    "broken syntax": (["task.modulus=["], []),  # see test_hydras_own_refusals_name_the_override
    "an option that is nothing": (["kernel=null"], []),
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "own" / "kernel").mkdir(parents=True)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [pytest.param(*case, id=name) for name, case in MISTAKES.items()],
)
def test_a_mistake_is_named_and_nothing_is_written(folder, arguments, fragments):
    before = listing(folder)
    done = grokrfm(folder, *arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout == ""
    assert 1 <= len(done.stderr.splitlines()) <= 4
    assert listing(folder) == before
    missing = [fragment for fragment in fragments if fragment not in done.stderr]
    assert not missing, done.stderr


@pytest.mark.parametrize("override", ["task.modulus=[", "kernel=null"])
def test_hydras_own_refusals_name_the_override(tmp_path, override):
    assert override in grokrfm(tmp_path, override).stderr


def test_one_invalid_run_of_a_sweep_is_named_and_nothing_is_started(tmp_path):
    small = ["task.modulus=7", "rfm.iterations=1", "study=demo"]
    done = grokrfm(tmp_path, "-m", *small, "kernel.bandwidth=2,-1,3")
    assert (done.returncode, done.stdout) == (1, "")
    headline, cause, run = done.stderr.splitlines()
    assert headline == "nothing was started: 1 of 3 runs are invalid"
    assert cause == "kernel.bandwidth must be a positive number, got -1"
    assert run.startswith("  in ")
    assert "kernel.bandwidth=-1" in run.split()
    assert listing(tmp_path) == []
