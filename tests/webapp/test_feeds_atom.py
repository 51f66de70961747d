"""offers.atom against RFC 4287 (and RFC 6721 for tombstones), checked element by element."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from schemas.publish import public
from schemas.review import DecisionKind
from schemas.store.reviews import decide
from tests.factories import OPEN, make_offer, make_source_offer
from tests.webapp.site import HOSTILE, Site
from webapp.feeds.atom import FEED_LENGTH, atom

ATOM = "{http://www.w3.org/2005/Atom}"
GONE = "{http://purl.org/atompub/tombstones/1.0}"
NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
TEXT = {"title", "summary", "rights", "subtitle"}
FEED_PARTS = {
    "author",
    "category",
    "contributor",
    "generator",
    "icon",
    "id",
    "link",
    "logo",
    "rights",
    "subtitle",
    "title",
    "updated",
    "entry",
}
ENTRY_PARTS = {
    "author",
    "category",
    "content",
    "contributor",
    "id",
    "link",
    "published",
    "rights",
    "source",
    "summary",
    "title",
    "updated",
}


def texts(parent, name: str) -> list[str]:
    return [element.text or "" for element in parent.iterchildren(f"{ATOM}{name}")]


def checked(body: bytes):
    """The feed, if every rule of RFC 4287 that a reader depends on holds."""
    feed = etree.fromstring(body)
    assert feed.tag == f"{ATOM}feed"
    entries = list(feed.iterchildren(f"{ATOM}entry"))
    for parent, known in ((feed, FEED_PARTS), *((entry, ENTRY_PARTS) for entry in entries)):
        own = [etree.QName(child) for child in parent]
        assert {name.localname for name in own if f"{{{name.namespace}}}" == ATOM} <= known
        for name in ("id", "title", "updated"):
            assert len(texts(parent, name)) == 1, name
        for name in ("generator", "rights", "summary", "logo", "icon", "subtitle"):
            assert len(texts(parent, name)) <= 1, name
        assert re.fullmatch(r"https?://\S+", texts(parent, "id")[0])
        assert DATE.fullmatch(texts(parent, "updated")[0])
        assert texts(parent, "title")[0].strip()
        for element in parent.iterchildren():
            if etree.QName(element).localname in TEXT:
                assert element.get("type", "text") == "text"
                assert len(element) == 0
        for link in parent.iterchildren(f"{ATOM}link"):
            assert re.fullmatch(r"https?://\S+", link.get("href"))
        alternates = [
            (link.get("type"), link.get("hreflang"))
            for link in parent.iterchildren(f"{ATOM}link")
            if link.get("rel") == "alternate"
        ]
        assert len(alternates) == len(set(alternates)) == 1
        for author in parent.iterchildren(f"{ATOM}author"):
            assert texts(author, "name")[0].strip()
    assert all(list(entry.iterchildren(f"{ATOM}author")) for entry in entries) or list(
        feed.iterchildren(f"{ATOM}author")
    )
    assert len({texts(entry, "id")[0] for entry in entries}) == len(entries)
    for gone in feed.iterchildren(f"{GONE}deleted-entry"):
        assert re.fullmatch(r"https?://\S+", gone.get("ref"))
        assert DATE.fullmatch(gone.get("when"))
    return feed


def test_an_empty_feed_is_a_feed(site: Site):
    feed = checked(site.client().get("/offers.atom").data)

    assert list(feed.iterchildren(f"{ATOM}entry")) == []


def test_the_feed_says_its_own_address_exactly_as_asked(site: Site):
    for query in ("", "?x=1&y=%C3%A4"):
        feed = checked(site.client().get(f"/offers.atom{query}").data)
        (own,) = [link.get("href") for link in feed.iterchildren(f"{ATOM}link") if link.get("rel") == "self"]

        assert own == f"http://kitalotse.example/offers.atom{query}"
        assert texts(feed, "id") == ["http://kitalotse.example/offers.atom"]


def test_entries_come_newest_first_with_rights_each(site: Site):
    ids = [site.harvest(make_source_offer(key, title=key))[0] for key in ("eins", "zwei")]
    site.now += timedelta(hours=1)
    site.harvest(make_source_offer("eins", title="eins neu"))

    feed = checked(site.client().get("/offers.atom").data)
    entries = list(feed.iterchildren(f"{ATOM}entry"))

    assert [texts(entry, "title")[0] for entry in entries] == ["eins neu", "zwei"]
    assert [texts(entry, "id")[0] for entry in entries] == [f"http://kitalotse.example/angebote/{id_}" for id_ in ids]
    assert all(
        texts(entry, "rights") == ["Fakten: CC0 1.0. Der Text des Anbieters ist nicht enthalten."] for entry in entries
    )
    assert "GeoNames (CC BY 4.0)" in texts(feed, "rights")[0]


def test_an_open_licence_is_named_with_whom_to_credit():
    body = atom(
        [(public(make_offer(rights=OPEN)), NOW)],
        title="K",
        self_url="https://k.example/offers.atom",
        base_url="https://k.example",
        updated=NOW,
    )
    (entry,) = checked(body).iterchildren(f"{ATOM}entry")

    assert texts(entry, "summary") == ["Eine Führung zu den Knochen der Urzeit."]
    assert texts(entry, "rights") == [
        "Fakten: CC0 1.0. Text: Beispielmuseum, CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/deed.de), "
        "verändert: gekürzt, vereinheitlicht."
    ]


def test_what_is_gone_leaves_a_tombstone(site: Site):
    (offer,) = site.harvest(make_source_offer())
    with site.database.begin() as session:
        decide(session, offer, DecisionKind.REJECT, by="x", now=site.now)

    feed = checked(site.client().get("/offers.atom").data)
    (gone,) = feed.iterchildren(f"{GONE}deleted-entry")

    assert list(feed.iterchildren(f"{ATOM}entry")) == []
    assert gone.get("ref") == f"http://kitalotse.example/angebote/{offer}"
    assert datetime.fromisoformat(gone.get("when")) == site.now


def test_the_feed_is_as_long_as_it_says_and_each_offer_is_in_it_once(site: Site):
    site.harvest(*(make_source_offer(f"o{n}", title=f"Angebot {n}") for n in range(FEED_LENGTH + 20)))
    site.harvest(*(make_source_offer(f"o{n}", title=f"Angebot {n} neu") for n in range(30)))

    entries = list(checked(site.client().get("/offers.atom").data).iterchildren(f"{ATOM}entry"))

    assert len(entries) == FEED_LENGTH
    assert sum(texts(entry, "title")[0].endswith(" neu") for entry in entries) == 30


@pytest.mark.parametrize("words", [HOSTILE, "\ufffe\uffff\x0b\x1b", "]]>", "&amp;<b>fett</b>", "  \n  x  "])
def test_no_text_breaks_the_feed(words):
    offer = public(make_offer(title=f"T {words}", rights=OPEN, summary=words, url="javascript:alert(1)"))

    body = atom(
        [(offer, NOW)], title="K", self_url="https://k.example/offers.atom", base_url="https://k.example", updated=NOW
    )
    (entry,) = checked(body).iterchildren(f"{ATOM}entry")

    assert [link.get("rel") for link in entry.iterchildren(f"{ATOM}link")] == ["alternate"]
