"""What happens by the clock: each job may run twice, at the right moment, and no source disturbs another."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from harvesters.registry import bundled_sources
from schemas import clock
from schemas.clock import local, week_of
from schemas.harvest import Access, AccessKind
from schemas.store import following
from schemas.store.digests import DigestState, counts
from schemas.store.following import keep_licences, licences, unfinished
from schemas.store.invitations import invite
from schemas.store.kitas import recipients, save_kita
from schemas.store.offers import buckets, latest_change, published_offers
from schemas.store.runs import runs, save_source, sources, steer_source
from schemas.store.work import WorkState, add_work, claim_work
from schemas.tables.work import work
from tests.factories import OPEN, make_dated_schedule, make_kita, make_recipient, make_source
from tests.webapp.mail_setup import REGION
from tests.webapp.publishing import publish_offers
from tests.webapp.test_digest_prepare import region_file
from tests.webapp.work_list import recent_work
from webapp.jobs import JOBS, Task, digest_job, expire_job, harvest_job, is_due, job_of, moment_of, purge_job, rank_job
from webapp.settings import Settings, read_settings
from webapp.worker import run_one

README = Path(__file__).parents[2] / "webapp" / "README.md"
NIGHT = datetime(2026, 11, 23, 1, tzinfo=UTC)
"""Two at night in Berlin."""
MIDNIGHT = datetime(2026, 11, 22, 23, tzinfo=UTC)
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    regions = tmp_path / "regions"
    regions.mkdir()
    (regions / "vg.toml").write_text(region_file(REGION))
    return read_settings({"KITALOTSE_DATA_DIR": str(tmp_path)})


def task(database, settings: Settings, job: str, moment: datetime) -> Task:
    with database.begin() as session:
        number = add_work(session, job, moment)
        mine = claim_work(session, now=max(moment, NOON + timedelta(days=30)), work_id=number)
    assert mine is not None
    return Task(database, settings, mine)


@pytest.mark.parametrize(
    ("rhythm", "since", "now", "due"),
    [
        ("daily", None, NIGHT, True),
        ("daily", None, NOON, False),
        ("hourly", None, NOON, True),
        ("hourly", timedelta(minutes=30), NOON, False),
        ("hourly", timedelta(hours=1), NOON, True),
        ("daily", timedelta(hours=1), NIGHT, False),
        ("daily", timedelta(hours=23), NIGHT, True),
        ("weekly", timedelta(days=6), NIGHT, False),
        ("weekly", timedelta(days=7), NIGHT, True),
        ("monthly", timedelta(days=20), NIGHT, False),
        ("monthly", timedelta(days=28), NIGHT, True),
    ],
)
def test_a_source_is_read_in_its_rhythm_and_by_night(rhythm, since, now, due):
    assert is_due(make_source(rhythm=rhythm), now - since if since else None, now) is due


def test_a_source_that_is_switched_off_is_never_due():
    assert not is_due(make_source(active=False), None, NIGHT)


def test_each_due_source_becomes_work_of_its_own_and_only_once(sqlite_database, settings):
    publish_offers(
        sqlite_database, NIGHT - timedelta(hours=2), {}, source=make_source("mv_eben_gelesen", rhythm="daily")
    )
    with sqlite_database.begin() as session:
        save_source(session, make_source("mv_faellig", rhythm="daily"), origin="desk", now=NIGHT)

    assert due_in(sqlite_database, settings, range(6)) == ["mv_faellig"]

    with sqlite_database.read() as session:
        (listed,) = (work for work in recent_work(session) if work.job != "harvest")
    assert listed.job == "harvest:mv_faellig"
    assert MIDNIGHT <= listed.scheduled_for < MIDNIGHT + timedelta(hours=5)


def due_in(database, settings: Settings, hours: Iterable[int]) -> list[str]:
    """What these hours of the night put on the list."""
    moments = (MIDNIGHT + timedelta(hours=hour) for hour in hours)
    return [name for moment in moments for name in harvest_job(task(database, settings, "harvest", moment))["due"]]


def test_sources_are_spread_over_the_night_and_each_has_its_own_minute(sqlite_database, settings):
    names = [f"mv_haus_{number}" for number in range(60)]
    with sqlite_database.begin() as session:
        for name in names:
            save_source(session, make_source(name, rhythm="daily"), origin="desk", now=MIDNIGHT)

    assert sorted(due_in(sqlite_database, settings, range(24))) == sorted(names)

    with sqlite_database.read() as session:
        listed = {work.job: work.scheduled_for for work in recent_work(session) if work.job != "harvest"}
    by_hour = Counter(local(moment).hour for moment in listed.values())
    minutes = {moment.replace(second=0, microsecond=0) for moment in listed.values()}
    assert set(by_hour) == {0, 1, 2, 3, 4}
    assert max(by_hour.values()) < 24
    assert len(minutes) > 45
    assert listed["harvest:mv_haus_7"] == moment_of(make_source("mv_haus_7"), MIDNIGHT + timedelta(hours=3))


def test_a_source_whose_minute_was_missed_is_read_later_in_the_same_night(sqlite_database, settings):
    with sqlite_database.begin() as session:
        for number in range(10):
            save_source(session, make_source(f"mv_haus_{number}"), origin="desk", now=MIDNIGHT)

    assert len(due_in(sqlite_database, settings, [5])) == 10

    with sqlite_database.read() as session:
        listed = [work.scheduled_for for work in recent_work(session) if work.job != "harvest"]
    assert listed == [MIDNIGHT + timedelta(hours=5)] * 10


def test_what_still_waits_or_is_being_read_is_not_put_on_the_list_again(sqlite_database, settings):
    source = make_source("mv_oft", rhythm="hourly")
    with sqlite_database.begin() as session:
        save_source(session, source, origin="desk", now=MIDNIGHT)
    first, *later = (NOON + timedelta(hours=hour) for hour in range(3))

    assert harvest_job(task(sqlite_database, settings, "harvest", first))["due"] == ["mv_oft"]
    assert harvest_job(task(sqlite_database, settings, "harvest", later[0]))["due"] == []  # waits
    with sqlite_database.begin() as session:
        mine = claim_work(session, now=later[1])
    assert mine is not None
    assert mine.scheduled_for == moment_of(source, first)
    assert harvest_job(task(sqlite_database, settings, "harvest", later[1]))["due"] == []  # is being read


@pytest.mark.parametrize("day", [datetime(2027, 3, 27, 23, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)])
def test_nothing_is_lost_or_read_twice_in_the_nights_in_which_the_clocks_change(sqlite_database, settings, day):
    names = [f"mv_haus_{number}" for number in range(40)]
    with sqlite_database.begin() as session:
        for name in names:
            save_source(session, make_source(name, rhythm="daily"), origin="desk", now=day)

    due = []
    for hour in range(8):
        due += harvest_job(task(sqlite_database, settings, "harvest", day + timedelta(hours=hour)))["due"]

    assert sorted(due) == sorted(names)


def test_a_source_of_no_region_here_is_neither_stored_nor_read(sqlite_database, settings):
    with sqlite_database.begin() as session:
        save_source(session, make_source("nw_fremd", region="05515"), origin="desk", now=NIGHT)
        save_source(session, make_source("mv_tabelle", access=Access(kind=AccessKind.TABLE)), origin="desk", now=NIGHT)

    assert due_in(sqlite_database, settings, range(6)) == []

    with sqlite_database.read() as session:
        stored = {source.region for source in sources(session) if source.name in {s.name for s in bundled_sources()}}
    assert stored == {REGION.key}


def test_what_comes_with_the_project_is_read_only_once_the_desk_has_switched_it_on(sqlite_database, settings):
    assert due_in(sqlite_database, settings, range(6)) == []
    with sqlite_database.begin() as session:
        steer_source(session, "mv_theater_vorpommern", {"active": True, "status": "verified"}, by="Uta", now=NIGHT)

    assert due_in(sqlite_database, settings, range(24, 30)) == ["mv_theater_vorpommern"]


def test_what_many_offers_have_still_to_follow_is_done_and_put_on_the_list_until_it_is(
    sqlite_database, settings, monkeypatch
):
    monkeypatch.setattr(following, "BATCH", 2)
    monkeypatch.setattr(following, "PAUSE_S", 0)
    titles = [{"title": f"Nummer {number}"} for number in range(5)]
    publish_offers(sqlite_database, NIGHT - timedelta(hours=2), *titles, source=make_source("mv_viele", rhythm="daily"))
    with sqlite_database.begin() as session:
        decided = {"rights": OPEN.model_dump(mode="json")}
        steer_source(session, "mv_viele", decided, by="Uta", now=NIGHT - timedelta(days=40))
        session.execute(delete(work))  # as if its workers had died again and again
        keep_licences(session, {REGION.key: OPEN.licence}, now=NIGHT - timedelta(days=40))
        before = latest_change(session)

    harvest_job(task(sqlite_database, settings, "harvest", NIGHT))
    with sqlite_database.read() as session:
        assert unfinished(session) == ["follow:mv_viele", f"licence:{REGION.key}"]
    while run_one(sqlite_database, settings):
        pass

    with sqlite_database.read() as session:
        assert unfinished(session) == []
        assert buckets(session) == {OPEN.licence: 5}
        assert licences(session)[REGION.key] == REGION.data_licence
        assert latest_change(session) > before
        assert {each.state for each in recent_work(session) if each.job[:6] in ("follow", "licenc")} == {"done"}


def test_a_source_that_cannot_be_read_ends_as_a_failed_run_and_not_as_a_failed_job(sqlite_database, settings):
    down = make_source("mv_weg", access=Access(kind=AccessKind.CSV, start=("http://127.0.0.1:9/angebote.csv",)))
    with sqlite_database.begin() as session:
        save_source(session, down, origin="desk", now=NIGHT)
        add_work(session, "harvest:mv_weg", NIGHT - timedelta(days=30))

    assert run_one(sqlite_database, settings) == "done"

    with sqlite_database.read() as session:
        (work,) = recent_work(session)
        (run,) = runs(session)
    assert work.payload["result"]["status"] == run.status == "failed"
    assert run.issues


def test_a_source_that_is_gone_is_said_to_be_gone(sqlite_database, settings):
    with sqlite_database.begin() as session:
        add_work(session, "harvest:mv_nie_dagewesen", NIGHT - timedelta(days=30))

    run_one(sqlite_database, settings)

    with sqlite_database.read() as session:
        (work,) = recent_work(session)
    assert work.state is WorkState.FAILED
    assert "'mv_nie_dagewesen' is not stored" in (work.error or "")


def stage(database, now: datetime) -> str:
    """An offer and a Kita with a recipient; gives the running week."""
    publish_offers(database, now - timedelta(days=1), {})
    with database.begin() as session:
        save_kita(session, make_kita(recipients=(make_recipient(),)), now=now)
    return week_of(local(now).date())


def test_the_monday_job_ranks_if_nobody_has_writes_sends_and_a_second_one_does_nothing(database, settings):
    now = datetime.now(UTC)
    week = stage(database, now)

    first = digest_job(task(database, settings, "digest", now))
    second = digest_job(task(database, settings, "digest", now + timedelta(microseconds=1)))

    assert (first["written"], first["sent"]) == (1, 1)
    assert (second["written"], second["already"], second["sent"]) == (0, 1, 0)
    with database.read() as session:
        assert counts(session, week=week)[DigestState.SENT] == 1
    assert len(list(settings.outbox_dir.iterdir())) == 1


def test_the_ranking_job_ranks_the_week_of_its_day(sqlite_database, settings):
    now = datetime.now(UTC)
    week = stage(sqlite_database, now)

    report = rank_job(task(sqlite_database, settings, "rank", now))

    assert (report["week"], report["with_offers"]) == (week, 1)


def test_what_is_over_disappears_and_what_is_old_is_forgotten(sqlite_database, settings):
    long_ago = datetime.now(UTC) - timedelta(days=200)
    publish_offers(sqlite_database, long_ago, {"schedule": make_dated_schedule((long_ago + timedelta(days=3)).date())})

    expired = expire_job(task(sqlite_database, settings, "expire", NIGHT))
    purged = purge_job(task(sqlite_database, settings, "purge", NIGHT))

    assert expired["expired"] == 1
    assert purged["records"] == 0, "the last three good versions stay"
    with sqlite_database.read() as session:
        assert list(published_offers(session)) == []


def test_addresses_that_did_not_confirm_are_forgotten(database, settings):
    with database.begin() as session:
        save_kita(session, make_kita(recipients=(make_recipient(),)), now=NOON)
        invite(session, "kita_wolke", "vergessen@kita.example", now=clock.now() - timedelta(days=30, minutes=1))
        invite(session, "kita_wolke", "wartet@kita.example", now=clock.now() - timedelta(days=29))

    purged = purge_job(task(database, settings, "purge", NIGHT))

    assert purged["invitations"] == 1
    with database.read() as session:
        left = [person.recipient.address for person in recipients(session, "kita_wolke")]
    assert left == ["leitung@kita.example", "wartet@kita.example"]


def test_every_job_that_runs_by_itself_says_when_and_how_late_is_too_late():
    alone = {name: job for name, job in JOBS.items() if job.cron}

    assert set(alone) == {
        "duplicates", "expire", "harvest", "purge", "rank", "digest", "confirmations", "entry_news", "friday", "send",
    }  # fmt: skip
    assert all(job.late > timedelta(0) for job in JOBS.values())
    assert job_of("harvest:mv_museum", JOBS) is JOBS["harvest:"]
    assert job_of("harvest", JOBS) is JOBS["harvest"]


def test_the_readme_says_when_each_job_runs():
    section = README.read_text("utf-8").split("## Jobs and clock\n")[1].split("\n## ")[0]

    assert [name for name, job in JOBS.items() if job.cron and f"| `{name}` |" not in section] == []
