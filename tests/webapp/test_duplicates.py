"""Possible duplicates are found rarely and rightly, asked about once, and never merged unasked."""

from datetime import date, timedelta

import pytest

from schemas.offer import AgeRange, SourceOffer
from schemas.review import JudgementKind, ReviewKind
from schemas.store.held import HeldKind, held_counts, held_items
from schemas.store.merging import judge
from schemas.store.pairs import MANY, Sketch, rare_words
from schemas.store.queue import DUE
from schemas.store.reviews import apply_due
from tests.factories import make_dated_schedule, make_place, make_source, make_source_offer
from tests.webapp.site import Site
from webapp.duplicates import ask_about_duplicates, meeting

CALENDAR = make_source("mv_kalender", title="Kalender")
TEXT = "Wir graben nach Knochen der Urzeit und gießen gemeinsam einen Ammoniten aus Gips für die Kita."
MUSEUM = {"title": "Dinosaurier im Museum entdecken", "description": TEXT}


def twin(key: str = "x", **changes: object) -> SourceOffer:
    """What the calendar makes of the museum's tour."""
    return make_source_offer(
        key, source=CALENDAR.name, **(MUSEUM | {"title": "Dinosaurier entdecken im Museum"} | changes)
    )


def run(site: Site) -> list[tuple[str | None, object]]:
    """One night; what then waits: the other's id, and why."""
    ask_about_duplicates(site.database, site.now)
    with site.database.read() as session:
        found = held_items(session, "13075")
    return [
        (item.review.field, item.review.harvested) for item in found if item.review and item.kind is HeldKind.DUPLICATE
    ]


@pytest.fixture
def museum(site: Site) -> str:
    (offer,) = site.harvest(make_source_offer(**MUSEUM))
    return offer


def test_the_same_tour_in_two_sources_is_asked_about_with_reasons(site, museum):
    (other,) = site.harvest(twin(), source=CALENDAR)

    ((field, why),) = run(site)

    assert field == max(museum, other)
    assert isinstance(why, dict)
    assert why["probability"] > 0.9
    assert why["reasons"][0] == "ähnlicher Text"
    assert {"ähnlicher Text", "gleicher Anbieter", "gleicher Ort", "gleiches Alter"} <= set(why["reasons"])
    assert {site.client().get(f"/angebote/{offer}").status_code for offer in (museum, other)} == {200}


def test_held_offers_are_compared_too(site, museum):
    site.harvest(twin(), source=CALENDAR.model_copy(update={"trust": "hold"}))

    assert len(run(site)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {
            "title": "Ritter für einen Tag",
            "summary": "Für kleine Burgfräulein und Knappen.",
            "description": "Ritterrüstungen anprobieren, ein Wappen malen, zum Schluss ein Turnier im Hof.",
        },
        {
            "place": make_place(locality="Anklam", postcode="17389", lat=53.85, lon=13.69),
            "provider": {"name": "Haus B"},
        },
        {"ages": AgeRange(min_months=120, max_months=200)},
        {"title": "Dinosaurier im Museum entdecken, Teil 2"},
        {"schedule": make_dated_schedule(date(2026, 12, 3))},
    ],
    ids=["other words", "other town and house", "other children", "other number", "other facts"],
)
def test_what_differs_is_not_asked_about(site, museum, changes):
    if "schedule" in changes:
        site.harvest(make_source_offer(**MUSEUM, schedule=make_dated_schedule(date(2026, 12, 10))))
    site.harvest(twin(**changes), source=CALENDAR)

    assert run(site) == []


def test_offers_of_one_source_or_of_two_regions_are_never_compared(site, museum):
    site.harvest(make_source_offer(**MUSEUM), make_source_offer("zwei", **MUSEUM))
    kiel = make_source("sh_kalender", region="01002")
    site.harvest(make_source_offer("x", source=kiel.name, **MUSEUM), source=kiel)

    assert run(site) == []


def test_nobody_is_asked_twice(site, museum):
    (other,) = site.harvest(twin(), source=CALENDAR)
    run(site)
    assert len(run(site)) == 1

    with site.database.begin() as session:
        judge(session, museum, other, JudgementKind.DIFFERENT, by="x", now=site.now)

    assert run(site) == []


def test_what_the_default_settled_stays_settled(site, museum):
    site.harvest(twin(), source=CALENDAR)
    run(site)
    site.now += DUE
    with site.database.begin() as session:
        assert apply_due(session, site.now) == 1

    assert run(site) == []


def test_a_question_is_moot_once_one_side_is_gone_and_comes_back_with_it(site, museum):
    site.harvest(twin(schedule=make_dated_schedule(date(2026, 12, 1))), source=CALENDAR)
    assert len(run(site)) == 1

    site.now += timedelta(days=9)
    with site.database.begin() as session:
        from_desk = held_items(session, "13075")[0]
        assert from_desk.other is not None
    site.harvest(
        twin(schedule=make_dated_schedule(date(2026, 12, 1))), source=CALENDAR.model_copy(update={"trust": "hold"})
    )

    assert run(site) == []
    with site.database.read() as session:
        assert held_counts(session, "13075")[HeldKind.DUPLICATE] == 0
    site.harvest(twin(schedule=make_dated_schedule(date(2026, 12, 20))), source=CALENDAR)
    assert len(run(site)) == 1


def sketch(number: int, *words: str, source: str | None = None, town: str | None = "Greifswald") -> Sketch:
    return Sketch(f"o{number:015}", "13075", frozenset(words), None, town, frozenset({source or f"s{number}"}))


def test_offers_meet_that_share_two_rare_words_or_the_only_one_they_have():
    fossils, bones, alone = sketch(1, "ammonit", "gips", "urzeit"), sketch(2, "ammonit", "gips"), sketch(3, "urzeit")

    assert meeting([fossils, bones, alone, sketch(4, "gips", "maske")]) == [
        (fossils.id, bones.id),
        (fossils.id, alone.id),
    ]


def test_offers_of_one_source_or_of_houses_in_two_towns_do_not_meet():
    one = sketch(1, "ammonit", "gips", source="a", town="Greifswald")

    assert meeting([one, sketch(2, "ammonit", "gips", source="a")]) == []
    assert meeting([one, sketch(3, "ammonit", "gips", town="Anklam")]) == []
    assert meeting([one, sketch(4, "ammonit", "gips", town=None)]) == [(one.id, "o000000000000004")]


def test_a_word_that_many_share_is_no_rare_word():
    counts = {"wald": MANY + 1, "ammonit": 2, "gips": 3, "nur hier": 1}

    assert rare_words(set(counts), counts) == {"ammonit", "gips"}


def test_the_kinds_agree_with_the_reviews():
    assert {kind.value for kind in ReviewKind} <= {kind.value for kind in HeldKind}
