"""Lists of Kitas: the register of Schleswig-Holstein's Kita portal, and our own model as JSON or NDJSON.

A register knows neither groups nor recipients. From the ages it names one group is *assumed* and marked so; nobody gets
a mail before an address is added and confirmed. Pure: bytes in, Kitas and counts out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import ValidationError

from schemas.base import Value
from schemas.exceptions import CorpusError
from schemas.geography.distance import Point, distance_km
from schemas.geography.outlines import kreis_of
from schemas.geography.places import Located, locate, within
from schemas.kita import Group, Kita
from schemas.organisation import Place, Precision
from schemas.vocabulary import LANGUAGES

SH: Final = "01"
"""Official key of Schleswig-Holstein, whose portal the register comes from."""

_CODES: Final = {label: code for code, label in LANGUAGES.items()} | {"Dansk": "da", "English": "en", "Türkçe": "tr"}
"""The portal writes some languages in themselves."""
_MOST_LANGUAGES: Final = 10
"""More than this is the whole list ticked by mistake, not what children speak."""
_FARTHEST_KM: Final = 30.0
"""Coordinates farther than this from their postcode are a slip of the register."""


class Skipped(Value):
    """An entry that is no Kita we can keep."""

    where: str
    """Its position or id in the file."""
    why: str
    """What was wrong and what was expected."""


class KitaCounts(Value):
    """What a list held."""

    read: int = 0
    """Entries of the file."""
    kitas: int = 0
    """Kitas taken from it."""
    located_by_address: int = 0
    """Kitas whose coordinates the file gives."""
    located_by_postcode: int = 0
    """Kitas without coordinates, placed at the centre of their postcode or municipality."""
    coordinates_refused: int = 0
    """Kitas whose coordinates contradict their postcode by more than 30 km; placed by postcode as well."""
    not_located: int = 0
    """Kitas whose place is not known."""
    groups_assumed: int = 0
    """Kitas with one group derived from the ages of the register."""
    without_groups: int = 0
    """Kitas of which no ages are known."""
    elsewhere: int = 0
    """Kitas outside the Region asked for."""


@dataclass(frozen=True, slots=True)
class KitaList:
    """A file's Kitas, what was counted, and what could not be kept."""

    kitas: tuple[Kita, ...]
    counts: KitaCounts
    skipped: tuple[Skipped, ...]


def read_kitas(content: bytes, *, where: str, region: str | None = None) -> KitaList:
    """Kitas of a list, in its order.

    ``where`` names the file in messages. ``region`` is an official key: Kitas elsewhere are counted and left out; those
    inside belong to it. Without it a Kita of the register belongs to its Kreis. One bad entry is skipped with its
    reason. Raises ``CorpusError`` where the file as a whole is no list of Kitas.
    """
    entries = _entries(content, where)
    kitas: list[Kita] = []
    skipped: list[Skipped] = []
    seen: set[str] = set()
    elsewhere = coordinates_refused = 0
    for number, entry in enumerate(entries, 1):
        name = f"{where}, entry {number}"
        try:
            kita, refused = _from_portal(entry) if "address" in entry else (Kita.model_validate(entry), False)
        except (ValidationError, KeyError, TypeError, ValueError) as error:
            skipped.append(Skipped(where=name, why=_why(error)))
            continue
        if kita.id in seen:
            skipped.append(Skipped(where=name, why=f"the id {kita.id} comes a second time; ids are unique in a list"))
            continue
        seen.add(kita.id)
        if region is not None and not within(kita.place.ags or kita.place.kreis or kita.region, region):
            elsewhere += 1
            continue
        coordinates_refused += refused
        kitas.append(kita.model_copy(update={"region": region}) if region else kita)
    if entries and len(skipped) == len(entries):
        raise CorpusError(f"{where}: none of {len(entries)} entries is a Kita; the first: {skipped[0].why}")
    return KitaList(tuple(kitas), _count(kitas, len(entries), elsewhere, coordinates_refused), tuple(skipped))


def _entries(content: bytes, where: str) -> Sequence[Mapping[str, Any]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{where}: byte {error.start} is not UTF-8; save the list as UTF-8") from error
    if text.lstrip()[:1] == "[":
        document = _json(text, where, first_line=1)
    else:
        lines = enumerate(text.splitlines(), 1)
        document = [_json(line, where, first_line=number) for number, line in lines if line.strip()]
    if not document or not all(isinstance(entry, dict) for entry in document):
        raise CorpusError(f"{where}: expected a list of objects, one per Kita, and read none or something else")
    entries: Sequence[Mapping[str, Any]] = document
    return entries


def _json(text: str, where: str, *, first_line: int) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise CorpusError(
            f"{where}: line {first_line + error.lineno - 1}, column {error.colno}: {error.msg}; expected a JSON list "
            "of the Kita portal, or one Kita as JSON per line"
        ) from error


def _from_portal(entry: Mapping[str, Any]) -> tuple[Kita, bool]:
    """One entry of the Kita portal, and whether its coordinates were refused; blanks count as not stated."""
    address: Mapping[str, Any] = entry["address"]
    if not isinstance(address, dict):
        raise TypeError(f"address is {address!r:.80}; expected an object with street, postalcode and town")
    name, postcode, town = _text(entry["name"]), _text(address.get("postalcode")), _text(address.get("town"))
    if name is None:
        raise ValueError("name is empty; expected the name of the Kita")
    located = locate(postcode, town, near=SH)
    lat, lon = address.get("latitude"), address.get("longitude")
    point = Point(float(lat), float(lon)) if lat is not None and lon is not None else None
    refused = bool(point and located and distance_km(point, located.point) > _FARTHEST_KM)
    if refused:
        point = None
    kreis = (located.kreis if located else None) or (kreis_of(point) if point else None)
    kita = Kita(
        id=f"sh-{int(entry['id'])}",
        name=name,
        region=kreis or SH,
        place=_place(address, postcode, town, kreis, point, located),
        groups=_assumed_group(entry.get("careFrom"), entry.get("careTo")),
        concept=_text(entry.get("educationalConcept")),
        languages=_languages(entry.get("mehrsprachigkeit")),
    )
    return kita, refused


def _place(
    address: Mapping[str, Any],
    postcode: str | None,
    town: str | None,
    kreis: str | None,
    point: Point | None,
    located: Located | None,
) -> Place:
    street = " ".join(part for key in ("street", "number") if (part := _text(address.get(key))) and part != "0")
    precision = Precision.ADDRESS if point else located.precision if located else None
    point = point or (located.point if located else None)
    return Place(
        street=street or None,
        postcode=postcode,
        locality=town,
        ags=located.ags if located else None,
        kreis=kreis,
        lat=point.lat if point else None,
        lon=point.lon if point else None,
        precision=precision,
    )


def _assumed_group(low: Any, high: Any) -> tuple[Group, ...]:
    if not isinstance(low, int) or not isinstance(high, int) or not 0 <= low <= high <= 216:
        return ()
    return (Group(name="Alle Kinder", min_months=low, max_months=high, assumed=True),)


def _languages(words: Any) -> tuple[str, ...]:
    names = [name.strip() for name in (_text(words) or "").split(",")]
    if len(names) > _MOST_LANGUAGES:
        return ()
    return tuple(dict.fromkeys(_CODES[name] for name in names if name in _CODES))


def _text(value: Any) -> str | None:
    return " ".join(value.split()) or None if isinstance(value, str) else None


def _count(kitas: Iterable[Kita], read: int, elsewhere: int, refused: int) -> KitaCounts:
    counts: Counter[str] = Counter()
    for kita in kitas:
        counts["kitas"] += 1
        if kita.place.lat is None:
            counts["not_located"] += 1
        elif kita.place.precision in (Precision.POSTCODE, Precision.MUNICIPALITY):
            counts["located_by_postcode"] += 1
        else:
            counts["located_by_address"] += 1
        counts["groups_assumed"] += any(group.assumed for group in kita.groups)
        counts["without_groups"] += not kita.groups
    counts["located_by_postcode"] -= refused
    return KitaCounts(read=read, elsewhere=elsewhere, coordinates_refused=refused, **counts)


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)[:3])
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
