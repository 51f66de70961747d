"""Where it happens."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from harvesters.normalise.evidence import Found
from schemas.geography import find_places, locate, parse_address
from schemas.organisation import Place, Precision

_NOT_A_VENUE: Final = re.compile(
    r"^(?:in|bei|an|auf) (?:ihre[rnm]?|eure[rnm]?|ihnen|euch|der|den|einer)\b.*|^(?:ihre|"
    r"eure) (?:kita|schule|einrichtung|räume).*|^kitas? (?:in|auf|im|der) .*|"
    r"^(?:kitas?|hort|schule|krippe)$|^(?:euer|ihr) \w+$|^w przedszkolu$|^vor ort.*|^online.*|^mobil.*|"
    r"^nach vereinbarung.*|^zoom.*|^siehe .*|"
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
    address, name = parse_address(venue, near), words.name
    if name and not venue:
        within = parse_address(name, near)
        if within.postcode and words.postcode in (None, within.postcode):
            address, name = within, None
    name = name or address.venue
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
