"""The near side of a look at an address or a source: what strangers' pages cost is paid by a child with limits.

``look_child`` is the far side. A page that eats memory or time ends the child, and the look says so; nothing else
stops.
"""

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from harvesters.child import last_words, run_child
from harvesters.fetch.client import FetchSettings
from harvesters.problems import ReadError
from harvesters.trying import Trial
from schemas.harvest import Source

LOOK_SECONDS: Final = 300
"""Longest time of one look, waits for slow hosts included."""
_MODULE: Final = "harvesters.look_child"
_LATER: Final = "Bitte versuchen Sie es später noch einmal."
_SMALLER: Final = "Bitte suchen Sie dort eine kleinere Seite, einen Kalender (iCal) oder eine kleinere Datei."


@dataclass(frozen=True, slots=True)
class LookJob:
    """What a look's child needs; it travels as JSON."""

    source: Source
    """What to look at, or what is proposed for ``address``."""
    settings: FetchSettings
    """Manners and limits."""
    now: datetime
    """When the look began."""
    answer: str
    """File to write."""
    address: str | None = None
    """Address whose way of access is to be found out; without it ``source`` is read as described."""
    database: str | None = None
    """Database with the ledger of hosts; without it the child keeps its own."""
    max_cpu_seconds: int = 90
    """Longest time of the processor."""
    max_memory_bytes: int = 1_500_000_000
    """Largest address space."""
    max_answer_bytes: int = 50_000_000
    """Largest answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a look's child found, or the parts of the ``ReadError`` that says why nothing was found."""

    trial: Trial | None = None
    failed: tuple[str, str, str, str, str] | None = None


JOB: Final = TypeAdapter(LookJob)
ANSWER: Final = TypeAdapter(Answer)


def look(
    source: Source,
    address: str | None = None,
    *,
    settings: FetchSettings,
    now: datetime,
    database: str | None = None,
    max_seconds: float = LOOK_SECONDS,
) -> Trial:
    """``trying.try_address`` where an ``address`` is given, else ``trying.try_source``, in a child.

    Raises ``ReadError`` as they do, and where the child was ended because the pages cost too much.
    """
    with tempfile.TemporaryDirectory(prefix="look-") as folder:
        file, log = Path(folder) / "answer.json", Path(folder) / "log.txt"
        job = LookJob(source, settings, now, str(file), address, database)
        ended = run_child(_MODULE, JOB.dump_json(job), log, seconds=max_seconds)
        answer, said = _read(file), last_words(log)
    if answer.trial is not None:
        return answer.trial
    if answer.failed is not None:
        raise ReadError(*answer.failed)
    raise ReadError(source.name, address or source.access.start[0], *_why(ended, said))


def _read(file: Path) -> Answer:
    """The child's answer; an empty one where it died before or while it wrote."""
    if not file.exists():
        return Answer()
    try:
        return ANSWER.validate_json(file.read_bytes())
    except ValidationError:
        return Answer()


def _why(ended: bool, said: str) -> tuple[str, str, str]:
    """Rule, what happened and remedy for a child without an answer. A signal leaves no last words, a bug does."""
    if not ended:
        return "preview.too_slow", "Das Lesen dauerte zu lange und wurde abgebrochen.", _LATER
    if said and "memory" not in said.lower():
        return (
            "preview.broken",
            f"Beim Lesen trat ein Fehler im Programm auf ({said}).",
            "Bitte den Entwicklern melden.",
        )
    return (
        "preview.too_costly",
        "Das Lesen wurde abgebrochen: Was unter dieser Adresse steht, braucht zu viel Arbeitsspeicher oder Rechenzeit.",
        _SMALLER,
    )
