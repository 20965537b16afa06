"""Presets that a sweep names are checked before anything is computed."""

import pytest

from grokrfm.collect.precheck import precheck
from grokrfm.collect.presets import PresetError
from grokrfm.paths import conf_folder
from tests.cli.command import grokrfm, listing
from tests.collect.synthetic import NAMES

SWEEP = {"kind": "sweep", "x": "split.train_fraction", "value": "test_accuracy"}
RUN = {"split": {"train_fraction": 0.5}, "own": {"size": 3}, "save": {"features": "none"}}
TABLES, FIGURES = (
    sorted(path.stem for path in (conf_folder() / kind).glob("*.yaml"))
    for kind in ("table", "figure")
)


@pytest.fixture
def checked(tmp_path):
    """Checks a preset of one's own for runs that name it; returns the remarks."""

    def check(kind, settings, run=RUN):
        (tmp_path / kind).mkdir(exist_ok=True)
        text = "".join(f"{key}: {value!r}\n" for key, value in settings.items())
        (tmp_path / kind / "mine.yaml").write_text(text, encoding="utf-8")
        study = {"name": "demo", "tables": [], "figures": [], f"{kind}s": ["mine"]}
        return precheck([{**run, "study": study}], NAMES, [tmp_path])

    return check


def test_every_shipped_preset_passes():
    study = {"name": "demo", "tables": TABLES, "figures": FIGURES}
    saved = {"save": {"features": "last", "predictions": "last"}}
    assert precheck([{"study": study, **saved}], NAMES, []) == []


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("figure", {"kind": "swep"}, "figure mine: unknown kind 'swep'; did you mean sweep?"),
        ("figure", {"kind": "sweep"}, "figure mine: figure of kind 'sweep': the setting x is"),
        ("figure", SWEEP | {"scale": "ln"}, "figure mine: scale must be one of linear, log"),
        (
            "figure",
            SWEEP | {"x": "split.train_fracton"},
            "no setting is named 'split.train_fracton'; did you mean split.train_fraction?",
        ),
        ("figure", SWEEP | {"by": ["own.sise"]}, "'own.sise'; did you mean own.size?"),
        ("figure", SWEEP | {"where": "own.sice > 1"}, "'own.sice'; did you mean own.size?"),
        ("table", {"rows": ["own.sise"]}, "table mine: no setting is named 'own.sise'"),
        ("table", {"row": ["own.size"]}, "table mine: unknown key 'row'; did you mean rows?"),
        ("table", {"paired": "own.sise=1,2"}, "'own.sise'; did you mean own.size?"),
    ],
    ids=str,
)
def test_what_is_wrong_is_refused_with_what_would_be_right(checked, kind, settings, message):
    with pytest.raises(PresetError) as caught:
        checked(kind, settings)
    assert message in str(caught.value)


def test_names_that_may_be_missing_give_a_remark(checked):
    assert checked("figure", SWEEP | {"by": ["own.size", "kernel.name", "seed"]}) == []
    assert checked("figure", SWEEP | {"value": "number_of_mine"}) == []
    assert checked("figure", SWEEP | {"value": "test_acuracy"}) == [
        "figure mine: no number is known as 'test_acuracy'; did you mean test_accuracy?"
    ]
    assert checked("figure", {"kind": "spectra"}) == [
        "figure mine draws feature matrices, which no run of this sweep keeps; set"
        " save.features=last"
    ]
    kept = RUN | {"save": {"features": [3], "predictions": "none"}}
    assert checked("figure", {"kind": "spectra"}, kept) == []


def test_a_sweep_is_refused_before_anything_is_computed(tmp_path):
    sweep = ("-m", "study=demo", "task.modulus=5", "seed=0,1", "rfm.iterations=1")
    done = grokrfm(tmp_path, *sweep, "study.figures=[train_fractio]")
    assert done.returncode == 1
    assert "figure 'train_fractio': no such file" in done.stderr
    assert "did you mean train_fraction?" in done.stderr
    assert listing(tmp_path) == []
    alone = grokrfm(tmp_path, "task.modulus=5", "rfm.iterations=1", "study.tables=[headlin]")
    assert alone.returncode == 1 and "did you mean headline?" in alone.stderr
    assert listing(tmp_path) == []
