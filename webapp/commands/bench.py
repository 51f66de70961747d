"""``kitalotse bench``: measure, from a checkout."""

import importlib
import sys
from inspect import signature
from pathlib import Path
from typing import Final

import click

from schemas.exceptions import SettingsError
from webapp.commands.common import emit, json_option, table

FOLDER: Final = Path(__file__).parents[2] / "tests" / "bench"
"""Benchmarks are not installed; they lie in the checkout."""


@click.command()
@click.argument("name")
@click.option("--kitas", type=click.IntRange(1), help="Kitas to measure with; default: the benchmark's own.")
@click.option("--offers", type=click.IntRange(1), help="Offers to measure with; default: the benchmark's own.")
@click.option("--database", help="URL of an empty database, which is filled; default: a SQLite file of its own.")
@json_option
def bench(name: str, kitas: int | None, offers: int | None, database: str | None, as_json: bool) -> None:
    """Run the benchmark NAME and say how long it took, how fast it was, and how much memory it needed."""
    if not FOLDER.is_dir():
        raise SettingsError(f"{FOLDER}: benchmarks need a checkout of the repository, they are not installed with it")
    known = sorted(path.stem for path in FOLDER.glob("*.py") if _is_benchmark(path))
    if name not in known:
        raise click.BadParameter(f"{name!r} is no benchmark; known: {', '.join(known)}", param_hint="NAME")
    wanted: dict[str, int | str | None] = {"kitas": kitas, "offers": offers, "database": database}
    sys.path.insert(0, str(FOLDER.parents[1]))  # the installed command does not see the checkout's tests by itself
    run = importlib.import_module(f"tests.bench.{name}").run
    if database is not None and "database" not in signature(run).parameters:
        raise click.BadParameter(f"{name} brings its own database", param_hint="--database")
    result = run(**{key: value for key, value in wanted.items() if value is not None})
    if as_json:
        emit(result)
    else:
        table([(key, value) for key, value in result.items()], head=("what", "value"))


def _is_benchmark(path: Path) -> bool:
    return path.stem != "__init__" and "\ndef run(" in path.read_text("utf-8")
