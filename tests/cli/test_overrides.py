"""Wrong overrides end in a message of ours: some known ones, and thousands of random ones."""

import random
import signal
from contextlib import contextmanager

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from grokrfm.paths import conf_folder
from tests.cli.command import grokrfm
from tests.cli.in_process import CommandLines
from tests.cli.random_overrides import random_case

SECONDS = 60
"""Limit of one command line; the largest that is legal takes a few, more on a busy machine."""

CASES = 5_000


@pytest.fixture(scope="module")
def lines():
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        yield CommandLines(GlobalHydra.instance().config_loader())


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["grokrfm"])


LONG = "a" * 5_000

# the arguments, then fragments of the message
MISTAKES = {
    "a truth value for an option": (
        ["split=moved", "split.base=false"],
        ["split.base must be an option, got False", "split@split.base=NAME"],
    ),
    "a word for an option": (
        ["split=moved", "split.base=abc"],
        ["split.base must be an option, got 'abc'", "split@split.base=NAME"],
    ),
    "a name that is not a number": (["task.name=nan"], ["task.name must be text, got nan"]),
    "a name that is a list": (["kernel.name=[[]]"], ["kernel.name must be text, got [[]]"]),
    "a number that is not finite": (
        ["probe.accuracy.tie=nan"],
        ["probe.accuracy.tie must be a finite number, got nan"],
    ),
    "a list with a number that is not finite": (
        ["rfm.stop_patience=[nan]"],
        ["rfm.stop_patience must be a finite number, got nan"],
    ),
    "a number for a file": (
        ["split=listed", "split.path=5"],
        ["split.path must be the path of a file, got 5"],
    ),
    "a table that is no name": (["study.tables=[nan]"], ["study.tables must be a list of names"]),
    "a class that is not ours": (
        ["++probe.accuracy.tie={_target_:builtins.int}"],
        ["probe.accuracy.tie._target_: builtins.int does not list its arguments"],
    ),
    "an abstract class": (
        ["kernel._target_=grokrfm.kernels.Kernel"],
        ["kernel._target_: grokrfm.kernels.Kernel must be a complete class or a function"],
    ),
    "a class that raises": (
        ["++kernel={_target_:fractions.Fraction,denominator:0}", "~kernel.bandwidth"],
        ["kernel: fractions.Fraction raises ZeroDivisionError", "HYDRA_FULL_ERROR=1"],
    ),
    "a learner that raises": (
        ["_target_=tests.cli.test_overrides.unfinished"],
        ["tests.cli.test_overrides.unfinished raises NotImplementedError: later; HYDRA_FULL_ERROR"],
    ),
    "an interpolation in a setting of Hydra": (
        ["hydra.job.name=${nope}", "kernel.bandwidth=-1"],
        ["kernel.bandwidth must be a positive number, got -1"],
    ),
    "a number for a study": (["study=2"], ["study=2: ", "must begin with a letter, got 2"]),
    "a list for a study": (["study=[nan]"], ["study=[nan]: ", "must begin with a letter, got nan"]),
    "a mapping for a task": (
        ["task=[{rotation:1}]"],
        ["task=[{rotation:1}]: ", "must begin with a letter"],
    ),
    "a long study": ([f"study={LONG}"], ["study: a name must have at most 200 characters"]),
    "a long study name": ([f"study.name={LONG}"], ["study.name must be", "at most 200 bytes"]),
    "a long option": ([f"kernel={LONG}"], ["kernel: a name must have at most 200 characters"]),
    "long outputs": ([f"outputs={LONG}"], ["outputs: ", "cannot be a folder (File name too long)"]),
    "a huge table": (["task.modulus=1000000000"], ["task.modulus must be at most 10000, got 1000"]),
    "a huge group": (
        ["task=abelian", "task.sizes=[1000,1000]"],
        ["task.sizes must be", "a product of at most 10000, got [1000, 1000]"],
    ),
    "huge units": (["task=division", "task.modulus=1000000007"], ["must be at most 10000"]),
    "a huge integer": (["rfm.iterations=1" + "0" * 400], ["must be at most 9223372036854775807"]),
    "a matrix beyond many": (
        ["rfm.iterations=1000000000", "save.features=[1000000001]"],
        ["save.features: 1000000001 is none of the update counts of this run, 0 to 1000000000"],
    ),
    "huge slots": (["hardware.slots=1000000000"], ["hardware.slots must be at most 1024"]),
    "more threads than cores": (
        ["hardware.threads=9999"],
        ["hardware.threads must be at most ", "the cores that this process may use, got 9999"],
    ),
    "a list for a partition": (
        ["hardware=slurm", "hardware.partition=[a]"],
        ["hardware.partition must be text, or null, got ['a']"],
    ),
    "a key that is no name": (
        ["++rfm={true:0}"],
        ["rfm must have names as keys, got True"],
    ),
    "zipped names that are no list": (
        ["hydra.sweeper.zip=5"],
        ["hydra.sweeper.zip must be a list, got 5"],
    ),
    "several tasks": (
        ["task=[addition,multiplication]"],
        ["must be one option; -m task=addition,multiplication runs each"],
    ),
    "an option with ++": (["++kernel=laplace"], ["++ chooses no option; write kernel=NAME"]),
    "an option with +": (["+kernel=laplace"], ["chosen already; write kernel=NAME, without +"]),
    "a part of a name": (["hardware=gpu"], ["no such option; did you mean local_gpus?"]),
    "a key of another folder": (["modulus=7"], ["modulus: ", "did you mean task.modulus?"]),
    "a group of another group": (
        ["group=dihedral"],
        ["group: nothing has", "of this group; write group@task.group=NAME with task=cayley"],
    ),
    "an option of a part, by its name": (
        ["task=cayley", "task.group=dihedral"],
        ["task.group must be an option, got 'dihedral'; choose one with group@task.group=dihedral"],
    ),
    "an option of a part that is not there": (
        ["split.base=fixed_points"],
        ["split.base: there is no such setting", "write split@split.base=NAME with split=moved"],
    ),
    "a misspelt probe": (["probe=[acuracy,loss]"], ["probe=acuracy: ", "did you mean accuracy?"]),
    "a power": (
        ["task=polynomial", "task.expression=x^2+y"],
        ["task.expression=x^2+y: not understood", "'task.expression=\"x^2+y\"', or ** for ^"],
    ),
    "a function": (["kernel.bandwidth=int(a)"], ["kernel.bandwidth=int(a): not understood"]),
    "a list for a truth value": (["hydra.job.chdir=[null]"], ["hydra.job.chdir=[null]: cannot be"]),
}


@pytest.mark.parametrize(
    ("number", "arguments", "fragments"),
    [pytest.param(i, *case, id=name) for i, (name, case) in enumerate(MISTAKES.items())],
)
def test_a_wrong_override_is_named(lines, number, arguments, fragments):
    multirun = number % 2 == 0 or arguments[0].startswith("hydra.")
    message = lines.refusal(arguments, multirun)
    assert message is not None
    assert not [fragment for fragment in fragments if fragment not in message], message
    assert len(message) < 1_000


def test_several_values_without_a_sweep(lines):
    message = lines.refusal(["task=addition,multiplication"], multirun=False)
    assert message == (
        "task=addition,multiplication: several values are a sweep, which needs -m;"
        " a list is in brackets"
    )


@pytest.mark.parametrize("kernels", ["gaussian,quadratic", "quadratic,gaussian"])
def test_a_setting_of_some_options_only_is_swept_over_for_them_alone(lines, kernels):
    message = lines.refusal([f"kernel={kernels}", "kernel.bandwidth=1,2"], multirun=True)
    assert message == (
        "kernel.bandwidth: there is no such setting; quadratic has none\n"
        "  in kernel=quadratic kernel.bandwidth=1; start a sweep for each of"
        " kernel=gaussian, kernel=quadratic, all into one study"
    )
    alone = lines.refusal(["kernel=quadratic", "kernel.bandwidth=1,2"], multirun=True)
    assert alone == "kernel.bandwidth: there is no such setting; quadratic has none"


@pytest.mark.slow
def test_random_overrides_end_in_a_plan_or_in_a_message_of_ours(lines):
    rng = random.Random(0)
    planned = 0
    for _ in range(CASES):
        arguments, multirun = random_case(rng)
        with limited(arguments):
            message = lines.refusal(arguments, multirun)
        planned += message is None
        assert not foreign(message), (arguments, message)
    assert CASES / 50 < planned < CASES / 2


@pytest.mark.slow
def test_the_command_says_the_same(lines, tmp_path):
    """The random overrides above are judged in this process; here by the real command."""
    rng = random.Random(1)
    for _ in range(20):
        arguments, multirun = random_case(rng)
        arguments = [one for one in arguments if "hydra" not in one and "dry_run" not in one]
        if any(one.startswith("study=") for one in arguments) or "hardware=slurm" in arguments:
            continue
        message = lines.refusal([*arguments, "dry_run=true"], multirun)
        flags = ["-m"] if multirun else []
        done = grokrfm(tmp_path, *flags, *arguments, "dry_run=true", threads=None)
        assert "Traceback" not in done.stderr, (arguments, done.stderr)
        assert done.returncode == (message is not None), (arguments, message, done.stderr)
        said = done.stderr.strip()
        # of a sweep Hydra also composes its launcher, and may refuse that before any run
        assert said == (message or "") or (multirun and "cannot be composed" in said)


def unfinished(task, split, kernel, rfm, start, probe, seed):
    raise NotImplementedError("later")


def foreign(message):
    """True for a message that leaves the reason to an exception of a class of ours."""
    before = (message or "").partition(" raises ")
    return bool(before[1]) and before[0].rpartition(" ")[2].startswith("grokrfm.")


@contextmanager
def limited(arguments):
    """Fail if the block takes longer than SECONDS."""

    def too_long(*_):
        raise AssertionError(f"{arguments} takes more than {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
