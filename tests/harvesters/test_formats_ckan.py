"""CKAN's action API and its relatives: what they say of datasets, in whatever shape."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.formats import ckan
from harvesters.formats.datasets import Catalogue
from harvesters.formats.records import Origin
from harvesters.problems import ReadError
from harvesters.source import undescribed
from schemas.harvest import Access, AccessKind
from tests.factories import NOW
from tests.harvesters.portal import answer, package, resource

SHOW = "https://daten.example/api/3/action/package_show?id=kurse"
SEARCH = "https://daten.example/api/3/action/package_search?q=kinder&rows=2"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | st.just("a.csv"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*package(), *resource("")]), inner),
    max_leaves=12,
)


def read(content: str, url: str = SHOW) -> Catalogue:
    source = undescribed(Access(kind=AccessKind.CKAN, start=(url,)))
    return ckan.parse(content.encode(), Origin(source, url, NOW, "ckan"))


def test_a_dataset_is_read_with_everything_that_decides() -> None:
    told = package(resource("https://daten.example/kurse.csv", last_modified="2026-11-19T08:00:00"))

    (dataset,) = read(answer(told)).datasets

    assert (dataset.key, dataset.also, dataset.title) == ("11111111-aaaa", ("kurse",), "Kurse für Kinder")
    assert (dataset.publisher, dataset.page) == ("Stadt Wald", "https://daten.example/dataset/kurse")
    (file,) = dataset.distributions
    assert (file.url, file.key, file.format, str(file.modified)) == (
        "https://daten.example/kurse.csv",
        "f1",
        "csv",
        "2026-11-19",
    )


@pytest.mark.parametrize(
    "content",
    [
        answer([package()]),
        answer([[package()]]),
        answer(package(), success="true"),
        json.dumps([json.loads(answer(package()))]),
        answer(package(tags=["Kinder"], extras={"a": "b"}, metadata_modified="Fr, 11/20/2026 - 10:00")),
        answer(package(license_id=None, extras=[{"key": "license_attribution", "value": '"Stadt"'}], groups=None)),
        answer({"id": "11111111-aaaa", "title": "Kurse für Kinder"}),
        answer({"name": "11111111-aaaa", "title": "Kurse für Kinder", "resources": {"0": "x"}, "organization": "x"}),
    ],
)
def test_what_dkan_writes_otherwise_is_read_too(content: str) -> None:
    (dataset,) = read(content).datasets

    assert (dataset.key, dataset.title) == ("11111111-aaaa", "Kurse für Kinder")


@pytest.mark.parametrize(
    "said",
    [
        {"success": False, "error": {"message": "Nicht gefunden", "__type": "Not Found Error"}},
        {"success": "false", "error": "Nicht gefunden"},
        {"success": False, "result": {"id": "1"}},
        {"success": True},
        {"error": {"__type": "Authorization Error"}},
    ],
)
def test_a_refusal_is_said_with_the_portals_words(said: dict[str, Any]) -> None:
    with pytest.raises(ReadError) as error:
        read(json.dumps(said))

    assert error.value.rule == ("ckan.refused" if "error" in said or "result" in said else "ckan.no_answer")
    assert "Nicht gefunden" in error.value.happened or "error" not in said or "__type" in said["error"]


def test_an_answer_that_is_too_large_is_refused() -> None:
    with pytest.raises(ReadError) as error:
        read(answer(package()) + " " * ckan.MAX_BYTES)

    assert error.value.rule == "ckan.too_large"


def test_files_that_cannot_be_had_are_left_out() -> None:
    files = (
        resource("https://daten.example/weg.csv", state="deleted"),
        resource(""),
        resource("ftp://daten.example/a.csv"),
        resource("https://[kaputt/a.csv"),
        resource("/download/a.csv"),
    )

    (dataset,) = read(answer(package(*files))).datasets

    assert [file.url for file in dataset.distributions] == ["https://daten.example/download/a.csv"]


@pytest.mark.parametrize("hidden", [{"private": True}, {"state": "draft"}, {"state": "deleted"}])
def test_datasets_that_are_not_public_are_left_out(hidden: dict[str, Any]) -> None:
    assert read(answer({"count": 2, "results": [package(), package(**hidden)]}), SEARCH).datasets[1:] == ()


def test_a_search_has_pages_as_long_as_it_shows_something() -> None:
    following = read(answer({"count": 5, "results": [package(), package()]}), f"{SEARCH}&start=2")

    assert (following.total, following.next) == (5, f"{SEARCH}&start=4")
    assert read(answer({"count": 5, "results": []}), SEARCH).next is None
    assert read(answer({"count": 1, "results": [package(), package()]}), SEARCH).next is None
    assert read(answer({"count": "viele", "results": [package()]}), SEARCH).total is None


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://x.example/dataset/kurse", ("https://x.example/api/3/action/package_show?id=kurse", None)),
        ("https://x.example/de/dataset/kurse/", ("https://x.example/api/3/action/package_show?id=kurse", None)),
        ("https://x.example/ckan/dataset/a/resource/7", ("https://x.example/ckan/api/3/action/package_show?id=a", "7")),
        ("https://x.example/api/action/package_show?id=1", ("https://x.example/api/action/package_show?id=1", None)),
        ("https://x.example/api/3/action/package_show", None),
        ("https://x.example/dataset", None),
        ("https://x.example/dataset/new", None),
        ("https://x.example/kurse", None),
    ],
)
def test_the_address_of_a_page_leads_to_the_api(url: str, address: tuple[str, str | None] | None) -> None:
    assert ckan.show_address(url) == address


def test_a_page_that_searches_keeps_its_words() -> None:
    (address,) = ckan.search_addresses("https://x.example/dataset?q=museum", ("kita",), 50)

    assert address == "https://x.example/api/3/action/package_search?q=museum&rows=50"
    assert ckan.search_addresses(SEARCH, ("kita",), 50) == []


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*package(), *resource("")]), ANYTHING), ANYTHING)
def test_whatever_stands_in_its_fields_a_dataset_is_read_or_refused(odd: dict[str, Any], result: Any) -> None:
    told = package(resource("https://daten.example/kurse.csv") | odd, **odd)
    for content in (answer(told), answer({"count": odd.get("id"), "results": [told, result]}), answer(result)):
        try:
            page = read(content, SEARCH)
        except ReadError as error:
            assert error.happened.endswith(".")
            continue
        for dataset in page.datasets:
            assert dataset.title
            assert dataset.described
            assert dataset.promise >= 0
            for file in dataset.choices():
                assert file.format
                assert dataset.rights(file).licence in (None, dataset.rights().licence)
