"""Where a mobile offer goes: the words in a text that say it."""

import re
from itertools import islice
from typing import Final

from harvesters.normalise.area_words import area_of
from harvesters.normalise.evidence import Found
from harvesters.normalise.numbers import NUMBER, parse
from harvesters.normalise.text import MAX_MATCHES, Prose, all_matches, prose, search
from schemas.geography import find_municipality
from schemas.offer import ServiceArea
from schemas.organisation import Place

_MAX_STATED: Final = 200

_RADIUS: Final = re.compile(
    rf"(?:(?:im )?umkreis (?:von )?(?:bis zu |ca\. |etwa |max\. |maximal |rund )?|(?:max\.|maximal|"
    rf"höchstens|bis(?: zu)?|etwa|ca\.|rund|radius(?: von)?:?|entfernung bis(?: zu)?|"
    rf"anfahrt(?: bis)?(?: zu)?(?: max\.)?|einsatzradius:?|innerhalb von|"
    rf"im radius von)\s)\(?({NUMBER})\s?(?:km\b|kilometer\w{{0,2}})|\b({NUMBER})\s?(?:km|"
    rf"kilometer)\s(?:um|rund um|umkreis|im umkreis|ab|von)\b"
)
_NOT_A_RADIUS: Final = re.compile(
    r"(?:wander|fuß|lauf|spazier|weg(?:strecke)?|lang|strecke|rundweg|je gefahren|€ ?(?:je|pro)|"
    r"tour)\w{0,8}\b[^.;]{0,20}$"
)
_NOT_A_RADIUS_AFTER: Final = re.compile(
    r"\s?(?:lang|wander|weg\b|zu fuß|strecke|fußweg|entfernt|vom bahnhof|rundweg|laufen)"
)
_AROUND: Final = re.compile(
    r"\s?(?:(?:um|rund um|ab|von|umkreis um|umkreis von|"
    r"im umkreis von)\s)(?P<place>[A-ZÄÖÜ][\w.-]{2,30}(?:\s\([^)]{1,20}\))?)"
)
_AREA: Final = re.compile(
    r"\b(?:im |in |den |des |der |auf )?(?:ganzen |gesamten |kompletten )?(?:(?:Land|Alt)?[Kk]reis(?:e[ns]?)?|Region|"
    r"Samtgemeinden?|Verbandsgemeinden?|Verwaltungsgemeinschaft(?:en)?|Ämtern?|Inseln?) "
    r"[A-ZÄÖÜ][\wäöüß-]{2,30}(?:(?: und|,|[ -](?:am|an der|im|in|der|die))? [A-ZÄÖÜ][\wäöüß-]{2,30}){0,5}"
)
_WHOLE_KREIS: Final = re.compile(
    r"\b(?:im|in dem|den|des|für den)\s(?:ganzen?|gesamten?|kompletten)\s(?:land)?kreis\w{0,2}\b|"
    r"\b(?:land)?kreisweit\b|im ganzen kreisgebiet|im gesamten kreisgebiet"
)
_AREA_WORDS: Final = re.compile(
    r"(?:\baltkreis\w{0,2} [\w-]{3,40}(?: (?:einschließlich|mit|und) (?:der )?insel [\w-]{3,20})?|"
    r"\bamtsbereich [\w ]{3,40}?(?= und|,|\.|;|$)(?: und (?:in )?der stadt \w{3,30})?|"
    r"\bamt [A-Zäöüa-z-]{2,20}(?: [A-Zäöü\w-]{3,30})?(?: und (?:die )?stadt \w{3,30})?|"
    r"\bauf der insel [\w -]{3,40}|\bim stadtgebiet(?: \w{3,30})?|\bstadtgebiet \w{3,30}|"
    r"\bim entsorgungsgebiet(?: \([^)]{3,60}\))?|"
    r"\bin kitas zwischen [^.;(]{5,100}|\bwir fahren (?:von|im|in|bis) [^.;(]{5,100}|"
    r"\b(?:fahrgebiet|einzugsgebiet|einsatzgebiet)(?: ist|:| umfasst)? [^.;]{5,100}|\b(?:in|"
    r"für) (?:ganz )?(?:vorpommern|mecklenburg|schleswig-holstein|brandenburg|sachsen|bayern|"
    r"hessen|thüringen|niedersachsen)\b|\blandesweit\b|\bbundesweit\b)"
)


def read_service_area(
    text: str | Prose, *, near: str | None = None, place: Place | None = None
) -> Found[ServiceArea] | None:
    """Where a mobile offer goes, as set, circle, or, where that is not certain, words alone.

    >>> read_service_area("Wir fahren bis 35 km um Ueckermünde.").value.radius_km
    35.0
    """
    page = prose(text)
    radius = _radius(page, near, place)
    if radius is not None:
        return radius
    for match in islice(_AREA.finditer(page.text), MAX_MATCHES):
        found = _found(page.text, match.span(), near, place)
        if found.value.municipalities:
            return found
    whole = search(_WHOLE_KREIS, page)
    if whole is not None:
        words = page.text[whole.start() : whole.end()]
        own = near if near and len(near) == 5 else place.kreis if place else None
        area = ServiceArea(words=words, municipalities=(own,) if own else (), sure=own is not None and own == near)
        return Found(area, words, "service_area.own_kreis", 0.8, whole.span())
    named = search(_AREA_WORDS, page)
    return _found(page.text, named.span(), near, place) if named is not None else None


def read_stated_area(words: str, *, near: str | None = None, place: Place | None = None) -> Found[ServiceArea] | None:
    """The area that a source states in words of their own: all of them count."""
    page = prose(words)
    if len(words) > _MAX_STATED or "km" in page.lower or "kilometer" in page.lower:
        return read_service_area(words, near=near, place=place)
    found = _found(page.text, (0, len(words)), near, place)
    return found if found.value.municipalities else read_service_area(page, near=near, place=place) or found


def _found(text: str, span: tuple[int, int], near: str | None, place: Place | None) -> Found[ServiceArea]:
    words = text[slice(*span)].strip()
    area = area_of(words, near=near, place=place)
    if not area.municipalities:
        return Found(area, words, "service_area.words", 0.6, span)
    return Found(
        area, words, "service_area.named" if area.sure else "service_area.rough", 0.88 if area.sure else 0.7, span
    )


def _radius(page: Prose, near: str | None, place: Place | None) -> Found[ServiceArea] | None:
    if "km" not in page.lower and "kilometer" not in page.lower:
        return None
    for match in all_matches(_RADIUS, page):
        begin, stop = page.around(match.start())
        if _NOT_A_RADIUS.search(page.lower[begin : match.start()]) or _NOT_A_RADIUS_AFTER.match(
            page.lower, match.end(), stop
        ):
            continue
        radius = parse(match[1] or match[2])
        if not 1 <= radius <= 500:
            continue
        around = _AROUND.match(page.text, match.end(1) + 3 if match[1] else match.end(2) + 3) or _AROUND.match(
            page.text, match.end()
        )
        centre = find_municipality(around["place"], near) if around else None
        end = around.end() if around and centre else match.end()
        if (
            centre is None and around is None
        ):  # the clause may name its towns elsewhere: "Raum Eutin und Plön, max. 15 km"
            drawn = area_of(page.text[begin:stop], near=near, radius_km=radius)
            if drawn.municipalities or drawn.lat is not None:
                return Found(drawn, drawn.words or "", "service_area.radius_in_clause", 0.7, (begin, stop))
        words = page.text[match.start() : end]
        if centre is not None:
            area = ServiceArea(words=words, radius_km=radius, lat=centre.point.lat, lon=centre.point.lon, sure=True)
        elif place is not None and place.lat is not None and around is None:
            area = ServiceArea(words=words, radius_km=radius, lat=place.lat, lon=place.lon)
        else:
            area = ServiceArea(words=words, radius_km=radius)
        return Found(area, words, "service_area.radius", 0.88 if centre else 0.75, (match.start(), end))
    return None
