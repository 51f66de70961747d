"""The one door to published offers: as public models for pages, as objects for ranking and desk, as stored bytes.

Whatever a coordinator hides is hidden everywhere, because everybody comes through here.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from schemas.offer import Offer
from schemas.publish import VISIBLE, Change, PublicOffer
from schemas.store.bulk import chunks
from schemas.store.exporting import (
    BLOCK,
    FACTS,
    SHOWN,
    Cut,
    Licence,
    Line,
    Tombstone,
    buckets,
    changed_lines,
    open_lines,
    open_page,
    stream_csv,
    stream_ndjson,
)
from schemas.store.listing import LINE, ON_PAGES, search_offers, without_one_filter
from schemas.store.query import OfferPage, OfferQuery
from schemas.stored import CSV_COLUMNS, ended
from schemas.tables.offers import changes as change_table
from schemas.tables.offers import counters, offers, published, published_bytes
from schemas.vocabulary import Status

__all__ = [
    "CSV_COLUMNS", "FACTS", "Change", "Cut", "Licence", "Line", "OfferPage", "OfferQuery", "Tombstone", "buckets",
    "changed_lines", "changes", "latest_change", "offer_by_id", "offers_by_id", "open_lines", "open_page",
    "public_offer", "public_page", "published_offers", "search_offers", "stream_csv", "stream_ndjson",
    "surviving_offer", "without_one_filter",
]  # fmt: skip


def public_offer(session: Session, offer_id: str) -> PublicOffer | Tombstone | None:
    """The offer as everybody may see it, its tombstone, or ``None`` for an id that was never shown."""
    c = published.c
    query = (
        select(c.version, c.status, c.changed_at, c.last_seen, LINE.label("line"), offers.c.replaced_by)
        .select_from(ON_PAGES.join(offers, offers.c.id == c.offer_id))
        .where(c.offer_id == offer_id)
    )
    row = session.execute(query).one_or_none()
    if row is None or row.version == 0:
        return None
    if row.status in VISIBLE:
        offer = PublicOffer.model_validate_json(ended(row.line))
        return offer.model_copy(update={"last_seen": row.last_seen})
    return Tombstone(
        id=offer_id, status=row.status, at=row.changed_at, replaced_by=row.replaced_by, version=row.version
    )


def surviving_offer(session: Session, offer_id: str) -> PublicOffer | Tombstone | None:
    """The same, but for an offer that was merged the one that it is part of now."""
    found = public_offer(session, offer_id)
    while isinstance(found, Tombstone) and found.replaced_by is not None:
        found = public_offer(session, found.replaced_by)
    return found


def published_offers(session: Session, *, region: str | None = None) -> Iterator[Offer]:
    """Every published offer in full, for ranking; cancelled ones are not among them."""
    query = _offers().where(published.c.status == Status.PUBLISHED).order_by(published.c.row)
    if region is not None:
        query = query.where(published.c.region == region)
    for row in session.execute(query.execution_options(yield_per=BLOCK)):
        yield _offer(row)


def offer_by_id(session: Session, offer_id: str) -> Offer | None:
    """The offer in full, of whatever status, for the desk; ``None`` for an unknown id."""
    return offers_by_id(session, [offer_id]).get(offer_id)


def offers_by_id(session: Session, offer_ids: Collection[str]) -> dict[str, Offer]:
    """Offers in full, of whatever status, by id; unknown ids are left out."""
    found = {}
    for ids in chunks(offer_ids):
        for row in session.execute(_offers().where(published.c.offer_id.in_(ids))):
            found[row.offer_id] = _offer(row)
    return found


def public_page(session: Session, after_id: str, limit: int) -> list[PublicOffer]:
    """The next ``limit`` shown offers in order of id, after ``after_id`` (``""`` for the first)."""
    query = (
        select(LINE, published.c.last_seen)
        .select_from(ON_PAGES)
        .where(published.c.offer_id > after_id, SHOWN)
        .order_by(published.c.offer_id)
        .limit(limit)
    )
    return [
        PublicOffer.model_validate_json(ended(line)).model_copy(update={"last_seen": seen})
        for line, seen in session.execute(query)
    ]


def latest_change(session: Session) -> int:
    """The number of the last change, 0 before the first: equal numbers mean that nothing published has changed."""
    number: int = session.execute(select(counters.c.value).where(counters.c.name == "changes")).scalar_one()
    return number


def changes(session: Session, *, after: int, limit: int) -> list[Change]:
    """The next ``limit`` changes after that number, in their order."""
    query = select(change_table).where(change_table.c.number > after).order_by(change_table.c.number).limit(limit)
    return [Change(number=row.number, offer=row.offer_id, kind=row.kind, at=row.at) for row in session.execute(query)]


def _offers() -> Select[Any]:
    columns = (published.c.offer_id, published.c.last_seen, published_bytes.c.offer)
    return select(*columns).join_from(published, published_bytes)


def _offer(row: Any) -> Offer:
    seen: datetime | None = row.last_seen
    return Offer.model_validate_json(row.offer).model_copy(update={"last_seen": seen})
