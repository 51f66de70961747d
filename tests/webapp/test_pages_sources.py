"""Sources at the desk: paste, preview, activate, pause, trust, delete; nothing is lost, no other Region is seen."""

import threading
from datetime import timedelta

import pytest

from schemas.exclusion import ExclusionKind, Wish
from schemas.harvest import Access, AccessKind
from schemas.offer import Rights
from schemas.store.drafts import DraftKind, DraftState, add_draft, draft, drafts, save_failure, save_preview
from schemas.store.exclusions import exclude
from schemas.store.offers import offer_by_id
from schemas.store.runs import save_source, source, source_state
from schemas.store.work import add_work
from schemas.vocabulary import RightsKind, Status
from tests.factories import make_source, make_source_offer
from tests.webapp.site import HOSTILE, Site, csrf_token, other_source, post
from tests.webapp.work_list import recent_work

HOME = "/desk/quellen"
RESULT = {
    "format": "jsonld",
    "offers": 3,
    "understood": 3,
    "whole": True,
    "requests": 4,
    "filled": {"ages": 2, "price": 0},
    "suitable": {"yes": 2, "no": 0, "unsure": 1},
    "held": 3,
    "difference": {"new": 3, "changed": 0, "unchanged": 0, "vanished": 0},
    "samples": [
        {
            "title": "Waldtag",
            "url": "https://zoo.example/1",
            "values": {"ages": {"min_months": 48, "max_months": None}},
            "evidence": {"ages": "ab 4 Jahren"},
        }
    ],
    "issues": [
        {
            "field": "price",
            "wording": "auf Anfrage",
            "rule": "price.not_understood",
            "message": "Der Preis ist nicht zu verstehen.",
            "remedy": None,
            "count": 2,
        }
    ],
}
FORM = {"title": "Zoo", "provider": "", "contact": "", "rhythm": "weekly", "trust": "hold", "rights": "facts_only"}


def paste(site: Site, text: str):
    return post(site.coordinator(), HOME, page=HOME, addresses=text)


def mine(site: Site):
    with site.database.read() as session:
        return drafts(session, "13075")


@pytest.fixture
def ready(site: Site) -> int:
    """A draft whose preview has found three offers."""
    found = make_source(
        "mv_zoo", trust="hold", access=Access(kind=AccessKind.ICAL, start=("https://zoo.example/a.ics",))
    )
    with site.database.begin() as session:
        number = add_draft(session, "13075", DraftKind.ADDRESS, "https://zoo.example/", by="x", now=site.now)
        save_preview(session, number, source=found, result=RESULT, now=site.now)
    return number


# -- pasting ----------------------------------------------------------------------------------------------------------


def test_one_address_leads_to_its_preview(site):
    answer = paste(site, "https://zoo.example/kita")

    (one,) = mine(site)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{HOME}/entwurf/{one.id}")
    page = site.coordinator().get(answer.headers["Location"])
    assert '<meta http-equiv="refresh"' in page.text
    with site.database.read() as session:
        assert [work.job for work in recent_work(session)] == [f"preview:{one.id}"]


def test_addresses_are_found_in_the_middle_of_text_and_everything_else_is_said(site):
    text = """Guten Tag, hier die Häuser:
    Zoo: https://zoo.example/kita (Frau Beispiel, info@zoo.example)
    www.museum.example/angebote, theater.example.
    https://a.example/1,https://b.example/2,3
    HTTPS://ZOO.example/kita#oben
    Feuerwehr hat keine Seite
    """
    answer = paste(site, text)

    assert answer.status_code == 200
    assert {one.address for one in mine(site)} == {
        "https://zoo.example/kita",
        "https://www.museum.example/angebote",
        "https://theater.example",
        "https://a.example/1",
        "https://b.example/2,3",
    }
    assert "1 Adresse stand doppelt da" in answer.text
    assert "„Feuerwehr hat keine Seite“: Darin steht keine Adresse." in answer.text


def test_five_thousand_addresses_lose_nothing(site):
    text = "\n".join(f"https://haus{n}.example/angebote/fuer/kitas/im/landkreis/{n:060d}" for n in range(5_000))

    answer = paste(site, text)

    assert answer.status_code == 400
    assert "Das sind 5000 Adressen. Bitte fügen Sie höchstens 200 auf einmal ein" in answer.text
    assert "haus4999.example" in answer.text
    assert mine(site) == []


def test_what_is_no_address_is_said_line_by_line_and_bounded(site):
    answer = paste(site, "\n".join(f"Zeile {n}" for n in range(100)))

    assert answer.status_code == 400
    assert answer.text.count("Darin steht keine Adresse.") == 20
    assert "Und 80 weitere Zeilen ohne lesbare Adresse." in answer.text
    assert "Zeile 99" in answer.text  # still in the field


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("https://nutzer:geheim@zoo.example/", "Adressen mit Benutzername oder Passwort werden nicht gelesen."),
        ("ftp://zoo.example/a", "Nur Adressen mit http:// oder https:// werden gelesen."),
        ("file:///etc/passwd", "Nur Adressen mit http:// oder https:// werden gelesen."),
        ("javascript:alert(1)", "Nur Adressen mit http:// oder https:// werden gelesen."),
        ("http://localhost/", "Das ist keine Adresse im Internet."),
        ("https://zoo.example/" + "a" * 3_000, "Diese Adresse ist zu lang"),
        ("https://zoo.example:99999/", "Das ist keine gültige Adresse."),
        ("https://zoo\u200b.example/", "Diese Adresse enthält unsichtbare Zeichen."),
        ("http://[::1", "Das ist keine gültige Adresse."),
    ],
)
def test_odd_addresses_are_refused_with_the_reason(site, typed, why):
    answer = paste(site, typed)

    assert answer.status_code == 400
    assert why in answer.text
    assert mine(site) == []


def test_an_address_with_umlauts_is_taken(site):
    paste(site, "https://www.müsli-haus.example/größe")

    assert [one.address for one in mine(site)] == ["https://www.müsli-haus.example/größe"]


def test_what_is_known_already_is_said(site):
    with site.database.begin() as session:
        save_source(session, make_source(), origin="file", now=site.now)
    paste(site, "https://zoo.example/kita")

    answer = paste(site, "https://museum.example/kita https://zoo.example/kita")

    assert "Diese Adresse liest schon die Quelle" in answer.text and f"{HOME}/mv_beispielmuseum" in answer.text
    assert "Diese Adresse steht schon in den Entwürfen" in answer.text
    assert len(mine(site)) == 1


def test_who_does_not_want_to_be_listed_is_not_taken(site):
    with site.database.begin() as session:
        exclude(session, [Wish(kind=ExclusionKind.HOST, value="zoo.example")], region="13075", by="x", now=site.now)

    answer = paste(site, "https://zoo.example/kita")

    assert "auf Wunsch des Anbieters nicht gelesen" in answer.text
    assert mine(site) == []


# -- the preview ------------------------------------------------------------------------------------------------------


def test_a_preview_says_what_was_and_was_not_understood(site, ready):
    page = site.coordinator().get(f"{HOME}/entwurf/{ready}").text

    for words in (
        "3 Angebote gefunden",
        "2 von 3",
        "67",
        "„ab 4 Jahren“",
        "auf Anfrage",
        "2-mal",
        "Der Preis ist nicht",
    ):
        assert words in page
    assert "http-equiv" not in page


def test_a_waiting_preview_without_a_scheduler_says_so_kindly(site):
    paste(site, "https://zoo.example/kita")
    (one,) = mine(site)
    site.now += timedelta(minutes=2)

    silent = site.coordinator().get(f"{HOME}/entwurf/{one.id}").text
    everywhere = site.coordinator().get(f"{HOME}/entwuerfe").text

    assert "kein Zeitplaner" in silent and "kein Zeitplaner" in everywhere


def test_a_failed_preview_says_why_and_can_be_read_again(site):
    paste(site, "https://zoo.example/kita")
    (one,) = mine(site)
    with site.database.begin() as session:
        save_failure(session, one.id, "Die Seite gibt es nicht (404). Bitte prüfen.", now=site.now)
    page = f"{HOME}/entwurf/{one.id}"
    coordinator = site.coordinator()

    assert "Die Seite gibt es nicht (404)." in coordinator.get(page).text
    site.now += timedelta(seconds=1)
    assert post(coordinator, f"{page}/nochmal", page=page).status_code == 303

    assert mine(site)[0].state is DraftState.WAITING


def test_a_draft_can_be_dropped(site, ready):
    page = f"{HOME}/entwurf/{ready}"
    coordinator = site.coordinator()

    post(coordinator, f"{page}/verwerfen", page=page)

    assert mine(site) == []
    assert coordinator.get(page).status_code == 404


def test_hostile_words_of_a_page_stay_words(site, ready):
    sample = RESULT["samples"][0] | {"title": HOSTILE, "evidence": {"ages": HOSTILE}, "url": "javascript:alert(1)"}
    issue = RESULT["issues"][0] | {"wording": HOSTILE, "message": HOSTILE}
    found = make_source("mv_zoo", title="<b>Zoo</b>")
    with site.database.begin() as session:
        result = RESULT | {"samples": [sample], "issues": [issue]}
        save_preview(session, ready, source=found, result=result, now=site.now)

    page = site.coordinator().get(f"{HOME}/entwurf/{ready}").text

    assert "<script>" not in page and "<img" not in page.replace('<img src="/static', "") and "<b>Zoo" not in page
    assert 'href="javascript' not in page


# -- activating -------------------------------------------------------------------------------------------------------


def activate(site: Site, number: int, **changes: str):
    page = f"{HOME}/entwurf/{number}"
    return post(site.coordinator(), f"{page}/aktivieren", page=page, **(FORM | changes))


def test_two_drafts_of_one_host_become_two_sources(site, ready):
    """Both were looked at before either was a source, so both were proposed the same name."""
    found = make_source("mv_zoo", trust="hold", access=Access(kind=AccessKind.ICAL, start=("https://zoo.example/b",)))
    with site.database.begin() as session:
        second = add_draft(session, "13075", DraftKind.ADDRESS, "https://zoo.example/b", by="x", now=site.now)
        save_preview(session, second, source=found, result=RESULT, now=site.now)

    for number in (ready, second):
        page = f"{HOME}/entwurf/{number}"
        post(site.coordinator(), f"{page}/aktivieren", page=page, **FORM)

    with site.database.read() as session:
        made = [source(session, name) for name in ("mv_zoo", "mv_zoo_2")]
    assert [each.access.start[0] for each in made if each] == ["https://zoo.example/a.ics", "https://zoo.example/b"]


@pytest.mark.parametrize("same", [False, True])
def test_of_two_who_activate_at_the_same_instant_the_second_finds_what_the_first_did(both_sites, monkeypatch, same):
    site = both_sites
    numbers = []
    with site.database.begin() as session:
        for address in ("https://zoo.example/a", "https://zoo.example/b"):
            found = make_source("mv_zoo", trust="hold", access=Access(kind=AccessKind.ICAL, start=(address,)))
            numbers.append(add_draft(session, "13075", DraftKind.ADDRESS, address, by="x", now=site.now))
            save_preview(session, numbers[-1], source=found, result=RESULT, now=site.now)
    first, second = [numbers[0]] * 2 if same else numbers
    pages = [f"{HOME}/entwurf/{number}" for number in (first, second)]
    clients = [site.coordinator(), site.coordinator()]
    answers = []

    def press(which: int) -> None:
        form = FORM | {"csrf_token": tokens[which]}
        answers.append(clients[which].post(f"{pages[which]}/aktivieren", data=form).status_code)

    def saved(*given, **named):
        monkeypatch.undo()
        save_source(*given, **named)
        other.start()
        other.join(0.5)  # it has to wait for this transaction

    tokens = [csrf_token(client.get(page).text) for client, page in zip(clients, pages, strict=True)]
    other = threading.Thread(target=press, args=(1,))
    monkeypatch.setattr("webapp.pages.desk_sources.save_source", saved)
    press(0)
    other.join()

    assert answers == [303, 303]
    with site.database.read() as session:
        made = [source(session, name) for name in ("mv_zoo", "mv_zoo_2")]
    starts = [each.access.start[0] for each in made if each]
    assert starts == ["https://zoo.example/a", "https://zoo.example/b"][: 1 if same else 2]


def test_activating_makes_a_source_and_reads_it(site, ready):
    answer = activate(site, ready, title="Zoo Greifswald", contact="kita@zoo.example", trust="publish")

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{HOME}/mv_zoo")
    with site.database.read() as session:
        made, known = source(session, "mv_zoo"), source_state(session, "mv_zoo")
        assert [work.job for work in recent_work(session)] == ["harvest:mv_zoo"]
        assert draft(session, ready).state is DraftState.DONE
    assert (made.title, made.contact, made.trust, made.active, made.status) == (
        "Zoo Greifswald",
        "kita@zoo.example",
        "publish",
        True,
        "verified",
    )
    assert (known.origin, known.previewed_at) == ("desk", site.now)


def test_a_licence_that_the_portal_states_can_be_confirmed(site, ready):
    licence = "http://dcat-ap.de/def/licenses/odbl"
    rights = Rights(kind=RightsKind.OPEN, licence=licence, attribution="Stadt Wald")
    access = Access(kind=AccessKind.CKAN, start=("https://daten.example/dataset/kurse",), distribution="csv")
    with site.database.begin() as session:
        found = make_source("mv_daten", trust="hold", access=access, rights=rights)
        save_preview(session, ready, source=found, result=RESULT, now=site.now)

    page = site.coordinator().get(f"{HOME}/entwurf/{ready}").text
    answer = activate(site, ready, rights="open", licence=licence, attribution="Stadt Wald")

    assert f'<option value="{licence}" selected>ODbL 1.0</option>' in page
    assert "Datensatz eines Open-Data-Portals (CKAN)" in page
    assert answer.status_code == 303
    with site.database.read() as session:
        assert source(session, "mv_daten").rights == rights


def test_rights_need_their_proof_and_what_was_typed_is_kept(site, ready):
    missing = activate(site, ready, title="", rights="open", attribution="Zoo")
    permission = activate(site, ready, rights="permission", granted_by="Frau Zoo")

    assert missing.status_code == permission.status_code == 400
    for words in (
        "wie die Quelle heißen soll",
        "Lizenz, die auf der Seite steht",
        'value="Zoo"',
        'aria-invalid="true"',
    ):
        assert words in missing.text
    assert "Tag der Erlaubnis" in permission.text
    with site.database.read() as session:
        assert source(session, "mv_zoo") is None

    activate(site, ready, rights="permission", granted_by="Frau Zoo", granted_on="2026-11-20")
    with site.database.read() as session:
        assert source(session, "mv_zoo").rights.kind is RightsKind.PERMISSION


def test_without_a_good_preview_nothing_is_activated(site):
    paste(site, "https://zoo.example/kita")
    (one,) = mine(site)
    coordinator = site.coordinator()
    token = csrf_token(coordinator.get(HOME).text)

    coordinator.post(f"{HOME}/entwurf/{one.id}/aktivieren", data=FORM | {"csrf_token": token})

    with site.database.read() as session:
        assert source(session, "mv_zoo") is None


def test_a_source_from_a_file_is_tried_and_switched_on_and_keeps_its_name(site):
    file = make_source("mv_theater", active=False, trust="hold")
    with site.database.begin() as session:
        save_source(session, file, origin="file", now=site.now)
    coordinator, page = site.coordinator(), f"{HOME}/mv_theater"

    assert "noch nie gelesen" in coordinator.get(page).text
    token = csrf_token(coordinator.get(page).text)
    coordinator.post(f"{page}/stand", data={"step": "resume", "csrf_token": token})
    with site.database.read() as session:
        assert not source(session, "mv_theater").active
    answer = post(coordinator, f"{page}/vorschau", page=page)
    number = int(answer.headers["Location"].rpartition("/")[2])
    other = file.model_copy(update={"access": Access(kind=AccessKind.ICAL, start=("https://museum.example/a.ics",))})
    with site.database.begin() as session:
        save_preview(session, number, source=other, result=RESULT, now=site.now)
    activate(site, number, title="Theater")

    with site.database.begin() as session:
        save_source(session, file, origin="file", now=site.now)  # the next hour's look at the files
        made, known = source(session, "mv_theater"), source_state(session, "mv_theater")
    assert (made.active, made.status, made.title, made.access) == (True, "verified", "Theater", other.access)
    assert known.origin == "file"


# -- what is decided about a source -----------------------------------------------------------------------------------


def step(site: Site, name: str, **data: str) -> None:
    page = f"{HOME}/{name}"
    assert post(site.coordinator(), f"{page}/stand", page=page, **data).status_code == 303


def trust(site: Site, name: str, wanted: str) -> None:
    path, page = f"/desk/offen/quelle/{name}/vertrauen", f"{HOME}/{name}"
    answer = post(site.coordinator(), path, page=page, trust=wanted)
    assert (answer.status_code, answer.headers["Location"]) == (303, page)


def test_pause_resume_and_trust(site):
    held = make_source(trust="hold", status="verified")
    (offer,) = site.harvest(make_source_offer(), source=held)

    step(site, held.name, step="pause")
    trust(site, held.name, "publish")
    with site.database.read() as session:
        paused = source(session, held.name)
        assert offer_by_id(session, offer).status is Status.PUBLISHED
    step(site, held.name, step="resume")
    trust(site, held.name, "hold")

    with site.database.read() as session:
        resumed = source(session, held.name)
        assert offer_by_id(session, offer).status is Status.HELD
    assert (paused.active, paused.trust, resumed.active, resumed.trust) == (False, "publish", True, "hold")


def test_what_was_read_here_can_be_switched_on_again_without_another_preview(site):
    site.harvest(make_source_offer())
    assert site.source.status == "unverified"
    assert "noch nie gelesen" not in site.coordinator().get(f"{HOME}/{site.source.name}").text

    step(site, site.source.name, step="pause")
    step(site, site.source.name, step="resume")

    with site.database.read() as session:
        assert source(session, site.source.name).active


def test_deleting_asks_first_and_leaves_tombstones(site):
    offers = site.harvest(make_source_offer("a"), make_source_offer("b"))
    page = f"{HOME}/{site.source.name}/loeschen"
    coordinator = site.coordinator()

    asked = coordinator.get(page).text
    assert "Ihre 2 Angebote verschwinden" in asked
    answer = post(coordinator, page, page=page)

    assert answer.status_code == 303
    assert "2 Angebote wurden zurückgezogen" in coordinator.get(HOME).text
    assert site.client().get(f"/angebote/{offers[0]}").status_code == 410
    assert coordinator.get(f"{HOME}/{site.source.name}").status_code == 404


def test_what_providers_typed_is_no_source_to_be_deleted(site):
    with site.database.begin() as session:
        form = make_source("eintraege_13075", access=Access(kind=AccessKind.FORM))
        save_source(session, form, origin="desk", now=site.now)
    coordinator = site.coordinator()

    assert "/loeschen" not in coordinator.get(f"{HOME}/eintraege_13075").text
    assert coordinator.get(f"{HOME}/eintraege_13075/loeschen").status_code == 404


def test_reading_now_is_put_on_the_list_once_the_source_is_on(site):
    site.harvest(make_source_offer())
    page = f"{HOME}/{site.source.name}"

    post(site.coordinator(), f"{page}/lesen", page=page)

    with site.database.read() as session:
        assert f"harvest:{site.source.name}" in [work.job for work in recent_work(session)]
    assert "wird gerade gelesen" in site.coordinator().get(page).text


def test_the_list_says_who_is_ill_in_plain_words(site):
    site.harvest(make_source_offer())
    with site.database.begin() as session:
        save_source(session, make_source("mv_neu", title="Neues Haus", active=False), origin="file", now=site.now)
        add_work(session, "harvest:mv_neu", site.now)

    page = site.coordinator().get(HOME).text

    for words in ("Beispielmuseum", "aktiv", "Neues Haus", "noch nicht erprobt", "noch nie gelesen"):
        assert words in page


def test_nobody_sees_another_regions_sources_or_drafts(site, ready):
    site.harvest(make_source_offer())
    site.harvest(make_source_offer("kiel", source="sh_kieler_museum"), source=other_source())
    there = site.coordinator("01002")

    for path in (f"{HOME}/{site.source.name}", f"{HOME}/{site.source.name}/loeschen", f"{HOME}/entwurf/{ready}"):
        assert there.get(path).status_code == 404
    assert "Kieler Museum" in there.get(HOME).text
    assert "Beispielmuseum" not in there.get(HOME).text
    assert "Kieler Museum" not in site.coordinator().get(HOME).text
