"""Measuring how well doubled offers are found, on a corpus small enough to reckon by hand."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from tests.webapp.test_evaluation_ranking import GOLD, KITA
from webapp.cli import main
from webapp.evaluation.matching import evaluate_matching

FOSSILS = "Wir suchen Ammoniten im Steinbruch, putzen sie mit Bürsten und gießen einen Abdruck aus Gips."
RETOLD = "Im Steinbruch Ammoniten suchen, mit Bürsten putzen, aus Gips einen Abdruck gießen."
BREAD = "Wir mahlen Korn, kneten Teig und backen Brot im alten Ofen."


def line(identifier: str, title: str, text: str, group: str | None) -> dict[str, Any]:
    return {
        "id": identifier,
        "title": title,
        "text": f"{text} Für Kita-Gruppen von 4 bis 6 Jahren, 90 Minuten, 3,50 € pro Kind.",
        "provider": f"Haus {identifier}",
        "place_text": "17489 Greifswald",
        "url": f"https://seite.example/{identifier}",
        "seen_on": "2026-11-20",
        "gold": GOLD | {"same_as_group": group},
    }


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    lines = [
        line("a", "Fossilien im Steinbruch", FOSSILS, "fossilien"),
        line("b", "Auf Fossilienjagd", RETOLD, "fossilien"),
        line("c", "Vom Korn zum Brot", BREAD, "brot"),
        line("d", "Papier schöpfen", "Aus alten Zeitungen wird neues Papier, gefärbt mit Beeren.", "brot"),
    ]
    (tmp_path / "offers.ndjson").write_bytes(b"\n".join(map(orjson.dumps, lines)))
    (tmp_path / "kitas.ndjson").write_bytes(orjson.dumps(KITA))
    (tmp_path / "qrels.csv").write_text("kita_id,offer_id,relevance\nkita-1,a,2\n")
    return tmp_path


def test_a_pair_is_found_by_its_words_and_one_in_quite_other_words_is_missed(corpus):
    figures = evaluate_matching(corpus)

    assert figures == {
        "corpus": corpus.name,
        "pairs": 2,
        "precision": 1.0,
        "recall": 0.5,
        "f1": 0.6667,
        "false_merges": 0,
        "compared": figures["compared"],
        "unmet": 0,
    }
    assert figures["compared"] >= 1


def test_the_command_prints_one_document_or_a_table(corpus):
    document = CliRunner().invoke(main, ["evaluate", "matching", str(corpus), "--json"])
    table = CliRunner().invoke(main, ["evaluate", "matching", str(corpus)])

    assert orjson.loads(document.stdout)["recall"] == 0.5
    assert "false merges" in table.stdout
