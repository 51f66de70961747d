"""Tables of providers: each row with an address becomes a draft, the others are numbers to call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from schemas.store.drafts import DraftState, NewDraft, add_drafts, comparable, drafts, keep_result
from schemas.store.exclusions import excluded
from schemas.store.runs import sources
from schemas.store.uploads import drop_upload
from webapp.tables import TableDraft

MAX_ADDRESSES: Final = 500
"""Addresses of one table that are tried; each costs its host a few requests."""

Row = Mapping[str, str]


@dataclass(slots=True)
class Sorted:
    """Rows of a table of providers by what becomes of them."""

    new: list[Row] = field(default_factory=list)
    """With an address that nobody has yet."""
    known: list[Row] = field(default_factory=list)
    """With an address that a source or another draft has already."""
    doubled: list[Row] = field(default_factory=list)
    """With an address that stands further up in the table."""
    excluded: list[Row] = field(default_factory=list)
    """Of somebody who asked not to be listed."""
    without: list[Row] = field(default_factory=list)
    """Without an address that can be read."""
    beyond: list[Row] = field(default_factory=list)
    """More than are tried at once."""


def sort_rows(session: Session, region: str, rows: Sequence[Row]) -> Sorted:
    """What would become of each row; writes nothing."""
    listed = excluded(session)
    known = {comparable(start) for source in sources(session, region) for start in source.access.start}
    known |= {comparable(draft.address) for draft in drafts(session, region) if draft.state is not DraftState.DONE}
    met: set[str] = set()
    found = Sorted()
    for row in rows:
        address = row["address"]
        same = comparable(address) if address else ""
        if listed.forbids(address) if address else listed.covers(row.get("title"), None):
            found.excluded.append(row)
        elif not address:
            found.without.append(row)
        elif same in known:
            found.known.append(row)
        elif same in met:
            found.doubled.append(row)
        elif len(found.new) >= MAX_ADDRESSES:
            found.beyond.append(row)
        else:
            found.new.append(row)
            met.add(same)
    return found


def take_over_providers(session: Session, found: TableDraft, *, by: str, now: datetime) -> int:
    """Make drafts of the addresses, and keep every row with what became of it; how many addresses will be tried."""
    rows: list[Row] = (found.draft.result or {}).get("rows", [])
    parts = sort_rows(session, found.draft.region, rows)
    wanted = [NewDraft(row["address"], _source(row)) for row in parts.new]
    added = add_drafts(session, found.draft.region, wanted, by=by, now=now, upload_id=found.upload.id)
    became = {
        "new": parts.new,
        "known": parts.known,
        "doubled": parts.doubled,
        "excluded": parts.excluded,
        "without": parts.without,
        "beyond": parts.beyond,
    }
    kept = [dict(row) | {"became": name} for name, part in became.items() for row in part]
    kept.sort(key=lambda row: int(row["row"]))
    keep_result(session, found.number, result={"rows": kept}, state=DraftState.DONE, now=now)
    drop_upload(session, found.upload.id)
    return sum(one.new for one in added)


def _source(row: Row) -> dict[str, Any]:
    """What a row says about the source to be."""
    title = row.get("title", "")[:200]
    said: dict[str, Any] = {"homepage": row["address"]}
    if title:
        said |= {"title": title, "provider": title}
    mail = row.get("mail", "")
    if "@" in mail and len(mail) <= 254 and " " not in mail:
        said["contact"] = mail
    return said
