"""How long ago somebody made sure of an offer. Pure.

A page that is read again every week says so every week. What was typed in a form is read by nobody: only its provider
or a coordinator confirms it, so the day on which it was typed counts, not the day of some run.
"""

from datetime import date, datetime
from typing import Final

from schemas.clock import local
from schemas.entry import TYPED
from schemas.offer import Offer
from schemas.publish import DESK, PublicOffer

UNCONFIRMED_DAYS: Final = 180
"""Days after which a typed offer that nobody confirmed sinks in the ranking and is marked so."""


def confirmed_on(offer: Offer | PublicOffer) -> date | None:
    """The last day on which a source showed ``offer``, its provider typed it, or a person confirmed it."""
    shown = _typed_at(offer) if is_typed(offer) else offer.last_seen
    moments = [moment for moment in (shown, offer.last_confirmed) if moment is not None]
    return local(max(moments)).date() if moments else None


def is_typed(offer: Offer | PublicOffer) -> bool:
    """Whether nothing but a typed entry speaks for ``offer``, besides corrections."""
    said = (one.rule == TYPED for one in offer.provenance.values() if one.source != DESK)
    return next(said, False) and all(said)


def is_unconfirmed(offer: Offer | PublicOffer, today: date) -> bool:
    """Whether ``offer`` was typed and nobody has confirmed it for ``UNCONFIRMED_DAYS``."""
    if not is_typed(offer):
        return False
    last = confirmed_on(offer)
    return last is not None and (today - last).days > UNCONFIRMED_DAYS


def _typed_at(offer: Offer | PublicOffer) -> datetime | None:
    moments = [said.fetched_at for said in offer.provenance.values() if said.rule == TYPED and said.fetched_at]
    return max(moments, default=None)
