"""The near side of ``pdf_child``: a PDF's bytes → words with place and size, or a German sentence why not."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harvesters.formats.records import Origin
from harvesters.problems import ReadError

MAX_WAIT: Final = 60.0
"""Longest time on the clock for one file; its processor time is limited by the child itself."""

_TAIL: Final = 2_048
_AGAIN: Final = "Bitte die Datei im Browser öffnen; geht sie auch dort nicht auf, bitte die Betreiber ansprechen."
_TYPE_IT: Final = (
    "Oft gibt es dieselben Angebote auch als Seite. Sonst laden Sie bitte eine Tabelle hoch oder tragen sie ein."
)
_TROUBLE: Final = {
    "password": ("Das PDF ist mit einem Passwort geschützt.", "Bitte die Betreiber um eine offene Fassung bitten."),
    "broken": ("Das PDF ist beschädigt und lässt sich nicht öffnen.", _AGAIN),
    "cut_off": (
        "Das PDF bricht mittendrin ab und wurde nicht gelesen.",
        "Es wird beim nächsten Abruf wieder versucht; bleibt es dabei, bitte die Betreiber ansprechen.",
    ),
    "too_large": ("Das PDF braucht zum Lesen zu viel Speicher oder Zeit.", _TYPE_IT),
    "scanned": ("Das PDF besteht nur aus Bildern (eingescannt); Text steht nicht darin.", _TYPE_IT),
    "nothing": ("Im PDF steht Text, aber kein Angebot, das wir erkennen.", _TYPE_IT),
    "empty": ("Im PDF steht kein Text.", _TYPE_IT),
}


@dataclass(frozen=True, slots=True)
class Word:
    """One word; coordinates in points from the top left."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    """Of its letters, in points."""
    bold: bool


@dataclass(frozen=True, slots=True)
class Box:
    """Something drawn: a rule, a border, the ground of a cell."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Page:
    """What stands on one page."""

    number: int
    height: float
    words: tuple[Word, ...]
    boxes: tuple[Box, ...] = ()
    picture: bool = False
    """Whether a picture fills more than half of it."""


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages that were read."""

    pages: tuple[Page, ...]
    total: int
    """How many the file has."""
    unreadable: tuple[int, ...] = ()
    """Numbers of those that are broken."""


def read(content: bytes, origin: Origin) -> Pages:
    """The words of a PDF. Raises ``ReadError``: password, broken, cut off, too much work, pictures only, empty."""
    if is_cut_off(content):
        raise trouble(origin, "cut_off")
    try:
        child = subprocess.run(
            [sys.executable, "-m", "harvesters.formats.pdf_child"],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
            timeout=MAX_WAIT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise trouble(origin, "too_large") from error
    if child.returncode != 0:  # killed at a limit, or out of memory
        raise trouble(origin, "too_large")
    said = json.loads(child.stdout)
    if "error" in said:
        raise trouble(origin, said["error"])
    pages = tuple(
        Page(
            number,
            page["height"],
            tuple(Word(*word) for word in page["words"]),
            tuple(Box(*box) for box in page["boxes"]),
            page["picture"],
        )
        for number, page in enumerate(said["pages"], start=1)
        if "unreadable" not in page
    )
    if not any(page.words for page in pages):
        raise trouble(origin, "broken" if not pages else "scanned" if any(p.picture for p in pages) else "empty")
    broken = tuple(number for number, page in enumerate(said["pages"], start=1) if "unreadable" in page)
    return Pages(pages, said["total"], broken)


def is_cut_off(content: bytes) -> bool:
    """Whether the end is missing: PDFium would mend such a file, and half of its offers would look like all.

    >>> is_cut_off(b"%PDF-1.7 1 0 obj"), is_cut_off(b"%PDF-1.7 startxref 9 %%EOF")
    (True, False)
    """
    return b"%%EOF" not in content[-_TAIL:]


def trouble(origin: Origin, rule: str) -> ReadError:
    """The error of this kind."""
    return ReadError(origin.source.name, origin.url, f"pdf.{rule}", *_TROUBLE[rule])
