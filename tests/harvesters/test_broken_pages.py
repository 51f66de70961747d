"""Every recorded page, broken in every way: nothing is lost, nothing falls over, and what happened is said.

Recorded are the files of ../shared that give offers by themselves (``preview_of_files.json``) and our own ``pages/``.
Each is found out as an address that is pasted (``discover``) and read once as it is, then for three weeks as it was
broken, then whole again. `make test` draws a part by the seed of the day, `make test-all` reads everything.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from harvesters.discover import discover
from harvesters.fetch.client import Client
from harvesters.run import harvest
from schemas.db import Database
from schemas.harvest import HarvestRun, RunStatus, Source
from schemas.migrate import upgrade
from schemas.store import harvest as store
from tests.corpora.test_preview_of_files import EXPECTED
from tests.factories import NOW, make_source
from tests.harvesters.broken_pages import WAYS, Broken
from tests.harvesters.loopback import QUICK, Answer, Site, running_site
from tests.sampling import SEED, sample

OWN = Path(__file__).with_name("pages")
MEDIA_TYPES = {
    ".html": "text/html",
    ".ics": "text/calendar",
    ".xml": "application/xml",
    ".json": "application/json",
    ".csv": "text/csv",
}
OFFERS = {name: count for name, count in json.loads(EXPECTED.read_text("utf-8")).items() if isinstance(count, int)}
FOLDERS = ("html", "ical", "rss", "events")
"""Of whole files; those of ``oai`` and ``rpde`` are pages of lists, broken in ``test_lists.py``."""
STORED = [name for name in OFFERS if Path(name).suffix in MEDIA_TYPES and name.partition("/")[0] in FOLDERS]
FEEDS = [(name, way) for name in STORED if not name.endswith(".html") for way in WAYS]
PAGES = [(name, way) for name in STORED if name.endswith(".html") for way in WAYS]
OWN_PAGES = [(f"{name}.html", way) for name in ("eine_seite", "typo3_waldtag", "wordpress_puppen") for way in WAYS]
DRAWN = {*sample(FEEDS, 30), *sample(PAGES, 2), *sample(OWN_PAGES, 2)}
"""What `make test` reads; a page costs the start of a crawl for each of its five runs."""
WELL = (RunStatus.COMPLETE, RunStatus.UNCHANGED)


def cases(of: list[tuple[str, Broken]]) -> pytest.MarkDecorator:
    """A test for each, slow unless it was drawn."""
    return pytest.mark.parametrize(
        ("name", "way"),
        [
            pytest.param(name, way, id=f"{name}-{way.name}", marks=() if (name, way) in DRAWN else pytest.mark.slow)
            for name, way in of
        ],
    )


@dataclass
class Ground:
    """A file on our server, and the database after it was read once."""

    site: Site
    path: str
    whole: Answer
    source: Source
    database: Database

    def show(self, answer: Answer) -> None:
        self.site.answers[self.path] = answer

    def read(self, weeks: int) -> HarvestRun:
        return harvest(self.database, self.source, settings=QUICK, now=NOW + timedelta(weeks=weeks))

    def there(self) -> dict[str, str]:
        """Identity of every offer that is not withdrawn, with its id."""
        with self.database.read() as session:
            known = [key for key, each in store.known(session, self.source.name).items() if not each.withdrawn]
            return {f"{key.key} {key.part}": store.offer_ids(session, key.source, [key])[0] for key in known}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database, to be copied."""
    file = tmp_path_factory.mktemp("empty") / "empty.sqlite"
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    database.dispose()
    return file


@pytest.fixture
def ground(empty: Path, tmp_path: Path) -> Iterator[Callable[[Path], Ground]]:
    opened: list[Database] = []
    with running_site() as site:

        def read_once(file: Path) -> Ground:
            path = f"/{file.name}"
            whole = Answer(file.read_bytes(), headers={"Content-Type": MEDIA_TYPES[file.suffix]})
            site.answers[path] = whole
            access = discover(site.base + path, Client(QUICK), now=NOW).access
            database = Database(f"sqlite:///{shutil.copy(empty, tmp_path / 'kitalotse.sqlite')}")
            opened.append(database)
            found = Ground(site, path, whole, make_source(access=access), database)
            assert found.read(0).status is RunStatus.COMPLETE
            return found

        yield read_once
    for database in opened:
        database.dispose()


def broken_for_three_weeks(ground: Ground, way: Broken) -> None:
    before = ground.there()
    assert before, "a page without offers shows nothing"
    ground.show(way.damage(ground.whole, [key.rpartition(" ")[0] for key in before], Random(SEED)))

    for week in (1, 2, 3):
        run = ground.read(week)
        assert run.finished_at is not None
        assert (run.message or "").endswith("."), run
        if run.status not in WELL:
            assert run.issues, "what went wrong is said"
            assert all(issue.message and issue.remedy for issue in run.issues), run.issues
    during = ground.there()
    ground.show(ground.whole)
    after = ground.read(4)

    assert after.status in WELL, after
    if way.keeps_all:
        assert before.items() <= during.items()
    assert before.items() <= ground.there().items()


@cases(FEEDS)
def test_a_feed_that_breaks_loses_nothing(
    shared: Path, ground: Callable[[Path], Ground], name: str, way: Broken
) -> None:
    broken_for_three_weeks(ground(shared / "data" / name), way)


@cases(PAGES)
def test_a_page_that_breaks_loses_nothing(
    shared: Path, ground: Callable[[Path], Ground], name: str, way: Broken
) -> None:
    broken_for_three_weeks(ground(shared / "data" / name), way)


@cases(OWN_PAGES)
def test_an_own_page_that_breaks_loses_nothing(ground: Callable[[Path], Ground], name: str, way: Broken) -> None:
    broken_for_three_weeks(ground(OWN / name), way)
