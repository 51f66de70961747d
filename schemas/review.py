"""What people decide: corrections, judgements, decisions. Nothing here is ever overwritten by a harvest (law 1).

Harvested value, corrected value and the value that the correction replaced are three things. ``apply_corrections`` and
``find_conflicts`` are pure; ``schemas.publish`` and ``schemas.store.reviews`` use them.
"""

from enum import StrEnum
from typing import Any, Final

from pydantic import AwareDatetime, Field, ValidationError

from schemas.base import Value
from schemas.exceptions import StoreError
from schemas.offer import OfferFields

CORRECTABLE: Final[frozenset[str]] = frozenset(OfferFields.model_fields)
"""Fields of an offer that a coordinator may correct."""


class Correction(Value):
    """A human value for one field of one offer."""

    id: int | None = None
    """Number in the database."""
    offer: str
    """Id of the offer."""
    field: str
    """Name of the field in ``OfferFields``."""
    value: Any
    """The human value in JSON form; ``None`` says *not stated*."""
    replaced: Any
    """The harvested value in JSON form at the time of the correction, or when it was last upheld."""
    by: str = Field(max_length=200)
    """Who."""
    at: AwareDatetime
    """When."""
    undone_at: AwareDatetime | None = None
    """When it was taken back."""


class JudgementKind(StrEnum):
    """Whether two offers are one."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


class Judgement(Value):
    """A human word on whether two offers are the same."""

    left: str
    """Id of the one offer (the smaller id)."""
    right: str
    """Id of the other."""
    kind: JudgementKind
    """Same, different or unsure."""
    by: str = Field(max_length=200)
    """Who."""
    at: AwareDatetime
    """When."""
    undone_at: AwareDatetime | None = None
    """When it was taken back."""


class DecisionKind(StrEnum):
    """What somebody said about an offer as a whole."""

    ACCEPT = "accept"
    REJECT = "reject"
    CONFIRM = "confirm"
    """*Still correct*: sets ``last_confirmed`` and decides nothing."""


class Decision(Value):
    """A human word on whether an offer is published."""

    id: int | None = None
    """Number in the database."""
    offer: str
    """Id of the offer."""
    kind: DecisionKind
    """Accept, reject or confirm."""
    by: str = Field(max_length=200)
    """Who."""
    at: AwareDatetime
    """When."""
    why: str | None = Field(None, max_length=500)
    """A word why."""
    unsure: bool | None = None
    """Whether its suitability was unsure when it was accepted; ``None`` where nobody kept that."""
    undone_at: AwareDatetime | None = None
    """When it was taken back."""


class ReviewKind(StrEnum):
    """Why an item lies on the desk."""

    NEW_OFFER = "new_offer"
    """A new source's offer waits for its first look."""
    UNSURE = "unsure"
    """Suitability is not sure."""
    CONFLICT = "conflict"
    """The source changed a field that a person had corrected."""
    WITHDRAWAL = "withdrawal"
    """Offers vanished, and withdrawing them is not plausible enough."""
    DUPLICATE = "duplicate"
    """It may be the same as another offer: ``field`` is the other's id, ``harvested`` says why."""
    SUGGESTION = "suggestion"
    """A visitor says that something is wrong: ``field`` is the suggestion's number, ``harvested`` what was said."""


class Review(Value):
    """An item on the desk."""

    id: int | None = None
    """Number in the database."""
    kind: ReviewKind
    """Why."""
    offer: str
    """Id of the offer."""
    field: str | None = None
    """For a conflict: the field."""
    harvested: Any = None
    """For a conflict: what the source says now."""
    corrected: Any = None
    """For a conflict: what the person said."""
    replaced: Any = None
    """For a conflict: what the source said when the person corrected it."""
    opened_at: AwareDatetime
    """When it was opened."""
    due_at: AwareDatetime | None = None
    """When the default applies if nobody decides."""
    default: str | None = None
    """What then happens, as a code: ``keep_correction``, ``stay_held``, ``withdraw``, ``keep_both``, ``keep_value``."""
    closed_at: AwareDatetime | None = None
    """When it was closed."""
    closed_by: str | None = None
    """Who closed it, or ``harvest`` where the cause went away."""


class Conflict(Value):
    """A corrected field whose harvested value has changed since."""

    field: str
    """Name of the field."""
    harvested: Any
    """What the source says now."""
    corrected: Any
    """What the person said."""
    replaced: Any
    """What the source said then."""


def apply_corrections(fields: OfferFields, corrections: tuple[Correction, ...]) -> OfferFields:
    """``fields`` with every standing correction in place of the harvested value; the latest of a field wins.

    Raises ``StoreError`` for an unknown field or a value that the field cannot hold.
    """
    standing = {c.field: c.value for c in sorted(corrections, key=_age) if c.undone_at is None}
    if not standing:
        return fields
    if unknown := standing.keys() - CORRECTABLE:
        raise StoreError(f"fields {sorted(unknown)} cannot be corrected; known fields: {sorted(CORRECTABLE)}")
    try:
        return OfferFields.model_validate(fields.model_dump(mode="json") | standing)
    except ValidationError as error:
        raise StoreError(f"correction of {sorted(standing)} does not fit the field: {error}") from error


def find_conflicts(fields: OfferFields, corrections: tuple[Correction, ...]) -> tuple[Conflict, ...]:
    """Standing corrections whose harvested value is no longer the one they replaced, nor what the person wanted."""
    harvested = fields.model_dump(mode="json")
    latest = {c.field: c for c in sorted(corrections, key=_age) if c.undone_at is None}
    return tuple(
        Conflict(field=name, harvested=harvested[name], corrected=c.value, replaced=c.replaced)
        for name, c in sorted(latest.items())
        if harvested[name] not in (c.replaced, c.value)
    )


def _age(correction: Correction) -> tuple[AwareDatetime, int]:
    return correction.at, correction.id or 0
