"""Datasets of portals: which file is the best one, what may be proposed as rights, what sounds like offers."""

from datetime import date
from typing import Any

import pytest

from harvesters.formats.datasets import Catalogue, Dataset, Distribution, promising
from harvesters.formats.licences import licence_uri
from schemas.offer import Rights
from schemas.vocabulary import RightsKind

DL_BY = "http://dcat-ap.de/def/licenses/dl-by-de/2.0"


def file(path: str, **changes: Any) -> Distribution:
    return Distribution(f"https://daten.example/{path}", **changes)


def best(*files: Distribution, only: str | None = None) -> str:
    chosen = Dataset("1", "Kurse", distributions=files).choices(only)[0]
    return chosen.url.removeprefix("https://daten.example/")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (file("a.csv", label="HTML"), "csv"),
        (file("download?id=7", label="CSV"), "csv"),
        (file("a.ashx", media_type="text/calendar; charset=utf-8", label="XML"), "ics"),
        (file("a.csv", media_type="text/html", label="csv"), "csv"),
        (file("a.xlsx", label="CSV"), "xlsx"),
        (file("a.csv", media_type="application/vnd.ms-excel", label="CSV"), "csv"),
        (file("a.xls", media_type="application/vnd.ms-excel", label="CSV"), None),
        (file("a.geojson", media_type="application/json", label="JSON"), "geojson"),
        (file("wfs?request=GetFeature&outputFormat=application/json", label="WFS"), "json"),
        (file("a", label="http://publications.europa.eu/resource/authority/file-type/GEOJSON"), "geojson"),
        (file("a.zip", label="CSV"), None),
        (file("a", label="zip+csv"), None),
        (file("a", media_type="application/zip", label="CSV"), None),
        (file("wms?request=GetMap", label="WMS"), None),
        (file("karte", label=""), None),
    ],
)
def test_the_format_of_a_file_is_what_it_most_likely_is(given: Distribution, found: str | None) -> None:
    assert given.format == found


def test_a_format_for_machines_comes_first() -> None:
    assert best(file("a.pdf"), file("a.csv"), file("a.ics"), file("a.json")) == "a.ics"


def test_the_newest_file_comes_first_by_its_year_then_by_its_day() -> None:
    old, new = file("a.csv", modified=date(2026, 2, 1)), file("b.csv", modified=date(2026, 11, 1))

    assert best(old, new) == "b.csv"
    last_year = file("kurse-2025.csv", modified=date(2026, 12, 1))  # a portal that moved says so of all its files
    assert best(last_year, file("kurse-2026.csv", modified=date(2026, 1, 1))) == "kurse-2026.csv"


def test_data_comes_before_what_tells_about_it() -> None:
    about = file("a.csv", name="Feldbeschreibung", modified=date(2026, 11, 1))

    assert best(about, file("b.csv", name="Kurse")) == "b.csv"


def test_a_description_may_name_the_format_or_the_file() -> None:
    files = (file("a.ics"), file("b.csv", key="f7"), file("c.zip", key="f8"))

    assert best(*files, only="csv") == "b.csv"
    assert best(*files, only="f8") == "c.zip"
    assert Dataset("1", "Kurse", distributions=files).choices("xlsx") == []


@pytest.mark.parametrize(
    ("stated", "uri"),
    [
        ("dl-de-by-2.0", DL_BY),
        ("dl-de/by-2-0", DL_BY),
        ("https://www.govdata.de/dl-de/by-2-0", DL_BY),
        ("http://dcat-ap.de/def/licenses/dl-by-de/2.0", DL_BY),
        ("cc-zero", "http://dcat-ap.de/def/licenses/cc-zero"),
        ("http://creativecommons.org/publicdomain/zero/1.0/deed.de", "http://dcat-ap.de/def/licenses/cc-zero"),
        ("https://creativecommons.org/licenses/by/3.0/de/", "http://dcat-ap.de/def/licenses/cc-by-de/3.0"),
        (
            "http://publications.europa.eu/resource/authority/licence/CC_BY_4_0",
            "http://dcat-ap.de/def/licenses/cc-by/4.0",
        ),
        ("cc-by", "http://dcat-ap.de/def/licenses/cc-by"),
        ("odc-odbl", "http://dcat-ap.de/def/licenses/odbl"),
        ("https://opendatacommons.org/licenses/odbl/1-0/", "http://dcat-ap.de/def/licenses/odbl"),
        *((stated, None) for stated in ("cc-nc", "other-open", "notspecified", "", "officialWork", "cc-by-nd-4.0")),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/", None),
        ("https://creativecommons.org/licenses/by/2.0/uk/", None),
        ("https://example.org/licenses/cc-by-sold-by-us", None),
    ],
)
def test_only_what_is_surely_an_open_licence_is_one(stated: str, uri: str | None) -> None:
    assert licence_uri(stated) == uri


@pytest.mark.parametrize(
    ("licences", "of_file", "uri"),
    [
        (("dl-de-by-2.0", "https://www.govdata.de/dl-de/by-2-0"), (), DL_BY),
        ((), ("dl-de-by-2.0",), DL_BY),
        (("dl-de-by-2.0",), ("other-closed",), None),
        (("dl-de-by-2.0", "https://creativecommons.org/licenses/by-nc/4.0/"), (), None),
        (("cc-zero",), ("dl-de-by-2.0",), None),
        ((), (), None),
    ],
)
def test_rights_are_never_more_open_than_all_that_is_stated(
    licences: tuple[str, ...], of_file: tuple[str, ...], uri: str | None
) -> None:
    dataset = Dataset("1", "Kurse", publisher="Stadt Wald", licences=licences)

    proposed = dataset.rights(file("a.csv", licences=of_file))

    assert (proposed.licence, proposed.attribution) == (uri, "Stadt Wald" if uri else None)
    assert proposed.kind is (RightsKind.OPEN if uri else RightsKind.FACTS_ONLY)


def test_without_anybody_to_name_nothing_is_proposed() -> None:
    assert Dataset("1", "Kurse", licences=("cc-zero",)).rights() == Rights()
    assert Dataset("1", "Kurse", licences=("cc-zero",), attribution="VHS").rights().attribution == "VHS"


def test_what_sounds_like_offers_is_ranked_and_the_rest_left_out() -> None:
    titles = ("Veranstaltungskalender", "Einwohner nach Stadtteilen", "Kurse für Kinder", "Abfuhrtermine", "Wahllokale")
    datasets = [Dataset(str(n), title, distributions=(file("a.csv"),)) for n, title in enumerate(titles)]
    nothing_to_read = Dataset("9", "Veranstaltungen", distributions=(file("a.zip"),))

    assert [each.title for each in promising([*datasets, nothing_to_read])] == [
        "Kurse für Kinder",
        "Veranstaltungskalender",
    ]


def test_a_dataset_is_found_by_any_of_its_names() -> None:
    page = Catalogue((Dataset("1", "Kurse", also=("kurse",)), Dataset("2", "Feste")))

    assert [page.find(name) and page.find(name).key for name in ("1", "kurse", "2", "3")] == ["1", "1", "2", None]  # type: ignore[union-attr]
    assert page.find(None) is None
