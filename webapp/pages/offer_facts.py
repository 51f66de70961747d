"""What an offer's page works out from its fields: until when to book, what a group pays, where values come from."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from flask_babel import gettext as _

from schemas.offer import Occurrence, Price
from schemas.publish import DESK, PublicOffer
from schemas.vocabulary import PriceModel
from schemas.wording import day_words, euro_words

GROUPS: Final = (10, 15, 20)
"""Sizes of a group for which costs are shown."""


class Booking(NamedTuple):
    """One date and until when to book it."""

    occurrence: Occurrence
    """The date."""
    until: date | None
    """Last day on which to book; ``None`` where nothing says so."""
    over: bool
    """Whether that day has passed."""


class Cost(NamedTuple):
    """What a group pays."""

    children: int
    """Its size."""
    together: str
    """For all of them, in words."""
    each: str
    """For each of them, in words."""


class Origin(NamedTuple):
    """Where the values of some fields come from, in words."""

    fields: tuple[str, ...]
    """The fields."""
    who: str
    """Source, or that a coordinator entered them."""
    when: Any
    """When the source was read or the value entered; ``None`` where not known."""
    address: str | None
    """Page that was read."""
    confidence: float
    """How sure the least sure of them is."""


def bookings(offer: PublicOffer, today: date) -> list[Booking]:
    """Dates to come and until when to book each: the stated last day, or the date less the lead time."""
    if offer.schedule is None:
        return []
    found = []
    for occurrence in offer.schedule.upcoming(today):
        limits = [offer.booking.closes]
        if offer.booking.lead_days:
            limits.append(occurrence.day - timedelta(days=offer.booking.lead_days))
        until = min((limit for limit in limits if limit is not None), default=None)
        found.append(Booking(occurrence, until, until is not None and until < today))
    return found


def book_by(offer: PublicOffer, today: date) -> str | None:
    """Until when to book, in words made for the day; ``None`` where nothing says so."""
    dated = bookings(offer, today)
    if dated:
        open_ones = [date for date in dated if not date.over]
        if not open_ones:
            return str(_("Für die bekannten Termine ist die Anmeldefrist vorbei. Bitte fragen Sie nach."))
        until = open_ones[0].until
        if until is None:
            return None
        if len(dated) == 1:
            return day_words(until)
        return str(_("%(day)s für den nächsten Termin", day=day_words(until)))
    closes = offer.booking.closes
    if closes is not None:
        return day_words(closes) if closes >= today else _("%(day)s (vorbei)", day=day_words(closes))
    return None


def earliest_visit(offer: PublicOffer, today: date) -> date | None:
    """First day on which a visit by arrangement is possible when booked today; ``None`` without a lead time."""
    if bookings(offer, today) or not offer.booking.lead_days:
        return None
    first = today + timedelta(days=offer.booking.lead_days)
    busy = offer.capacity.booked_until if offer.capacity else None
    return max(first, busy + timedelta(days=1)) if busy else first


def group_costs(price: Price | None, asked: int | None, most: int | None = None) -> list[Cost]:
    """What groups of usual sizes, and of the size asked for, pay; nothing where it is free, a donation or not known.

    ``most`` is the largest group that the provider takes.
    """
    if price is None or price.model is PriceModel.DONATION:
        return []
    found = []
    usual = {min(size, most or size) for size in GROUPS}
    for children in sorted({*usual, *([asked] if asked else [])}):
        each = price.per_child(children)
        if each:
            found.append(Cost(children, euro_words(each * children), euro_words(each)))
    return found


def origins(offer: PublicOffer, titles: Mapping[str, str]) -> list[Origin]:
    """Where the values come from, fields of one origin together; ``titles`` are German names of sources."""
    grouped: dict[tuple[str, Any, str | None], list[str]] = {}
    sureness: dict[tuple[str, Any, str | None], float] = {}
    for field, said in offer.provenance.items():
        day = said.fetched_at
        who = _("Koordinierungsstelle") if said.source == DESK else titles.get(said.source, said.source)
        origin = (who, day, said.address)
        grouped.setdefault(origin, []).append(field)
        sureness[origin] = min(sureness.get(origin, 1.0), said.confidence)
    return [Origin(tuple(fields), *origin, sureness[origin]) for origin, fields in grouped.items()]
