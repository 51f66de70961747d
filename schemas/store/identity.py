"""Comparing identities at a source (law 5) in SQL."""

from typing import Any

from sqlalchemy import and_


def same_identity(left: Any, right: Any) -> Any:
    """Whether rows of two tables are about the same (source, key, part)."""
    return and_(left.c.source == right.c.source, left.c.key == right.c.key, left.c.part == right.c.part)
