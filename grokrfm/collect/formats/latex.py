"""Table for a paper, as LaTeX."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby

from grokrfm.collect.formats.grid import Cell, Grid, grid
from grokrfm.collect.tables import Table
from grokrfm.collect.words import in_latex

NEEDS = "% needs booktabs and siunitx"
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")

MATHEMATICS = {
    **{"±": "pm", "×": "times", "·": "cdot", "≤": "leq", "≥": "geq", "≠": "neq", "≈": "approx"},
    **{"→": "to", "←": "leftarrow", "∞": "infty", "∈": "in", "∘": "circ", "÷": "div", "√": "surd"},
    **{"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta"},
    **{"η": "eta", "θ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi"},
    **{"π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "χ": "chi", "ψ": "psi"},
    **{"ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Π": "Pi"},
    **{"Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega"},
}
TEXT = {
    **{c: f"\\{c}" for c in "&%$#_{}"},
    **{"|": r"\textbar{}", "\\": r"\textbackslash{}", "~": r"\textasciitilde{}"},
    **{"^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", '"': "''"},
    **{"[": "{[}", "*": "{*}", "`": "{`}", "'": "{'}"},  # neither arguments of \\ nor ligatures
    **{
        "²": "$^2$",
        "³": "$^3$",
        "−": "$-$",
        "–": "--",
        "—": "---",
        "…": r"\dots{}",
        "⁻": r"$^-$",
        "’": "'",
        "‘": "`",
    },
    **{c: f"$\\{name}$" for c, name in MATHEMATICS.items()},
}
# Accents as commands, which every font has.
ACCENTS = {
    **{"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u0304": "="},
    **{"\u0306": "u", "\u0307": ".", "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c"},
}
LETTERS = {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "ł": "l", "Ł": "L"}


def latex(table: Table) -> str:
    r"""Tabular of booktabs and siunitx below its caption as a comment, to be read by \input.

    Estimates are aligned in S columns; levels of the columns span the values below them. With a
    label the tabular stands in a table environment, with its caption.
    """
    laid_out = grid(table)
    places = [
        _Place(column) for column in zip(*(cells for _, cells in laid_out.lines), strict=True)
    ]
    columns = "".join(["l" * len(laid_out.rows), *(place.column for place in places)])
    body = [
        "\\toprule",
        *_head(laid_out, [place.width for place in places]),
        "\\midrule",
        *(_line(levels, cells, places) for levels, cells in laid_out.lines),
        "\\bottomrule",
    ]
    tabular = "\n".join([f"\\begin{{tabular}}{{{columns}}}", *body, "\\end{tabular}"])
    label, about = table.writing.label, str(table.caption)
    if label:
        caption = f"\\caption{{{escaped(about)}}}\n\\label{{{label}}}"
        return f"{NEEDS}\n\\begin{{table}}\n\\centering\n{caption}\n{tabular}\n\\end{{table}}\n"
    comment = "".join(f"% {line}\n" for line in textwrap.wrap(about, 98))
    return f"{comment}{NEEDS}\n{tabular}\n"


class _Place:
    """Columns of LaTeX for one column of cells: estimates, and what stands behind them."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        numbers = [cell.estimate for cell in cells if cell.is_number]
        self.is_aligned = bool(numbers)
        self.width = 2 if numbers and any(cell.rest or cell.count for cell in cells) else 1
        self.column = f"S[table-format={_table_format(numbers)}]" if numbers else "l"
        self.column += "@{\\,}l" if self.width == 2 else ""

    def cell(self, cell: Cell) -> str:
        """Write a cell; text in a column of numbers stands in braces."""
        rest = [NUMBER.sub(lambda n: _number(n[0]), _in_latex(cell.rest)), escaped(cell.count)]
        behind = " ".join(part for part in rest if part)
        if not self.is_aligned:
            return " ".join(part for part in (_in_latex(cell.estimate), behind) if part)
        estimate = _plain(cell.estimate) if cell.is_number else f"{{{_in_latex(cell.estimate)}}}"
        return f"{estimate} & {behind}" if self.width == 2 else estimate


def _table_format(numbers: Sequence[str]) -> str:
    """Room for the digits of a column, such as -1.3 or 1.2e-1."""
    parts = [re.fullmatch(r"(-?)(\d+)\.?(\d*)(?:e([+-])0*(\d+))?", one) for one in numbers]
    found = [part.groups(default="") for part in parts if part]
    whole, decimals = (max(len(one[k]) for one in found) for k in (1, 2))
    minus = "-" if any(one[0] for one in found) else ""
    exponents = [one for one in found if one[4]]
    sign = "-" if any(one[3] == "-" for one in exponents) else ""
    exponent = f"e{sign}{max(len(one[4]) for one in exponents)}" if exponents else ""
    return f"{minus}{whole}.{decimals}{exponent}" if decimals else f"{minus}{whole}{exponent}"


def _line(levels: Sequence[str], cells: Sequence[Cell], places: Sequence[_Place]) -> str:
    written = [place.cell(cell) for place, cell in zip(places, cells, strict=True)]
    return _joined([*map(_in_latex, levels), *written])


def _head(laid_out: Grid, widths: Sequence[int]) -> Iterator[str]:
    r"""Yield the lines of the head; a level spans its columns, with a \cmidrule below it."""
    rows, heads = list(map(_in_latex, laid_out.rows)), laid_out.heads
    values = [head.value for head in heads]
    several = len(set(values)) > 1
    spans: list[Sequence[tuple[str, ...]]] = []
    if laid_out.columns:
        by = " and ".join(map(_in_latex, laid_out.columns))
        over = by if several else f"{_in_latex(values[0])} by {by}"
        spans.append([(over,)] * len(heads))
        for depth in range(len(laid_out.columns)):
            spans.append([tuple(map(_in_latex, head.levels[: depth + 1])) for head in heads])
    if several or not laid_out.columns:
        spans.append([(str(k), _in_latex(value)) for k, value in enumerate(values)])
    for number, span in enumerate(spans):
        last = number == len(spans) - 1
        at, cells, rules = len(rows) + 1, list[str](), ""
        for key, group in groupby(zip(span, widths, strict=True), key=lambda one: one[0]):
            width = sum(width for _, width in group)
            cells.append(f"\\multicolumn{{{width}}}{{c}}{{{key[-1]}}}")
            rules += f"\\cmidrule(lr){{{at}-{at + width - 1}}}"
            at += width
        yield _joined([*(rows if last else [""] * len(rows)), *cells])
        if not last:
            yield rules


def _joined(cells: Sequence[str]) -> str:
    return " & ".join(cells) + " \\\\"


def _in_latex(text: str) -> str:
    """Words as a formula where conf/words/latex.yaml has one, else escaped."""
    percent = text.endswith(" (%)")
    bare = text.removesuffix(" (%)")
    return (in_latex(bare) or escaped(bare)) + (r" (\%)" if percent else "")


def escaped(text: str) -> str:
    """Escape text for pdfTeX; a character that its fonts lack is written as its code."""
    return "".join(map(_character, unicodedata.normalize("NFC", text)))


def _character(c: str) -> str:
    if c in TEXT:
        return TEXT[c]
    if c.isascii():
        return c
    letter, *marks = list(unicodedata.normalize("NFD", c))
    if letter.isascii() and len(marks) == 1 and marks[0] in ACCENTS:
        base = {"i": r"\i", "j": r"\j"}.get(letter, letter)
        return f"\\{ACCENTS[marks[0]]}{{{base}}}"
    return f"\\{LETTERS[c]}{{}}" if c in LETTERS else f"\\texttt{{U+{ord(c):04X}}}"


def _number(text: str) -> str:
    return f"\\num{{{_plain(text)}}}"


def _plain(text: str) -> str:
    """Number as siunitx takes it, such as 1.23e-7 for 1.23e-07."""
    return re.sub(r"e([+-])0*", lambda e: f"e{e[1]}".replace("+", ""), text)
