"""Submission: the jobs that one launch submitted together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from grokrfm.runs.lines import Name


@dataclass(frozen=True)
class Job:
    """A worker pool that was submitted.

    Parameters
    ----------
    id            the scheduler's number, such as 123_4; for a local job, the PID
    runs          indices of its runs in the plan
    """

    id: Name
    runs: tuple[Annotated[int, Meta(ge=0)], ...]


@dataclass(frozen=True)
class Submission:
    """The jobs that one launch submitted together.

    Parameters
    ----------
    scheduler : str   "local" or "slurm"
    cluster : str     the host or cluster that has the jobs; its first word is the name
    """

    scheduler: str
    cluster: str | None
    jobs: Sequence[Job]

    @staticmethod
    def decode(text: bytes) -> Submission:
        """Return a submission as it is kept in JSON.

        Raises
        ------
        ValueError, RecursionError   if it is none
        """
        return _decoder.decode(text)


_decoder = msgspec.json.Decoder(Submission)
