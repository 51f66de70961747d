"""Settling what waits on the desk, by a person or by the stated default, and laying it there again."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from schemas.exceptions import StoreError, Superseded
from schemas.review import Review, ReviewKind
from schemas.store.audit import note
from schemas.store.bulk import chunks
from schemas.store.identity import same_identity
from schemas.store.publishing import lock_offers, merged_into, republish, successor
from schemas.store.queue import Cause, close_reviews, open_reviews, reopen_reviews
from schemas.store.suggestions import close_suggestion
from schemas.tables.harvest import source_offers
from schemas.tables.offers import memberships
from schemas.tables.reviews import corrections, reviews

BY_DEFAULT: Final = "default"
"""Closes reviews whose default applied because nobody decided in time."""

_WITHDRAWN: Final = "withdrawn"
_SETTLED: Final = (ReviewKind.CONFLICT, ReviewKind.WITHDRAWAL, ReviewKind.DUPLICATE, ReviewKind.SUGGESTION)
"""Kinds that a default settles; a new or unsure offer stays held, and asked about, for as long as it takes."""


def resolve_conflict(
    session: Session, review_id: int, take: Literal["correction", "source"], *, by: str, now: datetime
) -> None:
    """Close a conflict: keep the correction (it then replaces what the source says now), or take the source's value.

    Raises ``StoreError`` where there is no such open conflict.
    """
    review = open_review(session, review_id, ReviewKind.CONFLICT)
    c = corrections.c
    standing = _standing(session, review.offer, review.field)
    before = session.execute(select(c.id, c.replaced).where(standing).order_by(c.id)).all()
    if take == "correction":
        session.execute(update(corrections).where(standing).values(replaced=review.harvested))
    else:
        session.execute(update(corrections).where(standing).values(undone_at=now, undone_by=by))
    data = {
        "review": review_id,
        "field": review.field,
        "take": take,
        "corrections": [{"id": row.id, "replaced": row.replaced} for row in before],
    }
    note(session, "resolve_conflict", review.offer, data, by=by, now=now)
    republish(session, [review.offer], now=now, by=by)


def reopen_conflict(session: Session, offer_id: str, data: dict[str, Any], *, by: str, now: datetime) -> None:
    """Take ``resolve_conflict`` back, which noted ``data``: the correction stands as it stood, the question is open.

    Raises ``Superseded`` as ``check_conflict`` does.
    """
    lock_offers(session, [offer_id])
    check_conflict(session, offer_id, data)
    for row in data["corrections"]:
        mine = update(corrections).where(corrections.c.id == row["id"])
        if data["take"] == "source":
            session.execute(mine.values(undone_at=None, undone_by=None))
        else:
            session.execute(mine.values(replaced=row["replaced"]))
    reopen_reviews(session, [data["review"]], now=now)
    republish(session, [offer_id], now=now, by=by)


def check_conflict(session: Session, offer_id: str, data: Mapping[str, Any]) -> None:
    """Raises ``Superseded`` where a field was corrected or decided about after ``resolve_conflict`` noted ``data``."""
    c = corrections.c
    kept = session.scalar(select(reviews.c.harvested).where(reviews.c.id == data["review"]))
    left = {row["id"]: kept for row in data["corrections"]} if data["take"] == "correction" else {}
    standing = select(c.id, c.replaced).where(_standing(session, offer_id, data["field"]))
    if {row.id: row.replaced for row in session.execute(standing)} != left:
        raise Superseded(f"offer {offer_id}: {data['field']} was corrected or decided about since; reload the desk")


def hold_withdrawals(session: Session, offer_ids: Collection[str], *, now: datetime) -> int:
    """Lay offers that vanished implausibly on the desk (law 2), unless they lie there already; the number laid."""
    waiting: set[str] = set()
    for ids in chunks(offer_ids):
        waiting.update(
            session.scalars(
                select(reviews.c.offer_id).where(
                    reviews.c.offer_id.in_(ids),
                    reviews.c.kind == ReviewKind.WITHDRAWAL,
                    reviews.c.closed_at.is_(None),
                )
            )
        )
    new = [Cause(offer_id, ReviewKind.WITHDRAWAL) for offer_id in dict.fromkeys(offer_ids) if offer_id not in waiting]
    open_reviews(session, new, now=now)
    return len(new)


def resolve_withdrawal(session: Session, review_id: int, *, withdraw: bool, by: str, now: datetime) -> None:
    """Close a held withdrawal: withdraw the offer, or keep showing it until its source shows it again.

    However often the source misses a kept offer meanwhile, it stays (``KnownOffer.kept``).

    Raises ``StoreError`` where there is no such open item.
    """
    review = open_review(session, review_id, ReviewKind.WITHDRAWAL)
    gone: list[int] = []
    if withdraw:
        c = source_offers.c
        identity = same_identity(memberships, source_offers) & memberships.c.until.is_(None)
        mine = select(c.id).join(memberships, identity).where(memberships.c.offer_id == review.offer)
        vanished = update(source_offers).where(c.id.in_(mine), ~c.present, c.withdrawn.is_(None))
        gone += session.scalars(vanished.values(withdrawn=_WITHDRAWN).returning(c.id))
    close_reviews(session, [review_id], now=now, by=by)
    data = {"review": review_id, "withdraw": withdraw, "source_offers": sorted(gone)}
    note(session, "resolve_withdrawal", review.offer, data, by=by, now=now)
    republish(session, [review.offer], now=now, by=by)


def reopen_withdrawal(session: Session, offer_id: str, data: dict[str, Any], *, by: str, now: datetime) -> None:
    """Take ``resolve_withdrawal`` back, which noted ``data``; what its source shows again meanwhile stays as it is.

    Raises ``Superseded`` as ``check_withdrawal`` does.
    """
    lock_offers(session, [offer_id])
    check_withdrawal(session, offer_id, data)
    session.execute(update(source_offers).where(_withdrawn_by(data)).values(withdrawn=None))
    if is_missing(session, offer_id):
        reopen_reviews(session, [data["review"]], now=now)
    republish(session, [offer_id], now=now, by=by)


def check_withdrawal(session: Session, offer_id: str, data: Mapping[str, Any]) -> None:
    """Raises ``Superseded`` where, since ``resolve_withdrawal`` noted ``data``, the offer was merged into another or is
    gone for another reason."""
    if successor(session, offer_id) != offer_id:
        raise Superseded(f"offer {offer_id} was merged into another since; take that back first")
    c = source_offers.c
    shown = c.id.in_(data["source_offers"]) & c.present
    if data["source_offers"] and session.scalar(select(c.id).where(_withdrawn_by(data) | shown).limit(1)) is None:
        raise Superseded(f"offer {offer_id} is gone for another reason since; reload the desk")


def is_missing(session: Session, offer_id: str) -> bool:
    """Whether a source of the offer does not show it any more."""
    c = source_offers.c
    identity = same_identity(memberships, source_offers) & memberships.c.until.is_(None)
    missing = select(c.id).join(memberships, identity).where(memberships.c.offer_id == offer_id, ~c.present)
    return session.scalar(missing.limit(1)) is not None


def keep_both(session: Session, review_id: int, *, by: str, now: datetime) -> None:
    """Close a question about two offers without an answer: both stay, and nobody is asked again.

    Raises ``StoreError`` where there is no such open item.
    """
    review = open_review(session, review_id, ReviewKind.DUPLICATE)
    close_reviews(session, [review_id], now=now, by=by)
    note(session, "keep_both", review.offer, {"review": review_id, "other": review.field}, by=by, now=now)


def apply_due(session: Session, now: datetime) -> int:
    """Apply the stated default of everything that nobody decided in time; the number applied.

    New and unsure offers stay held and stay on the desk: that is their default.
    """
    due = select(reviews.c.id, reviews.c.kind, reviews.c.offer_id, reviews.c.field).where(
        reviews.c.closed_at.is_(None), reviews.c.due_at <= now, reviews.c.kind.in_(_SETTLED)
    )
    rows = session.execute(due.order_by(reviews.c.id)).all()
    lock_offers(session, [row.offer_id for row in rows])
    for row in rows:
        if row.kind == ReviewKind.CONFLICT:
            resolve_conflict(session, row.id, "correction", by=BY_DEFAULT, now=now)
        elif row.kind == ReviewKind.WITHDRAWAL:
            resolve_withdrawal(session, row.id, withdraw=True, by=BY_DEFAULT, now=now)
        elif row.kind == ReviewKind.DUPLICATE:
            keep_both(session, row.id, by=BY_DEFAULT, now=now)
        else:
            close_suggestion(session, int(row.field), by=BY_DEFAULT, now=now)
    return len(rows)


def open_review(session: Session, review_id: int, kind: ReviewKind) -> Review:
    """The open item of that number and kind, its offers locked. Raises ``StoreError`` where there is none."""
    query = select(reviews).where(reviews.c.id == review_id)
    row = session.execute(query).one_or_none()
    if row is not None:
        lock_offers(session, [row.offer_id, row.field] if row.kind == ReviewKind.DUPLICATE else [row.offer_id])
        row = session.execute(query).one_or_none()  # somebody else may have closed it before the lock was ours
    if row is None or row.kind != kind or row.closed_at is not None:
        raise StoreError(f"there is no open {kind} {review_id}; it may have been closed meanwhile: reload the desk")
    return review_of(row)


def _withdrawn_by(data: Mapping[str, Any]) -> ColumnElement[bool]:
    """What ``resolve_withdrawal`` withdrew, as far as it is so for no other reason."""
    c = source_offers.c
    return c.id.in_(data["source_offers"]) & (c.withdrawn == _WITHDRAWN) & ~c.present


def _standing(session: Session, offer_id: str, field: str | None) -> ColumnElement[bool]:
    """Corrections of a field that count for an offer: its own, and those of what was merged into it."""
    c = corrections.c
    family = [offer_id, *merged_into(session, [offer_id])]
    return c.offer_id.in_(family) & (c.field == field) & c.undone_at.is_(None)


def review_by_id(session: Session, review_id: int) -> Review | None:
    """The item of that number, open or closed."""
    row = session.execute(select(reviews).where(reviews.c.id == review_id)).one_or_none()
    return None if row is None else review_of(row)


def review_of(row: Any) -> Review:
    """The Review of a row of ``reviews``."""
    return Review(
        id=row.id,
        kind=row.kind,
        offer=row.offer_id,
        field=row.field or None,
        harvested=row.harvested,
        corrected=row.corrected,
        replaced=row.replaced,
        opened_at=row.opened_at,
        due_at=row.due_at,
        default=row.default,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
    )
