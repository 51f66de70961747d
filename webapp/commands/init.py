"""``kitalotse init``: a Region and a database, to start in earnest."""

import re
from email.utils import parseaddr
from pathlib import Path

import click

from schemas import clock
from schemas.db import Database
from schemas.exceptions import SettingsError
from schemas.geography import land_name
from schemas.migrate import head, upgrade
from schemas.region import Coordinator, Region
from webapp.commands.common import database_option, emit, json_option, pass_settings
from webapp.harvesting import save_sources
from webapp.region_file import new_region, placeholders, region_toml
from webapp.region_keys import find_area
from webapp.regions import load_region, load_regions
from webapp.settings import Settings, read_settings


def _coordinator(_context: click.Context, _parameter: click.Parameter, text: str | None) -> Coordinator | None:
    if text is None:
        return None
    name, mail = parseaddr(text)
    if not name or not name.isprintable() or not re.fullmatch(r"[^@\s]+@[^@\s]+", mail):
        raise click.BadParameter(f'{text!r}; expected "Name <name@example.org>"')
    return Coordinator(name=name, mail=mail)


def _base_url(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        checked = read_settings({"KITALOTSE_BASE_URL": text, "HOME": "/"}).base_url
    except SettingsError as error:
        raise click.BadParameter(str(error)) from None
    return checked


@click.command()
@click.option("--region", required=True, metavar="AGS", help="Official key (2, 5 or 8 digits) or name.")
@click.option("--base-url", callback=_base_url, metavar="URL", help="Public address, with its sub-path if it has one.")
@click.option("--coordinator", callback=_coordinator, metavar='"NAME <MAIL>"', help="First person at the desk.")
@database_option
@json_option
@pass_settings
def init(settings: Settings, region: str, base_url: str | None, coordinator: Coordinator | None, as_json: bool) -> None:
    """Begin a Region: one TOML file that explains every key, and an empty database.

    A second Region comes into the same installation by calling it again. A file that exists is never overwritten.
    """
    area = find_area(region)
    path = settings.region_dir / f"{area.key}.toml"
    known = load_regions(settings.region_dir)
    if area.key in known or path.exists():
        raise SettingsError(f"{path}: Region {area} is there already; edit the file, or move it away first")
    for other in known.values():
        if base_url and other.base_url.rstrip("/").lower() == base_url.lower():
            raise SettingsError(
                f"--base-url {base_url} is already the address of Region {other.name!r}; two Regions may share a host, "
                "each with a sub-path of its own"
            )
    made = new_region(area, land_name(area.key), base_url=base_url, coordinator=coordinator)
    database = Database(settings.database)
    try:
        upgrade(database)
        _write(path, region_toml(made))
        packed = save_sources(database, {made.key: made}, clock.now())
    finally:
        database.dispose()
    gaps = list(placeholders(made))
    steps = _next_steps(made, path, len(gaps))
    if as_json:
        emit(
            {
                "region": made.key,
                "name": made.name,
                "land": made.land,
                "file": str(path),
                "database": str(database),
                "version": head(),
                "placeholders": len(gaps),
                "sources": packed,
                "next": steps,
            }
        )
        return
    click.echo(f"Region {area}: {path}")
    click.echo(f"Database at version {head()}: {database}")
    click.echo(f"Sources that come with the project: {packed}, all off")
    click.echo("\nNext:")
    for number, step in enumerate(steps, 1):
        click.echo(f"  {number}. {step}")


def _write(path: Path, text: str) -> None:
    """A new file, whole or not at all; never over another one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        load_region(path)
    except FileExistsError as error:
        raise SettingsError(f"{path}: is there already; edit it, or move it away first") from error
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written ({error.strerror}); check the folder") from error


def _next_steps(region: Region, path: Path, gaps: int) -> list[str]:
    steps = [f"Open {path} and complete the {gaps} places marked with “BITTE ERGÄNZEN”."]
    if "base_url" not in region.model_fields_set:
        steps.append("Set base_url there: the public address, which links in mails begin with.")
    if not region.coordinators:
        steps.append("Name a coordinator there, under [[coordinators]].")
        who = "NAME"
    else:
        who = f'"{region.coordinators[0].name}"'
    return [
        *steps,
        "kitalotse doctor – says what is still missing, and the remedy.",
        "kitalotse serve – portal, desk and feeds; put your web server in front of it (webapp/README.md).",
        "kitalotse schedule – reads sources, ranks, and mails on Mondays; in a second service.",
        f"kitalotse desk-link {who} --region {region.key} – the first sign-in at the desk.",
    ]
