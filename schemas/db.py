"""The database: engine and sessions, given a URL; the same on SQLite and PostgreSQL (law 11)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.orm import Session

from schemas.exceptions import StoreError
from schemas.tables.base import UTCDateTime as UTCDateTime

BUSY_TIMEOUT_MS: Final = 30_000
"""How long a SQLite writer waits for another one, in milliseconds."""
PAGE_BYTES: Final = 16_384
"""Size of the pages of a new SQLite file; a file keeps the size that it was made with. Pages of 4 KiB, over which the
finished bytes of an offer are spread, make exports take half as long again."""
CACHE_KIB: Final = 16_384
"""Pages that a SQLite connection keeps, in KiB."""
MAPPED_BYTES: Final = 2**28
"""Part of a SQLite file that is read through the system's page cache, shared by all connections, in bytes."""


class Database:
    """An engine with two kinds of session: ``begin`` writes, ``read`` cannot.

    ``url`` is ``sqlite:///path`` or ``postgresql://…`` (psycopg 3). Tables are made by ``schemas.migrate.upgrade``.
    ``engine`` alone reads: on SQLite it refuses to write. Raises ``StoreError`` for a URL of another kind or a missing
    driver.
    """

    def __init__(self, url: str) -> None:
        self.url: Final = _known_url(url)
        self.dialect: Final = self.url.get_backend_name()
        try:
            self.engine: Final = create_engine(self.url, **_engine_arguments(self.url))
        except ModuleNotFoundError as error:
            raise StoreError(f"{self!r} needs {error.name}: pip install 'kitalotse[postgres]'") from error
        if self.dialect == "sqlite":
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._writing: Final[Engine] = self.engine.execution_options(kitalotse_write=True)
        self._durable: Final[Engine] = self.engine.execution_options(kitalotse_write=True, kitalotse_durable=True)
        self._reading: Final[Engine] = (
            self.engine
            if self.dialect == "sqlite"
            else self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        )

    @contextmanager
    def begin(self, *, durable: bool = False) -> Iterator[Session]:
        """A session in one writing transaction: committed at the end, rolled back on any exception.

        On SQLite the write lock is taken at once (``BEGIN IMMEDIATE``), so what is read stays true until the commit.
        ``durable`` commits survive a power cut there too, at the price of a wait for the disk: for what must be known
        before something is done that cannot be undone, as sending a mail.
        """
        with Session(self._durable if durable else self._writing, autoflush=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one snapshot, takes no write lock, and is refused by the database if it writes."""
        with Session(self._reading, autoflush=False) as session:
            yield session

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turns what the database itself refuses in the block – not reached, not a SQLite file, disk full – into
        ``StoreError`` with its words and what to do; a broken constraint is a fault of ours and stays as it is.
        """
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            reason = str(error.orig).strip().partition("\n")[0]
            remedy = (
                "check that it is a database of ours and that file and folder can be written"
                if self.dialect == "sqlite"
                else "check that the server runs, and address, name and password"
            )
            raise StoreError(f"{self!r} cannot be used: {reason}; {remedy}") from error

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def __str__(self) -> str:
        """Its address, without the password."""
        return self.url.render_as_string(hide_password=True)

    def __repr__(self) -> str:
        return f"Database({str(self)!r})"


def sqlite_file(url: URL) -> Path | None:
    """The file of a SQLite URL, ``None`` for other databases."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _known_url(url: str) -> URL:
    expected = "expected sqlite:///path/to/file.sqlite or postgresql://user@host/name"
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:  # ValueError: a port that is no number
        raise StoreError(f"database URL {_without_password(url)!r} is not understood; {expected}") from error
    if backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    if backend == "postgresql" and parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreError(f"database URL {parsed.render_as_string()!r} is not supported; {expected}")


def _without_password(url: str) -> str:
    before, at, after = url.rpartition("@")
    user = before.rpartition(":")[0] if before.count(":") > 1 else before
    return f"{user}{at}{after}"


def _engine_arguments(url: URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": BUSY_TIMEOUT_MS / 1000}}
    return {"connect_args": {"options": "-c timezone=UTC"}, "pool_pre_ping": True}


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _begin_sqlite does
    for pragma in (
        f"page_size={PAGE_BYTES}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        f"cache_size=-{CACHE_KIB}",
        f"mmap_size={MAPPED_BYTES}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("kitalotse_write"):
        connection.exec_driver_sql("PRAGMA query_only=OFF")
        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get('kitalotse_durable') else 'NORMAL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("PRAGMA query_only=ON")
        connection.exec_driver_sql("BEGIN")
