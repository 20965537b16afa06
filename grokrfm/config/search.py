"""Hydra with conf/ and some folders to search, as the command has it with --config-dir."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hydra import initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.global_hydra import GlobalHydra

from grokrfm.paths import conf_folder, import_from


@contextmanager
def searching(folders: Sequence[str | Path]) -> Iterator[GlobalHydra]:
    """Let Hydra find configs in conf/ and in some folders, and Python modules in these folders."""
    paths = [Path(folder).absolute() for folder in folders]
    import_from(paths)
    with initialize_config_dir(str(conf_folder().resolve()), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        assert isinstance(loader, ConfigLoaderImpl)
        for path in paths:
            loader.get_search_path().append("command-line", f"file://{path}")
        loader.repository.initialize_sources(loader.get_search_path())
        yield GlobalHydra.instance()


def as_flags(folders: Sequence[str | Path], primary: str) -> list[str]:
    """Return the flags of the command that search some folders and compose a primary config."""
    flags = [] if primary == "config" else [f"--config-name={primary}"]
    return [*(f"--config-dir={folder}" for folder in folders), *flags]
