"""Imprint, privacy, accessibility, open data, schemas, health."""

import json

import pytest
from lxml import html

from schemas.jsonschema import MODELS, schema
from schemas.store.offers import CSV_COLUMNS
from tests.factories import make_source_offer
from tests.webapp.site import HOSTILE, Site
from webapp.region_file import new_region
from webapp.region_keys import find_area
from webapp.region_texts import parts

TEXTS = [("/impressum", "imprint"), ("/datenschutz", "privacy"), ("/barrierefreiheit", "accessibility")]


def page_with(site: Site, path: str, key: str, text: str) -> html.HtmlElement:
    """The page where the Region's file says ``text``."""
    file = site.folder / "regions" / "a.toml"
    file.write_text(f"{key} = {json.dumps(text)}\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    return html.fromstring(Site(site.database, site.folder).client().get(path).text)


@pytest.mark.parametrize(("path", "key"), TEXTS)
def test_the_texts_come_from_the_regions_file_with_paragraphs_headings_and_lists(site: Site, path, key):
    assert "noch nicht hinterlegt" in site.client().get(path).text
    text = (
        "Erste Zeile\nzweite\n\n\n## Kontakt\r\n- Telefon\n-  Mail: a@kreis.example.\n\nSiehe https://kreis.example/x."
    )

    page = page_with(site, path, key, text)

    (body,) = page.cssselect(".region-text")
    assert [(part.tag, " ".join(part.text_content().split())) for part in body if part.tag != "ul"] == [
        ("p", "Erste Zeilezweite"),
        ("h2", "Kontakt"),
        ("p", "Siehe https://kreis.example/x."),
    ]
    assert [item.text_content() for item in body.cssselect("ul li")] == ["Telefon", "Mail: a@kreis.example."]
    assert [link.get("href") for link in body.iter("a")] == ["mailto:a@kreis.example", "https://kreis.example/x"]
    assert len(body.cssselect("br")) == 1
    assert "noch nicht" not in page.text_content()


@pytest.mark.parametrize(("path", "key"), TEXTS)
def test_a_regions_text_cannot_bring_in_html(site: Site, path, key):
    hostile = f'{HOSTILE}\n\n## {HOSTILE}\n- <b>x</b>\n- javascript:alert(1) https://x"onmouseover="y" data:text/html,x'

    page = page_with(site, path, key, hostile.replace("\0", ""))

    (body,) = page.cssselect(".region-text")
    assert {element.tag for element in body.iter()} == {"div", "p", "h2", "ul", "li", "a"}
    assert {name for element in body.iter("a") for name in element.attrib} == {"href", "rel"}
    assert page.cssselect("script:not([type])") == []


@pytest.mark.parametrize(("path", "key"), TEXTS)
def test_a_text_with_gaps_says_that_it_is_not_complete(site: Site, path, key):
    page = page_with(site, path, key, "Landkreis\n[BITTE ERGÄNZEN: Anschrift]")

    assert "noch nicht vollständig" in page.text_content()
    assert "[BITTE ERGÄNZEN: Anschrift]" in page.text_content()


def test_the_texts_that_init_writes_are_whole_pages(site: Site):
    area = find_area("13075")
    made = new_region(area, "Mecklenburg-Vorpommern", base_url="https://bildung.example", coordinator=None)

    for path, key in TEXTS:
        page = page_with(site, path, key, getattr(made, key))
        headings = [heading.text_content() for heading in page.cssselect(".region-text h2")]
        assert len(headings) >= 4, path
        assert "##" not in page.text_content()


def test_long_lines_of_a_text_are_read_in_linear_time():
    for line in ("a" * 200_000, "a." * 100_000, "a@" * 100_000, "https://" * 25_000):
        assert "".join(str(line) for part in parts(line) for line in part.lines)


def test_the_data_page_documents_every_column_and_links_every_feed(site: Site):
    page = html.fromstring(site.client().get("/daten").text)
    links = {a.get("href") for a in page.iter("a")}

    assert [name for name, meaning, _ in CSV_COLUMNS if (name, meaning) not in rows(page)] == []
    assert {"/offers.ndjson", "/offers.csv", "/offers.ics", "/offers.atom", "/schema/offer.json"} <= links
    assert [link for link in links if link.startswith("/") and site.client().get(link).status_code != 200] == []


def rows(page) -> set[tuple[str, ...]]:
    return {tuple(cell.text_content() for cell in row) for row in page.cssselect("tbody tr")}


@pytest.mark.parametrize("name", MODELS)
def test_every_schema_is_served(site: Site, name):
    response = site.client().get(f"/schema/{name}.json")

    assert response.json == schema(name)
    assert response.headers["Content-Type"] == "application/schema+json"
    assert (
        site.client().get(f"/schema/{name}.json", headers={"If-None-Match": response.headers["ETag"]}).status_code
        == 304
    )


def test_other_schemas_do_not_exist(site: Site):
    assert site.client().get("/schema/nichts.json").status_code == 404
    assert site.client().get("/schema/..%2F..%2Fetc%2Fpasswd.json").status_code == 404


def test_health_names_the_last_change(site: Site):
    before = site.client().get("/healthz").json
    site.harvest(make_source_offer())

    assert before == {"status": "ok", "change": 0}
    assert site.client().get("/healthz").json == {"status": "ok", "change": 1}
