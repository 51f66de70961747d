"""The week ahead on the desk: what each Kita would get, each mail as it would be, and stopping the week."""

import re
from datetime import timedelta

import lxml.html
import pytest

from schemas.offer import Suitability
from schemas.store.digests import DigestState, ledger
from schemas.store.kitas import digest_of, save_kita
from schemas.store.ledger import mark_unsure
from schemas.store.letters import claim_letter
from schemas.store.weeks import stop_week, stopped, undo_stop
from schemas.store.work import claim_work, due_work
from schemas.vocabulary import Verdict
from tests.factories import make_kita, make_recipient, make_source_offer
from tests.webapp.mail_setup import ObedientTransport
from tests.webapp.site import COORDINATOR, HOSTILE, SECRET, THERE, Site, csrf_token, post
from webapp.digest import Issuing, prepare
from webapp.jobs import JOBS, Task
from webapp.links import Links, WeekLink
from webapp.mail.letters import post as post_letter
from webapp.mail.render import Rendered
from webapp.mail.sender import Sending, send_due
from webapp.ranking import rank_week
from webapp.weeks import mailed_at, week_ahead

FRIDAY = timedelta(days=4, hours=1)
MONDAY = timedelta(days=7)
NEXT = "2026-W49"
UNSURE = Suitability(verdict=Verdict.UNSURE, probability=0.5)


@pytest.fixture
def friday(both_sites: Site) -> Site:
    """A site on the Friday before week 49 with an offer and two Kitas; one wants the mail."""
    site = both_sites
    site.now += FRIDAY
    with site.database.begin() as session:
        save_kita(session, make_kita("kita_nah", name="Kita Nah", recipients=(make_recipient(),)), now=site.now)
        save_kita(session, make_kita("kita_still", name="Kita Still"), now=site.now)
    site.harvest(make_source_offer())
    return site


def issuing(site: Site) -> Issuing:
    return Issuing(site.app.extensions["kitalotse"].regions, Links(SECRET), "http://localhost:8000")


def monday(site: Site, *, week: str = NEXT) -> ObedientTransport:
    """What the jobs of Monday do; gives what was sent."""
    rank_week(site.database, week=week, now=site.now, missing_only=True)
    prepare(site.database, issuing(site), week=week, now=site.now)
    return send(site)


def send(site: Site) -> ObedientTransport:
    relay, how = ObedientTransport(), issuing(site)
    send_due(site.database, relay, Sending(how.regions, how.links, how.default_base_url), lambda: site.now)
    return relay


def rows(html: str) -> dict[str, str]:
    """Rows of the first table by the Kita they are about."""
    table = lxml.html.fromstring(html).xpath("//table")[0]
    found = {}
    for row in table.xpath(".//tbody/tr"):
        name = row.xpath("string(th/a)")
        found[name] = " ".join(row.text_content().split())
    return found


# -- looking ----------------------------------------------------------------------------------------------------------


def test_the_week_ahead_names_each_kita_with_its_offers_and_why_not_more(friday):
    friday.harvest(
        make_source_offer(),
        make_source_offer("teuer", title="Zu teuer", price={"model": "per_child", "amount_eur": 90}),
    )

    page = friday.coordinator().get("/desk/woche").text

    assert "Woche vom 30. November 2026" in page
    assert "1 Wochenmail hinaus" in page
    shown = rows(page)
    assert "Dinosaurier entdecken" in shown["Kita Nah"]
    assert "weniger als 3" in shown["Kita Nah"]
    assert "teurer als der Rahmen der Kita: 1" in shown["Kita Nah"]
    assert "niemand hat zugestimmt" in shown["Kita Still"]
    assert "niemand hat zugestimmt" not in shown["Kita Nah"]


def test_what_is_shown_is_what_monday_sends_and_looking_stores_nothing(friday):
    desk = friday.coordinator()
    shown = rows(desk.get("/desk/woche").text)["Kita Nah"]
    preview = desk.get("/desk/woche/kita_nah").text
    with friday.database.read() as session:
        assert digest_of(session, "kita_nah") is None

    friday.now += MONDAY - FRIDAY
    (mail,) = monday(friday).taken

    assert "Dinosaurier entdecken" in shown
    assert str(mail["Subject"]) in preview
    text = mail.get_body(("plain",)).get_content()
    seen = lxml.html.fromstring(preview).xpath("string(//pre)")
    assert without_tokens(seen) == without_tokens(text)


def without_tokens(text: str) -> list[str]:
    return re.sub(r"/(antwort|kita|abmelden)/\S+", r"/\1/…", text).split()


def test_a_coordinator_cannot_answer_for_a_kita_from_the_preview(friday):
    desk = friday.coordinator()
    html = desk.get("/desk/woche/kita_nah/html").text

    answers = set(re.findall(r'href="http://kitalotse\.example(/(?:antwort|kita|abmelden)/[^"]+)"', html))

    assert len(answers) > 3
    assert {desk.get(link).status_code for link in answers} <= {403, 404, 410}


def test_the_mail_is_fenced_in_and_its_page_stays_strict(friday):
    desk = friday.coordinator()
    page, frame = desk.get("/desk/woche/kita_nah"), desk.get("/desk/woche/kita_nah/html")

    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in frame.headers["Content-Security-Policy"]
    assert frame.headers["Cache-Control"] == "private, no-store"


def test_hostile_text_stays_text_in_table_preview_and_frame(friday):
    friday.harvest(make_source_offer(title=HOSTILE))
    with friday.database.begin() as session:
        save_kita(session, make_kita("kita_nah", name=f"Kita {HOSTILE}"), now=friday.now)
    desk = friday.coordinator()

    for path in ("/desk/woche", "/desk/woche/kita_nah", "/desk/woche/kita_nah/html"):
        document = lxml.html.fromstring(desk.get(path).text)
        assert document.xpath("//script | //*[@onerror] | //main//img | //body/img") == [], path


def test_a_kita_without_anything_fitting_gets_no_mail_and_the_page_says_so(friday):
    friday.harvest()
    friday.harvest(make_source_offer(kita_suitability=UNSURE))
    desk = friday.coordinator()

    assert "keine Mail" in rows(desk.get("/desk/woche").text)["Kita Nah"]
    assert "Sie bekäme keine Mail" in desk.get("/desk/woche/kita_nah").text
    assert desk.get("/desk/woche/kita_nah/html").status_code == 404


def test_only_this_week_and_the_next_can_be_looked_at(friday):
    desk = friday.coordinator()

    assert [desk.get(f"/desk/woche?woche={week}").status_code for week in ("2026-W48", NEXT, "2026-W50", "x", "")] == [
        200, 200, 404, 404, 404,
    ]  # fmt: skip


def test_another_region_sees_neither_kitas_nor_their_mails(friday):
    theirs = friday.coordinator("01002")

    assert "Kita Nah" not in theirs.get("/desk/woche").text
    assert theirs.get("/desk/woche/kita_nah").status_code == 404
    assert theirs.get("/desk/woche/kita_nah/html").status_code == 404


def test_mails_and_letters_in_doubt_are_shown(friday):
    friday.now += MONDAY - FRIDAY
    rank_week(friday.database, week=NEXT, now=friday.now)
    prepare(friday.database, issuing(friday), week=NEXT, now=friday.now)
    region = issuing(friday).regions["13075"]
    letter = Rendered("Ihr Anmelde-Link", "Text\n", "<p>Text</p>")
    with friday.database.begin() as session:
        post_letter(session, region, kind="x", dedupe="x:1", to="wer@kreis.example", mail=letter, now=friday.now)
        claimed = claim_letter(session, now=friday.now)
        assert claimed is not None
        mark_unsure(session, claimed, error="cut after the last byte")

    page = friday.coordinator().get("/desk/woche").text

    assert "Brief vom" in page
    assert "wer@kreis.example" in page
    assert "vielleicht verschickt" in page
    assert "wer@kreis.example" not in friday.coordinator("01002").get("/desk/woche").text


# -- stopping ---------------------------------------------------------------------------------------------------------


def test_a_stopped_week_is_neither_written_nor_sent_until_it_is_let_go(friday):
    desk = friday.coordinator()

    stopping = post(desk, "/desk/woche/anhalten", page="/desk/woche", week=NEXT)
    assert "Angehalten" in desk.get(stopping.headers["Location"]).text
    friday.now += MONDAY - FRIDAY
    assert monday(friday).taken == []
    with friday.database.read() as session:
        assert ledger(session, week=NEXT) == []

    desk = friday.coordinator()
    post(desk, "/desk/woche/doch", page=f"/desk/woche?woche={NEXT}", week=NEXT)
    with friday.database.read() as session:
        assert stopped(session, "13075", NEXT) is None
        assert len(due_work(session, now=friday.now)) == 1, "seven o'clock is over, so it is made up at once"
    assert len(monday(friday).taken) == 1


def test_a_stop_that_is_taken_back_before_monday_leaves_everything_to_monday(friday):
    desk = friday.coordinator()
    post(desk, "/desk/woche/anhalten", page="/desk/woche", week=NEXT)
    post(desk, "/desk/woche/doch", page="/desk/woche", week=NEXT)

    with friday.database.read() as session:
        assert due_work(session, now=friday.now) == []
    friday.now += MONDAY - FRIDAY
    assert len(monday(friday).taken) == 1


def test_what_is_written_and_not_sent_is_held_back_and_written_anew_with_what_was_corrected(friday, monkeypatch):
    friday.now += MONDAY - FRIDAY
    rank_week(friday.database, week=NEXT, now=friday.now)
    prepare(friday.database, issuing(friday), week=NEXT, now=friday.now)
    desk = friday.coordinator()
    post(desk, "/desk/woche/anhalten", page=f"/desk/woche?woche={NEXT}", week=NEXT)
    assert send(friday).taken == []

    friday.harvest(make_source_offer(title="Dinosaurier entdecken, verlegt"))
    friday.now += timedelta(hours=2)
    post(desk, "/desk/woche/doch", page=f"/desk/woche?woche={NEXT}", week=NEXT)

    with friday.database.begin() as session:
        work = claim_work(session, now=friday.now)
    assert work is not None
    assert (work.job, work.payload) == ("digest", {"again": True})
    monkeypatch.setattr("schemas.clock.now", lambda: friday.now)
    settings = friday.app.extensions["kitalotse"].settings
    result = JOBS["digest"].run(Task(friday.database, settings, work))
    assert (result["written"], result["sent"]) == (1, 1)
    with friday.database.read() as session:
        (entry,) = ledger(session, week=NEXT)
    assert entry.state is DigestState.SENT
    assert "Dinosaurier entdecken, verlegt" in entry.text


def test_what_was_sent_before_stays_sent_and_is_said(friday):
    friday.now += MONDAY - FRIDAY
    assert len(monday(friday).taken) == 1
    friday.now += timedelta(hours=2)
    desk = friday.coordinator()
    post(desk, "/desk/woche/anhalten", page=f"/desk/woche?woche={NEXT}", week=NEXT)

    page = desk.get(f"/desk/woche?woche={NEXT}").text

    assert "Vorher verschickt: 1." in page
    post(desk, "/desk/woche/doch", page=f"/desk/woche?woche={NEXT}", week=NEXT)
    assert monday(friday).taken == [], "never two"


def test_a_stop_holds_for_one_region_and_one_week(friday):
    with friday.database.begin() as session:
        there = make_kita("kita_kiel", region="01002", recipients=(make_recipient("leitung@kiel.example"),))
        save_kita(session, there, now=friday.now)
        assert stop_week(session, "01002", NEXT, by="x", now=friday.now)
        assert not stop_week(session, "01002", NEXT, by="y", now=friday.now)

    friday.now += MONDAY - FRIDAY
    (mail,) = monday(friday).taken
    assert mail["To"] == "leitung@kita.example"
    with friday.database.begin() as session:
        assert undo_stop(session, "01002", NEXT, by="y", now=friday.now)
        assert not undo_stop(session, "01002", NEXT, by="y", now=friday.now)
    (other,) = monday(friday).taken
    assert other["To"] == "leitung@kiel.example"


def test_mails_of_a_week_that_was_stopped_to_its_end_say_why_they_were_not_sent(friday):
    friday.now += MONDAY - FRIDAY
    rank_week(friday.database, week=NEXT, now=friday.now)
    prepare(friday.database, issuing(friday), week=NEXT, now=friday.now)
    with friday.database.begin() as session:
        stop_week(session, "13075", NEXT, by="x", now=friday.now)  # as if a mail was written at the same moment
    assert send(friday).taken == []

    friday.now += timedelta(days=7)
    send(friday)

    with friday.database.read() as session:
        (entry,) = ledger(session, week=NEXT)
    assert (entry.state, entry.error) == (DigestState.FAILED, "stopped by a coordinator for its week")


def test_opening_the_link_of_the_friday_mail_does_nothing_and_its_button_stops(friday):
    path = f"/anhalten/{friday.links.week(WeekLink('13075', COORDINATOR, NEXT))}"
    client = friday.client()
    for _ in range(2):
        assert "Wochenmails anhalten?" in client.get(path).text
    with friday.database.read() as session:
        assert stopped(session, "13075", NEXT) is None

    assert client.post(path).status_code == 303
    assert client.post(path).status_code == 303
    page = client.get(path).text
    assert "Angehalten" in page
    assert COORDINATOR in page
    assert "Set-Cookie" not in client.get(path).headers
    assert client.post(f"{path}/doch").status_code == 303
    with friday.database.read() as session:
        assert stopped(session, "13075", NEXT) is None


def test_the_link_ends_with_its_week_with_its_coordinator_and_in_its_region(friday):
    path = f"/anhalten/{friday.links.week(WeekLink('13075', COORDINATOR, NEXT))}"
    nobody = f"/anhalten/{friday.links.week(WeekLink('13075', 'Jemand', NEXT))}"

    assert friday.client(THERE).post(path).status_code == 403
    assert friday.client().post(nobody).status_code == 403
    friday.now += timedelta(days=9)
    assert friday.client().get(path).status_code == 200
    friday.now += timedelta(days=1)
    refused = friday.client().post(path)
    assert refused.status_code == 403
    assert "zu einer Woche, die vorbei ist" in refused.text


def test_a_week_that_cannot_be_stopped_is_refused(friday):
    desk = friday.coordinator()
    token = csrf_token(desk.get("/desk/woche").text)

    assert desk.post("/desk/woche/anhalten", data={"csrf_token": token, "week": "2027-W01"}).status_code == 404
    assert desk.post("/desk/woche/anhalten", data={"csrf_token": token}).status_code == 404


def test_the_week_that_comes_next_changes_when_its_mails_are_written():
    before, after = mailed_at(NEXT) - timedelta(seconds=1), mailed_at(NEXT)

    assert (week_ahead(before), week_ahead(after)) == (NEXT, "2026-W50")
