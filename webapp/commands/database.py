"""Opening the database for a command, and ``kitalotse migrate``."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from schemas.db import Database, sqlite_file
from schemas.exceptions import StoreError
from schemas.migrate import current, head, upgrade
from webapp.commands.common import database_option, emit, json_option, pass_settings
from webapp.settings import Settings


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The database of ``settings``, closed at the end; a new SQLite file gets its tables at once.

    Raises ``StoreError`` where tables are missing or of another version – a database that somebody else may be using is
    upgraded by ``kitalotse migrate`` only – and where the database cannot be used, now or at any time in the block.
    """
    database = Database(settings.database)
    try:
        file = sqlite_file(database.url)
        if file is not None and not file.exists():
            upgrade(database)
        found = current(database)
        if found is None and file is not None:
            upgrade(database)
        elif found != head():
            state = "has no tables yet" if found is None else f"is at version {found}, this program needs {head()}"
            raise StoreError(f"{database} {state}; run: kitalotse migrate")
        with database.explained():
            yield database
    finally:
        database.dispose()


@click.command()
@database_option
@json_option
@pass_settings
def migrate(settings: Settings, as_json: bool) -> None:
    """Bring the database to the newest version of its tables."""
    database = Database(settings.database)
    try:
        file = sqlite_file(database.url)
        before = current(database) if file is None or file.exists() else None
        upgrade(database)
    finally:
        database.dispose()
    if as_json:
        emit({"database": str(database), "before": before, "now": head()})
    elif before == head():
        click.echo(f"{database} is up to date ({before}).")
    else:
        click.echo(f"{database}: {before or 'empty'} → {head()}.")
