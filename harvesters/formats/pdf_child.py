"""A PDF on standard input → words and lines on standard output as JSON, in a process of its own under hard limits.

PDFium is C++ and reads what strangers send: it gets no more memory and processor time than a leaflet needs, and when it
dies, only this process does. ``pdf_words`` is the near side; this module imports nothing of ours, so it starts fast.
"""

import ctypes
import json
import resource
import sys
from collections import Counter
from typing import Any, Final

import pypdfium2 as pdfium
import pypdfium2.raw as raw

MAX_PAGES: Final = 300
"""Pages that are read."""
MAX_CHARACTERS: Final = 1_000_000
"""Characters of a file, of which a page of prose has some 3,000."""
MAX_BOXES: Final = 3_000
"""Drawn boxes and rules of a page that are heeded."""
MAX_MEMORY: Final = 1024 * 1024 * 1024
"""Bytes of address space."""
MAX_SECONDS: Final = 10
"""Seconds of processor time."""

_LONGEST_WORD: Final = 200
_HYPHENS: Final = frozenset((0x02, 0xAD, 0xFFFE))
"""How PDFium writes the hyphen at the end of a line, and how typesetters do."""
_HEAVY: Final = (b"bold", b"black", b"heavy", b"demi")


def main() -> None:
    """Read, and say what was read or why not: ``{"pages": […], "total": n}`` or ``{"error": code}``."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    sys.stdout.write(json.dumps(_document(sys.stdin.buffer.read())))


def _document(content: bytes) -> dict[str, Any]:
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        locked = error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
        return {"error": "password" if locked else "broken"}
    pages, left = [], MAX_CHARACTERS
    for number in range(min(len(document), MAX_PAGES)):
        try:
            page = document[number]
            text = page.get_textpage()
        except pdfium.PdfiumError:
            pages.append({"unreadable": True})
            continue
        left -= text.count_chars()
        if left < 0:
            return {"error": "too_large"}
        pages.append(_page(page, text))
        text.close()
        page.close()
    return {"pages": pages, "total": len(document)}


def _page(page: pdfium.PdfPage, text: pdfium.PdfTextPage) -> dict[str, Any]:
    """One page as people hold it: most words run to the right, and y grows downwards."""
    words = _words(text)
    running: Counter[int] = Counter()
    for word in words:
        running[word[0]] += len(word[1])
    turn = running.most_common(1)[0][0] if running else 0
    left, bottom, right, top = page.get_bbox()

    def upright(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        if turn == 1:
            return y0 - bottom, x0 - left, y1 - bottom, x1 - left
        if turn == 2:
            return right - x1, y0 - bottom, right - x0, y1 - bottom
        if turn == 3:
            return top - y1, right - x1, top - y0, right - x0
        return x0 - left, top - y1, x1 - left, top - y0

    boxes, pictures = _drawn(page)
    return {
        "width": right - left if turn % 2 == 0 else top - bottom,
        "height": top - bottom if turn % 2 == 0 else right - left,
        "words": [
            [word, *_rounded(upright(*box)), round(size, 1), bold]
            for direction, word, box, size, bold in words
            if direction == turn
        ],
        "boxes": [_rounded(upright(*box)) for box in boxes],
        "picture": max((w * h for w, h in pictures), default=0) > (right - left) * (top - bottom) / 2,
    }


def _rounded(box: tuple[float, float, float, float]) -> list[float]:
    return [round(value, 1) for value in box]


def _words(text: pdfium.PdfTextPage) -> list[tuple[int, str, tuple[float, float, float, float], float, bool]]:
    """Quarter turn of its direction, characters, box in the page's own space, size and weight of every word."""
    found: list[tuple[int, str, tuple[float, float, float, float], float, bool]] = []
    matrix, box, letters = raw.FS_MATRIX(), raw.FS_RECTF(), ""
    turn, size, bold = 0, 0.0, False
    extent = (0.0, 0.0, 0.0, 0.0)
    for index in range(text.count_chars() + 1):
        code = raw.FPDFText_GetUnicode(text, index) if index < text.count_chars() else 0x20
        blank = code in (0, 0x20, 0xA0, 0x09, 0x0A, 0x0D) or 0xD800 <= code < 0xE000 or code > 0x10FFFF
        if not blank:
            raw.FPDFText_GetLooseCharBox(text, index, box)
        far = letters and not blank and _is_far(extent, box, size, turn)
        if letters and (blank or far or len(letters) >= _LONGEST_WORD):
            found.append((turn, letters, extent, size, bold))
            letters = ""
        if blank:
            continue
        if not letters:
            raw.FPDFText_GetMatrix(text, index, matrix)
            across = abs(matrix.a) >= abs(matrix.b)
            turn = (0 if matrix.a >= 0 else 2) if across else (1 if matrix.b > 0 else 3)
            size = raw.FPDFText_GetFontSize(text, index) * (matrix.c**2 + matrix.d**2) ** 0.5
            bold = _is_bold(text, index)
            extent = (box.left, box.bottom, box.right, box.top)
        letters += "\u00ad" if code in _HYPHENS else chr(code)
        left, bottom, right, top = extent
        extent = (min(left, box.left), min(bottom, box.bottom), max(right, box.right), max(top, box.top))
    return found


def _is_far(extent: tuple[float, float, float, float], box: Any, size: float, turn: int) -> bool:
    """Whether a character stands too far from the word before it to belong to it."""
    left, bottom, right, top = extent
    along = (box.left - right, left - box.right) if turn % 2 == 0 else (box.bottom - top, bottom - box.top)
    aside = abs(box.bottom - bottom) if turn % 2 == 0 else abs(box.left - left)
    return bool(max(along) > size or aside > size * 0.8)


def _is_bold(text: pdfium.PdfTextPage, index: int) -> bool:
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    length = raw.FPDFText_GetFontInfo(text, index, name, len(name), flags)
    return 0 < length <= len(name) and any(heavy in name.value.lower() for heavy in _HEAVY)


def _drawn(page: pdfium.PdfPage) -> tuple[list[tuple[float, float, float, float]], list[tuple[float, float]]]:
    """Boxes of drawn paths (rules, borders, grounds of cells), and the sizes of pictures."""
    boxes: list[tuple[float, float, float, float]] = []
    pictures: list[tuple[float, float]] = []
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    for index in range(raw.FPDFPage_CountObjects(page)):
        thing = raw.FPDFPage_GetObject(page, index)
        kind = raw.FPDFPageObj_GetType(thing)
        if kind not in (raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_IMAGE):
            continue
        if not raw.FPDFPageObj_GetBounds(thing, left, bottom, right, top):
            continue
        if kind == raw.FPDF_PAGEOBJ_IMAGE:
            pictures.append((right.value - left.value, top.value - bottom.value))
        elif len(boxes) < MAX_BOXES:
            boxes.append((left.value, bottom.value, right.value, top.value))
    return boxes, pictures


if __name__ == "__main__":
    main()
