"""What tests see of the list of work."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.store.work import Work
from schemas.tables.work import work


def recent_work(session: Session, *, job: str | None = None) -> list[Work]:
    """All pieces of work, newest first."""
    wanted = select(work).order_by(work.c.scheduled_for.desc(), work.c.id.desc())
    if job is not None:
        wanted = wanted.where(work.c.job == job)
    return [Work(**{name: getattr(row, name) for name in Work.model_fields}) for row in session.execute(wanted)]
