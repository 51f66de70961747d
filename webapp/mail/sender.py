"""Sends what a ledger holds, of weekly mails or of letters: claim, commit, send, settle; one mail at a time.

Any number of senders may run at once and each may be killed anywhere: a second run sends nothing twice, and what a
killed one left behind is shown as *unsure*.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage
from typing import Any, Final, Protocol, TypeVar

import structlog
from sqlalchemy.orm import Session

from schemas.clock import local, week_of
from schemas.db import Database
from schemas.region import Region
from schemas.store.digests import LedgerEntry, claim_next, due_regions, sweep
from schemas.store.ledger import NO_REGION, Claimed, MailState, mark_failed, mark_sent, mark_unsure, release
from schemas.store.letters import LetterEntry, claim_letter, letters_wait_for, sweep_letters
from webapp.links import Links, UnsubscribeLink
from webapp.mail.message import AddressError, assemble, compose
from webapp.mail.render import Rendered
from webapp.mail.transports import InDoubt, NotReached, Refused, Transport
from webapp.regions import base_url, region_of
from webapp.weeks import held_back

Entry = TypeVar("Entry", bound=Claimed)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SendReport:
    """What one run of the sender did, in mails."""

    sent: int = 0
    failed: int = 0
    """Refused for good, given up, too late, or unsubscribed meanwhile."""
    retry: int = 0
    """Refused for now; they come again after a pause."""
    unsure: int = 0
    """May have been sent; shown, never sent again by itself."""
    stopped: str | None = None
    """Why the run ended early, where the relay could not be used at all; nothing is lost."""

    def __add__(self, other: "SendReport") -> "SendReport":
        """Both runs together."""
        counted = {name: getattr(self, name) + getattr(other, name) for name in ("sent", "failed", "retry", "unsure")}
        return SendReport(**counted, stopped="; ".join(filter(None, (self.stopped, other.stopped))) or None)


@dataclass(frozen=True, slots=True)
class Sending:
    """What sending needs besides database and transport."""

    regions: Mapping[str, Region]
    links: Links
    default_base_url: str
    per_minute: int = 0
    """Most mails per minute; 0 is no limit."""
    pause: Callable[[float], None] = time.sleep
    """Waits for so many seconds."""


class Ledger(Protocol[Entry]):
    """What the sender sends from."""

    @property
    def name(self) -> str:
        """Name in the log."""
        ...

    def waiting(self, session: Session) -> list[str]:
        """Official keys of those for whom, or in whose name, a mail waits."""
        ...

    def sweep(self, session: Session, now: datetime) -> Mapping[MailState, int]:
        """Judge what nobody works on any more; gives how many became *unsure* and *failed*."""
        ...

    def claim(self, session: Session, now: datetime, keys: Collection[str] | None) -> Entry | None:
        """Claim the next mail, where ``keys`` are given for one of them; ``None`` where none is due."""
        ...

    def region(self, entry: Entry) -> Region | None:
        """In whose name the mail goes out."""
        ...

    def message(self, entry: Entry, region: Region) -> EmailMessage:
        """The mail; raises ``AddressError``."""
        ...


class WeeklyMails:
    """The ledger of the Kitas' weekly mails; ``kita`` limits it to one Kita. A stopped week's mails stay in it."""

    name: Final = "digest"

    def __init__(self, sending: Sending, kita: str | None = None) -> None:
        self._sending: Final = sending
        self._kita: Final = kita

    def waiting(self, session: Session) -> list[str]:
        """See ``Ledger``."""
        return due_regions(session)

    def sweep(self, session: Session, now: datetime) -> Mapping[MailState, int]:
        """See ``Ledger``."""
        held = held_back(session, self._sending.regions)
        return sweep(session, now=now, week=week_of(local(now).date()), held=held)

    def claim(self, session: Session, now: datetime, keys: Collection[str] | None) -> LedgerEntry | None:
        """See ``Ledger``."""
        held = held_back(session, self._sending.regions)
        return claim_next(session, now=now, kita=self._kita, keys=keys, held=held)

    def region(self, entry: LedgerEntry) -> Region | None:
        """See ``Ledger``."""
        return region_of(entry.region, self._sending.regions)

    def message(self, entry: LedgerEntry, region: Region) -> EmailMessage:
        """See ``Ledger``."""
        token = self._sending.links.unsubscribe(UnsubscribeLink(entry.recipient))
        address = base_url(region, self._sending.default_base_url)
        return compose(entry, region, unsubscribe_url=f"{address}/abmelden/{token}")


class Letters:
    """The ledger of letters."""

    name: Final = "letter"

    def __init__(self, sending: Sending) -> None:
        self._sending: Final = sending

    def waiting(self, session: Session) -> list[str]:
        """See ``Ledger``."""
        return letters_wait_for(session)

    def sweep(self, session: Session, now: datetime) -> Mapping[MailState, int]:
        """See ``Ledger``."""
        return sweep_letters(session, now=now)

    def claim(self, session: Session, now: datetime, keys: Collection[str] | None) -> LetterEntry | None:
        """See ``Ledger``."""
        return claim_letter(session, now=now, regions=keys)

    def region(self, entry: LetterEntry) -> Region | None:
        """See ``Ledger``."""
        return self._sending.regions.get(entry.region)

    def message(self, entry: LetterEntry, region: Region) -> EmailMessage:
        """See ``Ledger``."""
        mail = Rendered(entry.subject, entry.text, entry.html)
        return assemble(mail, region, to=entry.address, at=entry.rendered_at, message_id=entry.message_id)


def send_all(
    database: Database,
    transport_of: Callable[[Region | None], Transport],
    sending: Sending,
    clock: Callable[[], datetime],
    *,
    ledger: Ledger[Any] | None = None,
) -> SendReport:
    """Send what is due of a ledger (by default, of the weekly mails) in all Regions.

    Each goes its own way: ``transport_of`` a Region with a relay of its own, and of ``None`` for all the others. A
    relay that cannot be used ends the run of those who use it, and of nobody else.
    """
    ledger = ledger or WeeklyMails(sending)
    with database.read() as session:
        keys = ledger.waiting(session)
    ways: dict[str | None, list[str]] = {None: []}
    for key in keys:
        region = region_of(key, sending.regions)
        ways.setdefault(region.key if region is not None and region.relay is not None else None, []).append(key)
    report = SendReport()
    for name, members in ways.items():
        region = sending.regions[name] if name is not None else None
        own = region.relay if region is not None else None
        pace = replace(sending, per_minute=own.per_minute) if own is not None else sending
        report += send_due(database, transport_of(region), pace, clock, ledger=ledger, keys=members)
    return report


def send_due(
    database: Database,
    transport: Transport,
    sending: Sending,
    clock: Callable[[], datetime],
    *,
    ledger: Ledger[Any] | None = None,
    keys: Collection[str] | None = None,
) -> SendReport:
    """Send every mail of a ledger that is due, oldest first, and say what happened; ``keys`` limits it to mails for one
    of these official keys. Without a ledger it is that of the weekly mails.

    ``clock`` gives the current moment; it is asked at each claim, for a run may take hours. A relay that cannot be used
    ends the run: everything stays in the ledger for the next one.
    """
    ledger = ledger or WeeklyMails(sending)
    with database.begin() as session:
        swept = ledger.sweep(session, clock())
    report = SendReport(failed=swept[MailState.FAILED], unsure=swept[MailState.UNSURE])
    with transport:
        while report.stopped is None:
            with database.begin(durable=True) as session:
                entry = ledger.claim(session, clock(), keys)
            if entry is None:
                break
            report = _hand_over(database, transport, ledger, entry, report, clock)
            if sending.per_minute:
                sending.pause(60 / sending.per_minute)
    log.info(f"{ledger.name}.sent", **{name: getattr(report, name) for name in SendReport.__slots__})
    return report


def _hand_over(
    database: Database,
    transport: Transport,
    ledger: Ledger[Entry],
    entry: Entry,
    report: SendReport,
    clock: Callable[[], datetime],
) -> SendReport:
    region = ledger.region(entry)
    if region is None:
        with database.begin() as session:
            mark_failed(session, entry, error=NO_REGION)
        return replace(report, failed=report.failed + 1)
    try:
        transport.send(ledger.message(entry, region))
    except AddressError as error:
        with database.begin() as session:
            mark_failed(session, entry, error=str(error))
        return replace(report, failed=report.failed + 1)
    except Refused as error:
        state = MailState.FAILED
        with database.begin() as session:
            if error.for_good:
                mark_failed(session, entry, error=str(error))
            else:
                state = release(session, entry, error=str(error), counts=True)
        log.warning(f"{ledger.name}.refused", id=entry.id, answer=str(error), state=state)
        if state is MailState.FAILED:
            return replace(report, failed=report.failed + 1)
        return replace(report, retry=report.retry + 1)
    except NotReached as error:
        with database.begin() as session:
            release(session, entry, error=str(error), counts=False)
        log.error(f"{ledger.name}.not_reached", error=str(error))
        return replace(report, stopped=str(error))
    except InDoubt as error:
        with database.begin() as session:
            mark_unsure(session, entry, error=str(error))
        log.error(f"{ledger.name}.unsure", id=entry.id, error=str(error))
        return replace(report, unsure=report.unsure + 1)
    with database.begin() as session:
        mark_sent(session, entry, now=clock())
    return replace(report, sent=report.sent + 1)
