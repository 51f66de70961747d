"""What a Kita reads about an offer."""

from datetime import date, time

import pytest

from recommender.context import Context
from recommender.index import OfferIndex
from recommender.recommend import explain
from schemas.kita import Kita
from schemas.offer import AgeRange, GroupSize, Offer, Price, Recurrence, Schedule, ServiceArea, TimeWindow
from schemas.recommendation import Recommendation
from schemas.vocabulary import Access, Answer, Area, Mode, PriceModel, ScheduleKind, TravelMeans
from tests.factories import TODAY, make_dated_schedule, make_group, make_kita, make_offer, make_place

CONTEXT = Context(TODAY)


def told(offer: Offer, kita: Kita | None = None) -> Recommendation:
    explained = explain(kita or make_kita(), offer.id, OfferIndex.build([offer], TODAY), CONTEXT)
    assert isinstance(explained, Recommendation)
    return explained


def texts(offer: Offer, kita: Kita | None = None) -> list[str]:
    return [reason.text for reason in told(offer, kita).reasons]


GOOD = {
    "free": ({"price": Price(model=PriceModel.FREE)}, {}, "kostenfrei"),
    "a price per child": ({}, {}, "2,50 € pro Kind"),
    "a price per group": (
        {"price": Price(model=PriceModel.PER_GROUP, amount_eur=45), "ages": AgeRange(min_months=36)},
        {},
        "2,50 € pro Kind, 18 Kinder gerechnet",
    ),
    "a gift": ({"price": Price(model=PriceModel.DONATION)}, {}, "gegen eine freiwillige Spende"),
    "the same town": ({}, {}, "im selben Ort"),
    "a few kilometres": ({"place": make_place(lat=54.12)}, {}, "etwa 4 km"),
    "coming to the Kita": (
        {"modes": (Mode.IN_KITA,), "service_area": ServiceArea(municipalities=("13075",))},
        {},
        "kommt zu Ihnen",
    ),
    "by arrangement": ({}, {}, "nach Vereinbarung"),
    "mornings by arrangement": (
        {"schedule": Schedule(kind=ScheduleKind.ON_REQUEST, hours=(TimeWindow(start=time(9), end=time(11)),))},
        {},
        "vormittags nach Vereinbarung",
    ),
    "a season that ends": (
        {"schedule": Schedule(kind=ScheduleKind.ON_REQUEST, months=(11, 12))},
        {},
        "nach Vereinbarung, nur noch bis Dezember 2026",
    ),
    "a date": ({"schedule": make_dated_schedule(date(2027, 1, 12))}, {}, "am Dienstag, 12. Januar 2027"),
    "every Thursday": (
        {"schedule": Schedule(kind=ScheduleKind.RECURRING, recurrence=Recurrence(rule="FREQ=WEEKLY;BYDAY=TH"))},
        {},
        "regelmäßig, zum Beispiel am Donnerstag, 10. Dezember 2026",
    ),
    "an area of learning": ({}, {}, "Ihr Schwerpunkt: Mathematik, Naturwissenschaft, Technik"),
    "a wish": ({}, {"wishes": "Vorlesen, Ammoniten gießen"}, "trifft Ihren Wunsch: Ammoniten gießen"),
    "a language": ({"languages": ("de", "pl")}, {"languages": ("de", "pl")}, "auch auf Polnisch"),
    "a need": (
        {"accessibility": {Access.WHEELCHAIR: Answer.YES}},
        {"needs": (Access.WHEELCHAIR,)},
        "wie Sie es brauchen: mit Rollstuhl",
    ),
    "room for all": ({}, {}, "bis 20 Kinder"),
}


@pytest.mark.parametrize(("offer", "kita", "sentence"), GOOD.values(), ids=GOOD)
def test_what_speaks_for_an_offer_is_said(offer, kita, sentence):
    reasons = told(make_offer(**offer), make_kita(**kita)).reasons

    assert sentence in [reason.text for reason in reasons if not reason.caution]


CAUTIONS = {
    "age": ({"ages": None}, {}, "Alter nicht angegeben: bitte nachfragen"),
    "price": ({"price": None}, {}, "Preis nicht angegeben: bitte nachfragen"),
    "schedule": ({"schedule": None}, {}, "Termine nicht angegeben: bitte nachfragen"),
    "place": ({"place": None}, {}, "Ort nicht sicher bekannt: bitte den Weg prüfen"),
    "service area": (
        {"modes": (Mode.IN_KITA,)},
        {},
        "Einsatzgebiet nicht sicher: bitte fragen, ob es bis zu Ihnen reicht",
    ),
    "material": (
        {"price": Price(model=PriceModel.PER_CHILD, amount_eur=4, extra_eur=3)},
        {},
        "davon 3 € für Material oder Essen",
    ),
    "a bus": ({"place": make_place(lat=54.12)}, {"travel": TravelMeans.PUBLIC_TRANSPORT}, "Busverbindung prüfen"),
    "a little too far": ({"place": make_place(lat=54.25)}, {}, "etwas weiter, als Sie angegeben haben"),
    "a small group": (
        {"group_size": GroupSize(children_max=10)},
        {},
        "höchstens 10 Kinder auf einmal: in kleineren Gruppen",
    ),
    "an unknown need": ({}, {"needs": (Access.QUIET_ROOM,)}, "nicht angegeben, bitte nachfragen: Ruheraum"),
    "a limited need": (
        {"accessibility": {Access.BUGGY: Answer.LIMITED}},
        {"needs": (Access.BUGGY,)},
        "nur eingeschränkt: mit Kinderwagen",
    ),
}


@pytest.mark.parametrize(("offer", "kita", "sentence"), CAUTIONS.values(), ids=CAUTIONS)
def test_what_is_not_known_or_doubtful_is_a_caution(offer, kita, sentence):
    reasons = told(make_offer(**offer), make_kita(**kita)).reasons

    assert sentence in [reason.text for reason in reasons if reason.caution]


def test_cautions_stand_behind_reasons():
    flags = [reason.caution for reason in told(make_offer(ages=None, price=None)).reasons]

    assert flags == sorted(flags)


def test_taking_a_reason_away_lowers_the_score():
    kita = make_kita(wishes="Ammoniten gießen", areas_wanted=(Area.STEM,))

    full = told(make_offer(), kita).score

    assert told(make_offer(), kita.model_copy(update={"wishes": None})).score < full
    assert told(make_offer(), kita.model_copy(update={"areas_wanted": ()})).score < full
    assert told(make_offer(price=None), kita).score < full
    assert told(make_offer(ages=None), kita).score < full


def test_the_first_date_leaves_time_to_plan():
    offer = make_offer(schedule=make_dated_schedule(date(2026, 12, 8), date(2026, 12, 15), date(2027, 1, 12)))

    assert told(offer, make_kita(planning_lead_days=20)).day == date(2026, 12, 15)
    assert told(offer, make_kita(planning_lead_days=90)).day == date(2027, 1, 12)


def test_dislikes_take_points_away_and_are_no_reason():
    kita = make_kita(dislikes="Programme über 45 Minuten")

    part = next(part for part in told(make_offer(duration_minutes=60), kita).parts if part.name == "dislikes")

    assert part.contribution < 0
    assert told(make_offer(duration_minutes=45), kita).score > told(make_offer(duration_minutes=60), kita).score


def test_an_age_that_covers_a_part_of_the_group_is_said_as_such():
    mixed = make_kita(groups=(make_group("Familiengruppe", min_months=24),))

    assert "für die Kinder der Gruppe Familiengruppe im Alter 4 bis 6 Jahre" in texts(make_offer(), mixed)
