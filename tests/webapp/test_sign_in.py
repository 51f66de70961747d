"""Signing in by mail: the answer never says who is known, a link works once, limits hold."""

import re
from datetime import timedelta

import pytest

from schemas.store.letters import LetterEntry, letters_of
from schemas.store.work import due_work
from tests.webapp.site import COLLEAGUE, COORDINATOR, THERE, Site, post
from webapp.links import DeskLink
from webapp.pages import sign_in
from webapp.pages.sign_in import MOST_A_VISITOR, MOST_AN_ADDRESS

MAIL = "koordination@kreis.example"


def ask(site: Site, mail: str, visitor: str = "192.0.2.7", **options):
    return site.client(**options).post(
        "/desk/anmelden", data={"mail": mail}, environ_overrides={"REMOTE_ADDR": visitor}
    )


def written(site: Site) -> list[LetterEntry]:
    with site.database.read() as session:
        return letters_of(session, kind="sign_in")


def link_in(letter: LetterEntry) -> str:
    found = re.search(r"http://kitalotse\.example(/desk/anmelden/\S+)", letter.text)
    assert found, letter.text
    return found[1]


def test_a_coordinator_gets_a_link_by_mail_and_is_in(both_sites):
    site = both_sites
    answer = ask(site, f" {MAIL.upper()} ")

    (letter,) = written(site)
    assert (answer.status_code, letter.address, letter.region) == (200, MAIL, "13075")
    assert letter.subject == "[Beispiel] Ihr Anmelde-Link für Kitalotse Vorpommern-Greifswald"
    assert link_in(letter) in letter.html
    with site.database.read() as session:
        assert len(due_work(session, now=site.now)) == 1, "a running schedule sends it at once"
    client = site.client()
    entered = post(client, link_in(letter), page=link_in(letter))
    assert entered.status_code == 303
    assert f"Angemeldet: {COORDINATOR}" in client.get("/desk/").text


def test_the_answer_is_the_same_byte_by_byte_whether_or_not_the_address_is_known(site):
    known, unknown = ask(site, MAIL), ask(site, "niemand@kreis.example")

    assert (known.status_code, known.data) == (unknown.status_code, unknown.data)
    assert dict(known.headers) == dict(unknown.headers)
    assert len(written(site)) == 1
    assert "Set-Cookie" not in known.headers


def test_an_unknown_address_costs_the_same_work(site, monkeypatch):
    calls: list[str] = []

    def noted(name, *, of):
        def call(*arguments, **options):
            calls.append(name)
            return of(*arguments, **options)

        return call

    for name in ("render_letter", "post"):
        monkeypatch.setattr(sign_in, name, noted(name, of=getattr(sign_in, name)))

    ask(site, MAIL)
    for_known, calls[:] = [*calls], []
    ask(site, "niemand@kreis.example")

    assert calls == for_known == ["render_letter", "post"]


def test_a_coordinator_of_one_region_gets_no_link_for_another(site):
    ask(site, MAIL, host=THERE)
    assert written(site) == []

    ask(site, "koordination@kiel.example", host=THERE)
    (letter,) = written(site)
    assert letter.region == "01002"
    assert COLLEAGUE in letter.text
    assert "http://kiel.example/desk/anmelden/" in letter.text


def test_what_is_no_address_is_said_beside_the_field_and_kept(site):
    answer = ask(site, "koordination")

    assert answer.status_code == 400
    assert 'value="koordination"' in answer.text
    assert 'aria-describedby="mail-problem"' in answer.text
    assert "Das ist keine Mailadresse" in answer.text


@pytest.mark.parametrize("mail", ["", "a" * 300 + "@kreis.example", "a@b\r\nBcc: c@d.example", "ä@kreis.example"])
def test_hostile_addresses_are_refused_and_nothing_is_written(site, mail):
    assert ask(site, mail).status_code == 400
    assert written(site) == []


def test_to_one_address_go_three_links_in_an_hour_and_the_answer_stays_the_same(site):
    answers = {ask(site, MAIL, f"192.0.2.{n}").data for n in range(MOST_AN_ADDRESS + 2)}

    assert len(answers) == 1
    assert len(written(site)) == MOST_AN_ADDRESS
    site.now += timedelta(hours=1)
    ask(site, MAIL)
    assert len(written(site)) == MOST_AN_ADDRESS + 1


def test_a_visitor_may_ask_ten_times_in_an_hour(site):
    for number in range(MOST_A_VISITOR):
        assert ask(site, f"wer{number}@kreis.example").status_code == 200

    refused = ask(site, MAIL)

    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "3600"
    assert "Bitte warten Sie eine Stunde" in refused.text
    assert ask(site, MAIL, "192.0.2.8").status_code == 200


def test_a_link_signs_in_once(site):
    path = f"/desk/anmelden/{site.links.desk(DeskLink('13075', COORDINATOR), now=site.now)}"
    client = site.client()
    assert client.get(path).status_code == 200, "looking at it, as mail scanners do, uses nothing up"
    assert post(client, path, page=path).status_code == 303

    thief = site.client()

    assert thief.get(path).status_code == 403
    assert "gilt nicht mehr" in thief.get(path).text
    other = f"/desk/anmelden/{site.links.desk(DeskLink('13075', COORDINATOR), now=site.now)}"
    token = re.search(r'name="csrf_token" value="([^"]+)"', thief.get(other).text)
    assert token is not None
    assert thief.post(path, data={"csrf_token": token[1]}).status_code == 403
    assert thief.get("/desk/").status_code == 403


def test_the_page_that_refuses_leads_to_the_sign_in(site):
    refused = site.client().get("/desk/")

    assert refused.status_code == 403
    assert 'href="/desk/anmelden"' in refused.text
    assert 'href="/desk/anmelden"' not in site.client().get("/nichts").text


def test_who_shares_an_address_gets_a_link_each(site):
    regions = site.app.extensions["kitalotse"].regions
    one = regions["13075"].coordinators[0]
    both = (one, one.model_copy(update={"name": "Vertretung"}))
    regions["13075"] = regions["13075"].model_copy(update={"coordinators": both})

    ask(site, MAIL)

    (letter,) = written(site)
    assert letter.text.count("/desk/anmelden/") == 2
    assert "Anmelden als Vertretung: " in letter.text
