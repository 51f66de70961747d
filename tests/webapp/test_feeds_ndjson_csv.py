"""offers.ndjson and offers.csv: complete, valid, rights per record; streamed to the last byte; 304 until a change."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta

import jsonschema
import pytest

from schemas.jsonschema import schema
from schemas.organisation import Booking, Contact
from schemas.review import DecisionKind
from schemas.store.offers import CSV_COLUMNS
from schemas.store.reviews import decide
from tests.factories import OPEN, make_source, make_source_offer
from tests.webapp.site import HERE, Reader, Site

OPEN_RIGHTS = {
    "kind": "open",
    "licence": OPEN.licence,
    "attribution": "Beispielmuseum",
    "changes": "verändert: gekürzt, vereinheitlicht",
}
FEEDS = ("/offers.ndjson", "/offers.csv", "/offers.ics", "/offers.atom")


def lines(client: Reader, path: str = "/offers.ndjson") -> list[dict[str, object]]:
    return [json.loads(line) for line in client.get(path).text.splitlines()]


def rows(client: Reader) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get("/offers.csv").get_data(as_text=True), newline="")))


@pytest.fixture
def three(site: Site) -> list[str]:
    """One offer of facts only, one under an open licence, one that was rejected."""
    ids = site.harvest(make_source_offer("a"), make_source_offer("b", title="=1+1"))
    ids += site.harvest(make_source_offer(source="mv_offen", rights=OPEN), source=make_source("mv_offen", rights=OPEN))
    with site.database.begin() as session:
        decide(session, ids[1], DecisionKind.REJECT, by="x", now=site.now)
    return ids


def test_every_line_fits_the_published_schema(site, three):
    published_schema = site.client().get("/schema/offer.json").json

    found = lines(site.client())

    assert published_schema == schema("offer")
    assert {line["id"] for line in found} == {three[0], three[2]}
    for line in found:
        jsonschema.validate(line, published_schema, format_checker=jsonschema.FormatChecker())


def test_rights_stand_in_every_record(site, three):
    by_id = {line["id"]: line["rights"] for line in lines(site.client())}
    cells = {row["id"]: (row["rights"], row["licence"], row["attribution"]) for row in rows(site.client())}

    assert by_id[three[0]] == {"kind": "facts_only", "licence": None, "attribution": None, "changes": None}
    assert by_id[three[2]] == OPEN_RIGHTS
    assert cells[three[0]] == ("facts_only", "", "")
    assert cells[three[2]] == ("open", OPEN.licence, "Beispielmuseum")


def test_the_table_has_the_documented_columns_and_as_many_rows(site, three):
    found = rows(site.client())

    assert list(found[0]) == [name for name, _, _ in CSV_COLUMNS]
    assert {row["id"] for row in found} == {three[0], three[2]}


def test_no_cell_starts_a_formula(site):
    site.harvest(*(make_source_offer(f"o{n}", title=f"{sign}1+1") for n, sign in enumerate("=+-@")))

    assert all(row["title"].startswith("'") for row in rows(site.client()))


def test_since_gives_what_changed_after_a_number_with_tombstones(site, three):
    client = site.client()
    number = client.get("/healthz").json["change"]
    assert lines(client, f"/offers.ndjson?since={number}") == []

    site.harvest(make_source_offer("neu", title="Neu"))

    (new,) = lines(client, f"/offers.ndjson?since={number}")
    everything = lines(client, "/offers.ndjson?since=0")
    assert (new["title"], new["version"]) == ("Neu", number + 1)
    assert {line["id"]: line["status"] for line in everything}[three[1]] == "rejected"
    assert [line["version"] for line in everything] == sorted(line["version"] for line in everything)  # type: ignore[type-var]


@pytest.mark.parametrize("since", ["", "-1", "x", "²", "1e9", "9" * 40])
def test_since_wants_a_number(site, since):
    response = site.client().get(f"/offers.ndjson?since={since}")

    assert response.status_code == 400
    assert response.content_type == "application/problem+json"
    assert "Nummer einer Änderung" in response.json["detail"]
    assert "the number of a change" in response.json["detail_en"]


@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_is_304_until_something_is_published(site, three, path):
    client = site.client()
    etag = client.get(path).headers["ETag"]

    unchanged = client.get(path, headers={"If-None-Match": etag})
    site.harvest(make_source_offer("neu", title="Neu"))
    changed = client.get(path, headers={"If-None-Match": etag})

    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert not etag.startswith("W/")
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag


@pytest.mark.parametrize("path", FEEDS)
def test_feeds_may_be_read_from_any_site_and_claim_no_licence_for_records_that_differ(site, path):
    response = site.client().get(path)

    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert f'<http://{HERE}/schema/offer.json>; rel="describedby"' in response.headers["Link"]
    assert 'rel="license"' not in response.headers["Link"]
    assert response.headers["Cache-Control"] == "public, no-cache"


@pytest.mark.parametrize("path", FEEDS)
def test_no_feed_holds_evidence_personal_contacts_or_foreign_prose(site, path):
    contact = Contact(name="Erika Muster", phone="0170 1", mail="erika@privat.example", personal=True)
    site.harvest(make_source_offer(booking=Booking(contact=contact)))

    text = site.client().get(path).get_data(as_text=True).replace("\r\n ", "")

    assert [
        w for w in ("Erika", "0170 1", "erika@", "Wortlaut zu", "Ammoniten", "Knochen der Urzeit") if w in text
    ] == []


def handed_over(site: Site, path: str, headers: dict[str, str] | None = None) -> tuple[list[str], Iterator[bytes]]:
    """What a WSGI server gets: the status, and the body before anybody has read it."""
    status: list[str] = []
    environ = site.app.test_request_context(path, base_url=f"http://{HERE}", headers=headers).request.environ
    body = site.app.wsgi_app(environ, lambda line, *_: status.append(line))
    return status, iter(body) if not hasattr(body, "close") else body  # type: ignore[return-value]


def open_connections(site: Site) -> int:
    return site.database.engine.pool.checkedout()  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("path", ["/offers.ndjson", "/offers.csv", "/offers.ics"])
def test_the_body_is_read_after_the_request_and_its_session_closed_with_it(site, path):
    site.harvest(*(make_source_offer(f"o{n}", title=f"Angebot {n}") for n in range(1_200)))
    expected = site.client().get(path).data

    status, body = handed_over(site, path)
    while_open = open_connections(site)
    received = b"".join(body)
    body.close()  # type: ignore[attr-defined]

    assert status == ["200 OK"]
    assert while_open == 1
    assert received == expected
    assert open_connections(site) == 0


@pytest.mark.parametrize("path", ["/offers.ndjson", "/offers.csv", "/offers.ics"])
def test_a_reader_that_hangs_up_leaves_nothing_open(site, path):
    site.harvest(*(make_source_offer(f"o{n}") for n in range(5)))
    etag = site.client().get(path).headers["ETag"]

    _, body = handed_over(site, path)
    next(iter(body))
    body.close()  # type: ignore[attr-defined]
    _, not_modified = handed_over(site, path, {"If-None-Match": etag})
    not_modified.close()  # type: ignore[attr-defined]

    assert open_connections(site) == 0


def test_a_stream_is_one_snapshot_while_others_publish(site):
    site.harvest(*(make_source_offer(f"o{n}", title=f"Angebot {n}") for n in range(1_200)))
    _, body = handed_over(site, "/offers.ndjson")
    pieces = iter(body)
    first = next(pieces)

    site.now += timedelta(minutes=5)
    site.harvest(make_source_offer("neu", title="Neu"))
    text = (first + b"".join(pieces)).decode()
    body.close()  # type: ignore[attr-defined]

    assert len(text.splitlines()) == 1_200
    assert '"title":"Neu"' not in text


def test_head_is_answered_without_a_body(site, three):
    for path in FEEDS:
        response = site.client().head(path)
        assert (response.status_code, response.data) == (200, b"")
        assert open_connections(site) == 0


def test_feeds_work_on_both_databases(both_sites):
    both_sites.harvest(*(make_source_offer(f"o{n}", title=f"Angebot {n}") for n in range(1_100)))
    client = both_sites.client()

    assert len(lines(client)) == len(rows(client)) == 1_100
    assert [client.get(path).status_code for path in FEEDS] == [200] * 4
    assert open_connections(both_sites) == 0
