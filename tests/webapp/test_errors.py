"""What is said when something goes wrong: German, what to do next, and nothing that somebody typed is lost."""

import re
from typing import Any

import pytest
from flask import abort, request
from lxml import html
from structlog.testing import capture_logs
from werkzeug.exceptions import SecurityError, default_exceptions

from schemas.exceptions import StoreError, Superseded
from tests.factories import make_source, make_source_offer
from tests.webapp.site import Reader, Site
from webapp.access import Who, who
from webapp.app import csrf

TYPED = "Wir graben nach Knochen & <b>Scherben</b>.\nBitte Gummistiefel mitbringen."
ENGLISH = re.compile(r"\b(?:the|is|not|you|your|error|request|server|reload|browser \(or)\b", re.IGNORECASE)
OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def failing(site: Site) -> Site:
    """A site with addresses that end in any way."""
    site.app.testing = False

    @site.app.route("/ende/<code>", methods=["GET", "POST"])
    @who(Who.EVERYBODY)
    def end(code: str) -> str:
        match code:
            case "store":
                raise StoreError("offer oabc is not known; reload the desk")
            case "superseded":
                raise Superseded("action 7: something was decided later; take that back first")
            case "crash":
                raise ZeroDivisionError("division by zero")
            case "missing":
                return str(request.form["gibt_es_nicht"])
            case "host":
                raise SecurityError("Host 'x' is not trusted.")
            case "own":
                abort(404, "Diesen Anbieter gibt es hier nicht.")
            case _:
                abort(int(code))

    csrf.exempt(end)
    return site


def words(page: str) -> str:
    (main,) = html.fromstring(page).cssselect("main")
    return " ".join(main.text_content().split())


CODES = sorted(code for code in default_exceptions if code >= 400)


@pytest.mark.parametrize("code", [*map(str, CODES), "store", "superseded", "crash", "missing", "host"])
def test_every_end_is_told_in_german_with_a_next_step(failing, code):
    answer = failing.client().get(f"/ende/{code}")

    said = words(answer.text)
    status = {"store": 409, "superseded": 409, "crash": 500, "missing": 400, "host": 400}
    assert answer.status_code == status.get(code) or str(answer.status_code) == code
    assert ENGLISH.findall(said) == []
    assert "bitte" in said.lower() or "Vielleicht" in said
    assert "Zu den Angeboten" in said


def test_a_page_that_says_why_in_its_own_words_keeps_them(failing):
    assert "Diesen Anbieter gibt es hier nicht." in words(failing.client().get("/ende/own").text)


def test_only_what_went_wrong_here_is_said_to_have_gone_wrong_here(failing):
    said = {code: words(failing.client().get(f"/ende/{code}").text) for code in CODES}

    assert {code for code in CODES if "im Protokoll" in said[code]} == {code for code in CODES if code >= 500}


def test_why_the_store_refuses_stands_in_the_log_alone(failing):
    with capture_logs() as logs:
        answer = failing.client().get("/ende/store")

    assert "oabc" not in answer.text
    assert [(each["event"], each["path"], each["error"]) for each in logs if each["event"] == "store.refused"] == [
        ("store.refused", "/ende/store", "offer oabc is not known; reload the desk")
    ]


@pytest.mark.parametrize("code", ["400", "403", "404", "409", "429", "500", "store", "superseded", "crash"])
def test_what_was_written_can_be_copied_from_the_page_that_says_what_is_wrong(failing, code):
    data = {"description": TYPED, "title": "Dinos ausgraben", "price": "", "kind": "visit", "csrf_token": "a b c"}

    answer = failing.client().post(f"/ende/{code}", data=data, headers=OURS)

    (kept,) = html.fromstring(answer.text).cssselect("textarea[readonly]")
    assert kept.text.lstrip("\n").replace("\r\n", "\n") == f"{TYPED}\n\nDinos ausgraben"
    assert "<b>" not in answer.text


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}])
def test_what_another_site_sent_is_not_shown_as_ours(failing, headers):
    answer = failing.client().post("/ende/400", data={"text": "Rufen Sie sofort an: 0900 1"}, headers=headers)

    assert "0900" not in answer.text


def test_what_is_too_large_to_be_read_is_not_read_to_be_shown(failing):
    answer = failing.client().post("/ende/400", data={"text": "lang " * 600_000}, headers=OURS)

    assert answer.status_code in (400, 413)
    assert html.fromstring(answer.text).cssselect("textarea") == []


def signed_out(site: Site, desk: Reader, path: str, page: str, **data: Any) -> Any:
    """A form that was open while its coordinator was signed out."""
    (form,) = [form for form in html.fromstring(desk.get(page).text).forms if form.get("action") == path]
    hidden = {each.get("name"): each.get("value") for each in form.cssselect("input[type=hidden]")}
    desk.delete_cookie("kitalotse_desk", domain=desk.host, path="/desk")
    return desk.post(path, data=hidden | data, headers=OURS)


def test_a_coordinator_who_was_signed_out_while_typing_loses_nothing(site):
    (offer,) = site.harvest(make_source_offer(), source=make_source())
    page, desk = f"/desk/angebote/{offer}", site.coordinator()

    answer = signed_out(site, desk, f"{page}/korrigieren/description", page, description=TYPED)

    assert "Sie sind nicht mehr angemeldet" in answer.text
    assert "Gummistiefel" in answer.text
    assert "Anmelde-Link anfordern" in answer.text
    assert ENGLISH.findall(words(answer.text)) == []
