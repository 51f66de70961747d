"""The demo from an empty folder to mails in the outbox: example Region, real harvest over HTTP, ranking, digest.

Everything is done by the same functions as in a real installation; only Region, providers and Kitas are invented, and
sources on this very machine may be read.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from threading import Thread
from typing import Any, Final, TypeAlias

from werkzeug.serving import WSGIRequestHandler, make_server

from harvesters.fetch.client import FetchSettings
from harvesters.run import harvest
from schemas.clock import local, now, week_of
from schemas.db import Database
from schemas.exceptions import KitalotseError
from schemas.harvest import HarvestRun, Source
from schemas.kita import Kita
from schemas.migrate import upgrade
from schemas.store.kitas import save_kita
from schemas.store.runs import save_source
from webapp.app import create_app
from webapp.demo.examples import example_kitas, example_sources, region_text
from webapp.demo.providers.server import RunningProviders, start
from webapp.digest import Issuing, Preparation, prepare
from webapp.links import DeskLink, KitaLink, Links
from webapp.mail.sender import Sending, SendReport, send_due
from webapp.mail.transports import Outbox
from webapp.ranking import RankReport, rank_week
from webapp.regions import load_regions
from webapp.settings import Settings

_WSGI: TypeAlias = Callable[[dict[str, Any], Any], Iterable[bytes]]

COORDINATOR: Final = "Koordination (Beispiel)"
_MARK: Final = ".kitalotse-demo"
"""File that says that a folder is a demo's own."""
_PARALLEL: Final = 3
"""Sources read at the same time; most of the time goes into starting the crawling processes."""


@dataclass(frozen=True)
class Stage:
    """A prepared demo: its settings, database, providers and Kitas."""

    settings: Settings
    database: Database
    providers: RunningProviders
    sources: tuple[Source, ...]
    kitas: tuple[Kita, ...]
    week: str
    now: datetime

    @property
    def links(self) -> Links:
        """Signs the demo's links."""
        return Links(self.settings.secret())

    def kita_url(self, recipient: int, kita: Kita) -> str:
        """The page of ``kita`` as its mail links it."""
        token = self.links.kita(KitaLink(kita.id, recipient, 0), week=self.week)
        return f"{self.settings.base_url}/kita/{token}"

    def desk_url(self) -> str:
        """The address that signs the example coordinator in."""
        token = self.links.desk(DeskLink(self.sources[0].region, COORDINATOR), now=now())
        return f"{self.settings.base_url}/desk/anmelden/{token}"


@dataclass(frozen=True)
class Played:
    """What the main job did."""

    runs: tuple[HarvestRun, ...]
    ranking: RankReport
    prepared: Preparation
    sent: SendReport


@contextmanager
def stage(settings: Settings, folder: Path, port: int) -> Iterator[Stage]:
    """An empty demo in ``folder`` whose portal will be at ``port``; example providers run until the block ends.

    What an earlier demo left there is removed first. Raises ``KitalotseError`` while another demo uses the folder, and
    for one that holds anything else: nothing of yours is ever deleted.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KitalotseError(f"{folder}: cannot be made ({error.strerror}); choose another --folder") from error
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except OSError:
            raise KitalotseError(f"{folder}: another demo is running there; stop it or choose --folder") from None
        _empty(folder)
        own = replace(
            settings,
            data_dir=folder,
            database=f"sqlite:///{folder / 'demo.sqlite'}",
            region_dir=folder / "regions",
            outbox_dir=folder / "outbox",
            base_url=f"http://127.0.0.1:{port}",
            contact="vorfuehrung@kitalotse.example",
            secret_key=None,
            allow_loopback=True,
            relay_on=False,
            demo=True,
        )
        own.region_dir.mkdir()
        (own.region_dir / "demo.toml").write_text(region_text(own.base_url), "utf-8")
        moment = now()
        database = Database(own.database)
        try:
            upgrade(database)
            with start(local(moment).date()) as providers:
                sources, kitas = example_sources(providers), example_kitas(moment)
                with database.begin() as session:
                    for source in sources:
                        save_source(session, source, origin="file", now=moment)
                    for kita in kitas:
                        save_kita(session, kita, now=moment)
                week = week_of(local(moment).date())
                yield Stage(own, database, providers, sources, kitas, week, moment)
        finally:
            database.dispose()


def play(at: Stage) -> Played:
    """The main job: harvest every source, rank for every Kita, write the week's mails and send them to the outbox."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        runs = tuple(pool.map(lambda source: read(at, source), at.sources))
    ranking = rank_week(at.database, week=at.week, now=at.now)
    return Played(runs, ranking, *mail(at))


def read(at: Stage, source: Source) -> HarvestRun:
    """Harvest one of the example providers."""
    fetching = FetchSettings(contact=at.settings.contact, allow_loopback=True, pace_s=0.0, attempts=1)
    return harvest(at.database, source, settings=fetching, now=now())


def mail(at: Stage) -> tuple[Preparation, SendReport]:
    """Write and send what is missing of the week's mails; the second time there is nothing to do."""
    regions = load_regions(at.settings.region_dir)
    issuing = Issuing(regions, at.links, at.settings.base_url, demo=True)
    prepared = prepare(at.database, issuing, week=at.week, now=at.now)
    sending = Sending(regions, at.links, at.settings.base_url)
    return prepared, send_due(at.database, Outbox(at.settings.outbox_dir), sending, now)


@contextmanager
def serving(at: Stage, port: int) -> Iterator[None]:
    """The web app of the demo on ``port`` of this machine, until the block ends."""
    app = create_app(at.settings, at.database)
    server = make_server("127.0.0.1", port, _let_go(app), threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever, name="demo-portal", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def _let_go(app: _WSGI) -> _WSGI:
    """``app``, each of whose answers is closed even where its reader has left: this server then forgets to."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        pieces = app(environ, start_response)
        close = getattr(pieces, "close", None)  # WSGI: optional; files have it as well as pages
        try:
            yield from pieces
        finally:
            if close is not None:
                close()

    return answer


class _Quiet(WSGIRequestHandler):
    """Leaves the terminal to the demo's own table; errors are still logged by the app."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def _empty(folder: Path) -> None:
    found = list(folder.iterdir())
    if found and not (folder / _MARK).is_file():
        raise KitalotseError(f"{folder}: is not empty and no demo's; choose another --folder, or empty it yourself")
    (folder / _MARK).write_text("This folder belongs to `kitalotse demo`, which empties it at each start.\n", "utf-8")
    for path in found:
        if path.name == _MARK:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
