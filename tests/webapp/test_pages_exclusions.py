"""The desk's page for providers who do not want to be listed."""

import pytest

from schemas.store.exclusions import exclusions_by_age
from tests.factories import make_source, make_source_offer
from tests.webapp.site import HOSTILE, Reader, Site, csrf_token, make_other_offer, other_source
from tests.webapp.typed import make_entry, type_in

PAGE = "/desk/nicht-listen"
MUSEUM = {
    "anbieter": "Beispielmuseum",
    "website": "https://www.museum.example/kita",
    "adresse": "",
    "warum": "Nur für uns",
}


@pytest.fixture
def desk(site: Site) -> Reader:
    return site.coordinator()


@pytest.fixture
def offer(site: Site) -> str:
    return site.harvest(make_source_offer("a", title="Dinos"))[0]


def send(client: Reader, path: str = PAGE, **form: str):  # type: ignore[no-untyped-def]
    return client.post(path, data={"csrf_token": csrf_token(client.get(PAGE).text)} | form)


def test_what_will_happen_is_said_before_anything_does(site, desk, offer):
    page = send(desk, f"{PAGE}/pruefen", **MUSEUM)

    assert page.status_code == 200
    for words in (
        "1 Quelle wird nicht mehr gelesen",
        "1 Angebot verschwindet",
        "Dinos",
        "museum.example",
        "robots.txt",
    ):
        assert words in page.text
    assert site.client().get(f"/angebote/{offer}").status_code == 200
    with site.database.read() as session:
        assert exclusions_by_age(session) == []


def test_noted_the_offer_is_gone_everywhere_and_its_address_says_so(site, desk, offer):
    before = site.client().get("/healthz").json["change"]

    assert send(desk, **MUSEUM).status_code == 303

    visitor = site.client()
    assert visitor.get(f"/angebote/{offer}").status_code == 410
    assert "Dinos" not in visitor.get("/").text
    gone = visitor.get(f"/offers/{offer}.json")
    assert (gone.status_code, gone.json["status"]) == (410, "gone")
    [stone] = visitor.get(f"/offers.json?changed_since={before}").json["items"]
    assert (stone["id"], stone["status"]) == (offer, "gone")
    page = desk.get(PAGE).text
    assert "Eingetragen. 1 Angebot ist entfernt." in page
    assert "museum.example" in page and "Nur für uns" in page


def test_taken_back_it_is_listed_as_taken_back(site, desk, offer):
    send(desk, **MUSEUM)

    for number in (1, 2):
        assert send(desk, f"{PAGE}/{number}/zuruecknehmen").status_code == 303

    assert desk.get(PAGE).text.count("zurückgenommen am") == 2


def test_the_form_is_filled_from_an_offer_or_a_source(site, desk, offer):
    for query in (f"angebot={offer}", "quelle=mv_beispielmuseum"):
        page = desk.get(f"{PAGE}?{query}").text
        assert 'value="Beispielmuseum"' in page and 'value="museum.example"' in page


def test_a_private_person_is_named_so_that_no_other_person_of_the_town_goes_too(site, desk):
    erna = type_in(site, make_entry(locality="Greifswald"), accept=True)
    paul = type_in(site, make_entry(name="Paul Lüders", title="Drachen bauen", locality="Greifswald"), accept=True)

    filled = desk.get(f"{PAGE}?angebot={erna.offer}").text
    refused = send(desk, anbieter="Privatperson (Greifswald)")
    done = send(desk, anbieter="Erna Schmidtke")

    assert 'value="Erna Schmidtke"' in filled
    assert refused.status_code == 400 and "So heißen alle Privatpersonen" in refused.text
    assert done.status_code == 303
    assert site.client().get(f"/angebote/{erna.offer}").status_code == 410
    assert site.client().get(f"/angebote/{paul.offer}").status_code == 200


def test_another_regions_offers_and_sources_fill_no_form_and_its_notes_stay_its_own(site, desk, offer):
    (theirs,) = site.harvest(make_other_offer(), source=other_source())
    send(desk, **MUSEUM)
    colleague = site.coordinator("01002")

    assert 'value="Beispielmuseum"' not in desk.get(f"{PAGE}?angebot={theirs}").text
    page = colleague.get(PAGE).text
    assert "museum.example" in page and "gilt überall" in page
    assert "Nur für uns" not in page and "Koordination Greifswald" not in page
    assert send(colleague, f"{PAGE}/1/zuruecknehmen").status_code == 404


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Bitte geben Sie einen Namen, eine Website oder eine Adresse an."),
        ({"website": "de"}, "Das ist keine Adresse einer Website."),
        ({"adresse": "kein Museum"}, "Das ist keine Adresse einer Website."),
        ({"anbieter": "…"}, "Bitte geben Sie den Namen so an"),
        ({"anbieter": "x", "warum": "x" * 501}, "Bitte höchstens 500 Zeichen."),
    ],
)
def test_what_is_not_understood_is_said_beside_the_field_and_kept(site, desk, form: dict[str, str], words: str):
    for path in (PAGE, f"{PAGE}/pruefen"):
        page = send(desk, path, **form)
        assert page.status_code == 400
        assert page.text.count(words) >= 2
        assert all(value in page.text for value in form.values())


def test_hostile_names_are_only_text(site, desk):
    page = send(desk, f"{PAGE}/pruefen", anbieter=HOSTILE)

    assert "<script>alert" not in page.text and "<img src=x" not in page.text and "{{ 7*7 }}" in page.text
    assert send(desk, anbieter=HOSTILE).status_code == 303
    assert "<script>alert" not in desk.get(PAGE).text


def test_an_address_of_a_whole_site_counts_as_the_site(site, desk, offer):
    send(desk, anbieter="", website="", adresse="https://museum.example/", warum="")

    with site.database.read() as session:
        assert [(wish.kind, wish.value) for wish in exclusions_by_age(session)] == [("host", "museum.example")]


def test_sources_of_other_regions_that_stop_too_are_named_as_such(site, desk):
    site.harvest(make_source_offer("k", source="sh_museum"), source=make_source("sh_museum", region="01002"))

    assert "andere Region" in send(desk, f"{PAGE}/pruefen", website="museum.example").text


def test_the_page_of_a_source_that_is_not_to_be_listed_says_so_and_offers_no_reading(site, desk, offer):
    page = f"/desk/quellen/{site.source.name}"
    before = desk.get(page).text
    send(desk, **MUSEUM)

    after = desk.get(page).text

    assert f"{page}/lesen" in before
    assert "auf Wunsch nicht gelistet" not in before
    assert "auf Wunsch nicht gelistet" in after
    assert f"{page}/lesen" not in after
    assert f"{page}/vorschau" not in after
