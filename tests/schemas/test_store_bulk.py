"""The garbage collector rests while many objects are made, and only then."""

import gc

import pytest

from schemas.store.bulk import uncollected


def test_the_collector_works_again_afterwards_even_after_an_error() -> None:
    with pytest.raises(ValueError, match="broken"), uncollected():
        assert not gc.isenabled()
        raise ValueError("broken")

    assert gc.isenabled()


def test_a_block_inside_another_does_not_end_its_rest() -> None:
    with uncollected():
        with uncollected():
            pass
        assert not gc.isenabled()

    assert gc.isenabled()
