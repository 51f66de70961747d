"""Files that break off, at any place: what is read of them is what the whole file says, never half an offer."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from harvesters.formats.by_kind import PARSERS
from harvesters.formats.html_selectors import links
from harvesters.formats.records import Parsed
from harvesters.problems import ReadError
from harvesters.source import source_from
from schemas.harvest import Source
from schemas.store.harvest import fingerprint
from tests.factories import NOW, TODAY
from webapp.demo.providers import server

SOURCES = Path(server.__file__).parents[1] / "sources"
FEEDS = (
    "mv_beispiel_bibliothek_ical",
    "mv_beispiel_lernorte_csv",
    "mv_beispiel_naturpark_json",
    "mv_beispiel_spuerpfade_geojson",
    "mv_beispiel_ziegenhof_rss",
)
SITES = ("mv_beispiel_museum", "mv_beispiel_musikschule", "mv_beispiel_theater", "mv_beispiel_wald")
STEP = 97
"""Bytes from one cut to the next; a prime, so that cuts fall everywhere."""


@pytest.fixture(scope="module")
def providers() -> Iterator[server.RunningProviders]:
    """The example providers."""
    with server.start(TODAY) as running:
        yield running


def described(providers: server.RunningProviders, name: str) -> Source:
    text = (SOURCES / f"{name}.toml").read_text(encoding="utf-8")
    return source_from(tomllib.loads(providers.localise(text)), name)


def answer(providers: server.RunningProviders, url: str) -> tuple[bytes, str | None]:
    """What stands at ``url``, and the charset that the server claims."""
    site = next(site for site in providers.sites.values() if url.startswith(site.base_url))
    reply = site.reply(url.removeprefix(site.base_url))
    return reply.body, reply.media_type.partition("charset=")[2] or None


def read(source: Source, url: str, body: bytes, charset: str | None) -> Parsed:
    return PARSERS[source.access.kind](body, source=source, url=url, fetched_at=NOW, charset=charset)


def halves(source: Source, url: str, body: bytes, charset: str | None) -> list[str]:
    """Titles of what is read otherwise than in the whole, over all cuts."""
    whole = {fingerprint(record) for record in read(source, url, body, charset).records}
    assert whole
    found: list[str] = []
    for end in range(1, len(body) - 1, STEP):
        try:
            parsed = read(source, url, body[:end], charset)
        except ReadError:
            continue
        found += [record.title for record in parsed.records if fingerprint(record) not in whole]
    return found


@pytest.mark.parametrize("name", FEEDS)
def test_a_feed_that_breaks_off_gives_no_half_offer(providers: server.RunningProviders, name: str) -> None:
    source = described(providers, name)
    (url,) = source.access.start

    assert halves(source, url, *answer(providers, url)) == []


@pytest.mark.parametrize("name", [*SITES, "mv_beispiel_backhaus"])
def test_a_page_that_breaks_off_gives_no_half_offer(providers: server.RunningProviders, name: str) -> None:
    source = described(providers, name)
    (page,) = source.access.start
    if source.access.follow is not None:
        page = links(answer(providers, page)[0], source.access.follow, source=source, url=page)[0]

    assert halves(source, page, *answer(providers, page)) == []


@pytest.mark.parametrize("name", SITES)
def test_a_page_that_claims_the_wrong_charset_loses_no_umlaut(providers: server.RunningProviders, name: str) -> None:
    source = described(providers, name)
    (listing,) = source.access.start
    assert source.access.follow is not None
    pages = links(answer(providers, listing)[0], source.access.follow, source=source, url=listing)
    for page in pages:
        body, charset = answer(providers, page)
        wrong = read(source, page, body.decode().encode("cp1252", "replace"), charset)
        right = read(source, page, body, charset)

        assert [fingerprint(record) for record in wrong.records] == [fingerprint(record) for record in right.records]
        assert [issue.rule for issue in wrong.issues][:1] == ["encoding.claimed"]
