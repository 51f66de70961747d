"""``kitalotse serve`` and ``kitalotse desk-link``."""

import click
from gunicorn.app.base import BaseApplication

from schemas import clock
from schemas.exceptions import SettingsError
from webapp.app import create_app
from webapp.commands.common import database_option, pass_settings
from webapp.commands.database import open_database
from webapp.harvesting import save_licences, save_sources
from webapp.links import DESK_MINUTES, DeskLink, Links
from webapp.regions import base_url, load_regions
from webapp.settings import Settings

THREADS = 4
"""Threads of each process of the web server; they wait for the database, not for the processor."""


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn, told in code what its configuration file would say."""

    def __init__(self, settings: Settings, address: str) -> None:
        self._settings = settings
        self._address = address
        super().__init__()

    def load_config(self) -> None:
        """Bind, processes, threads; logs to standard error."""
        for name, value in {
            "bind": [self._address],
            "workers": self._settings.workers,
            "worker_class": "gthread",
            "threads": THREADS,
            "control_socket_disable": True,
            "forwarded_allow_ips": "",  # what proxies say is believed by webapp.proxy only, where the settings allow it
            "forwarder_headers": "",
        }.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> object:
        """The app, made in each process: database connections do not survive a fork."""
        return create_app(self._settings)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@database_option
@pass_settings
def serve(settings: Settings, host: str, port: int) -> None:
    """Serve portal, desk and feeds, until SIGTERM. Runs no jobs: that is `kitalotse schedule`."""
    with open_database(settings) as database:  # tables are there, or the reason why not is said now and once
        regions, now = load_regions(settings.region_dir), clock.now()
        save_sources(database, regions, now)  # the desk shows the starter packs
        save_licences(database, regions, now)
    settings.secret()  # one key for all processes
    Server(settings, f"{host}:{port}").run()


@click.command("desk-link")
@click.argument("name")
@click.option("--region", metavar="KEY", help="Region whose desk it is; needed where the name is in several.")
@pass_settings
def desk_link(settings: Settings, name: str, region: str | None) -> None:
    """Print a link that signs the coordinator NAME in at the desk; it works once, within an hour."""
    regions = load_regions(settings.region_dir)
    known = [(each, person.name) for each in regions.values() for person in each.coordinators]
    found = [each for each, person in known if person == name and region in (None, each.key)]
    if len(found) != 1:
        names = ", ".join(f"{person} ({each.key})" for each, person in known) or f"nobody; see {settings.region_dir}"
        problem = "is in several Regions; add --region" if found else "is no coordinator of any Region"
        raise SettingsError(f"{name!r} {problem}. Known: {names}")
    token = Links(settings.secret()).desk(DeskLink(found[0].key, name), now=clock.now())
    click.echo(f"{base_url(found[0], settings.base_url)}/desk/anmelden/{token}")
    click.echo(f"Works once, within {DESK_MINUTES} minutes; who has it can act as {name}.", err=True)
