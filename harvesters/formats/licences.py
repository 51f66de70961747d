"""What portals say of licences, ids and addresses in many spellings → the open licence of DCAT-AP.de it surely is."""

import re
from typing import Final

_LIST: Final = "http://dcat-ap.de/def/licenses/"
_PLAIN_IDS: Final = {
    "cc-zero": "cc-zero", "cc0": "cc-zero", "cc0-1.0": "cc-zero", "cc-zero-1.0": "cc-zero",
    "cc-by": "cc-by", "cc-by-4.0": "cc-by/4.0", "cc-by-3.0-de": "cc-by-de/3.0", "cc-by-de-3.0": "cc-by-de/3.0",
    "cc-by-sa": "cc-by-sa", "cc-by-sa-4.0": "cc-by-sa/4.0", "cc-by-sa-3.0-de": "cc-by-sa-de/3.0",
    "cc-by-sa-de-3.0": "cc-by-sa-de/3.0",
    "dl-de-by-1.0": "dl-by-de/1.0", "dl-by-de-1.0": "dl-by-de/1.0",
    "dl-de-by-2.0": "dl-by-de/2.0", "dl-by-de-2.0": "dl-by-de/2.0",
    "dl-de-zero-2.0": "dl-zero-de/2.0", "dl-zero-de-2.0": "dl-zero-de/2.0",
    "odc-odbl": "odbl", "odbl": "odbl", "odc-by": "odby", "odby": "odby",
    "odc-pddl": "odcpddl", "pddl": "odcpddl", "odcpddl": "odcpddl", "ccpdm-1.0": "ccpdm/1.0",
}  # fmt: skip
"""Ids of CKAN and DCAT-AP.de → name in the list of DCAT-AP.de. What has no version keeps none."""
_BEGINNINGS: Final = re.compile(
    r"^(?:https?://)?(?:www\.)?(?:dcat-ap\.de/def/licenses/|opendefinition\.org/licenses/|govdata\.de/"
    r"|opendatacommons\.org/licenses/(?=odbl|by|pddl)|publications\.europa\.eu/resource/authority/licence/)"
)
_CREATIVE: Final = re.compile(
    r"creativecommons\.org/(?:licenses/(by|by-sa)|publicdomain/(zero|mark))/([\d.]+)(?:/(de))?$"
)


def licence_uri(stated: str) -> str | None:
    """The licence of the list of DCAT-AP.de that ``stated`` (an id or an address) surely is, where it is an open one.

    >>> licence_uri("dl-de-by-2.0"), licence_uri("https://creativecommons.org/licenses/by/4.0/deed.de")
    ('http://dcat-ap.de/def/licenses/dl-by-de/2.0', 'http://dcat-ap.de/def/licenses/cc-by/4.0')
    >>> licence_uri("cc-nc"), licence_uri("other-open"), licence_uri("https://creativecommons.org/licenses/by-nc/4.0/")
    (None, None, None)
    """
    plain = re.sub(r"/(?:deed(?:\.\w+)?|legalcode(?:\.\w+)?)$", "", stated.strip().lower().rstrip("/"))
    if (match := _CREATIVE.search(plain)) is not None:
        kind = match[1] or {"zero": "zero", "mark": "pdm"}[match[2]]
        name = f"cc{'' if kind == 'pdm' else '-'}{kind}-{match[3]}" + (f"-{match[4]}" if match[4] else "")
    else:
        name = re.sub(r"[\s_/]+", "-", _BEGINNINGS.sub("", plain))
        name = re.sub(r"(\d)-(\d)(?=$|-)", r"\1.\2", name)
        name = {"by-1.0": "odc-by", "pddl-1.0": "pddl", "odbl-1.0": "odbl"}.get(name, name)
    code = _PLAIN_IDS.get(name)
    return f"{_LIST}{code}" if code else None
