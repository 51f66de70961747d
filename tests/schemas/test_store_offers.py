"""The one door to published offers, on SQLite and PostgreSQL."""

import csv
import io
import re
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import orjson
import pytest
from pydantic import ValidationError
from sqlalchemy import event

from schemas.db import Database
from schemas.offer import AgeRange, Price, Recurrence, Schedule, ServiceArea
from schemas.organisation import Booking, Contact, Provider
from schemas.publish import CC_ZERO, PublicOffer
from schemas.review import DecisionKind
from schemas.store.offers import (
    CSV_COLUMNS,
    OfferQuery,
    Tombstone,
    offer_by_id,
    public_offer,
    public_page,
    published_offers,
    search_offers,
    stream_csv,
    stream_ndjson,
    without_one_filter,
)
from schemas.store.reviews import decide
from schemas.vocabulary import Area, Kind, Mode, PriceModel, ScheduleKind, Status, Weekday
from tests.factories import NOW, OPEN, TODAY, make_dated_schedule, make_place, make_source
from tests.schemas.harvesting import Harvest

GREIFSWALD = (54.0924, 13.3787)
NEXT_TUESDAY = TODAY + timedelta(days=8)

OFFERS: dict[str, dict[str, Any]] = {
    "wald": {
        "title": "Waldpädagogik für Füchse",
        "ages": AgeRange(min_months=36, max_months=59),
        "price": Price(model=PriceModel.FREE),
        "place": make_place(locality="Wolgast", lat=54.0533, lon=13.7717),
        "areas": (Area.NATURE_SUSTAINABILITY,),
        "schedule": Schedule(kind=ScheduleKind.ON_REQUEST, weekdays=(Weekday.MO,), months=(5, 6)),
        "description": "Wir suchen Spuren und bauen ein Waldsofa.",
    },
    "mobil": {
        "title": "Trommeln kommt zu euch",
        "kind": Kind.MOBILE_VISIT,
        "ages": AgeRange(min_months=48),
        "price": Price(model=PriceModel.PER_GROUP, amount_eur=60),
        "modes": (Mode.IN_KITA,),
        "areas": (Area.MUSIC_ART_THEATRE, Area.LANGUAGE),
        "schedule": make_dated_schedule(NEXT_TUESDAY, NEXT_TUESDAY + timedelta(days=1)),
        "provider": Provider(name="Trommelhaus"),
    },
    "offen": {  # states next to nothing
        "title": "Märchenstunde",
        "ages": None,
        "price": None,
        "place": None,
        "modes": (),
        "areas": (),
        "schedule": None,
        "provider": None,
    },
}


@pytest.fixture
def harvest(database: Database) -> Harvest:
    harvest = Harvest(database)
    harvest.run(OFFERS)
    return harvest


Finder = Callable[..., list[str]]


@pytest.fixture
def find(harvest: Harvest) -> Finder:
    """Keys of what a query finds, in its order."""
    keys = {harvest.id(key): key for key in OFFERS}

    def search(**query: Any) -> list[str]:
        with harvest.database.read() as session:
            page = search_offers(session, OfferQuery.model_validate(query))
        assert page.total == len(page.offers) == len(page.unknown)
        return [keys[offer.id] for offer in page.offers]

    return search


# -- lists ------------------------------------------------------------------------------------------------------------


def test_without_a_question_everything_is_listed_newest_first(find: Finder) -> None:
    assert find() == ["offen", "mobil", "wald"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"age_months": 40}, {"wald", "offen"}),
        ({"age_months": 59}, {"wald", "mobil", "offen"}),
        ({"age_months": 70}, {"mobil", "offen"}),
        ({"near": GREIFSWALD, "radius_km": 10}, {"mobil", "offen"}),
        ({"near": GREIFSWALD, "radius_km": 30}, {"wald", "mobil", "offen"}),
        ({"weekday": "MO"}, {"wald", "offen"}),
        ({"weekday": "TU"}, {"mobil", "offen"}),
        ({"in_kita": True}, {"mobil"}),
        ({"in_kita": False}, {"wald", "offen"}),
        ({"max_cost_eur": 0}, {"wald", "offen"}),
        ({"max_cost_eur": 4, "children": 15}, {"wald", "mobil", "offen"}),
        ({"max_cost_eur": 4, "children": 14}, {"wald", "offen"}),
        ({"areas": ["language", "stem"]}, {"mobil"}),
        ({"kinds": ["mobile_visit", "course"]}, {"mobil"}),
        ({"modes": ["at_provider"]}, {"wald"}),
        ({"region": "13"}, {"wald", "mobil", "offen"}),
        ({"region": "13075"}, {"wald", "mobil", "offen"}),
        ({"region": "01"}, set()),
        ({"on_request": True}, {"wald"}),
        ({"on_request": False}, {"mobil", "offen"}),
        ({"on_day": NEXT_TUESDAY}, {"mobil", "offen"}),
        ({"on_day": NEXT_TUESDAY + timedelta(days=2)}, {"offen"}),
        ({"on_day": date(2027, 5, 3)}, {"wald", "offen"}),
        ({"on_day": date(2027, 7, 5)}, {"offen"}),
        ({"max_group_eur": 60, "children": 30}, {"wald", "mobil", "offen"}),
        ({"max_group_eur": 59, "children": 1}, {"wald", "offen"}),
        ({"group": 20}, {"wald", "mobil", "offen"}),
        ({"group": 21}, set()),
        ({"topics": ["museum"]}, {"wald", "mobil", "offen"}),
        ({"topics": ["forest"]}, set()),
        ({"provider_key": "trommelhaus"}, {"mobil"}),
        ({"provider": "Trommelhaus"}, {"mobil"}),
        ({"provider": "Trommel"}, set()),
        ({"age_months": 59, "areas": ["nature_sustainability"], "weekday": "MO", "max_cost_eur": 1}, {"wald"}),
    ],
)
def test_a_filter_keeps_what_fits_and_what_states_nothing(find: Finder, query: dict[str, Any], found: set[str]) -> None:
    assert set(find(**query)) == found


def test_a_mobile_offer_is_near_where_it_says_that_it_goes(database: Database) -> None:
    far = {"modes": (Mode.IN_KITA,), "place": make_place(locality="Rostock", lat=54.09, lon=12.14)}
    harvest = Harvest(database)
    harvest.run(
        {
            "kreis": far | {"service_area": ServiceArea(municipalities=("13075",))},
            "kreisteil": far | {"service_area": ServiceArea(municipalities=("13075136",))},
            "kreis 20 km": far | {"service_area": ServiceArea(radius_km=20, lat=54.0, lon=13.4)},
            "nur Rostock": far | {"service_area": ServiceArea(radius_km=30)},
            "sagt es nicht": far,
            "dort": {"modes": (Mode.AT_PROVIDER,), "place": far["place"], "service_area": ServiceArea(radius_km=200)},
        }
    )
    near = OfferQuery(near=GREIFSWALD, near_key="13075039", radius_km=10)
    with database.read() as session:
        page = search_offers(session, near)
        kreis_only = search_offers(session, near.model_copy(update={"near_key": "13075"}))

    names = {harvest.id(key): key for key in ("kreis", "kreisteil", "kreis 20 km", "nur Rostock", "sagt es nicht")}
    said = {names[offer.id]: unknown for offer, unknown in zip(page.offers, page.unknown, strict=True)}
    assert said == {"kreis": (), "kreis 20 km": (), "sagt es nicht": ("near",)}
    assert page.unstated == {"near": 1}
    assert {names[offer.id] for offer in kreis_only.offers} == said.keys()


def test_beyond_the_border_only_what_is_surely_near_counts(database: Database) -> None:
    Harvest(database, make_source("hier")).run({"hier": {"title": "Hier"}, "x": {"title": "Hier ohne", "place": None}})
    there = Harvest(database, make_source("dort", region="13073"))
    there.run({"nah": {"title": "Dort nah"}, "y": {"title": "Dort ohne", "place": None}})

    with database.read() as session:
        near, everything = (
            {offer.title for offer in search_offers(session, query).offers}
            for query in (OfferQuery(home="13075", near=GREIFSWALD, radius_km=10), OfferQuery(home="13075"))
        )

    assert near == {"Hier", "Hier ohne", "Dort nah"}
    assert everything == {"Hier", "Hier ohne"}


def test_a_list_can_begin_with_the_next_date(database: Database) -> None:
    harvest = Harvest(database)
    dated = {
        "später": make_dated_schedule(TODAY + timedelta(days=9)),
        "vorbei und bald": make_dated_schedule(TODAY - timedelta(days=9), TODAY + timedelta(days=2)),
        "ohne": None,
    }
    harvest.run({key: {"title": key, "schedule": schedule} for key, schedule in dated.items()})

    with database.read() as session:
        page = search_offers(session, OfferQuery(sort="next_date", today=TODAY))

    assert [offer.title for offer in page.offers] == ["vorbei und bald", "später", "ohne"]


def test_an_order_needs_what_it_orders_by() -> None:
    for sort in ("nearest", "next_date"):
        with pytest.raises(ValidationError):
            OfferQuery.model_validate({"sort": sort})


def test_an_empty_list_knows_which_filter_to_drop(harvest: Harvest) -> None:
    asked = OfferQuery(words="Trommeln", age_months=50, weekday=Weekday.MO, areas=(Area.MUSIC_ART_THEATRE,))

    with harvest.database.read() as session:
        assert search_offers(session, asked).total == 0
        assert without_one_filter(session, asked) == {"weekday": 1}
        assert without_one_filter(session, OfferQuery(words="Trommeln", weekday=Weekday.MO)) == {
            "words": 2,
            "weekday": 1,
        }
        assert without_one_filter(session, OfferQuery()) == {}


def test_which_filter_to_drop_is_found_by_looking_for_the_words_once(harvest: Harvest) -> None:
    asked = OfferQuery(words="Trommeln", age_months=50, weekday=Weekday.MO)
    explain = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN"}[harvest.database.dialect]
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        sent.append((statement, parameters))

    with harvest.database.read() as session:
        event.listen(harvest.database.engine, "before_cursor_execute", note)
        without_one_filter(session, asked)
        event.remove(harvest.database.engine, "before_cursor_execute", note)
        statement, parameters = sent[-1]  # SQLite begins its transaction first
        plan = session.connection().exec_driver_sql(f"{explain} {statement}", parameters).all()

    words = [row for row in plan if re.search(r"Scan.* on published_words|SCAN published_search", str(row[-1]))]
    assert len(words) == 1, plan


def test_a_list_says_which_filters_an_offer_could_not_answer(harvest: Harvest) -> None:
    asked = OfferQuery(age_months=50, near=GREIFSWALD, max_cost_eur=4, weekday=Weekday.TU)

    with harvest.database.read() as session:
        page = search_offers(session, asked)

    assert page.unstated == {"age_months": 1, "near": 1, "max_cost_eur": 1, "weekday": 1}
    assert {offer.title: names for offer, names in zip(page.offers, page.unknown, strict=True)} == {
        "Märchenstunde": ("age_months", "near", "max_cost_eur", "weekday"),
        "Trommeln kommt zu euch": (),
    }


def test_the_nearest_comes_first_and_an_unknown_place_last(find: Finder) -> None:
    assert find(near=(54.05, 13.77)) == ["wald", "mobil", "offen"]
    assert find(near=GREIFSWALD) == ["mobil", "wald", "offen"]


def test_a_period_limits_the_days_of_a_recurring_offer(database: Database) -> None:
    harvest = Harvest(database)
    weekly = Recurrence(rule="FREQ=WEEKLY;BYDAY=TU", starts_on=NEXT_TUESDAY, ends_on=NEXT_TUESDAY + timedelta(days=14))
    harvest.run({"a": {"schedule": Schedule(kind=ScheduleKind.RECURRING, recurrence=weekly, weekdays=(Weekday.TU,))}})

    with database.read() as session:
        weeks = [NEXT_TUESDAY + timedelta(days=7 * n) for n in range(-1, 4)]
        totals = [search_offers(session, OfferQuery(on_day=day)).total for day in weeks]

    assert totals == [0, 1, 1, 1, 0]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Wald", ["wald"]),
        ("wälder", ["wald"]),
        ("FUCHS", ["wald"]),
        ("fuechse", ["wald"]),
        ("Märchen", ["offen"]),
        ("maerchenstunden", ["offen"]),
        ("Spuren Wald", ["wald"]),  # title and text together
        ("Wald Trommeln", []),  # all words must occur
        ("Trommelhaus", ["mobil"]),
        ("17489", ["mobil", "wald"]),
        ("Wolgast", ["wald"]),
        ("xyz", []),
        ('"', []),
        ("wald* OR trommel", []),
        ("NEAR(wald, 2) AND", []),
        ("'; DROP TABLE offers --", []),
    ],
)
def test_words_are_found_in_every_form_and_never_break_the_search(find: Finder, words: str, found: list[str]) -> None:
    assert sorted(find(words=words)) == sorted(found)


def test_a_hit_in_the_title_comes_before_one_in_the_text(database: Database) -> None:
    harvest = Harvest(database)
    harvest.run({"text": {"title": "Theater", "description": "mit Bienen " * 3}, "title": {"title": "Bienen"}})
    harvest.run({"later": {"title": "Theater", "description": "Bienen und Wespen"}})

    with database.read() as session:
        page = search_offers(session, OfferQuery(words="Bienen"))

    assert (page.total, page.offers[0].title) == (3, "Bienen")


def test_what_changes_is_found_by_its_new_words_only(harvest: Harvest, find: Finder) -> None:
    harvest.run({"wald": OFFERS["wald"] | {"title": "Moorwanderung", "description": None}})

    assert find(words="Moor") == ["wald"]
    assert find(words="Fuchs") == []


def test_pages_follow_one_another_and_know_the_total(harvest: Harvest) -> None:
    for query in (OfferQuery(), OfferQuery(near=GREIFSWALD), OfferQuery(words="17489")):
        with harvest.database.read() as session:
            whole = search_offers(session, query)
            single = [search_offers(session, query, limit=1, offset=n) for n in range(whole.total)]
            beyond = search_offers(session, query, limit=1, offset=whole.total + 5)

        assert [page.offers[0] for page in single] == whole.offers
        assert {page.total for page in single} == {whole.total, beyond.total}
        assert beyond.offers == []


# -- single offers ----------------------------------------------------------------------------------------------------


def test_what_is_hidden_is_hidden_everywhere(harvest: Harvest, find: Finder) -> None:
    with harvest.database.begin() as session:
        decide(session, harvest.id("wald"), DecisionKind.REJECT, by="koordination", now=NOW)

    assert "wald" not in find()
    with harvest.database.read() as session:
        assert [offer.title for offer in published_offers(session)] == ["Trommeln kommt zu euch", "Märchenstunde"]
        assert harvest.id("wald") not in [offer.id for offer in public_page(session, "", 10)]
        assert b"Wald" not in b"".join(stream_ndjson(session)) + b"".join(stream_csv(session))
        tombstone = public_offer(session, harvest.id("wald"))
        hidden = offer_by_id(session, harvest.id("wald"))
    assert isinstance(tombstone, Tombstone)
    assert (tombstone.status, tombstone.version, tombstone.at) == (Status.REJECTED, 4, NOW)
    assert hidden is not None
    assert hidden.title == "Waldpädagogik für Füchse"


def test_an_offer_that_was_never_shown_has_no_public_trace(database: Database) -> None:
    harvest = Harvest(database, make_source(trust="hold"))
    harvest.run({"dinos": {}})

    with database.read() as session:
        assert public_offer(session, harvest.id("dinos")) is None
        assert public_offer(session, "onobody") is None
        assert list(published_offers(session)) == list(stream_ndjson(session)) == []
        assert list(stream_ndjson(session, since=0)) == []


def test_a_cancelled_offer_is_shown_as_such_but_not_offered(harvest: Harvest, find: Finder) -> None:
    harvest.run({"mobil": OFFERS["mobil"] | {"cancelled": True}})

    assert "mobil" not in find()
    with harvest.database.read() as session:
        shown = public_offer(session, harvest.id("mobil"))
        assert len(list(published_offers(session))) == 2
        assert b"".join(stream_ndjson(session)).count(b'"status":"cancelled"') == 1
    assert isinstance(shown, PublicOffer)
    assert shown.status is Status.CANCELLED


def test_published_offers_are_complete_and_of_one_region(harvest: Harvest) -> None:
    with harvest.database.read() as session:
        offers = list(published_offers(session, region="13075"))
        assert list(published_offers(session, region="01002")) == []
        assert offers[0] == offer_by_id(session, offers[0].id)

    assert [offer.title for offer in offers] == [fields["title"] for fields in OFFERS.values()]
    assert offers[0].provenance["ages"].evidence == "Wortlaut zu ages"


def test_a_later_look_is_shown_on_pages_without_a_new_version(harvest: Harvest) -> None:
    seen = harvest.now
    harvest.run(seen=["wald"])

    with harvest.database.read() as session:
        shown = public_offer(session, harvest.id("wald"))
    assert isinstance(shown, PublicOffer)
    assert (shown.last_seen, shown.version) == (seen, 1)


# -- streams ----------------------------------------------------------------------------------------------------------


def lines(pieces: Any) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in b"".join(pieces).splitlines()]


def test_every_line_is_a_public_offer(harvest: Harvest) -> None:
    with harvest.database.read() as session:
        found = lines(stream_ndjson(session))
        assert {line.pop("data_licence") for line in found} == {CC_ZERO}
        assert [PublicOffer.model_validate(line) for line in found] == [
            public_offer(session, line["id"]) for line in found
        ]
    assert [line["version"] for line in found] == [1, 2, 3]


def test_changes_since_a_number_come_in_their_order_with_tombstones(harvest: Harvest) -> None:
    harvest.run({"offen": OFFERS["offen"] | {"title": "Neu"}}, withdrawn=["wald"])

    with harvest.database.read() as session:
        found = lines(stream_ndjson(session, since=3))
        assert lines(stream_ndjson(session, since=5)) == []

    assert [(line["version"], line["status"], line.get("title")) for line in found] == [
        (4, "published", "Neu"),
        (5, "gone", None),
    ]
    assert set(found[1]) == {"id", "version", "at", "status", "replaced_by"}


def test_the_csv_has_one_row_per_offer_that_a_spreadsheet_reads(database: Database) -> None:
    harvest = Harvest(database, make_source(rights=OPEN))
    harvest.run(
        {
            "a": {
                "title": '=HYPERLINK("http://evil.example")',
                "description": 'Zeile 1\nZeile "2", Ende',
                "booking": Booking(contact=Contact(name="Kasse", phone="+49 3834 12345")),
                "schedule": make_dated_schedule(TODAY, NEXT_TUESDAY, start=time(9, 30), end=None),
            },
            "b": {"cancelled": True},
        }
    )

    with database.read() as session:
        rows = list(csv.DictReader(io.StringIO(b"".join(stream_csv(session)).decode(), newline=""), strict=True))

    assert list(rows[0]) == [column.name for column in CSV_COLUMNS]
    assert rows[0]["title"] == '\'=HYPERLINK("http://evil.example")'
    assert rows[0]["booking_phone"] == "'+49 3834 12345"
    assert rows[0]["description"] == 'Zeile 1\nZeile "2", Ende'
    assert rows[0]["starts"] == "2026-11-23T09:30|2026-12-01T09:30"
    assert (rows[0]["areas"], rows[0]["min_months"]) == ("stem|world_region_society", "48")
    assert (rows[0]["id"], rows[0]["version"]) == (harvest.id("a"), "1")
    assert [row["status"] for row in rows] == ["published", "cancelled"]


def test_no_prose_of_a_facts_only_source_is_in_any_stream(harvest: Harvest) -> None:
    with harvest.database.read() as session:
        everything = b"".join(stream_ndjson(session)) + b"".join(stream_csv(session))

    for words in ("Waldsofa", "Wortlaut zu", "Eine Führung zu den Knochen", "nennt Kita-Gruppen"):
        assert words.encode() not in everything
    assert "Waldpädagogik".encode() in everything


def test_pages_by_id_give_everything_once(harvest: Harvest) -> None:
    with harvest.database.read() as session:
        found, after = [], ""
        while page := public_page(session, after, 2):
            found += [offer.id for offer in page]
            after = page[-1].id

    assert found == sorted(harvest.id(key) for key in OFFERS)
