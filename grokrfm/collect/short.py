"""Short names of settings, which `DataFrame.query` and Python's attributes can take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable


def short_names(settings: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """Short name → dotted name of settings.

    The short name is the last part, as in train_fraction for split.train_fraction; of a `name` it
    is the part before, as in kernel for kernel.name. Where it is taken or belongs to several
    settings, all parts are joined, as in task_modulus.

    Parameters
    ----------
    taken   names of other columns
    """
    parts = {setting: _parts(setting) for setting in settings}
    count = Counter(part[-1] for part in parts.values())
    found: dict[str, str] = {}
    for setting, part in parts.items():
        for name in (part[-1], "_".join(part), setting.replace(".", "_")):
            is_free = name not in taken and name not in found and name.isidentifier()
            if is_free and (name != part[-1] or count[name] == 1):
                found[name] = setting
                break
    return found


def _parts(setting: str) -> list[str]:
    parts = setting.split(".")
    return parts[:-1] if parts[-1] == "name" and len(parts) > 1 else parts
