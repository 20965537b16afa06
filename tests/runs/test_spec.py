import pytest

from grokrfm.checks import SettingError
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.settings import OncePerPart
from grokrfm.runs.spec import Spec, entry

SCIENCE = {"task": {"name": "addition", "modulus": 61}, "rfm": {"ridge": 1e-8}, "seed": 0}


def digest(science, probes=None, features="none"):
    return Spec(science, probes or {}, FeatureSelection(features)).digest


def test_the_digest_is_stable_across_versions_of_this_package():
    assert digest(SCIENCE) == "03bf5d0fca34be5d"


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 1},
        {"rfm": {"ridge": 1e-9}},
        {"task": {"name": "addition", "modulus": 59}},
        {"start": {"name": "identity"}},
    ],
)
def test_any_scientific_value_changes_the_digest(changed):
    assert digest(SCIENCE | changed) != digest(SCIENCE)


def test_equal_values_have_equal_digests():
    shuffled = {
        "seed": 0.0,
        "rfm": {"ridge": 0.00000001},
        "task": {"modulus": 61.0, "name": "addition"},
    }
    assert digest(shuffled) == digest(SCIENCE)


def test_a_part_that_runs_share_is_read_once(tmp_path):
    shared, none = OncePerPart(entry), FeatureSelection("none")
    file = tmp_path / "a.csv"
    file.write_text("a,b\n0,1\n", encoding="utf-8")
    split = {"path": str(file)}
    runs = [SCIENCE | {"split": split, "seed": seed} for seed in range(2)]
    expected = [digest(science) for science in runs]
    assert Spec(runs[0], {}, none, entry=shared).digest == expected[0]
    file.unlink()
    assert Spec(runs[1], {}, none, entry=shared).digest == expected[1]
    with pytest.raises(SettingError, match=r"split\.path: .* cannot be read"):
        digest(runs[1])


def test_parts_that_nobody_else_keeps_are_not_confused():
    """The next part may get the memory address of one that was dropped."""
    text = OncePerPart(entry)
    assert len({text([number], "seed") for number in range(100)}) == 100
    same = [0]
    assert text(same, "seed") != text(same, "width")


def test_the_name_of_an_option_is_a_label():
    option = {"_target_": "grokrfm.tasks.addition", "modulus": 61}
    digests = {digest({"task": {**option, "name": name}}) for name in ("addition", "sum")}
    assert digests == {digest({"task": option})}
    assert digest({"task": {**option, "_target_": "grokrfm.tasks.division"}}) not in digests


def test_what_a_run_leaves_does_not_change_its_digest():
    assert digest(SCIENCE, probes={"loss": {}}, features="all") == digest(SCIENCE)


def test_a_file_counts_by_content(tmp_path):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("a,b\n0,1\n", encoding="utf-8")
    second.write_text("a,b\n0,1\n", encoding="utf-8")

    def listed(path):
        return digest(SCIENCE | {"split": {"path": str(path)}})

    assert listed(first) == listed(second)
    before = listed(first)
    first.write_text("a,b\n0,2\n", encoding="utf-8")
    assert listed(first) != before


@pytest.mark.parametrize("chosen", ["some", 3, [1, -1], [True], ["1"], None, [1.5]])
def test_a_selection_of_features_is_checked(chosen):
    with pytest.raises(SettingError, match="features must be none, last, all, or a list"):
        FeatureSelection(chosen)


@pytest.mark.parametrize(
    ("chosen", "kept"), [("none", []), ("last", [3]), ("all", [0, 1, 2, 3]), ([3, 0, 0], [0, 3])]
)
def test_a_selection_is_satisfied_by_what_it_wants_and_nothing_less(chosen, kept):
    selection = FeatureSelection(chosen)
    assert [k for k in range(4) if selection.wants(k, last=k == 3)] == kept
    assert selection.satisfied_by(kept, updates=3)
    assert not kept or not selection.satisfied_by(kept[1:], updates=3)


def test_text_without_utf8_is_refused_by_name():
    """Such text would make the plan of a sweep unreadable."""
    with pytest.raises(SettingError, match=r"task\.name must be text in UTF-8, got '\\udc80'"):
        digest(SCIENCE | {"task": {"name": "\udc80"}})
    assert digest(SCIENCE | {"task": {"name": "\U0001f600"}})
