"""Which municipalities share a postcode, from a table under the ODbL: for guesses inside, never for an exported column.

Nothing that harvests or that feeds, API and dumps reach may import this module (DESIGN law 8); `tests/test_floors.py`
holds it.
"""

from functools import cache

from schemas.geography.tables import rows


def municipalities_of_postcode(postcode: str) -> tuple[str, ...]:
    """AGS of the municipalities in which a postcode is used, in order of the key; empty where unknown."""
    return _table().get(postcode, ())


@cache
def _table() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for postcode, ags in rows("geo/odbl_postcode_municipality.csv"):
        found.setdefault(postcode, []).append(ags)
    return {postcode: tuple(keys) for postcode, keys in found.items()}
