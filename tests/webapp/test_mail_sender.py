"""The ledger and the sender: never two mails, never silently none."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from schemas.kita import Recipient
from schemas.recommendation import Digest
from schemas.store.digests import (
    DigestState,
    claim_next,
    counts,
    enter,
    entered,
    sent_offers,
    sweep,
)
from schemas.store.kitas import add_recipient, confirm_recipient, save_kita, save_recommendations, unsubscribe
from schemas.store.ledger import CLAIM_LASTS, MAX_ATTEMPTS, RETRY_AFTER, mark_failed, mark_sent, release
from tests.factories import make_kita
from tests.webapp.mail_setup import (
    NOW,
    OFFER,
    SENDING,
    WEEK,
    ObedientTransport,
    fill_ledger,
    ledger_mail,
    only,
    recommendation,
    states,
    store_offer,
)
from webapp.mail.sender import send_due
from webapp.mail.transports import InDoubt, NotReached, Refused

S = DigestState

# -- the ledger -------------------------------------------------------------------------------------------------------


def test_a_recipient_gets_one_row_per_week_however_often_it_is_entered(database):
    (person,) = fill_ledger(database, 1)

    with database.begin() as session:
        again = enter(session, [ledger_mail("kita_0", person)], now=NOW)
        next_week = enter(session, [ledger_mail("kita_0", person, "2026-W50")], now=NOW)
        assert entered(session, WEEK) == {("kita_0", person)}

    assert (again, next_week) == (0, 1)


def test_the_database_itself_refuses_a_row_for_an_unconfirmed_recipient(database):
    with database.begin() as session:
        save_kita(session, make_kita("kita_1", recipients=(Recipient(address="neu@kita.example"),)), now=NOW)
        person = add_recipient(session, "kita_1", "neu@kita.example")

    with pytest.raises(IntegrityError), database.begin() as session:
        enter(session, [ledger_mail("kita_1", person)], now=NOW)

    with database.begin() as session:
        confirm_recipient(session, person, consent_text="2026-11", now=NOW)
        assert enter(session, [ledger_mail("kita_1", person)], now=NOW) == 1


def test_a_claimed_mail_is_claimed_by_nobody_else(database):
    fill_ledger(database, 2)

    claimed = []
    for _ in range(3):
        with database.begin() as session:
            claimed.append(claim_next(session, now=NOW))

    assert [entry.kita if entry else None for entry in claimed] == ["kita_0", "kita_1", None]


def test_an_outcome_counts_only_under_the_fence_of_its_claim(database):
    fill_ledger(database, 1)
    with database.begin() as session:
        old = claim_next(session, now=NOW)
        assert old is not None
        release(session, old, error="later", counts=False)
        new = claim_next(session, now=NOW + timedelta(hours=1))
        assert new is not None

        assert not mark_failed(session, old, error="too late")
        assert mark_sent(session, new, now=NOW)
    assert only(database).state is S.SENT


def test_what_a_dead_sender_left_becomes_unsure_and_is_never_sent_again(database):
    fill_ledger(database, 1)
    with database.begin() as session:
        claim_next(session, now=NOW)

    with database.begin() as session:
        early = sweep(session, now=NOW + CLAIM_LASTS - timedelta(seconds=1), week=WEEK)
        late = sweep(session, now=NOW + CLAIM_LASTS, week=WEEK)
        again = claim_next(session, now=NOW + timedelta(days=1))

    assert (early[S.UNSURE], late[S.UNSURE], again) == (0, 1, None)
    assert "the sender ended" in (only(database).error or "")


def test_a_slow_sender_that_was_swept_may_still_say_what_it_knows(database):
    fill_ledger(database, 1)
    with database.begin() as session:
        entry = claim_next(session, now=NOW)
        sweep(session, now=NOW + CLAIM_LASTS, week=WEEK)

        assert entry is not None
        assert mark_sent(session, entry, now=NOW + CLAIM_LASTS)
    assert only(database).state is S.SENT


def test_offers_that_may_have_gone_out_are_known_per_kita(database):
    store_offer(database)
    fill_ledger(database, 3)
    with database.begin() as session:
        shown = [recommendation(f"kita_{n}") for n in range(3)]
        save_recommendations(
            session, [Digest(week=WEEK, kita=r.kita, recommendations=(r,), ranked_on=NOW.date()) for r in shown]
        )

    send_due(
        database,
        ObedientTransport(lambda n: {1: None, 2: InDoubt("cut"), 3: Refused(550, "")}[n]),
        SENDING,
        lambda: NOW,
    )

    with database.read() as session:
        assert sent_offers(session, since="2026-W40", before="2026-W50") == {
            "kita_0": frozenset({OFFER}),
            "kita_1": frozenset({OFFER}),
        }
        assert sent_offers(session, since="2026-W40", before=WEEK) == {}
        assert counts(session, week=WEEK) == {S.NEW: 0, S.SENDING: 0, S.SENT: 1, S.UNSURE: 1, S.FAILED: 1}


# -- the sender -------------------------------------------------------------------------------------------------------


def test_a_second_run_sends_nothing(database):
    fill_ledger(database, 3)
    relay = ObedientTransport()

    first = send_due(database, relay, SENDING, lambda: NOW)
    second = send_due(database, relay, SENDING, lambda: NOW)

    assert (first.sent, second.sent, len(relay.taken)) == (3, 0, 3)


def test_a_temporary_refusal_comes_again_after_a_pause(database):
    fill_ledger(database, 1)
    relay = ObedientTransport(lambda n: Refused(451, "try again later") if n == 1 else None)

    first = send_due(database, relay, SENDING, lambda: NOW)
    soon = send_due(database, relay, SENDING, lambda: NOW + RETRY_AFTER[0] - timedelta(seconds=1))
    later = send_due(database, relay, SENDING, lambda: NOW + RETRY_AFTER[0])

    assert (first.retry, soon.sent, later.sent) == (1, 0, 1)
    assert only(database).attempts == 2


def test_a_mail_refused_for_now_again_and_again_is_given_up_and_says_so(database):
    fill_ledger(database, 1)
    relay = ObedientTransport(lambda _n: Refused(450, "mailbox busy"))

    runs = 0
    for hour in range(0, 24 * 6, 6):
        runs += send_due(database, relay, SENDING, lambda moment=NOW + timedelta(hours=hour): moment).retry

    assert only(database).state is S.FAILED
    assert runs == MAX_ATTEMPTS - 1
    assert "given up after 10 attempts: 450 mailbox busy" in (only(database).error or "")


def test_a_refusal_for_good_is_not_tried_again(database):
    fill_ledger(database, 2)
    relay = ObedientTransport(lambda n: Refused(550, "no such user") if n == 1 else None)

    report = send_due(database, relay, SENDING, lambda: NOW)

    assert (report.failed, report.sent) == (1, 1)
    assert states(database) == {"kita_0": S.FAILED, "kita_1": S.SENT}


def test_a_relay_that_is_down_for_two_days_costs_no_mail(database):
    fill_ledger(database, 3)
    down = ObedientTransport(lambda _n: NotReached("connection refused"))

    for hour in range(48):
        report = send_due(database, down, SENDING, lambda moment=NOW + timedelta(hours=hour): moment)
        assert report.stopped == "connection refused"
    up = send_due(database, ObedientTransport(), SENDING, lambda: NOW + timedelta(hours=48))

    assert up.sent == 3


def test_a_doubt_is_shown_and_the_run_goes_on(database):
    fill_ledger(database, 2)
    relay = ObedientTransport(lambda n: InDoubt("cut after the last byte") if n == 1 else None)

    report = send_due(database, relay, SENDING, lambda: NOW)

    assert (report.unsure, report.sent) == (1, 1)
    assert states(database) == {"kita_0": S.UNSURE, "kita_1": S.SENT}


def test_a_mail_whose_week_is_over_is_not_sent_late(database):
    fill_ledger(database, 1)

    report = send_due(database, relay := ObedientTransport(), SENDING, lambda: NOW + timedelta(days=7))

    assert (report.failed, relay.taken) == (1, [])
    assert only(database).error == "not sent within its week"


def test_who_unsubscribes_before_the_mail_goes_out_gets_none(database):
    (person,) = fill_ledger(database, 1)
    with database.begin() as session:
        assert unsubscribe(session, person, now=NOW)

    report = send_due(database, relay := ObedientTransport(), SENDING, lambda: NOW)

    assert (report.sent, report.failed, relay.taken) == (0, 1, [])


def test_without_a_region_there_is_no_sender_and_no_mail(database):
    fill_ledger(database, 1)

    report = send_due(database, relay := ObedientTransport(), replace(SENDING, regions={}), lambda: NOW)

    assert (report.failed, relay.taken) == (1, [])
    assert "no Region" in (only(database).error or "")


def test_mails_are_paced_where_the_relay_demands_it(database):
    fill_ledger(database, 3)
    pauses: list[float] = []

    send_due(database, ObedientTransport(), replace(SENDING, per_minute=30, pause=pauses.append), lambda: NOW)

    assert pauses == [2.0, 2.0, 2.0]


def test_a_claim_is_on_the_disk_before_the_first_byte_is_sent(sqlite_database):
    def levels(durable: bool) -> tuple[int, int]:
        with sqlite_database.begin(durable=durable) as session:
            first = session.scalar(text("PRAGMA synchronous"))
        with sqlite_database.begin() as session:
            return first, session.scalar(text("PRAGMA synchronous"))

    assert levels(durable=True) == (2, 1), "FULL for the claim, NORMAL for everything else"
