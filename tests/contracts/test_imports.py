"""Commands import no heavy module that they do not need: a start takes as long as its imports."""

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from tests.collect.synthetic import run, write

HEAVY = {
    *("hydra", "jinja2", "matplotlib", "mlflow", "numpy", "pandas", "rich", "scipy"),
    *("scipy.stats", "submitit", "tensorboard", "torch", "wandb"),
}
LAUNCHES = {"hydra", "numpy", "rich", "submitit"}
COMMANDS = {
    "grokrfm --help": LAUNCHES,
    "grokrfm --cfg job": LAUNCHES,
    "grokrfm kernel=gausian": LAUNCHES,
    "grokrfm task.modulus=5 rfm.iterations=1": {*LAUNCHES, "torch"},
    "grokrfm-audit --help": {"hydra", "numpy"},
    "grokrfm-status demo": set(),
    "grokrfm-status --help": set(),
    "grokrfm-collect --help": {"numpy", "pandas"},
    "grokrfm-collect demo --rows task.name": {"numpy", "pandas", "scipy"},
    "grokrfm-report --help": {"numpy", "pandas"},
    "grokrfm-export --help": set(),
    "grokrfm-export demo --to csv": {"numpy", "pandas"},
}


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_imports_no_heavy_module_in_vain(line, tmp_path):
    write(tmp_path / "demo", [run("d1", metrics={"test_accuracy": 1.0, "updates": 1})])
    name, *arguments = line.split()
    [command] = entry_points(group="console_scripts", name=name)
    code = f"""
import sys, {command.module}
sys.argv = {[name, *arguments]}
try: {command.value.replace(":", ".")}()
except SystemExit: pass
sys.stderr.write("\\nimported " + " ".join({HEAVY} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    imported = done.stderr.splitlines()[-1].removeprefix("imported").split()
    assert set(imported) <= COMMANDS[line]
