"""Draw docs/layers.png, the layers of grokrfm, from the imports in its syntax trees.

    python scripts/layers.py            write the picture, and the table in docs/architecture.md
    python scripts/layers.py --print    print the table only

The imports decide the boxes and the arrows. POSITIONS only says where a box stands; a layer without
a position, an arrow that does not point downward and an arrow through a box are refused.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "grokrfm"
PICTURE = ROOT / "docs" / "layers.png"
PAGE = ROOT / "docs" / "architecture.md"
TABLE = re.compile(r"(?<=<!-- layers -->\n).*?(?=\n<!-- end of layers -->)", re.DOTALL)

BASE = ("checks", "command", "conditions", "paths", "schedule", "text", "version")
"""Bottom, which imports no other layer; its arrows are not drawn."""

Arrows = Mapping[str, frozenset[str]]
"""Layer → the layers that it imports, those of BASE left out."""


def layer_of(path: Path) -> str:
    """Return the layer of a file: its folder below the package, or its own name."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[str]:
    """Yield the layers that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name.split(".")[1] for name in names if name.startswith("grokrfm."))


def all_imports() -> Arrows:
    """Return layer → the layers that it imports, without the package's own list of names."""
    found: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if path != PACKAGE / "__init__.py":
            found.setdefault(layer_of(path), set()).update(imports(path))
    return {layer: frozenset(others - {layer}) for layer, others in found.items()}


def arrows(imported: Arrows) -> Arrows:
    """Return the arrows of the picture: all imports but those of BASE."""
    if wrong := [layer for layer in BASE if imported[layer] - set(BASE)]:
        raise SystemExit(f"{wrong[0]} imports a layer, so it belongs in POSITIONS, not in BASE")
    return {
        layer: others - set(BASE) for layer, others in sorted(imported.items()) if layer not in BASE
    }


def table() -> str:
    """Return the arrows as a Markdown table."""
    lines = ["| layer | imports |", "|---|---|"]
    for layer, others in arrows(all_imports()).items():
        lines.append(f"| `{layer}` | {' '.join(f'`{other}`' for other in sorted(others)) or '–'} |")
    base = " ".join(f"`{layer}`" for layer in BASE)
    return "\n".join([*lines, f"| {base} | – (any layer may import them; no arrows are drawn) |"])


GROUPS = {
    "mathematics": (
        "#dbe9f6",
        "#2b6ca3",
        "algebra tasks splits kernels rfm recovery probes environments",
    ),
    "learners": ("#dff0e0", "#2f7d43", "experiment dynamics"),
    "any learner": ("#fdebd3", "#b8691a", "runs config terminal trackers launch collect"),
    "commands": ("#ececf1", "#55596b", "cli status export audit bench manual new"),
}
"""Group → colour of its boxes, colour of their arrows, its layers."""

POSITIONS = {
    "status": (3.4, 6.3),
    "export": (0.6, 6.2),
    "cli": (14.1, 6.2),
    "bench": (6.1, 6.5),
    "audit": (11.2, 6.2),
    "new": (16.4, 3.6),
    "experiment": (2.7, 5.5),
    "launch": (15.2, 5.2),
    "dynamics": (9.2, 5.2),
    "probes": (1.2, 4.7),
    "manual": (11.7, 4.5),
    "splits": (5.8, 4.5),
    "recovery": (2.2, 3.7),
    "collect": (-0.6, 2.8),
    "rfm": (4.4, 2.7),
    "config": (12.3, 2.7),
    "terminal": (14.9, 2.3),
    "trackers": (15.2, 1.5),
    "tasks": (7.2, 2.3),
    "kernels": (1.8, 1.9),
    "environments": (9.0, 1.0),
    "runs": (12.4, 1.0),
    "algebra": (6.5, 0.9),
}
"""Layer → where its box stands: right, up."""

CAPTIONS = {
    "bench": "timing",
    "audit": "grokrfm-audit",
    "status": "grokrfm-status",
    "new": "grokrfm-new",
    "export": "grokrfm-export",
    "cli": "grokrfm",
    "experiment": "the RFM learner",
    "dynamics": "the second learner",
    "recovery": "one score for both",
    "manual": "help text",
    "launch": "sweeps",
    "probes": "measurements",
    "rfm": "iteration",
    "splits": "train and test rows",
    "collect": "tables, figures",
    "config": "gate to objects",
    "terminal": "progress",
    "trackers": "MLflow and others",
    "kernels": "profile, slope",
    "tasks": "labelled tables",
    "environments": "walks, observations",
    "runs": "learner's seam, store",
    "algebra": "groups, symmetries",
}

WIDTH, HEIGHT, RISE = 2.1, 0.62, 1.25
BENDS = [0.0] + [sign * bend / 100 for bend in range(4, 72, 4) for sign in (1, -1)]
"""Curvatures of an arrow, in the order in which they are tried."""
MARGIN = 0.1
"""Least distance of an arrow from the boxes that it passes."""

Point = tuple[float, float]


def implied(drawn: Arrows) -> frozenset[tuple[str, str]]:
    """Return the arrows that follow from others, since there is a longer way down."""
    return frozenset(
        (layer, other)
        for layer, others in drawn.items()
        for other in others
        if any(other in below(drawn, between) for between in others)
    )


def below(drawn: Arrows, layer: str) -> frozenset[str]:
    """Return all layers that a layer reaches."""
    return drawn[layer].union(*(below(drawn, other) for other in drawn[layer]))


def centre(layer: str) -> Point:
    """Return the centre of a box."""
    right, up = POSITIONS[layer]
    return right, up * RISE


def curve(layer: str, other: str) -> tuple[Point, Point, Point]:
    """Return the control points of an arrow: the least bent one that passes no box."""
    (x, y), (u, v) = centre(layer), centre(other)
    if y <= v:
        raise SystemExit(f"{layer} imports {other} and must stand higher in POSITIONS")
    reach = 0.4 * WIDTH
    start = x + max(-reach, min(reach, 0.3 * (u - x))), y - HEIGHT / 2
    stop = u + max(-reach, min(reach, 0.3 * (x - u))), v + HEIGHT / 2
    for bend in BENDS:
        middle = (
            (start[0] + stop[0]) / 2 + bend * (stop[1] - start[1]),
            (start[1] + stop[1]) / 2 - bend * (stop[0] - start[0]),
        )
        points = [on_curve((start, middle, stop), k / 80) for k in range(81)]
        others = [centre(box) for box in POSITIONS if box not in (layer, other)]
        if not any(is_inside(point, box) for point in points for box in others):
            return start, middle, stop
    raise SystemExit(f"every arrow from {layer} to {other} passes a box: move one in POSITIONS")


def on_curve(points: tuple[Point, Point, Point], t: float) -> Point:
    """Return a point of a quadratic Bézier curve."""
    weights = (1 - t) ** 2, 2 * t * (1 - t), t**2
    x, y = (sum(w * p[i] for w, p in zip(weights, points, strict=True)) for i in (0, 1))
    return x, y


def is_inside(point: Point, box: Point) -> bool:
    """True if a point lies in the box around a centre, or too near to it."""
    right, up = abs(point[0] - box[0]), abs(point[1] - box[1])
    return right < WIDTH / 2 + MARGIN and up < HEIGHT / 2 + MARGIN


def draw() -> None:
    """Write the picture."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
    from matplotlib.path import Path as Curve

    drawn = arrows(all_imports())
    if unplaced := drawn.keys() ^ POSITIONS.keys():
        raise SystemExit(f"POSITIONS and the package differ in {', '.join(sorted(unplaced))}")
    follows = implied(drawn)
    colours = {layer: two for *two, layers in GROUPS.values() for layer in layers.split()}
    left = min(x for x, _ in POSITIONS.values()) - WIDTH / 2 - 0.2
    right = max(x for x, _ in POSITIONS.values()) + WIDTH / 2 + 0.2
    top = max(y for _, y in POSITIONS.values()) * RISE + HEIGHT / 2 + 0.75
    figure, axes = plt.subplots(figsize=(0.78 * (right - left), 0.78 * (top + 0.35)))
    axes.set(xlim=(left, right), ylim=(-0.35, top), aspect="equal")
    axes.axis("off")
    figure.subplots_adjust(0, 0, 1, 1)

    def box(x: float, y: float, width: float, fill: str, edge: str) -> None:
        shape = "round,pad=0,rounding_size=0.12"
        corner = x - width / 2, y - HEIGHT / 2
        patch = FancyBboxPatch(
            corner, width, HEIGHT, boxstyle=shape, fc=fill, ec=edge, lw=1.2, zorder=3
        )
        axes.add_patch(patch)

    for layer, others in drawn.items():
        for other in sorted(others):
            points = curve(layer, other)
            path = Curve(points, [Curve.MOVETO, Curve.CURVE3, Curve.CURVE3])
            faint = (layer, other) in follows
            axes.add_patch(
                FancyArrowPatch(
                    path=path,
                    arrowstyle="-|>",
                    mutation_scale=9 if faint else 12,
                    color=colours[layer][1],
                    alpha=0.38 if faint else 0.95,
                    lw=0.8 if faint else 1.5,
                    shrinkA=0,
                    shrinkB=0,
                    zorder=1 if faint else 2,
                )
            )
    for layer in POSITIONS:
        x, y = centre(layer)
        fill, edge = colours[layer]
        box(x, y, WIDTH, fill, edge)
        name = {"ha": "center", "va": "center", "zorder": 4}
        axes.text(x, y + 0.1, layer, fontsize=10.5, weight="bold", color="#1d1f27", **name)
        axes.text(x, y - 0.16, CAPTIONS[layer], fontsize=7.8, color="#3d4150", **name)
    middle = (left + right) / 2
    box(middle, 0.15, right - left - 0.4, "#f6f6f8", "#9a9dab")
    base = "   ".join(BASE)
    axes.text(
        middle, 0.15, f"{base}      any layer may import these",
        fontsize=9, color="#3d4150", ha="center", va="center", zorder=4,
    )  # fmt: skip
    for k, (group, (fill, edge, _)) in enumerate(GROUPS.items()):
        x = left + 0.35 + k * 2.3
        axes.plot([x], [top - 0.3], "s", ms=9, mfc=fill, mec=edge, mew=1.2)
        axes.text(x + 0.22, top - 0.3, group, fontsize=9, va="center", color="#1d1f27")
    axes.text(
        right - 0.3, top - 0.3, "arrow: imports; faint where it follows from others",
        fontsize=9, ha="right", va="center", color="#3d4150",
    )  # fmt: skip
    # the table goes into the file, so that a test sees which imports it shows
    figure.savefig(PICTURE, dpi=160, metadata={"Software": None, "Description": table()})
    plt.close(figure)


def main() -> None:
    """Write the picture and the table, or print the table."""
    if "--print" in sys.argv[1:]:
        sys.stdout.write(f"{table()}\n")
        return
    draw()
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(TABLE.sub(lambda _: table(), text), encoding="utf-8")


if __name__ == "__main__":
    main()
