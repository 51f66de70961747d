"""Entries that providers typed, or a coordinator for them: where each stands, and what they agreed to.

The form itself is ``data``; the columns beside it repeat what queries ask for. Never reached from feeds (law 8).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import Row, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session

from schemas.entry import Entry
from schemas.exceptions import StoreError
from schemas.review import DecisionKind
from schemas.store.bulk import chunks
from schemas.tables.harvest import source_offers
from schemas.tables.offers import memberships, published
from schemas.tables.providers import consents, entries
from schemas.tables.reviews import decisions
from schemas.vocabulary import Status

CONTACT: Final = "contact"
"""Purpose of the consent to show a person's contact."""
UNCONFIRMED_FOR: Final = timedelta(days=14)
"""How long an entry waits for the click in the mail; then it is deleted."""
ASK_AFTER: Final = timedelta(days=90)
"""How long after the last confirmation a provider is asked whether an entry is still correct."""


class EntryState(StrEnum):
    """Where an entry stands."""

    UNCONFIRMED = "unconfirmed"
    """Typed; the mail was not answered yet. Nothing of it is known anywhere else."""
    LIVE = "live"
    """An offer of its Region's source."""
    WITHDRAWN = "withdrawn"
    """Taken back by its provider, the desk or after a year of silence; it can be put back."""
    DELETED = "deleted"
    """Deleted for good: only the key is left."""


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One entry with everything that is known of it."""

    id: int
    region: str
    source: str
    key: str
    """Its key in the source, and its name in links."""
    offer: str | None
    """Id of the offer it belongs to."""
    address: str | None
    """Where its provider gets letters; ``None`` where a coordinator typed it without one."""
    person: bool
    entry: Entry | None
    """What was typed; ``None`` for a deleted entry, and for one of a form that this version cannot read."""
    state: EntryState
    token_version: int
    """Raising it ends every older link."""
    created_at: datetime
    updated_at: datetime
    confirmed_at: datetime | None
    """When the address was confirmed."""
    asked_at: datetime | None
    """When its provider was last asked whether it is still correct."""
    last_confirmed_at: datetime | None
    """When somebody last said that it is correct."""


def add_entry(
    session: Session,
    entry: Entry,
    *,
    region: str,
    source: str,
    key: str,
    address: str | None,
    consent_text: str,
    now: datetime,
) -> StoredEntry:
    """Keep a new entry, unconfirmed. ``consent_text`` is the version of the words shown beside the consent."""
    values = _columns(entry) | {
        "region": region,
        "source": source,
        "key": key,
        "address": address,
        "state": EntryState.UNCONFIRMED.value,
        "created_at": now,
        "updated_at": now,
    }
    number: int = session.execute(insert(entries).values(values).returning(entries.c.id)).scalar_one()
    _log_consent(session, number, wanted=entry.personal and entry.consent, text_version=consent_text, now=now)
    return _by_id(session, number)


def change_entry(session: Session, number: int, entry: Entry, *, consent_text: str, now: datetime) -> StoredEntry:
    """Keep what an entry says now; consent that is given or taken back by it is logged.

    Raises ``StoreError`` for an entry that is not there any more.
    """
    _update(session, number, _columns(entry) | {"updated_at": now})
    _log_consent(session, number, wanted=entry.personal and entry.consent, text_version=consent_text, now=now)
    return _by_id(session, number)


def make_live(session: Session, number: int, *, offer: str, now: datetime) -> StoredEntry:
    """An entry is the offer ``offer`` from now on; the first time is its confirmation."""
    found = _locked(session, number)
    values = {
        "state": EntryState.LIVE.value,
        "offer_id": offer,
        "confirmed_at": found.confirmed_at or now,
        "last_confirmed_at": now,
    }
    _update(session, number, values)
    return _by_id(session, number)


def take_back(session: Session, number: int) -> StoredEntry:
    """An entry is withdrawn from now on."""
    _update(session, number, {"state": EntryState.WITHDRAWN.value})
    return _by_id(session, number)


def forget_entry(session: Session, number: int, *, now: datetime) -> None:
    """Delete everything of an entry but its key and its offer's id; its links end, its consents are revoked."""
    _log_consent(session, number, wanted=False, text_version="", now=now)
    values = {
        "state": EntryState.DELETED.value,
        "data": None,
        "address": None,
        "person": False,
        "booked_until": None,
        "groups_per_month": None,
        "token_version": entries.c.token_version + 1,
        "updated_at": now,
    }
    _update(session, number, values)


def end_links(session: Session, region: str, address: str) -> None:
    """End every link that was sent to ``address`` for its entries in ``region``."""
    mine = (entries.c.region == region) & (entries.c.address == address)
    session.execute(update(entries).where(mine).values(token_version=entries.c.token_version + 1))


def still_correct(session: Session, numbers: Collection[int], *, now: datetime) -> None:
    """Somebody said just now that these entries are correct."""
    for some in chunks(list(numbers)):
        session.execute(update(entries).where(entries.c.id.in_(some)).values(last_confirmed_at=now))


def asked(session: Session, numbers: Collection[int], *, now: datetime) -> None:
    """Their provider is asked just now whether they are correct."""
    for some in chunks(list(numbers)):
        session.execute(update(entries).where(entries.c.id.in_(some)).values(asked_at=now))


# -- what is known ----------------------------------------------------------------------------------------------------


def entry_by_key(session: Session, key: str, *, lock: bool = False) -> StoredEntry | None:
    """The entry of that key, deleted ones included; ``lock`` keeps others from changing it until the commit."""
    query = _ENTRIES.where(entries.c.key == key)
    row = session.execute(query.with_for_update(of=entries) if lock else query).one_or_none()
    return None if row is None else _stored(row)


def entries_of(session: Session, region: str, address: str) -> list[StoredEntry]:
    """What stands under ``address`` in ``region``, oldest first; deleted and unconfirmed entries are left out."""
    standing = entries.c.state.in_((EntryState.LIVE.value, EntryState.WITHDRAWN.value))
    query = _ENTRIES.where(entries.c.region == region, entries.c.address == address, standing)
    return [_stored(row) for row in session.execute(query.order_by(entries.c.id))]


def entries_in(session: Session, region: str, *, limit: int, offset: int = 0) -> list[StoredEntry]:
    """Live and withdrawn entries of a Region, newest first."""
    standing = entries.c.state.in_((EntryState.LIVE.value, EntryState.WITHDRAWN.value))
    query = _ENTRIES.where(entries.c.region == region, standing).order_by(entries.c.id.desc())
    return [_stored(row) for row in session.execute(query.limit(limit).offset(offset))]


def entry_count(session: Session, region: str) -> int:
    """How many entries ``entries_in`` would list without a limit."""
    standing = entries.c.state.in_((EntryState.LIVE.value, EntryState.WITHDRAWN.value))
    query = select(func.count()).select_from(entries).where(entries.c.region == region, standing)
    count: int = session.execute(query).scalar_one()
    return count


def entry_of_offer(session: Session, offer_id: str) -> StoredEntry | None:
    """The oldest entry that an offer consists of; ``None`` for an offer that nobody typed, or a deleted entry."""
    standing = entries.c.state != EntryState.DELETED.value
    query = _ENTRIES.where(memberships.c.offer_id == offer_id, standing).order_by(entries.c.id)
    row = session.execute(query.limit(1)).one_or_none()
    return None if row is None else _stored(row)


def is_a_persons(session: Session, offer_id: str) -> bool:
    """Whether a private person's live entry is part of an offer, whoever else shows it."""
    mine = _ENTRIES.where(
        memberships.c.offer_id == offer_id, entries.c.person, entries.c.state == EntryState.LIVE.value
    )
    return session.execute(select(mine.exists())).scalar_one()


def in_question(session: Session, region: str, address: str) -> list[StoredEntry]:
    """Live entries under ``address`` that can still be correct, oldest first: neither rejected nor over."""
    query = _IN_QUESTION.where(entries.c.region == region, entries.c.address == address)
    return [_stored(row) for row in session.execute(query.order_by(entries.c.id))]


def due_for_question(session: Session, region: str, now: datetime) -> list[StoredEntry]:
    """Entries in question that nobody confirmed or was asked about for ``ASK_AFTER``, oldest first."""
    c = entries.c
    long_ago = now - ASK_AFTER
    quiet = and_(c.last_confirmed_at <= long_ago, or_(c.asked_at.is_(None), c.asked_at <= long_ago))
    query = _IN_QUESTION.where(c.region == region, c.address.is_not(None), quiet)
    return [_stored(row) for row in session.execute(query.order_by(c.id))]


def silent_since(session: Session, region: str, *, before: datetime, asked_before: datetime) -> list[StoredEntry]:
    """Entries in question not confirmed since ``before``, about which was asked by ``asked_before`` at the latest."""
    c = entries.c
    silent = and_(c.last_confirmed_at <= before, c.asked_at <= asked_before)
    query = _IN_QUESTION.where(c.region == region, silent)
    return [_stored(row) for row in session.execute(query.order_by(c.id))]


def erased_elsewhere(session: Session, region: str) -> list[StoredEntry]:
    """Entries whose offer was erased by somebody else: an exclusion, or the deletion of their source."""
    standing = entries.c.state.in_((EntryState.LIVE.value, EntryState.WITHDRAWN.value))
    said = source_offers.c
    query = _ENTRIES.join(source_offers, and_(said.source == entries.c.source, said.key == entries.c.key)).where(
        entries.c.region == region, standing, said.withdrawn.in_(_ERASED)
    )
    return [_stored(row) for row in session.execute(query.order_by(entries.c.id))]


def unconfirmed_count(session: Session, region: str, *, before: datetime) -> int:
    """Live entries of a Region whose offer is shown and that nobody confirmed since ``before``."""
    c = entries.c
    shown = published.c.status == Status.PUBLISHED
    query = select(func.count()).select_from(entries).join(memberships, _MINE)
    query = query.join(published, published.c.offer_id == memberships.c.offer_id)
    old = query.where(c.region == region, c.state == EntryState.LIVE.value, c.last_confirmed_at <= before, shown)
    count: int = session.execute(old).scalar_one()
    return count


@dataclass(frozen=True, slots=True)
class Decided:
    """A coordinator's latest decision about an entry."""

    entry: StoredEntry
    decision: int
    """Number of the decision."""
    accepted: bool
    why: str | None


def decided_entries(session: Session, region: str, *, since: datetime) -> list[Decided]:
    """Live entries with an address about which the latest standing decision was made since ``since``."""
    d, later = decisions.c, decisions.alias("later")
    counts = d.kind.in_((DecisionKind.ACCEPT.value, DecisionKind.REJECT.value)) & d.undone_at.is_(None)
    newer = exists().where(
        later.c.offer_id == d.offer_id, later.c.id > d.id, later.c.undone_at.is_(None), later.c.kind.in_(_DECISIVE)
    )
    query = (
        _ENTRIES.add_columns(d.id.label("decision"), d.kind.label("kind"), d.why.label("why"))
        .join(decisions, d.offer_id == memberships.c.offer_id)
        .where(entries.c.region == region, entries.c.state == EntryState.LIVE.value, entries.c.address.is_not(None))
        .where(d.at >= since, counts, ~newer)
        .order_by(d.id)
    )
    return [
        Decided(_stored(row), row.decision, row.kind == DecisionKind.ACCEPT.value, row.why)
        for row in session.execute(query)
    ]


def purge_entries(session: Session, now: datetime) -> int:
    """Delete entries whose mail nobody answered for ``UNCONFIRMED_FOR``; the number deleted."""
    old = (entries.c.state == EntryState.UNCONFIRMED.value) & (entries.c.created_at < now - UNCONFIRMED_FOR)
    mine = select(entries.c.id).where(old)
    session.execute(delete(consents).where(consents.c.entry_id.in_(mine)))
    return len(session.execute(delete(entries).where(old).returning(entries.c.id)).all())


def consents_of(session: Session, number: int) -> list[tuple[str, datetime, datetime | None]]:
    """What was agreed to for an entry, oldest first: version of the words, given at, revoked at."""
    query = select(consents).where(consents.c.entry_id == number).order_by(consents.c.id)
    return [(row.text_version, row.given_at, row.revoked_at) for row in session.execute(query)]


_ERASED: Final = ("excluded", "deleted")
_MINE: Final = and_(
    memberships.c.source == entries.c.source, memberships.c.key == entries.c.key, memberships.c.until.is_(None)
)
_ENTRIES: Final = select(entries, memberships.c.offer_id.label("current")).outerjoin(memberships, _MINE)
"""Entries with the offer that each belongs to now; after a merge that is another than it became at first."""
_IN_QUESTION: Final = _ENTRIES.join(published, published.c.offer_id == memberships.c.offer_id).where(
    entries.c.state == EntryState.LIVE.value, published.c.status.not_in((Status.REJECTED, Status.EXPIRED))
)
"""Live entries whose offer is neither rejected nor over."""
_DECISIVE: Final = (DecisionKind.ACCEPT.value, DecisionKind.REJECT.value)


def _columns(entry: Entry) -> dict[str, Any]:
    return {
        "person": entry.person,
        "data": entry.model_dump(mode="json", exclude_defaults=True),
        "booked_until": entry.booked_until,
        "groups_per_month": entry.groups_per_month,
    }


def _log_consent(session: Session, number: int, *, wanted: bool, text_version: str, now: datetime) -> None:
    c = consents.c
    standing = (c.entry_id == number) & (c.purpose == CONTACT) & c.revoked_at.is_(None)
    given = session.execute(select(c.id).where(standing)).first() is not None
    if wanted and not given:
        values = {"entry_id": number, "purpose": CONTACT, "text_version": text_version, "given_at": now}
        session.execute(insert(consents).values(values))
    elif given and not wanted:
        session.execute(update(consents).where(standing).values(revoked_at=now))


def _locked(session: Session, number: int) -> Row[Any]:
    row = session.execute(select(entries).where(entries.c.id == number).with_for_update()).one_or_none()
    if row is None or row.state == EntryState.DELETED.value:
        raise StoreError(f"entry {number} is not there any more; it was deleted meanwhile")
    return row


def _update(session: Session, number: int, values: Mapping[str, Any]) -> None:
    _locked(session, number)
    session.execute(update(entries).where(entries.c.id == number).values(values))


def _by_id(session: Session, number: int) -> StoredEntry:
    return _stored(session.execute(_ENTRIES.where(entries.c.id == number)).one())


def _stored(row: Row[Any]) -> StoredEntry:
    return StoredEntry(
        id=row.id,
        region=row.region,
        source=row.source,
        key=row.key,
        offer=row.current or row.offer_id,
        address=row.address,
        person=row.person,
        entry=_typed(row.data),
        state=EntryState(row.state),
        token_version=row.token_version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        confirmed_at=row.confirmed_at,
        asked_at=row.asked_at,
        last_confirmed_at=row.last_confirmed_at,
    )


def _typed(data: Any) -> Entry | None:
    if data is None:
        return None
    try:
        return Entry.model_validate(data)
    except ValidationError:
        return None
