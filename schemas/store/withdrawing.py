"""Taking offers out of what is shown because somebody said so; a tombstone stays (law 5)."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, bindparam, delete, null, select, tuple_, update
from sqlalchemy.orm import Session

from schemas.offer import OfferFields, SourceKey, SourceOffer
from schemas.store.bulk import chunks
from schemas.store.identity import same_identity
from schemas.store.publishing import lock_offers, republish
from schemas.store.queue import close_withdrawals
from schemas.tables.harvest import records, source_offers
from schemas.tables.offers import memberships
from schemas.tables.reviews import reviews

ERASED: Final = "(entfernt)"
"""Title of what was erased."""


def keys_of(session: Session, source_name: str) -> list[SourceKey]:
    """Every identity of a source that was ever stored."""
    c = source_offers.c
    rows = session.execute(select(c.key, c.part).where(c.source == source_name).order_by(c.id))
    return [SourceKey(source=source_name, key=key, part=part) for key, part in rows]


def withdraw(session: Session, keys: Iterable[SourceKey], *, reason: str, by: str, now: datetime) -> int:
    """Withdraw what sources said under ``keys``, at once; the number of changes that everybody can see.

    ``reason`` is a code (``excluded``, ``deleted``, ``by_provider``). An offer that another source still shows stays. A
    later run that shows it again brings it back; whoever does not want that keeps the source from being read.
    """
    return _take(session, list(keys), {"withdrawn": reason, "present": False}, by=by, now=now)


def restore(session: Session, keys: Iterable[SourceKey], *, by: str, now: datetime) -> int:
    """Take ``withdraw`` back for ``keys``; the number of changes that everybody can see. What was erased stays away."""
    kept: list[SourceKey] = []
    for some in chunks(keys):
        c = source_offers.c
        readable = _among(source_offers, some) & (c.fingerprint != "")
        rows = session.execute(select(c.source, c.key, c.part).where(readable).order_by(c.id))
        kept += [SourceKey(source=source, key=key, part=part) for source, key, part in rows]
    return _take(session, kept, {"withdrawn": None, "present": True, "missed_runs": 0}, by=by, now=now)


def erase(session: Session, keys: Iterable[SourceKey], *, reason: str, by: str, now: datetime) -> int:
    """Withdraw ``keys`` and delete everything that they said: Records, readings, and what reviews quote of them; only
    identities remain, and what people decided.

    The number of changes that everybody can see; keys that are not stored count for nothing.
    """
    gone = list(dict.fromkeys(keys))
    for some in chunks(gone):
        session.execute(delete(records).where(_among(records, some)))
    if gone:
        c = source_offers.c
        mine = (c.source == bindparam("of")) & (c.key == bindparam("named")) & (c.part == bindparam("at"))
        session.execute(
            update(source_offers).where(mine).values(data=bindparam("left"), fingerprint="", reading=""),
            [{"of": key.source, "named": key.key, "at": key.part, "left": _nothing(key)} for key in gone],
        )
    changed = withdraw(session, gone, reason=reason, by=by, now=now)
    _forget_quotes(session, gone, by=by, now=now)
    return changed


def _nothing(key: SourceKey) -> bytes:
    """What is stored of a reading that was erased."""
    empty = SourceOffer(origin=key, fields=OfferFields(title=ERASED))
    return empty.model_dump_json(exclude_defaults=True).encode()


def _forget_quotes(session: Session, keys: Collection[SourceKey], *, by: str, now: datetime) -> None:
    """Close what lies on the desk about offers of which nothing remains, and delete what the source said from it."""
    for some in chunks(_offers_of(session, keys)):
        shown = same_identity(memberships, source_offers) & source_offers.c.withdrawn.is_(None)
        alive = set(
            session.scalars(
                select(memberships.c.offer_id)
                .join(source_offers, shown)
                .where(memberships.c.offer_id.in_(some), memberships.c.until.is_(None))
            )
        )
        over = reviews.c.offer_id.in_([offer_id for offer_id in some if offer_id not in alive])
        session.execute(update(reviews).where(over).values(harvested=null(), replaced=null()))
        session.execute(update(reviews).where(over, reviews.c.closed_at.is_(None)).values(closed_at=now, closed_by=by))


def _take(session: Session, keys: Collection[SourceKey], values: dict[str, object], *, by: str, now: datetime) -> int:
    offers = _offers_of(session, keys)
    lock_offers(session, offers)
    for some in chunks(keys):
        session.execute(update(source_offers).where(_among(source_offers, some)).values(**values))
    close_withdrawals(session, offers, now=now, by=by)
    return republish(session, offers, now=now, by=by)


def _offers_of(session: Session, keys: Collection[SourceKey]) -> list[str]:
    offers: list[str] = []
    for some in chunks(keys):
        standing = _among(memberships, some) & memberships.c.until.is_(None)
        offers += session.scalars(select(memberships.c.offer_id).where(standing).order_by(memberships.c.id))
    return list(dict.fromkeys(offers))


def _among(table: Table, keys: Collection[SourceKey]) -> ColumnElement[bool]:
    c = table.c
    return tuple_(c.source, c.key, c.part).in_([(key.source, key.key, key.part) for key in keys])
