"""``kitalotse harvest``, ``kitalotse sources`` and ``kitalotse preview``."""

import sys
from pathlib import Path

import click

from harvesters.preview import preview as preview_of
from harvesters.registry import FOLDER
from harvesters.run import harvest, harvest_all, replay
from harvesters.source import load_source
from schemas import clock
from schemas.exceptions import SourceError
from schemas.harvest import HarvestRun, RunStatus, Source
from schemas.wording import price_words
from webapp.commands.common import database_option, emit, json_option, pass_settings, table
from webapp.commands.database import open_database
from webapp.harvesting import chosen_sources, fetch_settings, known_sources
from webapp.settings import Settings


@click.command("harvest")
@click.argument("names", metavar="[SOURCE]…", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Harvest every active source.")
@click.option("--replay", "again", is_flag=True, help="Read stored Records again, without a network.")
@click.option("--dry-run", is_flag=True, help="Read and count, write nothing.")
@database_option
@json_option
@pass_settings
def harvest_sources(
    settings: Settings, names: tuple[str, ...], everything: bool, again: bool, dry_run: bool, as_json: bool
) -> None:
    """Read sources and store what they offer. Exit status 1 when one of them failed."""
    if everything == bool(names):
        raise click.UsageError("name sources, or use --all")
    if again and dry_run:
        raise click.UsageError("--replay and --dry-run exclude each other")
    with open_database(settings) as database:
        sources = chosen_sources(database, names)
        now = clock.now()
        if again:
            runs = [replay(database, source, now=now) for source in sources]
        elif dry_run:
            runs = [harvest(database, s, settings=fetch_settings(settings), now=now, dry_run=True) for s in sources]
        else:
            runs = harvest_all(database, sources, settings=fetch_settings(settings), now=now)
    if as_json:
        emit({"runs": runs})
    else:
        table([_row(run) for run in runs], head=("source", "status", "records", "new", "changed", "issues", "message"))
    sys.exit(any(run.status is RunStatus.FAILED for run in runs))


@click.group()
def sources() -> None:
    """Sources: the project's own files and those made at the desk."""


@sources.command("list")
@database_option
@json_option
@pass_settings
def list_sources(settings: Settings, as_json: bool) -> None:
    """All sources with their way of access, rhythm and rights."""
    with open_database(settings) as database:
        found = list(known_sources(database).values())
    if as_json:
        emit({"sources": found})
    else:
        table([_line(source) for source in found], head=("source", "access", "region", "rhythm", "rights", "trust"))


@sources.command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@json_option
def check_sources(files: tuple[Path, ...], as_json: bool) -> None:
    """Check source descriptions (without FILES the project's own). Exit status 1 when one of them is wrong."""
    results: list[tuple[str, str | None]] = []
    for path in files or sorted(FOLDER.glob("*.toml")):
        try:
            load_source(path)
        except SourceError as error:
            results.append((str(path), str(error)))
        else:
            results.append((str(path), None))
    if as_json:
        emit({"sources": [{"file": file, "error": wrong} for file, wrong in results]})
    else:
        for file, wrong in results:
            click.echo(wrong or f"{file}: ok", err=wrong is not None)
    sys.exit(any(wrong for _, wrong in results))


@click.command()
@click.argument("file_or_url")
@click.option("--url", "base_url", metavar="BASE", help="Address that a local file came from, for relative links.")
@click.option("--source", "description", type=click.Path(path_type=Path), help="TOML that describes how to read it.")
@json_option
@pass_settings
def preview(
    settings: Settings, file_or_url: str, base_url: str | None, description: Path | None, as_json: bool
) -> None:
    """Show what a file or an address offers. Without --source every format is tried; nothing is stored."""
    found = preview_of(
        file_or_url,
        base_url=base_url,
        source=load_source(description) if description else None,
        settings=fetch_settings(settings),
        now=clock.now(),
    )
    if as_json:
        emit({"format": found.format, "offers": found.offers, "issues": found.issues})
        return
    click.echo(f"{found.format}: {len(found.offers)} offers, {len(found.issues)} issues", err=True)
    for offer in found.offers:
        price = price_words(offer.price) if offer.price else None
        click.echo(" · ".join(filter(None, (offer.title, offer.provider.name if offer.provider else None, price))))
    for issue in found.issues:
        click.echo(f"{issue.rule}: {issue.message or ''} {issue.wording!r} ({issue.where})", err=True)


def _row(run: HarvestRun) -> tuple[object, ...]:
    issues = sum(issue.count for issue in run.issues)
    return run.source, run.status.value, run.records, run.new, run.changed, issues, run.message or ""


def _line(source: Source) -> tuple[object, ...]:
    return source.name, source.access.kind.value, source.region, source.rhythm, source.rights.kind.value, source.trust
