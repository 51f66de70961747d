"""Gold corpora: folders with ``offers.ndjson``, ``kitas.ndjson`` and ``qrels.csv``, read into our models.

Keys that we do not know are ignored, so that a corpus may carry more than we use. Everything else that is not as
expected is a ``CorpusError`` with file and line. What the fields of a corpus mean is written in its own README.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harvesters.normalise.area_words import area_of
from schemas.exceptions import CorpusError
from schemas.geography.places import locate
from schemas.kita import Group, Interval, Kita
from schemas.offer import (
    AgeRange,
    GroupSize,
    Occurrence,
    Offer,
    Price,
    Recurrence,
    Schedule,
    ServiceArea,
    Suitability,
)
from schemas.organisation import Place, Precision, Provider
from schemas.vocabulary import (
    Access,
    Answer,
    Area,
    Audience,
    Kind,
    Mode,
    PriceModel,
    ScheduleKind,
    Status,
    TravelMeans,
    Verdict,
    Weather,
    Weekday,
)

M = TypeVar("M", bound=BaseModel)


class _Line(BaseModel):
    """A frozen model of one line that ignores unknown keys."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class GoldPrice(_Line):
    """The price as a careful reader takes it from the text."""

    model: PriceModel
    amount_eur: float | None = Field(None, ge=0)
    extra_eur: float | None = Field(None, ge=0)
    adults_free: bool | None = None


class Gold(_Line):
    """What a careful reader takes from title, text and place; an absent key is *not stated*."""

    suitable_for_kita: bool
    audience: str
    age_min_months: int | None = Field(None, ge=0, le=1200)
    age_max_months: int | None = Field(None, ge=0, le=1200)
    price: GoldPrice | None = None
    group_min: int | None = Field(None, ge=0)
    group_max: int | None = Field(None, ge=0)
    duration_minutes: int | None = Field(None, ge=1)
    mode: tuple[Mode, ...] = ()
    schedule: ScheduleKind | None = None
    occurrences: tuple[str, ...] = ()
    recurrence: str | None = None
    weekdays: tuple[Weekday, ...] = ()
    topics: tuple[Area, ...] = ()
    languages: tuple[str, ...] = ()
    accessibility: tuple[Access, ...] = ()
    outdoor: bool | None = None
    postal_code: str | None = None
    locality: str | None = None
    lat: float | None = None
    lon: float | None = None
    service_area_km: float | None = Field(None, gt=0)
    service_area_text: str | None = None
    cancelled: bool = False
    same_as_group: str | None = None


class OfferLine(_Line):
    """One line of ``offers.ndjson``: what a harvester sees, and the gold beside it."""

    id: str = Field(min_length=1)
    source_kind: str | None = None
    provider: str | None = None
    provider_type: str | None = None
    url: str | None = None
    title: str = Field(min_length=1)
    text: str = ""
    place_text: str | None = None
    seen_on: date
    gold: Gold


class _GroupLine(_Line):
    name: str
    age_from_months: int
    age_to_months: int
    children: int | None = None
    adults: int | None = None
    walking_range_m: int | None = None


class _KitaLine(_Line):
    id: str
    name: str
    postal_code: str | None = None
    locality: str | None = None
    lat: float | None = None
    lon: float | None = None
    groups: tuple[_GroupLine, ...] = ()
    focus_topics: tuple[Area, ...] = ()
    concept: str | None = None
    max_cost_per_child_eur: float | None = None
    max_distance_km: float | None = None
    travel: TravelMeans | None = None
    accepts_mobile: bool | None = None
    needs: tuple[Access, ...] = ()
    languages: tuple[str, ...] = ()
    dislikes: str | None = None
    wishes: str | None = None
    already_used: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Corpus:
    """A gold corpus as models."""

    name: str
    """Name of its folder."""
    region: str
    """Official key of the Kreis in which most of its Kitas lie."""
    lines: tuple[OfferLine, ...]
    """The lines of ``offers.ndjson`` in their order."""
    gold_offers: list[Offer]
    """Per line the Offer that the gold fields describe, with the line's id."""
    kitas: list[Kita]
    """The profiles of ``kitas.ndjson``."""
    qrels: dict[str, dict[str, int]]
    """Kita id → offer id → grade from 0 to 3; a pair that is absent counts as 0."""
    same_as: dict[str, str]
    """Offer id → name of the group of offers that are the same one; absent for offers that stand alone."""

    @property
    def seen_on(self) -> date:
        """The latest day on which an offer of the corpus was seen."""
        return max(line.seen_on for line in self.lines)


def read_corpus(folder: Path) -> Corpus:
    """Read a corpus folder.

    Raises ``CorpusError`` naming file and line for a missing or empty file, a line that is not JSON or lacks what it
    must have, an id that appears twice, and a judgement about an offer or Kita that does not exist.
    """
    kita_lines = [(where, _validated(_KitaLine, data, where)) for where, data in _json_lines(folder / "kitas.ndjson")]
    kitas = [_kita(line, where) for where, line in kita_lines]
    offer_lines = [(where, _validated(OfferLine, data, where)) for where, data in _json_lines(folder / "offers.ndjson")]
    _refuse_twice([(where, line.id) for where, line in offer_lines])
    _refuse_twice([(where, line.id) for where, line in kita_lines])
    region = Counter(kita.region for kita in kitas).most_common(1)[0][0]
    offers = [_gold_offer(line, region, where) for where, line in offer_lines]
    return Corpus(
        name=folder.resolve().name,
        region=region,
        lines=tuple(line for _, line in offer_lines),
        gold_offers=offers,
        kitas=kitas,
        qrels=_qrels(folder / "qrels.csv", {kita.id for kita in kitas}, {offer.id for offer in offers}),
        same_as={line.id: line.gold.same_as_group for _, line in offer_lines if line.gold.same_as_group},
    )


def _json_lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each line with its place ("…/offers.ndjson line 3")."""
    empty = True
    for number, text in enumerate(_text(path).splitlines(), start=1):
        if not text.strip():
            continue
        empty = False
        where = f"{path} line {number}"
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise CorpusError(f"{where}: not JSON ({error}); expected one JSON object per line") from error
        if not isinstance(data, dict):
            raise CorpusError(f"{where}: read {type(data).__name__}; expected one JSON object per line")
        yield where, data
    if empty:
        raise CorpusError(f"{path}: no lines; expected one JSON object per line")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(
            f"{path}: cannot be read ({error}); a corpus holds offers.ndjson, kitas.ndjson and qrels.csv in UTF-8"
        ) from error


def _validated(model: type[M], data: Mapping[str, Any], where: str) -> M:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _refused(error, where) from error


def _refused(error: ValidationError, where: str) -> CorpusError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "line"
    return CorpusError(f"{where}: {key}: read {first.get('input')!r:.120}; {first['msg']}")


def _refuse_twice(ids: list[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for where, identifier in ids:
        if identifier in seen:
            raise CorpusError(f"{where}: id {identifier!r} was used before on {seen[identifier]}; ids must be unique")
        seen[identifier] = where


def _qrels(path: Path, kitas: set[str], offers: set[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {kita: {} for kita in kitas}
    reader = csv.DictReader(_text(path).splitlines())
    missing = {"kita_id", "offer_id", "relevance"} - set(reader.fieldnames or ())
    if missing:
        raise CorpusError(f"{path} line 1: no column {', '.join(sorted(missing))}; expected kita_id,offer_id,relevance")
    for row in reader:
        where, kita, offer, grade = f"{path} line {reader.line_num}", row["kita_id"], row["offer_id"], row["relevance"]
        if kita not in kitas or offer not in offers:
            raise CorpusError(f"{where}: {kita!r} or {offer!r} is in neither kitas.ndjson nor offers.ndjson")
        if grade not in ("0", "1", "2", "3"):
            raise CorpusError(f"{where}: relevance {grade!r}; expected 0, 1, 2 or 3")
        if offer in found[kita]:
            raise CorpusError(f"{where}: {kita} and {offer} were judged before; expected one line per pair")
        found[kita][offer] = int(grade)
    return found


def _kita(line: _KitaLine, where: str) -> Kita:
    located = locate(line.postal_code, line.locality)
    if located is None or located.kreis is None:
        raise CorpusError(
            f"{where}: place {line.postal_code} {line.locality} is in no table; expected a German postcode and place"
        )
    given = line.lat is not None and line.lon is not None
    try:
        return Kita(
            id=line.id,
            name=line.name,
            region=located.kreis,
            place=Place(
                postcode=line.postal_code,
                locality=line.locality,
                ags=located.ags,
                kreis=located.kreis,
                lat=line.lat if given else located.point.lat,
                lon=line.lon if given else located.point.lon,
                precision=located.precision,
            ),
            groups=tuple(
                Group(
                    name=group.name,
                    min_months=group.age_from_months,
                    max_months=group.age_to_months,
                    children=group.children,
                    adults=group.adults,
                    walking_range_m=group.walking_range_m,
                )
                for group in line.groups
            ),
            travel=line.travel,
            max_distance_km=line.max_distance_km,
            max_cost_per_child_eur=line.max_cost_per_child_eur,
            areas_wanted=line.focus_topics,
            concept=line.concept,
            wishes=line.wishes,
            dislikes=line.dislikes,
            languages=line.languages,
            needs=line.needs,
            accepts_mobile=line.accepts_mobile,
            closed=tuple(_interval(text, where) for text in line.closed),
            already_used=line.already_used,
            example=True,
        )
    except ValidationError as error:
        raise _refused(error, where) from error


def _interval(text: str, where: str) -> Interval:
    start, _, end = text.partition("/")
    try:
        return Interval(start=date.fromisoformat(start), end=date.fromisoformat(end or start))
    except ValueError as error:
        raise CorpusError(f"{where}: closed {text!r}: {error}; expected days like 2026-12-21/2027-01-03") from error


def _gold_offer(line: OfferLine, region: str, where: str) -> Offer:
    gold = line.gold
    try:
        return Offer(
            id=line.id,
            region=region,
            kind=_kind(gold),
            title=line.title,
            description=line.text or None,
            provider=Provider(name=line.provider) if line.provider else None,
            url=line.url,
            audience=_audience(gold, where),
            kita_suitability=Suitability(
                verdict=Verdict.YES if gold.suitable_for_kita else Verdict.NO,
                probability=1.0 if gold.suitable_for_kita else 0.0,
            ),
            ages=_ages(gold),
            group_size=_group_size(gold),
            duration_minutes=gold.duration_minutes,
            price=_price(gold.price),
            modes=gold.mode,
            place=_place(line, region),
            service_area=_service_area(gold, region),
            schedule=_schedule(gold, where),
            areas=gold.topics,
            languages=gold.languages,
            accessibility=dict.fromkeys(gold.accessibility, Answer.YES),
            weather=Weather.OUTDOOR if gold.outdoor else None,
            cancelled=gold.cancelled,
            status=Status.CANCELLED if gold.cancelled else Status.PUBLISHED,
            first_seen=None,
        )
    except ValidationError as error:
        raise _refused(error, where) from error


def _kind(gold: Gold) -> Kind:
    if gold.mode == (Mode.IN_KITA,):
        return Kind.MOBILE_VISIT
    return Kind.EVENT if gold.schedule is ScheduleKind.DATED else Kind.VISIT


def _audience(gold: Gold, where: str) -> tuple[Audience, ...]:
    if gold.audience == "none":
        return ()
    try:
        return (Audience(gold.audience),)
    except ValueError:
        allowed = ", ".join(Audience)
        raise CorpusError(f"{where}: gold.audience {gold.audience!r}; expected {allowed} or none") from None


def _ages(gold: Gold) -> AgeRange | None:
    if gold.age_min_months is None and gold.age_max_months is None:
        return None
    return AgeRange(min_months=gold.age_min_months, max_months=gold.age_max_months)


def _group_size(gold: Gold) -> GroupSize | None:
    if gold.group_min is None and gold.group_max is None:
        return None
    return GroupSize(children_min=gold.group_min, children_max=gold.group_max)


def _price(gold: GoldPrice | None) -> Price | None:
    """A gold price of model ``unknown`` is *not stated* (README of the corpora), hence no Price."""
    if gold is None or gold.model is PriceModel.UNKNOWN:
        return None
    return Price(model=gold.model, amount_eur=gold.amount_eur, extra_eur=gold.extra_eur, adults_free=gold.adults_free)


def _place(line: OfferLine, region: str) -> Place | None:
    gold = line.gold
    if not gold.postal_code and not gold.locality and gold.lat is None:
        return None
    located = locate(gold.postal_code, gold.locality, near=region)
    return Place(
        name=line.place_text[:200] if line.place_text else None,
        postcode=gold.postal_code,
        locality=gold.locality,
        ags=located.ags if located else None,
        kreis=located.kreis if located else None,
        lat=gold.lat,
        lon=gold.lon,
        precision=Precision.POSTCODE,
    )


def _service_area(gold: Gold, region: str) -> ServiceArea | None:
    """The annotated words and radius, resolved as the normaliser resolves those of a source."""
    if gold.service_area_text is None:
        return None if gold.service_area_km is None else ServiceArea(radius_km=gold.service_area_km)
    return area_of(gold.service_area_text, near=region, radius_km=gold.service_area_km)


def _schedule(gold: Gold, where: str) -> Schedule | None:
    if gold.schedule is None:
        return None
    return Schedule(
        kind=gold.schedule,
        occurrences=tuple(_occurrence(text, where) for text in gold.occurrences),
        recurrence=Recurrence(rule=gold.recurrence) if gold.recurrence else None,
        weekdays=gold.weekdays,
    )


def _occurrence(text: str, where: str) -> Occurrence:
    day, _, clock = text.partition("T")
    try:
        start: time | None = datetime.fromisoformat(text).time() if clock else None
        return Occurrence(day=date.fromisoformat(day), start=start)
    except ValueError as error:
        raise CorpusError(f"{where}: occurrence {text!r}: {error}; expected 2027-01-12T10:00 or 2027-01-12") from error
