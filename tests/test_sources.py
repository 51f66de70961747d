"""House rules for every source description: those of the project and those of the demo."""

import re
from pathlib import Path

import pytest

from harvesters.registry import FOLDER
from harvesters.source import load_source
from schemas.geography import kreis_name, land_of
from schemas.harvest import Source
from schemas.vocabulary import RightsKind

ROOT = Path(__file__).parents[1]
FILES = sorted(FOLDER.glob("*.toml"))
EXAMPLES = sorted((ROOT / "webapp/demo/sources").glob("*.toml"))
LONGEST = 150


@pytest.fixture(params=[*FILES, *EXAMPLES], ids=lambda path: path.stem)
def file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def source(file: Path) -> Source:
    return load_source(file)


def test_there_are_sources() -> None:
    assert {path.stem for path in FILES} >= {
        "mv_greifswald_kulturkalender",
        "nw_muenster_coerde_csv",
        "nw_muenster_coerde_ical",
        "nw_muenster_coerde_json",
    }
    assert len(EXAMPLES) >= 6


def test_the_name_begins_with_the_land(source: Source) -> None:
    assert source.name.split("_")[0] == land_of(source.region).lower()


def test_the_region_exists(source: Source) -> None:
    assert len(source.region) == 2 or kreis_name(source.region[:5])


def test_people_can_read_what_it_is(source: Source, file: Path) -> None:
    assert source.title
    assert source.homepage and source.homepage.startswith("https://")
    assert file.read_text("utf-8").startswith("# ")


def test_rights_are_stated_not_implied(source: Source, file: Path) -> None:
    assert "[rights]" in file.read_text("utf-8")
    if source.rights.kind is RightsKind.OPEN:
        assert re.match(r"https?://", source.rights.licence or "")


def test_expectations_are_stated(source: Source, file: Path) -> None:
    assert "[expect]" in file.read_text("utf-8")
    assert 0 < source.expect.offers.min < source.expect.offers.max <= 10_000
    assert source.expect.offers.max_vanished <= 0.5


def test_it_stays_small(file: Path) -> None:
    code = file.with_suffix(".py")

    assert len(file.read_text("utf-8").splitlines()) <= 80
    assert not code.exists() or len(code.read_text("utf-8").splitlines()) <= LONGEST


def test_examples_are_marked_and_live_nowhere() -> None:
    for path in EXAMPLES:
        source = load_source(path)
        assert source.example
        assert all(".example/" in start for start in source.access.start)


def test_what_comes_with_the_project_is_off_until_an_installation_has_read_it() -> None:
    for path in FILES:
        source = load_source(path)
        assert (source.active, source.status, source.trust) == (False, "unverified", "hold"), path.name


def test_both_starter_packs_say_where_their_addresses_come_from() -> None:
    packs = {"13075": 0, "01002": 0}
    for path in FILES:
        text = path.read_text("utf-8")
        if "# Starter pack." in text:
            assert re.search("# Starter pack. .*(was not|has not been) opened", text), path.name
            assert load_source(path).rights.kind is RightsKind.FACTS_ONLY
            packs[load_source(path).region] += 1
    assert min(packs.values()) >= 8


def test_real_sources_are_no_examples() -> None:
    for path in FILES:
        source = load_source(path)
        assert not source.example
        assert all(start.startswith("https://") and ".example" not in start for start in source.access.start)
