"""Taking offers out of what is shown because somebody said so; a tombstone stays (law 5)."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, delete, select, tuple_, update
from sqlalchemy.orm import Session

from schemas.offer import OfferFields, SourceKey, SourceOffer
from schemas.store.bulk import chunks
from schemas.store.publishing import lock_offers, republish
from schemas.store.queue import close_withdrawals
from schemas.tables.harvest import records, source_offers
from schemas.tables.offers import memberships

ERASED: Final = "(entfernt)"
"""Title of what was erased."""


def keys_of(session: Session, source_name: str) -> list[SourceKey]:
    """Every identity of a source that was ever stored."""
    c = source_offers.c
    rows = session.execute(select(c.key, c.part).where(c.source == source_name).order_by(c.id))
    return [SourceKey(source=source_name, key=key, part=part) for key, part in rows]


def withdraw(session: Session, keys: Iterable[SourceKey], *, reason: str, by: str, now: datetime) -> int:
    """Withdraw what sources said under ``keys``, at once and whatever later runs say; the number of changed offers.

    ``reason`` is a code (``excluded``, ``deleted``, ``by_provider``). An offer that another source still shows stays.
    """
    return _take(session, list(keys), {"withdrawn": reason, "present": False}, by=by, now=now)


def restore(session: Session, keys: Iterable[SourceKey], *, by: str, now: datetime) -> int:
    """Take ``withdraw`` back for ``keys``; the number of changed offers."""
    return _take(session, list(keys), {"withdrawn": None, "present": True}, by=by, now=now)


def erase(session: Session, keys: Iterable[SourceKey], *, reason: str, by: str, now: datetime) -> int:
    """Withdraw ``keys`` and delete everything that they said: Records and readings; only identities remain.

    The number of changed offers; keys that are not stored count for nothing.
    """
    gone = list(keys)
    for some in chunks(gone):
        session.execute(delete(records).where(_among(records, some)))
    for key in gone:
        empty = SourceOffer(origin=key, fields=OfferFields(title=ERASED))
        data = empty.model_dump_json(exclude_defaults=True).encode()
        mine = _among(source_offers, [key])
        session.execute(update(source_offers).where(mine).values(data=data, fingerprint="", reading=""))
    return withdraw(session, gone, reason=reason, by=by, now=now)


def _take(session: Session, keys: Collection[SourceKey], values: dict[str, object], *, by: str, now: datetime) -> int:
    offers: list[str] = []
    for some in chunks(keys):
        standing = _among(memberships, some) & memberships.c.until.is_(None)
        offers += session.scalars(select(memberships.c.offer_id).where(standing).order_by(memberships.c.id))
    lock_offers(session, offers)
    for some in chunks(keys):
        session.execute(update(source_offers).where(_among(source_offers, some)).values(**values))
    close_withdrawals(session, offers, now=now, by=by)
    return republish(session, offers, now=now, by=by)


def _among(table: Table, keys: Collection[SourceKey]) -> ColumnElement[bool]:
    c = table.c
    return tuple_(c.source, c.key, c.part).in_([(key.source, key.key, key.part) for key in keys])
