"""Random command lines: overrides of every group, option and setting, with values of every kind."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

from hydra import compose
from hydra.errors import ConfigCompositionException
from omegaconf import DictConfig, OmegaConf

from grokrfm.paths import conf_folder

CONF = conf_folder()
GROUPS = {
    str(folder.relative_to(CONF)): sorted(path.stem for path in folder.glob("*.yaml"))
    for folder in sorted(CONF.rglob("*"))
    if folder.is_dir() and any(folder.glob("*.yaml"))
}
GROUP_NAMES = [*GROUPS, "group@task.group", "split@split.base", "task@task.first", "hydra/launcher",
               "hydra/sweeper", "nope"]  # fmt: skip

NUMBERS = ["0", "1", "2", "3", "-1", "5", "12", "0.5", "-2.5", "1e-3", "1e300", "1e999", "nan",
           "-inf", "inf", "1_000", "007", "1e9", "100000", "1000000007", "1" * 30,
           "1" * 400]  # fmt: skip
TEXTS = ["abc", "'a b'", '"x^2+y"', "''", "ü→λ", "'\\n'", "a/b", "../up", "/dev/null", "none",
         "last", "all", "lu", "cuda", "cuda:7", "float32", "aba^-1", "'[0'", "x*y", '"x^2+x*y"',
         "nowhere.csv", "sr^0", "failed", "'%s{}'", "a" * 300, "b" * 5000, "'*'", "???", "'???'",
         '"' + "*".join(["(x+y)^999999999"] * 60) + '"']  # fmt: skip
OTHERS = ["null", "true", "false", "[]", "[0]", "[1,2]", "[[2,3]]", "[[[]]]", "[abc]", "[nan]",
          "[null]", "[true,1]", "[1.5]", "[0,0]", "{}", "{a:1}", "{a:{b:[c]}}", "[{rotation:1}]",
          "[{reflection:0}]", "[{rotation:[1,2]}]", "[inversion]", "[{}]", "{1:2}", "{null:1}",
          "{true:0}", "{nan:1}", "[9999999999999999999999]", "['sr^0']", "[a,[b]]", "''",
          "${seed}", "${nope}", "${task}", "${task.modulus}", "${oc.env:HOME}", "${oc.env:NOPE_X}",
          "${", "${a", "$seed", "[${seed}]", "[1", "{a", "'", "a=b", "1,2", "a,b", "range(0,3)",
          "choice(1,2)", "glob(*)", "interval(0,1)", "sort(2,1)", "shuffle(1,2)", "int(1.5)",
          "int(a)", "float(x)", "str(1)", "bool(7)", "json_str({a:1})", "f(x)", ""]  # fmt: skip
TARGETS = ["builtins.int", "builtins.dict", "builtins.print", "os", "os.nope", "nope", "nope.nope",
           "a..b", "''", "5", "null", "[]", "math.pi", "math.sqrt", "fractions.Fraction",
           "pathlib.Path", "grokrfm.tasks.addition", "grokrfm.tasks.Task",
           "grokrfm.kernels.Kernel",
           "grokrfm.splits.Uniform", "grokrfm.splits.Splitter", "grokrfm.rfm.RFM",
           "grokrfm.probes.Accuracy", "grokrfm.runs.learner.Learner",
           "grokrfm.experiment.Experiment",
           "grokrfm.algebra.cyclic", "grokrfm.launch.local.LocalCPU", "collections.OrderedDict",
           "numpy.zeros", "torch.device", "typing.Any",
           "builtins.object", "builtins.type"]  # fmt: skip


CHOICES = [
    f"{'+probe' if group == 'probe' else group}={f'[{option}]' if group == 'probe' else option}"
    for group in ("task", "split", "kernel", "rfm", "start", "probe", "hardware", "study")
    for option in GROUPS[group]
] + []


@cache
def names(choice: str) -> tuple[str, ...]:
    """Return the dotted name of every setting, and of the nodes that hold them, with one choice."""
    try:
        config = compose("config", [choice])
    except ConfigCompositionException:  # a study of the other learner
        config = compose("dynamics", [choice])
    return tuple(_names(config))


def _names(node: DictConfig, prefix: str = "") -> Iterator[str]:
    for key in node:
        yield f"{prefix}{key}"
        if not OmegaConf.is_missing(node, key) and isinstance(node[key], DictConfig):
            yield from _names(node[key], f"{prefix}{key}.")


def random_case(rng: random.Random) -> tuple[list[str], bool]:
    """Return the overrides of one random command line, and True for a sweep."""
    choice = rng.choice(CHOICES)
    drawn = [_override(rng, choice) for _ in range(rng.choice([1, 1, 1, 2, 2, 3]))]
    small = ["task.modulus=5"] if rng.random() < 0.5 else []
    arguments = [choice, *small, *drawn] if rng.random() < 0.9 else drawn
    return arguments, rng.random() < 0.7


def _override(rng: random.Random, choice: str) -> str:
    if rng.random() < 0.2:
        text = f"{rng.choice(GROUP_NAMES)}"
        options = GROUPS.get(text.partition("@")[0], ["basic", "grokrfm"])
        text += "=" + rng.choice([
            rng.choice(options),
            rng.choice(options),
            f"[{','.join(rng.choices(options, k=rng.randint(0, 3)))}]",
            rng.choice(GROUPS[rng.choice(list(GROUPS))]),
            _value(rng),
        ])  # fmt: skip
    else:
        name = rng.choice(names(choice))
        if rng.random() < 0.1:
            parent = name.rpartition(".")[0] or "task"
            name = rng.choice(
                [f"{name}x", f"{name}.more", f"{name}.0", f"{parent}._target_", f"{parent}.name",
                 f"{parent}.{name}", "_target_", "hydra.x", "hydra.job.chdir", "hydra.sweeper.zip"]
            )  # fmt: skip
        text = f"{name}={_value(rng)}"
    prefix = rng.choices(["", "+", "++", "~"], [75, 5, 15, 5])[0]
    if prefix == "~" and rng.random() < 0.8:
        text = text.partition("=")[0]
    return prefix + text


def _value(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.3:
        return rng.choice(NUMBERS)
    if kind < 0.5:
        return rng.choice(TEXTS)
    if kind < 0.85:
        return rng.choice(OTHERS)
    target = rng.choice(TARGETS)
    extra = rng.choice(
        ["", "", f",{rng.choice(['name', 'order', 'modulus', 'x'])}:{rng.choice(NUMBERS)}"]
    )
    text = f"{{_target_:{target}{extra}}}"
    return rng.choice(
        [
            text,
            text,
            text,
            f"[{text}]",
            f"{{x:{text}}}",
            f"{{_target_:grokrfm.tasks.cayley,group:{text}}}",
        ]
    )
