"""Vorpommern-Greifswald and Kiel side by side in one installation, made by configuration alone.

Real commands in an empty folder, a real server behind a reverse proxy that passes one sub-path whole and strips the
other. Neither coordinator sees the other's people; what is published crosses the border by distance.
"""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from functools import cache
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest
from lxml import html

from schemas.clock import now
from schemas.db import Database
from schemas.geography import find_municipality, locate
from schemas.harvest import HarvestRun, RunStatus
from schemas.kita import Feedback, Kita
from schemas.organisation import Place
from schemas.store.harvest import save_readings
from schemas.store.kitas import digest_of, save_feedback, save_kita
from schemas.store.runs import finish_run, save_source, start_run
from schemas.vocabulary import Answered
from tests.factories import make_kita, make_recipient, make_source, make_source_offer
from tests.journeys.proxy import reverse_proxy
from tests.journeys.served import free_port
from tests.journeys.test_commands import wait_for
from tests.webapp.site import reading

KITALOTSE = Path(sysconfig.get_path("scripts")) / "kitalotse"
ROOT = Path(__file__).parents[2]
PEOPLE = {"13075": "Vera Vorpommern", "01002": "Karla Kiel", "13071": "Sina Seenplatte"}
ADDRESSES = {"13075": "grenzland@kita.example", "01002": "foerde@kita.example"}
PATHS = {"13075": "vg", "01002": "kiel", "13071": "seenplatte"}
PACKS = {"13075": "quellen/mv_pommersches_landesmuseum", "01002": "quellen/sh_kiel_stadtbuecherei"}
"""A source of each Region's starter pack, as the desk links it."""
DESK = tuple(f"/desk/{name}" for name in ("", "offen", "quellen", "woche", "tabellen", "eintragen", "nicht-listen"))
STRIPPED = {"/vg": False, "/kiel": True, "/seenplatte": False}
"""Sub-paths, and whether the proxy takes them away."""


@dataclass
class Installation:
    """Everything in one folder, as the commands leave it."""

    home: Path
    port: int = field(default_factory=free_port)
    backend: int = field(default_factory=free_port)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("KITALOTSE_", "XDG_"))}
        own = {"KITALOTSE_DATA_DIR": str(self.home / "data"), "KITALOTSE_TRUSTED_PROXIES": "1"}
        return kept | {"HOME": str(self.home), "PYTHONPATH": str(ROOT)} | own

    def address(self, key: str) -> str:
        return f"http://127.0.0.1:{self.port}/{PATHS[key]}"

    def kitalotse(self, *arguments: str, status: int = 0) -> str:
        done = subprocess.run(
            [KITALOTSE, *arguments],
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def database(self) -> Iterator[Database]:
        database = Database(f"sqlite:///{self.home / 'data' / 'kitalotse.sqlite'}")
        yield database
        database.dispose()

    @contextmanager
    def served(self) -> Iterator[None]:
        """The portal behind its proxy."""
        command = [str(KITALOTSE), "serve", "--port", str(self.backend)]
        with (self.home / "serve.log").open("w") as log:
            server = subprocess.Popen(command, env=self.environment, cwd=self.home, stderr=log)
            try:
                with reverse_proxy(self.port, self.backend, stripped=STRIPPED):
                    visitor = Browser()
                    wait_for(lambda: server.poll() is not None or visitor.reaches(self.address("13075")))
                    assert server.poll() is None, (self.home / "serve.log").read_text()
                    yield
            finally:
                server.terminate()
                server.wait(30)


class Browser:
    """One person's browser: keeps cookies, follows redirects."""

    def __init__(self) -> None:
        self.cookies = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self.cookies))

    def get(self, url: str) -> tuple[int, str]:
        return self._open(Request(url))

    def post(self, url: str, **data: str) -> tuple[int, str]:
        return self._open(Request(url, data=urlencode(data).encode()))

    def reaches(self, url: str) -> bool:
        try:
            return self.get(f"{url}/healthz")[0] == 200
        except OSError:
            return False

    def sign_in(self, link: str) -> None:
        """Open a desk link and press its button."""
        status, page = self.get(link)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert (status, bool(token)) == (200, True)
        assert token is not None
        status, page = self.post(link, csrf_token=token[1])
        assert status == 200, page

    def _open(self, request: Request) -> tuple[int, str]:
        try:
            with self._opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as answer:
            return answer.code, answer.read().decode()


def place(postcode: str, locality: str, near: str) -> Place:
    found = locate(postcode, locality, near=near)
    assert found is not None
    return Place(
        name=locality,
        postcode=postcode,
        locality=locality,
        kreis=found.kreis,
        ags=found.ags,
        lat=found.point.lat,
        lon=found.point.lon,
        precision=found.precision,
    )


def harvested(database: Database, name: str, title: str, *, key: str, trust: str, where: Place) -> None:
    """A source of the Region ``key`` whose reading shows one offer of that title."""
    moment = now()
    source = make_source(name, region=key, title=f"Haus {name}", trust=trust, example=False)
    url = f"https://{name.replace('_', '-')}.example"
    shown = [reading(make_source_offer(source=name, title=title, place=where, url=url))]
    with database.begin() as session:
        save_source(session, source, origin="desk", now=moment)
        number = start_run(session, source.name, moment)
        save_readings(session, source, number, readings=shown, now=moment)
        run = HarvestRun(source=name, started_at=moment, finished_at=moment, records=1, new=1, id=number)
        finish_run(session, run.model_copy(update={"status": RunStatus.COMPLETE}))


def kita(key: str, where: Place) -> Kita:
    return make_kita(
        f"kita_{key}",
        name=KITAS[key],
        region=key,
        place=where,
        recipients=(make_recipient(ADDRESSES[key]),),
        example=False,
    )


KITAS = {"13075": "Kita Grenzland", "01002": "Kita Förde"}
PLACES = {
    "13075": ("17489", "Greifswald", "13075"),
    "01002": ("24103", "Kiel", "01002"),
    "13071": ("17089", "Bartow", "13071"),
}
TITLES = {
    "13075": ("Wikinger am Bodden", "Geheimes aus Greifswald"),
    "01002": ("Sprotten räuchern", "Geheimes aus Kiel"),
    "13071": ("Burg bauen in Bartow", "Geheimes von der Seenplatte"),
}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    at = Installation(tmp_path_factory.mktemp("home"))
    for key, person in PEOPLE.items():
        mail = f"{person.split()[0].lower()}@{PATHS[key]}.example"
        at.kitalotse("init", "--region", key, "--base-url", at.address(key), "--coordinator", f"{person} <{mail}>")
        file = at.home / "data" / "regions" / f"{key}.toml"
        text = file.read_text(encoding="utf-8").replace('"kitalotse@127.0.0.1"', f'"post@{PATHS[key]}.example"')
        file.write_text(text, encoding="utf-8")
    with at.database() as database:
        for key, (shown, held) in TITLES.items():
            name, where = f"quelle_{PATHS[key]}", place(*PLACES[key])
            harvested(database, name, shown, key=key, trust="publish", where=where)
            harvested(database, f"{name}_neu", held, key=key, trust="hold", where=where)
        with database.begin() as session:
            save_kita(session, kita("13075", place("17129", "Daberkow", "13075")), now=now())
            save_kita(session, kita("01002", place(*PLACES["01002"])), now=now())
    at.kitalotse("recommend")
    at.kitalotse("digest")
    with at.served():
        yield at


@pytest.fixture(scope="module")
def signed_in(installation: Installation) -> Callable[[str], Browser]:
    """The browser of a Region's coordinator, signed in with a link that the command printed."""

    @cache
    def as_coordinator(key: str) -> Browser:
        browser = Browser()
        browser.sign_in(installation.kitalotse("desk-link", PEOPLE[key], "--region", key).strip())
        return browser

    return as_coordinator


# -- neither sees the other's people ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "other"), [("13075", "01002"), ("01002", "13075")])
def test_a_coordinator_sees_everything_of_the_own_region_and_nothing_of_the_other(installation, signed_in, key, other):
    browser = signed_in(key)
    seen = []
    for path in DESK:
        status, page = browser.get(f"{installation.address(key)}{path}")
        assert status == 200, path
        seen.append(page)
    everything = " ".join(seen)

    assert TITLES[key][1] in everything, "what is held here"
    assert KITAS[key] in everything
    assert PEOPLE[key] in everything
    assert PACKS[key] in everything, "the starter pack lies there from the first start on"
    for foreign in (TITLES[other][1], KITAS[other], PEOPLE[other], PACKS[other], f"quelle_{PATHS[other]}"):
        assert foreign not in everything
    assert ADDRESSES[other] not in everything


@pytest.mark.parametrize(("key", "other"), [("13075", "01002"), ("01002", "13075")])
def test_the_session_of_one_region_opens_no_page_of_the_other(installation, signed_in, key, other):
    browser = signed_in(key)

    for path in DESK:
        assert browser.get(f"{installation.address(other)}{path}")[0] == 403
    assert {cookie.path for cookie in browser.cookies} == {f"/{PATHS[key]}/desk"}
    for path in (f"woche/kita_{other}", f"quellen/quelle_{PATHS[other]}", f"abrufe/quelle_{PATHS[other]}"):
        assert browser.get(f"{installation.address(key)}/desk/{path}")[0] == 404, path
    assert browser.get(f"{installation.address(key)}/desk/woche/kita_{key}")[0] == 200


def test_held_offers_of_the_other_region_cannot_be_opened_or_decided(installation, signed_in):
    here, there = signed_in("13075"), signed_in("01002")
    held = re.search(
        r"/kiel/desk/angebote/(o[a-z2-7]{15})", there.get(f"{installation.address('01002')}/desk/offen")[1]
    )
    assert held is not None
    page = here.get(f"{installation.address('13075')}/desk/offen")[1]
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None

    own = f"{installation.address('13075')}/desk/angebote/{held[1]}"
    assert here.get(own)[0] == 404
    assert here.post(f"{own}/entscheiden", kind="accept", csrf_token=token[1])[0] == 404
    assert "Geheimes aus Kiel" not in Browser().get(f"{installation.address('01002')}/")[1]


def test_an_answer_is_seen_by_the_own_region_only(installation, signed_in):
    with installation.database() as database, database.begin() as session:
        digest = digest_of(session, "kita_01002")
        assert digest is not None
        answer = Feedback(
            kita="kita_01002",
            offer=digest.recommendations[0].offer,
            answer=Answered.NOT_FOR_US,
            at=now(),
            why="Zu weit für unsere Kleinen",
        )
        save_feedback(session, answer)

    browser = signed_in("13075")
    pages = "".join(browser.get(f"{installation.address('13075')}{path}")[1] for path in DESK)
    assert "Zu weit für unsere Kleinen" not in pages


def test_each_regions_mail_has_its_own_sender_and_leads_to_its_own_portal(installation):
    mails = {}
    for path in (installation.home / "data" / "outbox").glob("*.eml"):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        body = message.get_body(("plain",))
        assert body is not None
        mails[str(message["To"])] = (message, body.get_content())

    assert set(mails) == {"grenzland@kita.example", "foerde@kita.example"}
    for to, key, other in (("grenzland@kita.example", "13075", "01002"), ("foerde@kita.example", "01002", "13075")):
        message, text = mails[to]
        assert message["From"].addresses[0].addr_spec == f"post@{PATHS[key]}.example"
        assert message["Reply-To"].addresses[0].addr_spec.endswith(f"@{PATHS[key]}.example")
        assert message["List-Unsubscribe"].startswith(f"<{installation.address(key)}/abmelden/")
        links = re.findall(rf"http://127\.0\.0\.1:{installation.port}/(\w+)/", text)
        assert links
        assert set(links) == {PATHS[key]}
        assert PATHS[other] not in text


def test_links_of_a_mail_open_behind_the_proxy(installation):
    for path in (installation.home / "data" / "outbox").glob("*.eml"):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        body = message.get_body(("plain",))
        assert body is not None
        for link in re.findall(rf"http://127\.0\.0\.1:{installation.port}/\S+", body.get_content()):
            assert Browser().get(link.rstrip(".,)"))[0] == 200, link


# -- what is published crosses the border -----------------------------------------------------------------------------


def test_an_offer_in_kiel_is_found_near_kiel_from_both_portals(installation):
    for key in ("13075", "01002"):
        _, near = Browser().get(f"{installation.address(key)}/?ort=24103&umkreis=10")
        _, far = Browser().get(f"{installation.address(key)}/?ort=17489&umkreis=10")
        assert "Sprotten räuchern" in near, key
        assert "Wikinger am Bodden" not in near, key
        assert "Wikinger am Bodden" in far, key
        (link,) = html.fromstring(near).xpath("//main//a[contains(., 'Sprotten')]/@href")
        assert link.startswith(f"/{PATHS[key]}/angebote/")
        assert Browser().get(f"http://127.0.0.1:{installation.port}{link}")[0] == 200


def test_a_kita_at_the_border_is_recommended_what_is_near_on_the_other_side_of_it(installation):
    """Daberkow (13075) and Bartow (13071) are 4 km apart; Greifswald, of its own Kreis, is too far."""
    daberkow, bartow = find_municipality("Daberkow", near="13075"), find_municipality("Bartow", near="13071")
    assert daberkow is not None
    assert bartow is not None
    assert (daberkow.kreis, bartow.kreis) == ("13075", "13071")

    with installation.database() as database, database.read() as session:
        digest = digest_of(session, "kita_13075")
    assert digest is not None
    (mail,) = (
        path.read_bytes()
        for path in (installation.home / "data" / "outbox").glob("*.eml")
        if b"grenzland@kita.example" in path.read_bytes()
    )
    body = message_from_bytes(mail, policy=policy.default).get_body(("plain",))
    assert body is not None
    assert "Burg bauen in Bartow" in body.get_content()
    assert "Wikinger am Bodden" not in body.get_content()
    assert "Sprotten räuchern" not in body.get_content()
    assert all(each.distance_km is None or each.distance_km < 20 for each in digest.recommendations)


def test_held_offers_and_people_are_in_no_feed(installation):
    for key in PEOPLE:
        for feed in ("offers.ndjson", "offers.csv", "offers.atom"):
            status, content = Browser().get(f"{installation.address(key)}/{feed}")
            assert status == 200
            assert "Geheimes" not in content
            assert "Kita Förde" not in content
            assert "kita.example" not in content


def test_a_doctor_finds_no_error_and_a_backup_holds_all_regions(installation, tmp_path):
    report = installation.kitalotse("doctor")
    assert "0 errors" in report

    made = installation.kitalotse("backup", str(tmp_path / "all.zip"))
    assert "3 Regions" in made
    assert "good" in installation.kitalotse("restore", str(tmp_path / "all.zip"), "--check")
