"""schema.org JSON-LD in web pages → Records; every script stands on its own, one broken script loses nothing else."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import lxml.html

from harvesters.formats.lenient_json import LenientDecoder
from harvesters.formats.pages import canonical, page_of
from harvesters.formats.records import Origin, Parsed, finish
from harvesters.formats.schema_org import offers_in, record_of
from schemas.harvest import Issue, Record, Source

FORMAT: Final = "jsonld"
_MAX_SCRIPT: Final = 2_000_000


def parse(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Parsed:
    """The offers in a page's JSON-LD, keyed by ``@id``, ``url``, or the page's permalink and their ordinal on it.

    Comments, trailing commas, wrapping HTML comments, control characters and several documents in one script are read,
    values that JSON does not know with an Issue; anything worse is an Issue.
    """
    origin = Origin(source, url, fetched_at, FORMAT)
    page = page_of(content, source, charset)
    if page is None:
        return Parsed()
    key = canonical(page, url)
    issues: list[Issue] = []
    records: list[Record] = []
    nodes = [node for script in _scripts(page) for node in offers_in(_documents(script, origin, issues))]
    for ordinal, node in enumerate(nodes):
        record, problems = record_of(origin, node, key=key, part=ordinal)
        issues.extend(problems)
        if record is not None:
            records.append(record)
    return finish(origin, records, issues)


def _scripts(page: lxml.html.HtmlElement) -> Iterator[str]:
    for script in page.iter("script"):
        kind = str(script.get("type", "")).split(";")[0].strip().lower()
        if kind == "application/ld+json" and script.text:
            yield script.text[:_MAX_SCRIPT]


def _documents(script: str, origin: Origin, issues: list[Issue]) -> list[Any]:
    """The JSON documents of one script."""
    text = script.strip().removeprefix("<!--").removesuffix("-->").strip()
    text = text.removeprefix("//<![CDATA[").removeprefix("<![CDATA[").removesuffix("//]]>").removesuffix("]]>").strip()
    for candidate in (text, without_comments(text).strip()):
        decoder = LenientDecoder()
        try:
            documents = list(_decoded(candidate, decoder))
        except ValueError as error:
            reason = error
            continue
        if decoder.met:
            issues.append(origin.not_json(decoder.met))
        return documents
    issues.append(
        origin.problem(
            "source",
            "jsonld.broken_script",
            script.strip()[:300],
            message=f"Ein JSON-LD-Block der Seite ist nicht lesbar ({reason}).",
            remedy="Bitte die Betreiber der Seite darauf hinweisen; der Prüfer validator.schema.org zeigt die Stelle.",
        )
    )
    return []


def _decoded(text: str, decoder: LenientDecoder) -> Iterator[Any]:
    position = 0
    while position < len(text):
        value, position = decoder.raw_decode(text, position)
        yield value
        while position < len(text) and text[position] in " \t\r\n;,":
            position += 1


def without_comments(text: str) -> str:
    """JSON text without ``//`` and ``/* */`` comments and without commas before a closing bracket; strings stay.

    >>> without_comments('{"a": "http://x", /* no */ "b": [1, 2,], // end')
    '{"a": "http://x",  "b": [1, 2], '
    """
    out: list[str] = []
    position, end = 0, len(text)
    while position < end:
        sign = text[position]
        if sign == '"':
            close = position + 1
            while close < end and text[close] != '"':
                close += 2 if text[close] == "\\" else 1
            out.append(text[position : close + 1])
            position = close + 1
        elif text.startswith("//", position):
            stop = text.find("\n", position)
            position = end if stop < 0 else stop
        elif text.startswith("/*", position):
            stop = text.find("*/", position + 2)
            position = end if stop < 0 else stop + 2
        elif sign in "]}":
            back = len(out) - 1
            while back >= 0 and out[back].isspace():
                back -= 1
            if back >= 0 and out[back] == ",":
                del out[back]
            out.append(sign)
            position += 1
        else:
            out.append(sign)
            position += 1
    return "".join(out)
