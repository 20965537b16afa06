"""The Dynamics learner from its settings: what it recovers, records and refuses."""

import re

import numpy as np
import pytest

from grokrfm import collect
from grokrfm.runs import features, predictions
from tests.cli.command import BIN, finished

DYNAMICS = [BIN / "grokrfm", "--config-name", "dynamics", "hardware.threads=1"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The square of four cells, trained until its group is recovered."""
    folder = tmp_path_factory.mktemp("trained")
    saved = ["save.features=last", "save.predictions=last", "horizons=[0,20,200]", "study=s"]
    run = ["env.size=3", "train.updates=700", "train.restarts=3", *saved]
    done = finished(folder, [*DYNAMICS, *run], {})
    assert done.returncode == 0, done.stderr
    return done, folder / "outputs" / "s"


def test_the_group_of_a_torus_is_recovered_and_named(trained):
    done, study = trained
    run = collect.runs(study).iloc[0]
    assert (run["verdict"], run["group_name"], run["closure_order"]) == ("recovered", "C3 x C3", 9)
    assert run["seen_accuracy"] == 1
    assert 1 <= run["restarts_recovered"] <= 3
    assert run["eigen_angle_error"] < 0.01
    assert run["overlap"] < 0.1
    assert run["affine_r2"] > 0.9
    assert run["snapped_error_at_0"] == run["error_at_0"]
    assert run["error_at_20"] < 0.1
    # errors of angles add up, those of matrices of exact order do not
    assert run["snapped_error_at_200"] < 0.1 < run["error_at_200"]
    assert "the matrices generate a group of 9 elements, C3 x C3" in done.stdout


def test_what_figures_need_is_kept(trained):
    study = trained[1]
    digest = collect.runs(study)["digest"].iloc[0]
    [matrices] = features.read(study, digest).values()
    kept = predictions.read(study, digest)
    np.testing.assert_array_equal(matrices, kept["matrices"])
    np.testing.assert_allclose(matrices @ matrices.transpose(0, 2, 1), [np.eye(4)] * 4, atol=1e-12)
    assert kept["latents"].shape == (9, 4)
    assert kept["plane_angles"].shape == (4, 6)
    np.testing.assert_array_equal(kept["predicted"], kept["transitions"])
    assert kept["strip_true"].shape == kept["strip_predicted"].shape == (51, 9)
    assert kept["horizon_error"].shape == (51,)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["model.latent=3"], "model.latent: 3 is too small.*the smallest that serves is 4"),
        (["env=q8", "model.latent=3"], "the smallest that serves is 4"),
        (["env=gridwrld"], "gridworld"),
        (["env=group", "env.action=cosets", "env.subgroup=[r9]"], "env.subgroup: 'r9' is not"),
        (["env=group", "env.generators=[r1]", "env.inverses=false"], "env.*transitively"),
        (["env=s3", "env.subgroup=[r1]"], "env.subgroup: is used by action=cosets only"),
        (["model=direct", "model.entanglement=1"], "model.entanglement: there is no such setting"),
        (["train.length=0"], "train.length must be an integer"),
        (["horizons=5"], "horizons must be a list of numbers of actions, got 5"),
        (["split=fixed_points"], "split must be none or uniform.*env.generators=all"),
        (["env=sphere", "model.latent=3", "split=uniform"], "split must be none"),
        (["model.entanglement=[[1,0],[0,1]]"], "model.entanglement must be a number, or a list"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(tmp_path, given, message):
    done = finished(tmp_path, [*DYNAMICS, *given], {})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert re.search(message, done.stderr, re.DOTALL), done.stderr


def test_a_training_that_diverges_fails_with_its_update(tmp_path):
    run = ["env.size=2", "train.updates=20", "study=s"]
    for every, message in ((20, "the loss of update 1"), (1, "the weights after update 0")):
        given = ["train.rate=1e308", f"train.observe_every={every}", "rerun=true"]
        done = finished(tmp_path, [*DYNAMICS, *run, *given], {})
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert re.search(f"NumericsError: {message} (is|are) not finite; try a", done.stderr)


def test_both_learners_hold_out_the_same_part_of_a_table(tmp_path):
    split = ["split=fixed_points", "split.train_to_test=3", "seed=4", "study=s"]
    group = ["group@env.group=cyclic", "env.group.order=7", "env.generators=all"]
    short = ["train.updates=2", "save.predictions=last"]
    finished(tmp_path, [*DYNAMICS, "env=group", *group, *split, *short], {})
    rfm = ["task.modulus=7", "rfm.iterations=1", "save.predictions=last"]
    finished(tmp_path, [BIN / "grokrfm", *rfm, *split], {})
    study = tmp_path / "outputs" / "s"
    runs = collect.runs(study).set_index("study.name", drop=False)
    assert list(runs["status"]) == ["finished"] * 2
    seen, kept = (predictions.read(study, digest) for digest in runs["digest"])
    if "seen" not in seen:
        seen, kept = kept, seen
    trains = np.zeros(49, dtype=bool)
    trains[kept["rows"][kept["training"]]] = True
    np.testing.assert_array_equal(seen["seen"].ravel(), trains)
