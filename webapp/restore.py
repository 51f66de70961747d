"""Bring a backup back: everything about the archive is checked before anything is touched.

The database changes in one transaction, so a restore that ends early – a full disk, a killed process – has changed
nothing. Files of the installation that a restore replaces are kept beside, with ``.before-restore`` in their name.
"""

import hashlib
import os
import re
import tomllib
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.clock import BERLIN, local, monday_of, week_of
from schemas.db import Database, sqlite_file
from schemas.migrate import current, head, upgrade
from schemas.store.numbers import skip_numbers
from schemas.store.offers import latest_change
from schemas.store.weeks import stop_week
from schemas.store.whole import clear, columns_of, is_empty, row_counts, settle, tables, write
from schemas.tables.letters import letters
from schemas.tables.people import digests
from schemas.tables.work import audit
from webapp.backup import (
    CHUNK,
    COMMENT_BYTES,
    FORM,
    MANIFEST,
    MARK,
    SECRET,
    BackupError,
    Manifest,
    hash_of,
    read_manifest,
    table_member,
)
from webapp.refusals import Said, refusals, say_again
from webapp.scheduler import leader
from webapp.settings import Settings

MOST_TIMES: Final = 200
"""An archive may hold this many times its own size, and ``FREE_BYTES`` besides; real ones hold about ten times."""
FREE_BYTES: Final = 1 << 30
MOST_SMALL: Final = 4 << 20
"""Most bytes of the manifest, the key, or a Region's file."""
LONGEST_LINE: Final = 256 << 20
"""Most bytes of one row."""
BY: Final = "kitalotse restore"
"""Who stopped a week's mails, on the desk."""

_REGION: Final = re.compile(r"regions/[A-Za-z0-9][A-Za-z0-9_.-]{0,80}\.toml")
_MAY_BE_SENT: Final = "restored from a backup of {}: it may have been sent after that"
_MAILS_GO_OUT: Final = time(7, 0)


class Restored(Value):
    """What was brought back."""

    created_at: datetime
    """Moment of the backup."""
    rows: dict[str, int]
    """Rows by table."""
    regions: tuple[str, ...]
    """Names of the Regions' files."""
    doubtful_mails: int
    """Mails and letters that were on their way then: they may have been sent since, and are not sent again."""
    stopped_week: str | None
    """Week whose mails are stopped, since they may have gone out after the backup."""
    kept: tuple[str, ...] = ()
    """Files that were there before, under their new names."""
    said_again: Said = Said()
    """What people had said no to since the backup, and what still holds."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A backup whose every byte was checked."""

    path: Path
    manifest: Manifest

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a table; raises ``BackupError`` for one without end."""
        with zipfile.ZipFile(self.path) as archive, archive.open(table_member(name)) as member:
            while line := member.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    raise BackupError(f"{self.path}: table {name} has a row of more than {LONGEST_LINE} bytes")
                yield line

    def small(self, name: str) -> bytes:
        """The content of a small member."""
        with zipfile.ZipFile(self.path) as archive:
            return archive.read(name)

    @property
    def regions(self) -> list[str]:
        """Names of the Regions' files."""
        return sorted(name.removeprefix("regions/") for name in self.manifest.members if name.startswith("regions/"))


def check(path: Path) -> Archive:
    """The archive at ``path``, when all of it is what was written: every byte, every member, the version of the tables.

    Memory is bounded, whatever it holds. Raises ``BackupError`` that says what is wrong.
    """
    try:
        with path.open("rb") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(0, length - COMMENT_BYTES))
            comment = file.read()
            if not comment.startswith(MARK.encode()):
                raise BackupError(f"{path}: is no backup of ours, or its end is missing (it was cut off)")
            if comment.decode("ascii", "replace") != MARK + hash_of(file, length - COMMENT_BYTES):
                raise BackupError(f"{path}: is damaged, its SHA-256 is not the one it was written with; take another")
            with zipfile.ZipFile(file) as archive:
                return Archive(path, _check_members(path, archive, length))
    except OSError as error:
        raise BackupError(f"{path}: cannot be read ({error.strerror})") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BackupError(f"{path}: is no backup of ours ({error})") from error


def restore(
    database: Database, settings: Settings, archive: Archive, *, now: datetime, replace: bool = False
) -> Restored:
    """Bring ``archive`` into an empty installation, or with ``replace`` in place of what is there.

    No mail is sent twice for it: what was on its way at the moment of the backup becomes *unsure*, and where this
    week's mails may have gone out since, the week is stopped, which the desk can undo. Changes are numbered on after
    every number that may have been given out since, so whoever keeps a copy goes on or is told to begin anew. Raises
    ``BackupError`` where something is there that ``replace`` does not allow to go, or the counts differ; nothing is
    changed then.
    """
    _make_tables(database)
    if (owner := leader(database, now)) is not None:
        raise BackupError(f"{database}: {owner} works on it; stop kitalotse schedule and kitalotse serve first")
    files = _files(settings, archive)
    try:
        return _restore(database, settings, archive, files, now, replace)
    finally:
        for _, draft, _ in files:
            draft.unlink(missing_ok=True)


def _restore(
    database: Database,
    settings: Settings,
    archive: Archive,
    files: list[tuple[Path, Path, bytes]],
    now: datetime,
    replace: bool,
) -> Restored:
    manifest = archive.manifest
    with database.explained(), database.begin(durable=True) as session:
        if not replace:
            _refuse_what_is_there(session, database, files)
        standing, given_out = refusals(session), latest_change(session)
        clear(session)
        for name in tables():
            write(session, name, partial(archive.lines, name))
        settle(session)
        found = row_counts(session)
        if found != manifest.rows:
            wrong = [name for name in found if found[name] != manifest.rows.get(name)]
            raise BackupError(f"{archive.path}: after reading, rows of {', '.join(wrong)} differ; nothing was changed")
        begin = skip_numbers(session, given_out=given_out, age=now - manifest.created_at)
        said_again = say_again(session, standing, by=BY, now=now)
        doubtful = _doubt_mails(session, manifest.created_at)
        week = _stop_week(session, archive, manifest.created_at, now)
        session.execute(
            insert(audit).values(
                at=now,
                by=BY,
                action="restore",
                subject=archive.path.name[:200],
                data={"created_at": manifest.created_at.isoformat(), "program": manifest.program, "changes": begin},
            )
        )
        for _, draft, content in files:
            _write_private(draft, content)
    kept = _put_in_place(settings, files, archive)
    return Restored(
        created_at=manifest.created_at,
        rows=found,
        regions=tuple(archive.regions),
        doubtful_mails=doubtful,
        stopped_week=week,
        kept=tuple(kept),
        said_again=said_again,
    )


def _make_tables(database: Database) -> None:
    file = sqlite_file(database.url)
    found = current(database) if file is None or file.exists() else None
    if found is None:
        upgrade(database)
    elif found != head():
        raise BackupError(f"{database} is at version {found}, this program needs {head()}; run: kitalotse migrate")


def _check_members(path: Path, archive: zipfile.ZipFile, length: int) -> Manifest:
    held = archive.infolist()
    names = [member.filename for member in held]
    if len(set(names)) != len(names) or MANIFEST not in names:
        raise BackupError(f"{path}: is no backup of ours, its members are not those of one")
    allowed = {MANIFEST, SECRET, *map(table_member, tables())}
    if unknown := [name for name in names if name not in allowed and not _REGION.fullmatch(name)]:
        raise BackupError(f"{path}: holds {unknown[0][:100]!r}, which no backup of this version does")
    if sum(member.file_size for member in held) > FREE_BYTES + MOST_TIMES * length:
        raise BackupError(f"{path}: would unpack to more than {MOST_TIMES} times its size; that is no backup of ours")
    for member in held:
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BackupError(f"{path}: {member.filename} is packed in a way that no backup of ours is")
        if not member.filename.startswith("tables/") and member.file_size > MOST_SMALL:
            raise BackupError(f"{path}: {member.filename} is larger than {MOST_SMALL} bytes")
    manifest = read_manifest(archive.read(MANIFEST), path)
    if manifest.form != FORM or manifest.tables_version != head():
        raise BackupError(
            f"{path}: was written by version {manifest.program} with tables of version {manifest.tables_version}, this "
            f"program has {head()}; install that version, restore with it, then install this one and run: kitalotse "
            "migrate"
        )
    if set(names) != {MANIFEST, *manifest.members} or manifest.columns != {n: columns_of(n) for n in tables()}:
        raise BackupError(f"{path}: manifest and members do not agree")
    if missing := {SECRET, *map(table_member, tables())} - set(names):
        raise BackupError(f"{path}: lacks {', '.join(sorted(missing))}")
    for name, said in manifest.members.items():
        made, size = hashlib.sha256(), 0
        with archive.open(name) as content:
            while piece := content.read(CHUNK):
                made.update(piece)
                size += len(piece)
        if (made.hexdigest(), size) != (said.sha256, said.size):
            raise BackupError(f"{path}: {name} is not what was written, its SHA-256 differs; take another backup")
    return manifest


def _files(settings: Settings, archive: Archive) -> list[tuple[Path, Path, bytes]]:
    """(place, draft beside it, content) of each file that a restore writes; the key only where no setting holds it."""
    wanted = [(settings.region_dir / name, archive.small(f"regions/{name}")) for name in archive.regions]
    if settings.secret_key is None:
        wanted.append((settings.data_dir / SECRET, archive.small(SECRET)))
    return [(place, place.with_name(f".{place.name}.{os.getpid()}.part"), content) for place, content in wanted]


def _refuse_what_is_there(session: Session, database: Database, files: list[tuple[Path, Path, bytes]]) -> None:
    if not is_empty(session):
        raise BackupError(f"{database} is not empty; add --replace to give up what it holds for the backup")
    for place, _, content in files:
        if place.exists() and place.read_bytes() != content:
            raise BackupError(f"{place}: is there and differs; add --replace, which keeps it beside, or move it away")


def _doubt_mails(session: Session, created_at: datetime) -> int:
    """What was to be sent may have been sent since: nobody knows, so it is shown and not sent again (law 6)."""
    values = {"state": "unsure", "error": _MAY_BE_SENT.format(f"{local(created_at):%Y-%m-%d %H:%M}")}
    count = 0
    for ledger in (digests, letters):
        open_rows = update(ledger).where(ledger.c.state.in_(["new", "sending"])).values(**values)
        count += len(session.execute(open_rows.returning(ledger.c.id)).all())
    return count


def _stop_week(session: Session, archive: Archive, created_at: datetime, now: datetime) -> str | None:
    """Stop this week's mails where they may have gone out between backup and restore; gives the week."""
    week = week_of(local(now).date())
    going_out = datetime.combine(monday_of(week), _MAILS_GO_OUT, BERLIN)
    if not created_at < going_out <= now:
        return None
    keys = [key for name in archive.regions if (key := _key(archive.small(f"regions/{name}")))]
    for key in keys:
        stop_week(session, key, week, by=BY, now=now)
    return week if keys else None


def _key(content: bytes) -> str | None:
    """The key in a Region's file; ``None`` for a file that says none, which ``doctor`` will complain about."""
    try:
        key = tomllib.loads(content.decode("utf-8")).get("key")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    return key if isinstance(key, str) else None


def _write_private(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise BackupError(f"{path}: cannot be written ({error.strerror}); nothing was changed") from error


def _put_in_place(settings: Settings, files: list[tuple[Path, Path, bytes]], archive: Archive) -> list[str]:
    """Rename the drafts; what stood there, and Regions that the backup does not have, are kept under other names."""
    kept = []
    others = settings.region_dir.glob("*.toml") if settings.region_dir.is_dir() else ()
    leaving = [path for path in others if path.name not in archive.regions]
    for place in [
        *leaving,
        *(place for place, _, content in files if place.exists() and place.read_bytes() != content),
    ]:
        aside = place.with_name(f"{place.name}.before-restore")
        place.replace(aside)
        kept.append(str(aside))
    for place, draft, _ in files:
        draft.replace(place)
    return kept
