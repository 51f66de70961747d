"""All settings: name, default, meaning. The only place that reads the environment.

Everything below gets values as arguments. ``read_settings`` changes nothing on disk; ``Settings.secret`` may create the
key file, the first time somebody needs a signed link.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from schemas.exceptions import SettingsError

Security = Literal["starttls", "ssl", "none"]


class Setting(NamedTuple):
    """One line of the table of settings."""

    name: str
    """Field of ``Settings``."""
    variable: str
    """Environment variable."""
    default: str
    """Default as text, ``{data_dir}`` stands for that setting's value; empty means *not set*."""
    meaning: str
    """What it does."""
    read: Callable[[str], Any] = str
    """Turns the text into the value; raises ``ValueError`` with what was expected."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Values of all settings; the table ``SETTINGS`` says what each means."""

    data_dir: Path
    database: str
    region_dir: Path
    outbox_dir: Path
    base_url: str
    trusted_proxies: int
    secret_key: str | None
    contact: str
    allow_loopback: bool
    cluster: str | None
    workers: int
    relay_on: bool
    relay_host: str | None
    relay_port: int
    relay_user: str | None
    relay_password: str | None
    relay_security: Security
    mail_per_minute: int
    demo: bool
    log_level: str

    def __repr__(self) -> str:
        """All values but the secrets, which are for nobody's log."""
        shown = (
            f"{f.name}={'***' if f.name in _SECRET and getattr(self, f.name) else repr(getattr(self, f.name))}"
            for f in fields(self)
        )
        return f"Settings({', '.join(shown)})"

    def secret(self) -> str:
        """The key that signs links and sessions: the setting, else the one kept in ``data_dir/secret_key``.

        The file is created once, readable by its owner only; processes that start together agree on one key.
        Raises ``SettingsError`` where it can be neither read nor written.
        """
        if self.secret_key is not None:
            return self.secret_key
        path = self.data_dir / "secret_key"
        try:
            if not path.exists():
                _create_secret(path)
            key = path.read_text("ascii").strip()
        except OSError as error:
            raise SettingsError(
                f"{path}: the key for signed links cannot be read or created ({error.strerror}); "
                "make the folder writable or set KITALOTSE_SECRET_KEY"
            ) from error
        except UnicodeDecodeError as error:
            raise SettingsError(f"{path}: holds other bytes than a key; {_NO_KEY}") from error
        if len(key) < _SHORTEST_SECRET:
            raise SettingsError(f"{path}: holds {len(key)} characters, expected at least {_SHORTEST_SECRET}; {_NO_KEY}")
        return key


_NO_KEY: Final = "bring it back from a backup, or delete it: then all links in mails sent so far end"


def _create_secret(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48))
    with suppress(FileExistsError):  # another process was first: its key is the one
        os.link(draft, path)
    draft.unlink()


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _flag(text: str) -> bool:
    try:
        return {
            "1": True,
            "true": True,
            "yes": True,
            "on": True,
            "0": False,
            "false": False,
            "no": False,
            "off": False,
        }[text.lower()]
    except KeyError:
        raise ValueError("expected 1/true/yes/on or 0/false/no/off") from None


def _between(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ValueError(f"expected a whole number from {least} to {most}")
        return int(text)

    return read


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in allowed:
            raise ValueError(f"expected one of {', '.join(allowed)}")
        return text.lower()

    return read


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("expected an address like https://kitalotse.example")
    return text.rstrip("/")


def _database(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ValueError("expected sqlite:///PATH or postgresql://USER@HOST/NAME")
    return text


def _secret(text: str) -> str:
    if len(text) < _SHORTEST_SECRET:
        raise ValueError(f"expected at least {_SHORTEST_SECRET} characters")
    return text


_SHORTEST_SECRET = 32
_SECRET = frozenset({"secret_key", "relay_password", "database"})

SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "data_dir",
        "KITALOTSE_DATA_DIR",
        "$XDG_DATA_HOME/kitalotse, else ~/.local/share/kitalotse",
        "Folder for everything this installation keeps.",
        _path,
    ),
    Setting(
        "database",
        "KITALOTSE_DATABASE",
        "sqlite:///{data_dir}/kitalotse.sqlite",
        "Database: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME` (extra `postgres`).",
        _database,
    ),
    Setting(
        "region_dir",
        "KITALOTSE_REGION_DIR",
        "{data_dir}/regions",
        "Folder with one TOML file per Region.",
        _path,
    ),
    Setting(
        "outbox_dir",
        "KITALOTSE_OUTBOX_DIR",
        "{data_dir}/outbox",
        "Folder into which mails are written as `.eml` files while no relay is switched on.",
        _path,
    ),
    Setting(
        "base_url",
        "KITALOTSE_BASE_URL",
        "http://localhost:8000",
        "Public address of the portal, used in mails and feeds where a Region names none of its own.",
        _web_address,
    ),
    Setting(
        "trusted_proxies",
        "KITALOTSE_TRUSTED_PROXIES",
        "0",
        "How many reverse proxies of yours stand before `serve`, one behind the other. So many are believed what they "
        "say about visitors (`X-Forwarded-For`, `-Proto`, `-Host`, `-Prefix`); 0 believes nobody.",
        _between(0, 10),
    ),
    Setting(
        "secret_key",
        "KITALOTSE_SECRET_KEY",
        "",
        "Key that signs links and sessions, at least 32 characters. Not set: created once in `{data_dir}/secret_key`.",
        _secret,
    ),
    Setting(
        "contact",
        "KITALOTSE_CONTACT",
        "",
        "Mail or web address named to the sources we read, so that they can reach the operator.",
    ),
    Setting(
        "allow_loopback",
        "KITALOTSE_ALLOW_LOOPBACK",
        "no",
        "Whether sources on this very machine may be read; for demo and tests only.",
        _flag,
    ),
    Setting(
        "cluster",
        "KITALOTSE_CLUSTER",
        "",
        "Address of a Dask scheduler (`tcp://HOST:8786`, extra `cluster`). Not set: a local process pool.",
    ),
    Setting("workers", "KITALOTSE_WORKERS", "2", "Processes for jobs, and for the web server.", _between(1, 256)),
    Setting(
        "relay_on",
        "KITALOTSE_RELAY_ON",
        "no",
        "Whether mails really leave this machine; needs `KITALOTSE_RELAY_HOST` too.",
        _flag,
    ),
    Setting("relay_host", "KITALOTSE_RELAY_HOST", "", "Mail relay that takes our mails."),
    Setting("relay_port", "KITALOTSE_RELAY_PORT", "587", "Its port.", _between(1, 65535)),
    Setting("relay_user", "KITALOTSE_RELAY_USER", "", "User name at the relay, where it asks for one."),
    Setting("relay_password", "KITALOTSE_RELAY_PASSWORD", "", "Password at the relay."),
    Setting(
        "relay_security",
        "KITALOTSE_RELAY_SECURITY",
        "starttls",
        "How the way to the relay is protected: `starttls`, `ssl` or `none`.",
        _one_of("starttls", "ssl", "none"),
    ),
    Setting(
        "mail_per_minute",
        "KITALOTSE_MAIL_PER_MINUTE",
        "0",
        "Most mails per minute handed to the relay; 0 is no limit.",
        _between(0, 1_000_000),
    ),
    Setting(
        "demo",
        "KITALOTSE_DEMO",
        "no",
        "Whether this is the demo: the outbox has a page, example data is marked.",
        _flag,
    ),
    Setting(
        "log_level",
        "KITALOTSE_LOG_LEVEL",
        "info",
        "What is logged to standard error: `debug`, `info`, `warning` or `error`.",
        _one_of("debug", "info", "warning", "error"),
    ),
)
"""Every setting, in the order of the README."""


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from ``environ`` (default: the process's own); an empty variable counts as not set.

    Raises ``SettingsError`` that names variable, value and what was expected, also for an unknown ``KITALOTSE_*`` name.
    """
    given = os.environ if environ is None else environ
    known = {setting.variable for setting in SETTINGS}
    if unknown := sorted(
        name
        for name in given
        if name.startswith("KITALOTSE_") and not name.startswith("KITALOTSE_TEST_") and name not in known
    ):
        raise SettingsError(f"unknown settings {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    home = Path(given.get("XDG_DATA_HOME") or Path(given.get("HOME") or "~").expanduser() / ".local" / "share")
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        text = given.get(setting.variable, "").strip()
        if not text and setting.name == "data_dir":
            text = str(home / "kitalotse")
        text = text or setting.default.format(data_dir=values.get("data_dir"))
        try:
            values[setting.name] = setting.read(text) if text else None
        except ValueError as error:
            shown = "***" if setting.name in _SECRET else repr(text)
            raise SettingsError(f"{setting.variable} is {shown}: {error}") from None
    values["contact"] = values["contact"] or ""
    if values["relay_on"] and not values["relay_host"]:
        raise SettingsError(
            "KITALOTSE_RELAY_ON is set, but KITALOTSE_RELAY_HOST names no relay; set it, or switch the relay off"
        )
    return Settings(**values)
