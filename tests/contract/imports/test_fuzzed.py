"""Whatever is sent to imports, their inference and their checks: an answer, or a 4xx that names the path."""

from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.test_fuzzed_lists import FUZZ, ODD, assert_answered
from tests.property.test_filters import JSON
from tests.support.gateway.rest import DOCUMENTS, set_up

pytestmark = pytest.mark.asyncio(loop_scope="session")

IMPORT = DOCUMENTS.removesuffix("/documents") + "/import"
NAMES = st.sampled_from(
    ["a", "b", "a.b", "rows", "rows[].a", "rows.b", "v", "product_label", "_internal", "", ".", "\0"]
)
EXPORT = st.dictionaries(NAMES, JSON | ODD | st.lists(st.dictionaries(NAMES, JSON | ODD, max_size=3), max_size=3))
TARGET = st.fixed_dictionaries(
    {"kind": st.sampled_from(["metadata", "vector", "identity", "parent", "ignore", "other"])},
    optional={
        "path": NAMES | JSON,
        "index": NAMES,
        "dim": JSON,
        "dtype": st.sampled_from(["float16-base64", "float32", "?", 1]),
        "role": st.sampled_from(["document_id", "root_object_id", "content_hash", "?"]),
        "chain_position": st.integers(-1, 3),
        "expected_type": st.sampled_from(["string", "vector", "?"]),
    },
)
MAPPING = st.fixed_dictionaries(
    {"fields": st.lists(st.fixed_dictionaries({"source_field": NAMES, "target": TARGET}), max_size=4) | JSON},
    optional={"source_type": st.sampled_from(["bucket", "collection", "?"]), "chain_template": JSON},
)
JOIN = st.fixed_dictionaries({"array": NAMES, "key": NAMES, "index": NAMES}, optional={"vector_field": NAMES})
EXPLODE = st.fixed_dictionaries({"explode_axis": NAMES}, optional={"vector_join": JOIN})
REQUEST = st.fixed_dictionaries(
    {"mapping": MAPPING}, optional={"export": EXPORT, "explode": EXPLODE, "dry_run": st.booleans(), "seed_ledger": JSON}
)

ROWS = st.fixed_dictionaries({"sample_rows": st.lists(EXPORT, max_size=4)}, optional={"known_index_dims": JSON})
SOURCES = st.lists(st.fixed_dictionaries({"path": NAMES, "type": st.sampled_from(["string", "vector"])}), max_size=3)
CHECKS = st.fixed_dictionaries({"mapping": MAPPING}, optional={"source_fields": SOURCES})


@pytest_asyncio.fixture(loop_scope="session")
async def made(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client of a collection."""
    await set_up(client)
    return client


@FUZZ
@given(body=REQUEST)
async def test_any_import_is_answered_or_refused(made: httpx.AsyncClient, body: Any) -> None:
    await assert_answered(made, "POST", IMPORT, body)


@FUZZ
@given(body=ROWS)
async def test_any_rows_are_inferred_or_refused(made: httpx.AsyncClient, body: Any) -> None:
    await assert_answered(made, "POST", "/v1/collections/import/infer", body)


@FUZZ
@given(body=CHECKS)
async def test_any_mapping_is_checked_or_refused(made: httpx.AsyncClient, body: Any) -> None:
    await assert_answered(made, "POST", "/v1/collections/import/validate-mapping", body)
