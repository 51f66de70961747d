"""What leaves the house, on both databases: buckets, licences, pages that lose nothing."""

import csv
import io
from collections.abc import Iterable
from datetime import date
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from schemas.db import Database
from schemas.offer import Rights
from schemas.publish import CC_ZERO, CHANGES, PublicOffer
from schemas.store.exporting import (
    BLOCK,
    FACTS,
    Cut,
    buckets,
    changed_lines,
    open_lines,
    open_page,
    stream_csv,
    stream_ndjson,
)
from schemas.store.offers import public_offer
from schemas.tables.offers import (
    exported_csv,
    exported_facts_csv,
    exported_facts_ndjson,
    exported_ndjson,
    published_bytes,
)
from schemas.vocabulary import RightsKind
from tests.factories import OPEN, make_source
from tests.schemas.harvesting import Harvest

CC_BY = "http://dcat-ap.de/def/licenses/cc-by/4.0"
DL_BY = "http://dcat-ap.de/def/licenses/dl-by-de/2.0"
ALLOWED = Rights(kind=RightsKind.PERMISSION, granted_by="Museum", granted_on=date(2026, 1, 1), attribution="Museum")
PROSE = "Wir graben gemeinsam nach Knochen"


@pytest.fixture
def houses(database: Database) -> dict[str, Harvest]:
    """One offer each of a source with an open licence, with a permission, and with facts alone, the last in Kiel."""
    made = {
        "open": Harvest(database, make_source("mv_offen", rights=OPEN)),
        "allowed": Harvest(database, make_source("mv_erlaubt", rights=ALLOWED)),
        "facts": Harvest(database, make_source("sh_fakten", region="01002")),
    }
    for name, house in made.items():
        house.run({name: {"title": name, "description": f"{PROSE} ({name})."}})
    return made


def lines(pieces: Iterable[bytes]) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in b"".join(pieces).splitlines()]


def rows(pieces: Iterable[bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(pieces).decode(), newline=""), strict=True))


def test_a_bucket_of_facts_has_every_offer_and_no_prose(database: Database, houses: dict[str, Harvest]) -> None:
    with database.read() as session:
        found = lines(stream_ndjson(session, cut=Cut(bucket=FACTS)))
        table = b"".join(stream_csv(session, cut=Cut(bucket=FACTS)))

    assert [offer["title"] for offer in found] == ["open", "allowed", "facts"]
    assert {offer["rights"]["kind"] for offer in found} == {"facts_only"}
    assert all(offer["description"] is None and offer["summary"] is None for offer in found)
    assert PROSE.encode() not in table


def test_a_bucket_of_a_licence_has_its_offers_with_their_texts_marked_as_changed(
    database: Database, houses: dict[str, Harvest]
) -> None:
    with database.read() as session:
        [offer] = lines(stream_ndjson(session, cut=Cut(bucket=CC_BY)))
        [row] = rows(stream_csv(session, cut=Cut(bucket=CC_BY)))
        assert lines(stream_ndjson(session, cut=Cut(bucket=DL_BY))) == []

    assert offer["description"].startswith(PROSE)
    assert offer["rights"] == {
        "kind": "open", "licence": CC_BY, "attribution": "Beispielmuseum", "changes": CHANGES,
    }  # fmt: skip
    assert (row["licence"], row["attribution"], row["changes"]) == (CC_BY, "Beispielmuseum", CHANGES)


def test_a_text_that_was_allowed_to_us_alone_is_on_our_page_and_in_no_export(
    database: Database, houses: dict[str, Harvest]
) -> None:
    number = houses["allowed"].id("allowed")
    with database.read() as session:
        page = public_offer(session, number)
        everything = b"".join(
            (
                *stream_ndjson(session),
                *stream_ndjson(session, since=0),
                *stream_csv(session),
                *(line.body for line in changed_lines(session, after=0, limit=10)),
                open_lines(session, [number])[number],
                *(offer.model_dump_json().encode() for offer in open_page(session, "", 10)),
            )
        )

    assert isinstance(page, PublicOffer) and page.description == f"{PROSE} (allowed)."
    assert f"{PROSE} (open)".encode() in everything
    assert f"{PROSE} (allowed)".encode() not in everything


def test_what_an_offer_is_exported_as_follows_its_rights_and_its_status(database: Database) -> None:
    house = Harvest(database, make_source("mv_haus", rights=ALLOWED))
    house.run({"a": {"description": f"{PROSE}."}})
    assert stored(database) == {"on_pages": True, "ndjson": False, "csv": False, "facts": None, "facts_csv": None}

    house = Harvest(database, make_source("mv_haus", rights=OPEN), house.now)
    house.run({"a": {"description": f"{PROSE}!"}})
    assert stored(database) == {"on_pages": None, "ndjson": True, "csv": True, "facts": False, "facts_csv": False}

    house = Harvest(database, make_source("mv_haus"), house.now)
    house.run({"a": {"description": f"{PROSE}?"}})
    assert stored(database) == {"on_pages": None, "ndjson": False, "csv": False, "facts": None, "facts_csv": None}

    house.run({}, withdrawn=["a"])
    assert stored(database) == {"on_pages": None, "ndjson": None, "csv": None, "facts": None, "facts_csv": None}


def stored(database: Database) -> dict[str, bool | None]:
    """Whether each form of the one offer holds prose of its source; ``None``: the form is not there."""
    forms = {
        "on_pages": published_bytes.c.on_pages,
        "ndjson": exported_ndjson.c.body,
        "csv": exported_csv.c.body,
        "facts": exported_facts_ndjson.c.body,
        "facts_csv": exported_facts_csv.c.body,
    }
    with database.read() as session:
        bodies = {name: session.execute(select(form)).scalar_one() for name, form in forms.items()}
    return {name: None if body is None else PROSE.encode() in body for name, body in bodies.items()}


def test_every_record_names_the_licence_of_its_regions_facts(database: Database, houses: dict[str, Harvest]) -> None:
    licences = {"13075": CC_ZERO, "01002": DL_BY}
    with database.read() as session:
        found = lines(stream_ndjson(session, licence=licences.__getitem__))
        table = rows(stream_csv(session, licence=licences.__getitem__))
        kiel = rows(stream_csv(session, cut=Cut(region="01"), licence=licences.__getitem__))

    assert [offer["data_licence"] for offer in found] == [CC_ZERO, CC_ZERO, DL_BY]
    assert [row["data_licence"] for row in table] == [CC_ZERO, CC_ZERO, DL_BY]
    assert [row["title"] for row in kiel] == ["facts"]


def test_text_that_looks_like_the_field_of_the_licence_stays_as_it_is(database: Database) -> None:
    house = Harvest(database, make_source(rights=OPEN))
    house.run({"a": {"description": '"data_licence":null'}})

    with database.read() as session:
        [offer] = lines(stream_ndjson(session))

    assert (offer["description"], offer["data_licence"]) == ('"data_licence":null', CC_ZERO)


def test_a_stream_of_many_pieces_has_every_offer_once_and_in_order(database: Database) -> None:
    house = Harvest(database)
    house.run({f"a{n}": {"title": f"A{n}"} for n in range(2 * BLOCK + 1)})

    with database.read() as session:
        pieces = list(stream_ndjson(session))
        table = list(stream_csv(session))

    assert [offer["title"] for offer in lines(pieces)] == [f"A{n}" for n in range(2 * BLOCK + 1)]
    assert [row["title"] for row in rows(table)] == [f"A{n}" for n in range(2 * BLOCK + 1)]
    assert (len(pieces), len(table)) == (3, 4)


def test_many_offers_in_a_row_that_are_not_shown_make_no_empty_piece(database: Database) -> None:
    house = Harvest(database)
    house.run({f"a{n}": {"title": f"A{n}"} for n in range(2 * BLOCK + 1)})
    house.run({f"a{2 * BLOCK}": {"title": "bleibt"}}, withdrawn=[f"a{n}" for n in range(2 * BLOCK)])

    with database.read() as session:
        pieces = list(stream_ndjson(session))

    assert [[offer["title"] for offer in lines([piece])] for piece in pieces] == [["bleibt"]]


def test_a_stream_that_is_given_up_leaves_its_session_usable(database: Database) -> None:
    house = Harvest(database)
    house.run({f"a{n}": {} for n in range(BLOCK + 1)})

    with database.read() as session:
        stream = stream_ndjson(session)
        next(stream)
        stream.close()
        assert len(lines(stream_ndjson(session))) == BLOCK + 1


def test_offers_are_counted_by_what_may_be_done_with_their_texts(
    database: Database, houses: dict[str, Harvest]
) -> None:
    with database.read() as session:
        assert buckets(session) == {CC_BY: 1, "permission": 1, "facts_only": 1}
        assert buckets(session, region="01002") == {"facts_only": 1}


def test_pages_that_are_walked_while_offers_change_lose_nothing(database: Database) -> None:
    house = Harvest(database)
    house.run({f"a{n}": {"title": f"A{n}"} for n in range(6)})
    held: dict[str, dict[str, Any]] = {}
    after, step = 0, 0
    while True:
        with database.read() as session:
            page = changed_lines(session, after=after, limit=2)
        if not page:
            break
        held.update((offer["id"], offer) for line in page if (offer := orjson.loads(line.body)))
        after, step = page[-1].version, step + 1
        if step == 1:
            house.run({"a0": {"title": "neu"}, "b": {"title": "B"}}, withdrawn=["a1"])
        if step == 3:
            house.run({"a5": {"title": "auch neu"}})

    with database.read() as session:
        wanted = {offer["id"]: offer for offer in lines(stream_ndjson(session, since=0))}
    assert held == wanted
    assert held[house.id("a1")]["status"] == "gone" and held[house.id("a0")]["title"] == "neu"
