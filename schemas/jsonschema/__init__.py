"""JSON Schema of the models, made from them; the files beside this module are compared with them in a test.

``python -m schemas.jsonschema`` writes them anew.
"""

from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import BaseModel

from schemas.harvest import HarvestRun, Issue, Record, Source
from schemas.kita import Feedback, Kita
from schemas.offer import Offer, SourceOffer
from schemas.publish import Change, PublicOffer
from schemas.recommendation import Digest, Recommendation
from schemas.region import Region
from schemas.review import Correction, Decision, Judgement, Review

FOLDER: Final = Path(__file__).parent

MODELS: Final[dict[str, type[BaseModel]]] = {
    "offer": PublicOffer,
    "internal_offer": Offer,
    "source_offer": SourceOffer,
    "change": Change,
    "source": Source,
    "record": Record,
    "issue": Issue,
    "harvest_run": HarvestRun,
    "kita": Kita,
    "feedback": Feedback,
    "recommendation": Recommendation,
    "digest": Digest,
    "region": Region,
    "review": Review,
    "correction": Correction,
    "decision": Decision,
    "judgement": Judgement,
}
"""Name of the file and of the address → model; ``offer`` is the public one, as it leaves the house."""


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what ``name`` looks like when written; ``KeyError`` for another name."""
    made = MODELS[name].model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | made


def schema_text(name: str) -> str | None:
    """The same as text, ``None`` for a name that is none of ours."""
    if name not in MODELS:
        return None
    return orjson.dumps(schema(name), option=orjson.OPT_INDENT_2).decode() + "\n"


def write(folder: Path = FOLDER) -> None:
    """Write every schema into ``folder``, one file each."""
    for name in MODELS:
        (folder / f"{name}.json").write_text(schema_text(name) or "", encoding="utf-8")
