"""CSV with a header row → Records: encoding and separator are found out, rows are mapped by column name."""

import csv
import re
from collections.abc import Sequence
from datetime import datetime
from sys import intern
from typing import Final

from harvesters.formats.grid import (
    HEADER_WITHIN,
    MAX_COLUMNS,
    MAX_ROWS,
    Grid,
    Line,
    header_row,
    parsed,
    too_many_rows,
    unique_names,
    wanted_columns,
    with_doubled,
)
from harvesters.formats.records import Origin, Parsed
from harvesters.formats.text import decode, looks_like_page
from harvesters.problems import ReadError
from schemas.harvest import AccessKind, Issue, Source

FORMAT: Final = "csv"
_DELIMITERS: Final = ";,\t|"
_DECLARED: Final = re.compile(r"sep=([;,\t|])\r?\n", re.IGNORECASE)
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_HEAD: Final = 50_000
_SERVED_PAGE: Final = (
    "Statt einer Tabelle kam eine Internetseite.",
    "Bitte die Adresse im Browser öffnen: Vielleicht ist sie umgezogen, gesperrt oder verlangt eine Anmeldung.",
)
_SAVED_PAGE: Final = (
    "Das ist eine Internetseite, keine Tabelle.",
    "Bitte laden Sie dort die Tabelle selbst herunter (XLSX oder CSV), oder kopieren Sie die Zeilen in eine "
    "Tabellenkalkulation und speichern Sie sie als XLSX.",
)
"""What happened and remedy: where an address was read, and where somebody uploaded a file."""


def parse(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Parsed:
    """The Records of a table.

    ``access.fields`` names columns (see ``rows.compose``); without it, plain headings are recognised.
    Raises ``ReadError`` for a web page, a table without a header or one that ends within a quoted cell.
    """
    origin = Origin(source, url, fetched_at, FORMAT)
    return parsed(origin, read(content, origin, charset))


def read(content: bytes, origin: Origin, charset: str | None = None, first: int = MAX_ROWS) -> Grid:
    """The table in ``content``, of a long one the ``first`` rows; raises ``ReadError`` as ``parse`` does, but for
    columns."""
    access = origin.source.access
    text, encoding = decode(content, access.encoding, charset)
    if looks_like_page(text):
        raise ReadError(
            origin.source.name,
            origin.url,
            "csv.page",
            *(_SAVED_PAGE if access.kind is AccessKind.TABLE else _SERVED_PAGE),
        )
    issues: list[Issue] = []
    if "\ufffd" in text:
        issues.append(
            origin.problem(
                "source",
                "encoding.broken",
                encoding,
                message=f"Einige Zeichen passen nicht zur Kodierung {encoding}.",
                remedy="Bitte access.encoding auf die wirkliche Kodierung setzen."
                if access.kind is AccessKind.CSV
                else "Bitte die Tabelle als „CSV UTF-8“ oder als XLSX speichern und noch einmal hochladen.",
            )
        )
    text, declared = _without_declaration(text.replace("\0", ""))
    delimiter = access.delimiter or declared or _delimiter(text)
    rows = _rows(text, delimiter, origin, first)
    head = [cells for _, cells in rows[:HEADER_WITHIN]]
    header = header_row(head, wanted_columns(origin, *head))
    if header is None:
        return Grid(FORMAT, issues=tuple(issues))
    names, doubled = unique_names(rows[header][1][:MAX_COLUMNS])
    ends = text.endswith(("\n", "\r")) or len(rows) > first
    lines, complete = _below(rows[header + 1 :], names, delimiter, origin, issues, ends=ends)
    grid = Grid(FORMAT, names, tuple(lines[:first]), tuple(issues), complete)
    return with_doubled(grid, origin, doubled)


def _rows(text: str, delimiter: str, origin: Origin, first: int) -> list[tuple[int, list[str]]]:
    """Rows that are not empty, with their numbers as a spreadsheet counts; equal cells are one string in memory."""
    reader = csv.reader((match[0] for match in _LINE.finditer(text)), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for number, cells in enumerate(reader, start=1):
            if not any(cell.strip() for cell in cells):
                continue
            rows.append((number, list(map(intern, cells))))
            if len(rows) > first + HEADER_WITHIN:
                break
    except csv.Error as error:
        raise ReadError(
            origin.source.name,
            origin.url,
            "csv.broken",
            f"Die Tabelle ist ab Zeile {reader.line_num} nicht lesbar ({error}).",
            "Die Datei ist vermutlich abgeschnitten oder hat ein offenes Anführungszeichen; bitte erneut abrufen.",
        ) from error
    return rows


def _below(
    rows: Sequence[tuple[int, list[str]]],
    names: Sequence[str],
    delimiter: str,
    origin: Origin,
    issues: list[Issue],
    *,
    ends: bool,
) -> tuple[list[Line], bool]:
    """Rows under the header, each as long as it, and whether the last one is whole; what is left out is said."""
    lines: list[Line] = []
    for number, cells in rows:
        if any(cell.strip() for cell in cells[len(names) :]):
            issues.append(
                origin.problem(
                    "record",
                    "csv.too_many_cells",
                    delimiter.join(cells),
                    where=f"Zeile {number}",
                    message=f"Die Zeile hat {len(cells)} Zellen, die Kopfzeile {len(names)}; sie fehlt daher.",
                    remedy=f"Steht in einer Zelle ein „{delimiter}“ ohne Anführungszeichen?",
                )
            )
            continue
        lines.append(Line(number, tuple((cells + [""] * len(names))[: len(names)])))
    if len(lines) > MAX_ROWS:
        raise too_many_rows(origin)
    whole = not rows or ends or len(rows[-1][1]) >= len(names)
    if not whole:
        number, cells = rows[-1]
        lines = [each for each in lines if each.number != number]
        issues.append(
            origin.problem(
                "record",
                "csv.cut_off",
                " ".join(cells),
                where=f"Zeile {number}",
                message="Die Tabelle bricht mitten in einer Zeile ab; diese Zeile wurde nicht gelesen.",
                remedy="Die Datei ist vermutlich abgeschnitten; bitte erneut abrufen oder die Quelle benachrichtigen.",
            )
        )
    return lines, whole


def _without_declaration(text: str) -> tuple[str, str | None]:
    """``text`` without the first line in which Excel declares the separator (``sep=;``), and that separator."""
    match = _DECLARED.match(text)
    return (text[match.end() :], match[1]) if match else (text, None)


def _delimiter(text: str) -> str:
    """The separator that the first rows use most, outside of quotes: a title above the header has none."""
    outside = "".join(text[:_HEAD].split('"')[::2])
    head = outside.lstrip("\r\n").split("\n")[:HEADER_WITHIN]
    first = head[0]
    if not any(sign in first for sign in _DELIMITERS):
        first = max(head, key=lambda row: max(row.count(sign) for sign in _DELIMITERS))
    return max(_DELIMITERS, key=lambda sign: (first.count(sign), -_DELIMITERS.index(sign)))
