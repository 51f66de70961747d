"""Examines the database and what works on it. Writes nothing."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from schemas.clock import local
from schemas.db import Database, sqlite_file
from schemas.exceptions import StoreError
from schemas.migrate import current, head
from schemas.region import Region
from schemas.store.health import latest_moment, troubled_mails, troubled_work
from schemas.store.illness import ill_sources
from schemas.store.runs import latest_runs, sources
from webapp.doctor.findings import Finding, error, ok, warning
from webapp.scheduler import leader

AHEAD: Final = timedelta(minutes=2)
"""How far a stored moment may lie ahead of the clock: two machines are never quite together."""
LATELY: Final = timedelta(days=7)
"""How far back failures are named."""
OVERDUE: Final = timedelta(hours=1)
"""After how long due work and written mails count as stuck."""


def examine_database(database: Database) -> Iterator[Finding]:
    """Whether it is there, and of the version that this program needs."""
    file = sqlite_file(database.url)
    try:
        version = current(database) if file is None or file.exists() else None
    except StoreError as fault:
        yield error("database", f"{fault}.", _unusable(file))
        return
    if version is None:
        yield error("database", f"{database} has no tables yet.", "Run: kitalotse migrate")
    elif version > head():
        yield error(
            "database",
            f"Is at version {version}, written by a newer program; this one knows {head()}.",
            "Install the newer version of Kitalotse again.",
        )
    elif version != head():
        yield error("database", f"Is at version {version}, this program needs {head()}.", "Run: kitalotse migrate")
    else:
        yield ok("database", f"{database} is at version {version}.")


def _unusable(file: Path | None) -> str:
    if file is None:
        return "Correct KITALOTSE_DATABASE, or start the database server."
    return (
        f"Where the file is damaged, stop the services, then run: mkdir {file.parent}/damaged && "
        f"mv {file}* {file.parent}/damaged/ && kitalotse restore BACKUP --replace"
    )


def examine_stored(database: Database, regions: Mapping[str, Region], now: datetime) -> Iterator[Finding]:
    """Clock, sources, work, mails and scheduler, of a database of this version."""
    yield _clock(database, now)
    for region in regions.values():
        yield from _sources(database, region, now)
    yield from _work(database, now)
    yield from _mails(database, now)
    owner = leader(database, now)
    if owner is None:
        yield warning(
            "scheduler",
            "None runs: nothing is read, ranked or mailed by itself.",
            "Start the service with: kitalotse schedule",
        )
    else:
        yield ok("scheduler", f"Works: {owner}.")


def _clock(database: Database, now: datetime) -> Finding:
    with database.read() as session:
        latest = latest_moment(session)
    if latest is not None and latest > now + AHEAD:
        return error(
            "clock",
            f"This machine says {_said(now)}, but something stored happened at {_said(latest)}.",
            "Set the clock (timedatectl set-ntp true), then look at what was stored with the wrong one.",
        )
    return ok("clock", f"{_said(now)} in Berlin, and nothing stored lies ahead.")


def _sources(database: Database, region: Region, now: datetime) -> Iterator[Finding]:
    about = f"sources of {region.key}"
    with database.read() as session:
        known = sources(session, region.key)
        ill = ill_sources(session, region.key)
        latest = latest_runs(session, [each.name for each in known])
    active = [each for each in known if each.active]
    unverified = [each.name for each in known if each.status == "unverified"]
    if not active:
        yield warning(
            about,
            f"None of {len(known)} is active, so no offers come in.",
            "At the desk, under Quellen: preview one and activate it. Or: kitalotse sources check",
        )
        return
    for illness in ill:
        yield warning(
            about,
            f"{illness.source.name} is ill since {_said(illness.since)} ({illness.status}): {illness.message or '–'}",
            illness.remedy or f"Run: kitalotse preview {illness.source.name}, or pause it at the desk.",
        )
    never = [each.name for each in active if each.name not in latest]
    if never:
        yield warning(
            about, f"{len(never)} active ones were never read: {', '.join(never[:5])}.", "Run: kitalotse schedule"
        )
    if not ill and not never:
        yield ok(about, f"{len(active)} active, all read well; {len(unverified)} of {len(known)} unverified.")


def _work(database: Database, now: datetime) -> Iterator[Finding]:
    with database.read() as session:
        found = troubled_work(session, now=now, since=now - LATELY, overdue=OVERDUE)
    at_work = leader(database, now) is not None
    for each in found:
        words = {
            "running": "fell silent while it worked; its lease has run out",
            "due": "is due and was not begun yet" if at_work else "is due and nobody does it",
            "failed": f"failed: {each.error or '–'}",
            "crashed": "crashed again and again",
        }[each.state]
        if each.state in ("failed", "crashed"):
            remedy = f"Look into the log of kitalotse schedule at {_said(each.since)}; the next regular run comes."
        elif at_work:
            remedy = "A scheduler works, and catches up after its start. Look again in some minutes, then into its log."
        else:
            remedy = "Start the service with: kitalotse schedule"
        yield warning("work", f"{each.job} of {_said(each.since)} {words}.", remedy)
    if not found:
        yield ok("work", "Nothing is stuck, nothing failed lately.")


def _mails(database: Database, now: datetime) -> Iterator[Finding]:
    with database.read() as session:
        found = troubled_mails(session, since=now - LATELY, before=now - OVERDUE)
    if found.waiting or found.sending:
        yield warning(
            "mails",
            f"{found.waiting} wait for more than an hour (a stopped week too), "
            f"{found.sending} were left by a sender that died.",
            "Check the relay above, and start the service with: kitalotse schedule",
        )
    if found.unsure:
        yield warning(
            "mails",
            f"{found.unsure} of the last week may or may not have been sent; they are never sent again by themselves.",
            "Look their Message-IDs up in the relay's log: kitalotse digest --dry-run --json lists them under doubts.",
        )
    if found.failed:
        yield warning(
            "mails", f"{found.failed} of the last week were refused or given up.", "See the desk's page, under mails."
        )
    if not (found.waiting or found.sending or found.unsure or found.failed):
        yield ok("mails", "None is stuck or in doubt.")


def _said(moment: datetime) -> str:
    return f"{local(moment):%Y-%m-%d %H:%M}"
