"""Environments one state and one pixel at a time, to be checked by eye.

A world has `step(state, action)`, or `step(state, action, angle)`, and `picture(state)`.
"""

from __future__ import annotations

import math

import numpy as np


def episode(world, state, actions, *angles):
    """List the states of one episode."""
    states = [state]
    for move in zip(actions, *angles, strict=True):
        states.append(world.step(states[-1], *move))
    return states


class GridWorld:
    def __init__(self, size):
        self.size = size

    def step(self, state, action):
        row, column = divmod(state, self.size)
        if action == 0:
            row += 1
        elif action == 1:
            row -= 1
        elif action == 2:
            column += 1
        else:
            column -= 1
        return row % self.size * self.size + column % self.size

    def picture(self, state):
        x = np.zeros(self.size**2)
        x[state] = 1
        return x


class Cosets:
    """Right cosets H·g of permutations, as sets of tuples; p·q applies q first."""

    def __init__(self, generators):
        self.generators = generators

    def step(self, state, action):
        return frozenset(composed(h, self.generators[action]) for h in state)


def composed(p, q):
    return tuple(p[i] for i in q)


def powers(p):
    """The cyclic group of a permutation, as a set."""
    found, q = set(), tuple(p)
    while q not in found:
        found.add(q)
        q = composed(q, p)
    return frozenset(found)


class Flatland:
    """Positions (x, y), y upward, as (column, row) of the lattice."""

    def __init__(self, size):
        self.size = size

    def step(self, state, action):
        column, row = state
        if action < 2:
            return column, (row + (1, -1)[action]) % self.size
        return (column + (1, -1)[action - 2]) % self.size, row

    def centre(self, state):
        x, y = (27 + i * 33 / self.size for i in state)
        return int(x + 1e-9), 84 - int(y + 1e-9)

    def picture(self, state):
        return disc(self.centre(state))


class DriftingFlatland:
    """Positions (x, y) in pixels, y upward; every action is 100 sub-steps."""

    def __init__(self, size):
        self.size = size

    def first(self, column, row):
        return 27 + 33 / self.size * column, 27 + 33 / self.size * row

    def step(self, state, action):
        moved = list(state)
        axis = 1 if action < 2 else 0
        moved[axis] = self.drifted(moved[axis], action in (0, 2))
        return tuple(moved)

    def drifted(self, x, up):
        substep = 33 / self.size / 100
        for _ in range(100):
            x += substep if up else -substep
            if up and x > 58:
                x -= 33
            elif not up and x < 25:
                x = 83 - x
        return x

    def centre(self, state):
        return int(state[0]), 84 - int(state[1])


def disc(centre):
    x = np.zeros((1, 84, 84))
    for row in range(84):
        for column in range(84):
            if not (10 <= row <= 73 and 10 <= column <= 73):
                x[0, row, column] = 1 / 255
            if (column + 0.5 - centre[0]) ** 2 + (row + 0.5 - centre[1]) ** 2 <= 216.5:
                x[0, row, column] = 1
    return x


class Sphere:
    def __init__(self, grid):
        self.grid = grid

    def step(self, state, action, angle):
        i, j = [(0, 1), (0, 2), (1, 2)][action]
        moved = list(state)
        moved[i] = state[i] * math.cos(angle) + state[j] * math.sin(angle)
        moved[j] = -state[i] * math.sin(angle) + state[j] * math.cos(angle)
        return tuple(moved)

    def picture(self, state):
        cloud = np.zeros((self.grid,) * 3)
        place = [c + self.grid / 2 - 0.5 for c in state]
        corner = [math.floor(c) for c in place]
        for upper in np.ndindex(2, 2, 2):
            weight = 1.0
            for c, first, one in zip(place, corner, upper, strict=True):
                weight *= c - first if one else first + 1 - c
            if weight:
                cloud[tuple(np.add(corner, upper))] += weight
        return cloud.ravel()


class Teapot:
    """Pose as a matrix and colour as an index."""

    def __init__(self, spheres, focus):
        self.spheres, self.focus = spheres, focus

    def step(self, state, action):
        pose, colour = state
        if action >= 6:
            return pose, (colour + (1, -1)[action - 6]) % 5
        i, j = [(0, 2), (1, 2), (0, 1)][action // 2]
        angle = math.radians(72 if action % 2 == 0 else -72)
        turned = pose.copy()
        turned[i] = math.cos(angle) * pose[i] + math.sin(angle) * pose[j]
        turned[j] = -math.sin(angle) * pose[i] + math.cos(angle) * pose[j]
        return turned, colour

    def picture(self, state):
        pose, colour = state
        background = [(0, 0, 0), (1, 0, 0), (1, 1, 1), (0, 1, 0), (0, 0, 1)][colour]
        light = np.array([1, 2, 3]) / math.sqrt(14)
        x = np.empty((3, 84, 84))
        for row in range(84):
            for column in range(84):
                right, up = (column + 0.5 - 42) / self.focus, (42 - row - 0.5) / self.focus
                x[:, row, column], nearest = background, -math.inf
                for *place, radius in self.spheres:
                    centre = pose @ np.array(place)
                    squared = radius**2 - (right - centre[0]) ** 2 - (up - centre[1]) ** 2
                    if squared >= 0 and centre[2] + math.sqrt(squared) > nearest:
                        nearest = centre[2] + math.sqrt(squared)
                        normal = (np.array([right, up, nearest]) - centre) / radius
                        x[:, row, column] = 0.25 + 0.65 * max(0, normal @ light)
        return x
