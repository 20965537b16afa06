"""Command lines, treated in this process as `grokrfm` does until their runs would start."""

import json
import sys
from functools import lru_cache

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf

from grokrfm.checks import GrokrfmError
from grokrfm.config import check_command_line, plain, readable_message
from grokrfm.launch.composition import Composer, without_hydra
from grokrfm.launch.driver import SweepDriver
from grokrfm.launch.grid import grid
from grokrfm.launch.planning import plan_sweeps
from grokrfm.launch.summary import dry_run

MOST_RUNS = 4


class CommandLines:
    """Command lines of one Hydra.

    Parameters
    ----------
    loader : ConfigLoader   Hydra's
    """

    def __init__(self, loader):
        self._loader = loader
        self._composer = lru_cache(64)(self._made_composer)

    def refusal(self, arguments, multirun):
        """Return the message that refuses a command line; None if its runs could start.

        An error that the command would show as a traceback is raised.
        """
        sys.argv = ["grokrfm", *(["-m"] if multirun else []), *arguments]
        composed = False
        try:
            check_command_line(arguments)
            runs, compose = (self._many if multirun else self._one)(arguments)
            composed = True
            for sweep in plan_sweeps(compose, runs)[0]:
                if sweep.backend.scheduler == "local":  # a cluster answers for itself
                    sweep.backend.check()
                    dry_run(SweepDriver(sweep), Silent())
                sweep.plan.to_json()
                json.dumps(sweep.plan.settings, allow_nan=False)
        except (GrokrfmError, HydraException) as error:
            return readable_message(error)
        except Exception as error:
            if composed:
                raise
            return readable_message(error)

    def _one(self, arguments):
        config = self._loader.load_configuration("config", arguments, RunMode.RUN)
        settings = plain(without_hydra(config))
        return [arguments], lambda _: settings

    def _many(self, arguments):
        parsed = OverridesParser.create(config_loader=self._loader).parse_overrides(arguments)
        composer, zipped, excluded = self._composer(
            tuple(one.input_line for one in parsed if one.is_hydra_override())
        )
        return grid(arguments, zipped, excluded, self._loader)[:MOST_RUNS], composer.settings

    def _made_composer(self, overrides):
        master = self._loader.load_configuration("config", list(overrides), RunMode.MULTIRUN)
        sweeper = OmegaConf.to_container(master.hydra.sweeper)
        return Composer(self._loader, master), sweeper["zip"], sweeper["exclude"]


class Silent:
    """Terminal that shows nothing."""

    def say(self, text):
        assert isinstance(text, str)
