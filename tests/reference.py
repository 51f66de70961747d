"""The reference tables of the READMEs, made from the code: codes, fields of models, settings.

Each stands between `<!-- reference: NAME -->` and `<!-- end -->`. `make docs` writes them anew, `test_docs.py`
compares them.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import schemas.vocabulary
from schemas.publish import PublicOffer
from schemas.vocabulary import Code
from webapp.settings import SETTINGS

ROOT = Path(__file__).parents[1]


def vocabularies() -> list[type[Code]]:
    """Every vocabulary, in the order of its module."""
    return [
        thing
        for thing in vars(schemas.vocabulary).values()
        if isinstance(thing, type) and issubclass(thing, Code) and thing is not Code
    ]


def codes() -> str:
    """One table: vocabulary, meaning, codes with their German labels."""
    rows = (
        (f"`{thing.__name__}`", _sentence(thing.__doc__), " · ".join(f"`{code.value}` {code.label}" for code in thing))
        for thing in vocabularies()
    )
    return _table(("vocabulary", "says", "codes and German labels"), rows)


def fields(model: type[BaseModel]) -> str:
    """One table per model: `model` itself, then every model inside it, in order of first use."""
    schema = model.model_json_schema()
    definitions: dict[str, Any] = schema.get("$defs", {})
    inner = [name for name in _in_order_of_use(schema, definitions) if "properties" in definitions[name]]
    parts = [_fields_table(schema, definitions)]
    parts += [
        f"**{name}** – {_sentence(definitions[name].get('description'))}\n\n"
        + _fields_table(definitions[name], definitions)
        for name in inner
    ]
    return "\n\n".join(parts)


def settings() -> str:
    """One table: environment variable, default, meaning."""
    rows = ((f"`{s.variable}`", f"`{s.default}`" if s.default else "–", s.meaning) for s in SETTINGS)
    return _table(("variable", "default", "meaning"), rows)


TABLES: dict[tuple[str, str], Callable[[], str]] = {
    ("schemas/README.md", "codes"): codes,
    ("schemas/README.md", "offer"): lambda: fields(PublicOffer),
    ("webapp/README.md", "settings"): settings,
}
"""(document, name of the table) → what makes it."""


def with_table(text: str, name: str, table: str) -> str:
    """`text` with the named table replaced; ValueError where it has no such place."""
    pattern = re.compile(rf"(<!-- reference: {re.escape(name)} -->\n)(?:.*?\n)??(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"no place for it: write '<!-- reference: {name} -->' and '<!-- end -->' on their own lines")
    return pattern.sub(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", text, count=1)


def _fields_table(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    rows = (
        (f"`{name}`", _kind(field, definitions), _sentence(field.get("description")))
        for name, field in schema["properties"].items()
    )
    return _table(("field", "holds", "meaning"), rows)


def _kind(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    """A JSON Schema type in words; a field that may be absent is not marked, since all but a few may."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"`{name}`" if "enum" in definitions[name] else f"**{name}**"
    if "anyOf" in field:
        return " or ".join(_kind(option, definitions) for option in field["anyOf"] if option.get("type") != "null")
    if field.get("type") == "array":
        return f"list of {_kind(field['items'], definitions)}"
    if field.get("type") == "object":
        values = field.get("additionalProperties")
        key = _kind(field["propertyNames"], definitions) if "propertyNames" in field else "text"
        return f"{key} → {_kind(values, definitions)}" if isinstance(values, dict) else "object"
    words = {"string": "text", "number": "number", "integer": "whole number", "boolean": "yes or no"}
    return {"date": "date", "date-time": "moment", "time": "time"}.get(field.get("format", ""), words[field["type"]])


def _in_order_of_use(schema: Any, definitions: dict[str, Any]) -> list[str]:
    found: list[str] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.append(name)
                walk(definitions[name])
            for key, value in part.items():
                if key != "$defs":
                    walk(value)
        elif isinstance(part, list):
            for value in part:
                walk(value)

    walk(schema)
    return found


def _sentence(text: str | None) -> str:
    return " ".join((text or "").replace("``", "`").split())


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def main() -> None:
    """Write every table into its document."""
    for (document, name), make in TABLES.items():
        path = ROOT / document
        path.write_text(with_table(path.read_text(encoding="utf-8"), name, make()), encoding="utf-8")


if __name__ == "__main__":
    main()
