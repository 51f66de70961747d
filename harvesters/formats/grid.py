"""What CSV and XLSX have in common: which row is the header, what a column means, and from there to Records."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from harvesters.formats.guess import guess_fields, recognised
from harvesters.formats.records import MAX_RECORDS, Origin, Parsed
from harvesters.formats.rows import MappedRow, compose, names_in, records_of
from harvesters.formats.text import line
from harvesters.problems import ReadError
from schemas.harvest import Issue, RecordField

MAX_COLUMNS: Final = 200
"""Columns of a table that are read; further ones are said to be left out."""
MAX_ROWS: Final = MAX_RECORDS
"""Rows of a table; a longer one is refused, for half a table would look like a whole one."""
HEADER_WITHIN: Final = 20
"""Rows among which the header is looked for: titles and notes often stand above it."""
_MAX_NAME: Final = 200

_AMOUNT: Final = re.compile(r"\d{1,5}(?:[.,]\d{1,2})?\s?(?:€|EUR|Euro)?", re.IGNORECASE)
_FIGURES: Final = re.compile(r"\d{1,4}(?:[.,]\d{1,2})?(?:\s?(?:-|–|bis)\s?\d{1,4}(?:[.,]\d{1,2})?)?")
_UNITS: Final[Mapping[RecordField, tuple[re.Pattern[str], tuple[tuple[re.Pattern[str], str], ...]]]] = {
    "ages": (_FIGURES, ((re.compile(r"\bmonate?n?\b"), "Monate"), (re.compile(r"\bjahre?n?\b"), "Jahre"))),
    "duration": (
        _FIGURES,
        ((re.compile(r"\bmin(?:uten)?\b"), "Minuten"), (re.compile(r"\bst(?:d|unden?)\b|\bh\b"), "Stunden")),
    ),
    "group_size": (re.compile(r"\d{1,4}"), ((re.compile(r"\b(?:max|höchst|bis\b)"), "Kinder"),)),
    "price": (
        _AMOUNT,
        (
            (re.compile(r"\b(?:pro|je)\s+(?:kind|person|teilnehmer|tn\b|nase)"), "pro Kind"),
            (re.compile(r"\b(?:pro|je)\s+(?:gruppe|kita|veranstaltung|termin)|\bpauschal"), "pro Gruppe"),
        ),
    ),
}
"""Record field → what a cell without a unit looks like, and the units that a heading may say for all its cells."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row below the header."""

    number: int
    """Its number as a spreadsheet counts, from 1."""
    cells: tuple[str, ...]
    """As many as the table has columns."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table, before anybody says what its columns mean."""

    format: str
    """``csv`` or ``xlsx``."""
    names: tuple[str, ...] = ()
    """Headings, each different from the others; empty for a column without one. No headings: an empty table."""
    lines: tuple[Line, ...] = ()
    """Rows that are not empty."""
    issues: tuple[Issue, ...] = ()
    """What could not be read, and what is worth saying."""
    complete: bool = True
    """``False`` where the table was visibly cut off."""
    sheet: str | None = None
    """Name of the sheet that was read (XLSX)."""
    other_sheets: tuple[str, ...] = ()
    """Sheets that were not (XLSX)."""


def header_row(rows: Sequence[Sequence[str]], wanted: Collection[str] = ()) -> int | None:
    """Which of the first ``rows`` holds the headings; ``None`` where all are empty.

    With ``wanted`` (columns that a description names) it is the first row that has them all. Else it is the row with
    most well-known headings, else the first with two cells, else the first that is not empty: the same row as before
    anybody named columns.

    >>> header_row([["Angebote 2026", ""], ["", ""], ["Titel", "Preis"], ["Wald", "3 €"]])
    2
    """
    head = [unique_names(row)[0] for row in rows[:HEADER_WITHIN]]
    filled = [place for place, row in enumerate(head) if any(row)]
    if not filled:
        return None
    if wanted and (named := [place for place in filled if set(wanted) <= set(head[place])]):
        return named[0]
    best = max(filled, key=lambda place: recognised(head[place]))
    if recognised(head[best]):
        return best
    return next((place for place in filled if sum(map(bool, head[place])) > 1), filled[0])


def unique_names(headings: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Headings on one line, a second one of the same name numbered; and the names that come more than once.

    >>> unique_names(["Titel", "Ort", "", "Titel"])
    (('Titel', 'Ort', '', 'Titel (2)'), ('Titel',))
    """
    names: list[str] = []
    doubled: dict[str, None] = {}
    for heading in headings:
        name = plain = line(heading)[:_MAX_NAME]
        count = 1
        while name and name in names:
            count += 1
            name = f"{plain} ({count})"
            doubled[plain] = None
        names.append(name)
    return tuple(names), tuple(doubled)


def columns_of(origin: Origin, names: Sequence[str]) -> tuple[dict[RecordField, str], str | None]:
    """What the source says about columns, else what headings of ``names`` say for themselves; and the key column.

    Raises ``ReadError`` with the columns that exist where the source names one that does not.
    """
    access = origin.source.access
    fields, key = dict(access.fields), access.key
    if not fields:
        fields, guessed = guess_fields(names)
        key = key or guessed
    wanted = [column for value in (*fields.values(), *filter(None, (key,))) for column in names_in(value, names)]
    if missing := [column for column in dict.fromkeys(wanted) if column not in names]:
        raise ReadError(
            origin.source.name,
            origin.url,
            f"{origin.format}.columns",
            f"Spalten fehlen: {', '.join(missing)}. Vorhanden: {', '.join(filter(None, names))[:400]}.",
            "Bitte access.fields und access.key an die Kopfzeile anpassen.",
        )
    return fields, key


def wanted_columns(origin: Origin, *rows: Sequence[str]) -> set[str]:
    """The columns that the source's description names, for finding the header among ``rows``."""
    access = origin.source.access
    known = {name for row in rows for name in unique_names(row)[0]}
    return {name for value in (*access.fields.values(), access.key or "") for name in names_in(value, known) if name}


def parsed(origin: Origin, grid: Grid) -> Parsed:
    """The Records of ``grid``; raises ``ReadError`` where columns are missing that the source names."""
    if not grid.names:
        return Parsed(issues=grid.issues)
    fields, key = columns_of(origin, grid.names)
    return records_of(origin, mapped(grid, fields, key), grid.issues, complete=grid.complete)


def with_doubled(grid: Grid, origin: Origin, doubled: Sequence[str]) -> Grid:
    """``grid`` with an Issue about headings that come more than once."""
    if not doubled:
        return grid
    issue = origin.problem(
        "source",
        f"{grid.format}.same_heading",
        ", ".join(doubled),
        message="Mehrere Spalten tragen dieselbe Überschrift; die hinteren heißen hier „… (2)“.",
        remedy="Bitte prüfen, welche der Spalten gemeint ist.",
    )
    return replace(grid, issues=(*grid.issues, issue))


def too_many_rows(origin: Origin) -> ReadError:
    """The error about a table that is longer than we read."""
    return ReadError(
        origin.source.name,
        origin.url,
        f"{origin.format}.too_many",
        f"Mehr als {MAX_ROWS} Zeilen.",
        "Bitte die Tabelle aufteilen.",
    )


def mapped(grid: Grid, fields: Mapping[RecordField, str], key: str | None) -> Iterator[MappedRow]:
    """The rows of ``grid`` with the source's words under the names of ``fields``."""
    used = {column for value in (*fields.values(), key or "") for column in names_in(value, grid.names)}
    for row in grid.lines:
        cells = {name: cell.strip() for name, cell in zip(grid.names, row.cells, strict=True) if name}
        words = {
            name: _complete(name, value, text)
            for name, value in fields.items()
            if (text := compose(value, cells.__getitem__, cells))
        }
        yield MappedRow(
            words,
            key=compose(key, cells.__getitem__, cells) if key else "",
            unread={name: cell for name, cell in cells.items() if name not in used and cell},
            number=row.number,
        )


def _complete(name: RecordField, heading: str, cell: str) -> str:
    """``cell`` with what its heading says for the whole column: "90" under "Dauer (Min.)" is "90 Minuten", and "1067"
    under a postcode is what a spreadsheet leaves of "01067"."""
    if name == "postcode" and re.fullmatch(r"\d{4}", cell):
        return f"0{cell}"
    if name not in _UNITS:
        return cell
    bare, units = _UNITS[name]
    if not bare.fullmatch(cell):
        return cell
    folded = heading.casefold()
    unit = next((unit for pattern, unit in units if pattern.search(folded)), None)
    if unit is None:
        return cell
    if name == "group_size":
        return f"max. {cell} {unit}"
    if name == "price" and re.match(r"0+(?:[.,]0+)?\D*$", cell):
        return cell  # nothing for a child is nothing for anybody
    if name == "price" and cell[-1].isdigit():
        return f"{cell} € {unit}"
    return f"{cell} {unit}"
