"""Prices in German wording: what one Kita child, or one group, pays.

Every amount of money is found first; its neighbours then say what it is for: a child, a group, an adult, material on
top, or something that is no price of the offer at all (a kilometre, coffee, the reduced ticket).
"""

import re
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Final

from harvesters.normalise.evidence import Found
from harvesters.normalise.text import Prose, all_matches, prose, search
from schemas.offer import Price
from schemas.vocabulary import PriceModel

_AMOUNT: Final = re.compile(
    r"(?<![\d.,])(?<!\de)(?P<n>\d{1,3}\.\d{3}|\d{1,5})(?:[.,](?P<c>\d{2}|\d(?!\d)|--?|–|"
    r"—)(?![\d.]))?\s?(?P<u>€|euro?s?\b|eur\b|cent\b|ct\b)"
    r"|(?:€|\beur\b|\beuro\b)\s?(?P<n2>\d{1,3}\.\d{3}|\d{1,5})(?:[.,](?P<c2>\d{2}|--?|–))?(?![\d.])"
    r"|\b(?:preis|kosten|eintritt|beitrag|gebühr|zahlen)(?:\s?:)?\s(?P<n5>\d{1,3})[.,](?P<c5>\d{2})"
    r"(?![\d.,]|\s?(?:uhr|km|m\b|€|eur|std|stunden|h\b))"
    r"|(?<![\d.,:])(?P<n3>\d{1,3}),(?:--?|–|—)(?!\s?\d)"
    r"|\b(?P<w>ein(?:en)?|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|fünfzehn|zwanzig|"
    r"fünfzig) (?P<u4>euro|cent)\b"
)
_MAX_AMOUNTS: Final = 60
_CUES: Final = (
    "preis", "kosten", "eintritt", "beitrag", "gebühr", "zahlen", "€", "eur", "cent", " ct", ",-", ",–", ",—",
)  # fmt: skip
_WORD_AMOUNTS: Final = {
    "ein": 1,
    "einen": 1,
    "zwei": 2,
    "drei": 3,
    "vier": 4,
    "fünf": 5,
    "sechs": 6,
    "sieben": 7,
    "acht": 8,
    "neun": 9,
    "zehn": 10,
    "zwölf": 12,
    "fünfzehn": 15,
    "zwanzig": 20,
    "fünfzig": 50,
}


class Unit(Enum):
    """Whom or what an amount is for."""

    CHILD = "child"
    GROUP = "group"
    ADULT = "adult"
    EXTRA = "extra"
    OTHER = "other"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Amount:
    """One sum of money with what its neighbours say about it."""

    euros: float
    unit: Unit
    start: int
    end: int
    weight: float
    """How much it looks like *the* price, 0 to 1."""


_PER: Final = r"(?:pro|je|/|à|per|für jedes|für ein|pro teilnehmende[mns]?|jedes|für)\s?"
_CHILD_AFTER: Final = re.compile(
    rf"[\s,]*(?:{_PER}(?:\w{{1,12}}-?)?(?:kind(?:er|ern)?\b|nase|kopf|p\.|pers\w{{0,4}}|tn\b|"
    rf"teilnehm\w{{0,8}}|schüler\w{{0,6}}|kitakind|knirps|zuschauer\w{{0,2}}|jugendlich\w{{0,3}}|"
    rf"mitglied|besucher\w{{0,3}}|elternteil|gast\b)"
    r"|p\.\s?p\.|pp\b|(?:eintritt|teilnahme\w{0,8}|ticket\w{0,6}) (?:pro|je) (?:kind|person))"
)
_GROUP_AFTER: Final = re.compile(
    rf"[\s,]*(?:\(?\s?(?:{_PER}(?:die |eine |den |das |jede |"
    rf"weitere )?(?:\w{{1,14}}-?)?(?:gruppe\w?|klasse|kita|kindergarten|einrichtung|vorstellung|"
    rf"veranstaltung|besuch|führung|einsatz|termin|block|workshop|auftritt|projekt|haus|vormittag|"
    rf"durchgang|einheit|tag|stunde|lesung|ausleihe|koffer|kiste|woche|einzelstunde|reihe)\b)"
    r"|pauschal|als pauschale|aufwandsentschädigung|für die (?:ganze )?gruppe|"
    r"für (?:bis zu )?(?:eine )?gruppen?|honorar|festpreis|\(?gruppenpreis|gruppenpauschale|"
    r"je gruppe)"
)
_GROUP_LATER: Final = re.compile(
    r"\s?\((?:pro |je )?gruppe|\s(?:für )?bis (?:zu )?\w{1,10} (?:kinder|personen|teiln)|"
    r"\s?(?:inkl\w{0,6}|zzgl)\.? (?:der |die )?(?:anfahrt|fahrt)|"
    r"[^€.;\d]{0,45}\b(?:(?:je|pro) (?:kita-?|kinder-?)?(?:gruppe|klasse|kita|einrichtung|haus|einsatz|vorstellung|"
    r"auftritt|aufführung)\b|"
    r"für die erste\b|für jede weitere gruppe)|"
    r"\s?für die erste(?: gruppe)?,"
)
_ADULT_AFTER: Final = re.compile(
    r"\s?(?:(?:pro|je|für)\s)?\(?(?:erwachsene|begleit|betreu|eltern\b|erzieh|lehrkr|familienkarte|aufsichts)"
)
_OTHER_AFTER: Final = re.compile(
    r"\s?(?:(?:je|pro|/)\s?(?:gefahren\w{0,4}\s)?(?:km|kilometer|auto|fahrzeug|stück|glas|tasse|"
    r"portion)\b|kaution|pfand|kaffee|rabatt|ermäßigung|zuschuss|mindestverzehr)"
)
_EXTRA_AFTER: Final = re.compile(
    r"\s?(?:(?:pro|je|/)\s?(?:kind|gruppe|person|nase|teilnehmer\w{0,4})\s)?(?:extra|zusätzlich|"
    r"on top|material\w{0,12}|bastel\w{0,12}|für (?:das |die |den |ein |"
    r"eine )?(?:\w{1,14}[- ])?(?:material|kerze|essen|lebensmittel|zutaten|snack|imbiss|bausatz|"
    r"ton\b|brand\b|verpflegung|brötchen|saft|getränk|futter|mittagessen|leinwand|stockbrot|honig|"
    r"frühstück|fahrkarte|verbrauchsmaterial)\w{0,12}"
    r"|(?:für |zur |zum )?(?:material|bastelmaterial|futter|verpflegung)\w{0,10})"
)
_FOR_ONE_THING: Final = re.compile(r"\s?(?:\w{0,8}material\w{0,8}|holz|bausatz) für (?:das|den|die|ein|eine|einen) \w")
_CHILD_BEFORE: Final = re.compile(
    r"(?:\b(?:pro|je|jedes|für jedes)\s(?:\w{1,12}-?)?(?:kind|person|nase|schüler\w{0,4}|"
    r"teilnehm\w{0,8}|kopf|tn)(?: (?:nur|kostet|zahlt|ca\.|beträgt))?|\bp\.\s?p\.|"
    r"\bkind(?:er|ern)?(?: in gruppen| bis \d{1,2}(?: jahren?)?|"
    r"\s?\(\d{1,2}\s?[-–]\s?\d{1,2}(?: j\w{0,5}\.?)?\)|"
    r" \d{1,2}\s?[-–]\s?\d{1,2} j\w{0,5}\.?)?(?: zahlen| kosten| nur| kostet| zahlt)?|"
    r"kita-?kinder|kindergartenkinder|"
    r"kindergruppen|kita-?gruppen(?: zahlen)?|hortgruppen zahlen(?: vormittags)?(?: nur)?|"
    r"vorschulgruppen [\w ]{0,20}zahlen|kitas(?: zahlen)?|kindertickets?|"
    r"kinderpreis)[\s:,]*(?:nur |ca\. |je |à )?$"
)
_GROUP_BEFORE: Final = re.compile(
    r"(?:(?:die|jede|eine) (?:gruppe|vorstellung|führung|lesung|stunde|aufführung|kita) (?:zahlt|"
    r"kostet)(?: nur)?|gruppen? bis (?:zu )?\w{1,10} (?:kinder|personen)|gruppenpreis|"
    r"gruppenpauschale|pauschal(?:e|preis)?|festpreis|honorar|"
    r"aufwandsentschädigung|(?:pro|je) (?:kita-?|kinder-?)?(?:gruppe|klasse|kita|einrichtung|"
    r"vorstellung|termin|besuch|führung|veranstaltung|einsatz|auftritt)|einzelstunde|"
    r"leihgebühr|ausleihgebühr|gruppenkarte|für die gruppe|je einrichtung|unkostenpauschale|"
    r"kostenpauschale|gruppentarif|kostet (?:die|ihre|eure) (?:kita|gruppe|einrichtung))[\s:,]*(?:von |nur |fallen |"
    r"sind |"
    r"zahlen sie |beträgt |ca\. |in höhe von |kostet |"
    r"für [\w ]{1,30}: ?)?$"
)
_ADULT_BEFORE: Final = re.compile(
    r"(?:erwachsene[nr]?|begleitperson(?:en)?|begleitung|eltern|betreuer(?:innen)?|elternteil|"
    r"familienkarte|familien|lehrkräfte|schüler|studierende|senioren|vollzahler|"
    r"einheimische)[\s:,]*(?:zahlen |je |nur |auf anfrage |trinken für )?$"
)
_EXTRA_BEFORE: Final = re.compile(
    r"(?:\bzzgl\.?|zuzüglich|\bplus|\+|\bdazu(?: kommen| kommt)?|material(?:kosten|geld|beitrag|"
    r"pauschale|zuschlag)?|bastelmaterial|bastelgeld|verpflegung|mittagessen|imbiss|frühstück|"
    r"(?:essen|imbiss|verpflegung|material|getränke) (?:extra|zusätzlich) ?\(|"
    r"zusatzkosten|aufpreis|zuschlag|futter\w{0,6})[\s:,]*(?:für |von |ca\. |je kind |pro kind |"
    r"wenn gewünscht |beträgt |\w{1,12} )?$"
)
_OTHER_BEFORE: Final = re.compile(
    r"(?:\bbezuschusst [\w ]{0,40}mit(?: bis zu)?|zuschuss (?:von|bis)(?: zu)?|\bstatt|ermäßigt|"
    r"\berm\.|kaution|pfand|fahrtkosten\w{0,8}|"
    r"anfahrt\w{0,8}|spenden? sie|parkgebühr|parkplatz|parken|\bvvk|schüler|studenten|"
    r"familienkarte|jahreskarte|\bkaffee|\w{0,8}punsch|glühwein|\bkuchen|waffeln?|bratwurst|getränke?|popcorn|\beis|"
    r"\bsonst|sparen sie|rabatt von|taschengeld)[\s:,]*(?:von |"
    r"ca\. |für |nur |je |\w{1,10} )?$"
)
_CUE_BEFORE: Final = re.compile(
    r"(?:kosten(?:beitrag|punkt)?|kostet|preise?|eintritt(?:spreis)?|gebühr\w{0,3}|beitrag|"
    r"teilnahme\w{0,10}|unkostenbeitrag|entgelt|startgeld|zahlen|zahlt|"
    r"kursgebühr)[\s:]*(?:beträgt |von |nur |ca\. |liegt bei |dafür )?$"
)

_FREE: Final = re.compile(
    r"kostenlos\w{0,2}|kostenfrei\w{0,2}|\bgratis\b|\bumsonst\b|"
    r"eintritt(?: ist)?(?: für \w{1,20})?:? frei\b|freie[rnm]? eintritt|kostet (?:sie |euch |"
    r"die kita |ihre kita )?(?:\w{1,8} )?nichts|\bunentgeltlich\w{0,2}|"
    r"kosten:? (?:entstehen )?(?:ihnen )?(?:keine|0)\b|\bkeine kosten|keine gebühr\w{0,2}|"
    r"(?:nehmen|verlangen) (?:dafür )?kein geld|gebührenfrei|ohne (?:kosten|gebühr)\w{0,2}|(?:leih|"
    r"teilnahme)?gebühr(?:en)? entf[aä]ll\w{1,3}|zum nulltarif|kein honorar|ohne entgelt|"
    r"keinen (?:eintritt|beitrag|kostenbeitrag)|für (?:\w{1,12} )?(?:kitas|kindergärten|"
    r"kindergruppen|kita-gruppen) frei\b|trägt die kosten|"
    r"kosten werden \w{0,12} ?übernommen|"
    r"(?<![\w.,\d])0(?:,00|,-)? ?(?:€|euro)|es entstehen (?:ihnen )?keine|"
    r"keine (?:teilnahme|kurs|unkosten|leih|eintritts|material)\w{0,12}\b|(?:übernimmt|trägt|tragen|"
    r"übernehmen) (?:sämtliche |"
    r"alle |die )(?:kosten|gebühren)|kosten: keine|(?<=[,;|·(] )frei(?=\s?[,;|·().!]|$|\n| \()|\bkinder frei\b(?! \w)|"
    r"teilnahme (?:ist )?frei\b|kosten (?:trägt|übernimmt|übernehmen|tragen)|\bkostet nix|"
    r"nichts zu zahlen|zahlen nichts(?= )|\bfür lau\b"
)
_NOT_FREE: Final = re.compile(
    r"(?:begleit\w{0,12}|betreu\w{0,12}|erzieh\w{0,12}|lehr\w{0,10}|erwachsene\w{0,2}|"
    r"aufsicht\w{0,12}|fachkr\w{0,8}|pädagog\w{0,10}|eltern\w{0,6}|parken|parkpl\w{0,6}|"
    r"park\w{0,6}|wlan|stornier\w{0,6}|storno\w{0,6}|absage\w{0,3}|rücktritt\w{0,3}|"
    r"(?:integrations|sonder|förder|partner|mitglieds|modell|but-)\w{3,14}|schnupper\w{0,10}|probe\w{0,10}|"
    r"geschwister\w{0,4}|unter \w{1,6}|"
    r"kinder bis \d\w{0,2}(?: jahren?)?|geburtstags\w{0,6}|bus\b|anfahrt|anreise|fahrt|begleiter|"
    r"leiter\w{0,4}|team|spielplatz|nicht|inhaber\w{0,4}|mitglieder\w{0,2}|person(?:en)? (?:ist|"
    r"sind))\b"
)
_ADULTS_FREE: Final = re.compile(
    r"(?:begleit\w{1,12}|betreu\w{1,12}|erzieh\w{1,14}|lehrkr\w{1,8}|lehrer\w{0,6}|"
    r"erwachsene\w{0,2}|aufsicht\w{0,14}|fachkr\w{1,8}|pädagog\w{1,8}|personal|team|begleitung)"
    r"(?:/-?\w{1,12})?(?: \w{1,14}){0,5}?:? (?:frei\w{0,3}|kostenlos|kostenfrei|gratis|umsonst|"
    r"(?:zahlen|zahlt|bezahlen|kosten|natürlich) nichts)\b|"
    r"\b(?:frei(?:er|en) eintritt|kostenlos\w{0,2}|frei) für (?:\w{1,10} )?(?:begleit|betreu|"
    r"erzieh|aufsicht|erwachsene)"
)
_DONATION: Final = re.compile(
    r"\bspenden?(?:basis)?\b|spendenbasis|\bhutspende|um (?:eine |kleine )?spende|"
    r"freiwillige[rn]? (?:beitrag|gabe)|hut geht (?:rum|herum)|austritt frei|kollekte|"
    r"\bspendenbox|solidarisch\w{0,4} beitrag|zahlen,? was sie (?:können|wollen|möchten)"
)
_NOT_A_DONATION: Final = re.compile(
    r"spenden? (?:sie|von der|des|der|finanziert)|spendet|aus spenden|dank (?:\w{1,12} )?spende|"
    r"sachspende|kleiderspende|blutspende|spenden finanz"
)
_ON_REQUEST: Final = re.compile(
    r"(?:preise?|kosten|honorar|gebühren?|entgelt)[:\s]{1,3}(?:bitte |gern |und termine |nach |"
    r"auf )?(?:auf anfrage|anfrage|nach (?:absprache|vereinbarung|aufwand)|absprache|erfragen|"
    r"vereinbarung)"
)
_GUIDE: Final = re.compile(
    r"richtwert|empfohlen|empfehl|orientier|vorschlag|etwa|ca\.|üblich|erbeten|gern|mindestens|spende"
)


def read_price(text: str | Prose) -> list[Found[Price]]:
    """The prices that ``text`` names, each with how much it looks like the price of the offer.

    >>> [one.value.amount_eur for one in read_price("für Kinder ab 3 Jahren 4 €")]
    [4.0]
    """
    page = prose(text)
    found: list[Found[Price]] = []
    amounts = read_amounts(page)
    adults = adults_free(page)
    extra = _extra(page, amounts)
    group = any(a.unit is Unit.GROUP for a in amounts)
    for amount in amounts:
        if amount.unit in (Unit.OTHER, Unit.EXTRA) or (
            amount.unit is Unit.ADULT and any(a.unit in (Unit.CHILD, Unit.GROUP, Unit.PLAIN) for a in amounts)
        ):
            continue
        if extra is not None and amount is extra:
            continue
        model = PriceModel.PER_GROUP if amount.unit is Unit.GROUP else PriceModel.PER_CHILD
        donation = _donation_nearby(page, amount)
        if donation is not None:
            model = PriceModel.DONATION
        price = Price(
            model=model,
            amount_eur=amount.euros,
            extra_eur=extra.euros if extra else None,
            extra_per_child=not (extra and _shared(page, extra, amount)),
            adults_free=False
            if amount.unit is Unit.CHILD and any(a.unit is Unit.ADULT for a in amounts) and adults is None
            else adults,
        )
        weight = amount.weight - (
            0.08 if group and model is PriceModel.PER_CHILD and amount.unit is Unit.PLAIN else 0.0
        )
        start, end = _evidence_span(page, amount)
        found.append(Found(price, page.text[start:end], f"price.{model.value}", weight, (start, end)))
    found.extend(_wordy(page, adults, extra, bool(found)))
    return found


def read_amounts(page: Prose) -> list[Amount]:
    """Every sum of money with its unit."""
    if not any(cue in page.lower for cue in _CUES):
        return []
    return [_judge(page, match) for match in islice(all_matches(_AMOUNT, page), _MAX_AMOUNTS)]


_SAID_TO_KITAS: Final = re.compile(
    r"(?:\bkitas?\b|kita-?(?:gruppe|kind|tag)|kindergart|kindergärt|gruppen)(?!.*(?:schul|erwachsen|famil|hort))"
)
_SPAN_BEFORE: Final = re.compile(
    r"(?<![\d.,:/])(\d{1,3}(?:,\d{2})?)\s?(?:€|euro)?\s?(?:[-–—]|bis|(?<=zwischen \d )und|(?<=zwischen \d\d )und)\s?$"
)
"""Of a span of prices ("24–39 €") the least is told: from there it begins."""
_TOO_LITTLE_FOR_A_GROUP: Final = 10
_PER_TIME: Final = re.compile(r"[\s,]*(?:pro|je|/) ?(?:stunde|tag|vormittag|nachmittag|einheit|termin|abend)\b")
_TOO_MUCH_FOR_A_CHILD: Final = 35
_SIZE_NAMED: Final = re.compile(
    r"\b(?:bis(?: zu)?|max\.|maximal|höchstens) \d{1,3} (?:kinder|kids|personen|teilnehm\w{2,8}|schüler\w{0,6})\b"
)
_LONG_OR_ALONE: Final = re.compile(
    r"\b\w{0,14}kurs(?:e|es)?\b|ferien|\bcamp\b|freizeit|fahrt(?:en)?\b|übernacht|\bwoche|\d tage\b|eltern|erwachsene|"
    r"anmeldung durch|pro kind|je kind|mitglied|fortbildung|seminar"
)


def _judge(page: Prose, match: re.Match[str]) -> Amount:
    start, end = match.span()
    begin, stop = page.around(start)
    before = page.lower[max(begin, start - 60) : start]
    clause_before = page.lower[begin:start]
    lower = page.lower
    unit, weight = Unit.PLAIN, 0.66
    if _OTHER_AFTER.match(lower, end, stop) or _OTHER_BEFORE.search(before):
        unit, weight = Unit.OTHER, 0.2
    elif _EXTRA_BEFORE.search(before):
        unit, weight = Unit.EXTRA, 0.4
    elif _ADULT_AFTER.match(lower, end, stop):
        unit, weight = Unit.ADULT, 0.45
    elif _CHILD_AFTER.match(lower, end, stop):
        unit, weight = Unit.CHILD, 0.9
        if _EXTRA_AFTER.match(lower, end, stop):
            weight = 0.6
    elif _GROUP_AFTER.match(lower, end, stop):
        unit, weight = Unit.GROUP, 0.9
    elif _CHILD_BEFORE.search(before):
        unit, weight = Unit.CHILD, 0.88
    elif _GROUP_BEFORE.search(before):
        unit, weight = Unit.GROUP, 0.9
    elif _ADULT_BEFORE.search(before):
        unit, weight = Unit.ADULT, 0.45
    elif _EXTRA_AFTER.match(lower, end, stop):
        unit, weight = Unit.EXTRA, 0.45
    elif _GROUP_LATER.match(lower, end, stop):
        unit, weight = Unit.GROUP, 0.86
    elif "pauschal" in clause_before[-40:] or re.match(
        r"[^.;]{0,30}\bfür (?:\w{1,12} )?gruppen?\b", lower[end : min(stop, end + 45)]
    ):
        unit, weight = Unit.GROUP, 0.85
    elif _CUE_BEFORE.search(before):
        weight = 0.8
    if unit is not Unit.OTHER and _SAID_TO_KITAS.search(clause_before[-36:]):
        weight = min(0.95, weight + (0.05 if unit is not Unit.PLAIN else 0.23))
    span = _SPAN_BEFORE.search(before)
    if span is not None and float(span[1].replace(",", ".")) < _euros(match):
        return Amount(float(span[1].replace(",", ".")), unit, start - len(span[0]), end, weight)
    if unit is Unit.GROUP and _euros(match) <= _TOO_LITTLE_FOR_A_GROUP and _PER_TIME.match(lower, end, stop):
        unit = Unit.CHILD
    elif unit is Unit.PLAIN and _euros(match) >= _TOO_MUCH_FOR_A_CHILD and _is_for_a_group(page):
        unit, weight = Unit.GROUP, 0.75
    return Amount(_euros(match), unit, start, end, weight)


def _is_for_a_group(page: Prose) -> bool:
    """Whether the text names a number of children and nothing for which a child alone pays that much."""
    return search(_SIZE_NAMED, page) is not None and search(_LONG_OR_ALONE, page) is None


def _euros(match: re.Match[str]) -> float:
    groups = match.groupdict()
    if groups["w"]:
        value = float(_WORD_AMOUNTS[groups["w"]])
        return value / 100 if groups["u4"] == "cent" else value
    whole = (groups["n"] or groups["n2"] or groups["n3"] or groups["n5"]).replace(".", "")
    cents = groups["c"] or groups["c2"] or groups["c5"] or ""
    value = float(f"{whole}.{cents}") if cents.isdigit() else float(whole)
    return value / 100 if groups["u"] in ("cent", "ct") else value


def _evidence_span(page: Prose, amount: Amount) -> tuple[int, int]:
    """The amount with the words beside it that say what it is for."""
    stop = page.around(amount.start)[1]
    for pattern in (_CHILD_AFTER, _GROUP_AFTER):
        after = pattern.match(page.lower, amount.end, stop)
        if after and amount.unit in (Unit.CHILD, Unit.GROUP):
            return amount.start, after.end()
    begin = page.around(amount.start)[0]
    before = page.lower[max(begin, amount.start - 60) : amount.start]
    for pattern in (_CHILD_BEFORE, _GROUP_BEFORE, _CUE_BEFORE):
        ahead = pattern.search(before)
        if ahead:
            return amount.start - len(before) + ahead.start(), amount.end
    return amount.start, amount.end


def _extra(page: Prose, amounts: list[Amount]) -> Amount | None:
    """What comes on top: only where another amount is the price, or the price is free."""
    mains = [a for a in amounts if a.unit in (Unit.CHILD, Unit.GROUP, Unit.PLAIN)]
    for amount in amounts:
        if amount.unit is Unit.EXTRA and (mains or search(_FREE, page)):
            return amount
    groups = [a for a in mains if a.unit is Unit.GROUP]
    for amount in mains:
        after_plus = re.search(
            r"(?:\+|zzgl\.?|zuzüglich|plus)\s?$", page.lower[max(0, amount.start - 12) : amount.start]
        )
        if after_plus or (groups and amount.unit is Unit.CHILD and _EXTRA_AFTER.match(page.lower, amount.end)):
            return amount
    for amount in mains[1:]:
        if amount.unit is Unit.CHILD and amount.weight <= 0.65:
            return amount
    return None


def _shared(page: Prose, extra: Amount, price: Amount) -> bool:
    """Whether the group pays an extra once: it says so, it is material for one thing that all build, or it comes on top
    of a price for the group and names no child."""
    if _GROUP_AFTER.match(page.lower, extra.end) or _FOR_ONE_THING.match(page.lower, extra.end):
        return True
    around = page.lower[max(0, extra.start - 20) : extra.end + 40]
    return price.unit is Unit.GROUP and extra.unit is Unit.EXTRA and not _CHILD_AFTER.search(around)


def adults_free(page: Prose) -> bool | None:
    """True where accompanying adults pay nothing, ``None`` where nothing is said."""
    return True if search(_ADULTS_FREE, page) else None


def _donation_nearby(page: Prose, amount: Amount) -> re.Match[str] | None:
    begin, stop = page.around(amount.start)
    clause = page.lower[begin:stop]
    if _NOT_A_DONATION.search(clause) or not _GUIDE.search(clause):
        return None
    return _DONATION.search(clause)


def _wordy(page: Prose, adults: bool | None, extra: Amount | None, amounts: bool) -> list[Found[Price]]:
    """Free, donation and "auf Anfrage", which name no amount."""
    found: list[Found[Price]] = []
    extra_eur = extra.euros if extra else None
    for match in all_matches(_DONATION, page):
        begin, stop = page.around(match.start())
        if not _NOT_A_DONATION.search(page.lower[begin:stop]):
            price = Price(model=PriceModel.DONATION, adults_free=adults, extra_eur=extra_eur)
            found.append(
                Found(
                    price,
                    page.text[match.start() : match.end()],
                    "price.donation",
                    0.6 if amounts else 0.86,
                    match.span(),
                )
            )
    for match in all_matches(_FREE, page):
        begin, _ = page.around(match.start())
        ahead = page.lower[max(begin, match.start() - 38) : match.start()]
        comma = max(ahead.rfind(","), ahead.rfind("("))
        behind = page.lower[match.end() : match.end() + 24]
        if _NOT_FREE.search(ahead[comma + 1 :]) or re.match(
            r"\s(?:für (?:\w{1,10} )?(?:begleit|betreu|erzieh|erwachsene|aufsicht)|parkpl|spielplatz|"
            r"storn|wlan|abstell|mit\b)",
            behind,
        ):
            continue
        if match[0].startswith("zahlen nichts"):
            continue
        confidence = 0.85 if not amounts else 0.7
        if amounts and re.search(
            r"kita|kindergart|kindergärt|gruppe", page.lower[max(begin, match.start() - 60) : match.end() + 30]
        ):
            confidence = 0.91
        price = Price(model=PriceModel.FREE, amount_eur=0, adults_free=adults, extra_eur=extra_eur)
        found.append(Found(price, page.text[match.start() : match.end()], "price.free", confidence, match.span()))
    if not found and not amounts:
        asked = search(_ON_REQUEST, page)
        if asked is not None:
            words = page.text[asked.start() : asked.end()]
            found.append(Found(Price(model=PriceModel.UNKNOWN), words, "price.on_request", 0.7, asked.span()))
    return found
