"""The Monday mail: from stored recommendations to rendered rows of the ledger. Sending is ``webapp.mail.sender``'s.

A mail is written only for a confirmed recipient, only where something good was found, and only once per week, Kita and
recipient: running it again adds what is new and touches nothing else.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import structlog
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.clock import local, monday_of
from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.kita import Kita, Recipient
from schemas.recommendation import Digest
from schemas.region import Region
from schemas.store.digests import DigestMail, enter, entered
from schemas.store.entries import is_a_persons
from schemas.store.kitas import StoredRecipient, digest_of, kita_by_id, recipients, recipients_who_want_mail
from schemas.store.offers import offer_by_id
from schemas.vocabulary import Status
from webapp.links import KitaLink, Links, UnsubscribeLink
from webapp.mail.cards import card
from webapp.mail.message import message_id
from webapp.mail.render import Addresses, Rendered, render
from webapp.regions import base_url, region_of
from webapp.weeks import held_back

MOST_CARDS: Final = 8
"""Offers in one mail, at most."""
_BATCH: Final = 50

log = structlog.get_logger()


class PreparedMail(Value):
    """One mail that is, or would be, written."""

    week: str
    """ISO week."""
    kita: str
    """Id of the Kita."""
    recipient: int
    """Number of the recipient."""
    subject: str
    """Subject."""
    offers: tuple[str, ...]
    """Ids of the offers in it, best first."""
    reasons: tuple[tuple[str, ...], ...]
    """Per offer: the reasons given."""


class Preparation(Value):
    """What preparing a week did, in Kitas and mails."""

    week: str
    """ISO week."""
    mails: tuple[PreparedMail, ...] = ()
    """Mails written now (or, on a dry run, that would be)."""
    already: int = 0
    """Mails that were in the ledger before."""
    nothing_good: int = 0
    """Kitas with recipients for which nothing good was found: no mail this week."""
    stopped: int = 0
    """Kitas whose Region's coordinator stopped the week."""
    without_region: int = 0
    """Kitas whose key belongs to no Region of this installation: a mail needs a sender and an imprint."""


@dataclass(frozen=True, slots=True)
class Issuing:
    """In whose name mails are written, and what signs their links."""

    regions: Mapping[str, Region]
    links: Links
    default_base_url: str
    demo: bool = False


def prepare(
    database: Database,
    issuing: Issuing,
    *,
    week: str,
    now: datetime,
    kita: str | None = None,
    dry_run: bool = False,
) -> Preparation:
    """Write the ledger rows of ``week`` for all Kitas, or for one; with ``dry_run`` only say what would be written.

    Snapshot and row are committed together, some at a time; killed in between, the next run goes on where it ended.
    Raises ``StoreError`` for an unknown ``kita``.
    """
    with database.read() as session:
        if kita is not None and kita_by_id(session, kita) is None:
            raise StoreError(f"Kita {kita!r} is not known; kitalotse recommend --json lists those that are")
        wanting = recipients_who_want_mail(session)
        known = entered(session, week)
        stopped = held_back(session, issuing.regions).get(week, frozenset())
    found: Counter[str] = Counter()
    mails: list[PreparedMail] = []
    batch: list[tuple[PreparedMail, DigestMail]] = []
    for kita_id in [kita] if kita is not None else wanting:
        people = wanting.get(kita_id, [])
        missing = [person for person in people if (kita_id, person.id) not in known]
        found["already"] += len(people) - len(missing)
        if missing:
            with database.read() as session:
                kita_here, ranked = kita_by_id(session, kita_id), digest_of(session, kita_id, week=week)
                if kita_here is None:
                    continue  # deleted meanwhile
                if kita_here.region in stopped:
                    found["stopped"] += 1
                    continue
                batch += _of_kita(session, kita_here, missing, issuing, ranked, week, local(now).date(), found)
        if len(batch) >= _BATCH:
            mails += _enter(database, batch, now, dry_run)
            batch = []
    mails += _enter(database, batch, now, dry_run)
    log.info("digest.prepared", week=week, mails=len(mails), dry_run=dry_run, **found)
    return Preparation(week=week, mails=tuple(mails), **found)


def preview(
    session: Session, kita: Kita, issuing: Issuing, *, week: str, today: date, ranked: Digest | None = None
) -> Rendered | None:
    """The mail that ``kita`` gets (or would get) in ``week``; ``None`` where nothing good was found or no Region is.

    ``ranked`` replaces what was ranked. Its links are those of the first recipient, or of nobody where there is none;
    whoever shows it to somebody else signs them with another secret (``issuing.links``).
    """
    people = [person for person in recipients(session, kita.id) if person.wants_mail]
    somebody = people[:1] or [StoredRecipient(id=0, kita=kita.id, recipient=Recipient(address="kita@localhost"))]
    ranked = ranked or digest_of(session, kita.id, week=week)
    made = _of_kita(session, kita, somebody, issuing, ranked, week, today, Counter())
    return Rendered(made[0][1].subject, made[0][1].text, made[0][1].html) if made else None


def _of_kita(
    session: Session,
    kita: Kita,
    people: Sequence[StoredRecipient],
    issuing: Issuing,
    digest: Digest | None,
    week: str,
    today: date,
    found: Counter[str],
) -> list[tuple[PreparedMail, DigestMail]]:
    """The mails of one Kita; ``found`` counts why there are none. An offer that is no longer published is left out."""
    region = region_of(kita.region, issuing.regions)
    if region is None:
        found["without_region"] += 1
        return []
    shown = [
        (offer, recommendation)
        for recommendation in (digest.recommendations if digest else ())[:MOST_CARDS]
        if (offer := offer_by_id(session, recommendation.offer)) and offer.status is Status.PUBLISHED
    ]
    if not shown:
        found["nothing_good"] += 1
        return []
    address = base_url(region, issuing.default_base_url)
    day = max(today, monday_of(week))
    cards = [
        card(
            offer,
            recommendation,
            kita,
            week=week,
            today=day,
            base_url=address,
            links=issuing.links,
            private_person=is_a_persons(session, offer.id),
        )
        for offer, recommendation in shown
    ]
    made = []
    for person in people:
        mail = render(
            region,
            kita,
            cards,
            _addresses(address, issuing.links, person, week),
            week=week,
            example=issuing.demo or kita.example,
        )
        summary = PreparedMail(
            week=week,
            kita=kita.id,
            recipient=person.id,
            subject=mail.subject,
            offers=tuple(offer.id for offer, _ in shown),
            reasons=tuple(tuple(reason.text for reason in recommendation.reasons) for _, recommendation in shown),
        )
        row = DigestMail(
            week=week,
            kita=kita.id,
            recipient=person.id,
            message_id=message_id(week, kita.id, person.id, sender=region.sender_mail),
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
        )
        made.append((summary, row))
    return made


def _addresses(address: str, links: Links, person: StoredRecipient, week: str) -> Addresses:
    return Addresses(
        kita=f"{address}/kita/{links.kita(KitaLink(person.kita, person.id, person.token_version), week=week)}",
        unsubscribe=f"{address}/abmelden/{links.unsubscribe(UnsubscribeLink(person.id))}",
        portal=address,
        imprint=f"{address}/impressum",
        privacy=f"{address}/datenschutz",
    )


def _enter(
    database: Database, batch: Sequence[tuple[PreparedMail, DigestMail]], now: datetime, dry_run: bool
) -> list[PreparedMail]:
    if batch and not dry_run:
        with database.begin() as session:
            enter(session, [row for _, row in batch], now=now)
    return [summary for summary, _ in batch]
