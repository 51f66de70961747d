"""Web pages without markup for machines → Records."""

from functools import partial
from typing import Any

import pytest

from harvesters.formats import html_selectors
from harvesters.formats.html_selectors import links
from harvesters.problems import ReadError
from schemas.harvest import RawOccurrence
from tests.harvesters.parsing import URL, described, only, parse, rules

PAGE = """<!doctype html><html><head><title>Museum</title><link rel="canonical" href="/kita/wald"></head><body>
<nav>Menü</nav><main><h1>Waldtag <small>neu</small></h1>
<div class="text"><p>Mit Stockbrot.</p><ul><li>warm anziehen</li><li>Regen ist kein Problem</li></ul>
<script>x()</script></div>
<dl><dt>Alter</dt><dd class="alter">ab 4&nbsp;Jahren</dd><dd class="preis">2,50&thinsp;€</dd></dl>
<ul class="termine"><li>5.12.2026, 9.30 Uhr</li><li>12.12.2026, 9.30 Uhr</li></ul>
<a class="buchen" href="buchen?id=7">Buchen</a> <a class="tel" href="tel:038341">03834 1</a></main></body></html>"""
FIELDS = {
    "title": "h1::text",
    "text": "div.text",
    "ages": "dd.alter",
    "price": "dd.preis",
    "dates": "ul.termine li",
    "booking_url": "a.buchen::attr(href)",
    "phone": "a.tel",
    "lead_time": "p.gibtsnicht",
}
read = partial(parse, html_selectors.parse, kind="html", fields=FIELDS)


def test_a_page_becomes_a_record() -> None:
    record = only(read(PAGE))

    assert record.origin.key == record.url == "https://museum.example/kita/wald"
    assert (record.title, record.format) == ("Waldtag", "html_selectors")
    assert record.text == "Mit Stockbrot.\nwarm anziehen\nRegen ist kein Problem"
    assert record.words == {
        "ages": "ab 4 Jahren",
        "price": "2,50 €",
        "dates": "5.12.2026, 9.30 Uhr\n12.12.2026, 9.30 Uhr",
        "booking_url": "https://museum.example/buchen?id=7",
        "phone": "03834 1",
    }


def test_a_key_selector_gives_the_key() -> None:
    assert only(read(PAGE, key="a.buchen::attr(href)")).origin.key == "https://museum.example/buchen?id=7"
    assert only(read(PAGE, key="a.buchen::attr(href)", key_pattern=r"id=(\d+)")).origin.key == "7"


def test_a_plain_day_and_time_become_an_occurrence() -> None:
    content = "<h1>Wald</h1><b>Sa, 5.12.2026</b><i>9.30 bis 11 Uhr</i>"

    record = only(read(content, fields={"title": "h1", "start_date": "b", "start_time": "i"}))

    assert record.occurrences == (RawOccurrence(start="2026-12-05T09:30", end="2026-12-05T11:00"),)


def test_several_offers_on_one_page_have_keys_of_their_own() -> None:
    content = """<ul><li id="a"><b>Wald</b></li><li><b>See</b><a href="/see">mehr</a></li><li><b>Moor</b></li></ul>"""

    records = read(content, items="li", fields={"title": "b", "url": "a::attr(href)"}).records

    assert [(r.origin.key, r.origin.part, r.title) for r in records] == [
        (f"{URL}#a", 0, "Wald"),
        ("https://museum.example/see", 0, "See"),
        (URL, 2, "Moor"),
    ]


def test_a_page_without_the_title_is_said() -> None:
    assert rules(read("<html><body><p>Wartungsarbeiten</p></body></html>")) == ["html_selectors.no_title"]


@pytest.mark.parametrize("access", [{"fields": {"title": "h1["}}, {"key": "a::gibtsnicht"}, {"items": "li:nth("}])
def test_a_selector_that_is_no_css_is_said(access: dict[str, Any]) -> None:
    with pytest.raises(ReadError, match="Selektor"):
        read(PAGE, **access)


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1"])
def test_umlauts_are_read_as_the_page_declares_them(encoding: str) -> None:
    content = f'<html><head><meta charset="{encoding}"></head><body><h1>Führung</h1></body></html>'

    assert only(read(content.encode(encoding))).title == "Führung"


def test_umlauts_are_read_where_the_page_declares_a_wrong_encoding() -> None:
    content = '<html><head><meta charset="iso-8859-1"></head><body><h1>Führung</h1></body></html>'

    assert only(read(content.encode())).title == "Führung"


def test_a_very_deep_page_ends() -> None:
    assert read("<div>" * 100_000 + "<h1>tief</h1>").complete


def test_links_are_absolute_once_each_and_only_to_the_web() -> None:
    content = """<a href="/a">A</a><a href="/a#oben">A</a><a href="b?x=1&amp;y=2">B</a>
    <a href="mailto:x@y.example">M</a><a href="javascript:alert(1)">J</a><a href="">leer</a><a>ohne</a>
    <a href="https://other.example/c">C</a>"""
    source = described("html", fields=FIELDS)

    assert links(content.encode(), "a", source=source, url=URL) == (
        "https://museum.example/a",
        "https://museum.example/b?x=1&y=2",
        "https://other.example/c",
    )
    assert links(content.encode(), "a::attr(href)", source=source, url=URL)[0] == "https://museum.example/a"


def test_a_follow_selector_that_is_no_css_is_said() -> None:
    with pytest.raises(ReadError, match=r"access\.follow"):
        links(b"<a href=x>", "a[", source=described("html", fields=FIELDS), url=URL)
