"""What counts as excluded, however it is spelled."""

import pytest

from schemas.exclusion import NOBODY, ExclusionKind, Exclusions, Wish, as_address, as_host
from schemas.harvest import Access, AccessKind
from tests.factories import make_source


def excluding(kind: ExclusionKind, value: str) -> Exclusions:
    return Exclusions.of([Wish(kind=kind, value=value)])


@pytest.mark.parametrize(
    "address",
    [
        "https://museum.example/",
        "http://MUSEUM.example:8080/kita?x=1",
        "https://www.museum.example/robots.txt",
        "https://kita.museum.example./a",
        "https://user:word@museum.example/",
        "https://museum\u3002example/",
        "https://www\uff0emuseum\uff61example/",
        " https://museum.example\n",
        "//museum.example/kita",
        "webcal://museum.example/kita.ics",
    ],
)
def test_a_host_is_excluded_with_its_sub_domains_on_every_port_and_scheme(address: str) -> None:
    assert excluding(ExclusionKind.HOST, "museum.example").forbids(address)


@pytest.mark.parametrize(
    "address",
    ["https://nichtmuseum.example/", "https://museum.example.org/", "https://example/museum.example", "", None, "kein"],
)
def test_a_host_that_only_looks_alike_is_not_excluded(address: str | None) -> None:
    assert not excluding(ExclusionKind.HOST, "museum.example").forbids(address)


def test_umlauts_and_their_punycode_are_one_host() -> None:
    some = excluding(ExclusionKind.HOST, "müllers-hof.example")

    assert some.forbids("https://xn--mllers-hof-9db.example/kita")
    assert as_host("https://xn--mllers-hof-9db.example/kita") == "müllers-hof.example"


@pytest.mark.parametrize(
    ("address", "forbidden"),
    [
        ("https://stadt.example/museum", True),
        ("http://www.stadt.example/museum/kita.html", True),
        ("https://stadt.example/Museum?id=7", True),
        ("https://stadt.example/amt/../museum/", True),
        ("https://stadt.example/%6Duseum/", True),
        ("https://stadt.example/museum;jsessionid=7", True),
        ("https://stadt.example/museumsnacht", False),
        ("https://stadt.example/", False),
        ("https://kita.stadt.example/museum", False),
    ],
)
def test_an_address_is_excluded_with_everything_below_it(address: str, forbidden: bool) -> None:
    assert excluding(ExclusionKind.ADDRESS, "stadt.example/museum").forbids(address) is forbidden


def test_an_address_with_a_query_means_that_query() -> None:
    some = excluding(ExclusionKind.ADDRESS, "stadt.example/anbieter?id=7")

    assert some.forbids("https://stadt.example/anbieter?id=7&seite=2")
    assert not some.forbids("https://stadt.example/anbieter?id=77")


@pytest.mark.parametrize("name", ["Altes Museum e.V.", "ALTES MUSEUM", "„Altes Museum“ e. V.", "Altes  Museum"])
def test_a_provider_is_excluded_however_its_name_is_written(name: str) -> None:
    assert excluding(ExclusionKind.PROVIDER, "Altes Museum e. V.").covers(name, None)


def test_another_provider_with_a_longer_name_is_not_excluded() -> None:
    some = excluding(ExclusionKind.PROVIDER, "Museum")

    assert not some.covers("Museum für Naturkunde", "https://museum.example/")
    assert not some.covers(None, None)


@pytest.mark.parametrize("text", ["", "de", "ein Museum", "http://", "museum..example", "http://[::1"])
def test_what_names_no_host_is_no_host(text: str) -> None:
    assert as_host(text) is None
    assert as_address(text) is None


def test_a_source_stops_when_all_it_begins_with_is_forbidden() -> None:
    aggregator = make_source(
        provider=None,
        homepage="https://region.example",
        access=Access(kind=AccessKind.HTML, start=("https://a.example/", "https://b.example/")),
    )

    assert not excluding(ExclusionKind.HOST, "a.example").stops(aggregator)
    assert Exclusions(hosts=frozenset({"a.example", "b.example"})).stops(aggregator)


def test_a_source_of_one_provider_stops_by_name_and_by_homepage_even_where_its_calendar_lies_elsewhere() -> None:
    own = make_source(access=Access(kind=AccessKind.ICAL, start=("https://calendar.example/museum.ics",)))

    assert excluding(ExclusionKind.HOST, "museum.example").stops(own)
    assert excluding(ExclusionKind.PROVIDER, "Beispielmuseum").stops(own)
    assert not excluding(ExclusionKind.PROVIDER, "Theater").stops(own)


def test_nobody_excluded_forbids_and_covers_nothing() -> None:
    assert not NOBODY
    assert not NOBODY.forbids("https://museum.example/")
    assert not NOBODY.covers("Beispielmuseum", "https://museum.example/")
