"""The ledger and the sender: never two mails, never silently none."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from schemas.db import Database
from schemas.exceptions import SettingsError
from schemas.kita import Recipient
from schemas.recommendation import Digest
from schemas.store.digests import (
    CLAIM_LASTS,
    MAX_ATTEMPTS,
    RETRY_AFTER,
    DigestState,
    claim_next,
    counts,
    enter,
    entered,
    ledger,
    mark_failed,
    mark_sent,
    release,
    sent_offers,
    sweep,
)
from schemas.store.kitas import add_recipient, confirm_recipient, save_kita, save_recommendations, unsubscribe
from tests.factories import make_kita
from tests.webapp.mail_setup import (
    LINKS,
    NOW,
    OFFER,
    PORTAL,
    REGION,
    SENDING,
    WEEK,
    ObedientTransport,
    fill_ledger,
    ledger_mail,
    recommendation,
    store_offer,
)
from webapp.links import UnsubscribeLink
from webapp.mail.message import AddressError, address, compose
from webapp.mail.sender import send_due
from webapp.mail.transports import InDoubt, NotReached, Outbox, Refused, Relay, transport
from webapp.settings import read_settings

S = DigestState


def states(database: Database) -> dict[str, S]:
    with database.read() as session:
        return {entry.kita: entry.state for entry in ledger(session)}


def only(database: Database):
    with database.read() as session:
        (entry,) = ledger(session)
    return entry


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


# -- the message ------------------------------------------------------------------------------------------------------


def composed(database):
    fill_ledger(database, 1)
    entry = only(database)
    return entry, compose(entry, REGION, unsubscribe_url=f"{PORTAL}/abmelden/x")


def test_the_headers_say_who_writes_when_and_how_to_leave(sqlite_database):
    entry, message = composed(sqlite_database)

    assert str(message["From"]) == "Kitalotse <post@kitalotse.example>"
    assert str(message["Reply-To"]) == "koordination@kreis.example"
    assert str(message["To"]) == "leitung0@kita.example"
    assert str(message["Date"]) == "Mon, 30 Nov 2026 07:00:00 +0100"
    assert message["Message-ID"] == entry.message_id
    assert str(message["List-Unsubscribe"]) == f"<{PORTAL}/abmelden/x>"
    assert str(message["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"
    assert str(message["Auto-Submitted"]) == "auto-generated"
    assert str(message["Content-Language"]) == "de"


def test_the_same_row_gives_the_same_bytes(sqlite_database):
    entry, message = composed(sqlite_database)

    again = compose(entry, REGION, unsubscribe_url=f"{PORTAL}/abmelden/x")

    assert message.as_bytes() == again.as_bytes()


def test_a_mail_survives_a_seven_bit_relay_with_short_lines(sqlite_database):
    _, message = composed(sqlite_database)
    lines = message.as_bytes().split(b"\r\n")

    assert max(len(line) for line in lines) <= 998
    assert all(byte < 128 for line in lines for byte in line)


@pytest.mark.parametrize(
    "words", ["Führung\r\nBcc: alle@example.org", "a\nb", "a\x00b\x0bc", "Wald " * 300, "=?utf-8?q?x?="]
)
def test_no_header_can_be_injected_by_a_subject_or_name(sqlite_database, words):
    fill_ledger(sqlite_database, 1)
    entry = only(sqlite_database).model_copy(update={"subject": words})
    region = REGION.model_copy(update={"sender_name": words[:150]})

    parsed = message_from_bytes(compose(entry, region, unsubscribe_url=PORTAL).as_bytes(), policy=policy.default)

    assert parsed["Bcc"] is None
    assert [str(to) for to in parsed.get_all("To", [])] == ["leitung0@kita.example"]
    assert set(parsed.keys()) == set(compose(entry, REGION, unsubscribe_url=PORTAL).keys())


@pytest.mark.parametrize("mail", ["käthe@kita.example", "a b@kita.example", "x@", "a@b\r\nBcc: c@d", "a@@b", ""])
def test_an_address_that_no_server_takes_fails_alone_and_says_so(mail):
    with pytest.raises(AddressError, match="no address"):
        address(mail)


def test_an_international_domain_is_written_in_ascii():
    assert address("leitung@kita-müritz.example").addr_spec == "leitung@xn--kita-mritz-feb.example"


# -- the outbox -------------------------------------------------------------------------------------------------------


def test_the_outbox_keeps_each_mail_as_one_file_named_by_its_message_id(sqlite_database, tmp_path):
    fill_ledger(sqlite_database, 2)
    outbox = tmp_path / "new" / "outbox"

    report = send_due(sqlite_database, Outbox(outbox), SENDING, lambda: NOW)

    files = sorted(outbox.iterdir())
    assert report.sent == len(files) == 2
    parsed = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    assert {mail["Message-ID"].strip("<>") + ".eml" for mail in parsed} == {file.name for file in files}
    assert "Grüße aus dem Museum" in parsed[0].get_body(("plain",)).get_content()
    token = parsed[0]["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    assert isinstance(LINKS.read_unsubscribe(token), UnsubscribeLink)


def test_an_outbox_that_cannot_be_written_stops_the_run_and_loses_nothing(sqlite_database, tmp_path):
    fill_ledger(sqlite_database, 1)
    (tmp_path / "file").write_text("")

    with pytest.raises(NotReached, match="check the folder"):
        send_due(sqlite_database, Outbox(tmp_path / "file" / "outbox"), SENDING, lambda: NOW)

    assert only(sqlite_database).state is S.NEW


def test_mails_stay_here_unless_a_relay_is_configured_and_switched_on(tmp_path):
    here = {"KITALOTSE_DATA_DIR": str(tmp_path)}
    named = here | {"KITALOTSE_RELAY_HOST": "localhost"}

    assert isinstance(transport(read_settings(here)), Outbox)
    assert isinstance(transport(read_settings(named)), Outbox)
    assert isinstance(transport(read_settings(named | {"KITALOTSE_RELAY_ON": "yes"})), Relay)
    with pytest.raises(SettingsError, match="KITALOTSE_RELAY_HOST"):
        transport(replace(read_settings(here), relay_on=True))


# -- the relay --------------------------------------------------------------------------------------------------------


class Sink:
    """An SMTP server's handler that keeps mails by Message-ID and answers as told."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.rcpt_answer = "250 OK"
        self.data_answers: list[str] = []
        self.delay_s = 0.0

    async def handle_RCPT(self, server, session, envelope, recipient, _options):
        if self.rcpt_answer.startswith("250"):
            envelope.rcpt_tos.append(recipient)
        return self.rcpt_answer

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(self.delay_s)
        answer = self.data_answers.pop(0) if self.data_answers else "250 OK"
        if answer == "cut after":
            self._keep(envelope.content)
        if answer.startswith("cut"):
            server.transport.abort()
            return "451 unreachable"
        if answer.startswith("250"):
            self._keep(envelope.content)
            await asyncio.sleep(self.delay_s)
        return answer

    def _keep(self, content: bytes) -> None:
        self.taken.append((message_from_bytes(content)["Message-ID"], content))


@pytest.fixture
def sink():
    return Sink()


@pytest.fixture
def relay(sink):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    yield Relay("127.0.0.1", port, security="none", timeout_s=5)
    controller.stop()


def test_mails_reach_the_relay_byte_for_byte_over_one_connection(sqlite_database, sink, relay):
    fill_ledger(sqlite_database, 3)

    report = send_due(sqlite_database, relay, SENDING, lambda: NOW)

    with sqlite_database.read() as session:
        wanted = {e.message_id: compose(e, REGION, unsubscribe_url=_unsubscribe(e)).as_bytes() for e in ledger(session)}
    assert report.sent == 3
    assert {key: content.rstrip() for key, content in sink.taken} == {k: v.rstrip() for k, v in wanted.items()}


def _unsubscribe(entry) -> str:
    return f"{PORTAL}/abmelden/{LINKS.unsubscribe(UnsubscribeLink(entry.recipient))}"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("421 closing", S.NEW),
        ("450 mailbox busy", S.NEW),
        ("550 refused", S.FAILED),
        ("554 spam", S.FAILED),
        ("cut before", S.UNSURE),
        ("cut after", S.UNSURE),
    ],
)
def test_each_answer_to_the_content_leads_to_the_state_that_is_true(sqlite_database, sink, relay, answer, state):
    fill_ledger(sqlite_database, 2)
    sink.data_answers = [answer]

    send_due(sqlite_database, relay, SENDING, lambda: NOW)

    assert states(sqlite_database) == {"kita_0": state, "kita_1": S.SENT}


@pytest.mark.parametrize(("answer", "state"), [("450 busy", S.NEW), ("550 no such user", S.FAILED)])
def test_a_refused_recipient_does_not_disturb_the_others(sqlite_database, sink, relay, answer, state):
    fill_ledger(sqlite_database, 1)
    sink.rcpt_answer = answer

    send_due(sqlite_database, relay, SENDING, lambda: NOW)

    assert states(sqlite_database) == {"kita_0": state}
    assert sink.taken == []


def test_a_relay_that_does_not_listen_stops_the_run_and_names_the_settings(sqlite_database):
    fill_ledger(sqlite_database, 1)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        relay = Relay("127.0.0.1", unused.getsockname()[1], security="none", timeout_s=2)

        report = send_due(sqlite_database, relay, SENDING, lambda: NOW)

    assert "KITALOTSE_RELAY_HOST" in (report.stopped or "")
    assert states(sqlite_database) == {"kita_0": S.NEW}


def test_no_mail_goes_out_in_the_clear_where_starttls_is_demanded(sqlite_database, sink, relay):
    fill_ledger(sqlite_database, 1)
    guarded = Relay("127.0.0.1", relay._port, security="starttls", timeout_s=2)

    report = send_due(sqlite_database, guarded, SENDING, lambda: NOW)

    assert report.stopped is not None
    assert sink.taken == []


# -- crashes ----------------------------------------------------------------------------------------------------------

KILLS = int(os.environ.get("KITALOTSE_TEST_KILLS", "6"))
"""How often the sender is killed; `make chaos` kills it far oftener."""


@pytest.mark.timeout(60 + 10 * KILLS)
def test_crash_killed_anywhere_no_mail_is_sent_twice_and_none_is_lost_in_silence(database_url, sink, relay):
    database = Database(database_url)
    fill_ledger(database, mails := 25 * KILLS)
    sink.delay_s = 0.004
    chance = random.Random(20261130)
    moment = NOW
    for _ in range(KILLS):
        command = [
            sys.executable,
            "-m",
            "tests.webapp.crash_sender",
            database_url,
            str(relay._port),
            moment.isoformat(),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
            assert sender.stdout is not None
            assert sender.stdout.readline() == "sending\n"
            time.sleep(chance.uniform(0.0, 0.25))
            sender.send_signal(signal.SIGKILL)
        moment += CLAIM_LASTS

    send_due(database, relay, SENDING, lambda: moment)

    with database.read() as session:
        rows = ledger(session, limit=mails)
    database.dispose()
    taken = Counter(key for key, _ in sink.taken)
    sent = {row.message_id for row in rows if row.state is S.SENT}
    unsure = {row.message_id for row in rows if row.state is S.UNSURE}
    assert max(taken.values()) == 1, "no mail twice"
    assert len(rows) == len(sent) + len(unsure) == mails, "every mail is accounted for"
    assert sent <= set(taken), "none lost in silence"
    assert set(taken) <= sent | unsure
    assert len(unsure) <= KILLS
