"""Where it happens, and where a mobile offer goes."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from harvesters.normalise.evidence import Found
from harvesters.normalise.numbers import NUMBER, parse
from harvesters.normalise.text import Prose, all_matches, prose, search
from schemas.geography import find_municipality, find_places, locate, parse_address
from schemas.geography.names import fold
from schemas.geography.tables import kreise
from schemas.offer import ServiceArea
from schemas.organisation import Place, Precision

_NOT_A_VENUE: Final = re.compile(
    r"^(?:in|bei|an|auf) (?:ihre[rnm]?|eure[rnm]?|ihnen|euch|der|den|einer)\b.*|^(?:ihre|"
    r"eure) (?:kita|schule|einrichtung|räume).*|^kitas? (?:in|auf|im|der) .*|"
    r"^kita(?:s)?$|^vor ort.*|^online.*|^mobil.*|^nach vereinbarung.*|^zoom.*|^siehe .*|"
    r"^wird (?:noch )?bekannt.*|^tba$|^n\.?\s?n\.?$|^-+$|^diverse.*|^verschiedene.*",
    re.I,
)
_ANYWHERE: Final = re.compile(
    r"\b(?:in|bei) (?:ihre[rnm]|eure[rnm]|ihnen|euch)\b|\bkita, alternativ|\bihre kita\b|"
    r"^kitas? (?:auf|in|im)\b|^in der kita\b|^in kitas\b",
    re.I,
)
_PARTS: Final = re.compile(r"\s+/\s+|;\s*|\s+oder\s+|, alternativ ")


@dataclass(frozen=True, slots=True)
class PlaceWords:
    """The words of a place, as the source gives them under separate names."""

    whole: str = ""
    name: str | None = None
    street: str | None = None
    postcode: str | None = None
    locality: str | None = None


def venue_words(text: str) -> str:
    """The part of a place's words that names a venue; empty where they only say "in Ihrer Kita" or "online".

    >>> venue_words("Feuerwache Wolgast / in Ihrer Kita")
    'Feuerwache Wolgast'
    """
    parts = [part.strip() for part in _PARTS.split(text.strip()) if part.strip()]
    return ", ".join(part for part in parts if not _NOT_A_VENUE.match(part))


def goes_to_kitas(text: str) -> bool:
    """Whether the words of a place name the Kita itself."""
    return _ANYWHERE.search(text) is not None


@lru_cache(maxsize=8192)
def read_place(words: PlaceWords, near: str | None, provider: str = "") -> Found[Place] | None:
    """The place that ``words`` mean.

    Town by address, else by the one municipality named in the venue, else in the provider's name.
    """
    venue = venue_words(words.whole) if words.whole else ""
    if not (venue or words.name or words.street or words.postcode or words.locality):
        return None
    address = parse_address(venue, near)
    name = words.name or address.venue
    street = words.street or address.street
    postcode = words.postcode if words.postcode and re.fullmatch(r"\d{5}", words.postcode) else address.postcode
    locality = words.locality or address.locality
    rule, confidence = "place.address", 0.93 if postcode else 0.88
    if locality is None and postcode is None:
        named = _towns(venue or words.name or "", near)
        trailing = None if named else _trailing_town(venue or words.name or "", near)
        if len(named) == 1:
            locality, rule, confidence = named[0], "place.town_in_venue", 0.8
        elif trailing:
            locality, rule, confidence = trailing, "place.town_at_the_end", 0.65
        elif not named and provider:
            of_provider = _towns(provider, near)
            if len(of_provider) == 1:
                locality, rule, confidence = of_provider[0], "place.town_of_provider", 0.55
    located = locate(postcode, locality, near=near)
    place = Place(
        name=name[:200] if name else None,
        street=street[:200] if street else None,
        postcode=postcode or (located.postcode if located else None),
        locality=(locality or (located.locality if located else None) or "")[:120] or None,
        ags=located.ags if located else None,
        kreis=located.kreis if located else None,
        lat=located.point.lat if located else None,
        lon=located.point.lon if located else None,
        precision=located.precision if located else None,
    )
    evidence = words.whole or ", ".join(
        filter(None, (words.name, words.street, " ".join(filter(None, (words.postcode, words.locality)))))
    )
    return Found(place, evidence, rule, confidence, (0, len(evidence)))


def with_point(place: Place | None, lat: float, lon: float) -> Place:
    """``place`` at a point that the source gives itself."""
    base = place.model_dump() if place else {}
    return Place(**{**base, "lat": lat, "lon": lon, "precision": Precision.ADDRESS})


@lru_cache(maxsize=8192)
def _trailing_town(text: str, near: str | None) -> str | None:
    """The town whose name ends the words of a venue ("VHS Greifswald"), where only one place in Germany bears it."""
    for part in reversed(text.split(",")):
        written = part.split()
        if len(written) < 2 or not written[-1][:1].isupper():
            continue
        address = parse_address(written[-1], near)
        if address.locality == written[-1] and address.street is None and locate(None, address.locality, near=near):
            return address.locality
    return None


@lru_cache(maxsize=8192)
def _towns(text: str, near: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found.name for _, _, found in find_places(text, near)))


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
_WHOLE_KREIS: Final = re.compile(
    r"\b(?:im|in dem|den|des|für den)\s(?:ganzen?|gesamten?|kompletten)\s(?:land)?kreis\w{0,2}\b|"
    r"\b(?:land)?kreisweit\b|im ganzen kreisgebiet|im gesamten kreisgebiet"
)
_NAMED_KREIS: Final = re.compile(
    r"\b(?:im |den |des |in )?(?:ganzen |gesamten )?(?:Landkreis(?:es)?|Kreis(?:es)?|"
    r"Region) ([A-ZÄÖÜ][\wäöüß-]{3,30}(?:[ -](?:[A-ZÄÖÜ][\wäöüß-]{2,30}|am|an der|im|in)){0,3})"
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
    for match in _NAMED_KREIS.finditer(page.text):
        found = _kreis(match[1])
        if found is not None:
            key, length = found
            end = match.start(1) + length
            words = page.text[match.start() : end]
            return Found(
                ServiceArea(words=words, municipalities=(key,), sure=True),
                words,
                "service_area.kreis",
                0.88,
                (match.start(), end),
            )
    whole = search(_WHOLE_KREIS, page)
    if whole is not None:
        words = page.text[whole.start() : whole.end()]
        own = near if near and len(near) == 5 else place.kreis if place else None
        area = ServiceArea(words=words, municipalities=(own,) if own else (), sure=own is not None and own == near)
        return Found(area, words, "service_area.own_kreis", 0.8, whole.span())
    named = search(_AREA_WORDS, page)
    if named is not None:
        words = page.text[named.start() : named.end()].strip()
        return Found(ServiceArea(words=words[:400]), words, "service_area.words", 0.6, named.span())
    return None


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
        words = page.text[match.start() : end]
        if centre is not None:
            area = ServiceArea(words=words, radius_km=radius, lat=centre.point.lat, lon=centre.point.lon, sure=True)
        elif place is not None and place.lat is not None and around is None:
            area = ServiceArea(words=words, radius_km=radius, lat=place.lat, lon=place.lon)
        else:
            area = ServiceArea(words=words, radius_km=radius)
        return Found(area, words, "service_area.radius", 0.88 if centre else 0.75, (match.start(), end))
    return None


@cache
def _kreis_names() -> dict[str, str]:
    """Folded name of a Kreis → its key, where only one bears it."""
    names: dict[str, list[str]] = {}
    for key, kreis in kreise().items():
        names.setdefault(fold(re.sub(r"^(?:Landkreis|Kreis)\s|,.*$", "", kreis.name)), []).append(key)
    return {name: keys[0] for name, keys in names.items() if len(keys) == 1}


def _kreis(text: str) -> tuple[str, int] | None:
    """The Kreis at the beginning of ``text`` and how many characters name it."""
    words = re.split(r"(?<=[\wäöüß])(?= )", text)
    for count in range(len(words), 0, -1):
        name = "".join(words[:count])
        key = _kreis_names().get(fold(name.strip()))
        if key is not None:
            return key, len(name)
    return None
