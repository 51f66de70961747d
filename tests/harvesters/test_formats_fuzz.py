"""Any bytes → Records and Issues, or a ``ReadError``; nothing else, and within the bounds of the models."""

from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvesters.formats.by_kind import GUESSES, PARSERS
from harvesters.formats.records import Parsed
from harvesters.problems import ReadError
from schemas.harvest import FETCHED, AccessKind, Source
from tests.factories import NOW
from tests.harvesters.parsing import URL, described

SEEDS: Final[dict[AccessKind, tuple[str, ...]]] = {
    AccessKind.RSS: (
        '<?xml version="1.0"?><rss version="2.0" xmlns:ev="http://purl.org/rss/1.0/modules/event/"><channel><item>'
        "<title>Waldtag &amp; mehr</title><guid>7</guid><link>/wald</link><ev:startdate>2026-12-05</ev:startdate>"
        "<description><![CDATA[<p>Ab 4</p>]]></description></item></channel></rss>",
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>7</id><title>Wald</title><link href="a"/></entry></feed>',
    ),
    AccessKind.GEOJSON: (
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "id": 7, "properties": {"titel": "Wald"}, '
        '"geometry": {"type": "LineString", "coordinates": [[13.0, 54.0], [13.5, 54.5, 7.0]]}}]}',
    ),
    AccessKind.OAI: (
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<ListRecords><record><header><identifier>7</identifier></header><metadata><dc:title>Wald</dc:title></metadata>"
        '</record><record><header status="deleted"><identifier>8</identifier></header></record>'
        '<resumptionToken completeListSize="9">weiter</resumptionToken></ListRecords></OAI-PMH>',
    ),
    AccessKind.RPDE: (
        '{"next": "/feed?after=2", "license": "https://x.example", "items": [{"state": "updated", "id": 1, "modified": '
        '1, "kind": "SessionSeries", "data": {"@type": "SessionSeries", "@id": "urn:1", "name": "Turnen", '
        '"eventSchedule": [{"byDay": ["schema:Friday"], "startDate": "2026-12-04"}], "location": {"name": "Halle"}}}, '
        '{"state": "updated", "kind": "ScheduledSession", "id": 2, "modified": 2, "data": {"type": "ScheduledSession", '
        '"superEvent": "urn:1", "startDate": "2026-12-04T09:00Z"}}, '
        '{"state": "deleted", "kind": "Event", "id": 3, "modified": 9007199254740993}]}',
    ),
    AccessKind.LINKED_EVENTS: (
        '{"meta": {"count": 2, "next": null}, "data": [{"id": "a:1", "name": {"de": "Wald"}, "super_event_type": '
        '"recurring", "location": {"name": {"de": "Halle"}, "position": {"coordinates": [13.4, 54.1]}}, "offers": '
        '[{"is_free": true}]}, {"id": "a:2", "name": {"de": "Wald"}, "super_event": {"@id": "x/a:1/"}, "start_time": '
        '"2026-12-05T09:00:00Z"}]}',
    ),
    AccessKind.KULTURDATEN: (
        '{"data": {"page": 1, "pageSize": 1, "totalCount": 2, "events": [{"type": "type.Event", "identifier": "E_1", '
        '"schedule": {"startDate": "2026-12-05", "startTime": "10:00:00"}, "attractions": [{"referenceId": "A_1", '
        '"referenceLabel": {"de": "Wald"}}], "locations": [{"referenceId": "L_1"}], "tags": ["a.b"]}]}}',
    ),
    AccessKind.STRUCTURED: (
        '<div vocab="https://schema.org/" typeof="Event"><b property="name">Wald</b><a property="url" href="/w">w</a>'
        '<i property="startDate" content="2026-12-05"></i><p property="location" typeof="Place"></p></div>',
        '<ul class="h-feed"><li class="h-event"><b class="p-name">Wald</b><a class="u-url" href="/w">w</a>'
        '<time class="dt-start" datetime="2026-12-05T09:30">5.12.</time><p class="p-location h-card">Hafen</p>'
        "</li></ul>",
    ),
}


@st.composite
def damaged(draw: st.DrawFn, seeds: tuple[str, ...]) -> bytes:
    """A document with up to four pieces cut out, repeated or overwritten."""
    content = draw(st.sampled_from(seeds)).encode()
    for _ in range(draw(st.integers(0, 4))):
        start, end = sorted((draw(st.integers(0, len(content))), draw(st.integers(0, len(content)))))
        piece = draw(st.one_of(st.binary(max_size=12), st.just(content[start:end] * 2)))
        content = content[:start] + piece + content[end:]
    return content


def read(content: bytes, source: Source) -> Parsed | None:
    """What is in ``content``; ``None`` where it is refused with a German sentence and a remedy."""
    try:
        return PARSERS[source.access.kind](content, source=source, url=URL, fetched_at=NOW)
    except ReadError as error:
        assert error.happened.endswith(".")
        assert error.remedy
        return None


def as_before(content: bytes, source: Source) -> None:
    """``content`` is read or refused, the second time as the first."""
    first = read(content, source)
    if first is not None:
        assert len(first.records) <= len(content)
        assert all(record.title and record.origin.key for record in first.records)
    assert read(content, source) == first


@pytest.mark.parametrize("kind", SEEDS)
def test_the_seeds_are_read(kind: AccessKind) -> None:
    for seed in SEEDS[kind]:
        parsed = read(seed.encode(), described(kind.value))
        assert parsed is not None
        assert len(parsed.records) == 1


@pytest.mark.parametrize("kind", SEEDS)
def test_a_damaged_document_is_read_or_refused(kind: AccessKind) -> None:
    source = described(kind.value)

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(damaged(SEEDS[kind]))
    def holds(content: bytes) -> None:
        as_before(content, source)

    run: Callable[[], None] = holds
    run()


@pytest.mark.parametrize("kind", sorted(FETCHED))
@given(
    content=st.one_of(st.binary(max_size=300), st.text(alphabet="<>{}[]&;:,\"'/=abc \n", max_size=300).map(str.encode))
)
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_read_or_refused(kind: AccessKind, content: bytes) -> None:
    fields = {"fields": {"title": "h1"}} if kind is AccessKind.HTML else {}

    as_before(content, described(kind.value, **fields))


@given(content=st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_every_look_at_first_bytes_answers(content: bytes) -> None:
    assert all(isinstance(plausible(content), bool) for _, plausible in GUESSES)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (AccessKind.RSS, "<rss><channel>" + "<item>" * 50_000),
        (AccessKind.RSS, "<rss>" + "&" * 200_000 + "</rss>"),
        (AccessKind.RSS, "<rss>" + "<![CDATA[" * 50_000),
        (AccessKind.GEOJSON, '{"type": "Feature", "geometry": {"coordinates": ' + "[" * 100_000),
        (AccessKind.OAI, "<OAI-PMH><ListRecords>" + "<record>" * 50_000),
        (AccessKind.RPDE, '{"items": [{"state": "updated", "id": 1, "data": ' + '{"superEvent": ' * 100_000),
        (AccessKind.KULTURDATEN, "[" * 100_000),
        (AccessKind.STRUCTURED, '<div vocab="https://schema.org/" typeof="Event" property="event">' * 20_000),
        (AccessKind.STRUCTURED, '<div class="h-event">' * 20_000),
        (AccessKind.STRUCTURED, '<p class="h-event">x</p>' * 20_000),
    ],
    ids=[
        "items",
        "ampersands",
        "cdata",
        "positions",
        "records",
        "parents",
        "lists",
        "rdfa",
        "nested events",
        "many events",
    ],
)
@pytest.mark.timeout(30)
def test_depth_and_length_end(kind: AccessKind, content: str) -> None:
    read(content.encode(), described(kind.value))
