"""The Offer: what a Kita can take part in, in one normalised shape.

``OfferFields`` is what a source says, understood. ``SourceOffer`` is that with its origin. ``Offer`` is what we hold
after corrections and judgements. The public form, without evidence, foreign prose and personal contacts, is
``schemas.publish``'s.
"""

from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field, field_validator, model_validator

from schemas.base import Value
from schemas.organisation import Booking, Place, Provider
from schemas.vocabulary import (
    Access,
    Answer,
    Area,
    Audience,
    Funding,
    Kind,
    Mode,
    OccurrenceStatus,
    Practicality,
    PriceModel,
    RightsKind,
    ScheduleKind,
    Status,
    Topic,
    Verdict,
    Weather,
    Weekday,
)

MAX_TITLE = 300
MAX_SUMMARY = 600
MAX_DESCRIPTION = 20_000
MAX_OCCURRENCES = 1_000
MAX_PART = 999
"""Largest ordinal of an offer within one text."""
MAX_KEY_BYTES = 2_000
"""Bytes of a source's key; a database index takes no more."""


class AgeRange(Value):
    """Ages in months, both ends inclusive, each may be open: "ab 4" is 48 to ``None``; "3-6" is 36 to 83."""

    min_months: int | None = Field(None, ge=0, le=1200)
    """Youngest child in months."""
    max_months: int | None = Field(None, ge=0, le=1200)
    """Oldest child in months."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_months is None and self.max_months is None:
            raise ValueError("an AgeRange needs at least one end; an unknown age is the absence of an AgeRange")
        if self.min_months is not None and self.max_months is not None and self.min_months > self.max_months:
            raise ValueError(f"ages {self.min_months}–{self.max_months} months end before they start")
        return self


class GroupSize(Value):
    """How many may come in one booking."""

    children_min: int | None = Field(None, ge=0, le=10_000)
    """Fewest children."""
    children_max: int | None = Field(None, ge=0, le=10_000)
    """Most children."""
    adults: int | None = Field(None, ge=0, le=1_000)
    """Adults who must come along, at least."""


class Price(Value):
    """What one Kita child, or one group, pays. An unknown price is the absence of a ``Price``."""

    model: PriceModel
    """How the amount is counted."""
    amount_eur: float | None = Field(None, ge=0, le=100_000)
    """Euro per child or per group, by ``model``; 0 for free; a guide value for a donation."""
    extra_eur: float | None = Field(None, ge=0, le=100_000)
    """Euro on top for material or food, also when optional."""
    extra_per_child: bool = True
    """Whether the extra is counted per child (else once per group)."""
    adults_free: bool | None = None
    """Whether adults who come along pay nothing; ``None`` is not stated."""
    conditions: str | None = Field(None, max_length=400)
    """Words that qualify the price."""

    def per_child(self, children: int) -> float | None:
        """Euro that one of ``children`` children pays, extras included; ``None`` where no amount is known.

        >>> Price(model=PriceModel.PER_GROUP, amount_eur=45).per_child(18)
        2.5
        """
        if self.model is PriceModel.FREE:
            amount = 0.0
        elif self.amount_eur is None or children < 1:
            return None
        else:
            amount = self.amount_eur / children if self.model is PriceModel.PER_GROUP else self.amount_eur
        extra = self.extra_eur or 0.0
        return amount + (extra if self.extra_per_child or children < 1 else extra / children)


class ServiceArea(Value):
    """Where a mobile offer goes."""

    words: str | None = Field(None, max_length=400)
    """The area as the source words it."""
    municipalities: tuple[str, ...] = ()
    """Official municipality keys or their prefixes (a Kreis is its five digits)."""
    radius_km: float | None = Field(None, gt=0, le=1000)
    """Radius that the source states."""
    lat: float | None = Field(None, ge=-90, le=90)
    """Centre of the circle."""
    lon: float | None = Field(None, ge=-180, le=180)
    """Centre of the circle."""
    sure: bool = False
    """Whether set or circle say all that the words say."""


class Occurrence(Value):
    """One dated instance. Without a time the hour is not stated; it does not mean all day."""

    day: date
    """Local day of the start."""
    start: time | None = None
    """Local time of the start."""
    end_day: date | None = None
    """Local day of the end, where it is another day."""
    end: time | None = None
    """Local time of the end."""
    zone: str = "Europe/Berlin"
    """Time zone of the times above."""
    status: OccurrenceStatus = OccurrenceStatus.SCHEDULED
    """Whether it takes place."""
    seats: int | None = Field(None, ge=0, le=100_000)
    """Free places, where the source says."""

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        last = self.end_day or self.day
        if last < self.day or (last == self.day and self.start and self.end and self.end < self.start):
            raise ValueError(f"the occurrence of {self.day} ends before it starts")
        return self

    @property
    def starts_at(self) -> datetime | None:
        """The aware moment of the start; ``None`` where no time is stated."""
        return datetime.combine(self.day, self.start, ZoneInfo(self.zone)) if self.start else None

    @property
    def ends_at(self) -> datetime | None:
        """The aware moment of the end; ``None`` where none is stated."""
        return datetime.combine(self.end_day or self.day, self.end, ZoneInfo(self.zone)) if self.end else None

    @property
    def last_day(self) -> date:
        """The local day on which it is over."""
        return self.end_day or self.day


class TimeWindow(Value):
    """Hours of a day in local time."""

    start: time | None = None
    """From."""
    end: time | None = None
    """Until."""


class Recurrence(Value):
    """A rule that repeats."""

    rule: str = Field(max_length=400)
    """RFC 5545 RRULE text without DTSTART, for instance ``FREQ=WEEKLY;BYDAY=TU,TH``."""
    starts_on: date | None = None
    """First possible day, where stated."""
    ends_on: date | None = None
    """Last possible day, where stated."""
    except_days: tuple[date, ...] = ()
    """Days on which it does not take place."""
    not_in_school_holidays: bool = False
    """Whether the source excludes the Land's school holidays."""
    not_on_public_holidays: bool = False
    """Whether the source excludes public holidays."""


class Schedule(Value):
    """When it takes place."""

    kind: ScheduleKind
    """By arrangement, recurring, or on fixed days."""
    occurrences: tuple[Occurrence, ...] = Field((), max_length=MAX_OCCURRENCES)
    """Known dated instances, in order."""
    recurrence: Recurrence | None = None
    """The rule of a recurring offer."""
    weekdays: tuple[Weekday, ...] = ()
    """Days of the week on which it is possible, Monday first; empty is not stated."""
    hours: tuple[TimeWindow, ...] = ()
    """Times of day on which it is possible; empty is not stated."""
    months: tuple[int, ...] = ()
    """Months of its season (1 to 12); empty is not stated."""
    bookable_from: date | None = None
    """First day of a stated period."""
    bookable_until: date | None = None
    """Last day of a stated period."""
    words: str | None = Field(None, max_length=400)
    """How the source words it."""

    def upcoming(self, today: date) -> tuple[Occurrence, ...]:
        """Instances that are neither over nor cancelled on ``today``."""
        return tuple(o for o in self.occurrences if o.last_day >= today and o.status != OccurrenceStatus.CANCELLED)

    def is_over(self, today: date) -> bool:
        """Whether every known date has passed and nothing says that more will come."""
        if self.bookable_until is not None and self.bookable_until < today:
            return True
        if self.kind is not ScheduleKind.DATED:
            return (
                self.recurrence is not None and self.recurrence.ends_on is not None and self.recurrence.ends_on < today
            )
        return bool(self.occurrences) and all(o.last_day < today for o in self.occurrences)

    def nearest(self, today: date, within: timedelta = timedelta(days=366)) -> date | None:
        """The first known day from ``today`` on, or ``None``."""
        days = [max(o.day, today) for o in self.upcoming(today) if o.day <= today + within]
        return min(days, default=None)


class Capacity(Value):
    """How much a provider can take."""

    groups_per_month: int | None = Field(None, ge=0, le=10_000)
    """Most groups in a month."""
    booked_until: date | None = None
    """Day until which nothing is free."""


class Image(Value):
    """A picture that the source names; shown only with a licence."""

    url: str = Field(max_length=2000)
    """Address of the picture."""
    licence: str | None = Field(None, max_length=400)
    """Licence URI."""
    credit: str | None = Field(None, max_length=400)
    """Credit line."""


class Rights(Value):
    """What may be done with the texts and images (law 9)."""

    kind: RightsKind = RightsKind.FACTS_ONLY
    """Open licence, permission, or facts only."""
    licence: str | None = Field(None, max_length=400)
    """Licence URI of an open licence."""
    attribution: str | None = Field(None, max_length=400)
    """Name to credit."""
    granted_by: str | None = Field(None, max_length=200)
    """Who gave a permission."""
    granted_on: date | None = None
    """When a permission was given."""

    @model_validator(mode="after")
    def _proved(self) -> Self:
        if self.kind is RightsKind.OPEN and not (self.licence and self.attribution):
            raise ValueError("rights of kind open need licence (a URI) and attribution")
        if self.kind is RightsKind.PERMISSION and not (self.granted_by and self.granted_on):
            raise ValueError("rights of kind permission need granted_by and granted_on")
        return self


class Suitability(Value):
    """Whether the offer is made for groups of a Kita."""

    verdict: Verdict
    """Yes, no, or unsure; unsure is never mailed unseen."""
    probability: float = Field(ge=0, le=1)
    """How likely *yes* is."""
    reasons: tuple[str, ...] = ()
    """German phrases for the desk."""


class Provenance(Value):
    """Where one field's value comes from."""

    source: str
    """Name of the source."""
    rule: str
    """Rule that read it."""
    confidence: float = Field(ge=0, le=1)
    """How sure the rule is."""
    evidence: str | None = Field(None, max_length=400)
    """The words it was read from; never leaves the desk."""
    address: str | None = Field(None, max_length=2000)
    """Address that was read."""
    fetched_at: AwareDatetime | None = None
    """When it was read."""
    edited_by: str | None = Field(None, max_length=200)
    """Who corrected it."""


class OfferFields(Value):
    """What is known about an offer's content, by whatever way it came in. Each field can be corrected on its own."""

    kind: Kind = Kind.EVENT
    """What sort of thing it is."""
    title: str = Field(min_length=1, max_length=MAX_TITLE)
    """Title as the source writes it, cleaned."""
    summary: str | None = Field(None, max_length=MAX_SUMMARY)
    """One or two sentences of the source."""
    description: str | None = Field(None, max_length=MAX_DESCRIPTION)
    """The source's text, clean, without markup."""
    provider: Provider | None = None
    """Who offers it."""
    url: str | None = Field(None, max_length=2000)
    """The source's page about it."""
    booking: Booking = Booking()
    """How to get it."""
    audience: tuple[Audience, ...] = ()
    """Whom it is made for; empty is not stated."""
    kita_suitability: Suitability | None = None
    """Whether it is made for groups of a Kita."""
    ages: AgeRange | None = None
    """Ages in months."""
    group_size: GroupSize | None = None
    """Size of a group."""
    duration_minutes: int | None = Field(None, ge=1, le=20_160)
    """Minutes of one unit; of a range the upper value."""
    price: Price | None = None
    """What it costs."""
    funding: tuple[Funding, ...] = ()
    """Funds the source names."""
    modes: tuple[Mode, ...] = ()
    """Where it can take place; empty is not stated."""
    place: Place | None = None
    """Where it happens, or where the provider is."""
    service_area: ServiceArea | None = None
    """Where a mobile offer goes."""
    schedule: Schedule | None = None
    """When it takes place; ``None`` is not stated."""
    areas: tuple[Area, ...] = ()
    """Areas of learning, most fitting first, at most three."""
    topics: tuple[Topic, ...] = ()
    """Topics, finer than areas."""
    languages: tuple[str, ...] = ()
    """Languages named by the source (ISO 639); empty is not stated."""
    accessibility: dict[Access, Answer] = {}
    """What is known about access; an absent code is not stated."""
    practicalities: dict[Practicality, Answer] = {}
    """What is known about toilet, cloakroom, place to eat, room needed; an absent code is not stated."""
    weather: Weather | None = None
    """Indoor, outdoor or either."""
    capacity: Capacity | None = None
    """How much the provider can take."""
    image: Image | None = None
    """A picture the source names."""
    cancelled: bool = False
    """Whether the source says that it does not take place."""
    sold_out: bool = False
    """Whether the source says that nothing is free."""


class SourceKey(Value):
    """Identity of an offer at its source (law 5)."""

    source: str
    """Name of the source."""
    key: str = Field(min_length=1, max_length=1000)
    """The source's own key or permalink."""
    part: int = Field(0, ge=0, le=MAX_PART)
    """Stable ordinal where one text holds several offers."""

    @field_validator("key")
    @classmethod
    def _storable(cls, key: str) -> str:
        if "\0" in key or len(key.encode()) > MAX_KEY_BYTES:
            raise ValueError(f"key: {key[:80]!r} holds a NUL or is longer than {MAX_KEY_BYTES} bytes in UTF-8")
        return key


class SourceOffer(Value):
    """What one source says, understood, with where each value comes from."""

    origin: SourceKey
    """Where it comes from."""
    fields: OfferFields
    """The normalised content."""
    provenance: dict[str, Provenance] = {}
    """Per field of ``fields``: rule, evidence, confidence."""
    rights: Rights = Rights()
    """What may be done with texts and images."""
    fetched_at: AwareDatetime | None = None
    """When it was read last."""


class Offer(OfferFields):
    """An offer as we hold it: harvested ⊕ corrections ⊕ judgements."""

    id: str
    """Minted once, never reused."""
    version: int = Field(0, ge=0)
    """Number of the change that last altered what is published; 0 before the first publication."""
    region: str = Field(pattern=r"^\d{2,8}$")
    """Official key (AGS or prefix) of the Region whose source brought it."""
    sources: tuple[SourceKey, ...] = ()
    """Every source that holds it, oldest first."""
    same_as: tuple[str, ...] = ()
    """Other addresses of the same offer."""
    replaced_by: str | None = None
    """Id of the offer it was merged into."""
    rights: Rights = Rights()
    """What may be done with texts and images."""
    status: Status = Status.HELD
    """Where it stands."""
    status_reason: str | None = None
    """Why it stands there, as a code: ``accepted``, ``trusted``, ``new_source``, ``unsure``, ``audience`` …"""
    provenance: dict[str, Provenance] = {}
    """Per field: source, rule, evidence, confidence, who edited it."""
    first_seen: AwareDatetime | None = None
    """When a source showed it first."""
    last_seen: AwareDatetime | None = None
    """When a source showed it last."""
    last_confirmed: AwareDatetime | None = None
    """When a person confirmed it last."""

    def content(self) -> OfferFields:
        """The part that describes the offer itself."""
        return OfferFields.model_construct(**{name: getattr(self, name) for name in OfferFields.model_fields})
