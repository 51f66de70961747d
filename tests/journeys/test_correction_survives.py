"""Law 1 through the desk's pages and real harvests over HTTP: nothing a person decided is ever overwritten."""

from __future__ import annotations

import pytest

from schemas.harvest import RunStatus
from schemas.review import ReviewKind
from schemas.store.kitas import feedback_of, save_kita
from schemas.vocabulary import Answered, Status
from tests.factories import make_kita
from tests.journeys.conftest import SECRET, World
from tests.journeys.visitor import Page, Visitor
from webapp.links import AnswerLink, Links

LIST = "mv_beispiel_lernorte_csv"
FIRE_BRIGADE = "101"
"""Says in the provider's table: 90 minutes, for children from 5 to 6."""


def correct_duration(world: World, desk: Visitor, offer_id: str, minutes: int) -> Page:
    page = desk.open(f"/desk/angebote/{offer_id}")
    assert page.status == 200
    return desk.submit(page, "/korrigieren/duration_minutes", duration_minutes=str(minutes))


def open_conflicts(world: World, offer_id: str) -> list[str]:
    reviews = world.detail(offer_id).reviews
    return [str(r.field) for r in reviews if r.kind is ReviewKind.CONFLICT and r.closed_at is None]


def held_titles(page: Page) -> str:
    return page.text


def test_a_correction_outlives_every_harvest_until_a_person_decides_otherwise(world):
    world.harvest(LIST)
    offer_id = world.offer_id(LIST, FIRE_BRIGADE)
    title = world.offer(offer_id).title
    assert world.offer(offer_id).duration_minutes == 90

    # corrected on the desk: shown at once, in the portal too
    desk = world.coordinator()
    page = correct_duration(world, desk, offer_id, 55)
    assert "korrigiert" in page.section("Dauer")
    assert "55 Minuten" in world.visitor().open(f"/angebote/{offer_id}").text

    # harvested again, unchanged
    world.harvest(LIST)
    assert world.offer(offer_id).duration_minutes == 55

    # another field changes at the source: it flows, the correction stands
    world.providers.edit("lernorte", FIRE_BRIGADE, alter="4-6 Jahre")
    run = world.harvest(LIST)
    assert run.changed == 1
    offer = world.offer(offer_id)
    assert offer.duration_minutes == 55
    assert offer.ages is not None and offer.ages.min_months == 48
    assert open_conflicts(world, offer_id) == []

    # the same field changes at the source: the correction stands, and the desk asks with all three values side by side
    world.providers.edit("lernorte", FIRE_BRIGADE, dauer="70 min")
    world.harvest(LIST)
    assert world.offer(offer_id).duration_minutes == 55
    assert open_conflicts(world, offer_id) == ["duration_minutes"]
    assert title in held_titles(desk.open("/desk/offen"))
    question = desk.open(f"/desk/angebote/{offer_id}").section("Die Quelle hat geändert, was korrigiert war")
    assert [value for value in ("90 Minuten", "55 Minuten", "70 Minuten") if value not in question] == []

    # kept: the question is closed and does not come back with the same value
    page = desk.open(f"/desk/angebote/{offer_id}")
    desk.submit(page, f"/desk/offen/{_open_review(world, offer_id)}", button="Korrektur behalten")
    world.harvest(LIST)
    assert world.offer(offer_id).duration_minutes == 55
    assert open_conflicts(world, offer_id) == []

    # the source changes once more, and now its value is taken: from here on it flows again
    world.providers.edit("lernorte", FIRE_BRIGADE, dauer="45 min")
    world.harvest(LIST)
    page = desk.open(f"/desk/angebote/{offer_id}")
    desk.submit(page, f"/desk/offen/{_open_review(world, offer_id)}", button="Wert der Quelle nehmen")
    assert world.offer(offer_id).duration_minutes == 45
    assert title not in held_titles(desk.open("/desk/offen"))
    world.providers.edit("lernorte", FIRE_BRIGADE, dauer="75 min")
    world.harvest(LIST)
    assert world.offer(offer_id).duration_minutes == 75


def test_what_people_said_is_still_there_when_an_offer_vanishes_and_returns(world):
    kita = make_kita()
    with world.database.begin() as session:
        save_kita(session, kita, now=world.now)
    world.harvest(LIST)
    offer_id = world.offer_id(LIST, FIRE_BRIGADE)
    desk = world.coordinator()
    correct_duration(world, desk, offer_id, 55)
    page = desk.submit(desk.open(f"/desk/angebote/{offer_id}"), "/entscheiden", button="Annehmen", why="bewährt")
    assert "bewährt" in page.text
    link = Links(SECRET).answer(AnswerLink(kita.id, offer_id, Answered.INTERESTED, "2026-W48"))
    educator = world.visitor()
    educator.submit(educator.open(f"/antwort/{link}"), f"/antwort/{link}")
    before = world.detail(offer_id)

    # missed once: still shown; missed twice by complete runs: withdrawn, and the old address says so
    world.providers.hide("lernorte", FIRE_BRIGADE)
    once = world.harvest(LIST)
    assert (once.status, once.missing, once.withdrawn) == (RunStatus.COMPLETE, 1, 0)
    assert world.offer(offer_id).status is Status.PUBLISHED
    twice = world.harvest(LIST)
    assert (twice.status, twice.withdrawn) == (RunStatus.UNCHANGED, 1)  # the same bytes once more: it is still missing
    assert world.offer(offer_id).status is Status.GONE
    assert world.visitor().open(f"/angebote/{offer_id}").status == 410

    # back again: the same id, and everything that people said about it
    world.providers.restore("lernorte", FIRE_BRIGADE)
    back = world.harvest(LIST)
    assert (back.returned, back.new) == (1, 0)
    assert world.offer_id(LIST, FIRE_BRIGADE) == offer_id
    after = world.detail(offer_id)
    assert (after.corrections, after.decisions) == (before.corrections, before.decisions)
    assert (after.offer.status, after.offer.duration_minutes) == (Status.PUBLISHED, 55)
    assert world.visitor().open(f"/angebote/{offer_id}").status == 200
    with world.database.read() as session:
        answers = [stored.feedback for stored in feedback_of(session, kita.id)]
    assert [(answer.offer, answer.answer) for answer in answers] == [(offer_id, Answered.INTERESTED)]


@pytest.mark.parametrize(
    ("source", "site", "key"),
    [
        ("mv_beispiel_museum", "museum", "waschtag"),
        ("mv_beispiel_theater", "theater", None),
        ("mv_beispiel_bibliothek_ical", "bibliothek", None),
        ("mv_beispiel_naturpark_json", "naturpark", None),
    ],
)
def test_a_correction_outlives_a_change_of_title_at_every_make_of_source(sqlite_world, source, site, key):
    world = sqlite_world
    key = key or world.providers.sites[site].content.offers[0].key
    world.harvest(source)
    offer_id = world.offer_id(source, key)
    correct_duration(world, world.coordinator(), offer_id, 55)

    world.providers.edit(site, key, title="Ganz neuer Name")
    run = world.harvest(source)

    assert (run.status, run.new, run.changed) == (RunStatus.COMPLETE, 0, 1)
    assert (world.offer(offer_id).title, world.offer(offer_id).duration_minutes) == ("Ganz neuer Name", 55)


def test_a_correction_can_be_taken_back_on_the_desk(sqlite_world):
    world = sqlite_world
    world.harvest(LIST)
    offer_id = world.offer_id(LIST, FIRE_BRIGADE)
    desk = world.coordinator()
    page = correct_duration(world, desk, offer_id, 55)

    number = world.detail(offer_id).history[0].id
    page = desk.submit(page, f"/zuruecknehmen/{number}")

    assert world.offer(offer_id).duration_minutes == 90
    assert "korrigiert" not in page.section("Dauer")


def test_the_desk_is_closed_to_everybody_without_its_link(sqlite_world):
    world = sqlite_world
    world.harvest(LIST)
    offer_id = world.offer_id(LIST, FIRE_BRIGADE)
    stranger = world.visitor()

    assert stranger.open("/desk/").status == 403
    assert stranger.open(f"/desk/angebote/{offer_id}").status == 403
    assert stranger.post(f"/desk/angebote/{offer_id}/korrigieren/duration_minutes", duration_minutes="5").status >= 400
    assert world.offer(offer_id).duration_minutes == 90


def _open_review(world: World, offer_id: str) -> int | None:
    return next(r.id for r in world.detail(offer_id).reviews if r.closed_at is None)
