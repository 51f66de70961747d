"""Reading a source's description."""

import re
from pathlib import Path
from typing import Any

import pytest

from harvesters.problems import ReadError
from harvesters.registry import bundled_sources, find
from harvesters.source import load_source, source_from
from schemas.exceptions import SourceError
from schemas.harvest import AccessKind
from schemas.vocabulary import RightsKind

GOOD = """
name   = "be_beispielmuseum"
region = "11"

[access]
kind   = "html"
start  = ["https://museum.example/kita"]
fields = { title = "h1", ages = ".alter" }
"""


def written(folder: Path, text: str, name: str = "be_beispielmuseum.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def error_of(folder: Path, text: str) -> str:
    with pytest.raises(SourceError) as caught:
        load_source(written(folder, text))
    return str(caught.value)


def test_a_description_becomes_a_source_with_honest_defaults(tmp_path: Path) -> None:
    source = load_source(written(tmp_path, GOOD))

    assert (source.name, source.access.kind, source.trust) == ("be_beispielmuseum", AccessKind.HTML, "hold")
    assert source.rights.kind is RightsKind.FACTS_ONLY


def test_unknown_keys_are_named_with_the_nearest_known_one(tmp_path: Path) -> None:
    error = error_of(
        tmp_path, GOOD.replace("region", 'rythm = "daily"\nregion').replace("start ", 'folow = "a"\nstart')
    )

    assert "rythm ist unbekannt. Gemeint ist vielleicht „rhythm“." in error
    assert "access.folow ist unbekannt. Gemeint ist vielleicht „follow“." in error
    assert "be_beispielmuseum.toml" in error
    assert "harvesters/README.md" in error


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('region = "11"', "", "region fehlt"),
        ('region = "11"', "region = 11", "region muss Text in Anführungszeichen sein"),
        ('"html"', '"htlm"', "access.kind: gelesen wurde „htlm“, möglich ist 'structured', 'html'"),
        ("ages =", "alter =", "access.fields.alter ist kein bekanntes Feld"),
        ("title =", "titel =", "access.fields.titel ist kein bekanntes Feld. Gemeint ist vielleicht „title“."),
        ('"https://museum.example/kita"', '"file:///etc/passwd"', "is not an http or https address"),
        ('["https://museum.example/kita"]', '"https://museum.example/kita"', "muss eine Liste"),
        ('name   = "be_beispielmuseum"', 'name = "../etc"', "must be lower-case snake_case"),
        ('name   = "be_beispielmuseum"', 'name = "be_anderes"', "die Datei heißt „be_beispielmuseum.toml“"),
        ("[access]", '[rights]\nkind = "open"\n[access]', "rights of kind open need licence"),
        ("[access]", "[access", "kein gültiges TOML"),
        ("fields = {", 'zone = "Europa/Berlin"\nfields = {', "„Europa/Berlin“ ist keine Zeitzone"),
        ("fields = {", 'encoding = "utf-9"\nfields = {', "„utf-9“ ist keine Kodierung"),
        ("fields = {", 'delimiter = ";"\nfields = {', "access.delimiter hat bei kind = „html“ keine Wirkung"),
        ("title =", "text =", "access.fields.title fehlt"),
        ("[access]", "[expect.filled]\nduration = 0.5\n[access]", "Gemeint ist vielleicht „duration_minutes“."),
        ("fields = {", "key_pattern = '(a)(b)'\nfields = {", "needs exactly one group"),
        ("fields = {", "key_pattern = '(a'\nfields = {", "is no regular expression"),
        ("fields = {", "sitemap = '('\nfields = {", "is no regular expression"),
        (
            "fields = {",
            "follow = 'a'\nsitemap = '/a/'\nfields = {",
            "access.follow hat neben access.sitemap keine Wirkung.",
        ),
    ],
)
def test_every_mistake_is_said_with_file_key_and_what_is_expected(
    tmp_path: Path, before: str, after: str, words: str
) -> None:
    assert before in GOOD
    error = error_of(tmp_path, GOOD.replace(before, after, 1))

    assert words in error
    assert "be_beispielmuseum" in error


def test_a_file_that_is_missing_or_no_utf_8_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nicht lesbar"):
        load_source(tmp_path / "be_nichts.toml")
    (tmp_path / "be_latein.toml").write_bytes("title = 'Führung'".encode("latin-1"))
    with pytest.raises(SourceError, match="kein UTF-8"):
        load_source(tmp_path / "be_latein.toml")


def test_a_row_of_the_desk_is_checked_by_the_same_rules() -> None:
    row: dict[str, Any] = {
        "name": "be_tabelle",
        "region": "11",
        "access": {"kind": "csv", "start": ["https://x.example/a"]},
    }

    assert source_from(row, "Formular").access.kind is AccessKind.CSV
    with pytest.raises(ReadError, match="Formular"):
        source_from(row | {"farbe": "grün"}, "Formular")


def test_sources_are_found_by_name(tmp_path: Path) -> None:
    written(tmp_path, GOOD)

    assert find("be_beispielmuseum", tmp_path) == bundled_sources(tmp_path)[0]


@pytest.mark.parametrize("name", ["be_nichts", "../be_beispielmuseum", ""])
def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path: Path, name: str) -> None:
    written(tmp_path, GOOD)

    with pytest.raises(SourceError, match="Bekannt sind: be_beispielmuseum"):
        find(name, tmp_path / "." if name else tmp_path)


def described(kind: str, **access: object) -> dict[str, object]:
    start = ["https://museum.example/kita"]
    return {"name": "be_beispielmuseum", "region": "11", "access": {"kind": kind, "start": start} | access}


def test_a_page_has_headings_as_items_and_no_selectors() -> None:
    assert source_from(described("page", items="h2", follow="main a"), "x").access.items == "h2"

    for wrong in ({"key": "h1"}, {"fields": {"title": "h1"}}):
        with pytest.raises(ReadError, match="keine Wirkung"):
            source_from(described("page", **wrong), "x")


def test_a_table_on_the_web_may_name_its_sheet() -> None:
    assert source_from(described("csv", items="Angebote"), "x").access.items == "Angebote"


@pytest.mark.parametrize("kind", ["rpde", "linked_events", "kulturdaten"])
@pytest.mark.parametrize("key", [{"key": "id"}, {"items": "x"}, {"fields": {"title": "x"}}, {"next": "x"}])
def test_a_list_says_itself_what_is_what(kind: str, key: dict[str, object]) -> None:
    assert source_from(described(kind), "x").access.kind == kind

    with pytest.raises(ReadError, match="keine Wirkung"):
        source_from(described(kind, **key), "x")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "gebraucht wird „https://museum.example/oai?verb=ListRecords&metadataPrefix=oai_dc“"),
        ("?set=kinder", "verb=ListRecords&metadataPrefix=oai_dc&set=kinder“"),
        ("?verb=ListRecords&metadataPrefix=lido&from=2026-11-01", "„from“ zeigt nur einen Teil der Liste"),
        ("?verb=ListRecords&metadataPrefix=oai_dc", None),
        ("?verb=ListRecords&metadataPrefix=oai_dc&set=kinder", None),
    ],
)
def test_a_repository_is_described_by_the_address_of_a_whole_list(query: str, said: str | None) -> None:
    mapping = described("oai", start=[f"https://museum.example/oai{query}"])

    if said is None:
        assert source_from(mapping, "x").access.kind == "oai"
        return
    with pytest.raises(ReadError, match=re.escape(said)):
        source_from(mapping, "x")


@pytest.mark.parametrize(
    "start",
    ["https://daten.example/dataset/kurse", "https://daten.example/api/3/action/package_show?id=kurse"],
)
def test_a_dataset_of_a_portal_is_described_by_its_page_or_its_api(start: str) -> None:
    source = source_from(described("ckan", start=[start], distribution="csv", fields={"title": "Was"}), "x")

    assert (source.access.kind, source.access.distribution) == (AccessKind.CKAN, "csv")


@pytest.mark.parametrize(
    ("access", "words"),
    [
        ({"kind": "ckan"}, "Gemeint ist die Seite des Datensatzes"),
        ({"kind": "ckan", "start": ["https://daten.example/dataset/a"] * 2}, "also steht hier eine Adresse"),
        ({"kind": "ckan", "start": ["https://daten.example/dataset/a"], "dataset": "a"}, "access.dataset hat bei"),
        ({"kind": "csv", "distribution": "csv"}, "access.distribution hat bei"),
        ({"kind": "dcat", "follow": "a"}, "access.follow hat bei"),
        ({"kind": "dcat", "fields": {"text": "a"}}, "access.fields.title fehlt"),
    ],
)
def test_a_dataset_that_is_described_wrongly_is_said(access: dict[str, object], words: str) -> None:
    with pytest.raises(ReadError, match=words):
        source_from(described(str(access.pop("kind")), **access), "x")
