"""RDFa Lite with schema.org → Records."""

from functools import partial

from harvesters.formats import rdfa
from harvesters.formats.page_kinds import structured
from schemas.harvest import RawOccurrence
from tests.harvesters.parsing import only, parse, rules

read = partial(parse, rdfa.parse)

EVENT = """
<div vocab="https://schema.org/" typeof="Event" resource="#klang">
  <h2 property="name">Klangreise</h2>
  <time property="startDate" datetime="2026-12-05T09:30">5. Dezember</time>
  <meta property="endDate" content="2026-12-05T10:15">
  <a property="url" href="/kurse/7">mehr</a>
  <div property="description"><p>Für Krippenkinder.</p><p>Bitte warm anziehen.</p></div>
  <div property="location" typeof="Place"><b property="name">Klangboot</b>
    <p property="address" typeof="PostalAddress"><i property="postalCode">17489</i>
    <i property="addressLocality">Greifswald</i></p></div>
  <span property="offers" typeof="Offer"><meta property="price" content="3.50">
    <meta property="priceCurrency" content="EUR"></span>
</div>
"""


def test_an_item_becomes_a_record() -> None:
    record = only(read(f"<html><body>{EVENT}</body></html>"))

    assert (record.origin.key, record.origin.part) == ("https://museum.example/kita#klang", 0)
    assert (record.title, record.format, record.url) == ("Klangreise", "rdfa", "https://museum.example/kurse/7")
    assert record.text == "Für Krippenkinder.\nBitte warm anziehen."
    assert record.occurrences == (RawOccurrence(start="2026-12-05T09:30", end="2026-12-05T10:15"),)
    assert record.words["price"] == "3,50 €"
    assert (record.words["place_name"], record.words["postcode"]) == ("Klangboot", "17489")


def test_prefixes_are_understood_and_other_vocabularies_left_alone() -> None:
    page = """
    <div prefix="schema: http://schema.org/" typeof="schema:Event"><b property="schema:name og:title">Eins</b></div>
    <div vocab="http://v.example/" typeof="Event"><b property="name">Fremd</b></div>
    <div typeof="http://schema.org/Event"><b property="http://schema.org/name">Zwei</b></div>
    """

    records = read(page).records

    assert [(record.title, record.origin.part) for record in records] == [("Eins", 0), ("Zwei", 1)]


def test_open_graph_alone_is_no_offer() -> None:
    assert read('<head><meta property="og:title" content="Museum"></head><p>x</p>').records == ()


def test_it_is_read_where_nothing_else_is_marked() -> None:
    other = '<script type="application/ld+json">{"@type": "WebSite", "name": "x"}</script>'

    parsed = parse(structured, f"<html>{other}{EVENT}</html>")

    assert [record.format for record in parsed.records] == ["rdfa"]
    assert rules(parsed) == []


def test_a_person_is_no_provider() -> None:
    content = """
    <div vocab="https://schema.org/" typeof="Event"><b property="name">Klangreise</b>
      <p property="organizer" typeof="Person"><i property="name">Wilma Erle</i> <i property="email">w@b.example</i></p>
    </div>
    """

    assert only(read(content)).words == {"kind": "Event"}
