"""Regions of this installation: one TOML file each, in the folder of the setting ``region_dir``."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from schemas.exceptions import SettingsError
from schemas.region import Region


def load_region(path: Path) -> Region:
    """The Region described by ``path``.

    Raises ``SettingsError`` with file, key, what was read and what was expected.
    """
    try:
        return Region.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read as TOML ({error})") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']} (read: {str(fault['input'])[:80]!r})"
            for fault in error.errors()
        )
        raise SettingsError(f"{path}: {faults}; known keys: {', '.join(Region.model_fields)}") from error


def load_regions(folder: Path) -> dict[str, Region]:
    """All Regions in ``folder`` by their key, in order of file name; empty where the folder does not exist.

    Raises ``SettingsError`` for a file that is not a Region, and for two files with one key or one public address.
    """
    regions: dict[str, Region] = {}
    taken: dict[str, Region] = {}
    for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
        region = load_region(path)
        if region.key in regions:
            raise SettingsError(f"{path}: key {region.key} is already used by Region {regions[region.key].name!r}")
        if "base_url" in region.model_fields_set:
            address = region.base_url.rstrip("/").lower()
            if address in taken:
                raise SettingsError(
                    f"{path}: base_url {region.base_url} is already the address of Region {taken[address].name!r}; two "
                    "Regions may share a host, each with a sub-path of its own"
                )
            taken[address] = region
        regions[region.key] = region
    return regions


def region_of(key: str, regions: Mapping[str, Region]) -> Region | None:
    """The Region that looks after the official key ``key``: of those it lies in, the smallest; ``None`` for none."""
    around = [region for region in regions.values() if key.startswith(region.key)]
    return max(around, key=lambda region: len(region.key), default=None)


def base_url(region: Region, default: str) -> str:
    """Public address of ``region`` without a slash at the end: its own, or ``default`` where its file names none."""
    return (region.base_url if "base_url" in region.model_fields_set else default).rstrip("/")
