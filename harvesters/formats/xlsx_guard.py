"""Before anything opens a workbook: is it one, is it small enough, and is its XML plain? (zip bombs, entity bombs)

Every entry is really decompressed, in pieces and counted, and every XML part goes through expat once, whatever its
name: openpyxl follows names that the archive itself gives. What that pass sees besides is kept, for openpyxl's reader
of large sheets does not tell which rows are hidden, which cells are merged or which formulas were never calculated.
"""

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile, ZipInfo

from harvesters.formats.grid import MAX_COLUMNS
from harvesters.formats.records import Origin
from harvesters.problems import ReadError

MAX_BYTES: Final = 64 * 1024 * 1024
"""Decompressed bytes of a workbook; 100,000 rows of ten columns have about 45 MB."""
MAX_ENTRIES: Final = 1_000
"""Files within a workbook, as Apache POI allows (``ZipSecureFile``)."""
MAX_RATIO: Final = 100
"""Decompressed bytes per compressed one, in entries above ``SMALL``; Apache POI's limit (0.01, the other way round)."""
SMALL: Final = 1024 * 1024
"""Bytes of an entry that may be compressed as well as it likes."""
MAX_CELLS: Final = 3_000_000
"""Cells of a workbook."""
MAX_DEPTH: Final = 100
"""Elements within elements."""
MAX_MERGES: Final = 20_000
"""Merged ranges of a sheet that are heeded."""

_PIECE: Final = 64 * 1024
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_RANGE: Final = re.compile(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})")
_CELL: Final = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_SAVE: Final = "Bitte die Tabelle in Excel oder LibreOffice öffnen und als XLSX oder „CSV UTF-8“ speichern."


@dataclass(frozen=True, slots=True)
class Merge:
    """A range of merged cells; rows and columns from 1, the last one included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(slots=True)
class SheetFacts:
    """What one XML part says, where it is a sheet."""

    hidden_rows: int = 0
    """Rows that are hidden."""
    hidden_columns: int = 0
    """Columns that are hidden, among the first ``MAX_COLUMNS``."""
    merges: list[Merge] = field(default_factory=list)
    """Merged ranges."""
    uncalculated: set[tuple[int, int]] = field(default_factory=set)
    """Cells (row, column) with a formula, but no result stored with it."""


def check(content: bytes, origin: Origin) -> dict[str, SheetFacts]:
    """Part → what it says as a sheet, for a workbook that is safe to open.

    Raises ``ReadError``: no workbook but an old ``.xls``, one with a password, another program's file; broken;
    too large once decompressed, too many files in it; XML with a document type (entities).
    """
    if (wrong := _other_file(content)) is not None:
        raise _error(origin, *wrong)
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if (wrong := _implausible(entries)) is not None:
                raise _error(origin, *wrong)
            budget = _Budget(origin)
            return {entry.filename: _scan(archive, entry, budget) for entry in entries if not entry.is_dir()}
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise _error(
            origin, "broken", "Die Datei ist beschädigt oder nicht vollständig.", "Bitte noch einmal speichern."
        ) from error


def _other_file(content: bytes) -> tuple[str, str, str] | None:
    """What a file is that is no ZIP archive: code, what happened, what to do."""
    if not content.startswith(_OLE):
        return None
    if "EncryptedPackage".encode("utf-16-le") in content:
        return (
            "password",
            "Die Tabelle ist mit einem Passwort geschützt.",
            "Bitte in Excel unter „Datei → Informationen“ das Passwort entfernen und speichern.",
        )
    return "old", "Das ist eine Datei im alten Excel-Format (.xls).", _SAVE


def _implausible(entries: list[ZipInfo]) -> tuple[str, str, str] | None:
    """What speaks against opening an archive, by its list of contents alone."""
    names = {entry.filename for entry in entries}
    if any(entry.flag_bits & 1 for entry in entries):
        return "password", "Die Datei ist mit einem Passwort geschützt.", "Bitte ohne Passwort speichern."
    if "xl/workbook.bin" in names:
        return "binary", "Das ist eine binäre Excel-Datei (.xlsb).", _SAVE
    if "word/document.xml" in names:
        return "document", "Das ist ein Textdokument, keine Tabelle.", "Bitte die Tabelle in Excel einfügen."
    if "mimetype" in names:
        return "opendocument", "Das ist eine OpenDocument-Datei.", _SAVE
    if "[Content_Types].xml" not in names:
        return "archive", "Das ist ein Archiv, keine Excel-Datei.", "Bitte die Tabelle selbst hochladen."
    if len(entries) > MAX_ENTRIES:
        return "too_large", f"Die Datei besteht aus mehr als {MAX_ENTRIES} Teilen.", _SAVE
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        return _too_large()
    return None


def _too_large() -> tuple[str, str, str]:
    return (
        "too_large",
        f"Ausgepackt ist die Datei größer als {MAX_BYTES // 1024**2} MB.",
        "Bitte nur die Tabelle selbst in eine neue Datei kopieren, oder sie aufteilen.",
    )


class _Budget:
    """What is left for the whole archive."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.bytes = MAX_BYTES
        self.cells = MAX_CELLS

    def pieces(self, archive: ZipFile, entry: ZipInfo) -> Iterator[bytes]:
        """The decompressed content of ``entry``, never more than is left; raises ``ReadError`` at the limit."""
        read = 0
        with archive.open(entry) as file:
            while piece := file.read(_PIECE):
                read += len(piece)
                self.bytes -= len(piece)
                if self.bytes < 0 or (read > SMALL and read > MAX_RATIO * max(entry.compress_size, 1)):
                    raise _error(self.origin, *_too_large())
                yield piece

    def take_cell(self) -> None:
        """Count one cell."""
        self.cells -= 1
        if self.cells < 0:
            raise _error(
                self.origin, "too_large", f"Mehr als {MAX_CELLS} Zellen.", "Bitte leere Zeilen und Spalten löschen."
            )


def _scan(archive: ZipFile, entry: ZipInfo, budget: _Budget) -> SheetFacts:
    """Decompress ``entry`` to its end, and look at it as XML as long as it is some."""
    must_be_xml = entry.filename.lower().endswith((".xml", ".rels"))
    scan = _Scan(budget)
    is_xml = True
    for piece in budget.pieces(archive, entry):
        if is_xml:
            is_xml = scan.feed(piece)
        if not is_xml and must_be_xml:
            break
    if must_be_xml and not (is_xml and scan.feed(b"", last=True)):
        raise _error(
            budget.origin,
            "broken",
            f"Die Datei ist beschädigt ({entry.filename} ist kein gültiges XML).",
            "Bitte in Excel öffnen und noch einmal speichern.",
        )
    return scan.facts


class _Scan:
    """One XML part on its way through expat."""

    def __init__(self, budget: _Budget) -> None:
        self.facts = SheetFacts()
        self._budget = budget
        self._depth = 0
        self._row = self._column = 0
        self._formula = self._value = False
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.EntityDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def feed(self, piece: bytes, *, last: bool = False) -> bool:
        """Go on; ``False`` where it is no XML."""
        try:
            self._parser.Parse(piece, last)
        except (expat.ExpatError, LookupError, ValueError):  # the latter two: encodings that Python does not know
            return False
        return True

    def _refuse(self, *_declared: object) -> None:
        raise _error(
            self._budget.origin,
            "entities",
            "Die Datei enthält XML mit eigenen Ersetzungen (DTD). Tabellen haben so etwas nie.",
            _SAVE,
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _error(self._budget.origin, "too_deep", "Die Datei ist zu tief verschachtelt.", _SAVE)
        tag = name.rpartition("}")[2]
        if tag == "c":
            self._budget.take_cell()
            self._formula, self._value = False, attributes.get("t") == "str"  # an empty text is a result
            place = _CELL.fullmatch(attributes.get("r", ""))
            self._column = column_number(place[1]) if place else self._column + 1
        elif tag == "f":
            self._formula = True
        elif tag == "v" and self._formula:
            self._parser.CharacterDataHandler = self._has_value
        elif tag == "row":
            number = attributes.get("r", "")
            self._row = int(number) if number.isascii() and number.isdigit() and len(number) < 8 else self._row + 1
            self._column = 0
            self.facts.hidden_rows += attributes.get("hidden") in ("1", "true")
        elif tag == "col" and attributes.get("hidden") in ("1", "true"):
            first, last = (_small(attributes.get(end, "")) for end in ("min", "max"))
            self.facts.hidden_columns += max(0, min(last, MAX_COLUMNS) - first + 1) if first else 0
        elif tag == "mergeCell" and len(self.facts.merges) < MAX_MERGES:
            self.facts.merges.extend(_merge(attributes.get("ref", "")))

    def _has_value(self, _text: str) -> None:
        self._value = True
        self._parser.CharacterDataHandler = None

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._parser.CharacterDataHandler = None
        if name.endswith("}c") and self._formula and not self._value and self._column <= MAX_COLUMNS:
            self.facts.uncalculated.add((self._row, self._column))


def column_number(letters: str) -> int:
    """The number of a column.

    >>> column_number("A"), column_number("AB")
    (1, 28)
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _merge(ref: str) -> list[Merge]:
    """The range that ``ref`` names; nothing where it names none."""
    match = _RANGE.fullmatch(ref)
    if match is None:
        return []
    merge = Merge(int(match[2]), column_number(match[1]), int(match[4]), column_number(match[3]))
    return [merge] if merge.top <= merge.bottom and merge.left <= merge.right else []


def _small(number: str) -> int:
    return int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0


def _error(origin: Origin, rule: str, happened: str, remedy: str) -> ReadError:
    return ReadError(origin.source.name, origin.url, f"xlsx.{rule}", happened, remedy)
