"""Offers as JSON: walked page by page while offers change, and each at its own address for ever."""

import json

import jsonschema
import pytest
from sqlalchemy import event

from schemas.jsonschema import schema
from schemas.review import DecisionKind
from schemas.store.reviews import decide
from tests.factories import OPEN, make_source, make_source_offer
from tests.webapp.site import HERE, OTHER_REGION, THERE, Reader, Site, make_other_offer, other_source
from webapp.db import NOWHERE
from webapp.feeds.buckets import bucket_of

DL_BY = "http://dcat-ap.de/def/licenses/dl-by-de/2.0"


@pytest.fixture
def many(site: Site) -> list[str]:
    return site.harvest(*(make_source_offer(f"o{n}", title=f"Nummer {n}") for n in range(7)))


def path_of(address: str) -> str:
    assert address.startswith(f"http://{HERE}/")
    return address.removeprefix(f"http://{HERE}")


def walked(client: Reader, path: str, between=lambda step: None):  # type: ignore[no-untyped-def]
    """All items from ``path`` on, and ``latest`` of the last page; ``between`` is called after each page."""
    items, following, latest, step = [], path, 0, 0
    while following:
        page = client.get(following).json
        items += page["items"]
        latest, following = page["latest"], path_of(page["next"]) if page["next"] else None
        step += 1
        between(step)
    return items, latest


def test_every_record_fits_the_published_schema_wherever_it_is_served(site, many):
    site.harvest(make_source_offer("x", source="mv_offen", rights=OPEN), source=make_source("mv_offen", rights=OPEN))
    client, published = site.client(), client_schema(site)

    bucket = [json.loads(line) for line in client.get("/offers-fakten.ndjson").text.splitlines()]
    single = client.get(f"/offers/{many[0]}.json").json
    for record in [*client.get("/offers.json").json["items"], *bucket, single]:
        jsonschema.validate(record, published, format_checker=jsonschema.FormatChecker())
        assert record["data_licence"] == "http://dcat-ap.de/def/licenses/cc-zero"
    assert published["properties"].keys() == single.keys()


def client_schema(site: Site):  # type: ignore[no-untyped-def]
    found = site.client().get("/schema/offer.json").json
    assert found == schema("offer")
    return found


def test_all_offers_come_page_by_page_each_once(site, many):
    items, latest = walked(site.client(), "/offers.json?limit=3")

    assert sorted(item["id"] for item in items) == sorted(many)
    assert latest == site.client().get("/healthz").json["change"]


def test_who_walks_while_offers_change_and_then_asks_for_changes_misses_nothing(site, many):
    client = site.client()

    def meanwhile(step: int) -> None:
        if step == 1:
            site.harvest(make_source_offer("o0", title="Neu gesagt"), make_source_offer("neu", title="Neu"))
            with site.database.begin() as session:
                decide(session, many[1], DecisionKind.REJECT, by="x", now=site.now)

    items, latest = walked(client, "/offers.json?limit=3", meanwhile)
    held = {item["id"]: item for item in items}
    changes, _ = walked(client, f"/offers.json?changed_since={latest}&limit=1")
    held |= {item["id"]: item for item in changes}

    wanted = {item["id"]: item for item in walked(client, "/offers.json?changed_since=0")[0]}
    assert held == wanted
    assert held[many[1]].keys() == {"id", "status", "at", "replaced_by", "version"}


def test_pages_of_changes_lead_on_by_address_and_by_header(site, many):
    response = site.client().get("/offers.json?changed_since=2&limit=2")

    assert [item["version"] for item in response.json["items"]] == [3, 4]
    assert response.json["next"] == f"http://{HERE}/offers.json?changed_since=4&latest=7&limit=2"
    assert f'<{response.json["next"]}>; rel="next"' in response.headers["Link"]
    assert f'<http://{HERE}/schema/offer.json>; rel="describedby"' in response.headers["Link"]


@pytest.mark.parametrize(
    "path", ["/offers.json?changed_since=", "/offers.json?since=", "/offers.ndjson?changed_since="]
)
def test_a_number_that_was_never_given_out_is_gone_and_says_to_copy_everything_again(site, many, path: str):
    client = site.client()

    assert client.get(f"{path}7").status_code == 200
    for number in ("8", "999999999999999"):
        response = client.get(path + number)
        assert (response.status_code, response.content_type) == (410, "application/problem+json")
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert f"Bitte alle Angebote neu holen: http://{HERE}/offers.ndjson" in response.json["detail"]
        assert "copy all offers again" in response.json["detail_en"]


@pytest.mark.parametrize(
    ("query", "german", "english"),
    [
        ("changed_since=gestern", "erwartet ist die Nummer einer Änderung", "expected is the number of a change"),
        ("changed_since=-1", "gelesen wurde „-1“", 'read "-1"'),
        ("changed_since=", "gelesen wurde „“", 'read ""'),
        ("after=1e9", "after: gelesen", "after: read"),
        ("limit=0", "erwartet ist eine Zahl von 1 bis 1000", "expected is a number from 1 to 1000"),
        ("limit=1001", "erwartet ist eine Zahl von 1 bis 1000", "expected is a number from 1 to 1000"),
        ("limit=" + "9" * 40, "eine Zahl von 1 bis 1000", "a number from 1 to 1000"),
        ("changed_since=0&after=1", "entweder after oder changed_since", "either after or changed_since"),
    ],
)
def test_bad_values_are_refused_as_json_in_both_languages(site, query: str, german: str, english: str):
    response = site.client().get(f"/offers.json?{query}")

    assert response.status_code == 400
    assert response.content_type == "application/problem+json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert german in response.json["detail"] and english in response.json["detail_en"]


def test_since_means_the_same_as_changed_since(site, many):
    client = site.client()

    for path in ("/offers.json", "/offers.ndjson"):
        assert client.get(f"{path}?since=5").data == client.get(f"{path}?changed_since=5").data


@pytest.mark.parametrize("path", ["/offers.json", "/offers.json?changed_since=3", "/offers-fakten.csv"])
def test_pages_are_304_until_something_is_published_and_answer_head(site, many, path: str):
    client = site.client()
    etag = client.get(path).headers["ETag"]

    unchanged = client.get(path, headers={"If-None-Match": etag})
    head = client.head(path)
    site.harvest(make_source_offer("neu", title="Neu"))

    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", etag)
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_an_offer_has_its_own_address_with_an_etag(site, many):
    client = site.client()
    response = client.get(f"/offers/{many[0]}.json")

    assert (response.status_code, response.json["title"]) == (200, "Nummer 0")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    again = client.get(f"/offers/{many[0]}.json", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get("/offers/oaaaaaaaaaaaaaaa.json").status_code == 404
    assert client.get("/offers/nix.json").status_code == 404


def test_an_offer_that_is_gone_answers_410_with_its_tombstone(site, many):
    with site.database.begin() as session:
        decide(session, many[0], DecisionKind.REJECT, by="x", now=site.now)

    response = site.client().get(f"/offers/{many[0]}.json")

    assert response.status_code == 410
    assert (response.json["id"], response.json["status"], response.json["replaced_by"]) == (many[0], "rejected", None)


def test_each_regions_facts_stand_under_its_own_licence_and_in_its_own_files(sqlite_database, tmp_path):
    (tmp_path / "regions").mkdir()
    (tmp_path / "regions" / "b.toml").write_text(OTHER_REGION + f'data_licence = "{DL_BY}"\n', encoding="utf-8")
    here = OTHER_REGION.replace("01002", "13075").replace("Kiel", "VG").replace(THERE, HERE)
    (tmp_path / "regions" / "a.toml").write_text(here, encoding="utf-8")
    site = Site(sqlite_database, tmp_path)
    site.harvest(make_source_offer("a", title="Hier"))
    (sprats,) = site.harvest(make_other_offer(), source=other_source())

    everything = {item["title"]: item["data_licence"] for item in site.client().get("/offers.json").json["items"]}
    theirs = site.client(THERE).get("/offers-fakten.ndjson")

    assert everything == {"Hier": "http://dcat-ap.de/def/licenses/cc-zero", "Kieler Sprotten": DL_BY}
    assert [json.loads(line)["title"] for line in theirs.text.splitlines()] == ["Kieler Sprotten"]
    assert '<https://www.govdata.de/dl-de/by-2-0>; rel="license"' in theirs.headers["Link"]
    assert "dl-de/by-2-0" in site.client(THERE).get("/offers.atom").text
    assert f'"license":"{DL_BY}"' in site.client().get(f"/angebote/{sprats}").text.replace('": "', '":"')


def test_a_bucket_that_nobody_knows_is_not_there_and_a_known_one_may_be_empty(site):
    client = site.client()

    assert client.get("/offers-geheim.csv").status_code == 404
    assert client.get("/offers-cc-by-4.0.ndjson").data == b""
    assert client.get("/offers-dl-by-de-2.0.csv").text.startswith("id,version,")


@pytest.mark.parametrize("slug", ["fakten", "cc-by-4.0"])
def test_a_bucket_with_a_known_name_is_found_without_reading_the_offers(site, many, slug: str):
    asked: list[str] = []
    event.listen(site.database.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))

    with site.database.read() as session:
        found = bucket_of(session, NOWHERE, slug)

    assert found is not None
    assert [statement for statement in asked if "published" in statement] == []
