"""A web server of our own for the tests of harvesting."""

from collections.abc import Iterator

import pytest

from tests.harvesters.loopback import Site, running_site


@pytest.fixture
def site() -> Iterator[Site]:
    """A running web server on loopback."""
    with running_site() as running:
        yield running
