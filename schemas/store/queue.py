"""What lies on the desk: reviews open when a cause appears and close by themselves when it goes away."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, case, exists, insert, select, update
from sqlalchemy.orm import Session

from schemas.offer import Offer, OfferFields
from schemas.review import Correction, ReviewKind, find_conflicts
from schemas.store.bulk import chunks
from schemas.tables.offers import offers
from schemas.tables.reviews import reviews
from schemas.vocabulary import Status

DUE: Final = timedelta(days=14)
"""How long an item waits before its default applies."""

DEFAULTS: Final = {
    ReviewKind.NEW_OFFER: "stay_held",
    ReviewKind.UNSURE: "stay_held",
    ReviewKind.CONFLICT: "keep_correction",
    ReviewKind.WITHDRAWAL: "withdraw",
    ReviewKind.DUPLICATE: "keep_both",
    ReviewKind.SUGGESTION: "keep_value",
}
"""What happens to an item that nobody decides, by its kind."""

_BY_REASON: Final = {"new_source": ReviewKind.NEW_OFFER, "unsure": ReviewKind.UNSURE}
_AUTOMATIC: Final = (ReviewKind.NEW_OFFER, ReviewKind.UNSURE, ReviewKind.CONFLICT)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something should lie on the desk."""

    offer: str
    """Id of the offer."""
    kind: ReviewKind
    """Why."""
    field: str = ""
    """For a conflict: the field."""
    harvested: Any = None
    """For a conflict: what the source says now."""
    corrected: Any = None
    """For a conflict: what the person said."""
    replaced: Any = None
    """For a conflict: what the source said then."""


def causes(offer: Offer, harvested: OfferFields | None, corrections: Collection[Correction]) -> list[Cause]:
    """What should lie on the desk for ``offer``; ``harvested`` is needed only where there are corrections.

    What is gone raises no question; should it come back, the question does too.
    """
    found = []
    if offer.status is Status.HELD and offer.status_reason in _BY_REASON:
        found.append(Cause(offer.id, _BY_REASON[offer.status_reason]))
    if harvested is not None and offer.status is not Status.GONE:
        found += [
            Cause(offer.id, ReviewKind.CONFLICT, c.field, c.harvested, c.corrected, c.replaced)
            for c in find_conflicts(harvested, tuple(corrections))
        ]
    return found


def sync_reviews(
    session: Session, offer_ids: Collection[str], wanted: Iterable[Cause], *, now: datetime, by: str
) -> None:
    """Open what is ``wanted``, bring open items up to date, close the others of ``offer_ids`` in the name of ``by``."""
    missing = {(cause.offer, cause.kind.value, cause.field): cause for cause in wanted}
    closed, changed = [], []
    columns = (reviews.c.id, reviews.c.offer_id, reviews.c.kind, reviews.c.field)
    values = (reviews.c.harvested, reviews.c.corrected, reviews.c.replaced)
    for ids in chunks(offer_ids):
        standing = select(*columns, *values).where(
            reviews.c.offer_id.in_(ids), reviews.c.closed_at.is_(None), reviews.c.kind.in_(_AUTOMATIC)
        )
        for number, offer, kind, field, *seen in session.execute(standing):
            cause = missing.pop((offer, kind, field), None)
            if cause is None:
                closed.append({"number": number})
            elif seen != [cause.harvested, cause.corrected, cause.replaced]:
                changed.append({"number": number} | _values(cause))
    if closed:
        close_reviews(session, [row["number"] for row in closed], now=now, by=by)
    if changed:
        session.execute(
            update(reviews).where(reviews.c.id == bindparam("number")).execution_options(synchronize_session=None),
            changed,
        )
    open_reviews(session, missing.values(), now=now)


def open_reviews(session: Session, wanted: Iterable[Cause], *, now: datetime) -> None:
    """Lay new items on the desk, with the day on which their default applies."""
    wanted = list(wanted)
    region = _regions(session, {cause.offer for cause in wanted})
    rows = [
        {
            "kind": cause.kind.value,
            "offer_id": cause.offer,
            "field": cause.field,
            "opened_at": now,
            "due_at": now + DUE,
            "default": DEFAULTS[cause.kind],
            "region": region[cause.offer],
        }
        | _values(cause)
        for cause in wanted
    ]
    if rows:
        session.execute(insert(reviews), rows)


def close_reviews(session: Session, numbers: Collection[int], *, now: datetime, by: str) -> None:
    """Close items in the name of ``by``."""
    for some in chunks(numbers):
        session.execute(update(reviews).where(reviews.c.id.in_(some)).values(closed_at=now, closed_by=by))


def reopen_reviews(session: Session, numbers: Collection[int], *, now: datetime) -> None:
    """Lay closed items on the desk again, as old as they are, unless the same question is open already.

    A default that was due meanwhile gets its full time again.
    """
    twin = reviews.alias()
    same = (twin.c.offer_id == reviews.c.offer_id) & (twin.c.kind == reviews.c.kind) & (twin.c.field == reviews.c.field)
    asked = exists().where(same, twin.c.closed_at.is_(None))
    for some in chunks(numbers):
        again = update(reviews).where(reviews.c.id.in_(some), reviews.c.closed_at.is_not(None), ~asked)
        due = case((reviews.c.due_at <= now, now + DUE), else_=reviews.c.due_at)
        session.execute(again.values(closed_at=None, closed_by=None, due_at=due))


def close_withdrawals(session: Session, offer_ids: Collection[str], *, now: datetime, by: str) -> None:
    """Close held withdrawals of offers that are shown again, or withdrawn without waiting for a decision."""
    for ids in chunks(offer_ids):
        waiting = (reviews.c.kind == ReviewKind.WITHDRAWAL) & reviews.c.closed_at.is_(None)
        session.execute(update(reviews).where(waiting, reviews.c.offer_id.in_(ids)).values(closed_at=now, closed_by=by))


def _regions(session: Session, offer_ids: Collection[str]) -> dict[str, str]:
    """The Region of each offer, which stays until the commit."""
    found: dict[str, str] = {}
    for some in chunks(sorted(offer_ids)):
        query = select(offers.c.id, offers.c.region).where(offers.c.id.in_(some)).order_by(offers.c.id)
        found.update((row.id, row.region) for row in session.execute(query.with_for_update(read=True)))
    return found


def _values(cause: Cause) -> dict[str, Any]:
    return {"harvested": cause.harvested, "corrected": cause.corrected, "replaced": cause.replaced}
