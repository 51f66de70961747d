"""What commands share: the settings with ``--database``, ``--json``, and one way to print a document."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

import click
from pydantic import BaseModel

from schemas.clock import monday_of
from webapp.settings import Settings, read_settings

_FIRST_YEAR, _LAST_YEAR = 2000, 2100  # ranking looks back and ahead; beyond, calendars end

Command = TypeVar("Command", bound=Callable[..., Any])

pass_settings = click.make_pass_decorator(Settings)
"""Gives the command ``Settings`` as its first argument, with ``--database`` already applied."""


def database_option(command: Command) -> Command:
    """Adds ``--database URL``, which replaces ``Settings.database`` for this command."""

    def use(context: click.Context, _parameter: click.Parameter, url: str | None) -> None:
        if url is None:
            return
        settings = context.find_object(Settings) or read_settings()
        checked = read_settings({"KITALOTSE_DATA_DIR": str(settings.data_dir), "KITALOTSE_DATABASE": url})
        context.obj = replace(settings, database=checked.database)

    return click.option(
        "--database",
        metavar="URL",
        callback=use,
        expose_value=False,
        help="Database to use instead of KITALOTSE_DATABASE.",
    )(command)


def json_option(command: Command) -> Command:
    """Adds ``--json``, given to the command as ``as_json``: print one JSON document on standard output."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


def emit(document: Any) -> None:
    """Print ``document`` as one JSON document on standard output; models, dates and tuples of them are welcome."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=_plain))


def table(rows: Sequence[Sequence[object]], *, head: Sequence[str]) -> None:
    """Print ``rows`` under ``head`` in aligned columns on standard output; figures are set to the right."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *texts, strict=True)]
    right = [bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(head))]
    for line in ([*head], *texts):
        cells = (text.rjust(w) if r else text.ljust(w) for text, w, r in zip(line, widths, right, strict=True))
        click.echo("  ".join(cells).rstrip())


def week(text: str) -> str:
    """``text`` where it is an ISO week like ``2026-W49``, for ``type=week``; a usage error otherwise."""
    try:
        known = _FIRST_YEAR <= monday_of(text).year <= _LAST_YEAR
    except ValueError:
        known = False
    if not known:
        raise click.BadParameter(f"{text!r} is not a week of our time; write it like 2026-W49")
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, date):  # datetime is one
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form; turn it into a model, a list or a dict first")
