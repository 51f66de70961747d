"""Tables at the desk: from a file to offers, or to a list of providers, with words for whatever is wrong."""

import io
import threading
from datetime import date, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from flask.testing import FlaskClient
from lxml import html as lxml_html
from sqlalchemy import func, select

from schemas.exclusion import ExclusionKind, Wish
from schemas.harvest import AccessKind, RunStatus, Source
from schemas.offer import Offer
from schemas.store.drafts import DraftState, drafts
from schemas.store.exclusions import exclude
from schemas.store.harvest import stored_records
from schemas.store.offers import published_offers
from schemas.store.runs import runs, save_source, sources
from schemas.store.work import claim_work
from schemas.tables.harvest import uploads
from tests.factories import make_source
from tests.harvesters.workbooks import workbook
from tests.webapp.site import HERE, Site, csrf_token
from webapp.jobs import JOBS, Job, Task
from webapp.pages.desk_tables import MAX_UPLOAD
from webapp.worker import run_one

OFFERS = """Angebot;Alter von;Alter bis;Preis pro Kind;Ort;PLZ;Webseite;Anbieter
Wald für Kitas;3;6;2,50;Greifswald;17489;www.wald.example;Naturpark
Puppentheater für Kitagruppen;4;;fast nix;Wolgast;17438;;Theater
Feuerwehr besuchen für Kita-Gruppen;5;6;0;Anklam;17389;;Feuerwehr
"""
PROVIDERS = """Name;Webseite;Telefon;E-Mail;Ort
Museum am Ring;www.museum.example/kita;03834 1;info@museum.example;Greifswald
Imkerei Summ;;03834 2;;Wolgast
Museum noch einmal;https://museum.example/kita/;;;
Beispielmuseum;https://beispiel.example/kita;;;
"""


def send(client: FlaskClient, content: str | bytes, name: str = "Angebote 2026.csv", **form: str) -> Any:
    """Upload a file as the form does."""
    token = csrf_token(client.get("/desk/tabellen/").text)
    body = content.encode() if isinstance(content, str) else content
    return client.post("/desk/tabellen/", data={"csrf_token": token, "datei": (io.BytesIO(body), name)} | form)


def send_raw(client: FlaskClient, content: bytes, path: str = "/desk/tabellen/", token: str = "") -> Any:
    """A large body as a browser writes it; the test client would leave a temporary file open."""
    parts = f'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n'
    parts += '--b\r\nContent-Disposition: form-data; name="datei"; filename="a.csv"\r\n\r\n'
    body = parts.encode() + content + b"\r\n--b--\r\n"
    return client.post(path, data=body, content_type="multipart/form-data; boundary=b")


def press(client: FlaskClient, path: str, page: str, **form: str) -> Any:
    return client.post(path, data={"csrf_token": csrf_token(client.get(page).text)} | form)


def upload(client: FlaskClient, content: str | bytes, name: str = "Angebote 2026.csv", **form: str) -> str:
    """The page of a table that was accepted."""
    response = send(client, content, name, **form)
    assert response.status_code == 303, response.text
    return str(response.location.removesuffix("/spalten"))


def mapped(client: FlaskClient, content: str | bytes, **form: str) -> str:
    """The page of a table whose columns were taken as guessed."""
    page = upload(client, content)
    response = press(client, f"{page}/spalten", f"{page}/spalten", **(guesses(client, page) | form))
    assert response.status_code == 303, response.text
    return page


def guesses(client: FlaskClient, page: str) -> dict[str, str]:
    """What the form would send unchanged."""
    return chosen(client.get(f"{page}/spalten").text)


def chosen(html: str) -> dict[str, str]:
    """Value of every select and input of a page's first form of columns."""
    page: Any = lxml_html.document_fromstring(html)
    (form,) = (each for each in page.forms if (each.action or "").endswith("/spalten"))
    return {name: value for name, value in form.form_values() if name != "csrf_token"}


def stored(site: Site) -> list[Source]:
    with site.database.read() as session:
        return [each for each in sources(session, "13075") if each.access.kind is AccessKind.TABLE]


def published(site: Site) -> list[Offer]:
    with site.database.read() as session:
        return list(published_offers(session))


def not_to_list(site: Site, kind: ExclusionKind, value: str) -> None:
    with site.database.begin() as session:
        exclude(session, [Wish(kind=kind, value=value)], region="13075", by="x", now=site.now)


def kept_files(site: Site) -> int:
    with site.database.read() as session:
        return int(session.scalar(select(func.count()).select_from(uploads)) or 0)


def test_a_table_becomes_a_source_step_by_step(both_sites: Site) -> None:
    site = both_sites
    client = site.coordinator()
    page = upload(client, OFFERS)
    fields = guesses(client, page)
    assert [fields[f"spalte-{n}"] for n in range(8)] == [
        "title", "ages_from", "ages_to", "price", "place_name", "postcode", "url", "provider",
    ]  # fmt: skip

    previewed = press(client, f"{page}/spalten", f"{page}/spalten", **(fields | {"trust": "publish"}))
    preview = client.get(previewed.location).text

    assert "3 Angebote" in preview
    assert "Zeile 3, Spalte Preis pro Kind" in preview
    assert "„fast nix“" in preview
    assert published(site) == []
    assert stored(site) == []

    taken = press(client, f"{page}/uebernehmen", page)

    (source,) = stored(site)
    assert taken.status_code == 303
    assert taken.location == f"/desk/quellen/{source.name}"
    assert source.name == "tabelle_13075_angebote_2026"
    assert {offer.title for offer in published(site)} == {
        "Wald für Kitas", "Puppentheater für Kitagruppen", "Feuerwehr besuchen für Kita-Gruppen",
    }  # fmt: skip
    wald = next(offer for offer in published(site) if offer.title == "Wald für Kitas")
    assert wald.ages is not None
    assert (wald.ages.min_months, wald.ages.max_months) == (36, 83)
    assert wald.url == "https://www.wald.example"
    assert kept_files(site) == 0
    with site.database.read() as session:
        (run,) = runs(session, source=source.name)
        assert run.status is RunStatus.COMPLETE
        assert len(list(stored_records(session, source.name))) == 3


def test_two_tables_of_one_title_become_two_sources(site: Site) -> None:
    """Both were looked at before either was a source, so both were proposed the same name."""
    client = site.coordinator()
    other = "Angebot;Ort\nImkerei für Kitas;Wolgast\n"
    pages = [mapped(client, content, trust="publish", fassung="") for content in (OFFERS, other)]

    for page in pages:
        assert press(client, f"{page}/uebernehmen", page).status_code == 303

    names = ["tabelle_13075_angebote_2026", "tabelle_13075_angebote_2026_2"]
    assert sorted(each.name for each in stored(site)) == names
    with site.database.read() as session:
        assert [len(list(stored_records(session, name))) for name in names] == [3, 1]
        assert {record.origin.source for record in stored_records(session, names[1])} == {names[1]}


def test_of_two_tables_taken_over_at_the_same_instant_none_is_lost(
    both_sites: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [both_sites.coordinator(), both_sites.coordinator()]
    contents = [OFFERS, "Angebot;Ort\nImkerei für Kitas;Wolgast\n"]
    pages = [mapped(client, text, trust="publish") for client, text in zip(clients, contents, strict=True)]
    tokens = [csrf_token(client.get(page).text) for client, page in zip(clients, pages, strict=True)]
    answers: list[int] = []

    def take(which: int) -> None:
        answer = clients[which].post(f"{pages[which]}/uebernehmen", data={"csrf_token": tokens[which]})
        answers.append(answer.status_code)

    def saved(*given: Any, **named: Any) -> Source:
        monkeypatch.undo()
        source = save_source(*given, **named)
        other.start()
        other.join(0.5)  # it has to wait for this transaction
        return source

    other = threading.Thread(target=take, args=(1,))
    monkeypatch.setattr("webapp.tables.store.save_source", saved)
    take(0)
    other.join()

    assert answers == [303, 303]
    names = ["tabelle_13075_angebote_2026", "tabelle_13075_angebote_2026_2"]
    with both_sites.database.read() as session:
        assert [len(list(stored_records(session, name))) for name in names] == [3, 1]


def test_a_table_whose_taking_over_was_killed_is_taken_over_under_the_same_name(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = site.coordinator()
    pages = [mapped(client, OFFERS, trust="publish", fassung="") for _ in range(2)]
    press(client, f"{pages[0]}/uebernehmen", pages[0])
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr("webapp.tables.finish_draft", Mock(side_effect=KeyboardInterrupt))
        press(client, f"{pages[1]}/uebernehmen", pages[1])
    site.now += timedelta(minutes=1)

    press(client, f"{pages[1]}/uebernehmen", pages[1])

    assert sorted(each.name for each in stored(site)) == [
        "tabelle_13075_angebote_2026",
        "tabelle_13075_angebote_2026_2",
    ]


def test_nothing_of_a_table_that_is_held_is_shown_to_visitors(site: Site) -> None:
    client = site.coordinator()

    press(client, f"{(page := mapped(client, OFFERS))}/uebernehmen", page)

    assert published(site) == []
    assert stored(site)[0].trust == "hold"


def test_a_newer_version_is_recognised_compared_and_withdraws_nothing_silently(site: Site) -> None:
    client = site.coordinator()
    press(client, f"{(page := mapped(client, OFFERS, trust='publish'))}/uebernehmen", page)
    site.now = site.now.replace(minute=50)
    newer = OFFERS.replace("2,50", "3,00").replace(
        "Feuerwehr besuchen für Kita-Gruppen;5;6;0;Anklam;17389;;Feuerwehr\n", ""
    )

    page = upload(client, newer + "Imkerei für Kitas;4;6;1;Wolgast;17438;;Summ\n", name="anders.csv")
    fields = guesses(client, page)
    assert fields["fassung"] == stored(site)[0].name
    press(client, f"{page}/spalten", f"{page}/spalten", **fields)
    preview = " ".join(client.get(page).text.split())

    assert "<dt>Neu</dt><dd>1: Imkerei für Kitas</dd>" in preview
    assert "<dt>Geändert</dt><dd>1</dd>" in preview
    assert "Kosten „2,50 € pro Kind“ → „3,00 € pro Kind“" in preview
    assert "<dt>Fehlen in dieser Fassung</dt><dd>1: Feuerwehr besuchen für Kita-Gruppen</dd>" in preview
    assert "auf Ihre Entscheidung warten" in preview

    press(client, f"{page}/uebernehmen", page)

    assert len(stored(site)) == 1
    assert "Feuerwehr besuchen für Kita-Gruppen" in {offer.title for offer in published(site)}
    assert "Imkerei für Kitas" in {offer.title for offer in published(site)}


@pytest.mark.parametrize(
    ("kind", "value"), [(ExclusionKind.PROVIDER, "Naturpark"), (ExclusionKind.HOST, "wald.example")]
)
def test_the_preview_counts_what_taking_over_will_store_where_a_provider_is_not_to_be_listed(
    site: Site, kind: ExclusionKind, value: str
) -> None:
    client = site.coordinator()
    not_to_list(site, kind, value)
    page = mapped(client, OFFERS, trust="publish")

    preview = " ".join(client.get(page).text.split())

    assert "<dt>Neu</dt><dd>2</dd>" in preview
    assert "<dt>Auf Wunsch des Anbieters nicht gelistet</dt><dd>1</dd>" in preview
    assert "Wald für Kitas" not in preview
    assert "bei 2 von 2" in preview

    press(client, f"{page}/uebernehmen", page)

    with site.database.read() as session:
        (run,) = runs(session, source=stored(site)[0].name)
    assert (run.new, run.changed) == (2, 0)


def test_the_preview_of_a_newer_version_shows_no_rows_of_those_not_to_be_listed_as_changed(site: Site) -> None:
    client = site.coordinator()
    press(client, f"{(page := mapped(client, OFFERS, trust='publish'))}/uebernehmen", page)
    not_to_list(site, ExclusionKind.PROVIDER, "Naturpark")
    newer = OFFERS.replace("2,50", "3,00").replace("Puppentheater für", "Schattentheater für")

    preview = " ".join(client.get(mapped(client, newer)).text.split())

    assert "<dt>Auf Wunsch des Anbieters nicht gelistet</dt><dd>1</dd>" in preview
    assert "Schattentheater" in preview
    assert "Wald für Kitas" not in preview


def test_the_preview_of_a_table_whose_only_provider_is_not_to_be_listed_says_that_nothing_is_stored(site: Site) -> None:
    client = site.coordinator()
    not_to_list(site, ExclusionKind.PROVIDER, "Naturpark")
    page = mapped(client, "Angebot;Ort\nImkerei für Kitas;Wolgast\n", provider="Naturpark e. V.", fassung="")

    preview = " ".join(client.get(page).text.split())

    assert "<dt>Neu</dt><dd>0</dd>" in preview
    assert "<dt>Auf Wunsch des Anbieters nicht gelistet</dt><dd>1</dd>" in preview

    press(client, f"{page}/uebernehmen", page)

    with site.database.read() as session:
        (run,) = runs(session, source=stored(site)[0].name)
    assert (run.status, run.new) == (RunStatus.EXCLUDED, 0)


def test_a_table_of_providers_makes_drafts_and_keeps_the_rest_visible(site: Site) -> None:
    client = site.coordinator()
    not_to_list(site, ExclusionKind.HOST, "beispiel.example")
    page = upload(client, PROVIDERS, was="anbieter")
    press(client, f"{page}/spalten", f"{page}/spalten", **guesses(client, page))
    before = " ".join(client.get(page).text.split())

    assert "Ohne Adresse – bitte anrufen: 1" in before
    assert "Doppelt in der Tabelle: 1" in before
    assert "Auf eigenen Wunsch nicht gelistet: 1" in before
    assert "1 Adresse prüfen lassen" in before

    press(client, f"{page}/uebernehmen", page)

    with site.database.read() as session:
        (address,) = drafts(session, "13075", states=[DraftState.WAITING])
    assert address.address == "https://www.museum.example/kita"
    assert address.source["contact"] == "info@museum.example"
    assert "Imkerei Summ" in client.get(page).text
    assert "03834 2" in client.get(page).text
    assert kept_files(site) == 0


def test_a_provider_that_is_known_is_said(site: Site) -> None:
    client = site.coordinator()
    known = make_source()
    site.harvest(source=known)

    page = upload(client, f"Name;Webseite\nMuseum;{known.access.start[0]}\n", was="anbieter")
    press(client, f"{page}/spalten", f"{page}/spalten", **guesses(client, page))

    assert "Schon bekannt: 1" in " ".join(client.get(page).text.split())


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "leer.csv", "Die Tabelle ist leer"),
        (b"Titel;Preis\n", "kopf.csv", "keine einzige Zeile"),
        (b"%PDF-1.7", "angebote.xlsx", "Das ist ein PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "alt.xls", "alten Excel-Format"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "geheim.xlsx", "Passwort"),
        (b"PK\x03\x04kaputt", "kaputt.xlsx", "beschädigt"),
    ],
)
def test_what_is_no_table_is_said_kindly_and_not_kept(site: Site, content: bytes, name: str, words: str) -> None:
    response = send(site.coordinator(), content, name)

    assert response.status_code == 400
    assert words in response.text
    assert "Bitte" in response.text
    assert kept_files(site) == 0


def test_without_a_file_the_page_says_so(site: Site) -> None:
    client = site.coordinator()

    response = press(client, "/desk/tabellen/", "/desk/tabellen/")

    assert response.status_code == 400
    assert "wählen Sie zuerst eine Datei" in response.text


def test_an_upload_of_fifty_megabytes_is_refused_in_german_and_nothing_is_stored(site: Site) -> None:
    response = send_raw(site.coordinator(), b"x" * 50 * 1024 * 1024)

    assert response.status_code == 413
    assert "höchstens 10 MB" in response.text
    assert "Abmelden" in response.text
    assert kept_files(site) == 0


def test_only_this_route_takes_large_bodies_and_only_from_coordinators(site: Site) -> None:
    three = b"Titel\n" + b"Wald und Wiese fuer alle\n" * 130_000
    assert len(three) > 3 * 1024 * 1024

    client = site.coordinator()
    token = csrf_token(client.get("/desk/tabellen/").text)
    assert send_raw(client, three, token=token).status_code == 303
    visitor = send_raw(site.client(), three)
    elsewhere = send_raw(client, three, path="/desk/abmelden", token=token)

    assert visitor.status_code == 403
    assert elsewhere.status_code == 413
    assert len(three) < MAX_UPLOAD


def test_columns_that_make_no_sense_are_said_beside_what_was_chosen(site: Site) -> None:
    client = site.coordinator()
    page = upload(client, OFFERS)
    fields = guesses(client, page)

    none = press(client, f"{page}/spalten", f"{page}/spalten", **(fields | {"spalte-0": ""}))
    two = press(client, f"{page}/spalten", f"{page}/spalten", **(fields | {"spalte-7": "title"}))
    open_licence = press(client, f"{page}/spalten", f"{page}/spalten", **(fields | {"rights": "open"}))

    assert (none.status_code, two.status_code, open_licence.status_code) == (400, 400, 400)
    assert "Welche Spalte nennt das Angebot?" in none.text
    assert "ist schon die Spalte „Angebot“" in " ".join(two.text.split())
    assert chosen(two.text)["spalte-7"] == "title"
    assert "wer genannt werden soll" in open_licence.text


def test_a_sheet_can_be_chosen(site: Site) -> None:
    client = site.coordinator()
    page = upload(client, workbook([("Titel", "Alter"), ("Neu", "ab 4")], Alt=[("Titel",), ("Vorbei",)]), "a.xlsx")

    press(client, f"{page}/spalten", f"{page}/spalten", blatt="Alt")

    assert "Vorbei" in client.get(f"{page}/spalten").text


def test_a_name_of_a_file_is_only_a_word(site: Site) -> None:
    client = site.coordinator()

    upload(client, OFFERS, name="../../etc/<b>passwd\u202e\x00.csv")

    page = client.get("/desk/tabellen/").text
    assert "&lt;b&gt;" not in page  # markup in a name is no word of it
    assert "passwd" in page
    assert ".." not in page


def test_a_long_table_is_work_for_the_scheduler(site: Site) -> None:
    client = site.coordinator()
    rows: list[tuple[object, ...]] = [("Nr", "Titel", "Alter", "Datum")]
    rows += [(n, f"Waldtag {n} für Kitas", "4-6", date(2026, 12, 5)) for n in range(600)]
    page = mapped(client, workbook(rows))
    assert "kein Zeitplaner zu laufen" in client.get(page).text

    do_work(site)
    assert "600 Angebote" in client.get(page).text
    site.now += timedelta(minutes=1)
    press(client, f"{page}/uebernehmen", page)
    assert stored(site) == []
    do_work(site)

    with site.database.read() as session:
        assert runs(session, source=stored(site)[0].name)[0].new == 600
    assert client.get(page).status_code == 303


def test_what_cannot_be_read_in_the_background_is_said_on_its_page(site: Site) -> None:
    client = site.coordinator()
    rows = "".join(f";{n}\n" for n in range(600))
    page = mapped(client, "Titel;Alter\n" + rows)

    do_work(site)

    assert "Keine Zeile hat einen Titel" in client.get(page).text


def test_a_fault_of_the_program_in_the_background_ends_the_waiting(site: Site) -> None:
    client = site.coordinator()
    page = mapped(client, "Titel;Alter\n" + "".join(f"Waldtag {n};ab 4\n" for n in range(600)))
    settings = site.app.extensions["kitalotse"].settings
    broken = Job(Mock(side_effect=RuntimeError("boom")), {}, timedelta(days=1))

    assert run_one(site.database, settings, jobs={"table:": broken}) == "failed"

    shown = client.get(page).text
    assert "Fehler in unserem Programm" in shown
    assert 'http-equiv="refresh"' not in shown
    site.now += timedelta(minutes=1)
    press(client, f"{page}/spalten", f"{page}/spalten", **guesses(client, page))
    assert "im Hintergrund" in client.get(page).text
    do_work(site)
    assert "600 Angebote" in client.get(page).text


def test_a_table_is_nobody_elses(site: Site) -> None:
    page = mapped(site.coordinator(), OFFERS)

    assert site.coordinator("01002").get(page).status_code == 404
    assert page not in site.coordinator("01002").get("/desk/tabellen/").text


def test_a_dropped_table_is_forgotten_with_its_file(site: Site) -> None:
    client = site.coordinator()
    page = upload(client, OFFERS)

    press(client, f"{page}/verwerfen", "/desk/tabellen/")

    assert client.get(page).status_code == 404
    assert kept_files(site) == 0


def do_work(site: Site) -> None:
    """What the scheduler would do now."""
    with site.database.begin() as session:
        claimed = claim_work(session, now=site.now)
    assert claimed is not None
    assert claimed.job.startswith("table:")
    JOBS["table:"].run(Task(site.database, site.app.extensions["kitalotse"].settings, claimed))


def test_the_host_of_the_tests_is_the_regions(site: Site) -> None:
    assert site.coordinator().get("/desk/tabellen/", base_url=f"http://{HERE}").status_code == 200
