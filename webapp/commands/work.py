"""``kitalotse schedule`` and ``kitalotse work``: the processes that do what is due."""

import signal
import threading

import click

from webapp.commands.common import database_option, pass_settings
from webapp.commands.database import open_database
from webapp.executors import pool
from webapp.scheduler import TICK_S, Scheduler
from webapp.settings import Settings
from webapp.worker import run_one


@click.command()
@database_option
@pass_settings
def schedule(settings: Settings) -> None:
    """Run harvest, ranking and the Monday mail by the clock, until SIGTERM.

    Several may run at once: one leads, the others wait to take over.
    """
    with open_database(settings) as database, pool(settings) as workers:
        scheduler = Scheduler(database, settings, workers)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, scheduler.stop)
        scheduler.run()


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, then end.")
@database_option
@pass_settings
def work(settings: Settings, once: bool) -> None:
    """Do work that is due, as an extra process beside `schedule`, until SIGTERM."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_signal: stopped.set())
    with open_database(settings) as database:
        while not stopped.is_set():
            if run_one(database, settings) is None:
                if once:
                    return
                stopped.wait(TICK_S)
