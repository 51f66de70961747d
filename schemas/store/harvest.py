"""What runs brought: Records, source offers, memberships (laws 1, 2, 5, 10). People's decisions are never touched.

``save_readings`` is the way in: a few statements per thousand offers, all in the caller's transaction.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, insert, null, select, update
from sqlalchemy.orm import Session

from schemas.exceptions import StoreError
from schemas.harvest import Normalised, Record, Source
from schemas.identifiers import offer_id
from schemas.offer import SourceKey
from schemas.review import ReviewKind
from schemas.store import dialect
from schemas.store.bulk import chunks
from schemas.store.identity import same_identity
from schemas.store.publishing import HARVEST, republish
from schemas.store.queue import close_withdrawals
from schemas.store.runs import finish_run, renew_run, runs, save_source, source, sources, start_run
from schemas.tables import harvest as tables
from schemas.tables.offers import memberships, offers
from schemas.tables.reviews import reviews

__all__ = [
    "KnownOffer", "Reading", "SavedCounts", "fingerprint", "finish_run", "keys_at", "known", "offer_ids", "purge",
    "records_of", "renew_run", "runs", "save_readings", "save_source", "source", "sources", "start_run",
    "stored_readings",
    "stored_records",
]  # fmt: skip

KEEP_RECORDS: Final = timedelta(days=90)
"""How long a Record is kept after it was seen last."""
KEEP_VERSIONS: Final = 3
"""Versions of a Record that are kept however old they are."""
WITHDRAWN: Final = "withdrawn"
"""Reason of a source offer that its source no longer has."""

_CURRENT: Final = same_identity(tables.records, tables.source_offers) & (
    tables.records.c.fingerprint == tables.source_offers.c.fingerprint
)

_Identity = tuple[str, int]


@dataclass(frozen=True, slots=True)
class KnownOffer:
    """What is stored of one identity at a source."""

    fingerprint: str
    """Fingerprint of the Record it was read from."""
    reading: str
    """Version of the normaliser that read it; empty where it must be read again."""
    missed_runs: int
    """Complete runs in a row that did not show it."""
    present: bool
    """Whether the latest run showed it."""
    withdrawn: bool = False
    """Whether it counts as withdrawn."""
    kept: bool = False
    """Whether a coordinator decided to keep it, and its source has not shown it since."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One Record that is new, changed, or read anew."""

    record: Record
    """What the source said."""
    fingerprint: str
    """``fingerprint(record)``."""
    normalised: Normalised
    """What was understood."""
    version: str
    """Version of the normaliser."""


@dataclass(frozen=True, slots=True)
class SavedCounts:
    """What ``save_readings`` did, in offers; each is counted once, a returned one as returned."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    returned: int = 0
    withdrawn: int = 0


@dataclass(slots=True)
class _Row:
    """A row of ``source_offers`` with the offer it belongs to."""

    id: int
    fingerprint: str
    data: bytes | None
    present: bool
    withdrawn: str | None
    offer: str

    @property
    def vanished(self) -> bool:
        return not self.present or self.withdrawn is not None


def fingerprint(record: Record) -> str:
    """SHA-256 over what ``record`` says; equal where the source says the same.

    Left out: when and from which page it was fetched, what nothing reads, and the date of change, which some
    feeds renew with every export.
    """
    said = record.model_dump_json(exclude={"fetched_at": True, "address": True, "unread": True, "words": {"updated"}})
    return sha256(said.encode()).hexdigest()


def known(session: Session, source_name: str) -> dict[SourceKey, KnownOffer]:
    """Everything stored of a source, by identity, withdrawn ones included."""
    c = tables.source_offers.c
    query = select(c.key, c.part, c.fingerprint, c.reading, c.missed_runs, c.present, c.withdrawn.is_not(None)).where(
        c.source == source_name
    )
    kept = _kept(session, source_name)
    return {
        SourceKey.model_construct(source=source_name, key=key, part=part): KnownOffer(
            said, reading, missed, present, withdrawn, (key, part) in kept
        )
        for key, part, said, reading, missed, present, withdrawn in session.execute(query)
    }


def save_readings(
    session: Session,
    source: Source,
    run_id: int,
    *,
    readings: Sequence[Reading] = (),
    seen: Collection[SourceKey] = (),
    absent: Collection[SourceKey] = (),
    withdrawn: Collection[SourceKey] = (),
    now: datetime,
) -> SavedCounts:
    """Store what a run found, and publish what follows from it, under the run's fence.

    ``readings`` are new, changed or read anew; ``seen`` were shown and need no reading; ``absent`` were not shown by a
    complete run; ``withdrawn`` are taken back by the source, or absent for long enough. A vanished offer that is shown
    again keeps its id with everything people did to it. May be called several times in one run, one batch each.

    Raises ``StoreError`` when the run has been given up, or an identity occurs twice or was never stored.
    """
    renew_run(session, run_id, now)
    _hold_description(session, source.name)
    by_identity = {_identity(reading.record.origin): reading for reading in readings}
    if len(by_identity) < len(readings):
        raise StoreError(f"{source.name}: an identity occurs twice in one batch; formats merge rows of the same key")
    stored = _stored(session, source.name, by_identity, with_data=True)
    new = [reading for identity, reading in by_identity.items() if identity not in stored]
    again = [(stored[identity], reading) for identity, reading in by_identity.items() if identity in stored]
    touched = _add(session, source, new, run_id, now)
    _keep_records(session, source.name, readings, run_id, now)
    differing = _change(session, again, run_id, now)
    touched += [row.offer for row, _ in again if row.vanished or row.id in differing]

    returned = [row.offer for row in _mark_seen(session, source.name, seen, run_id, now) if row.vanished]
    _mark_absent(session, source.name, absent)
    gone = [row.offer for row in _withdraw(session, source.name, withdrawn) if row.withdrawn is None]
    settled = [*returned, *(row.offer for row, _ in again if row.vanished), *gone]
    close_withdrawals(session, settled, now=now, by=HARVEST)
    fresh = {reading.record.origin: reading.normalised.offer for reading in readings}
    republish(session, [*touched, *returned, *gone], now=now, fresh=fresh)

    came_back = sum(row.vanished for row, _ in again)
    changed = sum(row.id in differing and not row.vanished for row, _ in again)
    return SavedCounts(
        new=len(new),
        changed=changed,
        unchanged=len(again) - came_back - changed + len(seen) - len(returned),
        returned=came_back + len(returned),
        withdrawn=len(gone),
    )


def offer_ids(session: Session, source_name: str, keys: Collection[SourceKey]) -> list[str]:
    """The offers that identities of a source belong to; raises ``StoreError`` for an identity never stored."""
    return sorted({row.offer for row in _rows_of(session, source_name, keys)})


def keys_at(session: Session, source_name: str, addresses: Collection[str]) -> set[SourceKey]:
    """Identities of a source whose latest Record was read at one of ``addresses``, or names one as its own page."""
    if not addresses:
        return set()
    wanted = frozenset(addresses)
    query = (
        select(tables.records.c.data)
        .join(tables.source_offers, _CURRENT)
        .where(tables.source_offers.c.source == source_name, tables.source_offers.c.withdrawn.is_(None))
        .execution_options(yield_per=500)
    )
    said = (Record.model_validate_json(data) for data in session.scalars(query))
    return {record.origin for record in said if not wanted.isdisjoint((record.url, record.address))}


def stored_records(session: Session, source_name: str, among: Collection[SourceKey] | None = None) -> Iterator[Record]:
    """The latest Record of every identity (or of those ``among`` some) that is present, in the order of first sight."""
    wanted = None if among is None else {_identity(key) for key in among}
    query = (
        select(tables.records.c.key, tables.records.c.part, tables.records.c.data)
        .join(tables.source_offers, _CURRENT)
        .where(tables.source_offers.c.source == source_name, tables.source_offers.c.present)
        .order_by(tables.source_offers.c.id)
        .execution_options(yield_per=500)
    )
    for key, part, data in session.execute(query):
        if wanted is None or (key, part) in wanted:
            yield Record.model_validate_json(data)


def records_of(
    session: Session, offer_ids: Collection[str], source_names: Collection[str]
) -> Iterator[tuple[str, Record]]:
    """The latest Record of what each of some offers is made of, as far as it is present and of one of some sources."""
    c = tables.source_offers.c
    query = (
        select(memberships.c.offer_id, tables.records.c.data)
        .join(tables.source_offers, same_identity(memberships, tables.source_offers))
        .join(tables.records, _CURRENT)
        .where(memberships.c.until.is_(None), c.present, c.source.in_(source_names))
        .order_by(memberships.c.offer_id, c.id)
    )
    for some in chunks(offer_ids):
        for made_of, data in session.execute(query.where(memberships.c.offer_id.in_(some))):
            yield made_of, Record.model_validate_json(data)


def stored_readings(session: Session, source_name: str) -> Iterator[tuple[Record, bytes]]:
    """The latest Record of every identity that is present, with the JSON of the SourceOffer it was read as."""
    query = (
        select(tables.records.c.data, tables.source_offers.c.data)
        .join(tables.source_offers, _CURRENT)
        .where(tables.source_offers.c.source == source_name, tables.source_offers.c.present)
        .order_by(tables.source_offers.c.id)
        .execution_options(yield_per=500)
    )
    for said, read in session.execute(query):
        yield Record.model_validate_json(said), read


def purge(session: Session, now: datetime) -> int:
    """Delete Records not seen for 90 days, but never the last three versions of an identity; the number deleted."""
    c = tables.records.c
    age = func.row_number().over(partition_by=(c.source, c.key, c.part), order_by=(c.last_seen.desc(), c.id.desc()))
    ranked = select(c.id, c.last_seen, age.label("age")).subquery()
    old = select(ranked.c.id).where(ranked.c.age > KEEP_VERSIONS, ranked.c.last_seen < now - KEEP_RECORDS)
    return len(session.execute(delete(tables.records).where(c.id.in_(old)).returning(c.id)).all())


def _kept(session: Session, source_name: str) -> set[_Identity]:
    """Identities that a person decided to keep when they had vanished, and that have not been shown since.

    A decision to withdraw leaves its mark on the source offer; so what stands without one was kept.
    """
    c = tables.source_offers.c
    by_a_person = (reviews.c.closed_at > c.last_seen) & (reviews.c.closed_by != HARVEST)
    query = (
        select(c.key, c.part)
        .join(memberships, same_identity(tables.source_offers, memberships))
        .join(reviews, reviews.c.offer_id == memberships.c.offer_id)
        .where(c.source == source_name, ~c.present, c.withdrawn.is_(None), memberships.c.until.is_(None))
        .where(reviews.c.kind == ReviewKind.WITHDRAWAL, by_a_person)
    )
    return {(key, part) for key, part in session.execute(query)}


def _identity(key: SourceKey) -> _Identity:
    return key.key, key.part


def _stored(
    session: Session, source_name: str, identities: Collection[_Identity], *, with_data: bool
) -> dict[_Identity, _Row]:
    """Rows of ``identities``; by key alone in the query, for a key rarely has several parts."""
    c = tables.source_offers.c
    data = c.data if with_data else null()
    query = (
        select(c.key, c.part, c.id, c.fingerprint, data, c.present, c.withdrawn, memberships.c.offer_id)
        .join(memberships, same_identity(tables.source_offers, memberships))
        .where(c.source == source_name, memberships.c.until.is_(None))
    )
    found = {}
    for keys in chunks(dict.fromkeys(key for key, _ in identities)):
        for key, part, *values in session.execute(query.where(c.key.in_(keys))):
            if (key, part) in identities:
                found[key, part] = _Row(*values)
    return found


def _hold_description(session: Session, source_name: str) -> None:
    """Nobody changes the description before the commit: what is added here is published by it, or follows after."""
    session.execute(
        select(tables.sources.c.name).where(tables.sources.c.name == source_name).with_for_update(read=True)
    )


def _add(session: Session, source: Source, new: Sequence[Reading], run_id: int, now: datetime) -> list[str]:
    """Store offers seen for the first time; their new ids."""
    if not new:
        return []
    ids = mint(session, [reading.record.origin for reading in new])
    session.execute(insert(offers), [{"id": minted, "region": source.region, "minted_at": now} for minted in ids])
    session.execute(
        insert(memberships),
        [
            _names(reading.record.origin) | {"offer_id": minted, "since": now, "reason": "minted"}
            for minted, reading in zip(ids, new, strict=True)
        ],
    )
    session.execute(
        insert(tables.source_offers),
        [
            _names(reading.record.origin)
            | _content(reading, reading.normalised.offer.model_dump_json(exclude_none=True).encode(), run_id, now)
            | {"first_seen": now}
            for reading in new
        ],
    )
    return ids


def mint(session: Session, keys: Sequence[SourceKey]) -> list[str]:
    """An id for each of ``keys`` that was never used; the plain one unless that belongs to another offer by now."""
    ids = [offer_id(key.source, key.key, key.part) for key in keys]
    taken: set[str] = set()
    for some in chunks(ids):
        taken.update(session.scalars(select(offers.c.id).where(offers.c.id.in_(some))))
    for place, key in enumerate(keys):
        attempt = 0
        while ids[place] in taken:
            attempt += 1
            ids[place] = offer_id(key.source, f"{key.key}\n{attempt}", key.part)
            if session.execute(select(offers.c.id).where(offers.c.id == ids[place])).one_or_none():
                taken.add(ids[place])
    return ids


def _keep_records(session: Session, source_name: str, readings: Sequence[Reading], run_id: int, now: datetime) -> None:
    if not readings:
        return
    statement = dialect.insert(session, tables.records)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["source", "key", "part", "fingerprint"],
            # the whole of it: what is stored is what was read, with its day, so that a replay reads the same
            set_={name: statement.excluded[name] for name in ("data", "last_run", "last_seen")},
        ),
        [
            _names(reading.record.origin)
            | {
                "fingerprint": reading.fingerprint,
                "data": reading.record.model_dump_json(exclude_none=True).encode(),
                "first_run": run_id,
                "last_run": run_id,
                "last_seen": now,
            }
            for reading in readings
        ],
    )


def _change(session: Session, again: Sequence[tuple[_Row, Reading]], run_id: int, now: datetime) -> set[int]:
    """Store new readings of known offers; the rows whose Record or reading differs from what was stored."""
    differing: set[int] = set()
    rows = []
    for row, reading in again:
        data = reading.normalised.offer.model_dump_json(exclude_none=True).encode()
        if row.fingerprint != reading.fingerprint or row.data != data:
            differing.add(row.id)
        rows.append(_content(reading, data, run_id, now) | {"number": row.id})
    if rows:
        session.execute(update(tables.source_offers).where(tables.source_offers.c.id == bindparam("number")), rows)
    return differing


def _mark_seen(
    session: Session, source_name: str, seen: Collection[SourceKey], run_id: int, now: datetime
) -> list[_Row]:
    rows = _rows_of(session, source_name, seen)
    _update_rows(
        session, rows, {"last_run": run_id, "last_seen": now, "missed_runs": 0, "present": True, "withdrawn": None}
    )
    return rows


def _mark_absent(session: Session, source_name: str, absent: Collection[SourceKey]) -> None:
    rows = _rows_of(session, source_name, absent)
    _update_rows(session, rows, {"missed_runs": tables.source_offers.c.missed_runs + 1, "present": False})


def _withdraw(session: Session, source_name: str, withdrawn: Collection[SourceKey]) -> list[_Row]:
    rows = _rows_of(session, source_name, withdrawn)
    _update_rows(session, rows, {"present": False, "withdrawn": WITHDRAWN})
    return rows


def _rows_of(session: Session, source_name: str, keys: Collection[SourceKey]) -> list[_Row]:
    identities = {_identity(key) for key in keys}
    found = _stored(session, source_name, identities, with_data=False)
    if missing := identities - found.keys():
        raise StoreError(f"{source_name}: {min(missing)} was never stored; give it among the readings first")
    return list(found.values())


def _update_rows(session: Session, rows: Sequence[_Row], values: dict[str, Any]) -> None:
    for some in chunks(rows):
        ids = [row.id for row in some]
        session.execute(update(tables.source_offers).where(tables.source_offers.c.id.in_(ids)).values(values))


def _names(key: SourceKey) -> dict[str, Any]:
    return {"source": key.source, "key": key.key, "part": key.part}


def _content(reading: Reading, data: bytes, run_id: int, now: datetime) -> dict[str, Any]:
    return {
        "fingerprint": reading.fingerprint,
        "reading": reading.version,
        "data": data,
        "last_seen": now,
        "last_run": run_id,
        "missed_runs": 0,
        "present": True,
        "withdrawn": None,
    }
