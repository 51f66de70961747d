"""Who may do what on every route; headers everywhere; no cookie for visitors; forms of the desk carry a token."""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import pytest
from flask.testing import FlaskClient

from schemas.exceptions import StoreError
from schemas.exclusion import ExclusionKind, Wish
from schemas.harvest import Issue
from schemas.offer import Price
from schemas.review import DecisionKind
from schemas.store.drafts import DraftKind, add_draft
from schemas.store.entries import StoredEntry
from schemas.store.exclusions import exclude
from schemas.store.invitations import invite
from schemas.store.reviews import correct, decide, detail
from schemas.store.uploads import save_upload
from schemas.store.wordings import keep_wordings
from schemas.vocabulary import PriceModel
from tests.factories import make_source_offer
from tests.webapp.site import HERE, THERE, WEEK, Household, Site, csrf_token, make_other_offer, other_source
from tests.webapp.typed import type_in
from webapp.access import Who, who_may
from webapp.links import ConfirmLink, DeskLink, EntryLink, WeekLink
from webapp.security import HEADERS

# (method, rule) → status for a visitor, a coordinator of this Region, a coordinator of another Region.
# Coordinators send the token of their own desk; a visitor has none.
ROUTES = {
    ("GET", "/"): (200, 200, 200),
    ("GET", "/angebote/<offer:offer_id>"): (200, 200, 200),
    ("GET", "/angebote/<offer:offer_id>/melden"): (200, 200, 200),
    ("POST", "/angebote/<offer:offer_id>/melden"): (400, 400, 400),
    ("GET", "/angebote/<offer:offer_id>/melden/danke"): (200, 200, 200),
    ("GET", "/anbieter"): (200, 200, 200),
    ("GET", "/anbieter/<provider:key>"): (200, 200, 200),
    ("GET", "/kita/<token>"): (200, 200, 200),
    ("POST", "/kita/<token>/antwort/<int(max=2147483647):number>/zuruecknehmen"): (303, 303, 303),
    ("GET", "/antwort/<token>"): (200, 200, 200),
    ("POST", "/antwort/<token>"): (200, 200, 200),
    ("POST", "/antwort/<token>/zuruecknehmen"): (200, 200, 200),
    ("GET", "/abmelden/<token>"): (200, 200, 200),
    ("POST", "/abmelden/<token>"): (200, 200, 200),
    ("GET", "/bestaetigen/<token>"): (200, 200, 200),
    ("POST", "/bestaetigen/<token>"): (200, 200, 200),
    ("GET", "/desk/anmelden"): (200, 200, 200),
    ("POST", "/desk/anmelden"): (200, 200, 200),
    ("GET", "/desk/anmelden/<token>"): (200, 200, 403),
    ("POST", "/desk/anmelden/<token>"): (400, 303, 403),
    ("GET", "/desk/woche"): (403, 200, 200),
    ("POST", "/desk/woche/anhalten"): (400, 303, 303),
    ("POST", "/desk/woche/doch"): (400, 303, 303),
    ("GET", "/desk/woche/<name:kita_id>"): (403, 200, 404),
    ("GET", "/desk/woche/<name:kita_id>/html"): (403, 200, 404),
    ("GET", "/anhalten/<token>"): (200, 200, 403),
    ("POST", "/anhalten/<token>"): (303, 303, 403),
    ("POST", "/anhalten/<token>/doch"): (303, 303, 403),
    ("POST", "/desk/abmelden"): (400, 303, 303),
    ("GET", "/desk/"): (403, 200, 200),
    ("GET", "/desk/abrufe/<name:name>"): (403, 200, 404),
    ("GET", "/desk/angebote/<offer:offer_id>"): (403, 200, 404),
    ("POST", "/desk/angebote/<offer:offer_id>/entscheiden"): (400, 303, 404),
    ("POST", "/desk/angebote/<offer:offer_id>/korrigieren/<field>"): (400, 409, 404),
    ("POST", "/desk/angebote/<offer:offer_id>/zusammenfuehren"): (400, 303, 404),
    ("POST", "/desk/angebote/<offer:offer_id>/trennen"): (400, 409, 404),
    ("GET", "/desk/offen"): (403, 200, 200),
    ("POST", "/desk/offen/angebote"): (400, 303, 303),
    ("POST", "/desk/offen/quelle/<name:name>/alle"): (400, 303, 404),
    ("POST", "/desk/offen/quelle/<name:name>/vertrauen"): (400, 303, 404),
    ("POST", "/desk/offen/<int(max=2147483647):review_id>"): (400, 303, 404),
    ("POST", "/desk/offen/wortlaut/<int(max=2147483647):number>"): (400, 303, 404),
    ("POST", "/desk/offen/zuruecknehmen/<int(max=2147483647):number>"): (400, 303, 404),
    ("GET", "/anbieten"): (200, 200, 200),
    ("POST", "/anbieten"): (400, 400, 400),
    ("GET", "/anbieten/link"): (200, 200, 200),
    ("POST", "/anbieten/link"): (400, 400, 400),
    ("GET", "/anbieten/bestaetigen/<token>"): (200, 200, 404),
    ("POST", "/anbieten/bestaetigen/<token>"): (200, 200, 404),
    ("GET", "/eintrag/<token>"): (200, 200, 404),
    ("GET", "/eintrag/<token>/aendern"): (200, 200, 404),
    ("POST", "/eintrag/<token>/aendern"): (400, 400, 404),
    ("POST", "/eintrag/<token>/belegt"): (303, 303, 404),
    ("POST", "/eintrag/<token>/gruppen"): (303, 303, 404),
    ("POST", "/eintrag/<token>/kontakt"): (303, 303, 404),
    ("POST", "/eintrag/<token>/pause"): (303, 303, 404),
    ("POST", "/eintrag/<token>/zeigen"): (303, 303, 404),
    ("POST", "/eintrag/<token>/stimmt"): (303, 303, 404),
    ("POST", "/eintrag/<token>/loeschen"): (400, 400, 404),
    ("GET", "/eintraege/<token>"): (200, 200, 404),
    ("POST", "/eintraege/<token>"): (200, 200, 404),
    ("GET", "/desk/eintragen/"): (403, 200, 200),
    ("POST", "/desk/eintragen/"): (400, 400, 400),
    ("GET", "/desk/eintragen/liste"): (403, 200, 200),
    ("GET", "/desk/eintragen/<key>"): (403, 200, 404),
    ("GET", "/desk/eintragen/<key>/aendern"): (403, 200, 404),
    ("POST", "/desk/eintragen/<key>/aendern"): (400, 400, 404),
    ("POST", "/desk/eintragen/<key>/pause"): (400, 303, 404),
    ("POST", "/desk/eintragen/<key>/zeigen"): (400, 303, 404),
    ("POST", "/desk/eintragen/<key>/stimmt"): (400, 303, 404),
    ("POST", "/desk/eintragen/<key>/loeschen"): (400, 400, 404),
    ("GET", "/desk/quellen"): (403, 200, 200),
    ("POST", "/desk/quellen"): (400, 400, 400),
    ("GET", "/desk/quellen/entwuerfe"): (403, 200, 200),
    ("GET", "/desk/quellen/entwurf/<int(max=2147483647):number>"): (403, 200, 404),
    ("POST", "/desk/quellen/entwurf/<int(max=2147483647):number>/aktivieren"): (400, 303, 404),
    ("POST", "/desk/quellen/entwurf/<int(max=2147483647):number>/nochmal"): (400, 303, 404),
    ("POST", "/desk/quellen/entwurf/<int(max=2147483647):number>/verwerfen"): (400, 303, 404),
    ("GET", "/desk/quellen/<name:name>"): (403, 200, 404),
    ("POST", "/desk/quellen/<name:name>/vorschau"): (400, 303, 404),
    ("POST", "/desk/quellen/<name:name>/stand"): (400, 303, 404),
    ("POST", "/desk/quellen/<name:name>/lesen"): (400, 303, 404),
    ("GET", "/desk/quellen/<name:name>/loeschen"): (403, 200, 404),
    ("POST", "/desk/quellen/<name:name>/loeschen"): (400, 303, 404),
    ("GET", "/desk/tabellen/"): (403, 200, 200),
    ("POST", "/desk/tabellen/"): (400, 400, 400),
    ("GET", "/desk/tabellen/<int(max=2147483647):number>"): (403, 303, 404),
    ("GET", "/desk/tabellen/<int(max=2147483647):number>/spalten"): (403, 200, 404),
    ("POST", "/desk/tabellen/<int(max=2147483647):number>/spalten"): (400, 303, 404),
    ("POST", "/desk/tabellen/<int(max=2147483647):number>/uebernehmen"): (400, 303, 404),
    ("POST", "/desk/tabellen/<int(max=2147483647):number>/verwerfen"): (400, 303, 404),
    ("GET", "/desk/nicht-listen"): (403, 200, 200),
    ("POST", "/desk/nicht-listen"): (400, 400, 400),
    ("POST", "/desk/nicht-listen/pruefen"): (400, 400, 400),
    ("POST", "/desk/nicht-listen/<int(max=2147483647):number>/zuruecknehmen"): (400, 303, 404),
    ("GET", "/impressum"): (200, 200, 200),
    ("GET", "/datenschutz"): (200, 200, 200),
    ("GET", "/barrierefreiheit"): (200, 200, 200),
    ("GET", "/daten"): (200, 200, 200),
    ("GET", "/schema/<name:name>.json"): (200, 200, 200),
    ("GET", "/healthz"): (200, 200, 200),
    ("GET", "/offers.ndjson"): (200, 200, 200),
    ("GET", "/offers.csv"): (200, 200, 200),
    ("GET", "/offers.ics"): (200, 200, 200),
    ("GET", "/offers.atom"): (200, 200, 200),
    ("GET", "/offers.json"): (200, 200, 200),
    ("GET", "/offers/<offer:offer_id>.json"): (200, 200, 200),
    ("GET", "/offers-<slug>.ndjson"): (200, 200, 200),
    ("GET", "/offers-<slug>.csv"): (200, 200, 200),
    ("GET", "/catalog.<any(ttl, rdf, jsonld):form>"): (200, 200, 200),
    ("GET", "/outbox/"): (200, 200, 200),
    ("GET", "/outbox/<name>"): (200, 200, 200),
    ("GET", "/outbox/<name>/html"): (200, 200, 200),
    ("GET", "/static/<path:filename>"): (200, 200, 200),
}
DATA = {"kind": "accept", "take": "correction", "price": "", "min_months": "48"} | {
    "mail": "wer@kreis.example",
    "week": WEEK,
    "trust": "publish",
    "step": "pause",
    "title": "Vereine",
    "rhythm": "weekly",
    "rights": "facts_only",
    "source": "0",
    "spalte-0": "title",
}


@dataclass(frozen=True)
class Stage:
    """A site on which every route has something to act on."""

    site: Site
    offer: str
    home: Household
    conflict: int
    invitation: str
    entry: StoredEntry
    table: int

    def path(self, rule: str) -> str:
        """``rule`` with values that exist in the Region 13075."""
        token = {
            "kita": self.home.page.rpartition("/")[2],
            "antwort": self.home.answer(self.offer).rpartition("/")[2],
            "bestaetigen": self.invitation,
            "abmelden": self.home.unsubscribe.rpartition("/")[2],
            "anhalten": self.site.links.week(WeekLink("13075", "Koordination Greifswald", WEEK)),
            "desk": self.site.links.desk(DeskLink("13075", "Koordination Greifswald"), now=self.site.now),
            "anbieten": self.site.links.entry(EntryLink(self.entry.key, 0), "entry_confirm"),
            "eintrag": self.site.links.entry(EntryLink(self.entry.key, 0)),
            "eintraege": self.site.links.entry(EntryLink(self.entry.key, 0), "entries"),
        }.get(rule.split("/")[1], "")
        values = {
            "<offer:offer_id>": self.offer,
            "<provider:key>": "beispielmuseum",
            "<token>": token,
            "<name:kita_id>": self.home.kita,
            "<name:name>": "offer" if rule.startswith("/schema") else self.site.source.name,
            "<key>": self.entry.key,
            "<name>": "mail",
            "<field>": "ages",
            "<kind>": "korrektur",
            "<int(max=2147483647):number>": str(
                {"tabellen": self.table, "quellen": self.table + 1}.get(rule.split("/")[2], 1)
                if rule.count("/") > 2
                else 1
            ),
            "<int(max=2147483647):review_id>": str(self.conflict),
            "<path:filename>": "kitalotse.css",
            "<slug>": "fakten",
            "<any(ttl, rdf, jsonld):form>": "ttl",
        }
        for name, value in values.items():
            rule = rule.replace(name, value)
        return rule


@pytest.fixture
def stage(site: Site) -> Stage:
    (offer,) = site.harvest(make_source_offer())
    site.harvest(make_other_offer(), source=other_source())
    with site.database.begin() as session:
        correct(session, offer, "price", {"model": "free"}, by="x", now=site.now)
        decide(session, offer, DecisionKind.ACCEPT, by="x", now=site.now)
    site.harvest(make_source_offer(price=Price(model=PriceModel.PER_CHILD, amount_eur=9)))
    home = site.settle(offers=[offer])
    site.client().post(home.answer(offer))
    with site.database.begin() as session:
        asked = invite(session, home.kita, "neu@kita.example", now=site.now)
        assert asked.invited_at is not None
        lookup = Issue(field="price", wording="fast nix", rule="x", where="x", remedy="lookups.price")
        keep_wordings(session, site.source.name, [lookup], now=site.now)
        file = save_upload(session, "13075", name="a.csv", content=b"Titel\nWald\n", by="x", now=site.now)
        table = add_draft(session, "13075", DraftKind.TABLE, "a.csv", by="x", now=site.now, upload_id=file)
        add_draft(session, "13075", DraftKind.ADDRESS, "https://zoo.example/", by="x", now=site.now)
        unlisted = Wish(kind=ExclusionKind.HOST, value="niemand.example")
        exclude(session, [unlisted], region="13075", by="x", now=site.now)
        found = detail(session, offer)
        assert found is not None
        by_kind = {str(review.kind): review.id for review in found.reviews if review.closed_at is None}
    outbox = site.folder / "outbox"
    outbox.mkdir()
    (outbox / "mail.eml").write_bytes(
        b"Subject: Hallo\r\nContent-Type: text/html\r\n\r\n<html><head></head><a>x</a></html>"
    )
    invitation = site.links.confirm(ConfirmLink(asked.id, asked.invited_at))
    return Stage(site, offer, home, by_kind["conflict"] or 0, invitation, type_in(site), table)


def routes(site: Site) -> Iterator[tuple[str, str, str]]:
    """(method, rule, endpoint) of everything that the app answers."""
    for rule in site.app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, rule.rule, rule.endpoint


def asked(client: FlaskClient, method: str, path: str, token: str = ""):
    data = DATA | ({"csrf_token": token} if token else {})
    if "wortlaut" in path:
        data |= {"take": "ignore"}
    return client.get(path) if method == "GET" else client.post(path, data=data)


def test_every_route_has_its_row(site):
    assert {(method, rule) for method, rule, _ in routes(site)} == ROUTES.keys()


@pytest.mark.parametrize(("method", "rule"), ROUTES, ids=lambda value: str(value))
def test_everybody_may_do_what_the_table_says_and_no_more(stage, method, rule):
    path = stage.path(rule)
    clients = (stage.site.client(), stage.site.coordinator("01002"), stage.site.coordinator("13075"))
    tokens = ["", *(csrf_token(client.get("/desk/").text) for client in clients[1:])]

    visitor, other, own = [asked(client, method, path, token) for client, token in zip(clients, tokens, strict=True)]

    if rule.startswith(("/kita", "/antwort")) and method == "POST" and "zuruecknehmen" in rule:
        assert visitor.status_code == ROUTES[method, rule][0]  # the second to take an answer back finds none
    else:
        assert (visitor.status_code, own.status_code, other.status_code) == ROUTES[method, rule]


def test_every_post_without_a_token_is_refused_where_a_cookie_acts(stage):
    coordinator = stage.site.coordinator()

    refused = {
        rule: asked(coordinator, method, stage.path(rule)).status_code
        for method, rule, endpoint in routes(stage.site)
        if method != "GET" and who_may(stage.site.app, endpoint) not in (Who.EVERYBODY, Who.LINK)
    }

    assert refused
    assert set(refused.values()) == {400}


def test_no_visitor_gets_a_cookie_but_at_the_sign_in_page(stage):
    client = stage.site.client()

    given = {
        rule
        for method, rule, _ in routes(stage.site)
        if "Set-Cookie" in asked(client, method, stage.path(rule)).headers
    }

    assert given == {"/desk/anmelden/<token>"}


def test_every_response_carries_the_headers(stage):
    client = stage.site.coordinator()
    responses = [asked(client, method, stage.path(rule)) for method, rule, _ in routes(stage.site)]
    etag = client.get("/offers.csv").headers["ETag"]
    not_modified = client.get("/offers.csv", headers={"If-None-Match": etag})
    unchanged_style = client.get("/static/kitalotse.css").headers["ETag"]
    responses += [
        client.get("/nichts"),
        client.put("/"),
        client.get("/angebote/oaaaaaaaaaaaaaaa"),
        not_modified,
        client.get("/static/kitalotse.css", headers={"If-None-Match": unchanged_style}),
        client.head("/"),
        client.options("/"),
    ]

    assert not_modified.status_code == 304
    for response in responses:
        missing = [name for name in HEADERS if name not in response.headers]
        assert missing == [], (response.request.path, response.status_code)
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "script" not in policy
        assert "unsafe" not in policy


def test_only_the_mail_itself_may_be_framed_and_has_the_one_style_sheet_that_its_policy_names(stage):
    client = stage.site.coordinator()
    answers = {rule: asked(client, method, stage.path(rule)) for method, rule, _ in routes(stage.site)}
    framed = {rule: answer for rule, answer in answers.items() if answer.headers["X-Frame-Options"] != "DENY"}

    assert framed.keys() == {"/outbox/<name>/html", "/desk/woche/<name:kita_id>/html"}
    for answer in framed.values():
        (sheet,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
        named = b64encode(sha256(sheet.encode()).digest()).decode()
        assert f"style-src 'sha256-{named}';" in answer.headers["Content-Security-Policy"]
        assert " style=" not in answer.text
    assert ".s0{" in framed["/desk/woche/<name:kita_id>/html"].text


def test_https_is_kept_once_the_public_address_is_https(stage):
    assert "Strict-Transport-Security" not in stage.site.client().get("/").headers

    for file in (stage.site.folder / "regions").iterdir():
        file.write_text(file.read_text(encoding="utf-8").replace("http:", "https:"), encoding="utf-8")
    secure = Site(stage.site.database, stage.site.folder)

    assert secure.client().get("/").headers["Strict-Transport-Security"] == "max-age=31536000"
    for site, is_secure in ((secure, True), (stage.site, False)):
        cookie = site.coordinator().get_cookie("kitalotse_desk", domain=HERE, path="/desk")
        assert cookie is not None
        assert cookie.secure is is_secure


def test_a_session_ends_after_twelve_hours_and_is_nobody_elses(stage):
    cookie = stage.site.coordinator().get_cookie("kitalotse_desk", domain=HERE, path="/desk")

    assert cookie is not None
    assert (cookie.http_only, cookie.same_site, cookie.path) == (True, "Lax", "/desk")
    assert stage.site.app.permanent_session_lifetime.total_seconds() == 12 * 3600


def test_a_session_of_one_region_opens_no_other(stage):
    client = stage.site.coordinator("13075")
    cookie = client.get_cookie("kitalotse_desk", domain=HERE, path="/desk")
    assert cookie is not None

    client.set_cookie("kitalotse_desk", cookie.value, domain=THERE, path="/desk")

    assert client.get("/desk/", base_url=f"http://{THERE}").status_code == 403


def test_whoever_is_no_longer_named_in_the_regions_file_is_out(stage):
    stage.site.coordinator()
    region = stage.site.app.extensions["kitalotse"].regions["13075"]
    client = stage.site.coordinator()

    stage.site.app.extensions["kitalotse"].regions["13075"] = region.model_copy(update={"coordinators": ()})

    assert client.get("/desk/").status_code == 403


@pytest.mark.parametrize("link", [DeskLink("13075", "Jemand anderes"), DeskLink("01002", "Koordination Kiel")])
def test_a_link_for_somebody_else_signs_nobody_in(stage, link):
    path = f"/desk/anmelden/{stage.site.links.desk(link, now=stage.site.now)}"

    response = stage.site.client().get(path)

    assert response.status_code == 403
    assert "gilt nicht mehr" in response.text
    assert "Set-Cookie" not in response.headers


def test_an_error_of_the_store_is_a_german_page_that_says_the_next_step(stage, monkeypatch):
    def refuse(*_arguments: object, **_options: object) -> None:
        raise StoreError("offer is locked")

    monkeypatch.setattr("webapp.pages.desk.still_decidable", refuse)
    client = stage.site.coordinator()
    token = csrf_token(client.get("/desk/").text)

    response = client.post(
        stage.path("/desk/angebote/<offer:offer_id>/entscheiden"), data={"kind": "accept", "csrf_token": token}
    )

    assert response.status_code == 409
    assert "laden Sie die vorige Seite neu" in response.text


def test_a_405_says_what_is_allowed_and_errors_are_json_for_who_asks(site):
    refused = site.client().delete("/daten", headers={"Accept": "application/json"})

    assert refused.status_code == 405
    assert "GET" in refused.headers["Allow"]
    assert refused.json == {
        "status": 405,
        "title": "So geht es nicht",
        "detail": "Bitte benutzen Sie den Knopf auf der vorigen Seite.",
    }


def test_a_failure_of_ours_shows_no_traceback(site, monkeypatch):
    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("webapp.pages.offers.search_offers", fail)
    site.app.testing = False

    response = site.client().get("/")

    assert response.status_code == 500
    assert "schiefgegangen" in response.text
    assert "secret detail" not in response.text
