"""Which Region a request is for; everything right below a sub-path; nothing built from what a request claims."""

from email import message_from_bytes
from pathlib import Path

import pytest
from flask import request
from flask.testing import FlaskClient
from lxml import html

from schemas.db import Database
from schemas.region import Region
from tests.factories import make_kita, make_recipient, make_source_offer
from tests.webapp.site import REGION as REGION_FILE
from tests.webapp.site import Site, csrf_token, settings_for
from webapp.app import create_app
from webapp.digest import Issuing, prepare
from webapp.links import DeskLink
from webapp.mail.sender import Sending, send_due
from webapp.mail.transports import Outbox
from webapp.proxy import Place, RegionAddresses

HOST = "bildung.example"
VG, KIEL = f"https://{HOST}/vg", f"https://{HOST}/kiel"
PERSON = "Koordination"


def region(key: str, base_url: str) -> Region:
    return Region(key=key, name=key, land="MV", base_url=base_url)


def addresses(*regions: Region) -> RegionAddresses:
    return RegionAddresses(lambda _environ, _start: [], {each.key: each for each in regions}, "http://localhost:8000")


# -- finding ----------------------------------------------------------------------------------------------------------


SHARED = addresses(region("13075", VG), region("01002", KIEL))
OWN = addresses(region("13075", "https://vg.example"), region("01002", "https://kiel.example:8443/angebote"))
NESTED = addresses(region("13", f"https://{HOST}"), region("13075", f"{VG}/"))


@pytest.mark.parametrize(
    ("homes", "host", "script_name", "path", "place"),
    [
        (SHARED, HOST, "", "/vg/desk/", Place("13075", "/vg", "/desk/", True)),
        (SHARED, HOST, "", "/kiel", Place("01002", "/kiel", "/", True)),
        (SHARED, HOST, "/kiel", "/desk/", Place("01002", "/kiel", "/desk/", True)),
        (SHARED, HOST, "/kiel/", "/", Place("01002", "/kiel", "/", True)),
        (SHARED, HOST, "", "/vgx/", None),
        (SHARED, HOST, "", "/", None),
        (SHARED, HOST, "/evil", "/vg/", None),
        (SHARED, "127.0.0.1:8000", "", "/kiel/x", Place("01002", "/kiel", "/x", False)),
        (SHARED, "127.0.0.1:8000", "", "/healthz", Place("13075", "", "/healthz", False)),
        (OWN, "vg.example", "", "/desk/", Place("13075", "", "/desk/", True)),
        (OWN, "kiel.example:8443", "", "/angebote/desk/", Place("01002", "/angebote", "/desk/", True)),
        (OWN, "kiel.example:8443", "", "/desk/", Place("01002", "/angebote", "/desk/", True)),
        (OWN, "kiel.example", "", "/desk/", Place("13075", "", "/desk/", False)),
        (NESTED, HOST, "", "/vg/x", Place("13075", "/vg", "/x", True)),
        (NESTED, HOST, "", "/x", Place("13", "", "/x", True)),
    ],
)
def test_host_and_path_choose_the_region(homes, host, script_name, path, place):
    assert homes.find(host, script_name, path) == place


# -- an installation with two Regions below one host ------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "installation"
    (folder / "regions").mkdir(parents=True)
    for key, name, land, base in (("13075", "VG", "MV", VG), ("01002", "Kiel", "SH", KIEL)):
        text = f'key = "{key}"\nname = "{name}"\nland = "{land}"\nbase_url = "{base}"\n'
        text += f'sender_mail = "post@{name.lower()}.example"\n'
        text += f'coordinators = [{{ name = "{PERSON}", mail = "k@x.example" }}]\n'
        (folder / "regions" / f"{key}.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def below(sqlite_database: Database, folder: Path) -> Site:
    return Site(sqlite_database, folder)


def full(site: Site) -> FlaskClient:
    """Somebody behind a proxy that passes the whole path."""
    return site.client(HOST)


def sign_in(site: Site, prefix: str = "/vg", key: str = "13075") -> FlaskClient:
    client = full(site)
    path = f"{prefix}/desk/anmelden/{site.links.desk(DeskLink(key, PERSON), now=site.now)}"
    answer = client.post(path, data={"csrf_token": csrf_token(client.get(path).text)})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{prefix}/desk/")
    return client


def test_every_link_of_a_page_stays_below_the_sub_path(below):
    (offer,) = below.harvest(make_source_offer())
    for path in ("/vg/", f"/vg/angebote/{offer}", "/vg/daten", "/vg/impressum", "/vg/nirgends"):
        page = html.fromstring(full(below).get(path).text)
        links = [*page.xpath("//@href"), *page.xpath("//@src"), *page.xpath("//@action")]
        own = [link for link in links if link.startswith("/")]
        assert len(own) > 5
        assert [link for link in own if not link.startswith("/vg/")] == [], path


def test_static_files_feeds_and_pages_answer_below_the_sub_path(below):
    below.harvest(make_source_offer())
    client = full(below)
    for path in ("/static/kitalotse.css", "/offers.ndjson", "/offers.csv", "/offers.ics", "/schema/offer.json"):
        assert client.get(f"/vg{path}").status_code == 200, path
    atom = client.get("/vg/offers.atom").text
    assert f"{VG}/angebote/" in atom
    assert f'href="{VG}/offers.atom"' in atom
    assert KIEL not in atom
    assert client.get("/kiel/offers.atom").text.count(f"{KIEL}/angebote/") > 0


def test_a_304_is_for_the_same_region_only(below):
    below.harvest(make_source_offer())
    client = full(below)
    etag = client.get("/vg/offers.atom").headers["ETag"]

    assert client.get("/vg/offers.atom", headers={"If-None-Match": etag}).status_code == 304
    assert client.get("/kiel/offers.atom", headers={"If-None-Match": etag}).status_code == 200


def test_the_session_lives_below_the_desk_of_its_region_and_opens_no_other(below):
    client = sign_in(below)
    cookie = client.get_cookie("kitalotse_desk", domain=HOST, path="/vg/desk")

    assert cookie is not None
    assert (cookie.path, cookie.secure) == ("/vg/desk", True)
    assert client.get("/vg/desk/", base_url=f"https://{HOST}").status_code == 200
    assert client.get("/kiel/desk/", base_url=f"https://{HOST}").status_code == 403
    client.set_cookie("kitalotse_desk", cookie.value, domain=HOST, path="/kiel/desk")
    assert client.get("/kiel/desk/", base_url=f"https://{HOST}").status_code == 403


def test_redirects_name_no_host_and_stay_below_the_sub_path(below):
    answer = full(below).get("/vg/desk?a=b")

    assert answer.status_code == 308
    assert answer.headers["Location"] == "/vg/desk/?a=b"


def test_links_in_mails_begin_with_the_public_address(below):
    offers = below.harvest(make_source_offer())
    below.settle(make_kita(recipients=(make_recipient(),)), offers)
    regions = below.app.extensions["kitalotse"].regions
    default = "http://falsch.example"
    prepare(below.database, Issuing(regions, below.links, default), week="2026-W48", now=below.now)

    sending = Sending(regions, below.links, default)
    send_due(below.database, Outbox(below.folder / "out"), sending, lambda: below.now)

    (file,) = (below.folder / "out").iterdir()
    message = message_from_bytes(file.read_bytes())
    parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
    texts = [bytes(part.get_payload(decode=True)).decode() for part in parts]
    assert message["From"].endswith("<post@vg.example>")
    assert message["List-Unsubscribe"].startswith(f"<{VG}/abmelden/")
    assert all(f"{VG}/angebote/{offers[0]}" in text for text in texts)
    assert "falsch.example" not in "".join(texts)


# -- what proxies and attackers say -----------------------------------------------------------------------------------


def app_trusting(site: Site, proxies: int) -> FlaskClient:
    settings = settings_for(site.folder, KITALOTSE_TRUSTED_PROXIES=str(proxies))
    return create_app(settings, site.database, now=lambda: site.now).test_client()


STRIPPED = {"X-Forwarded-Prefix": "/kiel", "X-Forwarded-Host": HOST, "X-Forwarded-Proto": "https"}


def test_a_proxy_that_strips_the_path_and_says_so_is_believed_only_when_it_is_trusted(below):
    trusting, doubting = app_trusting(below, 1), app_trusting(below, 0)

    assert "<small>Kiel</small>" in trusting.get("/", headers=STRIPPED).text
    assert 'href="/kiel/impressum"' in trusting.get("/", headers=STRIPPED).text
    assert trusting.get("/vg/", headers={"X-Forwarded-Host": HOST}).status_code == 200, "whole path behind it as well"
    assert doubting.get("/", headers={**STRIPPED, "Host": HOST}).status_code == 404
    assert 'href="/impressum"' in doubting.get("/", headers=STRIPPED).text


def test_a_single_region_needs_no_word_about_its_sub_path(sqlite_database, tmp_path):
    folder = tmp_path / "one"
    (folder / "regions").mkdir(parents=True)
    text = REGION_FILE.replace("http://kitalotse.example", VG)
    (folder / "regions" / "a.toml").write_text(text, encoding="utf-8")
    site = Site(sqlite_database, folder)

    for path in ("/", "/vg/", "/vg"):
        page = full(site).get(path)
        assert page.status_code == 200, path
        assert 'href="/vg/impressum"' in page.text, path


def test_beside_all_regions_of_a_host_stands_where_they_are(below):
    answer = full(below).get("/")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert f"{VG}/\n" in answer.text
    assert f"{KIEL}/\n" in answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "bildung.example.evil.example", "127.0.0.1:8000"])
def test_nothing_is_built_from_a_foreign_host(below, host):
    (offer,) = below.harvest(make_source_offer())
    client = below.client(host)
    claimed = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil", "Forwarded": "host=evil.example"}
    for path in (
        "/",
        f"/angebote/{offer}",
        "/offers.atom",
        "/offers.ics",
        "/offers.ndjson",
        "/daten",
        "/desk",
        "//desk",
    ):
        answer = client.get(path, headers=claimed)
        assert "evil" not in answer.text, path
        assert host not in answer.text, path
        assert not [name for name, value in answer.headers if "evil" in value or host in value], path


def test_the_desk_is_at_home_at_the_address_of_its_region_only(below):
    path = f"/desk/anmelden/{below.links.desk(DeskLink('13075', PERSON), now=below.now)}"
    answer = below.client("evil.example").get(path)

    assert answer.status_code == 421
    assert "Adresse Ihrer Region" in answer.text
    assert below.client("evil.example").get("/desk/").status_code == 421
    assert below.client("evil.example").get("/").status_code == 200


def test_visitors_are_told_apart_only_by_trusted_proxies(below):
    seen = []
    for proxies in (0, 1):
        settings = settings_for(below.folder, KITALOTSE_TRUSTED_PROXIES=str(proxies))
        app = create_app(settings, below.database)

        @app.before_request
        def note() -> None:
            seen.append(request.remote_addr)

        app.test_client().get("/", headers={"X-Forwarded-For": "203.0.113.9"})

    assert seen == ["127.0.0.1", "203.0.113.9"]


def test_a_signed_link_opens_its_page_below_the_sub_path(below):
    home = below.settle(make_kita(recipients=(make_recipient(),)))

    assert full(below).get(f"/vg{home.page}").status_code == 200
