"""Ages in German wording, in months.

Conventions: "ab 4" is 48 to open; "3–6" is 36 to 83 (all of the year of being six); "36 bis 72 Monate" is 36 to 72;
preschool children are 60 to 83, Krippe without figures 0 to 35, Hort 72 to 131; class n is (5+n)·12 to (7+n)·12−1.
"""

import re
from collections.abc import Iterator
from typing import Final

from harvesters.normalise.evidence import Found, outermost
from harvesters.normalise.numbers import START, WORDS, parse
from harvesters.normalise.text import Prose, matches, prose, search
from schemas.offer import AgeRange

_AGE_WORDS: Final = "|".join(
    sorted(
        (word for word, value in WORDS.items() if value <= 18 and word not in ("zweier", "eins")), key=len, reverse=True
    )
)
_DIGITS_OR_WORD: Final = rf"(?:\d{{1,2}}|{_AGE_WORDS})"
_N: Final = rf"(?:\d{{1,3}}(?:,5| ?½)?|(?:{_AGE_WORDS})(?![\wäöüß]))"
_YEARS: Final = r"(?:jähr\w{0,6}|jahre?n?(?:e[nrs])?\b|j\.|j\b|jhr?\.)"
_MONTHS: Final = r"(?:mon\.|monat\w{0,3})"
_NOT_AN_AGE: Final = (
    r"(?![\w,.:/]*\d)(?!\s?(?:uhr|€|euro|eur\b|cent|km|m\b|m²|cm|kg|h\b|%|min|std|stund|tag|woch|"
    r"person|kind|teiln|erwachs|"
    r"zuschau|gäst|plätz|grupp|schüler|familien|klass|\.?\s?klass|\.?\s?jahrg|og\b|stück|x\b|×|°|"
    r"grad|erzieh|betreu|begleit|"
    r"aufsicht|termin|monat|(?<=\d)\.\s?(?:\d|jan|feb|mär|apr|mai|jun|jul|aug|sep|okt|nov|dez)))"
)

_RANGE: Final = re.compile(
    rf"{START}({_N})\s?-?\s?(?:-|–|—|bis(?: zu)?|und|oder|/)\s?({_N})[\s-]?(?:({_YEARS})|({_MONTHS}))"
)
_MONTHS_TO_YEARS: Final = re.compile(rf"{START}({_N})\s?{_MONTHS}\s?(?:-|–|—|bis(?: zu)?)\s?({_N})[\s-]?{_YEARS}")
_RANGE_IN_CONTEXT: Final = re.compile(
    rf"(?:\balter(?:sgruppe|sstufe|sbereich)?n?\s?:?|altersempfehlung:?|zielgruppe:?|im alter(?: von| zwischen)?|"
    rf"(?:kinder|kindern|menschen|knirpse|mäuse|zwerge|große|größere|kleine|alle|gruppen|kids|"
    rf"kindergarten|kita|elementarbereich|"
    rf"elementargruppen?|kindergartenkinder|kitakinder|kita-kinder|kindergartengruppen|"
    rf"kita-gruppen)(?: (?:im alter )?von| zwischen| im alter)?)"
    rf"\s?\(?({_N})\s?(?:-|–|—|bis|und)\s?({_N}){_NOT_AN_AGE}"
)
_BARE_RANGE: Final = re.compile(r"\(\s?(\d{1,2})\s?(?:[-–]|bis)\s?(\d{1,2})\s?\)")
_NAMES_CHILDREN: Final = re.compile(r"kinder|vorsch(?:ul|ül)|krippe|elementar|mittlere|zwerge|mäuse|knirpse")
_FROM: Final = re.compile(
    rf"\b(?:ab|mindestens|mind\.|mindestalter:?|schon mit|frühestens mit|über|empfohlen ab|"
    rf"von)\s(?:ca\.\s|etwa\s|circa\s|dem\s|rund\s)?"
    rf"({_N})\.?[\s-]?(?:({_YEARS})|({_MONTHS})|lebensjahr)"
)
_FROM_BARE: Final = re.compile(
    rf"\bab\s(?:ca\.\s|etwa\s)?({_N})(?:(?=\s?(?:bis|und aufwärts|aufwärts|$|\n|[().;!?|·,:/–-]))|"
    rf"(?=\s\w)){_NOT_AN_AGE}"
)
_PLUS: Final = re.compile(r"(?<![\d.,:/])(\d{1,2})\s?\+(?!\s?\d)")
_EXACT: Final = re.compile(rf"{START}({_N})\s?({_YEARS})\s?(?:alt|und)?\b|\b({_N})-?jährigen?\b")
_UP_TO: Final = re.compile(
    rf"\b(bis|unter|bis unter|höchstens|bis zu|bis einschließlich)\s(?:zu\s)?({_N})[\s-]?(?:({_YEARS})|({_MONTHS}))"
)
_UNTIL_SCHOOL: Final = re.compile(
    r"\bbis (?:zum |zur |zur ersten |einschließlich )?(?:schul(?:eintritt|anfang|beginn|start|"
    r"reife|alter)|einschulung|vorschul\w{0,12}|vorschüler\w{0,3}|"
    r"grundschulalter)"
)
_CLASSES: Final = re.compile(
    r"(?:\bab\s)?(?:der\s)?(?:\bklassen?(?:stufen?)?|\bjahrgang(?:sstufen?|s)?|\bjgst\.|"
    r"\bkl\.)\s?(\d{1,2})(?!\d)\.?(?:\s?(?:-|–|bis|und|/|\+)\s?(?:klasse\s)?(\d{1,2})\b\.?)?"
    r"|(?:\bab\s)?(?:der\s)?(?<![\d.,])(\d{1,2})\.?(?:\s?(?:-|–|bis|und|"
    r"/)\s?(\d{1,2}))?\.\s?(?:klassen?(?:stufen?)?\b|jahrgang(?:sstufe)?\b|schulklassen?\b|"
    r"klässler\w{0,3})"
)
_CUE: Final = re.compile(
    r"kind|alter|groß|zuschau|geeignet|empfohlen|gruppe|kita|kindergärt|krippe|alle|knirps|zwerg|"
    r"maus|mäuse|jung|teilnah|mitmach|"
    r"für|vorstell|puppen|theater|stück|lesung|nest"
)

WORDS_OF_AGE: Final[tuple[tuple[str, str, int | None, int | None, float], ...]] = (
    (r"vorsch(?:ul|ül)(?!klass)\w{0,14}", "ages.preschool", 60, 83, 0.8),
    (
        r"(?:im )?letzten? (?:kita-?|kindergarten-?)?jahr vor (?:der|dem) (?:einschulung|schul\w{0,8})",
        "ages.preschool",
        60,
        83,
        0.8,
    ),
    (r"letzte[snm]? (?:kita|kindergarten)-?jahr", "ages.preschool", 60, 83, 0.8),
    (
        r"(?:künftig\w{0,2}|zukünftig\w{0,2}|angehend\w{0,2}|werdend\w{0,2}) (?:schulkind\w{0,3}|"
        r"schulanfänger\w{0,5}|erstklässler\w{0,5}|abc-schützen)",
        "ages.preschool",
        60,
        83,
        0.8,
    ),
    (
        r"schulanfänger\w{0,5}|abc-schützen|schulstarter\w{0,3}|wackelz[aä]hn\w{0,8}|"
        r"maxi-?kinder\w{0,2}|schlaufüchs\w{0,3}|"
        r"brückenjahr\w{0,6}|(?:im|nächsten|kommenden) sommer eingeschult",
        "ages.preschool",
        60,
        83,
        0.72,
    ),
    (r"ab (?:dem )?vorschul(?:alter|e|jahr)\b", "ages.from_preschool", 60, None, 0.86),
    (r"ab (?:dem )?(?:schuleintritt|schulalter|schulbeginn)", "ages.from_school", 72, None, 0.8),
    (r"\bü ?3\b|über ?dreijährige\w?", "ages.over_three", 36, 83, 0.5),
    (r"erstklässler\w{0,5}|erste klassen?\b", "ages.first_class", 72, 95, 0.6),
    (
        r"krippen?(?:kind\w{0,4}|grupp?\w{0,4})?,? (?:und|oder|bis|sowie|/)(?: im| in den| zum| zur)? "
        r"(?:kindergarten|kita\b|kita-|elementar|ü ?3)\w{0,10}|krippen?-? und kindergarten\w{0,10}|"
        r"in der krippe und im kindergarten|vom krabbelkind bis zu[mr] vorsch\w{0,8}|"
        r"von der krippe bis \w{0,3} ?(?:vorschule|vorschulgruppe|schuleintritt|kindergarten)",
        "ages.creche_and_kindergarten",
        0,
        83,
        0.82,
    ),
    (
        r"\balle (?:alters(?:stufen|gruppen)|gruppen)[^.;!?]{0,30} auch (?:für )?(?:die )?(?:krippen?\w{0,8}|u ?3|"
        r"jüngsten)",
        "ages.creche_and_kindergarten",
        0,
        83,
        0.82,
    ),
    (r"krippe(?:n(?:kind\w{0,4}|grupp?\w{0,4}|alter\w?))?\b", "ages.creche", 0, 35, 0.5),
    (r"\bu ?3\b|unter ?-?dreijährige\w{0,2}", "ages.creche", 0, 35, 0.5),
    (r"grundsch(?:ul|ül)\w{0,12}", "ages.primary", 72, 131, 0.5),
    (r"sekundarstufe i\b|\bsek\.? i\b", "ages.secondary", 120, 191, 0.6),
    (r"sekundarstufe ii\b|\bsek\.? ii\b", "ages.secondary", 180, 227, 0.6),
    (r"\bhort(?:e|s|en|kind\w{0,3}|grupp\w{0,3})?\b", "ages.hort", 72, 131, 0.45),
)
"""Pattern, rule, months from, months to, confidence: words that mean an age without a figure."""
_WORDS_OF_AGE: Final = tuple(
    (re.compile(pattern), rule, low, high, confidence) for pattern, rule, low, high, confidence in WORDS_OF_AGE
)
_YEAR_OLDS: Final = re.compile(
    rf"(?<![\wäöüß–-])(?:({_DIGITS_OR_WORD})-?(?: bis |-| und | oder |"
    rf"/)(?:zu )?)?({_DIGITS_OR_WORD})-?jährig(?!en? (?:bestehen|jubil|geburtst|gründ))\w{{0,3}}"
)
AGES_IN_WORDS: Final = frozenset(rule for _, rule, *_ in WORDS_OF_AGE)
"""Rules that read words without a figure."""
_LEVELS: Final = re.compile(
    r"(?:zwei|drei|verschiedene|2|3) (?:alters(?:stufen|gruppen|varianten)|varianten|versionen|niveaus)|je nach alter"
)
_FIGURES: Final = frozenset(
    {"ages.range", "ages.range_in_context", "ages.from", "ages.from_bare", "ages.months", "ages.plus"}
)
_ALSO: Final = re.compile(r"\bauch (?:für )?(?:die |eure |ihre )?$")
_WELCOME: Final = re.compile(r"\s(?:\w+\s)?(?:willkommen|gern|möglich|nach absprache|auf anfrage)")
_PRICE_OR_ADULT: Final = re.compile(
    r"€|\bfrei\b|euro|\beur\b|cent|frei(?:er|en)? eintritt|eintritt frei|kostenlos|begleitung|geschwister|ohne eltern"
)


def read_ages(text: str | Prose) -> list[Found[AgeRange]]:
    """All spans of age that ``text`` names, in the order of the rules; choosing is the caller's.

    >>> [one.value for one in read_ages("Waldtag ab 4 J.")]
    [AgeRange(min_months=48, max_months=None)]
    """
    return prose(text).once(_all_ages)


def _all_ages(page: Prose) -> list[Found[AgeRange]]:
    found = [one for reader in _READERS for one in reader(page)]
    kept = [one for one in outermost(found) if not _is_other_age(page, one)]
    return [*kept, *_levels(page, kept)]


def _levels(page: Prose, found: list[Found[AgeRange]]) -> list[Found[AgeRange]]:
    """Several levels of age of one offer ("Zwei Altersstufen: ab 2 oder 3–6") span all of them."""
    match = search(_LEVELS, page)
    if match is None:
        return []
    first = page.clause_index(match.start())
    levels = [
        one
        for one in found
        if one.rule in _FIGURES
        and first <= page.clause_index(one.span[0]) <= first + 1
        and one.span[0] >= match.start()
    ]
    if len(levels) < 2:
        return []
    lows = [one.value.min_months or 0 for one in levels]
    highs = [one.value.max_months for one in levels if one.value.max_months is not None]
    span = (levels[0].span[0], max(one.span[1] for one in levels))
    whole = AgeRange(min_months=min(lows), max_months=max(highs) if highs else None)
    return [Found(whole, page.text[span[0] : span[1]], "ages.levels", 0.97, span)]


def _found(
    page: Prose, match: re.Match[str], low: int | None, high: int | None, rule: str, confidence: float
) -> Iterator[Found[AgeRange]]:
    if low is None and high is None:
        return
    if (low or 0) > 1200 or (high or 0) > 1200 or (low is not None and high is not None and low > high):
        return
    span = match.span()
    yield Found(AgeRange(min_months=low, max_months=high), page.text[span[0] : span[1]], rule, confidence, span)


def _low(text: str) -> int:
    return round(parse(text) * 12)


def _high(text: str) -> int:
    years = parse(text)
    return (int(years) + 1) * 12 - 1 if years == int(years) else round(years * 12)


def _ranges(page: Prose) -> Iterator[Found[AgeRange]]:
    for match in matches(_RANGE, page):
        first, last, _, months = match.groups()
        if months:
            yield from _found(page, match, round(parse(first)), round(parse(last)), "ages.months", 0.95)
        elif parse(last) >= 80 and parse(first) <= 18:
            yield from _found(page, match, _low(first), None, "ages.from_to_all", 0.85)
        elif parse(last) <= 21 and parse(first) < parse(last):
            confidence = 0.95
            before = page.lower[max(0, match.start() - 14) : match.start()]
            if re.search(r"\bnach\s$|\bseit\s$|\bin\s$|\b(?:laufzeit|vor)\s$", before):
                continue
            yield from _found(page, match, _low(first), _high(last), "ages.range", confidence)
    for match in matches(_MONTHS_TO_YEARS, page) if "monat" in page.lower else ():
        if parse(match[1]) <= 36 and parse(match[2]) <= 18:
            yield from _found(page, match, round(parse(match[1])), _high(match[2]), "ages.months_to_years", 0.97)
    for match in matches(_RANGE_IN_CONTEXT, page):
        if parse(match[1]) < parse(match[2]) <= 18:
            yield from _found(page, match, _low(match[1]), _high(match[2]), "ages.range_in_context", 0.85)
    for match in matches(_BARE_RANGE, page):
        if 1 <= int(match[1]) < int(match[2]) <= 12:
            begin, _ = page.around(match.start())
            named = _NAMES_CHILDREN.search(page.lower, max(begin, match.start() - 60), match.start())
            yield from _found(page, match, _low(match[1]), _high(match[2]), "ages.bracketed", 0.86 if named else 0.6)


def _year_olds(page: Prose) -> Iterator[Found[AgeRange]]:
    """ "Fünf- und Sechsjährige", "Fünfjährige"."""
    if "jähr" not in page.lower:
        return
    for match in matches(_YEAR_OLDS, page):
        last = parse(match[2])
        first = parse(match[1]) if match[1] else last
        if 1 <= first <= last <= 18:
            yield from _found(
                page, match, round(first * 12), (int(last) + 1) * 12 - 1, "ages.year_olds", 0.88 if match[1] else 0.6
            )


def _from(page: Prose) -> Iterator[Found[AgeRange]]:
    for match in matches(_FROM, page):
        number, _, months = match.groups()
        if match[0].startswith(("von", "über", "mindestens", "mind.")) and not match[2]:
            continue
        follows = page.lower[match.end() : match.end() + 5].lstrip()[:3]
        if match[0].startswith("von") and (
            follows == "und" or (follows == "bis" and not _UNTIL_SCHOOL.match(page.lower, match.end() + 1))
        ):
            continue
        low = round(parse(number)) if months else _low(number)
        if match[0].endswith("lebensjahr"):
            low -= 12
        if low <= 21 * 12:
            yield from _until_school(page, match, low, "ages.from", 0.92)
    for match in matches(_FROM_BARE, page):
        value = parse(match[1])
        if not 0.5 <= value <= 18:
            continue
        clause = page.around(match.start())
        before = page.lower[max(clause[0], match.start() - 60) : match.start()]
        opens = match.start() - clause[0] <= 1 or before.rstrip().endswith(("(", "–", "-", "|", "·", ","))
        if not opens and not _CUE.search(before):
            continue
        closed = not re.match(r" \w", page.lower[match.end() : match.end() + 2])
        until_school = _UNTIL_SCHOOL.match(page.lower, match.end() + 1)
        counted = re.search(r"(?:kinder|kindern|gruppen|kitas|kids|kindergärten|alle|zuschauer|menschen)\s$", before)
        confidence = 0.84 if counted else 0.8 if closed or until_school else 0.55
        if value > 10 and not _CUE.search(before):
            confidence = 0.45
        yield from _until_school(page, match, _low(match[1]), "ages.from_bare", confidence)
    for match in matches(_PLUS, page):
        if 1 <= int(match[1]) <= 16:
            yield from _found(page, match, _low(match[1]), None, "ages.plus", 0.8)


def _until_school(
    page: Prose, match: re.Match[str], low: int, rule: str, confidence: float
) -> Iterator[Found[AgeRange]]:
    """ "ab 3 Jahren bis zum Schuleintritt" is one span, closed by the words behind it."""
    until = _UNTIL_SCHOOL.search(page.lower, match.end(), match.end() + 40)
    if until is None or low > 83:
        yield from _found(page, match, low, None, rule, confidence)
        return
    start, end = match.start(), until.end()
    yield Found(AgeRange(min_months=low, max_months=83), page.text[start:end], rule, confidence, (start, end))


def _exact(page: Prose) -> Iterator[Found[AgeRange]]:
    for match in matches(_EXACT, page):
        number = match[1] or match[3]
        after = page.lower[match.end() - 3 : match.end() + 4]
        before = page.lower[max(0, match.start() - 30) : match.start()]
        if (
            number is None
            or not 1 <= parse(number) <= 12
            or re.search(r"(?:bis|–|-|ab|unter|nach|seit|zwischen|vor|und|alle|um)\s?(?:ca\.\s)?$", before)
        ):
            continue
        if (
            " alt" in after + page.lower[match.end() : match.end() + 4]
            and re.search(r"kind|soll|müssen|mindest|sein", page.clauses[page.clause_index(match.start())])
        ) or re.search(r"sollten?\s$|mindestens\s$|mind\.\s$|müssen\s$|wenigstens\s$", before):
            yield from _found(page, match, _low(number), None, "ages.must_be", 0.7)


def _up_to(page: Prose) -> Iterator[Found[AgeRange]]:
    for match in matches(_UP_TO, page):
        before = page.lower[max(0, match.start() - 12) : match.start()]
        if re.search(rf"(?:{_N})\s$", before):
            continue
        word, number, _, months = match.groups()
        under = word.endswith("unter")
        if months:
            high = round(parse(number)) - (1 if under else 0)
        else:
            high = _low(number) - 1 if under else _high(number)
        if 0 < high <= 131:
            yield from _found(page, match, None, high, "ages.up_to", 0.7)
    for match in matches(_UNTIL_SCHOOL, page):
        yield from _found(page, match, None, 83, "ages.until_school", 0.55)


def _classes(page: Prose) -> Iterator[Found[AgeRange]]:
    if (
        "klass" not in page.lower
        and "jahrgang" not in page.lower
        and "jgst" not in page.lower
        and "kl." not in page.lower
        and "klässler" not in page.lower
    ):
        return
    for match in matches(_CLASSES, page):
        first = int(match[1] or match[3])
        last = int(match[2] or match[4] or first)
        if not 1 <= first <= last <= 13:
            continue
        open_end = match[0].startswith("ab ") and first == last
        clause = page.clauses[page.clause_index(match.start())]
        high = None if open_end else (7 + last) * 12 - 1
        if open_end and re.search(r"hort|grundsch", clause):
            high = 131
        yield from _found(page, match, (5 + first) * 12, high, "ages.class", 0.85)


def _words(page: Prose) -> Iterator[Found[AgeRange]]:
    for pattern, rule, low, high, confidence in _WORDS_OF_AGE:
        for match in matches(pattern, page):
            ahead = page.lower[max(0, match.start() - 16) : match.start()]
            if rule == "ages.creche" and (_WELCOME.match(page.lower, match.end()) or _ALSO.search(ahead)):
                continue
            if page.lower[max(0, match.start() - 8) : match.start()].endswith(
                ("bis ", "bis zum ", "bis zur ", "ab ", "ab dem ")
            ) and not match[0].startswith("ab"):
                continue
            yield from _found(page, match, low, high, rule, confidence)


_READERS: Final = (_ranges, _year_olds, _from, _exact, _up_to, _classes, _words)


def _is_other_age(page: Prose, one: Found[AgeRange]) -> bool:
    """Whether the figure is about a price bracket ("Kinder bis 6 Jahre frei"), a house ("seit 5 Jahren") or an
    accompanying sibling."""
    start, end = one.span
    begin, stop = page.around(start)
    comma = max(page.lower.rfind(",", begin, start), page.lower.rfind("/", begin, start), begin)
    close = min((p for p in (page.lower.find(",", end), page.lower.find("/", end), stop) if p >= 0), default=stop)
    nearby = page.lower[comma : min(close, stop)]
    if one.rule == "ages.up_to":
        if re.match(r"\s(?:nur|bitte|müssen|dürfen) (?:mit|in|von)", page.lower[end : end + 20]):
            return True
        return _PRICE_OR_ADULT.search(nearby) is not None
    if one.rule in ("ages.range", "ages.range_in_context", "ages.from") and _PRICE_OR_ADULT.search(
        page.lower[end : min(end + 14, stop)]
    ):
        named = page.lower[max(begin, start - 16) : start + 8]
        return re.search(r"\b(?:kinder|kind|jugendliche|schüler)\s\(?(?:von\s)?\d", named) is not None
    return False
