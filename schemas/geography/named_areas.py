"""Islands and former Kreise by name: areas that no register lists and whose members are beyond doubt.

Own compilation of facts. Landscapes without a border of their own ("Angeln", "Haffküste") are left out on purpose,
and so are the many former Kreise not yet checked. A key is that of a Kreis (five digits), an association (nine) or a
municipality (eight); a leading minus takes it out again.
"""

from functools import cache
from typing import Final

from schemas.geography.names import fold
from schemas.geography.tables import association_members, municipalities_in

_ASSOCIATION: Final = 9
_ISLANDS: Final = {
    "Amrum": "01054085 01054089 01054160",
    "Baltrum": "03452002",
    "Borkum": "03457002",
    "Fehmarn": "01055046",
    "Föhr": "010545488 -01054085 -01054089 -01054160",
    "Helgoland": "01056025",
    "Hiddensee": "13073040",
    "Juist": "03452013",
    "Langeoog": "03462007",
    "Norderney": "03452020",
    "Pellworm": "01054103",
    "Poel": "13074035",
    "Rügen": "130735353 130735357 130735359 130735362 -13073040 13073011 13073070 13073080",
    "Spiekeroog": "03462014",
    "Sylt": "01054168 01054046 01054061 01054078 01054149",
    "Usedom": "130755561 130755562 13075049",
    "Wangerooge": "03455021",
}
_FORMER_KREISE: Final = {  # dissolved on 4 September 2011
    "Ostvorpommern": "13075 -13075039 -130755554 -130755558 -130755552 -130755556 -130755559 -130755560 "
    "-13075105 -13075130 -13075136",
    "Rügen": "130735353 130735357 130735359 130735362 13073011 13073070 13073080",
    "Nordvorpommern": "13073 -130735353 -130735357 -130735359 -130735362 -13073011 -13073070 -13073080 -13073088",
    "Uecker-Randow": "130755552 130755556 130755559 130755560 13075105 13075130 13075136",
}


@cache
def islands() -> dict[str, tuple[str, ...]]:
    """Folded name of each island → the keys of its municipalities."""
    return {fold(name): _members(keys) for name, keys in _ISLANDS.items()}


@cache
def former_kreise() -> dict[str, tuple[str, ...]]:
    """Folded name of each former Kreis → the keys of today's municipalities in it."""
    return {fold(name): _members(keys) for name, keys in _FORMER_KREISE.items()}


def _members(keys: str) -> tuple[str, ...]:
    found: set[str] = set()
    for key in keys.split():
        members = {
            m.ags for m in (association_members if len(key.lstrip("-")) == 9 else municipalities_in)(key.lstrip("-"))
        }
        found = found - members if key.startswith("-") else found | members
    return tuple(sorted(found))
