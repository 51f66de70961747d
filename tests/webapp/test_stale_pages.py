"""Two coordinators on old pages, and a harvest in between: nobody is overruled, and nothing is stored twice.

Taking back what was done restores what was, or says why it does not; what was decided later stays.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from lxml import html
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from schemas.exceptions import StoreError
from schemas.harvest import HarvestRun, Issue, RunStatus, Source
from schemas.offer import Offer, Price, SourceKey
from schemas.review import DecisionKind, JudgementKind, ReviewKind
from schemas.store.harvest import save_readings
from schemas.store.merging import merge, resolve_duplicate
from schemas.store.queue import Cause, open_reviews
from schemas.store.reviews import correct, decide, detail, hold_withdrawals
from schemas.store.runs import finish_run, start_run
from schemas.store.runs import source as stored_source
from schemas.store.suggestions import suggest
from schemas.store.undoing import undo
from schemas.tables.reviews import judgements
from schemas.tables.work import audit
from schemas.vocabulary import PriceModel, Status
from tests.factories import make_source, make_source_offer
from tests.webapp.site import COORDINATOR, Reader, Site, filled, post

LIST = "/desk/offen"
NEW = make_source("mv_neu", trust="hold")
TWO = make_source("mv_zwei")
FREE = {"model": "free"}
CHANGED = "Das hat sich geändert, seit Sie es sahen"
SETTLED = "Das wartete nicht mehr auf eine Entscheidung und blieb, wie es ist."
LATER = "Danach wurde schon etwas anderes entschieden"


@pytest.fixture
def site(both_sites: Site) -> Site:
    return both_sites


@pytest.fixture
def desk(site: Site) -> Reader:
    return site.coordinator()


def costing(euros: int) -> dict[str, Any]:
    return {"price": Price(model=PriceModel.PER_CHILD, amount_eur=euros)}


def offer_now(site: Site, offer: str) -> Offer:
    with site.database.read() as session:
        found = detail(session, offer)
    assert found is not None
    return found.offer


def price(site: Site, offer: str) -> Any:
    """What it costs as shown; 0 for free."""
    found = offer_now(site, offer).price
    assert found is not None
    return found.amount_eur or 0


def waiting(site: Site, offer: str) -> list[ReviewKind]:
    with site.database.read() as session:
        found = detail(session, offer)
    assert found is not None
    return [review.kind for review in found.reviews if not review.closed_at]


def noted(site: Site, action: str) -> int:
    """How often that stands in the audit trail."""
    with site.database.read() as session:
        return session.scalar(select(func.count()).where(audit.c.action == action)) or 0


def settling(page: str) -> str:
    """The address of the only form of the list that settles a question."""
    (path,) = {form.get("action") for form in html.fromstring(page).forms if form.cssselect("button[name=take]")}
    return str(path)


def press(desk: Reader, old: str, take: str, **more: str) -> str:
    """Press a button of a page that was loaded a while ago; the page that follows."""
    path = settling(old)
    return str(desk.post(path, data=filled(old, path, take=take, **more), follow_redirects=True).text)


def take_back(desk: Reader, page: str) -> Any:
    (form,) = html.fromstring(page).cssselect("form.message")
    return desk.post(form.get("action"), data=dict(form.form_values()), follow_redirects=True)


# -- what brings each kind onto the list ------------------------------------------------------------------------------


def conflict(site: Site) -> str:
    """The price was 2.50, a coordinator says it is free, the source now says 9."""
    (offer,) = site.harvest(make_source_offer())
    with site.database.begin() as session:
        correct(session, offer, "price", FREE, by="Kollegin", now=site.now)
    site.harvest(make_source_offer(**costing(9)))
    return offer


def pair(site: Site) -> tuple[str, str]:
    (left,) = site.harvest(make_source_offer())
    (right,) = site.harvest(make_source_offer("x", source=TWO.name, title="Dinos"), source=TWO)
    first, second = sorted((left, right))
    with site.database.begin() as session:
        why = {"probability": 0.9, "reasons": ["gleicher Ort"]}
        open_reviews(session, [Cause(first, ReviewKind.DUPLICATE, second, why)], now=site.now)
    return left, right


def run_without(site: Site, source: Source, key: str, *, withdraw: bool = False) -> None:
    """A complete run of ``source`` that does not show the offer ``key``, or takes it back."""
    gone = [SourceKey(source=source.name, key=key)]
    with site.database.begin() as session:
        number = start_run(session, source.name, site.now)
        save_readings(session, source, number, absent=gone, withdrawn=gone if withdraw else (), now=site.now)
        run = HarvestRun(id=number, source=source.name, started_at=site.now)
        finish_run(session, run.model_copy(update={"finished_at": site.now, "status": RunStatus.COMPLETE}))


def vanished(site: Site) -> str:
    (offer,) = site.harvest(make_source_offer("weg"))
    run_without(site, site.source, "weg")
    with site.database.begin() as session:
        hold_withdrawals(session, [offer], now=site.now)
    return offer


def suggestion(site: Site) -> str:
    (offer,) = site.harvest(make_source_offer())
    with site.database.begin() as session:
        suggest(session, offer, field="price", words="kostet jetzt 3 €", now=site.now)
    return offer


# -- two coordinators, one question -----------------------------------------------------------------------------------


def both_answer(site: Site, first: str, second: str) -> str:
    """Two coordinators open the list, then one presses a button after the other; what the second sees."""
    readers = [site.coordinator(), site.coordinator()]
    pages = [reader.get(LIST).text for reader in readers]
    return [press(*each) for each in zip(readers, pages, (first, second), strict=True)][-1]


@pytest.mark.parametrize(("first", "second", "left"), [("correction", "source", 0), ("source", "correction", 9)])
def test_of_two_answers_to_a_conflict_the_first_counts(site, first, second, left):
    offer = conflict(site)

    page = both_answer(site, first, second)

    assert SETTLED in page
    assert (price(site, offer), noted(site, "resolve_conflict")) == (left, 1)


@pytest.mark.parametrize("first", ["same", "different"])
@pytest.mark.parametrize("second", ["same", "different"])
def test_of_two_answers_about_a_pair_the_first_counts(site, first, second):
    left, right = pair(site)

    page = both_answer(site, first, second)

    assert SETTLED in page
    with site.database.read() as session:
        assert list(session.scalars(select(judgements.c.kind))) == [first]
    assert offer_now(site, right).replaced_by == (left if first == "same" else None)


@pytest.mark.parametrize(
    ("first", "second", "left"), [("keep", "withdraw", Status.PUBLISHED), ("withdraw", "keep", Status.GONE)]
)
def test_of_two_answers_to_a_held_withdrawal_the_first_counts(site, first, second, left):
    offer = vanished(site)

    page = both_answer(site, first, second)

    assert SETTLED in page
    assert (offer_now(site, offer).status, noted(site, "resolve_withdrawal")) == (left, 1)


def test_a_suggestion_is_closed_once(site):
    suggestion(site)

    page = both_answer(site, "done", "done")

    assert SETTLED in page
    assert noted(site, "close_suggestion") == 1


def test_of_two_meanings_of_a_wording_the_first_counts(site, desk):
    issue = Issue(
        field="price", wording="fast nix", rule="price.not_understood", where="x",
        remedy="unter lookups.price der Quelle übersetzen",
    )  # fmt: skip
    run = HarvestRun(source=site.source.name, started_at=site.now, issues=(issue,))
    site.harvest(make_source_offer(), run=run)
    old = desk.get(LIST).text
    press(desk, old, "mean", meaning="kostenlos")

    page = press(desk, old, "mean", meaning="2 Euro")

    assert "Über „fast nix“ ist schon entschieden; es bleibt dabei." in page
    with site.database.read() as session:
        found = stored_source(session, site.source.name)
    assert found is not None
    assert found.lookups == {"price": {"fast nix": "kostenlos"}}
    assert noted(site, "decide_wording") == 1


def at_once(site: Site, act: Callable[[Session], Any]) -> list[str]:
    """Two do the same at the same moment, each in a transaction; ``done`` or what was refused, of each."""
    together = threading.Barrier(2)

    def one(_number: int) -> str:
        together.wait()
        try:
            with site.database.begin() as session:
                act(session)
        except StoreError as refused:
            return type(refused).__name__
        return "done"

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(one, range(2)))


def test_two_who_answer_at_the_same_moment_leave_one_judgement(site):
    left, right = pair(site)
    with site.database.read() as session:
        found = detail(session, min(left, right))
    assert found is not None
    number = found.reviews[0].id or 0

    results = at_once(
        site, lambda session: resolve_duplicate(session, number, JudgementKind.DIFFERENT, by="x", now=site.now)
    )

    assert results == ["StoreError", "done"]
    assert noted(site, "judge") == 1


def test_two_who_take_the_same_back_at_the_same_moment_do_it_once(site, desk):
    conflict(site)
    press(desk, desk.get(LIST).text, "source")
    with site.database.read() as session:
        number = session.scalar(select(func.max(audit.c.id))) or 0

    results = at_once(site, lambda session: undo(session, number, by="x", now=site.now))

    assert results == ["StoreError", "done"]
    assert noted(site, "undo") == 1


# -- something changes between the page and the button ----------------------------------------------------------------


@pytest.mark.parametrize("take", ["correction", "source"])
@pytest.mark.parametrize("since", ["the source changed it again", "a colleague corrected it again"])
def test_nobody_decides_a_conflict_whose_values_they_did_not_see(site, desk, take, since):
    offer = conflict(site)
    old = desk.get(LIST).text
    if since == "the source changed it again":
        site.harvest(make_source_offer(**costing(12)))
    else:
        with site.database.begin() as session:
            correct(session, offer, "price", {"model": "per_child", "amount_eur": 4}, by="Kollegin", now=site.now)
    before = (price(site, offer), waiting(site, offer))

    page = press(desk, old, take)

    assert CHANGED in page or SETTLED in page
    assert (price(site, offer), waiting(site, offer)) == before
    assert noted(site, "resolve_conflict") == 0


def test_nobody_decides_about_a_pair_that_looks_different_by_now(site, desk):
    left, right = pair(site)
    old = desk.get(LIST).text
    site.harvest(make_source_offer("x", source=TWO.name, title="Pflanzen pressen"), source=TWO)

    page = press(desk, old, "same")

    assert CHANGED in page
    assert "Pflanzen pressen" in page
    assert {offer_now(site, each).status for each in (left, right)} == {Status.PUBLISHED}
    assert "ein Angebot" in press(desk, page, "same")


def test_an_offer_that_is_back_is_not_withdrawn_by_an_old_page(site, desk):
    offer = vanished(site)
    old = desk.get(LIST).text
    site.harvest(make_source_offer("weg"))

    page = press(desk, old, "withdraw")

    assert SETTLED in page
    assert offer_now(site, offer).status is Status.PUBLISHED


def test_an_offer_that_was_read_anew_and_says_the_same_is_decided_as_it_was_seen(site, desk):
    (offer,) = site.harvest(make_source_offer("a", source=NEW.name), source=NEW)
    old = desk.get(LIST).text
    site.harvest(make_source_offer("a", source=NEW.name), source=NEW)

    desk.post(f"{LIST}/angebote", data=filled(old, f"{LIST}/angebote", offer=offer, kind="accept"))

    assert offer_now(site, offer).status is Status.PUBLISHED


def test_the_page_of_an_offer_does_not_overrule_a_colleague(site, desk):
    (offer,) = site.harvest(make_source_offer("a", source=NEW.name), source=NEW)
    page = f"/desk/angebote/{offer}"
    old = desk.get(page).text
    post(site.coordinator(), f"{page}/entscheiden", page=page, kind="reject")

    answer = desk.post(
        f"{page}/entscheiden", data=filled(old, f"{page}/entscheiden", kind="accept"), follow_redirects=True
    )

    assert "Das Angebot hat sich geändert, seit Sie es sahen" in answer.text
    assert offer_now(site, offer).status is Status.REJECTED


# -- taking back what something was built on --------------------------------------------------------------------------


@pytest.mark.parametrize("take", ["correction", "source"])
def test_a_conflict_is_taken_back_although_the_source_changed_again(site, desk, take):
    offer = conflict(site)
    done = press(desk, desk.get(LIST).text, take)
    site.harvest(make_source_offer(**costing(12)))

    assert "Zurückgenommen." in take_back(desk, done).text

    assert (price(site, offer), waiting(site, offer)) == (0, [ReviewKind.CONFLICT])
    assert "12 € pro Kind" in desk.get(LIST).text


def test_a_conflict_is_not_taken_back_where_a_colleague_corrected_since(site, desk):
    offer = conflict(site)
    done = press(desk, desk.get(LIST).text, "source")
    with site.database.begin() as session:
        correct(session, offer, "price", {"model": "per_child", "amount_eur": 4}, by="Kollegin", now=site.now)

    refused = take_back(desk, done)

    assert (refused.status_code, LATER in refused.text) == (409, True)
    assert (price(site, offer), waiting(site, offer)) == (4, [])


@pytest.mark.parametrize(("colleague", "left"), [("source", 12), ("correction", 0)])
def test_a_conflict_is_not_taken_back_where_the_next_one_was_decided(site, desk, colleague, left):
    offer = conflict(site)
    done = press(desk, desk.get(LIST).text, "correction")
    site.harvest(make_source_offer(**costing(12)))
    later = press(other := site.coordinator(), other.get(LIST).text, colleague)

    refused = take_back(desk, done)

    assert (refused.status_code, LATER in refused.text) == (409, True)
    assert (price(site, offer), waiting(site, offer)) == (left, [])
    take_back(other, later)
    take_back(desk, done)
    assert (price(site, offer), waiting(site, offer)) == (0, [ReviewKind.CONFLICT])


def test_a_decision_is_not_taken_back_under_a_later_one(site, desk):
    (offer,) = site.harvest(make_source_offer("a", source=NEW.name), source=NEW)
    done = follow_accept(desk, offer)
    with site.database.begin() as session:
        decide(session, offer, DecisionKind.REJECT, by="Kollegin", now=site.now)

    refused = take_back(desk, done)

    assert (refused.status_code, LATER in refused.text) == (409, True)
    assert offer_now(site, offer).status is Status.REJECTED


def test_an_acceptance_is_taken_back_although_the_offer_changed(site, desk):
    (offer,) = site.harvest(make_source_offer("a", source=NEW.name), source=NEW)
    done = follow_accept(desk, offer)
    site.harvest(make_source_offer("a", source=NEW.name, title="Anders"), source=NEW)

    take_back(desk, done)

    found = offer_now(site, offer)
    assert (found.status, found.title, waiting(site, offer)) == (Status.HELD, "Anders", [ReviewKind.NEW_OFFER])


def follow_accept(desk: Reader, offer: str) -> str:
    address = desk.post(
        f"{LIST}/angebote", data=filled(desk.get(LIST).text, f"{LIST}/angebote", offer=offer, kind="accept")
    ).headers["Location"]
    return str(desk.get(address).text)


@pytest.mark.parametrize("withdrew", ["the one that stayed", "the one that was merged"])
def test_a_merge_is_taken_back_after_one_source_withdrew(site, desk, withdrew):
    left, right = pair(site)
    done = press(desk, desk.get(LIST).text, "same")
    if withdrew == "the one that stayed":
        run_without(site, site.source, make_source_offer().origin.key, withdraw=True)
    else:
        run_without(site, TWO, "x", withdraw=True)
    assert offer_now(site, left).status is Status.PUBLISHED

    assert "Zurückgenommen." in take_back(desk, done).text

    gone, alive = (left, right) if withdrew == "the one that stayed" else (right, left)
    assert (offer_now(site, gone).status, offer_now(site, alive).status) == (Status.GONE, Status.PUBLISHED)
    assert offer_now(site, right).replaced_by is None


def test_a_merge_taken_back_asks_no_question_that_the_source_answered(site, desk):
    left, right = pair(site)
    run_without(site, TWO, "x")
    with site.database.begin() as session:
        hold_withdrawals(session, [right], now=site.now)
        merge(session, left, right, by="x", now=site.now)
        number = session.scalar(select(func.max(audit.c.id)))
    site.harvest(make_source_offer("x", source=TWO.name, title="Dinos"), source=TWO)
    page = f"/desk/angebote/{left}"

    post(desk, f"{LIST}/zuruecknehmen/{number}", page=page)

    assert offer_now(site, right).status is Status.PUBLISHED
    assert ReviewKind.WITHDRAWAL not in waiting(site, right)


def test_different_is_not_taken_back_where_a_colleague_merged_since(site, desk):
    left, right = pair(site)
    done = press(desk, desk.get(LIST).text, "different")
    with site.database.begin() as session:
        merge(session, left, right, by="Kollegin", now=site.now)

    refused = take_back(desk, done)

    assert (refused.status_code, LATER in refused.text) == (409, True)
    assert offer_now(site, right).replaced_by == left
    with site.database.read() as session:
        assert list(session.scalars(select(judgements.c.undone_at))) == [None]


@pytest.mark.parametrize("take", ["keep", "withdraw"])
def test_a_held_withdrawal_taken_back_after_the_offer_returned_shows_it_and_asks_nothing(site, desk, take):
    offer = vanished(site)
    done = press(desk, desk.get(LIST).text, take)
    site.harvest(make_source_offer("weg"))

    take_back(desk, done)

    assert (offer_now(site, offer).status, waiting(site, offer)) == (Status.PUBLISHED, [])


def test_what_was_taken_back_is_not_taken_back_twice(site, desk):
    offer = conflict(site)
    done = press(desk, desk.get(LIST).text, "source")
    take_back(desk, done)
    press(desk, desk.get(LIST).text, "correction")

    again = take_back(desk, done)

    assert (again.status_code, "Das hat sich inzwischen geändert" in again.text) == (409, True)
    assert (price(site, offer), waiting(site, offer)) == (0, [])


# -- corrections ------------------------------------------------------------------------------------------------------


def typed(page: str) -> dict[str, Any]:
    """What stands in the form of the only field that is open."""
    (field,) = html.fromstring(page).cssselect("details[open]")
    return dict(field.cssselect("form[action*=korrigieren]")[0].form_values())


def save(desk: Reader, old: str, offer: str, field: str, **values: str) -> Any:
    """Save a correction on a page that was loaded a while ago."""
    path = f"/desk/angebote/{offer}/korrigieren/{field}"
    return desk.post(path, data=filled(old, path, **values), follow_redirects=True)


@pytest.mark.parametrize("since", ["the source changed it", "a colleague corrected it", "a correction was taken back"])
def test_a_correction_does_not_overrule_what_was_not_seen_and_nothing_typed_is_lost(site, desk, since):
    (offer,) = site.harvest(make_source_offer())
    with site.database.begin() as session:
        if since == "a correction was taken back":
            correct(session, offer, "price", FREE, by="Kollegin", now=site.now)
    old = desk.get(f"/desk/angebote/{offer}").text
    if since == "the source changed it":
        site.harvest(make_source_offer(**costing(9)))
    with site.database.begin() as session:
        if since == "a colleague corrected it":
            correct(session, offer, "price", {"model": "per_child", "amount_eur": 4}, by="Kollegin", now=site.now)
        if since == "a correction was taken back":
            undo(session, 1, by="Kollegin", now=site.now)
    before = price(site, offer)

    answer = save(desk, old, offer, "price", model="per_group", amount_eur="35")

    shown = {9: "9 € pro Kind", 4: "4 € pro Kind", 2.5: "2,50 € pro Kind"}[before]
    (problem,) = html.fromstring(answer.text).cssselect("[role=alert]")
    words = " ".join(problem.text_content().split())
    assert answer.status_code == 409
    assert words.startswith(f"Kosten: Das hat sich geändert, seit Sie es sahen. Jetzt gilt: {shown}")
    assert ("von Kollegin" in words) is (since == "a colleague corrected it")
    assert "Ihre Eingabe ist noch da" in words
    assert price(site, offer) == before
    entered = typed(answer.text)
    assert (entered["model"], entered["amount_eur"]) == ("per_group", "35")
    desk.post(f"/desk/angebote/{offer}/korrigieren/price", data=entered)
    assert price(site, offer) == 35


def test_a_correction_does_not_settle_a_conflict_that_was_not_seen(site, desk):
    (offer,) = site.harvest(make_source_offer())
    with site.database.begin() as session:
        correct(session, offer, "price", FREE, by="Kollegin", now=site.now)
    old = desk.get(f"/desk/angebote/{offer}").text
    site.harvest(make_source_offer(**costing(9)))

    answer = save(desk, old, offer, "price", model="donation")

    assert "Jetzt gilt: kostenfrei" in answer.text
    assert "Die Quelle sagt jetzt: 9 € pro Kind." in answer.text
    assert waiting(site, offer) == [ReviewKind.CONFLICT]


def test_what_changed_elsewhere_stops_no_correction(site, desk):
    (offer,) = site.harvest(make_source_offer())
    old = desk.get(f"/desk/angebote/{offer}").text
    site.harvest(make_source_offer(duration_minutes=90))

    answer = save(desk, old, offer, "price", model="free")

    assert "Korrigiert: Kosten." in answer.text
    assert price(site, offer) == 0


def test_a_correction_of_an_offer_that_was_merged_is_shown_on_the_one_that_stayed(site, desk):
    left, right = pair(site)
    old = desk.get(f"/desk/angebote/{right}").text
    with site.database.begin() as session:
        merge(session, left, right, by="Kollegin", now=site.now)

    answer = save(desk, old, right, "title", title="Dinos für Kinder")

    assert answer.status_code == 409
    assert "wurde inzwischen mit einem anderen zusammengeführt" in answer.text
    entered = typed(answer.text)
    assert entered["title"] == "Dinos für Kinder"
    assert offer_now(site, left).title == "Dinosaurier entdecken"
    desk.post(f"/desk/angebote/{left}/korrigieren/title", data=entered)
    assert offer_now(site, left).title == "Dinos für Kinder"


def test_a_correction_saved_twice_is_one_and_is_taken_back_whole(site, desk):
    (offer,) = site.harvest(make_source_offer())
    old = desk.get(f"/desk/angebote/{offer}").text
    save(desk, old, offer, "price", model="per_child", amount_eur="4")

    again = save(desk, old, offer, "price", model="per_child", amount_eur="4,00")

    assert "Das war schon so korrigiert; es bleibt dabei." in again.text
    assert noted(site, "correct") == 1
    take_back(desk, again.text)
    assert price(site, offer) == 2.5


# -- trust ------------------------------------------------------------------------------------------------------------


def trust_form(page: str) -> Any:
    (form,) = html.fromstring(page).cssselect("form[action$=vertrauen]")
    return form


def decide_trust(desk: Reader, old: str) -> str:
    """Press the button about trust on a page that was loaded a while ago; the page that follows."""
    form = trust_form(old)
    (button,) = form.cssselect("button")
    data = dict(form.form_values()) | {button.get("name"): button.get("value")}
    return str(desk.post(form.get("action"), data=data, follow_redirects=True).text)


def trusted(site: Site) -> str:
    with site.database.read() as session:
        found = stored_source(session, NEW.name)
    assert found is not None
    return found.trust


@pytest.mark.parametrize("page", [f"{LIST}?quelle={NEW.name}", f"/desk/quellen/{NEW.name}"])
def test_nobody_trusts_a_source_against_what_a_colleague_decided_since(site, desk, page):
    site.harvest(make_source_offer("a", source=NEW.name), source=NEW)
    old, other = desk.get(page).text, site.coordinator()
    decide_trust(other, other.get(page).text)
    decide_trust(other, other.get(page).text)
    assert trusted(site) == "hold"

    answer = decide_trust(desk, old)

    assert "Darüber wurde entschieden, seit Sie es sahen: Neue Angebote dieser Quelle warten auf einen Blick" in answer
    assert f"So entschieden von {COORDINATOR} am 23. November 2026" in answer
    assert trusted(site) == "hold"
    decide_trust(desk, desk.get(page).text)
    assert trusted(site) == "publish"


def test_trust_given_twice_is_one_decision(site, desk):
    site.harvest(make_source_offer("a", source=NEW.name), source=NEW)
    old = desk.get(f"{LIST}?quelle={NEW.name}").text
    decide_trust(desk, old)

    again = decide_trust(desk, old)

    assert "Das war schon so entschieden; es bleibt dabei." in again
    assert noted(site, "source.steer") == 1
    take_back(desk, again)
    assert trusted(site) == "hold"


def test_trust_is_not_taken_back_under_a_later_decision_about_it(site, desk):
    page = f"{LIST}?quelle={NEW.name}"
    site.harvest(make_source_offer("a", source=NEW.name), source=NEW)
    first = decide_trust(desk, desk.get(page).text)
    other = site.coordinator()
    second = decide_trust(other, other.get(page).text)
    third = decide_trust(other, other.get(page).text)
    assert trusted(site) == "publish"

    refused = take_back(desk, first)

    assert (refused.status_code, LATER in refused.text) == (409, True)
    assert trusted(site) == "publish"
    for reader, done, left in ((other, third, "hold"), (other, second, "publish"), (desk, first, "hold")):
        take_back(reader, done)
        assert trusted(site) == left


# -- many at once, and what was overruled -----------------------------------------------------------------------------


def many(site: Site, desk: Reader, number: int) -> tuple[list[str], str]:
    """New offers of which all were accepted at once, and the page that says so."""
    offers = site.harvest(*(make_source_offer(str(n), source=NEW.name) for n in range(number)), source=NEW)
    path = f"{LIST}/angebote"
    data = filled(desk.get(LIST).text, path, offer=offers, kind="accept")
    return offers, str(desk.post(path, data=data, follow_redirects=True).text)


def history(desk: Reader, offer: str) -> list[tuple[str, bool]]:
    """What the page of an offer tells of its history, each with whether it can be taken back there."""
    rows = html.fromstring(desk.get(f"/desk/angebote/{offer}").text).cssselect(".history li")
    return [(" ".join(row.cssselect("p")[0].text_content().split()), bool(row.cssselect("form"))) for row in rows]


def test_many_taken_back_at_once_say_what_was_taken_back_before_and_what_was_decided_since(site, desk):
    offers, done = many(site, desk, 5)
    for offer in offers[:2]:
        (form,) = html.fromstring(desk.get(f"/desk/angebote/{offer}").text).cssselect(".history form")
        desk.post(form.get("action"), data=dict(form.form_values()))
    with site.database.begin() as session:
        decide(session, offers[2], DecisionKind.REJECT, by="Kollegin", now=site.now)
        correct(session, offers[3], "price", FREE, by="Kollegin", now=site.now)

    words = " ".join(html.fromstring(take_back(desk, done).text).text_content().split())

    assert "2 Entscheidungen zurückgenommen." in words
    assert "2 waren schon vorher zurückgenommen." in words
    assert "1 blieb, weil danach anders entschieden wurde" in words
    rejected, *others = [offer_now(site, offer).status for offer in (offers[2], *offers[:2], *offers[3:])]
    assert (rejected, set(others)) == (Status.REJECTED, {Status.HELD})


def test_many_of_which_all_were_decided_again_are_not_taken_back(site, desk):
    offers, done = many(site, desk, 2)
    with site.database.begin() as session:
        for offer in offers:
            decide(session, offer, DecisionKind.REJECT, by="Kollegin", now=site.now)

    refused = take_back(desk, done)

    assert (refused.status_code, LATER in refused.text) == (409, True)


def test_what_was_overruled_has_no_button_and_says_by_whom(site, desk):
    (offer,) = site.harvest(make_source_offer("a", source=NEW.name), source=NEW)
    with site.database.begin() as session:
        decide(session, offer, DecisionKind.ACCEPT, by="Kollegin", now=site.now)
        correct(session, offer, "price", FREE, by="Kollegin", now=site.now)
        correct(session, offer, "price", {"model": "donation"}, by="Kollege", now=site.now)
        decide(session, offer, DecisionKind.REJECT, by="Kollege", now=site.now)

    page = html.fromstring(desk.get(f"/desk/angebote/{offer}").text)

    when = "am 23. November 2026"
    rejected, last, first, accepted = history(desk, offer)
    assert (rejected[1], last[1], first[1], accepted[1]) == (True, True, False, False)
    assert f"Danach: Korrigiert von Kollege {when}" in first[0]
    assert f"Danach: Abgelehnt von Kollege {when}" in accepted[0]
    (section,) = page.cssselect("section[aria-labelledby=entscheiden]")
    assert len(section.cssselect("form[action*=zuruecknehmen]")) == 1
    assert "Danach: Abgelehnt von Kollege" in " ".join(section.text_content().split())


@pytest.mark.parametrize("take", ["correction", "source"])
def test_a_decided_conflict_has_no_button_where_a_colleague_corrected_since(site, desk, take):
    offer = conflict(site)
    press(desk, desk.get(LIST).text, take)
    with site.database.begin() as session:
        correct(session, offer, "price", {"model": "donation"}, by="Kollege", now=site.now)

    later, decided, *_ = history(desk, offer)

    assert (later[1], decided[1]) == (True, False)
    assert "Danach: Korrigiert von Kollege" in decided[0]


def test_different_has_no_button_where_the_two_were_merged_since(site, desk):
    left, _ = pair(site)
    press(desk, desk.get(LIST).text, "different")
    post(desk, f"/desk/angebote/{left}/zusammenfuehren", page=f"/desk/angebote/{left}", other=_)

    merged, different = history(desk, left)

    assert (merged[1], different[1]) == (True, False)
    assert f"Danach: Mit einem anderen Angebot zusammengeführt von {COORDINATOR}" in different[0]
