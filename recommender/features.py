"""What one Kita and all offers have to do with each other: ages, way, cost, dates. Rules and scores read these."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from recommender.context import Context
from recommender.groups import KitaView
from recommender.index import AUDIENCES, DATED, MODES, Bools, Floats, Ints, OfferIndex
from recommender.service import OUTSIDE
from schemas.geography import distances_km
from schemas.vocabulary import Audience, Mode

DETOUR: Final = 1.3
"""Road kilometres per beeline kilometre, as measured for German roads outside cities; minutes are never made of it."""
REACH_TOLERANCE: Final = 1.25
"""The way is an estimate from a detour factor and, mostly, centres of postcodes: up to a quarter over the limit may be
within it. It costs points all the same."""
ENOUGH_OVERLAP: Final = 0.1
"""A group of which fewer than this share of the months is addressed has no children of that age to speak of."""
_KITA, _HORT = (1 << AUDIENCES.index(code) for code in (Audience.KITA, Audience.HORT))
_AT_PROVIDER, _IN_KITA, _ONLINE = (1 << MODES.index(code) for code in (Mode.AT_PROVIDER, Mode.IN_KITA, Mode.ONLINE))
_HOLIDAY_START: Final = 8 * 60
"""Minute of the day from which a Hort has time in school holidays."""
_LAST_START_BEFORE_BACK: Final = 30
"""Minutes: a programme that starts later than this before the group must be back cannot be reached."""
NO_DAY: Final = 10**6
"""Stands in ``first_day`` for an offer without a dated instance that suits."""


@dataclass(frozen=True)
class Fit:
    """Facts about one Kita and every offer of an index; arrays have one element per offer, unless said otherwise."""

    view: KitaView
    overlap: Floats
    """Groups × offers: share of the group's months that the offer addresses; 0 for unknown ages."""
    audience: Bools
    """Groups × offers: whether the offer is, as far as known, made for such groups."""
    hours: Bools
    """Groups × offers: whether some date or hour suits the group; unknown hours do."""
    takes: Bools
    """Groups × offers: audience, age and hours suit; an unknown age does."""
    group: Ints
    """The group it suits best, -1 for none."""
    age: Floats
    """Overlap of that group."""
    children: Floats
    """Children of the fitting age in all groups that it suits; NaN where no group says how many it has."""
    road_km: Floats
    """Estimated way by road; NaN where a place is unknown."""
    home_km: Floats
    """Estimated way by road to where the provider is at home; NaN where not known."""
    service: Ints
    """For mobile offers ``INSIDE``, ``UNKNOWN_AREA`` or ``OUTSIDE``."""
    mobile: Bools
    """Comes to Kitas, and this Kita wants that."""
    visit: Bools
    """Can be visited somewhere."""
    may_come: Bools
    """Comes to this Kita, as far as known."""
    may_go: Bools
    """Can be visited by this Kita, as far as known: within its reach, or at an unknown place."""
    online: Bools
    sharing: Floats
    """Children who would share a price per group; NaN where unknown."""
    base_cost: Floats
    """Euro per child without extras; NaN where unknown."""
    cost: Floats
    """Euro per child with extras; NaN where unknown."""
    first_day: Ints
    """Days until the first dated instance that suits and leaves time to plan (else the last before), or ``NO_DAY``."""
    open_dates: Bools
    """Whether a dated instance is upcoming at all."""


def fit(view: KitaView, index: OfferIndex, context: Context) -> Fit:
    """The facts for one Kita. A Kita without groups suits nothing, and every ``takes`` row is absent."""
    count, groups = len(index), len(view.groups)
    overlap = np.zeros((groups, count))
    audience = np.zeros((groups, count), dtype=np.bool_)
    hours = np.zeros((groups, count), dtype=np.bool_)
    first_days = np.full((groups, count), NO_DAY, dtype=np.int64)
    days = _usable_days(view, index, context)
    for row in range(groups):
        overlap[row] = _overlap(view, row, index)
        audience[row] = _audience(view.hort[row], index)
        hours[row], first_days[row] = _hours(view, row, index, context, days)
    aged = (overlap >= ENOUGH_OVERLAP) | ~index.age_known
    takes = audience & aged & hours
    group, age = _best_group(takes, overlap, count)
    children = _children(view, overlap, audience & aged, index)
    road_km = _road(view, index.lat, index.lon)
    in_kita = (index.modes & _IN_KITA) != 0
    first = np.full(count, NO_DAY, dtype=np.int64)
    if groups:
        first = np.where(group >= 0, first_days[np.maximum(group, 0), np.arange(count)], NO_DAY)
    sharing, base_cost, cost = _costs(index, children)
    upcoming = np.zeros(count, dtype=np.bool_)
    upcoming[index.occurrences.offer] = True
    mobile = in_kita & (view.kita.accepts_mobile is not False)
    visit = ((index.modes & _AT_PROVIDER) != 0) | ((index.modes & (_IN_KITA | _ONLINE)) == 0)
    service = index.service.status(count, view.point, view.ags, view.kreis)
    return Fit(
        view=view,
        overlap=overlap,
        audience=audience,
        hours=hours,
        takes=takes,
        group=group,
        age=age,
        children=children,
        road_km=road_km,
        home_km=_road(view, index.home_lat, index.home_lon),
        service=service,
        mobile=mobile,
        visit=visit,
        may_come=mobile & (service != OUTSIDE),
        may_go=visit & ~(road_km > view.reach_km * REACH_TOLERANCE),
        online=(index.modes & _ONLINE) != 0,
        sharing=sharing,
        base_cost=base_cost,
        cost=cost,
        first_day=first,
        open_dates=upcoming,
    )


def _road(view: KitaView, lats: Floats, lons: Floats) -> Floats:
    """Estimated kilometres by road from the Kita."""
    return distances_km(view.lat, view.lon, lats, lons) * DETOUR if view.placed else np.full(len(lats), np.nan)


def _overlap(view: KitaView, group: int, index: OfferIndex) -> Floats:
    """Share of a group's months, both ends inclusive, that an offer addresses."""
    low, high = view.span[group]
    months = np.minimum(high, index.age_max) - np.maximum(low, index.age_min) + 1
    return np.where(index.age_known, np.clip(months, 0, None) / (high - low + 1), 0.0)


def _audience(hort: bool, index: OfferIndex) -> Bools:
    """Made for such groups: said so, or (for Kita groups) judged so, or nothing said against it."""
    said = (index.audience & (_HORT if hort else _KITA)) != 0
    silent = (index.audience == 0) & ~index.unsuitable
    return np.asarray(said | silent)


def _usable_days(view: KitaView, index: OfferIndex, context: Context) -> Bools:
    """Per dated instance: it takes place, on a working day on which the Kita is open, within the window, bookable."""
    columns = index.occurrences
    today = context.today.toordinal()
    ahead = columns.day - today
    usable = columns.free & (ahead >= 0) & (ahead <= context.window_days)
    usable &= ahead >= index.lead_days[columns.offer]
    usable &= (columns.day + 6) % 7 < 5  # ordinal 1 is a Monday
    for interval in view.kita.closed:
        usable &= (columns.day < interval.start.toordinal()) | (columns.day > interval.end.toordinal())
    holidays = context.public_holidays.get(view.land or "", frozenset())
    if holidays:
        usable &= ~np.isin(columns.day, [day.toordinal() for day in holidays])
    return usable


def _hours(view: KitaView, group: int, index: OfferIndex, context: Context, days: Bools) -> tuple[Bools, Ints]:
    """Whether an offer has a time for a group, and days until the dated instance that suits best."""
    earliest, latest = view.hours(group)
    last_start = latest - _LAST_START_BEFORE_BACK
    columns = index.occurrences
    in_time = (columns.start < 0) | ((columns.start >= earliest) & (columns.start <= last_start))
    if view.hort[group]:
        in_time |= _in_school_holidays(view, columns.day, context) & (columns.start >= _HOLIDAY_START)
    suits = days & in_time
    first = _day_to_plan(columns.offer[suits], columns.day[suits] - context.today.toordinal(), view, len(index))
    window = (index.opens_minute < 0) | (index.opens_minute <= last_start)
    window &= (index.closes_minute < 0) | (index.closes_minute > earliest)
    workday = (index.weekdays == 0) | ((index.weekdays & 0b0011111) != 0)
    regular = window & workday
    by_date = index.dated & (index.schedule == DATED)
    return np.where(by_date, first < NO_DAY, regular), first


def _day_to_plan(offer: Ints, ahead: Ints, view: KitaView, count: int) -> Ints:
    """Per offer the first day that leaves time to plan, or else the last one before, in days from today."""
    early = ahead < view.kita.planning_lead_days
    last = np.full(count, -1, dtype=np.int64)
    np.maximum.at(last, offer[early], ahead[early])
    first = np.full(count, NO_DAY, dtype=np.int64)
    np.minimum.at(first, offer[~early], ahead[~early])
    return np.where((first == NO_DAY) & (last >= 0), last, first)


def _in_school_holidays(view: KitaView, days: Ints, context: Context) -> Bools:
    inside = np.zeros(len(days), dtype=np.bool_)
    for interval in context.school_holidays.get(view.land or "", ()):
        inside |= (days >= interval.start.toordinal()) & (days <= interval.end.toordinal())
    return inside


def _best_group(takes: Bools, overlap: Floats, count: int) -> tuple[Ints, Floats]:
    """The group with the largest overlap among those that can take it up; the first of equals."""
    if not len(takes):
        return np.full(count, -1, dtype=np.int64), np.zeros(count)
    ranked = np.where(takes, overlap, -1.0)
    best = ranked.argmax(axis=0)
    age = ranked[best, np.arange(count)]
    return np.where(age >= 0, best, -1).astype(np.int64), np.clip(age, 0, None)


def _children(view: KitaView, overlap: Floats, suits: Bools, index: OfferIndex) -> Floats:
    """Children of the fitting age, spread evenly over the months of a group; groups without a number are left out."""
    if not len(overlap) or np.isnan(view.children).all():
        return np.full(len(index), np.nan)
    share = np.where(index.age_known, overlap, 1.0) * suits
    return np.asarray(np.nan_to_num(view.children) @ share)


def _costs(index: OfferIndex, children: Floats) -> tuple[Floats, Floats, Floats]:
    """Children who share, Euro per child without and with extras. All fitting children share a price per group, at most
    as many as one group may have."""
    sharing = np.floor(np.minimum(children, index.max_children))
    sharing = np.where(sharing >= 1, sharing, np.nan)
    flat = (index.per_group > 0) | (index.extra_per_group > 0)
    divisor = np.where(flat, sharing, 1.0)
    base = np.where(index.priced, index.per_child + index.per_group / divisor, np.nan)
    return sharing, base, base + index.extra_per_child + index.extra_per_group / divisor


def is_open(view: KitaView, day: date, context: Context) -> bool:
    """Whether the Kita is open on a day: a working day, no public holiday of its Land, no closing day of its own."""
    return (
        day.weekday() < 5
        and day not in context.public_holidays.get(view.land or "", frozenset())
        and not any(day in interval for interval in view.kita.closed)
    )


def window_end(context: Context) -> date:
    """The last day that is looked at."""
    return context.today + timedelta(days=context.window_days)
