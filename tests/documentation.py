"""Fenced code blocks of README.md and docs/*.md: read, run, compared with their output.

The info string of a block says what happens to it: bash and python are run as pasted, text and
blocks without a language are not. Marks follow the language:

    slow    only in the slow test: takes more than some seconds
    slurm   only in the SLURM test: needs a cluster

A text block right after `<!-- output -->` is what the block above it prints. A line … stands for
any number of lines; times, digests, commits, dates and numbers of rounding size are not compared.

    python -m tests.documentation PAGE ...           run pages, print the seconds of each block
    python -m tests.documentation --write PAGE ...   also put in what the blocks printed
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import served

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LANGUAGES = {"bash", "python", "text", ""}
MARKS = {"slow", "slurm"}
OUTPUT = "<!-- output -->"
FENCED = re.compile(r"^```(.*)\n((?:.*\n)*?)^```$", re.MULTILINE)
NOT_COMPARED = (
    (r"(?m)^(iteration \d+ of \d+: |\d+ of \d+ done).*\n", ""),  # of more than half a minute
    (r"(?m)^( +also measured: ).*$", r"\1NUMBERS"),  # some are of the size of rounding
    (r"(?m)^(written to \S+ in )[^:;]*", r"\1TIME"),
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d UTC", "DATE"),
    (r"\b(?=[a-f]*\d)[0-9a-f]{10,16}\b\+?", "DIGEST"),
    (r" Commit [^.]+\.", ""),
    (r"\biteration \d+: .*", "ERROR"),
    (r"\bafter \d+ iterations", "NUMBER"),
    (r"\ba second\b", "TIME"),
    (r"\b[\d.]+(e[+-]\d+)? (s|ms|min|minutes|seconds|MB|GB)\b", "TIME"),
    (r"\b\d(\.\d+)?e-[12]\d\b", "ROUNDING"),
    (r"\b(threads|process|job) \d+", "NUMBER"),
)


@dataclass(frozen=True)
class Block:
    """One block to run.

    Parameters
    ----------
    line : int            of its fence in the page
    language : str        bash or python
    marks                 of its info string
    code : str
    output : str          what the page says it prints; None if it says nothing
    span : (int, int)     of that output in the text of the page
    """

    line: int
    language: str
    marks: frozenset[str]
    code: str
    output: str | None
    span: tuple[int, int]


@dataclass(frozen=True)
class Printed:
    """Result of running a block."""

    block: Block
    text: str
    seconds: float


def blocks(page: Path) -> list[Block]:
    """The blocks of a page that can be run, in order."""
    text = page.read_text(encoding="utf-8")
    found = list(FENCED.finditer(text))
    result = []
    for number, fence in enumerate(found):
        language, *marks = fence[1].split() or [""]
        line = text.count("\n", 0, fence.start()) + 1
        assert language in LANGUAGES and set(marks) <= MARKS, f"{page.name}:{line}: ```{fence[1]}"
        if language not in ("bash", "python"):
            continue
        after = found[number + 1] if number + 1 < len(found) else None
        shown = after and after[1] == "text" and OUTPUT in text[fence.end() : after.start()]
        output, span = (after[2], after.span(2)) if after and shown else (None, (0, 0))
        result.append(Block(line, language, frozenset(marks), fence[2], output, span))
    return result


def run(page: Path, folder: Path, marks: Collection[str] = ()) -> Iterator[Printed]:
    """Run the blocks of a page in one shell that starts in a folder, without network.

    The folder gets what a reader's checkout holds beside the package: Makefile, scripts, docs and
    an environment. Blocks with a mark that is not among `marks` are left out.
    """
    check_out(folder)
    chosen = [block for block in blocks(page) if block.marks <= set(marks)]
    end = "end of block"
    script = ["exec 2>&1"]
    for number, block in enumerate(chosen):
        code = block.code
        if block.language == "python":
            path = folder / f".block{number}.py"
            path.write_text(code, encoding="utf-8")
            code = f"python {path.name}\n"
        script.append(f"{code}printf '\\n{end} %s\\n' $EPOCHREALTIME")
    began = f"printf '{end} %s\\n' $EPOCHREALTIME\n"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", began + "\n".join(script)],
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=1500,
    )
    first, *rest = re.split(rf"\n?{end} ([\d.]+)\n", done.stdout)
    assert not first, first
    times, texts = [float(time) for time in rest[::2]], rest[1::2]
    complete = len(times) == len(chosen) + 1
    for block, text, start, stop in zip(chosen, texts, times, times[1:], strict=False):
        yield Printed(block, text, stop - start)
    if done.returncode or not complete:
        failed = chosen[len(times) - 1]
        raise AssertionError(
            f"{page.name}:{failed.line}: exit code {done.returncode}\n{failed.code}\n{texts[-1]}"
        )


def problems(page: Path, printed: Printed) -> Iterator[str]:
    """Differences between the output of a block and the one on its page."""
    if printed.block.output is None:
        return
    lines = normalised(printed.block.output).splitlines(keepends=True)
    pattern = "".join("(?:.*\n)*?" if line == "…\n" else re.escape(line) for line in lines)
    if not re.fullmatch(pattern, normalised(printed.text)):
        yield (
            f"{page.name}:{printed.block.line} shows\n{printed.block.output}\n"
            f"but prints\n{printed.text}"
        )


def normalised(text: str) -> str:
    """A text without what differs from run to run, blank lines and spaces at line ends."""
    for pattern, name in NOT_COMPARED:
        text = re.sub(pattern, name, text)
    lines = (re.sub(r"\s+", " ", line).rstrip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line)


def pages(*marks: str) -> list[Any]:
    """The pages that have a block with exactly these marks, as parameters of a test."""
    found = [page for page in PAGES if any(b.marks == set(marks) for b in blocks(page))]
    return [pytest.param(page, id=page.stem) for page in found]


def check(page: Path, folder: Path, marks: Collection[str] = ()) -> None:
    """Fail unless the blocks of a page run and print what it shows."""
    printed = list(run(page, folder, marks))
    wrong = [text for one in printed for text in problems(page, one)]
    assert not wrong, "\n\n".join(wrong)


def write(page: Path, printed: list[Printed]) -> None:
    """Put what the blocks printed into their page, but for outputs that leave lines out."""
    text = page.read_text(encoding="utf-8")
    for one in reversed(printed):
        block = one.block
        if block.output is not None and "…\n" not in block.output.splitlines(keepends=True):
            start, stop = block.span
            text = text[:start] + one.text.strip("\n") + "\n" + text[stop:]
    page.write_text(text, encoding="utf-8")


def check_out(folder: Path) -> None:
    """Put into a folder what a checkout holds beside the package, and an environment."""
    for name in ("scripts", "docs", "conf"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
        os.utime(folder / name, (0, 0))  # older than .installed: make install has nothing to do
    (folder / ".venv").mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.name != ".installed":
            (folder / ".venv" / entry.name).symlink_to(entry)
    (folder / ".venv" / ".installed").touch()


def _environment() -> dict[str, str]:
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    places = [str(served.folder()), str(Path(sys.executable).parent), os.environ["PATH"]]
    path = os.pathsep.join(places)
    settings = {"PATH": path, "OMP_NUM_THREADS": "1", "PIP_NO_INDEX": "1", "MPLBACKEND": "agg"}
    return {**kept, **nowhere, **settings, "PYTHONUTF8": "1"}


def main(arguments: list[str]) -> None:
    """Run pages; see above."""
    named = [ROOT / name for name in arguments if name.endswith(".md")]
    marks = [name.removeprefix("--") for name in arguments if name in ("--slow", "--slurm")]
    for page in named or PAGES:
        with tempfile.TemporaryDirectory() as folder:
            printed = []
            for one in run(page, Path(folder), marks):
                printed.append(one)
                print(f"{page.name}:{one.block.line}: {one.seconds:.1f} s", flush=True)
                for problem in [] if "--write" in arguments else problems(page, one):
                    print(problem)
            if "--write" in arguments:
                write(page, printed)


if __name__ == "__main__":
    main(sys.argv[1:])
