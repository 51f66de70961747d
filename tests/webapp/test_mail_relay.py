"""A real SMTP server: what each answer means, and a sender that is killed again and again."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller

from schemas.db import Database
from schemas.store.digests import DigestState, ledger
from schemas.store.ledger import CLAIM_LASTS
from schemas.store.letters import letters_of
from tests.webapp.mail_setup import (
    LINKS,
    NOW,
    PORTAL,
    REGION,
    SENDING,
    fill_ledger,
    fill_letters,
    states,
)
from webapp.links import UnsubscribeLink
from webapp.mail.message import compose, letter_id
from webapp.mail.sender import Letters, send_due
from webapp.mail.transports import Relay

S = DigestState

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


def test_a_letter_reaches_the_relay_with_the_headers_of_its_region(sqlite_database, sink, relay):
    fill_letters(sqlite_database, 1)

    report = send_due(sqlite_database, relay, SENDING, lambda: NOW, ledger=Letters(SENDING))

    ((key, content),) = sink.taken
    mail = message_from_bytes(content, policy=default)
    assert report.sent == 1
    assert key == letter_id("test:matter_0", sender=REGION.sender_mail)
    assert {name: mail[name] for name in ("From", "To", "Reply-To", "Auto-Submitted", "List-Unsubscribe")} == {
        "From": "Kitalotse <post@kitalotse.example>",
        "To": "koordination0@kreis.example",
        "Reply-To": "koordination@kreis.example",
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": None,
    }
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail.get_body(("plain",)).get_content().splitlines() == ["Grüße aus dem Museum", ".", "..zwei Punkte"]


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


def kill_senders(database_url, sink, relay):
    """Start a sender and kill it, again and again, each later than a claim lasts; gives the moment after the last."""
    sink.delay_s = 0.004
    chance = random.Random(20261130)
    moment = NOW
    for _ in range(KILLS):
        command = [sys.executable, "-m", "tests.webapp.crash_sender", database_url, str(relay._port), str(moment)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
            assert sender.stdout is not None
            assert sender.stdout.readline() == "sending\n"
            time.sleep(chance.uniform(0.0, 0.25))
            sender.send_signal(signal.SIGKILL)
        moment += CLAIM_LASTS
    return moment


def judge(rows, sink, mails):
    taken = Counter(key for key, _ in sink.taken)
    sent = {row.message_id for row in rows if row.state is S.SENT}
    unsure = {row.message_id for row in rows if row.state is S.UNSURE}
    assert max(taken.values()) == 1, "no mail twice"
    assert len(rows) == len(sent) + len(unsure) == mails, "every mail is accounted for"
    assert sent <= set(taken), "none lost in silence"
    assert set(taken) <= sent | unsure
    assert len(unsure) <= KILLS


@pytest.mark.timeout(60 + 10 * KILLS)
def test_crash_killed_anywhere_no_mail_is_sent_twice_and_none_is_lost_in_silence(database_url, sink, relay):
    database = Database(database_url)
    fill_ledger(database, mails := 25 * KILLS)

    moment = kill_senders(database_url, sink, relay)
    send_due(database, relay, SENDING, lambda: moment)

    with database.read() as session:
        rows = ledger(session, limit=mails)
    database.dispose()
    judge(rows, sink, mails)


@pytest.mark.timeout(60 + 10 * KILLS)
def test_crash_letters_are_as_safe(database_url, sink, relay):
    database = Database(database_url)
    fill_letters(database, mails := 25 * KILLS)

    moment = kill_senders(database_url, sink, relay)
    send_due(database, relay, SENDING, lambda: moment, ledger=Letters(SENDING))

    with database.read() as session:
        rows = letters_of(session, limit=mails)
    database.dispose()
    judge(rows, sink, mails)
