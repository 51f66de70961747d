"""Drafts: sources in the making, from a pasted address or an uploaded table until they are active or dropped.

    address ──add_drafts──▶ waiting ──save_preview──▶ ready ──activate──▶ done
                               ▲  └────save_failure──▶ failed
                               └────────ask_again───────┘

A waiting draft has work on the list (``preview:<id>``); whoever does it reads a few pages and keeps what was found. A
dropped draft is deleted; the audit trail remembers it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import AwareDatetime
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.exceptions import StoreError
from schemas.harvest import Source
from schemas.store.audit import note
from schemas.store.work import add_work
from schemas.tables import harvest as tables

PREVIEW: Final = "preview:"
"""Work that previews a draft; the draft's number follows."""


class DraftKind(StrEnum):
    """What a draft began with."""

    ADDRESS = "address"
    """An address that was pasted, or stood in a table of providers."""
    SOURCE = "source"
    """A stored source that is to be read once more before it is switched on."""
    TABLE = "table"
    """An uploaded table of offers; nothing is fetched."""


class DraftState(StrEnum):
    """Where a draft stands."""

    NEW = "new"
    """Somebody still has to say something, for instance which column is what."""
    WAITING = "waiting"
    """Its preview is on the list of work."""
    READY = "ready"
    """A preview has found offers; it may be activated."""
    FAILED = "failed"
    """The preview found nothing, or could not read it; ``error`` says why."""
    DONE = "done"
    """It has become a source."""


class Draft(Value):
    """One draft."""

    id: int
    """Number in the database."""
    region: str
    """Key of the Region whose coordinators made it."""
    kind: DraftKind
    """What it began with."""
    address: str
    """What was pasted, or the name of the file."""
    source: dict[str, Any] = {}
    """What is known of the Source so far: its fields by name, all of them once a preview has succeeded."""
    state: DraftState
    """Where it stands."""
    result: dict[str, Any] | None = None
    """What the latest preview found."""
    error: str | None = None
    """German: why it failed and what to do."""
    upload_id: int | None = None
    """The uploaded file, for a table."""
    by: str
    """Who made it."""
    created_at: AwareDatetime
    """When it was made."""
    updated_at: AwareDatetime
    """When something last happened to it."""


@dataclass(frozen=True, slots=True)
class NewDraft:
    """An address to be tried."""

    address: str
    """An http or https address."""
    source: Mapping[str, Any] | None = None
    """What is known besides: fields of ``Source`` (``title``, ``provider``, ``contact``, ``rights`` …)."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of an address."""

    address: str
    """The address."""
    draft: int | None = None
    """Its draft: a new one, or the one that has it already."""
    new: bool = False
    """Whether the draft is new."""
    known: str | None = None
    """Name of the source that reads the address already; then there is no draft."""


def comparable(address: str) -> str:
    """What two spellings of one address have in common, for recognising what is known; not itself an address.

    >>> comparable("http://www.Museum.example/kita/") == comparable("https://museum.example/kita#top")
    True
    """
    place, mark, query = address.partition("://")[2].partition("#")[0].partition("?")
    host, _, path = place.partition("/")
    host = host.lower().removeprefix("www.").removesuffix(":80").removesuffix(":443")
    return f"{host}/{path.rstrip('/')}{mark}{query}"


def add_drafts(
    session: Session,
    region: str,
    wanted: Iterable[NewDraft],
    *,
    by: str,
    now: datetime,
    upload_id: int | None = None,
) -> list[Added]:
    """Put addresses on the list to be previewed; what became of each, in their order.

    An address that a source of ``region`` reads, or that another draft has, makes no second one. ``region`` is the key
    of a Region; addresses must be http or https (``webapp.pasting`` reads them out of what people type).
    """
    wanted = list(wanted)
    known = _known_addresses(session, region)
    drafted = _drafted_addresses(session, region)
    added: list[Added] = []
    for new in wanted:
        same = comparable(new.address)
        if same in known:
            added.append(Added(new.address, known=known[same]))
        elif same in drafted:
            added.append(Added(new.address, draft=drafted[same]))
        else:
            number = add_draft(
                session,
                region,
                DraftKind.ADDRESS,
                new.address,
                source=new.source,
                state=DraftState.WAITING,
                by=by,
                now=now,
                upload_id=upload_id,
            )
            drafted[same] = number
            added.append(Added(new.address, draft=number, new=True))
    return added


def add_draft(
    session: Session,
    region: str,
    kind: DraftKind,
    address: str,
    *,
    source: Mapping[str, Any] | None = None,
    state: DraftState = DraftState.NEW,
    by: str,
    now: datetime,
    upload_id: int | None = None,
) -> int:
    """One draft, whatever is known already; its number. A waiting one gets its preview on the list of work."""
    values = {
        "region": region,
        "kind": kind.value,
        "address": address,
        "source": dict(source or {}),
        "state": state.value,
        "upload_id": upload_id,
        "by": by,
        "created_at": now,
        "updated_at": now,
    }
    number: int = session.execute(insert(tables.drafts).values(values).returning(tables.drafts.c.id)).scalar_one()
    if state is DraftState.WAITING:
        add_work(session, f"{PREVIEW}{number}", now)
    note(session, "draft.add", f"draft:{number}", {"kind": kind.value, "address": address[:500]}, by=by, now=now)
    return number


def draft(session: Session, number: int) -> Draft | None:
    """The draft of that number."""
    row = session.execute(select(tables.drafts).where(tables.drafts.c.id == number)).mappings().one_or_none()
    return None if row is None else _draft(row)


def drafts(
    session: Session,
    region: str,
    *,
    kinds: Collection[DraftKind] = tuple(DraftKind),
    states: Collection[DraftState] = tuple(DraftState),
    limit: int = 500,
) -> list[Draft]:
    """Drafts of a Region, newest first."""
    c = tables.drafts.c
    query = select(tables.drafts).where(c.region == region, c.kind.in_(kinds), c.state.in_(states))
    return [_draft(row) for row in session.execute(query.order_by(c.id.desc()).limit(limit)).mappings()]


def drafts_by_state(session: Session, region: str) -> dict[DraftState, int]:
    """How many drafts of a Region stand where; states without one are left out."""
    c = tables.drafts.c
    query = select(c.state, func.count()).where(c.region == region).group_by(c.state)
    return {DraftState(state): count for state, count in session.execute(query)}


def save_preview(session: Session, number: int, *, source: Source, result: Mapping[str, Any], now: datetime) -> bool:
    """Keep what a preview found, and the source that it proposes; ``False`` where the draft was dropped meanwhile."""
    values = {"source": source.model_dump(mode="json"), "result": dict(result), "error": None}
    return _change(session, number, DraftState.READY, values, now)


def save_failure(
    session: Session, number: int, error: str, *, result: Mapping[str, Any] | None = None, now: datetime
) -> bool:
    """Keep why a preview failed, a German sentence with a remedy; ``False`` where the draft was dropped meanwhile."""
    values = {"error": _plain(error)[:2000], "result": None if result is None else dict(result)}
    return _change(session, number, DraftState.FAILED, values, now)


def change_draft(session: Session, number: int, *, source: Mapping[str, Any], state: DraftState, now: datetime) -> bool:
    """Replace what is known of the source to be, for instance the columns of a table; ``False`` without the draft."""
    return _change(session, number, state, {"source": dict(source)}, now)


def keep_result(session: Session, number: int, *, result: Mapping[str, Any], state: DraftState, now: datetime) -> bool:
    """Keep what was found in a table, whatever state that leads to; ``False`` where the draft was dropped meanwhile."""
    return _change(session, number, state, {"result": dict(result), "error": None}, now)


def ask_again(session: Session, number: int, *, now: datetime) -> None:
    """Put the preview of a draft on the list once more. Raises ``StoreError`` for one that is unknown or done."""
    found = draft(session, number)
    if found is None or found.state is DraftState.DONE:
        raise StoreError(f"draft {number} is not there, or has become a source; nothing is left to preview")
    if _change(session, number, DraftState.WAITING, {"error": None}, now):
        add_work(session, f"{PREVIEW}{number}", now)


def finish_draft(session: Session, number: int, *, source: Source, by: str, now: datetime) -> None:
    """Close a draft that has become ``source``. Raises ``StoreError`` for an unknown one."""
    values = {"source": source.model_dump(mode="json"), "error": None, "result": None}
    if not _change(session, number, DraftState.DONE, values, now):
        raise StoreError(f"draft {number} is not there; it cannot become a source")
    note(session, "draft.activate", f"draft:{number}", {"source": source.name}, by=by, now=now)


def drop_draft(session: Session, number: int, *, by: str, now: datetime) -> None:
    """Delete a draft. Raises ``StoreError`` for an unknown one."""
    gone = session.execute(delete(tables.drafts).where(tables.drafts.c.id == number).returning(tables.drafts.c.address))
    address = gone.scalar_one_or_none()
    if address is None:
        raise StoreError(f"draft {number} is not there; it may have been dropped already")
    note(session, "draft.drop", f"draft:{number}", {"address": address[:500]}, by=by, now=now)


def purge_drafts(session: Session, *, before: datetime) -> int:
    """Forget drafts with which nothing has happened since that moment; how many."""
    old = delete(tables.drafts).where(tables.drafts.c.updated_at < before)
    return len(session.execute(old.returning(tables.drafts.c.id)).all())


def _change(session: Session, number: int, state: DraftState, values: dict[str, Any], now: datetime) -> bool:
    c = tables.drafts.c
    change = update(tables.drafts).where(c.id == number).values(state=state.value, updated_at=now, **values)
    return session.execute(change.returning(c.id)).scalar_one_or_none() is not None


def _known_addresses(session: Session, region: str) -> dict[str, str]:
    """Comparable address → name of the source that reads it."""
    c = tables.sources.c
    stored = select(c.name, c.data).where(c.region.startswith(region), c.deleted_at.is_(None))
    return {
        comparable(start): name for name, data in session.execute(stored) for start in data["access"].get("start", ())
    }


def _drafted_addresses(session: Session, region: str) -> dict[str, int]:
    """Comparable address → draft that is not done."""
    c = tables.drafts.c
    open_ones = (c.region == region, c.kind == DraftKind.ADDRESS.value, c.state != DraftState.DONE.value)
    return {
        comparable(address): number for number, address in session.execute(select(c.id, c.address).where(*open_ones))
    }


def _draft(row: Mapping[Any, Any]) -> Draft:
    return Draft.model_validate({name: row[name] for name in Draft.model_fields} | {"source": row["source"] or {}})


def _plain(text: str) -> str:
    """``text`` without NUL, which PostgreSQL cannot hold."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
