"""/catalog.ttl and the official shapes: DCAT-AP.de 3.0, Konventionenhandbuch, GovData's dashboard."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pyshacl import validate
from rdflib import RDF, Graph, Literal, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, SH, SKOS

from schemas.db import Database
from tests.factories import OPEN, make_source, make_source_offer
from tests.webapp.site import HERE, HOSTILE, REGION, THERE, Site

EU = "http://publications.europa.eu/resource/authority"
GEOCODING = "http://dcat-ap.de/def/politicalGeocoding"
ALSO_USED = {
    f"{GEOCODING}/Level/administrativeDistrict": f"{GEOCODING}/Level",
    f"{GEOCODING}/Level/municipality": f"{GEOCODING}/Level",
    f"{GEOCODING}/Level/state": f"{GEOCODING}/Level",
}
"""Concepts of ours that the small copy of the lists does not hold, with the list that does."""
PREFIX = "http://portal.example/bildung/vg"


@pytest.fixture(scope="module")
def profile(shared: Path) -> Graph:
    """Shapes of the profile v30_de_spec."""
    folder = shared / "validators"
    shapes = Graph().parse(folder / "dcat-ap-3.0.0" / "dcat-ap-SHACL.ttl")
    for name in ("SHACL-DE", "de-deprecated", "spec-german-additions", "de-controlledvocabularies"):
        shapes.parse(folder / "dcat-ap-de-3.0" / f"dcat-ap-{name}.ttl")
    return shapes


@pytest.fixture(scope="module")
def lists(shared: Path) -> Graph:
    """Lists of concepts, to be merged into the data."""
    folder = shared / "validators"
    found = Graph().parse(folder / "eu-authority-subset" / "authority-subset.ttl")
    for name in ("contributors", "licenses-open"):
        found.parse(folder / "dcat-ap-de-3.0" / f"dcat-ap-de-{name}.rdf")
    for concept, scheme in ALSO_USED.items():
        found.add((URIRef(concept), SKOS.inScheme, URIRef(scheme)))
    return found


@pytest.fixture
def findings(lists: Graph) -> Callable[[Graph, str], list[str]]:
    """What the shapes say about a catalogue; nothing is the goal, warnings and remarks count."""

    def check(shapes: Graph, body: str) -> list[str]:
        data = Graph().parse(data=body, format="turtle")
        assert len(data) > 20
        for triple in lists:
            data.add(triple)
        _, report, _ = validate(data, shacl_graph=shapes, allow_warnings=True)
        return [
            " | ".join(str(report.value(result, about)) for about in (SH.focusNode, SH.resultPath, SH.resultMessage))
            for result in report.subjects(RDF.type, SH.ValidationResult)
            if "#count_" not in str(report.value(result, SH.resultSeverity))  # the dashboard counts what is good
        ]

    return check


def with_region(folder: Path, **lines: str) -> None:
    """Give Vorpommern-Greifswald other values before the app starts."""
    text = REGION
    for key, value in lines.items():
        kept = [line for line in text.splitlines() if not line.startswith(f"{key} =")]
        text = "\n".join([f"{key} = {value}", *kept])
    (folder / "regions").mkdir()
    (folder / "regions" / "a.toml").write_text(text, encoding="utf-8")


def fill(site: Site) -> None:
    """Offers with facts alone and under CC BY."""
    site.harvest(make_source_offer("a"))
    open_source = make_source("mv_offen", rights=OPEN)
    site.harvest(make_source_offer("b", source="mv_offen", rights=OPEN), source=open_source)


def test_the_catalogue_of_each_region_has_no_finding(site, profile, findings):
    fill(site)

    for host in (HERE, THERE):
        body = site.client(host).get("/catalog.ttl").text
        assert f"<http://{host}/catalog>" in body
        assert findings(profile, body) == []


def test_the_catalogue_of_an_empty_installation_has_no_finding(site, profile, findings):
    assert findings(profile, site.client().get("/catalog.ttl").text) == []


def test_hostile_names_and_a_sub_path_make_no_finding(sqlite_database: Database, tmp_path, profile, findings):
    hostile = '"""' + HOSTILE.replace("\x00", "").replace("\u202e", "\\u202e").replace('"', "'") + ' <> \\\\ \\"x"""'
    with_region(
        tmp_path,
        name=hostile,
        publisher=hostile,
        reply_to='"büro <x>@kreis.example"',
        base_url=f'"{PREFIX}"',
        contributor_id='"http://dcat-ap.de/def/contributors/mecklenburgVorpommern"',
    )
    site = Site(sqlite_database, tmp_path)
    fill(site)

    body = site.app.test_client().get("/catalog.ttl", base_url=PREFIX).text

    assert f"{PREFIX}/offers-fakten.csv" in body
    assert findings(profile, body) == []


@pytest.mark.parametrize("key", ["13", "13075039"])
def test_a_land_and_a_municipality_have_no_finding_either(
    sqlite_database: Database, tmp_path, profile, findings, key: str
):
    with_region(tmp_path, key=f'"{key}"')
    site = Site(sqlite_database, tmp_path)

    assert findings(profile, site.client().get("/catalog.ttl").text) == []


def test_the_conventions_and_the_dashboard_have_nothing_to_say(shared: Path, sqlite_database, tmp_path, findings):
    with_region(
        tmp_path,
        contributor_id='"http://dcat-ap.de/def/contributors/mecklenburgVorpommern"',
        reply_to='"bildung@kreis.example"',
    )
    site = Site(sqlite_database, tmp_path)
    fill(site)
    body = site.client().get("/catalog.ttl").text

    for name in ("dcat-ap-konventionen.ttl", "db-shapes.ttl"):
        shapes = Graph().parse(shared / "validators" / "dcat-ap-de-3.0" / name)
        assert findings(shapes, body) == []


def test_shapes_do_find_what_is_wrong(site, profile, findings):
    """A test that could not fail would show nothing."""
    body = site.client().get("/catalog.ttl").text

    without_licence = body.replace("dcterms:license <http://dcat-ap.de/def/licenses/cc-zero>", "dcterms:source <x:y>")

    assert without_licence != body
    assert findings(profile, without_licence) != []


def test_every_bucket_is_a_dataset_with_files_that_are_there(site):
    fill(site)
    client = site.client()
    graph = Graph().parse(data=client.get("/catalog.ttl").text, format="turtle")

    datasets = set(graph.objects(URIRef(f"http://{HERE}/catalog"), DCAT.dataset))
    assert {str(dataset).partition("#")[2] for dataset in datasets} == {"fakten", "cc-by-4.0"}
    for dataset in datasets:
        assert graph.value(dataset, DCTERMS.identifier) == Literal(str(dataset))
        for distribution in graph.objects(dataset, DCAT.distribution):
            address = str(graph.value(distribution, DCAT.downloadURL))
            response = client.get(address.removeprefix(f"http://{HERE}"))
            assert response.status_code == 200 and response.data
    [service] = graph.objects(URIRef(f"http://{HERE}/catalog"), DCAT.service)
    assert client.get(str(graph.value(service, DCAT.endpointURL)).removeprefix(f"http://{HERE}")).status_code == 200


def test_no_person_is_in_the_catalogue(site):
    body = site.client().get("/catalog.ttl").text

    assert "koordination@" not in body and "Koordination Greifswald" not in body


def test_texts_of_a_licence_name_whom_to_credit_and_that_they_were_changed(site):
    fill(site)

    body = site.client().get("/catalog.ttl").text

    assert '"Beispielmuseum; verändert: gekürzt, vereinheitlicht"@de' in body


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # rdflib warns of its own JSON-LD parser
@pytest.mark.parametrize(("form", "parser"), [("ttl", "turtle"), ("rdf", "xml"), ("jsonld", "json-ld")])
def test_all_forms_say_the_same_with_the_same_bytes_each_time(site, form: str, parser: str):
    fill(site)
    client = site.client()

    one, other = client.get(f"/catalog.{form}"), client.get(f"/catalog.{form}")
    turtle = Graph().parse(data=client.get("/catalog.ttl").text, format="turtle")

    assert one.data == other.data
    assert set(Graph().parse(data=one.data, format=parser)) == set(turtle)
    assert one.headers["Access-Control-Allow-Origin"] == "*"
    unchanged = client.get(f"/catalog.{form}", headers={"If-None-Match": one.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert turtle.value(predicate=RDF.type, object=DCAT.Catalog, any=False) == URIRef(f"http://{HERE}/catalog")
    assert turtle.value(URIRef(f"http://{HERE}/"), RDF.type) == FOAF.Document
