"""Offers as columns: everything ranking looks at, as one numpy array per fact, in the order of the ids."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from recommender.calendar import calendar_of, minute
from recommender.facts import (
    completeness,
    home,
    is_only_foreign,
    is_priced,
    last_day_known,
    money,
    place_name,
    signature,
)
from recommender.lexicon import topics_in
from recommender.service import ServiceColumns
from recommender.sessions import sessions
from recommender.text import TextIndex
from schemas.offer import Offer
from schemas.vocabulary import (
    LANGUAGES,
    Access,
    Answer,
    Area,
    Audience,
    Kind,
    Mode,
    OccurrenceStatus,
    PriceModel,
    ScheduleKind,
    Status,
    Topic,
    Verdict,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ACCESS_UNKNOWN, ACCESS_YES, ACCESS_LIMITED, ACCESS_NO = range(4)
UNKNOWN, ON_REQUEST, RECURRING, DATED = range(4)
NOT_FOR_GROUPS = frozenset({Kind.STAFF_TRAINING, Kind.NETWORK_MEETING})
"""Kinds that are for grown-ups; volunteers who come to read aloud are not among them."""
UNAVAILABLE = frozenset({Status.CANCELLED, Status.GONE, Status.EXPIRED, Status.REJECTED})
_SCHEDULES = {ScheduleKind.ON_REQUEST: ON_REQUEST, ScheduleKind.RECURRING: RECURRING, ScheduleKind.DATED: DATED}
_ANSWERS = {Answer.YES: ACCESS_YES, Answer.LIMITED: ACCESS_LIMITED, Answer.NO: ACCESS_NO}
_MAX_MONTHS = 1200
_LANGUAGE_BITS = {code: 1 << position for position, code in enumerate(LANGUAGES)}
_OTHER_LANGUAGE = 1 << len(LANGUAGES)


def bits(codes: Iterable[object], order: Sequence[object]) -> int:
    """A set of codes as bits, by their place in ``order``."""
    return sum(1 << order.index(code) for code in set(codes))


def language_bits(codes: Iterable[str]) -> int:
    """Languages as bits; all that are not in our list share one."""
    found = 0
    for code in codes:
        found |= _LANGUAGE_BITS.get(code, _OTHER_LANGUAGE)
    return found


AREAS, AUDIENCES, MODES, NEEDS, TOPICS = tuple(Area), tuple(Audience), tuple(Mode), tuple(Access), tuple(Topic)


@dataclass(frozen=True)
class OccurrenceColumns:
    """All upcoming dated instances of all offers, offer by offer and in order of time."""

    offer: Ints
    """Row of the offer."""
    day: Ints
    """Ordinal of the day (``date.toordinal``)."""
    start: Ints
    """Minute of the start, -1 where not stated."""
    free: Bools
    """Whether it takes place and has seats."""


@dataclass(frozen=True)
class OfferIndex:
    """Offers in columnar form. Rows are in order of the ids, so that the order of the input has no influence."""

    today: date
    """The day from which waiting times are counted."""
    offers: tuple[Offer, ...]
    """The offers themselves, row by row."""
    rows: dict[str, int]
    """Offer id → row."""
    unavailable: Bools
    """Cancelled, sold out, withdrawn or over."""
    booked: Floats
    """Days until something is free again; -inf where the provider says nothing of the kind."""
    for_groups: Bools
    """False for staff training and network meetings."""
    audience: Ints
    """Bits in the order of ``Audience``; 0 is not stated."""
    suitable: Floats
    """Probability that it is made for groups of a Kita, NaN where not judged."""
    unsuitable: Bools
    """Judged not to be for groups of a Kita."""
    age_known: Bools
    age_min: Floats
    """Months; 0 where open."""
    age_max: Floats
    """Months; 1200 where open."""
    priced: Bools
    """Whether what it costs is known."""
    donation: Bools
    """Whether giving is voluntary."""
    per_child: Floats
    """Euro per child and session, without extras."""
    per_group: Floats
    """Euro per group and session, without extras."""
    extra_per_child: Floats
    extra_per_group: Floats
    sessions: Floats
    """Sessions that the price pays for."""
    min_children: Floats
    """0 where not stated."""
    max_children: Floats
    """Infinite where not stated."""
    minutes: Floats
    """Duration, NaN where not stated."""
    modes: Ints
    """Bits in the order of ``Mode``; 0 is not stated."""
    lat: Floats
    """Place in degrees, NaN where not known."""
    lon: Floats
    home_lat: Floats
    """Where the provider is at home: the place, or else the town in its name. A hint for ranking, never shown."""
    home_lon: Floats
    service: ServiceColumns
    """Where mobile offers go."""
    schedule: Ints
    """``UNKNOWN``, ``ON_REQUEST``, ``RECURRING`` or ``DATED``."""
    dated: Bools
    """Whether single dates are known, past or upcoming."""
    weekdays: Ints
    wait: Floats
    """Days until its season begins."""
    left: Floats
    """Days until its season ends."""
    opens_minute: Ints
    closes_minute: Ints
    occurrences: OccurrenceColumns
    lead_days: Floats
    """Days that booking needs before the visit; 0 where not stated."""
    booking_opens: Floats
    """Days until booking opens; -inf where not stated."""
    booking_closes: Floats
    """Days until booking closes; inf where not stated."""
    areas: Ints
    main_area: Ints
    """Place of the most fitting area in ``Area``, -1 where none is known."""
    topics: Ints
    """Bits in the order of ``Topic``: those of the offer and those its title names."""
    mentions: Ints
    """Topics that the text names."""
    addresses: dict[str, tuple[int, ...]]
    """Address → rows of the offers of which it is the page, or another page."""
    languages: Ints
    """Languages named, as bits; German is assumed besides, unless ``only_foreign``."""
    only_foreign: Bools
    """Whether its words say that no German is spoken."""
    access: NDArray[np.int8]
    """Offers × ``Access``: ``ACCESS_UNKNOWN`` …"""
    outdoor: Bools
    signature: Floats
    """Offers × facts by which equal offers in different sources are told from similar ones; NaN is not stated."""
    provider: Ints
    """One number per provider; offers without one have numbers of their own."""
    place: Ints
    """One number per place."""
    completeness: Floats
    """Share of the facts a Kita needs that are known, from 0 to 1."""
    age_days: Floats
    """Days since a source or person last confirmed it; NaN where unknown."""
    titles: TextIndex
    texts: TextIndex

    @classmethod
    def build(cls, offers: Iterable[Offer], today: date) -> "OfferIndex":
        """Columns of the offers as seen on ``today``; of two offers with one id the higher version counts."""
        newest: dict[str, Offer] = {}
        for offer in offers:
            other = newest.setdefault(offer.id, offer)
            if other is not offer and _order(other) < _order(offer):
                newest[offer.id] = offer
        return _build(tuple(newest[key] for key in sorted(newest)), today)

    def __len__(self) -> int:
        return len(self.offers)


def _build(offers: tuple[Offer, ...], today: date) -> OfferIndex:
    calendars = [calendar_of(offer.schedule, today) for offer in offers]
    counted = [sessions(offer) for offer in offers]
    texts = [" ".join(filter(None, (o.title, o.title, o.summary, o.description))) for o in offers]

    def floats(values: Iterable[float | None], missing: float) -> Floats:
        return np.array([missing if value is None else value for value in values], dtype=np.float64)

    def ints(values: Iterable[int]) -> Ints:
        return np.array(list(values), dtype=np.int64)

    def bools(values: Iterable[bool]) -> Bools:
        return np.array(list(values), dtype=np.bool_)

    def days_until(days: Iterable[date | None], missing: float) -> Floats:
        return floats(((day - today).days if day else None for day in days), missing)

    ages = [offer.ages for offer in offers]
    sizes = [offer.group_size for offer in offers]
    places = [offer.place for offer in offers]
    homes = np.array([home(o) for o in offers], dtype=np.float64).reshape(-1, 2)
    amounts = np.array([money(o, n) for o, n in zip(offers, counted, strict=True)], dtype=np.float64).reshape(-1, 4)
    return OfferIndex(
        today=today,
        offers=offers,
        rows={offer.id: row for row, offer in enumerate(offers)},
        unavailable=bools(o.cancelled or o.sold_out or o.status in UNAVAILABLE for o in offers),
        booked=days_until((o.capacity.booked_until if o.capacity else None for o in offers), -np.inf),
        for_groups=bools(o.kind not in NOT_FOR_GROUPS for o in offers),
        audience=ints(bits(o.audience, AUDIENCES) for o in offers),
        suitable=floats((o.kita_suitability.probability if o.kita_suitability else None for o in offers), np.nan),
        unsuitable=bools(o.kita_suitability is not None and o.kita_suitability.verdict is Verdict.NO for o in offers),
        age_known=bools(age is not None for age in ages),
        age_min=floats((age.min_months if age else None for age in ages), 0),
        age_max=floats((age.max_months if age else None for age in ages), _MAX_MONTHS),
        priced=bools(is_priced(o) for o in offers),
        donation=bools(o.price is not None and o.price.model is PriceModel.DONATION for o in offers),
        per_child=amounts[:, 0],
        per_group=amounts[:, 1],
        extra_per_child=amounts[:, 2],
        extra_per_group=amounts[:, 3],
        sessions=np.array(counted, dtype=np.float64),
        min_children=floats((size.children_min if size else None for size in sizes), 0),
        max_children=floats((size.children_max or None if size else None for size in sizes), np.inf),
        minutes=floats((o.duration_minutes for o in offers), np.nan),
        modes=ints(bits(o.modes, MODES) for o in offers),
        lat=floats((place.lat if place else None for place in places), np.nan),
        lon=floats((place.lon if place else None for place in places), np.nan),
        home_lat=homes[:, 0],
        home_lon=homes[:, 1],
        service=ServiceColumns.build(offers),
        schedule=ints(_SCHEDULES[o.schedule.kind] if o.schedule else UNKNOWN for o in offers),
        dated=bools(bool(o.schedule and o.schedule.occurrences) for o in offers),
        weekdays=ints(calendar.weekdays for calendar in calendars),
        wait=floats((calendar.wait for calendar in calendars), 0),
        left=floats((calendar.left for calendar in calendars), 0),
        opens_minute=ints(calendar.opens_minute for calendar in calendars),
        closes_minute=ints(calendar.closes_minute for calendar in calendars),
        occurrences=_occurrences(offers, today),
        lead_days=floats((o.booking.lead_days for o in offers), 0),
        booking_opens=days_until((o.booking.opens for o in offers), -np.inf),
        booking_closes=days_until((o.booking.closes for o in offers), np.inf),
        areas=ints(bits(o.areas, AREAS) for o in offers),
        main_area=ints(AREAS.index(o.areas[0]) if o.areas else -1 for o in offers),
        topics=ints(bits(o.topics, TOPICS) | topics_in(o.title) for o in offers),
        mentions=ints(topics_in(text) for text in texts),
        addresses=_addresses(offers),
        only_foreign=bools(is_only_foreign(o) for o in offers),
        languages=ints(language_bits(o.languages) for o in offers),
        access=np.array(
            [[_ANSWERS[o.accessibility[n]] if n in o.accessibility else ACCESS_UNKNOWN for n in NEEDS] for o in offers],
            dtype=np.int8,
        ).reshape(-1, len(NEEDS)),
        outdoor=bools(o.weather == "outdoor" or Mode.OUTDOOR in o.modes for o in offers),
        signature=np.array(
            [signature(o, calendar.weekdays) for o, calendar in zip(offers, calendars, strict=True)], dtype=np.float64
        ).reshape(-1, 7),
        provider=_numbered([(o.provider.name.casefold() if o.provider else "", o.id) for o in offers]),
        place=_numbered([place_name(o) for o in offers]),
        completeness=np.array([completeness(o) for o in offers], dtype=np.float64),
        age_days=-days_until((last_day_known(o, today) for o in offers), np.nan),
        titles=TextIndex.build([o.title for o in offers]),
        texts=TextIndex.build(texts),
    )


def _order(offer: Offer) -> tuple[int, str]:
    """By version; where that is equal too, by content, so that the order of the input decides nothing."""
    return offer.version, offer.model_dump_json()


def _occurrences(offers: Sequence[Offer], today: date) -> OccurrenceColumns:
    found = [
        (row, max(o.day, today), minute(o.start), o.status is OccurrenceStatus.SCHEDULED and o.seats != 0)
        for row, offer in enumerate(offers)
        if offer.schedule
        for o in sorted(offer.schedule.occurrences, key=lambda each: (each.day, minute(each.start)))
        if o.last_day >= today
    ]
    return OccurrenceColumns(
        offer=np.array([row for row, *_ in found], dtype=np.int64),
        day=np.array([day.toordinal() for _, day, *_ in found], dtype=np.int64),
        start=np.array([start for *_, start, _ in found], dtype=np.int64),
        free=np.array([free for *_, free in found], dtype=np.bool_),
    )


def _numbered(names: Sequence[tuple[str, str]]) -> Ints:
    """One number per name; nameless rows get one each."""
    order: dict[str, int] = {}
    return np.array([order.setdefault(name or f"\0{own}", len(order)) for name, own in names], dtype=np.int64)


def _addresses(offers: Sequence[Offer]) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for row, offer in enumerate(offers):
        for address in {*offer.same_as, *([offer.url] if offer.url else [])}:
            found.setdefault(address, []).append(row)
    return {address: tuple(rows) for address, rows in found.items()}
