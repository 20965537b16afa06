import re

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from grokrfm.checks import SettingError
from grokrfm.launch.grid import grid
from grokrfm.paths import conf_folder


@pytest.fixture(scope="module")
def loader():
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


@pytest.fixture
def runs(loader):
    def expand(*arguments, zipped=(), excluded=()):
        return [" ".join(run) for run in grid(arguments, zipped, excluded, loader)]

    return expand


def test_lists_ranges_and_choices_are_multiplied_and_the_rest_is_the_same_for_all(runs):
    assert runs("a=1,2", "b=range(0,2)", "c=choice(x,y)", "d=7") == [
        f"a={a} b={b} c={c} d=7" for a in (1, 2) for b in (0, 1) for c in "xy"
    ]


def test_globs_name_the_options_of_a_group(runs):
    assert runs("kernel=glob(*quadratic)") == ["kernel=general_quadratic", "kernel=quadratic"]
    assert runs("kernel=glob(*,exclude=[*quadratic,saboteur])") == [
        "kernel=gaussian",
        "kernel=laplace",
    ]


def test_seeds_are_outermost_wherever_they_stand(runs):
    assert runs("a=1,2", "seed=0,1") == [
        "a=1 seed=0",
        "a=2 seed=0",
        "a=1 seed=1",
        "a=2 seed=1",
    ]


def test_of_two_overrides_of_a_name_the_later_counts(runs):
    """A study's own params come before the command line."""
    assert runs("a=1,2", "b=3", "a=5") == ["a=5 b=3"]


def test_texts_keep_what_the_grammar_gives_them(runs):
    assert runs("a='x y',[1,2],{b:1}", "~probe.loss", "+new=1", "b=null") == [
        f"a={value} ~probe.loss +new=1 b=null" for value in ("'x y'", "[1,2]", "{b:1}")
    ]


def test_zipped_names_advance_together(runs):
    assert runs("a=1,2,3", "b=x,y,z", "c=0,1", zipped=[["a", "b"]]) == [
        f"a={a} b={b} c={c}" for a, b in ((1, "x"), (2, "y"), (3, "z")) for c in (0, 1)
    ]


def test_a_zip_with_the_seed_is_outermost(runs):
    assert runs("c=0,1", "seed=1,2", "a=5,6", zipped=[["seed", "a"]]) == [
        f"c={c} seed={seed} a={a}" for seed, a in ((1, 5), (2, 6)) for c in (0, 1)
    ]


def test_excluded_combinations_are_left_out(runs):
    assert runs("k=g,q", "ridge=0,1e-8", "seed=0,1", excluded=[{"k": "q", "ridge": 0}]) == [
        f"k={k} ridge={ridge} seed={seed}"
        for seed in (0, 1)
        for k, ridge in (("g", "0"), ("g", "1e-08"), ("q", "1e-08"))
    ]


def test_conditions_exclude_runs_beside_mappings_and_alone(runs):
    swept = ("kernel=g,'a b'", "x=1,7,null", "seed=0,1", "r=[0],[1]")
    every = [" ".join(run.split()) for run in runs(*swept)]
    condition = "x > 6 and kernel == 'a b' and r == '[0]'"
    gone = [f"kernel='a b' x=7 seed={seed} r=[0]" for seed in (0, 1)]
    assert runs(*swept, excluded=condition) == [run for run in every if run not in gone]
    both = runs(*swept, excluded=[{"seed": 1}, condition, "x.isna()"])
    assert both == [r for r in every if r not in gone and "seed=0" in r and "x=null" not in r]


def test_a_condition_of_a_shuffled_list_excludes_the_right_values(runs):
    for _ in range(5):
        kept = runs("a=shuffle(1,2,3,4,5,6)", excluded="a > 3")
        assert sorted(kept) == ["a=1", "a=2", "a=3"]


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"zipped": [["a", "b"]]}, "equally many values; a has 2, b has 3"),
        ({"zipped": [["a", "bb"]]}, "bb is not swept over; did you mean b?"),
        ({"zipped": [["a"]]}, "must be a list of lists of names"),
        ({"zipped": ["ab"]}, "must be a list of lists of names"),
        ({"zipped": [["a", "c"], ["a", "d"]]}, "a is named twice"),
        ({"excluded": [{"x": 1}]}, "x is not swept over; known are a, b, c, d"),
        ({"excluded": [{"a": 9}]}, "a: 9 is none of the values swept, 1, 2"),
        ({"excluded": [7]}, "must be a list of mappings such as {task: division, seed: 3} and of"),
        ({"excluded": ["a"]}, "condition 'a': 1 is not a condition; compare"),
        ({"excluded": "aa == 1"}, "condition 'aa == 1': aa is not swept over; did you mean a?"),
        ({"excluded": "rfm.ridge == 1"}, "rfm.ridge is not swept over; known are a, b, c, d"),
        ({"excluded": ["a.__class__ == 1"]}, "a.__class__ is not swept over"),
        ({"excluded": ["a ** b > 1"]}, "an exponent must be written as a number"),
    ],
)
def test_mistakes_are_named(runs, keywords, message):
    with pytest.raises(SettingError, match=re.escape(message)):
        runs("a=1,2", "b=1,2,3", "c=1,2", "d=1,2", **keywords)


def test_an_interval_is_refused(runs):
    with pytest.raises(SettingError, match=r"a: an interval cannot be enumerated; use range"):
        runs("a=interval(0,1)")
