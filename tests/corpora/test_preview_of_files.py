"""``preview`` of every stored file: as many offers as are in it, or one clear Issue; never a traceback."""

import json
import warnings
from datetime import UTC, datetime
from pathlib import Path

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
