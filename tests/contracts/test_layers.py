"""Imports point downward only, read from the syntax tree."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import grokrfm

PACKAGE = Path(grokrfm.__file__).parent

# Lower layers first; a module may import from its own layer's package and from any layer below.
LAYERS = [
    {"checks", "paths"},
    {"algebra"},
    {"tasks", "kernels"},
    {"splits", "rfm"},
    {"probes"},
    {"runs"},
    {"experiment"},
    {"config"},
    {"terminal"},
    {"collect", "launch"},
    {"bench", "manual"},
    {"cli", "status"},
    {"audit"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
HYDRA_ALLOWED = {"cli", "config", "launch"}
MODULES = sorted(
    path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py" or path.parent != PACKAGE
)


def imported_names(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downward(path):
    own = layer_of(path)
    for name in imported_names(path):
        package, _, rest = name.partition(".")
        if package == "grokrfm" and rest and rest != "__version__":
            other = rest.split(".")[0]
            assert other == own or RANK[other] < RANK[own], f"{own} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_hydra_stays_at_the_edge(path):
    if layer_of(path) not in HYDRA_ALLOWED:
        packages = {name.split(".")[0] for name in imported_names(path)}
        assert not packages & {"hydra", "omegaconf"}


def test_every_module_has_a_layer():
    assert {layer_of(path) for path in MODULES} == set(RANK)


def test_the_store_is_read_without_torch():
    code = "import sys, grokrfm.collect, grokrfm.status; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
