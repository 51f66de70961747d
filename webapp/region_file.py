"""Writes a Region as one TOML file that explains every key; what a key means is said in ``schemas.region`` only.

A text that a Region has to complete itself is marked with ``PLACEHOLDER``; ``placeholders`` finds what is left of them.
"""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.region import Coordinator, Region, Relay
from schemas.vocabulary import OFFICIAL_AREAS, Area
from webapp.region_keys import OfficialArea

PLACEHOLDER: Final = "[BITTE ERGÄNZEN"
"""How each gap in the texts begins; it ends with a closing bracket."""
TIMETABLES: Final[Mapping[str, str]] = {
    "MV": "https://www.fahrplanauskunft-mv.de",
    "SH": "https://www.nah.sh",
}
"""Timetable information per Land, as far as known; none of these addresses has been read by this program."""
AUTHORITIES: Final[Mapping[str, str]] = {
    "MV": "Der Landesbeauftragte für Datenschutz und Informationsfreiheit Mecklenburg-Vorpommern, Schwerin",
    "SH": "Unabhängiges Landeszentrum für Datenschutz Schleswig-Holstein, Kiel",
}
"""Who supervises data protection, per Land, as far as known."""

_TEXTS: Final = {"imprint": "impressum", "privacy": "datenschutz", "accessibility": "barrierefreiheit"}
_WIDTH: Final = 110
_GAP: Final = re.compile(r"\[BITTE ERGÄNZEN[^\]\n]{0,300}\]?")


def new_region(area: OfficialArea, land_name: str, *, base_url: str | None, coordinator: Coordinator | None) -> Region:
    """A Region for ``area`` with default texts, whose gaps are marked with ``PLACEHOLDER``."""
    host = urlsplit(base_url).hostname if base_url else None
    mail = coordinator.mail if coordinator else f"{PLACEHOLDER}: E-Mail-Adresse der Koordination]"
    said = {
        "name": area.name,
        "land": land_name,
        "mail": mail,
        "coordinator": coordinator.name if coordinator else f"{PLACEHOLDER}: Name der Koordination]",
        "address": base_url or f"{PLACEHOLDER}: Adresse des Portals]",
        "authority": AUTHORITIES.get(area.land, f"{PLACEHOLDER}: Aufsichtsbehörde für den Datenschutz]"),
    }
    values: dict[str, Any] = {
        "key": area.key,
        "name": area.name,
        "land": area.land,
        "languages": ("de",),
        "service_name": "Kitalotse",
        "sender_name": f"Kitalotse {area.short}",
        "official_areas": OFFICIAL_AREAS.get(area.land, {}),
        "timetable_url": TIMETABLES.get(area.land),
        "coordinators": (coordinator,) if coordinator else (),
        **{field: _default_text(file, said) for field, file in _TEXTS.items()},
    }
    if base_url:
        values["base_url"] = base_url
        values["sender_mail"] = f"kitalotse@{host}"
    if coordinator:
        values["reply_to"] = coordinator.mail
    return Region(**values)


def region_toml(region: Region) -> str:
    """``region`` as TOML: every key with what it means; keys that are not set stand there with their default, commented
    out. Reading it gives ``region`` again.
    """
    lines = [
        f"# Region {region.name} ({region.key}), written by `kitalotse init`. One file is one Region.",
        f"# Complete every {PLACEHOLDER} …]; `kitalotse doctor` names those that are left.",
        "# A key behind a # stands at its default; remove the # to set it.",
        "# Texts: an empty line begins a new paragraph, `## ` a heading, `- ` an item of a list.",
        "# What you change here counts after `kitalotse serve` and `kitalotse schedule` were started again.",
        "",
    ]
    given = region.model_fields_set
    tables = {"official_areas", "relay", "coordinators"}
    for name, field in Region.model_fields.items():
        if name in tables:
            continue
        value = getattr(region, name)
        lines += _comment(field)
        if name == "timetable_url" and value:
            lines.append("# Unverified: open it once, and try whether it fits.")
        lines += _entry(name, value, off=name not in given or value is None)
        lines.append("")
    return "\n".join([*lines, *_official_areas(region), *_relay(region.relay), *_coordinators(region)])


def placeholders(region: Region) -> Iterator[tuple[str, str]]:
    """(key, gap) of each placeholder that nobody has replaced yet."""
    for name in Region.model_fields:
        value = getattr(region, name)
        if isinstance(value, str):
            for gap in _GAP.findall(value):
                yield name, gap


def unfinished(text: str) -> bool:
    """Whether a text of a Region still has a gap."""
    return PLACEHOLDER in text


def _default_text(file: str, said: Mapping[str, str]) -> str:
    text = resources.files("webapp").joinpath("texts", f"{file}.txt").read_text("utf-8")
    for name, value in said.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _comment(field: FieldInfo) -> list[str]:
    words = " ".join((field.description or "").split())
    return [f"# {line}" for line in textwrap.wrap(words, _WIDTH, break_long_words=False, break_on_hyphens=False)]


def _entry(name: str, value: Any, *, off: bool) -> list[str]:
    """``name = value``; commented out where ``off``."""
    written = f"{name} = {_value(value)}"
    return [f"#{line}" for line in written.split("\n")] if off else [written]


def _value(value: Any) -> str:
    match value:
        case None:
            return '""'
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str() if "\n" in value:
            escaped = value.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
            return f'"""\n{escaped}"""'
        case str():
            return json.dumps(value, ensure_ascii=False)
        case tuple():
            return "[" + ", ".join(_value(each) for each in value) + "]"
    raise TypeError(f"{value!r} has no form in a Region's file")


def _official_areas(region: Region) -> Iterator[str]:
    yield from _comment(Region.model_fields["official_areas"])
    yield "# Left our code, right the names in the Land's list; check them before official use."
    yield "[official_areas]"
    for area in Area:
        names = region.official_areas.get(area, ())
        yield from _entry(area.value, names or (area.label,), off=not names)
    yield ""


def _relay(relay: Relay | None) -> Iterator[str]:
    yield from _comment(Region.model_fields["relay"])
    yield "[relay]" if relay else "#[relay]"
    yield from _fields(relay, Relay, off=relay is None)
    yield ""


def _coordinators(region: Region) -> Iterator[str]:
    yield from _comment(Region.model_fields["coordinators"])
    for person in region.coordinators:
        yield "[[coordinators]]"
        yield from _fields(person, Coordinator, off=False)
        yield ""
    if not region.coordinators:
        yield "#[[coordinators]]"
        yield from _fields(None, Coordinator, off=True)
        yield ""


def _fields(value: BaseModel | None, model: type[BaseModel], *, off: bool) -> Iterator[str]:
    for name, field in model.model_fields.items():
        default = "" if field.is_required() else field.default
        said = default if value is None else getattr(value, name)
        yield from _comment(field)
        yield from _entry(name, said, off=off or said is None)
