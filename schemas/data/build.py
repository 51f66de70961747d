"""Rebuilds the tables of `schemas/data` from the originals: `python -m schemas.data.build SHARED_DIR [OUT_DIR]`.

SHARED_DIR holds `data/geo/…` and `data/holidays/…` as published (origin and licence of each: README.md beside this
file). The tables hold facts only, are sorted, end lines with a line feed, and come out byte for byte the same from
the same originals, so a change of an original shows as a readable difference.
"""

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from schemas.geography.distance import Point
from schemas.geography.names import place_name
from schemas.geography.outlines import Outlines

FIRST_HOLIDAY_YEAR = "2024"

# The marks of GeoNames' two German series: its own places carry the Land as letters ("MV"), the second series,
# postcodes of bulk-mail recipients (companies, authorities), carries numbers ("12"). See README.md for how this was
# measured.
_PLACE_SERIES = frozenset(
    ("BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH")
)

_LAND_CODES = {
    "01": "SH", "02": "HH", "03": "NI", "04": "HB", "05": "NW", "06": "HE", "07": "RP", "08": "BW",
    "09": "BY", "10": "SL", "11": "BE", "12": "BB", "13": "MV", "14": "SN", "15": "ST", "16": "TH",
}  # fmt: skip
_KREIS_KINDS = {"41": "Kreisfreie Stadt", "42": "Stadtkreis", "43": "Kreis", "44": "Landkreis", "45": "Regionalverband"}
_ASSOCIATION_KINDS = {
    "51": "Amt",
    "52": "Samtgemeinde",
    "53": "Verbandsgemeinde",
    "54": "Verwaltungsgemeinschaft",
    "55": "Kirchspielslandgemeinde",
    "56": "Verwaltungsverband",
    "58": "Erfüllende Gemeinde",
}
_MISPLACED_KM = 2.0
_SINGLE = "50"  # a municipality that belongs to no association
_UNINHABITED = "66"
_DESIGNATIONS = {"St": "Stadt", "GKSt": "Große Kreisstadt", "M": "Markt"}


def build(shared: Path, out: Path) -> list[Path]:
    """Write all tables below `out` from the originals below `shared`; returns the files written."""
    geo, holidays = shared / "data" / "geo", shared / "data" / "holidays"
    register = _read(geo / "gemeinden-destatis" / "AuszugGV4QAktuell.csv")
    outlines = list(_outlines(geo / "kreise-bkg" / "Ebene_Kreise.geojson"))
    postcodes = _postcodes(_read(geo / "plz-geonames" / "zipcodes.de.csv"), Outlines(outlines), register)
    tables: dict[str, tuple[str, Iterable[Iterable[object]]]] = {
        "geo/postcodes.csv": ("postcode,place,kreis,lat,lon", postcodes),
        "geo/laender.csv": ("key,name,code", _laender(register)),
        "geo/kreise.csv": ("key,name,kind", _kreise(register)),
        "geo/associations.csv": ("key,name,kind", _associations(register)),
        "geo/municipalities.csv": (
            "ags,name,designation,association,postcode,lat,lon,population,area_km2",
            _municipalities(register),
        ),
        "geo/kreis_outlines.csv": ("key,rings", outlines),
        "geo/odbl_postcode_municipality.csv": (
            "postcode,ags",
            sorted({(r["plz"], r["ags"]) for r in _read(geo / "plz-ort-osm" / "zuordnung_plz_ort_landkreis.csv")}),
        ),
        "holidays/odbl_school_holidays.csv": ("land,start,end,name", _school_holidays(holidays / "openholidays-de")),
    }
    return [_write(out / name, header, rows) for name, (header, rows) in tables.items()]


def _read(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def _write(path: Path, header: str, rows: Iterable[Iterable[object]]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header.split(","))
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    return path


def _postcodes(
    entries: list[dict[str, str]], outlines: Outlines, register: list[dict[str, str]]
) -> list[tuple[str, str, str, str, str]]:
    """The places of GeoNames without bulk-mail recipients and without the Austrian place with a German postcode.

    GeoNames gives one Kreis per postcode, wrong for places beyond its border. Where the point lies in another Kreis,
    and that one has a municipality of the place's name while the stated one has none, the other is taken. What then
    still lies more than 2 km outside its Kreis is misplaced and left out.
    """
    bearers: dict[str, set[str]] = {}
    for r in register:
        if r["satzart"] == "60":
            bearers.setdefault(place_name(_split_name(r["gemeindename"])[0]).head[0], set()).add(_kreis_key(r))
    kept = set()
    for r in entries:
        if r["state_code"] not in _PLACE_SERIES:
            continue
        kreis, point = r["community_code"], Point(float(r["latitude"]), float(r["longitude"]))
        actual = outlines.find(point)
        if actual is not None and actual != kreis:
            named = bearers.get(place_name(r["place"]).head[0], set())
            if actual in named and kreis not in named:
                kreis = actual
        if actual == kreis or outlines.border_km(kreis, point) <= _MISPLACED_KM:
            kept.add((r["zipcode"], r["place"], kreis, _trim(r["latitude"]), _trim(r["longitude"])))
    return sorted(kept)


def _laender(register: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    return sorted((r["land"], r["gemeindename"], _LAND_CODES[r["land"]]) for r in register if r["satzart"] == "10")


def _kreise(register: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    return sorted(
        (_kreis_key(r), _split_name(r["gemeindename"])[0], _KREIS_KINDS[r["textkennzeichen"]])
        for r in register
        if r["satzart"] == "40"
    )


def _associations(register: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    return sorted(
        (_kreis_key(r) + r["vb"], _split_name(r["gemeindename"])[0], _ASSOCIATION_KINDS[r["textkennzeichen"]])
        for r in register
        if r["satzart"] == "50" and r["textkennzeichen"] != _SINGLE
    )


def _municipalities(register: list[dict[str, str]]) -> list[tuple[object, ...]]:
    associations = {key for key, _, _ in _associations(register)}
    rows = []
    for r in register:
        if r["satzart"] != "60" or r["textkennzeichen"] == _UNINHABITED or not r["breitengrad"].strip():
            continue
        name, designation = _split_name(r["gemeindename"])
        kreis = _kreis_key(r)
        rows.append(
            (
                kreis + r["gemeinde"],
                name,
                designation,
                kreis + r["vb"] if kreis + r["vb"] in associations else "",
                r["postleitzahl"],
                f"{_decimal(r['breitengrad']):.5f}",
                f"{_decimal(r['laengengrad']):.5f}",
                int(re.sub(r"\s", "", r["bevoelkerung"])),
                f"{_decimal(r['flaeche']):.2f}",
            )
        )
    return sorted(rows)


def _outlines(path: Path) -> Iterator[tuple[str, str]]:
    """Per Kreis its rings, parted by "|": each a start point and steps, "lon lat …" in thousandths of a degree."""
    features: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["features"]
    rings: dict[str, list[str]] = {}
    for feature in features:
        geometry = feature["geometry"]
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        kept = rings.setdefault(feature["properties"]["ARS"], [])
        kept.extend(steps for polygon in polygons for ring in polygon if (steps := _steps(ring)))
    yield from ((key, "|".join(kept)) for key, kept in sorted(rings.items()))


def _steps(ring: list[list[float]]) -> str:
    points = [(round(lon * 1000), round(lat * 1000)) for lon, lat, *_ in ring]
    x = y = 0
    parts: list[str] = []
    for lon, lat in points:
        if parts and (lon, lat) == (x, y):
            continue
        parts.append(f"{lon - x} {lat - y}")
        x, y = lon, lat
    return " ".join(parts) if len(parts) > 3 else ""


def _school_holidays(folder: Path) -> list[tuple[str, str, str, str]]:
    """School holidays of general schools that end in FIRST_HOLIDAY_YEAR or later, without the islands' own dates."""
    found = set()
    for path in sorted(folder.glob("holidays.school.*.csv")):
        land = path.stem.rpartition(".")[2].upper()
        for r in _read(path, ";"):
            names = dict(part.split(" ", 1) for part in r["Name"].split(","))
            end = r["EndDate"] or r["StartDate"]
            groups = [group for group in (r.get("Groups") or "").split(",") if group]
            if end < FIRST_HOLIDAY_YEAR or r.get("Tags") == "Exception" or (groups and f"{land}-ABS" not in groups):
                continue
            found.add((land, r["StartDate"], end, names["DE"]))
    return sorted(found)


def _kreis_key(row: dict[str, str]) -> str:
    return row["land"] + row["rb"] + row["kreis"]


def _split_name(official: str) -> tuple[str, str]:
    """Part the official notation into name and designation.

    >>> _split_name("Flensburg, Stadt")
    ('Flensburg', 'Stadt')
    >>> _split_name("Lauenburg/ Elbe, GKSt")
    ('Lauenburg/Elbe', 'Große Kreisstadt')
    """
    name, _, designation = (part.strip() for part in official.partition(","))
    designation = re.sub(r"\s+", " ", designation)
    return re.sub(r"\s*/\s*", "/", name), _DESIGNATIONS.get(designation, designation)


def _decimal(text: str) -> float:
    return float(text.strip().replace(" ", "").replace(",", "."))


def _trim(degrees: str) -> str:
    """At most four decimals (11 m), as GeoNames gives them, without trailing zeros."""
    return f"{float(degrees):.4f}".rstrip("0").rstrip(".")


def main(arguments: list[str]) -> int:
    """Command line: returns 0 after writing, 2 for wrong usage."""
    if len(arguments) not in (1, 2):
        sys.stderr.write("usage: python -m schemas.data.build SHARED_DIR [OUT_DIR]\n")
        return 2
    out = Path(arguments[1]) if len(arguments) == 2 else Path(__file__).parent
    for path in build(Path(arguments[0]), out):
        sys.stderr.write(f"{path} {path.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
