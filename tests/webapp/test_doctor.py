"""``kitalotse doctor``: each thing that is wrong is named with its remedy, each that is right is said to be; nothing is
touched."""

import json
import os
import shutil
import socket
import stat
from collections import namedtuple
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from click.testing import CliRunner
from sqlalchemy import insert, text, update

from schemas.db import Database
from schemas.exceptions import SettingsError
from schemas.harvest import HarvestRun, RunStatus
from schemas.migrate import head, upgrade
from schemas.region import Coordinator, Region, Relay
from schemas.store.digests import claim_next, enter
from schemas.store.kitas import recipients, save_kita
from schemas.store.work import MAX_ATTEMPTS, add_work, claim_work, finish_work, sweep_work
from schemas.tables.people import digests
from schemas.tables.work import audit
from tests.factories import NOW, make_kita, make_recipient, make_source_offer
from tests.webapp.mail_setup import ledger_mail
from tests.webapp.site import Site
from webapp.cli import main
from webapp.commands.doctor import examine
from webapp.doctor.findings import Finding, Level
from webapp.doctor.installation import (
    examine_addresses,
    examine_files,
    examine_permissions,
    examine_region,
    examine_relays,
    examine_settings,
)
from webapp.doctor.stored import examine_database, examine_stored
from webapp.region_file import new_region
from webapp.region_keys import find_area
from webapp.scheduler import leadership
from webapp.settings import Settings, read_settings

KIM = Coordinator(name="Kim", mail="kim@vg.example")
PORTAL = "https://bildung.example/vg"
Usage = namedtuple("Usage", "total used free")


def settings_in(folder: Path, **variables: str) -> Settings:
    return read_settings({"KITALOTSE_DATA_DIR": str(folder), "KITALOTSE_CONTACT": "post@vg.example"} | variables)


def region(**changes):
    made = new_region(find_area("13075"), "Mecklenburg-Vorpommern", base_url=PORTAL, coordinator=KIM)
    finished = dict.fromkeys(("imprint", "privacy", "accessibility"), "Fertig.")
    return made.model_copy(update=finished | changes)


def said(findings, level: Level | None = None) -> str:
    return "\n".join(f"{each.says} → {each.remedy}" for each in findings if level in (None, each.level))


def levels(findings) -> set[Level]:
    return {each.level for each in findings}


# -- the command ------------------------------------------------------------------------------------------------------


def test_an_empty_folder_is_told_how_to_begin_and_stays_empty(tmp_path):
    done = CliRunner().invoke(main, ["doctor"], env={"KITALOTSE_DATA_DIR": str(tmp_path / "new")})

    assert done.exit_code == 1
    assert "kitalotse init --region KEY" in done.output
    assert "kitalotse migrate" in done.output
    assert not (tmp_path / "new").exists()


def test_a_new_region_is_well_apart_from_what_must_be_completed(tmp_path):
    home = {"KITALOTSE_DATA_DIR": str(tmp_path)}
    CliRunner().invoke(main, ["init", "--region", "13075"], env=home)

    done = CliRunner().invoke(main, ["doctor", "--json"], env=home)

    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["counts"]["error"] == 0
    remedies = " ".join(each["remedy"] or "" for each in found["findings"])
    for part in ("13075.toml: base_url", "imprint", "[[coordinators]]", "kitalotse schedule", "KITALOTSE_RELAY_ON"):
        assert part in remedies
    assert all(each["remedy"] for each in found["findings"] if each["level"] != "ok")


def test_a_broken_regions_file_is_named(tmp_path):
    (tmp_path / "regions").mkdir()
    (tmp_path / "regions" / "x.toml").write_text("key = [", encoding="utf-8")

    done = CliRunner().invoke(main, ["doctor", "--quiet"], env={"KITALOTSE_DATA_DIR": str(tmp_path)})

    assert done.exit_code == 1
    assert "x.toml" in done.output
    assert "  ok  " not in done.output


# -- settings, files, Regions -----------------------------------------------------------------------------------------


def test_settings_for_a_real_portal(tmp_path):
    regions = {"13075": region()}

    assert "TRUSTED_PROXIES=1" in said(examine_settings(settings_in(tmp_path), regions))
    assert levels(examine_settings(settings_in(tmp_path, KITALOTSE_TRUSTED_PROXIES="1"), regions)) == {Level.OK}
    assert "KITALOTSE_DEMO" in said(examine_settings(settings_in(tmp_path, KITALOTSE_DEMO="yes"), {}))
    assert "KITALOTSE_CONTACT" in said(examine_settings(settings_in(tmp_path, KITALOTSE_CONTACT=""), {}))


def test_regions_of_one_address_are_an_error_whether_or_not_they_name_it(tmp_path):
    settings = settings_in(tmp_path)
    silent = {key: Region(key=key, name=key, land="XX") for key in ("01002", "13075")}
    named = silent["13075"].model_copy(update={"base_url": settings.base_url + "/"})
    named = Region.model_validate(named.model_dump(exclude_unset=True))

    for regions in (silent, silent | {"13075": named}):
        (found,) = examine_addresses(regions, settings)
        assert (found.level, found.about) == (Level.ERROR, "region 13075")
        assert "http://localhost:8000 is the address of Region 01002 too" in found.says
        assert "base_url" in (found.remedy or "")
    assert list(examine_addresses(silent | {"13075": region()}, settings)) == []


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 64])
def test_a_key_that_is_none_is_an_error_and_keeps_serve_from_starting(tmp_path, content):
    (tmp_path / "secret_key").write_bytes(content)
    (tmp_path / "secret_key").chmod(0o600)
    settings = settings_in(tmp_path)

    (found,) = (each for each in examine_files(settings) if each.about == "secret key")

    assert found.level is Level.ERROR
    assert "secret_key: holds" in found.says
    assert "Bring it back from a backup, or delete it" in (found.remedy or "")
    with pytest.raises(SettingsError, match="secret_key: holds"):
        settings.secret()


def test_a_key_that_others_can_read_is_an_error(tmp_path):
    settings = settings_in(tmp_path)
    settings.secret()
    assert levels(examine_files(settings)) == {Level.OK}

    (tmp_path / "secret_key").chmod(0o644)

    assert f"chmod 600 {tmp_path / 'secret_key'}" in said(examine_files(settings), Level.ERROR)


def test_a_database_file_that_others_can_read_is_named(tmp_path):
    settings = settings_in(tmp_path)
    database = Database(settings.database)
    upgrade(database)
    file = next(tmp_path.glob("*.sqlite"))
    with database.read():
        assert levels(examine_files(settings)) == {Level.OK}
        for end in ("", "-wal", "-shm"):
            (tmp_path / f"{file.name}{end}").chmod(0o640)

        open_to_others = said(examine_files(settings), Level.WARNING)

    database.dispose()
    for end in ("", "-wal", "-shm"):
        assert f"(mode 0640); it holds addresses of people. → Run: chmod 600 {file}{end}" in open_to_others


@pytest.mark.parametrize(
    ("mode", "owner", "user", "remedy"),
    [
        (0o644, 0, 990, "Run as root: chown 990 '/var/k t/k.sqlite-wal' && chmod 600 '/var/k t/k.sqlite-wal'"),
        (0o444, 990, 990, "Run: chmod 600 '/var/k t/k.sqlite-wal'"),
        (0o600, 990, 990, "mounted read-only: findmnt --target '/var/k t'"),
        (0o600, 990, 0, "mounted read-only: findmnt --target '/var/k t'"),
    ],
)
def test_a_database_file_that_we_cannot_write_is_an_error(mode, owner, user, remedy):
    file = Path("/var/k t/k.sqlite-wal")
    status = os.stat_result((stat.S_IFREG | mode, 1, 1, 1, owner, owner, 0, 0, 0, 0))

    found = list(examine_permissions({file: status}, unusable=[file], user=user))

    assert levels(found) == {Level.ERROR}
    assert f"{file} cannot be read and written by this user." in said(found)
    assert remedy in said(found)


def test_files_and_folders_that_the_system_refuses_us_are_found(tmp_path, monkeypatch):
    """Tests may run as root, to whom no mode refuses anything: here the system's answer is ours."""
    settings = settings_in(tmp_path)
    upgrade(database := Database(settings.database))
    database.dispose()
    file = next(tmp_path.glob("*.sqlite"))
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK and Path(path).exists())

    found = list(examine_files(settings))
    made_later = said(examine_files(settings_in(tmp_path / "new")), Level.ERROR)

    assert f"{file} cannot be read and written by this user." in said(found, Level.ERROR)
    assert f"Run as root: chown {os.getuid()} {tmp_path} && chmod 700 {tmp_path}" in said(found, Level.ERROR)
    assert f"Run as root: install -d -m 700 -o {os.getuid()} {tmp_path / 'new'}" in made_later


@pytest.mark.parametrize(("free", "level"), [(2**40, Level.OK), (2**30, Level.WARNING), (2**20, Level.ERROR)])
def test_room_on_the_disk(tmp_path, monkeypatch, free, level):
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: Usage(2**41, 0, free))

    assert level in levels(examine_files(settings_in(tmp_path)))


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({}, Level.OK, "complete"),
        ({"imprint": "x [BITTE ERGÄNZEN: Anschrift]"}, Level.WARNING, "imprint: [BITTE ERGÄNZEN: Anschrift]"),
        ({"privacy": None}, Level.WARNING, "privacy"),
        ({"coordinators": ()}, Level.WARNING, "[[coordinators]]"),
        ({"coordinators": (Coordinator(name="Kim", mail="kim"),)}, Level.ERROR, "coordinators, mail"),
        ({"base_url": "http://bildung.example"}, Level.WARNING, "certificate"),
        ({"sender_mail": "nichts"}, Level.ERROR, "sender_mail"),
        ({"sender_mail": "a@anders.example"}, Level.OK, "complete"),
        ({"sender_mail": "a@anders.example", "relay": Relay(host="r.example", on=True)}, Level.WARNING, "SPF"),
        ({"sender_mail": "a@localhost", "relay": Relay(host="r.example", on=True)}, Level.ERROR, "sender_mail"),
    ],
)
def test_what_a_regions_file_lacks(tmp_path, changes, level, words):
    found = list(examine_region(region(**changes), settings_in(tmp_path)))

    assert levels(found) == {level}
    assert words in said(found)


# -- relays -----------------------------------------------------------------------------------------------------------


class Sink:
    def __init__(self) -> None:
        self.taken = 0

    async def handle_DATA(self, server, session, envelope):
        self.taken += 1
        return "250 OK"


def test_each_relay_is_tried_and_gets_no_mail(tmp_path):
    with socket.socket() as free, socket.socket() as closed:
        free.bind(("127.0.0.1", 0))
        closed.bind(("127.0.0.1", 0))
        port, nobody = free.getsockname()[1], closed.getsockname()[1]
        free.close()
        controller = Controller(sink := Sink(), hostname="127.0.0.1", port=port)
        controller.start()
        good = Relay(host="127.0.0.1", port=port, security="none", on=True)
        bad = good.model_copy(update={"port": nobody})
        regions = {
            "13075": region(relay=good),
            "01002": region(key="01002", relay=bad),
            "13": region(key="13"),
        }
        found = {each.about: each for each in examine_relays(regions, settings_in(tmp_path))}
        controller.stop()

    assert found["relay of 13075"].level is Level.OK
    assert found["relay of 01002"].level is Level.ERROR
    assert found["relay"].level is Level.WARNING
    assert sink.taken == 0


@pytest.mark.parametrize(
    ("changes", "tried", "answer", "wrong"),
    [
        ({"port": None}, "connecting to 127.0.0.1:{port}.", "Connection refused", "host, port"),
        ({"security": "starttls"}, "STARTTLS at 127.0.0.1:{port}.", "STARTTLS extension", "security, port, host"),
        ({"security": "ssl"}, "connecting to 127.0.0.1:{port} with TLS.", "SSL", "security, port, host"),
        ({"user": "kita", "password_file": "password"}, "as kita.", "535 5.7.8", "user, password_file"),
    ],
)
def test_a_relay_that_cannot_be_used_says_what_was_tried_what_came_back_and_what_to_change(
    tmp_path, changes, tried, answer, wrong
):
    (tmp_path / "password").touch(mode=0o600)
    (tmp_path / "password").write_text("geheim", encoding="utf-8")
    with socket.socket() as free, socket.socket() as closed:
        free.bind(("127.0.0.1", 0))
        closed.bind(("127.0.0.1", 0))
        open_port, nobody = free.getsockname()[1], closed.getsockname()[1]
        free.close()
        port = nobody if "port" in changes else open_port
        controller = Controller(
            Sink(),
            hostname="127.0.0.1",
            port=open_port,
            authenticator=lambda *_: AuthResult(success=False, handled=False),
            auth_require_tls=False,
        )
        controller.start()
        relay = Relay(host="127.0.0.1", security="none", on=True).model_copy(update=changes | {"port": port})
        (of_region,) = examine_relays({"13075": region(relay=relay)}, settings_in(tmp_path))
        names = {"host": "127.0.0.1", "port": str(port), "security": relay.security, "user": relay.user, "on": "yes"}
        names |= {"password": "geheim"} if relay.user else {}
        given = {f"KITALOTSE_RELAY_{name.upper()}": value for name, value in names.items() if value}
        (of_installation,) = examine_relays({}, settings_in(tmp_path, **given))
        controller.stop()

    for found in (of_region, of_installation):
        assert found.level is Level.ERROR
        assert tried.format(port=port) in found.says
        assert answer in found.says.partition("Answer: ")[2]
        assert "geheim" not in said([found])
    assert f"Edit {tmp_path / 'regions' / '13075.toml'}, [relay]: {wrong}." in (of_region.remedy or "")
    variables = wrong.upper().removesuffix("_FILE").split(", ")
    assert f"Set {', '.join(f'KITALOTSE_RELAY_{each}' for each in variables)}." in (of_installation.remedy or "")


def test_a_password_file_is_looked_at_even_while_the_relay_is_off(tmp_path):
    (tmp_path / "password").write_text("geheim", encoding="utf-8")
    (tmp_path / "password").chmod(0o644)
    own = region(relay=Relay(host="r.example", user="u", password_file="password"))

    found = list(examine_relays({"13075": own}, settings_in(tmp_path)))

    assert levels(found) == {Level.ERROR}
    assert f"run: chmod 600 {tmp_path / 'password'}" in said(found)
    assert "geheim" not in said(found)


# -- the database -----------------------------------------------------------------------------------------------------


def test_a_database_without_tables_or_out_of_reach_says_what_to_do(empty_database_url, tmp_path):
    for url, words in (
        (empty_database_url, "kitalotse migrate"),
        ("postgresql://u@127.0.0.1:1/x", "KITALOTSE_DATABASE"),
    ):
        settings = replace(settings_in(tmp_path), database=url)
        found = list(examine(settings, now=NOW))
        assert words in said(found, Level.ERROR)


@pytest.fixture
def well(database, tmp_path) -> Site:
    """A database on which everything is well, a scheduler included."""
    site = Site(database, tmp_path / "installation")
    site.harvest(make_source_offer())
    return site


def findings(site: Site, now=None) -> list[Finding]:
    regions = {"13075": site.app.extensions["kitalotse"].regions["13075"]}
    return list(examine_stored(site.database, regions, now or site.now))


def about(site: Site, what: str, now=None) -> list[Finding]:
    return [each for each in findings(site, now) if each.about.startswith(what)]


def test_a_database_at_work_is_well(well):
    assert levels(examine_database(well.database)) == {Level.OK}
    assert levels(each for each in findings(well) if each.about != "scheduler") == {Level.OK}


def test_a_clock_that_runs_behind_what_is_stored_is_an_error(well):
    with well.database.begin() as session:
        session.execute(
            insert(audit).values(at=well.now + timedelta(days=400), by="x", action="x", subject="x", data={})
        )

    assert "timedatectl" in said(about(well, "clock"), Level.ERROR)


def test_a_source_that_is_ill_is_named_with_what_was_wrong(well):
    failed = HarvestRun(source=well.source.name, started_at=NOW, status=RunStatus.FAILED, message="503")
    well.harvest(run=failed)

    (found,) = about(well, "sources")
    assert found.level is Level.WARNING
    assert well.source.name in found.says
    assert "503" in found.says


def test_a_region_without_active_sources_gets_no_offers(database, tmp_path):
    site = Site(database, tmp_path / "installation")

    assert "activate" in said(about(site, "sources"), Level.WARNING)


def test_work_that_is_stuck_or_failed_is_named(well):
    with well.database.begin() as session:
        for job in ("silent", "due", "broken", "crashing"):
            add_work(session, job, well.now)
        claimed = {}
        for _ in range(4):
            work = claim_work(session, now=well.now)
            assert work is not None
            claimed[work.job] = work
        finish_work(session, claimed["broken"], now=well.now, error="kaputt")
        finish_work(session, claimed["due"], now=well.now)
        add_work(session, "due", well.now + timedelta(minutes=1))
        for attempt in range(MAX_ATTEMPTS):
            sweep_work(session, now=well.now + timedelta(minutes=6 * (attempt + 1)))
            for job in ("silent", "crashing"):
                if attempt < MAX_ATTEMPTS - 1 or job == "silent":
                    claim_work(session, now=well.now + timedelta(minutes=6 * (attempt + 1)), work_id=claimed[job].id)

    found = said(about(well, "work", well.now + timedelta(hours=2)), Level.WARNING)
    assert "kaputt" in found
    assert "due of" in found
    assert "crashed" in found


def test_what_a_scheduler_has_yet_to_catch_up_with_asks_for_no_second_one(database, tmp_path):
    site = Site(database, tmp_path / "installation")
    with database.begin() as session:
        add_work(session, "rank", site.now - timedelta(hours=2))
    leading = leadership(database, 5.0)

    assert leading.held(site.now)
    led = said(about(site, "work"), Level.WARNING)
    leading.give_up()
    alone = said(about(site, "work"), Level.WARNING)

    assert "rank of" in led
    assert "kitalotse schedule" not in led
    assert "Start the service with: kitalotse schedule" in alone


def test_mails_in_doubt_and_mails_that_wait_are_counted(well):
    with well.database.begin() as session:
        for index in range(2):
            kita = make_kita(f"kita_{index}", recipients=(make_recipient(f"l{index}@kita.example"),))
            save_kita(session, kita, now=NOW)
            (person,) = recipients(session, kita.id)
            enter(session, [ledger_mail(kita.id, person.id)], now=well.now)
        entry = claim_next(session, now=well.now)
        assert entry is not None
        session.execute(update(digests).where(digests.c.id == entry.id).values(state="unsure"))

    later = well.now + timedelta(hours=2)
    found = said(about(well, "mails", later), Level.WARNING)
    assert "1 wait for more than an hour" in found
    assert "1 of the last week may or may not" in found


def test_a_scheduler_that_works_is_seen(database, tmp_path):
    site = Site(database, tmp_path / "installation")
    assert "kitalotse schedule" in said(about(site, "scheduler"), Level.WARNING)
    leading = leadership(database, 5.0)

    assert leading.held(site.now)

    assert levels(about(site, "scheduler")) == {Level.OK}
    leading.give_up()
    assert levels(about(site, "scheduler")) == {Level.WARNING}


# -- a database that cannot be used ------------------------------------------------------------------------------------


def test_a_damaged_file_is_told_to_be_moved_away_and_restored(tmp_path):
    file = tmp_path / "kitalotse.sqlite"
    file.write_bytes(b"no database, but bytes " * 1000)
    database = Database(f"sqlite:///{file}")

    (found,) = examine_database(database)
    database.dispose()

    assert found.level is Level.ERROR
    assert f"mv {file}* {tmp_path}/damaged/" in (found.remedy or "")
    assert "kitalotse restore BACKUP --replace" in (found.remedy or "")


def test_tables_of_a_newer_program_are_not_told_to_be_migrated(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'kitalotse.sqlite'}")
    upgrade(database)
    with database.begin() as session:
        session.execute(text("update alembic_version set version_num = '9999'"))

    (found,) = examine_database(database)
    database.dispose()

    assert found.level is Level.ERROR
    assert f"at version 9999, written by a newer program; this one knows {head()}" in found.says
    assert "Install the newer version" in (found.remedy or "")
