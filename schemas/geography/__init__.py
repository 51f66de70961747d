"""Where things are in Germany: points, distances, postcodes, municipalities, Kreise, Länder, addresses. Offline, pure.

Tables are read at first use, not at import (together about 25 MB, 0.3 s), and never change afterwards, so every
function may be called from any thread. Origin and licence of each table: `schemas/data/README.md`. This is the door for
the other floors; `share_alike.py` is left out on purpose.
"""

from schemas.geography.addresses import Address, parse_address
from schemas.geography.distance import EARTH_RADIUS_KM, Point, distance_km, distances_km
from schemas.geography.mentions import find_places
from schemas.geography.named_areas import former_kreise, islands
from schemas.geography.outlines import kreis_of
from schemas.geography.places import AgsSource, Located, find_municipality, locate
from schemas.geography.tables import (
    Association,
    Kreis,
    Municipality,
    UnknownKeyError,
    association_members,
    associations,
    kreis,
    kreis_name,
    land_name,
    land_of,
    municipalities_in,
    municipalities_within,
    municipality,
    postcode_known,
)

__all__ = [
    "EARTH_RADIUS_KM",
    "Address",
    "AgsSource",
    "Association",
    "Kreis",
    "Located",
    "Municipality",
    "Point",
    "UnknownKeyError",
    "association_members",
    "associations",
    "distance_km",
    "distances_km",
    "find_municipality",
    "find_places",
    "former_kreise",
    "islands",
    "kreis",
    "kreis_name",
    "kreis_of",
    "land_name",
    "land_of",
    "locate",
    "municipalities_in",
    "municipalities_within",
    "municipality",
    "parse_address",
    "postcode_known",
]
