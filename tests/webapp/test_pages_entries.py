"""Providers enter, confirm, change and delete what they offer, without an account and without scripts."""

from datetime import timedelta

import pytest
from lxml import html
from sqlalchemy import select

from schemas.exclusion import ExclusionKind, Wish
from schemas.geography import locate
from schemas.review import DecisionKind, ReviewKind
from schemas.store.entries import EntryState, consents_of, entries_in
from schemas.store.exclusions import exclude
from schemas.store.merging import merge
from schemas.store.offers import Tombstone, public_offer
from schemas.store.reviews import correct, decide, detail
from schemas.store.runs import steer_source
from schemas.tables.harvest import records, source_offers
from tests.factories import make_dated_schedule, make_source_offer
from tests.webapp.site import COORDINATOR, HERE, HOSTILE, THERE
from tests.webapp.typed import (
    ERNA,
    FOREST,
    FORM,
    again,
    confirm_path,
    entry_rows,
    link,
    make_entry,
    own_path,
    type_in,
    written,
)
from webapp.entry_texts import CONTACT_TEXTS, CONTACT_VERSION
from webapp.limits import HONEYPOT
from webapp.links import EntryLink
from webapp.pages.entries import PER_ADDRESS, PER_HOUR


def shown(site, stored):
    return site.client().get(f"/angebote/{stored.offer}")


# -- the form ---------------------------------------------------------------------------------------------------------


def test_from_the_form_to_the_held_list(both_sites):
    client = both_sites.client()

    path = confirm_path(client, both_sites)
    before = client.get(path)
    after = client.post(path)

    assert "Ist das Ihr Angebot?" in before.text
    assert "Danke!" in after.text
    with both_sites.database.read() as session:
        (stored,) = entries_in(session, "13075", limit=5)
        found = detail(session, stored.offer)
    assert found is not None
    assert (stored.state, stored.source, found.offer.status) == (EntryState.LIVE, "eintraege_13075", "held")
    assert [review.kind for review in found.reviews] == [ReviewKind.NEW_OFFER]
    assert site_answers(both_sites, stored) == 404


def site_answers(site, stored):
    return shown(site, stored).status_code


def test_until_it_is_confirmed_nothing_of_it_is_known(site):
    confirm_path(site.client(), site)

    with site.database.read() as session:
        (row,) = entry_rows(session)
    assert (row.state, row.offer_id) == ("unconfirmed", None)
    assert "Töpfern" not in site.coordinator().get("/desk/").text


def test_a_scanner_that_follows_the_link_confirms_nothing(site):
    client = site.client()
    path = confirm_path(client, site)

    for _ in range(3):
        client.get(path)

    with site.database.read() as session:
        assert [row.state for row in entry_rows(session)] == ["unconfirmed"]


def test_whoever_confirms_sees_which_contact_was_agreed_to_be_shown(site):
    client = site.client()

    agreed = client.get(confirm_path(client, site)).text
    withheld = client.get(confirm_path(client, site, FORM | {"consent": ""})).text

    assert "Erna Schmidtke · 0171 2345678 · erna.schmidtke@gmx.example" in agreed
    assert CONTACT_TEXTS[CONTACT_VERSION] in agreed
    assert CONTACT_TEXTS[CONTACT_VERSION] not in withheld


def test_confirming_twice_is_confirming_once(site):
    client = site.client()
    path = confirm_path(client, site)

    assert [client.post(path).status_code for _ in range(2)] == [200, 200]
    with site.database.read() as session:
        assert len(entries_in(session, "13075", limit=5)) == 1


def test_a_half_filled_form_keeps_what_was_typed_and_says_what_is_missing(site):
    response = site.client().post(
        "/anbieten",
        data={"title": "Waldtag & Wiese", "text": "Wir <b>gehen</b>", "weekdays": ["MO"], "price_model": "per_child"},
    )

    assert response.status_code == 400
    assert "Ihre Angaben sind noch da" in response.text
    assert 'value="Waldtag &amp; Wiese"' in response.text
    assert "Wir &lt;b&gt;gehen&lt;/b&gt;" in response.text
    assert '<input type="checkbox" name="weekdays" value="MO" checked>' in response.text
    assert '<option value="per_child" selected>' in response.text
    for name in ("who", "name", "address", "audience", "price_amount", "schedule_kind"):
        assert f'href="#{name}"' in response.text
        assert f'id="{name}"' in response.text
        assert f'id="{name}-error"' in response.text
    with site.database.read() as session:
        assert entry_rows(session) == []


def test_a_robot_sees_a_friendly_answer_and_nothing_is_kept(site):
    response = site.client().post("/anbieten", data=FORM | {HONEYPOT: "https://spam.example"})

    assert response.status_code == 200
    assert "Fast geschafft" in response.text
    with site.database.read() as session:
        assert entry_rows(session) == []
    assert written(site) == []


def test_fifty_entries_in_an_hour_are_too_many(site):
    client = site.client()
    forms = [FORM | {"address": f"p{number}@post.example"} for number in range(50)]

    answers = [client.post("/anbieten", data=form) for form in forms]

    assert [answer.status_code for answer in answers] == [200] * PER_HOUR + [429] * (50 - PER_HOUR)
    assert answers[-1].headers["Retry-After"] == "3600"
    assert 'value="Töpfern mit Ton"' in answers[-1].text
    assert "in einer Stunde" in answers[-1].text
    with site.database.read() as session:
        assert len(entry_rows(session)) == PER_HOUR


def test_nobody_is_flooded_with_letters_that_others_ask_for(site):
    answers = [site.client().post("/anbieten", data=FORM) for _ in range(PER_ADDRESS + 2)]

    assert [answer.status_code for answer in answers] == [200] * PER_ADDRESS + [429] * 2
    assert len(written(site)) == PER_ADDRESS
    assert "Bitte tragen Sie dieses Angebot morgen ein." in answers[-1].text
    assert 'value="Töpfern mit Ton"' in answers[-1].text


def test_whoever_asked_not_to_be_listed_is_told_and_not_kept(site):
    with site.database.begin() as session:
        wish = Wish(kind=ExclusionKind.PROVIDER, value="Waldschule Peenetal")
        exclude(session, [wish], region="13075", by="x", now=site.now)

    response = site.client().post("/anbieten", data=FOREST)

    assert response.status_code == 400
    assert "nicht gelistet" in response.text
    with site.database.read() as session:
        assert entry_rows(session) == []


def exclude_forest(site):
    with site.database.begin() as session:
        wish = Wish(kind=ExclusionKind.PROVIDER, value="Waldschule Peenetal")
        exclude(session, [wish], region="13075", by="x", now=site.now)


def test_whoever_asked_not_to_be_listed_after_typing_cannot_confirm_it(site):
    path = confirm_path(site.client(), site, FOREST)
    exclude_forest(site)

    answer = site.client().post(path)

    assert answer.status_code == 409
    assert "gebeten, nicht gelistet zu werden" in answer.text
    with site.database.read() as session:
        assert entries_in(session, "13075", limit=5) == []
        assert session.execute(select(source_offers)).all() == session.execute(select(records)).all() == []


def test_what_is_taken_out_cannot_be_put_back_once_its_provider_is_not_to_be_listed(site):
    stored = type_in(site, make_entry(person=False, name="Waldschule Peenetal"), accept=True)
    path = own_path(site, stored)
    site.client().post(f"{path}/pause")
    exclude_forest(site)

    answers = [site.client().post(f"{path}/{action}").status_code for action in ("zeigen", "stimmt")]

    assert answers == [409, 303]
    assert shown(site, stored).status_code == 410
    with site.database.read() as session:
        assert session.execute(select(records)).all() == []


def test_hostile_text_stays_text_everywhere(site):
    client = site.client()
    path = confirm_path(client, site, FOREST | {"title": HOSTILE, "text": HOSTILE, "name": HOSTILE, "venue": HOSTILE})

    client.post(path)
    with site.database.begin() as session:
        (stored,) = entries_in(session, "13075", limit=5)
        decide(session, stored.offer or "", DecisionKind.ACCEPT, by="x", now=site.now)

    pages = [client.get(path), shown(site, stored), client.get(own_path(site, stored))]
    pages += [site.coordinator().get(f"/desk/eintragen/{stored.key}"), site.coordinator().get("/desk/eintragen/liste")]
    for page in pages:
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text


def test_the_form_shows_what_kitas_are_told_about_private_persons(site):
    page = site.client().get("/anbieten").text

    assert "§ 72a SGB VIII" in page
    assert "Wir haben die Person nicht geprüft" in page


# -- the own page -----------------------------------------------------------------------------------------------------


def test_an_accepted_entry_of_a_person_is_shown_with_contact_and_the_note_on_private_persons(site):
    stored = type_in(site, accept=True)

    page = shown(site, stored).text

    assert "Erna Schmidtke" in page
    assert "0171 2345678" in page
    assert "§ 72a SGB VIII" in page
    assert "Vom Anbieter eingetragen" in page
    assert "zuletzt gesehen" not in page


def merged_with_a_page(site, *entries):
    """The page of an offer that a website shows and that was typed as ``entries``, merged by the coordinator."""
    (offer,) = site.harvest(make_source_offer())
    for entry in entries:
        stored = type_in(site, entry, accept=True)
        with site.database.begin() as session:
            offer = merge(session, offer, stored.offer, by=COORDINATOR, now=site.now)
    return f"/angebote/{offer}"


def test_the_note_on_private_persons_stays_when_a_page_says_the_same_offer(both_sites):
    path = merged_with_a_page(both_sites, make_entry())

    page = both_sites.client().get(path).text

    assert "§ 72a SGB VIII" in page
    assert "Vom Anbieter eingetragen" not in page


def test_one_person_among_several_entries_is_enough_for_the_note(site):
    path = merged_with_a_page(site, make_entry(person=False, name="Waldschule", consent=False), make_entry())

    assert "§ 72a SGB VIII" in site.client().get(path).text


def test_the_note_on_private_persons_goes_with_the_persons_entry(site):
    path = merged_with_a_page(site, make_entry())
    with site.database.read() as session:
        (stored,) = entries_in(session, "13075", limit=5)

    site.client().post(f"{own_path(site, stored)}/pause")

    page = site.client().get(path)
    assert page.status_code == 200
    assert "72a" not in page.text


def test_a_page_merged_with_an_organisations_entry_has_no_note(site):
    path = merged_with_a_page(site, make_entry(person=False, name="Waldschule", consent=False))

    page = site.client().get(path)
    assert page.status_code == 200
    assert "72a" not in page.text


def test_an_organisations_contact_needs_no_consent_and_no_note(site):
    entry = make_entry(person=False, name="Waldschule", contact_name="Waldbüro", consent=False)

    page = shown(site, type_in(site, entry, accept=True)).text

    assert "Waldbüro" in page
    assert "0171 2345678" in page
    assert "72a" not in page


def test_without_consent_nobody_sees_the_contact(site):
    page = shown(site, type_in(site, make_entry(consent=False), accept=True)).text

    assert "Schmidtke" not in page
    assert "0171" not in page
    assert "fragen Sie die Koordination" in page


def test_revoking_the_consent_hides_the_contact_at_once_also_from_who_has_the_page(site):
    stored = type_in(site, accept=True)
    etag = shown(site, stored).headers["ETag"]

    answer = site.client().post(f"{own_path(site, stored)}/kontakt", data={"consent": "0"})

    assert answer.status_code == 303
    again_asked = site.client().get(f"/angebote/{stored.offer}", headers={"If-None-Match": etag})
    assert again_asked.status_code == 200
    assert "0171" not in again_asked.text
    with site.database.read() as session:
        ((version, _given, revoked),) = consents_of(session, stored.id)
    assert (version, revoked is not None) == (CONTACT_VERSION, True)


def test_giving_it_again_is_a_new_consent(site):
    stored = type_in(site, make_entry(consent=False), accept=True)

    site.client().post(f"{own_path(site, stored)}/kontakt", data={"consent": "1"})

    assert "0171 2345678" in shown(site, stored).text
    with site.database.read() as session:
        assert len(consents_of(session, stored.id)) == 1


def feeds_of(site, stored):
    """Every address of the feeds that needs no value, or the offer's id."""
    rules = [rule for rule in site.app.url_map.iter_rules() if rule.endpoint.startswith("feeds.")]
    paths = [rule.rule.replace("<offer:offer_id>", stored.offer) for rule in rules if rule.arguments <= {"offer_id"}]
    assert len(paths) >= 4
    return paths


@pytest.mark.parametrize("consent", [True, False])
def test_no_feed_ever_names_a_person(site, consent):
    dates = make_dated_schedule(site.now.date() + timedelta(days=9))
    entry = make_entry(consent=consent, terms="open", credit="Tonwerk", schedule=dates, locality="Anklam")
    stored = type_in(site, entry, accept=True)

    told = [site.client().get(path).text for path in feeds_of(site, stored)]
    page = shown(site, stored).text
    told.append(page[page.index("application/ld+json") : page.index("</script>")])

    assert sum("Töpfern mit Ton" in text for text in told) >= 5
    for text in told:
        for personal in ("Schmidtke", "Erna", "0171", "gmx.example", ERNA):
            assert personal not in text


def test_booked_out_is_said_and_taken_back_with_one_click(site):
    stored = type_in(site, accept=True)
    path = own_path(site, stored)

    site.client().post(f"{path}/belegt", data={"booked_until": "2026-12-31"})
    booked, listed = shown(site, stored).text, site.client().get("/").text
    site.client().post(f"{path}/belegt", data={"booked_until": ""})

    assert "Belegt bis Do., 31. Dezember 2026" in booked
    assert "<dt>Belegt bis</dt><dd>Do., 31. Dezember 2026</dd>" in listed
    assert "Belegt bis" not in shown(site, stored).text


def test_most_groups_in_a_month_are_kept(site):
    stored = type_in(site, accept=True)

    site.client().post(f"{own_path(site, stored)}/gruppen", data={"groups_per_month": "3"})

    found = again(site, stored)
    assert found.entry is not None
    assert found.entry.groups_per_month == 3
    with site.database.read() as session:
        offer = public_offer(session, stored.offer)
    assert not isinstance(offer, Tombstone)
    assert offer.capacity.groups_per_month == 3


def test_one_click_says_most_groups_in_a_month_or_no_limit(site):
    stored = type_in(site, accept=True)
    path = own_path(site, stored)

    buttons = html.fromstring(site.client().get(path).text).xpath("//button[@name='groups_per_month']")
    kept = []
    for button in buttons:
        alone = [field.get("name") for field in button.getparent().getparent().iter("input")]
        site.client().post(f"{path}/gruppen", data={button.get("name"): button.get("value")})
        kept.append((again(site, stored).entry.groups_per_month, alone))

    assert [button.text for button in buttons] == ["höchstens 1", "höchstens 2", "höchstens 4", "keine Grenze"]
    assert kept == [(1, []), (2, []), (4, []), (None, [])]


def test_the_own_page_says_how_many_groups_are_kept(site):
    stored = type_in(site, make_entry(groups_per_month=1), accept=True)

    one = site.client().get(own_path(site, stored)).text
    site.client().post(f"{own_path(site, stored)}/gruppen", data={"groups_per_month": ""})

    assert "Höchstens 1 Gruppe im Monat." in one
    assert "Ohne Grenze." in site.client().get(own_path(site, stored)).text


def test_a_number_of_groups_that_is_none_is_said(site):
    stored = type_in(site, accept=True)

    answer = site.client().post(f"{own_path(site, stored)}/gruppen", data={"groups_per_month": "viele"})

    assert answer.status_code == 400
    assert "„viele“ ist keine Zahl" in answer.text


@pytest.mark.parametrize(
    ("action", "field", "typed"),
    [
        ("gruppen", "groups_per_month", "1001"),
        ("gruppen", "groups_per_month", '"><b>viele'),
        ("belegt", "booked_until", "9999-12-31"),
    ],
)
def test_what_was_typed_wrong_stays_in_its_field_and_the_message_belongs_to_it(site, action, field, typed):
    stored = type_in(site, make_entry(groups_per_month=3, booked_until="2026-12-31"), accept=True)

    answer = site.client().post(f"{own_path(site, stored)}/{action}", data={field: typed})

    page = html.fromstring(answer.text)
    (box,) = page.cssselect(f"input#{field}")
    assert box.get("value") == typed
    assert box.get("aria-invalid") == "true"
    assert page.get_element_by_id(box.get("aria-describedby")).get("role") == "alert"
    assert len(page.cssselect("input[aria-invalid]")) == 1
    assert again(site, stored) == stored


@pytest.mark.parametrize("day", ["morgen", "31.2.2027", "9999-12-31", HOSTILE])
def test_a_day_that_is_none_is_said_and_changes_nothing(site, day):
    stored = type_in(site, accept=True)

    answer = site.client().post(f"{own_path(site, stored)}/belegt", data={"booked_until": day})

    assert answer.status_code == 400
    assert "ist kein Tag" in answer.text
    assert "<script>alert" not in answer.text
    assert again(site, stored) == stored


def test_an_accepted_entry_stays_shown_when_it_is_changed(site):
    stored = type_in(site, accept=True)
    form = {name: value for name, value in FORM.items() if name != "address"} | {
        "title": "Töpfern im Hof",
        "age_to": "5",
    }

    answer = site.client().post(f"{own_path(site, stored)}/aendern", data=form)

    assert answer.status_code == 303
    page = shown(site, stored).text
    assert "Töpfern im Hof" in page
    assert "3 bis 5 Jahre" in page


def test_a_change_that_turns_against_the_audience_is_held(site):
    stored = type_in(site, accept=True)
    text = "Nur für Erwachsene ab 18 Jahren, für Senioren. Weinabend."

    site.client().post(
        f"{own_path(site, stored)}/aendern", data=FORM | {"title": "Weinabend für Erwachsene", "text": text}
    )

    assert shown(site, stored).status_code == 410
    with site.database.read() as session:
        found = detail(session, stored.offer)
    assert found is not None
    assert (found.offer.status, found.offer.status_reason) == ("held", "unsure")
    assert {review.kind for review in found.reviews if not review.closed_at} == {ReviewKind.UNSURE}


def test_what_was_accepted_in_spite_of_doubts_stays_when_its_text_stays(site):
    doubtful = make_entry(title="Weinabend für Erwachsene", text="Nur für Erwachsene ab 18 Jahren, für Senioren.")
    stored = type_in(site, doubtful, accept=True)

    site.client().post(f"{own_path(site, stored)}/belegt", data={"booked_until": "2026-12-31"})

    assert "Belegt bis" in shown(site, stored).text


REWRITTEN = FORM | {"text": "Wir formen Ton, auch mit den Kleinsten."}


def rejected_entry(site):
    """An entry that was accepted first and rejected later."""
    stored = type_in(site, accept=True)
    with site.database.begin() as session:
        decide(session, stored.offer, DecisionKind.REJECT, by=COORDINATOR, now=site.now, why="Bitte das Alter nennen")
    return stored


def standing(site, stored):
    with site.database.read() as session:
        found = detail(session, stored.offer)
    return found.offer.status, {review.kind for review in found.reviews if not review.closed_at}


def test_a_rejected_entry_that_its_provider_changes_is_held_again_and_the_reason_stays_known(both_sites):
    site = both_sites
    stored = rejected_entry(site)

    site.client().post(f"{own_path(site, stored)}/aendern", data=REWRITTEN)

    assert standing(site, stored) == ("held", {ReviewKind.NEW_OFFER})
    assert shown(site, stored).status_code == 410
    assert "Töpfern mit Ton" in site.coordinator().get("/desk/offen").text
    assert "Bitte das Alter nennen" in site.coordinator().get(f"/desk/angebote/{stored.offer}").text


@pytest.mark.parametrize(
    ("action", "form"),
    [
        ("belegt", {"booked_until": "2026-12-31"}),
        ("gruppen", {"groups_per_month": "2"}),
        ("kontakt", {"consent": "0"}),
        ("stimmt", {}),
    ],
)
def test_a_rejected_entry_of_which_nothing_else_changes_stays_rejected(site, action, form):
    stored = rejected_entry(site)

    site.client().post(f"{own_path(site, stored)}/{action}", data=form)

    assert standing(site, stored) == ("rejected", set())


def test_a_rejected_entry_changed_while_it_is_taken_out_is_held_when_it_is_put_back(site):
    stored = rejected_entry(site)
    path = own_path(site, stored)

    site.client().post(f"{path}/pause")
    site.client().post(f"{path}/aendern", data=REWRITTEN)
    out = standing(site, stored)
    site.client().post(f"{path}/zeigen")

    assert (out, standing(site, stored)) == (("gone", set()), ("held", {ReviewKind.NEW_OFFER}))


def test_a_rejected_entry_of_a_trusted_source_is_not_shown_unseen(site):
    stored = rejected_entry(site)
    with site.database.begin() as session:
        steer_source(session, stored.source, {"trust": "publish"}, by=COORDINATOR, now=site.now)

    site.client().post(f"{own_path(site, stored)}/aendern", data=REWRITTEN)

    assert standing(site, stored) == ("rejected", set())


def test_a_change_that_collides_with_a_correction_asks_and_overwrites_nothing(site):
    stored = type_in(site, accept=True)
    with site.database.begin() as session:
        correct(session, stored.offer, "title", "Ton und Tanz", by=COORDINATOR, now=site.now)

    site.client().post(f"{own_path(site, stored)}/aendern", data=FORM | {"title": "Töpfern im Hof"})

    assert "Ton und Tanz" in shown(site, stored).text
    with site.database.read() as session:
        found = detail(session, stored.offer)
    assert found is not None
    assert [review.field for review in found.reviews if review.kind is ReviewKind.CONFLICT] == ["title"]


def test_a_wrong_change_changes_nothing_and_keeps_what_was_typed(site):
    stored = type_in(site, accept=True)

    answer = site.client().post(f"{own_path(site, stored)}/aendern", data=FORM | {"title": "", "duration": "ewig"})

    assert answer.status_code == 400
    assert 'value="ewig"' in answer.text
    assert again(site, stored).entry == stored.entry


def test_a_change_for_whom_is_not_to_be_listed_changes_nothing_and_keeps_what_was_typed(site):
    stored = type_in(site)
    with site.database.begin() as session:
        wish = Wish(kind=ExclusionKind.PROVIDER, value="Waldschule Peenetal")
        exclude(session, [wish], region="13075", by=COORDINATOR, now=site.now)

    answer = site.client().post(f"{own_path(site, stored)}/aendern", data=FOREST)

    assert answer.status_code == 409
    assert "hat uns gebeten, nicht gelistet zu werden" in answer.text
    assert 'value="Waldtag am Fluss"' in answer.text
    assert again(site, stored).entry == stored.entry


def test_taking_it_out_leaves_a_tombstone_and_putting_it_back_the_same_address(site):
    stored = type_in(site, accept=True)
    path = own_path(site, stored)

    site.client().post(f"{path}/pause")
    out = shown(site, stored).status_code
    site.client().post(f"{path}/zeigen")

    assert (out, shown(site, stored).status_code) == (410, 200)


def test_changing_what_is_taken_out_does_not_put_it_back(site):
    stored = type_in(site, accept=True)
    path = own_path(site, stored)
    site.client().post(f"{path}/pause")

    site.client().post(f"{path}/aendern", data=FORM | {"title": "Töpfern im Hof"})

    assert shown(site, stored).status_code == 410
    site.client().post(f"{path}/zeigen")
    assert "Töpfern im Hof" in shown(site, stored).text


def test_deleting_needs_a_tick_and_leaves_only_a_tombstone(both_sites):
    site = both_sites
    stored = type_in(site, accept=True)
    path = own_path(site, stored)

    refused = site.client().post(f"{path}/loeschen")
    done = site.client().post(f"{path}/loeschen", data={"sure": "1"})

    assert (refused.status_code, done.status_code) == (400, 200)
    assert shown(site, stored).status_code == 410
    assert site.client().get(path).status_code == 404
    with site.database.read() as session:
        (row,) = entry_rows(session)
        found = detail(session, stored.offer)
    assert (row.state, row.data, row.address) == ("deleted", None, None)
    assert found is not None
    assert found.records == ()
    assert "Schmidtke" not in found.model_dump_json()
    assert "0171" not in found.model_dump_json()


def test_a_link_opens_nothing_in_another_region_with_another_door_or_when_broken(site):
    stored = type_in(site)
    path = own_path(site, stored)
    confirm = site.links.entry(EntryLink(stored.key, 0), "entry_confirm")

    assert site.client(THERE).get(path).status_code == 404
    assert site.client().get(f"/eintrag/{confirm}").status_code == 404
    assert site.client().get(f"{path}x").status_code == 404
    assert site.client().get("/eintrag/" + "a" * 5000).status_code == 404


def test_an_unconfirmed_entry_cannot_be_looked_after(site):
    confirm_path(site.client(), site)
    with site.database.read() as session:
        (row,) = entry_rows(session)

    token = site.links.entry(EntryLink(row.key, 0))

    assert site.client().get(f"/eintrag/{token}").status_code == 404


# -- new links, still correct -----------------------------------------------------------------------------------------


def test_new_links_come_by_mail_and_end_the_old_ones(site):
    stored = type_in(site)
    old = own_path(site, stored)

    answer = site.client().post("/anbieten/link", data={"address": ERNA})
    kind, address, text = written(site)[-1]

    assert (answer.status_code, kind, address) == (200, "entry_link", ERNA)
    assert site.client().get(old).status_code == 404
    assert site.client().get(link(text, "eintrag")).status_code == 200


def test_who_asks_twice_gets_two_letters_and_the_links_of_the_latter(site):
    type_in(site)

    for _ in range(2):
        site.client().post("/anbieten/link", data={"address": ERNA})

    first, second = [link(text, "eintrag") for kind, _to, text in written(site) if kind == "entry_link"]
    assert [site.client().get(path).status_code for path in (first, second)] == [404, 200]


def test_the_answer_says_nothing_about_whether_an_address_is_known(site):
    type_in(site)

    known = site.client().post("/anbieten/link", data={"address": ERNA}).text
    unknown = site.client().post("/anbieten/link", data={"address": "wer@post.example"}).text

    assert known.replace(ERNA, "") == unknown.replace("wer@post.example", "")
    assert [kind for kind, *_ in written(site)] == ["entry_confirm", "entry_link"]


def test_no_mail_is_promised_over_the_limit_of_an_address_and_nothing_said_about_it(site):
    type_in(site)
    unknown = "wer@post.example"

    answers = {
        address: [site.client().post("/anbieten/link", data={"address": address}).text for _ in range(PER_ADDRESS)]
        for address in (ERNA, unknown)
    }
    site.now += timedelta(hours=1)
    over = {address: site.client().post("/anbieten/link", data={"address": address}).text for address in answers}

    assert [kind for kind, *_ in written(site)].count("entry_link") == PER_ADDRESS
    for address, page in over.items():
        assert f"heute höchstens {PER_ADDRESS}-mal angegeben wurde" in page
        assert {one.replace(address, "") for one in [*answers[address], page]} == {over[ERNA].replace(ERNA, "")}


def test_links_cannot_be_asked_for_without_end(site):
    answers = [
        site.client().post("/anbieten/link", data={"address": f"p{n}@post.example"}).status_code for n in range(12)
    ]

    assert answers == [200] * PER_HOUR + [429] * 2


def test_a_robot_gets_no_links(site):
    type_in(site)

    site.client().post("/anbieten/link", data={"address": ERNA, HONEYPOT: "x"})

    assert [kind for kind, *_ in written(site)] == ["entry_confirm"]


def test_still_correct_lists_all_of_an_address_and_confirms_what_is_ticked(site):
    first, second = type_in(site, accept=True), type_in(site, make_entry(title="Malen"), accept=True)
    type_in(site, make_entry(title="Fremd"), address="andere@post.example")
    site.now += timedelta(days=100)
    path = f"/eintraege/{site.links.entry(EntryLink(first.key, 0), 'entries')}"

    page = site.client().get(path).text
    site.client().post(path, data={"entry": [second.key]})

    assert "Töpfern mit Ton" in page
    assert "Malen" in page
    assert "Fremd" not in page
    assert again(site, first).last_confirmed_at == first.last_confirmed_at
    assert again(site, second).last_confirmed_at == site.now
    with site.database.read() as session:
        found = detail(session, second.offer)
    assert found is not None
    assert found.offer.last_confirmed == site.now


def test_half_a_year_without_a_word_is_said_on_the_page(site):
    stored = type_in(site, accept=True)

    site.now += timedelta(days=181)
    old, listed = shown(site, stored).text, site.client().get("/").text
    site.client().post(f"{own_path(site, stored)}/stimmt")

    assert "hat niemand bestätigt" in old
    assert "Zuletzt bestätigt" in listed
    assert "Zuletzt bestätigt" not in site.client().get("/").text
    assert "hat niemand bestätigt" not in shown(site, stored).text


def test_the_towns_of_these_tests_exist():
    assert locate("17489", None) is not None
    assert HERE != THERE
