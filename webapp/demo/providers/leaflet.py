"""The programme of an example provider as a PDF leaflet, A4, in letters that every reader of PDFs has."""

import ctypes
import io
import textwrap
from collections.abc import Iterable, Iterator
from functools import lru_cache
from threading import Lock
from typing import Final, NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from webapp.demo.providers.content import MARK, DemoOffer, SiteContent
from webapp.demo.providers.pages import rows_of

_WIDTH, _HEIGHT, _MARGIN = 595, 842, 56
_COLUMNS: Final = 88
"""Characters of a line of text."""
_PDFIUM: Final = Lock()
"""PDFium does one thing at a time."""


class _Line(NamedTuple):
    text: str
    size: int = 10
    bold: bool = False


def pdf(site: SiteContent) -> bytes:
    """A leaflet of all offers of ``site``: each a heading, its text, and lines like "Alter: ab 4 Jahren".

    While the demo runs, the same offers give the same bytes.
    """
    contact = f"{site.street}, {site.postcode} {site.town} · Telefon {site.phone} · {site.mail}"
    head = (_Line(MARK, 9), _Line(site.name, 20, True), _Line(site.claim), _Line(contact))
    pages = tuple(_pages([head, *(tuple(_offer(offer)) for offer in site.offers)]))
    with _PDFIUM:
        return _file(pages)


def _offer(offer: DemoOffer) -> Iterator[_Line]:
    yield _Line("")
    yield _Line(offer.title, 14, True)
    for paragraph in (*offer.paragraphs, *(f"{label}: {value}" for label, value in rows_of(offer))):
        yield from map(_Line, textwrap.wrap(paragraph, _COLUMNS))


def _pages(blocks: Iterable[tuple[_Line, ...]]) -> Iterator[tuple[tuple[int, _Line], ...]]:
    """Lines with the height at which they stand; a block stays on one page."""
    page: list[tuple[int, _Line]] = []
    left = _HEIGHT - _MARGIN
    for block in blocks:
        if page and left - sum(map(_leading, block)) < _MARGIN:
            yield tuple(page)
            page, left = [], _HEIGHT - _MARGIN
        for line in block:
            left -= _leading(line)
            page.append((left, line))
    yield tuple(page)


def _leading(line: _Line) -> int:
    return line.size + 4


@lru_cache(maxsize=4)
def _file(pages: tuple[tuple[tuple[int, _Line], ...], ...]) -> bytes:
    """The pages as a PDF; kept, because PDFium writes the hour into each file that it makes."""
    document = pdfium.PdfDocument.new()
    plain, bold = (raw.FPDFText_LoadStandardFont(document, name) for name in (b"Helvetica", b"Helvetica-Bold"))
    for lines in pages:
        page = document.new_page(_WIDTH, _HEIGHT)
        for height, line in lines:
            text = raw.FPDFPageObj_CreateTextObj(document, bold if line.bold else plain, line.size)
            code_units = f"{line.text}\0".encode("utf-16-le")
            raw.FPDFText_SetText(text, (ctypes.c_ushort * (len(code_units) // 2)).from_buffer_copy(code_units))
            raw.FPDFPageObj_Transform(text, 1, 0, 0, 1, _MARGIN, height)
            raw.FPDFPage_InsertObject(page, text)
        page.gen_content()
    written = io.BytesIO()
    document.save(written)
    document.close()
    return written.getvalue()
