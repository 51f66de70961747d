"""A look at a draft, with a real child over real HTTP: what the draft keeps of it, and of whom it keeps nothing."""

from dataclasses import replace

import pytest

from harvesters.fetch.client import FetchSettings
from schemas.db import Database
from schemas.exclusion import ExclusionKind, Wish
from schemas.region import Region
from schemas.store.drafts import Draft, DraftKind, DraftState, add_draft, draft
from schemas.store.exclusions import exclude
from tests.factories import NOW
from tests.harvesters.loopback import QUICK, running_site
from webapp.previews import preview_draft

REGION = Region(key="13075", name="Vorpommern-Greifswald", land="MV")
TABLE = """Titel;Anbieter;Text
Moortag;Naturpark;Für Kita-Gruppen ab 4 Jahren
Schiffe bauen;Hafenmuseum e. V.;Für Kita-Gruppen ab 3 Jahren
Knoten lernen;Hafenmuseum;Für Kita-Gruppen ab 5 Jahren
"""


@pytest.fixture
def settings() -> FetchSettings:
    return replace(QUICK, allow_loopback=True)


def looked_at(database: Database, settings: FetchSettings, *unlisted: str) -> Draft:
    """The draft of an address with three offers of two providers, some of whom asked not to be listed."""
    with running_site() as site:
        address = site.put("/angebote.csv", TABLE, **{"Content-Type": "text/csv"})
        with database.begin() as session:
            wishes = [Wish(kind=ExclusionKind.PROVIDER, value=name) for name in unlisted]
            exclude(session, wishes, region="13075", by="Uta", now=NOW)
            waits = DraftState.WAITING
            number = add_draft(session, "13075", DraftKind.ADDRESS, address, state=waits, by="Uta", now=NOW)
        preview_draft(database, number, {"13075": REGION}, settings=settings, now=NOW)
    with database.read() as session:
        found = draft(session, number)
    assert found is not None
    return found


def test_a_look_counts_everything_where_nobody_is_unlisted(sqlite_database: Database, settings: FetchSettings) -> None:
    found = looked_at(sqlite_database, settings)

    assert found.state is DraftState.READY, found.error
    assert (found.result["offers"], found.result["difference"]["new"], found.result["unlisted"]) == (3, 3, 0)


def test_whoever_is_not_to_be_listed_is_neither_counted_nor_kept(
    sqlite_database: Database, settings: FetchSettings
) -> None:
    found = looked_at(sqlite_database, settings, "Hafenmuseum")

    result = found.result
    assert (result["offers"], result["understood"], result["unlisted"]) == (1, 1, 2)
    assert result["difference"]["new"] == 1
    assert sum(result["suitable"].values()) == 1
    assert result["held"] == 1
    assert [sample["title"] for sample in result["samples"]] == ["Moortag"]
    assert "Hafenmuseum" not in found.model_dump_json()
    assert found.source["title"] == "Naturpark"


def test_a_page_of_nobody_but_the_unlisted_says_so(sqlite_database: Database, settings: FetchSettings) -> None:
    found = looked_at(sqlite_database, settings, "Hafenmuseum", "Naturpark")

    assert found.state is DraftState.FAILED
    assert "auf Wunsch" in found.error
    assert found.result == {"rule": "fetch.excluded"}
