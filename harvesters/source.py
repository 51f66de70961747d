"""Reading a source's description: TOML → ``Source``, with errors that say which key is wrong and what is expected."""

import codecs
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ValidationError

from harvesters.formats.by_kind import CATALOGUES, LISTINGS
from harvesters.formats.ckan import show_address
from harvesters.formats.oai_pmh import wrong_address
from harvesters.problems import ReadError
from schemas.harvest import RECORD_FIELDS, Access, AccessKind, Source
from schemas.offer import OfferFields

UNKNOWN_REGION: Final = "00"
"""Region of offers whose source is not described."""
_MAPPED: Final = frozenset((AccessKind.CSV, AccessKind.JSON, AccessKind.GEOJSON, AccessKind.PDF)) | CATALOGUES
"""Ways of access with columns or paths."""
_CRAWLED: Final = frozenset((AccessKind.STRUCTURED, AccessKind.HTML, AccessKind.PAGE, AccessKind.PDF))
"""Ways of access whose offers stand behind the links of a listing or in a sitemap's addresses."""
_LISTED: Final = frozenset(LISTINGS)
"""Ways of access that say themselves what is what."""
_RULE: Final = "source.description"
_SAY: Final = {
    "missing": "fehlt",
    "extra_forbidden": "ist unbekannt",
    "string_type": "muss Text in Anführungszeichen sein",
    "int_type": "muss eine ganze Zahl sein",
    "int_parsing": "muss eine ganze Zahl sein",
    "float_type": "muss eine Zahl sein",
    "bool_type": "muss true oder false sein",
    "tuple_type": "muss eine Liste in eckigen Klammern sein",
    "dict_type": "muss ein eigener Abschnitt sein",
    "model_type": "muss ein eigener Abschnitt sein",
}


def load_source(path: Path) -> Source:
    """The source described by a TOML file whose stem is the source's name.

    Raises ``ReadError`` (a ``SourceError``) with file, key, what is wrong and what is expected: broken TOML, unknown or
    missing keys, values of the wrong kind, a name that is not the file's, selectors that the way of access lacks.
    """
    where = str(path)
    try:
        mapping = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReadError(
            path.stem, where, _RULE, f"Die Datei ist nicht lesbar ({error.strerror}).", "Bitte den Pfad prüfen."
        ) from error
    except UnicodeDecodeError as error:
        raise ReadError(path.stem, where, _RULE, "Die Datei ist kein UTF-8.", "Bitte als UTF-8 speichern.") from error
    except tomllib.TOMLDecodeError as error:
        raise ReadError(
            path.stem, where, _RULE, f"Das ist kein gültiges TOML ({error}).", "Bitte die genannte Zeile prüfen."
        ) from error
    source = source_from(mapping, where)
    if source.name != path.stem:
        raise ReadError(
            source.name,
            where,
            _RULE,
            f"name = „{source.name}“, aber die Datei heißt „{path.name}“.",
            "Beide müssen gleich sein.",
        )
    return source


def source_from(mapping: Mapping[str, Any], where: str) -> Source:
    """The source in ``mapping`` (a TOML document, or a form of the desk); ``where`` is named in errors.

    Raises ``ReadError`` as ``load_source`` does.
    """
    name = str(mapping.get("name", Path(where).stem))
    try:
        source = Source.model_validate(mapping)
    except ValidationError as error:
        wrong = [_say(entry, mapping) for entry in error.errors()]
        raise ReadError(
            name, where, _RULE, " ".join(wrong[:12]), "Alle Schlüssel erklärt harvesters/README.md."
        ) from error
    if wrong := _unfit(source):
        raise ReadError(name, where, _RULE, " ".join(wrong), "Alle Schlüssel erklärt harvesters/README.md.")
    return source


def undescribed(access: Access) -> Source:
    """A source of which nothing is known but how it is read."""
    return Source(name="preview", region=UNKNOWN_REGION, access=access)


def _say(entry: Mapping[str, Any], mapping: Mapping[str, Any]) -> str:
    """One validation error as a German sentence that names the key, what was read and the nearest known key."""
    path = [str(step) for step in entry["loc"] if str(step) != "[key]"]
    key = ".".join(path)
    kind = str(entry["type"])
    if kind == "extra_forbidden":
        known = _known_keys(path[:-1])
        near = get_close_matches(path[-1], known, n=1)
        hint = f"Gemeint ist vielleicht „{near[0]}“." if near else f"Bekannt sind: {', '.join(known)}."
        return f"{key} ist unbekannt. {hint}"
    if kind == "literal_error":
        expected = str(entry.get("ctx", {}).get("expected", ""))
        if len(path) > 1 and path[-2] in ("fields", "defaults", "lookups"):
            near = get_close_matches(path[-1], sorted(RECORD_FIELDS), n=1)
            return f"{key} ist kein bekanntes Feld." + (f" Gemeint ist vielleicht „{near[0]}“." if near else "")
        return f"{key}: gelesen wurde „{entry['input']}“, möglich ist {expected.replace(' or ', ' oder ')}."
    if kind == "enum":
        expected = str(entry.get("ctx", {}).get("expected", "")).replace(" or ", " oder ")
        return f"{key}: gelesen wurde „{entry['input']}“, möglich ist {expected}."
    if kind in _SAY:
        return f"{key} {_SAY[kind]}."
    reason = str(entry["msg"]).removeprefix("Value error, ")
    return f"{key or 'rights'}: gelesen wurde „{str(entry['input'])[:80]}“ ({reason})."


def _known_keys(path: list[str]) -> list[str]:
    model: type[BaseModel] = Source
    for step in path:
        field = model.model_fields.get(step)
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return []
        model = field.annotation
    return sorted(model.model_fields)


def _unfit(source: Source) -> list[str]:
    """What the model cannot see: unknown zones and encodings, keys that the way of access needs or ignores."""
    access = source.access
    wrong: list[str] = []
    try:
        ZoneInfo(access.zone)
    except (ZoneInfoNotFoundError, ValueError):
        wrong.append(f"access.zone: „{access.zone}“ ist keine Zeitzone (zum Beispiel Europe/Berlin).")
    if access.encoding is not None:
        try:
            codecs.lookup(access.encoding)
        except LookupError:
            wrong.append(f"access.encoding: „{access.encoding}“ ist keine Kodierung (zum Beispiel windows-1252).")
    crawled, portal = access.kind in _CRAWLED, access.kind in CATALOGUES
    if access.kind is AccessKind.OAI:
        wrong.extend(f"access.start: {reason}" for reason in map(wrong_address, access.start) if reason)
    if access.kind is AccessKind.CKAN and show_address(access.start[0]) is None:
        wrong.append(
            "access.start: Gemeint ist die Seite des Datensatzes (https://…/dataset/name) "
            "oder die Auskunft darüber (https://…/api/3/action/package_show?id=name)."
        )
    if portal and len(access.start) > 1:
        wrong.append("access.start: Eine Quelle liest einen Datensatz, also steht hier eine Adresse.")
    if access.kind is AccessKind.HTML and "title" not in access.fields:
        wrong.append("access.fields.title fehlt: Ohne Selektor für den Titel ist kein Angebot zu erkennen.")
    if access.kind in _MAPPED and access.fields and "title" not in access.fields:
        wrong.append("access.fields.title fehlt: Ohne Spalte oder Pfad für den Titel ist kein Angebot zu erkennen.")
    for key, meaningful in (
        ("follow", crawled),
        ("next", crawled or portal or access.kind is AccessKind.JSON),
        ("sitemap", crawled),
        ("items", access.kind not in (AccessKind.STRUCTURED, AccessKind.ICAL, *_LISTED)),
        ("key", access.kind not in (AccessKind.PAGE, *_LISTED)),
        ("key_pattern", access.kind not in _LISTED),
        ("delimiter", portal or access.kind is AccessKind.CSV),
        ("dataset", access.kind is AccessKind.DCAT),
        ("distribution", portal),
    ):
        if getattr(access, key) is not None and not meaningful:
            wrong.append(f"access.{key} hat bei kind = „{access.kind.value}“ keine Wirkung.")
    if access.sitemap is not None:
        useless = [f"access.{key}" for key in ("follow", "next") if getattr(access, key) is not None]
        wrong += [f"{key} hat neben access.sitemap keine Wirkung." for key in useless]
    for name in source.expect.filled:
        if name not in OfferFields.model_fields:
            near = get_close_matches(name, OfferFields.model_fields, n=1)
            hint = f" Gemeint ist vielleicht „{near[0]}“." if near else ""
            wrong.append(f"expect.filled.{name} ist kein Feld eines Angebots.{hint}")
    without_fields = (AccessKind.ICAL, AccessKind.RSS, AccessKind.STRUCTURED, AccessKind.PAGE, *_LISTED)
    if access.fields and access.kind in without_fields:
        wrong.append(f"access.fields hat bei kind = „{access.kind.value}“ keine Wirkung.")
    return wrong
