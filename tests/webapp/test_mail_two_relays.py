"""Two Regions, two relays: each Region's mails leave by its own, under its own name; one that fails stops no other."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes
from functools import partial
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from schemas.db import Database
from schemas.exceptions import SettingsError
from schemas.region import Region, Relay
from schemas.store.digests import DigestState, due_regions, enter
from schemas.store.kitas import recipients, save_kita
from tests.factories import make_kita, make_recipient
from tests.webapp.mail_setup import NOW, REGION, SENDING, WEEK, ledger_mail, states
from webapp.mail.sender import send_all
from webapp.mail.transports import NotReached, Outbox, read_password, transport
from webapp.mail.transports import Relay as RelayTransport
from webapp.settings import Settings, read_settings

PASSWORD = "geheim-genug"


class Sink:
    """A relay that keeps who sent what to whom."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str]] = []
        self.signed_in: list[str] = []

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content)
        self.taken.append((envelope.mail_from, envelope.rcpt_tos[0], message["From"]))
        return "250 OK"

    def sign_in(self, _server, _session, _envelope, _mechanism, data) -> AuthResult:
        self.signed_in.append(data.login.decode())
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


@contextmanager
def smtp_server(sink: Sink, **options) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    path = tmp_path / "relay_password"
    path.write_text(f"{PASSWORD}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def settings_in(folder: Path, **variables: str) -> Settings:
    return read_settings({"KITALOTSE_DATA_DIR": str(folder)} | variables)


def kiel(port: int, **relay) -> Region:
    return Region(
        key="01002",
        name="Kiel",
        land="SH",
        base_url="https://kiel.example",
        sender_name="Kitalotse Kiel",
        sender_mail="post@kiel.example",
        relay=Relay(host="127.0.0.1", port=port, security="none", on=True, **relay),
    )


def fill(database: Database) -> None:
    """Two Kitas of each Region with a mail that is due."""
    with database.begin() as session:
        for index, key in enumerate(("13075", "01002", "13075", "01002")):
            address = f"leitung{index}@kita{key}.example"
            kita = make_kita(f"kita_{index}", region=key, recipients=(make_recipient(address),))
            save_kita(session, kita, now=NOW)
            (person,) = recipients(session, kita.id)
            enter(session, [ledger_mail(kita.id, person.id, WEEK)], now=NOW)


def regions(*each: Region):
    return replace(SENDING, regions={region.key: region for region in each})


def test_each_regions_mails_leave_by_its_own_relay_under_its_own_name(database, tmp_path, password_file):
    fill(database)
    ours, theirs = Sink(), Sink()
    sign_in = {"authenticator": theirs.sign_in, "auth_require_tls": False}
    with smtp_server(ours) as common, smtp_server(theirs, **sign_in) as own:
        settings = settings_in(
            tmp_path,
            KITALOTSE_RELAY_ON="yes",
            KITALOTSE_RELAY_HOST="127.0.0.1",
            KITALOTSE_RELAY_PORT=str(common),
            KITALOTSE_RELAY_SECURITY="none",
        )
        there = kiel(own, user="kita", password_file=password_file.name)

        report = send_all(database, partial(transport, settings), regions(REGION, there), lambda: NOW)

    assert (report.sent, report.stopped) == (4, None)
    assert ours.taken == [
        (REGION.sender_mail, f"leitung{i}@kita13075.example", "Kitalotse <post@kitalotse.example>") for i in (0, 2)
    ]
    assert theirs.taken == [
        ("post@kiel.example", f"leitung{i}@kita01002.example", "Kitalotse Kiel <post@kiel.example>") for i in (1, 3)
    ]
    assert theirs.signed_in == ["kita"]


def test_a_relay_that_is_down_keeps_back_the_mails_of_its_region_only(database, tmp_path):
    fill(database)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        there = kiel(unused.getsockname()[1])

        report = send_all(database, partial(transport, settings_in(tmp_path)), regions(there, REGION), lambda: NOW)

    assert report.sent == 2
    assert "file of Region 01002" in (report.stopped or "")
    assert states(database) == {f"kita_{i}": DigestState.NEW if i % 2 else DigestState.SENT for i in range(4)}
    with database.read() as session:
        assert due_regions(session) == ["01002"]


def test_a_password_that_everybody_may_read_is_refused_and_nothing_is_lost(database, tmp_path, password_file):
    fill(database)
    password_file.chmod(0o644)
    sink = Sink()
    with smtp_server(sink, authenticator=sink.sign_in, auth_require_tls=False) as port:
        there = kiel(port, user="kita", password_file=str(password_file))

        report = send_all(database, partial(transport, settings_in(tmp_path)), regions(there), lambda: NOW)

    assert f"chmod 600 {password_file}" in (report.stopped or "")
    assert sink.taken == []
    assert states(database)["kita_1"] is DigestState.NEW


def test_a_regions_relay_counts_before_the_settings_also_where_it_is_switched_off(tmp_path):
    settings = settings_in(tmp_path, KITALOTSE_RELAY_ON="yes", KITALOTSE_RELAY_HOST="relay.example")
    own = kiel(587).relay
    assert own is not None
    off = kiel(587).model_copy(update={"relay": own.model_copy(update={"on": False})})

    assert isinstance(transport(settings), RelayTransport)
    assert isinstance(transport(settings, REGION), RelayTransport)
    assert isinstance(transport(settings, off), Outbox)


def test_checking_a_relay_signs_in_and_sends_nothing(tmp_path, password_file):
    sink = Sink()
    with smtp_server(sink, authenticator=sink.sign_in, auth_require_tls=False) as port:
        relay = RelayTransport("127.0.0.1", port, security="none", user="kita", password_file=password_file)
        relay.check()

        password_file.write_text("falsch", encoding="utf-8")
        with pytest.raises(NotReached, match="KITALOTSE_RELAY_HOST"):
            relay.check()

    assert set(sink.signed_in) == {"kita"}
    assert sink.taken == []


@pytest.mark.parametrize(("content", "expected"), [("", "one line"), ("a\nb\n", "one line"), ("x" * 2000, "one line")])
def test_a_file_that_holds_no_password_is_refused(tmp_path, content, expected):
    path = tmp_path / "password"
    path.write_text(content, encoding="utf-8")
    path.chmod(0o600)

    with pytest.raises(SettingsError, match=expected):
        read_password(path)


def test_a_missing_password_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match="nirgends"):
        read_password(tmp_path / "nirgends")
