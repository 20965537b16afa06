"""The command `grokrfm-new`: the files of an option, a study or a learner of one's own."""

from __future__ import annotations

import argparse
import keyword
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from grokrfm.checks import GrokrfmError, SettingError
from grokrfm.command import run_command
from grokrfm.paths import PACKAGE, conf_folder
from grokrfm.runs.files import write_text
from grokrfm.text import printable

TEMPLATES = PACKAGE / "templates"
PLACES = {
    "kernel": "kernel={}",
    "task": "task={}",
    "probe": "probe=[accuracy,loss,margin,grok,{}]",
    "study": "study={}",
    "learner": "--config-name {} task.modulus=11 study={}",
}
"""Kind → arguments of `grokrfm` that choose it."""


def main() -> None:
    """Entry point; exit code 1 if a file exists, or the name cannot be one."""
    run_command(_new)


def _new() -> None:
    arguments = _parser().parse_args()
    kind, name, folder = arguments.kind, arguments.name, Path(arguments.folder)
    texts = dict(_files(kind, name))
    if taken := [path for path in texts if (folder / path).exists()]:
        raise GrokrfmError(f"{folder / taken[0]} exists already; give another name or --folder")
    for path, text in texts.items():
        write_text(folder / path, text)
        sys.stdout.write(f"written to {printable(str(folder / path))}\n")
    chosen = PLACES[kind].replace("{}", name)
    sys.stdout.write(f"next: grokrfm --config-dir {printable(str(folder))} {chosen}\n")


def _files(kind: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield the files of an option below its folder: their paths and texts."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise SettingError("NAME", f"must be of a-z, 0-9 and _, such as cauchy, got {name!r:.99}")
    option = f"{name}.yaml" if kind == "learner" else f"{kind}/{name}.yaml"
    if (conf_folder() / option).exists():
        raise SettingError("NAME", f"{option} is in conf/ already; choose another name")
    words = {
        "MODULE": f"{name}_{kind}",
        "CLASS": "".join(part.title() for part in name.split("_")),
        "NAME": name,
    }
    for path, suffix in ((f"{name}_{kind}.py", "py"), (option, "yaml")):
        template = TEMPLATES / f"{kind}.{suffix}.txt"
        if template.exists():
            text = template.read_text(encoding="utf-8")
            yield path, re.sub("|".join(words), lambda found: words[found[0]], text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grokrfm-new",
        description="Write a working example of a kernel, task, probe, study or learner: a YAML"
        " file, and a Python file where one is needed, to be changed into your own.",
    )
    parser.add_argument("kind", choices=PLACES, metavar="KIND", help=", ".join(PLACES))
    parser.add_argument("name", metavar="NAME", help="of the option, such as cauchy")
    parser.add_argument(
        "--folder", default="own", help="folder to give to --config-dir later (default: own)"
    )
    return parser
