"""The held list: everything that waits, with evidence and its default; decided, in bulk too, and taken back."""

from datetime import date, timedelta
from typing import Any

import pytest
from lxml import html

from harvesters.normalise.record import MEANINGS, is_understood
from schemas.harvest import Access, AccessKind, HarvestRun, Issue, Source
from schemas.offer import Price, Schedule, Suitability
from schemas.review import DecisionKind, JudgementKind, ReviewKind
from schemas.store.merging import judge
from schemas.store.queue import DUE, Cause, open_reviews
from schemas.store.reviews import correct, decide, detail, undo_decision
from schemas.store.runs import source as stored_source
from schemas.store.runs import steer_source
from schemas.store.suggestions import suggest
from schemas.store.work import claim_work
from schemas.vocabulary import PriceModel, ScheduleKind, Status, Verdict
from tests.factories import make_provenance, make_source, make_source_offer
from tests.webapp.site import (
    COORDINATOR,
    HOSTILE,
    Reader,
    Site,
    csrf_token,
    filled,
    make_other_offer,
    other_source,
    post,
)

LIST = "/desk/offen"
NEW = make_source("mv_neu", trust="hold", title="Neue Quelle")
FORM = make_source(
    "eintraege_13075", trust="hold", title="Einträge", access=Access(kind=AccessKind.FORM), homepage=None
)
UNSURE = Suitability(verdict=Verdict.UNSURE, probability=0.5, reasons=("nennt nur Familien",))


@pytest.fixture
def desk(site: Site) -> Reader:
    return site.coordinator()


def new_offers(site: Site, count: int, source: Source = NEW, **fields: Any) -> list[str]:
    return site.harvest(
        *(make_source_offer(f"k{n}", source=source.name, title=f"Angebot {n}", **fields) for n in range(count)),
        source=source,
    )


def status(site: Site, offer: str) -> Status:
    with site.database.read() as session:
        found = detail(session, offer)
    assert found is not None
    return found.offer.status


def review_of(site: Site, offer: str, kind: ReviewKind) -> int:
    with site.database.read() as session:
        found = detail(session, offer)
    assert found is not None
    (number,) = [review.id for review in found.reviews if review.kind is kind and not review.closed_at]
    assert number is not None
    return number


def text_of(page: str) -> str:
    return " ".join(html.fromstring(page).text_content().split())


def titles(page: str) -> list[str]:
    return [str(h.text_content()) for h in html.fromstring(page).cssselect("ol.held h2")]


def kinds(page: str) -> dict[str, int]:
    """The kinds offered for choice, with their counts."""
    found = {}
    for link in html.fromstring(page).cssselect(".kinds a"):
        *words, count = link.text_content().split()
        found[" ".join(words)] = int(count)
    return found


def take_back(desk: Reader, page: str) -> Any:
    """Press the button that every action leaves."""
    (form,) = html.fromstring(page).cssselect("form.message")
    return desk.post(form.get("action"), data=dict(form.form_values()), follow_redirects=True)


def follow(desk: Reader, response: Any) -> str:
    assert response.status_code == 303, response.text
    return str(desk.get(response.headers["Location"]).text)


def say_unknown(site: Site, wording: str = "fast nix", source: Source = NEW) -> None:
    issue = Issue(
        field="price",
        wording=wording,
        rule="price.not_understood",
        where=f"{source.name} https://museum.example/7",
        remedy="Angabe von Hand eintragen oder unter lookups.price der Quelle übersetzen.",
    )
    run = HarvestRun(source=source.name, started_at=site.now, issues=(issue, issue))
    site.harvest(make_source_offer("w", source=source.name, title="Wortlaut"), source=source, run=run)


def suspect(site: Site, left: str, right: str) -> None:
    """Ask whether two offers are the same."""
    with site.database.begin() as session:
        left, right = sorted((left, right))
        why = {"probability": 0.91, "reasons": ["fast gleicher Titel", "gleicher Ort"]}
        open_reviews(session, [Cause(left, ReviewKind.DUPLICATE, right, why)], now=site.now)


# -- what it shows ----------------------------------------------------------------------------------------------------


def test_an_item_shows_the_words_it_was_read_from_and_what_happens_without_a_decision(site, desk):
    new_offers(site, 1, kita_suitability=UNSURE, price=None)

    page = desk.get(LIST).text
    words = text_of(page)

    assert titles(page) == ["Angebot 0"]
    assert "Eignung unklar" in words
    assert "unklar (50 %): nennt nur Familien" in words
    assert "4 bis 6 Jahre Wortlaut zu ages" in words
    assert "nicht angegebenKosten" in words
    assert "Neue Quelle" in words
    assert "Ohne Entscheidung bis 7. Dezember 2026: es bleibt zurückgehalten. Wartet seit 23. November 2026." in words


def test_after_fourteen_days_the_default_is_shown_to_hold(site, desk):
    new_offers(site, 1)

    site.now += DUE
    words = text_of(site.coordinator().get(LIST).text)

    assert "Seit 7. Dezember 2026 ohne Entscheidung; es gilt: es bleibt zurückgehalten." in words


def test_everything_that_waits_is_in_one_list_the_oldest_first(site, desk):
    (known,) = site.harvest(make_source_offer())
    new_offers(site, 1)
    new_offers(site, 1, source=FORM)
    say_unknown(site)
    with site.database.begin() as session:
        suggest(session, known, field="price", words="kostet jetzt 3 €", now=site.now + timedelta(hours=1))

    page = desk.get(LIST).text

    assert titles(page) == ["Angebot 0", "Angebot 0", "Wortlaut", "„fast nix“", "Dinosaurier entdecken"]
    assert kinds(page) == {
        "alle": 5,
        "neues Angebot": 2,
        "selbst eingetragen": 1,
        "Hinweis von Besuchern": 1,
        "nicht verstanden": 1,
    }


def test_the_address_filters_by_kind_source_and_words(site, desk):
    new_offers(site, 2)
    new_offers(site, 1, source=FORM)
    say_unknown(site)

    assert titles(desk.get(f"{LIST}?art=self_entry").text) == ["Angebot 0"]
    assert titles(desk.get(f"{LIST}?art=new_offer").text) == ["Angebot 0", "Angebot 1", "Wortlaut"]
    assert titles(desk.get(f"{LIST}?quelle=eintraege_13075").text) == ["Angebot 0"]
    assert titles(desk.get(f"{LIST}?worte=nix").text) == ["„fast nix“"]
    assert titles(desk.get(f"{LIST}?worte=Wortlaut").text) == ["Wortlaut"]
    assert titles(desk.get(f"{LIST}?art=quatsch").text) == titles(desk.get(LIST).text)
    assert "Nichts, was zu diesem Filter passt." in desk.get(f"{LIST}?worte=Giraffe&quelle=x").text
    assert desk.get(f"{LIST}?worte=%00%22%3E&seite=-1&quelle={'x' * 500}").status_code == 200


def test_pages_hold_twenty_five_and_filters_stay_in_their_links(site, desk):
    new_offers(site, 30)

    first = desk.get(f"{LIST}?art=new_offer")
    (following,) = html.fromstring(first.text).cssselect("a[rel=next]")

    assert len(titles(first.text)) == 25
    assert len(titles(desk.get(following.get("href")).text)) == 5
    assert "art=new_offer" in following.get("href")


def test_nothing_of_another_region_is_seen_or_decided(site, desk):
    source = other_source().model_copy(update={"trust": "hold"})
    (theirs,) = site.harvest(make_other_offer(), source=source)
    (own,) = new_offers(site, 1)
    say_unknown(site, source=source)
    token = {"csrf_token": csrf_token(desk.get(LIST).text)}

    assert titles(desk.get(LIST).text) == ["Angebot 0"]
    assert len(titles(site.coordinator("01002").get(LIST).text)) == 3
    refused = [
        desk.post(f"{LIST}/angebote", data=token | {"kind": "accept", "offer": [own, theirs]}),
        desk.post(f"{LIST}/quelle/{source.name}/alle", data=token | {"kind": "accept"}),
        desk.post(f"{LIST}/wortlaut/1", data=token | {"take": "ignore"}),
    ]
    assert [response.status_code for response in refused] == [404, 404, 404]
    assert (status(site, own), status(site, theirs)) == (Status.HELD, Status.HELD)


def test_hostile_words_stay_words(site, desk):
    new_offers(site, 1, kita_suitability=UNSURE, description=HOSTILE)
    (known,) = site.harvest(make_source_offer(title=HOSTILE))
    say_unknown(site, wording=HOSTILE[:400])
    with site.database.begin() as session:
        suggest(session, known, field="price", words=HOSTILE, now=site.now)

    page = html.fromstring(desk.get(LIST).text)

    assert page.cssselect("script") == []
    assert page.cssselect("img[src=x]") == []
    assert "49" not in page.cssselect("ol.held")[0].text_content()


# -- deciding, one by one and many at once ----------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "after"), [("accept", Status.PUBLISHED), ("reject", Status.REJECTED)])
def test_one_click_decides_about_one_offer_and_one_takes_it_back(site, desk, kind, after):
    (offer,) = new_offers(site, 1)

    page = follow(desk, post(desk, f"{LIST}/angebote", page=LIST, kind=kind, offer=offer))

    assert status(site, offer) is after
    assert titles(page) == []
    back = take_back(desk, page)
    assert "Zurückgenommen." in back.text
    assert status(site, offer) is Status.HELD
    assert titles(back.text) == ["Angebot 0"]


def test_the_chosen_ones_are_decided_together_and_taken_back_together(site, desk):
    offers = new_offers(site, 4)

    page = follow(desk, post(desk, f"{LIST}/angebote", page=LIST, kind="accept", offer=offers[:3]))

    assert "3 Angebote angenommen." in page
    assert titles(page) == ["Angebot 3"]
    take_back(desk, page)
    assert [status(site, offer) for offer in offers] == [Status.HELD] * 4


def test_nothing_chosen_changes_nothing_and_says_so(site, desk):
    new_offers(site, 2)

    page = follow(desk, post(desk, f"{LIST}/angebote", page=LIST, kind="accept"))

    assert "Bitte setzen Sie zuerst einen Haken." in page
    assert len(titles(page)) == 2


def test_all_of_one_source_are_accepted_at_once(site, desk, monkeypatch):
    monkeypatch.setattr("webapp.pages.desk_held.MOST_AT_ONCE", 3)
    offers = new_offers(site, 4)
    (entry,) = new_offers(site, 1, source=FORM)
    shown = f"{LIST}?quelle={NEW.name}"
    assert "4 warten; auf einmal gehen höchstens 3, die ältesten zuerst." in desk.get(shown).text

    page = follow(desk, post(desk, f"{LIST}/quelle/{NEW.name}/alle", page=shown, kind="accept"))

    assert "3 Angebote angenommen." in page
    assert [status(site, offer) for offer in (*offers, entry)] == [Status.PUBLISHED] * 3 + [Status.HELD] * 2


def test_all_of_one_source_accepts_nothing_unsure(site, desk):
    *clear, unsure = site.harvest(
        make_source_offer("a", source=NEW.name, title="Klar 1"),
        make_source_offer("b", source=NEW.name, title="Klar 2"),
        make_source_offer("c", source=NEW.name, title="Unklar", kita_suitability=UNSURE),
        source=NEW,
    )
    shown = f"{LIST}?quelle={NEW.name}&worte=Unklar"
    first = desk.get(shown).text

    post(desk, f"{LIST}/quelle/{NEW.name}/alle", page=shown, kind="accept")
    again = follow(desk, post(desk, f"{LIST}/quelle/{NEW.name}/alle", page=shown, kind="accept"))

    assert "Alle 2 klaren dieser Quelle annehmen" in first
    assert "Unklar davon: 1." in text_of(first)
    assert "wartet kein klares Angebot mehr" in again
    assert "klaren dieser Quelle annehmen" not in again
    assert [status(site, offer) for offer in (*clear, unsure)] == [Status.PUBLISHED] * 2 + [Status.HELD]

    post(desk, f"{LIST}/quelle/{NEW.name}/alle", page=shown, kind="reject")

    assert status(site, unsure) is Status.REJECTED


def test_what_a_harvest_makes_unsure_in_this_moment_is_not_accepted_with_its_source(site, desk, monkeypatch):
    clear, unsure = site.harvest(
        make_source_offer("a", source=NEW.name, title="Klar"),
        make_source_offer("b", source=NEW.name, title="Unklar", kita_suitability=UNSURE),
        source=NEW,
    )
    monkeypatch.setattr("webapp.pages.desk_held.decidable", lambda *_args, **_kinds: [clear, unsure])

    post(desk, f"{LIST}/quelle/{NEW.name}/alle", page=f"{LIST}?quelle={NEW.name}", kind="accept")

    assert [status(site, offer) for offer in (clear, unsure)] == [Status.PUBLISHED, Status.HELD]


def test_after_an_action_one_is_back_where_one_was_and_nowhere_else(site, desk):
    (offer,) = new_offers(site, 1)
    shown = f"{LIST}?quelle={NEW.name}&art=new_offer"
    (nach,) = {i.get("value") for i in html.fromstring(desk.get(shown).text).cssselect("input[name=nach]")}
    kept = post(desk, f"{LIST}/angebote", page=LIST, kind="accept", offer=offer, nach=nach)
    elsewhere = [
        desk.post(
            f"{LIST}/angebote", data={"csrf_token": csrf_token(desk.get(LIST).text), "kind": "accept", "nach": to}
        )
        for to in ("https://boese.example/", "//boese.example", "/desk/offen/../../x", "/desk/offen?x=\r\ny")
    ]

    assert kept.headers["Location"] == shown
    assert {response.headers["Location"] for response in elsewhere} == {LIST}


# -- trust ------------------------------------------------------------------------------------------------------------


def test_trust_is_decided_once_and_clear_offers_need_no_click_from_then_on(site, desk):
    (clear,) = new_offers(site, 1)
    shown = f"{LIST}?quelle={NEW.name}"

    page = follow(desk, post(desk, f"{LIST}/quelle/{NEW.name}/vertrauen", page=shown, trust="publish"))

    assert "Dieser Quelle wird vertraut" in page
    assert status(site, clear) is Status.PUBLISHED
    site.harvest(
        make_source_offer("neu", source=NEW.name),
        make_source_offer("unklar", source=NEW.name, kita_suitability=UNSURE),
        source=NEW,
    )
    assert kinds(desk.get(LIST).text) == {"alle": 1, "Eignung unklar": 1}
    take_back(desk, page)
    assert status(site, clear) is Status.HELD


# -- conflicts, duplicates, suggestions, wordings ---------------------------------------------------------------------


@pytest.mark.parametrize("take", ["correction", "source"])
def test_a_conflict_shows_three_values_and_its_decision_is_taken_back(site, desk, take):
    (offer,) = site.harvest(make_source_offer())
    post(desk, f"/desk/angebote/{offer}/korrigieren/price", page=f"/desk/angebote/{offer}", model="free")
    site.harvest(make_source_offer(price=Price(model=PriceModel.PER_CHILD, amount_eur=9)))
    number = review_of(site, offer, ReviewKind.CONFLICT)
    words = text_of(desk.get(LIST).text)
    assert "Quelle damals2,50 € pro Kind" in words
    assert f"Korrektur von {COORDINATOR} (gilt)kostenfrei" in words
    assert "Quelle jetzt9 € pro Kind" in words

    page = follow(desk, post(desk, f"{LIST}/{number}", page=LIST, take=take))

    assert titles(page) == []
    assert titles(take_back(desk, page).text) == ["Dinosaurier entdecken"]
    assert "kostenfrei" in site.client().get(f"/angebote/{offer}").text
    assert review_of(site, offer, ReviewKind.CONFLICT) == number


@pytest.mark.parametrize("take", ["same", "different"])
def test_two_offers_stand_side_by_side_and_are_judged(site, desk, take):
    (left,) = site.harvest(make_source_offer())
    (right,) = site.harvest(
        make_source_offer("x", source="mv_zwei", title="Dinos", price=None), source=make_source("mv_zwei")
    )
    suspect(site, left, right)
    number = review_of(site, min(left, right), ReviewKind.DUPLICATE)
    words = text_of(desk.get(LIST).text)
    assert "zweimal dasselbe Angebot: fast gleicher Titel, gleicher Ort." in words
    assert "Ohne Entscheidung bis 7. Dezember 2026: beide bleiben." in words
    assert len(html.fromstring(desk.get(LIST).text).cssselect(".pair > section")) == 2

    page = follow(desk, post(desk, f"{LIST}/{number}", page=LIST, take=take))

    moved = site.client().get(f"/angebote/{right}")
    assert (moved.status_code, titles(page)) == (301 if take == "same" else 200, [])
    assert titles(take_back(desk, page).text) != []
    assert site.client().get(f"/angebote/{right}").status_code == 200


def test_a_suggestion_is_done_or_leads_to_the_form_of_its_field(site, desk):
    (offer,) = site.harvest(make_source_offer())
    with site.database.begin() as session:
        suggest(session, offer, field="price", words="kostet jetzt 3 €", now=site.now)
    number = review_of(site, offer, ReviewKind.SUGGESTION)
    page = html.fromstring(desk.get(LIST).text)
    assert "zum Feld Kosten: kostet jetzt 3 €" in text_of(desk.get(LIST).text)
    assert f"/desk/angebote/{offer}?feld=price#feld-price" in {a.get("href") for a in page.cssselect("a.button")}
    assert "kostet jetzt 3 €" in desk.get(f"/desk/angebote/{offer}").text

    done = follow(desk, post(desk, f"{LIST}/{number}", page=f"/desk/angebote/{offer}", take="done"))

    assert titles(desk.get(LIST).text) == []
    take_back(desk, done)
    assert len(titles(desk.get(LIST).text)) == 1


def test_a_meaning_becomes_a_lookup_and_the_source_is_read_again(site, desk):
    say_unknown(site)
    words = text_of(desk.get(LIST).text)
    assert "2-mal nicht verstanden" in words
    assert "Ohne Entscheidung bis 7. Dezember 2026: sie zählen nicht." in words

    page = follow(desk, post(desk, f"{LIST}/wortlaut/1", page=LIST, take="mean", meaning=" kostenlos "))

    with site.database.begin() as session:
        found = stored_source(session, NEW.name)
        work = claim_work(session, now=site.now)
    assert found is not None
    assert found.lookups == {"price": {"fast nix": "kostenlos"}}
    assert work is not None
    assert work.job == f"replay:{NEW.name}"
    site.now += timedelta(minutes=1)
    take_back(desk, page)
    with site.database.read() as session:
        found = stored_source(session, NEW.name)
    assert found is not None
    assert found.lookups == {}
    assert "„fast nix“" in titles(desk.get(LIST).text)


def test_an_ignored_wording_does_not_come_back_with_the_next_run(site, desk):
    say_unknown(site)

    page = follow(desk, post(desk, f"{LIST}/wortlaut/1", page=LIST, take="ignore"))
    say_unknown(site)

    assert titles(desk.get(LIST).text) == ["Wortlaut"]
    assert "„fast nix“" in titles(take_back(desk, page).text)


def test_a_meaning_needs_words(site, desk):
    say_unknown(site)

    page = follow(desk, post(desk, f"{LIST}/wortlaut/1", page=LIST, take="mean", meaning="  "))

    assert "Bitte schreiben Sie dazu, was die Worte bedeuten" in page
    assert "„fast nix“" in titles(page)


def test_a_meaning_that_is_not_understood_either_is_refused_with_an_example(site, desk):
    say_unknown(site)

    page = follow(desk, post(desk, f"{LIST}/wortlaut/1", page=LIST, take="mean", meaning="ein Apfel und ein Ei"))

    words = text_of(page)
    assert "„ein Apfel und ein Ei“ verstehen wir bei „Kosten“ auch nicht." in words
    assert "zum Beispiel „2,50 € pro Kind“" in words
    assert "„fast nix“" in titles(page)


@pytest.mark.parametrize("field", MEANINGS)
def test_the_example_of_a_meaning_is_understood(field):
    assert is_understood(field, MEANINGS[field], today=date(2026, 11, 23))
    assert not is_understood(field, "Trara und Tschingbum", today=date(2026, 11, 23))


def test_a_wording_shows_the_page_where_it_stands(site, desk):
    say_unknown(site)

    (link,) = html.fromstring(desk.get(LIST).text).xpath("//a[@href='https://museum.example/7']")

    assert NEW.name not in link.getparent().text_content()


def test_what_looks_the_same_is_not_said_to_differ(site, desk):
    hours = Schedule(kind=ScheduleKind.ON_REQUEST, words="nach Absprache")
    (left,) = site.harvest(make_source_offer(schedule=hours))
    (right,) = site.harvest(
        make_source_offer("x", source="mv_zwei", schedule=hours.model_copy(update={"words": "auf Anfrage"})),
        source=make_source("mv_zwei"),
    )
    first, second = sorted((left, right))
    with site.database.begin() as session:
        open_reviews(session, [Cause(first, ReviewKind.DUPLICATE, second, {"reasons": []})], now=site.now)

    assert "anders" not in text_of(desk.get(LIST).text)


def test_a_conflict_says_who_corrected(site, desk):
    (offer,) = site.harvest(make_source_offer())
    with site.database.begin() as session:
        correct(session, offer, "price", {"model": "free"}, by="Kollegin", now=site.now)
    site.harvest(make_source_offer(price=Price(model=PriceModel.PER_CHILD, amount_eur=9)))

    for page in (LIST, f"/desk/angebote/{offer}"):
        assert "Korrektur von Kollegin (gilt)kostenfrei" in text_of(desk.get(page).text)


def test_from_a_suggestion_one_comes_to_the_open_form_of_its_field(site, desk):
    (offer,) = site.harvest(make_source_offer())
    with site.database.begin() as session:
        suggest(session, offer, field="price", words="kostet jetzt 3 €", now=site.now)
    (link,) = html.fromstring(desk.get(LIST).text).xpath("//a[starts-with(., 'Zum Korrigieren')]/@href")

    page = html.fromstring(desk.get(link.partition("#")[0]).text)

    (opened,) = page.cssselect("details[open]")
    assert link.endswith(f"#{opened.get('id')}")
    assert opened.cssselect("form[action$='/korrigieren/price']")
    assert page.cssselect("[role=alert]") == []


def test_what_makes_no_sense_is_refused(site, desk):
    (offer,) = new_offers(site, 1)
    number = review_of(site, offer, ReviewKind.NEW_OFFER)
    token = {"csrf_token": csrf_token(desk.get(LIST).text)}

    asked = {
        f"{LIST}/angebote": {"kind": "confirm"},
        f"{LIST}/{number}": {"take": "same"},
        f"{LIST}/4711": {"take": "same"},
        f"{LIST}/wortlaut/4711": {"take": "ignore"},
        f"{LIST}/wortlaut/1": {"take": "x"},
        f"{LIST}/quelle/gibt_es_nicht/alle": {"kind": "accept"},
        f"{LIST}/quelle/{NEW.name}/vertrauen": {"trust": "blind"},
        f"{LIST}/zuruecknehmen/4711": {},
    }
    statuses = {path: desk.post(path, data=token | data).status_code for path, data in asked.items()}

    assert statuses == dict(zip(asked, (400, 400, 404, 404, 400, 404, 400, 404), strict=True))


# -- the offer's page -------------------------------------------------------------------------------------------------


def test_the_history_of_an_offer_tells_everything_and_takes_it_back(site, desk):
    (offer,) = new_offers(site, 1)
    page = f"/desk/angebote/{offer}"
    post(desk, f"{page}/entscheiden", page=page, kind="accept", why="geprüft")
    post(desk, f"{page}/korrigieren/ages", page=page, min_months="36")

    shown = html.fromstring(desk.get(page).text)
    history = [" ".join(item.text_content().split()) for item in shown.cssselect(".history li p")]
    assert [words.split(" von ")[0] for words in history] == ["Korrigiert: Alter", "Angenommen: geprüft"]
    last, *_ = shown.cssselect(".history form")
    desk.post(last.get("action"), data=dict(last.form_values()))

    with site.database.read() as session:
        found = detail(session, offer)
    assert found is not None
    assert found.offer.ages is not None
    assert found.offer.ages.min_months == 48
    assert "zurückgenommen" in desk.get(page).text


def test_offers_are_merged_by_hand_and_the_old_desk_page_leads_to_the_new(site, desk):
    (left,) = site.harvest(make_source_offer())
    (right,) = site.harvest(make_source_offer("x", source="mv_zwei"), source=make_source("mv_zwei"))
    page = f"/desk/angebote/{right}"

    unknown = follow(desk, post(desk, f"{page}/zusammenfuehren", page=page, other="https://nirgends.example"))
    merged = post(desk, f"{page}/zusammenfuehren", page=page, other=f"http://kitalotse.example/angebote/{left}")

    assert "Kein anderes Angebot dieser Region gefunden" in unknown
    assert merged.headers["Location"].endswith(left)
    joined = follow(desk, merged)
    assert desk.get(page).headers["Location"].endswith(left)
    take_back(desk, joined)
    assert desk.get(page).status_code == 200


def test_one_source_is_split_off_and_joined_again(site, desk):
    (offer,) = site.harvest(make_source_offer())
    (other,) = site.harvest(make_source_offer("x", source="mv_zwei"), source=make_source("mv_zwei"))
    with site.database.begin() as session:
        judge(session, offer, other, JudgementKind.SAME, by="x", now=site.now)
    page = f"/desk/angebote/{offer}"

    done = follow(desk, post(desk, f"{page}/trennen", page=page, source="0"))

    assert "ist jetzt ein eigenes Angebot" in done
    assert "Als eigenes Angebot abtrennen" not in done
    assert "Als eigenes Angebot abtrennen" in take_back(desk, done).text


def test_a_provenance_of_a_corrected_field_says_so(site, desk):
    (offer,) = new_offers(site, 1, kita_suitability=UNSURE)
    page = f"/desk/angebote/{offer}"
    post(desk, f"{page}/korrigieren/ages", page=page, min_months="36")

    assert "korrigiert" in text_of(desk.get(LIST).text)
    assert make_provenance("ages").evidence not in desk.get(LIST).text


def test_trust_steered_elsewhere_is_shown(site, desk):
    new_offers(site, 1)
    with site.database.begin() as session:
        steer_source(session, NEW.name, {"trust": "publish"}, by="x", now=site.now)

    assert "Nicht mehr vertrauen" in desk.get(f"{LIST}?quelle={NEW.name}").text


def send_twice_from_old_pages(desk: Reader, *forms: dict[str, Any], page: str = "") -> list[str]:
    """Post forms of one and the same page, as two windows of it or a double click do; the pages that follow."""
    page = page or desk.get(LIST).text
    return [
        follow(desk, desk.post(f"{LIST}/angebote", data=filled(page, f"{LIST}/angebote", **form))) for form in forms
    ]


def test_a_double_click_is_one_decision_that_is_taken_back_whole(site, desk):
    (offer,) = new_offers(site, 1)
    click = {"kind": "accept", "offer": offer}

    _, second = send_twice_from_old_pages(desk, click, click)

    assert "Das war schon so entschieden; es bleibt dabei." in second
    assert "angenommen." not in second
    take_back(desk, second)
    assert status(site, offer) is Status.HELD


def test_a_double_click_on_many_is_taken_back_whole(site, desk):
    offers = new_offers(site, 3)
    click = {"kind": "reject", "offer": offers}

    _, second = send_twice_from_old_pages(desk, click, click)

    take_back(desk, second)
    assert {status(site, offer) for offer in offers} == {Status.HELD}


def test_one_of_many_pressed_again_is_taken_back_alone(site, desk):
    offers = new_offers(site, 2)

    _, second = send_twice_from_old_pages(
        desk, {"kind": "accept", "offer": offers}, {"kind": "accept", "offer": offers[0]}
    )

    take_back(desk, second)
    assert [status(site, offer) for offer in offers] == [Status.HELD, Status.PUBLISHED]


@pytest.mark.parametrize("since", ["a colleague decided", "it was corrected"])
def test_what_is_not_the_last_word_of_this_person_has_no_button_to_take_it_back(site, desk, since):
    (offer,) = new_offers(site, 1)
    click, old = {"kind": "accept", "offer": offer}, desk.get(LIST).text
    send_twice_from_old_pages(desk, click, page=old)
    with site.database.begin() as session:
        if since == "it was corrected":
            correct(session, offer, "duration_minutes", 55, by="Kollegin", now=site.now)
        else:
            decide(session, offer, DecisionKind.ACCEPT, by="Kollegin", now=site.now)
    desk.get(LIST)

    (again,) = send_twice_from_old_pages(desk, click, page=old)

    assert "1 Angebot wartete nicht mehr" in again
    assert "zuruecknehmen" not in again


def test_a_stale_list_does_not_overrule_what_a_colleague_decided(site, desk):
    offers = new_offers(site, 2)

    _, second = send_twice_from_old_pages(
        desk, {"kind": "reject", "offer": offers[0]}, {"kind": "accept", "offer": offers}
    )

    assert [status(site, offer) for offer in offers] == [Status.REJECTED, Status.PUBLISHED]
    assert "1 Angebot angenommen." in second
    assert "1 Angebot wartete nicht mehr" in second


def test_the_list_tells_that_an_offer_was_rejected_before(site, desk):
    """A provider who changes a rejected entry takes the rejection back; nobody need look into its history."""
    first, other = new_offers(site, 2)
    with site.database.begin() as session:
        no = decide(session, first, DecisionKind.REJECT, by="Kollegin", now=site.now, why="nur für Schulen")
        undo_decision(session, no.id or 0, by="Anbieter", now=site.now + timedelta(days=2))

    cards = html.fromstring(desk.get(LIST).text).xpath("//ol[contains(@class, 'held')]/li")
    told = {link: " ".join(card.text_content().split()) for card in cards for link in card.xpath("./h2/a/@href")}

    assert "Schon einmal abgelehnt, von Kollegin am 23. November 2026" in told[f"/desk/angebote/{first}"]
    assert ": nur für Schulen. Zurückgenommen am 25. November" in told[f"/desk/angebote/{first}"]
    assert "abgelehnt" not in told[f"/desk/angebote/{other}"]
