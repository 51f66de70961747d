"""DCAT in its three forms: the same dataset, and nothing that strangers' RDF could do to us."""

import json

import pytest

from harvesters.formats import dcat, dcat_child
from harvesters.formats.datasets import Catalogue
from harvesters.formats.records import Origin
from harvesters.problems import ReadError
from harvesters.source import undescribed
from schemas.harvest import Access, AccessKind
from tests.factories import NOW
from tests.harvesters.loopback import Site

URL = "https://daten.example/katalog"
PREFIXES = """@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix hydra: <http://www.w3.org/ns/hydra/core#> .
"""
TURTLE = (
    PREFIXES
    + """<https://daten.example/d/kurse> a dcat:Dataset ;
  dct:title "Courses"@en, "Kurse für Kinder"@de ; dct:identifier "kurse" ; dcat:keyword "Kinder" ;
  dct:modified "2026-11-20"^^<http://www.w3.org/2001/XMLSchema#date> ;
  dct:publisher [ foaf:name "Stadt Wald" ] ;
  dcat:contactPoint [ vcard:hasEmail <mailto:daten@wald.example> ] ; dcat:landingPage <https://daten.example/kurse> ;
  dcat:distribution <https://daten.example/f/1> .
<https://daten.example/f/1> a dcat:Distribution ; dct:title "Kurse" ;
  dcat:accessURL <https://daten.example/kurse> ; dcat:downloadURL <https://daten.example/kurse.csv> ;
  dct:format <http://publications.europa.eu/resource/authority/file-type/CSV> ;
  dcat:mediaType <https://www.iana.org/assignments/media-types/text/csv> ;
  dct:license <http://dcat-ap.de/def/licenses/cc-by/4.0> .
"""
)
XML = """<?xml version="1.0" encoding="utf-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dcat="http://www.w3.org/ns/dcat#"
  xmlns:dct="http://purl.org/dc/terms/" xmlns:foaf="http://xmlns.com/foaf/0.1/">
<dcat:Dataset rdf:about="https://daten.example/d/kurse"><dct:title xml:lang="de">Kurse für Kinder</dct:title>
<dct:identifier>kurse</dct:identifier><dcat:keyword>Kinder</dcat:keyword><dct:modified>2026-11-20</dct:modified>
<dct:publisher><foaf:Organization><foaf:name>Stadt Wald</foaf:name></foaf:Organization></dct:publisher>
<dcat:landingPage rdf:resource="https://daten.example/kurse"/><dcat:distribution>
<dcat:Distribution rdf:about="https://daten.example/f/1"><dct:title>Kurse</dct:title>
<dcat:downloadURL rdf:resource="https://daten.example/kurse.csv"/><dct:format>CSV</dct:format>
<dcat:mediaType>text/csv</dcat:mediaType><dct:license rdf:resource="http://dcat-ap.de/def/licenses/cc-by/4.0"/>
</dcat:Distribution></dcat:distribution></dcat:Dataset></rdf:RDF>"""
JSON_LD = json.dumps(
    {
        "@context": {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/",
                     "foaf": "http://xmlns.com/foaf/0.1/"},
        "@graph": [
            {
                "@id": "https://daten.example/d/kurse",
                "@type": "dcat:Dataset",
                "dct:title": {"@language": "de", "@value": "Kurse für Kinder"},
                "dct:identifier": "kurse",
                "dcat:keyword": ["Kinder"],
                "dct:modified": "2026-11-20T08:00:00",
                "dct:publisher": {"foaf:name": "Stadt Wald"},
                "dcat:landingPage": {"@id": "https://daten.example/kurse"},
                "dcat:distribution": {
                    "@id": "https://daten.example/f/1",
                    "dct:title": "Kurse",
                    "dcat:downloadURL": {"@id": "https://daten.example/kurse.csv"},
                    "dct:format": "CSV",
                    "dcat:mediaType": "text/csv",
                    "dct:license": {"@id": "http://dcat-ap.de/def/licenses/cc-by/4.0"},
                },
            }
        ],
    }
)  # fmt: skip
DATA_JSON = {
    "@context": "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld",
    "@type": "dcat:Catalog",
    "dataset": [
        {
            "@type": "dcat:Dataset",
            "title": "Kurse für Kinder",
            "identifier": "kurse",
            "publisher": {"@type": "org:Organization", "name": "Stadt Wald"},
            "license": "http://dcat-ap.de/def/licenses/cc-by/4.0",
            "distribution": [{"@type": "dcat:Distribution", "downloadURL": "https://daten.example/kurse.csv"}],
        }
    ],
}


def read(content: str | bytes, url: str = URL) -> Catalogue:
    source = undescribed(Access(kind=AccessKind.DCAT, start=(url,)))
    body = content.encode() if isinstance(content, str) else content
    assert dcat.is_catalogue(body)
    return dcat.parse(body, Origin(source, url, NOW, "dcat"))


def refused(content: str | bytes) -> ReadError:
    with pytest.raises(ReadError) as error:
        read(content)
    return error.value


@pytest.mark.parametrize("content", [TURTLE, XML, JSON_LD], ids=["turtle", "xml", "json-ld"])
def test_one_dataset_in_three_forms_is_the_same(content: str) -> None:
    (dataset,) = read(content).datasets

    assert (dataset.key, dataset.also, dataset.title) == (
        "https://daten.example/d/kurse",
        ("kurse",),
        "Kurse für Kinder",
    )
    assert (dataset.publisher, dataset.keywords, str(dataset.modified)) == ("Stadt Wald", ("Kinder",), "2026-11-20")
    assert dataset.page == "https://daten.example/kurse"
    (file,) = dataset.distributions
    assert (file.url, file.key, file.format, file.media_type) == (
        "https://daten.example/kurse.csv",
        "https://daten.example/f/1",
        "csv",
        "text/csv",
    )
    assert dataset.rights(file).licence == "http://dcat-ap.de/def/licenses/cc-by/4.0"


def test_data_json_is_read_with_a_context_of_our_own() -> None:
    (dataset,) = read(json.dumps(DATA_JSON)).datasets

    assert (dataset.key, dataset.title, dataset.publisher) == ("kurse", "Kurse für Kinder", "Stadt Wald")
    assert [file.url for file in dataset.distributions] == ["https://daten.example/kurse.csv"]


def test_whoever_answers_for_it_is_told() -> None:
    assert read(TURTLE).datasets[0].contact == "daten@wald.example"


def test_the_next_page_is_told() -> None:
    page = f"{TURTLE}<{URL}> hydra:next <{URL}?page=2> ; hydra:totalItems 120 ."

    assert (read(page).next, read(page).total) == (f"{URL}?page=2", 120)


def test_a_next_page_without_an_address_is_none() -> None:
    document = json.loads(JSON_LD)
    document["@graph"].append({"@id": "urn:x:p", "http://www.w3.org/ns/hydra/core#next": "http://[kaputt"})

    assert read(json.dumps(document)).next is None


@pytest.mark.parametrize("address", ["http://[kaputt/a.csv", "ftp://daten.example/a.csv", "kein Link"])
def test_a_file_without_an_address_is_left_out(address: str) -> None:
    document = DATA_JSON | {"dataset": [{"@type": "dcat:Dataset", "title": "Kurse", "distribution": [
        {"@type": "dcat:Distribution", "downloadURL": address}]}]}  # fmt: skip

    (dataset,) = read(json.dumps(document)).datasets

    assert [file.format for file in dataset.distributions if not file.url.startswith("https://daten.example/")] == []


def test_notes_above_turtle_cost_nothing_but_an_issue() -> None:
    found = read(f"Stand: 20.11.2026\n\n{TURTLE}")

    assert [each.key for each in found.datasets] == ["https://daten.example/d/kurse"]
    assert [(issue.rule, issue.wording) for issue in found.issues] == [("dcat.repaired", "Stand: 20.11.2026")]
    assert read(f"# Stand: 20.11.2026\n{TURTLE}").issues == ()


def test_a_distribution_without_an_address_is_none() -> None:
    page = f"{PREFIXES}<https://daten.example/d> a dcat:Dataset ; dcat:distribution [ a dcat:Distribution ] ."

    (dataset,) = read(page).datasets

    assert (dataset.title, dataset.distributions) == ("https://daten.example/d", ())


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (TURTLE[:-40], "dcat.broken"),
        (XML[:-40], "dcat.broken"),
        (f"{PREFIXES}<a> dcat:keyword {'[ dcat:keyword ' * 5_000}", "dcat.too_large"),
        (f"{PREFIXES}<a> dcat:keyword " + "(" * 200_000, "dcat.too_large"),
        (TURTLE + "#" * dcat.MAX_BYTES, "dcat.too_large"),
        (XML.replace("?>", '?><!DOCTYPE a [<!ENTITY b "c">]>', 1), "dcat.entities"),
        (XML.replace("?>", "?><!doctype a SYSTEM 'http://127.0.0.1/'>", 1), "dcat.entities"),
        (XML.replace("?>", '?><!DOCTYPE a [<!ENTITY b "c">]>', 1).encode("utf-16"), "dcat.entities"),
    ],
    ids=["cut turtle", "cut xml", "deep", "deeper", "large", "entities", "external", "utf-16"],
)
def test_what_is_broken_or_hostile_is_refused_with_a_sentence(content: str | bytes, rule: str) -> None:
    body = content.encode() if isinstance(content, str) else content
    source = undescribed(Access(kind=AccessKind.DCAT, start=(URL,)))

    with pytest.raises(ReadError) as error:
        dcat.parse(body, Origin(source, URL, NOW, "dcat"))

    assert error.value.rule == rule
    assert error.value.happened.endswith(".")


@pytest.mark.parametrize("end", [60, 400, 700])
@pytest.mark.parametrize("content", [TURTLE, XML, JSON_LD], ids=["turtle", "xml", "json-ld"])
def test_a_description_that_breaks_off_is_refused(content: str, end: int) -> None:
    source = undescribed(Access(kind=AccessKind.DCAT, start=(URL,)))

    with pytest.raises(ReadError):
        dcat.parse(content[:end].encode(), Origin(source, URL, NOW, "dcat"))


def test_json_that_is_nested_without_end_is_refused() -> None:
    deep = '{"@context": {"dcat": "http://www.w3.org/ns/dcat#"}, "a": ' + '{"a": ' * 150 + "1" + "}" * 151

    assert refused(deep).rule == "dcat.too_large"


@pytest.mark.parametrize(
    "context",
    [
        "{}",
        ["{}", {"dcat": "http://www.w3.org/ns/dcat#"}],
        {"@import": "{}", "dcat": "http://www.w3.org/ns/dcat#"},
        {"dcat": "http://www.w3.org/ns/dcat#", "title": {"@id": "urn:t", "@context": "{}"}},
    ],
    ids=["plain", "list", "import", "scoped"],
)
def test_a_context_that_lies_elsewhere_is_never_fetched(site: Site, context: object) -> None:
    where = site.put("/context.jsonld", json.dumps({"@context": {"title": "http://purl.org/dc/terms/title"}}))
    document = DATA_JSON | {"@context": json.loads(json.dumps(context).replace("{}", where))}

    read(json.dumps(document))

    assert site.asked == []


@pytest.mark.parametrize("kind", ["json-ld", "turtle", "xml"])
def test_the_child_cannot_open_anything_even_if_it_is_told_to(site: Site, kind: str) -> None:
    """The near side replaces contexts; this shows the second wall behind it."""
    where = site.put("/context.jsonld", json.dumps({"@context": {}}))
    document = {"json-ld": json.dumps({"@context": where, "a": 1}), "turtle": TURTLE, "xml": XML}[kind]
    origin = Origin(undescribed(Access(kind=AccessKind.DCAT, start=(URL,))), URL, NOW, "dcat")
    job = f"{kind} {URL}\n{document}".encode()

    if kind == "json-ld":
        with pytest.raises(ReadError) as error:
            dcat.read(job, origin)
        assert error.value.rule in ("dcat.outside", "dcat.broken")
    else:
        assert len(dcat.read(job, origin)["datasets"]) == 1
    assert site.asked == []


def test_work_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dcat_child.MAX_SECONDS <= dcat.MAX_WAIT
    monkeypatch.setattr(dcat, "MAX_WAIT", 0.01)

    assert refused(TURTLE).rule == "dcat.too_large"


def test_a_page_instead_of_a_catalogue_is_said() -> None:
    source = undescribed(Access(kind=AccessKind.DCAT, start=(URL,)))

    with pytest.raises(ReadError) as error:
        dcat.parse(b"<!doctype html><title>Anmelden</title>", Origin(source, URL, NOW, "dcat"))

    assert error.value.rule == "dcat.page"


@pytest.mark.parametrize(
    "content",
    [
        '<?xml version="1.0"?><rss version="2.0" xmlns:dcat="http://www.w3.org/ns/dcat#"><channel/></rss>',
        '<?xml version="1.0"?><OAI-PMH xmlns:dcat="http://www.w3.org/ns/dcat#"><ListRecords/></OAI-PMH>',
        '<!DOCTYPE html><html xmlns:dcat="http://www.w3.org/ns/dcat#"><title>Portal</title></html>',
        "Titel;Vokabular\nWaldtag;http://www.w3.org/ns/dcat#\n",
        '{"titel": "Waldtag"}',
    ],
    ids=["feed", "list", "page", "table", "json"],
)
def test_what_only_names_the_vocabulary_is_no_catalogue(content: str) -> None:
    assert not dcat.is_catalogue(content.encode())
