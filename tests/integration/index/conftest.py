"""Fixtures of the index tests."""

import pytest

from services.common.database.pool import Pool
from tests.support.index.corpus import Corpus


@pytest.fixture
async def corpus(pool: Pool) -> Corpus:
    """An empty collection `col_a` of namespace `ns_a`."""
    return await Corpus(pool).create()
