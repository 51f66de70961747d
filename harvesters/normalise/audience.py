"""Whom an offer is made for, and whether that is a group of a Kita.

A transparent sum: each phrase of a table gives points to an audience, evenings and weekends take some, and the sum
becomes a probability. The words "Kita" and "Kinder" alone give nearly nothing: a Kita may be the venue, children may
come with their parents. "No" needs evidence of somebody else, or of a public event; where nothing speaks for anybody
the verdict is "unsure".
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Final

from harvesters.normalise.ages import read_ages
from harvesters.normalise.evidence import Found
from harvesters.normalise.scopes import points_elsewhere
from harvesters.normalise.tables import Phrase, table
from harvesters.normalise.text import Prose, all_matches, prose, search
from schemas.offer import Occurrence, Suitability
from schemas.vocabulary import Audience, Verdict

K, H, S, F, A, T = Audience.KITA, Audience.HORT, Audience.SCHOOL, Audience.FAMILY, Audience.ADULT, Audience.STAFF

PHRASES: Final[tuple[tuple[Audience, float, str], ...]] = (
    # A heading, or a bracket behind the title
    (
        K,
        2.4,
        r"(?:kindergärten|kitas|kindergarten|kita|kita-gruppen|für kitas|krippen)(?:, anmeldung!?\)|"
        r" ?:|\)|, anmeldung|, nur)",
    ),
    # Kita groups come, or somebody comes to them
    (K, 2.6, r"(?:kita|kindergarten|krippen|vorschul|kindertagesstätten)-?grupp?\w{0,4}"),
    (
        K,
        2.4,
        r"für (?:\w{1,14},? (?:und )?)?(?:kitas|kindergärten|kindertagesstätten|"
        r"kindertageseinrichtungen|kindereinrichtungen|krippen)\b",
    ),
    (
        K,
        2.2,
        r"(?:in|an|durch) (?:ihre|eure|die|deine)r? (?:\w{1,12} )?(?:kita|kindergarten|einrichtung|"
        r"krippe|kindertagesstätte|kitas)\b(?! (?:st|am|an der|\"|„))",
    ),
    (
        K,
        2.2,
        r"(?:in|bei|zu) (?:ihren|eurem|ihrem|euren|ihnen) (?:\w{1,12} )?(?:kindergarten|räumen|haus|"
        r"kita|kitas|gruppenraum|garten|außengelände|im kindergarten)\b",
    ),
    (K, 1.6, r"\b(?:ihre|eure) (?:kita|einrichtung|gruppe|kinder|kleinen|vorschulkinder|vorschüler)\b"),
    (
        K,
        2.0,
        r"\b(?:kita|kindergarten)-?(?:vorstellung|führung|tag|vormittag|turnen|kino|forscher|programm|"
        r"angebot|projekt|besuch|theater|konzert|woche|ausflug|lesung|werkstatt|aktion)\w{0,4}",
    ),
    (K, 1.5, r"\bkitas (?:aus|in|der|können|sind|mit|und|im|melden|willkommen|zahlen|gesucht)"),
    (
        K,
        1.7,
        r"\bvorschulkind\w{0,3}|\bvorschüler\w{0,4}|vorschulgruppe\w?|schulanfänger\w{0,3}|"
        r"letztes (?:kita|kindergarten)jahr|letzte jahr vor der (?:einschulung|schule)|vorschulalter|"
        r"\bvorschul-",
    ),
    (K, 1.5, r"kindergartenkind\w{0,3}|kita-?kind\w{0,3}|krippenkind\w{0,3}|elementarbereich|elementargruppe\w?"),
    (K, 1.4, r"kindergruppen?\b|gruppen mit (?:kindern|3-|4-|vorschul)"),
    (
        K,
        1.1,
        r"erzieher(?:/-innen|innen|in|\*innen|:innen)?\b(?! und erzieher)|begleitperson|"
        r"betreuungsperson|gruppenraum|morgenkreis|turnraum|warnwesten",
    ),
    (
        K,
        1.0,
        r"gruppen (?:von|bis|ab|mit|à) (?:zu |max\. |maximal |höchstens )?\w{1,7} kinder\w?|"
        r"kleingruppe\w?|\bpro gruppe|\bje gruppe|gruppenpreis|max\. \d{1,2} kinder|(?:höchstens|"
        r"maximal) \w{1,7} kinder\b|gruppengröße: (?:max\. |maximal |bis |bis zu |höchstens )?\d{1,2}\b",
    ),
    (K, 0.9, r"bis (?:zum )?(?:schuleintritt|schulanfang|einschulung|vorschule)|krippe\b|\bu ?3\b|bis zur einschulung"),
    (K, 0.6, r"\bkitas?\b|kindergart\w{0,2}|kindergärten"),
    (K, 0.8, r"vormittags?\b|am vormittag"),
    (K, 0.8, r"kinder-?(?:führung|theater|konzert|kino|lesung|tour|stück|vorstellung)\w{0,3}|für kleine \w{3,12}\b"),
    (
        K,
        0.7,
        r"nach (?:vereinbarung|absprache|anmeldung)|wir kommen (?:zu|in)|buchbar|matschhose|"
        r"gummistiefel",
    ),
    (
        K,
        2.0,
        r"(?:kommt|kommen|besuchen|besucht) (?:\w{1,14} ){0,4}(?:in |zu )?(?:den |die )?"
        r"(?:kindergarten|kindergärten|kitas|kita|kindertagesstätten)\b(?! [\"„])",
    ),
    # Hort
    (
        H,
        3.0,
        r"\bhort-?(?:grupp|kind|gäst|einricht)\w{0,4}|\bhorte\b|\b(?:im|ihren|euren|ihrem|der|den|für|"
        r"gruppen & |und) hort\b|hortkids",
    ),
    (H, 1.6, r"\bhort\b|ferienspiele|in den ferien täglich|nach der schule"),
    # Schools
    (
        S,
        2.6,
        r"schulklass\w{0,2}|klassenstufen?|grundsch(?:ul|ül)\w{0,8}|\bklassen? \d|\d\.? ?klassen?\b|"
        r"sekundarstufe|jahrgangsstufe\w?",
    ),
    (
        S,
        1.8,
        r"\bschüler(?:innen|in|\*innen|:innen)?\b|lehrkr\w{0,6}|lehrplan|schulstunden?|für schulen|"
        r"gymnasi\w{1,4}|unterrichts(?:fach|gang|stunde)\w{0,3}|berufsorientierung|fachunterricht|"
        r"sachunterricht|schulprojekt",
    ),
    # Families
    (
        F,
        2.6,
        r"\bfamilien(?:sonntag|tag|fest|führung|vorstellung|konzert|nachmittag|programm|theater|"
        r"wanderung|karte|ticket|zeit|workshop|angebot|preis|brunch|café)\w{0,3}|"
        r"für (?:die )?(?:ganze )?familie\w?\b|groß und klein|jung und alt|für alle generationen",
    ),
    (
        F,
        2.6,
        r"eltern-kind|mit (?:ihren |einem |mama|papa|ihrer )?(?:eltern|elternteil|mama|papa|oma|opa|"
        r"familie\w?|großeltern)\b|elternteil|vater-kind|mutter-kind|krabbelgruppe|geschwister",
    ),
    (
        F,
        2.0,
        r"kindergeburtstag|geburtstag\w{0,4} feiern|ferienprogramm|ferienpass|weihnachtsmarkt|"
        r"adventsmarkt|stadtfest|dorffest|kinderfest|flohmarkt|hoffest|laternenumzug|"
        r"tag der offenen tür|straßenfest|ostermarkt",
    ),
    (
        F,
        1.2,
        r"\bfamilien?\b|kinderschminken|hüpfburg|karussell|glühwein|bratwurst|kuchenbuffet|stockbrot|"
        r"jede[rs]? kind|spielnachmittag",
    ),
    # Adults
    (
        A,
        2.6,
        r"für erwachsene|ab 1[68]\b|kneipe\w{0,6}|weinprobe|tanztee|senior\w{0,8}|elternabend|"
        r"podiumsdiskussion|stammtisch|\bvvk\b|\bak \d|abendkasse|mitgliederversammlung|autorenlesung|"
        r"blutspende|(?:alter|zielgruppe): (?:erwachsene|jugendliche|paare|ab (?:1[3-9]|[2-9]\d)\b)",
    ),
    (
        A,
        1.8,
        r"\bvortrag\w{0,3}|vernissage|kabarett|\blive\b|konzertabend|einlass ab|sprachkurs|yogakurs|"
        r"computerkurs|aquarellkurs|für (?:einsteiger|anfänger|fortgeschrittene)|eltern von|"
        r"für eltern|selbsthilfe|sprechstunde|beratung\b|führerschein|lesekreis|"
        r"orgelkonzert|krimi",
    ),
    (A, 0.8, r"teilnehmende"),
    # Staff
    (
        T,
        3.2,
        r"fortbildung\w{0,4}|weiterbildung\w{0,4}|fachtag\w{0,3}|für (?:pädagogische )?(?:fachkräfte|"
        r"erzieher\w{0,6}|leitungen|kita-leitungen|tagespflege\w{0,8})|zielgruppe:? (?:pädagog|erzieh|"
        r"fachkr|kita-leit|leitung)\w{0,10}|inhouse|teamtag|supervision|netzwerktreffen|"
        r"fachkräftequalifizierung|arbeitskreis|multiplikator\w{0,6}",
    ),
    (
        T,
        1.2,
        r"kita-?team\w?\b|kita-?leitung\w{0,2}|fachkräfte\b|pädagogische[nr]? fachkr\w{1,6}|"
        r"kollegial\w{0,3}|tagespflegeperson\w{0,2}|zertifikat\w?",
    ),
)
"""Audience, points, pattern: each pattern counts once per text, in lower case."""
_PHRASES: Final = table(PHRASES)
_VENUE: Final = re.compile(
    r"(?:ort|wo|treffpunkt|treff|veranstaltungsort|findet statt)\s?:?\s?(?:in der |im )?(?:kita|"
    r"kindergarten)\b|\bkita [\"„][\w\s]{1,30}[\"“]|"
    r"(?:die kinder|kinderchor|chor) (?:der|aus der|des) (?:\w{1,20} ?)?(?:kita|"
    r"kindergarten)\w{0,2}|kita-(?:anträge|bedarf\w{0,8}|gebühr\w{0,3}|platz|plätze|beitr\w{1,4}|"
    r"anmeldung|verwaltung|ausschuss|satzung|navigator|portal)|"
    r"\bkinder und jugendliche\b|kitaplatz|förderverein der kita|kita-?neubau"
)
_NOBODY: Final = re.compile(
    r"\bsitzung\b|tagesordnung|\btop \d|gemeindevertret|stadtvertret|\bausschuss\w{0,3}|"
    r"geschlossen\b(?= |$|\n)|stellenausschreibung|wir suchen (?:ab sofort |eine|einen)|"
    r"stellenangebot|bewerbung\w? (?:bis|an)|ausschreibung|bekanntmachung|"
    r"sperrung|öffnungszeiten geändert|bleibt (?:heute |am )?geschlossen|redaktionsschluss|pressemitteilung"
)
_LATE: Final = re.compile(
    r"(?:^|\D)(1[4-9]|2[0-3])(?:[.:]\d{2})?(?: ?(?:-|–|bis) ?\d{1,2}(?:[.:]\d{2})?)? ?uhr|"
    r"nachmittags?\b|\babends?\b|abend\b"
)
_MORNING: Final = re.compile(
    r"(?:^|\D)(?:0?[89]|1[01])(?:[.:]\d{2})?(?: ?(?:-|–|bis) ?\d{1,2}(?:[.:]\d{2})?)? ?(?:uhr|h)\b|vormittag|morgens\b"
)
_WEEKEND: Final = re.compile(r"\b(?:sams|sonn)tags?\b|\bwochenend\w{0,3}|\b(?:sa|so)\b\.?,? ?\d|feiertag\b|\badvent\b")
_PUBLIC: Final = re.compile(
    r"konzert|ausstellung|galerie|vernissage|lesung\b|\bfilm(?!werkstatt)|\bkino|jazz|orchester|festival|"
    r"party\b|\w{2}markt\b|gottesdienst|andacht|\btickets?\b|\bkarten\b|vorverkauf|öffnungszeiten|"
    r"öffentliche führung|rundgang|stadtführung|treff\b|seminar\b|\bmütter|sprechstunde|beratung|nachhilfe|"
    r"kategorie: [^\n]{0,60}\b(?:musik|bühne|literatur|vortrag|feste?|führungen|party|sport)\b"
)
"""What is open to everybody: no word against a Kita, but evidence that an offer without a word for it is for others."""
_SAYS_SOMETHING: Final = 1.0
"""Points of another audience from which on an offer may be judged to be not for Kita groups."""
_NOTHING_KNOWN: Final = -0.6
"""Least sum where nothing speaks for anybody else: a probability of 0.35, "unsure"."""
_SCHOOL_AGE: Final = 72
_MORNING_ENDS, _AFTERNOON_BEGINS = time(12), time(14)
_LEAST_SHARE: Final = 0.55


@dataclass(frozen=True, slots=True)
class AudienceJudgement:
    """Whom an offer is made for, with the points that say so."""

    audience: tuple[Found[Audience], ...]
    """Audiences, surest first."""
    suitability: Suitability
    """Whether it is made for groups of a Kita."""
    points: dict[Audience, float]
    """Sum per audience."""
    barred: bool
    """Whether a clause turns Kita groups away, or the page is no offer at all."""

    @property
    def main(self) -> Audience | None:
        """The surest audience."""
        return self.audience[0].value if self.audience else None


def read_audience(
    text: str | Prose, *, title_end: int = 0, place: str = "", dates: Sequence[Occurrence] = ()
) -> AudienceJudgement:
    """Judge ``text`` (title first, ``title_end`` characters long), the words of its ``place``, and its ``dates``
    where they are given as data.

    >>> read_audience("Waldtag für Kita-Gruppen, nach Vereinbarung").suitability.verdict.value
    'yes'
    >>> read_audience("Sommerfest der Kita Spatzennest, Samstag 15 Uhr für die ganze Familie").suitability.verdict.value
    'no'
    >>> read_audience("Steine bemalen").suitability.verdict.value
    'unsure'
    """
    page = prose(text)
    points = dict.fromkeys(Audience, 0.0)
    first: dict[Audience, Found[Audience]] = {}
    strongest: dict[Audience, float] = dict.fromkeys(Audience, 0.0)
    reasons: list[tuple[float, str]] = []
    venues = [match.span() for match in all_matches(_VENUE, page)]
    turned_away: set[Audience] = set()
    strongest_of: dict[int, tuple[float, Phrase[Audience], re.Match[str]]] = {}
    elsewhere: dict[int, bool] = {}
    for phrase, match in _PHRASES.matches(page):
        start = match.start()
        if any(begin <= start < end for begin, end in venues):
            continue
        worth = phrase.weight
        clause = page.clause_index(start)
        if clause not in elsewhere:
            elsewhere[clause] = points_elsewhere(page.clauses[clause])
        if elsewhere[clause]:
            turned_away.add(phrase.code)
            worth = -0.6 * worth if worth > 1 else 0.0
        elif start < title_end:
            worth *= 1.5
        known = strongest_of.get(id(phrase))
        if known is None or abs(worth) > abs(known[0]):
            strongest_of[id(phrase)] = (worth, phrase, match)
    for value, phrase, match in strongest_of.values():
        if value == 0:
            continue
        audience = phrase.code
        points[audience] += value
        words = page.text[match.start() : match.end()]
        direction = "für" if value > 0 else "gegen"
        reasons.append((value if audience is K else -value, f"„{words}“ spricht {direction} {audience.label}"))
        if value > strongest[audience]:
            strongest[audience] = value
            first[audience] = Found(audience, words, f"audience.{audience.value}", 0.0, match.span())
    lower_place = place.lower()
    if (
        re.search(
            r"(?:in|bei) (?:ihre|der|eure)[rnm]{0,2} (?:kita|einrichtung|haus|räumen)|^kita(?:,|$)|"
            r"in ihnen|bei ihnen|ihre kita|^kitas ",
            lower_place,
        )
        and "ort:" not in lower_place
    ):
        points[K] += 2.4
        reasons.append((2.4, "Als Ort ist die Kita selbst genannt"))
    if "hort" in lower_place:
        points[H] += 1.5
    when = _when(page, dates)
    public = search(_PUBLIC, page) is not None
    older = _ages(page, when.morning and not public, points, reasons)
    _evening_or_weekend(when, points, reasons)
    nobody = _NOBODY.search(page.lower[: title_end + 200])
    for_others = public or older or when.late or when.weekend
    return _judgement(points, first, reasons, turned_away, nobody is not None, for_others)


@dataclass(frozen=True, slots=True)
class _When:
    """What days and times say: from the dates given as data, else from the words."""

    morning: bool
    weekend: bool
    late: bool


def _when(page: Prose, dates: Sequence[Occurrence]) -> _When:
    clocks = [one.start for one in dates if one.start]
    weekend = bool(dates) and all(one.day.weekday() >= 5 for one in dates)
    if clocks:
        morning = not weekend and all(time(7) <= clock < _MORNING_ENDS for clock in clocks)
        return _When(morning, weekend, all(clock >= _AFTERNOON_BEGINS for clock in clocks))
    morning = search(_MORNING, page) is not None
    said_weekend = search(_WEEKEND, page) is not None
    return _When(
        morning and not said_weekend and not weekend,
        weekend or (said_weekend and not morning),
        not morning and search(_LATE, page) is not None,
    )


def _ages(page: Prose, morning: bool, points: dict[Audience, float], reasons: list[tuple[float, str]]) -> bool:
    """Ages before school speak for groups of a Kita, a little; on a morning of a working day (and where it is no
    public event) a little more.

    Whether only older children or grown-ups are named.
    """
    spans = [
        one.value for one in read_ages(page) if one.confidence >= 0.7 and not one.rule.endswith(("class", "primary"))
    ]
    if any(12 <= (s.min_months or 0) <= 66 and (s.max_months or 83) <= 95 for s in spans):
        worth = 1.5 if morning else 0.8
        points[K] += worth
        reasons.append((worth, "Alter vor der Schule" + (", vormittags an Werktagen" if morning else "")))
        return False
    return bool(spans) and all((s.min_months or 0) >= _SCHOOL_AGE for s in spans)


def _evening_or_weekend(when: _When, points: dict[Audience, float], reasons: list[tuple[float, str]]) -> None:
    """Evenings and weekends speak against groups, unless the morning is named as well."""
    if when.weekend:
        points[F] += 1.2
        points[K] -= 0.9
        reasons.append((-0.9, "Wochenende oder Feiertag"))
    if when.late:
        points[F] += 0.6
        points[A] += 0.6
        points[K] -= 0.7
        reasons.append((-0.7, "Nachmittag oder Abend"))


def _judgement(
    points: dict[Audience, float],
    first: dict[Audience, Found[Audience]],
    reasons: Sequence[tuple[float, str]],
    turned_away: set[Audience],
    nobody: bool,
    for_others: bool,
) -> AudienceJudgement:
    others = {a: p for a, p in points.items() if a is not K}
    rival = max(others.values())
    margin = points[K] - (1.05 * rival if rival > 0 else 0.0)
    z = 0.95 * margin + (0.45 * min(points[K], 3.0) - 1.0)
    if nobody:
        z -= 4.0
        reasons = [*reasons, (-4.0, "Kein Angebot zum Mitmachen")]
    if K in turned_away and rival > 1.5:
        z -= 1.5
    if not (nobody or for_others or K in turned_away or rival >= _SAYS_SOMETHING):
        z = max(z, _NOTHING_KNOWN)
    probability = round(1 / (1 + math.exp(-max(-20.0, min(20.0, z)))), 3)
    verdict = Verdict.YES if probability >= 0.6 else Verdict.NO if probability <= 0.3 else Verdict.UNSURE
    top = max(points.values())
    chosen = [
        Found(found.value, found.evidence, found.rule, round(min(0.97, points[a] / (points[a] + 1.5)), 3), found.span)
        for a, found in first.items()
        if points[a] >= 1.0 and points[a] >= _LEAST_SHARE * top and not (a is K and verdict is Verdict.NO)
    ]
    chosen.sort(key=lambda f: (-points[f.value], f.span))
    told = sorted(reasons, key=lambda r: (-abs(r[0]), r[1]))[:4]
    suitability = Suitability(verdict=verdict, probability=probability, reasons=tuple(reason for _, reason in told))
    barred = nobody or K in turned_away
    return AudienceJudgement(() if nobody else tuple(chosen), suitability, points, barred)
