"""Which sources are ill: active, and not read well since some run."""

from pydantic import AwareDatetime
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.harvest import RunStatus, Source
from schemas.store.runs import sources
from schemas.tables.harvest import issues, runs

_GOOD = (RunStatus.COMPLETE, RunStatus.UNCHANGED)
_BAD = (RunStatus.FAILED, RunStatus.INCOMPLETE)
_WHOLE = ("source", "run")
"""Fields of Issues that concern a whole reading."""


class Illness(Value):
    """A source that is ill."""

    source: Source
    """The source."""
    first_run: int
    """Number of the first bad run after its last good one: the illness's own number, as long as it lasts."""
    since: AwareDatetime
    """When that run began."""
    status: RunStatus
    """How its latest bad run ended."""
    message: str | None = None
    """What happened then, in German."""
    remedy: str | None = None
    """What helps, in German, where the reading knew."""

    @property
    def id(self) -> str:
        """Names this illness of this source; a later one has another."""
        return f"{self.source.name}:{self.first_run}"


def ill_sources(session: Session, region: str) -> list[Illness]:
    """Active sources of ``region`` that were last read well before a failed or incomplete run; longest ill first."""
    known = {each.name: each for each in sources(session, region) if each.active}
    good = (
        select(runs.c.source, func.max(runs.c.id).label("last"))
        .where(runs.c.status.in_(_GOOD))
        .group_by(runs.c.source)
        .subquery()
    )
    bad = (
        select(runs.c.source, func.min(runs.c.id).label("first"), func.max(runs.c.id).label("latest"))
        .outerjoin(good, good.c.source == runs.c.source)
        .where(runs.c.status.in_(_BAD), runs.c.id > func.coalesce(good.c.last, 0))
        .group_by(runs.c.source)
        .subquery()
    )
    first, latest = runs.alias("first_run"), runs.alias("latest_run")
    found = session.execute(
        select(
            bad.c.source, first.c.id.label("first"), first.c.started_at, latest.c.id, latest.c.status, latest.c.message
        )
        .join(first, first.c.id == bad.c.first)
        .join(latest, latest.c.id == bad.c.latest)
        .order_by(first.c.started_at, first.c.id)
    ).all()
    told = {
        row.run_id: row
        for row in session.execute(
            select(issues)
            .where(and_(issues.c.run_id.in_([row.id for row in found]), issues.c.field.in_(_WHOLE)))
            .where(issues.c.remedy.is_not(None))
            .order_by(issues.c.id.desc())
        )
    }
    return [
        Illness(
            source=known[row.source],
            first_run=row.first,
            since=row.started_at,
            status=RunStatus(row.status),
            message=row.message or (told[row.id].message if row.id in told else None),
            remedy=told[row.id].remedy if row.id in told else None,
        )
        for row in found
        if row.source in known
    ]
