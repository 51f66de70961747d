"""The weekly ranking of every Kita, kept as a snapshot."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner

from schemas.exceptions import StoreError
from schemas.recommendation import Removed
from schemas.store.digests import enter
from schemas.store.kitas import digest_of, ranked_kitas, recipients, save_feedback, save_kita
from schemas.store.merging import merge
from schemas.vocabulary import Answered
from tests.factories import make_feedback, make_group, make_kita, make_place, make_recipient
from tests.webapp.mail_setup import SENDING, ObedientTransport, ledger_mail
from tests.webapp.publishing import WOOD, publish_offers
from webapp.cli import main
from webapp.mail.sender import send_due
from webapp.ranking import day_of, gather, rank_week

NOW = datetime(2026, 11, 30, 4, tzinfo=UTC)
WEEK = "2026-W49"


def settle(database, *kitas) -> None:
    with database.begin() as session:
        for kita in kitas or (make_kita(),):
            save_kita(session, kita, now=NOW)


def offers_of(database, kita: str = "kita_wolke", week: str = WEEK) -> list[str]:
    with database.read() as session:
        found = digest_of(session, kita, week=week)
    return [recommendation.offer for recommendation in found.recommendations] if found else []


def test_each_kita_gets_a_list_that_is_kept(database):
    ids = publish_offers(database, NOW, {}, WOOD)
    far = make_place(postcode="80331", locality="München", ags=None, kreis="09162", lat=48.14, lon=11.57)
    settle(database, make_kita("kita_a"), make_kita("kita_b"), make_kita("kita_fern", place=far, accepts_mobile=False))

    report = rank_week(database, week=WEEK, now=NOW)

    assert (report.offers, report.kitas, report.with_offers) == (2, 3, 2)
    assert set(offers_of(database, "kita_a")) == set(ids)
    assert offers_of(database, "kita_fern") == []
    with database.read() as session:
        found = digest_of(session, "kita_a", week=WEEK)
        assert ranked_kitas(session, WEEK) == {"kita_a", "kita_b"}
        assert ranked_kitas(session, "2026-W50") == frozenset()
    assert found is not None
    assert found.ranked_on == date(2026, 11, 30)
    assert [r.rank for r in found.recommendations] == [1, 2]


def test_ranking_again_replaces_the_list(database):
    publish_offers(database, NOW, {}, WOOD)
    settle(database)
    rank_week(database, week=WEEK, now=NOW)

    rank_week(database, week=WEEK, now=NOW)

    assert len(offers_of(database)) == len(set(offers_of(database))) == 2


def test_a_shorter_list_leaves_nothing_of_the_longer_one(database):
    publish_offers(database, NOW, {}, WOOD)
    settle(database)
    rank_week(database, week=WEEK, now=NOW)
    both = offers_of(database)
    with database.begin() as session:
        save_feedback(session, make_feedback(both[0], Answered.NOT_FOR_US))

    rank_week(database, week=WEEK, now=NOW)

    assert offers_of(database) == both[1:]


def test_what_a_killed_ranking_did_not_reach_is_made_up(sqlite_database):
    publish_offers(sqlite_database, NOW, {})
    settle(sqlite_database, make_kita("kita_a"), make_kita("kita_b"))
    rank_week(sqlite_database, week=WEEK, now=NOW, kita="kita_a")

    report = rank_week(sqlite_database, week=WEEK, now=NOW, missing_only=True)

    assert (report.kitas, report.kept) == (1, 1)
    assert len(offers_of(sqlite_database, "kita_b")) == 1


def test_an_answer_takes_an_offer_out_of_the_next_list(database):
    publish_offers(database, NOW, {}, WOOD)
    settle(database)
    rank_week(database, week=WEEK, now=NOW)
    first, second = offers_of(database)
    with database.begin() as session:
        save_feedback(session, make_feedback(first, Answered.NOT_FOR_US))

    rank_week(database, week=WEEK, now=NOW)

    assert offers_of(database) == [second]


def test_an_answer_to_an_offer_counts_for_what_it_was_merged_into(database):
    first, second = publish_offers(database, NOW, {}, WOOD)
    settle(database, make_kita())
    with database.begin() as session:
        save_feedback(session, make_feedback(offer=second, answer=Answered.NOT_FOR_US, at=NOW))
        kept = merge(session, first, second, by="koordination", now=NOW)

    with database.read() as session:
        (answer,) = gather(session, week=WEEK, now=NOW).feedback["kita_wolke"]

    assert answer.offer == kept == first


def mailed(database, week: str = WEEK, *, send: bool) -> None:
    with database.begin() as session:
        (person,) = recipients(session, "kita_wolke")
        enter(session, [ledger_mail("kita_wolke", person.id, week)], now=NOW)
    if send:
        send_due(database, ObedientTransport(), SENDING, lambda: NOW)


def test_a_list_whose_mail_is_written_stays_what_was_mailed(sqlite_database):
    publish_offers(sqlite_database, NOW, {})
    settle(sqlite_database, make_kita(recipients=(make_recipient(),)))
    rank_week(sqlite_database, week=WEEK, now=NOW)
    before = offers_of(sqlite_database)
    mailed(sqlite_database, send=False)

    publish_offers(sqlite_database, NOW, {"title": "Anderes"}, WOOD)
    report = rank_week(sqlite_database, week=WEEK, now=NOW)

    assert (report.kept, report.kitas) == (1, 0)
    assert offers_of(sqlite_database) == before


def test_what_was_mailed_rests_for_eight_weeks(sqlite_database):
    publish_offers(sqlite_database, NOW, {})
    settle(sqlite_database, make_kita(recipients=(make_recipient(),)))
    rank_week(sqlite_database, week=WEEK, now=NOW)
    mailed(sqlite_database, send=True)

    for weeks, shown in ((1, 0), (8, 0), (9, 1)):
        later = NOW + timedelta(weeks=weeks)
        week = f"{later.isocalendar().year}-W{later.isocalendar().week:02d}"
        rank_week(sqlite_database, week=week, now=later)
        assert len(offers_of(sqlite_database, week=week)) == shown, f"after {weeks} weeks"


def test_offers_of_the_region_next_door_take_part(sqlite_database):
    (offer,) = publish_offers(sqlite_database, NOW, {})
    settle(sqlite_database, make_kita(region="13073", place=make_place(lat=54.12, lon=13.2, kreis="13073")))

    rank_week(sqlite_database, week=WEEK, now=NOW)

    assert offers_of(sqlite_database) == [offer]


def test_a_job_that_was_taken_over_writes_nothing(sqlite_database):
    publish_offers(sqlite_database, NOW, {})
    settle(sqlite_database)

    def taken_over(_session):
        raise StoreError("taken over")

    with pytest.raises(StoreError, match="taken over"):
        rank_week(sqlite_database, week=WEEK, now=NOW, guard=taken_over)

    assert offers_of(sqlite_database) == []


def test_an_unknown_kita_is_said_to_be_unknown(sqlite_database):
    with pytest.raises(StoreError, match="'nobody' is not known"):
        rank_week(sqlite_database, week=WEEK, now=NOW, kita="nobody")


def test_a_coming_week_is_ranked_for_its_monday_and_the_running_one_for_today():
    wednesday = datetime(2026, 12, 2, 9, tzinfo=UTC)

    assert day_of("2026-W50", wednesday) == date(2026, 12, 7)
    assert day_of("2026-W49", wednesday) == date(2026, 12, 2)


def test_every_land_has_its_holidays(sqlite_database):
    with sqlite_database.read() as session:
        context = gather(session, week=WEEK, now=NOW).context

    assert len(context.public_holidays) == len(context.school_holidays) == 16
    assert date(2026, 12, 25) in context.public_holidays["MV"]
    assert date(2027, 3, 8) in context.public_holidays["MV"]
    assert any(date(2026, 12, 23) in span for span in context.school_holidays["MV"])


def test_an_offer_is_explained_part_by_part_or_by_the_rule_that_removes_it(sqlite_database):
    (offer,) = publish_offers(sqlite_database, NOW, {})
    settle(sqlite_database, old := make_kita("alt", groups=(make_group(min_months=120, max_months=140),)), make_kita())
    with sqlite_database.read() as session:
        ranking = gather(session, week=WEEK, now=NOW)

    explained = ranking.explain(make_kita(), offer)
    removed = ranking.explain(old, offer)

    assert explained.score == pytest.approx(sum(part.contribution for part in explained.parts))
    assert isinstance(removed, Removed)
    with pytest.raises(StoreError, match="not published"):
        ranking.explain(make_kita(), "onothing")


# -- the commands -----------------------------------------------------------------------------------------------------


@pytest.fixture
def run(sqlite_database, sqlite_url, tmp_path):
    (offer,) = publish_offers(sqlite_database, NOW - timedelta(days=30), {})
    settle(sqlite_database)
    arguments = ["--database", sqlite_url]
    environment = {"KITALOTSE_DATA_DIR": str(tmp_path / "data")}
    return offer, lambda *words: CliRunner().invoke(main, [*words, *arguments], env=environment)


def test_the_command_recommends_and_gives_one_json_document(run):
    offer, command = run

    result = command("recommend", "--kita", "kita_wolke", "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["with_offers"] == 1
    assert [r["offer"] for r in document["lists"][0]["recommendations"]] == [offer]
    assert offer in command("recommend", "--kita", "kita_wolke").stdout


def test_the_command_explains_a_score_and_refuses_what_it_does_not_know(run):
    offer, command = run

    result = command("explain", "kita_wolke", offer, "--json")

    assert json.loads(result.stdout)["parts"]
    assert "score" in command("explain", "kita_wolke", offer).stdout
    unknown = command("explain", "niemand", offer)
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "'niemand' is not known" in unknown.stderr
    assert command("explain", "kita_wolke", "onothing").exit_code == 1
