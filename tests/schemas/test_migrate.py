"""The migrations make exactly the tables that the code describes, on both databases."""

from collections.abc import Iterator
from datetime import timedelta

import orjson
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import delete, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.migrate import _config, current, head, is_ours, upgrade
from schemas.offer import Rights, ServiceArea
from schemas.publish import public
from schemas.tables.base import metadata
from schemas.tables.offers import published, published_reach
from schemas.tables.people import digests, kitas, recipients
from schemas.tables.reviews import reviews
from schemas.tables.work import audit
from schemas.vocabulary import Mode, RightsKind
from tests.factories import NOW, OPEN, make_kita, make_source
from tests.schemas.harvesting import Harvest

ENTRY = {"at": NOW, "by": "koordination", "action": "correct", "subject": "o1", "data": {"field": "ages"}}


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url)
    yield database
    database.dispose()


def test_an_empty_database_has_no_version_and_gets_the_newest(empty: Database) -> None:
    assert current(empty) is None

    upgrade(empty)

    assert current(empty) == head()


def test_the_migrated_database_is_what_the_tables_describe(empty: Database) -> None:
    upgrade(empty)

    with empty.read() as session:
        options = {"include_name": is_ours, "compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(session.connection(), opts=options)
        assert compare_metadata(context, metadata) == []


def test_a_second_upgrade_changes_nothing(database: Database) -> None:
    with database.begin() as session:
        session.execute(insert(audit), [ENTRY])

    upgrade(database)

    with database.read() as session:
        assert session.execute(audit.select()).all()[0].data == {"field": "ages"}


def test_an_older_database_keeps_its_rows(empty: Database) -> None:
    with empty.begin() as session:
        config = _config()
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "0001")
        session.execute(insert(kitas), [_kita()])
        row = {"id": 7, "kita_id": "kita_wolke", "address": "a@kita.example", "confirmed_at": NOW, "confirmed": True}
        session.execute(insert(recipients), [row])
        session.execute(insert(digests), [_ledger_row(7)])

    upgrade(empty)

    with empty.read() as session:
        (person,) = session.execute(select(recipients))
        assert (person.id, person.confirmed_at, person.invited_at) == (7, NOW, None)
        assert session.execute(select(digests.c.recipient_id)).scalar_one() == 7


def test_offers_of_an_older_database_get_the_columns_that_a_harvest_would_write(database: Database) -> None:
    area = ServiceArea(radius_km=20, municipalities=("13075",))
    Harvest(database).run({"trommeln": {"modes": (Mode.IN_KITA,), "service_area": area}, "leer": {"ages": None}})
    tables = (published, published_reach)
    with database.begin() as session:
        written = [session.execute(select(table).order_by(table.c.row)).all() for table in tables]
        config = _config()
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "0002")

    upgrade(database)

    with database.read() as session:
        assert [session.execute(select(table).order_by(table.c.row)).all() for table in tables] == written
    assert {row.key for row in written[1]} == {"13075"}


def test_what_waits_in_an_older_database_gets_the_region_of_its_offer(database: Database) -> None:
    for name, region in (("mv_neu", "13075"), ("sh_neu", "01002")):
        Harvest(database, make_source(name, trust="hold", region=region)).run({"dinos": {}})
    with database.begin() as session:
        written = session.execute(select(reviews).order_by(reviews.c.id)).all()
        config = _config()
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "0005")

    upgrade(database)

    with database.read() as session:
        assert session.execute(select(reviews).order_by(reviews.c.id)).all() == written
    assert {row.region for row in written} == {"13075", "01002"}


def test_what_an_older_database_exports_moves_to_tables_of_its_own(database: Database) -> None:
    allowed = Rights(kind=RightsKind.PERMISSION, granted_by="Museum", granted_on=NOW.date())
    rights = {"mv_offen": OPEN, "mv_erlaubt": allowed, "mv_fakten": Rights()}
    houses = [Harvest(database, make_source(name, rights=each)) for name, each in rights.items()]
    for house in houses:
        house.run({"a": {"description": "Wir graben."}, "gone": {}})
        house.run(seen=["a"], withdrawn=["gone"])
    names = ("exported_ndjson", "exported_csv", "exported_facts_ndjson", "exported_facts_csv", "published_bytes")
    tables = [metadata.tables[name] for name in names]
    with database.begin() as session:
        written = [session.execute(select(table).order_by(table.c.row)).all() for table in tables]
        config = _config()
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "0005")
        query = "SELECT line, csv, facts FROM published JOIN published_bytes USING (row) WHERE status = 'published'"
        old = session.execute(text(f"{query} ORDER BY row")).all()

    upgrade(database)

    for house, (line, csv, facts) in zip(houses, old, strict=True):
        shown = public(house.offer("a")).model_dump_json(exclude={"last_seen"})
        assert orjson.loads(line) | {"last_seen": None} == orjson.loads(shown) | {"last_seen": None}
        assert csv.startswith(house.id("a").encode())
        assert facts is None if house.source.rights == Rights() else orjson.loads(facts)["description"] is None

    with database.read() as session:
        assert [session.execute(select(table).order_by(table.c.row)).all() for table in tables] == written


def test_a_database_from_a_newer_program_is_left_alone(database: Database) -> None:
    with database.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StoreError, match="9999, newer than this program"):
        upgrade(database)


def test_what_is_deleted_with_its_kita_is_found_by_an_index(sqlite_database: Database) -> None:
    inspector = inspect(sqlite_database.engine)
    slow = []
    for table in metadata.tables.values():
        indexed = [index["column_names"][0] for index in inspector.get_indexes(table.name)]
        indexed += [unique["column_names"][0] for unique in inspector.get_unique_constraints(table.name)]
        indexed += inspector.get_pk_constraint(table.name)["constrained_columns"][:1]
        for key in inspector.get_foreign_keys(table.name):
            if key["options"].get("ondelete") == "CASCADE" and key["constrained_columns"][0] not in indexed:
                slow.append((table.name, key["constrained_columns"]))

    assert slow == []


@pytest.mark.parametrize("change", [update(audit).values(by="somebody"), delete(audit)])
def test_the_audit_trail_can_only_grow(database: Database, change: object) -> None:
    with database.begin() as session:
        session.execute(insert(audit), [ENTRY])

    with pytest.raises(DBAPIError, match="append-only"), database.begin() as session:
        session.execute(change)  # type: ignore[call-overload]


def _ledger_row(recipient_id: int) -> dict[str, object]:
    return {
        "week": "2026-W49",
        "kita_id": "kita_wolke",
        "recipient_id": recipient_id,
        "state": "new",
        "message_id": f"<{recipient_id}@kita.example>",
        "subject": "Angebote",
        "text": "…",
        "html": "…",
        "rendered_at": NOW,
    }


def _kita() -> dict[str, object]:
    profile = make_kita().model_dump(mode="json", exclude={"recipients"})
    moments = {"created_at": NOW, "updated_at": NOW}
    return {"id": "kita_wolke", "region": "13075", "profile": profile, "example": True} | moments


@pytest.fixture
def with_recipients(database: Database) -> Database:
    """Recipient 1 is confirmed, recipient 2 is not."""
    rows = [
        {"id": 1, "kita_id": "kita_wolke", "address": "a@kita.example", "confirmed_at": NOW, "confirmed": True},
        {"id": 2, "kita_id": "kita_wolke", "address": "b@kita.example", "confirmed_at": None, "confirmed": False},
    ]
    with database.begin() as session:
        session.execute(insert(kitas), [_kita()])
        session.execute(insert(recipients), rows)
    return database


def test_the_ledger_takes_a_confirmed_recipient(with_recipients: Database) -> None:
    with with_recipients.begin() as session:
        session.execute(insert(digests), [_ledger_row(1)])


@pytest.mark.parametrize("lie", [{}, {"confirmed": False}])
def test_the_database_refuses_a_mail_to_an_unconfirmed_recipient(
    with_recipients: Database, lie: dict[str, bool]
) -> None:
    with pytest.raises(IntegrityError), with_recipients.begin() as session:
        session.execute(insert(digests), [_ledger_row(2) | lie])


def test_a_recipient_cannot_count_as_confirmed_without_a_moment(with_recipients: Database) -> None:
    with pytest.raises(IntegrityError), with_recipients.begin() as session:
        session.execute(update(recipients).where(recipients.c.id == 2).values(confirmed=True))


def test_no_second_mail_of_a_week_to_the_same_recipient(with_recipients: Database) -> None:
    with with_recipients.begin() as session:
        session.execute(insert(digests), [_ledger_row(1)])

    again = _ledger_row(1) | {"message_id": "<other@kita.example>", "rendered_at": NOW + timedelta(hours=1)}
    with pytest.raises(IntegrityError), with_recipients.begin() as session:
        session.execute(insert(digests), [again])
