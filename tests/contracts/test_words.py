"""A docstring begins with a noun phrase or a verb, read from the syntax tree."""

import ast
import re
from pathlib import Path

import pytest

import grokrfm

PACKAGE = Path(grokrfm.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
REFUSED = {
    *("what", "who", "whoever", "how", "where", "which", "whether"),
    *("all", "somebody", "something", "anybody", "anyone"),
}


def refused_beginnings(source: str) -> list[str]:
    """Line and first line of every docstring that begins with a refused word."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node) or ""
            word = re.search(r"\w+", text)
            if word and word[0].lower() in REFUSED:
                found.append(f"line {node.body[0].lineno}: {text.splitlines()[0]}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_docstring_begins_with_a_noun_or_a_verb(path):
    assert refused_beginnings(path.read_text(encoding="utf-8")) == []


def test_a_refused_beginning_is_found_in_a_module_a_class_and_a_function():
    source = (
        '"""What it is."""\n'
        'class A:\n    """How."""\n    def f(self):\n        """`All` of it."""\n'
        'def g():\n    """Allowed: where is not the first word."""\n'
    )
    assert refused_beginnings(source) == [
        "line 1: What it is.",
        "line 3: How.",
        "line 5: `All` of it.",
    ]
