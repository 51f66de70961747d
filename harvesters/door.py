"""Whose offers stay outside: *please do not list us*, asked of a Record's words and again of what they mean."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from harvesters.normalise.record import normalise
from schemas.exclusion import Exclusions
from schemas.harvest import Record, Source
from schemas.offer import OfferFields, SourceKey
from schemas.store import exclusions


@dataclass(frozen=True, slots=True)
class Door:
    """Keeps out what excluded providers offer."""

    excluded: Exclusions
    barred: Collection[SourceKey] = ()
    """Identities that a person's correction gives to an excluded provider."""

    @classmethod
    def of(cls, session: Session, source: Source) -> "Door":
        standing = exclusions.excluded(session)
        return cls(standing, exclusions.barred_keys(session, standing, source.name)) if standing else cls(standing)

    def shuts(self, record: Record) -> bool:
        """Whether the words of ``record`` say that it must stay outside."""
        if not self.excluded:
            return False
        words = record.words
        pages = (record.url, record.address, words.get("url"), words.get("provider_url"), words.get("booking_url"))
        return record.origin in self.barred or self.excluded.covers(words.get("provider"), *pages)

    def shuts_reading(self, offer: OfferFields) -> bool:
        """Whether what was understood does."""
        pages = (offer.url, offer.booking.url)
        if offer.provider is None:
            return self.excluded.covers(None, *pages)
        return self.excluded.covers(offer.provider.name, offer.provider.url, *pages)

    def lets_in(self, records: Iterable[Record], source: Source, *, today: date) -> tuple[Record, ...]:
        """Those of ``records`` that a run of ``source`` on ``today`` would store."""
        if self.excluded.stops(source):
            return ()
        if not self.excluded:
            return tuple(records)
        return tuple(
            record
            for record in records
            if not self.shuts(record) and not self.shuts_reading(normalise(record, source, today=today).offer.fields)
        )
