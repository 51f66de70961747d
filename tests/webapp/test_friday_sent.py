"""The Friday mail as a coordinator gets it: over SMTP, below a sub-path, both parts read and every link followed."""

import re
import socket
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from lxml import html

from schemas.db import Database
from schemas.harvest import HarvestRun, RunStatus
from schemas.offer import Suitability
from schemas.store.kitas import save_kita
from schemas.store.runs import finish_run, save_source, start_run
from schemas.store.weeks import stopped
from schemas.vocabulary import Verdict
from tests.factories import make_kita, make_recipient, make_source, make_source_offer
from tests.webapp.site import COORDINATOR, HERE, REGION, Site, filled, post
from webapp.digest import Issuing
from webapp.friday import write_friday
from webapp.links import DeskLink
from webapp.mail.sender import Letters, Sending, send_due
from webapp.mail.transports import Relay

PORTAL = f"http://{HERE}/vg"
UNSURE = Suitability(verdict=Verdict.UNSURE, probability=0.5)


class Sink:
    """Keeps what an SMTP client hands over."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def handle_DATA(self, _server, _session, envelope):
        self.taken.append(envelope.content)
        return "250 OK"


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    """One Region below a sub-path, on the Friday before week 49."""
    folder = tmp_path / "installation"
    (folder / "regions").mkdir(parents=True)
    text = REGION.replace(f"http://{HERE}", PORTAL) + 'sender_mail = "post@kreis.example"\n'
    (folder / "regions" / "a.toml").write_text(text, encoding="utf-8")
    site = Site(database, folder)
    site.now += timedelta(days=4, hours=1)
    return site


@pytest.fixture
def letter(site: Site) -> EmailMessage:
    """What the relay took: a sick source, an unsure offer with a hostile title, a Kita with little to choose from."""
    with site.database.begin() as session:
        save_source(session, make_source("mv_wald", title="Wald & Wiese"), origin="file", now=site.now)
        number = start_run(session, "mv_wald", site.now)
        failed = {"finished_at": site.now, "status": RunStatus.FAILED, "message": "Die Seite gibt es nicht mehr."}
        run = HarvestRun(id=number, source="mv_wald", started_at=site.now)
        finish_run(session, run.model_copy(update=failed))
        save_kita(session, make_kita(recipients=(make_recipient(),)), now=site.now)
    site.harvest(make_source_offer(title="Löwenzahn <b>& Co</b>", kita_suitability=UNSURE))
    regions = site.app.extensions["kitalotse"].regions
    write_friday(site.database, Issuing(regions, site.links, PORTAL), friday=site.now, now=site.now)
    sink, sending = Sink(), Sending(regions=regions, links=site.links, default_base_url=PORTAL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        relay = Relay("127.0.0.1", port, security="none", timeout_s=5)
        report = send_due(site.database, relay, sending, lambda: site.now, ledger=Letters(sending))
    finally:
        controller.stop()
    assert report.sent == 1
    (content,) = sink.taken
    return message_from_bytes(content, policy=default)


def part(letter: EmailMessage, kind: str) -> str:
    found = letter.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def words(text: str) -> str:
    return " ".join(text.split())


def links(letter: EmailMessage) -> set[str]:
    return set(re.findall(r"https?://[^\s\"<>]+", part(letter, "plain")))


def test_both_parts_say_the_same_and_lead_to_the_same_pages(letter):
    plain, tree = part(letter, "plain"), html.fromstring(part(letter, "html"))
    shown = words(tree.text_content())
    lines = [re.sub(r"^(\d+\.|-) |:? *https?://\S+", "", line).strip() for line in plain.splitlines()]
    blocks = [words(each.text_content()) for each in tree.xpath("//h2 | //h3 | //li")]

    assert [line for line in lines if line not in ("", "--") and words(line) not in shown] == []
    assert [block for block in blocks if block not in words(plain)] == []
    assert {each for each in tree.xpath("//a/@href") if each.startswith("http")} == links(letter)
    assert "Löwenzahn <b>& Co</b>" in shown
    assert "Was war: Die Seite gibt es nicht mehr." in shown
    assert letter["To"] == "koordination@kreis.example"


def test_every_link_works_below_the_sub_path(site, letter):
    desk = site.client()
    sign_in = f"/vg/desk/anmelden/{site.links.desk(DeskLink('13075', COORDINATOR), now=site.now)}"
    assert post(desk, sign_in, page=sign_in).status_code == 303
    found = links(letter)

    assert len(found) > 5
    assert {link for link in found if not link.startswith(f"{PORTAL}/")} == set()
    paths = {link.removeprefix(f"http://{HERE}") for link in found}
    assert {path: desk.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)


def test_the_week_is_stopped_by_the_button_alone(site, letter):
    (stop,) = {link.removeprefix(f"http://{HERE}") for link in links(letter) if "/anhalten/" in link}
    visitor = site.client()

    def by() -> str | None:
        with site.database.read() as session:
            found = stopped(session, "13075", "2026-W49")
        return found.by if found else None

    page = visitor.get(stop)
    visitor.head(stop)
    assert by() is None

    pressed = visitor.post(stop, data=filled(page.text, stop))

    assert pressed.status_code in (200, 303)
    assert by() == COORDINATOR
    visitor.get(stop)
    assert by() == COORDINATOR
