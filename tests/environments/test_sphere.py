"""The sphere: rotations by real angles, a schedule of them, and a splat of weight 1."""

import math

import numpy as np
import pytest
import torch

from grokrfm.checks import SettingError
from grokrfm.environments import Sphere
from tests.environments import naive

PAPER = [[0, 0.2], [0.4, 0.2], [0.4, 0.4], [0.7, 0.4], [0.7, 0.5]]


@pytest.fixture
def sphere():
    return Sphere(4, 10, PAPER)


def test_a_walk_is_that_of_a_loop_and_is_drawn_from_its_generator(sphere):
    walk, again = (sphere.walk(np.random.default_rng(1), 30, 6) for _ in range(2))
    assert np.array_equal(walk.states, again.states)
    assert np.array_equal(walk.angles, again.angles)
    world = naive.Sphere(10)
    seen = sphere.render(torch.as_tensor(walk.states)).numpy()
    assert seen.dtype == np.float32
    for states, actions, angles, clouds in zip(
        walk.states, walk.actions, walk.angles, seen, strict=True
    ):
        expected = naive.episode(world, tuple(states[0]), actions, angles)
        np.testing.assert_allclose(states, expected, rtol=0, atol=1e-12)
        pictures = [world.picture(state) for state in states]
        np.testing.assert_allclose(clouds, pictures, rtol=0, atol=1e-7)


def test_weights_sum_to_1_and_the_radius_is_kept(sphere):
    walk = sphere.walk(np.random.default_rng(0), 50, 20)
    clouds = sphere.render(torch.as_tensor(walk.states))
    assert clouds.shape == (50, 21, 1000)
    assert clouds.min() >= 0
    assert ((clouds > 0).sum(-1) <= 8).all()
    torch.testing.assert_close(clouds.sum(-1), torch.ones(50, 21))
    np.testing.assert_allclose(np.linalg.norm(walk.states, axis=-1), 4)


def test_a_point_at_the_edge_of_the_grid_keeps_its_weight():
    clouds = Sphere(1.5, 4, 0.1).render(torch.tensor([[1.5, 0.0, 0.0], [0.0, 0.0, -1.5]]))
    assert clouds.sum(-1).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("progress", "turns"), [(0, 0.2), (0.39, 0.2), (0.4, 0.4), (0.69, 0.4), (0.7, 0.5), (1, 0.5)]
)
def test_the_largest_angle_follows_the_progress_of_the_training(sphere, progress, turns):
    walk = sphere.walk(np.random.default_rng(0), 2000, 3, progress)
    largest = np.abs(walk.angles).max() / (2 * math.pi)
    assert 0.99 * turns < largest <= turns
    assert np.bincount(walk.actions.ravel()) / 6000 == pytest.approx([1 / 3] * 3, abs=0.03)


def test_episodes_start_uniformly_in_the_angles_not_in_the_area(sphere):
    starts = sphere.walk(np.random.default_rng(0), 8000, 1).states[:, 0]
    polar, azimuth = np.arccos(starts[:, 2] / 4), np.arctan2(starts[:, 1], starts[:, 0])
    assert np.quantile(polar, [0.25, 0.5, 0.75]) / math.pi == pytest.approx(
        [0.25, 0.5, 0.75], abs=0.02
    )
    assert np.quantile(azimuth, [0.25, 0.75]) / math.pi == pytest.approx([-0.5, 0.5], abs=0.04)


def test_it_is_an_environment_of_so3(sphere):
    assert sphere.shape == (1000,)
    assert sphere.smallest_latent == 3
    assert sphere.is_continuous


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((4.6, 10, 0.1), r"radius must be at most \(grid - 1\) / 2 = 4.5, got 4.6"),
        ((0, 10, 0.1), "radius must be a positive number"),
        ((4, 1, 0.1), "grid must be an integer of at least 2"),
        ((4, 10, 0), "largest_angle must be above 0 and at most 0.5, half a turn, got 0"),
        ((4, 10, [[0, 0.1], [1, 0.6]]), "largest_angle must be above 0 and at most 0.5"),
        ((4, 10, "wide"), "largest_angle must be zero or a positive number"),
    ],
)
def test_bad_settings_are_refused_by_name(settings, message):
    with pytest.raises(SettingError, match=f"^{message}"):
        Sphere(*settings)
