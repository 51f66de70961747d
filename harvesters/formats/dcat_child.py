"""RDF on standard input → datasets on standard output as JSON, in a process of its own under hard limits.

rdflib reads what strangers send, and would fetch what JSON-LD and RDF/XML refer to: before it begins, this process
gives up the right to open anything, so that there is neither a file nor a connection to be had. ``dcat`` is the near
side; this module imports nothing of ours, so it starts fast.
"""

import json
import re
import resource
import sys
import xml.sax.expatreader  # noqa: F401  # loaded by name while parsing, when nothing can be opened any more
from collections.abc import Iterable
from functools import partial
from typing import Any, Final
from xml.sax import SAXException

import rdflib.plugins.parsers.jsonld
import rdflib.plugins.parsers.notation3
import rdflib.plugins.parsers.rdfxml  # noqa: F401
from rdflib import DCAT, DCTERMS, FOAF, RDF, RDFS, Graph, Literal, Namespace, Node, URIRef
from rdflib.exceptions import Error
from rdflib.namespace import SKOS

MAX_MEMORY: Final = 1024 * 1024 * 1024
"""Bytes of address space."""
MAX_SECONDS: Final = 30
"""Seconds of processor time."""
MAX_FILES: Final = 500
"""Distributions of one dataset that are told."""
_ADMS: Final = Namespace("http://www.w3.org/ns/adms#")
_DCATDE: Final = Namespace("http://dcat-ap.de/def/dcatde/")
_HYDRA: Final = Namespace("http://www.w3.org/ns/hydra/core#")
_VCARD: Final = Namespace("http://www.w3.org/2006/vcard/ns#")
_LONGEST: Final = 5_000


def main() -> None:
    """Read, and say what was read: ``{"datasets": […], "total": n, "next": address}`` or ``{"error": code}``.

    The first line names form and address, the rest is the document.
    """
    form, _, address = sys.stdin.buffer.readline().decode().strip().partition(" ")
    content = sys.stdin.buffer.read()
    graph = Graph()
    graph.parse(data="<urn:x:a> a <urn:x:b> .", format="turtle")  # what is loaded late is loaded now
    graph = Graph()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    try:
        graph.parse(data=content, format=form, publicID=address)
    except (Error, SAXException, SyntaxError, ValueError) as error:
        answer: dict[str, Any] = {"error": "broken", "said": str(error)[:300]}
    except (RecursionError, MemoryError):
        answer = {"error": "too_large"}
    except OSError:  # it wanted to open something
        answer = {"error": "outside"}
    else:
        answer = _catalogue(graph)
    sys.stdout.write(json.dumps(answer))


def _catalogue(graph: Graph) -> dict[str, Any]:
    listed = (*graph.subjects(RDF.type, DCAT.Dataset), *graph.objects(None, DCAT.dataset))
    datasets = sorted((_dataset(graph, node) for node in set(listed)), key=lambda each: (each["key"], each["title"]))
    total = [str(said) for said in graph.objects(None, _HYDRA.totalItems) if str(said).isdecimal()]
    following = sorted(
        str(page) for name in ("next", "nextPage") for page in graph.objects(None, _HYDRA[name]) if str(page)
    )
    return {
        "datasets": datasets,
        "total": int(total[0][:9]) if total else None,
        "next": following[0] if following else None,
    }


def _dataset(graph: Graph, node: Node) -> dict[str, Any]:
    ids = _words(graph, node, DCTERMS.identifier, _ADMS.identifier)
    files = sorted(map(partial(_file, graph), graph.objects(node, DCAT.distribution)), key=lambda each: each["key"])
    contacts = sorted(graph.objects(node, DCAT.contactPoint), key=str)
    title = _best(graph, node, DCTERMS.title)
    return {
        "key": str(node) if isinstance(node, URIRef) else (ids or [title])[0],
        "also": ids,
        "title": title,
        "text": _best(graph, node, DCTERMS.description),
        "keywords": _words(graph, node, DCAT.keyword)[:100],
        "publisher": next(filter(None, (_name(graph, each) for each in graph.objects(node, DCTERMS.publisher))), ""),
        "licences": _words(graph, node, DCTERMS.license),
        "attribution": _best(graph, node, _DCATDE.licenseAttributionByText),
        "page": next(iter(_words(graph, node, DCAT.landingPage, FOAF.page)), ""),
        "contact": next((mail for each in contacts for mail in _words(graph, each, _VCARD.hasEmail)), ""),
        "modified": next(iter(_words(graph, node, DCTERMS.modified, DCTERMS.issued)), ""),
        "files": files[:MAX_FILES],
    }


def _file(graph: Graph, node: Node) -> dict[str, Any]:
    address = next(iter(_words(graph, node, DCAT.downloadURL) or _words(graph, node, DCAT.accessURL)), "")
    credits = _words(graph, node, _DCATDE.licenseAttributionByText)
    return {
        "key": str(node) if isinstance(node, URIRef) else address,
        "url": address,
        "name": _best(graph, node, DCTERMS.title) or _best(graph, node, DCTERMS.description),
        "label": _code(graph, node, DCTERMS["format"]),
        "media_type": _code(graph, node, DCAT.mediaType),
        "modified": next(iter(_words(graph, node, DCTERMS.modified, DCTERMS.issued)), ""),
        "licences": _words(graph, node, DCTERMS.license),
        "attribution": credits[0] if credits else "",
    }


def _best(graph: Graph, node: Node, predicate: URIRef) -> str:
    """The German words, else those without a language, else any; always the same of several."""
    said = sorted(
        (str(each.language or "-") not in ("de", "de-DE"), each.language is not None, str(each))
        for each in graph.objects(node, predicate)
        if isinstance(each, Literal)
    )
    return said[0][2][:_LONGEST] if said else ""


def _words(graph: Graph, node: Node, *predicates: URIRef) -> list[str]:
    """What is said under the first of ``predicates`` under which something is said; of nodes their address or name."""
    for predicate in predicates:
        found = sorted(
            {text for each in graph.objects(node, predicate) if (text := _plain(graph, each)[:_LONGEST].strip())}
        )
        if found:
            return found
    return []


def _plain(graph: Graph, node: Node) -> str:
    return str(node) if isinstance(node, (URIRef, Literal)) else _name(graph, node)


def _name(graph: Graph, node: Node) -> str:
    """What a node is called: an organisation, a format, a licence."""
    if isinstance(node, Literal):
        return str(node)
    names: Iterable[URIRef] = (FOAF.name, _VCARD.fn, _VCARD["organization-name"], RDFS.label, SKOS.prefLabel, RDF.value,
                               DCTERMS.title, SKOS.notation, DCTERMS.identifier)  # fmt: skip
    return next(filter(None, (_best(graph, node, name) for name in names)), "")


def _code(graph: Graph, node: Node, predicate: URIRef) -> str:
    """A format: literal, labelled node, or the end of an address of a list of formats or media types."""
    for each in sorted(graph.objects(node, predicate), key=str):
        if isinstance(each, Literal) or (text := _name(graph, each)):
            return str(each) if isinstance(each, Literal) else text
        if isinstance(each, URIRef):
            return str(each).partition("/media-types/")[2] or re.split(r"[/#]", str(each).rstrip("/"))[-1]
    return ""


if __name__ == "__main__":
    main()
