"""Answers and unsubscribing by links of a mail: GET shows, POST acts, one click ends the mails (RFC 8058)."""

import re
from datetime import date, timedelta

import pytest
from lxml import html

from schemas.review import DecisionKind
from schemas.store.digests import ledger
from schemas.store.kitas import feedback_of, recipient_by_id, save_kita
from schemas.store.merging import merge
from schemas.store.reviews import decide
from schemas.vocabulary import Answered
from tests.factories import make_kita, make_recipient, make_source_offer
from tests.webapp.mail_setup import WEEK as NEXT
from tests.webapp.site import HERE, Household, Site
from webapp.digest import Issuing, prepare
from webapp.links import AnswerLink, UnsubscribeLink
from webapp.ranking import rank_week


@pytest.fixture
def offer(site: Site) -> str:
    return site.harvest(make_source_offer())[0]


@pytest.fixture
def home(site: Site, offer: str) -> Household:
    return site.settle(offers=[offer])


def answers(site: Site, home: Household) -> list[Answered]:
    with site.database.read() as session:
        return [given.feedback.answer for given in feedback_of(session, home.kita)]


@pytest.mark.parametrize("answer", list(Answered))
def test_get_shows_the_answer_and_post_keeps_it(site, home, offer, answer):
    client = site.client()
    path = home.answer(offer, answer)

    shown = client.get(path)
    before = answers(site, home)
    given = client.post(html.fromstring(shown.text).cssselect("main form")[0].get("action"))

    assert (shown.status_code, before) == (200, [])
    assert answer.label in shown.text
    assert "Danke!" in given.text
    assert answers(site, home) == [answer]


def test_head_like_mail_scanners_send_it_changes_nothing(site, home, offer):
    assert site.client().head(home.answer(offer)).status_code == 200
    assert site.client().head(home.unsubscribe).status_code == 200

    assert answers(site, home) == []


def test_a_word_why_and_a_month_are_kept(site, home, offer):
    site.client().post(home.answer(offer, Answered.LATER), data={"why": "  erst im Frühling \n", "later": "2027-03-01"})

    with site.database.read() as session:
        (given,) = feedback_of(session, home.kita)
    assert (given.feedback.why, given.feedback.later_from) == ("erst im Frühling", date(2027, 3, 1))


@pytest.mark.parametrize("later", ["gestern", "2020-01-01", "2027-03-02", "²", "9" * 4000])
def test_a_month_that_was_not_offered_counts_as_not_known(site, home, offer, later):
    response = site.client().post(home.answer(offer, Answered.LATER), data={"later": later, "why": "x" * 9000})

    with site.database.read() as session:
        (given,) = feedback_of(session, home.kita)
    assert response.status_code == 200
    assert (given.feedback.later_from, given.feedback.why) == (None, "x" * 500)


def test_answering_twice_keeps_one_answer_and_a_new_one_replaces_it(site, home, offer):
    client = site.client()
    client.post(home.answer(offer))
    client.post(home.answer(offer))
    once = answers(site, home)

    client.post(home.answer(offer, Answered.NOT_FOR_US))

    assert once == [Answered.INTERESTED]
    assert answers(site, home) == [Answered.NOT_FOR_US]


def test_an_answer_is_taken_back_by_the_page_that_thanked(site, home, offer):
    client = site.client()
    thanks = html.fromstring(client.post(home.answer(offer)).text)

    back = client.post(thanks.cssselect("main form")[0].get("action"))

    assert "gilt nicht mehr" in back.text
    assert answers(site, home) == []


def test_an_offer_that_is_gone_can_still_be_answered(site, home, offer):
    with site.database.begin() as session:
        decide(session, offer, DecisionKind.REJECT, by="x", now=site.now)

    asked = site.client().get(home.answer(offer))
    response = site.client().post(home.answer(offer))

    assert "<h1>Dieses Angebot gibt es nicht mehr</h1>" in asked.text
    assert f'href="/angebote/{offer}">Was stattdessen passen könnte' in asked.text
    assert "ein Angebot, das es nicht mehr gibt" in response.text
    assert answers(site, home) == [Answered.INTERESTED]


def test_an_offer_that_was_merged_is_answered_as_the_one_it_is_part_of_now(site):
    first, second = site.harvest(make_source_offer("a"), make_source_offer("b", title="Saurier"))
    home = site.settle(offers=[first, second])
    with site.database.begin() as session:
        kept = merge(session, first, second, by="x", now=site.now)

    pages = [site.client().get(home.answer(offer)).text for offer in (first, second)]

    assert all(f'href="/angebote/{kept}">Zum Angebot' in page for page in pages)
    assert not any("nicht mehr" in page for page in pages)


def test_every_link_of_a_mail_leads_to_the_surviving_offer_after_a_merge(site):
    harvested = site.harvest(make_source_offer("a"), make_source_offer("b", title="Waldtag mit der Försterin"))
    with site.database.begin() as session:
        save_kita(session, make_kita(recipients=(make_recipient(),)), now=site.now)
    rank_week(site.database, week=NEXT, now=site.now)
    issuing = Issuing(site.app.extensions["kitalotse"].regions, site.links, "http://localhost:8000")
    prepare(site.database, issuing, week=NEXT, now=site.now)
    with site.database.read() as session:
        (mail,) = ledger(session, week=NEXT)

    with site.database.begin() as session:
        kept = merge(session, *harvested, by="x", now=site.now)
    (lost,) = set(harvested) - {kept}

    client = site.client()
    moved = client.get(f"/angebote/{lost}")
    assert (moved.status_code, moved.location) == (301, f"/angebote/{kept}")
    links = re.findall(rf"http://{HERE}(/(?:angebote|antwort|kita)/\S+)", mail.text)
    assert {f"/angebote/{offer}" for offer in harvested} < set(links)
    for link in links:
        page = client.get(link, follow_redirects=True)
        assert page.status_code == 200
        assert "Dinosaurier entdecken" in page.text
        assert f"/angebote/{lost}" not in page.text


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_not_ours_is_a_page_that_says_what_to_do(site, home, offer, method):
    forged = [
        home.answer(offer)[:-2] + "xx",
        "/antwort/x",
        home.answer("oaaaaaaaaaaaaaaa"),
        f"/antwort/{site.links.answer(AnswerLink('andere', offer, Answered.BOOKED, '2026-W48'))}",
        f"/abmelden/{site.links.unsubscribe(UnsubscribeLink(99))}",
        f"/abmelden/{home.answer(offer).rpartition('/')[2]}",
    ]

    responses = [getattr(site.client(), method)(path) for path in forged]

    assert [response.status_code for response in responses] == [404] * len(forged)
    assert all("Dieser Link gilt nicht mehr" in response.text for response in responses)
    assert answers(site, home) == []


def test_answer_links_end_after_ninety_days_unsubscribing_never_does(site, home, offer):
    site.now += timedelta(days=91)

    assert site.client().get(home.answer(offer)).status_code == 404
    assert site.client().get(home.unsubscribe).status_code == 200


def wants_mail(site: Site, home: Household) -> bool:
    with site.database.read() as session:
        person = recipient_by_id(session, home.recipient)
    assert person is not None
    return person.wants_mail


def test_unsubscribing_asks_first_and_ends_on_the_button(site, home):
    client = site.client()

    shown = html.fromstring(client.get(home.unsubscribe).text)
    asked = wants_mail(site, home)
    done = client.post(shown.cssselect("main form")[0].get("action"))

    assert asked
    assert "leitung@kita.example" in shown.text_content()
    assert "keine Wochenmails mehr" in done.text
    assert not wants_mail(site, home)


def test_one_click_of_a_mail_program_ends_the_mails_without_token_cookie_or_redirect(site, home):
    for _ in range(2):
        response = site.client().post(home.unsubscribe, data={"List-Unsubscribe": "One-Click"})

        assert response.status_code == 200
        assert "Set-Cookie" not in response.headers

    assert not wants_mail(site, home)
    assert "keine Wochenmails mehr" in site.client().get(home.unsubscribe).text
