"""Asking an address whether it wants a Kita's weekly mail: one mail, never a second one within 30 days."""

from datetime import datetime

import structlog

from schemas.base import Value
from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.store.invitations import invite, take_back
from schemas.store.kitas import kita_by_id
from webapp.digest import Issuing
from webapp.links import ConfirmLink, last_moment
from webapp.mail.message import AddressError, address, assemble, invitation_id
from webapp.mail.render import render_invitation
from webapp.mail.transports import InDoubt, MailError, NotReached, Refused, Transport
from webapp.regions import base_url, region_of

MAX_ADDRESS = 254

log = structlog.get_logger()


class Invitation(Value):
    """A question that was put."""

    kita: str
    """Id of the Kita."""
    recipient: int
    """Number of the recipient, who is not confirmed yet."""
    message_id: str
    """Message-ID of the mail."""
    until: datetime
    """Until when it can be confirmed."""


def send_invitation(
    database: Database, transport: Transport, issuing: Issuing, kita_id: str, mail_address: str, *, now: datetime
) -> Invitation:
    """Ask ``mail_address`` whether it wants the mail of ``kita_id``.

    That it is asked is on the disk before the mail leaves; only where the relay certainly did not take it, nothing is
    kept and it may be asked again at once. Raises ``AddressError``, ``StoreError`` (see ``schemas.store.invitations``)
    and ``MailError``.
    """
    address(mail_address)
    if len(mail_address) > MAX_ADDRESS:
        raise AddressError(f"{mail_address!r} is longer than {MAX_ADDRESS} characters; expected name@example.org")
    with database.begin(durable=True) as session:
        kita = kita_by_id(session, kita_id)
        region = region_of(kita.region, issuing.regions) if kita else None
        if kita is None:
            raise StoreError(f"Kita {kita_id!r} is not known; kitalotse recommend --json lists those that are")
        if region is None:
            raise StoreError(f"Kita {kita_id!r}: no Region for key {kita.region}; without one a mail has no sender")
        person = invite(session, kita_id, mail_address, now=now)
    asked = person.invited_at or now
    portal = base_url(region, issuing.default_base_url)
    mail = render_invitation(
        region,
        kita,
        mail_address,
        f"{portal}/bestaetigen/{issuing.links.confirm(ConfirmLink(person.id, asked))}",
        portal,
        invited_at=asked,
        example=issuing.demo or kita.example,
    )
    number = invitation_id(person.id, asked, sender=region.sender_mail)
    try:
        with transport:
            transport.send(assemble(mail, region, to=mail_address, at=asked, message_id=number))
    except (Refused, NotReached, AddressError) as error:
        with database.begin() as session:
            take_back(session, person)
        raise MailError(f"{mail_address} was not asked, and nothing is kept: {error}") from error
    except InDoubt as error:
        raise MailError(
            f"{mail_address} may have been asked, look {number} up at the relay; it is not asked again: {error}"
        ) from error
    log.info("invitation.sent", kita=kita_id, recipient=person.id)
    return Invitation(kita=kita_id, recipient=person.id, message_id=number, until=last_moment(asked))
