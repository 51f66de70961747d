"""What happens by the clock, as plain functions: each may run twice and be killed anywhere (law 10).

A job gets a ``Task`` and gives back what it did, for the desk. Readings of single sources are work of their own
(``harvest:<source>``), so that a source which hangs or kills its process concerns no other.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from zlib import crc32

from sqlalchemy.orm import Session

from harvesters.run import harvest, replay
from schemas import clock
from schemas.clock import local, week_of
from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.harvest import FETCHED, Source
from schemas.store.drafts import purge_drafts
from schemas.store.entries import purge_entries
from schemas.store.exclusions import enforce, excluded
from schemas.store.following import LICENCE, SOURCE, follow_licence, follow_source, in_batches, unfinished
from schemas.store.harvest import purge
from schemas.store.invitations import purge_invitations
from schemas.store.letters import purge_letters
from schemas.store.pages import purge_pages
from schemas.store.publishing import expire
from schemas.store.rates import purge_rates
from schemas.store.reviews import apply_due
from schemas.store.runs import latest_runs, source, sources
from schemas.store.uploads import purge_uploads
from schemas.store.work import Work, WorkState, add_work, guard, latest_work, purge_work
from webapp.digest import Issuing, prepare
from webapp.duplicates import ask_about_duplicates
from webapp.entries import look_after, tell_decisions
from webapp.entry_letters import desk_of
from webapp.friday import write_friday
from webapp.harvesting import belongs, fetch_settings, save_licences, save_sources
from webapp.links import Links
from webapp.mail.sender import Letters, Sending, send_all
from webapp.mail.transports import transport
from webapp.previews import preview_draft
from webapp.ranking import rank_week
from webapp.regions import load_regions
from webapp.settings import Settings
from webapp.tables import proceed
from webapp.weeks import MAILED_AT

KEEP_WORK: Final = timedelta(days=30)
"""How long ended work is kept for looking at."""
KEEP_DRAFTS: Final = timedelta(days=90)
"""How long a draft is kept with which nothing happens; as long as Records."""
NIGHT_ENDS: Final = 6
"""Hour before which sources are read that are not hourly: nobody else needs their server then."""
_HOUR: Final = timedelta(hours=1)
_SPREAD_OF_HOUR: Final = timedelta(minutes=50)
_SPREAD_OF_NIGHT: Final = timedelta(hours=5)
"""Over which sources are spread; the last hour is for those that take long."""
RHYTHM: Final[Mapping[str, timedelta]] = {
    "hourly": timedelta(minutes=50),
    "daily": timedelta(hours=18),
    "weekly": timedelta(days=6, hours=12),
    "monthly": timedelta(days=27, hours=12),
}
"""Least time between two readings; a little less than the name says, so that a late night does not lose the next."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a job works with."""

    database: Database
    settings: Settings
    work: Work

    @property
    def name(self) -> str:
        """What follows the colon in the name of the work."""
        return self.work.job.partition(":")[2]

    def guard(self, session: Session) -> None:
        """Raises ``StoreError`` where this work was taken over by somebody else."""
        guard(session, self.work)


JobFunction = Callable[[Task], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Job:
    """A recurring job."""

    run: JobFunction
    """Does it."""
    cron: Mapping[str, str | int]
    """When, on a clock in Berlin: fields of APScheduler's ``CronTrigger``; empty is never by itself."""
    late: timedelta
    """How late it may begin after a downtime; later, the next time is the next chance."""


def issuing(settings: Settings) -> Issuing:
    """In whose name this installation writes mails."""
    return Issuing(load_regions(settings.region_dir), Links(settings.secret()), settings.base_url, settings.demo)


def sending(settings: Settings) -> Sending:
    """How this installation sends mails."""
    return Sending(
        load_regions(settings.region_dir), Links(settings.secret()), settings.base_url, settings.mail_per_minute
    )


def is_due(of: Source, last: datetime | None, now: datetime) -> bool:
    """Whether ``of`` is to be read, ``last`` being the start of its latest reading; by night only, unless hourly.

    Where nothing is fetched, nothing is ever due.
    """
    if not of.active or of.access.kind not in FETCHED:
        return False
    if of.rhythm != "hourly" and local(now).hour >= NIGHT_ENDS:
        return False
    return last is None or now - last >= RHYTHM[of.rhythm]


def moment_of(of: Source, hour: datetime) -> datetime:
    """When in the night (of an hourly source: in the hour) that ``hour`` belongs to ``of`` is read.

    Spread by name, so that neither our processes nor the servers of one town's houses are all asked in one minute, and
    each source at the same time of day, so that its rhythm is what it says.
    """
    share = crc32(of.name.encode()) / 2**32
    if of.rhythm == "hourly":
        return hour + share * _SPREAD_OF_HOUR
    day = local(hour).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + share * _SPREAD_OF_NIGHT


def harvest_job(task: Task) -> dict[str, Any]:
    """List a reading of every source of this installation's Regions that is due in this hour, at its moment, or at once
    where that has passed; whoever asked not to be listed is not read. What offers have still to follow is listed again.
    """
    now = task.work.scheduled_for
    regions = load_regions(task.settings.region_dir)
    save_sources(task.database, regions, now)
    save_licences(task.database, regions, now)
    with task.database.begin() as session:
        task.guard(session)
        for job in unfinished(session):
            add_work(session, job, now)
        added = []
        unlisted = excluded(session)
        known = sources(session)
        last = {name: run.started_at for name, run in latest_runs(session, [each.name for each in known]).items()}
        for each in known:
            if unlisted.stops(each) or not belongs(each, regions):
                continue
            moment = max(now, moment_of(each, now))
            if moment >= now + _HOUR or not is_due(each, last.get(each.name), moment):
                continue
            job = f"harvest:{each.name}"
            listed = latest_work(session, job)
            if listed is None or listed.state not in (WorkState.DUE, WorkState.RUNNING):
                add_work(session, job, moment)
                added.append(each.name)
    return {"due": added}


def harvest_source_job(task: Task) -> dict[str, Any]:
    """Read one source."""
    with task.database.read() as session:
        found = source(session, task.name)
    if found is None:
        raise StoreError(f"source {task.name!r} is not stored any more; it cannot be read")
    run = harvest(task.database, found, settings=fetch_settings(task.settings), now=clock.now())
    return run.model_dump(mode="json", exclude={"issues"}) | {"issues": len(run.issues)}


def preview_job(task: Task) -> dict[str, Any]:
    """Look at a draft of a source; what is found, or why nothing is, is kept with the draft."""
    regions = load_regions(task.settings.region_dir)
    settings = fetch_settings(task.settings)
    return preview_draft(task.database, int(task.name), regions, settings=settings, now=clock.now())


def replay_job(task: Task) -> dict[str, Any]:
    """Read again what is stored of one source, because the desk said what its words mean; no network."""
    with task.database.read() as session:
        found = source(session, task.name)
    if found is None:
        raise StoreError(f"source {task.name!r} is not stored any more; it cannot be read again")
    run = replay(task.database, found, now=clock.now())
    return run.model_dump(mode="json", exclude={"issues"}) | {"issues": len(run.issues)}


def follow_job(task: Task) -> dict[str, Any]:
    """Let the offers of a source follow its new description, as far as the decision itself has left any."""
    return _in_batches(task, follow_source)


def licence_job(task: Task) -> dict[str, Any]:
    """Number the offers of a Region whose facts stand under a new licence, likewise."""
    return _in_batches(task, follow_licence)


def _in_batches(task: Task, follow: Callable[..., bool]) -> dict[str, Any]:
    def step(session: Session) -> bool:
        task.guard(session)
        return follow(session, task.name, now=clock.now())

    return {"batches": in_batches(task.database, step)}


def duplicates_job(task: Task) -> dict[str, Any]:
    """Ask the desk about offers that two sources may both have."""
    return ask_about_duplicates(task.database, clock.now(), guard=task.guard)


def rank_job(task: Task) -> dict[str, Any]:
    """Rank the week of the scheduled day for every Kita."""
    now = task.work.scheduled_for
    week = week_of(local(now).date())
    return rank_week(task.database, week=week, now=clock.now(), guard=task.guard).model_dump()


def digest_job(task: Task) -> dict[str, Any]:
    """Write the mails of the week and send them; ranks first whom the ranking of this week has not reached."""
    week = week_of(local(task.work.scheduled_for).date())
    again = bool(task.work.payload.get("again"))  # a stop was taken back: what was corrected meanwhile shall count
    rank_week(task.database, week=week, now=clock.now(), missing_only=not again, guard=task.guard)
    prepared = prepare(task.database, issuing(task.settings), week=week, now=clock.now())
    counts = prepared.model_dump(exclude={"mails"}) | {"written": len(prepared.mails)}
    return counts | send_job(task)


def send_job(task: Task) -> dict[str, Any]:
    """Send what is due: mails that were refused for now, or left over by a run that was killed; letters too."""
    way, how = partial(transport, task.settings), sending(task.settings)
    weekly = send_all(task.database, way, how, clock.now)
    return asdict(weekly + send_all(task.database, way, how, clock.now, ledger=Letters(how)))


def letters_job(task: Task) -> dict[str, Any]:
    """Send the letters that are due; on the list as soon as one is written (``webapp.mail.letters.post``)."""
    way, how = partial(transport, task.settings), sending(task.settings)
    return asdict(send_all(task.database, way, how, clock.now, ledger=Letters(how)))


def friday_job(task: Task) -> dict[str, Any]:
    """Write to coordinators what needs them before Monday; the job ``letters`` sends it."""
    friday = task.work.scheduled_for
    how = issuing(task.settings)
    return write_friday(task.database, how, friday=friday, now=clock.now(), guard=task.guard).model_dump()


def expire_job(task: Task) -> dict[str, Any]:
    """Take offers that are over out of what is shown, and apply the defaults of reviews nobody decided."""
    with task.database.begin() as session:
        task.guard(session)
        now = clock.now()
        return {"expired": expire(session, now), "applied": apply_due(session, now)}


def purge_job(task: Task) -> dict[str, Any]:
    """Forget what must not be kept for ever: old Records, ended work, addresses that were asked and did not confirm."""
    with task.database.begin() as session:
        task.guard(session)
        now = clock.now()
        return {
            "excluded": len(enforce(session, by="nightly", now=now).keys),
            "records": purge(session, now),
            "pages": purge_pages(session, now),
            "drafts": purge_drafts(session, before=now - KEEP_DRAFTS),
            "work": purge_work(session, before=now - KEEP_WORK),
            "invitations": purge_invitations(session, now),
            "letters": purge_letters(session, now),
            "rates": purge_rates(session, now),
            "uploads": purge_uploads(session, now),
            "entries": purge_entries(session, now),
        }


def confirmations_job(task: Task) -> dict[str, Any]:
    """Ask providers whether what they typed is still correct; take out what nobody confirmed for a year."""
    found: Counter[str] = Counter()
    for region in load_regions(task.settings.region_dir).values():
        with task.database.begin() as session:
            task.guard(session)
            found.update(look_after(session, desk_of(region, task.settings), clock.now()))
    return dict(found)


def entry_news_job(task: Task) -> dict[str, Any]:
    """Tell providers what was decided about what they typed."""
    found = 0
    for region in load_regions(task.settings.region_dir).values():
        with task.database.begin() as session:
            task.guard(session)
            found += tell_decisions(session, desk_of(region, task.settings), clock.now())
    return {"decisions": found}


def table_job(task: Task) -> dict[str, Any]:
    """Preview an uploaded table, or take it over, as its draft says."""
    proceed(task.database, int(task.name), now=clock.now())
    return {}


_DAY: Final = timedelta(hours=20)

JOBS: Final[Mapping[str, Job]] = {
    "duplicates": Job(duplicates_job, {"hour": 4, "minute": 30}, _DAY),
    "expire": Job(expire_job, {"hour": 0, "minute": 15}, _DAY),
    SOURCE: Job(follow_job, {}, _DAY),
    "harvest": Job(harvest_job, {"minute": 0}, timedelta(minutes=50)),
    "harvest:": Job(harvest_source_job, {}, _DAY),
    LICENCE: Job(licence_job, {}, _DAY),
    "preview:": Job(preview_job, {}, _DAY),
    "purge": Job(purge_job, {"hour": 3, "minute": 30}, _DAY),
    "replay:": Job(replay_job, {}, _DAY),
    "rank": Job(rank_job, {"day_of_week": "mon", "hour": 5, "minute": 0}, timedelta(days=3)),
    "digest": Job(digest_job, {"day_of_week": "mon", "hour": MAILED_AT.hour, "minute": 0}, timedelta(days=3)),
    "confirmations": Job(confirmations_job, {"hour": 6, "minute": 20}, _DAY),
    "entry_news": Job(entry_news_job, {"minute": "10,40"}, timedelta(minutes=25)),
    "friday": Job(friday_job, {"day_of_week": "fri", "hour": 9, "minute": 0}, timedelta(days=2)),
    "letters": Job(letters_job, {}, _DAY),
    "table:": Job(table_job, {}, _DAY),
    "send": Job(send_job, {"minute": "5,20,35,50"}, timedelta(minutes=14)),
}
"""Every job by the name of its work; one that ends in a colon takes what follows as its argument."""


def job_of(name: str, jobs: Mapping[str, Job]) -> Job:
    """The job for a piece of work; raises ``StoreError`` for one that this version does not know."""
    head, colon, _ = name.partition(":")
    try:
        return jobs[head + colon]
    except KeyError:
        raise StoreError(f"job {name!r} is not known to this version; known: {', '.join(sorted(jobs))}") from None
