"""Table for a paper, as LaTeX."""

from __future__ import annotations

import re
import textwrap
import unicodedata

from grokrfm.collect.formats.grid import Notation, grid
from grokrfm.collect.tables import Table

# Compiled alone, the file is a complete document; read by \input, it is only the tabular. After
# \begin{document}, LaTeX has set \documentclass to \@twoclasseserror.
ALONE = r"""\expandafter\ifx\csname @twoclasseserror\endcsname\documentclass\else
  \documentclass{article}
  \usepackage[landscape,margin=1cm]{geometry}
  \usepackage{booktabs}
  \IfFileExists{siunitx.sty}{\usepackage{siunitx}}{}
  \pagestyle{empty}
  \def\grokrfmend{\end{document}}
  \begin{document}
\fi
\providecommand{\num}[1]{\ensuremath{#1}}
"""
END = "\\ifdefined\\grokrfmend\\expandafter\\grokrfmend\\fi\n"

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
    **{"−": "$-$", "–": "--", "—": "---", "…": r"\dots{}", "⁻": r"$^-$", "’": "'", "‘": "`"},
    **{c: f"$\\{name}$" for c, name in MATHEMATICS.items()},
}
# Accents as commands, which every font has.
ACCENTS = {
    **{"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u0304": "="},
    **{"\u0306": "u", "\u0307": ".", "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c"},
}
LETTERS = {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "ł": "l", "Ł": "L"}


def latex(table: Table) -> str:
    r"""Tabular of booktabs below its caption as a comment; numbers are written with \num.

    The file compiles alone, and can be read by \input into a document that loads booktabs (and
    siunitx, for its \num).
    """
    laid_out = grid(table, Notation(text=escaped, number=_number))
    comment = "".join(f"% {line}\n" for line in textwrap.wrap(str(table.caption), 98))
    columns = "l" * len(laid_out.head)
    head, *lines = (" & ".join(line) + " \\\\\n" for line in [laid_out.head, *laid_out.lines])
    body = f"\\toprule\n{head}\\midrule\n{''.join(lines)}\\bottomrule\n"
    tabular = f"\\begin{{tabular}}{{{columns}}}\n{body}\\end{{tabular}}\n"
    return f"{comment}{ALONE}{tabular}{END}"


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
    """Number in \\num, such as 1.23e-7 for 1.23e-07."""
    return f"\\num{{{re.sub(r'e([+-])0*', lambda e: f'e{e[1]}'.replace('+', ''), text)}}}"
