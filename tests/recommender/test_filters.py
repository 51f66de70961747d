"""Each hard rule removes what it is about, and lets the unknown pass."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from recommender.context import Context
from recommender.filters import RULES
from recommender.index import OfferIndex
from recommender.recommend import recommend
from schemas.kita import Interval, Kita
from schemas.offer import AgeRange, Capacity, GroupSize, Offer, Price, Recurrence, Schedule, ServiceArea, TimeWindow
from schemas.organisation import Booking
from schemas.vocabulary import Access, Answer, Answered, Audience, Kind, Mode, PriceModel, ScheduleKind, Status
from tests.factories import TODAY, make_dated_schedule, make_feedback, make_group, make_kita, make_offer, make_place

CONTEXT = Context(TODAY)
SATURDAY = date(2026, 12, 12)


def rule(offer: Offer, kita: Kita | None = None, context: Context = CONTEXT) -> str | None:
    removed = list(recommend(kita or make_kita(), OfferIndex.build([offer], context.today), context).removed)
    return removed[0].rule if removed else None


def words(offer: Offer, kita: Kita) -> str:
    return recommend(kita, OfferIndex.build([offer], TODAY), CONTEXT).removed[0].words


def regular(rule: str, **changes: object) -> Schedule:
    return Schedule(kind=ScheduleKind.RECURRING, recurrence=Recurrence(rule=rule), **changes)


REMOVED = {
    "cancelled": ("unavailable", {"cancelled": True}),
    "sold out": ("unavailable", {"sold_out": True}),
    "withdrawn": ("unavailable", {"status": Status.GONE}),
    "booked until the new year": ("booked", {"capacity": Capacity(booked_until=date(2026, 12, 31))}),
    "booked until today": ("booked", {"capacity": Capacity(booked_until=TODAY)}),
    "a training for staff": ("not_for_groups", {"kind": Kind.STAFF_TRAINING}),
    "a meeting of a network": ("not_for_groups", {"kind": Kind.NETWORK_MEETING}),
    "a date in the past": ("past", {"schedule": make_dated_schedule(TODAY - timedelta(days=3))}),
    "a season that is over": ("past", {"schedule": Schedule(kind="on_request", bookable_until=date(2026, 11, 1))}),
    "a school class": ("audience", {"audience": (Audience.SCHOOL,)}),
    "a Hort": ("audience", {"audience": (Audience.HORT,), "ages": AgeRange(min_months=72, max_months=131)}),
    "judged not to be for groups": (
        "audience",
        {"audience": (), "kita_suitability": {"verdict": "no", "probability": 0.03}},
    ),
    "children from eight": ("age", {"ages": AgeRange(min_months=96)}),
    "only on a Saturday": ("dates", {"schedule": make_dated_schedule(SATURDAY)}),
    "only at weekends": ("dates", {"schedule": regular("FREQ=WEEKLY;BYDAY=SA,SU")}),
    "in the evening": ("dates", {"schedule": make_dated_schedule(date(2026, 12, 8), start=time(19), end=time(20))}),
    "in the afternoon": (
        "dates",
        {"schedule": Schedule(kind=ScheduleKind.ON_REQUEST, hours=(TimeWindow(start=time(14), end=time(16)),))},
    ),
    "too late to book": ("dates", {"schedule": make_dated_schedule(TODAY + timedelta(days=3))}),
    "booking has closed": ("booking_closed", {"booking": Booking(closes=date(2026, 11, 20))}),
    "sixty kilometres away": ("reach", {"place": make_place(lat=53.6)}),
    "seven Euro": ("budget", {"price": Price(model=PriceModel.PER_CHILD, amount_eur=7)}),
    "a flat fee for few": (
        "budget",
        {"price": Price(model=PriceModel.PER_GROUP, amount_eur=180), "group_size": GroupSize(children_max=12)},
    ),
    "at least forty children": ("group_size", {"group_size": GroupSize(children_min=40)}),
    "only in Polish": ("language", {"languages": ("pl",), "description": "Die Führung ist nur auf Polnisch."}),
}


@pytest.mark.parametrize(("name", "changes"), REMOVED.values(), ids=REMOVED)
def test_what_a_group_cannot_take_up_is_removed(name, changes):
    assert rule(make_offer()) is None
    assert rule(make_offer(**changes)) == name


PASSES = {
    "unknown age": {"ages": None},
    "unknown price": {"price": None},
    "a price on request": {"price": Price(model=PriceModel.UNKNOWN)},
    "unknown schedule": {"schedule": None},
    "booked until yesterday": {"capacity": Capacity(booked_until=TODAY - timedelta(days=1))},
    "unknown place": {"place": None},
    "unknown audience": {"audience": (), "kita_suitability": None},
    "unknown group size": {"group_size": None},
    "unknown languages": {"languages": ()},
    "Polish, German not mentioned": {"languages": ("pl",), "description": "Die Führung gibt es auch auf Polnisch."},
    "a gift that is asked for": {"price": Price(model=PriceModel.DONATION, amount_eur=90)},
    "a date without a time": {"schedule": make_dated_schedule(date(2026, 12, 8), start=None, end=None)},
    "one date of several that suits": {"schedule": make_dated_schedule(SATURDAY, date(2026, 12, 15))},
    "material on top of a price within the budget": {
        "price": Price(model=PriceModel.PER_CHILD, amount_eur=4, extra_eur=3)
    },
    "five cents over the budget": {"price": Price(model=PriceModel.PER_CHILD, amount_eur=5.2)},
    "a series whose single session is within the budget": {
        "price": Price(model=PriceModel.PER_GROUP, amount_eur=180),
        "description": "An fünf Vormittagen; 180 € für die ganze Reihe.",
    },
}


@pytest.mark.parametrize("changes", PASSES.values(), ids=PASSES)
def test_what_may_fit_passes(changes):
    assert rule(make_offer(**changes)) is None


def test_the_children_of_the_age_are_counted_over_all_groups():
    mixed = make_group("gemischt", min_months=14, max_months=83, children=18)
    offer = make_offer(ages=AgeRange(min_months=60, max_months=83), group_size=GroupSize(children_min=15))

    assert rule(offer, make_kita(groups=(mixed,))) == "group_size"
    assert rule(offer, make_kita(groups=(mixed, make_group("Vorschule", min_months=60, children=14)))) is None


def test_closing_days_and_public_holidays_take_dates_away():
    day = date(2026, 12, 22)
    offer = make_offer(schedule=make_dated_schedule(day))
    closed = make_kita(closed=(Interval(start=date(2026, 12, 21), end=date(2027, 1, 3)),))

    assert rule(offer) is None
    assert rule(offer, closed) == "dates"
    assert rule(offer, context=Context(TODAY, public_holidays={"MV": frozenset({day})})) == "dates"


def test_a_hort_group_has_time_in_the_afternoon_and_on_holiday_mornings():
    hort = make_kita(groups=(make_group("Hort", min_months=72, max_months=131),))
    morning = make_offer(
        audience=(Audience.HORT,), ages=AgeRange(min_months=84), schedule=make_dated_schedule(date(2027, 2, 9))
    )
    afternoon = make_offer(
        audience=(Audience.HORT,),
        ages=AgeRange(min_months=84),
        schedule=make_dated_schedule(date(2027, 1, 12), start=time(14), end=time(15)),
    )
    winter = Context(TODAY, school_holidays={"MV": (Interval(start=date(2027, 2, 8), end=date(2027, 2, 19)),)})

    assert rule(afternoon, hort) is None
    assert rule(morning, hort) == "dates"
    assert rule(morning, hort, winter) is None


MOBILE = {"modes": (Mode.IN_KITA,), "place": None}


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        (None, None),
        (ServiceArea(words="im Nordosten"), None),
        (ServiceArea(municipalities=("13075",), sure=True), None),
        (ServiceArea(municipalities=("13075039",), sure=True), None),
        (ServiceArea(municipalities=("13075049", "13073"), sure=True), "reach"),
        (ServiceArea(radius_km=20, lat=54.0, lon=13.4), None),
        (ServiceArea(radius_km=20, lat=53.5, lon=14.0), "reach"),
        (ServiceArea(radius_km=20), None),
    ],
    ids=["not stated", "words", "Kreis", "municipality", "elsewhere", "inside", "outside", "no centre"],
)
def test_a_mobile_offer_comes_where_its_service_area_says(area, expected):
    assert rule(make_offer(**MOBILE, service_area=area)) == expected


def test_a_kita_that_wants_no_visits_gets_none():
    offer = make_offer(**MOBILE)

    assert rule(offer, make_kita(accepts_mobile=False)) == "reach"
    assert "Sie haben angegeben" in words(offer, make_kita(accepts_mobile=False))
    assert rule(make_offer(modes=(Mode.IN_KITA, Mode.AT_PROVIDER)), make_kita(accepts_mobile=False)) is None


def test_a_need_that_is_known_not_to_be_met_removes_and_an_unknown_one_does_not():
    kita = make_kita(needs=(Access.WHEELCHAIR,))

    assert rule(make_offer(), kita) is None
    assert rule(make_offer(accessibility={Access.WHEELCHAIR: Answer.LIMITED}), kita) is None
    assert rule(make_offer(accessibility={Access.WHEELCHAIR: Answer.NO}), kita) == "access"


def test_a_language_of_the_kita_is_welcome():
    offer = make_offer(languages=("pl",), description="Die Führung ist nur auf Polnisch.")

    assert rule(offer, make_kita(languages=("de", "pl"))) is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answered.BOOKED, "answered"),
        (Answered.ALREADY_DID, "answered"),
        (Answered.NOT_FOR_US, "answered"),
        (Answered.LATER, "answered"),
        (Answered.INTERESTED, None),
    ],
)
def test_answers_decide_whether_an_offer_comes_again(answer, expected):
    feedback = (make_feedback(make_offer().id, answer),)

    assert rule(make_offer(), context=replace(CONTEXT, feedback=feedback)) == expected
    assert rule(make_offer(), make_kita("other"), replace(CONTEXT, feedback=feedback)) is None


def test_later_ends_on_the_chosen_day():
    feedback = (make_feedback(make_offer().id, Answered.LATER, later_from=TODAY),)

    assert rule(make_offer(), context=replace(CONTEXT, feedback=feedback)) is None


def test_used_and_sent_offers_do_not_come_again():
    offer = make_offer()

    assert rule(offer, make_kita(already_used=(offer.id, "unknown"))) == "used"
    assert rule(offer, context=replace(CONTEXT, sent=frozenset({offer.id, "unknown"}))) == "sent"


def test_the_sentence_names_the_figures():
    assert words(make_offer(place=make_place(lat=53.6)), make_kita()) == (
        "Etwa 71 km entfernt; Sie fahren höchstens 20 km."
    )
    dear = make_offer(price=Price(model=PriceModel.PER_CHILD, amount_eur=7.5))
    assert words(dear, make_kita()) == "Kostet 7,50 € pro Kind; Ihr Rahmen ist 5 €."
    assert words(make_offer(group_size=GroupSize(children_min=40)), make_kita()) == (
        "Erst ab 40 Kindern; in diesem Alter haben Sie etwa 14."
    )


def test_the_sentence_of_a_booked_offer_names_the_day():
    booked = make_offer(capacity=Capacity(booked_until=date(2026, 12, 31)))

    assert words(booked, make_kita()) == "Der Anbieter ist belegt bis 31. Dezember 2026."


def test_removals_count_by_rule_and_can_be_sliced():
    pool = [make_offer(id="o1", cancelled=True), make_offer(id="o2", ages=AgeRange(min_months=96)), make_offer(id="o3")]

    removed = recommend(make_kita(), OfferIndex.build(pool, TODAY), CONTEXT).removed

    assert removed.counts() == {"unavailable": 1, "age": 1}
    assert [each.offer for each in removed[:1]] == ["o1"]
    assert removed[-1].offer == "o2"


def test_every_rule_has_a_name_of_its_own_and_a_sentence():
    assert len({each.name for each in RULES}) == len(RULES)
    assert all(each.summary.endswith(".") for each in RULES)
