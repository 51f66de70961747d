"""What the database knows about its own health: the latest moment, what is stuck, what failed lately."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.tables.harvest import runs
from schemas.tables.letters import letters
from schemas.tables.offers import changes
from schemas.tables.people import digests
from schemas.tables.work import audit, work

_HAPPENED: Final = (
    audit.c.at,
    changes.c.at,
    runs.c.started_at,
    work.c.started_at,
    work.c.finished_at,
    digests.c.rendered_at,
    digests.c.sent_at,
    letters.c.rendered_at,
    letters.c.sent_at,
)
"""Moments of what has happened; none of them can lie ahead."""
_SHOWN: Final = 5


class Trouble(Value):
    """Work that is not as it should be."""

    job: str
    """Name of the job."""
    state: str
    """Where it stands."""
    since: datetime
    """Its scheduled moment."""
    error: str | None = None
    """What went wrong."""


class MailTrouble(Value):
    """Mails that are not as they should be, by ledger."""

    waiting: int
    """Written longer ago than the limit and not sent."""
    sending: int
    """Claimed longer ago than the limit: the sender died or still tries."""
    unsure: int
    """May have been sent."""
    failed: int
    """Refused or given up."""


def latest_moment(session: Session) -> datetime | None:
    """The latest moment of anything that has happened; ``None`` in an empty database."""
    found = [moment for each in _HAPPENED if (moment := session.scalar(select(func.max(each)))) is not None]
    return max(found, default=None)


def troubled_work(session: Session, *, now: datetime, since: datetime, overdue: timedelta) -> list[Trouble]:
    """Work that fell silent, is due for longer than ``overdue``, or ended badly after ``since``; newest first."""
    silent = (work.c.state == "running") & (work.c.lease_until <= now)
    due = (work.c.state == "due") & (work.c.scheduled_for <= now - overdue)
    bad = work.c.state.in_(["failed", "crashed"]) & (work.c.finished_at >= since)
    wanted = (
        select(work.c.job, work.c.state, work.c.scheduled_for, work.c.error)
        .where(silent | due | bad)
        .order_by(work.c.scheduled_for.desc())
        .limit(_SHOWN)
    )
    return [
        Trouble(job=row.job, state=row.state, since=row.scheduled_for, error=row.error)
        for row in session.execute(wanted)
    ]


def troubled_mails(session: Session, *, since: datetime, before: datetime) -> MailTrouble:
    """Weekly mails and letters rendered after ``since`` that are in trouble; ``before`` is when they should have been
    sent.
    """

    def count(*conditions: ColumnElement[bool]) -> int:
        return session.scalar(select(func.count()).where(*conditions)) or 0

    found = {"waiting": 0, "sending": 0, "unsure": 0, "failed": 0}
    for ledger in (digests, letters):
        late = {"new": ledger.c.rendered_at <= before, "sending": ledger.c.claimed_at <= before}
        for name, state in (("waiting", "new"), ("sending", "sending"), ("unsure", "unsure"), ("failed", "failed")):
            condition = late.get(state, ledger.c.rendered_at >= since)
            found[name] += count(ledger.c.state == state, condition)
    return MailTrouble(**found)
