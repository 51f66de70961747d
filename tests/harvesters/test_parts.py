"""One text with two offers is two offers, and whatever only looks like it stays one."""

from collections.abc import Sequence
from typing import Any

import pytest

from harvesters.normalise.record import normalise
from harvesters.parts import divided
from harvesters.preview import preview
from harvesters.run import replay
from schemas.clock import local
from schemas.db import Database
from schemas.harvest import Access, Expect, Record, RunStatus, Source
from schemas.offer import OfferFields
from schemas.store.harvest import stored_records
from schemas.store.offers import published_offers
from schemas.vocabulary import PriceModel
from tests.factories import NOW, make_raw_occurrence, make_record, make_source
from tests.harvesters.feed_site import feed, harvested, serve, titles
from tests.harvesters.loopback import QUICK, Site

OPENING = "Unser Bauernhof lädt Kita-Gruppen ein."
STABLE = "Für Kinder von 3 bis 4 Jahren: Wir füttern die Hühner und streicheln die Ziegen. 45 Minuten, 3 € pro Kind."
DAIRY = "Mit Kindern von 5 bis 6 Jahren machen wir Butter aus Sahne, 90 Minuten lang. Der Preis: 5 € pro Kind."
CLOSING = "Anmeldung zwei Wochen vorher bei Hof Birkengrund, Dorfstraße 4, 17498 Musterdorf."
TWO = "\n".join((OPENING, "Besuch im Stall", STABLE, "Butter aus dem Glas", DAIRY, CLOSING))


def record(text: str, **changes: Any) -> Record:
    return make_record("hof", **{"title": "Bauernhof für Kitas", "text": text, "words": {}} | changes)


def parts(text: str, **changes: Any) -> dict[str, Record]:
    """The parts of a text by their titles."""
    return {part.title: part for part in divided([record(text, **changes)])}


def read(part: Record) -> OfferFields:
    return normalise(part, None, today=local(NOW).date()).offer.fields


def page(*sections: tuple[str, str], first: str = "Bauernhof für Kitas") -> str:
    """A page as people see it: headings with a paragraph below."""
    shown = "".join(f"<h3>{name}</h3><p>{text}</p>" for name, text in sections)
    return f"<html><body><main><h1>{first}</h1><p>{OPENING}</p>{shown}<p>{CLOSING}</p></main></body></html>"


# -- what is divided --------------------------------------------------------------------------------------------------


def test_two_headed_offers_are_two_with_their_own_facts() -> None:
    found = parts(TWO)

    stable, dairy = read(found["Besuch im Stall"]), read(found["Butter aus dem Glas"])
    assert len(found) == 2
    assert stable.ages and dairy.ages and stable.price and dairy.price
    assert (stable.ages.min_months, stable.duration_minutes, stable.price.amount_eur) == (36, 45, 3)
    assert (dairy.ages.min_months, dairy.duration_minutes, dairy.price.amount_eur) == (60, 90, 5)
    assert stable.price.model is dairy.price.model is PriceModel.PER_CHILD


def test_what_opens_and_closes_the_text_belongs_to_both() -> None:
    for part in parts(TWO, words={"place": "Dorfstraße 4, 17498 Musterdorf"}).values():
        offer = read(part)

        assert OPENING in part.text and CLOSING in part.text
        assert offer.booking.lead_days == 14
        assert offer.place and offer.place.postcode == "17498"


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ("1. Besuch im Stall\n{}", "2. Butter aus dem Glas\n{}", ["Besuch im Stall", "Butter aus dem Glas"]),
        ("Angebot A: Besuch im Stall\n{}", "Angebot B: Butter\n{}", ["Besuch im Stall", "Butter"]),
        ("Besuch im Stall: {}", "Butter aus dem Glas: {}", ["Besuch im Stall", "Butter aus dem Glas"]),
        ("„Stallzeit“\n{}", "„Butterzeit“:\n{}", ["„Stallzeit“", "„Butterzeit“"]),
        ("Angebot 1\n{}", "Angebot 2\n{}", ["Angebot 1 (Bauernhof für Kitas)", "Angebot 2 (Bauernhof für Kitas)"]),
        (
            "1. Besuch im Stall (3–4 Jahre)\n{}",
            "2. Butter aus dem Glas (5–6 Jahre)\n{}",
            ["Besuch im Stall", "Butter aus dem Glas"],
        ),
    ],
    ids=["number", "letter", "label", "quoted", "bare", "brackets"],
)
def test_headings_numbers_and_labels_begin_an_offer(first: str, second: str, names: list[str]) -> None:
    text = "\n".join((OPENING, first.format(STABLE), second.format(DAIRY), CLOSING))

    assert sorted(parts(text)) == sorted(names)


def test_a_heading_without_facts_stays_in_the_offer_above_it() -> None:
    found = parts(TWO.replace(CLOSING, f"Rund um den Hof\nDer Hof hat eine Wiese.\n{CLOSING}"))

    assert sorted(found) == ["Besuch im Stall", "Butter aus dem Glas"]
    assert "Wiese" in found["Butter aus dem Glas"].text
    assert "Wiese" not in found["Besuch im Stall"].text


def test_booking_that_each_offer_has_for_itself_stays_its_own() -> None:
    found = parts(
        "\n".join(
            ("Stallzeit", STABLE, "Anmeldung: Tel. 03834 1111", "Butterzeit", DAIRY, "Anmeldung: Tel. 03834 2222")
        )
    )

    assert "2222" not in found["Stallzeit"].text
    assert "1111" not in found["Butterzeit"].text


# -- identity ---------------------------------------------------------------------------------------------------------


def test_the_order_of_the_sections_and_their_numbers_do_not_change_who_is_who() -> None:
    ahead = parts(f"1. Besuch im Stall\n{STABLE}\n2. Butter aus dem Glas\n{DAIRY}")
    back = parts(f"1. Butter aus dem Glas\n{DAIRY}\n2. Besuch im Stall\n{STABLE}")

    assert {name: part.origin for name, part in ahead.items()} == {name: part.origin for name, part in back.items()}
    assert ahead["Besuch im Stall"].origin == record("").origin
    assert ahead["Butter aus dem Glas"].origin.part > 0


def test_what_is_divided_is_not_divided_again() -> None:
    once = divided([record(TWO)])

    assert divided(once) == once
    assert [divided([part]) for part in once] == [(part,) for part in once]


def test_what_a_format_divided_stays_as_it_is() -> None:
    second = record(TWO, origin=record("").origin.model_copy(update={"part": 1}))

    assert divided([second]) == (second,)
    assert divided([record(TWO), second]) == (record(TWO), second)


@pytest.mark.parametrize(
    "changes",
    [
        {"words": {"ages": "3 bis 6 Jahre"}},
        {"words": {"dates": "mittwochs"}},
        {"occurrences": (make_raw_occurrence(),)},
        {"format": "csv"},
        {"fetched_at": None},
    ],
    ids=["ages", "dates", "occurrence", "row", "unseen"],
)
def test_a_record_that_speaks_of_itself_as_one_stays_one(changes: dict[str, Any]) -> None:
    assert list(parts(TWO, **changes)) == ["Bauernhof für Kitas"]


# -- what only looks like it ------------------------------------------------------------------------------------------

ONE = {
    "prices by age": """Kinder: ab 3 Jahren zahlen 3 € pro Kind, die Führung dauert für sie etwa 45 Minuten.
Erwachsene: ab 18 Jahren zahlen 6 €, die Führung für Kindergärten ist dann 60 Minuten lang.""",
    "prices by group": """Kleine Gruppe
Bis 10 Kinder, 45 Minuten, 30 € pro Gruppe. Wir gehen zusammen durch den ganzen Garten.
Große Gruppe
Bis 20 Kinder, 60 Minuten, 50 € pro Gruppe. Wir gehen zusammen durch den ganzen Garten.""",
    "price list": """Stockbrot
3 € pro Kind, ab 3 Jahren
Kürbissuppe
4 € pro Kind, ab 4 Jahren""",
    "tickets": """Tageskarte
Für Kinder ab 3 Jahren kostet der Eintritt in den Tierpark 4 € pro Kind.
Jahreskarte
Für Kinder ab 6 Jahren kostet der Eintritt in den Tierpark 20 € pro Kind.""",
    "dates": """Termine
Dienstag, 4. Mai 2027, 9 Uhr: Wir suchen mit Kindern von 3 bis 6 Jahren die ersten Blüten.
Mittwoch, 5. Mai 2027, 10 Uhr: Wir suchen mit Kindern von 3 bis 6 Jahren die ersten Käfer.""",
    "dates under headings": """Blüten suchen
Dienstag, 4. Mai 2027, 9 Uhr, mit Kindern von 3 bis 6 Jahren in unserem Garten, 3 € pro Kind.
Käfer suchen
Mittwoch, 5. Mai 2027, 10 Uhr, mit Kindern von 3 bis 6 Jahren in unserem Garten, 3 € pro Kind.""",
    "a day by steps": """1. Ankommen im Wald
Von 9:00 bis 9:30 Uhr, 30 Minuten lang, begrüßen wir alle Kinder mit einem Lied.
2. Spuren suchen
Von 9:30 bis 10:15 Uhr, 45 Minuten lang, gehen alle Kinder auf eine Reise.
3. Feuer und Abschied
Von 10:15 bis 11:15 Uhr, 60 Minuten lang, backen die Kinder Brot am Feuer.""",
    "parts of a course": """1. Farben mischen
Montags 30 Minuten lang mischen wir mit den Kindern Farben aus Erde und Beeren.
2. Bilder drucken
Dienstags 60 Minuten lang drucken wir mit den Kindern Bilder auf Stoff und Papier.""",
    "questions": """Wie alt müssen die Kinder sein
Die Kinder sind 3 bis 4 Jahre alt, und der Besuch kostet für sie 3 € pro Kind.
Was gilt für Vorschulkinder
Die Kinder sind 5 bis 6 Jahre alt, und der Besuch kostet für sie 5 € pro Kind.""",
    "questions with marks": """Stallbesuch?
Die Kinder sind 3 bis 4 Jahre alt, und der Besuch kostet für sie 3 € pro Kind.
Butterglas?
Die Kinder sind 5 bis 6 Jahre alt, und der Besuch kostet für sie 5 € pro Kind.""",
    "opening hours": """Sommer
Dienstag bis Freitag 9 bis 17 Uhr, Kinder ab 3 Jahren zahlen dann nur 3 € pro Kind.
Winter
Mittwoch und Donnerstag 10 bis 15 Uhr, Kinder ab 4 Jahren zahlen dann nur 2 € pro Kind.""",
    "weekdays": """Dienstag bis Freitag
Kinder von 3 bis 4 Jahren zahlen 3 € pro Kind, der Rundgang dauert 45 Minuten.
Samstag und Sonntag
Kinder von 5 bis 6 Jahren zahlen 5 € pro Kind, der Rundgang dauert 60 Minuten.""",
    "one of two without facts": """Besuch im Stall
Für Kinder von 3 bis 4 Jahren: Wir füttern die Hühner. 45 Minuten, 3 € pro Kind.
Butter aus dem Glas
Davon erzählen wir allen Kindern sehr gern, wenn noch etwas Zeit übrig ist.""",
    "the same twice": """Besuch im Stall
Für Kinder von 3 bis 6 Jahren füttern wir die Hühner, 45 Minuten, 3 € pro Kind.
Butter aus dem Glas
Für Kinder von 3 bis 6 Jahren schütteln wir die Sahne, 45 Minuten, 3 € pro Kind.""",
    "one difference": """Besuch im Stall
Für Kinder von 3 bis 6 Jahren füttern wir die Hühner, 45 Minuten, 3 € pro Kind.
Butter aus dem Glas
Für Kinder von 3 bis 6 Jahren schütteln wir die Sahne, 45 Minuten, 5 € pro Kind.""",
    "each fact once": """Besuch im Stall
Für Kinder von 3 bis 4 Jahren füttern wir auf dem ganzen Hof die Hühner, 45 Minuten lang.
Butter aus dem Glas
Höchstens 12 Kinder schütteln mit uns die Sahne, und es kostet 5 € pro Kind.""",
    "a list before a heading": f"""Besuch im Stall
{STABLE}
Gummistiefel
Butterbrot
Butter aus dem Glas
{DAIRY}""",
    "numbers that do not count": f"1. Besuch im Stall\n{STABLE}\n3. Butter aus dem Glas\n{DAIRY}",
    "one heading twice": f"Am Hof Birkengrund\n{STABLE}\nAm Hof Birkengrund\n{DAIRY}",
    "prose": f"{OPENING} {STABLE} {DAIRY} {CLOSING}",
    "paragraphs": f"{OPENING}\n{STABLE}\n{DAIRY}\n{CLOSING}",
    "rooms without children": """Blauer Salon
Für Feiern mit bis zu 20 Personen, 90 Minuten, 50 € pro Gruppe, mit Blick auf den See.
Roter Salon
Für Feiern mit bis zu 80 Personen, 180 Minuten, 120 € pro Gruppe, mit Blick auf den Park.""",
    "what each brings": f"""{OPENING}
Kleidung und Essen: Kinder von 3 bis 4 Jahren bringen Brot mit, sie bleiben 45 Minuten bei uns.
Wichtig für Eltern: Kinder von 5 bis 6 Jahren bringen Wasser mit, sie bleiben 90 Minuten bei uns.""",
}


@pytest.mark.parametrize("text", ONE.values(), ids=ONE)
def test_what_is_one_offer_stays_one(text: str) -> None:
    whole = record(text)

    assert divided([whole]) == (whole,)


def test_a_long_list_of_offers_is_left_to_formats() -> None:
    names = ["Huhn", "Ziege", "Schaf", "Esel", "Pferd", "Rind", "Ente", "Gans", "Biene"]
    text = "\n".join(
        f"Besuch bei {name}\nMit Kindern von {age} Jahren an gehen wir alle zusammen in den Stall. {age} € pro Kind."
        for age, name in enumerate(names, start=3)
    )

    assert len(divided([record(text)])) == 1


# -- in a harvest -----------------------------------------------------------------------------------------------------

SECTIONS = (("Besuch im Stall", STABLE), ("Butter aus dem Glas", DAIRY))


@pytest.fixture
def farm(site: Site) -> Source:
    """A trusted source: a listing that leads to a page with two offers, and one with one."""
    site.put(
        "/hof", '<html><a class="angebot" href="/tiere">T</a><a class="angebot" href="/korn">K</a></html>', ETag="1"
    )
    put_farm(site, SECTIONS)
    site.put("/korn", page(("Korn mahlen", f"{DAIRY}"), first="Korn für Kitas"), ETag="1")
    access = Access.model_validate({"kind": "page", "start": (f"{site.base}/hof",), "follow": "a.angebot"})
    return make_source("mv_hof", access=access, expect={"offers": {"min": 1, "max": 50, "max_vanished": 0.5}})


def put_farm(site: Site, sections: Sequence[tuple[str, str]], tag: str = "1") -> None:
    site.put("/tiere", page(*sections), ETag=f'"{tag}"')


def ids(database: Database) -> dict[str, str]:
    with database.read() as session:
        return {offer.title: offer.id for offer in published_offers(session)}


def test_a_page_that_has_not_changed_shows_all_its_offers(database: Database, site: Site, farm: Source) -> None:
    first = harvested(database, farm)
    site.asked.clear()
    again = [harvested(database, farm, hours) for hours in (1, 2, 3)]

    assert (first.status, first.new, titles(database)) == (
        RunStatus.COMPLETE,
        3,
        ["Besuch im Stall", "Butter aus dem Glas", "Korn für Kitas"],
    )
    assert "/tiere" in site.conditional()
    assert {(run.status, run.unchanged, run.missing) for run in again} == {(RunStatus.UNCHANGED, 3, 0)}


def test_a_page_whose_sections_changed_places_keeps_its_offers(
    sqlite_database: Database, site: Site, farm: Source
) -> None:
    harvested(sqlite_database, farm)
    before = ids(sqlite_database)
    put_farm(site, SECTIONS[::-1], tag="2")

    run = harvested(sqlite_database, farm, 1)

    assert (run.new, run.changed, run.unchanged, run.missing) == (0, 0, 3, 0)
    assert ids(sqlite_database) == before


def test_a_section_that_goes_is_missed_and_then_withdrawn(sqlite_database: Database, site: Site, farm: Source) -> None:
    put_farm(
        site, (*SECTIONS, ("Wolle filzen", "Höchstens 8 Kinder von 4 bis 6 Jahren filzen mit Wolle, 9 € pro Kind."))
    )
    assert harvested(sqlite_database, farm).new == 4
    put_farm(site, SECTIONS, tag="2")

    first, second = harvested(sqlite_database, farm, 1), harvested(sqlite_database, farm, 2)

    assert (first.missing, first.withdrawn, second.missing, second.withdrawn) == (1, 0, 1, 1)
    assert titles(sqlite_database) == ["Besuch im Stall", "Butter aus dem Glas", "Korn für Kitas"]


def test_a_replay_reads_the_parts_that_are_stored(sqlite_database: Database, site: Site, farm: Source) -> None:
    harvested(sqlite_database, farm)
    with sqlite_database.read() as session:
        before = list(stored_records(session, farm.name))

    run = replay(sqlite_database, farm, now=NOW)

    with sqlite_database.read() as session:
        assert list(stored_records(session, farm.name)) == before
    assert (run.records, run.new, run.changed, run.unchanged) == (3, 0, 0, 3)


def test_a_text_that_becomes_two_offers_keeps_its_id_for_one(
    sqlite_database: Database, site: Site, farm: Source
) -> None:
    put_farm(site, SECTIONS[:1])
    harvested(sqlite_database, farm)
    whole = ids(sqlite_database)["Bauernhof für Kitas"]
    put_farm(site, SECTIONS, tag="2")

    run = harvested(sqlite_database, farm, 1)

    assert (run.new, run.changed, run.missing) == (1, 1, 0)
    assert ids(sqlite_database)["Besuch im Stall"] == whole


def test_a_page_that_is_gone_for_good_takes_all_its_offers_with_it(
    sqlite_database: Database, site: Site, farm: Source
) -> None:
    harvested(sqlite_database, farm)
    site.put("/tiere", status=410)

    run = harvested(sqlite_database, farm, 1)

    assert run.withdrawn == 2
    assert titles(sqlite_database) == ["Korn für Kitas"]


def test_a_feed_that_has_not_changed_still_has_both_offers(sqlite_database: Database, site: Site) -> None:
    serve(site, [{"id": 1, "titel": "Bauernhof für Kitas", "text": TWO}], ETag='"1"')
    source = feed(site).model_copy(update={"expect": Expect.model_validate({"offers": {"min": 1}})})

    first, second = harvested(sqlite_database, source), harvested(sqlite_database, source, 1)

    assert (first.new, first.status) == (2, RunStatus.COMPLETE)
    assert (second.unchanged, second.missing, second.status) == (2, 0, RunStatus.UNCHANGED)
    assert titles(sqlite_database) == ["Besuch im Stall", "Butter aus dem Glas"]


def test_a_preview_shows_what_a_harvest_would_bring(sqlite_database: Database, site: Site, farm: Source) -> None:
    harvested(sqlite_database, farm)

    found = preview(f"{site.base}/tiere", source=farm, settings=QUICK, now=NOW)

    stored = ids(sqlite_database)
    assert {offer.title: offer.id for offer in found.offers} == {
        title: stored[title] for title in ("Besuch im Stall", "Butter aus dem Glas")
    }
