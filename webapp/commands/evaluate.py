"""``kitalotse evaluate``: how good reading, ranking and matching are on a gold corpus."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from webapp.commands.common import emit, json_option, table
from webapp.evaluation.extraction import evaluate_extraction
from webapp.evaluation.matching import evaluate_matching
from webapp.evaluation.ranking import evaluate_ranking

corpus_argument = click.argument(
    "corpus", metavar="CORPUS_DIR", type=click.Path(exists=True, file_okay=False, path_type=Path)
)


@click.group()
def evaluate() -> None:
    """Measure reading, ranking and matching on a gold corpus: a folder with offers.ndjson, kitas.ndjson, qrels.csv."""


@evaluate.command()
@corpus_argument
@json_option
def extraction(corpus: Path, as_json: bool) -> None:
    """Fields read from raw text, against the gold fields."""
    figures = evaluate_extraction(corpus)
    if as_json:
        emit(figures)
        return
    rows = [("micro", *_scores(figures["micro"]), figures["n"])]
    rows += [(name, *_scores(field), field["n"]) for name, field in figures["fields"].items()]
    rows.append(("suitability", *_scores(figures["suitability"]), figures["suitability"]["n"]))
    table(rows, head=("field", "precision", "recall", "f1", "n"))


@evaluate.command()
@corpus_argument
@json_option
def ranking(corpus: Path, as_json: bool) -> None:
    """Lists for every Kita of the corpus, with gold fields and end to end, beside simple baselines."""
    figures = evaluate_ranking(corpus)
    if as_json:
        emit(figures)
        return
    names = ("ndcg@8", "precision@8", "recall@30", "unfit@8", "violations@8", "coverage@8")
    for offers in ("gold", "end_to_end"):
        report = figures[offers]
        rows = [(offers, *(report[name] for name in names))]
        rows += [(f"  {name}", *(line[each] for each in names)) for name, line in report["baselines"].items()]
        table(rows, head=("ranking", *names))


@evaluate.command()
@corpus_argument
@json_option
def matching(corpus: Path, as_json: bool) -> None:
    """Offers that two sources both have: pairs found, and pairs joined wrongly."""
    figures = evaluate_matching(corpus)
    if as_json:
        emit(figures)
        return
    table(
        [("matching", *_scores(figures), figures["pairs"], figures["false_merges"])],
        head=("", "precision", "recall", "f1", "pairs", "false merges"),
    )


def _scores(figures: Mapping[str, Any]) -> tuple[float, float, float]:
    return figures["precision"], figures["recall"], figures["f1"]
