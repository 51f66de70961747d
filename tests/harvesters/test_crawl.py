"""Crawling web pages in a child process, over real HTTP."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harvesters.problems import ReadError
from harvesters.run import read
from harvesters.spool import crawl, read_spool
from schemas.db import Database
from schemas.exclusion import Exclusions
from schemas.harvest import Access, AccessKind, RunResult, RunStatus, Source
from tests.factories import NOW, make_record, make_source
from tests.harvesters.feed_site import harvested, titles
from tests.harvesters.leaflets import column, head, leaflet
from tests.harvesters.loopback import QUICK, Site, running_site

FIELDS = {"title": "h1", "ages": ".alter"}
HOME = Path(__file__).parents[2]


def museum(site: Site, offers: int = 3, **access: object) -> Source:
    """A site with a listing in two pages and a page per offer."""
    links = [f'<a class="angebot" href="/angebot/{number}">Angebot</a>' for number in range(1, offers + 1)]
    site.put("/kita", "<html>" + "".join(links[:2]) + '<a class="weiter" href="/kita?seite=2">weiter</a></html>')
    site.put("/kita?seite=2", "<html>" + "".join(links[1:]) + "</html>")
    for number in range(1, offers + 1):
        site.put(f"/angebot/{number}", f"<html><h1>Angebot {number}</h1><p class='alter'>ab {number}</p></html>")
    given = {
        "kind": "html",
        "start": (f"{site.base}/kita",),
        "follow": "a.angebot",
        "next": "a.weiter",
        "fields": FIELDS,
    }
    return make_source(access=Access.model_validate(given | access))


def crawled(source: Source, folder: Path) -> RunResult:
    return read(source, settings=QUICK, now=NOW, spool_dir=folder)


def test_a_listing_is_followed_to_its_offers_in_order(site: Site, tmp_path: Path) -> None:
    result = crawled(museum(site), tmp_path)

    assert [record.title for record in result.records] == ["Angebot 1", "Angebot 2", "Angebot 3"]
    assert [record.words["ages"] for record in result.records] == ["ab 1", "ab 2", "ab 3"]
    assert [record.origin.key for record in result.records] == [f"{site.base}/angebot/{n}" for n in (1, 2, 3)]
    assert result.issues == ()
    assert result.complete
    assert sorted(site.paths()) == ["/angebot/1", "/angebot/2", "/angebot/3", "/kita", "/kita?seite=2"]
    assert {headers["user-agent"] for _, headers in site.asked} == {QUICK.user_agent}
    assert list(tmp_path.iterdir()) == []  # the spool is gone


def test_structured_pages_without_a_listing_are_read_themselves(site: Site, tmp_path: Path) -> None:
    node = {"@type": "Event", "name": "Waldtag", "url": "/wald", "startDate": "2026-12-05"}
    site.put("/kalender", f'<script type="application/ld+json">{json.dumps(node)}</script>')
    source = make_source(access=Access(kind="structured", start=(f"{site.base}/kalender",)))

    (record,) = crawled(source, tmp_path).records

    assert (record.title, record.origin.key, record.format) == ("Waldtag", f"{site.base}/wald", "jsonld")


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, RunResult]]:
    """A crawl of a site in which nearly every page has a trouble of its own."""
    with running_site() as site:
        source = museum(site, offers=6)
        site.put("/kita?seite=2", status=500)
        links = "".join(f'<a class="angebot" href="{address}">x</a>' for address in TROUBLES)
        site.put("/kita", f'<html>{links}<a class="weiter" href="/kita?seite=2">weiter</a></html>')
        site.put("/robots.txt", "User-agent: *\nDisallow: /angebot/2")
        site.put("/angebot/3", status=302, Location="http://169.254.169.254/latest/meta-data")
        site.put("/angebot/4", status=500)
        yield site, crawled(source, tmp_path_factory.mktemp("spool"))


TROUBLES = ("/angebot/1", "/angebot/2", "/angebot/3", "/angebot/4", "https://other.example/x", "/angebot/6")


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("/angebot/2", "fetch.robots"),
        ("/angebot/3", "fetch.refused"),
        ("/angebot/4", "fetch.status"),
        ("https://other.example/x", "crawl.foreign_link"),
        ("/kita?seite=2", "fetch.status"),
    ],
)
def test_every_trouble_within_a_site_is_said(troubled: tuple[Site, RunResult], address: str, rule: str) -> None:
    _, result = troubled

    assert rule in [issue.rule for issue in result.issues if address in issue.where]


def test_troubles_leave_the_others_and_a_crawl_that_is_not_complete(troubled: tuple[Site, RunResult]) -> None:
    site, result = troubled

    assert [record.title for record in result.records] == ["Angebot 1", "Angebot 6"]
    assert not result.complete
    assert "/angebot/2" not in site.paths()


def test_an_offer_that_is_gone_does_not_spoil_the_crawl(site: Site, tmp_path: Path) -> None:
    source = museum(site)
    site.put("/angebot/2", status=410)

    result = crawled(source, tmp_path)

    assert [record.title for record in result.records] == ["Angebot 1", "Angebot 3"]
    assert [issue.rule for issue in result.issues] == ["fetch.gone"]
    assert result.complete


def test_a_further_listing_that_is_gone_leaves_the_crawl_incomplete(site: Site, tmp_path: Path) -> None:
    source = museum(site)
    site.put("/kita?seite=2", status=410)

    result = crawled(source, tmp_path)

    assert [issue.rule for issue in result.issues] == ["fetch.gone"]
    assert (len(result.records), result.complete) == (2, False)


def test_a_listing_without_links_is_said(site: Site, tmp_path: Path) -> None:
    result = crawled(museum(site, follow="a.umbenannt", next=None), tmp_path)

    assert [issue.rule for issue in result.issues] == ["crawl.no_links"]
    assert (result.records, result.complete) == ((), False)


def test_a_start_page_that_fails_fails_the_source(site: Site, tmp_path: Path) -> None:
    source = museum(site)
    site.put("/kita", status=503)

    with pytest.raises(ReadError) as caught:
        crawled(source, tmp_path)

    assert caught.value.rule == "fetch.status"
    assert caught.value.address == f"{site.base}/kita"


def test_a_selector_that_is_no_css_fails_the_source(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"access\.follow"):
        crawled(museum(site, follow="a["), tmp_path)


def test_a_crawl_without_permission_for_loopback_does_not_begin(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ReadError) as caught:
        read(museum(site), settings=replace(QUICK, allow_loopback=False), now=NOW, spool_dir=tmp_path)

    assert caught.value.rule == "fetch.refused"
    assert site.asked == []


def test_endless_paging_ends(site: Site, tmp_path: Path) -> None:
    source = museum(site, max_pages=4)

    result = crawled(source, tmp_path)

    assert len(site.paths()) == 4
    assert [issue.rule for issue in result.issues] == ["crawl.too_many_pages"]
    assert not result.complete


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("harvesters.crawl", {"extruct", "icalendar", "numpy", "harvesters.normalise", "schemas.geography"}),
        ("harvesters.run", {"scrapy", "extruct"}),
    ],
)
def test_no_process_waits_for_what_only_the_other_needs(module: str, unwanted: set[str]) -> None:
    code = f"import sys, {module}; print('\\n'.join(sys.modules))"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HOME).stdout

    assert module in loaded.split()
    assert unwanted & set(loaded.split()) == set()


def test_a_crawl_that_hangs_is_killed(site: Site, tmp_path: Path) -> None:
    source = museum(site)
    beats: list[int] = []

    with pytest.raises(ReadError) as caught:
        crawl(
            source,
            settings=replace(QUICK, pace_s=30),
            now=NOW,
            spool_dir=tmp_path,
            max_seconds=1,
            grace_seconds=2,
            beat_seconds=0.5,
            heartbeat=lambda: beats.append(1),
        )

    assert caught.value.rule in ("crawl.too_slow", "crawl.died")
    assert beats
    assert list(tmp_path.iterdir()) == []


# -- the spool --------------------------------------------------------------------------------------------------------


def spool(folder: Path, *lines: str) -> Path:
    path = folder / "records.ndjson"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def record_line(key: str, *order: int) -> str:
    return json.dumps({"record": make_record(key).model_dump(mode="json"), "order": order}) + "\n"


END = '{"end": {"complete": true, "pages": 2}}\n'


def test_a_spool_with_its_end_is_complete_and_in_the_order_of_the_site(tmp_path: Path) -> None:
    outcome = read_spool(spool(tmp_path, record_line("b", 0, 0, 2), record_line("a", 0, 0, 1), END), make_source(), NOW)

    assert outcome is not None
    assert [record.origin.key for record in outcome.result.records] == ["a", "b"]
    assert outcome.result.complete


@pytest.mark.parametrize("tail", ["", '{"record": {"orig', END[:-12]])
def test_a_spool_without_its_end_is_incomplete(tmp_path: Path, tail: str) -> None:
    outcome = read_spool(spool(tmp_path, record_line("a", 0, 0, 1), tail), make_source(), NOW)

    assert outcome is not None
    assert len(outcome.result.records) == 1
    assert [issue.rule for issue in outcome.result.issues] == ["crawl.unfinished"]
    assert not outcome.result.complete


@pytest.mark.parametrize(("alike", "others", "kept"), [(3, 2, 2), (3, 3, 6), (2, 1, 3), (2, 0, 2)])
def test_what_most_pages_say_in_the_same_words_is_no_offer(tmp_path: Path, alike: int, others: int, kept: int) -> None:
    pages = [make_record(f"a{n}", title="Willkommen", url=f"https://m.example/a{n}") for n in range(alike)]
    pages += [make_record(f"b{n}", title=f"Waldtag {n}") for n in range(others)]
    lines = [json.dumps({"record": page.model_dump(mode="json"), "order": [0, 0, n]}) for n, page in enumerate(pages)]

    outcome = read_spool(spool(tmp_path, *(f"{line}\n" for line in lines), END), make_source(), NOW)

    assert outcome is not None
    assert len(outcome.result.records) == kept
    left_out = kept < len(pages)
    assert [issue.rule for issue in outcome.result.issues] == (["crawl.same_everywhere"] if left_out else [])
    assert outcome.result.complete is not left_out


@pytest.mark.parametrize("content", [None, "", "kein JSON\n"])
def test_a_spool_with_nothing_in_it_is_nothing(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "records.ndjson" if content is None else spool(tmp_path, content)

    assert read_spool(path, make_source(), NOW) is None


def test_what_a_child_says_on_dying_is_passed_on(tmp_path: Path) -> None:
    source = make_source()

    with pytest.raises(ReadError) as caught:
        crawl(source, settings=QUICK, now=NOW, spool_dir=tmp_path, database="oracle://x")

    assert caught.value.rule == "crawl.died"
    assert "oracle" in caught.value.happened
    assert source.access.start[0] in str(caught.value)


def test_pages_that_are_excluded_are_left_out_in_the_child_too_and_the_rest_counts_as_complete(
    site: Site, tmp_path: Path
) -> None:
    source = museum(site)
    spelled = f"{site.base.removeprefix('http://')}/angebot/2"

    result = read(
        source, settings=replace(QUICK, excluded=Exclusions(addresses=(spelled,))), now=NOW, spool_dir=tmp_path
    )

    assert [record.title for record in result.records] == ["Angebot 1", "Angebot 3"]
    assert result.complete
    assert [issue.rule for issue in result.issues] == ["fetch.excluded"]
    assert "/angebot/2" not in site.paths()


def test_pages_without_markup_are_crawled(site: Site) -> None:
    for name in ("wald", "moor"):
        site.put(f"/{name}", f"<!doctype html><html><body><main><h1>{name}</h1><p>Für Kitas.</p></main></body></html>")
    start = site.put("/kita", "<!doctype html><html><body><a href='/wald'>1</a><a href='/moor'>2</a></body></html>")
    source = make_source(access=Access(kind=AccessKind.PAGE, start=(start,), follow="a"))

    outcome = crawl(source, settings=QUICK, now=NOW)

    assert [(record.title, record.text) for record in outcome.result.records] == [
        ("wald", "Für Kitas."),
        ("moor", "Für Kitas."),
    ]
    assert outcome.result.complete


def programme(*titles: str) -> bytes:
    """A leaflet with these offers."""
    words = [(head(title), "Für Kita-Gruppen ab 4 Jahren.", "2 € pro Kind, 10 Uhr") for title in titles]
    return leaflet(column(57, 90, *(line for offer in words for line in offer), leading=20))


def test_leaflets_behind_the_links_of_a_page_are_read_and_one_that_is_broken_is_said(
    sqlite_database: Database, site: Site
) -> None:
    site.put("/herbst.pdf", programme("Waldtag", "Moortag"), ETag='"1"')
    site.put("/winter.pdf", programme("Steintag"), ETag='"1"')
    links = "".join(f'<a class="pdf" href="/{name}.pdf">Programm</a>' for name in ("herbst", "winter"))
    start = site.put("/kita", f"<html><body>{links}</body></html>", ETag='"1"')
    access = Access(kind=AccessKind.PDF, start=(start,), follow="a.pdf")
    source = make_source(access=access, expect={"offers": {"min": 1, "max": 50}})

    first = harvested(sqlite_database, source)
    second = harvested(sqlite_database, source, 1)
    site.put("/winter.pdf", programme("Steintag")[:-200], ETag='"2"')
    third = harvested(sqlite_database, source, 2)

    assert (first.status, first.new) == (RunStatus.COMPLETE, 3)
    assert sorted(titles(sqlite_database)) == ["Moortag", "Steintag", "Waldtag"]
    assert (second.status, second.unchanged) == (RunStatus.UNCHANGED, 3)
    assert sorted(site.conditional()[:3]) == ["/herbst.pdf", "/kita", "/winter.pdf"]
    assert (third.status, third.unchanged, third.missing) == (RunStatus.INCOMPLETE, 2, 1)
    assert "pdf.cut_off" in [issue.rule for issue in third.issues]
