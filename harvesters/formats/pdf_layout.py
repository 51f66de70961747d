"""Words on pages → lines and tables in the order in which people read them. Pure geometry; no wording but of headings.

Heads and feet that come again on other pages are dropped; a row of headings begins a table; what remains is cut into
columns where a strip of white runs down between lines, around lines that span it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from harvesters.formats.guess import likely_field
from harvesters.formats.pdf_words import Box, Page, Word

_MARGIN: Final = 0.12
"""Share of a page's height, above and below, in which heads and feet stand."""
_DEPTH: Final = 5
_LOOK: Final = 200
"""Rows of a table that are looked at for its columns."""
_LIGATURES: Final = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_HYPHENS: Final = ("-", "\u00ad", "\u2010", "\u2011")
_SUSPENDED: Final = re.compile(r"(?:und|oder|bzw|sowie|bis|als)\b")
_NUMBER_OF_PAGE: Final = re.compile(r"\W*(?:(?:seite|s\.)\s*)?\d{1,3}(?:\s*(?:von|/)\s*\d{1,3})?\W*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a column."""

    text: str
    page: int
    x0: float
    x1: float
    bottom: float
    size: float
    bold: bool
    right: float
    """Where the longest line of its column ends."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings."""

    page: int
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """Words of about the same height, from the left."""

    words: tuple[Word, ...]

    @property
    def top(self) -> float:
        return min(word.y0 for word in self.words)

    @property
    def bottom(self) -> float:
        return max(word.y1 for word in self.words)

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def size(self) -> float:
        return max(word.size for word in self.words)

    def runs(self, gap: float) -> list[list[Word]]:
        """Its words, parted where more than ``gap`` letters' sizes of white are between two."""
        parts = [[self.words[0]]]
        for before, word in pairwise(self.words):
            if word.x0 - before.x1 > gap * max(word.size, 1.0):
                parts.append([])
            parts[-1].append(word)
        return parts


def read_order(pages: Sequence[Page]) -> list[Line | Table]:
    """Everything on ``pages``, in reading order."""
    found: list[Line | Table] = []
    for page in _without_heads(pages):
        rows = _rows(page.words)
        done = 0
        for at in [place for place, row in enumerate(rows) if _is_header(row)]:
            if at < done:
                continue
            found.extend(_columns(rows[done:at], page.number, 0))
            table, used = _table(rows[at:], page)
            done = at + used
            before = found[-1] if found else None
            if isinstance(before, Table) and before.headings == table.headings and table.rows and not table.rows[0][0]:
                found[-1], table = _continued(before, table)
            found.append(table)
        found.extend(_columns(rows[done:], page.number, 0))
    return found


def _continued(before: Table, table: Table) -> tuple[Table, Table]:
    """Two parts of a table, the rest of a row that the page broke put back to its beginning."""
    if not before.rows:
        return before, table
    whole = tuple(joined(filter(None, cells)) for cells in zip(before.rows[-1], table.rows[0], strict=True))
    return replace(before, rows=(*before.rows[:-1], whole)), replace(table, rows=table.rows[1:])


def joined(parts: Iterable[str]) -> str:
    """Lines as one: words that a line's end parts are put together again.

    >>> joined(["Waldwan-", "derung für Kita-", "Gruppen, Vor-", "und Grundschulkinder"])
    'Waldwanderung für Kita-Gruppen, Vor- und Grundschulkinder'
    """
    found: list[str] = []
    for part in parts:
        last = found[-1] if found else ""
        if last.endswith(_HYPHENS) and last[-2:-1].isalpha() and not _SUSPENDED.match(part):
            found[-1] = last[:-1] if part[:1].islower() else f"{last[:-1]}-"
        elif last:
            found[-1] = f"{last[:-1]}- " if last.endswith("\u00ad") else f"{last} "
        found.append(part)
    return "".join(found)


# -- heads and feet ---------------------------------------------------------------------------------------------------


def _without_heads(pages: Sequence[Page]) -> list[Page]:
    """``pages`` without the outermost rows in their margins that other pages have too, and page numbers."""
    rows = {page.number: _rows(page.words) for page in pages}
    met: Counter[str] = Counter()
    for page in pages:
        met.update({_plain(row) for row in rows[page.number] if _in_margin(row, page)})
    often = max(2, len(pages) * 0.4)
    cleaned = []
    for page in pages:
        kept = rows[page.number]
        for end in (0, -1):
            while kept and _in_margin(kept[end], page) and not _is_header(kept[end]):
                numbered = len(pages) > 1 and _NUMBER_OF_PAGE.fullmatch(kept[end].text)
                if met[_plain(kept[end])] < often and not numbered:
                    break
                kept = kept[1:] if end == 0 else kept[:-1]
        cleaned.append(replace(page, words=tuple(word for row in kept for word in row.words)))
    return cleaned


def _plain(row: _Row) -> str:
    return re.sub(r"\d+", "#", row.text)


def _in_margin(row: _Row, page: Page) -> bool:
    return row.bottom < page.height * _MARGIN or row.top > page.height * (1 - _MARGIN)


# -- rows and columns -------------------------------------------------------------------------------------------------


def _rows(words: Iterable[Word]) -> list[_Row]:
    """Words by height: those whose middles are less than a third of a letter apart share a row."""
    rows: list[list[Word]] = []
    height = 0.0
    for word in sorted(words, key=lambda word: (word.y0 + word.y1, word.x0)):
        middle = (word.y0 + word.y1) / 2
        if not rows or middle - height > max(word.size, 1.0) / 3:
            rows.append([])
            height = middle
        rows[-1].append(word)
    return [_Row(tuple(sorted(row, key=lambda word: word.x0))) for row in rows]


def _columns(rows: Sequence[_Row], number: int, depth: int) -> list[Line]:
    """The lines of ``rows``, column after column where there are some."""
    gutter = _gutter(rows) if depth < _DEPTH else None
    if gutter is None:
        return _lines(rows, number)
    found: list[Line] = []
    left: list[Word] = []
    right: list[Word] = []

    def flush() -> None:
        for side in (left, right):
            found.extend(_columns(_rows(side), number, depth + 1))
            side.clear()

    for row in rows:
        if _crosses(row, gutter):
            flush()
            found.extend(_lines([row], number))
        else:
            for word in row.words:
                (left if word.x0 < gutter else right).append(word)
    flush()
    return found


def _gutter(rows: Sequence[_Row]) -> float | None:
    """The middle of a wide strip that as few rows as possible cross, with text on both sides; ``None`` without one."""
    if len(rows) < 4:
        return None
    edge = int(max(word.x1 for row in rows for word in row.words)) + 2
    if edge > 20_000:
        return None
    change = [0] * (edge + 2)
    for row in rows:
        for run in row.runs(0.9):
            change[max(0, int(run[0].x0))] += 1
            change[max(0, int(run[-1].x1)) + 1] -= 1
    cover, deep = [], 0
    for step in change:
        deep += step
        cover.append(deep)
    size = Counter(word.size for row in rows for word in row.words).most_common(1)[0][0]
    for few in sorted({deep for deep in cover if deep <= len(rows) // 4}):
        strips = [strip for strip in _strips(cover, few) if strip[1] - strip[0] >= max(8.0, size * 0.8)]
        for first, last in sorted(strips, key=lambda strip: strip[0] - strip[1]):
            if _parts(rows, (first + last) / 2):
                return (first + last) / 2
    return None


def _crosses(row: _Row, gutter: float) -> bool:
    """Whether words run on over ``gutter``."""
    return any(run[0].x0 < gutter < run[-1].x1 for run in row.runs(0.9))


def _strips(cover: Sequence[int], few: int) -> Iterator[tuple[int, int]]:
    """Stretches that at most ``few`` rows cover."""
    start: int | None = None
    for x, deep in enumerate([*cover, few + 1]):
        if deep <= few and start is None:
            start = x
        elif deep > few and start is not None:
            yield start, x
            start = None


def _parts(rows: Sequence[_Row], gutter: float) -> bool:
    """Whether columns of text stand left and right of ``gutter``, and not labels with their values."""
    apart = [row for row in rows if not _crosses(row, gutter)]
    left = [row for row in apart if row.words[0].x1 <= gutter]
    right = [row for row in apart if row.words[-1].x0 >= gutter]
    if len(left) < 3 or len(right) < 3:
        return False
    ends = [max(word.x1 for word in row.words if word.x0 < gutter) for row in left]
    begin, end = min(row.words[0].x0 for row in rows), max(row.words[-1].x1 for row in rows)
    both = sum(row.words[-1].x0 >= gutter for row in left)
    labels = max(ends) - begin < 0.25 * (end - begin)
    return not (labels and both >= 0.8 * len(left))


def _lines(rows: Sequence[_Row], number: int) -> list[Line]:
    right = max((row.words[-1].x1 for row in rows), default=0.0)
    lines = []
    for row in rows:
        letters = sum(len(word.text) for word in row.words)
        heavy = sum(len(word.text) for word in row.words if word.bold)
        sizes: Counter[float] = Counter()
        for word in row.words:
            sizes[word.size] += len(word.text)
        lines.append(
            Line(
                row.text.translate(_LIGATURES),
                number,
                row.words[0].x0,
                row.words[-1].x1,
                row.bottom,
                sizes.most_common(1)[0][0],
                heavy >= 0.9 * letters,
                right,
            )
        )
    return lines


# -- tables -----------------------------------------------------------------------------------------------------------


def _is_header(row: _Row) -> bool:
    """Whether most cells of a row are well-known headings, a title or three others among them."""
    cells = [" ".join(word.text for word in run) for run in row.runs(0.5)]
    known = {field for cell in cells if (field := likely_field(cell))}
    enough = len(known) >= (2 if "title" in known else 3)
    return enough and 2 * sum(likely_field(cell) is not None for cell in cells) >= len(cells)


def _table(rows: Sequence[_Row], page: Page) -> tuple[Table, int]:
    """The table that begins with ``rows``, and how many of them it takes."""
    header, body = rows[0], rows[1:]
    heads = header.runs(0.5)
    rules = _rules(page.boxes, header.words[0].x0, header.words[-1].x1)
    below = next((y for y in rules if y > header.bottom - 1), None)
    bold = all(word.bold for word in header.words)
    used = 1
    for row in body:  # headings of several lines
        within = below is not None and row.bottom <= below + 1
        thicker = below is None and bold and all(word.bold for word in row.words)
        if not (within or thicker) or used > 4:
            break
        used += 1
    borders = _borders(heads, rows[used : used + _LOOK], page.boxes)
    end = used
    for before, row in pairwise(rows[used - 1 :]):
        apart = row.top - before.bottom > 4 * header.size and not any(before.bottom <= y <= row.top for y in rules)
        crosses = any(run[0].x0 < x - 2 and run[-1].x1 > x + 2 for run in row.runs(0.5) for x in borders)
        if apart or crosses or row.size > 1.2 * header.size:
            break
        end += 1
    headings = _cells(rows[:used], borders)
    groups = _logical(rows[used:end], rules)
    return Table(page.number, headings, tuple(_cells(group, borders) for group in groups)), end


def _borders(heads: Sequence[Sequence[Word]], body: Sequence[_Row], boxes: Sequence[Box]) -> list[float]:
    """Where one column ends and the next begins: at a drawn line, else in the widest strip that fewest words cross."""
    drawn = {round(x) for box in boxes if box.y1 - box.y0 > 8 for x in (box.x0, box.x1)}
    words = [word for row in body for word in row.words] + [word for head in heads for word in head]
    borders = []
    for one, other in pairwise(heads):
        first, last = (one[0].x0 + one[-1].x1) / 2, (other[0].x0 + other[-1].x1) / 2
        if lines := [x for x in drawn if one[-1].x1 - 1 <= x <= other[0].x0 + 1]:
            borders.append(float(lines[0]))
            continue
        near = [word for word in words if word.x1 > first and word.x0 < last]
        crossed = [(sum(word.x0 < x < word.x1 for word in near), x) for x in range(int(first) + 1, int(last) + 1)]
        least = min((count for count, _ in crossed), default=0)
        free = [x for count, x in crossed if count == least] or [int((one[-1].x1 + other[0].x0) / 2)]
        borders.append(_middle_of_longest(free))
    return borders


def _middle_of_longest(places: Sequence[int]) -> float:
    """The middle of the longest stretch of numbers that follow each other."""
    best = start = (places[0], places[0])
    for place in places[1:]:
        start = (start[0], place) if place == start[1] + 1 else (place, place)
        best = max(best, start, key=lambda stretch: stretch[1] - stretch[0])
    return sum(best) / 2


def _rules(boxes: Sequence[Box], left: float, right: float) -> list[float]:
    """Heights at which something drawn begins or ends across a table, from the top."""
    heights = sorted(y for box in boxes if box.x1 - box.x0 > 15 and box.x0 < right and box.x1 > left
                     for y in (box.y0, box.y1))  # fmt: skip
    return [y for before, y in pairwise([-9.0, *heights]) if y - before > 2]


def _logical(rows: Sequence[_Row], rules: Sequence[float]) -> list[list[_Row]]:
    """Rows of the page by row of the table: between drawn lines, else where the white between rows is wider."""
    groups: list[list[_Row]] = []
    gaps = sorted(row.bottom - before.bottom for before, row in pairwise(rows))
    inside = [y for y in rules if rows and rows[0].bottom < y < rows[-1].top]
    pitch = 1.15 * gaps[len(gaps) // 10] if gaps else 0.0
    even = not gaps or gaps[-1] <= pitch
    for place, row in enumerate(rows):
        if place == 0:
            new = True
        elif inside:
            middle, last = (row.top + row.bottom) / 2, (rows[place - 1].top + rows[place - 1].bottom) / 2
            new = any(last < y < middle for y in inside)
        else:
            new = even or row.bottom - rows[place - 1].bottom > pitch
        if new:
            groups.append([])
        groups[-1].append(row)
    return groups


def _cells(rows: Sequence[_Row], borders: Sequence[float]) -> tuple[str, ...]:
    """The words of ``rows`` by column."""
    cells: list[list[str]] = [[] for _ in range(len(borders) + 1)]
    for row in rows:
        parts: list[list[str]] = [[] for _ in cells]
        for word in row.words:
            parts[sum((word.x0 + word.x1) / 2 > x for x in borders)].append(word.text)
        for cell, part in zip(cells, parts, strict=True):
            if part:
                cell.append(" ".join(part).translate(_LIGATURES))
    return tuple(joined(cell) for cell in cells)
