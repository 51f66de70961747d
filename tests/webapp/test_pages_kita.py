"""A Kita's page: opened by its signed link only; shows recommendations and answers, takes answers back."""

from datetime import timedelta

import pytest
from lxml import html

from schemas.review import DecisionKind
from schemas.store.kitas import feedback_of
from schemas.store.merging import merge
from schemas.store.reviews import decide
from schemas.vocabulary import Answered
from tests.factories import make_group, make_kita, make_recipient, make_source_offer
from tests.webapp.site import HOSTILE, WEEK, Site
from webapp.links import KitaLink


def test_recommendations_are_shown_with_their_reasons_and_the_parts_of_the_score_by_name(site):
    (offer,) = site.harvest(make_source_offer())
    home = site.settle(offers=[offer])

    page = html.fromstring(site.client().get(home.page).text)
    card = page.cssselect("ol.cards .card")[0]

    assert card.cssselect("h3")[0].text_content() == "Dinosaurier entdecken"
    assert [li.text_content() for li in card.cssselect(".reasons li")] == [
        "passt für alle Kinder der Wolkengruppe",
        "bitte nach dem Preis fragen",
    ]
    assert [th.text_content() for th in card.cssselect("tbody th")] == ["Alter: passt ganz", "Weg"]
    assert "etwa 3 km" in card.text_content()
    assert "3 bis 6 Jahre, 18 Kinder, 2 Erwachsene" in page.text_content()


def test_every_answer_can_be_given_from_the_page(site):
    (offer,) = site.harvest(make_source_offer())
    client = site.client()
    page = html.fromstring(client.get(site.settle(offers=[offer]).page).text)

    links = [a.get("href") for a in page.cssselect(".card .actions a")]

    assert len(links) == len(Answered)
    assert [client.get(link).status_code for link in links] == [200] * len(Answered)


def test_offers_that_are_no_longer_shown_are_left_out(site):
    kept, dropped = site.harvest(make_source_offer("a"), make_source_offer("b"))
    home = site.settle(offers=[dropped, kept])
    with site.database.begin() as session:
        decide(session, dropped, DecisionKind.REJECT, by="x", now=site.now)

    page = html.fromstring(site.client().get(home.page).text)

    assert [a.get("href") for a in page.cssselect("ol.cards h3 a")] == [f"/angebote/{kept}"]


def test_a_list_of_which_nothing_is_left_does_not_say_that_no_mail_came(site):
    (dropped,) = site.harvest(make_source_offer())
    home = site.settle(offers=[dropped])
    with site.database.begin() as session:
        decide(session, dropped, DecisionKind.REJECT, by="x", now=site.now)

    page = site.client().get(home.page).text

    assert "gibt es inzwischen nicht mehr" in page
    assert "keine Mail" not in page


def test_an_offer_that_was_merged_is_shown_once_as_what_it_is_part_of_now(site):
    first, second = site.harvest(make_source_offer("a"), make_source_offer("b", title="Saurier"))
    home = site.settle(offers=[second, first])
    with site.database.begin() as session:
        kept = merge(session, first, second, by="x", now=site.now)

    page = html.fromstring(site.client().get(home.page).text)

    assert [a.get("href") for a in page.cssselect("ol.cards h3 a")] == [f"/angebote/{kept}"]


def test_a_week_without_recommendations_says_why_no_mail_came(site):
    assert "nichts dabei" in site.client().get(site.settle().page).text


def test_a_given_answer_is_shown_and_taken_back_without_a_cookie(site):
    (offer,) = site.harvest(make_source_offer())
    home = site.settle(offers=[offer])
    client = site.client()
    client.post(home.answer(offer, Answered.BOOKED))

    form = html.fromstring(client.get(home.page).text).cssselect("li.row form")[0]
    back = client.post(form.get("action"))

    assert (back.status_code, "Set-Cookie" in back.headers) == (303, False)
    assert "zurückgenommen" in client.get(back.headers["Location"]).text
    with site.database.read() as session:
        assert feedback_of(session, home.kita) == []
    assert client.post(form.get("action")).status_code == 404


def test_looking_changes_nothing_and_is_kept_by_nobody(site):
    (offer,) = site.harvest(make_source_offer())
    home = site.settle(offers=[offer])

    response = site.client().get(home.page)

    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["X-Robots-Tag"] == "noindex"
    assert "ETag" not in response.headers
    with site.database.read() as session:
        assert feedback_of(session, home.kita) == []


@pytest.mark.parametrize(
    "link",
    [KitaLink("kita_wolke", 99, 0), KitaLink("kita_wolke", 1, 1), KitaLink("andere", 1, 0)],
    ids=["unknown recipient", "withdrawn link", "another Kita"],
)
def test_a_link_for_anything_else_opens_nothing(site, link):
    site.settle()

    response = site.client().get(f"/kita/{site.links.kita(link, week=WEEK)}")

    assert response.status_code == 403
    assert "Dieser Link gilt nicht mehr" in response.text


def test_links_end_and_forged_ones_never_begin(site):
    home = site.settle()
    assert site.client().get(home.page).status_code == 200

    assert site.client().get(home.page[:-2] + "xx").status_code == 403
    assert site.client().get("/kita/" + "a" * 5000).status_code == 403
    site.now += timedelta(days=91)
    assert site.client().get(home.page).status_code == 403


def test_an_old_link_is_called_an_old_link_and_the_page_says_where_a_new_one_is(site):
    (offer,) = site.harvest(make_source_offer())
    home = site.settle(offers=[offer])
    site.now += timedelta(days=91)

    for path, status in ((home.page, 403), (home.answer(offer), 404)):
        response = site.client().get(path)
        page = html.fromstring(response.text)
        words = page.cssselect("main")[0].text_content()

        assert response.status_code == status
        assert page.cssselect("h1")[0].text_content() == "Dieser Link gilt nicht mehr"
        assert "90 Tage" in words
        assert "neuesten Wochenmail" in words
        assert "Koordination" in words
        assert "Anmeld" not in words


def test_one_kita_cannot_take_back_what_another_said(site):
    (offer,) = site.harvest(make_source_offer())
    home = site.settle(offers=[offer])
    other = site.settle(make_kita("kita_meer", recipients=(make_recipient("meer@kita.example"),)))
    site.client().post(home.answer(offer))

    response = site.client().post(f"{other.page}/antwort/1/zuruecknehmen")

    assert response.status_code == 404
    with site.database.read() as session:
        assert len(feedback_of(session, home.kita)) == 1


def test_hostile_names_are_shown_as_text(site):
    (offer,) = site.harvest(make_source_offer(title=HOSTILE))
    kita = make_kita(name=HOSTILE[:200], groups=(make_group(HOSTILE[:120]),), recipients=(make_recipient(),))
    home = site.settle(kita, offers=[offer])
    site.client().post(home.answer(offer))

    page = html.fromstring(site.client().get(home.page).text)

    assert list(page.iter("script")) == []
    assert page.cssselect("[onerror]") == []


def test_works_on_both_databases(both_sites):
    (offer,) = both_sites.harvest(make_source_offer())
    home = both_sites.settle(offers=[offer])
    client = both_sites.client()

    assert client.post(home.answer(offer)).status_code == 200
    assert "Interessant" in client.get(home.page).text
    assert client.post(f"{home.page}/antwort/1/zuruecknehmen").status_code == 303


def test_a_kita_of_another_installation_sees_nothing_here(site):
    elsewhere: Site = site
    home = elsewhere.settle()
    stranger = type(home)(home.kita, home.recipient, type(home.links)("y" * 40))

    assert site.client().get(stranger.page).status_code == 403
