"""The mail as bytes, and the outbox: right headers, nothing injected, one file per mail."""

from dataclasses import replace
from email import message_from_bytes, policy

import pytest

from schemas.exceptions import SettingsError
from schemas.store.digests import (
    DigestState,
)
from tests.webapp.mail_setup import LINKS, NOW, PORTAL, REGION, SENDING, fill_ledger, only
from webapp.links import UnsubscribeLink
from webapp.mail.message import AddressError, address, compose
from webapp.mail.sender import send_due
from webapp.mail.transports import NotReached, Outbox, Relay, transport
from webapp.settings import read_settings

S = DigestState

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


def test_a_long_address_stays_one_address_in_the_headers(sqlite_database):
    fill_ledger(sqlite_database, 1)
    long = f"https://bildung.landkreis-vorpommern-greifswald.example/kitalotse/abmelden/{'x' * 120}"

    content = compose(only(sqlite_database), REGION, unsubscribe_url=long).as_bytes()

    assert f"\r\nList-Unsubscribe: <{long}>\r\n".encode() in content
