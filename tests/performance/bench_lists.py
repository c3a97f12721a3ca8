"""Lists of documents with a label filter, over REST, against the bare SQL; and what the 1,000th page costs.

One collection of 100,000 documents with an object and a blob each: a tenth bears one common label, the others one of
ninety. In one loop, in random turns, for labels drawn by their frequency: a page of 10 documents (the default) or of
100 over REST, and what it takes without us: the two queries that a person would write for it (documents by label in
order, their blobs), on a connection of their own, rows decoded. Then the first and the 1,000th page of the common
label, ten a page, in turns: by cursor, and by page number.
Usage: `python -m tests.performance.bench_lists [DOCUMENTS ROUNDS]`.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import aiohttp
import numpy as np
import orjson
import uvloop

from services.common.database.api_keys import create_key
from services.common.database.migrate import migrate
from services.common.database.pool import Connection, Pool, open_pool
from services.common.settings import Settings
from tests.integration.taxonomy.processes import Services
from tests.performance.report import Figure, emit
from tests.support.postgres import Databases
from tests.support.postgres_server import running_postgres

COMMON, LABELS = "kind 0", 91
PAGES, DEEP_PAGE, DEEP = (10, 100), 10, 1000
WARM = 30
LIMIT, DEEP_LIMIT = 2.0, 1.5
NAMESPACE, BUCKET, COLLECTION = "ns_bench", "bkt_bench", "col_bench"

SURROUNDINGS = """
    INSERT INTO namespaces (namespace_id, namespace_name) VALUES ('ns_bench', 'bench');
    INSERT INTO buckets (bucket_id, namespace_id, bucket_name, bucket_schema)
      VALUES ('bkt_bench', 'ns_bench', 'bench', '{}');
    INSERT INTO collections (collection_id, namespace_id, collection_name, bucket_ids, source, feature_extractor,
                             extractor, model, feature_uri, dimensions)
      VALUES ('col_bench', 'ns_bench', 'bench', '{bkt_bench}', '{}', '{"feature_extractor_name": "image_extractor"}',
              'image_extractor@v1', 'bench', 'mixpeek://image_extractor@v1/google_siglip_base_v1', 4)"""

OBJECTS = """
    INSERT INTO objects (object_id, namespace_id, bucket_id, fields, status)
    SELECT 'obj_' || n, $1, $2, jsonb_build_object('sku', 'sku ' || n, 'price', n % 997), 'COMPLETED'
    FROM generate_series(1, $3::int) AS n"""
BLOBS = """
    INSERT INTO blobs (blob_id, object_id, position, property, type, source_url, mime_type, size_bytes, sha256)
    SELECT 'blob_' || n, 'obj_' || n, 0, 'image_url', 'image', 'https://example.org/photos/' || n || '.jpg',
           'image/jpeg', 51200 + n, encode(sha256(n::text::bytea), 'hex')
    FROM generate_series(1, $1::int) AS n"""
DOCUMENTS = """
    INSERT INTO documents (document_id, namespace_id, bucket_id, collection_id, object_id, part,
                           fields, taxonomy_match, labels, internal)
    SELECT 'doc_' || n, $1, $2, $3, 'obj_' || n, 0,
      jsonb_build_object('product_label', label, 'sku', 'sku ' || n, 'price', n % 997),
      jsonb_build_object('matched', true, 'confidence', 0.81, 'source_document_id', 'doc_1'),
      jsonb_build_object('product_label', jsonb_build_object('source', 'auto', 'value', label, 'score', 0.81,
        'threshold', 0.3, 'taxonomy_id', 'tax_bench', 'set_at', '2026-01-01T00:00:00+00:00', 'model', 'bench')),
      jsonb_build_object('mime_type', 'image/jpeg', 'modality', 'image', 'size_bytes', 51200,
        'processing', jsonb_build_object('history', jsonb_build_array(jsonb_build_object('duration_ms', 20))))
    FROM (SELECT n, 'kind ' || CASE WHEN n % 10 = 0 THEN 0 ELSE 1 + n * 7919 % 90 END AS label
          FROM generate_series(1, $4::int) AS n) AS row"""
BARE = """
    SELECT * FROM documents d WHERE d.collection_id = $1 AND d.fields @> $2 ORDER BY d.row_key LIMIT $3"""
BARE_BLOBS = "SELECT * FROM blobs WHERE object_id = ANY($1) ORDER BY object_id, position"

Get = Callable[[str], Awaitable[dict[str, object]]]


async def fill(pool: Pool, documents: int) -> None:
    """The collection, in the way that a worker leaves it."""
    await pool.execute(SURROUNDINGS)
    await pool.execute(OBJECTS, NAMESPACE, BUCKET, documents)
    await pool.execute(BLOBS, documents)
    await pool.execute(DOCUMENTS, NAMESPACE, BUCKET, COLLECTION, documents)
    await pool.execute("VACUUM ANALYZE")


@contextmanager
def serving(services: Services) -> Iterator[str]:
    """The address of the list, at a gateway process that logs as it does by default."""
    port_file = services.folder / "port"
    settings = {"LIKENESS_PORT": "0", "LIKENESS_PORT_FILE": str(port_file), "LIKENESS_LOG_LEVEL": "info"}
    command = [sys.executable, "-m", "services.gateway.main"]
    process = subprocess.Popen(command, env=services.environment() | settings, stderr=subprocess.DEVNULL)
    try:
        while not port_file.exists() or not port_file.read_text():
            assert process.poll() is None, "the gateway ended while it was starting"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port_file.read_text().strip()}/v1/collections/{COLLECTION}/documents"
    finally:
        process.terminate()
        process.wait(30)


def getter(session: aiohttp.ClientSession, base: str) -> Get:
    """GET with a query, the JSON read as any client does."""

    async def get(query: str) -> dict[str, object]:
        async with session.get(f"{base}?{query}") as response:
            assert response.status == 200, await response.text()
            found: dict[str, object] = orjson.loads(await response.read())
            return found

    return get


def query_of(label: str, limit: int) -> str:
    """The query of a list by label."""
    return f'filters={{"field":"product_label","operator":"eq","value":"{label}"}}&limit={limit}'


async def bare(connection: Connection, label: str, page: int) -> int:
    """A page as two plain queries."""
    rows = await connection.fetch(BARE, COLLECTION, {"product_label": label}, page)
    await connection.fetch(BARE_BLOBS, [row["object_id"] for row in rows])
    return len(rows)


async def timed(call: Awaitable[object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    await call
    return 1000 * (time.perf_counter() - started)


async def compare_with_bare(get: Get, connection: Connection, page: int, rounds: int) -> None:
    """Pages of this size, over REST and bare."""
    random = np.random.default_rng(7)
    shares = [0.1, *[0.9 / (LABELS - 1)] * (LABELS - 1)]
    times: dict[str, list[float]] = {"REST": [], "bare SQL": []}
    for number in random.choice(LABELS, size=rounds + WARM, p=shares):
        label = f"kind {number}"
        for name in random.permutation(list(times)):
            call = get(query_of(label, page)) if name == "REST" else bare(connection, label, page)
            times[name].append(await timed(call))
    for name, spent in times.items():
        for percent in (50, 95):
            value = _p(spent[WARM:], percent)
            emit(Figure(name=f"list by label, {page} a page, {name}, p{percent}", value=value, unit="ms"))
    ratio = _p(times["REST"][WARM:], 95) / _p(times["bare SQL"][WARM:], 95)
    emit(Figure(name=f"list by label, {page} a page, REST / bare SQL, p95", value=ratio, unit="ratio", limit=LIMIT))


async def go_deep(get: Get, rounds: int) -> None:
    """The first and the 1,000th page of the common label."""
    query = query_of(COMMON, DEEP_PAGE)
    cursor = await _walk(get, query)
    for name, deep in (("by cursor", f"{query}&cursor={cursor}"), ("by page number", f"{query}&page={DEEP}")):
        first: list[float] = []
        last: list[float] = []
        for _ in range(rounds + WARM):
            first.append(await timed(get(query)))
            last.append(await timed(get(deep)))
        times = (first[WARM:], last[WARM:])
        for number, spent in zip((1, DEEP), times, strict=True):
            emit(Figure(name=f"page {number:,} {name}, p50", value=_p(spent, 50), unit="ms"))
        for percent in (50, 95):
            ratio = _p(times[1], percent) / _p(times[0], percent)
            name_ = f"page 1,000 / page 1 {name}, p{percent}"
            emit(Figure(name=name_, value=ratio, unit="ratio", limit=DEEP_LIMIT))


async def _walk(get: Get, query: str) -> str:
    """The cursor of the 1,000th page, found as a client finds it."""
    cursor = ""
    for _ in range(DEEP - 1):
        page = await get(query + (f"&cursor={cursor}" if cursor else ""))
        pagination = page["pagination"]
        assert isinstance(pagination, dict)
        cursor = pagination["next_cursor"]
    return cursor


def _p(times: Sequence[float], percent: float) -> float:
    return float(np.percentile(times, percent))


async def run(services: Services, documents: int, rounds: int) -> None:
    """Fills the database, starts the gateway, measures."""
    await migrate(services.database_url)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(await open_pool(Settings(database_url=services.database_url), size=2))
        await fill(pool, documents)
        _, key = await create_key(pool, "bench")
        base = stack.enter_context(serving(services))
        headers = {"Authorization": f"Bearer {key}", "X-Namespace": NAMESPACE}
        session = await stack.enter_async_context(aiohttp.ClientSession(headers=headers))
        connection = await stack.enter_async_context(pool.acquire())
        get = getter(session, base)
        for page in PAGES:
            await compare_with_bare(get, connection, page, rounds)
        await go_deep(get, rounds)


def main() -> None:
    """Runs on an embedded PostgreSQL in a temporary folder."""
    documents, rounds = map(int, sys.argv[1:3]) if len(sys.argv) > 1 else (100_000, 300)
    with tempfile.TemporaryDirectory(prefix="lkbl") as folder, running_postgres() as server:
        databases = Databases(server)
        uvloop.run(
            run(Services(database_url=databases.url(databases.create()), folder=Path(folder)), documents, rounds)
        )


if __name__ == "__main__":
    main()
