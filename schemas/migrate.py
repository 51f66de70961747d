"""Bring a database to the newest state of the tables; Alembic run from code, without an ini file."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import schemas.tables.harvest
import schemas.tables.letters
import schemas.tables.offers
import schemas.tables.people
import schemas.tables.providers
import schemas.tables.reviews
import schemas.tables.work  # noqa: F401  # every table must be known to the metadata
from schemas.db import Database, sqlite_file
from schemas.exceptions import StoreError

_LOCK: Final = 0x6B697461  # "kita"; one upgrade at a time


def upgrade(database: Database) -> None:
    """Create or upgrade all tables, in one transaction; a second call does nothing. Makes a SQLite file, for its
    owner only, and its folder.

    Raises ``StoreError`` where the database is of a newer version than this program, or cannot be used.
    """
    if file := sqlite_file(database.url):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if not file.exists():
                file.touch(mode=0o600)  # it will hold addresses of people; -wal and -shm take its mode
        except OSError as error:
            raise StoreError(
                f"{file}: the database's file or folder cannot be made ({error.strerror}); choose another place"
            ) from error
    with database.explained(), database.begin() as session:
        connection = session.connection()
        if database.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        found = MigrationContext.configure(connection).get_current_revision()
        known = {revision.revision for revision in _scripts().walk_revisions()}
        if found is not None and found not in known:
            raise StoreError(
                f"{database} is at version {found}, newer than this program ({head()}); install a newer one"
            )
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current(database: Database) -> str | None:
    """The version of the tables, ``None`` for a database without them.

    Raises ``StoreError`` where the database cannot be used.
    """
    with database.explained(), database.read() as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def head() -> str:
    """The newest version this program knows."""
    revision = _scripts().get_current_head()
    assert revision is not None, "schemas/migrations/versions is empty"
    return revision


def is_ours(name: str | None, type_: str, parents: object = None) -> bool:
    """Whether a database object is described by the tables; the search index is kept by the database itself."""
    return not (name or "").startswith(("published_search", "ix_published_search"))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
