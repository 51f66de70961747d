"""What reading stored Records again would change is said field by field, and nothing is written or fetched by it."""

import json
import tracemalloc
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from harvesters import process, rereading
from harvesters.normalise import record as normaliser
from harvesters.rereading import Difference, reread
from harvesters.run import replay
from schemas.db import Database
from schemas.harvest import Expect, Normalised, Record, Source
from schemas.offer import AgeRange, OfferFields, SourceOffer
from schemas.tables.harvest import source_offers
from tests.factories import NOW
from tests.harvesters.feed_site import HOUR, ROWS, change, feed, harvested, serve
from tests.harvesters.loopback import Site
from webapp.cli import main

DIFF = ("harvest", "--replay", "--diff")


def other_rules(record: Any, source: Any, **_: Any) -> Normalised:
    """A normaliser that reads ages otherwise, and of one offer no price."""
    found = normaliser.normalise(record, source, **_)
    update: dict[str, Any] = {"ages": AgeRange(min_months=36, max_months=72)}
    if record.origin.key == "3":
        update["price"] = None
    fields = found.offer.fields.model_copy(update=update)
    return found.model_copy(update={"offer": found.offer.model_copy(update={"fields": fields})})


def stored(database: Database) -> list[bytes]:
    with database.read() as session:
        return list(session.scalars(select(source_offers.c.data).order_by(source_offers.c.id)))


def kitalotse(database: Database, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--database", str(database.url)], catch_exceptions=False)


def test_the_same_normaliser_changes_nothing(filled: Database, source: Source) -> None:
    found = Difference()

    reread(filled, source, found)

    assert (found.offers, found.changed, found.fields) == (10, 0, {})


def test_each_field_that_would_change_is_counted_and_shown(
    filled: Database, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rereading, "normalise", other_rules)
    before, number = stored(filled), change(filled)
    found = Difference()

    reread(filled, source, found)

    assert (found.offers, found.changed) == (10, 10)
    assert {name: changes.offers for name, changes in found.fields.items()} == {"ages": 10, "price": 1}
    first, second, _ = found.fields["ages"].examples
    assert (first.source, first.key, second.key) == (source.name, "1", "2")
    assert (first.old, first.new) == ('{"min_months":48}', '{"min_months":36,"max_months":72}')
    (price,) = found.fields["price"].examples
    assert (price.key, json.loads(price.old)["amount_eur"], price.new) == ("3", 2.0, "null")
    assert (stored(filled), change(filled)) == (before, number)


def test_the_command_says_it_in_words_and_as_json(
    filled: Database, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rereading, "normalise", other_rules)
    site.asked.clear()

    words = kitalotse(filled, *DIFF, "--all").output
    document = json.loads(kitalotse(filled, *DIFF, "mv_beispielmuseum", "--json").output)

    assert words.splitlines()[:4] == [
        "10 of 10 offers would change.",
        "",
        "ages: 10 offers",
        "  mv_beispielmuseum 1",
    ]
    assert '{"min_months":48} → {"min_months":36,"max_months":72}' in words
    assert (document["changed"], document["fields"]["price"]["offers"]) == (10, 1)
    assert len(document["fields"]["ages"]["examples"]) == 3
    assert site.asked == []
    assert kitalotse(filled, *DIFF).exit_code == kitalotse(filled, "harvest", "--all", "--diff").exit_code == 2


def test_long_values_are_cut(filled: Database, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    def wordy(record: Any, source: Any, **_: Any) -> Normalised:
        found = normaliser.normalise(record, source, **_)
        fields = found.offer.fields.model_copy(update={"description": "Wald " * 1_000})
        return found.model_copy(update={"offer": found.offer.model_copy(update={"fields": fields})})

    monkeypatch.setattr(rereading, "normalise", wordy)
    found = Difference()

    reread(filled, source, found)

    assert max(len(one.new) for one in found.fields["description"].examples) == 300


def test_memory_does_not_grow_with_the_offers(
    sqlite_database: Database, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,500 Records of 12,000 characters, 18 MB in all, of which 500 are in memory at once."""

    def quick(record: Record, _source: Any, **_: Any) -> Normalised:
        return Normalised(offer=SourceOffer(origin=record.origin, fields=OfferFields(title=record.title)))

    for module in (process, rereading):
        monkeypatch.setattr(module, "normalise", quick)
    serve(site, [ROWS[0] | {"id": number, "text": f"Nummer {number} {'x' * 12_000}"} for number in range(1_500)])
    source = feed(site).model_copy(update={"expect": Expect()})
    assert harvested(sqlite_database, source).new == 1_500
    tracemalloc.start()
    found = Difference()

    reread(sqlite_database, source, found)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.offers == 1_500
    assert peak < 12_000_000


def test_a_record_that_is_fetched_and_read_again_later_replays_to_the_same_bytes(
    filled: Database, site: Site, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "VERSION", "next")
    serve(site, [*ROWS])
    harvested(filled, source, 48)  # the same words, read again two days later
    before = stored(filled)

    run = replay(filled, source, now=NOW + 72 * HOUR)

    assert run.changed == 0
    assert stored(filled) == before
