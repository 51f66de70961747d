"""The JSON Schema files say what the models say, and what leaves the house keeps to them."""

import jsonschema
import orjson
import pytest

from schemas.jsonschema import FOLDER, MODELS, schema, schema_text
from schemas.publish import public
from schemas.stored import forms, numbered
from tests.factories import NOW, OPEN, make_offer, make_source


@pytest.mark.parametrize("name", MODELS)
def test_the_file_is_what_the_model_makes(name: str) -> None:
    """After a change of a model: ``python -m schemas.jsonschema`` writes the files anew."""
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == schema_text(name)


def test_there_is_no_file_without_a_model() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_every_schema_is_valid_and_every_field_explained(name: str) -> None:
    made = schema(name)

    jsonschema.Draft202012Validator.check_schema(made)
    for model in (made, *made.get("$defs", {}).values()):
        for field, said in model.get("properties", {}).items():
            assert said.get("description"), f"{model['title']}.{field} has no description"


def test_a_stored_line_keeps_to_the_public_schema() -> None:
    validator = jsonschema.Draft202012Validator(schema("offer"))
    line = orjson.loads(numbered(forms(make_offer(rights=OPEN)).line, 3, NOW))

    validator.validate(line)
    with pytest.raises(jsonschema.ValidationError, match="evidence"):
        validator.validate(line | {"evidence": "ab 4"})


def test_models_written_as_json_keep_to_their_schemas() -> None:
    for name, value in (("offer", public(make_offer())), ("internal_offer", make_offer()), ("source", make_source())):
        jsonschema.validate(value.model_dump(mode="json"), schema(name))


def test_an_unknown_name_has_no_schema() -> None:
    assert schema_text("nobody") is None
