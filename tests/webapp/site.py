"""A small portal for tests: two Regions, a source each, offers, a Kita; a client per role. Time stands still."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from lxml import html

from schemas.db import Database
from schemas.harvest import HarvestRun, Normalised, RunStatus, Source
from schemas.identifiers import offer_id
from schemas.kita import Kita
from schemas.offer import SourceOffer
from schemas.recommendation import Digest, Reason, Recommendation, ScorePart
from schemas.store.harvest import Reading, fingerprint, save_readings
from schemas.store.kitas import recipients, save_kita, save_recommendations
from schemas.store.runs import finish_run, save_source, start_run
from schemas.vocabulary import Answered
from tests.factories import NOW, make_kita, make_recipient, make_record, make_source, make_source_offer
from webapp.app import create_app
from webapp.links import AnswerLink, DeskLink, KitaLink, Links, UnsubscribeLink
from webapp.settings import Settings, read_settings

SECRET = "x" * 40
WEEK = "2026-W48"
HERE, THERE = "kitalotse.example", "kiel.example"
COORDINATOR, COLLEAGUE = "Koordination Greifswald", "Koordination Kiel"
REGION = f"""
key = "13075"
name = "Vorpommern-Greifswald"
land = "MV"
base_url = "http://{HERE}"
coordinators = [{{ name = "{COORDINATOR}", mail = "koordination@kreis.example" }}]
"""
OTHER_REGION = f"""
key = "01002"
name = "Kiel"
land = "SH"
base_url = "http://{THERE}"
coordinators = [{{ name = "{COLLEAGUE}", mail = "koordination@kiel.example" }}]
"""
HOSTILE = '</script><script>alert(1)</script> "><img src=x onerror=alert(2)> {{ 7*7 }} \u202egnp.exe\u0000'


def settings_for(folder: Path, **variables: str) -> Settings:
    """Settings of an installation in ``folder``, with two Regions unless it has others."""
    regions = folder / "regions"
    if not regions.exists():
        regions.mkdir(parents=True)
        (regions / "a.toml").write_text(REGION, encoding="utf-8")
        (regions / "b.toml").write_text(OTHER_REGION, encoding="utf-8")
    return read_settings(
        {"KITALOTSE_DATA_DIR": str(folder), "KITALOTSE_SECRET_KEY": SECRET, "KITALOTSE_DEMO": "yes"} | variables
    )


class Reader(FlaskClient):
    """Asks one host; reads every response to its end and closes it, as a WSGI server does."""

    host = HERE

    def open(self, *args: Any, buffered: bool = True, **options: Any) -> Any:
        return super().open(*args, buffered=buffered, **{"base_url": f"http://{self.host}"} | options)


@dataclass
class Site:
    """The app on a database, at a moment that tests move."""

    database: Database
    folder: Path
    now: datetime = NOW
    links: Links = field(default_factory=lambda: Links(SECRET))
    source: Source = field(default_factory=make_source)

    def __post_init__(self) -> None:
        self.app: Flask = create_app(settings_for(self.folder), self.database, now=lambda: self.now)
        self.app.testing = True
        self.app.test_client_class = Reader

    def client(self, host: str = HERE) -> Reader:
        """Somebody with a browser at ``host``."""
        client = self.app.test_client()
        assert isinstance(client, Reader)
        client.host = host
        return client

    def coordinator(self, region: str = "13075") -> Reader:
        """A signed-in coordinator of that Region."""
        host, name = {"13075": (HERE, COORDINATOR), "01002": (THERE, COLLEAGUE)}[region]
        client = self.client(host)
        path = f"/desk/anmelden/{self.links.desk(DeskLink(region, name), now=self.now)}"
        assert post(client, path, page=path).status_code == 303
        return client

    def harvest(self, *offers: SourceOffer, source: Source | None = None, run: HarvestRun | None = None) -> list[str]:
        """One run of a source that shows ``offers`` and nothing else; gives their ids."""
        source = source or self.source
        with self.database.begin() as session:
            save_source(session, source, origin="file", now=self.now)
            number = start_run(session, source.name, self.now)
            save_readings(session, source, number, readings=[reading(offer) for offer in offers], now=self.now)
            ended = run or HarvestRun(source=source.name, started_at=self.now, records=len(offers), new=len(offers))
            status = RunStatus.COMPLETE if ended.status is RunStatus.RUNNING else ended.status
            ended = ended.model_copy(update={"id": number, "finished_at": self.now, "status": status})
            finish_run(session, ended)
        self.now += timedelta(minutes=1)
        return [offer_id(offer.origin.source, offer.origin.key, offer.origin.part) for offer in offers]

    def settle(self, kita: Kita | None = None, offers: Sequence[str] = ()) -> "Household":
        """A Kita with a confirmed recipient, to which ``offers`` are recommended this week."""
        kita = kita or make_kita(recipients=(make_recipient(),))
        with self.database.begin() as session:
            save_kita(session, kita, now=self.now)
            (person, *_) = recipients(session, kita.id)
            ranked = [recommendation(kita.id, offer, rank) for rank, offer in enumerate(offers, 1)]
            digest = Digest(week=WEEK, kita=kita.id, recommendations=tuple(ranked), ranked_on=self.now.date())
            save_recommendations(session, [digest])
        return Household(kita.id, person.id, self.links)


@dataclass(frozen=True)
class Household:
    """A Kita's links, as its mail has them."""

    kita: str
    recipient: int
    links: Links

    @property
    def page(self) -> str:
        return f"/kita/{self.links.kita(KitaLink(self.kita, self.recipient, 0), week=WEEK)}"

    def answer(self, offer: str, answer: Answered = Answered.INTERESTED) -> str:
        return f"/antwort/{self.links.answer(AnswerLink(self.kita, offer, answer, WEEK))}"

    @property
    def unsubscribe(self) -> str:
        return f"/abmelden/{self.links.unsubscribe(UnsubscribeLink(self.recipient))}"


def reading(offer: SourceOffer) -> Reading:
    """``offer`` as the normaliser would hand it over, with a Record that says the same."""
    said = make_record(offer.origin.key, source=offer.origin.source, text=offer.fields.model_dump_json())
    record = said.model_copy(update={"title": offer.fields.title, "origin": offer.origin})
    return Reading(record, fingerprint(record), Normalised(offer=offer), "1")


def recommendation(kita: str, offer: str, rank: int) -> Recommendation:
    """A recommendation with two parts, a reason and a caution."""
    return Recommendation(
        kita=kita,
        offer=offer,
        rank=rank,
        score=2.5,
        group="Wolkengruppe",
        parts=(
            ScorePart(name="age", value=1.0, weight=2.0, words="passt ganz"),
            ScorePart(name="way", value=0.2, weight=2.5),
        ),
        reasons=(
            Reason(code="age.covers", text="passt für alle Kinder der Wolkengruppe"),
            Reason(code="price.unknown", text="bitte nach dem Preis fragen", caution=True),
        ),
        distance_km=3.2,
        cost_per_child_eur=2.5,
    )


def other_source() -> Source:
    """A trusted source of the other Region."""
    return make_source("sh_kieler_museum", region="01002", title="Kieler Museum")


def make_other_offer(**fields: Any) -> SourceOffer:
    """An offer of the other Region."""
    return make_source_offer("kiel", source="sh_kieler_museum", title="Kieler Sprotten", **fields)


def csrf_token(page: str) -> str:
    """The token in the first form of a page of the desk."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, "the page has no form with a token"
    return found[1]


def post(client: FlaskClient, path: str, *, page: str, **data: Any) -> Any:
    """Submit a form of the desk as the browser does: one that ``page`` has, with what is hidden in it."""
    return client.post(path, data=filled(client.get(page).get_data(as_text=True), path, **data))


def filled(page: str, path: str, **data: Any) -> dict[str, Any]:
    """What a browser sends for the form of ``page`` that posts to ``path``: what stands hidden in it, and ``data``.

    Offers are ticked by their ids.
    """
    tree = html.fromstring(page)
    form = next((form for form in tree.forms if form.get("action") == path), None)
    assert form is not None, f"the page has no form that posts to {path}"
    hidden = {str(each.get("name")): each.get("value") for each in form.cssselect("input[type=hidden]")}
    if "offer" in data:
        shown = {str(each.get("value")) for each in tree.cssselect("input[name=offer]")}
        wanted = [data["offer"]] if isinstance(data["offer"], str) else data["offer"]
        data["offer"] = [value for offer in wanted for value in shown if value.startswith(offer)]
    return hidden | data
