"""The command grokrfm-audit, as a user starts it."""

import pytest

from tests.cli.command import BIN, finished, grokrfm, listing

NON_ABELIAN = ["task=cayley", "group@task.group=alternating"]


def audited(folder, *arguments):
    return finished(folder, [BIN / "grokrfm-audit", *arguments], {})


def test_a_degenerate_split_is_audited_and_nothing_is_written(tmp_path):
    done = audited(tmp_path, "task.modulus=13", "split=fixed_points", "split.reflections=[3]")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 leave the training set invariant" in done.stdout
    assert "sr^3" in done.stdout
    assert "13 test rows are fixed): expect 0 % on these" in done.stdout
    assert listing(tmp_path) == []


def test_the_symmetries_of_a_table_are_discovered(tmp_path):
    done = audited(tmp_path, "--discover", "task=polynomial", "task.modulus=7")
    assert done.stdout.startswith("x^2+x*y+y^2 mod 7: 4 permutations of the operands'")
    assert "the task claims 4 of them" in done.stdout


def test_symmetries_that_permute_labels_are_audited_on_request(tmp_path):
    split = ["split=orbits", "split.generators=[inversion]"]
    assert "\n  i  " in audited(tmp_path, *NON_ABELIAN, *split, "--labels").stdout
    assert "\n  i  " not in audited(tmp_path, *NON_ABELIAN, *split).stdout


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["split=orbit"], "split=orbit: there is no such option; did you mean orbits?"),
        (["task=cayley", "group=symmetric"], "group@task.group"),
        (["task=cayley", "task.group.n=0"], "task.group.n must be an integer of at least 1"),
        (["task=cayley", "split=fixed_points", "split.reflections=[r1]"], "has no reflection"),
        (["task=word", "task.word=a"], "task.word: 'a' must use both a and b"),
        (["task=polynomial", "task.expression='x/y'"], "there is no division"),
        (["split=orbits", "split.generators=[{rotation:61}]"], "61 is not an element of Z61"),
        (["split=noisy", "split.base.train_fraction=2"], "split.base.train_fraction must be"),
        (["task.modulus=["], "task.modulus=["),
    ],
)
def test_a_mistake_ends_in_its_message(tmp_path, arguments, fragment):
    done = audited(tmp_path, *arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert fragment in done.stderr


def test_a_run_records_its_audit_and_takes_groups_and_nested_splits(tmp_path):
    from grokrfm import collect

    small = ["rfm.iterations=2", "study=demo"]
    assert not grokrfm(tmp_path, *NON_ABELIAN, "split=noisy", *small).returncode
    both = ["task=two_tasks", "task.first.modulus=5", "task.second.modulus=5"]
    assert not grokrfm(tmp_path, *both, "kernel=quadratic", *small).returncode
    orbits = ["task.modulus=7", "split=orbits", "split.generators=[{reflection:2}]"]
    assert not grokrfm(tmp_path, *orbits, *small).returncode
    runs = collect.runs(tmp_path / "outputs" / "demo")
    assert runs["status"].tolist() == ["finished"] * 3
    assert runs["audit_symmetries"].tolist() == [11, 1, 13]
    assert runs["audit_invariant"].tolist() == [0, 0, 1]
    assert runs["audit_invariant_names"].tolist()[-1] == "sr^2"
    assert (runs["audit_nearest"] < 1).all()
