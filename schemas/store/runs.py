"""Sources and the runs that read them, with their leases and Issues (laws 1, 2 and 10)."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from pydantic import AwareDatetime, ValidationError
from sqlalchemy import Row, and_, delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.exceptions import StoreError
from schemas.harvest import FillRates, HarvestRun, Issue, RunStatus, Source
from schemas.store.audit import note
from schemas.store.following import mark_source
from schemas.store.identity import same_identity
from schemas.store.withdrawing import keys_of, withdraw
from schemas.store.wordings import keep_wordings
from schemas.tables import harvest as tables
from schemas.tables.offers import memberships, published

LEASE: Final = timedelta(minutes=15)
"""How long a run may be silent before it counts as crashed; every ``save_readings`` and ``renew_run`` extends it."""

STEERABLE: Final = frozenset(
    (
        "active",
        "trust",
        "status",
        "rhythm",
        "lookups",
        "title",
        "provider",
        "homepage",
        "contact",
        "rights",
        "expect",
        "access",
    )
)
"""Keys of a description that the desk may decide about."""

STEER: Final = "source.steer"
"""Action by which the desk decides about a source."""
_QUIET: Final = frozenset(("active", "status", "rhythm", "contact", "expect", "title", "homepage"))
"""Keys on which no offer depends."""
_LOCK: Final = 0x6E616D65  # "name"; one choice of a new source's name at a time
_COUNTS: Final = ("records", "new", "changed", "unchanged", "returned", "missing", "withdrawn")


class SourceState(Value):
    """What is known of a stored source besides its description."""

    name: str
    """Name of the source."""
    origin: Literal["file", "desk"]
    """Whether a file describes it, or the desk made it."""
    overlay: dict[str, Any] = {}
    """What the desk decided about a source from a file: keys of its description and the values that count."""
    previewed_at: AwareDatetime | None = None
    """When a preview of this installation last found offers."""
    deleted_at: AwareDatetime | None = None
    """When it was deleted at the desk."""


def save_source(session: Session, source: Source, *, origin: Literal["file", "desk"], now: datetime) -> Source:
    """Store ``source`` under its name; the description that counts from now on.

    What the desk decided about a source from a file stays laid over whatever the file says; a file changes neither a
    source of the desk that has its name nor one that was deleted (law 1). Where what its offers depend on has changed,
    they follow at once, of very many the first (``schemas.store.following``). Raises ``StoreError`` where the desk
    wants the name of a file, or of a deleted source.
    """
    found = _stored(session, source.name, lock=True)
    if found is None:
        data = source.model_dump(mode="json")
        values = {"region": source.region, "origin": origin, "active": source.active, "data": data}
        session.execute(insert(tables.sources).values(name=source.name, created_at=now, updated_at=now, **values))
        return source
    if origin == "desk" and (found.origin == "file" or found.deleted_at is not None):
        was = "deleted" if found.deleted_at is not None else "described by a file"
        raise StoreError(f"source {source.name!r} is {was}; choose another name, or steer_source() it")
    counts = source if origin == "desk" else _described(source, found)
    _replace(session, found.data, counts, now)
    return counts


def settle_name(session: Session) -> None:
    """Begin to choose the name of a new source: whoever else does waits until this transaction ends, then sees it.

    What the choice depends on is read after this. On SQLite every writing transaction is alone anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def described(session: Session, source: Source) -> Source | None:
    """What counts for a source that a file describes as ``source``; ``None`` where it was deleted at the desk."""
    found = _stored(session, source.name)
    if found is None:
        return source
    return None if found.deleted_at is not None else _described(source, found)


def steer_source(
    session: Session, name: str, changes: Mapping[str, Any], *, by: str, now: datetime, undoes: int | None = None
) -> Source:
    """Decide something about a source at the desk; the description that counts from now on.

    ``changes`` are keys of ``Source`` with their new JSON values (``STEERABLE``). ``lookups`` are laid into those that
    there are, wording by wording; ``None`` as a meaning takes a wording out again. For a source from a file they become
    its overlay, which no later version of the file erases. Raises ``StoreError`` for an unknown or deleted source, for
    a key that is not to be decided at the desk, and for values that do not fit. ``undoes`` is the number of the action
    that is taken back by it.
    """
    found = _stored(session, name, lock=True)
    if found is None or found.deleted_at is not None:
        raise StoreError(f"source {name!r} is not stored (any more); it cannot be steered")
    if wrong := changes.keys() - STEERABLE:
        raise StoreError(
            f"{', '.join(sorted(wrong))}: not to be decided at the desk; {', '.join(sorted(STEERABLE))} are"
        )
    try:
        counts = Source.model_validate(_laid_over(found.data, changes))
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise StoreError(f"source {name}: {where}: read {str(fault['input'])[:80]!r}; {fault['msg']}") from error
    if found.origin == "file":
        overlay = _laid_over(found.overlay or {}, changes)
        session.execute(update(tables.sources).where(tables.sources.c.name == name).values(overlay=overlay))
    _replace(session, found.data, counts, now)
    was = {key: found.data.get(key) for key in changes}
    data = {"was": was, "is": dict(changes)} | ({} if undoes is None else {"undoes": undoes})
    note(session, STEER, f"source:{name}", data, by=by, now=now)
    return counts


def delete_source(session: Session, name: str, *, by: str, now: datetime) -> int:
    """Delete a source for good: withdraw its offers, delete what it said, never read it again; the offers withdrawn.

    Tombstones and the decisions about its offers stay; a run that goes on has nothing to write any more. Raises
    ``StoreError`` for an unknown or deleted source.
    """
    found = _stored(session, name, lock=True)
    if found is None or found.deleted_at is not None:
        raise StoreError(f"source {name!r} is not stored (any more); it cannot be deleted")
    mine, run = tables.records.c.source == name, tables.runs.c
    session.execute(
        update(tables.runs)
        .where(run.source == name, run.status == RunStatus.RUNNING)
        .values(status=RunStatus.FAILED, finished_at=now, message="Die Quelle wurde während des Abrufs gelöscht.")
    )
    withdrawn = withdraw(session, keys_of(session, name), reason="deleted", by=by, now=now)
    session.execute(delete(tables.records).where(mine))
    session.execute(delete(tables.pages).where(tables.pages.c.source == name))
    open_wordings = (tables.wordings.c.source == name, tables.wordings.c.decided.is_(None))
    session.execute(delete(tables.wordings).where(*open_wordings))
    values = {"deleted_at": now, "active": False, "data": found.data | {"active": False}, "updated_at": now}
    session.execute(update(tables.sources).where(tables.sources.c.name == name).values(**values))
    note(session, "source.delete", f"source:{name}", {"withdrawn": withdrawn}, by=by, now=now)
    return withdrawn


def mark_previewed(session: Session, name: str, *, now: datetime) -> None:
    """Remember that a preview has found offers of this source."""
    session.execute(update(tables.sources).where(tables.sources.c.name == name).values(previewed_at=now))


def source(session: Session, name: str, *, lock: bool = False) -> Source | None:
    """The source of that name, ``None`` for one unknown or deleted; with ``lock`` it stays so until the commit."""
    found = _stored(session, name, lock=lock)
    return None if found is None or found.deleted_at is not None else Source.model_validate(found.data)


def sources(session: Session, region: str | None = None) -> list[Source]:
    """All sources by name, or those of one Region; deleted ones are left out."""
    query = select(tables.sources.c.data).where(tables.sources.c.deleted_at.is_(None)).order_by(tables.sources.c.name)
    if region is not None:
        query = query.where(tables.sources.c.region == region)
    return [Source.model_validate(data) for data in session.scalars(query)]


def source_state(session: Session, name: str) -> SourceState | None:
    """What is known of a source besides its description, also of a deleted one."""
    found = _stored(session, name)
    if found is None:
        return None
    known = {key: getattr(found, key) for key in SourceState.model_fields}
    return SourceState.model_validate(known | {"overlay": found.overlay or {}})


def _stored(session: Session, name: str, *, lock: bool = False) -> Row[Any] | None:
    """The row of a source; held to the end of the transaction with ``lock``. Whoever changes a source holds it first,
    before its offers."""
    query = select(tables.sources).where(tables.sources.c.name == name)
    return session.execute(query.with_for_update() if lock else query).one_or_none()


def _described(source: Source, found: Row[Any]) -> Source:
    """What counts where a file says ``source``: the row itself where no file has a say any more."""
    if found.origin == "desk" or found.deleted_at is not None:
        return Source.model_validate(found.data)
    return Source.model_validate(_laid_over(source.model_dump(mode="json"), found.overlay or {}))


def _laid_over(data: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``data`` with ``changes``; lookups are laid into each other, wording by wording."""
    laid = {**data, **changes}
    if "lookups" in changes:
        laid["lookups"] = lookups = {field: dict(table) for field, table in data.get("lookups", {}).items()}
        for field, table in changes["lookups"].items():
            known = lookups.get(field, {}) | table
            lookups[field] = {wording: meaning for wording, meaning in known.items() if meaning is not None}
        laid["lookups"] = {field: table for field, table in lookups.items() if table}
    return laid


def _replace(session: Session, old: Mapping[str, Any], source: Source, now: datetime) -> None:
    """Make ``source`` what counts instead of ``old``, and bring its offers up to date where they depend on it."""
    data = source.model_dump(mode="json")
    if data == old:
        return
    values = {"region": source.region, "active": source.active, "data": data, "updated_at": now}
    session.execute(update(tables.sources).where(tables.sources.c.name == source.name).values(**values))
    if all(data[key] == old.get(key) for key in data.keys() - _QUIET):
        return
    mark_source(session, source.name, now=now)


# -- runs -------------------------------------------------------------------------------------------------------------


def start_run(session: Session, source_name: str, now: datetime, *, lease: timedelta = LEASE) -> int:
    """Begin a run; its number is the fence under which its results are written.

    A run of the same source whose lease has ended is marked failed. Raises ``StoreError`` for an unknown or deleted
    source, or while another run of it is going on.
    """
    if source(session, source_name) is None:
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
    fill = run.fill.model_dump(mode="json") if run.fill else None
    ended = update(tables.runs).where(tables.runs.c.id == run.id)
    session.execute(ended.values(message=_plain(run.message), fill=fill, **values))
    if rows := [_issue_row(run.id, issue) for issue in grouped(run.issues)]:
        session.execute(insert(tables.issues), rows)
        keep_wordings(session, run.source, run.issues, now=run.finished_at)
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
    return [_run(row, by_run[row.id]) for row in rows]


def latest_runs(session: Session, names: Collection[str]) -> dict[str, HarvestRun]:
    """The latest run of each of these sources that has one, without its Issues."""
    latest = select(func.max(tables.runs.c.id)).where(tables.runs.c.source.in_(names)).group_by(tables.runs.c.source)
    rows = session.execute(select(tables.runs).where(tables.runs.c.id.in_(latest)))
    return {row.source: _run(row) for row in rows}


def _run(row: Row[Any], issues: Iterable[Issue] = ()) -> HarvestRun:
    return HarvestRun(
        id=row.id,
        source=row.source,
        started_at=row.started_at,
        finished_at=row.finished_at,
        status=row.status,
        message=row.message,
        fill=None if row.fill is None else FillRates.model_validate(row.fill),
        issues=tuple(issues),
        **{name: getattr(row, name) for name in _COUNTS},
    )


def _issue_row(run_id: int, issue: Issue) -> dict[str, Any]:
    return {"run_id": run_id} | {
        name: _plain(value) if isinstance(value, str) else value for name, value in issue.model_dump().items()
    }


def _plain(text: str | None) -> str | None:
    """``text`` without NUL, which PostgreSQL cannot hold."""
    return None if text is None else text.replace("\0", "\N{REPLACEMENT CHARACTER}")
