"""The package as a user installs it: built into a wheel, put into a fresh environment, used there.

The fresh environment finds torch and the like in the environment of the tests, whose site-packages
a .pth file appends to its path. Python reads no .pth files in a folder added that way, so the
checkout that is installed there in editable mode stays out of sight.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path, PurePosixPath

import pytest

CHECKOUT = Path(__file__).parents[2]
NOT_SOURCE = (".git", ".venv", "outputs", "build", "dist", ".*_cache", ".hypothesis", "__pycache__")
TINY = ("task.modulus=5", "rfm.iterations=2", "hardware.threads=1")


def run(*command, **options):
    environment = {name: x for name, x in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [*map(str, command)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**environment, "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"},
        check=False,
        timeout=300,
        **options,
    )


def succeeded(done):
    assert done.returncode == 0, f"{done.args}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("hatchling", reason="the wheel is built without downloading its builder")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(CHECKOUT, source, ignore=shutil.ignore_patterns(*NOT_SOURCE))
    build = ("wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder)
    succeeded(run(sys.executable, "-m", "pip", *build, source))
    [built] = folder.glob("*.whl")
    shutil.rmtree(source)  # what is installed cannot fall back on it
    return built


@pytest.fixture(scope="module")
def contents(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {PurePosixPath(name): archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder of scripts of a fresh environment that holds the wheel."""
    venv = tmp_path_factory.mktemp("fresh") / "venv"
    succeeded(run(sys.executable, "-m", "venv", "--without-pip", venv))
    scripts = {"base": venv, "platbase": venv}
    bin_folder = Path(sysconfig.get_path("scripts", "venv", scripts))
    own_packages = Path(sysconfig.get_path("purelib", "venv", scripts))
    install = ("install", "--no-deps", "--no-index", "--quiet", wheel)
    succeeded(run(sys.executable, "-m", "pip", "--python", bin_folder / "python", *install))
    borrowed = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    (own_packages / "borrowed.pth").write_text("\n".join(borrowed) + "\n", encoding="utf-8")
    return bin_folder


@pytest.fixture
def elsewhere(tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


@pytest.fixture
def grokrfm(installed, elsewhere):
    """Runs a command of the fresh environment, far from the checkout."""

    def call(*arguments, command="grokrfm"):
        return run(installed / command, *arguments, cwd=elsewhere)

    return call


def source_files(folder, pattern):
    found = (CHECKOUT / folder).rglob(pattern)
    return {PurePosixPath(path.relative_to(CHECKOUT / folder)) for path in found}


def below(contents, folder, suffix):
    return {
        path.relative_to(folder)
        for path in contents
        if path.is_relative_to(folder) and path.suffix == suffix
    }


def test_the_wheel_holds_conf_inside_the_package(contents):
    assert below(contents, "grokrfm/conf", ".yaml") == source_files("conf", "*.yaml")
    assert PurePosixPath("grokrfm/conf/config.yaml") in contents


@pytest.mark.parametrize("package", ["grokrfm", "hydra_plugins"])
def test_the_wheel_holds_every_module(contents, package):
    conf = {PurePosixPath("conf/__init__.py")} if package == "grokrfm" else set()
    assert below(contents, package, ".py") == source_files(package, "*.py") | conf
    assert below(contents, package, ".py")


def test_hydra_plugins_stays_a_namespace_that_other_packages_share(contents):
    assert PurePosixPath("hydra_plugins/__init__.py") not in contents


def test_the_wheel_holds_nothing_else(contents):
    tops = {path.parts[0] for path in contents}
    [metadata] = [top for top in tops if top.endswith(".dist-info")]
    assert tops == {"grokrfm", "hydra_plugins", metadata}
    suffixes = {path.suffix for path in contents if path.parts[0] != metadata}
    assert suffixes == {".py", ".yaml", ".txt", ".mplstyle", ".j2", ".css", ".js"}
    assert below(contents, "grokrfm", ".txt") == source_files("grokrfm", "*.txt")  # of grokrfm-new
    assert any(path.name == "LICENSE" for path in contents)


def test_what_is_imported_is_what_was_installed(installed, elsewhere):
    code = (
        "import grokrfm, hydra_plugins.grokrfm_sweep as plugin, grokrfm.paths, importlib.metadata;"
        "print(grokrfm.__file__, plugin.__file__, grokrfm.paths.conf_folder(), sep='\\n');"
        "print(importlib.metadata.version('grokrfm') == grokrfm.__version__)"
    )
    *places, same_version = succeeded(
        run(installed / "python", "-c", code, cwd=elsewhere)
    ).splitlines()
    for place in places:
        assert Path(place).is_relative_to(installed.parent)
        assert not Path(place).is_relative_to(CHECKOUT)
    assert same_version == "True"


def test_every_package_that_is_imported_is_declared(contents):
    """The fresh environment borrows packages by their folder; pip would go by what is declared."""
    imported = {
        name.partition(".")[0]
        for path, source in contents.items()
        if path.suffix == ".py"
        for name in imported_names(source)
    }
    third_party = imported - set(sys.stdlib_module_names) - {"grokrfm", "hydra_plugins"}
    named_otherwise = {
        "hydra": "hydra-core",
        "yaml": "pyyaml",
        "PIL": "pillow",
        "IPython": "ipython",
    }
    distributions = {named_otherwise.get(name, name) for name in third_party}
    [metadata] = [text for path, text in contents.items() if path.name == "METADATA"]
    requires = re.findall(r"^Requires-Dist: ([\w.-]+)(.*)", metadata.decode(), re.MULTILINE)
    declared = {name for name, rest in requires if "extra ==" not in rest}
    extras = {name for name, rest in requires if re.search("extra == '(?!dev)", rest)}
    assert distributions <= declared | extras
    assert distributions - declared <= {"filelock", "ipython", "mlflow", "tensorboard", "wandb"}
    assert {"jinja2", "tabulate"} <= declared  # pandas imports them for LaTeX and Markdown
    assert "torch" in distributions


def imported_names(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_a_run_a_sweep_and_what_became_of_them(grokrfm, elsewhere):
    assert "finished" in succeeded(grokrfm(*TINY, "study=demo"))
    sweep = succeeded(grokrfm("-m", *TINY, "seed=0,1", "study=demo"))
    assert "already finished" in sweep  # seed 0, by the digest of the first command
    study = elsewhere / "outputs" / "demo"
    lines = [
        json.loads(line)
        for segment in (study / "segments").iterdir()
        for line in segment.read_text(encoding="utf-8").splitlines()
    ]
    starts = [line for line in lines if line["kind"] == "started"]
    assert [start["config"]["task"]["modulus"] for start in starts] == [5, 5]
    assert {start["config"]["seed"] for start in starts} == {0, 1}
    assert {start["provenance"]["git"] for start in starts} == {None}  # no checkout, no commit

    assert succeeded(grokrfm(study, command="grokrfm-status")) == f"{study}: 2 finished\n"
    table = succeeded(grokrfm("outputs/demo", "--rows", "task.modulus", command="grokrfm-collect"))
    assert "(n=2)" in table
    succeeded(grokrfm(study, command="grokrfm-report"))
    report = (study / "report.html").read_text(encoding="utf-8")
    assert "data:image/png;base64," in report  # the figures, with the style file of the package
    assert "<script>" in report  # and the template
    assert table.splitlines()[2].startswith("| 5 ")


def test_a_study_of_conf_is_found_inside_the_package(grokrfm):
    shown = succeeded(grokrfm("study=fixed_points_addition_gaussian", "--cfg", "job"))
    assert "name: fixed_points" in shown
    assert "name: fixed_points_addition_gaussian" in shown


def test_help_is_the_manual_with_every_option(grokrfm):
    text = succeeded(grokrfm("--help"))
    for group in ("task", "split", "kernel", "rfm", "start", "hardware"):
        for option in (CHECKOUT / "conf" / group).glob("*.yaml"):
            assert option.stem in text


def test_a_mistake_is_a_line_there_too(grokrfm, elsewhere):
    done = grokrfm("task=adition")
    assert done.returncode == 1
    assert "did you mean addition?" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(elsewhere.iterdir()) == []
