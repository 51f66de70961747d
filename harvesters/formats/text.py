"""Bytes → characters → clean lines. Everything here is bounded and linear in its input."""

import re
import unicodedata
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, lookup
from collections.abc import Collection, Container
from typing import Final

import lxml.html
from lxml.etree import ParserError
from w3lib.encoding import html_to_unicode
from w3lib.html import replace_entities

_BLOCKS: Final = frozenset(
    ("address", "article", "aside", "blockquote", "br", "dd", "details", "dialog", "div", "dl", "dt", "fieldset",
     "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav",
     "ol", "p", "pre", "section", "summary", "table", "tr", "ul")
)  # fmt: skip
_SILENT: Final = frozenset(["script", "style", "template", "noscript", "svg", "iframe", "object", "head", "title"])
_TAG = re.compile(r"<[A-Za-z/!]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,20});")
_SPACES = re.compile(r"[^\S\n]{2,}|[^\S\n ]")  # not a plain space alone: tidy text stays the same string
_INVISIBLE = re.compile("[\u00ad\u200b\u200c\u200d\u2060\ufeff\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_MOJIBAKE = re.compile("Ã[¤¶¼„–Ÿ\u009f\u0084\u0096\u009c]|â€[“”ž™\u0093\u009e]")
_MAX_MARKUP: Final = 200_000


def decode(content: bytes, declared: str | None = None, transport: str | None = None) -> tuple[str, str]:
    """``content`` as text, and the encoding that was used.

    A byte order mark wins, then ``declared`` (the source's TOML), then UTF-8 where the bytes are valid UTF-8, then
    ``transport`` (the charset of the HTTP header), then Windows-1252, which German exports without a declaration mostly
    are. Bytes that even that does not know become U+FFFD.
    """
    for mark, encoding in ((BOM_UTF8, "utf-8"), (BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be")):
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace"), encoding
    if declared:
        return content.decode(_known(declared) or "utf-8", "replace"), declared
    if (text := _utf8(content)) is not None:
        return text, "utf-8"
    fallback = _known(transport) or "cp1252"
    if fallback in ("utf-8", "iso8859-1", "ascii"):
        fallback = "cp1252"
    return content.decode(fallback, "replace"), fallback


def decode_html(content: bytes, declared: str | None = None, transport: str | None = None) -> str:
    """A page as text: as ``decode``, with the page's own ``<meta charset>`` before Windows-1252.

    Bytes that are not UTF-8 are not, whatever header or page claim.
    """
    if declared or content.startswith((BOM_UTF8, BOM_UTF16_LE, BOM_UTF16_BE)):
        return decode(content, declared)[0]
    if (unicode := _utf8(content)) is not None:
        return unicode
    claimed = _known(transport)
    header = f"text/html; charset={transport}" if claimed and claimed != "utf-8" else None
    encoding, text = html_to_unicode(header, content, default_encoding="cp1252")
    return content.decode("cp1252", "replace") if encoding == "utf-8" else text


def claims_utf8_wrongly(content: bytes, transport: str | None) -> bool:
    """Whether the HTTP header says UTF-8 of bytes that are not."""
    if _known(transport) != "utf-8" or content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return False
    return _utf8(content) is None


def _utf8(content: bytes) -> str | None:
    """``content`` as UTF-8, ``None`` where it is something else. A character that the end cuts in two is left out.

    >>> _utf8("für Größere".encode()[:-4]), _utf8("für".encode("cp1252"))
    ('für Grö', None)
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        whole = content[: error.start]
        cut = error.reason == "unexpected end of data" and not whole.isascii()
        return whole.decode("utf-8") if cut else None


def looks_garbled(text: str) -> bool:
    """Whether UTF-8 was read as Windows-1252 somewhere upstream ("FÃ¼hrung").

    >>> looks_garbled("FÃ¼hrung fÃ¼r Kinder"), looks_garbled("Führung für Kinder")
    (True, False)
    """
    return _MOJIBAKE.search(text[:200_000]) is not None


def looks_like_page(text: str) -> bool:
    """Whether ``text`` is an HTML page: login, cookie and maintenance pages are, where a feed was expected."""
    head = text[:1_000].lstrip("\ufeff \t\r\n").lower()
    return head.startswith(("<!doctype html", "<html", "<head", "<body")) or (
        head.startswith(("<!--", "<?xml")) and "<html" in text[:5_000].lower()
    )


def lines(value: str) -> str:
    """``value`` without markup, entities and invisible characters: one paragraph a line, no empty lines.

    >>> lines("Für Kinder<br>ab&nbsp;4&nbsp;Jahren\\r\\n\\r\\n  <p>Preis: <b>3 &euro;</b></p>")
    'Für Kinder\\nab 4 Jahren\\nPreis: 3 €'
    >>> lines("&lt;p&gt;Rollläden&lt;/p&gt;&lt;p&gt;runter&lt;/p&gt;")
    'Rollläden\\nrunter'
    """
    if _TAG.search(value):
        value = _without_markup(value[:_MAX_MARKUP])
    if _ENTITY.search(value):
        value = replace_entities(value, remove_illegal=True)
        if _TAG.search(value):  # WordPress calendars escape the markup of descriptions in their JSON-LD once more
            value = _without_markup(value[:_MAX_MARKUP])
    return _tidy(value)


def _tidy(value: str) -> str:
    value = value.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    value = _CONTROL.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFC", value)))
    return "\n".join(line for raw in _SPACES.sub(" ", value).split("\n") if (line := raw.strip()))


def line(value: str) -> str:
    """As ``lines``, on one line.

    >>> line(" Wald &amp; \\n Wiese ")
    'Wald & Wiese'
    """
    return lines(value).replace("\n", " ")


def in_german(value: object) -> str:
    """The German words of a text given by language, else the English ones, else the first there are.

    >>> in_german({"en": "Forest", "de": "Wald"}), in_german({"fi": "Metsä", "de": ""}), in_german("Wald"), in_german(7)
    ('Wald', 'Metsä', 'Wald', '')
    """
    if not isinstance(value, dict):
        return value.strip() if isinstance(value, str) else ""
    said = {str(name): text.strip() for name, text in value.items() if isinstance(text, str) and text.strip()}
    return said.get("de") or said.get("en") or next(iter(said.values()), "")


def element_lines(element: lxml.html.HtmlElement) -> str:
    """The readable text of an element: blocks, list items and ``<br>`` begin a new line; table cells stay in theirs."""
    return lines_between(element, ())[0]


def lines_between(element: lxml.html.HtmlElement, marks: Collection[lxml.html.HtmlElement]) -> list[str]:
    """The readable text of an element, cut where ``marks`` stand: what is before the first and after each of them.

    ``marks`` are elements within, in the order of the document; their own text is in none of the pieces.
    """
    pieces: list[list[str]] = [[]]
    for action, node in _walk(element, frozenset(marks)):
        if action == "text" and isinstance(node, str):
            pieces[-1].append(" ".join(node.split("\n")))
        elif action == "break":
            pieces[-1].append("\n")
        elif action == "cell":
            pieces[-1].append(" ")
        elif action == "mark":
            pieces.append([])
    return [_tidy("".join(parts)) for parts in pieces]


def _walk(root: lxml.html.HtmlElement, marks: Container[object]) -> list[tuple[str, object]]:
    """Depth-first without recursion, so that a page nested 100,000 deep costs memory, not the stack."""
    out: list[tuple[str, object]] = []
    stack: list[tuple[str, object]] = [("open", root)]
    while stack:
        action, node = stack.pop()
        if action != "open" or not isinstance(node, lxml.html.HtmlElement):
            if action != "open":
                out.append((action, node))
            continue
        if node in marks:
            out.append(("mark", node))
            continue
        tag = node.tag if isinstance(node.tag, str) else ""
        if tag in _SILENT or not tag:
            continue
        edge = "break" if tag in _BLOCKS else "cell" if tag in ("td", "th") else ""
        if edge:
            out.append((edge, None))
            stack.append((edge, None))
        for child in reversed(node):
            if child.tail:
                stack.append(("text", child.tail))
            stack.append(("open", child))
        if node.text:
            out.append(("text", node.text))
    return out


def _without_markup(value: str) -> str:
    parser = lxml.html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True)
    try:
        # New lines of plain text mixed with markup carry meaning in feeds; in HTML they would be spaces.
        marked = value.replace("\r\n", "\n").replace("\n", "<br>") if "<p" not in value.lower() else value
        root = lxml.html.document_fromstring(marked.encode("utf-8", "replace"), parser=parser)
    except ParserError:  # nothing but markup
        return ""
    return element_lines(root)


def _known(encoding: str | None) -> str | None:
    """The codec's own name, or ``None`` for one that Python does not know."""
    if not encoding:
        return None
    try:
        return lookup(encoding.strip()).name
    except LookupError:
        return None
