"""Imprint, privacy, accessibility, open data, schemas, health."""

import pytest
from lxml import html

from schemas.jsonschema import MODELS, schema
from schemas.store.offers import CSV_COLUMNS
from tests.factories import make_source_offer
from tests.webapp.site import Site


@pytest.mark.parametrize(
    ("path", "key"), [("/impressum", "imprint"), ("/datenschutz", "privacy"), ("/barrierefreiheit", "accessibility")]
)
def test_the_texts_come_from_the_regions_file(site: Site, path, key):
    assert "noch nicht hinterlegt" in site.client().get(path).text
    file = site.folder / "regions" / "a.toml"
    file.write_text(f'{key} = "Erste Zeile\\n<b>zweite</b>"\n' + file.read_text(), encoding="utf-8")

    page = Site(site.database, site.folder).client().get(path).text

    assert "Erste Zeile\n&lt;b&gt;zweite&lt;/b&gt;" in page


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
