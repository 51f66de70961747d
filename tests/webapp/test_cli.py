"""The command line: every command exists, errors are one message, JSON is one document."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from schemas.exceptions import SourceError
from schemas.kita import Group
from webapp.cli import COMMANDS, main
from webapp.commands.common import database_option, emit, json_option, pass_settings, table, week
from webapp.settings import Settings, read_settings

README = Path(__file__).parents[2] / "webapp" / "README.md"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs one command (or the whole line) against an empty data folder."""
    for name in [name for name in os.environ if name.startswith("KITALOTSE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KITALOTSE_DATA_DIR", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(main, arguments)


@pytest.fixture
def command(monkeypatch):
    """Puts a command of our own into the command line."""

    def put(function: click.Command) -> None:
        monkeypatch.setattr("webapp.cli.COMMANDS", {"probe": f"{__name__}:probe"})
        monkeypatch.setattr("webapp.cli.importlib.import_module", lambda _name: type("Module", (), {"probe": function}))

    return put


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_exists_and_explains_itself(run, name):
    result = run(name, "--help")

    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_the_overview_names_each_command(run):
    output = run("--help").output

    assert all(f"  {name} " in output for name in COMMANDS)


def test_the_readme_names_each_command():
    section = README.read_text("utf-8").split("## Commands\n")[1].split("\n## ")[0]

    assert [name for name in COMMANDS if f"`kitalotse {name}" not in section] == []


def test_our_errors_end_with_status_1_and_one_message_on_standard_error(run, command):
    @click.command()
    def probe():
        raise SourceError("be_museum: not reachable; try again later")

    command(probe)
    result = run("probe")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "Error: be_museum: not reachable; try again later\n"


def test_wrong_usage_ends_with_status_2(run):
    assert run("no-such-command").exit_code == 2
    assert run("recommend", "--week", "49").exit_code == 2
    assert run("recommend", "--no-such-option").exit_code == 2


def test_a_wrong_setting_is_a_message_and_no_traceback(run, monkeypatch):
    monkeypatch.setenv("KITALOTSE_WORKERS", "viele")

    result = run("migrate")

    assert result.exit_code == 1
    assert "KITALOTSE_WORKERS is 'viele'" in result.stderr


def test_database_option_replaces_the_setting_for_this_command(run, command):
    @click.command()
    @database_option
    @pass_settings
    def probe(settings: Settings):
        click.echo(settings.database)

    command(probe)

    assert run("probe").stdout.startswith("sqlite:///")
    assert run("probe", "--database", "postgresql://db/kitalotse").stdout == "postgresql://db/kitalotse\n"
    assert run("probe", "--database", "nonsense").exit_code == 1


def test_json_is_one_document_with_models_and_dates(run, command):
    @click.command()
    @json_option
    def probe(as_json: bool):
        if as_json:
            emit(
                {
                    "day": date(2026, 11, 30),
                    "group": Group(name="Möwen", min_months=36, max_months=83),
                    "set": {"b", "a"},
                }
            )

    command(probe)
    document = json.loads(run("probe", "--json").stdout)

    assert document["day"] == "2026-11-30"
    assert document["group"]["name"] == "Möwen"
    assert document["set"] == ["a", "b"]


def test_a_table_aligns_words_left_and_figures_right(capsys):
    table([("Kita", 7), ("Angebot", 1234)], head=("Was", "Zahl"))

    assert capsys.readouterr().out == "Was      Zahl\nKita        7\nAngebot  1234\n"


def test_a_week_is_written_like_2026_w49():
    assert week("2026-W49") == "2026-W49"
    with pytest.raises(click.BadParameter, match="2026-W49"):
        week("30.11.2026")


def test_a_small_command_does_not_import_scrapy_or_sklearn():
    code = (
        "import sys; from webapp.cli import main; main(['migrate', '--help'], standalone_mode=False);"
        "print([m for m in ('scrapy', 'sklearn', 'flask') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert result.stdout.splitlines()[-1] == "[]"


def test_logs_go_to_standard_error_only():
    code = (
        "import structlog; from webapp.logs import configure_logging; configure_logging('info');"
        "structlog.get_logger().info('geerntet', angebote=3); structlog.get_logger().debug('leise')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert result.stdout == ""
    assert json.loads(result.stderr)["event"] == "geerntet"


def test_settings_reach_the_command_from_the_environment(run, command, tmp_path):
    @click.command()
    @pass_settings
    def probe(settings: Settings):
        click.echo(settings.data_dir)

    command(probe)

    assert run("probe").stdout == f"{tmp_path}\n"
    assert read_settings({"KITALOTSE_DATA_DIR": str(tmp_path)}).data_dir == tmp_path
