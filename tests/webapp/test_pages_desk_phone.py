"""A coordinator types an offer while its provider is on the phone, looks at it, publishes it and looks after it."""

from datetime import timedelta

import pytest

from schemas.exclusion import ExclusionKind, Wish
from schemas.review import DecisionKind
from schemas.store.entries import EntryState, entries_in
from schemas.store.exclusions import exclude
from schemas.store.reviews import decide, detail
from tests.webapp.site import COORDINATOR, csrf_token
from tests.webapp.typed import FOREST, FORM, again, entry_rows, link, make_entry, type_in, written

TYPED = {name: value for name, value in FOREST.items() if name != "address"}


def sent(client, path, *, page=None, **data):
    token = csrf_token(client.get(page or path).text)
    return client.post(path, data={"csrf_token": token} | data)


def newest(site):
    with site.database.read() as session:
        return entries_in(session, "13075", limit=1)[0]


def test_the_preview_shows_what_kitas_would_see_and_stores_nothing(site):
    client = site.coordinator()

    page = sent(client, "/desk/eintragen/", **TYPED, do="preview")

    assert page.status_code == 200
    assert "Das würden Kitas sehen" in page.text
    assert "Hauptstraße 1" in page.text
    assert "vielleicht gleich fragen: Alter, Kosten, Wann, Dauer, Gruppengröße, Bildungsbereiche" in page.text
    assert 'value="Waldtag am Fluss"' in page.text
    with site.database.read() as session:
        assert entry_rows(session) == []


def test_publishing_needs_no_mail_and_is_the_coordinators_decision(both_sites):
    site = both_sites
    client = site.coordinator()

    answer = sent(client, "/desk/eintragen/", **TYPED, do="publish")

    stored = newest(site)
    assert answer.headers["Location"].endswith(f"/desk/angebote/{stored.offer}")
    assert site.client().get(f"/angebote/{stored.offer}").status_code == 200
    with site.database.read() as session:
        found = detail(session, stored.offer)
    assert found is not None
    assert [(one.kind, one.by) for one in found.decisions] == [(DecisionKind.ACCEPT, COORDINATOR)]
    assert (stored.address, written(site)) == (None, [])


def test_holding_waits_for_a_decision(site):
    sent(site.coordinator(), "/desk/eintragen/", **TYPED, do="hold")

    stored = newest(site)
    assert stored.state is EntryState.LIVE
    assert site.client().get(f"/angebote/{stored.offer}").status_code == 404


def test_the_provider_gets_a_link_where_an_address_was_typed(site):
    sent(site.coordinator(), "/desk/eintragen/", **FOREST, do="publish")

    ((kind, address, text),) = written(site)
    assert (kind, address) == ("entry_typed", FOREST["address"])
    assert site.client().get(link(text, "eintrag")).status_code == 200


@pytest.mark.parametrize("do", ["preview", "publish", "hold"])
def test_a_half_filled_form_stores_nothing_whatever_button(site, do):
    answer = sent(site.coordinator(), "/desk/eintragen/", title="Waldtag", do=do)

    assert answer.status_code == 400
    assert 'value="Waldtag"' in answer.text
    with site.database.read() as session:
        assert entry_rows(session) == []


def test_what_looks_alike_is_named_before_it_is_typed_twice(site):
    client = site.coordinator()
    sent(client, "/desk/eintragen/", **TYPED, do="publish")

    page = sent(client, "/desk/eintragen/", **TYPED, do="preview").text

    assert "Gibt es das vielleicht schon?" in page
    assert f"/desk/angebote/{newest(site).offer}" in page


def test_a_text_against_the_audience_is_said_in_the_preview(site):
    text = "Nur für Erwachsene ab 18 Jahren, für Senioren."

    page = sent(
        site.coordinator(), "/desk/eintragen/", **TYPED | {"title": "Weinabend", "text": text}, do="preview"
    ).text

    assert "Das würde zuerst zurückgehalten" in page


def test_a_personal_contact_without_consent_is_not_in_the_preview(site):
    page = sent(site.coordinator(), "/desk/eintragen/", **FORM | {"consent": ""}, do="preview").text

    assert "ohne Zustimmung: wird nicht gezeigt" in page


def test_a_change_shows_its_differences_first(site):
    client = site.coordinator()
    sent(client, "/desk/eintragen/", **TYPED, do="publish")
    stored = newest(site)
    path = f"/desk/eintragen/{stored.key}/aendern"

    preview = sent(client, path, **TYPED | {"duration": "90"}, do="preview").text
    before = again(site, stored)
    saved = sent(client, path, **TYPED | {"duration": "90"}, do="save")

    assert "Das würde sich ändern" in preview
    assert "90 Minuten" in preview
    assert before.entry == stored.entry
    assert saved.status_code == 303
    assert "90 Minuten" in site.client().get(f"/angebote/{stored.offer}").text


def test_pause_put_back_confirm_and_delete(site):
    client = site.coordinator()
    stored = type_in(site, accept=True)
    path = f"/desk/eintragen/{stored.key}"

    seen = []
    for action in ("stimmt", "pause", "zeigen"):
        assert sent(client, f"{path}/{action}", page=path).status_code == 303
        seen.append(site.client().get(f"/angebote/{stored.offer}").status_code)
    unsure = sent(client, f"{path}/loeschen", page=path)
    done = sent(client, f"{path}/loeschen", page=path, sure="1")

    assert seen == [200, 410, 200]
    assert (unsure.status_code, done.status_code) == (400, 303)
    assert again(site, stored).state is EntryState.DELETED
    assert client.get(path).status_code == 404


def test_the_list_names_entries_of_this_region_and_flags_what_nobody_confirms(site):
    stored = type_in(site, accept=True)
    client = site.coordinator()

    fresh = client.get("/desk/eintragen/liste").text
    site.now += timedelta(days=181)
    client = site.coordinator()
    old = client.get("/desk/eintragen/liste").text

    assert "Töpfern mit Ton" in fresh
    assert "Privatperson" in fresh
    assert "nicht bestätigt" not in fresh
    assert "seit einem halben Jahr nicht bestätigt" in old
    assert "Töpfern" not in site.coordinator("01002").get("/desk/eintragen/liste").text
    assert "seit einem halben Jahr" in client.get(f"/desk/eintragen/{stored.key}").text


def test_the_overview_counts_entries_and_what_nobody_confirms(site):
    type_in(site, accept=True)
    type_in(site, make_entry(title="Malen"))

    fresh = site.coordinator().get("/desk/").text
    site.now += timedelta(days=181)
    old = site.coordinator().get("/desk/").text

    assert '<span class="figure">2</span> Einträge von Anbietern' in fresh
    assert "1 davon hat seit einem halben Jahr niemand bestätigt" not in fresh
    assert "1 davon hat seit einem halben Jahr niemand bestätigt" in old


def test_an_empty_list_says_so(site):
    assert "Noch hat niemand etwas eingetragen" in site.coordinator().get("/desk/eintragen/liste").text


def test_a_provider_that_must_not_be_listed_is_refused_with_the_way_out(site):
    with site.database.begin() as session:
        wish = Wish(kind=ExclusionKind.PROVIDER, value=TYPED["name"])
        exclude(session, [wish], region="13075", by="x", now=site.now)

    answer = sent(site.coordinator(), "/desk/eintragen/", **TYPED, do="publish")

    assert answer.status_code == 400
    assert "Nicht listen" in answer.text


def test_a_rejected_entry_stays_rejected_when_its_provider_changes_it(site):
    stored = type_in(site)
    with site.database.begin() as session:
        decide(session, stored.offer, DecisionKind.REJECT, by=COORDINATOR, now=site.now)

    sent(site.coordinator(), f"/desk/eintragen/{stored.key}/aendern", **FORM | {"title": "Anders"}, do="save")

    with site.database.read() as session:
        found = detail(session, stored.offer)
    assert found is not None
    assert found.offer.status == "rejected"
