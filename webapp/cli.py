"""The command line. Each command lies in ``webapp/commands`` and is imported when it is asked for, so that a small
command does not wait for Scrapy and scikit-learn.

Exit status: 0 success, 1 the thing asked for failed (one message on standard error), 2 wrong usage.
"""

import importlib
from typing import Any, Final

import click

from schemas.exceptions import KitalotseError
from webapp.logs import configure_logging
from webapp.settings import read_settings

COMMANDS: Final[dict[str, str]] = {
    "backup": "webapp.commands.backup:backup",
    "bench": "webapp.commands.bench:bench",
    "demo": "webapp.commands.demo:demo",
    "desk-link": "webapp.commands.serve:desk_link",
    "digest": "webapp.commands.digest:digest",
    "doctor": "webapp.commands.doctor:doctor",
    "evaluate": "webapp.commands.evaluate:evaluate",
    "explain": "webapp.commands.recommend:explain",
    "export": "webapp.commands.export:export",
    "extract": "webapp.commands.extract:extract",
    "harvest": "webapp.commands.harvest:harvest_sources",
    "init": "webapp.commands.init:init",
    "kitas": "webapp.commands.kitas:kitas",
    "migrate": "webapp.commands.database:migrate",
    "preview": "webapp.commands.harvest:preview",
    "recommend": "webapp.commands.recommend:recommend",
    "restore": "webapp.commands.backup:restore",
    "schedule": "webapp.commands.work:schedule",
    "serve": "webapp.commands.serve:serve",
    "sources": "webapp.commands.harvest:sources",
    "work": "webapp.commands.work:work",
}
"""Command → where it lies, in the order of ``--help``."""


class Commands(click.Group):
    """A group that imports a command when it is used and turns our errors into a message and exit status 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or ``None``."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; ``KitalotseError`` ends it with its message and exit status 1."""
        try:
            return super().invoke(ctx)
        except KitalotseError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="kitalotse", message="Kitalotse %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Kitalotse: offers for Kitas, harvested, ranked, mailed every Monday, and published as open data."""
    settings = read_settings()
    configure_logging(settings.log_level)
    context.obj = settings
