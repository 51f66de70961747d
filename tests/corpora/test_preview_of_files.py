"""``preview`` of every stored file: as many offers as are in it, or one clear Issue; never a traceback."""

import csv
import json
import warnings
from datetime import UTC, datetime
from pathlib import Path

from harvesters.formats.ckan import base_of, search_addresses
from harvesters.preview import preview
from harvesters.problems import ReadError
from tests.harvesters.loopback import QUICK

FOLDERS = ("html", "ical", "rss", "ckan", "dcat", "oai", "rpde", "events")
EXPECTED = Path(__file__).with_name("preview_of_files.json")
"""File → number of offers, or the rule of the Issue that says why there is none."""
SEEN = datetime(2026, 4, 26, 10, 0, tzinfo=UTC)


def outcome(path: Path) -> int | str:
    """How many offers ``path`` holds, or the rule that says why it holds none."""
    try:
        found = preview(str(path), settings=QUICK, now=SEEN)
    except ReadError as error:
        assert error.happened.endswith(".")
        assert error.remedy.endswith(".")
        return error.rule
    return len(found.offers) or found.issues[-1].rule


def test_every_file_gives_offers_or_one_clear_issue(shared: Path) -> None:
    data = shared / "data"
    files = sorted(path for folder in FOLDERS for path in (data / folder).rglob("*") if path.is_file())

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = {str(path.relative_to(data)): outcome(path) for path in files if path.name != "SOURCE.txt"}

    assert found == json.loads(EXPECTED.read_text("utf-8"))


def test_the_portals_of_german_towns_are_known_by_their_addresses(shared: Path) -> None:
    """Nearly all list their datasets by CKAN's API; the rest by that of OpenDataSoft, ArcGIS or pages of their own."""
    with (shared / "data/dcat/opendata-portals-de/portals.de.csv").open(encoding="utf-8-sig", newline="") as file:
        portals = list(csv.DictReader(file))
    interfaces = [row["api"] for row in portals if row["api"]]
    pages = [row["url"] for row in portals if "/organization/" in row["url"]]

    assert (len(interfaces), len(pages)) == (46, 76)
    assert sum(base_of(address) is not None for address in interfaces) == 38
    for page in pages:
        (search,) = search_addresses(page, ("kita",), 50)
        assert search.startswith(f"{page.partition('/organization/')[0]}/api/3/action/package_search?q=kita")
        assert search.endswith(f"fq=organization%3A{page.rstrip('/').rpartition('/')[2]}")
