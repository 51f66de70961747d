"""Fifty ways in which sources break, confuse and attack, by number, read by both clients over real HTTP.

``CASES`` names what each client is tested with: a test of this module (``here``), a test elsewhere, or the reason why
the case does not concern it.
"""

import gzip
import json
import re
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from harvesters.crawl import SCRAPY
from harvesters.fetch.addresses import Address
from harvesters.problems import ReadError
from harvesters.run import harvest, harvest_all
from schemas import clock
from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.harvest import AccessKind, RunStatus
from schemas.identifiers import is_safe_name
from schemas.migrate import upgrade
from schemas.store import harvest as store
from schemas.store.reviews import correct, held
from schemas.tables.harvest import records, source_offers
from schemas.vocabulary import PriceModel
from tests.factories import NOW, make_source
from tests.harvesters.feed_site import HOUR, harvested, titles
from tests.harvesters.loopback import QUICK, Answer, Site, running_site
from tests.harvesters.two_clients import CLIENTS, OFFERS, World, ask, described, show

HERE: Final = "here"
NO_FEED: Final = "none: Scrapy reads web pages, this is a format of feeds"
NO_MARKUP: Final = "none: markup stands in web pages, which only Scrapy reads"
MERGING: Final = "tests/schemas/test_store_merging.py::"
MATCHING: Final = "tests/recommender/test_matching.py::"
WEBAPP: Final = "tests/webapp/test_"
UNCHANGED: Final = "tests/harvesters/test_conditional.py::test_an_unchanged_site_is_asked_for_every_page_and_sends_none"
FORMATS: Final = "tests/harvesters/test_formats_"
CASES: Final[dict[int, tuple[str, str, str]]] = {
    # number: (what happens, by httpx, by Scrapy)
    1: ("200 with an empty body", HERE, HERE),
    2: ("a valid document without offers", HERE, HERE),
    3: ("30, 60, 100 % vanish", HERE, HERE),
    4: ("only page 1 of 5 answers", HERE, HERE),
    5: ("half-written documents", HERE, HERE),
    6: ("login, cookies, maintenance with status 200", HERE, HERE),
    7: ("403, 429, with and without Retry-After", HERE, HERE),
    8: ("404 and 410 of everything, of one offer", HERE, HERE),
    9: ("the whole site leads to a parked domain", HERE, HERE),
    10: ("expired, self-signed, wrong-name certificates", HERE, HERE),
    11: ("the name is gone", HERE, HERE),
    12: ("killed in the middle", HERE, HERE),
    13: ("cut by a cap", HERE, HERE),
    14: ("started twice", HERE, HERE),
    15: ("down for a month, back with the same ids", HERE, HERE),
    16: ("the night of the clock change, the turn of the year", HERE, HERE),
    17: ("one id on two offers", HERE, HERE),
    18: ("copies with the id TODO", HERE, HERE),
    19: ("title, date and address changed", HERE, HERE),
    20: ("all ids renumbered", HERE, HERE),
    21: (
        "one offer in two sources",
        WEBAPP + "duplicates.py::test_the_same_tour_in_two_sources_is_asked_about_with_reasons",
        MERGING + "test_a_vanished_first_source_leaves_the_second_to_speak",
    ),
    22: (
        "a monthly series is not one offer",
        MATCHING + "test_two_offers_of_one_house_with_all_facts_alike_are_two",
        MATCHING + "test_what_contradicts_makes_two_of_the_same_words",
    ),
    23: (
        "what a person split stays apart",
        MERGING + "test_different_is_remembered_and_taken_back",
        MERGING + "test_an_undecided_pair_is_kept_apart_and_never_asked_again",
    ),
    24: ("an offer moves between pages meanwhile", HERE, HERE),
    25: ("a correction outlives harvests", HERE, HERE),
    26: ("the source changes the corrected field", HERE, HERE),
    27: ("the source changes another field", HERE, HERE),
    28: ("an offer vanishes and returns", HERE, HERE),
    29: ("dirty JSON, dirty JSON-LD", HERE, HERE),
    30: (
        "microdata with a cycle, without a type",
        NO_MARKUP,
        FORMATS + "microdata.py::test_references_that_bite_their_tail_end",
    ),
    31: ("encodings that are claimed wrongly", HERE, HERE),
    32: (
        "tables: separators, decimal commas, formulas, dates as numbers",
        FORMATS + "xlsx_table.py::test_cells_become_the_words_that_people_see",
        NO_FEED,
    ),
    33: (
        "calendars: zones, all-day, end before start, moved instances",
        FORMATS + "ical.py::test_a_rule_stays_a_rule_with_its_exceptions_and_moved_instances",
        NO_FEED,
    ),
    34: ("dates in words", HERE, HERE),
    35: ("ages in words", HERE, HERE),
    36: ("prices in words", HERE, HERE),
    37: ("addresses that lead inside", HERE, HERE),
    38: ("entity bombs and foreign entities", HERE, HERE),
    39: ("bombs of compressed bytes", HERE, HERE),
    40: (
        "zip bombs in workbooks",
        FORMATS + "xlsx_table.py::test_a_size_that_the_archive_lies_about_is_no_way_around",
        NO_FEED,
    ),
    41: ("endless bodies, endless pages, the year 9999", HERE, HERE),
    42: ("a flood of repetitions", HERE, HERE),
    43: ("text made to hurt, depth of 100,000", HERE, HERE),
    44: ("scripts and line breaks in titles", HERE, HERE),
    45: ("tracking pixels, private numbers", HERE, HERE),
    46: ("line breaks and secrets in what is logged", HERE, HERE),
    47: ("names and ids with ../", HERE, HERE),
    48: ("one source hangs", HERE, HERE),
    49: ("304 from everything", UNCHANGED, UNCHANGED),
    50: ("the same bytes give the same bytes", HERE, HERE),
}

TESTED: Final[set[int]] = set()
"""Numbers that a test of this module has, for both clients."""


def case(*numbers: int) -> Any:
    """Marks a test of this module with the cases that it shows; it runs once for each client."""
    TESTED.update(numbers)
    return lambda test: test


def test_every_case_is_shown_for_both_clients_or_has_a_reason() -> None:
    assert sorted(CASES) == list(range(1, 51))
    for number, (what, *shown) in CASES.items():
        assert (HERE in shown) is (number in TESTED), f"{number}: {what}"
        for where in shown:
            if where == HERE or where.startswith("none: "):
                continue
            file, _, test = where.partition("::")
            assert f"def {test}(" in (HOME / file).read_text("utf-8"), f"{number}: {where}"


HOME: Final = Path(__file__).parents[2]
STRANGER: Final = replace(QUICK, allow_loopback=False, attempts=1)


@dataclass
class Ground:
    """A site of one client, and the database of a good run, from which each test takes a copy."""

    client: str
    site: Site
    file: Path


@pytest.fixture(scope="module", params=CLIENTS)
def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A site that was read once."""
    file = tmp_path_factory.mktemp("ground") / "well.sqlite"
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    with running_site() as site:
        show(request.param, site, OFFERS)
        assert harvested(database, described(request.param, site)).status is RunStatus.COMPLETE
        database.dispose()
        yield Ground(request.param, site, file)


@pytest.fixture
def world(ground: Ground, tmp_path: Path) -> Iterator[World]:
    """The site as it was, and a database of the test's own after a good run."""
    file = shutil.copy(ground.file, tmp_path / "kitalotse.sqlite")
    database = Database(f"sqlite:///{file}")
    ground.site.answers.clear()
    ground.site.asked.clear()
    show(ground.client, ground.site, OFFERS)
    found = World(ground.client, ground.site, database, described(ground.client, ground.site))
    assert found.untouched()
    yield found
    database.dispose()


# -- 1 to 16: the source breaks ---------------------------------------------------------------------------------------


def says(body: str | bytes, status: int = 200, **headers: str) -> Callable[[Answer], Answer]:
    content = body.encode() if isinstance(body, str) else body
    return lambda _: Answer(content, status, {name.replace("_", "-"): said for name, said in headers.items()})


def half(answer: Answer) -> Answer:
    return Answer(answer.body[: len(answer.body) * 2 // 3])


def cut(answer: Answer) -> Answer:
    return Answer(half(answer).body, headers={"Content-Length": str(len(answer.body))})


LOGIN = """<html><head><title>Museum am Hafen</title></head><body><h1>Anmelden</h1>
<form><input name=u><input type=password name=p></form></body></html>"""
WORKS = "<html><head><title>Wartungsarbeiten | Museum</title></head><body><h1>Bis bald</h1></body></html>"
COOKIES = "<html><body><h1>Willkommen</h1><p class=id>w</p><p class=text>Bitte Cookies zulassen.</p></body></html>"
NOTHING = {"httpx": "[]", "scrapy": "<html><main><p>Zurzeit keine Angebote.</p></main></html>"}
BAD: Final[dict[str, tuple[int, str, Callable[[Answer], Answer]]]] = {
    "empty": (1, "everywhere", says("")),
    "empty offers": (1, "inside", says("")),
    "no offers": (2, "entry", lambda _: Answer()),
    "half": (5, "everywhere", half),
    "half offers": (5, "inside", half),
    "cut by the line": (5, "inside", cut),
    "login": (6, "everywhere", says(LOGIN)),
    "login offers": (6, "inside", says(LOGIN)),
    "maintenance": (6, "inside", says(WORKS)),
    "cookies": (6, "inside", says(COOKIES)),
    "forbidden": (7, "everywhere", says("", 403)),
    "too many": (7, "inside", says("", 429)),
    "too many for an hour": (7, "everywhere", says("", 429, Retry_After="3600")),
    "not found": (8, "everywhere", says("", 404)),
    "gone": (8, "everywhere", says("", 410)),
    "gone offers": (8, "inside", says("", 410)),
}


@case(1, 2, 5, 6, 7, 8)
@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_withdraws_nothing_changes_nothing_and_is_said(world: World, name: str) -> None:
    _, where, change = BAD[name]
    if where == "entry":
        world.site.put(world.entry, NOTHING[world.client])
    else:
        getattr(world, where)(change)

    run = world.harvest()

    assert run.status in (RunStatus.FAILED, RunStatus.INCOMPLETE)
    assert world.untouched()
    assert run.message and "zurückgezogen" in run.message
    assert any(issue.message and issue.remedy and world.site.base in issue.where for issue in run.issues)


@case(3)
@pytest.mark.parametrize("left", [7, 4, 0])
def test_a_mass_loss_waits_for_a_person(world: World, left: int) -> None:
    world.show(OFFERS[:left])

    runs = [world.harvest(hours) for hours in (1, 2)]

    assert [run.withdrawn for run in runs] == [0, 0]
    assert len(titles(world.database)) == 10
    with world.database.read() as session:
        waiting = held(session)
    assert bool(waiting) is (left > 0), "an empty source is broken, and asks nobody"


@case(4)
def test_only_the_first_of_five_pages_answers(world: World) -> None:
    if world.client == "httpx":
        world.access(items="angebote", next="weiter")
        world.site.put(world.entry, json.dumps({"angebote": OFFERS[:3], "weiter": "/seite2"}))
        world.site.put("/seite2", status=500)
    else:
        world.show(OFFERS[:3])
        listing = world.site.answers[world.entry]
        assert isinstance(listing, Answer)
        world.site.put(
            world.entry, listing.body.replace(b"</html>", b'<a class="weiter" href="/kita?s=2">w</a></html>')
        )
        world.site.put("/kita?s=2", status=500)

    run = world.harvest()

    assert (run.status, run.records) == (RunStatus.INCOMPLETE, 3)
    assert world.untouched()


@case(9)
@pytest.mark.parametrize("titled", ["Diese Domain steht zum Verkauf", "Günstige Angebote"])
def test_a_site_that_leads_to_a_parked_domain_loses_nothing(world: World, titled: str) -> None:
    with running_site() as parked:
        offer = f'<html><h1>{titled}</h1><p class="id">n1</p><a class="angebot" href="/x">Angebot</a></html>'
        address = parked.put("/", offer).replace("127.0.0.1", "localhost")
        parked.put("/x", offer)
        world.everywhere(says("", 301, Location=address))

        run = world.harvest()

    assert run.status is RunStatus.FAILED
    assert world.untouched()


@pytest.mark.parametrize("ground", ["scrapy"], indirect=True, scope="module")
def test_offers_that_lead_to_the_front_page_or_elsewhere_are_not_replaced_by_it(world: World) -> None:
    front = "<html><h1>Museum am Hafen</h1><p class=id>start</p></html>"
    world.site.put("/", front)
    for number, to in enumerate(("/", world.entry, f"{world.site.base.replace('127.0.0.1', 'localhost')}/"), start=1):
        world.site.put(f"/angebot/{number}", status=302, Location=to)

    run = world.harvest()

    assert sum(issue.count for issue in run.issues if issue.rule == "crawl.led_elsewhere") == 3
    assert (run.status, run.new, run.changed, run.unchanged) == (RunStatus.INCOMPLETE, 0, 0, 7)
    assert world.untouched()


@dataclass
class Authority:
    """A certificate authority of our own."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def new(cls) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(key, _certificate("Beispiel-CA", key, "Beispiel-CA", key, days=30))

    def context(self, folder: Path, name: str, days: int) -> ssl.SSLContext:
        """What a server needs to be ``name``, until ``days`` from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(name, key, "Beispiel-CA", self.key, days=days)
        file = folder / f"{name}{days}.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, by: str, signer: ec.EllipticCurvePrivateKey, *, days: int
) -> x509.Certificate:
    now = clock.now()  # the real one, which is what the TLS library looks at
    is_ca = name == by
    alternative = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name.replace(" ", "-"))
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, by)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(x509.KeyUsage(True, False, False, False, False, is_ca, is_ca, False, False), critical=True)
        .sign(signer, hashes.SHA256())
    )


@case(10)
@pytest.mark.parametrize("client", CLIENTS)
def test_only_a_valid_certificate_of_that_name_is_accepted(
    client: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority.new()
    trusting = ssl.create_default_context(
        cadata=authority.certificate.public_bytes(serialization.Encoding.PEM).decode()
    )
    found = {}
    for name, days in (("127.0.0.1", 30), ("127.0.0.1", -30), ("museum.example", 30)):
        with running_site(authority.context(tmp_path, name, days)) as site:
            address = site.put("/kita", "ok")
            with pytest.raises(ReadError) as untrusted:
                ask(client, address, QUICK)
            assert untrusted.value.rule == "fetch.certificate"
            with monkeypatch.context() as patch:
                patch.setattr("harvesters.fetch.client._tls", lambda: trusting)
                try:
                    found[name, days] = ask(client, address, QUICK).status
                except ReadError as error:
                    found[name, days] = error.rule

    assert found == {
        ("127.0.0.1", 30): 200,
        ("127.0.0.1", -30): "fetch.certificate",
        ("museum.example", 30): "fetch.certificate",
    }


@case(11)
def test_a_name_that_is_gone_withdraws_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harvesters.fetch.addresses.socket.getaddrinfo", _no_name)
    world.access(start=("http://museum.invalid/kita",))

    run = world.harvest()

    assert run.status is RunStatus.FAILED
    assert [issue.rule for issue in run.issues] == ["fetch.unknown_host"]
    assert world.untouched()


def _no_name(*_: Any, **__: Any) -> Any:
    raise OSError("no such name")


RUN: Final = """
import sys
from datetime import datetime
from pathlib import Path
from harvesters.run import harvest
from schemas.db import Database
from schemas.harvest import Source
from tests.harvesters.loopback import QUICK
url, source, now, folder = sys.argv[1:]
harvest(Database(url), Source.model_validate_json(source), settings=QUICK, now=datetime.fromisoformat(now),
        spool_dir=Path(folder))
"""


@case(12)
def test_a_run_that_is_killed_publishes_nothing_leaves_nobody_and_is_done_again(world: World, tmp_path: Path) -> None:
    world.show([offer | {"titel": f"Moortag {offer['id']}"} for offer in OFFERS])
    slow = world.entry if world.client == "httpx" else "/angebot/3"
    well, waiting = world.site.answers[slow], tmp_path / "spool"
    waiting.mkdir()
    world.site.answers[slow] = Answer(chunks=drip)
    given = (world.database.url.render_as_string(), world.source.model_dump_json(), (NOW + HOUR).isoformat())
    running = subprocess.Popen([sys.executable, "-c", RUN, *given, str(waiting)], cwd=HOME)
    wait_for(lambda: slow in world.site.paths())
    children = psutil.Process(running.pid).children(recursive=True)

    running.kill()
    running.wait()

    assert len(children) == (world.client == "scrapy")
    assert psutil.wait_procs(children, timeout=8)[1] == []
    assert [path.name for path in waiting.rglob("*") if path.suffix == ".ndjson"] == []
    assert world.untouched()
    world.site.answers[slow] = well
    later = world.harvest(5)
    assert (later.status, later.changed) == (RunStatus.COMPLETE, 10)


def drip() -> Iterator[bytes]:
    while True:
        yield b" "
        time.sleep(0.05)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


@case(13)
def test_a_run_that_is_cut_by_a_cap_is_not_complete(world: World) -> None:
    if world.client == "httpx":
        world.access(items="angebote", next="weiter", max_pages=3)
        for number in range(5):
            rows = {"angebote": OFFERS[number * 2 : number * 2 + 2], "weiter": f"/seite{number + 1}"}
            world.site.put(f"/seite{number}" if number else world.entry, json.dumps(rows))
    else:
        world.access(max_pages=7)

    run = world.harvest()

    assert (run.status, run.records, run.missing) == (RunStatus.INCOMPLETE, 6, 4)
    assert world.untouched()


@case(14)
def test_a_source_that_is_started_twice_is_read_once(world: World) -> None:
    with world.database.begin() as session:
        store.start_run(session, world.source.name, NOW + HOUR)

    with pytest.raises(StoreError, match="a run is going on"):
        world.harvest()

    assert world.site.asked == []


@case(15)
def test_a_source_that_was_down_for_a_month_comes_back_as_it_was(world: World) -> None:
    before = {key: offer.id for key, offer in world.offers().items()}
    well = dict(world.site.answers)
    world.everywhere(says("", 503))
    down = [world.harvest(24 * 7 * week) for week in (1, 4)]
    world.site.answers.update(well)

    run = world.harvest(24 * 7 * 5)

    assert {one.status for one in down} == {RunStatus.FAILED}
    assert (run.status, run.unchanged) == (RunStatus.COMPLETE, 10)
    assert {key: offer.id for key, offer in world.offers().items()} == before


@case(16, 34)
def test_dates_in_the_night_of_the_clock_change_and_over_new_year(world: World) -> None:
    spoken = {
        "n1": "28.3.2027, 1:30 Uhr",
        "n2": "31.10.2027, 2:30 Uhr",
        "n3": "31.12.2026",
        "n4": "1.1.2027, 10 Uhr",
        "n5": "12.–14. März 2027",
        "n6": "31.02.2027",
        "n7": "5.12.26, 10 Uhr",
        "n8": "28.3.2027, 2:30 Uhr",
    }
    world.show([offer | {"wann": spoken.get(offer["id"], "")} for offer in OFFERS])

    run = world.harvest()

    def days(key: str) -> list[str]:
        schedule = world.offers()[key].schedule
        found = schedule.occurrences if schedule else ()
        return [one.day.isoformat() for one in found]

    assert run.status is RunStatus.COMPLETE
    assert [days(f"n{n}") for n in (1, 2, 3, 4, 7)] == [
        ["2027-03-28"], ["2027-10-31"], ["2026-12-31"], ["2027-01-01"], ["2026-12-05"]
    ]  # fmt: skip
    assert days("n5")[0] == "2027-03-12"
    assert days("n6") == []
    assert "31.02" in "".join(issue.wording for issue in run.issues)
    assert set(days("n8")) <= {"2027-03-28"}, "02:30 does not exist that night"


# -- 17 to 28: who is who, and what people said -----------------------------------------------------------------------


@case(17, 18)
@pytest.mark.parametrize("same", ["n1", "TODO"])
def test_of_two_offers_with_one_id_the_first_is_kept_and_it_is_said(world: World, same: str) -> None:
    copies = [{"id": same, "titel": titled, "text": "Für Kita-Gruppen."} for titled in ("Eins", "Zwei", "Drei")]
    world.show([*OFFERS[2:], *copies])

    run = world.harvest()

    assert any(issue.rule.endswith((".same_key_twice", ".rows_differ")) and issue.remedy for issue in run.issues)
    assert world.offers()[same].title == "Eins"


@case(19)
def test_an_offer_with_another_title_date_and_address_is_the_same_offer(world: World) -> None:
    before = world.offers()["n1"].id
    changed = OFFERS[0] | {"titel": "Moortag eins", "wann": "7.12.2026", "pfad": "/angebot/moortag-eins"}
    world.show([changed, *OFFERS[1:]])

    run = world.harvest()

    assert (run.new, run.changed, run.missing) == (0, 1, 0)
    offer = world.offers()["n1"]
    assert (offer.id, offer.title) == (before, "Moortag eins")


@case(20)
def test_ids_that_were_all_renumbered_withdraw_nothing_without_a_person(world: World) -> None:
    world.show([offer | {"id": f"neu{offer['id']}"} for offer in OFFERS])

    runs = [world.harvest(hours) for hours in (1, 2)]

    assert [(run.missing, run.withdrawn) for run in runs] == [(10, 0), (10, 0)]
    with world.database.read() as session:
        assert sum(len(item.reviews) for item in held(session)) == 10


@case(24)
def test_an_offer_that_moves_between_pages_is_one_offer(world: World) -> None:
    if world.client == "httpx":
        world.access(items="angebote", next="weiter")
        world.site.put(world.entry, json.dumps({"angebote": OFFERS[:6], "weiter": "/seite2"}))
        world.site.put("/seite2", json.dumps({"angebote": OFFERS[5:]}))
    else:
        links = [f'<a class="angebot" href="/angebot/{number}">A</a>' for number in range(1, 11)]
        world.site.put(world.entry, f'<html>{"".join(links[:6])}<a class="weiter" href="/kita?s=2">w</a></html>')
        world.site.put("/kita?s=2", f"<html>{''.join(links[5:])}</html>")

    run = world.harvest()

    assert (run.status, run.records, run.issues) == (RunStatus.COMPLETE, 10, ())


@case(25, 26, 27, 28)
def test_what_people_said_outlives_what_the_source_does(world: World) -> None:
    first = world.offers()["n1"].id
    with world.database.begin() as session:
        correct(session, first, "duration_minutes", 55, by="Uta", now=NOW)
        correct(session, first, "title", "Waldtag mit Uta", by="Uta", now=NOW)

    world.show([OFFERS[0] | {"titel": "Moortag", "alter": "ab 5 Jahren"}, *OFFERS[1:]])
    world.harvest(1)
    changed = world.offers()["n1"]
    with world.database.read() as session:
        asked = [review.field for item in held(session) for review in item.reviews]
    world.show(OFFERS[1:])
    gone = [world.harvest(hours) for hours in (2, 3)]
    world.show(OFFERS)
    world.harvest(4)
    back = world.offers()["n1"]

    assert (changed.title, changed.duration_minutes) == ("Waldtag mit Uta", 55)
    assert changed.ages is not None and changed.ages.min_months == 60
    assert asked == ["title"]
    assert [run.withdrawn for run in gone] == [0, 1]
    assert (back.id, back.title, back.duration_minutes) == (first, "Waldtag mit Uta", 55)


# -- 29 to 36: dirty content ------------------------------------------------------------------------------------------

DIRTY: Final = (
    '{"@type": "Event", "name": "Waldtag", /* vom CMS */ "url": "/a", "offers": {"price": NaN},}',
    '<!-- {"@graph": [{"@type": ["Event", "Thing"], "name": "Seetag", "url": "/b"}]} -->',
    '{"@type": "Event", "name": "Moortag", "url": "/c", "x": ' + "9" * 6_000 + "}",
    '{"@type": "Event", "name": "Halb',
    '{"@type": "Event", "name": "Eins", "url": "/d"} {"@type": "Event", "name": "Zwei", "url": "/e"}',
)


@case(29)
def test_dirty_json_costs_only_itself(world: World) -> None:
    if world.client == "scrapy":
        world.access(kind=AccessKind.STRUCTURED, follow=None, next=None, key=None, fields={})
        scripts = [f'<script type="Application/LD+JSON; charset=utf-8">{script}</script>' for script in DIRTY]
        world.site.put(world.entry, f"<html>{''.join(scripts)}</html>")
        wanted = ["Waldtag", "Seetag", "Moortag", "Eins", "Zwei"]
    else:
        rows = json.dumps(OFFERS)[:-1] + ', {"id": "n11", "titel": "Seetag", "preis": NaN, "x": ' + "9" * 6_000 + "}]"
        world.site.put(world.entry, rows)
        wanted = ["Seetag"]

    run = world.harvest()

    found = [offer.title for offer in world.offers().values()]
    assert [title for title in wanted if title not in found] == []
    assert run.withdrawn == 0
    assert any(issue.rule.endswith((".repaired", ".broken_script")) for issue in run.issues)


@case(31)
@pytest.mark.parametrize(
    ("encoding", "claimed"), [("cp1252", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-8", "iso-8859-1"), ("latin-1", "")]
)
def test_encodings_that_are_claimed_wrongly_cost_no_umlaut(world: World, encoding: str, claimed: str) -> None:
    words = {"titel": "Führung für Größere", "text": "Wal\u00add\u00a0und Wiese"}
    world.show([OFFERS[0] | words, *OFFERS[1:]])
    charset = f"; charset={claimed}" if claimed else ""
    kind = "application/json" if world.client == "httpx" else "text/html"
    world.everywhere(
        lambda answer: Answer(
            answer.body.decode().replace("€", "Euro").encode(encoding), headers={"Content-Type": f"{kind}{charset}"}
        )
    )

    run = world.harvest()

    offer = world.offers()["n1"]
    assert run.status is RunStatus.COMPLETE
    assert (offer.title, offer.description) == ("Führung für Größere", "Wald und Wiese")


@case(35, 36)
def test_ages_and_prices_in_words(world: World) -> None:
    ages = {"n1": "ab 3 J.", "n2": "3–6", "n3": "U3", "n4": "18 Monate", "n5": "Krippe"}
    prices = {
        "n1": "50 Cent pro Kind", "n2": "2 € / erm. 1 €", "n3": "frei", "n4": "Spende erbeten",
        "n5": "Eintritt 3 € + 1,50 € Material",
    }  # fmt: skip
    world.show([o | {"alter": ages.get(o["id"], ""), "preis": prices.get(o["id"], "ab 3 Jahren 4 €")} for o in OFFERS])

    run = world.harvest()

    found = world.offers()
    assert run.status is RunStatus.COMPLETE
    months = {key: found[key].ages and (found[key].ages.min_months, found[key].ages.max_months) for key in ages}  # type: ignore[union-attr]
    assert {key: span[0] for key, span in months.items() if span and key in ("n1", "n2", "n3", "n4")} == {
        "n1": 36, "n2": 36, "n3": 0
    }  # fmt: skip
    assert "18 Monate" in [issue.wording for issue in run.issues], (
        "from when, or until when? It asks, and does not guess"
    )
    amounts = {key: found[key].price.amount_eur for key in ("n1", "n2", "n5", "n6")}
    assert amounts == {"n1": 0.5, "n2": 2.0, "n5": 3.0, "n6": 4.0}
    assert (found["n3"].price.model, found["n4"].price.model) == (PriceModel.FREE, PriceModel.DONATION)
    assert found["n5"].price.extra_eur == 1.5


# -- 37 to 50: attacks, and many at once ------------------------------------------------------------------------------

INSIDE: Final = (
    "http://127.0.0.1/", "http://[::1]/", "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/",
    "http://169.254.169.254/latest/meta-data", "http://10.0.0.7/", "http://localhost./", "http://2130706433/",
    "http://0x7f000001/", "http://127.1/", "http://museum.example:22/",
    "file:///etc/passwd", "data:text/html,x", "ftp://museum.example/", "https://u:geheim@museum.example/",
)  # fmt: skip


def looked_up(host: str, port: int) -> list[Address]:
    """As a resolver reads it, without asking one."""
    odd = {"localhost": "127.0.0.1", "localhost.": "127.0.0.1", "2130706433": "127.0.0.1", "0x7f000001": "127.0.0.1"}
    known = odd | {"127.1": "127.0.0.1", "museum.example": "93.184.216.34"}
    return [ip_address(known.get(host, host))]


@case(37)
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("address", INSIDE)
def test_what_leads_inside_is_refused_and_no_secret_is_repeated(client: str, address: str) -> None:
    with pytest.raises(ReadError) as caught:
        ask(client, address, STRANGER, looked_up)

    assert caught.value.rule == "fetch.refused"
    assert "geheim" not in f"{caught.value} {caught.value.issue()}"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("way", ["page", "robots.txt", "rebinding"])
def test_no_way_leads_inside(client: str, way: str, site: Site) -> None:
    address = site.put("/kita", "ok").replace("127.0.0.1", "museum.example")
    answers = iter(("127.0.0.1", "10.0.0.7"))

    def resolve(host: str, port: int) -> list[Address]:
        if host != "museum.example":
            return [ip_address(host)]
        return [ip_address(next(answers) if way == "rebinding" else "127.0.0.1")]

    if way != "rebinding":
        site.put("/kita" if way == "page" else "/robots.txt", status=302, Location="http://10.0.0.7/geheim")

    with pytest.raises(ReadError) as caught:
        ask(client, address, QUICK, resolve)

    assert caught.value.rule == "fetch.refused"


def test_scrapy_has_no_other_way_to_the_network() -> None:
    handlers = SCRAPY["DOWNLOAD_HANDLERS"]

    assert {scheme for scheme, handler in handlers.items() if handler} == {"http", "https"}
    assert {handlers["http"], handlers["https"]} == {"harvesters.fetch.scrapy_handler.GateHandler"}


@case(38)
def test_entities_neither_grow_nor_fetch(world: World) -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    outer = f'<!ENTITY x SYSTEM "{world.site.base}/geheim"><!ENTITY y SYSTEM "file:///etc/passwd">'
    head = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e0 "lol">{bomb}{outer}]>'
    if world.client == "httpx":
        world.access(kind=AccessKind.RSS, key=None, fields={})
        item = "<item><guid>n1</guid><title>Wald &e9; &x; &y;</title></item>"
        world.site.put(world.entry, f'{head}<rss version="2.0"><channel>{item}</channel></rss>')
    else:
        world.inside(lambda _: Answer(f"{head}<html><h1>Wald &e9; &x; &y;</h1><p class=id>n1</p></html>".encode()))
    begun = time.monotonic()

    run = world.harvest()

    assert time.monotonic() - begun < 8
    assert run.withdrawn == 0 and len(titles(world.database)) == 10
    assert "/geheim" not in world.site.paths()
    assert not any("root:" in offer.title or "lollol" in offer.title for offer in world.offers().values())


@case(39)
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_a_bomb_of_compressed_bytes_stops_at_the_limit(client: str, encoding: str, site: Site) -> None:
    address = site.put("/bombe", gzip.compress(b"\0" * 50_000_000), Content_Encoding=encoding)
    memory = psutil.Process().memory_info().rss

    with pytest.raises(ReadError) as caught:
        ask(client, address, replace(QUICK, max_decoded_bytes=1_000_000))

    assert caught.value.rule == ("fetch.too_large" if encoding == "gzip" else "fetch.encoding")
    assert psutil.Process().memory_info().rss - memory < 30_000_000


@case(41)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_body_without_end_ends(client: str, site: Site) -> None:
    site.answers["/tropf"] = Answer(chunks=drip)
    site.answers["/flut"] = Answer(chunks=lambda: iter(lambda: b"x" * 65_536, b""))
    begun = time.monotonic()

    found = []
    for path in ("/tropf", "/flut"):
        with pytest.raises(ReadError) as caught:
            ask(client, site.base + path, replace(QUICK, total_s=0.5, max_wire_bytes=1_000_000, attempts=1))
        found.append(caught.value.rule)

    assert found == ["fetch.timeout", "fetch.too_large"]
    assert time.monotonic() - begun < 5


def test_pages_without_end_and_the_year_9999_end(world: World) -> None:
    """41, where a site is read."""
    late = OFFERS[0] | {"wann": "31.12.9999"}
    if world.client == "httpx":
        world.access(items="angebote", next="weiter", max_pages=5)
        for number in range(9):
            rows = {"angebote": [late, *OFFERS[1:]], "weiter": f"/seite{number + 1}"}
            world.site.put(f"/seite{number}" if number else world.entry, json.dumps(rows))
    else:
        world.access(max_pages=15)
        world.show([late, *OFFERS[1:]])
        listing = world.site.answers[world.entry]
        assert isinstance(listing, Answer)
        for number in range(9):
            following = f'<a class="weiter" href="/kita?s={number + 1}">w</a></html>'.encode()
            path = f"/kita?s={number}" if number else world.entry
            world.site.put(path, listing.body.replace(b"</html>", following))

    run = world.harvest()

    assert (run.status, run.withdrawn) == (RunStatus.INCOMPLETE, 0)
    assert any(issue.rule.endswith("too_many_pages") for issue in run.issues)
    assert len(world.site.paths()) <= 16


@case(42)
def test_a_flood_of_repetitions_ends(world: World) -> None:
    if world.client == "httpx":
        lines = ["BEGIN:VCALENDAR"]
        for offer in OFFERS:
            event = [f"UID:{offer['id']}", f"SUMMARY:{offer['titel']}", "DTSTART:20270504T090000Z"]
            lines += ["BEGIN:VEVENT", *event, "RRULE:FREQ=SECONDLY", "END:VEVENT"]
        world.site.put(world.entry, "\r\n".join([*lines, "END:VCALENDAR", ""]))
        world.access(kind=AccessKind.ICAL, key=None, fields={})
    else:
        daily = {"repeatFrequency": "P1D", "startDate": "2027-05-04", "repeatCount": "999999999"}
        events = [{"@type": "Event", "@id": o["id"], "name": o["titel"], "eventSchedule": daily} for o in OFFERS]
        page = f'<html><script type="application/ld+json">{json.dumps(events)}</script></html>'
        world.site.put(world.entry, page)
        world.access(kind=AccessKind.STRUCTURED, follow=None, next=None, key=None, fields={})
    begun = time.monotonic()

    run = world.harvest()

    assert time.monotonic() - begun < 10
    assert (run.status, run.records) == (RunStatus.COMPLETE, 10)
    schedules = [offer.schedule for offer in world.offers().values()]
    assert all(schedule is None or len(schedule.occurrences) <= 1_000 for schedule in schedules)
    assert "schedule.rule_not_understood" in {issue.rule for issue in run.issues}


@case(43)
def test_text_made_to_hurt_ends(world: World) -> None:
    cruel = "Für Kita-Gruppen. " + ("ab " * 8_000 + "1" * 4_000 + " - " * 4_000 + "€ " * 4_000)[:45_000]
    if world.client == "httpx":
        deep = '{"a":' * 100_000 + "1" + "}" * 100_000
        offers = json.dumps([OFFERS[0] | {"text": cruel}, *OFFERS[1:]])[:-1]
        world.site.put(world.entry, f'{offers}, {{"id": "tief", "titel": "Tief", "x": {deep}}}]')
    else:
        world.show([OFFERS[0] | {"text": cruel}, *OFFERS[1:]])
        deep = "<div>" * 100_000
        world.site.put("/angebot/2", f"<html>{deep}<h1>Tief</h1>{'</div>' * 100_000}</html>")
    begun = time.monotonic()

    run = world.harvest()

    assert time.monotonic() - begun < 20
    assert run.withdrawn == 0 and len(titles(world.database)) >= 10


HOSTILE: Final = {
    "titel": "Wald\r\nBcc: alle@opfer.example <script>alert(1)</script>\x1b[31m",
    "text": "Komm! Frau Erna Muster, Tel. privat 0171 2345678 <img src='https://zaehler.example/p.gif' width=1>"
    "<a href='javascript:alert(1)'>klick</a>",
    "preis": "je nach\r\nX-Log: gefälscht\x1b[2J geheim",
}


@case(44, 45, 46)
def test_hostile_words_stay_words_and_private_ones_stay_out(world: World) -> None:
    world.show([OFFERS[0] | HOSTILE, *OFFERS[1:]])

    run = world.harvest()

    offer = world.offers()["n1"]
    shown = f"{offer.title} {offer.summary} {offer.description}"
    assert run.status is RunStatus.COMPLETE
    assert not re.search(r"[\r\n\x1b]", offer.title)
    assert "zaehler.example" not in shown and "javascript:" not in shown
    assert "0171" not in shown and "2345678" not in shown
    assert not any("\x1b" in issue.wording for issue in run.issues)


@case(47)
def test_names_that_lead_out_of_a_folder_lead_nowhere(world: World, tmp_path: Path) -> None:
    world.show([OFFERS[0] | {"id": "../../../etc/passwd"}, *OFFERS[1:]])
    folder = tmp_path / "spool"
    folder.mkdir()

    run = harvest(world.database, world.source, settings=QUICK, now=NOW + HOUR, spool_dir=folder)

    assert (run.status, run.new) == (RunStatus.COMPLETE, 1)
    assert list(folder.iterdir()) == []
    assert len(world.offers()) == 11 and all(offer.id.isalnum() for offer in world.offers().values())
    with pytest.raises(ValueError, match="snake_case"):
        make_source("../quelle")
    assert not is_safe_name("a/b")


@case(48)
def test_a_source_that_hangs_delays_no_other(world: World) -> None:
    world.site.answers["/haengt"] = Answer(chunks=drip)
    access = world.source.access.model_copy(update={"start": (f"{world.site.base}/haengt",)})
    hanging = world.source.model_copy(update={"name": "mv_haengt", "access": access})
    settings = replace(QUICK, total_s=6, attempts=1)

    ill, well = harvest_all(world.database, [hanging, world.source], settings=settings, now=NOW + HOUR)

    assert (ill.status, well.status) == (RunStatus.FAILED, RunStatus.COMPLETE)
    with world.database.read() as session:
        ended = {run.source: run.finished_at for run in store.runs(session, limit=2)}
    assert ended["mv_haengt"] - ended["mv_zwei"] > timedelta(seconds=2)  # type: ignore[operator]


@case(50)
def test_the_same_pages_give_the_same_bytes(world: World, tmp_path: Path) -> None:
    other = Database(f"sqlite:///{tmp_path / 'zweite.sqlite'}")
    upgrade(other)
    harvested(other, world.source)

    def stored(database: Database) -> list[Any]:
        with database.read() as session:
            return [
                session.execute(
                    select(table.c.key, table.c.part, table.c.fingerprint, table.c.data).order_by(table.c.id)
                ).all()
                for table in (records, source_offers)
            ]

    assert stored(world.database) == stored(other)
    other.dispose()
