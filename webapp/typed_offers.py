"""What a page says about an offer besides its public form, when a person or a typed entry stands behind it.

Never part of feeds: a person's contact is read here, at the moment the page is made, and only with consent (law 8).
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from schemas.freshness import confirmed_on, is_typed, is_unconfirmed
from schemas.offer import Offer
from schemas.organisation import Contact
from schemas.publish import PublicOffer
from schemas.region import Region
from schemas.store.entries import is_a_persons
from schemas.store.offers import offer_by_id
from webapp.entry_texts import about_private_persons


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind an offer. Equal values mean equal words on the page, so it may name a cached one."""

    contact: Contact | None = None
    """A person's contact, shown because they agreed."""
    withheld: bool = False
    """Whether there is a contact that nobody agreed to show."""
    private_person: str | None = None
    """What Kitas are told about private persons; ``None`` where no person's entry is part of the offer."""
    typed: bool = False
    """Whether it was typed, and nothing of it read from a page."""
    confirmed_on: date | None = None
    """When its provider, or somebody for them, last said that it is correct."""
    unconfirmed: bool = False
    """Whether that is too long ago."""


def behind(session: Session, offer: PublicOffer, region: Region, today: date) -> Behind:
    """What stands behind a public offer of ``region``."""
    contact = _personal(offer_by_id(session, offer.id)) if offer.booking.contact is None else None
    shown = contact if contact is not None and contact.consented else None
    typed = is_typed(offer)
    return Behind(
        contact=shown,
        withheld=contact is not None and shown is None,
        private_person=about_private_persons(region) if is_a_persons(session, offer.id) else None,
        typed=typed,
        confirmed_on=confirmed_on(offer) if typed else None,
        unconfirmed=is_unconfirmed(offer, today),
    )


def _personal(offer: Offer | None) -> Contact | None:
    contact = offer.booking.contact if offer else None
    return contact if contact is not None and contact.personal else None
