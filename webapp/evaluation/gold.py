"""Offers with gold fields: what the corpus annotates, and for what it does not annotate what we read in its text."""

from collections.abc import Mapping, Sequence

from schemas.offer import Offer, Schedule, ServiceArea

_UNANNOTATED = ("kind", "topics", "booking", "funding", "capacity", "practicalities", "sold_out")
_OF_SCHEDULE = ("months", "hours", "bookable_from", "bookable_until", "words")


def completed(gold: Sequence[Offer], read: Mapping[str, Offer]) -> list[Offer]:
    """Gold offers with booking, season, hours, the map of service areas and what is *not* accessible from ``read``.

    A corpus annotates the fields that extraction is measured on; ranking also looks at others. ``read`` holds what
    normalising made of the same lines, by id; an offer that is not in it stays as it is.
    """
    return [_complete(offer, read[offer.id]) if offer.id in read else offer for offer in gold]


def _complete(gold: Offer, read: Offer) -> Offer:
    return gold.model_copy(
        update={
            **{name: getattr(read, name) for name in _UNANNOTATED},
            "schedule": _schedule(gold.schedule, read.schedule),
            "service_area": _service_area(gold.service_area, read.service_area),
            "accessibility": {**read.accessibility, **gold.accessibility},
        }
    )


def _schedule(gold: Schedule | None, read: Schedule | None) -> Schedule | None:
    if gold is None or read is None:
        return gold
    return gold.model_copy(update={name: getattr(read, name) for name in _OF_SCHEDULE})


def _service_area(gold: ServiceArea | None, read: ServiceArea | None) -> ServiceArea | None:
    """Words and radius as annotated; where these name neither set nor centre, both as read."""
    if gold is None or read is None or gold.municipalities or gold.lat is not None:
        return gold
    return read.model_copy(update={"words": gold.words, "radius_km": gold.radius_km or read.radius_km})
