""" "Fehler melden": what a visitor says lies on the desk, and nothing about the visitor is kept."""

import pytest
from lxml import html
from sqlalchemy import select

from schemas.review import DecisionKind, ReviewKind
from schemas.store.reviews import decide
from schemas.store.suggestions import MAX_OPEN, suggestions_of
from schemas.tables.reviews import reviews
from tests.factories import make_source_offer
from tests.webapp.site import HOSTILE, Site
from webapp.limits import HONEYPOT
from webapp.pages.reports import MOST


@pytest.fixture
def offer(site: Site) -> str:
    return site.harvest(make_source_offer())[0]


def said(site: Site, offer: str) -> list[tuple[str | None, str]]:
    with site.database.read() as session:
        return [(one.field, one.words) for one in suggestions_of(session, [offer])]


def test_what_a_visitor_reports_lies_on_the_desk(site, offer):
    response = site.client().post(f"/angebote/{offer}/melden", data={"feld": "price", "text": "Kostet jetzt 3 €."})

    assert (response.status_code, response.location) == (303, f"/angebote/{offer}/melden/danke")
    assert "Danke" in site.client().get(response.location).text
    assert said(site, offer) == [("price", "Kostet jetzt 3 €.")]
    with site.database.read() as session:
        kinds = session.scalars(select(reviews.c.kind).where(reviews.c.offer_id == offer)).all()
    assert ReviewKind.SUGGESTION in kinds
    assert "Set-Cookie" not in response.headers


def test_that_an_offer_is_gone_is_said_in_words(site, offer):
    site.client().post(f"/angebote/{offer}/melden", data={"feld": "gone", "text": "Haus ist zu."})

    assert said(site, offer) == [(None, "Das Angebot gibt es nicht mehr: Haus ist zu.")]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"feld": "price", "text": ""}, "text"),
        ({"feld": "price", "text": "x" * 2500}, "text"),
        ({"feld": "geheim", "text": "Der Preis stimmt nicht."}, "feld"),
    ],
)
def test_what_is_missing_is_asked_for_and_nothing_typed_is_lost(site, offer, data, field):
    response = site.client().post(f"/angebote/{offer}/melden", data=data)
    page = html.fromstring(response.text)

    assert response.status_code == 400
    assert page.cssselect("[role=alert] a")[0].get("href") == f"#{field}"
    assert page.get_element_by_id(field).get("aria-describedby") == f"problem-{field}"
    assert page.cssselect("textarea")[0].text_content().strip() == data["text"][:2001]
    assert said(site, offer) == []


def test_a_robot_hears_thanks_and_leaves_nothing(site, offer):
    data = {"text": "Billige Uhren", HONEYPOT: "https://spam.example"}

    assert site.client().post(f"/angebote/{offer}/melden", data=data).status_code == 303
    assert said(site, offer) == []


def test_nobody_reports_without_end(site, offer):
    client = site.client()
    answers = [client.post(f"/angebote/{offer}/melden", data={"text": f"Fehler {n}"}) for n in range(MOST + 1)]

    assert [answer.status_code for answer in answers] == [303] * MOST + [429]
    assert answers[-1].headers["Retry-After"] == "3600"
    assert f"Fehler {MOST}</textarea>" in answers[-1].text
    assert len(said(site, offer)) == MOST


def test_an_offer_with_many_reports_takes_no_more(site, offer):
    client = site.client()
    for n in range(MAX_OPEN):
        address = {"REMOTE_ADDR": f"192.0.2.{n}"}
        client.post(f"/angebote/{offer}/melden", data={"text": f"Fehler {n}"}, environ_overrides=address)

    refused = client.post(f"/angebote/{offer}/melden", data={"text": "Noch einer"})

    assert refused.status_code == 409
    assert "schon viele Hinweise" in refused.text
    assert len(said(site, offer)) == MAX_OPEN


def test_hostile_words_come_back_as_text(site, offer):
    response = site.client().post(f"/angebote/{offer}/melden", data={"feld": HOSTILE, "text": HOSTILE})

    assert response.status_code == 400
    assert "<script>" not in response.text


def test_what_is_gone_or_unknown_cannot_be_reported(site, offer):
    with site.database.begin() as session:
        decide(session, offer, DecisionKind.REJECT, by="x", now=site.now)
    client = site.client()

    assert client.get(f"/angebote/{offer}/melden").location == f"/angebote/{offer}"
    assert client.post(f"/angebote/{offer}/melden", data={"text": "Weg?"}).status_code == 303
    assert said(site, offer) == []
    assert client.get("/angebote/oaaaaaaaaaaaaaaa/melden").status_code == 404
