"""The coordinators' desk: what waits and why, and the forms that decide, correct, resolve and undo."""

from datetime import timedelta

import pytest
from lxml import html

from schemas.harvest import Drift, FillRates, HarvestRun, Issue, RunStatus
from schemas.offer import AgeRange, Price, Suitability
from schemas.review import ReviewKind
from schemas.store.digests import DigestState, claim_next, enter, ledger
from schemas.store.harvest import save_readings
from schemas.store.kitas import recipients, save_kita
from schemas.store.ledger import SENDER_DIED, mark_failed, mark_unsure
from schemas.store.offers import public_offer
from schemas.store.reviews import detail, hold_withdrawals
from schemas.store.runs import save_source, start_run
from schemas.vocabulary import PriceModel, Status, Verdict
from tests.factories import make_key, make_kita, make_recipient, make_source, make_source_offer
from tests.webapp.mail_setup import ledger_mail
from tests.webapp.site import COORDINATOR, HOSTILE, Reader, Site, make_other_offer, other_source, post
from webapp.links import DeskLink

UNSURE = Suitability(verdict=Verdict.UNSURE, probability=0.5, reasons=("nennt nur Familien",))


@pytest.fixture
def offer(site: Site) -> str:
    return site.harvest(make_source_offer())[0]


@pytest.fixture
def desk(site: Site) -> Reader:
    return site.coordinator()


def text_of(page: str) -> str:
    return " ".join(html.fromstring(page).text_content().split())


def held(page: str) -> list[str]:
    return [str(link.text_content()) for link in html.fromstring(page).cssselect("ol.held h2 a")]


def cells(page: str) -> list[list[str]]:
    return [[str(c.text_content()) for c in row] for row in html.fromstring(page).cssselect("tbody tr")]


def correct(desk: Reader, offer: str, field: str, **data: object):
    return post(desk, f"/desk/angebote/{offer}/korrigieren/{field}", page=f"/desk/angebote/{offer}", **data)


def offer_now(site: Site, offer: str):
    with site.database.read() as session:
        found = detail(session, offer)
    assert found is not None
    return found


def test_signing_in_needs_the_button_and_signing_out_ends_it(site):
    client = site.coordinator()
    inside = client.get("/desk/")

    post(client, "/desk/abmelden", page="/desk/")

    assert f"Angemeldet: {COORDINATOR}" in text_of(inside.text)
    assert client.get("/desk/").status_code == 403


def test_a_sign_in_link_ends_after_an_hour(site):
    client = site.client()
    path = f"/desk/anmelden/{site.links.desk(DeskLink('13075', COORDINATOR), now=site.now)}"
    assert client.get(path).status_code == 200

    site.now += timedelta(minutes=61)

    assert client.get(path).status_code == 403


def test_an_unsure_offer_waits_with_its_reason_and_is_accepted(site, desk):
    (offer,) = site.harvest(make_source_offer(kita_suitability=UNSURE))
    page = desk.get("/desk/offen").text
    assert held(page) == ["Dinosaurier entdecken"]
    assert "unklar (50 %): nennt nur Familien" in text_of(page)
    assert site.client().get(f"/angebote/{offer}").status_code == 404

    response = post(desk, f"/desk/angebote/{offer}/entscheiden", page=f"/desk/angebote/{offer}", kind="accept")

    assert response.status_code == 303
    assert "Angenommen." in desk.get(response.headers["Location"]).text
    assert held(desk.get("/desk/offen").text) == []
    assert site.client().get(f"/angebote/{offer}").status_code == 200


def test_a_button_pressed_twice_decides_once_so_that_one_undo_takes_it_back(site, desk, offer):
    address, page = f"/desk/angebote/{offer}/entscheiden", f"/desk/angebote/{offer}"
    post(desk, address, page=page, kind="reject")
    again = post(desk, address, page=page, kind="reject")

    assert "Das war schon so entschieden" in desk.get(again.headers["Location"]).text
    post(desk, "/desk/offen/zuruecknehmen/1", page=page)
    assert site.client().get(f"/angebote/{offer}").status_code == 200


def test_a_rejected_offer_is_hidden_everywhere_until_that_is_undone(site, desk, offer):
    post(
        desk,
        f"/desk/angebote/{offer}/entscheiden",
        page=f"/desk/angebote/{offer}",
        kind="reject",
        why="nur für Schulen",
    )
    hidden = site.client().get(f"/angebote/{offer}").status_code
    page = desk.get(f"/desk/angebote/{offer}").text

    post(desk, "/desk/offen/zuruecknehmen/1", page=f"/desk/angebote/{offer}")

    assert hidden == 410
    assert "Abgelehnt von Koordination Greifswald" in text_of(page)
    assert "nur für Schulen" in page
    assert site.client().get(f"/angebote/{offer}").status_code == 200


def test_a_correction_shows_at_once_outlives_the_harvest_and_is_undone(site, desk, offer):
    response = correct(desk, offer, "ages", min_months="36", max_months="59")
    assert response.status_code == 303
    assert "3 bis 4 Jahre" in site.client().get(f"/angebote/{offer}").text
    page = desk.get(f"/desk/angebote/{offer}").text
    assert "Die Quelle sagte: 4 bis 6 Jahre" in text_of(page)

    site.harvest(make_source_offer(duration_minutes=90))
    after_harvest = text_of(site.client().get(f"/angebote/{offer}").text)
    post(desk, "/desk/offen/zuruecknehmen/1", page=f"/desk/angebote/{offer}")

    assert "3 bis 4 Jahre" in after_harvest
    assert "90 Minuten" in after_harvest
    assert "4 bis 6 Jahre" in text_of(site.client().get(f"/angebote/{offer}").text)


@pytest.mark.parametrize(("take", "shown"), [("correction", "kostenfrei"), ("source", "9 € pro Kind")])
def test_a_conflict_shows_all_three_values_and_is_decided(site, desk, offer, take, shown):
    correct(desk, offer, "price", model="free")
    site.harvest(make_source_offer(price=Price(model=PriceModel.PER_CHILD, amount_eur=9)))
    page = desk.get(f"/desk/angebote/{offer}")
    facts = {
        dt.text_content(): dt.getnext().text_content() for dt in html.fromstring(page.text).cssselect(".message dt")
    }
    (review,) = offer_now(site, offer).reviews

    response = post(desk, f"/desk/offen/{review.id}", page=f"/desk/angebote/{offer}", take=take)

    assert facts == {
        "Quelle damals": "2,50 € pro Kind, Begleitpersonen frei",
        f"Korrektur von {COORDINATOR} (gilt)": "kostenfrei",
        "Quelle jetzt": "9 € pro Kind",
    }
    assert response.status_code == 303
    assert held(desk.get("/desk/offen").text) == []
    assert shown in text_of(site.client().get(f"/angebote/{offer}").text)


@pytest.mark.parametrize(("take", "status"), [("keep", 200), ("withdraw", 410)])
def test_a_vanished_offer_waits_and_is_kept_or_withdrawn(site, desk, offer, take, status):
    with site.database.begin() as session:
        number = start_run(session, site.source.name, site.now)
        save_readings(session, site.source, number, absent=[make_key()], now=site.now)
        hold_withdrawals(session, [offer], now=site.now)
    page = f"/desk/angebote/{offer}"
    (review,) = offer_now(site, offer).reviews
    assert review.kind is ReviewKind.WITHDRAWAL
    assert "Ohne Entscheidung bis 7. Dezember 2026: es wird zurückgezogen." in text_of(desk.get("/desk/offen").text)

    post(desk, f"/desk/offen/{review.id}", page=page, take=take)

    assert site.client().get(f"/angebote/{offer}").status_code == status
    assert held(desk.get("/desk/offen").text) == []


@pytest.mark.parametrize(
    ("field", "data", "problem"),
    [
        ("ages", {"min_months": "drei"}, "„drei“ ist keine Zahl."),
        ("ages", {"min_months": "60", "max_months": "36"}, "Das passt nicht zum Feld"),
        ("ages", {"min_months": "nan"}, "passt nicht"),
        ("duration_minutes", {"duration_minutes": "0"}, "Das passt nicht zum Feld"),
        ("price", {"amount_eur": "3"}, "Bitte wählen Sie, wie der Preis gezählt wird."),
        ("price", {"model": "per_child", "amount_eur": "1e999"}, "passt nicht"),
        ("title", {"title": "   "}, "Das passt nicht zum Feld"),
        ("place", {"postcode": "Greifswald"}, "Das passt nicht zum Feld"),
        ("schedule", {"kind": "on_request", "start": "halb neun"}, "ist keine Uhrzeit"),
        ("schedule", {"kind": "on_request", "until": "2026-02-30"}, "ist kein Datum"),
        ("summary", {"summary": "x" * 601}, "Das passt nicht zum Feld"),
    ],
)
def test_what_makes_no_sense_is_shown_again_and_changes_nothing(site, desk, offer, field, data, problem):
    before = offer_now(site, offer).offer

    response = correct(desk, offer, field, **data)
    page = html.fromstring(response.text)

    assert response.status_code == 400
    assert problem in page.cssselect("[role=alert]")[0].text_content()
    (opened,) = page.cssselect("details[open]")
    entered = {
        e.get("name"): e.text if e.tag == "textarea" else e.get("value") for e in opened.cssselect("input, textarea")
    }
    assert {name: entered.get(name) for name in data if name not in ("model", "kind")} == {
        name: value for name, value in data.items() if name not in ("model", "kind")
    }
    assert offer_now(site, offer).offer == before
    assert offer_now(site, offer).corrections == ()


def test_unknown_fields_kinds_and_numbers_are_refused(site, desk, offer):
    token = {"csrf_token": html.fromstring(desk.get("/desk/").text).cssselect("[name=csrf_token]")[0].get("value")}
    base = f"/desk/angebote/{offer}"

    statuses = {
        path: desk.post(f"{base}/{path}", data=token | {"kind": "publish", "take": "both"}).status_code
        for path in (
            "korrigieren/status",
            "korrigieren/id",
            "entscheiden",
            "../offen/zuruecknehmen/99",
            "../offen/zuruecknehmen/99999999999999999999",
            "trennen",
        )
    }

    assert statuses == {
        "korrigieren/status": 404,
        "korrigieren/id": 404,
        "entscheiden": 400,
        "../offen/zuruecknehmen/99": 404,
        "../offen/zuruecknehmen/99999999999999999999": 404,
        "trennen": 400,
    }


def test_undoing_twice_says_that_it_has_changed_meanwhile(site, desk, offer):
    correct(desk, offer, "ages", min_months="36")
    page = f"/desk/angebote/{offer}"
    path = "/desk/offen/zuruecknehmen/1"
    token = html.fromstring(desk.get(page).text).cssselect("[name=csrf_token]")[0].get("value")
    desk.post(path, data={"csrf_token": token})

    again = desk.post(path, data={"csrf_token": token})

    assert again.status_code == 409
    assert "inzwischen geändert" in again.text


def test_the_page_shows_the_words_of_the_source_and_the_evidence(desk, offer):
    page = text_of(desk.get(f"/desk/angebote/{offer}").text)

    assert "„Wortlaut zu ages“ – Regel ages.example, Sicherheit 90 %" in page
    assert "2,50 € pro Kind" in page
    assert "mv_beispielmuseum: Dinosaurier entdecken" in page


def test_runs_show_how_it_went_and_what_was_not_understood(site, desk):
    issue = Issue(
        field="price", wording="nach Absprache", rule="price.not_understood", where="museum.example/7",
        message="Der Preis wurde nicht verstanden.", remedy="Im Quelltext nachsehen.", count=3,
    )  # fmt: skip
    run = HarvestRun(
        source="mv_beispielmuseum", started_at=site.now, status=RunStatus.INCOMPLETE, records=1, issues=(issue,),
        message="Eine Seite fehlt.",
    )  # fmt: skip
    site.harvest(make_source_offer(), run=run)

    (source,) = cells(desk.get("/desk/quellen").text)
    (row,) = cells(desk.get("/desk/abrufe/mv_beispielmuseum").text)

    assert source[:3] == ["Beispielmuseum", "krank", "ohne Klick"]
    assert source[3].startswith("23. November 2026, 8:00 Uhr")
    assert source[4:] == ["unvollständigEine Seite fehlt.", "1"]
    assert row == [
        "Kosten",
        "nach Absprache 3-mal",
        "Der Preis wurde nicht verstanden.",
        "Im Quelltext nachsehen.",
        "museum.example/7",
    ]


def test_runs_show_what_their_offers_state_against_what_is_expected_and_was_found_before(site, desk):
    message = "„Alter“ wurde nur noch bei 10 % der Angebote gefunden, bisher waren es 90 %."
    lost = Drift(field="ages", rule="drift.filled", was=0.9, now=0.1, since=2, message=message, remedy="Nachsehen.")
    before = FillRates(reader="1", offers=20, filled={"ages": 18, "price": 10}, suitable={"yes": 20})
    now = FillRates(
        reader="1", offers=20, filled={"ages": 2, "price": 12}, suitable={"yes": 5, "no": 15}, drifts=(lost,)
    )
    source = make_source(expect={"filled": {"price": 0.6, "duration_minutes": 0.5}})
    for fill in (before, now, now):
        run = HarvestRun(source=source.name, started_at=site.now, status=RunStatus.COMPLETE, records=20, fill=fill)
        site.harvest(make_source_offer(), source=source, run=run)

    pages = [desk.get(path).text for path in ("/desk/abrufe/mv_beispielmuseum", "/desk/quellen/mv_beispielmuseum")]
    newest = cells(pages[0])[:3]
    (listed,) = cells(desk.get("/desk/quellen").text)

    assert newest == [
        ["Alter zu wenig", "2 von 20", "10 %", "10 %", "–"],
        ["Dauer", "0 von 20", "0 %", "0 %", "50 %"],
        ["Kosten", "12 von 20", "60 %", "60 %", "60 %"],
    ]
    assert ["Alter zu wenig", "2 von 20", "10 %", "90 %", "–"] in cells(pages[0])
    assert ["Alter", "18 von 20", "90 %", "–", "–"] in cells(pages[0])
    assert "Für Kita-Gruppen: 5 ja, 15 nein, 0 unklar" in pages[0]
    assert pages[0].count(f"Weiterhin: {message}") == 1
    assert f"{message} Nachsehen." in text_of(pages[1])
    assert listed[1] == "krank"
    assert listed[4] == f"vollständig{message}"
    assert "1 kranke Quelle" in text_of(desk.get("/desk/").text)


def test_a_source_that_was_never_read_says_so(site, desk):
    with site.database.begin() as session:
        save_source(session, make_source("mv_neu", title="Neue Quelle"), origin="desk", now=site.now)

    assert "Neue Quelle aktiv ohne Klick noch nie gelesen" in text_of(desk.get("/desk/quellen").text)
    assert desk.get("/desk/abrufe/mv_neu").status_code == 404


def test_no_region_sees_the_desk_of_another(site, desk):
    site.harvest(make_other_offer(kita_suitability=UNSURE), source=other_source())

    assert held(desk.get("/desk/offen").text) == []
    assert "Kieler Museum" not in desk.get("/desk/quellen").text
    assert held(site.coordinator("01002").get("/desk/offen").text) == ["Kieler Sprotten"]


def test_long_lists_have_bounded_pages(site, desk):
    site.harvest(*(make_source_offer(f"o{n}", title=f"Angebot {n}", kita_suitability=UNSURE) for n in range(27)))

    assert [len(held(desk.get(f"/desk/offen?seite={n}").text)) for n in ("1", "2", "9" * 30, "²")] == [25, 2, 2, 25]


def test_hostile_words_are_shown_as_text_on_the_desk(site, desk):
    hostile = HOSTILE.replace("\0", "")
    (offer,) = site.harvest(
        make_source_offer(title=hostile, description=hostile, url="javascript:alert(1)", kita_suitability=UNSURE)
    )
    correct(desk, offer, "summary", summary=hostile)

    for path in ("/desk/", f"/desk/angebote/{offer}"):
        page = html.fromstring(desk.get(path).text)
        assert list(page.iter("script")) == []
        assert page.cssselect("[onerror]") == []
        assert [a for a in page.iter("a") if "javascript" in a.get("href")] == []


def test_messages_of_the_desk_never_show_elsewhere(site, desk, offer):
    post(desk, f"/desk/angebote/{offer}/entscheiden", page=f"/desk/angebote/{offer}", kind="accept")

    assert "Angenommen." not in desk.get("/").text
    assert "Angenommen." in desk.get("/desk/").text
    assert "Angenommen." not in desk.get("/desk/").text


def test_desk_pages_are_kept_by_nobody(desk, offer):
    for path in ("/desk/", f"/desk/angebote/{offer}", "/desk/angebote/oaaaaaaaaaaaaaaa"):
        assert desk.get(path).headers["Cache-Control"] == "private, no-store"


def test_deciding_and_correcting_work_on_both_databases(both_sites):
    (offer,) = both_sites.harvest(make_source_offer(kita_suitability=UNSURE))
    desk = both_sites.coordinator()

    post(desk, f"/desk/angebote/{offer}/entscheiden", page=f"/desk/angebote/{offer}", kind="accept")
    correct(desk, offer, "ages", min_months="24", max_months="")

    with both_sites.database.read() as session:
        shown = public_offer(session, offer)
    assert shown is not None
    assert (shown.status, getattr(shown, "ages", None)) == (Status.PUBLISHED, AgeRange(min_months=24))


# -- mails ------------------------------------------------------------------------------------------------------------


def mail_table(client: Reader) -> list[list[str]]:
    tables = html.fromstring(client.get("/desk/").text).cssselect("h2 ~ .scroll table")
    return [[" ".join(cell.text_content().split()) for cell in row] for row in tables[0].cssselect("tbody tr")]


def troubled(site: Site, kita: str, region: str, week: str, **outcome: str) -> None:
    """A mail of ``week`` to a Kita, that ends as ``outcome`` says."""
    with site.database.begin() as session:
        address = f"leitung@{kita}.example".replace("_", "-")
        home = make_kita(kita, region=region, name=f"Kita {kita}", recipients=(make_recipient(address),))
        save_kita(session, home, now=site.now)
        (person,) = recipients(session, kita)
        enter(session, [ledger_mail(kita, person.id, week)], now=site.now)
        entry = claim_next(session, now=site.now, kita=kita)
        assert entry is not None
        {"unsure": mark_unsure, "failed": mark_failed}[outcome["state"]](session, entry, error=outcome["error"])


def test_mails_that_may_not_have_arrived_are_named_with_the_reason(both_sites):
    troubled(both_sites, "kita_a", "13075", "2026-W48", state="unsure", error=SENDER_DIED)
    troubled(both_sites, "kita_b", "13075", "2026-W47", state="failed", error="550 <b>no such user</b>")

    unsure, failed = mail_table(both_sites.coordinator())

    with both_sites.database.read() as session:
        (number,) = [entry.message_id for entry in ledger(session, states=[DigestState.UNSURE])]
    subject = "Dinosaurier entdecken für Kita Wolkenschiff"
    assert unsure[:4] == ["Kita kita_a", "2026-W48", "leitung@kita-a.example", subject]
    assert unsure[4].startswith("vielleicht verschickt Der Versand brach ab, bevor die Antwort des Mailservers da war.")
    assert unsure[4].endswith(number)
    assert failed[0] == "Kita kita_b"
    assert failed[4] == "nicht verschickt 550 <b>no such user</b>"


def test_old_mails_and_those_that_went_out_are_not_named(both_sites):
    both_sites.harvest(make_source_offer())
    troubled(both_sites, "kita_alt", "13075", "2026-W45", state="unsure", error=SENDER_DIED)
    with both_sites.database.begin() as session:
        (person,) = recipients(session, "kita_alt")
        enter(session, [ledger_mail("kita_alt", person.id, "2026-W48")], now=both_sites.now)

    page = both_sites.coordinator().get("/desk/")

    assert "In den letzten zwei Wochen keine." in text_of(page.text)
    assert "kita_alt" not in page.text


def test_no_region_sees_the_mails_of_another_nor_a_land_those_of_its_kreise(both_sites):
    troubled(both_sites, "kita_hier", "13075", "2026-W48", state="unsure", error=SENDER_DIED)
    troubled(both_sites, "kita_kiel", "01002", "2026-W48", state="unsure", error=SENDER_DIED)
    regions = both_sites.app.extensions["kitalotse"].regions
    here, there = mail_table(both_sites.coordinator("13075")), mail_table(both_sites.coordinator("01002"))

    assert ([row[0] for row in here], [row[0] for row in there]) == (["Kita kita_hier"], ["Kita kita_kiel"])

    coordinator = both_sites.coordinator("13075")
    regions["1307510"] = regions["13075"].model_copy(update={"key": "1307510", "base_url": "http://stadt.example"})
    troubled(both_sites, "kita_stadt", "13075105", "2026-W48", state="unsure", error=SENDER_DIED)

    assert [row[0] for row in mail_table(coordinator)] == ["Kita kita_hier"]
