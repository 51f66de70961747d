"""What people decide at the desk, and what waits for them (law 1). Every action leaves a row in the audit trail."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.exceptions import StoreError
from schemas.harvest import Record
from schemas.offer import Offer, SourceOffer
from schemas.publish import harvested_fields
from schemas.review import (
    CORRECTABLE,
    Correction,
    Decision,
    DecisionKind,
    Review,
    ReviewKind,
    apply_corrections,
)
from schemas.store.bulk import chunks
from schemas.store.offers import offer_by_id, offers_by_id
from schemas.store.publishing import correction_of, decision_of, lock_offers, members_of, republish
from schemas.store.queue import Cause, close_reviews, open_reviews
from schemas.store.runs import same_identity
from schemas.tables.harvest import records, source_offers
from schemas.tables.offers import memberships, offers
from schemas.tables.reviews import corrections, decisions, reviews
from schemas.tables.work import audit

BY_DEFAULT: Final = "default"
"""Closes reviews whose default applied because nobody decided in time."""


class HeldOffer(Value):
    """An offer about which something waits for a coordinator."""

    offer: Offer
    """As we hold it, with evidence."""
    reviews: tuple[Review, ...]
    """What waits, oldest first."""


class OfferDetail(Value):
    """Everything the desk knows about one offer."""

    offer: Offer
    """As we hold it, with evidence."""
    source_offers: tuple[SourceOffer, ...]
    """What each source says, before corrections, oldest source first."""
    records: tuple[Record, ...]
    """What the sources said in their own words, newest first."""
    corrections: tuple[Correction, ...]
    """Corrections, newest first, undone ones included."""
    decisions: tuple[Decision, ...]
    """Decisions, newest first, undone ones included."""
    reviews: tuple[Review, ...]
    """Items of the desk, newest first, closed ones included."""


# -- actions ----------------------------------------------------------------------------------------------------------


def correct(session: Session, offer_id: str, field: str, value: Any, *, by: str, now: datetime) -> Correction:
    """Put ``value`` (in JSON form; ``None`` says *not stated*) in place of what the sources say about ``field``.

    Raises ``StoreError`` for an unknown offer or field, and for a value the field cannot hold; it names the reason.
    """
    if field not in CORRECTABLE:
        raise StoreError(f"field {field!r} cannot be corrected; known fields: {sorted(CORRECTABLE)}")
    lock_offers(session, [offer_id])
    fields = harvested_fields(members_of(session, offer_id))
    correction = Correction(
        offer=offer_id,
        field=field,
        value=value,
        replaced=fields.model_dump(mode="json", include={field})[field],
        by=by,
        at=now,
    )
    fitting = apply_corrections(fields, (correction,))  # refuses what the field cannot hold
    correction = correction.model_copy(update={"value": fitting.model_dump(mode="json", include={field})[field]})
    values = correction.model_dump(include={"field", "value", "replaced", "by", "at"}) | {"offer_id": offer_id}
    number = session.execute(insert(corrections).values(values).returning(corrections.c.id)).scalar_one()
    _record(session, "correct", offer_id, {"correction": number, "field": field, "value": correction.value}, by, now)
    republish(session, [offer_id], now=now, by=by)
    return correction.model_copy(update={"id": number})


def undo_correction(session: Session, correction_id: int, *, by: str, now: datetime) -> None:
    """Take a correction back; an older one of the same field stands again, else what the sources say.

    Raises ``StoreError`` for an unknown or already undone correction.
    """
    row = _undo(session, corrections, correction_id, by, now)
    _record(session, "undo_correction", row.offer_id, {"correction": correction_id, "field": row.field}, by, now)
    republish(session, [row.offer_id], now=now, by=by)


def decide(
    session: Session, offer_id: str, kind: DecisionKind, *, by: str, now: datetime, why: str | None = None
) -> Decision:
    """Accept or reject an offer; the latest decision counts. Raises ``StoreError`` for an unknown offer."""
    lock_offers(session, [offer_id])
    decision = Decision(offer=offer_id, kind=kind, by=by, at=now, why=why)
    values = {"offer_id": offer_id, "kind": kind.value, "by": by, "at": now, "why": why}
    number = session.execute(insert(decisions).values(values).returning(decisions.c.id)).scalar_one()
    _record(session, kind.value, offer_id, {"decision": number, "why": why}, by, now)
    republish(session, [offer_id], now=now, by=by)
    return decision.model_copy(update={"id": number})


def undo_decision(session: Session, decision_id: int, *, by: str, now: datetime) -> None:
    """Take a decision back. Raises ``StoreError`` for an unknown or already undone decision."""
    row = _undo(session, decisions, decision_id, by, now)
    _record(session, "undo_decision", row.offer_id, {"decision": decision_id, "kind": row.kind}, by, now)
    republish(session, [row.offer_id], now=now, by=by)


def resolve_conflict(
    session: Session, review_id: int, take: Literal["correction", "source"], *, by: str, now: datetime
) -> None:
    """Close a conflict: keep the correction (it then replaces what the source says now), or take the source's value.

    Raises ``StoreError`` where there is no such open conflict.
    """
    review = _open_review(session, review_id, ReviewKind.CONFLICT)
    standing = (
        (corrections.c.offer_id == review.offer)
        & (corrections.c.field == review.field)
        & corrections.c.undone_at.is_(None)
    )
    if take == "correction":
        session.execute(update(corrections).where(standing).values(replaced=review.harvested))
    else:
        session.execute(update(corrections).where(standing).values(undone_at=now, undone_by=by))
    data = {"review": review_id, "field": review.field, "take": take}
    _record(session, "resolve_conflict", review.offer, data, by, now)
    republish(session, [review.offer], now=now, by=by)


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
    review = _open_review(session, review_id, ReviewKind.WITHDRAWAL)
    if withdraw:
        identity = same_identity(memberships, source_offers) & memberships.c.until.is_(None)
        mine = select(source_offers.c.id).join(memberships, identity).where(memberships.c.offer_id == review.offer)
        gone = update(source_offers).where(source_offers.c.id.in_(mine), ~source_offers.c.present)
        session.execute(gone.values(withdrawn="withdrawn"))
    close_reviews(session, [review_id], now=now, by=by)
    _record(session, "resolve_withdrawal", review.offer, {"review": review_id, "withdraw": withdraw}, by, now)
    republish(session, [review.offer], now=now, by=by)


def apply_due(session: Session, now: datetime) -> int:
    """Apply the stated default of every conflict and withdrawal that nobody decided in time; the number applied."""
    due = select(reviews.c.id, reviews.c.kind, reviews.c.offer_id).where(
        reviews.c.closed_at.is_(None),
        reviews.c.due_at <= now,
        reviews.c.kind.in_((ReviewKind.CONFLICT, ReviewKind.WITHDRAWAL)),
    )
    rows = session.execute(due.order_by(reviews.c.id)).all()
    lock_offers(session, [row.offer_id for row in rows])
    for row in rows:
        if row.kind == ReviewKind.CONFLICT:
            resolve_conflict(session, row.id, "correction", by=BY_DEFAULT, now=now)
        else:
            resolve_withdrawal(session, row.id, withdraw=True, by=BY_DEFAULT, now=now)
    return len(rows)


# -- what the desk sees -----------------------------------------------------------------------------------------------


def held(session: Session, *, region: str | None = None, limit: int = 50, offset: int = 0) -> list[HeldOffer]:
    """Offers about which something waits (new, unsure, in conflict, vanished), the longest waiting first."""
    since = func.min(reviews.c.opened_at)
    page = _waiting(select(reviews.c.offer_id), region).group_by(reviews.c.offer_id).order_by(since, reviews.c.offer_id)
    ids = session.scalars(page.limit(limit).offset(offset)).all()
    found = offers_by_id(session, ids)
    waiting: dict[str, list[Review]] = {offer_id: [] for offer_id in ids}
    rows = select(reviews).where(reviews.c.offer_id.in_(ids), reviews.c.closed_at.is_(None)).order_by(reviews.c.id)
    for row in session.execute(rows):
        waiting[row.offer_id].append(_review(row))
    return [HeldOffer(offer=found[offer_id], reviews=tuple(waiting[offer_id])) for offer_id in ids]


def held_count(session: Session, region: str | None = None) -> int:
    """How many offers ``held`` would list without a limit."""
    count: int = session.execute(_waiting(select(func.count(reviews.c.offer_id.distinct())), region)).scalar_one()
    return count


def detail(session: Session, offer_id: str) -> OfferDetail | None:
    """Everything about one offer, of any status; ``None`` for an unknown id."""
    offer = offer_by_id(session, offer_id)
    if offer is None:
        return None
    said = (
        select(records.c.data)
        .join(memberships, same_identity(records, memberships))
        .where(memberships.c.offer_id == offer_id, memberships.c.until.is_(None))
        .order_by(records.c.last_seen.desc(), records.c.id.desc())
    )
    corrected, decided, items = (
        session.execute(select(table).where(table.c.offer_id == offer_id).order_by(table.c.id.desc()))
        for table in (corrections, decisions, reviews)
    )
    return OfferDetail.model_construct(
        offer=offer,
        source_offers=tuple(member.source_offer for member in members_of(session, offer_id)),
        records=tuple(Record.model_validate_json(data) for data in session.scalars(said)),
        corrections=tuple(correction_of(row) for row in corrected),
        decisions=tuple(decision_of(row) for row in decided),
        reviews=tuple(_review(row) for row in items),
    )


def _waiting(query: Select[Any], region: str | None) -> Select[Any]:
    query = query.where(reviews.c.closed_at.is_(None))
    if region is None:
        return query
    return query.join(offers, offers.c.id == reviews.c.offer_id).where(offers.c.region == region)


def _review(row: Any) -> Review:
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


def _open_review(session: Session, review_id: int, kind: ReviewKind) -> Review:
    query = select(reviews).where(reviews.c.id == review_id)
    row = session.execute(query).one_or_none()
    if row is not None:
        lock_offers(session, [row.offer_id])
        row = session.execute(query).one_or_none()  # somebody else may have closed it before the lock was ours
    if row is None or row.kind != kind or row.closed_at is not None:
        raise StoreError(f"there is no open {kind} {review_id}; it may have been closed meanwhile: reload the desk")
    return _review(row)


def _undo(session: Session, table: Any, number: int, by: str, now: datetime) -> Any:
    lock_offers(session, session.scalars(select(table.c.offer_id).where(table.c.id == number)))
    standing = update(table).where(table.c.id == number, table.c.undone_at.is_(None))
    row = session.execute(standing.values(undone_at=now, undone_by=by).returning(table)).one_or_none()
    if row is None:
        raise StoreError(f"{table.name}: {number} is not known, or was undone before; reload the desk")
    return row


def _record(session: Session, action: str, subject: str, data: dict[str, Any], by: str, now: datetime) -> None:
    session.execute(insert(audit).values(at=now, by=by, action=action, subject=subject, data=data))
