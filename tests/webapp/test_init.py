"""``kitalotse init``: one key or name, one file that explains itself, an empty database; never over another file."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from schemas.db import Database
from schemas.exceptions import SettingsError
from schemas.geography import land_name
from schemas.migrate import current, head
from schemas.region import Coordinator, Region, Relay
from schemas.store.runs import sources
from schemas.vocabulary import OFFICIAL_AREAS, Area
from webapp.cli import main
from webapp.region_file import PLACEHOLDER, new_region, placeholders, region_toml
from webapp.region_keys import find_area
from webapp.regions import load_regions

PORTAL = "https://bildung.example/vg"
KIM = Coordinator(name="Kim Muster", mail="kim@vg.example")


def init(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["init", *arguments], env={"KITALOTSE_DATA_DIR": str(folder)})


def made(
    text: str, base_url: str | None = "https://bildung.example/vg", coordinator: Coordinator | None = KIM
) -> Region:
    area = find_area(text)
    return new_region(area, land_name(area.key), base_url=base_url, coordinator=coordinator)


# -- which Region is meant --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key", "name"),
    [
        ("13075", "13075", "Landkreis Vorpommern-Greifswald"),
        (" 13 075 ", "13075", "Landkreis Vorpommern-Greifswald"),
        ("01002", "01002", "Kiel"),
        ("Kiel", "01002", "Kiel"),
        ("greifswald", "13075039", "Hansestadt Greifswald"),
        ("Vorpommern-Greifswald", "13075", "Landkreis Vorpommern-Greifswald"),
        ("Landkreis Rostock", "13072", "Landkreis Rostock"),
        ("Landkreis Plön", "01057", "Kreis Plön"),
        ("13", "13", "Mecklenburg-Vorpommern"),
        ("13075039", "13075039", "Hansestadt Greifswald"),
    ],
)
def test_a_region_is_found_by_key_and_by_name(text, key, name):
    found = find_area(text)

    assert (found.key, found.name) == (key, name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("13079", ["'13079'", "no Kreis has this key", "13075 Landkreis Vorpommern-Greifswald"]),
        ("1307", ["has 4 digits", "expected 2 (Land), 5 (Kreis) or 8 (municipality)", "13075"]),
        ("130755552075", ["12 digits", "13075075 Leopoldshagen"]),
        ("99", ["no Land has this key"]),
        ("Grefswald", ["'Grefswald'", "13075039 Hansestadt Greifswald"]),
        ("Rostock", ["several", "13003 Rostock", "13072 Landkreis Rostock"]),
        ("Neustadt", ["several", "07316 Neustadt an der Weinstraße", "more"]),
        ("", ["no Land, Kreis or municipality"]),
        ("x" * 100_000, ["no Land, Kreis or municipality"]),
    ],
)
def test_a_wrong_key_or_name_says_what_was_read_what_is_expected_and_what_comes_near(text, said):
    with pytest.raises(SettingsError) as refusal:
        find_area(text)

    assert [words for words in said if words not in str(refusal.value)] == []


# -- the file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["13075", "01002", "12", "05315000", "09184"])
@pytest.mark.parametrize(("base_url", "coordinator"), [("https://bildung.example/vg", KIM), (None, None)])
def test_the_file_gives_the_region_again_and_names_every_key(text, base_url, coordinator):
    region = made(text, base_url, coordinator)

    written = region_toml(region)

    assert Region.model_validate(tomllib.loads(written)) == region
    for model in (Region, Relay, Coordinator):
        assert [name for name in model.model_fields if not names(written, name)] == []
    assert [
        field.description for field in Region.model_fields.values() if not explained(written, field.description)
    ] == []


def names(written: str, key: str) -> bool:
    return bool(re.search(rf"^#?\[*{key}(\]+| = )", written, re.MULTILINE))


def explained(written: str, description: str | None) -> bool:
    comments = " ".join(line.removeprefix("# ") for line in written.splitlines() if line.startswith("# "))
    return bool(description) and " ".join(str(description).split()) in comments


def test_keys_that_are_commented_out_are_right_once_the_hash_is_removed():
    region = made("12", None, None)
    relay = '[relay]\nhost = "relay.example"\n'
    lines = [line for line in region_toml(region).splitlines() if not re.match(r"# |#(host|\[relay)", line)]
    active = "\n".join(re.sub(r"^#", "", line) for line in lines).replace("port =", f"{relay}port =", 1)
    active = re.sub(r'^(name|mail) = ""$', r'\1 = "x@y.example"', active, flags=re.MULTILINE)

    assert Region.model_validate(tomllib.loads(active)).official_areas.keys() == set(Area)


def test_hostile_words_cannot_leave_their_place_in_the_file():
    hostile = Coordinator(name='"""\n[relay]\nhost = "x"\\', mail="a@b")
    region = made("13075", None, hostile)

    assert Region.model_validate(tomllib.loads(region_toml(region))) == region


def test_known_facts_of_the_land_stand_in_the_file_and_unverified_ones_are_called_so():
    region, other = made("13075"), made("12")
    written = region_toml(region)

    assert region.official_areas == OFFICIAL_AREAS["MV"]
    assert (region.timetable_url, other.timetable_url) == ("https://www.fahrplanauskunft-mv.de", None)
    assert "Unverified" in written.partition("timetable_url")[0].rpartition("\n\n")[2]
    assert "Mecklenburg-Vorpommern, Schwerin" in (region.privacy or "")
    assert region.sender_mail == "kitalotse@bildung.example"


def test_what_a_region_must_complete_is_marked_and_found():
    gaps = list(placeholders(made("12", None, None)))

    assert {key for key, _ in gaps} == {"imprint", "privacy", "accessibility"}
    assert all(gap.startswith(PLACEHOLDER) and gap.endswith("]") for _, gap in gaps)
    assert not re.search(r"\{[a-z]+\}", region_toml(made("12", None, None)))


# -- the command ------------------------------------------------------------------------------------------------------


def test_two_regions_come_into_one_installation_and_the_database_is_there(tmp_path):
    first = init(
        tmp_path, "--region", "13075", "--base-url", "https://bildung.example/vg/", "--coordinator", "A <a@b.de>"
    )
    second = init(tmp_path, "--region", "Kiel", "--base-url", "https://bildung.example/kiel", "--json")

    assert first.exit_code == 0, first.output
    assert 'kitalotse desk-link "A" --region 13075' in first.output
    said = json.loads(second.stdout)
    assert said["file"] == str(tmp_path / "regions" / "01002.toml")
    assert said["sources"] > 0
    regions = load_regions(tmp_path / "regions")
    assert {key: region.base_url for key, region in regions.items()} == {
        "13075": "https://bildung.example/vg",
        "01002": "https://bildung.example/kiel",
    }
    database = Database(f"sqlite:///{tmp_path / 'kitalotse.sqlite'}")
    assert current(database) == head()
    database.dispose()


def test_the_starter_pack_waits_at_the_desk_and_is_off(tmp_path):
    init(tmp_path, "--region", "13075")

    database = Database(f"sqlite:///{tmp_path / 'kitalotse.sqlite'}")
    with database.read() as session:
        known = sources(session, "13075")
    database.dispose()
    assert {source.region for source in known} == {"13075"}
    assert not any(source.active for source in known)


def test_a_file_that_is_there_is_never_overwritten(tmp_path):
    path = tmp_path / "regions" / "13075.toml"
    path.parent.mkdir()
    path.write_text('key = "13075"\nname = "Meins"\nland = "MV"\n', encoding="utf-8")

    refused = init(tmp_path, "--region", "13075")

    assert refused.exit_code == 1
    assert str(path) in refused.output
    assert "Meins" in path.read_text(encoding="utf-8")


def test_a_region_under_another_file_name_is_noticed_too(tmp_path):
    assert init(tmp_path, "--region", "13075").exit_code == 0
    (tmp_path / "regions" / "13075.toml").rename(tmp_path / "regions" / "vg.toml")

    assert init(tmp_path, "--region", "13075").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--region", "13079"], 1, "13075"),
        (["--region", "Kiel", "--base-url", "https://bildung.example/vg"], 1, "already the address of Region"),
        (["--region", "Kiel", "--base-url", "bildung.example"], 2, "https://kitalotse.example"),
        (["--region", "Kiel", "--coordinator", "niemand"], 2, "Name <name@example.org>"),
        ([], 2, "--region"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(tmp_path, arguments, status, said):
    assert init(tmp_path, "--region", "13075", "--base-url", "https://bildung.example/vg").exit_code == 0

    refused = init(tmp_path, *arguments)

    assert refused.exit_code == status
    assert said in refused.output
    assert [path.name for path in (tmp_path / "regions").iterdir()] == ["13075.toml"]


def test_two_regions_at_one_address_are_refused_when_the_files_are_read(tmp_path):
    for key in ("13075", "01002"):
        region = made(key, "https://bildung.example/vg")
        (tmp_path / f"{key}.toml").write_text(region_toml(region), encoding="utf-8")

    with pytest.raises(SettingsError, match="already the address"):
        load_regions(tmp_path)


@pytest.mark.parametrize(
    "address", ["bildung.example", "https://", "https://u@h.example", "https://h.example/?a", "javascript:x"]
)
def test_an_address_that_is_none_is_refused_in_a_regions_file(tmp_path, address):
    text = region_toml(made("13075")).replace(f'base_url = "{PORTAL}"', f'base_url = "{address}"')
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")

    with pytest.raises(SettingsError, match="base_url"):
        load_regions(tmp_path)
