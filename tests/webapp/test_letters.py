"""Letters: written once per matter before the first byte leaves, sent once, shown where in doubt, emptied in time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from schemas.store.ledger import CLAIM_LASTS, RETRY_AFTER, MailState
from schemas.store.letters import KEEP, claim_letter, letters_of, letters_wait_for, purge_letters, sweep_letters
from schemas.store.work import due_work
from tests.webapp.mail_setup import NOW, REGION, SENDING, ObedientTransport, fill_letters
from webapp.jobs import JOBS
from webapp.mail.letters import JOB, post, render_letter
from webapp.mail.message import AddressError
from webapp.mail.render import Rendered
from webapp.mail.sender import Letters, send_all, send_due
from webapp.mail.transports import InDoubt, NotReached, Refused

S = MailState
MAIL = Rendered("Betreff", "Text\n", "<p>Text</p>")


def write(database, dedupe="test:1", **changes):
    options = {"kind": "test", "to": "wer@kreis.example", "mail": MAIL, "now": NOW} | changes
    with database.begin() as session:
        return post(session, REGION, dedupe=dedupe, **options)


def send(database, transport, now=NOW, sending=SENDING):
    return send_due(database, transport, sending, lambda: now, ledger=Letters(sending))


def states(database):
    with database.read() as session:
        return {letter.dedupe: letter.state for letter in letters_of(session)}


def test_one_letter_a_matter_and_a_running_schedule_learns_of_it(database):
    first = write(database)
    second = write(database, mail=Rendered("Anders", "Anders\n", "<p>Anders</p>"))

    assert first is not None
    assert second is None
    assert JOB in JOBS
    with database.read() as session:
        (letter,) = letters_of(session)
        assert letter.subject == "Betreff"
        assert letters_wait_for(session) == ["13075"]
        assert len(due_work(session, now=NOW)) == 1


def test_a_letter_of_a_transaction_that_fails_is_not_written(database):
    with pytest.raises(ZeroDivisionError), database.begin() as session:
        post(session, REGION, kind="test", dedupe="test:1", to="wer@kreis.example", mail=MAIL, now=NOW)
        _ = 1 / 0

    assert states(database) == {}


@pytest.mark.parametrize("to", ["", "wer", "a@b\r\nBcc: c@d", "x" * 300 + "@kreis.example", f"x@{'a' * 60}." * 6])
def test_what_is_no_address_is_refused_when_it_is_written(database, to):
    with pytest.raises(AddressError):
        write(database, to=to)


def test_a_matter_too_long_for_the_ledger_is_refused(database):
    with pytest.raises(ValidationError, match="dedupe"):
        write(database, dedupe="x" * 201)


def test_it_is_sent_once_however_often_the_sender_runs(database):
    fill_letters(database, 3)
    relay = ObedientTransport()

    assert (send(database, relay).sent, send(database, relay).sent, len(relay.taken)) == (3, 0, 3)


def test_each_outcome_leads_to_its_state_and_the_run_goes_on(database):
    fill_letters(database, 4)
    answers = {1: Refused(451, "later"), 2: Refused(550, "no such user"), 3: InDoubt("cut"), 4: None}

    report = send(database, ObedientTransport(answers.get))

    assert (report.retry, report.failed, report.unsure, report.sent) == (1, 1, 1, 1)
    assert list(states(database).values()) == [S.SENT, S.UNSURE, S.FAILED, S.NEW]
    assert send(database, ObedientTransport(), NOW + RETRY_AFTER[0]).sent == 1, "only what was certainly not taken"


def test_a_relay_that_is_down_loses_nothing(database):
    fill_letters(database, 2)

    down = send(database, ObedientTransport(lambda _n: NotReached("refused")))

    assert down.stopped == "refused"
    assert send(database, ObedientTransport(), NOW + timedelta(days=3)).sent == 2


def test_what_a_dead_sender_left_is_unsure_and_not_sent_again(database):
    fill_letters(database, 1)
    with database.begin() as session:
        claim_letter(session, now=NOW)

    with database.begin() as session:
        assert sweep_letters(session, now=NOW + CLAIM_LASTS)[S.UNSURE] == 1
    assert send(database, ObedientTransport(), NOW + timedelta(days=1)).sent == 0


def test_a_letter_that_has_lost_its_sense_is_not_sent_and_says_so(database):
    write(database, send_before=NOW + timedelta(hours=1))

    report = send(database, relay := ObedientTransport(), NOW + timedelta(hours=1))

    assert (report.failed, relay.taken) == (1, [])


def test_a_letter_of_a_region_that_is_no_more_fails(database):
    fill_letters(database, 1)

    report = send(database, relay := ObedientTransport(), sending=replace(SENDING, regions={}))

    assert (report.failed, relay.taken) == (1, [])


def test_letters_leave_by_the_relay_of_their_region(database):
    fill_letters(database, 1)
    asked = []

    def way(region):
        asked.append(region)
        return ObedientTransport()

    report = send_all(database, way, SENDING, lambda: NOW, ledger=Letters(SENDING))

    assert (report.sent, asked) == (1, [None])


def test_after_ninety_days_contents_and_address_are_gone_but_not_the_fact(database):
    write(database, data={"ill": ["mv_wald:7"]})
    send(database, ObedientTransport())
    write(database, "test:2")

    with database.begin() as session:
        assert purge_letters(session, NOW + KEEP) == 0
        assert purge_letters(session, NOW + KEEP + timedelta(seconds=1)) == 2
        assert purge_letters(session, NOW + KEEP + timedelta(seconds=1)) == 0
        late, sent = letters_of(session)

    assert (sent.address, sent.subject, sent.text, sent.html) == ("", "", "", "")
    assert (sent.state, sent.data, sent.dedupe) == (S.SENT, {"ill": ["mv_wald:7"]}, "test:1")
    assert late.state is S.FAILED
    assert write(database) is None, "still never a second one"


def test_a_template_that_wants_more_than_it_gets_is_an_error():
    with pytest.raises(Exception, match="undefined"):
        render_letter("sign_in", {"region": REGION})
