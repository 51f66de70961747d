"""From a postcode and a place name to a point, a Kreis and, where it is certain, a municipality.

What is not certain stays unknown: a name with several bearers gives a place only where the Region, the postcode, the
words behind the name or sheer size (`_DOMINANT_POPULATION`) leave one of them. Municipality keys come from place name
and Kreis in the official list, never from a share-alike table.
"""

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from schemas.geography.distance import Point, centre, distance_km
from schemas.geography.names import PlaceName, abbreviates, place_name, split_district
from schemas.geography.tables import (
    Municipality,
    PostcodePlace,
    associations,
    kreise,
    land_name,
    municipalities,
    municipalities_in,
    postcodes,
)
from schemas.organisation import Precision

AgsSource = Literal["official_name", "single_municipality"]

_SAME_PLACE_KM = 8.0
_SAME_PLACE_RADII = 2.0
_DOMINANT_POPULATION = 100_000
_DOMINANT_RATIO = 20
_PREFIX_POPULATION = 50_000
_KNOWN_BEYOND = 3_000
_MAX_DISTRICT_WORDS = 2
_MIN_REGION_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Located:
    """Where something is, as far as it is certain."""

    point: Point
    precision: Precision
    """POSTCODE: centre of the place in its postcode, or of all places of that; MUNICIPALITY: centre of it."""
    postcode: str | None
    """As given, or the only postcode of the place."""
    locality: str | None
    """Name of the place in the tables; None where the postcode has several and the name given is none of them."""
    kreis: str | None
    """Five digits; None where the postcode lies in several Kreise."""
    ags: str | None
    """Eight digits, where certain."""
    ags_source: AgsSource | None
    """How the key was found: by name and Kreis in the official list, or because the Kreis is a single municipality."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One bearer of a name: a municipality, or a place of the postcode table that is no municipality of its own."""

    name: str
    tail: tuple[str, ...]
    kreis: str
    point: Point
    postcodes: tuple[str, ...]
    municipality: Municipality | None

    @property
    def population(self) -> int:
        """Inhabitants of the municipality; 0 for other places, which no list counts."""
        return self.municipality.population if self.municipality else 0

    @property
    def key(self) -> str:
        """The most exact official key known."""
        return self.municipality.ags if self.municipality else self.kreis


def locate(postcode: str | None, locality: str | None, *, near: str | None = None) -> Located | None:
    """Find a place by postcode, by name, or both; None where nothing certain is known.

    `near` is the official key of the Region (AGS prefix) and settles names that have several bearers. A known postcode
    decides; the name then chooses among its places. Look-ups only: the time does not depend on the size of the tables.
    """
    postcode = postcode.strip() if postcode else None
    places = postcodes().get(postcode, ()) if postcode else ()
    if places:
        return _in_postcode(places, locality)
    if not locality:
        return None
    candidate = find_place(locality, near=near, postcode=postcode)
    if candidate is None:
        return None
    only = candidate.postcodes[0] if len(candidate.postcodes) == 1 else None
    if candidate.municipality is not None:
        ags = candidate.municipality.ags
        return Located(
            candidate.point, Precision.MUNICIPALITY, only, candidate.name, candidate.kreis, ags, "official_name"
        )
    return Located(
        candidate.point, Precision.POSTCODE, only, candidate.name, candidate.kreis, *_single(candidate.kreis)
    )


def find_municipality(name: str, near: str | None = None) -> Municipality | None:
    """The municipality of a name, or of the first part of "Greifswald-Wieck", "Kröslin OT Freest"; None if unsure."""
    candidate = find_place(name, near=near)
    return candidate.municipality if candidate else None


def find_place(
    name: str, *, near: str | None = None, postcode: str | None = None, strict: bool = False
) -> Candidate | None:
    """The one bearer of a name, or None; of a `postcode` that the tables do not know, the first digits still help.

    `strict` as in `resolve`.
    """
    whole, _ = split_district(name)
    found = resolve(place_name(whole), near=near, postcode=postcode, strict=strict)
    if found is not None or bearers(place_name(whole)):
        return found
    return _by_first_part(whole, near, postcode)


def bearers(name: PlaceName) -> tuple[Candidate, ...]:
    """All bearers of a name; a title before it ("Seebad") counts only where it is part of the official name."""
    index = _index()
    return index.get(name.head) or index.get(name.without_title().head, ())


def resolve(
    name: PlaceName, *, near: str | None = None, postcode: str | None = None, strict: bool = False
) -> Candidate | None:
    """The one bearer of a folded name. With `strict`, a qualifier that fits no bearer ("Lubmin am Hafen") is a miss.

    Beyond the Region a bare name counts from 3,000 inhabitants on: "Wieck" in Greifswald is its harbour, not the
    village on the Darß, 80 km away, that alone bears the name in the lists.
    """
    candidates = bearers(name)
    fitting = tuple(c for c in candidates if _fits(name.tail, c)) if name.tail else ()
    if strict and name.tail and not fitting:
        return None
    candidates = fitting or candidates
    if postcode and len(candidates) > 1:
        candidates = _closest_postcode(candidates, postcode)
    if near and len(candidates) > 1:
        candidates = _closest_region(candidates, near)
    chosen = _dominant(candidates) if len(candidates) > 1 else next(iter(candidates), None)
    if chosen is None or not near or postcode or fitting or within(chosen.key, near):
        return chosen
    return chosen if chosen.population >= _KNOWN_BEYOND else None


def _dominant(candidates: tuple[Candidate, ...]) -> Candidate | None:
    """The city that everybody means, if one of the namesakes is."""
    first, second = sorted(candidates, key=lambda c: -c.population)[:2]
    large = first.population >= _DOMINANT_POPULATION and first.population >= _DOMINANT_RATIO * second.population
    return first if large else None


def within(key: str, near: str) -> bool:
    """Whether a key lies in a Region; of a key of only five digits and a longer Region the Kreis decides."""
    return key.startswith(near) or (len(key) < len(near) and near.startswith(key))


def _closest_postcode(candidates: tuple[Candidate, ...], postcode: str) -> tuple[Candidate, ...]:
    for digits in (5, 2):
        same = tuple(c for c in candidates if any(p[:digits] == postcode[:digits] for p in c.postcodes))
        if same:
            return same
    return candidates


def _closest_region(candidates: tuple[Candidate, ...], near: str) -> tuple[Candidate, ...]:
    for region in (near, near[:2]):
        inside = tuple(c for c in candidates if within(c.key, region))
        if inside:
            return inside
    return candidates


def _fits(tail: tuple[str, ...], candidate: Candidate) -> bool:
    """Whether each word behind the name is explained by the bearer's own qualifier, association, Kreis or Land."""
    around = _words_of(candidate.kreis, candidate.municipality.association if candidate.municipality else "")
    for postcode in candidate.postcodes:
        around |= _association_words(postcode)
    return all(
        any(abbreviates(word, own) for own in candidate.tail)
        or (len(word) >= _MIN_REGION_LETTERS and any(full.startswith(word) for full in around))
        for word in tail
    )


@cache
def _words_of(kreis: str, association: str) -> frozenset[str]:
    texts = [kreise()[kreis].name, land_name(kreis)]
    if association:
        texts.append(associations()[association].name)
    names = [place_name(text) for text in texts]
    return frozenset(word for name in names for word in name.head + name.tail if len(word) >= _MIN_REGION_LETTERS)


@lru_cache(maxsize=4096)
def _association_words(postcode: str) -> frozenset[str]:
    """Words of the associations to which the places of a postcode belong: "Usedom-Süd" for Ahlbeck, 17419."""
    words: set[str] = set()
    for place in postcodes()[postcode]:
        municipality = _official(place_name(place.place), place)
        if municipality is not None:
            words |= _words_of(place.kreis, municipality.association)
    return frozenset(words)


def _by_first_part(text: str, near: str | None, postcode: str | None) -> Candidate | None:
    """The municipality in front of a district: "Münster-Coerde", and for cities "Berlin Kreuzberg"."""
    parts = text.split("-")
    for length in range(len(parts) - 1, 0, -1):
        found = resolve(place_name("-".join(parts[:length])), near=near, postcode=postcode, strict=True)
        if found is not None and found.municipality is not None:
            return found
    words = text.split()
    for length in range(len(words) - 1, max(0, len(words) - 1 - _MAX_DISTRICT_WORDS), -1):
        if not all(word[:1].isupper() for word in words[length:]):
            break
        found = resolve(place_name(" ".join(words[:length])), near=near, postcode=postcode, strict=True)
        if found is not None and found.population >= _PREFIX_POPULATION:
            return found
    return None


def _in_postcode(places: tuple[PostcodePlace, ...], locality: str | None) -> Located:
    kreise_of_all = {place.kreis for place in places}
    postcode = places[0].postcode
    if locality:
        whole, _ = split_district(locality)
        name = place_name(whole)
        chosen = _of_name(places, name)
        if chosen:
            point, kreis = centre([p.point for p in chosen]), chosen[0].kreis
            official = _official(name, chosen[0])
            source: AgsSource | None = "official_name" if official else None
            ags, source = (official.ags, source) if official else _single(kreis)
            return Located(point, Precision.POSTCODE, postcode, chosen[0].place, kreis, ags, source)
        candidate = find_place(
            locality, near=next(iter(kreise_of_all)) if len(kreise_of_all) == 1 else None, postcode=postcode
        )
        if candidate is not None and any(_same_place(candidate.point, candidate.municipality, p) for p in places):
            official = candidate.municipality
            ags, source = (official.ags, "official_name") if official else _single(candidate.kreis)
            precision = Precision.POSTCODE if postcode in candidate.postcodes else Precision.MUNICIPALITY
            point = centre([p.point for p in places]) if precision is Precision.POSTCODE else candidate.point
            return Located(point, precision, postcode, candidate.name, candidate.kreis, ags, source)
    common = places[0].kreis if len(kreise_of_all) == 1 else None
    only = places[0] if len({place.place for place in places}) == 1 else None
    official = _official(place_name(only.place), only) if only and not locality else None
    ags, source = (official.ags, "official_name") if official else _single(common)
    return Located(
        centre([p.point for p in places]),
        Precision.POSTCODE,
        postcode,
        only.place if only else None,
        common,
        ags,
        source,
    )


def _of_name(places: tuple[PostcodePlace, ...], name: PlaceName) -> list[PostcodePlace]:
    """The places of one postcode with that name, all in one Kreis."""
    for head in (name.head, name.without_title().head):
        same = [p for p in places if place_name(p.place).head == head]
        if same:
            return [p for p in same if p.kreis == same[0].kreis]
    return []


def _official(name: PlaceName, place: PostcodePlace) -> Municipality | None:
    """The municipality of that name at that place: same Kreis and close by, or none."""
    close = [c.municipality for c in bearers(name) if c.municipality and _same_place(c.point, c.municipality, place)]
    return min(close, key=lambda m: (distance_km(m.point, place.point), m.ags)) if close else None


def _single(kreis: str | None) -> tuple[str | None, AgsSource | None]:
    """The municipality of a Kreis that has just one (a kreisfreie Stadt)."""
    members = municipalities_in(kreis) if kreis else ()
    return (members[0].ags, "single_municipality") if len(members) == 1 else (None, None)


@cache
def _index() -> dict[tuple[str, ...], tuple[Candidate, ...]]:
    """Folded name proper → its bearers; places of the postcode table are joined to the municipality of their name."""
    groups: dict[tuple[tuple[str, ...], str], list[PostcodePlace]] = {}
    for places in postcodes().values():
        for place in places:
            groups.setdefault((place_name(place.place).head, place.kreis), []).append(place)
    found: dict[tuple[str, ...], list[Candidate]] = {}
    for municipality in municipalities().values():
        name = place_name(municipality.name)
        own = [
            place
            for place in groups.get((name.head, municipality.kreis), ())
            if _same_place(municipality.point, municipality, place)
        ]
        found.setdefault(name.head, []).append(
            Candidate(
                municipality.name,
                name.tail,
                municipality.kreis,
                municipality.point,
                tuple(sorted({place.postcode for place in own})),
                municipality,
            )
        )
    for (head, kreis), places_of_name in groups.items():
        official = [c.municipality for c in found.get(head, ()) if c.municipality]
        others = [p for p in places_of_name if not any(_same_place(m.point, m, p) for m in official)]
        for cluster in _clusters(others):
            first = cluster[0]
            found.setdefault(head, []).append(
                Candidate(
                    first.place,
                    place_name(first.place).tail,
                    kreis,
                    centre([place.point for place in cluster]),
                    tuple(sorted({place.postcode for place in cluster})),
                    None,
                )
            )
    return {head: tuple(candidates) for head, candidates in found.items() if head}


def _clusters(places: list[PostcodePlace]) -> list[list[PostcodePlace]]:
    """Places of one name and Kreis, grouped where they lie close together."""
    clusters: list[list[PostcodePlace]] = []
    for place in places:
        home = next((c for c in clusters if _same_place(c[0].point, None, place)), None)
        if home is None:
            clusters.append([place])
        else:
            home.append(place)
    return clusters


def _same_place(point: Point, municipality: Municipality | None, place: PostcodePlace) -> bool:
    """Whether two entries of one name are one place.

    Both centres lie within twice the radius of a circle of the municipality's area, at least 8 km, in the same Kreis;
    in a Kreis that is one municipality always. Measured: of 12,427 entries of the postcode table that bear the name
    of a municipality of their Kreis, 20 lie farther away; these are namesakes (Ahlbeck on Usedom, 29 km from the
    municipality Ahlbeck) or misplaced in the original.
    """
    if municipality is None:
        return distance_km(point, place.point) <= _SAME_PLACE_KM
    if municipality.kreis != place.kreis:
        return False
    reach = max(_SAME_PLACE_KM, _SAME_PLACE_RADII * math.sqrt(municipality.area_km2 / math.pi))
    return len(municipalities_in(place.kreis)) == 1 or distance_km(point, place.point) <= reach
