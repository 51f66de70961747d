"""What may stand in an address of ours: nothing that is no id reaches the database."""

from flask import Flask
from werkzeug.routing import BaseConverter


class OfferId(BaseConverter):
    """Id of an offer, as ``schemas.identifiers.offer_id`` mints it."""

    regex = "o[a-z2-7]{15}"


class Name(BaseConverter):
    """Name of a source: lower-case snake_case."""

    regex = "[a-z0-9_]{1,80}"


class ProviderKey(BaseConverter):
    """What stands for a provider's name, as ``schemas.identifiers.provider_key`` makes it."""

    regex = "[a-z0-9][a-z0-9-]{0,79}"


def init_app(app: Flask) -> None:
    """Makes ``<offer:…>``, ``<name:…>`` and ``<provider:…>`` known to routes."""
    app.url_map.converters.update(offer=OfferId, name=Name, provider=ProviderKey)
