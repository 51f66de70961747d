"""schema.org microdata in web pages → Records, through the same mapping as JSON-LD."""

from datetime import datetime
from typing import Any, Final

from harvesters.formats.pages import canonical, page_of
from harvesters.formats.records import Origin, Parsed, finish
from harvesters.formats.schema_org import Node, offers_in, record_of
from schemas.harvest import Issue, Record, Source

FORMAT: Final = "microdata"


def parse(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Parsed:
    """The offers in a page's microdata, keyed by ``itemid``, ``url``, or the page's address and their ordinal on it."""
    origin = Origin(source, url, fetched_at, FORMAT)
    page = page_of(content, source, charset)
    if page is None:
        return Parsed()
    if next(page.iterfind(".//*[@itemscope]"), None) is None and page.get("itemscope") is None:
        return Parsed()
    from extruct.w3cmicrodata import MicrodataExtractor  # noqa: PLC0415  (brings RDF readers; few crawls need to wait)

    issues: list[Issue] = []
    try:
        items = MicrodataExtractor(nested=True).extract_items(page, base_url=url)
    except RecursionError:
        issues.append(
            origin.problem(
                "source",
                "microdata.too_deep",
                message="Die Mikrodaten der Seite sind ineinander verschlungen (itemref) und nicht lesbar.",
                remedy="Bitte die Betreiber der Seite darauf hinweisen.",
            )
        )
        items = []
    records: list[Record] = []
    key = canonical(page, url)
    for ordinal, node in enumerate(offers_in([_node(item) for item in items])):
        record, problems = record_of(origin, node, key=key, part=ordinal)
        issues.extend(problems)
        if record is not None:
            records.append(record)
    return finish(origin, records, issues)


def _node(item: Any, depth: int = 0) -> Any:
    """An extracted item in the shape of JSON-LD."""
    if isinstance(item, list):
        return [_node(member, depth) for member in item]
    if not isinstance(item, dict) or depth > 20:
        return item if isinstance(item, str) else None
    node: Node = {name: _node(value, depth + 1) for name, value in item.get("properties", {}).items()}
    if "type" in item:
        node["@type"] = item["type"]
    if "id" in item:
        node["@id"] = item["id"]
    if "value" in item and not node.get("name"):
        node.setdefault("name", item["value"])
    return node
