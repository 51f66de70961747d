"""Addresses in sitemaps and robots.txt: what is taken, in which order, and what hostile ones cost."""

import gzip

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvesters.formats.pages import site_of
from harvesters.formats.sitemap import MAX_ADDRESSES, Sitemap, is_sitemap, parse
from schemas.harvest import Access
from tests.factories import NOW, make_source
from tests.harvesters.test_formats_fuzz import damaged

SITE = "https://museum.example"
XMLNS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def urlset(*entries: str, of: str = "url") -> str:
    """A sitemap of these entries: an address, or an address and a ``lastmod`` behind a blank."""
    root = "urlset" if of == "url" else "sitemapindex"
    inner = "".join(f"<{of}>{_entry(*entry.split(' '))}</{of}>" for entry in entries)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {XMLNS}>{inner}</{root}>'


def _entry(address: str, day: str = "") -> str:
    return f"<loc>{address}</loc>" + (f"<lastmod>{day}</lastmod>" if day else "")


def read(content: str | bytes, wanted: str = "", url: str = f"{SITE}/sitemap.xml") -> Sitemap:
    source = make_source(access=Access(kind="page", start=(url,), sitemap=wanted))
    return parse(content.encode() if isinstance(content, str) else content, source=source, url=url, fetched_at=NOW)


def rules(found: Sitemap) -> list[str]:
    assert all(issue.message and issue.remedy for issue in found.issues)
    return [issue.rule for issue in found.issues]


def test_pages_that_are_wanted_are_taken_once_and_the_newest_first() -> None:
    found = read(
        urlset(
            f"{SITE}/angebote/a 2026-01-05",
            f"{SITE}/impressum",
            f"{SITE}/angebote/b#oben",
            f"{SITE}/angebote/c 2026-11-20T10:00:00+01:00",
            f"{SITE}/angebote/a",
            f"{SITE}/angebote/d irgendwann",
        ),
        "/angebote/[^/]+$",
    )

    assert found == Sitemap(pages=tuple(f"{SITE}/angebote/{name}" for name in "cabd"))


def test_an_index_and_a_robots_txt_lead_to_sitemaps() -> None:
    index = read(urlset(f"{SITE}/a.xml", f"{SITE}/b.xml.gz", of="sitemap"), "/angebote/")
    robots = read(
        f"User-agent: *\nDisallow: /intern\nSITEMAP: {SITE}/a.xml\n\nsitemap: /b.xml.gz # alt\n",
        "/angebote/",
        f"{SITE}/robots.txt",
    )

    for found in (index, robots):
        assert found == Sitemap(sitemaps=(f"{SITE}/a.xml", f"{SITE}/b.xml.gz"))


def test_images_and_languages_of_a_page_are_no_pages() -> None:
    more = (
        '<image:image xmlns:image="x"><image:loc>https://museum.example/bild.jpg</image:loc></image:image>'
        '<xhtml:link xmlns:xhtml="y" rel="alternate" hreflang="en" href="https://museum.example/en/a"/>'
    )

    assert read(urlset(f"{SITE}/a").replace("<loc>", f"{more}<loc>")).pages == (f"{SITE}/a",)


def test_a_packed_sitemap_and_one_without_a_namespace_are_read() -> None:
    packed = gzip.compress(urlset(f"{SITE}/a").encode())

    assert read(packed).pages == read(urlset(f"{SITE}/a").replace(XMLNS, "")).pages == (f"{SITE}/a",)


def test_other_sites_are_one_issue_however_many_they_are() -> None:
    found = read(urlset(*(f"https://fremd{n}.example/angebote/{n}" for n in range(500)), f"{SITE}/angebote/a"), "angeb")

    assert (found.pages, rules(found), found.complete) == ((f"{SITE}/angebote/a",), ["sitemap.foreign"], True)
    assert found.issues[0].message is not None and "500" in found.issues[0].message
    assert read(urlset("https://fremd.example/a.xml", of="sitemap")).sitemaps == ()
    assert rules(read("Sitemap: https://fremd.example/a.xml", url=f"{SITE}/robots.txt")) == ["sitemap.foreign"]


def test_www_is_the_same_site() -> None:
    assert read(urlset("https://www.museum.example/a")).pages == ("https://www.museum.example/a",)


@pytest.mark.parametrize(
    "address", ["", "javascript:alert(1)", "file:///etc/passwd", "https://[/", f"{SITE}/{'a' * 3000}", "ftp://x/a"]
)
def test_what_is_no_address_is_passed_over(address: str) -> None:
    assert read(urlset(address, f"{SITE}/a")) == Sitemap(pages=(f"{SITE}/a",))


ENTITIES = f'<!DOCTYPE urlset [<!ENTITY a "{"a" * 1000}"><!ENTITY b "{"&a;" * 1000}"><!ENTITY c "{"&b;" * 1000}">]>'
FOREIGN = '<!DOCTYPE urlset [<!ENTITY c SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("", "none"),
        ("Nicht gefunden", "none"),
        ("<rss><channel/></rss>", "none"),
        ("<!doctype html><html><body>Anmelden</body></html>", "page"),
        (urlset("https://museum.example/&c;").replace("<urlset", f"{ENTITIES}<urlset"), "entities"),
        (urlset("https://museum.example/&c;").replace("<urlset", f"{FOREIGN}<urlset"), "entities"),
        (f"<urlset {XMLNS}>{'<url>' * 100_000}", "broken"),
        (gzip.compress(urlset(f"{SITE}/a").encode())[:-20], "gzip"),
        (b"\x1f\x8b" + b"x" * 100, "gzip"),
        (gzip.compress(b"<urlset>" + b" " * 200_000_000, 1), "too_large"),
    ],
    ids=["empty", "words", "rss", "page", "bomb", "foreign", "deep", "cut gzip", "no gzip", "gzip bomb"],
)
def test_what_is_wrong_is_one_issue(content: str | bytes, rule: str) -> None:
    found = read(content)

    assert (found.pages, rules(found), found.complete) == ((), [f"sitemap.{rule}"], False)


def test_a_robots_txt_without_a_sitemap_is_said() -> None:
    assert rules(read("User-agent: *\nAllow: /\n", url=f"{SITE}/robots.txt")) == ["sitemap.robots"]


def test_of_a_sitemap_that_breaks_off_what_stands_before_is_read() -> None:
    found = read(urlset(f"{SITE}/a", f"{SITE}/b")[:-40])

    assert (found.pages, rules(found), found.complete) == ((f"{SITE}/a",), ["sitemap.broken"], False)


@pytest.mark.parametrize(
    ("number", "rule", "read_of_them"), [(200_000, "too_many", MAX_ADDRESSES), (1_000_000, "too_large", 0)]
)
def test_of_a_million_addresses_no_more_are_read_than_the_protocol_allows(
    number: int, rule: str, read_of_them: int
) -> None:
    found = read(urlset(*(f"{SITE}/angebote/{n}" for n in range(number))), "/angebote/.*9$")

    assert (rules(found), found.complete) == ([f"sitemap.{rule}"], False)
    assert len(found.pages) == read_of_them // 10


@pytest.mark.parametrize(
    "content", [b"<urlset/>", b"\xef\xbb\xbf<sm:urlset xmlns:sm='x'>", b"<?xml?><!-- x --><sitemapindex>"]
)
def test_a_sitemap_is_known_by_its_root(content: bytes) -> None:
    assert is_sitemap(content)


SEEDS = (
    urlset(f"{SITE}/angebote/a 2026-01-05", "https://fremd.example/b"),
    urlset(f"{SITE}/a.xml", of="sitemap"),
    "<!doctype html><html><body>Anmelden</body></html>",
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.one_of(damaged(SEEDS), damaged(SEEDS).map(gzip.compress), st.binary(max_size=300)))
def test_a_damaged_sitemap_is_read_or_said_and_leads_nowhere_else(content: bytes) -> None:
    found = read(content, "/")

    assert found.complete or len(rules(found)) > 0
    assert all(site_of(address) == "museum.example" for address in (*found.pages, *found.sitemaps))


@settings(max_examples=60, deadline=None)
@given(content=st.one_of(st.binary(max_size=300), st.text(alphabet="SsiteMmap:/ \n#*x.", max_size=200).map(str.encode)))
def test_any_robots_txt_is_read_or_said(content: bytes) -> None:
    found = read(content, "/", f"{SITE}/robots.txt")

    assert found.pages == ()
    assert found.sitemaps or rules(found)
