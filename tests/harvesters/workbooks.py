"""Workbooks for tests: sheets from rows of cells, and archives that break one rule each."""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

Rows = Sequence[Sequence[Any]]


def workbook(
    rows: Rows, *, title: str = "Angebote", change: Callable[[Worksheet], object] = lambda sheet: None, **others: Rows
) -> bytes:
    """A workbook with one sheet of ``rows``, which ``change`` may touch, and ``others`` before it."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for name, content in others.items():
        sheet.title = name
        fill(sheet, content)
        sheet = book.create_sheet()
    sheet.title = title
    fill(sheet, rows)
    change(sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def fill(sheet: Worksheet, rows: Iterable[Sequence[Any]]) -> None:
    """Write ``rows`` from the top."""
    for row in rows:
        sheet.append(list(row))


def with_parts(content: bytes, parts: Mapping[str, bytes | Callable[[bytes], bytes]]) -> bytes:
    """``content`` with parts replaced, changed or added."""
    file = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as old, ZipFile(file, "w", ZIP_DEFLATED) as new:
        names = old.namelist()
        for name in names:
            part = parts.get(name, old.read(name))
            new.writestr(name, part if isinstance(part, bytes) else part(old.read(name)))
        for name, part in parts.items():
            if name not in names and isinstance(part, bytes):
                new.writestr(name, part)
    return file.getvalue()


def archive(**parts: bytes) -> bytes:
    """A ZIP archive that is no workbook."""
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as new:
        for name, part in parts.items():
            new.writestr(name, part)
    return file.getvalue()
