"""What would change if all stored Records were read again? Field by field, offline; nothing is written.

For whoever changes the normaliser: what a rule does to real texts is seen before its VERSION is bumped.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from harvesters.normalise.record import normalise
from schemas.clock import local
from schemas.db import Database
from schemas.harvest import Source
from schemas.offer import SourceKey
from schemas.store.harvest import stored_readings

EXAMPLES: Final = 3
"""Examples that are kept of each field."""
_MAX_VALUE: Final = 300


@dataclass(frozen=True, slots=True)
class Example:
    """One value that would change."""

    source: str
    """Name of the source."""
    key: str
    """Key of the offer at the source."""
    old: str
    """What is stored, as JSON, ``null`` where there is nothing; of an object only the parts that differ."""
    new: str
    """What would be read."""


@dataclass(slots=True)
class Changes:
    """Of one field: how many offers would change, and a few of them."""

    offers: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass(slots=True)
class Difference:
    """What reading again would change, added up over sources; as large as its examples, however many offers."""

    offers: int = 0
    """Offers that were read again."""
    changed: int = 0
    """Those of which anything would change."""
    fields: dict[str, Changes] = field(default_factory=dict)
    """By field of the offer; ``provenance`` for rules, evidence and confidence, ``rights`` for what may be shown."""

    def add(self, offer: SourceKey, old: bytes, new: bytes) -> None:
        """Compare two readings, as they are stored."""
        self.offers += 1
        if old == new:
            return
        self.changed += 1
        for name, before, after in _differing(orjson.loads(old), orjson.loads(new)):
            changes = self.fields.setdefault(name, Changes())
            changes.offers += 1
            if len(changes.examples) < EXAMPLES:
                said = _said(before, after), _said(after, before)
                changes.examples.append(Example(offer.source, offer.key, *said))


def reread(database: Database, source: Source, into: Difference) -> None:
    """Read what is stored of ``source`` again, as of the days it was fetched, and compare with what is stored."""
    with database.read() as session:
        for record, data in stored_readings(session, source.name):
            if record.fetched_at is None:
                raise ValueError(f"{record.origin}: a stored Record has a moment at which it was fetched")
            offer = normalise(record, source, today=local(record.fetched_at).date()).offer
            into.add(record.origin, data, offer.model_dump_json(exclude_none=True).encode())


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted(old["fields"].keys() | new["fields"].keys()):
        before, after = old["fields"].get(name), new["fields"].get(name)
        if before != after:
            yield name, before, after
    for name in ("provenance", "rights"):
        if old.get(name) != new.get(name):
            yield name, old.get(name), new.get(name)


def _said(value: Any, other: Any) -> str:
    """``value`` as JSON; of an object that differs from another only in parts, those."""
    if isinstance(value, dict) and isinstance(other, dict):
        value = {key: part for key, part in value.items() if other.get(key) != part}
    text = orjson.dumps(value).decode()
    return text if len(text) <= _MAX_VALUE else f"{text[: _MAX_VALUE - 1]}…"
