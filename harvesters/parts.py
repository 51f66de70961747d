"""One text with two offers is two Records: divided where a text itself says so, and nowhere else.

Records are divided after they are read and before anything is stored, so that each part is a Record like any other:
with a fingerprint, a place in the gate, and its identity on the pages that are remembered.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, starmap
from typing import Final
from zlib import crc32

from harvesters.normalise.ages import read_ages
from harvesters.normalise.durations import read_duration
from harvesters.normalise.evidence import best
from harvesters.normalise.group_sizes import read_group_size
from harvesters.normalise.prices import read_price
from harvesters.normalise.reading import LEAST_CONFIDENCE
from harvesters.normalise.schedule import read_schedule
from harvesters.normalise.text import Prose
from schemas.clock import local
from schemas.harvest import Record, RecordField
from schemas.identifiers import provider_key
from schemas.offer import MAX_PART, MAX_TITLE

_MAX_TEXT: Final = 20_000
_MAX_HEADS: Final = 40
_MAX_OFFERS: Final = 8
"""More sections than this are a list, and lists are for formats to read."""
_LEAST_DIFFERENT: Final = 2
_LEAST_WORDS: Final = 8
"""Words of the longest line that every section must have: what has only short ones is a table or a list of prices."""
_ROWS: Final = frozenset(("csv", "xlsx"))
"""Formats in which a row is an offer, whatever its cells say."""
_FACTS_BY_NAME: Final[frozenset[RecordField]] = frozenset(
    ("ages", "price", "duration", "group_size", "dates", "start", "end", "start_date", "start_time", "end_date",
     "end_time", "rrule", "entry")
)  # fmt: skip
"""Whoever states these under their own name, for the whole, speaks of one offer."""
_KINDS: Final = r"(?:Angebot|Workshop|Führung|Programm|Projekt|Aktion|Veranstaltung)"
_NUMBERED: Final = re.compile(rf"(?:{_KINDS} )?(?P<number>\d{{1,2}}|[A-H])(?:[.):]| [–-])\s(?P<rest>\S.*)")
_BARE: Final = re.compile(rf"(?P<name>{_KINDS} (?P<number>\d{{1,2}}|[A-H])):?")
_LABEL: Final = re.compile(r"(?P<name>[^:]{3,60}):\s(?P<rest>\S.*)")
_IN_BRACKETS: Final = re.compile(r"(?P<name>[^()]{3,60}) (?P<rest>\([^()]{3,120}\)):?")
_NAME: Final = re.compile(r"[\"„“»«]?[A-ZÄÖÜ][^\d€:.!?;|\n]{2,79}")
_MAX_NAME_WORDS: Final = 8
_WORD: Final = re.compile(r"\w+")
_NAMES_NOTHING: Final = re.compile(
    # whom and what in general
    r"(?:kita|krippe|kindergarten|kind(?:er|ern)?|schul|vorschul|grundschul|hort|erwachsen|famili|jugend|senior|eltern|"
    r"klein|groß|kurz|lang|mini|maxi|jüng|jung|ält|grupp|klass|einzel|person|begleit|mitglied|übersicht|überblick|"
    r"willkommen|angebot|führung|workshop|programm|veranstaltung|kurs\b)\w*"
    # when
    r"|(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag|werktag|wochenend|feiertag)\w*"
    r"|(?:vor|nach)?mittags?|morgens?|abends?|täglich|januar|februar|märz|april|mai|juni|juli|august|september|oktober|"
    r"november|dezember|(?:frühjahr|frühling|sommer|herbst|winter)s?(?:halbjahr|saison|monate)?"
    r"|für|mit|von|bis|ab|und|oder|im|in|am|an|der|die|das|den|dem|bei|zu|zum|zur|uns|unser\w*|alle\w*|ein\w*|nur|neue?"
)
"""A word that names no offer; a heading of nothing but such words parts prices, hours and variants of one offer."""
_NO_OFFER: Final = re.compile(
    r".*(?:preis|kosten|ticket|karte\b|karten\b|tarif|eintritt|gebühr|ermäßig|rabatt|zuschlag|geöffnet|öffnung|schließ|"
    r"ferien|termin|uhrzeit|zeitraum|dauer\b|alter\b|altersgruppe|zielgruppe|teilnehm|gruppengröße|anmeld|buchung|"
    r"reservier|kontakt|ansprech|anfahrt|treffpunkt|hinweis|information|voraussetzung|material|mitbring|ablauf|inhalt|"
    r"ziele?\b|barriere|impressum|datenschutz|adresse|telefon|e-?mail|verpflegung|ausrüstung|kleidung|leistung|förder|"
    r"partner|wichtig|bemerkung|fragen|faq).*"
    r"|(?:so|wie|was|wann|wo|wer|warum|welche\w*|kann|können|muss|müssen|darf|dürfen|gibt|ist|sind|brauch\w*|soll)\b.*"
    r"|(?:.*\b)?(?:saal|raum|räume|haus|ort|teil|station|schritt|phase|modul|baustein|runde|etappe|block|einheit|variante|"
    r"option)(?:\b.*)?|(?:erst|zweit|dritt|viert|letzt)er tag|tag (?:eins|zwei|drei|vier|fünf)"
)
"""Headings, in lower case, of what belongs to an offer or to a house."""
_SHARED: Final = re.compile(
    r"\b(?:beide[nr]?|allen?|unsere[nr]?|sämtlichen?) (?:angebote?n?|programme?n?|führungen|workshops?|"
    r"veranstaltungen|projekten?|aktionen)\b"
)
"""Words about all offers, in lower case."""
_CLOSING: Final = re.compile(
    r"(?:anmeldung|buchung|anmelden|kontakt|treffpunkt|veranstaltungsort|ort\b|adresse|anfahrt|ansprechpartner|"
    r"bitte (?:melden|buchen|rufen)|melden sie|buchbar|buchen sie|wir freuen uns|weitere informationen|"
    r"informationen und|fragen\b|telefon|hinweis)"
)
"""How lines begin with which the words common to all offers set in, in lower case."""
_FOR_CHILDREN: Final = re.compile(r"\bkind(?:er\w*|ern)?\b|\bkita|\bkrippe|\bkindergarten|\bvorschul")


def divided(records: Iterable[Record]) -> tuple[Record, ...]:
    """``records``, each in the place of which the text holds several offers replaced by one Record for each of them.

    Divided is only what leaves little doubt: two to eight sections, each with a heading line, a number or a label of
    its own and a sentence below, of which any two state at least two of ages, price, duration, group size and days
    differently, one of the first, second and fourth among them. What stands before the first section and what closes
    the last one for all belongs to each.

    A part's identity is the key of the whole and a number made of its heading; the first heading by its letters
    keeps part 0. So the order of the sections does not matter. Not divided again is what a format has divided: any
    Record of a key that has several, or a part above 0.
    """
    whole = tuple(records)
    of_key = Counter(record.origin.key for record in whole)
    return tuple(part for record in whole for part in (_parts(record) if of_key[record.origin.key] == 1 else (record,)))


@dataclass(slots=True)
class _Section:
    """A heading and what is below it."""

    name: str
    """The heading."""
    lines: list[str]
    """All lines below it."""
    facts: dict[str, object]
    """What it says of ages, price, duration, group size and days."""


@dataclass(frozen=True, slots=True)
class _Head:
    """A line that may begin an offer."""

    line: int
    """Its place among the lines."""
    name: str
    """What it calls the offer."""
    rest: str = ""
    """What follows the name on its line."""
    number: str = ""
    """The number or letter before the name."""


def _parts(record: Record) -> tuple[Record, ...]:
    """The offers in a Record, or the Record itself."""
    if (
        record.origin.part
        or record.format in _ROWS
        or record.occurrences
        or record.rrule
        or record.fetched_at is None
        or len(record.text) > _MAX_TEXT
        or not _FACTS_BY_NAME.isdisjoint(record.words)
    ):
        return (record,)
    lines = record.text.split("\n")
    today = local(record.fetched_at).date()
    for find in (_numbered, _headings, _labels):
        heads = find(lines)
        if 1 < len(heads) <= _MAX_HEADS:
            sections, shared = _offers(lines, heads, today)
            if sections:
                return _records(record, sections, shared)
    return (record,)


def _name(words: str) -> str | None:
    """``words`` where they may be the name of an offer."""
    name = words.strip().rstrip(":").rstrip()
    if not _NAME.fullmatch(name) or name.endswith(","):
        return None
    lower = name.lower()
    each = _WORD.findall(lower)
    if len(each) > _MAX_NAME_WORDS or all(map(_NAMES_NOTHING.fullmatch, each)) or _NO_OFFER.fullmatch(lower):
        return None
    return name


def _numbered(lines: Sequence[str]) -> list[_Head]:
    """Heads with a number or letter, which must count up from the first."""
    heads: list[_Head] = []
    for index, line in enumerate(lines):
        bare = _BARE.fullmatch(line)
        if bare:
            heads.append(_Head(index, bare["name"], number=bare["number"]))
        elif found := _NUMBERED.fullmatch(line):
            head = _labelled(index, found["rest"], found["number"])
            if head is not None:
                heads.append(head)
    numbers = [head.number for head in heads]
    counted = [str(number) for number in range(1, len(heads) + 1)]
    return heads if numbers in (counted, list("ABCDEFGH"[: len(heads)])) else []


def _headings(lines: Sequence[str]) -> list[_Head]:
    """Lines that are nothing but a name. Several in a row are a list; above the first offer the last of them counts."""
    heads: list[_Head] = []
    for index, line in enumerate(lines):
        name = _name(line)
        if name is None:
            continue
        if heads and heads[-1].line == index - 1:
            if len(heads) > 1:
                return []
            heads.pop()
        heads.append(_Head(index, name))
    return heads


def _labels(lines: Sequence[str]) -> list[_Head]:
    """Lines that begin with a name and a colon."""
    found = (_labelled(index, line) for index, line in enumerate(lines) if ": " in line)
    return [head for head in found if head is not None]


def _labelled(index: int, words: str, number: str = "") -> _Head | None:
    if number and (whole := _name(words)):
        return _Head(index, whole, number=number)
    found = _LABEL.fullmatch(words) or (_IN_BRACKETS.fullmatch(words) if number else None)
    name = _name(found["name"]) if found else None
    return _Head(index, name, found["rest"], number) if found and name else None


def _offers(lines: Sequence[str], heads: Sequence[_Head], today: date) -> tuple[list[_Section], list[str]]:
    """The offers below ``heads``, and the lines common to all; no offers where the evidence is not strong.

    What is below a heading without a fact is common to all before the first offer, and later that of the offer above.
    """
    sections: list[_Section] = []
    shared = list(lines[: heads[0].line])
    closing: list[str] = []
    ends = [*(head.line for head in heads[1:]), len(lines)]
    for head, end in zip(heads, ends, strict=True):
        body = [*([head.rest] if head.rest else []), *lines[head.line + 1 : end]]
        if end == len(lines):
            body, closing = _without_closing(body, [section.lines for section in sections])
        facts = _facts(body, today)
        if facts:
            sections.append(_Section(head.name, body, facts))
        elif sections:
            sections[-1].lines += [head.name, *body]
        else:
            shared += lines[head.line : end]
    names = {provider_key(section.name) for section in sections}
    several = 1 < len(sections) == len(names) <= _MAX_OFFERS
    if several and all(map(_speaks, sections)) and all(starmap(_differ, combinations(sections, 2))):
        return sections, [*shared, *closing]
    return [], []


def _without_closing(body: list[str], others: Sequence[list[str]]) -> tuple[list[str], list[str]]:
    """The last section, and the words that close all; words that another section has too are each one's own."""
    own = any(_CLOSING.match(line.lower()) for lines in others for line in lines)
    for index, line in enumerate(body):
        lower = line.lower()
        if _SHARED.search(lower) or (not own and _CLOSING.match(lower)):
            return body[:index], body[index:]
    return body, []


def _speaks(section: _Section) -> bool:
    """Whether a section has a sentence, and speaks of children."""
    longest = max((len(line.split()) for line in section.lines), default=0)
    text = "\n".join((section.name, *section.lines)).lower()
    return longest >= _LEAST_WORDS and ("ages" in section.facts or _FOR_CHILDREN.search(text) is not None)


def _facts(lines: Sequence[str], today: date) -> dict[str, object]:
    """What a section says of groups: the surest of each kind."""
    page = Prose("\n".join(lines))
    found = {
        "ages": best(read_ages(page), LEAST_CONFIDENCE),
        "price": best(read_price(page), LEAST_CONFIDENCE),
        "duration": best(read_duration(page), LEAST_CONFIDENCE),
        "group_size": best(read_group_size(page), LEAST_CONFIDENCE),
    }
    facts: dict[str, object] = {name: one.value for name, one in found.items() if one is not None}
    schedule = read_schedule(page, today, bookable=False).schedule
    if schedule is not None:
        said = schedule.value
        days = (said.weekdays, said.recurrence, said.occurrences)
        if any(days):
            facts["days"] = (*days, said.hours)
    return facts


def _differ(one: _Section, other: _Section) -> bool:
    """Whether two sections are two offers; steps of one programme differ in days and duration alone."""
    both = one.facts.keys() & other.facts.keys()
    different = {name for name in both if one.facts[name] != other.facts[name]}
    return len(different) >= _LEAST_DIFFERENT and not different <= {"duration", "days"}


def _records(record: Record, sections: Sequence[_Section], shared: Sequence[str]) -> tuple[Record, ...]:
    """One Record for each section: its own words first, for they count before those that are common to all."""
    numbers = _numbers([section.name for section in sections])
    return tuple(
        record.model_copy(
            update={
                "origin": record.origin.model_copy(update={"part": numbers[section.name]}),
                "title": section.name
                if not _BARE.fullmatch(section.name)
                else f"{section.name} ({record.title})"[:MAX_TITLE],
                "text": "\n".join((*section.lines, record.title, *shared)),
            }
        )
        for section in sections
    )


def _numbers(names: Sequence[str]) -> dict[str, int]:
    """A part for each name: 0 for the first by its letters, for the others a number that is made of its letters."""
    numbers: dict[str, int] = {}
    for name in sorted(names, key=provider_key):
        number = crc32(provider_key(name).encode()) % MAX_PART + 1 if numbers else 0
        while number in numbers.values():
            number = number % MAX_PART + 1
        numbers[name] = number
    return numbers
