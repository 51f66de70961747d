"""Large feeds, read in a real child: the same as read here, and what costs too much costs the child alone."""

import gzip
import json
import resource
from collections.abc import Callable
from functools import partial

import pytest

from harvesters import parse_apart
from harvesters.child import run_child
from harvesters.fetch.client import Fetched
from harvesters.formats.records import Parsed
from harvesters.parse_apart import SMALL, ParseJob, Reader
from harvesters.problems import ReadError
from schemas.db import Database
from schemas.harvest import Access, AccessKind, RunStatus
from tests.factories import NOW, make_source
from tests.harvesters.feed_site import FIELDS, ROWS, feed, harvested, serve, titles
from tests.harvesters.leaflets import column, head, leaflet
from tests.harvesters.loopback import Site

SOURCE = make_source(access=Access(kind=AccessKind.JSON, start=("https://x.example/a",), key="id", fields=FIELDS))


def page(content: bytes) -> Fetched:
    return Fetched("https://x.example/a", 200, content)


def parse(said: Fetched, heartbeat: Callable[[], None] = lambda: None, *, apart: bool = True) -> Parsed:
    return Reader(SOURCE, NOW, apart=apart, heartbeat=heartbeat).parsed(said)


def large(rows: object) -> bytes:
    """``rows`` as JSON, with more spaces than a small feed has bytes."""
    return json.dumps(rows).encode() + b" " * SMALL


def test_a_child_reads_what_is_read_here() -> None:
    said = page(large([*ROWS, {"id": 11}, 7]))

    apart = parse(said)

    here = parse(said, apart=False)
    assert len(apart.records) == 10 and apart.issues
    assert (apart.records, apart.issues, apart.next, apart.complete) == (
        here.records,
        here.issues,
        here.next,
        here.complete,
    )


def test_a_child_reads_pages_of_lists_too() -> None:
    access = Access(kind=AccessKind.RPDE, start=("https://x.example/rpde",))
    item = {"state": "updated", "kind": "Event", "id": 7, "modified": 2**60, "data": {"@type": "Event", "name": "Wald"}}
    said = page(large({"items": [item], "next": "https://x.example/rpde?after=7", "license": "https://x.example/l"}))

    pages = [
        Reader(make_source(access=access), NOW, apart=apart, heartbeat=lambda: None).page(said)
        for apart in (True, False)
    ]

    assert pages[0] == pages[1]
    assert pages[0].items[0].version == 2**60


def test_a_child_reads_tables() -> None:
    """Their rows are found by keys that are no keys of JSON."""
    access = Access(kind=AccessKind.CSV, start=("https://x.example/a",))
    said = page(b"Titel;Beschreibung\n" + b"".join(b"Tag %d;%s\n" % (n, b"Wald " * 200) for n in range(2_500)))

    found = Reader(make_source(access=access), NOW, apart=True, heartbeat=lambda: None).parsed(said)

    assert (len(said.content) > SMALL, len(found.records)) == (True, 2_500)


@pytest.mark.parametrize(
    ("content", "read_as"),
    [
        (b"Titel;Alter\nWaldtag;ab 4 Jahren\n", "csv"),
        (leaflet([head("Waldtag"), *column(50, 700, "Für Kita-Gruppen, ab 4 Jahren")]), "pdf"),
    ],
    ids=["table", "leaflet, which has a child of its own"],
)
def test_a_child_reads_files_of_datasets_as_what_they_are(
    monkeypatch: pytest.MonkeyPatch, content: bytes, read_as: str
) -> None:
    monkeypatch.setattr(parse_apart, "SMALL", 0)
    access = Access(kind=AccessKind.CKAN, start=("https://x.example/dataset/kurse",))

    found = Reader(make_source(access=access), NOW, apart=True, heartbeat=lambda: None).parsed(page(content))

    assert [(record.title, record.format) for record in found.records] == [("Waldtag", read_as)]


def test_a_small_feed_starts_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse_apart, "run_child", None)  # calling it would raise

    assert len(parse(page(json.dumps(ROWS).encode())).records) == 10


def test_what_cannot_be_read_is_said_as_ever() -> None:
    with pytest.raises(ReadError) as apart:
        parse(page(b"{" + b" " * SMALL))
    with pytest.raises(ReadError) as here:
        parse(page(b"{" + b" " * SMALL), apart=False)

    assert apart.value.args == here.value.args
    assert (apart.value.rule, apart.value.address) == (here.value.rule, here.value.address)


@pytest.mark.parametrize("limit", [{"max_memory_bytes": 500_000_000}, {"max_cpu_seconds": 1}])
def test_a_feed_that_eats_memory_or_time_fails_its_run_and_nothing_else(
    sqlite_database: Database, site: Site, monkeypatch: pytest.MonkeyPatch, limit: dict[str, int]
) -> None:
    source = feed(site)
    serve(site, ROWS)
    harvested(sqlite_database, source)
    bomb = gzip.compress(b"[" + b"[]," * 20_000_000 + b"[]]")  # 60 MB, nearly 2 GB as Python's objects
    site.put("/angebote.json", bomb, Content_Encoding="gzip")
    monkeypatch.setattr(parse_apart, "ParseJob", partial(ParseJob, **limit))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    run = harvested(sqlite_database, source, 1)

    assert run.status is RunStatus.FAILED
    assert [issue.rule for issue in run.issues] == ["feeds.too_costly"]
    assert len(titles(sqlite_database)) == 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB: the bytes, not the objects


def test_a_fault_of_the_program_is_not_blamed_on_the_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse_apart, "_MODULE", "harvesters.nirgends")

    with pytest.raises(ReadError, match="Fehler im Programm") as caught:
        parse(page(large(ROWS)))

    assert caught.value.rule == "feeds.broken"


def test_a_child_that_takes_too_long_is_ended_and_the_run_lives_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    beats: list[int] = []
    monkeypatch.setattr(parse_apart, "run_child", partial(run_child, beat=0.05))
    monkeypatch.setattr(parse_apart, "SECONDS", 0.3)

    with pytest.raises(ReadError) as caught:
        parse(page(large(ROWS)), lambda: beats.append(1))

    assert caught.value.rule == "feeds.too_costly"
    assert beats
