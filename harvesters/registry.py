"""All sources that come with the project: one TOML file each in ``harvesters/sources``."""

from pathlib import Path
from typing import Final

from harvesters.problems import ReadError
from harvesters.source import load_source
from schemas.harvest import Source

FOLDER: Final = Path(__file__).parent / "sources"
"""Where the project's own sources lie."""


def bundled_sources(folder: Path = FOLDER) -> list[Source]:
    """Every source in ``folder``, by name. Raises ``ReadError`` for the first description that is wrong."""
    return [load_source(path) for path in sorted(folder.glob("*.toml"))]


def find(name: str, folder: Path = FOLDER) -> Source:
    """The source of that name. Raises ``ReadError`` with the known names where there is none."""
    path = folder / f"{name}.toml"
    if path.parent != folder or not path.is_file():
        known = ", ".join(sorted(path.stem for path in folder.glob("*.toml"))) or "keine"
        raise ReadError(
            name,
            str(folder),
            "source.unknown",
            f"Es gibt keine Quelle mit dem Namen „{name}“.",
            f"Bekannt sind: {known}.",
        )
    return load_source(path)
