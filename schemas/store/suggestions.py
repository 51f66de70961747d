"""What visitors say is wrong with an offer: it lies on the desk until somebody has looked, or its default applies.

Nothing about who said it is kept.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from pydantic import AwareDatetime
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.exceptions import StoreError
from schemas.review import ReviewKind
from schemas.store.audit import note
from schemas.store.publishing import lock_offers, successor
from schemas.store.queue import Cause, close_reviews, open_reviews, reopen_reviews
from schemas.tables.reviews import reviews, suggestions

MAX_WORDS: Final = 2_000
"""Characters of a suggestion that are kept."""
MAX_OPEN: Final = 20
"""Suggestions on one offer that may wait at a time; what comes beyond is not kept."""


class Suggestion(Value):
    """What a visitor said."""

    id: int
    """Its number."""
    offer: str
    """Id of the offer."""
    field: str | None = None
    """Field of the offer that is meant, where the visitor said so."""
    words: str
    """In the visitor's words."""
    at: AwareDatetime
    """When."""
    closed_at: AwareDatetime | None = None
    """When somebody was done with it."""
    closed_by: str | None = None
    """Who, or ``default``."""


def suggest(session: Session, offer_id: str, *, field: str | None, words: str, now: datetime) -> int:
    """Keep what a visitor says about an offer and lay it on the desk; the number of the suggestion.

    Said twice, it is kept once. Raises ``StoreError`` for an unknown offer, for no words, and where ``MAX_OPEN``
    suggestions on this offer are waiting already.
    """
    said = words.replace("\0", "").strip()[:MAX_WORDS]
    if not said:
        raise StoreError("a suggestion needs words; ask the visitor what is wrong")
    lock_offers(session, [offer_id])
    offer_id = successor(session, offer_id)
    c = suggestions.c
    waiting = session.execute(select(c.id, c.field, c.words).where(c.offer_id == offer_id, c.closed_at.is_(None))).all()
    for row in waiting:
        if (row.field, row.words) == (field, said):
            return int(row.id)
    if len(waiting) >= MAX_OPEN:
        raise StoreError(f"offer {offer_id}: {MAX_OPEN} suggestions are waiting; decide on them at the desk first")
    values = {"offer_id": offer_id, "field": field, "words": said, "at": now}
    number: int = session.execute(insert(suggestions).values(values).returning(c.id)).scalar_one()
    open_reviews(session, [Cause(offer_id, ReviewKind.SUGGESTION, str(number), said, field)], now=now)
    return number


def suggestions_of(session: Session, offer_ids: Collection[str]) -> list[Suggestion]:
    """What visitors said about these offers (at most 500), closed ones included, oldest first."""
    query = select(suggestions).where(suggestions.c.offer_id.in_(offer_ids)).order_by(suggestions.c.id)
    return [
        Suggestion(
            id=row.id,
            offer=row.offer_id,
            field=row.field,
            words=row.words,
            at=row.at,
            closed_at=row.closed_at,
            closed_by=row.closed_by,
        )
        for row in session.execute(query)
    ]


def close_suggestion(session: Session, number: int, *, by: str, now: datetime) -> None:
    """Somebody has looked at it. Raises ``StoreError`` where no such suggestion is open."""
    row = session.execute(select(suggestions.c.offer_id).where(suggestions.c.id == number)).one_or_none()
    if row is not None:
        lock_offers(session, [row.offer_id])
    standing = update(suggestions).where(suggestions.c.id == number, suggestions.c.closed_at.is_(None))
    closed = session.execute(standing.values(closed_at=now, closed_by=by).returning(suggestions.c.id)).one_or_none()
    if row is None or closed is None:
        raise StoreError(f"suggestion {number} is not open; it may have been closed meanwhile: reload the desk")
    close_reviews(session, _reviews_of(session, number, row.offer_id), now=now, by=by)
    note(session, "close_suggestion", row.offer_id, {"suggestion": number}, by=by, now=now)


def reopen_suggestion(session: Session, number: int, *, now: datetime) -> None:
    """Lay a closed suggestion on the desk again, as old as it is. Raises ``StoreError`` where it is not closed."""
    closed = update(suggestions).where(suggestions.c.id == number, suggestions.c.closed_at.is_not(None))
    back = closed.values(closed_at=None, closed_by=None).returning(suggestions.c.offer_id)
    offer_id = session.execute(back).scalar_one_or_none()
    if offer_id is None:
        raise StoreError(f"suggestion {number} is not closed; reload the desk")
    reopen_reviews(session, _reviews_of(session, number, offer_id), now=now)


def _reviews_of(session: Session, number: int, offer_id: str) -> list[int]:
    """Numbers of the items about a suggestion; after a merge they lie on the successor of its offer."""
    about = reviews.c.offer_id.in_((offer_id, successor(session, offer_id)))
    mine = about & (reviews.c.kind == ReviewKind.SUGGESTION) & (reviews.c.field == str(number))
    return list(session.scalars(select(reviews.c.id).where(mine)))
