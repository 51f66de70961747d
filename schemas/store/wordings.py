"""Wording of sources that was not understood: it waits on the desk to be ignored, or to be given a meaning.

A wording is an Issue whose remedy names a lookup (``lookups.price``): there, saying what it means helps. A meaning
becomes a lookup of the source; the source is then to be read again, which needs no network.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from pydantic import AwareDatetime
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.harvest import Issue, words_of
from schemas.store import dialect
from schemas.tables.harvest import sources, wordings

IGNORED: Final = "ignored"
MEANT: Final = "meant"
MAX_OPEN: Final = 500
"""Wordings of one source that may wait at a time; a source that says more needs another mapping, not more clicks."""
_WHERE: Final = 2_300


class UnknownWording(Value):
    """Words of a source that were not understood."""

    id: int
    """Its number."""
    source: str
    """Name of the source."""
    field: str
    """Field of the Record under which it stood; the lookup has the same name."""
    wording: str
    """The words."""
    where: str
    """Where they were read last."""
    count: int
    """How often the latest run that met them did."""
    first_seen: AwareDatetime
    """When a run met them first."""
    last_seen: AwareDatetime
    """When a run met them last."""
    decided: str | None = None
    """``ignored`` or ``meant``; ``None`` while nobody has decided."""
    meaning: str | None = None
    """Words that we understand and that mean the same."""


def keep_wordings(session: Session, source: str, issues: Iterable[Issue], *, now: datetime) -> None:
    """Keep what a run of ``source`` did not understand; what was decided about the same words stays decided."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for issue in issues:
        asked = words_of(issue)
        if asked is None:
            continue
        field, wording = asked
        row = rows.setdefault((field, wording), {"source": source, "field": field, "wording": wording, "count": 0})
        row["count"] += issue.count
        row |= {"rule": issue.rule[:80], "where": issue.where.replace("\0", "")[:_WHERE]}
    if not rows:
        return
    c = wordings.c
    known = {(row.field, row.wording) for row in session.execute(select(c.field, c.wording).where(c.source == source))}
    waiting = select(func.count()).where(c.source == source, c.decided.is_(None))
    room = MAX_OPEN - int(session.execute(waiting).scalar_one())
    new = [key for key in rows if key not in known]
    dropped = set(new[max(0, room) :])
    kept = [row for key, row in rows.items() if key not in dropped]
    if not kept:
        return
    statement = dialect.insert(session, wordings)
    update_to = {name: statement.excluded[name] for name in ("rule", "where", "count", "last_seen")}
    session.execute(
        statement.on_conflict_do_update(index_elements=["source", "field", "wording"], set_=update_to),
        [row | {"first_seen": now, "last_seen": now} for row in kept],
    )


def waiting_in(region: str) -> Select[Any]:
    """Rows of what nobody has decided in ``region``, of sources that are not deleted."""
    of_region = (sources.c.region == region) & sources.c.deleted_at.is_(None)
    return (
        select(wordings)
        .join(sources, sources.c.name == wordings.c.source)
        .where(wordings.c.decided.is_(None), of_region)
    )


def open_wordings(session: Session, region: str) -> list[UnknownWording]:
    """What nobody has decided in ``region``, the longest waiting first."""
    query = waiting_in(region).order_by(wordings.c.first_seen, wordings.c.id)
    return [wording_of(row) for row in session.execute(query)]


def wording_by_id(session: Session, number: int) -> UnknownWording | None:
    """The wording of that number."""
    row = session.execute(select(wordings).where(wordings.c.id == number)).one_or_none()
    return None if row is None else wording_of(row)


def wording_of(row: Any) -> UnknownWording:
    """The wording of a row of ``wordings``."""
    return UnknownWording.model_validate({name: getattr(row, name) for name in UnknownWording.model_fields})
