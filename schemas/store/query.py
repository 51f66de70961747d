"""What somebody looks for in the published offers, and what a list answers. Pure."""

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.base import Value
from schemas.columns import CIRCLE, reach, squared_chord, unit_vector
from schemas.publish import PublicOffer
from schemas.vocabulary import Area, Kind, Mode, Topic, Weekday

Sort = Literal["nearest", "next_date", "newest"]


class OfferQuery(Value):
    """What somebody looks for; everything absent is no filter."""

    words: str | None = Field(None, max_length=400)
    """Words that must all occur."""
    age_months: int | None = Field(None, ge=0, le=1200)
    """Age of a child in months."""
    near: tuple[float, float] | None = None
    """Latitude and longitude to be near to; results are ordered by distance."""
    near_key: str | None = Field(None, pattern=r"^\d{2,8}$")
    """Official key of that point's municipality, or of its Kreis: mobile offers that go there are near."""
    radius_km: float | None = Field(None, gt=0, le=20_000)
    """How far the place may be, as the crow flies; counts only with ``near``."""
    weekday: Weekday | None = None
    """Day of the week on which it must be possible."""
    in_kita: bool | None = None
    """Whether it must come to the Kita, or must not."""
    max_cost_eur: float | None = Field(None, ge=0)
    """Most euro per child."""
    max_group_eur: float | None = Field(None, ge=0)
    """Most euro for ``children`` together."""
    children: int = Field(15, ge=1, le=10_000)
    """Children who share a group's price."""
    group: int | None = Field(None, ge=1, le=10_000)
    """Children who must be able to come at once."""
    areas: tuple[Area, ...] = ()
    """Areas of learning, at least one of them."""
    topics: tuple[Topic, ...] = ()
    """Topics, at least one of them."""
    kinds: tuple[Kind, ...] = ()
    """Kinds of offer, one of them."""
    modes: tuple[Mode, ...] = ()
    """Where it takes place, at least one of them."""
    region: str | None = Field(None, pattern=r"^\d{2,8}$")
    """Official key, or the beginning of one."""
    home: str | None = Field(None, pattern=r"^\d{2,8}$")
    """The same, but with ``near`` and ``radius_km`` offers of other Regions count too that are surely near."""
    on_request: bool | None = None
    """Whether it must be by arrangement, or must not."""
    on_day: date | None = None
    """Day on which it must be possible."""
    provider: str | None = Field(None, max_length=200)
    """Name of the provider, exactly."""
    provider_key: str | None = Field(None, max_length=80)
    """The provider in all spellings of the name (``schemas.identifiers.provider_key``)."""
    sort: Sort | None = None
    """Order; without one the best match first with ``words``, the nearest with ``near``, else the newest."""
    today: date | None = None
    """Day from which dates count for ``next_date``."""

    @model_validator(mode="after")
    def _can_be_sorted(self) -> Self:
        if self.sort == "nearest" and self.near is None:
            raise ValueError("sort nearest needs near")
        if self.sort == "next_date" and self.today is None:
            raise ValueError("sort next_date needs today")
        return self


class OfferPage(Value):
    """One page of a list."""

    offers: list[PublicOffer]
    """In order."""
    total: int
    """How many there are on all pages."""
    unknown: list[tuple[str, ...]]
    """For each offer the filters (names of ``OfferQuery``) that it passed because it states nothing on them."""
    unstated: dict[str, int] = {}
    """How many offers on all pages passed a filter so, by its name; filters that all could answer are left out."""


def unanswered(query: OfferQuery, offer: PublicOffer) -> tuple[str, ...]:
    """Filters of ``query`` on which ``offer`` states nothing."""
    schedule, price = offer.schedule, offer.price
    has_price = price is not None and price.per_child(query.children) is not None
    has_days = schedule is not None and bool(schedule.weekdays or schedule.occurrences)
    stated = {
        "age_months": offer.ages is not None,
        "near": query.near is None or is_surely_near(query, query.near, offer),
        "max_cost_eur": has_price,
        "max_group_eur": has_price,
        "group": offer.group_size is not None and offer.group_size.children_max is not None,
        "weekday": has_days,
        "on_day": has_days,
    }
    return tuple(name for name, answers in stated.items() if getattr(query, name) is not None and not answers)


def is_surely_near(query: OfferQuery, near: tuple[float, float], offer: PublicOffer) -> bool:
    """Whether the place of ``offer`` is within the radius (without one: is known), or it says that it goes there."""
    place = offer.place
    if place is not None and place.lat is not None and place.lon is not None:
        chord = _squared(near, unit_vector(place.lat, place.lon))
        if query.radius_km is None or chord <= squared_chord(query.radius_km):
            return True
    if Mode.IN_KITA not in offer.modes:
        return False
    return any(
        _squared(near, (area["x"], area["y"], area["z"])) <= area["chord"]
        if area["key"] == CIRCLE
        else (query.near_key or "").startswith(area["key"])
        for area in reach(offer)
    )


def _squared(near: tuple[float, float], other: tuple[float, float, float]) -> float:
    return sum((a - b) ** 2 for a, b in zip(unit_vector(*near), other, strict=True))
