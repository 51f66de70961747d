"""What is unsure and undecided reaches nobody: no page, no feed, no ranking, no mail; whatever else is true of it."""

from datetime import timedelta
from itertools import product
from typing import Final

import pytest

from schemas.clock import week_of
from schemas.harvest import Access, AccessKind, HarvestRun, Issue, Source
from schemas.kita import Kita
from schemas.offer import Suitability
from schemas.review import DecisionKind
from schemas.store.digests import ledger
from schemas.store.held import HeldKind, held_items
from schemas.store.kitas import digest_of, save_kita
from schemas.store.lookups import decide_wording
from schemas.store.merging import merge
from schemas.store.offers import published_offers
from schemas.store.reviews import apply_due, correct, decide, undo_decision
from schemas.store.runs import steer_source
from schemas.vocabulary import Audience, Verdict
from tests.factories import make_kita, make_recipient, make_source, make_source_offer
from tests.webapp.site import Site
from tests.webapp.site import filled as filled_form
from webapp.digest import Issuing, prepare
from webapp.ranking import rank_week
from webapp.regions import load_regions

SOURCES: Final = (
    make_source("mv_vertraut"),
    make_source("mv_neu", trust="hold"),
    make_source("eintraege_13075", trust="hold", access=Access(kind=AccessKind.FORM)),
)
DECISIONS: Final = ("none", "accept", "reject", "accept, undone", "confirm", "corrected")
AUDIENCES: Final = ((Audience.KITA,), (Audience.FAMILY,), ())
YES = Suitability(verdict=Verdict.YES, probability=0.9)
UNSURE = Suitability(verdict=Verdict.UNSURE, probability=0.5)
FEEDS: Final = tuple(f"/offers.{name}" for name in ("ndjson", "csv", "ics", "atom", "json", "ndjson?since=0"))
CASES: Final = [
    (f"Fall{number:03}x", *case) for number, case in enumerate(product(Verdict, SOURCES, DECISIONS, AUDIENCES))
]
"""Every combination of suitability, source, decision and audience, under a title of its own."""


def may_be_shown(verdict: Verdict, source: Source, decision: str, audience: tuple[Audience, ...]) -> bool:
    """What a coordinator would expect, said apart from the code that decides it."""
    if decision == "reject":
        return False
    if decision == "accept":
        return True
    if verdict is Verdict.UNSURE:
        return False
    clear = verdict is Verdict.YES or Audience.KITA in audience
    return clear and source.trust == "publish"


@pytest.fixture
def filled(site: Site) -> dict[str, str]:
    """The title and id of an offer for every case."""
    ids = {}
    for source in SOURCES:
        own = [case for case in CASES if case[2] is source]
        offers = [
            make_source_offer(
                title,
                source=source.name,
                title=title,
                audience=audience,
                kita_suitability=Suitability(verdict=verdict, probability=0.5),
            )
            for title, verdict, _, _, audience in own
        ]
        ids |= dict(zip([title for title, *_ in own], site.harvest(*offers, source=source), strict=True))
    with site.database.begin() as session:
        for title, _, _, decision, _ in CASES:
            if decision == "corrected":
                correct(session, ids[title], "duration_minutes", 55, by="x", now=site.now)
            elif decision != "none":
                kind = DecisionKind(decision.split(",")[0])
                made = decide(session, ids[title], kind, by="x", now=site.now)
                if "undone" in decision:
                    assert made.id is not None
                    undo_decision(session, made.id, by="x", now=site.now)
    return ids


def shown_on_pages(site: Site) -> str:
    """Everything that the portal's list shows, page by page."""
    client = site.client()
    return "".join(client.get(f"/?seite={page}").text for page in range(1, 12))


def mailed(site: Site, kita: Kita) -> str:
    """What is recommended to a Kita that takes anything, and its mail."""
    week = week_of(site.now.date())
    with site.database.begin() as session:
        save_kita(session, kita, now=site.now)
    rank_week(site.database, week=week, now=site.now)
    issuing = Issuing(load_regions(site.folder / "regions"), site.links, "http://kitalotse.example")
    mails = prepare(site.database, issuing, week=week, now=site.now).mails
    assert mails
    with site.database.read() as session:
        written = [f"{row.text}{row.html}" for row in ledger(session, week=week)]
        recommended = digest_of(session, kita.id, week=week)
    return " ".join([*written, str(mails), str(recommended)])


def test_nobody_sees_what_is_unsure_and_undecided(site, filled):
    expected = {title for title, *case in CASES if may_be_shown(*case)}
    hidden = filled.keys() - expected
    portal = shown_on_pages(site)
    feeds = {path: site.client().get(path).text for path in FEEDS}
    mail = mailed(site, make_kita(recipients=(make_recipient(),)))
    with site.database.read() as session:
        ranked = {offer.title for offer in published_offers(session)}

    assert len(hidden) > 60
    assert ranked == expected
    assert {title for title in filled if title in portal} == expected
    assert {title for title in hidden if any(title in text for text in feeds.values())} == set()
    assert {title for title in expected if title not in feeds["/offers.ndjson"]} == set()
    assert {title for title in hidden if title in mail or filled[title] in mail} == set()
    statuses = {site.client().get(f"/angebote/{filled[title]}").status_code for title in hidden}
    assert statuses <= {404, 410}


def test_a_merge_shows_nothing_that_its_parts_did_not(site, filled):
    """An unsure offer that is joined with a clear one stays for a coordinator if it is the one that speaks."""
    unsure = next(t for t, v, s, d, _ in CASES if v is Verdict.UNSURE and s is SOURCES[0] and d == "none")
    other = next(t for t, v, s, d, _ in CASES if v is Verdict.UNSURE and s is SOURCES[1] and d == "none")

    with site.database.begin() as session:
        merge(session, filled[unsure], filled[other], by="x", now=site.now)

    assert site.client().get(f"/angebote/{filled[unsure]}").status_code == 404
    assert unsure not in site.client().get("/offers.ndjson").text


def clear_then_unsure(site: Site, key: str, *, accepted: bool) -> str:
    """An offer of a new source that was clear, was accepted or not, and turned unsure at its source."""
    fields = {"source": SOURCES[1].name, "title": f"Wechsel {key}"}
    (offer,) = site.harvest(make_source_offer(key, **fields, kita_suitability=YES), source=SOURCES[1])
    if accepted:
        with site.database.begin() as session:
            decide(session, offer, DecisionKind.ACCEPT, by="x", now=site.now)
    site.harvest(make_source_offer(key, **fields, kita_suitability=UNSURE), source=SOURCES[1])
    return offer


def is_shown(site: Site, offer: str) -> bool:
    return site.client().get(f"/angebote/{offer}").status_code == 200


@pytest.mark.parametrize("accepted", [True, False])
def test_what_turns_unsure_after_it_was_accepted_waits_for_a_second_look(both_sites, accepted):
    site = both_sites
    offer = clear_then_unsure(site, "a", accepted=accepted)

    assert not is_shown(site, offer)
    with site.database.begin() as session:
        assert [item.kind for item in held_items(session, "13075")] == [HeldKind.UNSURE]
        decide(session, offer, DecisionKind.ACCEPT, by="x", now=site.now)
    assert is_shown(site, offer)


def test_what_was_accepted_although_unsure_stays_when_its_source_is_read_again(site):
    offer = clear_then_unsure(site, "a", accepted=True)
    with site.database.begin() as session:
        decide(session, offer, DecisionKind.ACCEPT, by="x", now=site.now)

    site.harvest(
        make_source_offer("a", source=SOURCES[1].name, title="Wechsel, neu", kita_suitability=UNSURE),
        source=SOURCES[1],
    )

    assert is_shown(site, offer)


def test_taking_the_second_look_back_hides_it_again(site):
    offer = clear_then_unsure(site, "a", accepted=True)
    with site.database.begin() as session:
        second = decide(session, offer, DecisionKind.ACCEPT, by="x", now=site.now)
        undo_decision(session, second.id or 0, by="x", now=site.now)

    assert not is_shown(site, offer)


@pytest.mark.parametrize("older", ["clear", "unsure"])
def test_an_acceptance_of_a_clear_offer_does_not_speak_for_an_unsure_one_it_is_merged_with(site, older):
    parts = {
        "clear": lambda: site.harvest(
            make_source_offer("c", source="mv_neu", title="Klar", kita_suitability=YES), source=SOURCES[1]
        )[0],
        "unsure": lambda: site.harvest(make_source_offer("u", source="mv_vertraut", title="Unsicher",
                                                         kita_suitability=UNSURE), source=SOURCES[0])[0],
    }  # fmt: skip
    ids = {name: parts[name]() for name in (older, *(parts.keys() - {older}))}
    with site.database.begin() as session:
        decide(session, ids["clear"], DecisionKind.ACCEPT, by="x", now=site.now)
        merge(session, ids["clear"], ids["unsure"], by="x", now=site.now)

    assert is_shown(site, ids[older]) is (older == "clear")
    assert "Unsicher" not in site.client().get("/offers.ndjson").text


def test_trust_given_while_unsure_offers_wait_shows_the_clear_ones_alone(site):
    source = SOURCES[1]
    offers = [
        make_source_offer(f"v{verdict}", source=source.name, title=f"{verdict}", kita_suitability=suitability)
        for verdict, suitability in (("klar", YES), ("unklar", UNSURE))
    ]
    clear, unsure = site.harvest(*offers, source=source)
    with site.database.begin() as session:
        steer_source(session, source.name, {"trust": "publish"}, by="x", now=site.now)

    assert (is_shown(site, clear), is_shown(site, unsure)) == (True, False)


def test_no_default_shows_what_is_unsure_however_long_it_waits(site):
    (unsure,) = site.harvest(make_source_offer("u", kita_suitability=UNSURE))
    site.now += timedelta(days=60)
    with site.database.begin() as session:
        apply_due(session, site.now)

        (item,) = held_items(session, "13075")

    assert (item.default, item.is_overdue(site.now)) == ("stay_held", True)
    assert "Seit " in site.coordinator().get("/desk/offen").text
    assert not is_shown(site, unsure)


# -- what changes between the look and the click ----------------------------------------------------------------------


@pytest.mark.parametrize("page", ["the list", "the offer"])
def test_an_old_page_that_showed_it_clear_does_not_accept_what_is_unsure_by_now(both_sites, page):
    site, source = both_sites, SOURCES[1]
    (offer,) = site.harvest(make_source_offer("a", source=source.name, kita_suitability=YES), source=source)
    desk = site.coordinator()
    shown, path = {
        "the list": ("/desk/offen", "/desk/offen/angebote"),
        "the offer": (f"/desk/angebote/{offer}", f"/desk/angebote/{offer}/entscheiden"),
    }[page]
    ticked = {"offer": offer} if page == "the list" else {}
    data = filled_form(desk.get(shown).text, path, kind="accept", **ticked)
    site.harvest(make_source_offer("a", source=source.name, kita_suitability=UNSURE), source=source)

    answer = desk.post(path, data=data, follow_redirects=True)

    assert "hat sich geändert, seit Sie es sahen" in answer.text
    assert not is_shown(site, offer)
    desk.post(path, data=filled_form(desk.get(shown).text, path, kind="accept", **ticked))
    assert is_shown(site, offer)


def test_a_correction_that_makes_an_offer_unsure_takes_it_out_of_mondays_mail(both_sites):
    """It was trusted, shown and ranked; a coordinator corrects its suitability before the mail is written."""
    site = both_sites
    (offer,) = site.harvest(make_source_offer("k", title="Zweifelhaftes", kita_suitability=YES))
    week = week_of(site.now.date())
    with site.database.begin() as session:
        save_kita(session, make_kita(recipients=(make_recipient(),)), now=site.now)
    rank_week(site.database, week=week, now=site.now)
    with site.database.begin() as session:
        assert digest_of(session, make_kita().id, week=week).recommendations
        correct(session, offer, "kita_suitability", UNSURE.model_dump(mode="json"), by="x", now=site.now)

    issuing = Issuing(load_regions(site.folder / "regions"), site.links, "http://kitalotse.example")
    prepare(site.database, issuing, week=week, now=site.now)

    with site.database.read() as session:
        assert "Zweifelhaftes" not in "".join(f"{row.text}{row.html}" for row in ledger(session, week=week))
        assert [item.kind for item in held_items(session, "13075")] == [HeldKind.UNSURE]
    assert not is_shown(site, offer)
    assert "Zweifelhaftes" not in site.client().get("/offers.ndjson").text


def test_words_that_nobody_understood_reach_no_mail(both_sites):
    """The field stays *not stated*; the words are on the desk alone, also once they were called not important."""
    site = both_sites
    words = "Obolus nach Gutdünken"
    issue = Issue(
        field="price", wording=words, rule="price.not_understood", where="x",
        remedy="unter lookups.price der Quelle übersetzen",
    )  # fmt: skip
    run = HarvestRun(source=site.source.name, started_at=site.now, issues=(issue,))
    site.harvest(make_source_offer("k", title="Teurer Ausflug", price=None), run=run)
    with site.database.begin() as session:
        (item,) = held_items(session, "13075")
        assert item.wording is not None
        assert item.wording.wording == words
        decide_wording(session, item.id, None, by="x", now=site.now)

    sent = mailed(site, make_kita(recipients=(make_recipient(),)))

    assert "Teurer Ausflug" in sent
    assert words not in sent
    assert words not in shown_on_pages(site)
    assert all(words not in site.client().get(path).text for path in FEEDS)
