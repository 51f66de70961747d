"""How often somebody did something in a span of time; who it was is known by a keyed hash only, for a day.

Never reached from feeds (law 8).
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from schemas.store.dialect import insert
from schemas.tables.letters import rates

FORGET_AFTER: Final = timedelta(days=1)
"""Counts whose span of time began longer ago are deleted."""


def count(session: Session, name: str, key: str, *, window: datetime) -> int:
    """Count one attempt at ``name`` by ``key`` in the span that begins at ``window``; gives how many there are now.

    One statement on both databases, so attempts at the same moment are all counted.
    """
    first = insert(session, rates).values(name=name, key=key, window=window, count=1)
    counted = first.on_conflict_do_update(
        index_elements=["name", "key", "window"], set_={"count": rates.c.count + 1}
    ).returning(rates.c.count)
    number: int = session.execute(counted).scalar_one()
    return number


def counted(session: Session, name: str, key: str, *, window: datetime) -> int:
    """How many attempts were counted in that span."""
    here = (rates.c.name == name, rates.c.key == key, rates.c.window == window)
    return session.scalar(select(rates.c.count).where(*here)) or 0


def purge_rates(session: Session, now: datetime) -> int:
    """Delete counts older than ``FORGET_AFTER``; gives how many."""
    old = rates.c.window < now - FORGET_AFTER
    return len(session.execute(delete(rates).where(old).returning(rates.c.name)).all())
