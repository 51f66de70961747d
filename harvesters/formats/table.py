"""A table that somebody uploads or serves, CSV or XLSX → Records: which of the two it is shows in its first bytes."""

from datetime import datetime
from typing import Final

from harvesters.formats import csv_table, xlsx_table
from harvesters.formats.grid import MAX_ROWS, Grid, parsed
from harvesters.formats.records import Origin, Parsed
from harvesters.problems import ReadError
from schemas.harvest import Source

_ZIP: Final = b"PK\x03\x04"
_EMPTY_ZIP: Final = b"PK\x05\x06"
_OLE: Final = b"\xd0\xcf\x11\xe0"
_WORKBOOKS: Final = (_ZIP, _EMPTY_ZIP, _OLE)
_OTHERS: Final = (
    (b"%PDF", "ein PDF"),
    (b"\x89PNG", "ein Bild"),
    (b"\xff\xd8\xff", "ein Bild"),
    (b"GIF8", "ein Bild"),
    (b"{\\rtf", "ein Textdokument"),
    (b"\x1f\x8b", "ein gepacktes Archiv"),
    (b"Rar!", "ein gepacktes Archiv"),
    (b"7z\xbc\xaf", "ein gepacktes Archiv"),
)
"""First bytes of files that people upload by mistake, or that were renamed."""
_BYTE_ORDER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_SAVE: Final = "Bitte die Tabelle als XLSX oder als „CSV UTF-8“ speichern und diese Datei nehmen."


def parse(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Parsed:
    """The Records of a table; ``url`` is its address, or the name of the file.

    Raises ``ReadError`` for what is no table, and where columns are missing that the source names.
    """
    origin = Origin(source, url, fetched_at, "table")
    return parsed(*_read(content, origin, charset))


def read(content: bytes, *, source: Source, url: str, fetched_at: datetime, first: int = MAX_ROWS) -> Grid:
    """The table as it stands, before its columns mean anything; of a long one the ``first`` rows.

    Raises ``ReadError`` for what is no table.
    """
    return _read(content, Origin(source, url, fetched_at, "table"), None, first)[1]


def _read(content: bytes, origin: Origin, charset: str | None, first: int = MAX_ROWS) -> tuple[Origin, Grid]:
    if content.startswith(_WORKBOOKS):
        origin = Origin(origin.source, origin.url, origin.fetched_at, xlsx_table.FORMAT)
        return origin, xlsx_table.read(content, origin, first)
    origin = Origin(origin.source, origin.url, origin.fetched_at, csv_table.FORMAT)
    for beginning, what in _OTHERS:
        if content.startswith(beginning):
            raise ReadError(origin.source.name, origin.url, "table.other", f"Das ist {what}, keine Tabelle.", _SAVE)
    if b"\0" in content[:4_000] and not content.startswith(_BYTE_ORDER_MARKS):
        raise ReadError(
            origin.source.name,
            origin.url,
            "table.binary",
            "Diese Datei ist weder eine Excel- noch eine CSV-Tabelle.",
            _SAVE,
        )
    return origin, csv_table.read(content, origin, charset, first)
