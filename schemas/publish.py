"""What is published = harvested ⊕ corrections ⊕ decisions (law 1), and its public form (laws 8 and 9). Pure.

``publish`` makes the ``Offer`` as we hold it; ``public`` the ``PublicOffer`` that leaves the house: no evidence, no
personal contact, nobody's name from the desk, and of a source whose rights are ``facts_only`` none of its prose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import AwareDatetime, Field

from schemas.base import Value, unchecked
from schemas.offer import Offer, OfferFields, Provenance, Rights, Schedule, ServiceArea, SourceOffer
from schemas.review import Correction, Decision, DecisionKind, apply_corrections
from schemas.vocabulary import Audience, RightsKind, ScheduleKind, Status, Verdict
from schemas.wording import sentence

VISIBLE: Final[frozenset[Status]] = frozenset({Status.PUBLISHED, Status.CANCELLED})
"""Statuses that are shown; an offer of another status that was shown before leaves a tombstone."""

PROSE: Final[tuple[str, ...]] = ("summary", "description", "image")
"""Fields that are a source's own work; public only with an open licence or a permission."""

_WORDS: Final = {"price": "conditions", "schedule": "words", "service_area": "words"}
"""The same within fields that are facts otherwise: where each holds words of its source."""

MERGED: Final = "merged"
"""Why an offer is gone that was merged into another."""
MERGED_TITLE: Final = "(zusammengeführt)"
"""Title of what was merged into another offer."""

CHANGES: Final = "verändert: gekürzt, vereinheitlicht"
"""What we do to the texts of every source."""

CC_ZERO: Final = "http://dcat-ap.de/def/licenses/cc-zero"
"""Licence of the facts where a Region says nothing else, by its URI in DCAT-AP.de."""

DESK: Final = "desk"
"""Stands as the source of a corrected field."""

_EMPTY: Final = {name: field.get_default(call_default_factory=True) for name, field in OfferFields.model_fields.items()}
_FOR_US: Final = frozenset({Audience.KITA, Audience.HORT, Audience.STAFF})
_NOWHERE: Final = ServiceArea()
"""A service area of which nothing is left."""
_DAY: Final = timedelta(days=1)
_HIDDEN: Final = {
    Status.HELD: "withdrawn",
    Status.GONE: "withdrawn",
    Status.EXPIRED: "expired",
    Status.REJECTED: "rejected",
}


class ChangeKind(StrEnum):
    """What happened to an offer in the eyes of everybody."""

    CREATED = "created"
    """Shown for the first time."""
    UPDATED = "updated"
    """Shown with other content."""
    CANCELLED = "cancelled"
    """Shown as not taking place."""
    WITHDRAWN = "withdrawn"
    """No longer shown: its sources do not have it, or a coordinator has to look first."""
    RESTORED = "restored"
    """Shown again, or no longer cancelled."""
    EXPIRED = "expired"
    """No longer shown: its last day is over."""
    REJECTED = "rejected"
    """No longer shown: not for Kitas, by rule or by a coordinator."""


class Change(Value):
    """One change of what is published; numbers follow the order of commits, without gaps but where a backup was
    restored (law 4)."""

    number: int = Field(ge=1)
    """Its number, which becomes the offer's version."""
    offer: str
    """Id of the offer."""
    kind: ChangeKind
    """What happened."""
    at: AwareDatetime
    """When."""


@dataclass(frozen=True, slots=True)
class Member:
    """One source's offer among those that make up an Offer."""

    source_offer: SourceOffer
    """What the source says."""
    trust: Literal["hold", "publish"]
    """Whether the source's offers are looked at first."""
    present: bool
    """Whether its latest run showed it."""
    first_seen: AwareDatetime
    """When a run showed it first."""
    last_seen: AwareDatetime
    """When a run showed it last."""
    withdrawn: str | None = None
    """Why it was withdrawn, as a code; ``None`` while it stands."""


class PublicProvenance(Value):
    """Where one field's value comes from, without the words it was read from."""

    source: str
    """Name of the source, or ``desk`` for a value that a coordinator entered."""
    rule: str
    """Rule that read it."""
    confidence: float = Field(ge=0, le=1)
    """How sure the rule is."""
    address: str | None = None
    """Address that was read."""
    fetched_at: AwareDatetime | None = None
    """When it was read."""


class PublicRights(Value):
    """What may be done with the texts and images; who gave a permission stays in the house."""

    kind: RightsKind = RightsKind.FACTS_ONLY
    """Open licence, permission, or facts only."""
    licence: str | None = None
    """Licence URI of an open licence."""
    attribution: str | None = None
    """Name to credit."""
    changes: str | None = None
    """What was done to the texts, in German, for open licences ask to say so."""


_FIELDS: Final = tuple(OfferFields.model_fields)
_PROVENANCE: Final = tuple(PublicProvenance.model_fields)


class PublicOffer(OfferFields):
    """An offer as everybody may have it: pages, mails, feeds, dumps, API.

    With rights ``facts_only`` it has no summary, description, image, and no words of the source about price, times and
    service area; ``sentence`` says the same from the fields. Personal contacts are never in it.
    """

    id: str
    """Minted once, never reused."""
    version: int = Field(ge=0)
    """Number of the change that made this version."""
    region: str
    """Official key (AGS or prefix) of the Region whose source brought it."""
    status: Status
    """``published`` or ``cancelled``."""
    sentence: str
    """German sentence made from the fields alone."""
    sources: tuple[str, ...] = ()
    """Names of the sources that hold it, oldest first."""
    same_as: tuple[str, ...] = ()
    """Other addresses of the same offer."""
    replaced_by: str | None = None
    """Id of the offer it was merged into."""
    rights: PublicRights = PublicRights()
    """What may be done with texts and images."""
    data_licence: str | None = None
    """Licence of the facts, as a URI of DCAT-AP.de: in feeds, dumps and the API the one of the offer's Region."""
    provenance: dict[str, PublicProvenance] = {}
    """Per field: source, address, time, rule, confidence."""
    first_seen: AwareDatetime | None = None
    """When a source showed it first."""
    last_seen: AwareDatetime | None = None
    """When a source showed it last; in dumps: as of this version (a later look that finds nothing new is no change)."""
    last_confirmed: AwareDatetime | None = None
    """When a person confirmed it last."""


def publish(
    offer_id: str,
    region: str,
    members: Sequence[Member],
    corrections: Sequence[Correction],
    decisions: Sequence[Decision],
    *,
    today: date,
) -> Offer:
    """The Offer that ``members`` (oldest first, at least one), ``corrections`` and ``decisions`` make on ``today``.

    The first standing member speaks; the others fill what it leaves open, but never lend it their prose, and words
    within other fields only where they are published under their own rights, or not at all. ``version`` is 0: numbers
    are given by the store. Raises ``StoreError`` for a correction that its field cannot hold.
    """
    standing = [m for m in members if m.withdrawn is None] or list(members)
    standing.sort(key=lambda m: not m.present)
    harvested, provenance, rights = _merged([m.source_offer for m in standing])
    fields = apply_corrections(harvested, tuple(corrections))
    if fields is not harvested:
        provenance = provenance | {c.field: _edited(c) for c in corrections if c.undone_at is None}
    standing_decisions = [d for d in decisions if d.undone_at is None]
    decided = [d for d in standing_decisions if d.kind is not DecisionKind.CONFIRM]
    latest = max(decided, key=lambda d: (d.at, d.id or 0), default=None)
    status, reason = _status(fields, members, latest, today)
    confirmed = [d.at for d in standing_decisions if d.kind is not DecisionKind.REJECT]
    return unchecked(
        Offer,
        {name: getattr(fields, name) for name in _FIELDS}
        | {
            "id": offer_id,
            "version": 0,
            "region": region,
            "sources": tuple(m.source_offer.origin for m in members),
            "same_as": _other_addresses(fields, members),
            "replaced_by": None,
            "rights": rights,
            "status": status,
            "status_reason": reason,
            "provenance": provenance,
            "first_seen": min(m.first_seen for m in members),
            "last_seen": max(m.last_seen for m in members),
            "last_confirmed": max(confirmed, default=None),
        },
    )


def retired(offer_id: str, region: str, replaced_by: str) -> Offer:
    """What remains of an offer that was merged into ``replaced_by``: its address, which leads there."""
    return Offer(
        id=offer_id,
        version=0,
        region=region,
        title=MERGED_TITLE,
        status=Status.GONE,
        status_reason=MERGED,
        replaced_by=replaced_by,
    )


def harvested_fields(members: Sequence[Member]) -> OfferFields:
    """What the sources say together, before any correction."""
    standing = [m for m in members if m.withdrawn is None] or list(members)
    standing.sort(key=lambda m: not m.present)
    return _merged([m.source_offer for m in standing])[0]


def public(offer: Offer) -> PublicOffer:
    """The public form of ``offer``."""
    hidden: dict[str, Any] = {}
    contact = offer.booking.contact
    if contact is not None and contact.personal:
        hidden["booking"] = offer.booking.model_copy(update={"contact": None})
    if offer.kita_suitability is not None and offer.kita_suitability.reasons:
        hidden["kita_suitability"] = offer.kita_suitability.model_copy(update={"reasons": ()})
    if offer.rights.kind is RightsKind.FACTS_ONLY:
        hidden |= dict.fromkeys(PROSE)
        hidden |= {name: _without_words(name, getattr(offer, name)) for name in _WORDS}
    shown = offer.model_copy(update=hidden)
    return unchecked(
        PublicOffer,
        {name: getattr(shown, name) for name in _FIELDS}
        | {
            "id": offer.id,
            "version": offer.version,
            "region": offer.region,
            "status": offer.status,
            "sentence": sentence(shown),
            "sources": tuple(dict.fromkeys(key.source for key in offer.sources)),
            "same_as": offer.same_as,
            "replaced_by": offer.replaced_by,
            "rights": _public_rights(offer.rights),
            "data_licence": None,
            "provenance": {
                field: unchecked(PublicProvenance, {name: getattr(said, name) for name in _PROVENANCE})
                for field, said in offer.provenance.items()
            },
            "first_seen": offer.first_seen,
            "last_seen": offer.last_seen,
            "last_confirmed": offer.last_confirmed,
        },
    )


def facts(offer: Offer) -> PublicOffer:
    """The public form of ``offer`` without any prose of its source, whatever the source allows."""
    return public(offer.model_copy(update={"rights": Rights(attribution=offer.rights.attribution)}))


def bucket(rights: Rights | PublicRights) -> str:
    """What groups offers by what may be done with their texts: the licence, or the kind of rights where there is none.

    >>> bucket(Rights())
    'facts_only'
    """
    return rights.licence if rights.kind is RightsKind.OPEN and rights.licence else rights.kind.value


def change_kind(before: Status | None, after: Status, *, known: bool, differs: bool) -> ChangeKind | None:
    """What everybody sees happen when an offer goes from ``before`` to ``after``; ``None`` where they see nothing.

    ``known`` says whether it was ever shown, ``differs`` whether its public form does.
    """
    shown = before in VISIBLE
    if after not in VISIBLE:
        return ChangeKind(_HIDDEN[after]) if shown or (known and before is not after) else None
    if not shown:
        return ChangeKind.RESTORED if known else ChangeKind.CREATED
    if before is not after:
        return ChangeKind.CANCELLED if after is Status.CANCELLED else ChangeKind.RESTORED
    return ChangeKind.UPDATED if differs else None


def expires_on(schedule: Schedule | None) -> date | None:
    """The first day on which ``schedule.is_over``; ``None`` where no end is known, or the calendar ends before."""
    if schedule is None:
        return None
    ends = [schedule.bookable_until]
    if schedule.kind is ScheduleKind.DATED:
        ends.append(max((o.last_day for o in schedule.occurrences), default=None))
    elif schedule.recurrence is not None:
        ends.append(schedule.recurrence.ends_on)
    last = min((end for end in ends if end is not None), default=date.max)
    return last + _DAY if last < date.max else None


def _public_rights(rights: Rights) -> PublicRights:
    said = {"kind": rights.kind, "licence": rights.licence, "attribution": rights.attribution}
    return unchecked(PublicRights, said | {"changes": CHANGES if rights.kind is RightsKind.OPEN else None})


def _merged(offers: Sequence[SourceOffer]) -> tuple[OfferFields, dict[str, Provenance], Rights]:
    first, *others = offers
    if not others:
        return first.fields, first.provenance, first.rights
    content = {name: getattr(first.fields, name) for name in _FIELDS}
    provenance = dict(first.provenance)
    rights = first.rights
    for other in others:
        may_lend_words = other.rights == rights or RightsKind.FACTS_ONLY in (rights.kind, other.rights.kind)
        filled = []
        for name, empty in _EMPTY.items():
            if name in PROSE or content[name] != empty:
                continue
            value = getattr(other.fields, name)
            if name in _WORDS and not may_lend_words:
                value = _without_words(name, value)
            if value != empty and value != _NOWHERE:
                content[name] = value
                filled.append(name)
        for name in filled:
            if name in other.provenance:
                provenance[name] = other.provenance[name]
        if filled and other.rights.kind is RightsKind.FACTS_ONLY:
            rights = other.rights
    return OfferFields.model_construct(**content), provenance, rights


def _without_words(name: str, value: Any) -> Any:
    """``value`` of a field among ``_WORDS`` without them; itself where it has none."""
    if value is None or getattr(value, _WORDS[name]) is None:
        return value
    return value.model_copy(update={_WORDS[name]: None})


def _status(
    fields: OfferFields, members: Sequence[Member], decision: Decision | None, today: date
) -> tuple[Status, str]:
    if decision is not None and decision.kind is DecisionKind.REJECT:
        return Status.REJECTED, "rejected"
    if all(m.withdrawn is not None for m in members):
        return Status.GONE, members[-1].withdrawn or "withdrawn"
    if fields.schedule is not None and fields.schedule.is_over(today):
        return Status.EXPIRED, "over"
    verdict = fields.kita_suitability.verdict if fields.kita_suitability is not None else None
    if verdict is Verdict.UNSURE and (decision is None or decision.unsure is False):
        return Status.HELD, "unsure"  # also what somebody accepted while it was clear
    if decision is None:
        if verdict is Verdict.NO and not _FOR_US.intersection(fields.audience):
            return Status.REJECTED, "audience"
        if all(m.trust == "hold" for m in members):
            return Status.HELD, "new_source"
    if fields.cancelled:
        return Status.CANCELLED, "cancelled"
    return Status.PUBLISHED, "trusted" if decision is None else "accepted"


def _edited(correction: Correction) -> Provenance:
    return Provenance(source=DESK, rule="correction", confidence=1.0, fetched_at=correction.at, edited_by=correction.by)


def _other_addresses(fields: OfferFields, members: Sequence[Member]) -> tuple[str, ...]:
    addresses = dict.fromkeys(m.source_offer.fields.url for m in members)
    return tuple(address for address in addresses if address and address != fields.url)
