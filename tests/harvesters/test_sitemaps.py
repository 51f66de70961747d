"""Crawls that find their pages in sitemaps, over real HTTP: where they lead, what has not changed, what is hostile."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from harvesters.fetch.ledger import MemoryLedger
from harvesters.problems import ReadError
from harvesters.run import read
from harvesters.trying import MAX_PAGES, try_source
from schemas.db import Database
from schemas.harvest import Access, RunResult, RunStatus, Source
from tests.factories import NOW, make_source
from tests.harvesters.feed_site import harvested, titles
from tests.harvesters.loopback import QUICK, Site
from tests.harvesters.test_formats_sitemap import urlset
from tests.harvesters.two_clients import CLIENTS


def wood(site: Site, *start: str, offers: int = 3) -> Source:
    """A trusted source of these sitemaps, on a site with a page for each offer."""
    for number in range(1, offers + 1):
        put_offer(site, number)
    access = {
        "kind": "html",
        "start": tuple(site.base + path for path in start or ("/sitemap.xml",)),
        "sitemap": r"/angebote/[^/]+$",
        "fields": {"title": "h1", "text": "p"},
    }
    expect = {"offers": {"min": 2, "max": 50, "max_vanished": 0.4}}
    return make_source("mv_karte", access=Access.model_validate(access), expect=expect)


def put_offer(site: Site, number: int, title: str = "Waldtag", **headers: str) -> None:
    body = f"<html><h1>{title} {number}</h1><p>Für Kita-Gruppen ab 4 Jahren.</p></html>"
    site.put(f"/angebote/{number}", body, **(headers or {"ETag": f'"{title}-{number}"'}))


def put_sitemap(site: Site, *numbers: int, path: str = "/sitemap.xml", tag: str = "1") -> str:
    """A sitemap of these offers, and of pages that are none."""
    addresses = [f"{site.base}/", f"{site.base}/impressum", *(f"{site.base}/angebote/{number}" for number in numbers)]
    return site.put(path, urlset(*addresses), ETag=f'"{tag}"')


def crawled(source: Source, folder: Path) -> RunResult:
    return read(source, settings=QUICK, now=NOW, spool_dir=folder)


def rules(result: RunResult) -> list[str]:
    assert all(issue.message and issue.remedy for issue in result.issues)
    return [issue.rule for issue in result.issues]


def test_the_pages_that_a_sitemap_names_are_read_and_no_others(site: Site, tmp_path: Path) -> None:
    put_sitemap(site, 1, 2, 3)

    result = crawled(wood(site), tmp_path)

    assert [record.title for record in result.records] == ["Waldtag 1", "Waldtag 2", "Waldtag 3"]
    assert (result.issues, result.complete) == ((), True)
    assert sorted(site.paths()) == ["/angebote/1", "/angebote/2", "/angebote/3", "/sitemap.xml"]


def test_a_robots_txt_leads_by_an_index_to_packed_sitemaps(site: Site, tmp_path: Path) -> None:
    site.put("/robots.txt", f"User-agent: *\nDisallow: /intern\nSitemap: {site.base}/index.xml\n")
    site.put("/index.xml", urlset(f"{site.base}/a.xml.gz", f"{site.base}/b.xml", of="sitemap"))
    site.put("/a.xml.gz", gzip.compress(urlset(f"{site.base}/angebote/2").encode()), Content_Type="application/gzip")
    put_sitemap(site, 1, 3, path="/b.xml")

    result = crawled(wood(site, "/robots.txt"), tmp_path)

    assert [record.title for record in result.records] == ["Waldtag 2", "Waldtag 1", "Waldtag 3"]
    assert (result.issues, result.complete) == ((), True)


def test_an_unchanged_sitemap_leads_to_the_page_that_has_changed(sqlite_database: Database, site: Site) -> None:
    source = wood(site)
    put_sitemap(site, 1, 2, 3)
    harvested(sqlite_database, source)
    site.asked.clear()

    same = harvested(sqlite_database, source, 1)
    put_offer(site, 2, "Moortag")
    changed = harvested(sqlite_database, source, 2)

    assert (same.status, same.unchanged) == (RunStatus.UNCHANGED, 3)
    assert len(site.conditional()) == len(site.paths()) == 8
    assert (changed.status, changed.changed, changed.unchanged) == (RunStatus.COMPLETE, 1, 2)
    assert "Moortag 2" in titles(sqlite_database)


def test_an_index_is_asked_in_full_and_what_it_leads_to_conditionally(sqlite_database: Database, site: Site) -> None:
    source = wood(site, "/index.xml")
    site.put("/index.xml", urlset(f"{site.base}/a.xml", f"{site.base}/b.xml", of="sitemap"), ETag='"1"')
    put_sitemap(site, 1, 2, path="/a.xml")
    put_sitemap(site, 3, path="/b.xml")
    harvested(sqlite_database, source)
    site.asked.clear()

    run = harvested(sqlite_database, source, 1)

    assert (run.status, run.unchanged) == (RunStatus.UNCHANGED, 3)
    assert set(site.paths()) - set(site.conditional()) == {"/index.xml"}


def test_an_offer_that_the_sitemap_names_no_more_is_missing_and_then_withdrawn(
    sqlite_database: Database, site: Site
) -> None:
    source = wood(site)
    put_sitemap(site, 1, 2, 3)
    harvested(sqlite_database, source)
    put_sitemap(site, 1, 2, tag="2")

    runs = [harvested(sqlite_database, source, hours) for hours in (1, 2)]

    assert [(run.status, run.missing, run.withdrawn) for run in runs] == [
        (RunStatus.COMPLETE, 1, 0),
        (RunStatus.COMPLETE, 1, 1),
    ]


def test_sitemaps_that_cannot_be_read_withdraw_nothing(sqlite_database: Database, site: Site) -> None:
    source = wood(site, "/index.xml", offers=4)
    site.put("/index.xml", urlset(*(f"{site.base}/{name}.xml" for name in "abcd"), of="sitemap"))
    for number, name in enumerate("abcd", start=1):
        put_sitemap(site, number, path=f"/{name}.xml")
    harvested(sqlite_database, source)
    site.put("/b.xml", status=404)
    site.put("/c.xml", urlset(f"{site.base}/angebote/3")[:-60])
    site.put("/d.xml", "<!doctype html><html><body>Wartung</body></html>")

    runs = [harvested(sqlite_database, source, hours) for hours in (1, 2)]

    assert [(run.status, run.unchanged, run.withdrawn) for run in runs] == [(RunStatus.INCOMPLETE, 1, 0)] * 2
    assert {issue.rule for issue in runs[1].issues} >= {"fetch.not_found", "sitemap.broken", "sitemap.page"}
    assert len(titles(sqlite_database)) == 4


def nest(site: Site) -> None:
    """Each index leads to a further one."""
    site.put("/sitemap.xml", urlset(f"{site.base}/1.xml", f"{site.base}/a.xml", of="sitemap"))
    for number in range(1, 9):
        site.put(f"/{number}.xml", urlset(f"{site.base}/{number + 1}.xml", of="sitemap"))


def loop(site: Site) -> None:
    """Two indexes lead to each other."""
    site.put("/sitemap.xml", urlset(f"{site.base}/1.xml", f"{site.base}/a.xml", of="sitemap"))
    site.put("/1.xml", urlset(f"{site.base}/sitemap.xml", of="sitemap"))


def wide(site: Site) -> None:
    """An index of many sitemaps."""
    numbers = range(1, 150)
    site.put("/sitemap.xml", urlset(f"{site.base}/a.xml", *(f"{site.base}/{n}.xml" for n in numbers), of="sitemap"))
    for number in numbers:
        site.put(f"/{number}.xml", "<urlset/>")


def foreign(site: Site) -> None:
    """Thousands of addresses of other sites."""
    site.put(
        "/sitemap.xml",
        urlset(
            *(f"https://x{n}.example/angebote/{n}" for n in range(3_000)),
            *(f"{site.base}/angebote/{n}" for n in (1, 2)),
        ),
    )


@pytest.mark.parametrize(
    ("make", "rule", "complete"),
    [
        (nest, "sitemap.nested", False),
        (loop, "sitemap.loop", False),
        (wide, "sitemap.too_many_sitemaps", False),
        (foreign, "sitemap.foreign", True),
    ],
)
def test_hostile_sitemaps_are_one_issue_and_what_is_good_is_read(
    site: Site, tmp_path: Path, make: Callable[[Site], None], rule: str, complete: bool
) -> None:
    put_sitemap(site, 1, 2, path="/a.xml")
    make(site)

    result = crawled(wood(site), tmp_path)

    assert {record.title for record in result.records} == {"Waldtag 1", "Waldtag 2"}
    assert (rules(result), result.complete) == ([rule], complete)
    assert len(site.paths()) <= 103


@pytest.mark.parametrize("make", [nest, loop, wide, foreign])
def test_a_look_at_hostile_sitemaps_is_short_and_sees_what_is_good(site: Site, make: Callable[[Site], None]) -> None:
    put_sitemap(site, 1, 2, path="/a.xml")
    make(site)

    found = try_source(wood(site), settings=QUICK, ledger=MemoryLedger(), now=NOW)

    assert {record.title for record in found.records} == {"Waldtag 1", "Waldtag 2"}
    assert len(site.paths()) <= 2 * MAX_PAGES


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('<!DOCTYPE urlset [<!ENTITY a SYSTEM "/geheim">]><urlset><url><loc>&a;</loc></url></urlset>', "entities"),
        (gzip.compress(b"<urlset>" + b" " * 60_000_000, 1), "too_large"),
        ("<!doctype html><html><body>Anmelden</body></html>", "page"),
    ],
    ids=["entities", "bomb", "page"],
)
def test_a_sitemap_that_is_none_is_one_issue_for_both_clients(
    site: Site, tmp_path: Path, client: str, body: str | bytes, rule: str
) -> None:
    site.put("/sitemap.xml", body)
    source = wood(site)

    if client == "scrapy":
        result = crawled(source, tmp_path)
        assert (result.records, rules(result), result.complete) == ((), [f"sitemap.{rule}"], False)
    else:
        with pytest.raises(ReadError) as caught:
            try_source(source, settings=QUICK, ledger=MemoryLedger(), now=NOW)
        assert caught.value.rule == f"sitemap.{rule}"
    assert site.paths() == ["/sitemap.xml"]


def test_addresses_of_a_sitemap_that_lead_inside_are_not_asked(site: Site, tmp_path: Path) -> None:
    addresses = ("http://169.254.169.254/angebote/x", f"{site.base}/angebote/9", f"{site.base}/angebote/1")
    site.put("/sitemap.xml", urlset(*addresses))
    site.put("/angebote/9", status=302, Location="http://169.254.169.254/latest/meta-data")

    result = crawled(wood(site), tmp_path)

    assert [record.title for record in result.records] == ["Waldtag 1"]
    assert sorted(rules(result)) == ["fetch.refused", "sitemap.foreign"]
    assert not result.complete


def test_more_addresses_than_the_description_allows_are_one_issue(site: Site, tmp_path: Path) -> None:
    put_sitemap(site, *range(1, 30_000))
    source = wood(site)
    source = source.model_copy(update={"access": source.access.model_copy(update={"max_pages": 3})})

    result = crawled(source, tmp_path)

    assert (len(result.records), rules(result), result.complete) == (2, ["crawl.too_many_pages"], False)
    assert len(site.paths()) == 3


def test_a_sitemap_without_an_address_that_is_wanted_is_said(site: Site, tmp_path: Path) -> None:
    put_sitemap(site)

    result = crawled(wood(site), tmp_path)

    assert (result.records, rules(result), result.complete) == ((), ["sitemap.no_match"], False)


@pytest.mark.parametrize(("status", "rule"), [(404, "fetch.not_found"), (302, "crawl.moved")])
def test_a_start_that_cannot_be_read_fails_the_source(site: Site, tmp_path: Path, status: int, rule: str) -> None:
    other = f"{site.base.replace('127.0.0.1', 'localhost')}/sitemap.xml"
    put_sitemap(site, 1, path="/sitemap.xml")
    site.put("/karte.xml", status=status, Location=other)

    with pytest.raises(ReadError) as caught:
        crawled(wood(site, "/karte.xml"), tmp_path)

    assert caught.value.rule == rule
