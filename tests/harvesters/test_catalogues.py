"""Open-data portals over HTTP: from a pasted address to the file with offers, week after week, or to a sentence."""

import json
from dataclasses import replace
from typing import Any

import pytest

from harvesters.catalogues import SEARCHED
from harvesters.feeds import read_feed
from harvesters.fetch.client import Client
from harvesters.fetch.ledger import MemoryLedger
from harvesters.preview import Preview, preview
from harvesters.problems import ReadError
from harvesters.run import read
from harvesters.trying import MAX_REQUESTS, Trial, try_address
from schemas.db import Database
from schemas.harvest import Access, AccessKind, HarvestRun, RunResult, RunStatus, Source
from schemas.offer import Rights
from schemas.vocabulary import RightsKind
from tests.factories import NOW, make_source
from tests.harvesters.feed_site import harvested, titles
from tests.harvesters.loopback import QUICK, Site
from tests.harvesters.portal import CSV, FIGURES, answer, moved, package, resource, search, show
from tests.harvesters.test_formats_dcat import PREFIXES

DL_BY = "http://dcat-ap.de/def/licenses/dl-by-de/2.0"
PROPOSED = make_source(
    "mv_neu", provider=None, rights=Rights(), homepage=None, trust="hold",
    access=Access(kind=AccessKind.STRUCTURED, start=("https://neu.example/",)),
)  # fmt: skip
PLACES = json.dumps(
    {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "Hof", "nr": 1}}]}
)
SHOW = "/api/3/action/package_show?id=kurse"
ICS = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//DE\r\nBEGIN:VEVENT\r\nUID:7\r\nSUMMARY:Waldtag\r\n"
    "DTSTART:20261205T093000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)

INTERFACES = {
    "oai": '<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords/></OAI-PMH>',
    "rpde": json.dumps({"next": "/api?afterChangeNumber=1", "items": [{"id": "1", "state": "updated", "modified": 1}]}),
    "linked_events": json.dumps({"meta": {"next": None}, "data": [{"id": "w:1", "event_status": "EventScheduled"}]}),
    "kulturdaten": json.dumps({"success": True, "data": [{"type": "type.Event", "identifier": "E_1"}]}),
}


def look(address: str, proposed: Source = PROPOSED) -> Trial:
    return try_address(address, proposed, settings=replace(QUICK, attempts=1), ledger=MemoryLedger(), now=NOW)


def refused(address: str) -> ReadError:
    with pytest.raises(ReadError) as error:
        look(address)
    return error.value


def seen(address: str, source: Source | None = None) -> Preview:
    return preview(address, source=source, settings=replace(QUICK, attempts=1), now=NOW)


def dataset(site: Site, **changes: Any) -> Source:
    """A trusted source that reads the dataset "kurse" of our portal."""
    given = {"kind": "ckan", "start": (f"{site.base}/api/3/action/package_show?id=kurse",)}
    access = Access.model_validate(given | changes.pop("access", {}))
    return make_source(access=access, expect={"offers": {"min": 1, "max": 50, "max_vanished": 0.25}}, **changes)


def run(source: Source) -> RunResult:
    return read(source, settings=replace(QUICK, attempts=1), now=NOW)


def failed(source: Source) -> ReadError:
    with pytest.raises(ReadError) as error:
        run(source)
    return error.value


def names(result: RunResult) -> list[str]:
    return [record.title for record in result.records]


# -- a pasted address -------------------------------------------------------------------------------------------------


def test_the_page_of_a_dataset_is_enough(site: Site) -> None:
    address = show(site, resource(site.put("/a.pdf", b"%PDF"), "PDF", id="f0"), resource(site.put("/kurse.csv", CSV)))

    found = look(address)

    assert [offer.title for offer in found.preview.offers] == ["Waldtag"]
    assert found.source.access == Access(
        kind=AccessKind.CKAN, start=(f"{site.base}/api/3/action/package_show?id=11111111-aaaa",), distribution="csv"
    )
    assert found.source.rights == Rights(kind=RightsKind.OPEN, licence=DL_BY, attribution="Stadt Wald")
    assert (found.title, found.source.provider, found.source.homepage) == ("Kurse für Kinder", "Stadt Wald", address)
    assert found.source.contact == "opendata@wald.example"
    assert found.requests <= MAX_REQUESTS


@pytest.mark.parametrize(
    "address",
    [
        SHOW,
        "/de/dataset/kurse",
        "/dataset/kurse/resource/f1",
        "/daten/unsere-kurse",
    ],
)
def test_so_is_every_other_address_of_it(site: Site, address: str) -> None:
    page = "<!doctype html><html><title>Kurse</title>{}</html>"
    site.put("/de/dataset/kurse", page)
    site.put("/dataset/kurse/resource/f1", page)
    site.put("/daten/unsere-kurse", page.format('<a href="/api/3/action/package_show?id=kurse">JSON</a>'))
    show(site, resource(site.put("/kurse.csv", CSV)))
    site.put("/de/api/3/action/package_show?id=kurse", "nein", 404)

    found = look(site.base + address)

    assert [offer.title for offer in found.preview.offers] == ["Waldtag"]
    assert found.source.access.distribution == ("f1" if "resource" in address else "csv")


@pytest.mark.parametrize(
    "link",
    ['<link rel="alternate" type="text/turtle" href="kurse.ttl">', '<a href="/kurse.ttl">Metadaten</a>'],
    ids=["typed", "by its ending"],
)
def test_a_page_that_names_its_description_in_rdf_is_followed(site: Site, link: str) -> None:
    turtle = (
        f'{PREFIXES}<{site.base}/d/kurse> a dcat:Dataset ; dct:title "Kurse" ; dcat:distribution [ dcat:downloadURL '
        f"<{site.put('/kurse.csv', CSV)}> ] ."
    )
    site.put("/kurse.ttl", turtle)
    address = site.put("/kurse", f"<!doctype html><html><title>Kurse</title>{link}</html>")

    found = look(address)

    assert [offer.title for offer in found.preview.offers] == ["Waldtag"]
    assert found.source.access == Access(
        kind=AccessKind.DCAT, start=(f"{site.base}/kurse.ttl",), dataset=f"{site.base}/d/kurse", distribution="csv"
    )
    assert found.source.rights == Rights()


@pytest.mark.parametrize("mail", ["erika.muster@wald.example", "muster@gmx.de", "Frau Muster", "", None, 7])
def test_a_persons_address_is_not_taken_over(site: Site, mail: Any) -> None:
    address = show(site, resource(site.put("/kurse.csv", CSV)), maintainer_email=mail, author_email=None)

    assert look(address).source.contact is None


@pytest.mark.parametrize(
    "href", ["http://[kaputt", "http://[x/action/package_show?", "http://[x.ttl", "javascript:x()"]
)
def test_a_link_that_is_no_address_costs_nothing(site: Site, href: str) -> None:
    show(site, resource(site.put("/kurse.csv", CSV)))
    address = site.put("/dataset/kurse", f'<!doctype html><html><title>Kurse</title><a href="{href}">x</a></html>')

    assert look(address).source.access.kind is AccessKind.CKAN


@pytest.mark.parametrize("licence", ["other-open", "cc-nc", "notspecified", None])
def test_rights_that_are_not_surely_open_are_not_proposed(site: Site, licence: str | None) -> None:
    show(site, resource(site.put("/kurse.csv", CSV)), license_id=licence, license_url=None)

    assert look(f"{site.base}/dataset/kurse").source.rights == Rights()


def test_what_somebody_said_before_is_not_replaced(site: Site) -> None:
    address = show(site, resource(site.put("/kurse.csv", CSV)))
    rights = Rights(kind=RightsKind.PERMISSION, granted_by="VHS", granted_on=NOW.date())

    found = look(
        address, PROPOSED.model_copy(update={"rights": rights, "provider": "VHS", "homepage": "https://vhs.example/"})
    )

    assert (found.source.rights, found.source.provider, found.source.homepage) == (
        rights,
        "VHS",
        "https://vhs.example/",
    )


def test_a_file_that_cannot_be_had_is_passed_over_for_the_next_format(site: Site) -> None:
    files = (resource(site.put("/kurse.ics", b"", 403), "iCal", id="f0"), resource(site.put("/kurse.csv", CSV)))

    assert look(show(site, *files)).source.access.distribution == "csv"


@pytest.mark.parametrize(
    ("table", "label"),
    [
        (FIGURES, "CSV"),
        ("Name;Beginn\nMessstelle;2020-01-01T00:00\n", "CSV"),
        ("<!doctype html><html><title>Anmelden</title></html>", "CSV"),
        (PLACES, "JSON"),
        ("", "CSV"),
    ],
    ids=["figures", "old", "page", "places", "empty"],
)
def test_a_dataset_without_offers_gives_a_sentence_about_what_it_is(site: Site, table: str, label: str) -> None:
    address = show(site, resource(site.put("/datei", table), label), title="Einwohner nach Stadtteilen")

    error = refused(address)

    assert error.rule == "dataset.no_offers"
    assert error.happened.startswith(
        f"Der Datensatz „Einwohner nach Stadtteilen“ (Stadt Wald; {label}; Lizenz: dl-de-by-2.0) enthält keine Angebote"
    )


def test_a_dataset_without_a_file_that_we_read_says_so(site: Site) -> None:
    error = refused(show(site, resource(f"{site.base}/karte.zip", "SHP"), resource(f"{site.base}/wms", "WMS")))

    assert error.rule == "dataset.no_file"


@pytest.mark.parametrize("loop", [SHOW, "/dataset/kurse"])
def test_a_file_that_is_the_portal_again_ends_there(site: Site, loop: str) -> None:
    error = refused(show(site, resource(site.base + loop, "JSON")))

    assert error.rule == "dataset.no_offers"
    assert len(site.paths()) < MAX_REQUESTS


@pytest.mark.parametrize("way", INTERFACES)
def test_a_list_with_a_way_of_its_own_is_not_read_as_a_file(site: Site, way: str) -> None:
    """Its entries come again or refer to each other over pages and addresses, which a file's do not."""
    address = show(site, resource(site.put("/api", INTERFACES[way]), "JSON"))

    for error in (refused(address), failed(dataset(site))):
        assert (error.rule, error.address, way in error.happened) == ("dataset.interface", f"{site.base}/api", True)

    show(site, resource(f"{site.base}/api", "JSON"), resource(site.put("/kurse.csv", CSV), id="f2"))
    assert look(address).source.access.distribution == "csv"


def test_a_file_that_is_led_in_circles_ends(site: Site) -> None:
    moved(site, "/a.csv", "/b.csv")
    moved(site, "/b.csv", "/a.csv")

    error = refused(show(site, resource(f"{site.base}/a.csv")))

    assert (error.rule, "leitet mehr als" in error.happened) == ("fetch.redirects", True)


@pytest.mark.parametrize(("status", "rule"), [(403, "fetch.forbidden"), (404, "fetch.not_found"), (410, "fetch.gone")])
def test_a_file_that_cannot_be_had_is_not_said_to_be_without_offers(site: Site, status: int, rule: str) -> None:
    error = refused(show(site, resource(site.put("/kurse.csv", "", status))))

    assert error.rule == rule
    assert error.happened.startswith("Die Datei des Datensatzes „Kurse für Kinder“")


@pytest.mark.parametrize(
    "said", [json.dumps({"success": False, "error": {"message": "Kein Zugriff"}}), "<html><title>Fehler</title></html>"]
)
def test_a_page_whose_portal_does_not_answer_is_read_as_a_page(site: Site, said: str) -> None:
    site.put(SHOW, said)
    address = site.put("/dataset/kurse", "<!doctype html><html><title>Kurse</title><h1>Kurse</h1></html>")

    assert refused(address).rule == "preview.nothing"


def test_the_portals_own_refusal_is_said(site: Site) -> None:
    body = json.dumps({"success": False, "error": {"message": "Kein Zugriff"}})
    address = site.put(SHOW, body)

    error = refused(address)

    assert (error.rule, "Kein Zugriff" in error.happened) == ("ckan.refused", True)


# -- a portal as a whole ----------------------------------------------------------------------------------------------


def described(number: int, title: str) -> dict[str, Any]:
    file = resource(f"https://daten.example/{number}.csv")
    return package(file, id=f"d{number}", name=f"satz-{number}", title=title, tags=[], notes="")


def test_a_portal_is_searched_and_lists_what_could_hold_offers(site: Site) -> None:
    for word in SEARCHED:
        search(site, [described(1, "Veranstaltungskalender")], q=word, rows=50)
    search(site, [described(1, "Veranstaltungskalender"), described(2, "Einwohner")], count=900, q="kinder", rows=50)
    address = site.put("/", '<html><head><meta name="generator" content="ckan 2.10.4"></head><h1>Daten</h1></html>')

    error = refused(address)

    assert error.rule == "catalogue.listed"
    assert error.happened == (
        "Das ist ein Verzeichnis von Datensätzen und selbst kein Angebot; einer davon könnte welche enthalten. "
        f"Vielleicht: „Veranstaltungskalender“ {site.base}/dataset/satz-1."
    )


def test_a_portal_that_answers_no_search_is_read_as_a_page(site: Site) -> None:
    page = '<html><head><meta name="generator" content="ckan 2.9"></head><h1>Daten</h1></html>'

    assert refused(site.put("/", page)).rule == "preview.nothing"
    assert refused(site.put("/api/3/action/package_list", answer([]))).happened == (
        "Das ist die Auskunft eines Open-Data-Portals, die keinen Datensatz nennt."
    )


def test_of_an_organisations_page_only_its_datasets_are_asked_for(site: Site) -> None:
    page = '<html><head><meta name="generator" content="ckan 2.9"></head></html>'

    refused(site.put("/organization/kiel", page))

    asked = [path for path in site.paths() if "package_search" in path]
    assert len(asked) == len(SEARCHED)
    assert all(path.endswith("&fq=organization%3Akiel") for path in asked)


def test_the_command_lists_the_datasets_one_by_one(site: Site) -> None:
    found = seen(search(site, [described(1, "Kurse"), described(2, "Einwohner"), described(3, "Ferienpass")], q="*:*"))

    assert (found.format, found.offers) == ("ckan", [])
    assert [(issue.rule, issue.wording) for issue in found.issues] == [
        ("catalogue.candidate", f"{site.base}/dataset/satz-3"),
        ("catalogue.candidate", f"{site.base}/dataset/satz-1"),
        ("catalogue.listed", ""),
    ]


def test_a_list_of_names_alone_is_searched_too(site: Site) -> None:
    search(site, [described(1, "Kurse")], q="kita", rows=50)

    found = seen(site.put("/api/3/action/package_list", answer(["satz-1", "satz-2"])))

    assert [issue.rule for issue in found.issues] == ["catalogue.candidate", "catalogue.listed"]


@pytest.mark.parametrize("count", [1_000_000, 0, -5, "viele", None])
def test_a_search_whose_count_lies_ends(site: Site, count: Any) -> None:
    body = answer({"count": count, "results": [described(1, "Kurse")]})
    for start in range(20):
        site.put(f"/api/3/action/package_search?q=kurs&start={start}", body)
    address = site.put("/api/3/action/package_search?q=kurs", body)

    found = seen(address)

    assert found.issues[-1].rule == "catalogue.listed"
    assert len(site.paths()) <= 3


def test_a_search_that_never_ends_is_left(site: Site) -> None:
    for start in range(20):
        page = answer({"count": 10**9, "results": [described(start, f"Kurse {start}")]})
        site.put(f"/api/3/action/package_search?q=kurs&start={start}", page)

    found = seen(f"{site.base}/api/3/action/package_search?q=kurs&start=0")

    assert "angesehen wurden 3 von 1000000000" in (found.issues[-1].message or "")
    assert len(site.paths()) == 3


def test_a_dcat_catalogue_is_listed_page_by_page(site: Site) -> None:
    for number, title in enumerate(("Kurse", "Haushalt", "Ferienpass", "Feste"), start=1):
        following = f"<> <http://www.w3.org/ns/hydra/core#next> <{site.base}/katalog?page={number + 1}> ."
        datasets = "".join(
            f'<{site.base}/d/{number}{part}> a dcat:Dataset ; dct:title "{title} {part}" ; '
            f"dcat:distribution [ dcat:downloadURL <{site.base}/{number}.csv> ] .\n"
            for part in "ab"
        )
        site.put(f"/katalog?page={number}", f"{PREFIXES}{datasets}{following}", Content_Type="text/turtle")

    found = seen(f"{site.base}/katalog?page=1")

    assert [issue.wording for issue in found.issues] == [
        f"{site.base}/d/3a",
        f"{site.base}/d/3b",
        f"{site.base}/d/1a",
        f"{site.base}/d/1b",
        "",
    ]
    assert len(site.paths()) == 3


def test_the_command_reads_a_dataset_as_the_desk_does(site: Site) -> None:
    found = seen(show(site, resource(site.put("/kurse.csv", CSV))))

    assert (found.format, [offer.title for offer in found.offers]) == ("csv", ["Waldtag"])


def test_the_command_reads_a_described_dataset(site: Site) -> None:
    show(site, resource(site.put("/kurse.csv", CSV)))
    source = dataset(site)

    assert [offer.title for offer in seen(source.access.start[0], source).offers] == ["Waldtag"]
    assert [offer.title for offer in seen(f"{site.base}/kurse.csv", source).offers] == ["Waldtag"]


# -- runs -------------------------------------------------------------------------------------------------------------


def test_a_run_follows_the_file_to_its_new_address(site: Site, sqlite_database: Database) -> None:
    source = dataset(site, access={"distribution": "csv"})
    show(site, resource(site.put("/1/kurse.csv", CSV, ETag='"1"')))
    first = harvested(sqlite_database, source)
    show(site, resource(site.put("/2/kurse.csv", f"{CSV}Wiesentag;Für Kita-Gruppen.;ab 3 Jahren;3 € pro Kind\n")))
    site.put("/1/kurse.csv", b"", 404)

    second = harvested(sqlite_database, source, 1)

    assert [(each.status, each.new, each.unchanged) for each in (first, second)] == [
        (RunStatus.COMPLETE, 1, 0),
        (RunStatus.COMPLETE, 1, 1),
    ]
    assert titles(sqlite_database) == ["Waldtag", "Wiesentag"]


def test_a_file_that_has_not_changed_is_not_sent_again(site: Site, sqlite_database: Database) -> None:
    source = dataset(site)
    show(site, resource(site.put("/kurse.csv", CSV, ETag='"1"')))
    runs = [harvested(sqlite_database, source, hours) for hours in (0, 1)]

    assert [each.status for each in runs] == [RunStatus.COMPLETE, RunStatus.UNCHANGED]
    assert site.conditional() == ["/kurse.csv"]


def test_what_a_portal_takes_back_is_told_though_its_file_has_not_changed(site: Site) -> None:
    source = dataset(site, rights=Rights(kind=RightsKind.OPEN, licence=DL_BY, attribution="Stadt Wald"))
    show(site, resource(site.put("/kurse.csv", CSV, ETag='"1"')))
    first = read_feed(source, Client(QUICK), now=NOW)
    show(site, resource(f"{site.base}/kurse.csv"), license_id="cc-nc", license_url=None)

    again = read_feed(source, Client(QUICK), now=NOW, known=first.pages)

    assert (again.result.not_modified, again.pages) == (True, first.pages)
    assert [issue.rule for issue in again.result.issues] == ["dataset.licence"]


@pytest.mark.parametrize(
    ("path", "body", "status", "rule"),
    [
        (
            SHOW,
            json.dumps({"success": False, "error": {"message": "Weg"}}),
            200,
            "ckan.refused",
        ),
        (SHOW, "<html><title>Wartung</title></html>", 200, "json_api.page"),
        (SHOW, answer([]), 200, "dataset.gone"),
        (SHOW, answer([package(), package(id="2")]), 200, "dataset.several"),
        (SHOW, answer(package()), 200, "dataset.no_file"),
        (SHOW, answer(package())[:90], 200, "json_api.broken"),
        (SHOW, "", 404, "fetch.not_found"),
        ("/kurse.csv", "", 403, "fetch.forbidden"),
        ("/kurse.csv", "", 404, "fetch.not_found"),
        ("/kurse.csv", "<!doctype html><html><title>Anmelden</title></html>", 200, "dataset.page"),
        ("/kurse.csv", answer(package()), 200, "dataset.loop"),
        ("/kurse.csv", "", 200, "dataset.unknown"),
    ],
)
def test_whatever_a_portal_does_nothing_is_lost(
    site: Site, sqlite_database: Database, path: str, body: str, status: int, rule: str
) -> None:
    source = dataset(site)
    show(site, resource(site.put("/kurse.csv", CSV)))
    harvested(sqlite_database, source)
    site.put(path, body, status)

    ill: HarvestRun = harvested(sqlite_database, source, 1)

    assert (ill.status, [issue.rule for issue in ill.issues]) == (RunStatus.FAILED, [rule])
    assert "Nichts wurde zurückgezogen" in (ill.message or "")
    assert titles(sqlite_database) == ["Waldtag"]


def test_trouble_with_a_file_names_its_dataset(site: Site) -> None:
    show(site, resource(site.put("/kurse.csv", "", 403)))

    error = failed(dataset(site))

    assert (error.address, "Kurse für Kinder" in error.happened) == (f"{site.base}/kurse.csv", True)


def test_the_described_format_is_kept_whatever_else_appears(site: Site) -> None:
    """Another format has other keys: turning to it would make all offers new, and withdraw the old ones."""
    source = dataset(site, access={"distribution": "csv"})
    csv = resource(site.put("/kurse.csv", CSV))
    show(site, csv, resource(site.put("/kurse.ics", ICS), "iCal", id="f2"))
    assert run(source).records[0].format == "csv"

    show(site, resource(f"{site.base}/kurse.ics", "iCal", id="f2"))

    assert failed(source).rule == "dataset.no_file"
    assert run(dataset(site)).records[0].format == "ical"


@pytest.mark.parametrize(
    ("body", "read_as"), [(CSV, "csv"), (ICS, "ical"), (json.dumps([{"id": 1, "titel": "Waldtag"}]), "json_api")]
)
def test_a_file_is_read_as_what_it_is_whatever_the_portal_calls_it(site: Site, body: str, read_as: str) -> None:
    show(site, resource(site.put("/download", body), "JSON"))

    assert [record.format for record in run(dataset(site)).records] == [read_as]


def test_places_on_the_map_are_read_as_such_unless_paths_are_described(site: Site) -> None:
    offers = {"type": "Feature", "id": 7, "properties": {"titel": "Waldpfad", "alter": "ab 4 Jahren"}, "geometry": None}
    document = {"type": "FeatureCollection", "features": [offers]}
    address = show(site, resource(site.put("/orte", json.dumps(document)), "JSON"))
    paths = {"items": "features", "fields": {"title": "properties.titel"}, "distribution": "json"}

    assert [offer.title for offer in look(address).preview.offers] == ["Waldpfad"]
    assert names(run(dataset(site, access=paths))) == ["Waldpfad"]


def test_columns_are_described_as_in_a_table(site: Site) -> None:
    show(site, resource(site.put("/kurse.csv", "Was;Für wen\nWaldtag;ab 4 Jahren\n")))
    source = dataset(site, access={"fields": {"title": "Was", "ages": "Für wen"}})

    (record,) = run(source).records

    assert (record.title, record.words["ages"]) == ("Waldtag", "ab 4 Jahren")


@pytest.mark.parametrize(
    ("stated", "told"),
    [("dl-de-by-2.0", []), (None, []), ("cc-nc", ["dataset.licence"]), ("other-closed", ["dataset.licence"])],
)
def test_a_licence_that_was_taken_back_is_noticed(site: Site, stated: str | None, told: list[str]) -> None:
    show(site, resource(site.put("/kurse.csv", CSV)), license_id=stated, license_url=None)
    rights = Rights(kind=RightsKind.OPEN, licence=DL_BY, attribution="Stadt Wald")

    assert [issue.rule for issue in run(dataset(site, rights=rights)).issues] == told


def test_a_dataset_on_a_later_page_of_a_catalogue_is_found(site: Site) -> None:
    source = make_source(
        access=Access(kind=AccessKind.DCAT, start=(f"{site.base}/katalog.ttl",), dataset="kurse", distribution="csv")
    )
    site.put("/katalog.ttl", f"{PREFIXES}<a> a dcat:Dataset . <> hydra:next <{site.base}/katalog.ttl?page=2> .")
    site.put(
        "/katalog.ttl?page=2",
        f'{PREFIXES}<b> a dcat:Dataset ; dct:title "Kurse" ; dct:identifier "kurse" ; '
        f"dcat:distribution [ dcat:downloadURL <{site.put('/kurse.csv', CSV)}> ] .",
    )

    assert names(run(source)) == ["Waldtag"]


@pytest.mark.parametrize("following", ["/katalog.ttl", "/katalog.ttl?page=2", "http://127.0.0.1:9/katalog.ttl"])
def test_a_catalogue_that_never_ends_or_leads_elsewhere_is_left(site: Site, following: str) -> None:
    body = f"{PREFIXES}<a> a dcat:Dataset . <> hydra:next <{following}> ."
    site.put("/katalog.ttl", body)
    site.put("/katalog.ttl?page=2", body)
    access = Access(kind=AccessKind.DCAT, start=(f"{site.base}/katalog.ttl",), dataset="kurse")

    assert failed(make_source(access=access)).rule == "dataset.gone"
    assert len(site.paths()) <= 2


def test_a_catalogue_with_more_pages_than_allowed_is_left(site: Site) -> None:
    for page in range(9):
        following = f"<> hydra:next </katalog.ttl?page={page + 1}> ."
        site.put(f"/katalog.ttl?page={page}", f"{PREFIXES}<a> a dcat:Dataset . {following}")
    access = Access(kind=AccessKind.DCAT, start=(f"{site.base}/katalog.ttl?page=0",), dataset="kurse", max_pages=3)

    assert failed(make_source(access=access)).rule == "dataset.not_found"
    assert len(site.paths()) == 3


def test_a_catalogue_that_takes_too_long_is_left(site: Site) -> None:
    site.put("/katalog.ttl", f"{PREFIXES}<a> a dcat:Dataset . <> hydra:next </katalog.ttl?page=2> .")
    site.put("/katalog.ttl?page=2", f'{PREFIXES}<b> a dcat:Dataset ; dct:identifier "kurse" .')
    source = make_source(
        access=Access(kind=AccessKind.DCAT, start=(f"{site.base}/katalog.ttl",), dataset="kurse", distribution="csv")
    )
    beats: list[None] = []

    with pytest.raises(ReadError) as error:
        read_feed(source, Client(QUICK), now=NOW, max_seconds=0, beat_seconds=0, heartbeat=lambda: beats.append(None))

    assert (error.value.rule, site.paths(), len(beats)) == ("dataset.not_found", ["/katalog.ttl"], 1)


def test_a_file_passes_the_gate_like_any_other_address(site: Site) -> None:
    show(site, resource("http://uta:geheim@127.0.0.1/kurse.csv"))

    assert failed(dataset(site)).rule == "fetch.refused"
