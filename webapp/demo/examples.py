"""The example Region, Kitas and Sources of the demo, read from the TOML files beside this module."""

import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from importlib import resources
from typing import Any, Final

from harvesters.source import source_from
from schemas.geography import locate
from schemas.harvest import Source
from schemas.kita import Interval, Kita, Recipient
from schemas.organisation import Place
from schemas.region import Region
from webapp.demo.providers.server import RunningProviders

CONSENT: Final = "vorfuehrung"
"""Version of the consent text that the invented recipients are said to have agreed to."""


def example_region() -> Region:
    """The Region of the demo."""
    return Region.model_validate(tomllib.loads(_read("region.toml")))


def region_text(base_url: str) -> str:
    """The Region's TOML with the address at which its portal runs."""
    public = example_region().base_url
    return _read("region.toml").replace(f'"{public}"', f'"{base_url}"')


def example_kitas(now: datetime) -> tuple[Kita, ...]:
    """The invented Kitas, located by postcode, with closing days around ``now``.

    Recipients count as confirmed at ``now`` unless the file lists them as unconfirmed.
    """
    entries = tomllib.loads(_read("kitas.toml"))["kitas"]
    return tuple(_kita(entry, example_region().key, now) for entry in entries)


def example_sources(providers: RunningProviders) -> tuple[Source, ...]:
    """The Sources of the example providers, with the addresses at which they run right now."""
    folder = resources.files("webapp.demo").joinpath("sources")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return tuple(
        source_from(tomllib.loads(providers.localise(file.read_text(encoding="utf-8"))), file.name) for file in files
    )


def _kita(entry: dict[str, Any], region: str, now: datetime) -> Kita:
    postcode, locality = entry.pop("postcode"), entry.pop("locality")
    found = locate(postcode, locality, near=region)
    place = Place(postcode=postcode, locality=locality)
    if found is not None:
        point = {"lat": found.point.lat, "lon": found.point.lon, "precision": found.precision}
        place = place.model_copy(update={**point, "kreis": found.kreis, "ags": found.ags})
    recipients = [
        *(Recipient(address=each, confirmed_at=now, consent_text=CONSENT) for each in entry.pop("recipients", ())),
        *(Recipient(address=each) for each in entry.pop("unconfirmed", ())),
    ]
    closed = [span for words in entry.pop("closed", ()) for span in _yearly(words, now.date())]
    return Kita.model_validate(
        {**entry, "region": region, "place": place, "recipients": recipients, "closed": closed, "example": True}
    )


def _yearly(words: str, today: date) -> Iterator[Interval]:
    """``12-21/01-03`` as the spans that end today or later, up to next year's."""
    first, last = words.split("/")
    for year in (today.year - 1, today.year, today.year + 1):
        start = date.fromisoformat(f"{year}-{first}")
        end = date.fromisoformat(f"{year + (last < first)}-{last}")
        if end >= today:
            yield Interval(start=start, end=end)


def _read(name: str) -> str:
    return resources.files("webapp.demo").joinpath(name).read_text(encoding="utf-8")
