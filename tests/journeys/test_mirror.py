"""Open data as its users keep it: a copy that follows the changes equals a fresh one, whatever happens to offers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from schemas.db import Database
from schemas.exclusion import ExclusionKind, Wish
from schemas.harvest import HarvestRun, RunStatus, Source
from schemas.offer import Rights
from schemas.review import DecisionKind
from schemas.store.exclusions import exclude
from schemas.store.following import keep_licences
from schemas.store.harvest import save_readings
from schemas.store.merging import merge, split, unmerge
from schemas.store.publishing import expire
from schemas.store.reviews import correct, decide, undo_decision
from schemas.store.runs import finish_run, save_source, start_run
from schemas.vocabulary import RightsKind
from tests.bench.export import served
from tests.factories import OPEN, TODAY, make_dated_schedule, make_key, make_provenance, make_source, make_source_offer
from tests.journeys.mirror import Mirror, PagingMirror
from tests.webapp.site import HERE, Site, settings_for
from webapp.backup import back_up
from webapp.restore import check, restore

OTHER_OPEN = Rights(
    kind=RightsKind.OPEN, licence="http://dcat-ap.de/def/licenses/dl-by-de/2.0", attribution="Beispielmuseum"
)
ALLOWED = Rights(kind=RightsKind.PERMISSION, granted_by="Museum", granted_on=TODAY)


@dataclass
class Portal:
    """The portal as a process with real HTTP, a store that tests change beside it, and those who keep copies."""

    site: Site
    client: httpx.Client
    mirrors: tuple[Mirror, ...]
    schema: dict[str, object]

    def fresh(self) -> dict[str, dict[str, Any]]:
        """Everything, as somebody gets it who comes now; each row fits the published schema."""
        rows = [json.loads(line) for line in self.client.get("/offers.ndjson").raise_for_status().text.splitlines()]
        for row in rows:
            jsonschema.validate(row, self.schema, format_checker=jsonschema.FormatChecker())
        return {row["id"]: row for row in rows}

    def settled(self) -> dict[str, dict[str, Any]]:
        """What everybody has, after all copies have followed: the same, in every form."""
        everything = self.fresh()
        for mirror in self.mirrors:
            mirror.follow()
            assert mirror.offers == everything, type(mirror).__name__
        table = csv.DictReader(io.StringIO(self.client.get("/offers.csv").text, newline=""))
        assert {row["id"]: int(row["version"]) for row in table} == {
            id_: row["version"] for id_, row in everything.items()
        }
        return everything


@pytest.fixture
def portal(database: Database, database_url: str, tmp_path: Path) -> Iterator[Portal]:
    site = Site(database, tmp_path / "site")
    with (
        served(tmp_path / "site", database_url, regions=tmp_path / "site" / "regions") as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Host": HERE}, trust_env=False) as client,
    ):
        client.event_hooks["request"].append(_to_this_machine(port))
        schema = client.get("/schema/offer.json").raise_for_status().json()
        yield Portal(site, client, (Mirror(client), PagingMirror(client)), schema)


def _to_this_machine(port: int) -> Callable[[httpx.Request], None]:
    """Lets the client follow addresses of the portal's public name, which no name server knows here."""

    def direct(request: httpx.Request) -> None:
        request.url = request.url.copy_with(host="127.0.0.1", port=port)
        request.headers["Host"] = HERE

    return direct


def offers_of(source: Source, *keys: str, **fields: object) -> list[object]:
    return [
        make_source_offer(key, source=source.name, rights=source.rights, title=f"Nummer {key}", **fields)
        for key in keys
    ]


def test_copies_follow_through_everything_that_happens_to_offers(portal: Portal) -> None:
    site, database = portal.site, portal.site.database
    museum, library = make_source(rights=OPEN), make_source("mv_bibliothek", title="Bibliothek")
    ids = dict(zip("abcdefgh", site.harvest(*offers_of(museum, *"abcdefgh"), source=museum), strict=True))
    books = dict(zip("xy", site.harvest(*offers_of(library, *"xy"), source=library), strict=True))
    for mirror in portal.mirrors:
        mirror.copy()
    assert portal.settled().keys() == {*ids.values(), *books.values()}

    # new and changed
    site.harvest(*offers_of(museum, "neu"), make_source_offer("a", rights=OPEN, title="Neu gesagt"), source=museum)
    assert portal.settled()[ids["a"]]["title"] == "Neu gesagt"

    # a source says the same in other words: nothing of what is public changes
    again = make_source_offer("b", rights=OPEN, title="Nummer b")
    said = again.provenance | {"price": make_provenance("price", evidence="anders gesagt")}
    site.now += timedelta(days=3)
    site.harvest(again.model_copy(update={"provenance": said}), source=museum)
    portal.settled()

    # corrected by a coordinator
    with database.begin() as session:
        correct(session, ids["b"], "title", "Von Hand", by="koordination", now=site.now)
    assert portal.settled()[ids["b"]]["title"] == "Von Hand"

    # rejected, and shown again
    with database.begin() as session:
        decide(session, ids["c"], DecisionKind.REJECT, by="koordination", now=site.now)
    assert ids["c"] not in portal.settled()
    assert portal.client.get(f"/offers/{ids['c']}.json").status_code == 410
    with database.begin() as session:
        undo_decision(session, 1, by="koordination", now=site.now)
    assert ids["c"] in portal.settled()

    # merged: the address leads to the successor; taken back; merged again
    for _ in range(2):
        with database.begin() as session:
            kept = merge(session, ids["d"], books["x"], by="koordination", now=site.now)
        gone = ({ids["d"], books["x"]} - {kept}).pop()
        now = portal.settled()
        assert gone not in now and kept in now
        moved = portal.client.get(f"/offers/{gone}.json")
        assert moved.status_code == 301, moved.text
        assert moved.json()["replaced_by"] == kept, moved.text
        assert portal.client.get(moved.headers["Location"]).json() == now[kept]
        with database.begin() as session:
            unmerge(session, gone, by="koordination", now=site.now)
        assert {gone, kept} <= portal.settled().keys()

    # split: what one of its sources says becomes an offer of its own
    with database.begin() as session:
        kept = merge(session, ids["e"], books["y"], by="koordination", now=site.now)
        assert kept == ids["e"]
    assert books["y"] not in portal.settled()
    with database.begin() as session:
        minted = split(session, kept, [make_key("e")], by="koordination", now=site.now)
    assert {minted, kept} <= portal.settled().keys()

    # withdrawn by its source; over
    with database.begin() as session:
        run = start_run(session, museum.name, site.now)
        save_readings(session, museum, run, readings=[], withdrawn=[make_key("f")], now=site.now)
        done = {"id": run, "source": museum.name, "started_at": site.now, "finished_at": site.now}
        finish_run(session, HarvestRun.model_validate(done | {"status": RunStatus.COMPLETE}))
    assert ids["f"] not in portal.settled()
    dated = offers_of(museum, "g", schedule=make_dated_schedule(TODAY + timedelta(days=8)))
    site.harvest(*dated, source=museum)
    assert ids["g"] in portal.settled()
    site.now += timedelta(days=30)
    with database.begin() as session:
        assert expire(session, site.now) == 1
    assert ids["g"] not in portal.settled()

    # the rights of a source change, which counts at once: another licence, for this platform alone, none
    for rights in (OTHER_OPEN, ALLOWED, OPEN, Rights()):
        with database.begin() as session:
            save_source(session, museum.model_copy(update={"rights": rights}), origin="file", now=site.now)
        shown = portal.settled()[ids["h"]]["rights"]
        assert (shown["licence"], shown["kind"] == "open") == (rights.licence, rights in (OTHER_OPEN, OPEN))

    # a Region puts its facts under another licence
    with database.begin() as session:
        keep_licences(session, {"13075": str(OTHER_OPEN.licence)}, now=site.now)
    assert {row["data_licence"] for row in portal.settled().values()} == {OTHER_OPEN.licence}

    # a provider does not want to be listed
    with database.begin() as session:
        exclude(session, [Wish(kind=ExclusionKind.HOST, value="museum.example")], region="13075", by="k", now=site.now)
    assert portal.settled() == {}
    assert {mirror.copies for mirror in portal.mirrors} == {1}


def test_who_copied_a_database_that_is_no_more_is_told_to_begin_again(portal: Portal) -> None:
    site = portal.site
    ids = site.harvest(*offers_of(make_source(), "a", "b"))
    for mirror in portal.mirrors:
        mirror.copy()
        mirror.upto += 5  # as after a restore of a backup that is five changes older

    assert portal.settled().keys() == set(ids)

    assert [mirror.copies for mirror in portal.mirrors] == [2, 2]


def test_a_restored_backup_takes_no_copy_along_into_a_past_that_is_no_more(portal: Portal, tmp_path: Path) -> None:
    """A copy of the backup's day goes on; one that is newer than the backup is told to begin anew, for ever."""
    site, museum = portal.site, make_source(rights=OPEN)
    ids = dict(zip("abcdefg", site.harvest(*offers_of(museum, *"abcdefg"), source=museum), strict=True))
    settings = settings_for(site.folder)
    path, _ = back_up(site.database, settings, tmp_path / "backup.zip", now=site.now)
    of_that_day = (Mirror(portal.client), PagingMirror(portal.client))
    half_way = PagingMirror(portal.client)
    for mirror in (*of_that_day, *portal.mirrors):
        mirror.copy()
    begun = portal.client.get("/offers.json?limit=3").json()
    site.harvest(*offers_of(museum, "neu"), make_source_offer("a", rights=OPEN, title="Neu gesagt"), source=museum)
    lost = portal.settled()
    passed = portal.client.get(begun["next"]).json()  # passes over what has just changed and would come at the end
    assert ids["a"] in lost and lost[ids["a"]]["title"] == "Neu gesagt"

    restore(site.database, settings, check(path), now=site.now + timedelta(days=1), replace=True)
    site.now += timedelta(days=2)
    assert portal.client.get(passed["next"]).status_code == 410
    half_way.copy()
    site.harvest(*offers_of(museum, *"uvwxyz"), make_source_offer("b", rights=OPEN, title="Danach"), source=museum)

    now = portal.settled()
    assert now.keys() == {*lost} - {id_ for id_ in lost if lost[id_]["title"] == "Nummer neu"} | {
        id_ for id_ in now if now[id_]["title"][-1] in "uvwxyz"
    }
    assert now[ids["a"]]["title"] == "Nummer a"
    assert now[ids["b"]]["version"] > max(row["version"] for row in lost.values())
    for mirror in (*of_that_day, half_way):
        mirror.follow()
        assert (mirror.offers, mirror.copies) == (now, 1)
    assert [mirror.copies for mirror in portal.mirrors] == [2, 2]
    portal.settled()
    assert [mirror.copies for mirror in portal.mirrors] == [2, 2]


def test_who_asks_again_gets_nothing_twice_until_something_changes(portal: Portal) -> None:
    site = portal.site
    site.harvest(*offers_of(make_source(), "a", "b"))
    mirror = portal.mirrors[0]
    mirror.copy()

    for _ in range(3):
        mirror.follow()
    site.harvest(*offers_of(make_source(), "a", "b", "c"))
    mirror.follow()

    assert mirror.answers == [200, 304, 304, 200]
    assert mirror.offers == portal.fresh()
    # a proxy that compresses makes the tag weak; it still counts
    etag = portal.client.get("/offers.ndjson").headers["ETag"]
    assert portal.client.get("/offers.ndjson", headers={"If-None-Match": f"W/{etag}"}).status_code == 304


@pytest.mark.parametrize("path", ["/offers.ndjson", "/offers.csv", "/offers.json"])
def test_parts_and_compression_are_not_promised_and_whoever_asks_for_them_gets_everything(
    portal: Portal, path: str
) -> None:
    portal.site.harvest(*offers_of(make_source(), "a", "b"))
    whole = portal.client.get(path)

    asked = portal.client.get(path, headers={"Range": "bytes=10-20", "Accept-Encoding": "gzip"})

    assert (asked.status_code, asked.content) == (200, whole.content)
    assert asked.headers.get("Accept-Ranges", "none") == "none"
    assert "Content-Encoding" not in asked.headers
