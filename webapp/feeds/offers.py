"""What the feeds are made of, out of a reading session; knows nothing of requests."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.orm import Session

from schemas.publish import Change, PublicOffer
from schemas.store.offers import Licence, Tombstone, changes, latest_change, open_lines, open_page, public_offer

BATCH: Final = 500
"""Offers or changes read at once."""
BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Moment of an installation in which nothing has been published yet."""


def all_offers(session: Session, licence: Licence) -> Iterator[PublicOffer]:
    """Every shown offer in order of id, cancelled ones included, as it leaves the house; read in batches."""
    after = ""
    while batch := open_page(session, after, BATCH, licence=licence):
        yield from batch
        after = batch[-1].id


def newest_changes(session: Session, limit: int) -> list[Change]:
    """The last change of each of the ``limit`` offers changed last, newest first."""
    found: dict[str, Change] = {}
    upper = latest_change(session)
    while upper > 0 and len(found) < limit:
        lower = max(0, upper - BATCH)
        for change in reversed(changes(session, after=lower, limit=upper - lower)):
            if change.offer not in found and len(found) < limit:
                found[change.offer] = change
        upper = lower
    return list(found.values())


def newest(session: Session, limit: int, licence: Licence) -> list[tuple[PublicOffer | Tombstone, datetime]]:
    """The ``limit`` offers changed last as they leave the house now, or their tombstones, each with the moment of its
    last change; newest first."""
    changed = newest_changes(session, limit)
    shown = open_lines(session, [change.offer for change in changed], licence=licence)
    found: list[tuple[PublicOffer | Tombstone, datetime]] = []
    for change in changed:
        if change.offer in shown:
            found.append((PublicOffer.model_validate_json(shown[change.offer]), change.at))
        elif (gone := public_offer(session, change.offer)) is not None:
            found.append((gone, change.at))
    return found


def last_moment(session: Session) -> datetime:
    """When anything was last published; ``BEGINNING`` where nothing was yet."""
    number = latest_change(session)
    last = changes(session, after=number - 1, limit=1) if number else []
    return last[0].at if last else BEGINNING
