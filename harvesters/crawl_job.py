"""What a crawl's child is told; apart from ``spool``, so that the child need not import the normaliser."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from harvesters.fetch.client import FetchSettings
from schemas.harvest import Source
from schemas.store.pages import Page

CRAWL_SECONDS: Final = 1_800
"""Longest time for one crawl."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a crawl's child needs; it travels as JSON."""

    source: Source
    """What to crawl."""
    settings: FetchSettings
    """Manners and limits."""
    now: datetime
    """When the run began."""
    spool: str
    """File to write."""
    pages: tuple[Page, ...] = ()
    """What may be asked whether it has changed."""
    database: str | None = None
    """Database with the ledger of hosts; without it the child keeps its own."""
    max_seconds: int = CRAWL_SECONDS
    """Longest time, on the clock and of the processor."""
    max_memory_bytes: int = 4_000_000_000
    """Largest address space."""
    max_spool_bytes: int = 1_000_000_000
    """Largest spool."""


JOB: Final = TypeAdapter(Job)
"""The way there and back."""
