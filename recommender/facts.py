"""Facts of one offer that need a little reading before they become a column."""

import re
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from recommender.text import fold
from schemas.freshness import confirmed_on, is_unconfirmed
from schemas.geography import find_places
from schemas.offer import Offer
from schemas.vocabulary import LANGUAGES, Mode, PriceModel


def is_priced(offer: Offer) -> bool:
    """Whether what it costs is known; a gift is free to give."""
    price = offer.price
    return price is not None and (
        price.model in (PriceModel.FREE, PriceModel.DONATION)
        or (price.amount_eur is not None and price.model is not PriceModel.UNKNOWN)
    )


def money(offer: Offer, count: int) -> tuple[float, float, float, float]:
    """Euro per child, per group, extra per child and extra per group, each for one of ``count`` sessions."""
    price = offer.price
    if price is None or not is_priced(offer):
        return (0.0, 0.0, 0.0, 0.0)
    amount = 0.0 if price.model is PriceModel.FREE else (price.amount_eur or 0.0) / count
    extra = (price.extra_eur or 0.0) / count
    by_group = price.model is PriceModel.PER_GROUP
    return (
        0.0 if by_group else amount,
        amount if by_group else 0.0,
        extra if price.extra_per_child else 0.0,
        0.0 if price.extra_per_child else extra,
    )


NEGLECTED_DAYS = 730
"""Age in days of what nobody vouches for any more; freshness is at its lowest from there on."""

_ONLY = re.compile(r"\b(?:nur|ausschliesslich|komplett|rein) (?:auf |in )?(\w{3,20}?)(?:e[nrs]?|sprachige?[nrs]?)?\b")
_FOREIGN = frozenset(fold(label) for code, label in LANGUAGES.items() if code != "de")


def is_only_foreign(offer: Offer) -> bool:
    """Whether the text says "nur auf Polnisch" or the like; naming a language alone does not mean that."""
    if not offer.languages or "de" in offer.languages:
        return False
    text = fold(" ".join(filter(None, (offer.title, offer.summary, offer.description))))
    return any(match[1] in _FOREIGN for match in _ONLY.finditer(text))


def home(offer: Offer) -> tuple[float, float]:
    """Where the provider is at home: the place, or the town in its name; NaN where neither is known."""
    place = offer.place
    if place is not None and place.lat is not None and place.lon is not None:
        return place.lat, place.lon
    return _town_in(offer.provider.name, offer.region) if offer.provider else (np.nan, np.nan)


@lru_cache(maxsize=65_536)
def _town_in(name: str, region: str) -> tuple[float, float]:
    """The last town that a provider's name mentions ("Gemeindebibliothek Ferdinandshof")."""
    towns = find_places(name, region)
    return (towns[-1][2].point.lat, towns[-1][2].point.lon) if towns else (np.nan, np.nan)


def signature(offer: Offer, weekdays: int) -> tuple[float | None, ...]:
    """Youngest and oldest month, amount, duration, largest group, first dated day, weekdays (bits of its calendar)."""
    ages, price, size, schedule = offer.ages, offer.price, offer.group_size, offer.schedule
    free = price is not None and price.model is PriceModel.FREE
    return (
        ages.min_months if ages else None,
        ages.max_months if ages else None,
        0.0 if free else (price.amount_eur if price else None),
        offer.duration_minutes,
        size.children_max if size else None,
        schedule.occurrences[0].day.toordinal() if schedule and schedule.occurrences else None,
        weekdays or None,
    )


def place_name(offer: Offer) -> tuple[str, str]:
    """Name of the place (empty for offers that come to the Kita, or without one), and the id."""
    place = offer.place
    if place is None or Mode.IN_KITA in offer.modes:
        return ("", offer.id)
    return ((place.ags or place.locality or place.postcode or "").casefold(), offer.id)


def completeness(offer: Offer) -> float:
    """Share of: age, price, schedule, duration, place or service area, a way to book, group size, areas."""
    booking = offer.booking
    known = (
        offer.ages is not None,
        offer.price is not None,
        offer.schedule is not None,
        offer.duration_minutes is not None,
        offer.place is not None or offer.service_area is not None,
        bool(booking.contact or booking.url or booking.ways or offer.url),
        offer.group_size is not None,
        bool(offer.areas),
    )
    return sum(known) / len(known)


def last_day_known(offer: Offer, today: date) -> date | None:
    """The last day on which a source showed it or a person confirmed it.

    What was typed in a form and confirmed by nobody for half a year counts as ``NEGLECTED_DAYS`` old: no page vouches
    for it any more.
    """
    last = confirmed_on(offer)
    neglected = today - timedelta(days=NEGLECTED_DAYS)
    return neglected if last is not None and last > neglected and is_unconfirmed(offer, today) else last
