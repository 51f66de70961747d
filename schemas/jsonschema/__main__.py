"""``python -m schemas.jsonschema``: write the JSON Schema files anew."""

from schemas.jsonschema import write

if __name__ == "__main__":
    write()
