"""The numbers by which lists filter."""

from datetime import timedelta
from itertools import product

import pytest

from schemas.columns import ANY_AGE, NO_AGE, bits, columns, costs, days, month_bits, squared_chord, unit_vector
from schemas.geography import Point, distance_km
from schemas.offer import AgeRange, Occurrence, Price, Schedule
from schemas.vocabulary import Area, Mode, OccurrenceStatus, PriceModel, ScheduleKind, Weekday
from tests.factories import TODAY, make_dated_schedule, make_offer, make_place


def test_bits_keep_their_meaning_while_vocabularies_grow() -> None:
    """Stored bit sets are read by later versions: a new code goes to the end of its vocabulary."""
    assert bits(Area) == 255
    assert [bits((area,)) for area in list(Area)[:3]] == [1, 2, 4]
    assert list(Area)[:8] == [
        "language", "social_values", "stem", "media", "music_art_theatre", "movement_health", "nature_sustainability",
        "world_region_society",
    ]  # fmt: skip
    assert list(Mode)[:4] == ["at_provider", "in_kita", "outdoor", "online"]
    assert list(Weekday) == ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    assert month_bits(range(1, 13)) == 4095


def test_the_chord_is_the_distance() -> None:
    places = [Point(54.09, 13.37), Point(53.86, 13.69), Point(47.4, 8.5), Point(-33.9, 151.2)]

    for a, b in product(places, repeat=2):
        squared = sum((p - q) ** 2 for p, q in zip(unit_vector(a.lat, a.lon), unit_vector(b.lat, b.lon), strict=True))
        assert squared == pytest.approx(squared_chord(distance_km(a, b)), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(
    "price",
    [
        Price(model=PriceModel.FREE),
        Price(model=PriceModel.FREE, extra_eur=1.5),
        Price(model=PriceModel.PER_CHILD, amount_eur=2, extra_eur=3, extra_per_child=False),
        Price(model=PriceModel.PER_GROUP, amount_eur=45, extra_eur=1),
        Price(model=PriceModel.DONATION, amount_eur=1),
        Price(model=PriceModel.PER_CHILD),
        Price(model=PriceModel.UNKNOWN),
    ],
)
def test_the_columns_of_a_price_say_what_the_price_says(price: Price) -> None:
    child, group = costs(price)

    assert price.per_child(18) == (None if child is None or group is None else pytest.approx(child + group / 18))


def test_what_is_not_stated_stays_open() -> None:
    found = columns(make_offer(ages=None, price=None, place=None, schedule=None, areas=(), modes=(), provider=None))

    assert (found["min_months"], found["max_months"]) == (NO_AGE, ANY_AGE)
    assert {found[name] for name in ("x", "cost_child", "cost_group", "first_day", "last_day", "provider")} == {None}
    assert {found[name] for name in ("areas", "modes", "weekdays", "months")} == {0}


def test_ages_without_an_end_fit_everybody_older() -> None:
    found = columns(make_offer(ages=AgeRange(min_months=48)))

    assert (found["min_months"], found["max_months"]) == (48, ANY_AGE)


def test_a_point_needs_both_coordinates() -> None:
    assert columns(make_offer(place=make_place(lon=None)))["x"] is None


def test_dated_offers_know_their_days_and_weekdays() -> None:
    weekend = Occurrence(day=TODAY + timedelta(days=5), end_day=TODAY + timedelta(days=6))
    off = Occurrence(day=TODAY + timedelta(days=9), status=OccurrenceStatus.CANCELLED)
    offer = make_offer(schedule=Schedule(kind=ScheduleKind.DATED, occurrences=(weekend, off)))

    assert days(offer) == [TODAY + timedelta(days=5), TODAY + timedelta(days=6)]
    assert columns(offer)["weekdays"] == bits((Weekday.SA, Weekday.SU))
    assert columns(make_offer(schedule=make_dated_schedule(TODAY)))["weekdays"] == bits((Weekday.MO,))
