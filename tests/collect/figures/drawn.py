"""Reading back what a figure shows."""

import numpy as np


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def edges(band):
    """x -> (lower, upper) of a filled band."""
    outline = band.get_paths()[0].vertices
    return {
        float(x): (outline[outline[:, 0] == x, 1].min(), outline[outline[:, 0] == x, 1].max())
        for x in np.unique(outline[:, 0])
    }


def texts(axes):
    """What is written inside axes: (x, y) -> text."""
    return {text.get_position(): text.get_text() for text in axes.texts if text.get_text()}
