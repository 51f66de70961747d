"""microformats h-event → Records."""

from functools import partial

import pytest

from harvesters.formats import microformats
from harvesters.formats.page_kinds import structured
from schemas.harvest import RawOccurrence
from tests.harvesters.parsing import only, parse, rules

read = partial(parse, microformats.parse)

EVENT = """
<article class="h-event">
  <h2 class="p-name">Klangreise</h2>
  <time class="dt-start" datetime="2026-12-05T09:30+01:00">5. Dezember</time> bis
  <time class="dt-end" datetime="2026-12-05T10:15+01:00">10.15 Uhr</time>
  <a class="u-url" href="/kurse/7">mehr</a>
  <p class="p-summary">Für Krippenkinder.</p><span class="p-category">Musik</span>
  <div class="p-location h-card"><b class="p-name">Klangboot</b> <i class="p-street-address">Hafen 1</i>
    <i class="p-postal-code">17489</i> <i class="p-locality">Greifswald</i></div>
  <span class="p-organizer">Musikschule</span>
</article>
"""


def test_an_event_becomes_a_record() -> None:
    record = only(read(f"<html><body>{EVENT}</body></html>"))

    assert (record.origin.key, record.title) == ("https://museum.example/kurse/7", "Klangreise")
    assert (record.text, record.format) == ("Für Krippenkinder.", "microformats")
    assert record.occurrences == (RawOccurrence(start="2026-12-05T09:30", end="2026-12-05T10:15"),)
    words = ("place_name", "street", "postcode", "locality", "provider", "topics")
    assert [record.words[name] for name in words] == [  # type: ignore[index]
        "Klangboot", "Hafen 1", "17489", "Greifswald", "Musikschule", "Musik",
    ]  # fmt: skip


def test_a_feed_of_events_keeps_their_order() -> None:
    events = "".join(f'<li class="h-event"><b class="p-name">{name}</b></li>' for name in ("Eins", "Zwei"))

    records = read(f'<ul class="h-feed"><li class="p-name">Termine</li>{events}</ul>').records

    assert [(record.title, record.origin.part) for record in records] == [("Eins", 0), ("Zwei", 1)]


def test_the_older_class_names_are_read() -> None:
    page = (
        '<div class="vevent"><b class="summary">Waldtag</b><abbr class="dtstart" title="2026-12-05">5.12.</abbr></div>'
    )

    record = only(read(page))

    assert (record.title, record.occurrences) == ("Waldtag", (RawOccurrence(start="2026-12-05"),))


def test_a_place_in_one_line() -> None:
    page = '<p class="h-event"><b class="p-name">x</b><i class="p-location">Hafen 1, 17489 Greifswald</i></p>'

    assert only(read(page)).words["place"] == "Hafen 1, 17489 Greifswald"


def test_other_classes_are_nothing_to_us() -> None:
    assert read('<p class="h-entry"><b class="p-name">x</b></p>').records == ()


def test_it_is_read_where_nothing_else_is_marked() -> None:
    parsed = parse(structured, f"<html>{EVENT}</html>")

    assert [record.format for record in parsed.records] == ["microformats"]
    assert rules(parsed) == []


@pytest.mark.parametrize(
    ("card", "provider"),
    [
        ('<b class="p-name">Musikschule</b>', "Musikschule"),
        ('<b class="p-name p-org">Musikschule</b>', "Musikschule"),
        ('<b class="p-name">Wilma Erle</b>, <i class="p-org">Musikschule</i>', "Musikschule"),
        ('<b class="p-name"><i class="p-given-name">Wilma</i> <i class="p-family-name">Erle</i></b>', None),
        ('<b class="p-name">Wilma Erle</b>, <i class="p-job-title">Leiterin</i>', None),
    ],
)
def test_a_card_that_is_a_persons_names_no_provider(card: str, provider: str | None) -> None:
    page = f'<div class="h-event"><h2 class="p-name">x</h2><p class="p-organizer h-card">{card}</p></div>'

    assert only(read(page)).words.get("provider") == provider


def test_what_remains_unread_names_no_person() -> None:
    card = '<i class="p-given-name">Wilma</i> <i class="p-family-name">Erle</i>'
    page = f'<div class="h-event"><b class="p-name">x</b><p class="p-attendee h-card">{card}</p></div>'

    assert only(read(page)).unread == {}
