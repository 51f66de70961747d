"""Kitas, their groups and what they answer."""

from datetime import date, time
from typing import Self

from pydantic import AwareDatetime, Field, model_validator

from schemas.base import Value
from schemas.organisation import Place
from schemas.vocabulary import Access, Answered, Area, TravelMeans


class Group(Value):
    """One group of children."""

    name: str = Field(min_length=1, max_length=120)
    """What the Kita calls it; unique within the Kita."""
    min_months: int = Field(ge=0, le=216)
    """Age of the youngest child in months."""
    max_months: int = Field(ge=0, le=216)
    """Age of the oldest child in months, inclusive."""
    children: int | None = Field(None, ge=1, le=500)
    """How many children; ``None`` is not stated."""
    adults: int | None = Field(None, ge=0, le=100)
    """How many adults go along; ``None`` is not stated."""
    walking_range_m: int | None = Field(None, ge=0, le=50_000)
    """How far the group walks, in metres; ``None`` is not stated."""
    earliest: time | None = None
    """Earliest start of a programme; ``None`` takes the default of the age (mornings; Hort: afternoons)."""
    latest: time | None = None
    """When the group must be back; ``None`` takes the default of the age."""
    assumed: bool = False
    """Whether the group was derived from a register and not confirmed by the Kita."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_months > self.max_months:
            raise ValueError(
                f"group {self.name!r}: ages {self.min_months}–{self.max_months} months end before they start"
            )
        return self


class Interval(Value):
    """Days from ``start`` to ``end``, both inclusive."""

    start: date
    """First day."""
    end: date
    """Last day."""

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end


class Recipient(Value):
    """A mail address that receives a Kita's mail; nothing is sent before it is confirmed (law 6)."""

    address: str = Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")
    """Mail address."""
    confirmed_at: AwareDatetime | None = None
    """When the double opt-in was completed."""
    consent_text: str | None = Field(None, max_length=80)
    """Version of the text that was agreed to."""
    unsubscribed_at: AwareDatetime | None = None
    """When it was unsubscribed."""


class Kita(Value):
    """An institution with its place, its means and its wishes."""

    id: str = Field(pattern=r"^[a-z0-9_-]{1,80}$")
    """Our id."""
    name: str = Field(min_length=1, max_length=200)
    """Name of the Kita."""
    region: str = Field(pattern=r"^\d{2,8}$")
    """Official key of the Region that looks after it."""
    place: Place = Place()
    """Where it is."""
    groups: tuple[Group, ...] = ()
    """Its groups."""
    travel: TravelMeans | None = None
    """How it gets around; ``None`` is not stated."""
    max_distance_km: float | None = Field(None, ge=0, le=1000)
    """How far it goes, in road kilometres; ``None`` is not stated."""
    max_cost_per_child_eur: float | None = Field(None, ge=0, le=1000)
    """Euro per child and visit it can pay; ``None`` is not stated."""
    areas_wanted: tuple[Area, ...] = ()
    """Areas of learning it asks for."""
    concept: str | None = Field(None, max_length=4000)
    """Its concept in words."""
    wishes: str | None = Field(None, max_length=4000)
    """What it looks for, in words."""
    dislikes: str | None = Field(None, max_length=4000)
    """What it does not want, in words."""
    languages: tuple[str, ...] = ()
    """Languages its children speak (ISO 639)."""
    needs: tuple[Access, ...] = ()
    """Accessibility it needs."""
    accepts_mobile: bool | None = None
    """Whether providers may come to the Kita; ``None`` is not stated."""
    planning_lead_days: int = Field(14, ge=0, le=365)
    """Days the Kita needs to plan a visit."""
    closed: tuple[Interval, ...] = ()
    """Closing days."""
    already_used: tuple[str, ...] = ()
    """Ids of offers it has used."""
    recipients: tuple[Recipient, ...] = ()
    """Who receives its mail; never read by ranking."""
    example: bool = False
    """Whether it is invented, for demo and tests."""


class Feedback(Value):
    """One answer of a Kita to one offer."""

    kita: str
    """Id of the Kita."""
    offer: str
    """Id of the offer."""
    answer: Answered
    """What it said."""
    at: AwareDatetime
    """When."""
    week: str | None = None
    """Week of the mail that was answered."""
    later_from: date | None = None
    """For *later*: the first day on which it may come again."""
    why: str | None = Field(None, max_length=500)
    """A word why."""
