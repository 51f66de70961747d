"""Backup and restore: nothing lost, nothing half, nothing believed, on both databases and from one to the other."""

import hashlib
import json
import os
import shutil
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from schemas.db import Database
from schemas.exclusion import ExclusionKind, Wish
from schemas.publish import PublicOffer
from schemas.store.digests import DigestState, enter, ledger
from schemas.store.entries import EntryState, consents_of
from schemas.store.exclusions import exclude, exclusions_by_age
from schemas.store.kitas import add_recipient, recipients, save_kita, unsubscribe
from schemas.store.numbers import LEAST, is_lost
from schemas.store.offers import Tombstone, latest_change, public_offer
from schemas.store.reviews import correct, detail
from schemas.store.weeks import stopped
from schemas.store.whole import lines, row_counts, tables
from schemas.tables.harvest import uploads
from schemas.tables.offers import changes, counters, offers
from schemas.tables.providers import entries
from schemas.tables.work import audit
from tests.conftest import BOTH
from tests.factories import NOW, make_kita, make_recipient, make_source_offer
from tests.webapp.mail_setup import ledger_mail
from tests.webapp.site import Site, settings_for
from tests.webapp.typed import again, desk, make_entry, type_in
from webapp import restore as restoring
from webapp.backup import BackupError, _seal, back_up
from webapp.cli import main
from webapp.entries import BY_PROVIDER, change, pause, remove
from webapp.refusals import Said
from webapp.restore import BY, Restored, check, restore
from webapp.settings import Settings, read_settings

WEEK = "2026-W48"
LATER = NOW + timedelta(hours=1)


def fill(database: Database, folder: Path) -> Site:
    """An installation with a little of everything that is hard to carry."""
    site = Site(database, folder)
    first, second = site.harvest(make_source_offer(), make_source_offer("zweites", title="Wölfe & „Füchse“ 🦊"))
    with database.begin() as session:
        correct(session, first, "price", {"model": "free"}, by="Kim", now=site.now)
        session.execute(update(offers).where(offers.c.id == min(first, second)).values(replaced_by=max(first, second)))
        session.execute(
            insert(uploads).values(
                region="13075", name="a.csv", sha256="0" * 64, content=bytes(range(256)) * 999, by="Kim", at=NOW
            )
        )
    site.settle(make_kita(recipients=(make_recipient(),)), [first])
    return site


def everything(database: Database) -> dict[str, list[bytes]]:
    with database.read() as session:
        return {name: list(lines(session, name)) for name in tables()}


def assert_the_same(before: dict[str, list[bytes]], after: dict[str, list[bytes]]) -> None:
    """Nothing differs but the note of the restore, and the numbers that it skipped."""
    skipped = {"audit", "counters", "lost_numbers"}
    assert after["audit"][:-1] == before["audit"]
    assert json.loads(after["audit"][-1])[2:4] == [BY, "restore"]
    assert {name: after[name] for name in after.keys() - skipped} == {
        name: before[name] for name in before.keys() - skipped
    }


def settings_of(folder: Path, **variables: str) -> Settings:
    return read_settings({"KITALOTSE_DATA_DIR": str(folder)} | variables)


@pytest.fixture
def source(database: Database, tmp_path: Path) -> Site:
    """What a backup is taken of; on SQLite and on PostgreSQL."""
    return fill(database, tmp_path / "source")


@pytest.fixture
def saved(source: Site, tmp_path: Path) -> Path:
    path, _ = back_up(source.database, settings_for(source.folder), tmp_path / "backup.zip", now=NOW)
    return path


@pytest.fixture
def target(tmp_path: Path):
    """An empty installation on SQLite."""
    database = Database(f"sqlite:///{tmp_path / 'target' / 'kitalotse.sqlite'}")
    yield database
    database.dispose()


def bring_back(path: Path, database: Database, folder: Path, **options) -> Restored:
    return restore(database, settings_of(folder), check(path), now=options.pop("now", NOW), **options)


# -- there and back ---------------------------------------------------------------------------------------------------


def test_everything_comes_back_the_same(source, saved, target, tmp_path):
    before = everything(source.database)

    done = bring_back(saved, target, tmp_path / "target")

    assert_the_same(before, everything(target))
    assert done.rows["offers"] == 2
    assert (done.doubtful_mails, done.stopped_week, done.kept) == (0, None, ())
    for name in ("a.toml", "b.toml"):
        place = tmp_path / "target" / "regions" / name
        assert place.read_bytes() == (source.folder / "regions" / name).read_bytes()
    key = tmp_path / "target" / "secret_key"
    assert key.read_text(encoding="ascii") == settings_for(source.folder).secret()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert not list((tmp_path / "target").rglob("*.part*"))


@pytest.fixture(params=BOTH)
def source_url(request, tmp_path) -> Iterator[str]:
    """URL of another migrated, empty database than ``database``."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), tmp_path / "other.sqlite")
        yield f"sqlite:///{tmp_path / 'other.sqlite'}"
        return
    databases = request.getfixturevalue("postgres_databases")
    url = databases.create(template=request.getfixturevalue("postgres_template"))
    yield url
    databases.drop(url)


def test_what_was_restored_can_be_worked_with(database, source_url, tmp_path):
    """Every value, search, numbering and the audit trail's guard are right, from each database into each."""
    taken_of = Database(source_url)
    site = fill(taken_of, tmp_path / "source")
    path, _ = back_up(taken_of, settings_for(site.folder), tmp_path, now=NOW)

    before = everything(taken_of)

    bring_back(path, database, tmp_path / "target")

    assert_the_same(before, everything(database))
    there = Site(database, site.folder, now=LATER)
    assert "Wölfe" in there.client().get("/?q=wölfe").text
    new = there.harvest(make_source_offer(), make_source_offer("neu", title="Neues Angebot"))
    assert "Neues Angebot" in there.client().get("/?q=neues").text
    assert len(new) == 2
    with pytest.raises(DBAPIError, match="append-only"), database.begin() as session:
        session.execute(text("DELETE FROM audit"))
    with database.read() as session:
        count, highest = session.execute(select(func.count(), func.max(changes.c.number))).one()
        assert count == len(before["changes"]) + 1
        assert latest_change(session) == highest > LEAST
        assert is_lost(session, len(before["changes"]) + 1) and not is_lost(session, highest)
    taken_of.dispose()


def test_a_backup_taken_while_others_write_is_of_one_moment(database, tmp_path):
    site = Site(database, tmp_path / "source")
    site.harvest(make_source_offer())
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            site.harvest(make_source_offer(title=f"Fassung {number}"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        taken = [back_up(database, settings_for(site.folder), tmp_path / f"{i}.zip", now=NOW)[0] for i in range(5)]
    finally:
        stop.set()
        writer.join()

    numbers = []
    for path in taken:
        archive = check(path)
        held = {name: [json.loads(line) for line in archive.lines(name)] for name in ("changes", "counters", "runs")}
        (counter,) = held["counters"]
        assert counter[1] == len(held["changes"]) == max(row[0] for row in held["changes"])
        assert "running" not in {row[2] for row in held["runs"]}
        numbers.append(counter[1])
    assert numbers == sorted(numbers)


def test_the_commands_do_the_same(tmp_path):
    home = {"KITALOTSE_DATA_DIR": str(tmp_path / "one")}
    other = {"KITALOTSE_DATA_DIR": str(tmp_path / "two")}
    assert CliRunner().invoke(main, ["init", "--region", "13075"], env=home).exit_code == 0

    made = CliRunner().invoke(main, ["backup", str(tmp_path), "--json"], env=home)
    path = json.loads(made.stdout)["file"]
    checked = CliRunner().invoke(main, ["restore", path, "--check"], env=other)
    done = CliRunner().invoke(main, ["restore", path], env=other)
    again = CliRunner().invoke(main, ["restore", path], env=other)

    assert [made.exit_code, checked.exit_code, done.exit_code, again.exit_code] == [0, 0, 0, 1]
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert "good" in checked.output
    assert "--replace" in again.output
    assert (tmp_path / "two" / "regions" / "13075.toml").exists()
    replaced = CliRunner().invoke(main, ["restore", path, "--replace"], env=other)
    assert replaced.exit_code == 0
    assert "0 exclusions, 0 unsubscriptions" in replaced.output


# -- what is there already --------------------------------------------------------------------------------------------


def test_a_backup_never_overwrites_and_leaves_nothing_behind_when_it_fails(source, tmp_path, monkeypatch):
    out = tmp_path / "backup.zip"
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(BackupError, match="already"):
        back_up(source.database, settings_for(source.folder), out, now=NOW)
    assert out.read_text(encoding="utf-8") == "mine"

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("webapp.backup._seal", full)
    with pytest.raises(BackupError, match="No space left"):
        back_up(source.database, settings_for(source.folder), tmp_path / "new.zip", now=NOW)
    assert sorted(path.name for path in tmp_path.iterdir() if "zip" in path.name) == ["backup.zip"]


def test_what_an_installation_holds_goes_only_with_replace_and_its_files_are_kept(saved, target, tmp_path):
    folder = tmp_path / "target"
    _make(target)
    (folder / "regions" / "c.toml").write_text('key = "13"\nname = "MV"\nland = "MV"\n', encoding="utf-8")
    (folder / "secret_key").write_text("y" * 40, encoding="ascii")
    before = everything(target)

    with pytest.raises(BackupError, match="--replace"):
        bring_back(saved, target, folder)
    assert everything(target) == before

    done = bring_back(saved, target, folder, replace=True)
    assert {Path(path).name for path in done.kept} == {"c.toml.before-restore", "secret_key.before-restore"}
    assert sorted(path.name for path in (folder / "regions").glob("*.toml")) == ["a.toml", "b.toml"]
    assert (folder / "secret_key.before-restore").read_text(encoding="ascii") == "y" * 40


def _make(target: Database) -> None:
    """An installation with one Kita and two Regions."""
    restoring._make_tables(target)
    with target.begin() as session:
        save_kita(session, make_kita("alt"), now=NOW)
    folder = Path(str(target.url.database)).parent
    settings_for(folder)


def test_a_restore_that_breaks_off_has_changed_nothing(saved, target, tmp_path, monkeypatch):
    _make(target)
    before = everything(target)
    written = restoring.write

    def breaks(session, name: str, content: Callable) -> int:
        if name == "digests":
            raise BackupError("power cut")
        return written(session, name, content)

    monkeypatch.setattr(restoring, "write", breaks)
    with pytest.raises(BackupError, match="power cut"):
        bring_back(saved, target, tmp_path / "target", replace=True)

    assert everything(target) == before
    with pytest.raises(DBAPIError, match="append-only"), target.begin() as session:
        session.execute(insert(audit).values(at=NOW, by="x", action="x", subject="x", data={}))
        session.execute(text("DELETE FROM audit"))
    assert not list((tmp_path / "target").rglob("*.part"))


def test_nothing_is_restored_below_a_running_scheduler(saved, target, tmp_path):
    _make(target)
    with target.begin() as session:
        until = (NOW + timedelta(seconds=20)).replace(tzinfo=None)
        session.execute(
            text("INSERT INTO leases (name, owner, fence, until) VALUES ('scheduler', 'host:7', 1, :until)"),
            {"until": f"{until:%Y-%m-%d %H:%M:%S.%f}"},
        )

    with pytest.raises(BackupError, match="host:7"):
        bring_back(saved, target, tmp_path / "target", replace=True)


# -- what people said since -------------------------------------------------------------------------------------------


def test_a_replacing_restore_keeps_what_people_said_no_to_since(database, tmp_path):
    """On both databases: the backup knows nothing of it, and it holds all the same."""
    site = fill(database, tmp_path / "source")
    goes, hides = type_in(site, accept=True), type_in(site, make_entry(title="Malen mit Erde"), accept=True)
    settings = settings_for(site.folder)
    path, _ = back_up(database, settings, tmp_path / "b.zip", now=site.now)
    assert _shows_contact(database, hides.offer)
    site.now = since = site.now + timedelta(hours=1)
    with database.begin() as session:
        (person,) = recipients(session, "kita_wolke")
        unsubscribe(session, person.id, now=since)
        late = add_recipient(session, "kita_wolke", "spaeter@wolke.example")
        unsubscribe(session, late, now=since)
        remove(session, goes, by=BY_PROVIDER, now=since)
        assert hides.entry is not None
        change(session, desk(site), hides, hides.entry.model_copy(update={"consent": False}), by=BY_PROVIDER, now=since)
        wish = Wish(kind=ExclusionKind.PROVIDER, value="Museum Nirgendwo")
        exclude(session, [wish], region="13075", by="Kim", why="Anruf", now=since)
    site.now += timedelta(hours=1)

    done = restore(database, settings, check(path), now=site.now, replace=True)

    assert done.said_again == Said(exclusions=1, unsubscriptions=2, deleted=1, revoked=1)
    assert again(site, goes).state is EntryState.DELETED
    assert again(site, goes).entry is None
    with database.read() as session:
        assert [
            (r.recipient.address == "spaeter@wolke.example", r.recipient.unsubscribed_at)
            for r in recipients(session, "kita_wolke")
        ] == [(False, since), (True, since)]
        assert [row[2] for row in consents_of(session, again(site, hides).id)] == [since]
        (noted,) = exclusions_by_age(session)
        assert (noted.value, noted.region, noted.by, noted.why) == ("Museum Nirgendwo", "13075", "Kim", "Anruf")
    assert isinstance(_public(database, hides.offer), PublicOffer)
    assert not _shows_contact(database, hides.offer)
    assert isinstance(_public(database, goes.offer), Tombstone)
    assert restore(database, settings, check(path), now=site.now, replace=True).said_again == done.said_again


def test_an_excluded_provider_stays_away_after_a_replacing_restore(sqlite_database, tmp_path):
    site = fill(sqlite_database, tmp_path / "source")
    typed = type_in(site, accept=True)
    settings = settings_for(site.folder)
    path, _ = back_up(sqlite_database, settings, tmp_path / "b.zip", now=site.now)
    with sqlite_database.begin() as session:
        assert typed.entry is not None
        change(
            session, desk(site), typed, typed.entry.model_copy(update={"consent": False}), by=BY_PROVIDER, now=site.now
        )
        wish = Wish(kind=ExclusionKind.PROVIDER, value="Erna Schmidtke")
        exclude(session, [wish], region="13075", by="Kim", now=site.now)

    done = restore(sqlite_database, settings, check(path), now=site.now, replace=True)

    assert done.said_again == Said(exclusions=1, revoked=1)
    assert isinstance(_public(sqlite_database, typed.offer), Tombstone)


def test_a_consent_given_again_outlives_its_revocation(sqlite_database, tmp_path):
    site = fill(sqlite_database, tmp_path / "source")
    typed = type_in(site, accept=True)
    settings = settings_for(site.folder)
    path, _ = back_up(sqlite_database, settings, tmp_path / "b.zip", now=site.now)
    assert typed.entry is not None
    with sqlite_database.begin() as session:
        for given in (False, True):
            entry = typed.entry.model_copy(update={"consent": given})
            change(session, desk(site), typed, entry, by=BY_PROVIDER, now=site.now)

    done = restore(sqlite_database, settings, check(path), now=site.now, replace=True)

    assert done.said_again == Said()
    assert _shows_contact(sqlite_database, typed.offer)


def test_an_entry_that_cannot_be_read_is_not_shown_with_a_contact_that_was_taken_back(sqlite_database, tmp_path):
    site = fill(sqlite_database, tmp_path / "source")
    typed = type_in(site, accept=True)
    assert typed.entry is not None
    settings = settings_for(site.folder)
    with sqlite_database.begin() as session:
        session.execute(update(entries).values(data={"form": "of another version"}))
    path, _ = back_up(sqlite_database, settings, tmp_path / "b.zip", now=site.now)
    with sqlite_database.begin() as session:
        entry = typed.entry.model_copy(update={"consent": False})
        change(session, desk(site), typed, entry, by=BY_PROVIDER, now=site.now)

    done = restore(sqlite_database, settings, check(path), now=site.now, replace=True)

    assert done.said_again == Said(revoked=1)
    assert isinstance(_public(sqlite_database, typed.offer), Tombstone)


def test_a_withdrawn_entry_stays_withdrawn_when_its_contact_is_hidden_again(sqlite_database, tmp_path):
    site = fill(sqlite_database, tmp_path / "source")
    typed = type_in(site, accept=True)
    assert typed.entry is not None
    settings = settings_for(site.folder)
    with sqlite_database.begin() as session:
        pause(session, typed, by=BY_PROVIDER, now=site.now)
    path, _ = back_up(sqlite_database, settings, tmp_path / "b.zip", now=site.now)
    with sqlite_database.begin() as session:
        entry = typed.entry.model_copy(update={"consent": False})
        change(session, desk(site), typed, entry, by=BY_PROVIDER, now=site.now)

    done = restore(sqlite_database, settings, check(path), now=site.now, replace=True)

    assert done.said_again == Said(revoked=1)
    assert again(site, typed).state is EntryState.WITHDRAWN
    assert isinstance(_public(sqlite_database, typed.offer), Tombstone)


def _shows_contact(database: Database, offer: str | None) -> bool:
    """Whether Kitas are shown the person's number."""
    with database.read() as session:
        found = detail(session, offer or "")
    assert found is not None
    assert found.offer.booking.contact is not None
    return found.offer.booking.contact.consented


def _public(database: Database, offer: str | None) -> PublicOffer | Tombstone | None:
    with database.read() as session:
        return public_offer(session, offer or "")


# -- mails ------------------------------------------------------------------------------------------------------------


def test_no_mail_goes_out_twice_for_a_restore(sqlite_database, target, tmp_path):
    site = Site(sqlite_database, tmp_path / "source")
    with sqlite_database.begin() as session:
        save_kita(session, make_kita(recipients=(make_recipient(),)), now=NOW)
        (person,) = recipients(session, "kita_wolke")
        enter(session, [ledger_mail("kita_wolke", person.id, WEEK)], now=NOW)
    early = NOW - timedelta(days=1)
    path, _ = back_up(sqlite_database, settings_for(site.folder), tmp_path / "b.zip", now=early)

    done = bring_back(path, target, tmp_path / "target", now=NOW + timedelta(hours=5))

    assert (done.doubtful_mails, done.stopped_week) == (1, WEEK)
    with target.read() as session:
        (row,) = ledger(session)
        stops = [stopped(session, key, WEEK) for key in ("13075", "01002")]
    assert row.state is DigestState.UNSURE
    assert "2026-11-22" in (row.error or "")
    assert [stop.by for stop in stops if stop] == [BY, BY]


@pytest.mark.parametrize(
    ("taken", "restored"),
    [
        (NOW + timedelta(days=1), NOW + timedelta(days=2)),
        (NOW - timedelta(days=2), NOW - timedelta(days=1)),
    ],
    ids=["after the mails went out", "before they do"],
)
def test_a_week_is_not_stopped_where_no_mail_can_have_gone_out_since(
    sqlite_database, target, tmp_path, taken, restored
):
    site = Site(sqlite_database, tmp_path / "source")
    path, _ = back_up(sqlite_database, settings_for(site.folder), tmp_path / "b.zip", now=taken)

    assert bring_back(path, target, tmp_path / "target", now=restored).stopped_week is None


# -- damaged and hostile ----------------------------------------------------------------------------------------------


@pytest.fixture
def small(sqlite_database, tmp_path) -> Path:
    site = fill(sqlite_database, tmp_path / "source")
    return back_up(sqlite_database, settings_for(site.folder), tmp_path / "small.zip", now=NOW)[0]


def test_a_truncated_archive_is_refused(small, tmp_path):
    content = small.read_bytes()
    for length in (0, 1, 70, 71, 72, len(content) // 2, len(content) - 72, len(content) - 1):
        cut = tmp_path / "cut.zip"
        cut.write_bytes(content[:length])
        with pytest.raises(BackupError, match=r"cut\.zip"):
            check(cut)


def test_one_flipped_bit_anywhere_is_noticed(small, tmp_path):
    content = bytearray(small.read_bytes())
    flipped = tmp_path / "flipped.zip"
    for position in [*range(0, len(content), len(content) // 60), *range(len(content) - 100, len(content), 7)]:
        content[position] ^= 1 << position % 8
        flipped.write_bytes(content)
        with pytest.raises(BackupError, match=r"flipped\.zip"):
            check(flipped)
        content[position] ^= 1 << position % 8
    flipped.write_bytes(content)
    assert check(flipped).manifest.form == 1


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None], *, reseal: bool = True, **options) -> Path:
    """The archive with other members, sealed as an attacker would; the manifest follows unless ``change`` sets it."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    before = dict(members)
    change(members)
    if members["manifest.json"] == before["manifest.json"] and reseal:
        for name, content in members.items():
            if name != "manifest.json":
                old = manifest["members"].get(name, {"rows": None})
                manifest["members"][name] = {
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "size": len(content),
                    "rows": old["rows"],
                }
        manifest["members"] = {name: m for name, m in manifest["members"].items() if name in members}
        members["manifest.json"] = json.dumps(manifest).encode()
    out = path.with_name("hostile.zip")
    with out.open("w+b") as file:
        with zipfile.ZipFile(file, "w", options.get("packed", zipfile.ZIP_DEFLATED)) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
            archive.comment = b"sha256:" + b"0" * 64
        _seal(file)
    return out


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/cron.d/x",
        "/etc/passwd",
        "regions/../../x.toml",
        "regions/.x.toml",
        "regions/x.sh",
        "tables/sqlite_master.ndjson",
        "regions\\..\\x.toml",
    ],
)
def test_members_that_no_backup_has_are_refused(small, name):
    with pytest.raises(BackupError, match="which no backup"):
        check(rewritten(small, lambda members: members.update({name: b"x"})))


def test_an_archive_that_would_unpack_without_end_is_refused_unread(small, monkeypatch):
    monkeypatch.setattr(restoring, "FREE_BYTES", 1 << 20)
    bomb = rewritten(small, lambda members: members.update({"tables/work.ndjson": b"0" * (64 << 20)}))

    with pytest.raises(BackupError, match="times its size"):
        check(bomb)


def change_manifest(**values) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        members["manifest.json"] = json.dumps(json.loads(members["manifest.json"]) | values).encode()

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (change_manifest(tables_version="0001"), "kitalotse migrate"),
        (change_manifest(form=2), "install that version"),
        (change_manifest(columns={}), "do not agree"),
        (change_manifest(members={}), "do not agree"),
        (lambda members: members.update({"manifest.json": b"[" * 5000}), "faults"),
        (lambda members: members.pop("secret_key"), "lacks secret_key"),
        (lambda members: members.pop("tables/audit.ndjson"), "lacks tables/audit"),
        (lambda members: members.update({"regions/a.toml": b"x" * (5 << 20)}), "larger than"),
    ],
)
def test_an_archive_whose_parts_do_not_fit_is_refused(small, change, said):
    with pytest.raises(BackupError, match=said):
        check(rewritten(small, change))


def test_a_member_that_is_not_what_the_manifest_says_is_named(small):
    def swap(members: dict[str, bytes]) -> None:
        members["tables/kitas.ndjson"] = members["tables/kitas.ndjson"].replace(b"Wolken", b"Wolked")

    with pytest.raises(BackupError, match=r"tables/kitas\.ndjson"):
        check(rewritten(small, swap, reseal=False))


def test_other_packing_and_double_names_are_refused(small):
    with pytest.raises(BackupError, match="packed"):
        check(rewritten(small, lambda members: None, packed=zipfile.ZIP_LZMA))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(small, "a") as archive:
        archive.writestr("secret_key", b"another")
        archive.comment = b"sha256:" + b"0" * 64
    with small.open("r+b") as file:
        _seal(file)
    with pytest.raises(BackupError, match="members"):
        check(small)


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("kitas", b'["x"]\n'),
        ("kitas", b"nonsense\n"),
        ("uploads", b'[1,"13075","a",5,"!!",{},null]\n'),
        ("work", b'[1,"job","2026-11-23T08:00:00","{}","due",0,null,null,0,null,null,null]\n'),
        ("work", b'[1,"job","2026-11-23T08:00:00Z","{}","nonsense",0,null,null,0,null,null,null]\n'),
    ],
)
def test_a_line_that_is_no_row_ends_the_restore_and_nothing_is_changed(small, target, tmp_path, table, line):
    def put(members: dict[str, bytes]) -> None:
        members[f"tables/{table}.ndjson"] = line

    _make(target)
    before = everything(target)

    with pytest.raises(Exception, match=f"table {table}, line"):
        bring_back(rewritten(small, put), target, tmp_path / "target", replace=True)

    assert everything(target) == before


def test_counts_that_differ_end_the_restore(small, target, tmp_path):
    def lose(members: dict[str, bytes]) -> None:
        members["tables/feedback.ndjson"] = b""
        members["tables/recommendations.ndjson"] = b""

    _make(target)
    with pytest.raises(BackupError, match="rows of recommendations differ"):
        bring_back(rewritten(small, lose), target, tmp_path / "target", replace=True)


def test_a_file_that_is_no_archive_at_all_is_refused(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(os.urandom(5000))

    with pytest.raises(BackupError, match="no backup of ours"):
        check(path)


def test_an_empty_database_counts_as_empty(sqlite_database):
    with sqlite_database.read() as session:
        assert {name: count for name, count in row_counts(session).items() if count} == {"counters": 1}
        assert session.scalar(select(counters.c.value)) == 0
