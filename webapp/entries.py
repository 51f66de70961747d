"""What providers and coordinators do with entries, each in one transaction, and the jobs that look after them.

An entry is typed (unconfirmed, nothing of it is known elsewhere) → confirmed by mail (an offer of the Region's source
``eintraege_<key>``, held) → accepted at the desk → shown. Typed at the desk it needs no mail. What its provider changes
later goes live at once where it was accepted, unless the text now contradicts the audience: then it is held again. What
was rejected is held again once its provider changes what it says.
"""

import secrets
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.orm import Session

from harvesters.entering import ENTRIES, enter, entry_source
from schemas.entry import Entry
from schemas.exceptions import StoreError
from schemas.harvest import Source
from schemas.offer import SourceKey
from schemas.publish import VISIBLE
from schemas.region import Region
from schemas.review import DecisionKind
from schemas.store.audit import note
from schemas.store.entries import (
    EntryState,
    StoredEntry,
    add_entry,
    asked,
    change_entry,
    decided_entries,
    due_for_question,
    end_links,
    entries_of,
    entry_by_key,
    erased_elsewhere,
    forget_entry,
    in_question,
    make_live,
    silent_since,
    still_correct,
    take_back,
)
from schemas.store.exclusions import excluded
from schemas.store.publishing import members_of
from schemas.store.reviews import decide, detail, undo_decision, undo_decisions
from schemas.store.runs import save_source, source, source_state
from schemas.store.withdrawing import erase, restore, withdraw
from schemas.vocabulary import Verdict
from webapp.entry_letters import (
    Desk,
    ask_still_correct,
    ask_to_confirm,
    send_links,
    tell_decision,
    tell_ended,
    tell_typed,
)
from webapp.entry_texts import CONTACT_VERSION

BY_PROVIDER: Final = "Anbieter"
"""Who did it, where a provider did: their name is nobody else's business."""
SILENT_FOR: Final = timedelta(days=365)
"""After so long without a confirmation an entry is taken out, if its provider was asked."""
TIME_TO_ANSWER: Final = timedelta(days=14)
"""Days between the last question and taking it out."""
DECISIONS_TOLD: Final = timedelta(days=7)
"""How far back decisions are told, should the job not have run."""

log = structlog.get_logger(__name__)


class NotListed(StoreError):
    """Raised where this provider asked not to be listed; whoever types it must talk to the coordinator."""


def submit(session: Session, desk: Desk, entry: Entry, *, address: str, now: datetime) -> StoredEntry:
    """Keep what was typed on the portal and ask by mail whether it is theirs. Raises ``NotListed``."""
    stored = _typed(session, desk, entry, address=address, now=now)
    ask_to_confirm(session, desk, stored, now)
    return stored


def confirm(session: Session, desk: Desk, stored: StoredEntry, *, now: datetime) -> str:
    """The address is theirs: the entry becomes a held offer; its id. As often as asked, once is enough.

    Raises ``NotListed`` where that was asked for since it was typed.
    """
    current = _lock(session, stored)
    if current.state is not EntryState.UNCONFIRMED or current.entry is None:
        return current.offer or ""
    _must_be_listed(session, current.entry)
    offer = _enter(session, desk.region, current, now)
    make_live(session, current.id, offer=offer, now=now)
    log.info("entry.confirmed", entry=current.key, offer=offer)
    return offer


def type_for(
    session: Session, desk: Desk, entry: Entry, *, address: str | None, accept: bool, by: str, now: datetime
) -> str:
    """A coordinator typed it for its provider: an offer at once, published where they say so; its id.

    With ``address`` the provider gets a letter with the link to it. Raises ``NotListed``.
    """
    stored = _typed(session, desk, entry, address=address, now=now)
    offer = _enter(session, desk.region, stored, now)
    stored = make_live(session, stored.id, offer=offer, now=now)
    note(session, "entry.type", offer, {"entry": stored.key}, by=by, now=now)
    if accept:
        decide(session, offer, DecisionKind.ACCEPT, by=by, now=now)
    tell_typed(session, desk, stored, now)
    return offer


def change(session: Session, desk: Desk, stored: StoredEntry, entry: Entry, *, by: str, now: datetime) -> StoredEntry:
    """A new version of an entry. It stays shown where it was, unless its text now contradicts its audience; rejected,
    it is looked at again where its provider changed what it says.

    Raises ``NotListed``, and ``StoreError`` for a deleted entry.
    """
    _must_be_listed(session, entry)
    current = _lock(session, stored)
    changed = change_entry(session, current.id, entry, consent_text=CONTACT_VERSION, now=now)
    if current.state is EntryState.UNCONFIRMED:
        return changed
    offer = _enter(session, desk.region, changed, now)
    if current.state is EntryState.WITHDRAWN:
        withdraw(session, [_key(current)], reason="by_provider", by=by, now=now)
    if by == BY_PROVIDER and (current.entry is None or _said(entry) != _said(current.entry)):
        _look_again(session, offer, now)
    if current.state is EntryState.WITHDRAWN:
        return changed
    if current.entry is None or _about(entry) != _about(current.entry):
        _judge_again(session, offer, now)
    note(session, "entry.change", offer, {"entry": current.key}, by=by, now=now)
    _say_correct(session, changed, by=by, now=now)
    return changed


def pause(session: Session, stored: StoredEntry, *, by: str, now: datetime, reason: str = "by_provider") -> None:
    """Take an entry out of what is shown; it can be put back."""
    current = _lock(session, stored)
    if current.state is EntryState.LIVE:
        take_back(session, current.id)
        withdraw(session, [_key(current)], reason=reason, by=by, now=now)
        note(session, "entry.pause", current.offer or current.key, {"entry": current.key}, by=by, now=now)


def resume(session: Session, stored: StoredEntry, *, by: str, now: datetime) -> None:
    """Put a withdrawn entry back; it says that it is correct. Raises ``NotListed``."""
    current = _lock(session, stored)
    if current.state is EntryState.WITHDRAWN and current.offer is not None:
        if current.entry is not None:
            _must_be_listed(session, current.entry)
        restore(session, [_key(current)], by=by, now=now)
        make_live(session, current.id, offer=current.offer, now=now)
        note(session, "entry.resume", current.offer, {"entry": current.key}, by=by, now=now)
        _say_correct(session, current, by=by, now=now)


def remove(session: Session, stored: StoredEntry, *, by: str, now: datetime) -> None:
    """Delete an entry with all that was typed; a tombstone of its offer stays."""
    current = _lock(session, stored)
    if current.offer is not None:
        erase(session, [_key(current)], reason="deleted", by=by, now=now)
    forget_entry(session, current.id, now=now)
    note(session, "entry.delete", current.offer or current.key, {"entry": current.key}, by=by, now=now)


def is_correct(session: Session, stored: StoredEntry, *, by: str, now: datetime) -> None:
    """Somebody said that a live entry is still correct."""
    current = _lock(session, stored)
    if current.state is EntryState.LIVE:
        _say_correct(session, current, by=by, now=now)


def send_new_links(session: Session, desk: Desk, address: str, *, now: datetime) -> None:
    """Send links to everything that stands under ``address``, and end the older ones; nothing where nothing stands."""
    if not entries_of(session, desk.region.key, address):
        return
    end_links(session, desk.region.key, address)
    send_links(session, desk, entries_of(session, desk.region.key, address), now)


# -- jobs -------------------------------------------------------------------------------------------------------------


def tell_decisions(session: Session, desk: Desk, now: datetime) -> int:
    """Tell providers what was decided about their entries, each decision once; how many decisions stand."""
    found = decided_entries(session, desk.region.key, since=now - DECISIONS_TOLD)
    for decided in found:
        tell_decision(session, desk, decided, now)
    return len(found)


def look_after(session: Session, desk: Desk, now: datetime) -> dict[str, int]:
    """Ask who was not asked for a quarter, take out what was silent for a year, forget what was erased elsewhere."""
    region = desk.region.key
    erased = erased_elsewhere(session, region)
    for stored in erased:
        forget_entry(session, stored.id, now=now)
    ended = silent_since(session, region, before=now - SILENT_FOR, asked_before=now - TIME_TO_ANSWER)
    for stored in ended:
        pause(session, stored, by="default", now=now, reason="unconfirmed")
        tell_ended(session, desk, stored, now)
    due: dict[str, list[StoredEntry]] = {}
    for stored in due_for_question(session, region, now):
        if stored.address is not None:
            due.setdefault(stored.address, []).append(stored)
    for address in due:
        found = in_question(session, region, address)
        ask_still_correct(session, desk, found, now)
        asked(session, [stored.id for stored in found], now=now)
    return {"asked": len(due), "ended": len(ended), "forgotten": len(erased)}


# -- parts ------------------------------------------------------------------------------------------------------------


def source_of(session: Session, region: Region, *, now: datetime) -> Source:
    """The source of a Region's entries, stored when it is first needed.

    Raises ``StoreError`` where a coordinator deleted it.
    """
    name = f"{ENTRIES}{region.key}"
    known = source(session, name)
    if known is not None:
        return known
    if source_state(session, name) is not None:
        raise StoreError(f"source {name!r} was deleted at the desk; entries of this Region need it")
    return save_source(session, entry_source(region.key, region.name, now=now), origin="desk", now=now)


def _typed(session: Session, desk: Desk, entry: Entry, *, address: str | None, now: datetime) -> StoredEntry:
    _must_be_listed(session, entry)
    region = desk.region.key
    return add_entry(
        session,
        entry,
        region=region,
        source=f"{ENTRIES}{region}",
        key=secrets.token_hex(10),
        address=address,
        consent_text=CONTACT_VERSION,
        now=now,
    )


def _must_be_listed(session: Session, entry: Entry) -> None:
    if excluded(session).covers(entry.name, entry.homepage, entry.link):
        raise NotListed(f"{entry.name!r} asked not to be listed; take the exclusion back at the desk first")


def _enter(session: Session, region: Region, stored: StoredEntry, now: datetime) -> str:
    if stored.entry is None:
        raise StoreError(f"entry {stored.key} cannot be read by this version of the form; type it again")
    return enter(session, source_of(session, region, now=now), stored.entry, key=stored.key, now=now)


def _about(entry: Entry) -> tuple[object, ...]:
    """What a coordinator judged when they accepted it in spite of doubts."""
    return entry.title, entry.text, entry.audience


def _said(entry: Entry) -> Entry:
    """What a coordinator may have rejected: everything but what a provider says with one click."""
    return entry.model_copy(update={"booked_until": None, "groups_per_month": None, "consent": False})


def _look_again(session: Session, offer: str, now: datetime) -> None:
    """Take a rejection back, and acceptances before it, so that the offer is held; where it would be shown unseen, for
    its entries or another source of it are trusted, it stays rejected."""
    found = detail(session, offer)
    if found is None or any(member.trust == "publish" for member in members_of(session, offer)):
        return
    standing = [d for d in found.decisions if d.undone_at is None and d.kind is not DecisionKind.CONFIRM]
    if standing and standing[0].kind is DecisionKind.REJECT:  # newest first
        undo_decisions(session, [d.id for d in standing if d.id is not None], by=BY_PROVIDER, now=now)


def _judge_again(session: Session, offer: str, now: datetime) -> None:
    """Take an acceptance back whose text has turned against its audience: it is looked at before it is shown again."""
    found = detail(session, offer)
    suitability = found.offer.kita_suitability if found else None
    if found is None or suitability is None or suitability.verdict is not Verdict.UNSURE:
        return
    if found.offer.status not in VISIBLE:
        return
    for decision in found.decisions:
        if decision.kind is DecisionKind.ACCEPT and decision.undone_at is None and decision.id is not None:
            undo_decision(session, decision.id, by=BY_PROVIDER, now=now)


def _say_correct(session: Session, stored: StoredEntry, *, by: str, now: datetime) -> None:
    still_correct(session, [stored.id], now=now)
    if stored.offer is not None:
        decide(session, stored.offer, DecisionKind.CONFIRM, by=by, now=now)


def _lock(session: Session, stored: StoredEntry) -> StoredEntry:
    current = entry_by_key(session, stored.key, lock=True)
    if current is None or current.state is EntryState.DELETED:
        raise StoreError(f"entry {stored.key} is not there any more; it was deleted meanwhile")
    return current


def _key(stored: StoredEntry) -> SourceKey:
    return SourceKey(source=stored.source, key=stored.key)
