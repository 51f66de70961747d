"""Which sources are ill: active, and not read well since some run, or with offers that state much less since then."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import AwareDatetime
from sqlalchemy import Subquery, and_, func, select
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.harvest import Drift, FillRates, RunStatus, Source
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
    """Number of the first run that was so: the illness's own number, as long as it lasts."""
    since: AwareDatetime
    """When that run began."""
    status: RunStatus
    """How its latest run ended."""
    message: str | None = None
    """What happened then, in German."""
    remedy: str | None = None
    """What helps, in German, where the reading knew."""

    @property
    def id(self) -> str:
        """Names this illness of this source; a later one has another."""
        return f"{self.source.name}:{self.first_run}"


def ill_sources(session: Session, region: str) -> list[Illness]:
    """What active sources of ``region`` suffer from; longest ill first.

    A source that was last read well before a failed or incomplete run has this one illness; one that was read well may
    have several, by the runs in which its offers began to state less.
    """
    known = {each.name: each for each in sources(session, region) if each.active}
    unread = _unread(session, known)
    read = {name: each for name, each in known.items() if name not in {ill.source.name for ill in unread}}
    return sorted([*unread, *_drifted(session, read)], key=lambda each: (each.since, each.first_run))


def _unread(session: Session, known: Mapping[str, Source]) -> list[Illness]:
    """Those that were not read well since some run."""
    good = _last_good()
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


def _drifted(session: Session, known: Mapping[str, Source]) -> list[Illness]:
    """Those whose offers state less since some run than they did, or than is expected."""
    good = _last_good()
    query = (
        select(runs.c.source, runs.c.status, runs.c.fill)
        .join(good, runs.c.id == good.c.last)
        .where(runs.c.fill.is_not(None))
    )
    found: dict[tuple[str, int], tuple[RunStatus, list[Drift]]] = {}
    for name, status, fill in session.execute(query):
        for drift in FillRates.model_validate(fill).illnesses if name in known else ():
            if drift.since is not None:
                found.setdefault((name, drift.since), (RunStatus(status), []))[1].append(drift)
    began = select(runs.c.id, runs.c.started_at).where(runs.c.id.in_({first for _, first in found}))
    since: dict[int, datetime] = {row.id: row.started_at for row in session.execute(began)}
    return [
        Illness(
            source=known[name],
            first_run=first,
            since=since[first],
            status=status,
            message=" ".join(drift.message for drift in drifts),
            remedy=drifts[0].remedy,
        )
        for (name, first), (status, drifts) in found.items()
    ]


def _last_good() -> Subquery:
    """The last run of each source that was read well."""
    query = select(runs.c.source, func.max(runs.c.id).label("last")).where(runs.c.status.in_(_GOOD))
    return query.group_by(runs.c.source).subquery()
