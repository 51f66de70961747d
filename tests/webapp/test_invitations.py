"""Double opt-in: one mail with a question, nothing more before the answer, and no second question for a month."""

import re
import threading
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from click.testing import CliRunner
from lxml import html

from schemas.exceptions import StoreError
from schemas.store.invitations import confirm, invite, invited, purge_invitations
from schemas.store.kitas import recipients, recipients_who_want_mail, save_kita, unsubscribe
from tests.factories import NOW, make_kita, make_recipient
from tests.webapp.mail_setup import LINKS, PORTAL, REGION, ObedientTransport
from tests.webapp.test_digest_prepare import region_file
from webapp.cli import main
from webapp.consent import CONSENT_TEXTS, CONSENT_VERSION
from webapp.digest import Issuing, prepare
from webapp.invitations import send_invitation
from webapp.links import ConfirmLink, UnsubscribeLink
from webapp.mail.message import AddressError, invitation_id
from webapp.mail.transports import InDoubt, MailError, NotReached, Refused

ISSUING = Issuing({REGION.key: REGION}, LINKS, PORTAL)
ADDRESS = "neu@kita.example"
WEEK = "2026-W48"


@pytest.fixture
def stage(database):
    with database.begin() as session:
        save_kita(session, make_kita(recipients=(make_recipient(),), example=False), now=NOW)
        save_kita(session, make_kita("kita_kiel", region="01002"), now=NOW)
    return database


def ask(database, transport=None, *, kita="kita_wolke", address=ADDRESS, now=NOW):
    return send_invitation(database, transport or ObedientTransport(), ISSUING, kita, address, now=now)


def addresses(database) -> set[str]:
    with database.read() as session:
        return {person.recipient.address for person in recipients(session, "kita_wolke")}


def stored_people(database):
    with database.read() as session:
        return recipients(session, "kita_wolke")


# -- the mail ---------------------------------------------------------------------------------------------------------


def asked_by_mail(database):
    transport = ObedientTransport()
    ask(database, transport)
    (message,) = transport.taken
    text, body = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    return message, text, html.fromstring(body)


def test_the_mail_says_who_asks_what_for_and_what_happens_without_an_answer(stage):
    message, text, _ = asked_by_mail(stage)

    assert (str(message["To"]), str(message["From"])) == (ADDRESS, "Kitalotse <post@kitalotse.example>")
    assert str(message["Subject"]) == "Bitte bestätigen: Wochenmail von Kitalotse für Kita Wolkenschiff"
    assert "die Koordination von Kitalotse (Vorpommern-Greifswald)" in text
    assert CONSENT_TEXTS[CONSENT_VERSION] in text
    assert f"Fassung {CONSENT_VERSION}" in text
    assert "brauchen Sie nichts zu tun" in text
    assert f"{PORTAL}/impressum" in text


def test_text_and_html_say_the_same_and_offer_nothing(stage):
    message, text, document = asked_by_mail(stage)
    for hidden in document.xpath("//head | //style"):
        hidden.drop_tree()
    plain = " ".join(text.split())

    pieces = {" ".join(piece.split()).strip("·() ") for piece in document.xpath("//body//text()")} - {""}
    links = set(document.xpath("//a/@href"))

    assert {piece for piece in pieces if piece not in plain} == set()
    assert {link for link in links if link not in text} == set()
    assert {link.removeprefix(PORTAL).split("/")[1] for link in links} == {"bestaetigen", "impressum", "datenschutz"}
    assert document.xpath("//img | //script | //link") == []
    assert "List-Unsubscribe" not in message


def test_the_mail_follows_from_the_row_alone(stage):
    message, _, _ = asked_by_mail(stage)
    (person,) = [person for person in stored_people(stage) if person.recipient.address == ADDRESS]
    assert person.invited_at is not None

    assert message["Message-ID"] == invitation_id(person.id, person.invited_at, sender=REGION.sender_mail)
    assert message["Date"].datetime == person.invited_at
    assert LINKS.confirm(ConfirmLink(person.id, person.invited_at)) in message.get_body(("plain",)).get_content()


# -- asked once -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [ADDRESS, ADDRESS.upper()])
def test_nobody_is_asked_twice_within_thirty_days_for_whichever_kita(stage, address):
    ask(stage)
    with stage.begin() as session:
        save_kita(session, make_kita("kita_zwei"), now=NOW)
    transport = ObedientTransport()

    for kita in ("kita_wolke", "kita_zwei"):
        with pytest.raises(StoreError, match="was asked on 2026-11-23 already"):
            ask(stage, transport, kita=kita, address=address, now=NOW + timedelta(days=29))

    assert transport.taken == []


def test_after_thirty_days_an_address_may_be_asked_again_and_the_old_link_is_void(stage):
    first = ask(stage)
    old = ConfirmLink(first.recipient, NOW.replace(microsecond=0))

    again = ask(stage, now=NOW + timedelta(days=30))

    with stage.read() as session:
        assert invited(session, again.recipient, old.invited_at) is None


@pytest.mark.parametrize("kita", ["kita_wolke", "kita_zwei"])
def test_two_who_ask_at_the_same_moment_ask_once(stage, kita):
    with stage.begin() as session:
        save_kita(session, make_kita("kita_zwei"), now=NOW)
    transport, refused = ObedientTransport(), []

    def run(which: str) -> None:
        try:
            ask(stage, transport, kita=which)
        except StoreError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=run, args=(which,)) for which in ("kita_wolke", kita)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(transport.taken), len(refused)) == (1, 1)


@pytest.mark.parametrize("error", [Refused(550, "no such user"), Refused(451, "later"), NotReached("relay is down")])
def test_what_certainly_did_not_leave_is_forgotten_and_may_be_asked_at_once(stage, error):
    with pytest.raises(MailError, match="was not asked, and nothing is kept"):
        ask(stage, ObedientTransport(lambda _number: error))
    assert addresses(stage) == {"leitung@kita.example"}

    transport = ObedientTransport()
    ask(stage, transport)

    assert len(transport.taken) == 1


def test_what_may_have_left_is_not_asked_again(stage):
    with pytest.raises(MailError, match="may have been asked"):
        ask(stage, ObedientTransport(lambda _number: InDoubt("the line broke")))

    with pytest.raises(StoreError, match="was asked on"):
        ask(stage)


def test_it_is_on_the_disk_before_the_first_byte_leaves(stage):
    seen = []

    def look(_number: int) -> None:
        seen.append(ADDRESS in addresses(stage))

    ask(stage, ObedientTransport(look))

    assert seen == [True]


@pytest.mark.parametrize(
    ("kita", "address", "error", "said"),
    [
        ("nope", ADDRESS, StoreError, "'nope' is not known"),
        ("kita_kiel", ADDRESS, StoreError, "no Region for key 01002"),
        ("kita_wolke", "keine Adresse", AddressError, "expected name@example.org"),
        ("kita_wolke", f"a@{'.'.join(['b' * 60] * 5)}", AddressError, "longer than 254"),
        ("kita_wolke", "a@kita.example\r\nBcc: alle@example.org", AddressError, "expected name@example.org"),
        ("kita_wolke", "leitung@kita.example", StoreError, "receives the mail of kita_wolke already"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(stage, kita, address, error, said):
    with pytest.raises(error, match=said):
        ask(stage, kita=kita, address=address)

    assert addresses(stage) == {"leitung@kita.example"}


def test_who_has_left_is_not_asked_again(stage):
    with stage.begin() as session:
        (person,) = recipients(session, "kita_wolke")
        unsubscribe(session, person.id, now=NOW)

    with pytest.raises(StoreError, match="has unsubscribed"):
        ask(stage, address="leitung@kita.example")


def test_whoever_was_asked_and_has_not_answered_gets_no_weekly_mail(stage):
    ask(stage)

    with stage.read() as session:
        wanting = recipients_who_want_mail(session)["kita_wolke"]

    assert [person.recipient.address for person in wanting] == ["leitung@kita.example"]
    assert prepare(stage, ISSUING, week=WEEK, now=NOW, kita="kita_wolke").mails == ()


# -- the answer -------------------------------------------------------------------------------------------------------


@pytest.fixture
def invitation(both_sites):
    site = both_sites
    site.settle()
    with site.database.begin() as session:
        person = invite(session, "kita_wolke", ADDRESS, now=site.now)
    return person, f"/bestaetigen/{site.links.confirm(ConfirmLink(person.id, person.invited_at))}"


def stored(site, person):
    with site.database.read() as session:
        return next((p.recipient for p in recipients(session, "kita_wolke") if p.id == person.id), None)


def test_looking_confirms_nothing_and_the_button_does(both_sites, invitation):
    person, path = invitation
    client = both_sites.client()

    page = client.get(path)

    assert f'action="{path}"' in page.text
    assert CONSENT_TEXTS[CONSENT_VERSION] in page.text
    assert ADDRESS in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert stored(both_sites, person).confirmed_at is None

    done = client.post(path)

    assert "kommt ab jetzt montags" in done.text
    assert (stored(both_sites, person).confirmed_at, stored(both_sites, person).consent_text) == (
        both_sites.now,
        CONSENT_VERSION,
    )
    assert "Set-Cookie" not in done.headers


def test_the_first_confirmation_stands(both_sites, invitation):
    person, path = invitation
    both_sites.client().post(path)
    first = stored(both_sites, person)
    both_sites.now += timedelta(days=1)

    again = both_sites.client().post(path)

    assert again.status_code == 200
    assert stored(both_sites, person) == first


@pytest.mark.parametrize(("days", "status"), [(14, 200), (14.001, 404)])
def test_an_invitation_ends_after_fourteen_days(both_sites, invitation, days, status):
    person, path = invitation
    both_sites.now = person.invited_at + timedelta(days=days)

    assert [both_sites.client().get(path).status_code, both_sites.client().post(path).status_code] == [status] * 2
    assert (stored(both_sites, person).confirmed_at is not None) == (status == 200)


def test_a_link_for_another_purpose_or_another_moment_confirms_nothing(both_sites, invitation):
    person, _ = invitation
    links = both_sites.links
    others = [
        links.unsubscribe(UnsubscribeLink(person.id)),
        links.confirm(ConfirmLink(person.id, person.invited_at - timedelta(seconds=1))),
        links.confirm(ConfirmLink(person.id + 1, person.invited_at)),
        "x",
    ]

    answers = [both_sites.client().post(f"/bestaetigen/{token}") for token in others]

    assert {answer.status_code for answer in answers} == {404}
    assert "von der Koordination neu eintragen" in answers[0].text
    assert stored(both_sites, person).confirmed_at is None


def test_who_has_left_since_is_not_brought_back_by_the_old_link(both_sites, invitation):
    person, path = invitation
    both_sites.client().post(path)
    both_sites.client().post(f"/abmelden/{both_sites.links.unsubscribe(UnsubscribeLink(person.id))}")

    assert both_sites.client().post(path).status_code == 404
    assert stored(both_sites, person).unsubscribed_at is not None


def test_a_number_that_was_given_anew_cannot_be_confirmed_with_the_old_link(stage):
    with stage.begin() as session:
        old = invite(session, "kita_wolke", ADDRESS, now=NOW)
        assert purge_invitations(session, NOW + timedelta(days=30)) == 1
        new = invite(session, "kita_wolke", "andere@kita.example", now=NOW + timedelta(days=30))
        assert old.invited_at is not None

        assert not confirm(session, new.id, old.invited_at, consent_text="x", now=NOW)


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_puts_one_mail_into_the_outbox(stage, database_url, tmp_path):
    (tmp_path / "regions").mkdir()
    (tmp_path / "regions" / "vg.toml").write_text(region_file(REGION))
    environment = {"KITALOTSE_DATA_DIR": str(tmp_path), "KITALOTSE_SECRET_KEY": LINKS.secret}
    words = ["kitas", "invite", "kita_wolke", ADDRESS, "--database", database_url]

    first = CliRunner().invoke(main, words, env=environment)
    second = CliRunner().invoke(main, words, env=environment)

    assert (first.exit_code, second.exit_code) == (0, 1)
    assert f"The question for {ADDRESS} lies in {tmp_path}/outbox" in first.stdout
    assert "asked once in 30 days" in second.stderr
    (file,) = (tmp_path / "outbox").glob("*.eml")
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    text = message.get_body(("plain",)).get_content()
    token = re.search(rf"{PORTAL}/bestaetigen/(\S+)", text)[1]
    (person,) = [p for p in stored_people(stage) if p.recipient.address == ADDRESS]
    assert LINKS.read_confirm(token, now=person.invited_at) == ConfirmLink(person.id, person.invited_at)
