"""Settings: one table, read once, wrong values said clearly, secrets in no log."""

import re
import stat
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from schemas.exceptions import SettingsError
from webapp.settings import SETTINGS, Settings, read_settings


def settings_in(folder: Path, **variables: str) -> Settings:
    return read_settings({"KITALOTSE_DATA_DIR": str(folder), **variables})


def test_without_any_variable_everything_lies_in_the_users_data_folder(tmp_path):
    settings = read_settings({"XDG_DATA_HOME": str(tmp_path)})

    assert settings.data_dir == tmp_path / "kitalotse"
    assert settings.database == f"sqlite:///{tmp_path}/kitalotse/kitalotse.sqlite"
    assert settings.outbox_dir == tmp_path / "kitalotse" / "outbox"
    assert not settings.relay_on
    assert not settings.allow_loopback
    assert list(tmp_path.iterdir()) == [], "reading settings writes nothing"


def test_without_a_data_home_it_is_the_one_below_home(tmp_path):
    assert read_settings({"HOME": str(tmp_path)}).data_dir == tmp_path / ".local" / "share" / "kitalotse"


def test_each_setting_is_a_field_and_has_one_variable_named_after_it():
    assert {s.name for s in SETTINGS} == {f.name for f in fields(Settings)}
    assert all(s.variable == f"KITALOTSE_{s.name.upper()}" for s in SETTINGS)


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("KITALOTSE_WORKERS", "zwei", "a whole number from 1 to 256"),
        ("KITALOTSE_WORKERS", "0", "a whole number from 1 to 256"),
        ("KITALOTSE_RELAY_PORT", "70000", "from 1 to 65535"),
        ("KITALOTSE_DEMO", "vielleicht", "1/true/yes/on or 0/false/no/off"),
        ("KITALOTSE_RELAY_SECURITY", "tls", "starttls, ssl, none"),
        ("KITALOTSE_BASE_URL", "kitalotse.example", "an address like https://kitalotse.example"),
        ("KITALOTSE_DATABASE", "mysql://x", "sqlite:///PATH"),
        ("KITALOTSE_SECRET_KEY", "kurz", "at least 32 characters"),
    ],
)
def test_a_wrong_value_is_refused_with_its_variable_and_what_was_expected(tmp_path, variable, value, expected):
    with pytest.raises(SettingsError, match=re.escape(expected)) as refusal:
        settings_in(tmp_path, **{variable: value})

    assert variable in str(refusal.value)


def test_a_misspelt_variable_is_noticed(tmp_path):
    with pytest.raises(SettingsError, match="KITALOTSE_DATABSE"):
        settings_in(tmp_path, KITALOTSE_DATABSE="sqlite:///x")


def test_a_relay_that_is_switched_on_must_have_a_name(tmp_path):
    with pytest.raises(SettingsError, match="KITALOTSE_RELAY_HOST"):
        settings_in(tmp_path, KITALOTSE_RELAY_ON="yes")


def test_the_secret_is_created_once_for_its_owner_only(tmp_path):
    settings = settings_in(tmp_path / "new")

    first, second = settings.secret(), settings.secret()

    assert first == second
    assert len(first) >= 32
    key = tmp_path / "new" / "secret_key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert list(key.parent.iterdir()) == [key], "no draft stays behind"


def test_processes_that_start_together_agree_on_one_secret(tmp_path):
    code = (
        "import sys; from webapp.settings import read_settings;"
        "print(read_settings({'KITALOTSE_DATA_DIR': sys.argv[1]}).secret())"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]

    keys = {process.communicate(timeout=60)[0] for process in started}

    assert len(keys) == 1


def test_a_secret_that_is_set_is_used_and_nothing_is_written(tmp_path):
    settings = settings_in(tmp_path, KITALOTSE_SECRET_KEY="k" * 32)

    assert settings.secret() == "k" * 32
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(SettingsError, match="KITALOTSE_SECRET_KEY"):
        settings_in(tmp_path / "file" / "below").secret()


def test_no_secret_is_printed_with_the_settings(tmp_path):
    settings = replace(
        settings_in(tmp_path, KITALOTSE_SECRET_KEY="k" * 32, KITALOTSE_RELAY_PASSWORD="geheim"),
        database="postgresql://user:geheim@host/db",
    )

    assert "geheim" not in repr(settings)
    assert "kkk" not in repr(settings)
