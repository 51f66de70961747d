"""The numbers by which lists filter published offers: one narrow row per offer. Pure.

Bit sets take their bits in the order of the vocabulary; vocabularies therefore only grow at the end (a test holds
this). What is not stated is ``None``, a bit set of 0, or the ages from ``NO_AGE`` to ``ANY_AGE``.
"""

import math
import re
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Any, Final, TypeVar

from schemas.identifiers import provider_key
from schemas.offer import Offer, OfferFields, Price
from schemas.publish import bucket, expires_on
from schemas.vocabulary import (
    Access,
    Answer,
    Area,
    BookingWay,
    Mode,
    OccurrenceStatus,
    PriceModel,
    ScheduleKind,
    Topic,
    Weekday,
)

Coded = TypeVar("Coded", bound=StrEnum)

EARTH_RADIUS_KM: Final = 6371.0088
"""Mean radius R1 of the GRS 80 ellipsoid, as in ``schemas.geography``."""
ANY_AGE: Final = 9_999
"""Stands in the columns for an age without an upper end."""
NO_AGE: Final = -1
"""Stands in the columns for the youngest age where none is stated; "for every age" is 0 instead."""
CIRCLE: Final = "*"
"""Stands in the place of a key where a mobile offer goes into a circle."""
MAX_DAYS: Final = 1_000
"""Days of one offer that can be searched for."""

_WEEKDAYS: Final = tuple(Weekday)
_KEY: Final = re.compile(r"[0-9]{2,8}")
_NOWHERE: Final[dict[str, Any]] = dict.fromkeys(("x", "y", "z", "chord"))
_BITS: Final[dict[tuple[type[StrEnum], str], int]] = {
    (codes, code.value): 1 << n
    for codes in (Access, Area, BookingWay, Mode, Topic, Weekday)
    for n, code in enumerate(codes)
}


def bits(codes: Iterable[StrEnum]) -> int:
    """The bit set of ``codes``, all of one vocabulary (access, areas, ways to book, modes, topics or weekdays).

    >>> bits((Weekday.MO, Weekday.WE))
    5
    """
    return sum({_BITS[type(code), code.value] for code in codes})


def codes_of(vocabulary: type[Coded], found: int | None) -> tuple[Coded, ...]:
    """The codes of a bit set, in the order of the vocabulary.

    >>> codes_of(Weekday, 5)
    (<Weekday.MO: 'MO'>, <Weekday.WE: 'WE'>)
    """
    return tuple(code for n, code in enumerate(vocabulary) if (found or 0) >> n & 1)


def month_bits(months: Iterable[int]) -> int:
    """The bit set of months 1 to 12.

    >>> month_bits((1, 3))
    5
    """
    return sum({1 << (month - 1) for month in months})


def unit_vector(lat: float, lon: float) -> tuple[float, float, float]:
    """The point as a vector of length 1: nearness is then a matter of ``squared_chord``, by arithmetic alone."""
    phi, lam = math.radians(lat), math.radians(lon)
    return math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi)


def squared_chord(km: float) -> float:
    """The square of the straight line through the unit sphere between two points ``km`` apart on its surface."""
    return (2 * math.sin(min(km / EARTH_RADIUS_KM, math.pi) / 2)) ** 2


def costs(price: Price | None) -> tuple[float | None, float | None]:
    """Euro per child, and euro per group to be shared by its children; both ``None`` where no amount is known.

    ``cost_child + cost_group / children`` equals ``price.per_child(children)``.
    """
    if price is None or (price.model is not PriceModel.FREE and price.amount_eur is None):
        return None, None
    child = group = 0.0
    if price.model is PriceModel.PER_GROUP:
        group += price.amount_eur or 0.0
    elif price.model is not PriceModel.FREE:
        child += price.amount_eur or 0.0
    if price.extra_per_child:
        child += price.extra_eur or 0.0
    else:
        group += price.extra_eur or 0.0
    return child, group


def columns(offer: Offer) -> dict[str, Any]:
    """The filter columns of ``offer``, named as in the table ``published``."""
    schedule, ages, place = offer.schedule, offer.ages, offer.place
    located = place is not None and place.lat is not None and place.lon is not None
    x, y, z = unit_vector(place.lat, place.lon) if located else (None, None, None)  # type: ignore[union-attr, arg-type]
    child, group = costs(offer.price)
    recurrence = schedule.recurrence if schedule else None
    return {
        "status": offer.status.value,
        "region": offer.region,
        "kind": offer.kind.value,
        "last_seen": offer.last_seen,
        "min_months": ages.min_months or 0 if ages else NO_AGE,
        "max_months": ANY_AGE if ages is None or ages.max_months is None else ages.max_months,
        "x": x,
        "y": y,
        "z": z,
        "cost_child": child,
        "cost_group": group,
        "areas": bits(offer.areas),
        "modes": bits(offer.modes),
        "weekdays": bits(_weekdays(offer)),
        "months": month_bits(schedule.months) if schedule else 0,
        "on_request": bool(schedule and schedule.kind is ScheduleKind.ON_REQUEST),
        "dated": bool(schedule and schedule.kind is ScheduleKind.DATED and schedule.occurrences),
        "first_day": (recurrence and recurrence.starts_on) or (schedule.bookable_from if schedule else None),
        "last_day": (recurrence and recurrence.ends_on) or (schedule.bookable_until if schedule else None),
        "expires_on": expires_on(schedule),
        "provider": offer.provider.name.replace("\x00", "") if offer.provider else None,
        "provider_key": provider_key(offer.provider.name) if offer.provider else None,
        "locality": place.locality.replace("\x00", "") if place and place.locality else None,
        "group_max": offer.group_size.children_max if offer.group_size else None,
        "topics": bits(offer.topics),
        "ways": bits(offer.booking.ways),
        "access": bits(code for code, answer in offer.accessibility.items() if answer is not Answer.NO),
        "languages": ",".join(offer.languages).replace("\x00", "")[:200] or None,
        "rights": bucket(offer.rights).replace("\x00", ""),
        "reach_unknown": Mode.IN_KITA in offer.modes and not reach(offer),
    }


def reach(offer: OfferFields) -> list[dict[str, Any]]:
    """Where a mobile offer says that it goes, as rows of ``published_reach`` without ``row``: official keys (or their
    beginnings), and its circle as a point with the square of the chord that reaches its edge."""
    area, place = offer.service_area, offer.place
    if area is None:
        return []
    found: list[dict[str, Any]] = [
        _NOWHERE | {"key": key} for key in sorted(set(area.municipalities)) if _KEY.fullmatch(key)
    ]
    middle = area if area.lat is not None or area.municipalities else place
    if area.radius_km is not None and middle is not None and middle.lat is not None and middle.lon is not None:
        x, y, z = unit_vector(middle.lat, middle.lon)
        found.append({"key": CIRCLE, "x": x, "y": y, "z": z, "chord": squared_chord(area.radius_km)})
    return found


def _weekdays(offer: Offer) -> Iterable[Weekday]:
    if offer.schedule is None or offer.schedule.weekdays:
        return offer.schedule.weekdays if offer.schedule else ()
    return {_WEEKDAYS[day.weekday()] for day in days(offer)}


def days(offer: Offer) -> list[date]:
    """Days on which a dated instance takes place, in order; an instance over several days counts with each of them."""
    if offer.schedule is None:
        return []
    found: set[date] = set()
    for occurrence in offer.schedule.occurrences:
        if occurrence.status is not OccurrenceStatus.CANCELLED:
            length = min((occurrence.last_day - occurrence.day).days, MAX_DAYS)
            found.update(date.fromordinal(occurrence.day.toordinal() + n) for n in range(length + 1))
    return sorted(found)[:MAX_DAYS]
