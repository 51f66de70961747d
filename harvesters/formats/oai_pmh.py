"""OAI-PMH 2.0: lists of metadata records, page by page → Records, from Dublin Core.

Every run asks for the whole list, never for changes since a day: what a run does not show is then missing, and
datestamps, their granularity and the server's clock decide nothing. The dates in Dublin Core are those of a
publication, not of an offer, and its creators and contributors are persons; neither is taken over.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
from lxml import etree

from harvesters.formats.listing import Item, Listing, Page, deleted_keys, latest, packed
from harvesters.formats.records import Origin, Parsed, build, finish
from harvesters.formats.text import looks_like_page
from harvesters.formats.xml_tree import ends_with, name_of, text_of, tree_of
from harvesters.problems import ReadError
from schemas.harvest import Issue, Record, RecordField, Source

FORMAT: Final = "oai_pmh"
_ROOT: Final = "oai-pmh"
_LISTS: Final = frozenset(("listrecords", "getrecord"))
_ARGUMENTS: Final = frozenset(("verb", "metadataPrefix", "set", "from", "until", "resumptionToken", "identifier"))
_DUBLIN_CORE: Final = ("http://purl.org/dc/elements/1.1/", "http://purl.org/dc/terms/")
_GERMAN: Final = frozenset(("de", "deu", "ger"))
_PERSONS: Final = frozenset(("creator", "contributor"))
_READ: Final = frozenset(
    ("title", "alternative", "description", "abstract", "tableofcontents", "subject", "publisher", "type", "audience",
     "spatial", "temporal", *_PERSONS)
)  # fmt: skip
_EMPTY: Final = "norecordsmatch"
_REMEDIES: Final = {
    "badresumptiontoken": "Die Quelle hat die Liste mittendrin vergessen; der nächste Abruf beginnt von vorn.",
    "cannotdisseminateformat": "Bitte in access.start ein metadataPrefix eintragen, das ListMetadataFormats nennt.",
    "nosethierarchy": "Die Quelle kennt keine Sets. Bitte „set“ aus access.start streichen.",
    "badargument": "Bitte metadataPrefix und set in access.start prüfen.",
    "badverb": "Bitte access.start um „?verb=ListRecords&metadataPrefix=oai_dc“ ergänzen.",
}
_ASK_OTHERS: Final = "Bitte die Adresse im Browser öffnen und die Betreiber darauf hinweisen."

Values = list[tuple[str, str]]
"""Language (or nothing) and words, one for each element of a name."""


def list_address(url: str) -> str:
    """The address of all records of the repository at ``url``, in Dublin Core where it names no other format.

    >>> list_address("https://x.example/oai?page=oai&verb=Identify&set=kinder")
    'https://x.example/oai?page=oai&verb=ListRecords&metadataPrefix=oai_dc&set=kinder'
    """
    given = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    kept = {name: given[name] for name in ("set",) if given.get(name)}
    return _asked(url, {"verb": "ListRecords", "metadataPrefix": given.get("metadataPrefix") or "oai_dc", **kept})


def wrong_address(url: str) -> str | None:
    """What keeps ``url`` from being the address of a whole list, as a German sentence; ``None`` where nothing does."""
    given = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    if given.get("verb") != "ListRecords" or not given.get("metadataPrefix"):
        return f"gelesen wurde „{url}“, gebraucht wird „{list_address(url)}“."
    if part := given.keys() & {"from", "until", "resumptionToken"}:
        return f"„{min(part)}“ zeigt nur einen Teil der Liste; was fehlt, gälte als zurückgezogen."
    return None


def is_answer(content: bytes) -> bool:
    """Whether ``content`` is an answer of OAI-PMH, by its beginning."""
    return b"<OAI-PMH" in content[:2_000] or b":OAI-PMH" in content[:2_000]


def read_page(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Page:
    """One answer to ``ListRecords`` (or ``GetRecord``): items by identifier, and the next page by resumption token.

    ``noRecordsMatch`` is an empty list. An answer that breaks off loses its last record and the way to the next page.
    Raises ``ReadError`` for every other error that the repository reports, for answers that list no records, and for
    anything that is no OAI-PMH.
    """
    origin = Origin(source, url, fetched_at, FORMAT)
    text = text_of(content, origin, charset)
    root, well_formed = tree_of(text, url)
    name = name_of(root) if root is not None else ""
    if root is None or name != _ROOT:
        page = looks_like_page(text) or name == "html"
        raise ReadError(
            source.name,
            url,
            "oai_pmh.page" if page else "oai_pmh.no_answer",
            "Statt einer Antwort von OAI-PMH kam eine Internetseite." if page else "Das ist keine Antwort von OAI-PMH.",
            "Bitte die Adresse im Browser öffnen: Vielleicht ist sie umgezogen, gesperrt oder verlangt eine Anmeldung.",
        )
    errors = [element for element in root.iterchildren(etree.Element) if name_of(element) == "error"]
    if errors:
        return _error(errors[0], origin)
    lists = [element for element in root.iterchildren(etree.Element) if name_of(element) in _LISTS]
    if not lists:
        said = next((str(element.tag).rpartition("}")[2] for element in root.iterchildren(etree.Element)
                     if name_of(element) not in ("responsedate", "request")), "")  # fmt: skip
        raise ReadError(
            source.name, url, "oai_pmh.no_records",
            f"Die Antwort ist lesbar, aber keine Liste von Datensätzen{f', sondern {said[:40]}' if said else ''}.",
            f"Bitte diese Adresse lesen: {list_address(url)}.",
        )  # fmt: skip
    issues: list[Issue] = []
    records = [element for element in lists[0].iterchildren(etree.Element) if name_of(element) == "record"]
    whole = ends_with(text, _ROOT)
    if not whole:
        records = records[:-1]
        issues.append(
            origin.problem(
                "run", "oai_pmh.truncated", text[-80:],
                message="Die Antwort bricht mitten in der Datei ab.",
                remedy="Bitte erneut abrufen; bleibt es dabei, die Quelle benachrichtigen.",
            )
        )  # fmt: skip
    elif not well_formed:
        issues.append(
            origin.problem(
                "source", "oai_pmh.broken",
                message="Die Antwort ist kein wohlgeformtes XML; gelesen wurde, was lesbar war, zurückgezogen nichts.",
                remedy="Bitte die Betreiber darauf hinweisen.",
            )
        )  # fmt: skip
    items = list(filter(None, (_item(record, origin, issues) for record in records)))
    lost = any(issue.rule == "oai_pmh.no_identifier" for issue in issues)
    token = next((element for element in lists[0].iterchildren(etree.Element)
                  if name_of(element) == "resumptiontoken"), None)  # fmt: skip
    following = (token.text or "").strip() if token is not None else ""
    size = str(token.get("completeListSize", "")) if token is not None else ""
    return Page(
        items=tuple(items),
        issues=tuple(issues),
        next=_asked(url, {"verb": "ListRecords", "resumptionToken": following}) if following and whole else None,
        complete=whole and well_formed and not lost,
        shown=len(records),
        total=int(size) if size.isascii() and size.isdecimal() and len(size) < 10 else None,
    )


def _asked(url: str, arguments: dict[str, str]) -> str:
    """The repository at ``url``, asked for ``arguments`` and nothing else of the protocol's."""
    parts = urlsplit(url)
    own = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in _ARGUMENTS]
    return parts._replace(query=urlencode([*own, *arguments.items()], safe=":"), fragment="").geturl()


def _error(element: etree._Element, origin: Origin) -> Page:
    code = str(element.get("code", ""))
    if code.lower() == _EMPTY:
        return Page()
    said = " ".join((element.text or "").split())[:200]
    raise ReadError(
        origin.source.name,
        origin.url,
        "oai_pmh.error",
        f"Die Quelle meldet einen Fehler ({', '.join(filter(None, (code[:40], said))) or 'ohne Angabe'}).",
        _REMEDIES.get(code.lower(), _ASK_OTHERS),
    )


def _item(record: etree._Element, origin: Origin, issues: list[Issue]) -> Item | None:
    header = next((child for child in record.iterchildren(etree.Element) if name_of(child) == "header"), None)
    said = {} if header is None else {name_of(child): " ".join((child.text or "").split()) for child in header}
    deleted = header is not None and header.get("status") == "deleted"
    if not said.get("identifier"):
        issues.append(
            origin.problem(
                "record",
                "oai_pmh.no_identifier" if not deleted else "oai_pmh.nothing_deleted",
                message="Ein Datensatz hat keine Kennung (identifier) und wurde ausgelassen.",
                remedy="Bitte die Betreiber darauf hinweisen.",
            )
        )
        return None
    if deleted:
        return Item(said["identifier"], None)
    metadata = [child for child in record.iterchildren(etree.Element) if name_of(child) == "metadata"]
    content = {"datestamp": said.get("datestamp", ""), "fields": _fields(metadata), "format": _format(metadata)}
    return Item(said["identifier"], packed(content))


def _fields(metadata: Iterable[etree._Element]) -> dict[str, Values]:
    """Dublin Core by name, wherever it stands in ``metadata``."""
    found: dict[str, Values] = {}
    for element in (element for part in metadata for element in part.iter(etree.Element)):
        space = str(element.tag).rpartition("}")[0].removeprefix("{")
        if space in _DUBLIN_CORE and (words := "".join(map(str, element.itertext())).strip()):
            language = str(element.get("{http://www.w3.org/XML/1998/namespace}lang", ""))
            found.setdefault(name_of(element), []).append((language.lower().split("-")[0], words))
    return found


def _format(metadata: Iterable[etree._Element]) -> str:
    """What the metadata call themselves: the name of their first element."""
    return next((str(child.tag).rpartition("}")[2] for part in metadata for child in part.iterchildren("*")), "")


def make_records(items: Sequence[Item], origin: Origin) -> Parsed:
    """One Record for each identifier that is not deleted."""
    standing = latest(items)
    issues: list[Issue] = []
    records = list(_records(standing.values(), origin, issues))
    return replace(finish(origin, records, issues), deleted=deleted_keys(standing.values()))


def _records(items: Iterable[Item], origin: Origin, issues: list[Issue]) -> Iterator[Record]:
    others: dict[str, int] = {}
    for item in items:
        if item.content is None:
            continue
        content = orjson.loads(item.content)
        fields: dict[str, Values] = content["fields"]
        if not fields:
            others[content["format"]] = others.get(content["format"], 0) + 1
            continue
        record, problems = _record(item.key, fields, content["datestamp"], origin)
        issues.extend(problems)
        if record is not None:
            yield record
    for name, number in others.items():
        issues.append(
            origin.problem(
                "record",
                "oai_pmh.metadata",
                name[:80],
                message=f"Ausgelassen, weil sie kein Dublin Core enthalten: {number}.",
                remedy="Bitte in access.start „metadataPrefix=oai_dc“ eintragen.",
            )
        )


def _record(key: str, fields: dict[str, Values], datestamp: str, origin: Origin) -> tuple[Record | None, list[Issue]]:
    titles = _chosen(fields.get("title", []))
    words: dict[RecordField, str] = {
        "subtitle": " – ".join((*titles[1:], *_chosen(fields.get("alternative", [])))),
        "provider": next(iter(_chosen(fields.get("publisher", []))), ""),
        "topics": ", ".join(_chosen(fields.get("subject", []))),
        "category": ", ".join(_chosen(fields.get("type", []))),
        "audience": ", ".join(_chosen(fields.get("audience", []))),
        "place": ", ".join(_chosen(fields.get("spatial", []))),
        "dates": "\n".join(_chosen(fields.get("temporal", []))),
        "updated": datestamp,
    }
    text = [part for name in ("abstract", "description", "tableofcontents") for part in _chosen(fields.get(name, []))]
    names = [words for _, words in fields.get("identifier", [])]
    return build(
        origin,
        key=key,
        title=titles[0] if titles else "",
        text="\n".join(text),
        url=next((name for name in names if name.startswith(("https://", "http://"))), None),
        words=words,
        unread={name: ", ".join(words for _, words in values) for name, values in fields.items() if name not in _READ},
    )


def _chosen(values: Values) -> list[str]:
    """What is said in German, else without naming a language, else all.

    >>> _chosen([["en", "Forest"], ["ger", "Wald"]]), _chosen([["", "Wald"], ["en", "Forest"]]), _chosen([["en", "A"]])
    (['Wald'], ['Wald'], ['A'])
    """
    for wanted in (_GERMAN, ("",)):
        if found := [words for language, words in values if language in wanted]:
            return list(dict.fromkeys(found))
    return list(dict.fromkeys(words for _, words in values))


LISTING: Final = Listing(read_page, make_records, FORMAT)
"""How OAI-PMH is read."""
