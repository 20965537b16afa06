"""docs/architecture.md is true of the code: its words, its table of layers, its picture."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
WORDS = re.findall(r"^\| (\w+) \| .* \| `(grokrfm/[\w/]+\.py)` \|$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def layers():
    spec = importlib.util.spec_from_file_location("layers", ROOT / "scripts" / "layers.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_shows_the_imports(layers):
    [shown] = layers.TABLE.findall(PAGE)
    assert shown == layers.table(), "run python scripts/layers.py"


def test_the_picture_shows_the_imports(layers):
    with Image.open(layers.PICTURE) as picture:
        assert picture.text["Description"] == layers.table(), "run python scripts/layers.py"


def test_the_arrows_are_the_imports_read_another_way(layers):
    """By the text of every import line, without the syntax tree."""
    expected = set()
    for path in (ROOT / "grokrfm").rglob("*.py"):
        own = path.relative_to(ROOT / "grokrfm").with_suffix("").parts[0]
        for line in path.read_text(encoding="utf-8").splitlines():
            found = re.match(r"\s*(?:from|import) grokrfm(?:\.(\w+)|\s+import (\w+))", line)
            other = found and (found[1] or found[2])
            if other and own != "__init__" and other not in (own, *layers.BASE):
                expected.add((own, other))
    drawn = layers.arrows(layers.all_imports())
    assert {(layer, other) for layer, others in drawn.items() for other in others} == expected


def test_every_layer_has_a_box_and_every_arrow_a_way(layers):
    drawn = layers.arrows(layers.all_imports())
    assert drawn.keys() == layers.POSITIONS.keys() == layers.CAPTIONS.keys()
    assert {n for *_, names in layers.GROUPS.values() for n in names.split()} == drawn.keys()
    for layer, others in drawn.items():
        for other in others:
            layers.curve(layer, other)  # refused if it points upward or passes a box


def test_the_picture_is_the_same_each_time_it_is_drawn(layers, tmp_path, monkeypatch):
    pictures = []
    for name in ("one.png", "two.png"):
        monkeypatch.setattr(layers, "PICTURE", tmp_path / name)
        layers.draw()
        pictures.append((tmp_path / name).read_bytes())
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize(("word", "file"), WORDS, ids=[word for word, _ in WORDS])
def test_a_word_is_a_class_where_the_page_says(word, file):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert word in {node.name for node in tree.body if isinstance(node, ast.ClassDef)}


def test_the_page_lists_the_words():
    assert len(WORDS) == 19
