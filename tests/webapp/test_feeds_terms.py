"""The attributions that licences of our tables ask for are shown, and are those that stand beside the tables."""

from pathlib import Path

from schemas.publish import PublicRights
from schemas.vocabulary import RightsKind
from tests.webapp.site import Site
from webapp.feeds.terms import ATTRIBUTIONS, exported_words, rights_line

TABLES = Path(__file__).parents[2] / "schemas" / "data" / "README.md"


def test_the_readme_of_the_tables_asks_for_the_same_words():
    text = TABLES.read_text(encoding="utf-8")
    asked = {words for words in text.split('"') if "\n" not in words}

    for table in ATTRIBUTIONS:
        assert table.words in asked
        assert table.licence in text


def test_every_table_of_others_is_named():
    text = TABLES.read_text(encoding="utf-8")
    licences = [line for line in text.splitlines() if line.startswith("| `")]

    assert len(licences) == len(ATTRIBUTIONS)


def test_every_page_and_the_data_page_name_them(site: Site):
    for path in ("/", "/daten", "/nichts"):
        page = site.client().get(path).text
        assert [table.words for table in ATTRIBUTIONS if table.words not in page] == []
    data = site.client().get("/daten").text
    assert [table.url for table in ATTRIBUTIONS if f'href="{table.url}"' not in data] == []


def test_share_alike_tables_are_not_said_to_be_exported():
    assert [table.words for table in ATTRIBUTIONS if table.licence.startswith("ODbL") and table.exported] == []
    assert "OpenStreetMap" not in exported_words()


def test_rights_of_every_kind_have_words():
    lines = {kind: rights_line(PublicRights(kind=kind, licence="L", attribution="Museum")) for kind in RightsKind}

    assert lines == {
        RightsKind.OPEN: "Fakten: CC0 1.0. Text: Museum, L, verändert: gekürzt, vereinheitlicht.",
        RightsKind.PERMISSION: "Fakten: CC0 1.0. Text mit Erlaubnis (Museum), Weitergabe nur mit Zustimmung.",
        RightsKind.FACTS_ONLY: "Fakten: CC0 1.0. Der Text des Anbieters ist nicht enthalten.",
    }
