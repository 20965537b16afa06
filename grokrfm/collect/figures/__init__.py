"""Figures of studies, described by presets: `draw` and `save`; one file per kind of figure."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from grokrfm.checks import nearest
from grokrfm.collect.figures import style
from grokrfm.collect.figures.angles import Angles
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.groups import FigureError
from grokrfm.collect.figures.heatmap import Heatmap
from grokrfm.collect.figures.horizons import Horizons
from grokrfm.collect.figures.iterations import Iterations, over_iterations
from grokrfm.collect.figures.kind import Kind, read
from grokrfm.collect.figures.latents import Latents
from grokrfm.collect.figures.matrices import Matrices
from grokrfm.collect.figures.predictions import Predictions
from grokrfm.collect.figures.products import Products
from grokrfm.collect.figures.shares import Shares
from grokrfm.collect.figures.spectra import Spectra
from grokrfm.collect.figures.strips import Strips
from grokrfm.collect.figures.survival import Survival
from grokrfm.collect.figures.sweep import Sweep
from grokrfm.collect.presets import PresetError
from grokrfm.runs.files import write_bytes
from grokrfm.runs.store import Folders
from grokrfm.text import printable_lines

__all__ = ["KINDS", "Data", "FigureError", "draw", "figure_of", "over_iterations", "save"]

KINDS: Mapping[str, type[Kind]] = {
    "iterations": Iterations,
    "sweep": Sweep,
    "heatmap": Heatmap,
    "survival": Survival,
    "matrices": Matrices,
    "spectra": Spectra,
    "predictions": Predictions,
    "shares": Shares,
    "horizons": Horizons,
    "angles": Angles,
    "latents": Latents,
    "strips": Strips,
    "products": Products,
}


def draw(studies: Folders | Data, preset: Mapping[str, Any]) -> Figure:
    """Draw the figure that a preset describes.

    Parameters
    ----------
    studies   one study folder or several; or their Data, to read them once for several figures
    preset    `kind`, a key of KINDS, and the settings of that kind: see its class

    Raises
    ------
    GrokrfmError   if a setting is unknown or invalid, or there is nothing to draw
    """
    described = figure_of(preset)
    data = studies if isinstance(studies, Data) else Data(studies)
    with style.styled():
        figure = described.draw(data)
        if described.title:
            width, height = figure.get_size_inches()
            if not isinstance(described.size, (list, tuple)):
                figure.set_size_inches(width, height + 0.25)
            figure.suptitle(printable_lines(described.title))
    return figure


def figure_of(preset: Mapping[str, Any]) -> Kind:
    """Figure that a preset describes, checked without any runs.

    Raises
    ------
    PresetError   if its kind or a setting is unknown, missing or invalid
    """
    kind = preset.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise PresetError(f"figure: unknown kind {kind!r}; {nearest(str(kind), KINDS)}")
    return read(KINDS[kind], preset)


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write a figure as PNG and PDF, each aside and renamed, and return the two paths.

    The same figure gives the same bytes: neither dates nor versions are written.
    """
    written = [stem.with_name(f"{stem.name}.{kind}") for kind in ("png", "pdf")]
    for path in written:
        write_bytes(path, encoded(figure, path.suffix[1:]))
    return written


def encoded(figure: Figure, kind: str) -> bytes:
    """Encode a figure as a png, pdf or svg file."""
    from io import BytesIO

    metadata: dict[str, Any] = {"Software": None}
    if kind == "pdf":
        metadata = {"CreationDate": None, "Producer": None, "Creator": "grokrfm"}
    elif kind == "svg":
        metadata = {"Date": None, "Creator": "grokrfm"}
    buffer = BytesIO()
    with style.styled(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # matplotlib draws a box instead
        figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()
