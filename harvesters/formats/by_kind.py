"""Which format modules read what a source serves."""

from collections.abc import Callable, Mapping
from typing import Final

from harvesters.formats import ical, json_api, pdf, table
from harvesters.formats.page_kinds import PAGE_PARSERS, Parse, telling
from schemas.harvest import AccessKind

PARSERS: Final[Mapping[AccessKind, Parse]] = {
    **PAGE_PARSERS,
    AccessKind.ICAL: telling(ical.parse),
    AccessKind.CSV: telling(table.parse),
    AccessKind.TABLE: table.parse,
    AccessKind.JSON: telling(json_api.parse),
    AccessKind.PDF: pdf.parse,
}
"""Way of access → its reader."""


def _looks_like_table(head: bytes) -> bool:
    if head.startswith(b"PK\x03\x04"):
        return True
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    other = pdf.is_pdf(head) or text[:1] in (b"{", b"[", b"<", b"") or text.upper().startswith(b"BEGIN:")
    return not other and any(sign in text.split(b"\n", 1)[0] for sign in (b";", b",", b"\t", b"|"))


GUESSES: Final[tuple[tuple[AccessKind, Callable[[bytes], bool]], ...]] = (
    (AccessKind.PDF, pdf.is_pdf),
    (AccessKind.ICAL, lambda head: b"BEGIN:VCALENDAR" in head.upper()),
    (AccessKind.JSON, lambda head: head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")),
    (AccessKind.STRUCTURED, lambda head: b"<" in head and not pdf.is_pdf(head)),
    (AccessKind.CSV, _looks_like_table),
)
"""Ways of access that need no description, each with a look at the first bytes, in the order of trying."""
