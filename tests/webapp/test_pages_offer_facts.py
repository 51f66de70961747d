"""What an offer's page works out: until when to book, what a group pays, where values come from."""

from datetime import timedelta

import pytest

from schemas.offer import Capacity, Occurrence, Price, Provenance, Schedule
from schemas.organisation import Booking
from schemas.publish import DESK, public
from schemas.vocabulary import PriceModel, ScheduleKind
from tests.factories import TODAY, make_dated_schedule, make_offer
from webapp.pages.offer_facts import book_by, bookings, earliest_visit, group_costs, origins


def days(number: int):
    return TODAY + timedelta(days=number)


@pytest.mark.parametrize(
    ("booking", "words"),
    [
        (Booking(lead_days=7), "Do., 26. November 2026"),
        (Booking(lead_days=7, closes=days(1)), "Di., 24. November 2026"),
        (Booking(closes=days(2)), "Mi., 25. November 2026"),
        (Booking(lead_days=14), "Für die bekannten Termine ist die Anmeldefrist vorbei. Bitte fragen Sie nach."),
        (Booking(), None),
    ],
)
def test_the_last_day_to_book_a_date_is_the_stated_one_or_the_date_less_the_lead_time(site, booking, words):
    offer = public(make_offer(schedule=make_dated_schedule(days(10)), booking=booking))

    with site.app.test_request_context("/"):
        assert book_by(offer, TODAY) == words


def test_of_several_dates_the_next_that_can_still_be_booked_counts(site):
    offer = public(make_offer(schedule=make_dated_schedule(days(3), days(10)), booking=Booking(lead_days=7)))

    assert [(one.until, one.over) for one in bookings(offer, TODAY)] == [(days(-4), True), (days(3), False)]
    with site.app.test_request_context("/"):
        assert book_by(offer, TODAY) == "Do., 26. November 2026 für den nächsten Termin"


def test_dates_that_are_over_need_no_booking():
    schedule = Schedule(kind=ScheduleKind.DATED, occurrences=(Occurrence(day=days(-1)), Occurrence(day=days(5))))

    assert [one.occurrence.day for one in bookings(public(make_offer(schedule=schedule)), TODAY)] == [days(5)]


@pytest.mark.parametrize(
    ("capacity", "first"), [(None, 14), (Capacity(booked_until=days(30)), 31), (Capacity(booked_until=days(3)), 14)]
)
def test_a_visit_by_arrangement_is_possible_after_lead_time_and_full_days(capacity, first):
    schedule = Schedule(kind=ScheduleKind.ON_REQUEST)
    offer = public(make_offer(schedule=schedule, booking=Booking(lead_days=14), capacity=capacity))

    assert earliest_visit(offer, TODAY) == days(first)
    assert book_by(offer, TODAY) is None


def test_costs_are_shown_for_usual_groups_and_the_one_asked_for():
    per_group = Price(model=PriceModel.PER_GROUP, amount_eur=45)

    assert [tuple(cost) for cost in group_costs(per_group, 18)] == [
        (10, "45 €", "4,50 €"),
        (15, "45 €", "3 €"),
        (18, "45 €", "2,50 €"),
        (20, "45 €", "2,25 €"),
    ]


@pytest.mark.parametrize("price", [None, Price(model=PriceModel.FREE), Price(model=PriceModel.DONATION, amount_eur=2)])
def test_what_costs_nothing_or_is_not_known_has_no_table(price):
    assert group_costs(price, 18) == []


@pytest.mark.parametrize(
    ("most", "asked", "sizes"),
    [
        (None, None, [10, 15, 20]),
        (12, None, [10, 12]),
        (8, None, [8]),
        (12, 18, [10, 12, 18]),
        (40, None, [10, 15, 20]),
    ],
)
def test_costs_are_shown_for_groups_that_the_provider_takes_and_for_the_one_asked_for(most, asked, sizes):
    price = Price(model=PriceModel.PER_CHILD, amount_eur=2)

    assert [cost.children for cost in group_costs(price, asked, most)] == sizes


def test_values_of_one_origin_stand_together_with_the_least_sure_of_them(site):
    read = {"source": "mv_beispielmuseum", "rule": "x", "address": "https://museum.example/kita"}
    provenance = {
        "ages": Provenance(**read, confidence=0.95),
        "price": Provenance(**read, confidence=0.6),
        "title": Provenance(source=DESK, rule="correction", confidence=1.0),
    }

    with site.app.test_request_context("/"):
        said = origins(public(make_offer(provenance=provenance)), {"mv_beispielmuseum": "Beispielmuseum"})

    assert [(one.fields, one.who, one.confidence) for one in said] == [
        (("ages", "price"), "Beispielmuseum", 0.6),
        (("title",), "Koordinierungsstelle", 1.0),
    ]
