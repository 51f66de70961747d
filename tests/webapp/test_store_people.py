"""Kitas, recipients and answers in the database."""

from datetime import timedelta

import pytest

from schemas.exceptions import StoreError
from schemas.kita import Recipient
from schemas.store.kitas import (
    add_recipient,
    confirm_recipient,
    feedback_by_kita,
    feedback_of,
    kita_by_id,
    kitas,
    recipient_by_id,
    recipients,
    recipients_who_want_mail,
    save_feedback,
    save_kita,
    undo_feedback,
    unsubscribe,
)
from schemas.vocabulary import Answered
from tests.factories import NOW, make_feedback, make_group, make_kita, make_recipient
from tests.webapp.mail_setup import OFFER, store_offer

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def session(database):
    store_offer(database)
    with database.begin() as session:
        save_kita(session, make_kita(recipients=(make_recipient(),)), now=NOW)
        yield session


def test_a_kita_comes_back_as_it_was_saved(session):
    kita = make_kita(
        "kita_neu", groups=(make_group("A"), make_group("B", assumed=True)), recipients=(make_recipient(),)
    )

    save_kita(session, kita, now=NOW)

    assert kita_by_id(session, "kita_neu") == kita
    assert kita_by_id(session, "nobody") is None


def test_lists_of_kitas_never_carry_recipients(session):
    save_kita(session, make_kita("kita_kiel", region="01002"), now=NOW)

    assert [kita.id for kita in kitas(session)] == ["kita_kiel", "kita_wolke"]
    assert [kita.id for kita in kitas(session, region="01")] == ["kita_kiel"]
    assert all(kita.recipients == () for kita in kitas(session))


def test_saving_a_profile_again_never_touches_what_a_recipient_decided(session):
    (person,) = recipients(session, "kita_wolke")
    unsubscribe(session, person.id, now=NOW)

    save_kita(session, make_kita(recipients=(make_recipient(),)), now=LATER)

    (after,) = recipients(session, "kita_wolke")
    assert after.id == person.id
    assert after.recipient.unsubscribed_at == NOW


def test_only_who_confirmed_and_stayed_wants_mail(session):
    waiting = add_recipient(session, "kita_wolke", "neu@kita.example")
    (first, _) = recipients(session, "kita_wolke")
    assert [p.id for p in recipients_who_want_mail(session)["kita_wolke"]] == [first.id]

    confirm_recipient(session, waiting, consent_text="2026-11", now=NOW)
    unsubscribe(session, first.id, now=NOW)

    assert [p.id for p in recipients_who_want_mail(session)["kita_wolke"]] == [waiting]
    assert recipients_who_want_mail(session, region="01") == {}


def test_the_first_confirmation_stands_as_proof(session):
    number = add_recipient(session, "kita_wolke", "neu@kita.example")
    confirm_recipient(session, number, consent_text="2026-11", now=NOW)

    confirm_recipient(session, number, consent_text="2027-01", now=LATER)

    person = recipient_by_id(session, number)
    assert person is not None
    assert (person.recipient.confirmed_at, person.recipient.consent_text) == (NOW, "2026-11")
    with pytest.raises(StoreError, match="not known"):
        confirm_recipient(session, 9999, consent_text="x", now=NOW)


def test_an_address_is_added_once_and_only_to_a_kita_that_exists(session):
    first = add_recipient(session, "kita_wolke", "neu@kita.example")

    assert add_recipient(session, "kita_wolke", "neu@kita.example") == first
    with pytest.raises(StoreError, match="'nobody' is not known"):
        add_recipient(session, "nobody", "neu@kita.example")
    with pytest.raises(ValueError, match="address"):
        add_recipient(session, "kita_wolke", "keine Adresse")


def test_unsubscribing_twice_is_no_error_and_keeps_the_first_moment(session):
    (person,) = recipients(session, "kita_wolke")

    assert unsubscribe(session, person.id, now=NOW)
    assert unsubscribe(session, person.id, now=LATER)
    assert not unsubscribe(session, 9999, now=NOW)

    stored = recipient_by_id(session, person.id)
    assert stored is not None
    assert stored.recipient == Recipient(**make_recipient().model_dump() | {"unsubscribed_at": NOW})
    assert not stored.wants_mail


# -- answers ----------------------------------------------------------------------------------------------------------


def test_the_same_answer_twice_is_one(session):
    first = save_feedback(session, make_feedback())

    assert save_feedback(session, make_feedback(at=LATER)) == first
    assert len(feedback_of(session, "kita_wolke")) == 1


def test_a_new_answer_takes_the_place_of_the_old_one(session):
    save_feedback(session, make_feedback())
    save_feedback(session, make_feedback(answer=Answered.BOOKED, at=LATER))

    (standing,) = feedback_of(session, "kita_wolke")
    assert standing.feedback.answer is Answered.BOOKED
    assert feedback_by_kita(session) == {"kita_wolke": (standing.feedback,)}


def test_a_kita_can_take_back_its_own_answer_only(session):
    number = save_feedback(session, make_feedback())

    assert not undo_feedback(session, number, kita_id="kita_andere", now=LATER)
    assert undo_feedback(session, number, kita_id="kita_wolke", now=LATER)
    assert not undo_feedback(session, number, kita_id="kita_wolke", now=LATER)
    assert feedback_of(session, "kita_wolke") == []


def test_after_undoing_the_same_answer_can_be_given_again(session):
    undo_feedback(session, save_feedback(session, make_feedback()), kita_id="kita_wolke", now=LATER)

    save_feedback(session, make_feedback(at=LATER))

    assert [f.feedback.at for f in feedback_of(session, "kita_wolke")] == [LATER]


@pytest.mark.parametrize("unknown", [{"kita": "nobody"}, {"offer": "onothing"}])
def test_an_answer_to_or_from_nobody_is_refused(session, unknown):
    with pytest.raises(StoreError, match="is not known"):
        save_feedback(session, make_feedback(OFFER).model_copy(update=unknown))
