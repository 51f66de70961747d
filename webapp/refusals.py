"""What people have said no to, carried over a restore: a backup from before must not make it unsaid.

Four things are kept: exclusions, unsubscriptions, deleted entries, revoked consents to show a person's contact. They
are read while the store still holds them and said again in what was brought back, by the functions that heard them
first.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from harvesters.entering import enter
from schemas.base import Value
from schemas.entry import Entry
from schemas.exceptions import StoreError
from schemas.exclusion import Exclusion, Wish
from schemas.offer import SourceKey
from schemas.store.entries import EntryState, StoredEntry, change_entry, consents_of, entry_by_key, erased_elsewhere
from schemas.store.exclusions import exclude, exclusions_by_age
from schemas.store.kitas import add_recipient, kita_by_id, recipient_by_id, unsubscribe
from schemas.store.runs import source
from schemas.store.withdrawing import withdraw
from schemas.tables.people import recipients
from schemas.tables.providers import consents, entries
from webapp.entries import remove


class Said(Value):
    """How much was said again."""

    exclusions: int = 0
    """Exclusions that the backup did not have."""
    unsubscriptions: int = 0
    """Addresses that get no mail any more."""
    deleted: int = 0
    """Entries that were deleted again."""
    revoked: int = 0
    """Entries that show no person's contact any more."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """What stood before the store was cleared."""

    exclusions: tuple[Exclusion, ...] = ()
    """Standing ones, oldest first."""
    unsubscribed: tuple[tuple[str, str, datetime], ...] = ()
    """Kita, address, when."""
    deleted: tuple[str, ...] = ()
    """Keys of entries."""
    revoked: tuple[tuple[str, datetime], ...] = ()
    """Key of an entry, and when its last consent was revoked."""


def refusals(session: Session) -> Refusals:
    """What the store knows that people do not want."""
    r, e, c = recipients.c, entries.c, consents.c
    unsubscribed = select(r.kita_id, r.address, r.unsubscribed_at).where(r.unsubscribed_at.is_not(None))
    deleted = select(e.key).where(e.state == EntryState.DELETED.value)
    later = consents.alias("later")
    standing = exists().where(later.c.entry_id == e.id, later.c.revoked_at.is_(None))
    revoked = (
        select(e.key, func.max(c.revoked_at, type_=c.revoked_at.type))
        .join(consents, c.entry_id == e.id)
        .where(e.state != EntryState.DELETED.value, ~standing)
        .group_by(e.id, e.key)
    )
    return Refusals(
        tuple(each for each in reversed(exclusions_by_age(session)) if each.undone_at is None),
        tuple((kita, address, at) for kita, address, at in session.execute(unsubscribed.order_by(r.id))),
        tuple(session.scalars(deleted.order_by(e.id))),
        tuple((key, at) for key, at in session.execute(revoked.order_by(e.id))),
    )


def say_again(session: Session, said: Refusals, *, by: str, now: datetime) -> Said:
    """Do once more what ``said`` asks for and this store does not know; what it knows is left alone."""
    unsubscriptions = sum(_end_mails(session, kita, address, at) for kita, address, at in said.unsubscribed)
    deleted = 0
    for key in said.deleted:
        stored = entry_by_key(session, key)
        if stored is not None and stored.state is not EntryState.DELETED:
            remove(session, stored, by=by, now=now)
            deleted += 1
    revoked = sum(_hide_contact(session, key, at, by=by, now=now) for key, at in said.revoked)
    known = {(each.kind, each.value) for each in exclusions_by_age(session) if each.undone_at is None}
    missing = [each for each in said.exclusions if (each.kind, each.value) not in known]
    for each in missing:
        wish = Wish(kind=each.kind, value=each.value)
        exclude(session, [wish], region=each.region, by=each.by, why=each.why, now=now)
    return Said(exclusions=len(missing), unsubscriptions=unsubscriptions, deleted=deleted, revoked=revoked)


def _end_mails(session: Session, kita: str, address: str, at: datetime) -> bool:
    """An address that the backup does not have is kept as one that must not be invited, where its Kita is there."""
    if kita_by_id(session, kita) is None:
        return False
    number = add_recipient(session, kita, address)
    found = recipient_by_id(session, number)
    if found is None or found.recipient.unsubscribed_at is not None:
        return False
    return unsubscribe(session, number, now=at)


def _hide_contact(session: Session, key: str, at: datetime, *, by: str, now: datetime) -> bool:
    """Revoke a consent from before ``at``, and show the entry as it is without; one given later stands."""
    stored = entry_by_key(session, key)
    if stored is None or stored.state is EntryState.DELETED:
        return False
    if not any(revoked_at is None and given_at <= at for _, given_at, revoked_at in consents_of(session, stored.id)):
        return False
    if stored.entry is None:  # of a form that this version cannot read, so it cannot be shown without: not at all
        remove(session, stored, by=by, now=now)
        return True
    without = stored.entry.model_copy(update={"consent": False})
    changed = change_entry(session, stored.id, without, consent_text="", now=at)
    if changed.state is not EntryState.UNCONFIRMED and not _erased(session, changed):
        _enter_again(session, changed, without, by=by, now=now)
    return True


def _erased(session: Session, stored: StoredEntry) -> bool:
    return any(each.id == stored.id for each in erased_elsewhere(session, stored.region))


def _enter_again(session: Session, stored: StoredEntry, entry: Entry, *, by: str, now: datetime) -> None:
    known = source(session, stored.source)
    if known is None:
        raise StoreError(f"entry {stored.key} has no source {stored.source!r}; take another backup")
    enter(session, known, entry, key=stored.key, now=now)
    if stored.state is EntryState.WITHDRAWN:
        withdraw(session, [SourceKey(source=stored.source, key=stored.key)], reason="by_provider", by=by, now=now)
