"""Plays harvests for tests of the store: what a source shows in one run, run after run."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event

from schemas.db import Database
from schemas.harvest import HarvestRun, Normalised, RunStatus, Source
from schemas.identifiers import offer_id
from schemas.offer import Offer
from schemas.store.harvest import Reading, SavedCounts, fingerprint, finish_run, save_readings, save_source, start_run
from schemas.store.offers import offer_by_id
from tests.factories import NOW, make_key, make_record, make_source, make_source_offer


@dataclass
class Harvest:
    """A source and the moment of its next run; each run is a day after the one before."""

    database: Database
    source: Source = field(default_factory=make_source)
    now: datetime = NOW

    def __post_init__(self) -> None:
        with self.database.begin() as session:
            save_source(session, self.source, origin="file", now=self.now)

    def reading(self, key: str, **fields: Any) -> Reading:
        """What the source says about ``key``; ``fields`` are fields of the offer."""
        there = {"url": fields["url"], "address": fields["url"]} if "url" in fields else {}
        said = repr(sorted(fields.items()))
        record = make_record(key, source=self.source.name, text=said, fetched_at=self.now, **there)
        offer = make_source_offer(key, source=self.source.name, rights=self.source.rights, **fields)
        return Reading(record, fingerprint(record), Normalised(offer=offer), "1")

    def run(
        self,
        shown: dict[str, dict[str, Any]] | None = None,
        *,
        seen: Collection[str] = (),
        absent: Collection[str] = (),
        withdrawn: Collection[str] = (),
    ) -> SavedCounts:
        """One run from start to finish: key → fields that are new or changed, and keys of the rest."""
        with self.database.begin() as session:
            number = start_run(session, self.source.name, self.now)
            counts = save_readings(
                session,
                self.source,
                number,
                readings=[self.reading(key, **fields) for key, fields in (shown or {}).items()],
                seen=[make_key(key, source=self.source.name) for key in seen],
                absent=[make_key(key, source=self.source.name) for key in absent],
                withdrawn=[make_key(key, source=self.source.name) for key in withdrawn],
                now=self.now,
            )
            finish_run(session, self.ended(number))
        self.now += timedelta(days=1)
        return counts

    def ended(self, number: int, **changes: Any) -> HarvestRun:
        """The run as it is handed to ``finish_run``."""
        parts = {
            "id": number,
            "source": self.source.name,
            "started_at": self.now,
            "finished_at": self.now,
            "status": RunStatus.COMPLETE,
        }
        return HarvestRun.model_validate(parts | changes)

    def id(self, key: str) -> str:
        """The id of the offer first seen under ``key``."""
        return offer_id(self.source.name, key)

    def offer(self, key: str) -> Offer:
        """The offer as we hold it now."""
        with self.database.read() as session:
            found = offer_by_id(session, self.id(key))
        assert found is not None
        return found


@contextmanager
def counted_statements(database: Database) -> Iterator[list[str]]:
    """The statements sent while the block runs; one for many rows counts once."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
