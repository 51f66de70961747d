"""What was harvested, read again from storage: the same bytes, on another day and in another process."""

import json
import os
import subprocess
import sys

from sqlalchemy import Column, select

from harvesters.run import harvest_all, replay
from schemas.harvest import RunStatus
from schemas.store.offers import latest_change
from schemas.tables.harvest import records, source_offers
from schemas.tables.offers import published
from tests.journeys.conftest import READING, World


def column(world: World, wanted: Column) -> list[object]:
    """One column of a whole table, in the order in which it was written."""
    with world.database.read() as session:
        return list(session.scalars(select(wanted).order_by(*wanted.table.primary_key)))


def everything(world: World) -> dict[str, object]:
    """All that was read, understood and published, and how often anything that is published has changed."""
    with world.database.read() as session:
        number = latest_change(session)
    kept = (records.c.data, source_offers.c.data, source_offers.c.fingerprint, published.c.version)
    return {"change": number} | {f"{each.table.name}.{each.name}": column(world, each) for each in kept}


def test_the_whole_demo_reads_the_same_again(sqlite_world):
    world = sqlite_world
    runs = harvest_all(world.database, list(world.sources.values()), settings=READING, now=world.now)
    before = everything(world)
    offers = sum(run.records for run in runs)
    assert offers > 100
    assert len(before["source_offers.data"]) == offers

    world.pass_time(days=40)
    again = [replay(world.database, source, now=world.now) for source in world.sources.values()]

    assert sum(run.records for run in again) == offers
    assert sum(run.changed for run in again) == 0
    assert {run.status for run in again if run.records} == {RunStatus.COMPLETE}
    assert everything(world) == before


def test_another_process_reads_the_same_bytes(sqlite_world):
    """Sets and dicts come in another order there, which must decide nothing."""
    world = sqlite_world
    harvest_all(world.database, list(world.sources.values()), settings=READING, now=world.now)
    offers = len(column(world, source_offers.c.id))

    command = [sys.executable, "-c", "from webapp.cli import main; main()", "harvest", "--all", "--replay"]
    command += ["--diff", "--json", "--database", str(world.database.url)]
    other = os.environ | {"PYTHONHASHSEED": "1"}  # this one's is 0, or drawn
    ended = subprocess.run(command, env=other, capture_output=True, text=True, check=True)

    assert json.loads(ended.stdout) == {"offers": offers, "changed": 0, "fields": {}}
