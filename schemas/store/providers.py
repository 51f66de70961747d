"""Who offers something: actors, what they offer, and the conditions of access, made from published offers only.

Spellings of one name are one provider (``schemas.identifiers.provider_key``), whatever source they come from.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, Final

from pydantic import Field
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.columns import ANY_AGE, bits, codes_of
from schemas.offer import AgeRange
from schemas.search import tokens
from schemas.store.filters import SHOWN, word_filter
from schemas.store.listing import MAX_TOKENS
from schemas.tables.harvest import sources
from schemas.tables.offers import published
from schemas.vocabulary import Access, Area, BookingWay, Kind, Mode

CHILDREN: Final = 15
"""Children among whom a group's price is shared, for a range of costs."""
MAX_PLACES: Final = 12
"""Places that are named; the others are counted."""


class Actor(Value):
    """One provider, as far as its published offers tell; everything most frequent first."""

    key: str
    """Stands for the name in addresses."""
    name: str
    """The most frequent spelling."""
    offers: int = Field(ge=1)
    """Published offers."""
    kinds: tuple[Kind, ...]
    """Kinds of its offers."""
    areas: tuple[Area, ...]
    """Areas of learning of its offers."""
    places: tuple[str, ...]
    """Towns, at most ``MAX_PLACES``."""
    more_places: int
    """Towns beyond those."""
    in_kita: int
    """Offers that come to the Kita."""
    free: int
    """Offers that cost nothing."""
    cost_from: float | None
    """Least euro per child in a group of ``CHILDREN``, among those that cost something; ``None`` where none does."""
    cost_to: float | None
    """Most euro per child, likewise."""
    cost_unknown: int
    """Offers that do not state what they cost."""
    ages: AgeRange | None
    """From the youngest to the oldest age that offers state."""
    ways: tuple[BookingWay, ...]
    """Ways to book."""
    access: tuple[Access, ...]
    """Accessibility that at least one offer states, perhaps with limits."""
    languages: tuple[str, ...]
    """Languages that offers name."""


class ActorPage(Value):
    """One page of a list of providers."""

    actors: list[Actor]
    """In the order of their names."""
    total: int
    """How many there are on all pages."""


def search_actors(
    session: Session,
    *,
    region: str | None = None,
    words: str | None = None,
    area: Area | None = None,
    limit: int = 20,
    offset: int = 0,
) -> ActorPage:
    """Providers with at least one published offer of ``area`` that has all ``words`` (the name is among them)."""
    c = published.c
    conditions: list[ColumnElement[bool]] = [SHOWN, c.provider_key.is_not(None)]
    if region is not None:
        conditions.append(c.region.startswith(region))
    if area is not None:
        conditions.append(_of_area(session, area))
    if words:
        terms = tokens(words)[:MAX_TOKENS]
        if not terms:
            return ActorPage(actors=[], total=0)
        conditions.append(word_filter(session, terms))
    found = select(c.provider_key).where(*conditions)
    if words:
        # Found once, then grouped: PostgreSQL would walk through all offers in the order of their providers instead.
        found = select(found.cte("found").prefix_with("MATERIALIZED").c.provider_key)
    (key,) = found.selected_columns
    keys = found.group_by(key)
    rows = session.execute(keys.add_columns(func.count().over()).order_by(key).limit(limit).offset(offset)).all()
    if rows:
        total = rows[0][1]
    else:  # a page beyond the last one
        total = session.execute(select(func.count()).select_from(keys.subquery())).scalar_one() if offset else 0
    page = [key for key, _ in rows]
    known = actors(session, page, region=region)
    return ActorPage(actors=[known[key] for key in page], total=total)


def actors(session: Session, keys: Collection[str], *, region: str | None = None) -> dict[str, Actor]:
    """What is known about these providers, by key; one without published offers is left out."""
    c = published.c
    wanted = (
        c.provider_key, c.provider, c.kind, c.areas, c.modes, c.cost_child, c.cost_group, c.ways, c.access,
        c.languages, c.locality, c.min_months, c.max_months,
    )  # fmt: skip
    query = select(*wanted).where(SHOWN, c.provider_key.in_(keys))
    if region is not None:
        query = query.where(c.region.startswith(region))
    rows: dict[str, list[Any]] = {}
    for row in session.execute(query.order_by(c.row)):
        rows.setdefault(row.provider_key, []).append(row)
    return {key: _actor(key, offers) for key, offers in rows.items()}


def source_titles(session: Session, names: Collection[str]) -> dict[str, str]:
    """What people call these sources, by name; deleted ones included."""
    c = sources.c
    found = session.execute(select(c.name, c.data).where(c.name.in_(names)))
    return {name: data.get("title") or data.get("provider") or name for name, data in found}


def _of_area(session: Session, area: Area) -> ColumnElement[bool]:
    c = published.c
    has_area = c.areas.op("&")(bits((area,))) != 0
    if session.get_bind().dialect.name == "sqlite":
        # By itself, so that each half is answered by an index of its own and nobody reads the rows.
        return c.row.in_(select(c.row).where(SHOWN, has_area))
    return has_area  # PostgreSQL would look each row up a second time


def _actor(key: str, rows: list[Any]) -> Actor:
    known = [row.cost_child + row.cost_group / CHILDREN for row in rows if row.cost_child is not None]
    paid = [cost for cost in known if cost > 0]
    ages = [(row.min_months, row.max_months) for row in rows if row.min_months >= 0]
    oldest = max((high for _, high in ages), default=ANY_AGE)
    in_kita = bits((Mode.IN_KITA,))
    places = _ranked(row.locality for row in rows if row.locality)
    return Actor(
        key=key,
        name=_ranked(row.provider for row in rows)[0],
        offers=len(rows),
        kinds=tuple(Kind(kind) for kind in _ranked(row.kind for row in rows)),
        areas=_codes(Area, (row.areas for row in rows)),
        places=places[:MAX_PLACES],
        more_places=max(0, len(places) - MAX_PLACES),
        in_kita=sum(bool(row.modes & in_kita) for row in rows),
        free=len(known) - len(paid),
        cost_from=min(paid, default=None),
        cost_to=max(paid, default=None),
        cost_unknown=len(rows) - len(known),
        ages=AgeRange(min_months=min(low for low, _ in ages), max_months=None if oldest == ANY_AGE else oldest)
        if ages
        else None,
        ways=_codes(BookingWay, (row.ways for row in rows)),
        access=_codes(Access, (row.access for row in rows)),
        languages=_ranked(code for row in rows if row.languages for code in row.languages.split(",")),
    )


def _ranked(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(value for value, _ in Counter(values).most_common())


def _codes(vocabulary: Any, found: Iterable[int | None]) -> tuple[Any, ...]:
    counts: Counter[Any] = Counter()
    for bit, times in Counter(found).items():  # few sets, of many offers
        counts.update(dict.fromkeys(codes_of(vocabulary, bit), times))
    return tuple(code for code, _ in counts.most_common())
