"""Flatland: its pictures, the lattice, and the drift of the original physics."""

import numpy as np
import pytest
import torch

from grokrfm.environments import Tabular, flatland
from grokrfm.environments.flatland import drifted
from tests.environments import naive


@pytest.mark.parametrize("size", [2, 5, 10])
def test_a_picture_has_688_white_pixels_and_2960_of_the_border(size):
    observations = flatland(size, "random", "exact").observations
    assert observations.shape == (size**2, 1, 84, 84)
    assert observations.dtype == np.float32
    assert ((observations == 1).sum(axis=(1, 2, 3)) == 688).all()
    assert ((observations == np.float32(1 / 255)).sum(axis=(1, 2, 3)) == 2960).all()
    assert ((observations == 0).sum(axis=(1, 2, 3)) == 84**2 - 688 - 2960).all()


@pytest.mark.parametrize("size", [3, 5, 10])
def test_the_lattice_is_that_of_a_loop(size):
    world, environment = naive.Flatland(size), flatland(size, "random", "exact")
    walk = environment.walk(np.random.default_rng(0), 40, 9)
    pictured = {}
    for states, actions in zip(walk.states, walk.actions, strict=True):
        row, column = divmod(int(states[0]), size)
        found = naive.episode(world, (column, row), actions)
        assert [row * size + column for column, row in found] == states.tolist()
        pictured |= dict(zip(states.tolist(), found, strict=True))
    for state in list(pictured)[:8]:
        expected = world.picture(pictured[state]).astype(np.float32)
        assert np.array_equal(environment.observations[state], expected)


def test_y_points_up_and_x_to_the_right():
    environment = flatland(5, "centre", "exact")
    assert environment.starts.tolist() == [12]

    def middle(state):  # (row, column) of the white pixels
        return np.argwhere(environment.observations[state, 0] == 1).mean(axis=0)

    row, column = middle(12)
    moved = [middle(state) for state in environment.transitions[12]]
    steps = np.round(np.array(moved) - (row, column)).astype(int).tolist()
    assert environment.action_names == ("+y", "-y", "+x", "-x")
    assert steps == [[-6, 0], [7, 0], [0, 6], [0, -7]]  # 6.6 pixels, truncated


def test_downward_cycles_of_the_original_drift_and_upward_ones_do_not():
    offsets = {}
    for up in (True, False):
        x, offsets[up] = np.array([27.0]), []
        for _ in range(4):
            for _ in range(5):
                x = drifted(x, np.array([up]), 5)
            offsets[up].append(float(x[0]) - 27)
    assert offsets[False] == pytest.approx([0.092, 0.132, 0.224, 0.264], abs=1e-9)
    assert offsets[True] == pytest.approx([0, 0, 0, 0], abs=1e-9)


@pytest.mark.parametrize(("size", "start"), [(2, "random"), (5, "centre"), (10, "random")])
def test_the_original_physics_is_that_of_a_loop_of_sub_steps(size, start):
    world, environment = naive.DriftingFlatland(size), flatland(size, start, "legacy")
    walk = environment.walk(np.random.default_rng(size), 20, 40)
    rng = np.random.default_rng(size)
    assert np.array_equal(walk.actions, rng.integers(4, size=(20, 40)))
    rows, columns = np.divmod(rng.choice(environment.starts, 20), size)
    for row, column, centres, actions in zip(rows, columns, walk.states, walk.actions, strict=True):
        found = naive.episode(world, world.first(column, row), actions)
        assert [world.centre(state) for state in found] == list(map(tuple, centres.tolist()))


def test_every_coordinate_of_the_original_drifts_as_in_the_loop_to_the_last_bit():
    rng = np.random.default_rng(0)
    for size in (2, 3, 5, 7, 33):
        x, up = rng.uniform(25, 58.05, 50), rng.random(50) < 0.5
        world = naive.DriftingFlatland(size)
        expected = [world.drifted(*one) for one in zip(x.tolist(), up.tolist(), strict=True)]
        assert drifted(x, up, size).tolist() == expected


def test_a_path_decides_the_pixel_in_the_original_physics():
    walk = flatland(5, "centre", "legacy").walk(np.random.default_rng(0), 100, 10)
    assert {26, 27} <= set(walk.states[..., 0].ravel().tolist())
    assert {25, 26} & set(walk.states[..., 0].ravel().tolist()) == {26}


def test_the_original_physics_draws_the_same_discs():
    environment = flatland(5, "random", "legacy")
    assert not isinstance(environment, Tabular)
    assert environment.title == "flatland 5 x 5, drifting"
    centres = torch.tensor([[[26, 30], [27, 57]]])
    seen = environment.render(centres)
    assert seen.shape == (1, 2, *environment.shape)
    assert seen.dtype == torch.float32
    for picture, centre in zip(seen[0], centres[0].tolist(), strict=True):
        assert np.array_equal(picture.numpy(), naive.disc(centre).astype(np.float32))
