"""A run on a CUDA device is the run on the CPU, up to rounding (`python -m pytest -m gpu`)."""

from dataclasses import replace

import pytest
import torch

from grokrfm.kernels import Gaussian, OneHot
from grokrfm.rfm.examples import Examples
from tests.rfm.test_batch import alone, assert_equal, batched, every_batch, member

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device"),
]
CUDA = torch.device("cuda")


def moved(member, device):
    """The same run with all that it starts from on a device."""
    rows = [moved_examples(member.train, device), moved_examples(member.test, device)]
    return replace(member, train=rows[0], test=rows[1], start=member.start.to(device))


def moved_examples(these, device):
    inputs = OneHot(these.inputs.active.to(device), these.inputs.width)
    strata = {name: mask.to(device) for name, mask in these.strata.items()}
    return Examples(inputs, these.labels.to(device), strata)


def fetched(steps):
    """The steps with their tensors on the CPU, none of which may have been there already."""
    names = "M", "coefficients", "train_outputs", "test_outputs", "next_M"
    assert all(getattr(step, name).is_cuda for step in steps for name in names)
    return [replace(step, **{name: getattr(step, name).cpu() for name in names}) for step in steps]


@every_batch
@pytest.mark.parametrize("solver", ["cholesky", "lu"])
def test_a_run_on_the_device(kernels, solver):
    run = member(kernels[0], 0, solver=solver)
    assert_equal(fetched(alone(moved(run, CUDA))), alone(run), bound=1e-8)


def test_mixed_precision_on_the_device():
    run = member(Gaussian(2.5), 0, solver="mixed")
    assert_equal(fetched(alone(moved(run, CUDA))), alone(run), bound=1e-8)


@every_batch
def test_a_batch_on_the_device(kernels):
    runs = [member(kernel, seed) for seed, kernel in enumerate(kernels)]
    for run, steps in zip(runs, batched([moved(run, CUDA) for run in runs]), strict=True):
        assert_equal(fetched(steps), alone(run), bound=1e-8)
