"""What reading a source brings, before it is understood, and what conditional requests need to be remembered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from harvesters.fetch.client import Validators
from schemas.harvest import RunResult, Source
from schemas.identifiers import digest
from schemas.store.pages import Page

FORMATS: Final = "3"
"""Version of the format modules and of ``parts``; bumped when they read more than before, so that no 304 keeps old
Records alive."""


@dataclass(frozen=True, slots=True)
class ReadOutcome:
    """A reading, and what to remember once its Records are stored."""

    result: RunResult
    """Records, Issues, and whether everything was read."""
    pages: Mapping[str, Page] = field(default_factory=dict)
    """By address; kept only after the Records are safe, or a crash would turn into a false 304."""


def fingerprint_of(source: Source) -> str:
    """What a remembered page must have been read with for a 304 to mean "all Records as before"."""
    return digest(FORMATS, source.access.model_dump_json())


def validators_of(pages: Mapping[str, Page]) -> dict[str, Validators]:
    """What the door to the network needs of ``pages``."""
    return {url: Validators(page.etag, page.last_modified) for url, page in pages.items()}
