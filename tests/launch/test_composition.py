"""The quick way to settings gives what Hydra's full composition gives."""

import copy
import hashlib
import json

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from hypothesis import given, settings
from hypothesis import strategies as st

from grokrfm.checks import GrokrfmError
from grokrfm.config import SpecMaker, plain
from grokrfm.config.node import parameters, plumbing, target_of
from grokrfm.launch.composition import Composer
from grokrfm.launch.grid import grid
from grokrfm.paths import conf_folder

CONF = conf_folder()
STUDIES = sorted(path.stem for path in (CONF / "study").glob("*.yaml"))
MOST_RUNS = {"quick": 8, "slow": 40}


def composer_for(loader, *overrides, primary="config"):
    master = loader.load_configuration(
        primary, [*overrides], run_mode=RunMode.MULTIRUN, from_shell=False
    )
    return Composer(loader, master), master


@pytest.fixture(scope="module")
def loader():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


def full(composer, overrides):
    return plain(composer.compose(overrides))


@pytest.mark.parametrize("most", ["quick", pytest.param("slow", marks=pytest.mark.slow)])
@pytest.mark.parametrize("study", STUDIES)
def test_every_study(study, most, loader):
    text = (CONF / "study" / f"{study}.yaml").read_text(encoding="utf-8")
    primary = "dynamics" if "--config-name dynamics" in text else "config"
    composer, master = composer_for(loader, f"study={study}", primary=primary)
    params = master.hydra.sweeper.get("params") or {}
    own = [f"{name}={value}" for name, value in params.items()]
    runs = grid([*own, f"study={study}"], master.hydra.sweeper.zip, [], loader)
    step, spec = max(1, len(runs) // MOST_RUNS[most]), SpecMaker()
    for overrides in runs[::step]:
        run = composer.settings(overrides)
        assert run == full(composer, overrides)
        assert spec(run).digest == digest_by_definition(run)


def digest_by_definition(run):
    target = target_of(run, "")
    root = {key: run[key] for key in ("_target_", *parameters(target)) if key in run}
    text = json.dumps([2, scientific(root, plumbing(root))], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def scientific(value, dropped, setting=""):
    """Nested settings without plumbing and labels, whole numbers as integers."""
    if isinstance(value, dict):
        labels = {"name"} if "_target_" in value else set()
        return {
            key: scientific(part, dropped, f"{setting}.{key}".strip("."))
            for key, part in value.items()
            if key not in labels and f"{setting}.{key}".strip(".") not in dropped
        }
    if isinstance(value, list):
        return [scientific(part, dropped, setting) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


GROUPS = {group: sorted(path.stem for path in (CONF / group).glob("*.yaml"))
          for group in ("task", "split", "kernel", "rfm", "start", "hardware")}  # fmt: skip
ONE = st.one_of(
    *(st.sampled_from([f"{g}={option}" for option in options]) for g, options in GROUPS.items()),
    st.integers(0, 99).map(lambda n: f"seed={n}"),
    st.sampled_from([3, 5, 7.5, "null", "abc", "'a b'", "[1,2]", "true"]).map(
        lambda value: f"task.modulus={value}"
    ),
    st.sampled_from(
        [
            "rfm.iterations=3",
            "rfm.ridge=1e-5",
            "rfm.solver=lu",
            "split.reflections=[0,1]",
            "split.train_fraction=0.3",
            "split.path=some.csv",
            "kernel.bandwidth=1,0",
            "kernel={bandwidth:3.0}",
            "kernel.bandwidth=${rfm.ridge}",
            "rfm.ridge=${oc.env:HOME}",
            "probe=[loss]",
            "probe.accuracy.tie=1e-3",
            "~probe.loss",
            "+kernel.extra=1",
            "++kernel.extra=1",
            "+unknown=1",
            "save.features=all",
            "save={features:last}",
            "study=some",
            "study.name=other",
            "outputs=elsewhere",
            "kernel.bandwith=3",
            "kernel=gausian",
            "split.reflections.0=3",
            "task/none=one",
            "hydra.job.name=x",
        ]
    ),
)


SEVERAL = st.lists(ONE, max_size=6, unique_by=lambda text: text.split("=")[0])


@settings(max_examples=15)
@given(SEVERAL)
def test_random_overrides(loader, overrides):
    assert_composed_alike(loader, overrides)


@pytest.mark.slow
@settings(max_examples=200)
@given(SEVERAL)
def test_many_random_overrides(loader, overrides):
    assert_composed_alike(loader, overrides)


def assert_composed_alike(loader, overrides):
    composer, _ = composer_for(loader)
    try:
        expected = full(composer, overrides)
    except (GrokrfmError, HydraException) as error:
        with pytest.raises(type(error)) as raised:
            composer.settings(overrides)
        assert str(raised.value) == str(error)
        return
    first = composer.settings(overrides)
    assert first == expected
    before = copy.deepcopy(first)
    composer.settings([*overrides, "rerun=true"])  # shares parts, and changes none
    assert first == before


def test_equal_parts_of_several_runs_are_one_object(loader):
    composer, _ = composer_for(loader)
    one, other = (composer.settings([f"seed={seed}", "kernel=laplace"]) for seed in (0, 1))
    assert all(one[key] is other[key] for key in one if key != "seed")


def test_options_are_composed_once(loader, monkeypatch):
    composer, _ = composer_for(loader)
    composed = []
    monkeypatch.setattr(
        composer,
        "compose",
        lambda given: composed.append(given) or Composer.compose(composer, given),
    )
    for seed in range(100):
        for kernel in ("gaussian", "quadratic"):
            composer.settings([f"seed={seed}", f"kernel={kernel}", f"task.modulus={5 + seed}"])
    assert len(composed) == 2
