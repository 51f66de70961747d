"""What reading a source brings, before it is understood, and the memory that conditional requests need."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from harvesters.fetch.ledger import Validators
from schemas.harvest import RunResult, Source
from schemas.identifiers import digest

FORMATS: Final = "1"
"""Version of the format modules; bumped when they read more than before, so that no 304 keeps old Records alive."""


@dataclass(frozen=True, slots=True)
class ReadOutcome:
    """A reading, and what to remember once its Records are stored."""

    result: RunResult
    """Records, Issues, and whether everything was read."""
    validators: Mapping[str, Validators] = field(default_factory=dict)
    """Address → validators; kept only after the Records are safe, or a crash would turn into a false 304."""


def fingerprint_of(source: Source) -> str:
    """What a stored validator must have been made with for a 304 to mean "all Records as before"."""
    return digest(FORMATS, source.access.model_dump_json())
