"""A look in a child of its own: it finds what ``trying`` finds, and a hostile page ends the child and nothing else."""

import json
import resource
from dataclasses import replace

import pytest

from harvesters import look as near_side
from harvesters.fetch.ledger import MemoryLedger
from harvesters.look import LookJob, look
from harvesters.problems import ReadError
from harvesters.trying import try_address, try_source
from schemas.harvest import Access, AccessKind
from tests.factories import NOW, make_source
from tests.harvesters.loopback import QUICK, running_site

PROPOSED = make_source(
    "mv_neu", access=Access(kind=AccessKind.STRUCTURED, start=("https://neu.example/",)), trust="hold"
)
LARGE = 19_000_000
"""Bytes of a hostile page, just below what a preview accepts."""


@pytest.fixture
def site():
    with running_site() as running:
        yield running


def page(data: str) -> str:
    script = f'<script type="application/ld+json">{data}</script>'
    return f"<!doctype html><html><head><title>Haus der Natur</title></head><body>{script}</body></html>"


def event(title: str) -> str:
    words = "Für Kita-Gruppen ab 4 Jahren. 2 Euro je Kind, 60 Minuten, mit Mühe & „Umlaut“."
    return json.dumps({"@type": "Event", "name": title, "description": words, "startDate": "2026-12-01T10:00"})


def test_a_look_from_a_child_is_the_look_itself(site):
    address = site.put("/kita", page(event("Waldtag")))

    found = look(PROPOSED, address, settings=QUICK, now=NOW)

    assert found == try_address(address, PROPOSED, settings=QUICK, ledger=MemoryLedger(), now=NOW)
    assert (found.title, [offer.title for offer in found.preview.offers]) == ("Haus der Natur", ["Waldtag"])


def test_a_described_source_is_looked_at_as_it_is_described(site):
    address = site.put("/kita", page(event("Waldtag")))
    source = make_source("mv_haus", access=Access(kind=AccessKind.STRUCTURED, start=(address,)))

    found = look(source, settings=QUICK, now=NOW)

    assert found == try_source(source, settings=QUICK, ledger=MemoryLedger(), now=NOW)


def test_what_cannot_be_read_is_said_as_ever(site):
    with pytest.raises(ReadError) as caught:
        look(PROPOSED, f"{site.base}/fehlt", settings=QUICK, now=NOW)

    assert (caught.value.rule, caught.value.source) == ("fetch.not_found", "preview")


@pytest.mark.parametrize("limit", [{"max_memory_bytes": 500_000_000}, {"max_cpu_seconds": 2}])
def test_what_eats_memory_or_time_ends_the_child_and_is_said(site, monkeypatch, limit):
    address = site.put("/bombe.json", "[" + "[]," * (LARGE // 3) + "[]]")  # 670 MB as Python's objects
    monkeypatch.setattr(near_side, "LookJob", lambda *parts: replace(LookJob(*parts), **limit))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(ReadError, match="zu viel Arbeitsspeicher oder Rechenzeit") as caught:
        look(PROPOSED, address, settings=QUICK, now=NOW)

    assert (caught.value.rule, caught.value.address) == ("preview.too_costly", address)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB: what it costs is not ours


def test_what_takes_too_long_is_ended(site):
    with pytest.raises(ReadError, match="zu lange") as caught:
        look(PROPOSED, site.put("/kita", page(event("Waldtag"))), settings=QUICK, now=NOW, max_seconds=0.1)

    assert caught.value.rule == "preview.too_slow"


def test_a_fault_of_the_program_is_not_blamed_on_the_page(site, monkeypatch):
    monkeypatch.setattr(near_side, "LookJob", lambda *parts: replace(LookJob(*parts), answer="/nirgends/antwort"))

    with pytest.raises(ReadError, match="FileNotFoundError") as caught:
        look(PROPOSED, site.put("/kita", page(event("Waldtag"))), settings=QUICK, now=NOW)

    assert caught.value.rule == "preview.broken"
