"""What people decide at the desk about offers and their fields (law 1). Every action leaves a row in the audit trail.

What lies on the desk and waits for a decision is settled in ``schemas.store.resolving``.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.exceptions import StoreError
from schemas.harvest import Record
from schemas.offer import Offer, OfferFields, SourceOffer
from schemas.publish import harvested_fields
from schemas.review import (
    CORRECTABLE,
    Correction,
    Decision,
    DecisionKind,
    Review,
    ReviewKind,
)
from schemas.store.audit import Action, actions_of, note, note_all
from schemas.store.bulk import chunks
from schemas.store.identity import same_identity
from schemas.store.offers import offer_by_id, offers_by_id
from schemas.store.publishing import (
    correction_of,
    decision_of,
    lock_offers,
    members_of,
    merged_into,
    republish,
    successor,
)
from schemas.store.resolving import (
    BY_DEFAULT,
    apply_due,
    hold_withdrawals,
    resolve_conflict,
    resolve_withdrawal,
    review_of,
)
from schemas.tables.harvest import records
from schemas.tables.offers import memberships
from schemas.tables.reviews import corrections, decisions, reviews
from schemas.vocabulary import Verdict

__all__ = [
    "BY_DEFAULT", "HeldOffer", "OfferDetail", "apply_due", "correct", "decide", "decide_all", "detail", "held",
    "hold_withdrawals", "in_its_form", "resolve_conflict", "resolve_withdrawal", "standing_of", "undo_correction",
    "undo_decision", "undo_decisions", "waiting_kinds",
]  # fmt: skip


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
    merged: tuple[str, ...] = ()
    """Ids of offers that were merged into this one; what people said about them is among the above."""
    history: tuple[Action, ...] = ()
    """What was done to it, newest first."""


# -- actions ----------------------------------------------------------------------------------------------------------


def correct(session: Session, offer_id: str, field: str, value: Any, *, by: str, now: datetime) -> Correction:
    """Put ``value`` (in JSON form; ``None`` says *not stated*) in place of what the sources say about ``field``.

    What is said about an offer that was merged is said about its successor. Raises ``StoreError`` for an unknown offer
    or field, and for a value the field cannot hold; it names the reason.
    """
    if field not in CORRECTABLE:
        raise StoreError(f"field {field!r} cannot be corrected; known fields: {sorted(CORRECTABLE)}")
    (offer_id,) = _lock(session, [offer_id])
    fields = harvested_fields(members_of(session, offer_id))
    correction = Correction(
        offer=offer_id,
        field=field,
        value=in_its_form(fields, field, value),
        replaced=fields.model_dump(mode="json", include={field})[field],
        by=by,
        at=now,
    )
    values = correction.model_dump(include={"field", "value", "replaced", "by", "at"}) | {"offer_id": offer_id}
    number = session.execute(insert(corrections).values(values).returning(corrections.c.id)).scalar_one()
    data = {"correction": number, "field": field, "value": correction.value}
    note(session, "correct", offer_id, data, by=by, now=now)
    republish(session, [offer_id], now=now, by=by)
    return correction.model_copy(update={"id": number})


def in_its_form(fields: OfferFields, field: str, value: Any) -> Any:
    """``value`` (in JSON form) as ``field`` holds it beside ``fields``. Raises ``StoreError`` where it cannot."""
    said = fields.model_dump(mode="json", include=set(OfferFields.model_fields))
    try:
        return OfferFields.model_validate(said | {field: value}).model_dump(mode="json", include={field})[field]
    except ValidationError as error:
        raise StoreError(f"correction of {field!r} does not fit the field: {error}") from error


def undo_correction(session: Session, correction_id: int, *, by: str, now: datetime) -> None:
    """Take a correction back; an older one of the same field stands again, else what the sources say.

    Raises ``StoreError`` for an unknown or already undone correction.
    """
    (row,) = _undo(session, corrections, [correction_id], by, now)
    data = {"correction": correction_id, "field": row.field}
    note(session, "undo_correction", row.offer_id, data, by=by, now=now)
    republish(session, [successor(session, row.offer_id)], now=now, by=by)


def decide(
    session: Session, offer_id: str, kind: DecisionKind, *, by: str, now: datetime, why: str | None = None
) -> Decision:
    """Accept, reject or confirm an offer; the latest decision counts. Raises ``StoreError`` for an unknown offer."""
    return decide_all(session, [offer_id], kind, by=by, now=now, why=why)[0]


def decide_all(
    session: Session,
    offer_ids: Collection[str],
    kind: DecisionKind,
    *,
    by: str,
    now: datetime,
    why: str | None = None,
) -> list[Decision]:
    """The same decision about many offers. Raises ``StoreError`` for an unknown offer; then nothing is decided."""
    wanted = _lock(session, offer_ids)
    unsure = _unsure(session, wanted) if kind is DecisionKind.ACCEPT else dict.fromkeys(wanted)
    values: dict[str, Any] = {"kind": kind.value, "by": by, "at": now, "why": why}
    numbers: list[int] = []
    for some in chunks(wanted):
        rows = [{"offer_id": offer_id, "unsure": unsure[offer_id]} | values for offer_id in some]
        statement = insert(decisions).returning(decisions.c.id, sort_by_parameter_order=True)
        numbers += session.scalars(statement, rows).all()
    what = [(offer_id, {"decision": n, "why": why}) for offer_id, n in zip(wanted, numbers, strict=True)]
    note_all(session, kind.value, what, by=by, now=now)
    republish(session, wanted, now=now, by=by)
    return [
        Decision(id=n, offer=offer_id, kind=kind, by=by, at=now, why=why, unsure=unsure[offer_id])
        for offer_id, n in zip(wanted, numbers, strict=True)
    ]


def undo_decision(session: Session, decision_id: int, *, by: str, now: datetime) -> None:
    """Take a decision back. Raises ``StoreError`` for an unknown or already undone decision."""
    undo_decisions(session, [decision_id], by=by, now=now)


def undo_decisions(session: Session, decision_ids: Collection[int], *, by: str, now: datetime) -> None:
    """Take decisions back. Raises ``StoreError`` where one is unknown or already undone; then nothing is."""
    rows = _undo(session, decisions, decision_ids, by, now)
    what = [(row.offer_id, {"decision": row.id, "kind": row.kind}) for row in rows]
    note_all(session, "undo_decision", what, by=by, now=now)
    republish(session, [successor(session, row.offer_id) for row in rows], now=now, by=by)


def standing_of(session: Session, decision_ids: Collection[int]) -> list[int]:
    """Those of ``decision_ids`` that nobody has taken back."""
    c = decisions.c
    found: list[int] = []
    for some in chunks(decision_ids):
        found += session.scalars(select(c.id).where(c.id.in_(some), c.undone_at.is_(None)).order_by(c.id))
    return found


def latest_decision(session: Session, offer_id: str) -> DecisionKind | None:
    """Whether the offer was last accepted or rejected, as far as that stands; ``None`` where nobody decided."""
    c = decisions.c
    decisive = (DecisionKind.ACCEPT.value, DecisionKind.REJECT.value)
    standing = select(c.kind).where(c.offer_id == offer_id, c.undone_at.is_(None), c.kind.in_(decisive))
    kind = session.scalars(standing.order_by(c.id.desc()).limit(1)).first()
    return DecisionKind(kind) if kind else None


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
        waiting[row.offer_id].append(review_of(row))
    return [HeldOffer(offer=found[offer_id], reviews=tuple(waiting[offer_id])) for offer_id in ids]


def waiting_kinds(session: Session, region: str) -> dict[str, tuple[ReviewKind, ...]]:
    """Why each offer of ``region`` waits about which anything does, the longest waiting first; no offer is read."""
    c = reviews.c
    rows = session.execute(_waiting(select(c.offer_id, c.kind), region).order_by(c.opened_at, c.id))
    found: dict[str, tuple[ReviewKind, ...]] = {}
    for offer_id, kind in rows:
        known = found.get(offer_id, ())
        if kind not in known:
            found[offer_id] = (*known, ReviewKind(kind))
    return found


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
    merged = merged_into(session, [offer_id])
    corrected, decided, items = (
        session.execute(select(table).where(table.c.offer_id.in_([offer_id, *merged])).order_by(table.c.id.desc()))
        for table in (corrections, decisions, reviews)
    )
    return OfferDetail.model_construct(
        offer=offer,
        source_offers=tuple(member.source_offer for member in members_of(session, offer_id)),
        records=tuple(Record.model_validate_json(data) for data in session.scalars(said)),
        corrections=tuple(correction_of(row) for row in corrected),
        decisions=tuple(decision_of(row) for row in decided),
        reviews=tuple(review_of(row) for row in items),
        merged=tuple(merged),
        history=tuple(actions_of(session, [offer_id, *merged])),
    )


def _waiting(query: Select[Any], region: str | None) -> Select[Any]:
    query = query.where(reviews.c.closed_at.is_(None))
    if region is None:
        return query
    return query.where(reviews.c.region == region)


def _lock(session: Session, offer_ids: Collection[str]) -> list[str]:
    """Locks offers and gives what they are today: themselves, or what they were merged into."""
    known = lock_offers(session, offer_ids)
    current = [successor(session, by) if (by := known[offer_id][1]) else offer_id for offer_id in offer_ids]
    lock_offers(session, set(current) - known.keys())
    return list(dict.fromkeys(current))


def _unsure(session: Session, offer_ids: Collection[str]) -> dict[str, bool | None]:
    verdicts = {
        offer_id: offer.kita_suitability is not None and offer.kita_suitability.verdict is Verdict.UNSURE
        for offer_id, offer in offers_by_id(session, offer_ids).items()
    }
    return {offer_id: verdicts.get(offer_id) for offer_id in offer_ids}


def _undo(session: Session, table: Any, numbers: Collection[int], by: str, now: datetime) -> list[Any]:
    found: list[Any] = []
    for some in chunks(numbers):
        _lock(session, session.scalars(select(table.c.offer_id).where(table.c.id.in_(some)).distinct()).all())
        standing = update(table).where(table.c.id.in_(some), table.c.undone_at.is_(None))
        found += session.execute(standing.values(undone_at=now, undone_by=by).returning(table)).all()
    if missing := set(numbers) - {row.id for row in found}:
        raise StoreError(f"{table.name}: {min(missing)} is not known, or was undone before; reload the desk")
    return sorted(found, key=lambda row: int(row.id))
