"""Signed links: good for one purpose, one holder and a while."""

from datetime import UTC, date, datetime, timedelta

import pytest

from schemas.vocabulary import Answered
from webapp.links import AnswerLink, DeskLink, KitaLink, Links, UnsubscribeLink

LINKS = Links("s" * 40)
MONDAY = date(2026, 11, 30)
WEEK = "2026-W49"
ANSWER = AnswerLink("kita-1", "oabc", Answered.LATER, WEEK)


def test_an_answer_link_says_who_answers_what_and_to_which_mail():
    assert LINKS.read_answer(LINKS.answer(ANSWER), today=MONDAY) == ANSWER


def test_the_same_mail_has_the_same_links_whenever_it_is_rendered():
    assert LINKS.answer(ANSWER) == Links("s" * 40).answer(ANSWER)


def test_links_of_a_mail_end_ninety_days_after_its_monday():
    answer, kita = LINKS.answer(ANSWER), LINKS.kita(KitaLink("kita-1", 7, 0), week=WEEK)

    last = MONDAY + timedelta(days=90)
    assert LINKS.read_answer(answer, today=last) == ANSWER
    assert LINKS.read_kita(kita, today=last) == KitaLink("kita-1", 7, 0)
    assert LINKS.read_answer(answer, today=last + timedelta(days=1)) is None
    assert LINKS.read_kita(kita, today=last + timedelta(days=1)) is None


def test_unsubscribing_works_years_later():
    assert LINKS.read_unsubscribe(LINKS.unsubscribe(UnsubscribeLink(7))) == UnsubscribeLink(7)


def test_a_sign_in_link_to_the_desk_works_for_an_hour():
    now = datetime(2026, 11, 30, 8, tzinfo=UTC)
    token = LINKS.desk(DeskLink("13075", "Frau Beispiel"), now=now)

    assert LINKS.read_desk(token, now=now + timedelta(minutes=60)) == (
        "13075",
        "Frau Beispiel",
        now + timedelta(minutes=60),
    )
    assert LINKS.read_desk(token, now=now + timedelta(minutes=61)) is None


def test_a_token_opens_only_what_it_was_signed_for():
    tokens = {
        "kita": LINKS.kita(KitaLink("k", 1, 0), week=WEEK),
        "answer": LINKS.answer(ANSWER),
        "unsubscribe": LINKS.unsubscribe(UnsubscribeLink(1)),
        "desk": LINKS.desk(DeskLink("13075", "x"), now=datetime(2026, 11, 30, tzinfo=UTC)),
    }
    readers = {
        "kita": lambda token: LINKS.read_kita(token, today=MONDAY),
        "answer": lambda token: LINKS.read_answer(token, today=MONDAY),
        "unsubscribe": LINKS.read_unsubscribe,
        "desk": lambda token: LINKS.read_desk(token, now=datetime(2026, 11, 30, tzinfo=UTC)),
    }

    opened = {(r, t) for r, read in readers.items() for t, token in tokens.items() if read(token) is not None}

    assert opened == {(name, name) for name in tokens}


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: "x" + t, lambda t: "", lambda t: t * 50, lambda t: "ü.ß"]
)
def test_a_token_that_was_tampered_with_opens_nothing(change):
    assert LINKS.read_answer(change(LINKS.answer(ANSWER)), today=MONDAY) is None


def test_a_token_of_another_installation_opens_nothing():
    assert Links("t" * 40).read_answer(LINKS.answer(ANSWER), today=MONDAY) is None
