"""What happens to entries by the clock: questions, decisions, a year of silence, what was erased elsewhere."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from harvesters.run import replay
from schemas.exceptions import StoreError
from schemas.exclusion import ExclusionKind, Wish
from schemas.freshness import is_unconfirmed
from schemas.publish import PublicOffer
from schemas.review import DecisionKind
from schemas.store.entries import EntryState, purge_entries
from schemas.store.exclusions import exclude
from schemas.store.offers import public_offer
from schemas.store.publishing import expire
from schemas.store.reviews import decide, detail
from schemas.store.runs import delete_source, source
from schemas.tables.work import audit
from tests.factories import TODAY, make_dated_schedule
from tests.webapp.site import COORDINATOR
from tests.webapp.test_jobs import task
from tests.webapp.typed import ERNA, again, desk, entry_rows, link, make_entry, own_path, type_in, written
from webapp.entries import (
    BY_PROVIDER,
    NotListed,
    change,
    is_correct,
    look_after,
    pause,
    remove,
    resume,
    submit,
    tell_decisions,
    type_for,
)
from webapp.jobs import JOBS, confirmations_job, entry_news_job, purge_job

DAY = timedelta(days=1)


def looked_after(site, days):
    site.now += days * DAY
    with site.database.begin() as session:
        return look_after(session, desk(site), site.now)


def kinds(site):
    return [kind for kind, *_ in written(site)]


def test_one_letter_a_quarter_asks_for_all_entries_of_an_address(both_sites):
    site = both_sites
    type_in(site)
    type_in(site, make_entry(title="Malen mit Erde"))

    assert looked_after(site, 89)["asked"] == 0
    assert looked_after(site, 2)["asked"] == 1
    assert [looked_after(site, 1)["asked"] for _ in range(3)] == [0, 0, 0]

    kind, address, text = written(site)[-1]
    assert (kind, address, kinds(site).count("entry_question")) == ("entry_question", ERNA, 1)
    assert "„Töpfern mit Ton“ und „Malen mit Erde“" in text
    assert site.client().get(link(text, "eintraege")).status_code == 200


def test_the_question_leaves_out_what_was_rejected(site):
    type_in(site, accept=True)
    rejected = type_in(site, make_entry(title="Malen mit Erde"))
    alone = type_in(site, make_entry(title="Singen"), address="andere@post.example")
    with site.database.begin() as session:
        for stored in (rejected, alone):
            decide(session, stored.offer, DecisionKind.REJECT, by="x", now=site.now, why="doppelt")

    assert looked_after(site, 91)["asked"] == 1

    kind, address, text = written(site)[-1]
    assert (kind, address, kinds(site).count("entry_question")) == ("entry_question", ERNA, 1)
    assert "„Töpfern mit Ton“" in text
    assert "Malen mit Erde" not in text
    assert again(site, rejected).asked_at is None
    page = site.client().get(link(text, "eintraege")).text
    assert "Töpfern mit Ton" in page
    assert "Malen mit Erde" not in page


def test_who_confirms_is_not_asked_for_another_quarter(site):
    stored = type_in(site)
    looked_after(site, 91)
    with site.database.begin() as session:
        is_correct(session, stored, by=BY_PROVIDER, now=site.now)

    assert [looked_after(site, 60)["asked"], looked_after(site, 31)["asked"]] == [0, 1]


def test_a_year_of_silence_after_questions_takes_it_out_and_says_so(site):
    stored = type_in(site, accept=True)
    for _ in range(4):
        looked_after(site, 91)

    ended = looked_after(site, 20)["ended"]

    assert ended == 1
    assert again(site, stored).state is EntryState.WITHDRAWN
    with site.database.read() as session:
        found = detail(session, stored.offer)
    assert found is not None
    assert (found.offer.status, found.offer.status_reason) == ("gone", "unconfirmed")
    kind, _address, text = written(site)[-1]
    assert kind == "entry_ended"
    assert site.client().post(f"{link(text, 'eintrag')}/zeigen").status_code == 303
    assert site.client().get(f"/angebote/{stored.offer}").status_code == 200


def test_what_was_rejected_or_is_over_since_it_was_asked_about_ends_without_a_letter(site):
    rejected = type_in(site, accept=True)
    over = type_in(site, make_entry(schedule=make_dated_schedule(TODAY + timedelta(days=300))), accept=True)
    for _ in range(3):
        looked_after(site, 91)
    with site.database.begin() as session:
        decide(session, rejected.offer, DecisionKind.REJECT, by="x", now=site.now, why="doppelt")
    before = kinds(site)
    site.now += timedelta(days=91)
    with site.database.begin() as session:
        expire(session, site.now)

    assert looked_after(site, 20) == {"asked": 0, "ended": 0, "forgotten": 0}
    assert kinds(site) == before
    assert again(site, over).asked_at is not None


def test_whoever_was_never_asked_is_not_taken_out(site):
    with site.database.begin() as session:
        offer = type_for(session, desk(site), make_entry(), address=None, accept=True, by=COORDINATOR, now=site.now)

    assert looked_after(site, 500) == {"asked": 0, "ended": 0, "forgotten": 0}
    with site.database.read() as session:
        assert getattr(public_offer(session, offer), "status", None) == "published"


@pytest.mark.parametrize(
    ("kind", "subject", "words"),
    [
        (DecisionKind.ACCEPT, "steht jetzt im Portal", "/angebote/"),
        (DecisionKind.REJECT, "wird nicht veröffentlicht", "Der Grund: Gibt es schon."),
    ],
)
def test_a_decision_is_told_once_with_its_reason(site, kind, subject, words):
    stored = type_in(site)
    with site.database.begin() as session:
        decide(session, stored.offer, kind, by="x", now=site.now, why="Gibt es schon.")
        for _ in range(2):
            tell_decisions(session, desk(site), site.now)

    assert kinds(site) == ["entry_confirm", "entry_decided"]
    text = written(site)[-1][2]
    assert subject in text
    assert words in text


def test_an_excluded_provider_is_forgotten_and_cannot_be_typed_again(site):
    stored = type_in(site, make_entry(person=False, name="Tonwerk", consent=False), accept=True)
    with site.database.begin() as session:
        exclude(session, [Wish(kind=ExclusionKind.PROVIDER, value="Tonwerk")], region="13075", by="x", now=site.now)

    assert looked_after(site, 1)["forgotten"] == 1
    with site.database.begin() as session:
        assert entry_rows(session)[0].data is None
        with pytest.raises(NotListed, match="not to be listed"):
            submit(session, desk(site), make_entry(person=False, name="Tonwerk"), address=ERNA, now=site.now)
        with pytest.raises(StoreError, match="not there any more"):
            change(session, desk(site), stored, make_entry(), by=BY_PROVIDER, now=site.now)


def test_a_deleted_source_of_entries_takes_no_more(site):
    type_in(site)
    with site.database.begin() as session:
        delete_source(session, "eintraege_13075", by="x", now=site.now)

    with site.database.begin() as session, pytest.raises(StoreError, match="deleted at the desk"):
        type_for(session, desk(site), make_entry(), address=None, accept=True, by="x", now=site.now)
    assert looked_after(site, 1)["forgotten"] == 1


def test_the_source_of_entries_holds_and_lets_each_entry_keep_its_rights(site):
    stored = type_in(site, make_entry(terms="facts_only"), accept=True)
    other = type_in(site, make_entry(title="Malen", terms="open", credit="Tonwerk"), accept=True)

    with site.database.read() as session:
        found = source(session, "eintraege_13075")
        rights = [getattr(public_offer(session, one.offer), "rights", None) for one in (stored, other)]
    assert found is not None
    assert (found.trust, found.access.kind) == ("hold", "form")
    assert [one.kind for one in rights] == ["facts_only", "open"]
    assert rights[1].attribution == "Tonwerk"


def test_reading_stored_entries_again_changes_nothing_and_makes_nothing_fresh(site):
    stored = type_in(site, make_entry(text="Für Kinder ab 2 Jahren, 9 Euro."), accept=True)
    with site.database.read() as session:
        before = public_offer(session, stored.offer)
        entries_source = source(session, stored.source)
    assert entries_source is not None
    site.now += 200 * DAY

    run = replay(site.database, entries_source, now=site.now)

    with site.database.read() as session:
        after = public_offer(session, stored.offer)
    assert (run.status, run.records, run.changed, run.withdrawn) == ("complete", 1, 0, 0)
    assert isinstance(before, PublicOffer)
    assert isinstance(after, PublicOffer)
    assert after.model_copy(update={"last_seen": before.last_seen}) == before
    assert is_unconfirmed(after, site.now.date())


def test_everything_that_is_done_leaves_a_trace_without_a_name(site):
    stored = type_in(site)
    with site.database.begin() as session:
        for action in (pause, resume, pause, remove):
            action(session, stored, by=BY_PROVIDER, now=site.now)

    with site.database.read() as session:
        actions = session.execute(select(audit).where(audit.c.action.like("entry.%")).order_by(audit.c.id)).all()
    assert [action.action for action in actions] == ["entry.pause", "entry.resume", "entry.pause", "entry.delete"]
    assert {(action.by, action.subject) for action in actions} == {(BY_PROVIDER, stored.offer)}
    assert "Schmidtke" not in str(actions)


def test_pausing_twice_is_pausing_once(site):
    stored = type_in(site, accept=True)

    with site.database.begin() as session:
        for action in (pause, pause, resume, resume):
            action(session, stored, by=BY_PROVIDER, now=site.now)

    assert again(site, stored).state is EntryState.LIVE
    assert site.client().get(own_path(site, stored)).status_code == 200


def test_the_jobs_run_twice_for_every_region(site, monkeypatch):
    monkeypatch.setattr("webapp.jobs.clock.now", lambda: site.now)
    stored = type_in(site)
    with site.database.begin() as session:
        decide(session, stored.offer, DecisionKind.ACCEPT, by="x", now=site.now)
    settings = site.app.extensions["kitalotse"].settings
    done = []
    for job, run in (("entry_news", entry_news_job), ("confirmations", confirmations_job)):
        site.now += 100 * DAY if job == "confirmations" else timedelta(hours=1)
        for _ in range(2):
            site.now += timedelta(minutes=1)
            done.append(run(task(site.database, settings, job, site.now)))

    assert [one.get("decisions", one.get("asked")) for one in done] == [1, 1, 1, 0]
    assert kinds(site) == ["entry_confirm", "entry_decided", "entry_question"]
    assert {"confirmations", "entry_news"} <= JOBS.keys()


def test_the_nightly_purge_forgets_unconfirmed_entries(site):
    with site.database.begin() as session:
        submit(session, desk(site), make_entry(), address=ERNA, now=site.now - 20 * DAY)
        assert purge_entries(session, site.now - 10 * DAY) == 0
    settings = site.app.extensions["kitalotse"].settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("webapp.jobs.clock.now", lambda: site.now)
        done = purge_job(task(site.database, settings, "purge", site.now))

    assert done["entries"] == 1
    with site.database.read() as session:
        assert entry_rows(session) == []
