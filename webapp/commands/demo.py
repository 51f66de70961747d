"""``kitalotse demo``: everything on the embedded default, from example providers to mails and pages."""

import signal
import socket
import sys
import time
from pathlib import Path
from threading import Event

import click

from schemas.harvest import HarvestRun
from schemas.store.kitas import recipients
from webapp.commands.common import pass_settings, table
from webapp.demo.check import checks
from webapp.demo.stage import Played, Stage, play, serving, stage
from webapp.demo.worker import working
from webapp.settings import Settings


@click.command()
@click.option("--check", is_flag=True, help="Verify each step and exit: 0 when all hold, 1 otherwise.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the portal; 0 takes a free one.")
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), help="Folder of its own: new, empty or a demo's."
)
@pass_settings
def demo(settings: Settings, check: bool, port: int, folder: Path | None) -> None:
    """Show everything with example data: harvest, ranking, weekly mails, portal, desk and open data.

    Needs no network and no other service. Providers, Kitas and offers are invented and marked so.
    """
    started = time.monotonic()
    port = port or _free_port()
    with stage(settings, (folder or settings.data_dir / "demo").resolve(), port) as at, serving(at, port):
        click.echo(f"Example providers are running; harvesting {len(at.sources)} sources …", err=True)
        played = play(at)
        _tell(played)
        click.echo(f"\nReady after {time.monotonic() - started:.1f} s, in {at.settings.data_dir}.\n")
        with working(at):
            if check:
                found = list(checks(at, played))
                table([(c.name, "ok" if c.holds else "FAILED", c.detail) for c in found], head=("step", "", "detail"))
                sys.exit(0 if all(c.holds for c in found) else 1)
            _addresses(at)
            _wait()


def _tell(played: Played) -> None:
    table([_row(run) for run in played.runs], head=("source", "status", "records", "new", "issues", "message"))
    click.echo()
    rows = [
        ("Kitas ranked", played.ranking.kitas),
        ("Recommendations", played.ranking.recommendations),
        ("Mails written", len(played.prepared.mails)),
        ("Mails in the outbox", played.sent.sent),
        ("Kitas for which nothing good was found", played.prepared.nothing_good),
    ]
    table(rows, head=("step", "count"))


def _row(run: HarvestRun) -> tuple[object, ...]:
    message = run.message or ""
    short = message if len(message) <= 70 else f"{message[:69]}…"
    return run.source, run.status.value, run.records, run.new, len(run.issues), short


def _addresses(at: Stage) -> None:
    base = at.settings.base_url
    with at.database.read() as session:
        first = next(
            (at.kita_url(people[0].id, kita) for kita in at.kitas if (people := recipients(session, kita.id))), None
        )
    rows = [
        ("Portal", f"{base}/"),
        ("Mails of this week", f"{base}/outbox/"),
        ("Page of a Kita, as its mail links it", first),
        ("Coordinators' desk (link for one hour)", at.desk_url()),
        ("Open data", f"{base}/daten"),
        ("Example providers", " ".join(sorted(at.providers.base_urls.values()))),
    ]
    table(rows, head=("open in a browser", ""))
    click.echo("\nStop with Ctrl-C.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait() -> None:
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()
