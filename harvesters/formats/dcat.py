"""DCAT catalogues (Turtle, RDF/XML, JSON-LD, and the ``data.json`` of DKAN and ArcGIS) → datasets."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from pydantic import JsonValue

from harvesters.formats.datasets import Catalogue, Dataset, Distribution, day_of
from harvesters.formats.json_api import document_of
from harvesters.formats.pages import joined
from harvesters.formats.records import Origin
from harvesters.formats.text import decode, line, lines, looks_like_page
from harvesters.problems import ReadError
from schemas.harvest import Issue

FORMAT: Final = "dcat"
ACCEPT: Final = "text/turtle, application/rdf+xml;q=0.9, application/ld+json;q=0.8, */*;q=0.5"
MAX_BYTES: Final = 5_000_000
"""Largest page of a catalogue, some 6,000 datasets; rdflib reads a few hundred kilobytes a second."""
MAX_WAIT: Final = 120.0
"""Longest time on the clock for one page; its processor time is limited by the child itself."""
_MAX_DEPTH: Final = 100
_VOCABULARY: Final = b"www.w3.org/ns/dcat#"
_DATA_JSON: Final = re.compile(rb'"(?:@type|conformsTo)"\s*:\s*"(?:dcat:(?:Catalog|Dataset)|https://project-open-data)')
_PROLOGUE: Final = re.compile(r"(?im)^[ \t]*(?:@prefix|@base|prefix|base)\s")
_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]*\?>")
_NAMES: Final = {
    "title": "dct:title", "description": "dct:description", "identifier": "dct:identifier", "issued": "dct:issued",
    "modified": "dct:modified", "publisher": "dct:publisher", "name": "foaf:name", "dataset": "dcat:dataset",
    "distribution": "dcat:distribution", "keyword": "dcat:keyword", "mediaType": "dcat:mediaType",
    "format": "dct:format",
}  # fmt: skip
_ADDRESSES: Final = {
    "license": "dct:license", "landingPage": "dcat:landingPage", "accessURL": "dcat:accessURL",
    "downloadURL": "dcat:downloadURL",
}  # fmt: skip
_CONTEXT: Final[dict[str, Any]] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "org": "http://www.w3.org/ns/org#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    **_NAMES,
    **{name: {"@id": term, "@type": "@id"} for name, term in _ADDRESSES.items()},
}
"""Stands for every context that lies elsewhere: none is ever fetched."""
_SMALLER: Final = "Bitte die Adresse des einzelnen Datensatzes nehmen, meist mit .ttl, .rdf oder .jsonld am Ende."
_TROUBLE: Final = {
    "broken": ("Die Beschreibung des Datensatzes ist nicht lesbar", "Bitte das Portal darauf hinweisen."),
    "too_large": ("Das Verzeichnis braucht zum Lesen zu viel Speicher oder Zeit", _SMALLER),
    "outside": ("Die Beschreibung verweist auf anderes, das wir nicht nachladen", _SMALLER),
    "entities": ("Die Beschreibung enthält eine Dokumenttyp-Deklaration; so etwas lesen wir nicht", _SMALLER),
}


def is_catalogue(content: bytes) -> bool:
    """Whether ``content`` speaks of datasets in RDF, whatever its form.

    Pages and feeds of portals declare the vocabulary, too, and a table may name it.
    """
    start = content[:2_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if any(tag in start for tag in (b"<html", b"<!doctype html", b"<rss", b"<feed", b"<oai-pmh")):
        return False
    if start[:1] in (b"{", b"["):
        return _VOCABULARY in content or _DATA_JSON.search(content[:20_000]) is not None
    declares = _PROLOGUE.search(content[:20_000].decode("utf-8", "replace")) is not None
    return _VOCABULARY in content and (start[:1] == b"<" or declares)


def parse(content: bytes, origin: Origin, charset: str | None = None) -> Catalogue:
    """The datasets of one page of a catalogue, and the address of the next one (``hydra:next``).

    Raises ``ReadError`` for what is broken, too large, or brings entities; remote contexts are replaced, never fetched.
    """
    if len(content) > MAX_BYTES:
        raise _trouble(origin, "too_large")
    issues: list[Issue] = []
    text, _ = decode(content, origin.source.access.encoding, charset)
    if looks_like_page(text):
        raise ReadError(
            origin.source.name, origin.url, "dcat.page", "Statt der Beschreibung kam eine Internetseite.",
            "Bitte die Adresse im Browser öffnen: Vielleicht ist sie umgezogen, gesperrt oder verlangt eine Anmeldung.",
        )  # fmt: skip
    start = text.lstrip()[:1]
    if start in ("{", "["):
        form, text = "json-ld", _json(content, origin, charset, issues)
    elif start == "<" and not re.match(r"\s*<[^>\s]*:[^>\s]*>\s", text):
        if re.search(r"<!(?:DOCTYPE|ENTITY)", text, re.IGNORECASE):
            raise _trouble(origin, "entities")
        form, text = "xml", _DECLARATION.sub("", text)
    else:
        form, text = "turtle", _from_prologue(text, origin, issues)
    said = read(f"{form} {_one_line(origin.url)}\n{text}".encode("utf-8", "replace"), origin)
    return Catalogue(
        datasets=tuple(_dataset(each, origin.url) for each in said["datasets"]),
        total=said["total"],
        next=joined(origin.url, said["next"] or ""),
        issues=tuple(issues),
    )


def read(job: bytes, origin: Origin) -> dict[str, Any]:
    """What the child says of ``job``: form and address in the first line, then the document."""
    try:
        child = subprocess.run(
            [sys.executable, "-m", "harvesters.formats.dcat_child"],
            input=job,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
            timeout=MAX_WAIT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _trouble(origin, "too_large") from error
    if child.returncode != 0:  # killed at a limit, or rdflib stumbled over what it does not expect
        raise _trouble(origin, "too_large" if child.returncode < 0 else "broken")
    said: dict[str, Any] = json.loads(child.stdout)
    if "error" in said:
        raise _trouble(origin, said["error"], said.get("said", ""))
    return said


def _trouble(origin: Origin, rule: str, said: str = "") -> ReadError:
    happened, remedy = _TROUBLE[rule]
    reason = f" ({line(said.partition(' at ^')[0])[:200]})" if said else ""
    return ReadError(origin.source.name, origin.url, f"dcat.{rule}", f"{happened}{reason}.", remedy)


def _one_line(url: str) -> str:
    return re.sub(r"\s+", "%20", url)


def _from_prologue(text: str, origin: Origin, issues: list[Issue]) -> str:
    """Turtle from its first declaration on; notes that somebody left above it are said to be left out."""
    match = _PROLOGUE.search(text)
    above = text[: match.start()] if match else ""
    told = [each.strip() for each in above.splitlines() if each.strip() and not each.lstrip().startswith("#")]
    if match is None or not told or any(each.startswith("<") or each.endswith((".", ";")) for each in told):
        return text
    issues.append(
        origin.problem(
            "source", "dcat.repaired", told[0],
            message="Über den Daten steht Text, der nicht dazugehört; er wurde übergangen.",
            remedy="Bitte das Portal darauf hinweisen; alles Übrige wurde gelesen.",
        )
    )  # fmt: skip
    return text[match.start() :]


def _json(content: bytes, origin: Origin, charset: str | None, issues: list[Issue]) -> str:
    document = _at_home(document_of(content, origin, charset, issues), origin, 0)
    if isinstance(document, dict) and "@context" not in document:
        document = {"@context": _CONTEXT, **document}
    return json.dumps(document)


def _at_home(value: JsonValue, origin: Origin, depth: int) -> JsonValue:
    """``value`` with our own context in place of every one that lies elsewhere."""
    if depth > _MAX_DEPTH:
        raise _trouble(origin, "too_large")
    if isinstance(value, list):
        return [_at_home(each, origin, depth + 1) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _context(each, origin, depth + 1) if key == "@context" else _at_home(each, origin, depth + 1)
        for key, each in value.items()
        if key != "@import"
    }


def _context(value: JsonValue, origin: Origin, depth: int) -> JsonValue:
    if isinstance(value, str):
        return _CONTEXT
    if isinstance(value, list):
        return [_context(each, origin, depth + 1) for each in value]
    return _at_home(value, origin, depth)


def _dataset(said: dict[str, Any], base: str) -> Dataset:
    files = [(joined(base, each["url"]), each) for each in said["files"]]
    credits = {each["attribution"] for each in said["files"] if each["attribution"]}
    return Dataset(
        key=said["key"],
        also=tuple(said["also"]),
        title=line(said["title"])[:300] or said["key"] or "ohne Titel",
        text=lines(said["text"]),
        keywords=tuple(line(each)[:100] for each in said["keywords"]),
        publisher=line(said["publisher"])[:400],
        licences=tuple(said["licences"]),
        attribution=line(said["attribution"] or (credits.pop() if len(credits) == 1 else ""))[:400],
        page=said["page"] if said["page"].startswith(("http://", "https://")) else "",
        contact=said["contact"].removeprefix("mailto:"),
        modified=day_of(said["modified"]),
        distributions=tuple(
            Distribution(
                url=address,
                key=each["key"],
                name=line(each["name"])[:300],
                label=each["label"][:100],
                media_type=each["media_type"] if "/" in each["media_type"] else "",
                modified=day_of(each["modified"]),
                licences=tuple(each["licences"]),
            )
            for address, each in files
            if address is not None
        ),
    )
