"""Sources and the runs that read them, with their leases and Issues (laws 1, 2 and 10)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import and_, exists, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from schemas.exceptions import StoreError
from schemas.harvest import HarvestRun, Issue, RunStatus, Source
from schemas.store.publishing import republish
from schemas.tables import harvest as tables
from schemas.tables.offers import memberships, offers, published

LEASE: Final = timedelta(minutes=15)
"""How long a run may be silent before it counts as crashed; every ``save_readings`` and ``renew_run`` extends it."""

_COUNTS: Final = ("records", "new", "changed", "unchanged", "returned", "missing", "withdrawn")


def save_source(session: Session, source: Source, *, origin: Literal["file", "desk"], now: datetime) -> None:
    """Store ``source`` under its name.

    Where it changed, its offers are published by its new trust, rights and Region at once, and marked to be read again
    (``KnownOffer.reading`` is then empty).
    """
    data = source.model_dump(mode="json")
    found = session.execute(
        select(tables.sources.c.data, tables.sources.c.origin).where(tables.sources.c.name == source.name)
    ).one_or_none()
    if found is not None and found.data == data and found.origin == origin:
        return
    values = {"region": source.region, "origin": origin, "active": source.active, "data": data, "updated_at": now}
    if found is None:
        session.execute(insert(tables.sources).values(name=source.name, created_at=now, **values))
        return
    session.execute(update(tables.sources).where(tables.sources.c.name == source.name).values(**values))
    if found.data != data:
        session.execute(
            update(tables.source_offers).where(tables.source_offers.c.source == source.name).values(reading="")
        )
        of_source = and_(memberships.c.source == source.name, memberships.c.until.is_(None))
        member = select(memberships.c.offer_id).where(of_source)
        session.execute(update(offers).where(offers.c.id.in_(member)).values(region=source.region))
        republish(session, session.scalars(member.order_by(memberships.c.id)).all(), now=now)


def source(session: Session, name: str) -> Source | None:
    """The source of that name."""
    data = session.execute(select(tables.sources.c.data).where(tables.sources.c.name == name)).scalar_one_or_none()
    return None if data is None else Source.model_validate(data)


def sources(session: Session, region: str | None = None) -> list[Source]:
    """All sources by name, or those of one Region."""
    query = select(tables.sources.c.data).order_by(tables.sources.c.name)
    if region is not None:
        query = query.where(tables.sources.c.region == region)
    return [Source.model_validate(data) for data in session.scalars(query)]


# -- runs -------------------------------------------------------------------------------------------------------------


def start_run(session: Session, source_name: str, now: datetime, *, lease: timedelta = LEASE) -> int:
    """Begin a run; its number is the fence under which its results are written.

    A run of the same source whose lease has ended is marked failed. Raises ``StoreError`` for an unknown source, or
    while another run of it is going on.
    """
    if session.execute(select(tables.sources.c.name).where(tables.sources.c.name == source_name)).one_or_none() is None:
        raise StoreError(f"source {source_name!r} is not stored; save_source() comes before a run")
    going_on = and_(tables.runs.c.source == source_name, tables.runs.c.status == RunStatus.RUNNING)
    session.execute(
        update(tables.runs)
        .where(going_on, tables.runs.c.lease_until <= now)
        .values(
            status=RunStatus.FAILED, finished_at=now, message="Der Abruf ist abgebrochen; nichts wurde zurückgezogen."
        )
    )
    until = session.execute(select(tables.runs.c.lease_until).where(going_on)).scalar_one_or_none()
    if until is None:
        values = {"source": source_name, "status": RunStatus.RUNNING, "started_at": now, "lease_until": now + lease}
        try:
            with session.begin_nested():
                started = session.execute(insert(tables.runs).values(values).returning(tables.runs.c.id))
                number: int = started.scalar_one()
        except IntegrityError:
            until = now + lease  # another process was faster by less than a transaction
        else:
            return number
    raise StoreError(
        f"{source_name}: a run is going on (given up after {until:%Y-%m-%d %H:%M} UTC); wait, or stop that process"
    )


def renew_run(session: Session, run_id: int, now: datetime, *, lease: timedelta = LEASE) -> None:
    """Report that the run is alive; raises ``StoreError`` when it has been given up meanwhile."""
    alive = (
        update(tables.runs)
        .where(tables.runs.c.id == run_id, tables.runs.c.status == RunStatus.RUNNING)
        .values(lease_until=now + lease)
    )
    if session.execute(alive.returning(tables.runs.c.source)).one_or_none() is None:
        raise StoreError(f"run {run_id} is no longer running; its results are not taken (start a new run)")


def finish_run(session: Session, run: HarvestRun) -> None:
    """Store how the run ended, with its Issues grouped, and pass on when its offers were seen.

    Raises ``StoreError`` when the run has no number, has no end, or has been given up meanwhile.
    """
    if run.id is None or run.finished_at is None or run.status is RunStatus.RUNNING:
        raise StoreError(f"{run.source}: a run is finished with its id, an end and a status other than running")
    renew_run(session, run.id, run.finished_at)
    values = {name: getattr(run, name) for name in _COUNTS} | {"status": run.status, "finished_at": run.finished_at}
    session.execute(update(tables.runs).where(tables.runs.c.id == run.id).values(message=_plain(run.message), **values))
    if rows := [_issue_row(run.id, issue) for issue in grouped(run.issues)]:
        session.execute(insert(tables.issues), rows)
    of_run = and_(tables.source_offers.c.source == run.source, tables.source_offers.c.last_run == run.id)
    shown = (
        select(memberships.c.offer_id)
        .join(tables.source_offers, same_identity(memberships, tables.source_offers))
        .where(of_run)
    )
    session.execute(
        update(published)
        .where(published.c.offer_id.in_(shown.where(memberships.c.until.is_(None))))
        .values(last_seen=run.started_at)
    )
    current = and_(
        same_identity(tables.records, tables.source_offers),
        tables.records.c.fingerprint == tables.source_offers.c.fingerprint,
        of_run,
    )
    session.execute(
        update(tables.records)
        .where(tables.records.c.source == run.source, exists().where(current))
        .values(last_run=run.id, last_seen=run.started_at)
    )


def grouped(found: Iterable[Issue]) -> list[Issue]:
    """One Issue per field, rule and wording, the first of each, with how often it was met; in order of appearance."""
    groups: dict[tuple[str, str, str], Issue] = {}
    counts: dict[tuple[str, str, str], int] = {}
    for issue in found:
        group = (issue.field, issue.rule, issue.wording)
        groups.setdefault(group, issue)
        counts[group] = counts.get(group, 0) + issue.count
    return [issue.model_copy(update={"count": counts[group]}) for group, issue in groups.items()]


def runs(
    session: Session, *, source: str | None = None, region: str | None = None, limit: int = 50
) -> list[HarvestRun]:
    """The latest runs, newest first, with their Issues."""
    query = select(tables.runs).order_by(tables.runs.c.id.desc()).limit(limit)
    if source is not None:
        query = query.where(tables.runs.c.source == source)
    if region is not None:
        query = query.join(tables.sources, tables.sources.c.name == tables.runs.c.source).where(
            tables.sources.c.region == region
        )
    rows = session.execute(query).all()
    by_run: dict[int, list[Issue]] = {row.id: [] for row in rows}
    of_runs = select(tables.issues).where(tables.issues.c.run_id.in_(by_run)).order_by(tables.issues.c.id)
    for row in session.execute(of_runs).mappings():
        by_run[row["run_id"]].append(Issue.model_validate({name: row[name] for name in Issue.model_fields}))
    return [
        HarvestRun(
            id=row.id,
            source=row.source,
            started_at=row.started_at,
            finished_at=row.finished_at,
            status=row.status,
            message=row.message,
            issues=tuple(by_run[row.id]),
            **{name: getattr(row, name) for name in _COUNTS},
        )
        for row in rows
    ]


def same_identity(left: Any, right: Any) -> Any:
    """Whether rows of two tables are about the same (source, key, part)."""
    return and_(left.c.source == right.c.source, left.c.key == right.c.key, left.c.part == right.c.part)


def _issue_row(run_id: int, issue: Issue) -> dict[str, Any]:
    return {"run_id": run_id} | {
        name: _plain(value) if isinstance(value, str) else value for name, value in issue.model_dump().items()
    }


def _plain(text: str | None) -> str | None:
    """``text`` without NUL, which PostgreSQL cannot hold."""
    return None if text is None else text.replace("\0", "\N{REPLACEMENT CHARACTER}")
