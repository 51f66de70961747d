"""CSV with a header row → Records: encoding and separator are found out, rows are mapped by column name."""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from harvesters.formats.guess import guess_fields
from harvesters.formats.records import MAX_RECORDS, Origin, Parsed
from harvesters.formats.rows import MappedRow, compose, names_in, records_of
from harvesters.formats.text import decode, looks_like_page
from harvesters.problems import ReadError
from schemas.harvest import Issue, RecordField, Source

FORMAT: Final = "csv"
_DELIMITERS: Final = ";,\t|"


def parse(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Parsed:
    """The Records of a table.

    ``access.fields`` names columns (see ``rows.compose``); without it, plain headings are recognised.
    Raises ``ReadError`` for a web page, a table without a header or one that ends within a quoted cell.
    """
    origin = Origin(source, url, fetched_at, FORMAT)
    text, encoding = decode(content, source.access.encoding, charset)
    if looks_like_page(text):
        raise ReadError(
            source.name,
            url,
            "csv.page",
            "Statt einer Tabelle kam eine Internetseite.",
            "Bitte die Adresse im Browser öffnen: Vielleicht ist sie umgezogen, gesperrt oder verlangt eine Anmeldung.",
        )
    issues: list[Issue] = []
    if "\ufffd" in text:
        issues.append(
            origin.problem(
                "source",
                "encoding.broken",
                encoding,
                message=f"Einige Zeichen passen nicht zur Kodierung {encoding}.",
                remedy="Bitte access.encoding auf die wirkliche Kodierung setzen.",
            )
        )
    header, *rows = _table(text, source, url, origin, issues) or [[]]
    if not any(cell.strip() for cell in header):
        return Parsed(issues=tuple(issues))
    names = [cell.strip() for cell in header]
    fields, key = dict(source.access.fields), source.access.key
    if not fields:
        fields, guessed = guess_fields(names)
        key = key or guessed
    wanted = [column for value in (*fields.values(), *filter(None, (key,))) for column in names_in(value, names)]
    if missing := [column for column in wanted if column not in names]:
        raise ReadError(
            source.name,
            url,
            "csv.columns",
            f"Spalten fehlen: {', '.join(missing)}. Vorhanden: {', '.join(filter(None, names))[:400]}.",
            "Bitte access.fields und access.key an die Kopfzeile anpassen.",
        )
    complete = True
    if rows and len(rows[-1]) < len(names) and not text.endswith(("\n", "\r")):
        cut = rows.pop()
        complete = False
        issues.append(
            origin.problem(
                "record",
                "csv.cut_off",
                " ".join(cut),
                where=f"Zeile {len(rows) + 2}",
                message="Die Tabelle bricht mitten in einer Zeile ab; diese Zeile wurde nicht gelesen.",
                remedy="Die Datei ist vermutlich abgeschnitten; bitte erneut abrufen oder die Quelle benachrichtigen.",
            )
        )
    return records_of(origin, _mapped(rows, names, fields, key), issues, complete=complete)


def _table(text: str, source: Source, url: str, origin: Origin, issues: list[Issue]) -> list[list[str]]:
    delimiter = source.access.delimiter or _delimiter(text)
    reader = csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=delimiter, strict=True)
    table: list[list[str]] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if table and len(cells) > len(table[0]) and any(cell.strip() for cell in cells[len(table[0]) :]):
                issues.append(
                    origin.problem(
                        "record",
                        "csv.too_many_cells",
                        delimiter.join(cells),
                        where=f"Zeile {reader.line_num}",
                        message=f"Die Zeile hat {len(cells)} Zellen, die Kopfzeile {len(table[0])}; sie fehlt daher.",
                        remedy=f"Steht in einer Zelle ein „{delimiter}“ ohne Anführungszeichen?",
                    )
                )
                continue
            table.append(cells)
            if len(table) > MAX_RECORDS:
                raise ReadError(
                    source.name, url, "csv.too_many", f"Mehr als {MAX_RECORDS} Zeilen.", "Bitte die Quelle aufteilen."
                )
    except csv.Error as error:
        raise ReadError(
            source.name,
            url,
            "csv.broken",
            f"Die Tabelle ist ab Zeile {reader.line_num} nicht lesbar ({error}).",
            "Die Datei ist vermutlich abgeschnitten oder hat ein offenes Anführungszeichen; bitte erneut abrufen.",
        ) from error
    return table


def _delimiter(text: str) -> str:
    """The separator that the header row uses most, outside of quotes."""
    header = text.lstrip("\r\n").split("\n", 1)[0]
    outside = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=lambda sign: (outside.count(sign), -_DELIMITERS.index(sign)))


def _mapped(
    rows: list[list[str]], names: list[str], fields: Mapping[RecordField, str], key: str | None
) -> Iterator[MappedRow]:
    used = {column for value in (*fields.values(), key or "") for column in names_in(value, names)}
    for cells in rows:
        row = {name: cell.strip() for name, cell in zip(names, cells + [""] * (len(names) - len(cells)), strict=False)}
        words = {name: text for name, value in fields.items() if (text := compose(value, row.__getitem__, row))}
        yield MappedRow(
            words,
            key=compose(key, row.__getitem__, row) if key else "",
            unread={name: cell for name, cell in row.items() if name and name not in used and cell},
        )
