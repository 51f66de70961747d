"""XLSX with a header row → Records: the sheet with the header is found, cells become the words that people see.

``xlsx_guard.check`` goes first; what it lets through, openpyxl reads row by row. Formulas count with the result that
was saved with them; merged cells count for every row they cover; hidden rows and columns are read, and that is said.
"""

import io
import math
import re
import warnings
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from sys import intern
from typing import Any, Final
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

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
from harvesters.formats.guess import recognised
from harvesters.formats.records import Origin, Parsed
from harvesters.formats.xlsx_guard import SheetFacts, check
from harvesters.problems import ReadError
from schemas.harvest import Issue, Source

FORMAT: Final = "xlsx"
MAX_SHEETS: Final = 50
"""Sheets among which the one with the offers is looked for."""
MAX_CHARACTERS: Final = 30_000_000
"""Characters of a sheet: a few long texts can be used by a million cells."""
_MAX_CELL: Final = 32_767
"""Characters that a cell of Excel holds."""
_MAX_REPEATED: Final = 500_000
"""Cells that are filled from one merged with them."""
_MAX_REPEATED_CELL: Final = 1_000
_MAX_SHOWN: Final = 12
"""Single cells that are named in an Issue; further ones are counted."""
_UNREADABLE: Final = (
    ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, SyntaxError, OSError, EOFError,
    NotImplementedError, zlib.error, BadZipFile,
)  # fmt: skip
"""What openpyxl raises for workbooks that break its assumptions (``SyntaxError`` is XML's ``ParseError``)."""
_TOKENS: Final = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|_.|\*.|([0#?.,%]+)|(.)', re.DOTALL)


def parse(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Parsed:
    """The Records of a workbook's table; raises ``ReadError`` as ``read`` does, and where columns are missing.

    ``access.items`` names the sheet, ``access.fields`` columns; without them both are recognised. A character set has
    no meaning here.
    """
    origin = Origin(source, url, fetched_at, FORMAT)
    return parsed(origin, read(content, origin))


def read(content: bytes, origin: Origin, first: int = MAX_ROWS) -> Grid:
    """The table in ``content``, of a long one the ``first`` rows.

    Raises ``ReadError`` for what is no workbook, is broken, dangerous (``xlsx_guard.check``) or too large.
    """
    facts = check(content, origin)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns about decorations that it does not keep
        try:
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            try:
                return _read(book, facts, origin, first)
            finally:
                book.close()
        except _UNREADABLE as error:
            raise ReadError(
                origin.source.name,
                origin.url,
                "xlsx.broken",
                f"Die Excel-Datei ist nicht lesbar ({type(error).__name__}).",
                "Bitte in Excel oder LibreOffice öffnen und noch einmal speichern.",
            ) from error


@dataclass(frozen=True, slots=True)
class _Sheet:
    title: str
    hidden: bool
    facts: SheetFacts
    worksheet: Any

    def rows(self, limit: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """The first ``limit`` rows, empty ones left out, as cells of openpyxl; never wider than ``MAX_COLUMNS``."""
        for number, cells in enumerate(self.worksheet.iter_rows(max_row=limit, max_col=MAX_COLUMNS), start=1):
            last = next((n for n in range(len(cells), 0, -1) if cells[n - 1].value not in (None, "")), 0)
            if last:
                yield number, cells[:last]


def _read(book: Any, facts: dict[str, SheetFacts], origin: Origin, first: int) -> Grid:
    sheets = [
        _Sheet(str(each.title), each.sheet_state != "visible", facts.get(each._worksheet_path, SheetFacts()), each)
        for each in book.worksheets[:MAX_SHEETS]
    ]
    chosen = _chosen(sheets, origin)
    others = tuple(sheet.title for sheet in sheets if sheet is not chosen)
    return Grid(FORMAT, other_sheets=others) if chosen is None else _Table(chosen, origin, first).grid(others)


def _chosen(sheets: Sequence[_Sheet], origin: Origin) -> _Sheet | None:
    """The sheet that the source names, else that with most well-known headings, visible ones first."""
    if (name := origin.source.access.items) is not None:
        if (named := next((sheet for sheet in sheets if sheet.title == name), None)) is not None:
            return named
        raise ReadError(
            origin.source.name,
            origin.url,
            "xlsx.sheet",
            f"Das Blatt „{name}“ gibt es nicht. Vorhanden: {', '.join(sheet.title for sheet in sheets)[:400]}.",
            "Bitte das Blatt umbenennen oder die Spalten neu zuordnen.",
        )
    known = [
        max((recognised(map(_words, cells)) for _, cells in sheet.rows(HEADER_WITHIN)), default=-1) for sheet in sheets
    ]
    filled = [place for place, most in enumerate(known) if most >= 0]
    best = max(filled, key=lambda place: (known[place] > 0, not sheets[place].hidden, known[place]), default=None)
    return None if best is None else sheets[best]


def _headings_known(sheet: _Sheet) -> int:
    """How many well-known headings the best of a sheet's first rows has; -1 for an empty sheet."""
    return max((recognised(map(_words, cells)) for _, cells in sheet.rows(HEADER_WITHIN)), default=-1)


class _Table:
    """One sheet on its way to a ``Grid``."""

    def __init__(self, sheet: _Sheet, origin: Origin, first: int) -> None:
        self._sheet, self._origin, self._first = sheet, origin, first
        self._issues: list[Issue] = []

    def grid(self, others: tuple[str, ...]) -> Grid:
        """Headings and rows, with what is worth saying."""
        rows = self._rows()
        head = [cells for _, cells in rows[:HEADER_WITHIN]]
        header = header_row(head, wanted_columns(self._origin, *head))
        if header is None:
            return Grid(FORMAT, issues=tuple(self._issues), sheet=self._sheet.title, other_sheets=others)
        headings, first = self._headings(rows, header)
        names, doubled = unique_names(headings)
        self._repeat_merged(rows[first:])
        lines = [
            Line(number, tuple((cells + [""] * len(names))[: len(names)]))
            for number, cells in rows[first:]
            if not self._is_section(number, cells)
        ]
        if len(lines) > MAX_ROWS:
            raise too_many_rows(self._origin)
        lines = lines[: self._first]
        self._say_hidden()
        grid = Grid(FORMAT, names, tuple(lines), tuple(self._issues), sheet=self._sheet.title, other_sheets=others)
        return with_doubled(grid, self._origin, doubled)

    def _rows(self) -> list[tuple[int, list[str]]]:
        """All rows in words, with the numbers that the spreadsheet gives them; equal cells are one string in memory."""
        rows: list[tuple[int, list[str]]] = []
        wrong: list[str] = []
        left = MAX_CHARACTERS
        for number, cells in self._sheet.rows(self._first + HEADER_WITHIN + 1):
            said = [intern(_words(cell)) for cell in cells]
            wrong += [f"{cell.coordinate} {cell.value}" for cell in cells if cell.data_type == "e"]
            left -= sum(map(len, said))
            if left < 0:
                raise ReadError(
                    self._origin.source.name,
                    self._origin.url,
                    "xlsx.too_large",
                    f"Die Tabelle enthält mehr als {MAX_CHARACTERS // 1_000_000} Millionen Zeichen.",
                    "Bitte die Tabelle aufteilen.",
                )
            rows.append((number, said))
        uncalculated = [f"{get_column_letter(column)}{row}" for row, column in sorted(self._sheet.facts.uncalculated)]
        self._say_cells(
            uncalculated,
            "xlsx.uncalculated",
            "Formeln ohne gespeichertes Ergebnis; diese Zellen gelten als leer.",
            "Bitte die Datei in Excel öffnen, speichern und noch einmal hochladen.",
        )
        self._say_cells(
            wrong,
            "xlsx.error_value",
            "Zellen mit einem Rechenfehler; sie gelten als leer.",
            "Bitte die Formeln in der Tabelle prüfen.",
        )
        return rows

    def _headings(self, rows: Sequence[tuple[int, list[str]]], header: int) -> tuple[list[str], int]:
        """The headings, and the place of the first row below them. One that is merged over several columns ("Alter")
        belongs to each of them, together with what stands below it ("von", "bis")."""
        number, row = rows[header]
        below = rows[header + 1] if header + 1 < len(rows) else (0, [])
        width = max(len(row), len(below[1]))
        wide = [m for m in self._sheet.facts.merges if m.top == number and m.left < m.right <= MAX_COLUMNS]
        width = max([width, *(merge.right for merge in wide)])
        headings = row + [""] * (width - len(row))
        for merge in wide:
            headings[merge.left - 1 : merge.right] = [headings[merge.left - 1]] * (merge.right - merge.left + 1)
        covered = {column for m in wide if m.bottom == number for column in range(m.left, m.right + 1)}
        under = {place for place, cell in enumerate(below[1], start=1) if cell}
        if below[0] != number + 1 or not under or not under <= covered:
            return headings, header + 1
        for column in under:
            headings[column - 1] = f"{headings[column - 1]} {below[1][column - 1]}"
        return headings, header + 2

    def _repeat_merged(self, rows: Sequence[tuple[int, list[str]]]) -> None:
        """Write what is merged downwards into every row that it covers."""
        by_number = dict(rows)
        left = _MAX_REPEATED
        for merge in self._sheet.facts.merges:
            top = by_number.get(merge.top)
            if merge.left != merge.right or top is None or len(top) < merge.left:
                continue
            covered = range(merge.top + 1, merge.bottom + 1)[: max(left, 0)]
            left -= len(covered)
            for cells in filter(None, map(by_number.get, covered)):
                cells.extend([""] * (merge.left - len(cells)))
                cells[merge.left - 1] = top[merge.left - 1][:_MAX_REPEATED_CELL]

    def _is_section(self, number: int, cells: Sequence[str]) -> bool:
        """Whether a row is one heading over the whole width ("Museen"), which is no offer."""
        if number not in self._merged_across or sum(map(bool, cells)) != 1:
            return False
        self._issues.append(
            self._origin.problem(
                "record",
                "xlsx.section",
                next(filter(None, cells)),
                where=f"Zeile {number}",
                message="Eine Zwischenüberschrift über mehrere Spalten; sie ist kein Angebot und wurde ausgelassen.",
                remedy="Ist es doch eines, bitte die Verbindung der Zellen aufheben.",
            )
        )
        return True

    @cached_property
    def _merged_across(self) -> set[int]:
        """Rows with cells that are merged over more than one column."""
        return {merge.top for merge in self._sheet.facts.merges if merge.left < merge.right}

    def _say_cells(self, cells: Sequence[str], rule: str, message: str, remedy: str) -> None:
        if cells:
            shown = ", ".join(cells[:_MAX_SHOWN]) + (" …" if len(cells) > _MAX_SHOWN else "")
            self._issues.append(
                self._origin.problem("source", rule, shown, message=f"{len(cells)} {message}", remedy=remedy)
            )

    def _say_hidden(self) -> None:
        facts = self._sheet.facts
        hidden = [f"{facts.hidden_rows} Zeilen"] * bool(facts.hidden_rows)
        hidden += [f"{facts.hidden_columns} Spalten"] * bool(facts.hidden_columns)
        hidden += ["das Blatt selbst"] * self._sheet.hidden
        if hidden:
            self._issues.append(
                self._origin.problem(
                    "source",
                    "xlsx.hidden",
                    self._sheet.title,
                    message=f"Ausgeblendet, aber mitgelesen: {', '.join(hidden)}.",
                    remedy="Was nicht gelten soll, bitte vor dem Hochladen löschen.",
                )
            )


def _words(cell: Any) -> str:
    """What a person sees in a cell; empty for an error."""
    value = cell.value
    if value is None or cell.data_type == "e":
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if isinstance(value, str):
        return value[:_MAX_CELL].strip()
    if isinstance(value, datetime):
        day = f"{value:%d.%m.%Y}"
        return day if value.time() == time() else f"{day} {value:%H:%M}"
    if isinstance(value, date):
        return f"{value:%d.%m.%Y}"
    if isinstance(value, time):
        return f"{value:%H:%M} Uhr"
    if isinstance(value, timedelta):
        return f"{round(value.total_seconds() / 60)} Minuten"
    if isinstance(value, int | float) and math.isfinite(value):
        return _number(value, str(cell.number_format or "General"))
    return ""


def _number(value: float, shown_as: str) -> str:
    """A number with the unit, the percent sign or the leading zeros that its format gives it, never rounded by it.

    >>> _number(2.5, '#,##0.00 "€"'), _number(0.2, "0%"), _number(1067, "00000"), _number(6, '0" Jahre"')
    ('2,50 €', '20 %', '01067', '6 Jahre')
    """
    before, digits, after = _format_parts(shown_as)
    if percent := "%" in digits:
        value *= 100
    plain = f"{round(value, 10):.10f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))
    whole, _, fraction = plain.partition(".")
    if set(digits) == {"0"} and not fraction and value >= 0:
        whole = whole.zfill(min(len(digits), 20))
    if fraction or "€" in after + before:
        fraction = fraction.ljust(min(digits.rstrip("%").partition(".")[2].count("0"), 10), "0")
    number = f"{whole},{fraction}" if fraction else whole
    return f"{before}{number}{' %' if percent else ''}{after}".strip()


def _format_parts(shown_as: str) -> tuple[str, str, str]:
    """Of a number format: literal text before the digits, the digits, literal text after them."""
    before, digits, after = "", "", ""
    for quoted, escaped, currency, figures, other in _TOKENS.findall(shown_as[:200].partition(";")[0]):
        if figures:
            digits += figures
            continue
        text = quoted or escaped or currency or (other if other in "€ " else "")
        if digits:
            after += text
        else:
            before += text
    return before, digits, after
