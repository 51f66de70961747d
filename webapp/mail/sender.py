"""Sends what the ledger holds: claim, commit, send, settle; one mail at a time.

Any number of senders may run at once and each may be killed anywhere: a second run sends nothing twice, and what a
killed one left behind is shown as *unsure*.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from schemas.clock import local, week_of
from schemas.db import Database
from schemas.region import Region
from schemas.store.digests import (
    DigestState,
    LedgerEntry,
    claim_next,
    due_regions,
    mark_failed,
    mark_sent,
    mark_unsure,
    release,
    sweep,
)
from webapp.links import Links, UnsubscribeLink
from webapp.mail.message import AddressError, compose
from webapp.mail.transports import InDoubt, NotReached, Refused, Transport
from webapp.regions import base_url, region_of

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


def send_all(
    database: Database,
    transport_of: Callable[[Region | None], Transport],
    sending: Sending,
    clock: Callable[[], datetime],
    *,
    kita: str | None = None,
) -> SendReport:
    """Send what is due in all Regions, each through its own way: ``transport_of`` a Region with a relay of its own, and
    of ``None`` for all the others. A relay that cannot be used ends the run of those who use it, and of nobody else.
    """
    with database.read() as session:
        keys = due_regions(session)
    ways: dict[str | None, list[str]] = {None: []}
    for key in keys:
        region = region_of(key, sending.regions)
        ways.setdefault(region.key if region is not None and region.relay is not None else None, []).append(key)
    report = SendReport()
    for name, members in ways.items():
        region = sending.regions[name] if name is not None else None
        own = region.relay if region is not None else None
        pace = replace(sending, per_minute=own.per_minute) if own is not None else sending
        report += send_due(database, transport_of(region), pace, clock, kita=kita, keys=members)
    return report


def send_due(
    database: Database,
    transport: Transport,
    sending: Sending,
    clock: Callable[[], datetime],
    *,
    kita: str | None = None,
    keys: Collection[str] | None = None,
) -> SendReport:
    """Send every mail that is due, oldest first, and say what happened; ``kita`` limits it to one Kita, ``keys`` to
    Kitas whose official key is one of them.

    ``clock`` gives the current moment; it is asked at each claim, for a run may take hours. A relay that cannot be used
    ends the run: everything stays in the ledger for the next one.
    """
    started = clock()
    with database.begin() as session:
        swept = sweep(session, now=started, week=week_of(local(started).date()))
    report = SendReport(failed=swept[DigestState.FAILED], unsure=swept[DigestState.UNSURE])
    with transport:
        while report.stopped is None:
            with database.begin(durable=True) as session:
                entry = claim_next(session, now=clock(), kita=kita, keys=keys)
            if entry is None:
                break
            report = _hand_over(database, transport, sending, entry, report, clock)
            if sending.per_minute:
                sending.pause(60 / sending.per_minute)
    log.info("digest.sent", **{name: getattr(report, name) for name in SendReport.__slots__})
    return report


def _hand_over(
    database: Database,
    transport: Transport,
    sending: Sending,
    entry: LedgerEntry,
    report: SendReport,
    clock: Callable[[], datetime],
) -> SendReport:
    region = region_of(entry.region, sending.regions)
    if region is None:
        error = f"no Region for key {entry.region}; without one a mail has no sender"
        with database.begin() as session:
            mark_failed(session, entry, error=error)
        return replace(report, failed=report.failed + 1)
    token = sending.links.unsubscribe(UnsubscribeLink(entry.recipient))
    try:
        message = compose(
            entry, region, unsubscribe_url=f"{base_url(region, sending.default_base_url)}/abmelden/{token}"
        )
        transport.send(message)
    except AddressError as error:
        with database.begin() as session:
            mark_failed(session, entry, error=str(error))
        return replace(report, failed=report.failed + 1)
    except Refused as error:
        state = DigestState.FAILED
        with database.begin() as session:
            if error.for_good:
                mark_failed(session, entry, error=str(error))
            else:
                state = release(session, entry, error=str(error), counts=True)
        log.warning("digest.refused", digest=entry.id, recipient=entry.recipient, answer=str(error), state=state)
        if state is DigestState.FAILED:
            return replace(report, failed=report.failed + 1)
        return replace(report, retry=report.retry + 1)
    except NotReached as error:
        with database.begin() as session:
            release(session, entry, error=str(error), counts=False)
        log.error("digest.not_reached", error=str(error))
        return replace(report, stopped=str(error))
    except InDoubt as error:
        with database.begin() as session:
            mark_unsure(session, entry, error=str(error))
        log.error("digest.unsure", digest=entry.id, recipient=entry.recipient, error=str(error))
        return replace(report, unsure=report.unsure + 1)
    with database.begin() as session:
        mark_sent(session, entry, now=clock())
    return replace(report, sent=report.sent + 1)
