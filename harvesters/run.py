"""One run of one source, from start to finish: read → understand → gate → store, with a status and a sentence."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy.orm import Session

from harvesters.feeds import is_feed, read_feed
from harvesters.fetch.client import Client, FetchSettings
from harvesters.fetch.ledger import Ledger, MemoryLedger
from harvesters.fetch.trouble import NOT_LISTED
from harvesters.ledger import DatabaseLedger
from harvesters.normalise.record import VERSION
from harvesters.problems import ReadError, place_of, problem
from harvesters.process import Processed, process
from harvesters.reading import ReadOutcome
from harvesters.remembered import is_stored, to_be_asked
from harvesters.spool import NOTHING_KNOWN, crawl
from schemas.db import Database
from schemas.exceptions import KitalotseError
from schemas.harvest import FETCHED, HarvestRun, Issue, RunResult, RunStatus, Source
from schemas.offer import SourceKey
from schemas.store import harvest as store
from schemas.store.exclusions import excluded
from schemas.store.following import follow_source, in_batches
from schemas.store.pages import Page, keep_pages, pages
from schemas.store.runs import grouped

_LOG: Final = structlog.get_logger(__name__)
_AT_ONCE: Final = 4


def read(
    source: Source,
    *,
    settings: FetchSettings,
    now: datetime,
    spool_dir: Path | None = None,
    ledger: Ledger | None = None,
) -> RunResult:
    """What a source says right now, stored nowhere. Raises ``ReadError`` where it cannot be read at all."""
    return _read(source, settings, now, spool_dir, ledger or MemoryLedger()).result


def harvest(
    database: Database,
    source: Source,
    *,
    settings: FetchSettings,
    now: datetime,
    dry_run: bool = False,
    spool_dir: Path | None = None,
) -> HarvestRun:
    """Read ``source`` and store what it says; the finished run, whatever happened.

    A source that cannot be read ends its run as failed with a message; nothing stored is touched. Of a source whose
    provider does not want to be listed nothing is asked, and its run ends as ``excluded``. A file's description
    that differs from the stored one replaces it, but for what the desk decided. Where nothing is fetched (``table``,
    ``form``) this is a ``replay``. ``dry_run`` reads and counts, but writes nothing at all. Raises ``StoreError`` where
    another run of the same source is going on, and for a deleted source; an error in our own code ends the run and
    rises.
    """
    if source.access.kind not in FETCHED:
        return replay(database, source, now=now, dry_run=dry_run)
    settings = with_exclusions(database, settings)
    run = _Run(database, source, None, now) if dry_run else _begin(database, source, now)
    if settings.excluded.stops(run.source):
        return run.refuse()
    ledger: Ledger = MemoryLedger() if dry_run else DatabaseLedger(database)

    def reading() -> ReadOutcome:
        chosen = settings.excluded.allowed(run.source)
        known, shared = (NOTHING_KNOWN, None) if dry_run else (run.may_ask(chosen), database)
        return _read(chosen, settings, now, spool_dir, ledger, known, database=shared, heartbeat=run.heartbeat)

    return run.take(reading)


def take_in(database: Database, source: Source, result: RunResult, *, now: datetime) -> HarvestRun:
    """One run with what was read elsewhere: a table that was uploaded at the desk. ``source`` is stored as the desk's.

    Raises ``StoreError`` as ``harvest`` does.
    """
    with database.begin() as session:
        stored = store.save_source(session, source, origin="desk", now=now)
        run_id = store.start_run(session, stored.name, now)
        stopped = excluded(session).stops(stored)
    run = _Run(database, stored, run_id, now)
    return run.refuse() if stopped else run.take(lambda: ReadOutcome(result))


def replay(database: Database, source: Source, *, now: datetime, dry_run: bool = False) -> HarvestRun:
    """Understand the stored Records of ``source`` again, without a network; nothing is withdrawn by it."""
    with database.read() as session:
        stopped = excluded(session).stops(source)
    run = _Run(database, source, None, now) if dry_run else _begin(database, source, now)
    return run.refuse() if stopped else run.again()


def with_exclusions(database: Database, settings: FetchSettings) -> FetchSettings:
    """``settings`` that also know whom nothing may be asked of."""
    with database.read() as session:
        return replace(settings, excluded=excluded(session))


def harvest_all(
    database: Database, sources: Sequence[Source], *, settings: FetchSettings, now: datetime, at_once: int = _AT_ONCE
) -> list[HarvestRun]:
    """Harvest several sources, each on its own: whatever happens to one, the others are read.

    Sources that could not even begin, or in which our own code failed, are in the list as failed runs.
    """
    with ThreadPoolExecutor(at_once, thread_name_prefix="harvest") as threads:
        begun = [threads.submit(harvest, database, source, settings=settings, now=now) for source in sources]
        runs = []
        for source, future in zip(sources, begun, strict=True):
            error = future.exception()
            if error is None:
                runs.append(future.result())
                continue
            _LOG.error("harvest failed", source=source.name, exc_info=error)
            runs.append(_failed(source, now, _sentence(error)))
    return runs


def _read(
    source: Source,
    settings: FetchSettings,
    now: datetime,
    spool_dir: Path | None,
    ledger: Ledger,
    known: Mapping[str, Page] = NOTHING_KNOWN,
    *,
    database: Database | None = None,
    heartbeat: Callable[[], None] = lambda: None,
) -> ReadOutcome:
    if is_feed(source):
        return read_feed(source, Client(settings, ledger), now=now, known=known, heartbeat=heartbeat)
    url = database.url.render_as_string(hide_password=False) if database is not None else None
    return crawl(
        source, settings=settings, now=now, known=known, spool_dir=spool_dir, database=url, heartbeat=heartbeat
    )


def _begin(database: Database, source: Source, now: datetime) -> "_Run":
    with database.begin() as session:
        counts = store.save_source(session, source, origin="file", now=now)
        run_id = store.start_run(session, counts.name, now)
    return _Run(database, counts, run_id, now)


class _Run:
    """A run while it goes on. Without a number it writes nothing."""

    def __init__(self, database: Database, source: Source, run_id: int | None, now: datetime) -> None:
        self._database, self._source, self._id, self._started = database, source, run_id, now
        self._clock = time.monotonic()
        self._remembered: Mapping[str, Page] = NOTHING_KNOWN

    @property
    def source(self) -> Source:
        """The source by the description that counts."""
        return self._source

    def heartbeat(self) -> None:
        """Tell the database that the run is alive."""
        if self._id is not None:
            with self._database.begin() as session:
                store.renew_run(session, self._id, self._now())

    def may_ask(self, source: Source) -> dict[str, Page]:
        """The pages of ``source`` that may be asked whether they have changed."""
        with self._database.read() as session:
            self._remembered = pages(session, source.name)
            named = any(page.offers for page in self._remembered.values())
            known = store.known(session, source.name) if named else {}
        return to_be_asked(self._remembered, source, known, version=VERSION, now=self._started)

    def take(self, reading: Callable[[], ReadOutcome]) -> HarvestRun:
        """Read, process, finish, and remember the pages once their Records are stored."""
        try:
            self._follow()
            outcome = reading()
            result = outcome.result
            processed = self._unchanged() if result.not_modified else self._process(result)
        except KitalotseError as error:
            return self._finish(self._failure(error))
        except BaseException as error:
            self._finish(self._failure(error))
            raise
        finished = self._finish(self._summary(result, processed))
        self._remember(outcome.pages, whole=finished.status in (RunStatus.COMPLETE, RunStatus.UNCHANGED))
        return finished

    def refuse(self) -> HarvestRun:
        """End at once, because the provider does not want to be listed."""
        message = f"{NOT_LISTED[0]} {NOT_LISTED[1]}"
        return self._finish(
            HarvestRun(
                id=self._id,
                source=self._source.name,
                started_at=self._started,
                status=RunStatus.EXCLUDED,
                message=message,
            )
        )

    def again(self) -> HarvestRun:
        """Process stored Records once more."""
        try:
            self._follow()
            with self._database.read() as session:
                records = tuple(store.stored_records(session, self._source.name))
            result = RunResult(records=records, complete=True)
            processed = process(
                self._database, self._source, self._id, records, complete=False, now=self._started, read_again=True
            )
        except BaseException as error:
            self._finish(self._failure(error))
            raise
        return self._finish(
            self._summary(result, processed).model_copy(
                update={"message": f"{_offers(len(records))} aus dem Speicher neu gelesen.", "missing": 0}
            )
        )

    def _follow(self) -> None:
        """First what a change of the description has left: only then is all marked that is to be read again."""
        number = self._id
        if number is None:
            return

        def step(session: Session) -> bool:
            store.renew_run(session, number, self._now())
            return follow_source(session, self._source.name, now=self._now())

        in_batches(self._database, step)

    def _remember(self, found: Mapping[str, Page], *, whole: bool) -> None:
        """Keep what was ``found`` for the next run; a feed only where the run brought the ``whole`` of it."""
        if self._id is None or found == self._remembered:
            return
        with self._database.begin() as session:
            known = store.known(session, self._source.name)
            kept = {
                url: page
                for url, page in found.items()
                if (whole or page.offers is not None) and is_stored(page, self._source, known, VERSION)
            }
            keep_pages(session, self._source.name, self._remembered, kept)

    def _process(self, result: RunResult) -> Processed:
        return process(
            self._database,
            self._source,
            self._id,
            result.records,
            complete=result.complete,
            now=self._started,
            shown_unread=result.unchanged,
            gone=result.gone,
            deleted=frozenset(result.deleted),
        )

    def _unchanged(self) -> Processed:
        """After a 304 every present offer counts as seen; those read by an older normaliser are read again."""
        with self._database.read() as session:
            known = store.known(session, self._source.name)
            present = [key for key, offer in known.items() if offer.present and not offer.withdrawn]
            stale = {key for key in present if known[key].reading != VERSION}
            records = list(store.stored_records(session, self._source.name, stale)) if stale else []
        read_again: set[SourceKey] = {record.origin for record in records}
        return process(
            self._database,
            self._source,
            self._id,
            records,
            complete=True,
            now=self._started,
            shown_unread=[key for key in present if key not in read_again],
            known=known,
        )

    def _summary(self, result: RunResult, processed: Processed) -> HarvestRun:
        issues = [*result.issues, *processed.issues]
        counts, expected = processed.counts, self._source.expect.offers
        found = len(result.records) + len(result.unchanged)
        others = result.records or result.issues or processed.verdict.missing
        nothing_new = bool(result.unchanged) and not others and counts.unchanged == found
        if result.not_modified:
            status, message = RunStatus.UNCHANGED, f"Unverändert; {_offers(counts.unchanged)} weiterhin gültig."
        elif found == 0 and expected.min > 0:
            status = RunStatus.FAILED
            message = "Kein Angebot gefunden; nichts wurde zurückgezogen."
            issues.append(self._too_few(0))
        elif not result.complete or found < expected.min or found > expected.max:
            status = RunStatus.INCOMPLETE
            nothing = "sonst wurde nichts" if counts.withdrawn else "nichts wurde"
            message = f"Unvollständig: {_counted(found, processed)}; {nothing} zurückgezogen."
            if result.complete:
                issues.append(self._too_few(found))
        elif nothing_new:
            status, message = RunStatus.UNCHANGED, f"Unverändert; {_offers(found)} weiterhin gültig."
        else:
            status, message = RunStatus.COMPLETE, f"{_counted(found, processed)}."
        if processed.excluded:
            message = f"{message} {_offers(processed.excluded)} auf Wunsch des Anbieters nicht gelistet."
        if processed.verdict.held and processed.verdict.message:
            message = f"{message} {processed.verdict.message}"
        return HarvestRun(
            id=self._id,
            source=self._source.name,
            started_at=self._started,
            status=status,
            records=found,
            new=counts.new,
            changed=counts.changed,
            unchanged=counts.unchanged,
            returned=counts.returned,
            missing=len(processed.verdict.missing),
            withdrawn=counts.withdrawn,
            issues=tuple(issues),
            message=message,
            fill=processed.fill if status is not RunStatus.FAILED else None,
        )

    def _too_few(self, found: int) -> Issue:
        expected = self._source.expect.offers
        return problem(
            self._source.name,
            place_of(self._source),
            field="run",
            rule="expect.offers",
            message=f"{_offers(found)} gefunden, erwartet sind {expected.min} bis {expected.max}.",
            remedy="Bitte die Adresse im Browser öffnen: Ist die Seite leer, umgezogen oder anders aufgebaut?",
        )

    def _failure(self, error: BaseException) -> HarvestRun:
        issue = (
            error.issue()
            if isinstance(error, ReadError)
            else problem(
                self._source.name,
                place_of(self._source),
                field="run",
                rule="run.failed",
                wording=f"{type(error).__name__}: {error}",
                message="Der Abruf ist an einem Fehler gescheitert.",
                remedy="Bitte den Entwicklern melden.",
            )
        )
        return _failed(self._source, self._started, _sentence(error), run_id=self._id, issues=(issue,))

    def _finish(self, run: HarvestRun) -> HarvestRun:
        finished = run.model_copy(update={"finished_at": self._now(), "issues": tuple(grouped(run.issues))})
        if self._id is not None:
            with self._database.begin() as session:
                store.finish_run(session, finished)
        return finished

    def _now(self) -> datetime:
        """The moment of the start plus what has passed since."""
        return self._started + timedelta(seconds=time.monotonic() - self._clock)


def _failed(
    source: Source, started: datetime, message: str, *, run_id: int | None = None, issues: Iterable[Issue] = ()
) -> HarvestRun:
    return HarvestRun(
        id=run_id,
        source=source.name,
        started_at=started,
        finished_at=started,
        status=RunStatus.FAILED,
        issues=tuple(issues),
        message=message,
    )


def _sentence(error: BaseException) -> str:
    if isinstance(error, ReadError):
        return f"{error.happened} Adresse: {error.address}. {error.remedy} Nichts wurde zurückgezogen."
    return f"Der Abruf ist an einem Fehler gescheitert ({type(error).__name__}). Nichts wurde zurückgezogen."


def _counted(found: int, processed: Processed) -> str:
    counts = processed.counts
    parts = [
        f"{number} {word}"
        for number, word in (
            (counts.new, "neu"),
            (counts.changed, "geändert"),
            (counts.returned, "wieder da"),
            (counts.unchanged, "unverändert"),
            (counts.withdrawn, "zurückgezogen"),
        )
        if number
    ]
    return f"{_offers(found)} gelesen" + (f" ({', '.join(parts)})" if parts else "")


def _offers(number: int) -> str:
    return "1 Angebot" if number == 1 else f"{number} Angebote"
