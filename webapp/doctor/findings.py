"""What an examination says: one finding per thing, with the exact remedy where something is not right."""

from enum import StrEnum

from schemas.base import Value


class Level(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but not as it should in earnest."""
    ERROR = "error"
    """It does not work, or somebody is harmed."""


class Finding(Value):
    """One thing that was examined."""

    about: str
    """What: ``settings``, ``region 13075``, ``relay``, …"""
    level: Level
    """How serious it is."""
    says: str
    """What was found, one sentence."""
    remedy: str | None = None
    """What helps: a command, or a line to edit."""


def ok(about: str, says: str) -> Finding:
    """Nothing to do."""
    return Finding(about=about, level=Level.OK, says=says)


def warning(about: str, says: str, remedy: str) -> Finding:
    """Something to look after."""
    return Finding(about=about, level=Level.WARNING, says=says, remedy=remedy)


def error(about: str, says: str, remedy: str) -> Finding:
    """Something to repair."""
    return Finding(about=about, level=Level.ERROR, says=says, remedy=remedy)
