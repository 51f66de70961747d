"""Weeks that a coordinator stopped: the Kitas of that Region get no weekly mail until it is taken back."""

from collections import defaultdict
from datetime import datetime

from pydantic import AwareDatetime
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.tables.letters import week_stops


class WeekStop(Value):
    """A stop that holds."""

    week: str
    """ISO week."""
    region: str
    """Official key of the Region."""
    by: str
    """Coordinator who stopped it."""
    at: AwareDatetime
    """When."""


def stop_week(session: Session, region: str, week: str, *, by: str, now: datetime) -> bool:
    """Stop the mails of ``week`` for that Region; ``False`` where they are stopped already."""
    if stopped(session, region, week) is not None:
        return False
    session.execute(week_stops.insert().values(week=week, region=region, by=by, at=now))
    return True


def undo_stop(session: Session, region: str, week: str, *, by: str, now: datetime) -> bool:
    """Let the mails of ``week`` go out after all; ``False`` where they were not stopped."""
    holding = (week_stops.c.region == region, week_stops.c.week == week, week_stops.c.undone_at.is_(None))
    undone = update(week_stops).where(*holding).values(undone_at=now, undone_by=by).returning(week_stops.c.id)
    return bool(session.execute(undone).all())


def stopped(session: Session, region: str, week: str) -> WeekStop | None:
    """The stop of ``week`` in that Region that holds; ``None`` where its mails go out."""
    holding = (week_stops.c.region == region, week_stops.c.week == week, week_stops.c.undone_at.is_(None))
    row = session.execute(select(week_stops).where(*holding).order_by(week_stops.c.id).limit(1)).one_or_none()
    return WeekStop(week=row.week, region=row.region, by=row.by, at=row.at) if row is not None else None


def stopped_regions(session: Session) -> dict[str, frozenset[str]]:
    """Keys of the Regions that are stopped, by week."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in session.execute(select(week_stops.c.week, week_stops.c.region).where(week_stops.c.undone_at.is_(None))):
        found[row.week].add(row.region)
    return {week: frozenset(regions) for week, regions in found.items()}
