"""The teapot: one stored walk of poses and colours, and an object without symmetry."""

import math

import numpy as np
import pytest
import torch

from grokrfm.checks import SettingError
from grokrfm.environments import Teapot
from grokrfm.environments.teapot import FOCUS, SPHERES, shaded, stored_walk
from tests.environments import naive

FRAMES = 40


@pytest.fixture(scope="module")
def teapot():
    return Teapot(FRAMES, 3)


def test_the_stored_walk_is_that_of_a_loop(teapot):
    actions, poses, colours = stored_walk(FRAMES, 3)
    world = naive.Teapot(SPHERES, FOCUS)
    states = naive.episode(world, (np.eye(3), 0), actions)
    np.testing.assert_allclose(poses, [pose for pose, _ in states], rtol=0, atol=1e-12)
    assert colours.tolist() == [colour for _, colour in states]
    for frame in (0, 7, 33):
        seen = teapot.render(torch.tensor(frame)).numpy()
        wrong = np.abs(seen - world.picture(states[frame])).max(axis=0) > 1e-3
        assert wrong.sum() <= 3  # of 7056 pixels, at the rims, where float32 decides otherwise


def test_episodes_are_windows_of_the_stored_walk(teapot):
    walk, again = (teapot.walk(np.random.default_rng(0), 2000, 5) for _ in range(2))
    assert np.array_equal(walk.states, again.states)
    assert (np.diff(walk.states, axis=1) == 1).all()
    assert np.array_equal(walk.actions, stored_walk(FRAMES, 3)[0][walk.states[:, :-1]])
    counts = np.bincount(walk.states[:, 0], minlength=FRAMES)
    assert (counts[: FRAMES - 5] > 20).all()
    assert (counts[FRAMES - 5 :] == 0).all()
    assert set(walk.actions.ravel().tolist()) == set(range(8))


def test_the_longest_window_is_the_whole_walk(teapot):
    walk = teapot.walk(np.random.default_rng(0), 2, teapot.horizon_limit)
    assert walk.states.tolist() == [list(range(FRAMES))] * 2


def test_observations_are_pictures_in_three_colours(teapot):
    seen = teapot.render(torch.arange(FRAMES).reshape(4, -1))
    assert seen.shape == (4, 10, *teapot.shape)
    assert seen.dtype == torch.float32
    assert seen.min() >= 0
    assert seen.max() <= 1
    assert teapot.smallest_latent == 5


def test_the_seed_of_the_walk_is_a_setting():
    assert not np.array_equal(stored_walk(FRAMES, 3)[0], stored_walk(FRAMES, 4)[0])
    assert Teapot(FRAMES, 3).title != Teapot(FRAMES, 4).title


def test_the_object_has_no_rotational_symmetry_and_fits_into_the_picture():
    centres, radii = SPHERES[:, :3], SPHERES[:, 3]
    # a rotation of the object to itself would fix every centre, and so three axes
    assert len(set(radii)) == len(radii)
    assert np.linalg.matrix_rank(centres) == 3
    assert (np.linalg.norm(centres, axis=1) + radii).max() * FOCUS < 42


def test_every_turn_changes_many_pixels():
    axes = [(0, 2), (1, 2), (0, 1)]
    world = naive.Teapot(SPHERES, FOCUS)
    poses = [np.eye(3), *(world.step((np.eye(3), 0), a)[0] for a in range(2 * len(axes)))]
    first, *others = shaded(torch.tensor(np.array(poses), dtype=torch.float32))
    for other in others:
        assert ((other - first).abs() > 0.1).sum() > 300


def test_six_turns_have_the_order_5_and_do_not_close():
    world = naive.Teapot(SPHERES, FOCUS)
    for action in range(6):
        states = naive.episode(world, (np.eye(3), 0), [action] * 5)
        np.testing.assert_allclose(states[-1][0], np.eye(3), atol=1e-12)
    product = naive.episode(world, (np.eye(3), 0), [0, 2])[-1][0]
    share = math.acos((np.trace(product) - 1) / 2) / (2 * math.pi)
    assert all(abs(share * k - round(share * k)) > 1e-3 for k in range(1, 61))


def test_a_walk_needs_two_frames():
    with pytest.raises(SettingError, match=r"^frames must be an integer of at least 2, got 1"):
        Teapot(1, 0)
    with pytest.raises(SettingError, match=r"^walk_seed must be an integer of at least 0"):
        Teapot(10, -1)
