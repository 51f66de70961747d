"""Tables that coordinators upload: from a file through columns and a preview to a source, or to a list of providers.

What was said about a table so far is a ``Plan``, kept in its draft; what was found is JSON in the draft's ``result``.
A short table is read while the coordinator waits; a longer one becomes work (``table:<draft>``).
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy.orm import Session

from harvesters.door import Door
from harvesters.formats import table
from harvesters.formats.grid import Grid
from harvesters.formats.records import Parsed
from harvesters.formats.text import line
from harvesters.problems import ReadError
from harvesters.run import take_in
from schemas.base import Value
from schemas.clock import local
from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.harvest import Access, AccessKind, HarvestRun, Record, RunResult, Source
from schemas.identifiers import is_safe_name, provider_key
from schemas.offer import Rights, SourceKey
from schemas.store import harvest as store
from schemas.store.drafts import (
    Draft,
    DraftState,
    change_draft,
    draft,
    finish_draft,
    keep_result,
    save_failure,
)
from schemas.store.runs import mark_previewed, settle_name, source_state
from schemas.store.uploads import Upload, drop_upload, upload
from schemas.store.work import add_work
from webapp.pasting import read_pasted
from webapp.table_columns import access_of, columns_of
from webapp.table_preview import by_row, summary

WORK: Final = "table:"
"""Work that reads a table; the draft's number follows."""
AT_ONCE: Final = 500
"""Rows that are read while somebody waits: a second or two."""


class Plan(Value):
    """What was said about a table."""

    what: Literal["offers", "providers"] = "offers"
    """What its rows are."""
    step: Literal["columns", "preview", "take"] = "columns"
    """What comes next."""
    columns: dict[str, str] = {}
    """Heading → what it means (``webapp.table_columns``)."""
    sheet: str | None = None
    """Sheet that is read."""
    table: str | None = None
    """Name of the source of which this is a newer version."""
    title: str = ""
    """What the table is called."""
    provider: str | None = None
    """The provider of every offer, where no column says it."""
    trust: Literal["hold", "publish"] = "hold"
    """Whether clear offers need a look first."""
    rights: Rights = Rights()
    """What may be done with texts."""
    rows: int = 0
    """Rows that were counted, up to one more than ``AT_ONCE``."""

    @property
    def long(self) -> bool:
        """Whether reading the table takes longer than somebody waits."""
        return self.rows > AT_ONCE


@dataclass(frozen=True, slots=True)
class TableDraft:
    """A draft of a table with its file."""

    draft: Draft
    plan: Plan
    upload: Upload

    @property
    def number(self) -> int:
        """The draft's number."""
        return self.draft.id


def table_draft(session: Session, number: int) -> TableDraft | None:
    """The draft of a table that still has its file."""
    found = draft(session, number)
    if found is None or found.upload_id is None or found.state is DraftState.DONE:
        return None
    file = upload(session, found.upload_id)
    return None if file is None else TableDraft(found, plan_of(found), file)


def plan_of(found: Draft) -> Plan:
    """What was said about a draft's table."""
    said = {name: value for name, value in found.source.items() if name in Plan.model_fields}
    return Plan.model_validate(said)


def head(content: bytes, *, name: str, region: str, now: datetime) -> Grid:
    """The beginning of a table, one row more than is read at once. Raises ``ReadError`` for what is no table, or has
    no rows below its header."""
    grid = table.read(content, source=_nameless(region), url=name, fetched_at=now, first=AT_ONCE + 1)
    if grid.names and grid.lines:
        return grid
    raise ReadError(
        name,
        name,
        "table.empty",
        "Unter der Kopfzeile steht keine einzige Zeile." if grid.names else "Die Tabelle ist leer.",
        "Bitte prüfen Sie, ob Sie die richtige Datei ausgewählt haben.",
    )


def remembered(known: Iterable[Source], names: tuple[str, ...]) -> tuple[Source, dict[str, str]] | None:
    """The table among ``known`` whose columns are all in ``names``, the one with most of them, and what they mean."""
    fitting = [
        (source, columns)
        for source in known
        if source.access.kind is AccessKind.TABLE and (columns := columns_of(source.access, names)) is not None
    ]
    return max(fitting, key=lambda fit: len(fit[1]), default=None)


def new_name(session: Session, region: str, title: str) -> str:
    """A name for a table's source that no source ever had."""
    slug = re.sub(r"[^a-z0-9]+", "_", provider_key(title)).strip("_")[:50].strip("_") or "angebote"
    plain = f"tabelle_{region}_{slug}"
    number = 1
    name = plain
    while source_state(session, name) is not None or not is_safe_name(name):
        number += 1
        name = f"{plain}_{number}"
    return name


def proceed(database: Database, number: int, *, now: datetime) -> None:
    """Do what the draft's plan says next: preview it, or take it over.

    What is wrong with the table is kept in the draft. Raises ``StoreError`` where its source is being read already.
    """
    with database.read() as session:
        found = table_draft(session, number)
    if found is None or found.plan.step == "columns":
        return
    try:
        if found.plan.what == "providers":
            rows = provider_rows(found, now=now)
            with database.begin() as session:
                keep_result(session, number, result={"rows": rows}, state=DraftState.READY, now=now)
        elif found.plan.step == "preview":
            result = preview_of(database, found, now)
            with database.begin() as session:
                keep_result(session, number, result=result, state=DraftState.READY, now=now)
        else:
            take_over(database, found, now=now)
    except ReadError as error:
        with database.begin() as session:
            save_failure(session, number, f"{error.happened} {error.remedy}", now=now)


def wait_for(session: Session, number: int, plan: Plan, *, now: datetime) -> None:
    """Put what the plan says next on the list of work."""
    change_draft(session, number, source=plan.model_dump(mode="json"), state=DraftState.WAITING, now=now)
    add_work(session, f"{WORK}{number}", now)


def preview_of(database: Database, found: TableDraft, now: datetime) -> dict[str, Any]:
    """What a preview of the table shows. Raises ``ReadError`` where nothing can be read."""
    access = access_of(Access(kind=AccessKind.TABLE, items=found.plan.sheet), found.plan.columns)
    with database.read() as session:
        source = source_of(session, found, access)
        known = store.known(session, source.name)
        door = Door.of(session, source)
    parsed = read(found, source, now=now)
    if not parsed.records:
        raise ReadError(
            source.name,
            found.upload.name,
            "table.no_offers",
            f"Keine Zeile hat einen Titel in der Spalte „{source.access.fields['title']}“.",
            "Bitte die Spalten noch einmal zuordnen.",
        )
    listed = door.lets_in(parsed.records, source, today=local(now).date())

    def stored(keys: Collection[SourceKey]) -> dict[SourceKey, Record]:
        with database.read() as session:
            return {record.origin: record for record in store.stored_records(session, source.name, keys)}

    return summary(source, parsed, listed, known, stored, now=now)


def take_over(database: Database, found: TableDraft, *, now: datetime) -> HarvestRun:
    """Make the previewed table a source, or its next version, and take its offers in; the run.

    Raises ``StoreError`` for a draft without a preview or that somebody else has just decided about, and while its
    source is being read; ``ReadError`` where the table cannot be read.
    """
    proposed = _proposed(found.draft)
    parsed = read(found, proposed, now=now)
    with database.begin() as session:
        source = _settled(session, found.number, now=now)
    if source.name != proposed.name:
        parsed = read(found, source, now=now)
    said = tuple(by_row(issue, source, parsed) for issue in parsed.issues)
    result = RunResult(records=parsed.records, issues=said, complete=parsed.complete)
    run = take_in(database, source, result, now=now)
    with database.begin() as session:
        mark_previewed(session, source.name, now=now)
        finish_draft(session, found.number, source=source, by=found.draft.by, now=now)
        drop_upload(session, found.upload.id)
    return run


def read(found: TableDraft, source: Source, *, now: datetime) -> Parsed:
    """The Records of a table as ``source`` reads it. Raises ``ReadError``."""
    return table.parse(found.upload.content, source=source, url=found.upload.name, fetched_at=now)


def provider_rows(found: TableDraft, *, now: datetime) -> list[dict[str, str]]:
    """Rows of a table of providers by code, with ``row`` (its number) and ``address`` (empty: none to be read)."""
    grid = table.read(found.upload.content, source=_nameless(found.draft.region), url=found.upload.name, fetched_at=now)
    rows = []
    for each in grid.lines:
        cells = dict(zip(grid.names, each.cells, strict=True))
        said: dict[str, str] = {}
        for name, code in found.plan.columns.items():
            if cell := line(cells.get(name, ""))[:300]:
                said[code] = f"{said[code]}, {cell}" if code in said else cell
        if said:
            rows.append(said | {"row": str(each.number), "address": _address(said.get("url", ""))})
    return rows


def _address(words: str) -> str:
    """The first address in a cell; empty where there is none that could be read."""
    return next(iter(read_pasted(words).addresses), "")


def _nameless(region: str) -> Source:
    return Source(name="tabelle", region=region, access=Access(kind=AccessKind.TABLE))


def _proposed(found: Draft) -> Source:
    proposal = (found.result or {}).get("source")
    if proposal is None:
        raise StoreError(f"draft {found.id} has no preview yet; preview it before it is taken over")
    return Source.model_validate(proposal)


def _settled(session: Session, number: int, *, now: datetime) -> Source:
    """The source that a draft becomes, by the name that it keeps from here on: a known table its own, a new one a name
    that is still free. It is stored, and the draft says so; whoever is killed now goes on under the same name."""
    settle_name(session)
    found = table_draft(session, number)
    if found is None:
        raise StoreError(f"draft {number} was dropped or has become a source; it cannot become one")
    proposed = _proposed(found.draft)
    if found.plan.table == proposed.name:
        return proposed
    # Two tables of one title were proposed one name; the second must not become the next version of the first.
    name = new_name(session, proposed.region, proposed.title or "")
    source = store.save_source(session, proposed.model_copy(update={"name": name}), origin="desk", now=now)
    plan, state = found.plan.model_copy(update={"table": name}), found.draft.state
    change_draft(session, number, source=plan.model_dump(mode="json"), state=state, now=now)
    result = (found.draft.result or {}) | {"source": source.model_dump(mode="json")}
    keep_result(session, number, result=result, state=state, now=now)
    return source


def source_of(session: Session, found: TableDraft, access: Access) -> Source:
    """The source that a draft becomes: a new one, or the next version of a table of the same Region."""
    plan, region = found.plan, found.draft.region
    said: dict[str, Any] = {
        "title": plan.title or line(found.upload.name) or "Tabelle",
        "provider": plan.provider,
        "trust": plan.trust,
        "rights": plan.rights,
        "access": access,
        "status": "verified",
        "active": True,
    }
    known = store.source(session, plan.table) if plan.table else None
    if known is not None and known.region == region:
        return known.model_copy(update=said)
    return Source(name=new_name(session, region, said["title"]), region=region, **said)
