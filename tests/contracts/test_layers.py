"""Imports point downward only and in no circle, read from the syntax tree."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import grokrfm

PACKAGE = Path(grokrfm.__file__).parent

BOTTOM = {"checks", "command", "conditions", "paths", "schedule", "text", "version"}
MATHEMATICS = BOTTOM | {"algebra", "tasks", "kernels", "splits", "rfm", "recovery", "probes"}

# Layer → the layers that it may import, besides itself and BOTTOM.
MAY_IMPORT = {
    "checks": set(),
    "command": set(),
    "conditions": set(),
    "paths": set(),
    "schedule": set(),
    "text": set(),
    "version": set(),
    "algebra": set(),
    "kernels": set(),
    "tasks": {"algebra"},
    "splits": {"tasks", "algebra"},
    "environments": {"tasks", "algebra"},
    "rfm": {"kernels", "tasks", "algebra"},
    "recovery": {"algebra"},
    "probes": {"recovery", "rfm", "splits", "kernels", "tasks", "algebra"},
    "runs": set(),  # it knows no learner
    "dynamics": {"environments", "recovery", "splits", "tasks", "algebra", "runs"},
    "experiment": MATHEMATICS | {"runs"},
    "config": {"runs"},  # nor does this: it builds what a `_target_` names
    "terminal": {"runs"},
    "trackers": {"runs"},
    "launch": {"config", "runs", "terminal"},
    "collect": {"runs"},
    "export": {"collect", "config", "runs"},
    "status": {"config", "launch", "runs"},
    "audit": MATHEMATICS | {"config", "runs"},
    "bench": MATHEMATICS | {"dynamics", "environments", "experiment", "runs"},
    "manual": set(),
    "new": {"runs"},
    "cli": {"collect", "config", "launch", "manual", "runs", "terminal"},
}

USE_HYDRA = {"cli", "config", "launch"}
KNOW_NO_LEARNER = ["launch", "config", "runs", "terminal"]
LEARNERS_WORDS = re.compile(
    r"\brfm\b|(?<!/proc/sys/)kernel|n_train|test_accuracy|lu_iterations", flags=re.IGNORECASE
)
MOST_LINES = 250

FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_names(source: str) -> set[str]:
    """Dotted names of everything imported: in functions and for type checkers too."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def import_graph(root: Path) -> dict[str, set[str]]:
    """Module → the modules of the package below `root` that it imports by name."""
    modules = {}
    for path in root.rglob("*.py"):
        parts = path.relative_to(root.parent).with_suffix("").parts
        modules[".".join(parts).removesuffix(".__init__")] = path
    graph = {}
    for module, path in modules.items():
        names = imported_names(path.read_text(encoding="utf-8"))
        found = {name if name in modules else name.rpartition(".")[0] for name in names}
        graph[module] = found & set(modules) - {module}
    return graph


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one circle of imports; none where there is no circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def without_examples(source: str) -> list[str]:
    """Lines of a file, those of examples in docstrings blank."""
    lines = source.splitlines()
    inside = False
    for i, line in enumerate(lines):
        if re.fullmatch(r" *Examples", line):
            inside = True
        elif '"""' in line:
            inside = False
        if inside or line.lstrip().startswith(">>>"):
            lines[i] = ""
    return lines


@each_file
def test_a_file_imports_only_the_layers_below_its_own(path):
    own = layer_of(path)
    names = imported_names(path.read_text(encoding="utf-8"))
    layers = {name.split(".")[1] for name in names if name.startswith("grokrfm.")}
    assert layers <= MAY_IMPORT[own] | BOTTOM | {own}


def test_every_file_has_a_layer():
    assert {layer_of(path) for path in FILES} == set(MAY_IMPORT)


def test_the_layers_themselves_are_in_no_circle():
    assert circle(MAY_IMPORT) == []


def test_no_files_import_each_other_in_a_circle():
    assert circle(import_graph(PACKAGE)) == []


def test_a_circle_is_found_through_a_function_and_through_a_type(tmp_path):
    package = tmp_path / "package"
    (package / "part").mkdir(parents=True)
    for name, text in {
        "__init__.py": "",
        "one.py": "def f():\n    from package.part import two\n",
        "part/__init__.py": "",
        "part/two.py": "if TYPE_CHECKING:\n    from package.three import Three\n",
        "three.py": "import package.one\n",
    }.items():
        (package / name).write_text(text, encoding="utf-8")
    found = circle(import_graph(package))
    assert set(found) == {"package.one", "package.part.two", "package.three"}


@each_file
def test_hydra_stays_at_the_edge(path):
    names = imported_names(path.read_text(encoding="utf-8"))
    packages = {name.partition(".")[0] for name in names}
    assert layer_of(path) in USE_HYDRA or not packages & {"hydra", "omegaconf"}


@pytest.mark.parametrize("layer", KNOW_NO_LEARNER)
def test_a_learner_is_known_by_no_name(layer):
    found = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in FILES
        if layer_of(path) == layer
        for number, line in enumerate(without_examples(path.read_text(encoding="utf-8")), 1)
        if LEARNERS_WORDS.search(line)
    ]
    assert found == []


@each_file
def test_a_file_holds_one_idea(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
