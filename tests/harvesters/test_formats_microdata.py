"""schema.org microdata → Records."""

from functools import partial

from harvesters.formats import microdata
from harvesters.formats.page_kinds import structured
from schemas.harvest import RawOccurrence
from tests.harvesters.parsing import only, parse, rules

read = partial(parse, microdata.parse)

EVENT = """
<div itemscope itemtype="https://schema.org/MusicEvent" itemid="/kurse/7">
  <h2 itemprop="name">Klangreise</h2>
  <meta itemprop="startDate" content="2026-12-05T09:30">
  <time itemprop="endDate" datetime="2026-12-05T10:15">10.15 Uhr</time>
  <p itemprop="description">Für Krippenkinder.</p>
  <div itemprop="location" itemscope itemtype="https://schema.org/Place">
    <span itemprop="name">Klangboot</span>
    <div itemprop="address" itemscope itemtype="https://schema.org/PostalAddress">
      <span itemprop="postalCode">17489</span> <span itemprop="addressLocality">Greifswald</span>
    </div>
  </div>
  <span itemprop="offers" itemscope itemtype="https://schema.org/Offer">
    <span itemprop="price" content="3.50">3,50</span><meta itemprop="priceCurrency" content="EUR">
  </span>
</div>
"""


def test_an_item_becomes_a_record() -> None:
    record = only(read(f"<html><body>{EVENT}</body></html>"))

    assert record.origin.key == "https://museum.example/kurse/7"
    assert (record.title, record.text, record.format) == ("Klangreise", "Für Krippenkinder.", "microdata")
    assert record.occurrences == (RawOccurrence(start="2026-12-05T09:30", end="2026-12-05T10:15"),)
    assert record.words["price"] == "3,50 €"
    assert (record.words["place_name"], record.words["postcode"]) == ("Klangboot", "17489")


def test_several_items_without_ids_keep_their_ordinal() -> None:
    item = '<div itemscope itemtype="http://schema.org/Event"><b itemprop="name">{}</b></div>'

    records = read(item.format("Eins") + item.format("Zwei")).records

    assert [(record.title, record.origin.part) for record in records] == [("Eins", 0), ("Zwei", 1)]


def test_references_that_bite_their_tail_end() -> None:
    content = """
    <div itemscope itemtype="https://schema.org/Event" itemref="a"><b itemprop="name">Kreis</b></div>
    <div id="a" itemprop="location" itemscope itemtype="https://schema.org/Place" itemref="b"></div>
    <div id="b" itemprop="containedInPlace" itemscope itemtype="https://schema.org/Place" itemref="a"></div>
    """

    assert read(content).complete


def test_items_without_a_type_are_nothing_to_us() -> None:
    assert read('<div itemscope><b itemprop="name">x</b></div>').records == ()


def test_microdata_is_read_where_json_ld_holds_no_offer() -> None:
    other = '<script type="application/ld+json">{"@type": "WebSite", "name": "x"}</script>'

    assert [r.format for r in parse(structured, f"<html>{other}{EVENT}</html>").records] == ["microdata"]


def test_json_ld_comes_first() -> None:
    same = '<script type="application/ld+json">{"@type": "Event", "name": "Klangreise", "url": "/kurse/7"}</script>'

    assert [r.format for r in parse(structured, f"<html>{same}{EVENT}</html>").records] == ["jsonld"]


def test_a_page_with_neither_is_said() -> None:
    assert rules(parse(structured, "<html><body><h1>Willkommen</h1></body></html>")) == ["structured.nothing"]


def test_a_person_is_no_provider() -> None:
    content = """
    <div itemscope itemtype="https://schema.org/Event"><b itemprop="name">Klangreise</b>
      <p itemprop="organizer" itemscope itemtype="https://schema.org/Person">
        <i itemprop="name">Wilma Erle</i> <i itemprop="telephone">03834 77</i></p>
    </div>
    """

    assert only(read(content)).words == {"kind": "Event"}
