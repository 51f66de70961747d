"""Published offers as they leave the house: stored bytes in their licence, streamed or page by page.

What a provider allowed this platform alone (rights ``permission``) does not leave it: of such offers only the facts do.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import AwareDatetime, Field
from sqlalchemy import ColumnElement, Select, Table, and_, func, select
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.publish import CC_ZERO, VISIBLE, PublicOffer
from schemas.store.dialect import columns_in_blocks
from schemas.stored import csv_header, ended, licensed, licensed_csv
from schemas.tables.offers import (
    exported_csv,
    exported_facts_csv,
    exported_facts_ndjson,
    exported_ndjson,
    offers,
    published,
)
from schemas.vocabulary import Status

BLOCK: Final = 100
"""Offers that one piece of a stream holds: some 400 KB."""
KEPT: Final = 2**21
"""Bytes that are taken and given back once before a stream. From then on glibc keeps up to twice as many for the next
piece; else it returns each piece's memory to the system and asks for it anew, page by page, a third of the time that a
stream of JSON takes."""
FACTS: Final = "facts"
"""The bucket of all offers without any prose of their sources."""

SHOWN: Final = published.c.status.in_(sorted(VISIBLE))
_SHOWN_IN_ORDER: Final = func.coalesce(published.c.status, "").in_(sorted(VISIBLE))
"""The same without an index: nearly all offers are shown, and reading them in their order beats sorting them."""
_EXPORTED: Final = published.join(exported_ndjson, exported_ndjson.c.row == published.c.row)

Licence = Callable[[str], str]
"""Official key of an offer's Region → licence of its facts."""


def cc_zero(_region: str) -> str:
    """The licence of facts where no Region says another."""
    return CC_ZERO


class Tombstone(Value):
    """What remains of an offer that was shown and no longer is; its address answers for ever (law 5)."""

    id: str
    """Id of the offer."""
    status: Status
    """Why it is not shown."""
    at: AwareDatetime
    """Since when."""
    replaced_by: str | None = None
    """Id of the offer it was merged into."""
    version: int = Field(ge=1)
    """Number of the change that took it away."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Which of the shown offers an export holds, and in which form."""

    region: str = ""
    """Beginning of the official key of their Region."""
    bucket: str | None = None
    """``FACTS``: all, without prose; the URI of an open licence: those whose texts stand under it, with them; ``None``:
    all, with the texts that may leave the house."""


@dataclass(frozen=True, slots=True)
class Line:
    """One JSON document of an export."""

    version: int
    """Number of the change that made it."""
    body: bytes
    """The offer, or its tombstone, without a line's end."""


def stream_ndjson(
    session: Session, *, since: int | None = None, cut: Cut = Cut(), licence: Licence = cc_zero
) -> Iterator[bytes]:
    """JSON lines in pieces of many lines: every shown offer of ``cut``; with ``since`` instead everything that changed
    after that number, in order of change, tombstones included."""
    if since is not None:
        while lines := changed_lines(session, after=since, limit=BLOCK, licence=licence):
            yield b"".join(line.body + b"\n" for line in lines)
            since = lines[-1].version
        return
    yield from _licensed(session, _rows(cut, exported_ndjson, exported_facts_ndjson), licensed, licence)


def stream_csv(session: Session, *, cut: Cut = Cut(), licence: Licence = cc_zero) -> Iterator[bytes]:
    """CSV lines of every shown offer of ``cut`` in pieces of many lines, the header (``CSV_COLUMNS``) first."""
    yield csv_header()
    yield from _licensed(session, _rows(cut, exported_csv, exported_facts_csv), licensed_csv, licence)


def changed_lines(
    session: Session, *, after: int, limit: int, tombstones: bool = True, licence: Licence = cc_zero
) -> list[Line]:
    """The next ``limit`` offers whose latest change has a number above ``after``, in order of that number.

    Whoever goes on after the last one misses nothing, whatever is published meanwhile: a change takes a higher number.
    """
    c = published.c
    columns = (c.version, c.offer_id, c.status, c.changed_at, c.region, offers.c.replaced_by, exported_ndjson.c.body)
    query = select(*columns).select_from(_EXPORTED.join(offers, offers.c.id == c.offer_id)).where(c.version > after)
    if not tombstones:
        query = query.where(_SHOWN_IN_ORDER)
    found = []
    for version, offer_id, status, at, region, successor, body in session.execute(
        query.order_by(c.version).limit(limit)
    ):
        if status in VISIBLE:
            found.append(Line(version, licensed([body], licence(region)).removesuffix(b"\n")))
            continue
        gone = Tombstone(id=offer_id, status=status, at=at, replaced_by=successor, version=version)
        found.append(Line(version, gone.model_dump_json().encode()))
    return found


def open_lines(session: Session, offer_ids: Sequence[str], *, licence: Licence = cc_zero) -> dict[str, bytes]:
    """The shown ones of a few offers as they leave the house, as JSON by id."""
    query = select(published.c.offer_id, published.c.region, exported_ndjson.c.body).select_from(_EXPORTED)
    rows = session.execute(query.where(SHOWN, published.c.offer_id.in_(offer_ids)))
    return {offer_id: licensed([body], licence(region)).removesuffix(b"\n") for offer_id, region, body in rows}


def open_page(session: Session, after_id: str, limit: int, *, licence: Licence = cc_zero) -> list[PublicOffer]:
    """The next ``limit`` shown offers in order of id, after ``after_id`` (``""`` for the first), as they leave the
    house."""
    query = (
        select(exported_ndjson.c.body, published.c.region, published.c.last_seen)
        .select_from(_EXPORTED)
        .where(published.c.offer_id > after_id, SHOWN)
        .order_by(published.c.offer_id)
        .limit(limit)
    )
    return [
        PublicOffer.model_validate_json(ended(body)).model_copy(
            update={"last_seen": seen, "data_licence": licence(region)}
        )
        for body, region, seen in session.execute(query)
    ]


def buckets(session: Session, *, region: str = "") -> dict[str, int]:
    """How many shown offers stand in each bucket of texts (``schemas.publish.bucket``), by its name."""
    c = published.c
    query = select(c.rights, func.count()).where(SHOWN, _of_region(region)).group_by(c.rights).order_by(c.rights)
    return {name: number for name, number in session.execute(query) if name is not None}


def _rows(cut: Cut, exported: Table, facts: Table) -> Select[Any]:
    """What of each offer of ``cut`` leaves the house, and its Region, in the order of rows."""
    body: ColumnElement[Any] = exported.c.body
    source = published.join(exported, exported.c.row == published.c.row)
    if cut.bucket == FACTS:
        # Looked for only where it is wanted: a join would read it for every offer.
        whole = select(exported.c.body).where(exported.c.row == published.c.row).scalar_subquery()
        body = func.coalesce(facts.c.body, whole)
        source = published.join(facts, facts.c.row == published.c.row)
    return select(body, published.c.region).select_from(source).where(_chosen(cut)).order_by(published.c.row)


def _chosen(cut: Cut) -> ColumnElement[bool]:
    chosen: list[ColumnElement[bool]] = [_SHOWN_IN_ORDER]
    if cut.region:
        chosen.append(_of_region(cut.region))
    if cut.bucket not in (None, FACTS):
        chosen.append(func.coalesce(published.c.rights, "") == cut.bucket)
    return and_(*chosen)


def _of_region(region: str) -> ColumnElement[bool]:
    return published.c.region.startswith(region, autoescape=True)


def _licensed(
    session: Session, rows: Select[Any], write: Callable[[Sequence[bytes], str], bytes], licence: Licence
) -> Iterator[bytes]:
    """Blocks of ``rows`` (body, Region), each run of one Region's offers in its licence."""
    bytes(KEPT)
    for bodies, keys in columns_in_blocks(session, rows, published.c.row, BLOCK):
        by_region = {key: licence(key) for key in set(keys)}
        if len(set(by_region.values())) == 1:
            yield write(bodies, by_region[keys[0]])
        else:
            yield b"".join(_each(bodies, keys, by_region, write))


def _each(
    bodies: Iterable[bytes],
    keys: Iterable[str],
    licences: dict[str, str],
    write: Callable[[Sequence[bytes], str], bytes],
) -> Iterator[bytes]:
    for body, key in zip(bodies, keys, strict=True):
        yield write([body], licences[key])
