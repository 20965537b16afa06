import pytest
import torch

from grokrfm.checks import SettingError
from grokrfm.experiment.measurement import fetched
from grokrfm.kernels import OneHot
from grokrfm.probes import Accuracy, Grok, Images, Loss, Margin, grok_iteration
from grokrfm.probes.predicted import Predicted
from grokrfm.rfm import Examples, State, Step

NONE = torch.zeros(0)

# Four test points, three classes: a clear hit, a hit by 1e-9, a miss, and a miss by 1e-9.
OUTPUTS = torch.tensor(
    [[0.9, 0.1, 0.0], [0.5, 0.5 - 1e-9, 0.1], [0.0, 0.7, 0.2], [0.4, 0.4 + 1e-9, 0.0]],
    dtype=torch.float64,
)
LABELS = torch.tensor([0, 0, 0, 0])
STRATA = {
    "fixed": torch.tensor([True, True, False, False]),
    "moved": torch.tensor([False, False, True, True]),
    "none": torch.tensor([False] * 4),
}


def examples(labels, strata=None):
    return Examples(OneHot(torch.zeros(len(labels), 2, dtype=torch.long), 2), labels, strata or {})


def measured(probe, outputs=OUTPUTS, labels=LABELS, strata=STRATA):
    M = torch.eye(2, dtype=torch.float64)
    step = Step(0, M, NONE, outputs, outputs, NONE, "lu", 0.0, State(1, M, 1.0), last=True)
    train, test = examples(labels), examples(labels, strata)
    [numbers] = fetched([probe.measure(step, Predicted(train, outputs), Predicted(test, outputs))])
    return numbers


def test_accuracy_plain_and_counting_clear_leads_only():
    numbers = measured(Accuracy(tie=1e-6))
    assert numbers["train_accuracy"] == numbers["test_accuracy"] == 0.5
    assert numbers["test_accuracy_fixed"] == 1
    assert numbers["test_accuracy_moved"] == 0
    assert numbers["test_accuracy_strict"] == 0.25
    assert numbers["test_accuracy_strict_fixed"] == 0.5
    assert measured(Accuracy(tie=0))["test_accuracy_strict"] == 0.5


def test_ties_are_judged_by_the_size_of_the_outputs():
    for scale in (1.0, 1e-6):
        assert measured(Accuracy(tie=1e-6), OUTPUTS * scale)["test_accuracy_strict"] == 0.25
        assert measured(Margin(tolerance=1e-6), OUTPUTS * scale)["undecided"] == 0.5
    rounding = OUTPUTS * 1e-16
    assert measured(Accuracy(tie=1e-6), rounding)["test_accuracy_strict"] == 0
    assert measured(Margin(tolerance=1e-6), rounding)["undecided"] == 1


def test_an_empty_stratum_has_no_accuracy():
    assert (
        measured(Accuracy(tie=0))["test_accuracy_none"]
        != measured(Accuracy(tie=0))["test_accuracy"]
    )
    assert torch.tensor(measured(Accuracy(tie=0))["test_accuracy_none"]).isnan()


def test_loss_is_the_mean_over_points_and_outputs():
    numbers = measured(
        Loss(),
        outputs=torch.tensor([[1.0, 2.0], [0.0, 0.0]]),
        labels=LABELS[:2],
        strata={"fixed": torch.tensor([True, False])},
    )
    assert numbers["test_loss"] == pytest.approx((0 + 4 + 1 + 0) / 4)
    assert numbers["test_loss_fixed"] == pytest.approx(2)


def test_margin_and_the_undecided():
    numbers = measured(Margin(tolerance=1e-6))
    assert numbers["margin_smallest"] == pytest.approx(-0.7)
    assert numbers["margin_median"] == pytest.approx(0, abs=2e-9)
    assert numbers["undecided"] == 0.5
    assert numbers["undecided_fixed"] == 0.5
    assert measured(Margin(tolerance=1e-12))["undecided"] == 0


@pytest.mark.parametrize(
    ("accuracies", "iteration"),
    [
        ([0.0, 0.95, 0.99], 1),
        ([0.95, 0.5, 0.9], 2),
        ([0.95, 0.95, 0.5], None),
        ([0.0, 0.0, 0.0], None),
        ([0.9, 0.9, 0.9], 0),
        ([0.95, None, 0.95], 2),
    ],
)
def test_a_run_groks_when_it_reaches_the_threshold_and_stays(accuracies, iteration):
    history = {"iteration": [0, 1, 2], "test_accuracy": accuracies}
    assert Grok(0.9).summarise(history) == {"grok_iteration": iteration}


@pytest.mark.parametrize(
    ("accuracies", "iteration"),
    [
        ([0.0, 0.95, 0.99, 0.99], 199),
        ([0.95, 0.5, 0.8, 0.9], 349),
        ([0.95, None, 0.9, 0.9], 299),
        ([0.9, 0.9, 0.9, 0.9], 99),
        ([0.95, 0.95, 0.95, 0.5], None),
    ],
)
def test_the_grok_iteration_is_an_iteration_where_observations_are_sparse(accuracies, iteration):
    history = {"iteration": [99, 199, 299, 349], "test_accuracy": accuracies, "other": [0.0] * 4}
    assert Grok(0.9).summarise(history) == {"grok_iteration": iteration}
    assert grok_iteration(history, "test_accuracy", 0.9) == iteration
    assert grok_iteration(history, "other", 0.1) is None


def test_a_history_of_unequal_lengths_has_no_grok_iteration():
    with pytest.raises(ValueError, match="zip"):
        grok_iteration({"iteration": [99, 199], "test_accuracy": [1.0]}, "test_accuracy", 0.9)


@pytest.mark.parametrize(
    ("build", "setting"),
    [
        (lambda: Accuracy(-1e-6), "tie"),
        (lambda: Accuracy("x"), "tie"),
        (lambda: Margin(-1), "tolerance"),
        (lambda: Grok(0), "threshold"),
        (lambda: Grok(1.5), "threshold"),
        (lambda: Grok("x"), "threshold"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(build, setting):
    with pytest.raises(SettingError, match=f"^{setting} must be"):
        build()


def test_images_are_the_lengths_of_m_x():
    M = torch.tensor([[2.0, 1.0], [1.0, 3.0]], dtype=torch.float64)
    train = Examples(OneHot(torch.tensor([[0], [1]]), 2), torch.tensor([0, 0]))
    strata = {"fixed": torch.tensor([True, False])}
    test = Examples(OneHot(torch.tensor([[0, 1], [1, 1]]), 2), torch.tensor([0, 0]), strata)
    step = Step(0, M, NONE, NONE, NONE, NONE, "lu", 0.0, State(1, M, 1.0), last=True)
    [numbers] = fetched([Images().measure(step, Predicted(train, NONE), Predicted(test, NONE))])
    assert numbers == pytest.approx(
        {
            "train_image": (5**0.5 + 10**0.5) / 2,
            "test_image": (5 + 40**0.5) / 2,
            "test_image_fixed": 5,
        }
    )
