"""``kitalotse export``: the open data as files."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from schemas.exceptions import SettingsError
from webapp.app import create_app
from webapp.commands.common import database_option, emit, json_option, pass_settings, table
from webapp.commands.database import open_database
from webapp.db import current_region
from webapp.feeds.buckets import FORMATS as BUCKET_FORMS
from webapp.feeds.buckets import buckets_of
from webapp.settings import Settings

FORMS: Final = ("ndjson", "csv", "ics", "atom")
CATALOG: Final = "ttl"
"""The catalogue, a file of its own name."""


@click.command()
@click.option("--format", "form", type=click.Choice([*FORMS, CATALOG, "all"]), default="all", show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path(), show_default=True)
@database_option
@json_option
@pass_settings
def export(settings: Settings, form: str, out: Path, as_json: bool) -> None:
    """Write offers.ndjson, offers.csv, offers.ics, offers.atom, a file per bucket of rights (offers-fakten.csv …) and
    catalog.ttl into the folder OUT.

    The portal's own addresses are asked, inside this process: a file and the feed of the same name never differ. A file
    is complete or not there: it is written beside its place and then moved.
    """
    written: dict[str, int] = {}
    with open_database(settings) as database:
        app = create_app(settings, database)
        client = app.test_client()
        with app.test_request_context(base_url=settings.base_url), database.read() as session:
            slugs = [bucket.slug for bucket in buckets_of(session, current_region())]
        for name in _names(form, slugs):
            path = out / name
            response = client.get(f"/{name}", base_url=settings.base_url)
            try:
                written[str(path)] = _write(path, response.iter_encoded())
            except OSError as error:
                raise SettingsError(f"{path}: cannot be written ({error.strerror}); choose another --out") from error
            finally:
                response.close()
    if as_json:
        emit({"files": written})
    else:
        table(list(written.items()), head=("file", "bytes"))


def _names(form: str, slugs: Iterable[str]) -> list[str]:
    """The files of ``form``, or all of them."""
    forms = FORMS if form == "all" else (form,)
    names = [f"offers.{each}" for each in forms if each != CATALOG]
    names += [f"offers-{slug}.{each}" for slug in slugs for each in BUCKET_FORMS if each in forms]
    return names + ([f"catalog.{CATALOG}"] if form in (CATALOG, "all") else [])


def _write(path: Path, pieces: Iterable[bytes]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    with draft.open("wb") as file:
        size = sum(file.write(piece) for piece in pieces)
    draft.replace(path)
    return size
