"""What is decided about many offers at once – the rights of their source, the licence of their Region – counts at once
for what is published already, batch by batch where they are many (laws 4, 9 and 10)."""

from datetime import date
from typing import Any

import orjson
import pytest

from schemas.db import Database
from schemas.harvest import Access, AccessKind
from schemas.offer import Rights
from schemas.publish import CC_ZERO, PublicOffer
from schemas.store import following
from schemas.store.exporting import Cut, buckets, changed_lines, stream_csv, stream_ndjson
from schemas.store.following import follow_licence, follow_source, keep_licences, licences, unfinished
from schemas.store.harvest import known
from schemas.store.merging import merge
from schemas.store.offers import changes, latest_change, public_offer
from schemas.store.publishing import rebuild
from schemas.store.runs import save_source, steer_source
from schemas.store.work import latest_work
from schemas.vocabulary import RightsKind
from tests.factories import NOW, OPEN, make_source
from tests.schemas.harvesting import Harvest

CC_BY = "http://dcat-ap.de/def/licenses/cc-by/4.0"
DL_BY = "http://dcat-ap.de/def/licenses/dl-by-de/2.0"
ALLOWED = Rights(kind=RightsKind.PERMISSION, granted_by="Museum", granted_on=date(2026, 1, 1), attribution="Museum")
OTHER = Rights(kind=RightsKind.OPEN, licence=DL_BY, attribution="Stadt")
PROSE = "Wir graben gemeinsam nach Knochen."


def steer(harvest: Harvest, rights: Rights) -> None:
    with harvest.database.begin() as session:
        decided = {"rights": rights.model_dump(mode="json")}
        steer_source(session, harvest.source.name, decided, by="Uta", now=harvest.now)


def exported(database: Database) -> list[dict[str, Any]]:
    with database.read() as session:
        return [orjson.loads(line) for line in b"".join(stream_ndjson(session)).splitlines()]


def shown(harvest: Harvest, key: str) -> PublicOffer:
    with harvest.database.read() as session:
        offer = public_offer(session, harvest.id(key))
    assert isinstance(offer, PublicOffer)
    return offer


def bucket_names(database: Database) -> dict[str, int]:
    with database.read() as session:
        return buckets(session)


# -- rights of a source -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "bucket", "on_pages", "leaves"),
    [
        (OPEN, ALLOWED, "permission", True, False),
        (ALLOWED, OPEN, CC_BY, True, True),
        (OPEN, OTHER, DL_BY, True, True),
        (OPEN, Rights(), "facts_only", False, False),
        (Rights(), OPEN, CC_BY, True, True),
        (Rights(), ALLOWED, "permission", True, False),
        (ALLOWED, Rights(), "facts_only", False, False),
    ],
    ids=["open-permission", "permission-open", "open-other", "open-facts", "facts-open", "facts-permission", "back"],
)
def test_new_rights_count_at_once_for_what_is_published(
    database: Database, before: Rights, after: Rights, bucket: str, on_pages: bool, leaves: bool
) -> None:
    harvest = Harvest(database, make_source(rights=before))
    harvest.run({"dinos": {"description": PROSE}})
    version = shown(harvest, "dinos").version

    steer(harvest, after)

    offer = shown(harvest, "dinos")
    assert offer.version > version
    assert (offer.rights.kind, offer.rights.licence) == (after.kind, after.licence)
    assert offer.rights.attribution == after.attribution
    assert (offer.description == PROSE) is on_pages
    [line] = exported(database)
    assert (line["version"], line["description"] == PROSE) == (offer.version, leaves)
    assert bucket_names(database) == {bucket: 1}
    with database.read() as session:
        assert (PROSE.encode() in b"".join(stream_csv(session))) is leaves
        in_bucket = b"".join(stream_ndjson(session, cut=Cut(bucket=after.licence or "none")))
        assert (PROSE.encode() in in_bucket) is leaves
        [change] = changed_lines(session, after=version, limit=10)
        assert orjson.loads(change.body)["rights"]["kind"] == (after.kind if leaves else "facts_only")


def test_another_name_to_credit_is_a_change(database: Database) -> None:
    harvest = Harvest(database, make_source(rights=OPEN))
    harvest.run({"dinos": {}})
    version = shown(harvest, "dinos").version

    steer(harvest, OPEN.model_copy(update={"attribution": "Stadtmuseum"}))

    assert shown(harvest, "dinos").rights.attribution == "Stadtmuseum"
    assert shown(harvest, "dinos").version == version + 1


def test_rights_that_did_not_change_change_nothing(database: Database) -> None:
    harvest = Harvest(database, make_source(rights=OPEN))
    harvest.run({"dinos": {}})
    with database.read() as session:
        before = latest_change(session)

    steer(harvest, OPEN)

    with database.read() as session:
        assert latest_change(session) == before


@pytest.mark.parametrize("changed", ["mv_eins", "mv_zwei"])
def test_an_offer_of_two_sources_follows_each_of_them(database: Database, changed: str) -> None:
    one = Harvest(database, make_source("mv_eins", rights=OPEN))
    two = Harvest(database, make_source("mv_zwei", rights=OPEN))
    one.run({"a": {"description": PROSE}})
    two.run({"b": {"description": "Andere Worte.", "weather": "outdoor"}})
    with database.begin() as session:
        assert merge(session, one.id("a"), two.id("b"), by="Uta", now=NOW) == one.id("a")
    before = shown(one, "a")
    assert (before.description, before.weather, before.rights.kind) == (PROSE, "outdoor", "open")

    steer({"mv_eins": one, "mv_zwei": two}[changed], Rights())

    after = shown(one, "a")  # whoever lends a value without lending words takes the words of the whole away
    assert (after.description, after.weather, after.rights.kind) == (None, "outdoor", "facts_only")
    assert after.version > before.version
    with database.begin() as session:
        assert rebuild(session, NOW) == 0


def test_what_was_typed_keeps_the_rights_that_its_provider_gave(database: Database) -> None:
    form = make_source("eintraege_13075", access=Access(kind=AccessKind.FORM), rights=ALLOWED)
    harvest = Harvest(database, form.model_copy(update={"rights": OPEN}))  # each entry brings rights of its own
    harvest.run({"dinos": {"description": PROSE}})

    steer(harvest, ALLOWED)
    assert shown(harvest, "dinos").rights.licence == OPEN.licence

    steer(harvest, Rights())
    assert shown(harvest, "dinos").rights.kind == "facts_only"


# -- many offers ------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(database: Database, monkeypatch: pytest.MonkeyPatch) -> Harvest:
    """Five offers, of which two follow at a time."""
    monkeypatch.setattr(following, "BATCH", 2)
    harvest = Harvest(database, make_source(rights=OPEN))
    harvest.run({key: {"description": PROSE} for key in "abcde"})
    return harvest


def follow(harvest: Harvest) -> bool:
    with harvest.database.begin() as session:
        return follow_source(session, harvest.source.name, now=harvest.now)


def test_many_offers_follow_in_batches_of_which_the_first_is_at_once(many: Harvest) -> None:
    steer(many, Rights())

    assert bucket_names(many.database) == {CC_BY: 3, "facts_only": 2}
    with many.database.read() as session:
        assert unfinished(session) == [f"follow:{many.source.name}"]
        assert latest_work(session, f"follow:{many.source.name}") is not None
        assert [offer.reading for offer in known(session, many.source.name).values()].count("") == 2
    assert follow(many)
    assert bucket_names(many.database) == {CC_BY: 1, "facts_only": 4}
    while follow(many):
        pass
    assert bucket_names(many.database) == {"facts_only": 5}
    with many.database.read() as session:
        assert unfinished(session) == []
        assert {offer.reading for offer in known(session, many.source.name).values()} == {""}
        assert [change.number for change in changes(session, after=0, limit=100)] == list(range(1, 11))


def test_a_batch_that_is_killed_is_done_again_and_no_offer_changes_twice(many: Harvest) -> None:
    steer(many, Rights())
    with pytest.raises(KeyboardInterrupt), many.database.begin() as session:
        follow_source(session, many.source.name, now=many.now)
        raise KeyboardInterrupt
    assert bucket_names(many.database) == {CC_BY: 3, "facts_only": 2}

    while follow(many):
        pass

    assert bucket_names(many.database) == {"facts_only": 5}
    with many.database.read() as session:
        assert latest_change(session) == 10


def test_rights_that_change_again_meanwhile_begin_anew(many: Harvest) -> None:
    steer(many, Rights())
    follow(many)

    steer(many, OTHER)
    while follow(many):
        pass

    assert bucket_names(many.database) == {DL_BY: 5}


def test_a_few_offers_leave_no_work(database: Database) -> None:
    harvest = Harvest(database, make_source(rights=OPEN))
    harvest.run({"dinos": {}})

    steer(harvest, Rights())

    with database.read() as session:
        assert unfinished(session) == []
        assert latest_work(session, f"follow:{harvest.source.name}") is None


def test_a_source_that_is_unknown_or_has_nothing_to_follow_is_no_fault(database: Database) -> None:
    harvest = Harvest(database)
    with database.begin() as session:
        save_source(session, make_source("mv_leer"), origin="file", now=NOW)
        assert not follow_source(session, "mv_leer", now=NOW)
        assert not follow_source(session, "mv_nie_gehoert", now=NOW)
    assert not follow(harvest)


# -- the licence of a Region's facts ----------------------------------------------------------------------------------


def decide(database: Database, **licence: str) -> None:
    with database.begin() as session:
        keep_licences(session, {key.removeprefix("r"): uri for key, uri in licence.items()}, now=NOW)


def test_a_regions_new_licence_is_a_change_of_each_of_its_offers_that_is_shown(database: Database) -> None:
    here, there = Harvest(database), Harvest(database, make_source("sh_museum", region="01002"))
    here.run({"a": {}, "b": {}})
    there.run({"c": {}})
    here.run(withdrawn=["b"])
    decide(database, r13075=CC_ZERO, r01002=CC_ZERO)
    with database.read() as session:
        before = latest_change(session)

    decide(database, r13075=DL_BY, r01002=CC_ZERO)

    with database.read() as session:
        found = [(change.offer, change.kind) for change in changes(session, after=before, limit=10)]
        assert found == [(here.id("a"), "updated")]
        assert licences(session) == {"13075": DL_BY, "01002": CC_ZERO}
    assert shown(here, "a").version == before + 1
    decide(database, r13075=DL_BY, r01002=CC_ZERO)
    with database.begin() as session:
        assert latest_change(session) == before + 1
        assert rebuild(session, NOW) == 0


def test_the_first_licence_is_a_change_unless_it_is_the_one_that_counts_anyway(database: Database) -> None:
    harvest = Harvest(database)
    harvest.run({"a": {}})

    decide(database, r13075=CC_ZERO)
    assert shown(harvest, "a").version == 1
    decide(database, r01002=DL_BY)
    assert shown(harvest, "a").version == 1


def test_a_licence_of_many_offers_goes_on_where_it_was_killed(many: Harvest) -> None:
    decide(many.database, r13075=DL_BY)
    with many.database.read() as session:
        assert latest_change(session) == 7
        assert unfinished(session) == ["licence:13075"]
        assert latest_work(session, "licence:13075") is not None

    again = True
    while again:
        with many.database.begin() as session:
            again = follow_licence(session, "13075", now=NOW)

    with many.database.read() as session:
        assert [change.offer for change in changes(session, after=5, limit=99)] == [many.id(key) for key in "abcde"]
        assert unfinished(session) == []
