"""What ranking says about one offer for one Kita, and the weekly Digest made of it."""

from datetime import date

from pydantic import Field

from schemas.base import Value


class ScorePart(Value):
    """One named part of a score: ``contribution = weight × value``; the score is their sum."""

    name: str
    """Name of the part, for instance ``age``, ``way``, ``cost``, ``timing``, ``areas``, ``wishes``."""
    value: float = Field(ge=-1, le=1)
    """How well it fits."""
    weight: float
    """How much it counts."""
    words: str | None = None
    """The fact behind it, in German."""

    @property
    def contribution(self) -> float:
        """What the part adds to the score."""
        return self.weight * self.value


class Reason(Value):
    """Why an offer is shown, or what to ask; true of the score part it names."""

    code: str
    """Reason code, a score part with a detail: ``age.covers``, ``way.walk``, ``cost.free``, ``price.unknown`` …"""
    text: str
    """One German sentence or phrase."""
    caution: bool = False
    """Whether it asks the Kita to check something."""


class Recommendation(Value):
    """One offer for one Kita."""

    kita: str
    """Id of the Kita."""
    offer: str
    """Id of the offer."""
    rank: int = Field(ge=1)
    """Place in the list, from 1."""
    score: float
    """Sum of the parts."""
    group: str | None = None
    """Name of the group it suits best."""
    parts: tuple[ScorePart, ...] = ()
    """The named parts of the score."""
    reasons: tuple[Reason, ...] = ()
    """Reasons and cautions in German, best first."""
    distance_km: float | None = None
    """Estimated way by road in kilometres; ``None`` for offers that come to the Kita or where a place is unknown."""
    cost_per_child_eur: float | None = None
    """Euro per child for that group; ``None`` is unknown."""
    day: date | None = None
    """The first date that suits; ``None`` for offers by arrangement."""


class Removed(Value):
    """An offer that a hard rule removed for this Kita."""

    offer: str
    """Id of the offer."""
    rule: str
    """Name of the rule."""
    words: str
    """German sentence that says why."""


class Digest(Value):
    """One week's mail to one Kita, as rendered from."""

    week: str = Field(pattern=r"^\d{4}-W\d{2}$")
    """ISO week."""
    kita: str
    """Id of the Kita."""
    recommendations: tuple[Recommendation, ...] = ()
    """What is recommended, best first."""
    ranked_on: date
    """Day for which ranking was made."""
