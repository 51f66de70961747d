"""A backup is one ZIP archive: the tables as lines, the Regions' files, the key that signs links, and a manifest.

    manifest.json            version of the tables, moment, rows, length and SHA-256 of each other member
    secret_key               links and sessions that were signed with it stay valid after a restore
    regions/<name>.toml
    tables/<table>.ndjson    see ``schemas.store.whole``

The archive ends in a comment with the SHA-256 of every byte before it, so no bit of it can change unnoticed. It is
written beside its place and renamed; one snapshot of the database is read, so everything may go on running meanwhile.
"""

import contextlib
import hashlib
import os
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO, Final

from pydantic import AwareDatetime, Field, ValidationError

from schemas.base import Value
from schemas.clock import local
from schemas.db import Database
from schemas.exceptions import KitalotseError
from schemas.migrate import head
from schemas.store.whole import columns_of, lines, tables
from webapp.settings import Settings

FORM: Final = 1
"""Version of this form of archive."""
MANIFEST: Final = "manifest.json"
SECRET: Final = "secret_key"
MARK: Final = "sha256:"
"""Begins the archive's comment."""
COMMENT_BYTES: Final = len(MARK) + 64
CHUNK: Final = 1 << 20
"""Bytes read at once."""

_MODE: Final = 0o600
_ZEROS: Final = (MARK + "0" * 64).encode()


class BackupError(KitalotseError):
    """Raised for a backup that cannot be written, or that is not what it should be; nothing was changed."""


class Member(Value):
    """One file of the archive."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    """Hash of its content."""
    size: int = Field(ge=0)
    """Bytes of its content."""
    rows: int | None = Field(None, ge=0)
    """Rows, of a table."""


class Manifest(Value):
    """What is in a backup."""

    form: int
    """Version of this form of archive."""
    created_at: AwareDatetime
    """Moment of the snapshot."""
    program: str
    """Version of the program that wrote it."""
    tables_version: str
    """Version of the tables."""
    database: str
    """Kind of database it was taken from."""
    columns: dict[str, tuple[str, ...]]
    """Columns of each table, in the order of a line."""
    members: dict[str, Member]
    """Every other file of the archive by its name."""

    @property
    def rows(self) -> dict[str, int]:
        """Rows by table."""
        return {
            name.removeprefix("tables/").removesuffix(".ndjson"): member.rows or 0
            for name, member in self.members.items()
            if member.rows is not None
        }


def table_member(name: str) -> str:
    """The archive's name for a table."""
    return f"tables/{name}.ndjson"


def back_up(database: Database, settings: Settings, out: Path, *, now: datetime) -> tuple[Path, Manifest]:
    """Write a backup to ``out``, or into it under a name of its own where it is a folder; gives file and manifest.

    Memory does not grow with the database. Raises ``BackupError`` where the file exists or cannot be written; what was
    begun is removed.
    """
    target = out / f"kitalotse-{local(now):%Y%m%d-%H%M%S}.zip" if out.is_dir() else out
    if target.exists():
        raise BackupError(f"{target}: is there already; a backup never overwrites anything, choose another name")
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with _private(draft) as file:
            manifest = _write(file, database, settings, now)
            _seal(file)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, target)  # unlike a rename it never replaces what came meanwhile
    except FileExistsError as error:
        raise BackupError(f"{target}: is there already; a backup never overwrites anything") from error
    except OSError as error:
        raise BackupError(f"{target}: cannot be written ({error.strerror}); nothing is left behind") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
    return target, manifest


def read_manifest(content: bytes, where: Path) -> Manifest:
    """The manifest; raises ``BackupError`` where it is none of this form."""
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        raise BackupError(f"{where}: its {MANIFEST} is not one of ours ({error.error_count()} faults)") from error


@contextlib.contextmanager
def _private(path: Path) -> Iterator[BinaryIO]:
    """A new file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _MODE), "w+b") as file:
        yield file


def _write(file: BinaryIO, database: Database, settings: Settings, now: datetime) -> Manifest:
    members: dict[str, Member] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        members[SECRET] = _add(archive, SECRET, [settings.secret().encode("ascii")])
        for path in sorted(settings.region_dir.glob("*.toml")) if settings.region_dir.is_dir() else ():
            name = f"regions/{path.name}"
            members[name] = _add(archive, name, [path.read_bytes()])
        with database.explained(), database.read() as session:
            for name in tables():
                members[table_member(name)] = _add(archive, table_member(name), lines(session, name), rows=True)
        manifest = Manifest(
            form=FORM,
            created_at=now,
            program=version("kitalotse"),
            tables_version=head(),
            database=database.dialect,
            columns={name: columns_of(name) for name in tables()},
            members=members,
        )
        archive.writestr(MANIFEST, manifest.model_dump_json(indent=1))
        archive.comment = _ZEROS
    return manifest


def _add(archive: zipfile.ZipFile, name: str, pieces: Iterable[bytes], *, rows: bool = False) -> Member:
    made, size, count = hashlib.sha256(), 0, 0
    with archive.open(name, "w", force_zip64=True) as member:
        for piece in pieces:
            member.write(piece)
            made.update(piece)
            size += len(piece)
            count += 1
    return Member(sha256=made.hexdigest(), size=size, rows=count if rows else None)


def _seal(file: BinaryIO) -> None:
    """Write the hash of all bytes before the comment into it."""
    end = file.seek(0, os.SEEK_END) - COMMENT_BYTES
    comment = (MARK + hash_of(file, end)).encode()
    file.seek(end)
    file.write(comment)


def hash_of(file: BinaryIO, length: int) -> str:
    """SHA-256 of the first ``length`` bytes."""
    made = hashlib.sha256()
    file.seek(0)
    while length > 0 and (piece := file.read(min(CHUNK, length))):
        made.update(piece)
        length -= len(piece)
    return made.hexdigest()
