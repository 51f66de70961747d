"""Stored XSS and its kin: whatever stands in any field, every page, mail and feed has the shape of its template.

The same site is built twice, with harmless and with hostile words. Parsers of the formats' own kind read every output;
its elements, attributes, headers, lines and columns must be the same both times.
"""

import csv
import io
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import html5lib
import icalendar
import pytest
import rdflib
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import etree
from rdflib.compare import isomorphic

from harvesters.process import process
from schemas.db import Database
from schemas.harvest import RECORD_FIELDS, RawOccurrence, Record
from schemas.identifiers import provider_key
from schemas.offer import SourceKey
from schemas.region import Region
from schemas.review import DecisionKind
from schemas.store.offers import published_offers
from schemas.store.reviews import decide
from schemas.store.reviews import held as held_offers
from schemas.store.runs import save_source, start_run
from tests.webapp.hostile import ADDRESSES, MARK, TEXTS, Say, World, build, hostile_source, upload
from tests.webapp.site import COORDINATOR, WEEK, Reader, Site
from webapp.links import DeskLink, EntryLink, WeekLink

Shape = list[tuple[str, tuple[str, ...]]]

SAFE_LINK: Final = re.compile(r"(?:https?://|mailto:|tel:|/(?!/)|#|\?|data:,$|[\w-]+(?:[/?#.]|$))", re.IGNORECASE)
"""Where a link may lead: the web, a mail, a telephone, or a page of ours."""
LINKS: Final = frozenset({"href", "src", "action", "formaction", "poster", "cite", "background", "xlink:href"})
NEVER: Final = frozenset({"iframe", "object", "embed", "svg", "math", "form:nested", "applet", "frame"})
RECIPIENTS: Final = (
    "leitung@kita.example",
    "post@verein.example",
    "koordination@kreis.example",
    "koordination@kiel.example",
)
FEEDS: Final = frozenset({"feeds", "api"})
ELSEWHERE: Final = {
    "static": "files of ours",
    "about.schema": "generated from the models",
    "answers.asked": "an invitation shows no harvested text but the Kita's name, tested with its mail",
    "outbox.html": "the mail itself, read from the outbox",
    "week.kita_html": "the mail itself",
}
"""Endpoints that the site of this test does not show, and why."""


def harmless(name: str, _most: int) -> str:
    """Plain words for a field."""
    return f"Wort {name}"


def no_link(name: str, _most: int) -> str:
    """Words where an address should be: never linked, as hostile ones must not be."""
    return f"keine Adresse {name}"


def says(texts: list[str] | tuple[str, ...], shift: int = 0) -> Say:
    """Each field gets another of ``texts`` in turn, the same one every time it is asked for."""
    chosen: dict[str, str] = {}
    following = cycle((*texts[shift % len(texts) :], *texts[: shift % len(texts)]))

    def say(name: str, most: int) -> str:
        return chosen.setdefault(name, next(following))[:most]

    return say


def shape(html: str) -> Shape:
    """Elements with the names of their attributes, in order, as a browser's parser builds them."""
    root = html5lib.parse(html, treebuilder="etree", namespaceHTMLElements=False)
    return [
        (str(element.tag), tuple(sorted(map(str, element.attrib))))
        for element in root.iter()
        if isinstance(element.tag, str)
    ]


def attributes(html: str) -> Iterator[tuple[str, str, str]]:
    """(element, attribute, value) of a page."""
    root = html5lib.parse(html, treebuilder="etree", namespaceHTMLElements=False)
    for element in root.iter():
        for name, value in element.attrib.items():
            yield str(element.tag), str(name), value


def check_page(html: str, where: str) -> None:
    """Nothing that only hostile text could have brought, and no link that leads astray."""
    assert "\0" not in html, where
    for tag, name in ((tag, name) for tag, names in shape(html) for name in ("", *names)):
        assert MARK not in tag and MARK not in name, (where, tag, name)
        assert not name.startswith("on"), (where, tag, name)
        assert tag not in NEVER or (tag == "iframe" and where.startswith(("/outbox", "/desk/woche"))), (where, tag)
    for tag, name, value in attributes(html):
        if name in LINKS:
            assert SAFE_LINK.match(value), (where, tag, name, value)


def pages(world: World, table: int | None = None) -> Iterator[tuple[str, Reader, str]]:
    """(endpoint, who asks, address) of every page that shows texts of others."""
    site, desk = world.site, world.site.coordinator()
    visitor = site.client()
    with site.database.read() as session:
        names = [offer.provider.name for offer in published_offers(session) if offer.provider]
    token = site.links.desk(DeskLink("13075", COORDINATOR), now=site.now)
    yield from (
        ("offers.search", visitor, "/"),
        ("offers.show", visitor, f"/angebote/{world.offer}"),
        ("reports.form", visitor, f"/angebote/{world.offer}/melden"),
        ("reports.thanks", visitor, f"/angebote/{world.offer}/melden/danke"),
        ("providers.home", visitor, "/anbieter"),
        ("kita.home", visitor, world.home.page),
        ("answers.show", visitor, world.home.answer(world.offer)),
        ("answers.leave", visitor, world.home.unsubscribe),
        ("about.data", visitor, "/daten"),
        ("about.imprint", visitor, "/impressum"),
        ("about.privacy", visitor, "/datenschutz"),
        ("about.accessibility", visitor, "/barrierefreiheit"),
        ("sign_in.ask", visitor, "/desk/anmelden"),
        ("sign_in.show", visitor, f"/desk/anmelden/{token}"),
        ("entries.new", visitor, "/anbieten"),
        ("entries.ask_link", visitor, "/anbieten/link"),
        ("outbox.mails", visitor, "/outbox/"),
        ("desk.home", desk, "/desk/"),
        ("desk.offer", desk, f"/desk/angebote/{world.offer}"),
        ("desk.offer", desk, f"/desk/angebote/{world.held}"),
        ("desk.source_runs", desk, f"/desk/abrufe/{world.source.name}"),
        ("held.home", desk, "/desk/offen"),
        ("sources.home", desk, "/desk/quellen"),
        ("sources.show", desk, f"/desk/quellen/{world.source.name}"),
        ("sources.ask_delete", desk, f"/desk/quellen/{world.source.name}/loeschen"),
        ("sources.show_drafts", desk, "/desk/quellen/entwuerfe"),
        ("sources.show_draft", desk, f"/desk/quellen/entwurf/{world.draft}"),
        ("sources.show_draft", desk, f"/desk/quellen/entwurf/{world.failed}"),
        ("tables.home", desk, "/desk/tabellen/"),
        ("week.home", desk, "/desk/woche"),
        ("week.kita", desk, f"/desk/woche/{world.home.kita}"),
        ("phone.new", desk, "/desk/eintragen/"),
        ("phone.entries", desk, "/desk/eintragen/liste"),
        ("exclusions.home", desk, "/desk/nicht-listen"),
    )
    entry = EntryLink(world.entry.key, world.entry.token_version)
    week = site.links.week(WeekLink("13075", COORDINATOR, WEEK))
    yield from (
        ("entries.asked", visitor, f"/anbieten/bestaetigen/{site.links.entry(entry, 'entry_confirm')}"),
        ("entries.own", visitor, f"/eintrag/{site.links.entry(entry, 'entry')}"),
        ("entries.edit", visitor, f"/eintrag/{site.links.entry(entry, 'entry')}/aendern"),
        ("entries.all_own", visitor, f"/eintraege/{site.links.entry(entry, 'entries')}"),
        ("phone.show", desk, f"/desk/eintragen/{world.entry.key}"),
        ("phone.edit", desk, f"/desk/eintragen/{world.entry.key}/aendern"),
        ("offers.show", visitor, f"/angebote/{world.entry.offer}"),
        ("desk.offer", desk, f"/desk/angebote/{world.entry.offer}"),
        ("stopping.ask", visitor, f"/anhalten/{week}"),
    )
    yield from (("providers.show", visitor, f"/anbieter/{provider_key(name)}") for name in names[:1])
    yield from (("outbox.mail", visitor, f"/outbox/{path.stem}") for path in outbox(world)[:1])
    if table is not None:
        yield "tables.show", desk, f"/desk/tabellen/{table}"
        yield "tables.columns", desk, f"/desk/tabellen/{table}/spalten"


def outbox(world: World) -> list[Path]:
    return sorted((world.site.folder / "outbox").glob("*.eml"))


def shown(world: World, table: int | None = None) -> dict[str, list[str]]:
    """The HTML of every page by endpoint, each checked on its own."""
    found: dict[str, list[str]] = {}
    for endpoint, client, path in pages(world, table):
        if endpoint not in world.site.app.view_functions:
            continue
        response = client.get(path)
        assert response.status_code == 200, (path, response.status_code)
        assert not any("\r" in value or "\n" in value for value in response.headers.values()), path
        check_page(response.text, path)
        found.setdefault(endpoint, []).append(response.text)
    return found


def feed(world: World, path: str) -> Any:
    response = world.site.client().get(path)
    assert response.status_code == 200, path
    return response


def check_feeds(world: World) -> dict[str, Any]:
    """Every feed read by a parser of its kind; what of it must not depend on texts."""
    offers = [json.loads(line) for line in feed(world, "/offers.ndjson").text.strip("\n").split("\n")]
    rows = list(csv.reader(io.StringIO(feed(world, "/offers.csv").text, newline="")))
    assert all(len(row) == len(rows[0]) for row in rows)
    assert [cell for row in rows for cell in row if re.match(r"[=@\t\r]|[+-](?!\d+(?:\.\d+)?$)", cell)] == []
    body = feed(world, "/offers.ics").get_data()
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", body)
    calendar = icalendar.Calendar.from_ical(body)
    parts = [(part.name, sorted(part.keys())) for part in calendar.walk()]
    strict = etree.XMLParser(resolve_entities=False, no_network=True, recover=False)
    atom = etree.fromstring(feed(world, "/offers.atom").get_data(), strict)
    elements = [(each.tag, sorted(map(str, each.attrib))) for each in atom.iter()]
    for each in atom.iter("{http://www.w3.org/2005/Atom}link"):
        assert SAFE_LINK.match(each.get("href", "")), each.get("href")
    graphs = [
        rdflib.Graph().parse(data=feed(world, f"/catalog.{form}").get_data(), format=name)
        for form, name in (("ttl", "turtle"), ("rdf", "xml"))
    ]
    assert isomorphic(*graphs)
    json.loads(feed(world, "/catalog.jsonld").get_data())
    script = re.findall(r'<script type="application/ld\+json">(.*?)</script>', offer_page(world), re.DOTALL)
    (node,) = (json.loads(text) for text in script)
    pages = json.loads(feed(world, "/offers.json").get_data())
    # the same offers, in an order of their own: pages go by the latest change
    assert sorted(offer["id"] for offer in pages["items"]) == sorted(offer["id"] for offer in offers)
    assert json.loads(feed(world, f"/offers/{world.offer}.json").get_data())["id"] == world.offer
    facts = [json.loads(line) for line in feed(world, "/offers-fakten.ndjson").text.strip("\n").split("\n")]
    fact_rows = list(csv.reader(io.StringIO(feed(world, "/offers-fakten.csv").text, newline="")))
    assert {len(row) for row in fact_rows} == {len(rows[0])}
    return {
        "facts": ([sorted(offer) for offer in facts], len(fact_rows)),
        "ndjson": [sorted(offer) for offer in offers],
        "csv": len(rows),
        "ics": parts,
        "atom": elements,
        "jsonld": sorted(node),
    }


def offer_page(world: World) -> str:
    return str(world.site.client().get(f"/angebote/{world.offer}").text)


def check_mails(world: World) -> list[tuple[list[str], Shape]]:
    """Headers and shape of every mail; none has more of either than its template makes."""
    assert world.mails
    seen = []
    for mail in world.mails:
        assert mail.defects == []
        assert [str(address) for address in mail["To"].addresses] in ([one] for one in RECIPIENTS)
        html, text = (mail.get_body((kind,)) for kind in ("html", "plain"))
        assert html is not None and text is not None
        check_page(str(html.get_content()), "/outbox mail")
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]", str(text.get_content()))
        assert not re.search("[\x00-\x1f\x7f\u202a-\u202e]", str(mail["Subject"]))
        counted = str(mail["To"]).startswith("koordination@")  # what a Friday mail lists is ranked by what is said
        seen.append((sorted(mail.keys()), [] if counted else shape(str(html.get_content()))))
    return seen


@dataclass(frozen=True, repr=False)
class Expected:
    """Shapes with harmless words; too long to be said where a test fails."""

    pages: dict[str, list[Shape]]
    feeds: dict[str, Any]
    mails: list[tuple[list[str], Shape]]


@pytest.fixture(scope="module")
def expected(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Expected:
    """Shapes of pages, feeds and mails with harmless words."""
    world = build(fresh(sqlite_template, tmp_path_factory.mktemp("harmless") / "site"), harmless, no_link)
    found = {endpoint: [shape(html) for html in all_] for endpoint, all_ in shown(world).items()}
    return Expected(found, check_feeds(world), check_mails(world))


def fresh(template: Path, folder: Path) -> Site:
    """Another site on an empty database."""
    folder.mkdir()
    (folder / "kitalotse.sqlite").write_bytes(template.read_bytes())
    return Site(Database(f"sqlite:///{folder / 'kitalotse.sqlite'}"), folder / "installation")


def compare(site: Site, say: Say, link: Say, expected: Expected) -> None:
    world = build(site, say, link)
    found = {endpoint: [shape(html) for html in all_] for endpoint, all_ in shown(world).items()}
    for endpoint in expected.pages:
        assert found[endpoint] == expected.pages[endpoint], endpoint
    assert check_feeds(world) == expected.feeds
    assert check_mails(world) == expected.mails
    site.database.dispose()


@pytest.mark.parametrize("shift", [0, 11])
def test_hostile_words_in_every_field_change_no_page_feed_or_mail(
    expected: Expected, sqlite_template: Path, tmp_path: Path, shift: int
) -> None:
    compare(fresh(sqlite_template, tmp_path / "hostile"), says(TEXTS, shift), says(ADDRESSES, shift), expected)


PIECES = st.sampled_from(
    [*(text[:300] for text in TEXTS), "<", ">", '"', "'", "&", "\\", "\n", "\r\n", "{{", "}}", "ä", "🦕", f"<i {MARK}>"]
)


@settings(
    max_examples=3,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a counterexample is short enough; shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(st.lists(st.lists(PIECES, min_size=1, max_size=4).map("".join), min_size=3, max_size=9))
def test_hostile_words_of_any_mixture_change_nothing_either(
    expected: Expected, sqlite_template: Path, texts: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        compare(fresh(sqlite_template, Path(folder) / "hostile"), says([f"x{t}" for t in texts]), no_link, expected)


def test_hostile_records_stay_words_on_their_whole_way_from_the_source(site: Site) -> None:
    """Nothing here is shaped by the test: the words pass the normaliser, the store and everything that shows them."""
    say, link = says(TEXTS, 3), says(ADDRESSES, 3)
    world = build(site, harmless, no_link)
    source = hostile_source(say, link).model_copy(update={"name": "mv_boese"})
    suits = "Für Kita-Gruppen ab 4 Jahren."
    records = [
        Record(
            origin=SourceKey(source=source.name, key=f"{number} {text[:40]}".replace("\0", "")),
            format="csv",
            title=f"Waldtag {text}"[:2_000],
            text=f"{suits} {text}",
            url=ADDRESSES[number % len(ADDRESSES)],
            words={name: say(name, 2_000) for name in sorted(RECORD_FIELDS) if name != "entry"},  # type: ignore[misc]
            occurrences=(RawOccurrence(start="2026-12-05", words=text[:400], status=text[:80]),),
            unread={"Spalte": text[:500]},
            fetched_at=site.now,
        )
        for number, text in enumerate(TEXTS)
    ]
    with site.database.begin() as session:
        save_source(session, source, origin="desk", now=site.now)
        run = start_run(session, source.name, site.now)
    processed = process(site.database, source, run, records, complete=True, now=site.now)
    assert processed.counts.new == len(records)
    with site.database.begin() as session:
        held = [item.offer.id for item in held_offers(session, region="13075", limit=100)]
        for number in held:
            decide(session, number, DecisionKind.ACCEPT, by="x", now=site.now)
    with site.database.read() as session:
        ids = [offer.id for offer in published_offers(session) if offer.sources[0].source == source.name]
    assert len(ids) > len(records) // 2

    shown(world)
    check_feeds(world)
    for number in ids[:6]:
        for client, path in ((site.client(), "/angebote/"), (site.coordinator(), "/desk/angebote/")):
            response = client.get(f"{path}{number}")
            assert response.status_code == 200
            check_page(response.text, path)


@pytest.mark.parametrize("shift", [0, 7])
def test_hostile_tables_stay_words_in_columns_and_preview(site: Site, shift: int) -> None:
    world = build(site, harmless, no_link)
    table = upload(site, says(TEXTS, shift), says(ADDRESSES, shift))

    found = shown(world, table)

    assert found["tables.show"]
    assert found["tables.columns"]


@pytest.mark.parametrize("shift", [0, 7])
def test_hostile_texts_of_a_region_stay_words(site: Site, shift: int) -> None:
    say = says(TEXTS, shift)
    regions = site.app.extensions["kitalotse"].regions
    texts = ("name", "publisher", "sender_name", "imprint", "privacy", "accessibility", "private_persons")
    words = {name: say(name, 200) for name in texts} | {"service_name": say("service_name", 80)}
    words["timetable_url"] = says(ADDRESSES, shift)("timetable_url", 500)
    regions["13075"] = Region.model_validate(regions["13075"].model_dump() | words)

    world = build(site, harmless, no_link)

    shown(world)
    check_feeds(world)
    check_mails(world)


def test_every_page_is_looked_at_or_has_a_reason(site: Site) -> None:
    world = build(site, harmless, no_link)
    asked = {endpoint for endpoint, _client, _path in pages(world, table=1)}

    views = {rule.endpoint for rule in site.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    left = {name for name in views if name.split(".")[0] not in FEEDS and name not in ELSEWHERE} - asked

    assert left <= {"about.health"}, f"add {sorted(left)} to pages(), or to ELSEWHERE with a reason"
