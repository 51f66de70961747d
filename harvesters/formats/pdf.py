"""Leaflets and programmes as PDF → Records: a row of a table each, or a heading with the text below it.

``pdf_words`` gets the words out under limits, ``pdf_layout`` puts them in order; here it is decided which headings name
offers: the style of letters under which most sections say when, for whom or at what price. A leaflet with one heading
is one offer.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from harvesters.formats import pdf_words
from harvesters.formats.grid import Grid, columns_of, mapped, unique_names
from harvesters.formats.grid import Line as GridLine
from harvesters.formats.guess import guess_fields, likely_field
from harvesters.formats.pdf_layout import Line, Table, joined, read_order
from harvesters.formats.records import Origin, Parsed, build, finish
from harvesters.formats.rows import MappedRow, records_of
from schemas.harvest import Issue, Record, RecordField, Source
from schemas.identifiers import provider_key

FORMAT: Final = "pdf"

_LONGEST_HEADING: Final = 150
_CUE: Final = re.compile(
    r"\d\s?(?:uhr|€|euro|jahre|j\.|min)|\b(?:mo|die|mitt|don|frei|sams|sonn)\w{0,6}tags?\b|\bmittwochs?\b|kostenfrei|kostenlos"
    r"|\d{1,2}\.\s?(?:\d{1,2}\.|jan|feb|mär|apr|mai|jun|jul|aug|sep|okt|nov|dez)|\banmeld|\bkrippe|\bkitas?\b|vorschul",
    re.IGNORECASE,
)
"""What an offer says and a greeting does not."""
_NO_OFFER: Final = re.compile(
    r"(?:inhalt|impressum|vor-?wort|gru(?:ß|ss)wort|kontakt|anmeldung|hinweise?|anfahrt|datenschutz|herausgeber|legende"
    r"|veranstalter|bildnachweis|fotos?|partner|förderer|sponsor|teilnahmebedingungen|allgemeine)\w*\b.{0,40}",
    re.IGNORECASE,
)
"""Headings of sections in which nothing is offered."""
_DAY: Final = re.compile(
    r"\d{1,2}\.\s?(?:\d{1,2}\.|januar|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember)",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(r"([^\W\d][\w -]{1,30}):\s+(\S.*)")
_BULLET: Final = re.compile(r"[•·▪‣\-–*]\s")


@dataclass(frozen=True, slots=True)
class _Style:
    """How a heading looks; a larger one stands above a smaller one."""

    size: float
    bold: bool


@dataclass(slots=True)
class _Section:
    """A heading and what stands below it, until the next one."""

    title: str
    style: _Style
    page: int
    lines: list[Line] = field(default_factory=list)


def is_pdf(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is a PDF."""
    return b"%PDF-" in head[:1024] and not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"{", b"[", b"BEGIN"))


def parse(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Parsed:
    """The Records of a PDF. Raises ``ReadError`` where nothing can be read (``pdf_words.read``), or no offer."""
    origin = Origin(source, url.partition("#")[0], fetched_at, FORMAT)
    pages = pdf_words.read(content, origin)
    issues = list(_said(origin, pages))
    complete = not issues or pages.total == len(pages.pages)
    items = read_order(pages.pages)
    tables = [item for item in items if isinstance(item, Table)]
    rows = records_of(origin, _rows(origin, tables))
    records, problems = _offers(origin, [item for item in items if isinstance(item, Line)], alone=not rows.records)
    found = [*rows.records, *records]
    if not found:
        raise pdf_words.trouble(origin, "nothing")
    return finish(origin, found, (*issues, *rows.issues, *problems), complete=complete)


def _said(origin: Origin, pages: pdf_words.Pages) -> Iterator[Issue]:
    """What of the file was not read."""
    if pages.total > len(pages.pages) + len(pages.unreadable):
        yield origin.problem(
            "run",
            "pdf.too_many_pages",
            message=f"Das PDF hat {pages.total} Seiten; gelesen wurden die ersten {pages.pages[-1].number}.",
            remedy="Bitte die Betreiber um einzelne Programme bitten.",
        )
    pictures = [str(page.number) for page in pages.pages if page.picture and len(page.words) < 3]
    for rule, numbers, happened in (
        ("pdf.broken_pages", [str(number) for number in pages.unreadable], "sind beschädigt und fehlen"),
        ("pdf.scanned_pages", pictures, "bestehen nur aus einem Bild; was darauf steht, fehlt"),
    ):
        if numbers:
            yield origin.problem(
                "source",
                rule,
                ", ".join(numbers[:20]),
                message=f"Seiten des PDFs {happened}: {', '.join(numbers[:20])}.",
                remedy="Bitte im Browser ansehen, ob dort Angebote stehen, und sie eintragen.",
            )


# -- tables -----------------------------------------------------------------------------------------------------------


def _rows(origin: Origin, tables: Iterable[Table]) -> Iterator[MappedRow]:
    """The rows of all ``tables``, each with the page on which it stands."""
    for table in tables:
        names, _ = unique_names(table.headings)
        lines = tuple(GridLine(number, cells) for number, cells in enumerate(table.rows, start=1))
        grid = Grid(FORMAT, names, lines)
        fields, key = columns_of(origin, names) if origin.source.access.fields else _guessed(names)
        for row in mapped(grid, fields, key):
            row.words.setdefault("url", f"#page={table.page}")
            yield row


def _guessed(names: Sequence[str]) -> tuple[Mapping[RecordField, str], str | None]:
    """What headings say for themselves; nobody sees the cells of a leaflet first, so the likeliest reading counts."""
    fields, key = guess_fields(names)
    for name in names:
        if name not in fields.values() and name != key and (likely := likely_field(name)):
            fields.setdefault(likely, name)
    return fields, key


# -- headings and text ------------------------------------------------------------------------------------------------


def _offers(origin: Origin, lines: Sequence[Line], *, alone: bool) -> tuple[list[Record], list[Issue]]:
    """One Record per offer in the text. ``alone``: nothing else was found, so that the text as a whole may be one."""
    sections = _sections(lines)
    style = _style_of_offers(sections)
    if style is None:
        return _one_offer(origin, lines, sections) if alone and lines else ([], [])
    records: list[Record] = []
    issues: list[Issue] = []
    left_out: list[str] = []
    above: dict[_Style, str] = {}
    met: Counter[str] = Counter()
    for section in _gathered(sections, style):
        if section.style != style:
            above = {other: title for other, title in above.items() if _ranks(other, section.style)}
            above[section.style] = section.title
            continue
        if not section.lines or _NO_OFFER.fullmatch(section.title):
            left_out.append(section.title)
            continue
        record, problems = _record(origin, section, list(above.values()), met)
        issues.extend(problems)
        records.extend([record] if record else [])
    if left_out:
        issues.append(
            origin.problem(
                "record",
                "pdf.left_out",
                "; ".join(left_out)[:400],
                message="Abschnitte ohne Text oder ohne Angebot (Impressum, Grußwort …) wurden ausgelassen.",
                remedy="Ist ein Angebot darunter, tragen Sie es bitte ein.",
            )
        )
    return records, issues


def _sections(lines: Sequence[Line]) -> list[_Section]:
    """``lines`` by heading; a heading of several lines is one."""
    letters: Counter[float] = Counter()
    heavy = 0
    for line in lines:
        letters[line.size] += len(line.text)
        heavy += len(line.text) * line.bold
    body = letters.most_common(1)[0][0] if letters else 0.0
    bold_counts = heavy < 0.4 * sum(letters.values())
    sections = [_Section("", _Style(0.0, False), lines[0].page if lines else 1)]
    before: Line | None = None
    for line in lines:
        style = _Style(line.size, line.bold)
        large = line.size >= 1.15 * body
        if not (large or (bold_counts and line.bold)) or not _may_name(line.text):
            sections[-1].lines.append(line)
            before = None
            continue
        last = sections[-1]
        near = before is not None and before.page == line.page and 0 < line.bottom - before.bottom < 1.8 * line.size
        if near and last.style == style and not last.lines:
            last.title = joined((last.title, line.text))
        else:
            sections.append(_Section(line.text, style, line.page))
        before = line
    return sections


def _may_name(text: str) -> bool:
    """Whether a line may be a heading: not a label ("Kosten", "Alter: 4–6"), and no sentence."""
    if len(text) > _LONGEST_HEADING or not any(letter.isalpha() for letter in text):
        return False
    label = text.partition(":")[0].strip()
    known = bool(guess_fields([label])[0]) or label.casefold() in ("wo", "wer", "für wen", "was")
    return not known and not text.endswith((":", ".", ",", ";"))


def _style_of_offers(sections: Sequence[_Section]) -> _Style | None:
    """The style under which most sections say what an offer says, at least two; of equals the larger."""
    counts: Counter[_Style] = Counter()
    for section in sections[1:]:
        said = any(_CUE.search(line.text) for line in section.lines)
        counts[section.style] += said and not _NO_OFFER.fullmatch(section.title)
    best = max(counts, key=lambda style: (counts[style], style.size, style.bold), default=None)
    return best if best is not None and counts[best] > 1 else None


def _ranks(one: _Style, other: _Style) -> bool:
    return (one.size, one.bold) > (other.size, other.bold)


def _gathered(sections: Sequence[_Section], style: _Style) -> Iterator[_Section]:
    """Sections with the smaller ones in them; what stands above the first heading goes before all."""
    current: _Section | None = None
    for section in sections[1:]:
        if section.style == style or _ranks(section.style, style):
            if current is not None:
                yield current
            current = section
        elif current is not None:
            current.lines.extend(_as_lines(section))
    if current is not None:
        yield current


def _as_lines(section: _Section) -> list[Line]:
    first = Line(section.title, section.page, 0, 0, 0, section.style.size, section.style.bold, 0)
    return [first, *section.lines]


def _one_offer(origin: Origin, lines: Sequence[Line], sections: Sequence[_Section]) -> tuple[list[Record], list[Issue]]:
    """A leaflet for one offer: its largest heading, and everything else as text."""
    named = [section for section in sections if section.title]
    issues: list[Issue] = []
    if named:
        top = max(named, key=lambda section: (section.style.size, section.style.bold))
        title, page = top.title, top.page
        rest = [line for section in sections for line in (section.lines if section is top else _as_lines(section))]
    else:
        title, page, rest = lines[0].text, lines[0].page, list(lines[1:])
        issues.append(
            origin.problem(
                "record",
                "pdf.no_headings",
                title,
                message="Im PDF sind keine Überschriften zu erkennen; alles zusammen gilt als ein Angebot.",
                remedy="Sind es mehrere, tragen Sie sie bitte ein oder laden eine Tabelle hoch.",
            )
        )
    whole = _Section(title, _Style(0.0, False), page, [line for line in rest if line.text])
    record, problems = _record(origin, whole, [], Counter())
    return ([record] if record else []), issues + problems


def _record(
    origin: Origin, section: _Section, above: Sequence[str], met: Counter[str]
) -> tuple[Record | None, list[Issue]]:
    """The Record of a section: days above it belong to its text, other headings above it are its category."""
    paragraphs = list(_paragraphs(section.lines))
    words: dict[RecordField, str] = {}
    for paragraph in paragraphs:
        label = _LABEL.fullmatch(paragraph)
        if label and (known := next(iter(guess_fields([label[1]])[0]), None)) and known not in ("title", "text"):
            words.setdefault(known, label[2])
    url = words.pop("url", None)
    if "dates" not in words:
        paragraphs[:0] = [heading for heading in above if _DAY.search(heading)]
    if category := " · ".join(heading for heading in above if not _DAY.search(heading)):
        words.setdefault("category", category)
    for name in ("start", "end", "start_date", "start_time", "end_date", "end_time"):
        words.pop(name, None)  # "Beginn: 9 Uhr" is read in its text, with the day beside it
    key = provider_key(section.title) or "angebot"
    met[key] += 1
    placed = replace(origin, url=f"{origin.url}#page={section.page}")
    return build(
        placed,
        key=key if met[key] == 1 else f"{key}-{met[key]}",
        title=section.title,
        text="\n".join(paragraphs),
        url=url if url and url.startswith("http") else placed.url,
        words=words,
    )


def _paragraphs(lines: Sequence[Line]) -> Iterator[str]:
    """Lines put together as long as a sentence runs on: to the end of the column, and not into a label or a bullet."""
    run: list[str] = []
    before: Line | None = None
    for line in lines:
        runs_on = before is not None and (
            before.text.endswith(("-", "\u00ad"))
            or (
                before.page == line.page
                and before.x1 > before.right - 6 * before.size
                and (before.size, before.bold) == (line.size, line.bold)
                and 0 < line.bottom - before.bottom < 1.7 * line.size
                and not _LABEL.fullmatch(line.text)
                and not _BULLET.match(line.text)
            )
        )
        if run and not runs_on:
            yield joined(run)
            run = []
        run.append(line.text)
        before = line
    if run:
        yield joined(run)
