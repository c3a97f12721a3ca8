"""The cost of a label decision (Enrich, embedding known) against its bare parts, and what 10 times the documents cost.

Two collections, of 10,000 and of 100,000 documents, each with 2,000 labelled; index and taxonomy as processes of
their own on unix sockets. In one loop, in random turns: a decision in each collection, and the parts alone (two gRPC
round trips that carry the same request, two database round trips, one exact usearch search of the 2,000).
Usage: `python -m tests.performance.bench_enrich [SMALL LARGE ROUNDS]`.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import grpc
import numpy as np
import uvloop
from numpy.typing import NDArray
from usearch.compiled import MetricKind
from usearch.index import search

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from services.common.database.pool import Connection, open_pool
from services.common.grpc.client import OPTIONS, open_channel
from services.common.settings import Settings
from tests.integration.taxonomy.processes import Services, running
from tests.integration.taxonomy.world import MODEL, World, classifier, subject
from tests.performance.report import Figure, emit
from tests.support.postgres import Databases
from tests.support.postgres_server import running_postgres
from tests.support.tutorial.option_a import SLOT

LABELLED = 2000
CLUSTERS = 200
DIMENSIONS = 1280
WARM = 50
LIMIT = 2.0
GROWTH_LIMIT = 1.2

Matrix = NDArray[np.float16]
OBJECTS = "INSERT INTO objects (object_id, namespace_id, bucket_id) SELECT unnest($1::text[]), $2, $3"
DOCUMENTS = """
    INSERT INTO documents (document_id, namespace_id, bucket_id, collection_id, object_id, part, fields, labels)
    SELECT key, $2, $3, $4, key, 0,
      jsonb_build_object('product_label', CASE WHEN n <= $5::int THEN 'kind ' || n % $6::int END),
      CASE WHEN n <= $5::int THEN '{"product_label": {"source": "human"}}' ELSE '{}' END::jsonb
    FROM unnest($1::text[]) WITH ORDINALITY AS t (key, n)"""
ECHO = """
import asyncio, sys, grpc, uvloop
async def serve(address):
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    async def echo(request, context):
        return request
    handler = grpc.unary_unary_rpc_method_handler(echo)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("bare", {"Echo": handler})])
    server.add_insecure_port(address)
    await server.start()
    await server.wait_for_termination()
uvloop.run(serve(sys.argv[1]))
"""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A collection, and its vectors; the first 2,000 documents are labelled."""

    collection_id: str
    ids: list[str]
    vectors: Matrix

    @property
    def labelled(self) -> Matrix:
        """What a decision searches."""
        return self.vectors[:LABELLED]

    def nearest(self, queries: NDArray[np.float32]) -> list[str]:
        """For each query the labelled document of the highest cosine, by brute force in float64."""
        rows = self.labelled.astype(np.float64)
        scores = queries.astype(np.float64) @ (rows / np.linalg.norm(rows, axis=1, keepdims=True)).T
        return [self.ids[best] for best in scores.argmax(axis=1)]


def make_vectors(count: int, centres: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Unit vectors around the centres, as the embeddings of a few hundred kinds of things lie."""
    rows = centres[random.integers(len(centres), size=count)] + 0.7 * random.standard_normal((count, DIMENSIONS)) / 36
    unit: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


async def fill(world: World, name: str, vectors: Matrix) -> Corpus:
    """A self-referencing collection with these documents, in one transaction."""
    collection_id = await world.collection(name, dimensions=DIMENSIONS)
    await world.retriever(classifier(), name, name=f"{name}_classifier")
    await world.taxonomy(collection_id, f"ret_{name}_classifier")
    ids = [f"{name}_{number:06}" for number in range(len(vectors))]
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute(OBJECTS, ids, world.namespace_id, world.bucket_id)
        await connection.execute(DOCUMENTS, ids, world.namespace_id, world.bucket_id, collection_id, LABELLED, CLUSTERS)
        await connection.copy_records_to_table(
            "embeddings",
            records=((key, SLOT, MODEL, DIMENSIONS, row.tobytes()) for key, row in zip(ids, vectors, strict=True)),
            columns=["document_id", "feature_uri", "model", "dimensions", "vector"],
        )
    return Corpus(collection_id=collection_id, ids=ids, vectors=vectors)


class Parts:
    """The bare parts of a decision: no code of ours but the loop."""

    def __init__(self, echo: Callable[[bytes], Awaitable[bytes]], database: Connection, rows: Matrix) -> None:
        self._echo = echo
        self._database = database
        self._rows = rows

    async def run(self, request: bytes, query: NDArray[np.float32]) -> None:
        """Two gRPC round trips, two database round trips, one exact search."""
        for _ in range(2):
            await self._echo(request)
        for _ in range(2):
            await self._database.fetchval("SELECT 1")
        search(self._rows, query.astype(np.float16), 1, MetricKind.Cos, exact=True)


async def measure(world: World, parts: Parts, corpora: list[Corpus], queries: NDArray[np.float32]) -> None:
    """Runs the loop, in a new order each time, and prints the figures."""
    bare: list[float] = []
    costs: list[list[float]] = [[] for _ in corpora]
    found: list[list[str]] = [[] for _ in corpora]
    turns = np.arange(len(corpora) + 1)
    for query in queries:
        asked = subject(query.tolist())
        request = pb.EnrichRequest(subjects=[asked]).SerializeToString()
        for turn in np.random.default_rng().permutation(turns):
            started = time.perf_counter()
            if turn == len(corpora):
                await parts.run(request, query)
                bare.append(1000 * (time.perf_counter() - started))
            else:
                [decision] = await world.enrich(corpora[turn].collection_id, asked)
                costs[turn].append(1000 * (time.perf_counter() - started))
                found[turn].append(decision.evidence[0].document_id)
    report(bare[WARM:], [spent[WARM:] for spent in costs], corpora)
    report_recall(found, [corpus.nearest(queries) for corpus in corpora])


def report(bare: list[float], costs: list[list[float]], corpora: list[Corpus]) -> None:
    """Percentiles, and the two ratios."""
    emit(Figure(name="bare parts of a decision, p50", value=_percentile(bare, 50), unit="ms"))
    emit(Figure(name="bare parts of a decision, p95", value=_percentile(bare, 95), unit="ms"))
    for corpus, spent in zip(corpora, costs, strict=True):
        for percent in (50, 95):
            name = f"decision among {len(corpus.ids):,} documents, p{percent}"
            emit(Figure(name=name, value=_percentile(spent, percent), unit="ms"))
    small, large = costs
    ratio = _percentile(large, 95) / _percentile(bare, 95)
    emit(Figure(name="decision / bare parts, p95", value=ratio, unit="ratio", limit=LIMIT))
    growth = _percentile(large, 50) / _percentile(small, 50)
    emit(Figure(name="decision, 10 times the documents, p50", value=growth, unit="ratio", limit=GROWTH_LIMIT))


def report_recall(found: list[list[str]], wanted: list[list[str]]) -> None:
    """The share of decisions made by the truly nearest labelled document."""
    pairs = [pair for one, other in zip(found, wanted, strict=True) for pair in zip(one, other, strict=True)]
    recall = sum(got == nearest for got, nearest in pairs) / len(pairs)
    emit(Figure(name="recall@1 against brute force", value=recall, unit="share", limit=1.0, better="higher"))


def _percentile(values: list[float], percent: float) -> float:
    return float(np.percentile(values, percent))


async def run(services: Services, sizes: tuple[int, int], rounds: int) -> None:
    """Fills the database, starts the services, measures."""
    random = np.random.default_rng(7)
    centres = make_vectors(CLUSTERS, np.zeros((1, DIMENSIONS), dtype=np.float32), random)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(await open_pool(Settings(database_url=services.database_url), size=4))
        taxonomy = await stack.enter_async_context(open_channel(services.address("taxonomy")))
        index = await stack.enter_async_context(open_channel(services.address("index")))
        bare = await stack.enter_async_context(grpc.aio.insecure_channel(services.address("bare"), options=OPTIONS))
        world = await World(pool, taxonomy, index).create()
        corpora = [
            await fill(world, name, make_vectors(size, centres, random).astype(np.float16))
            for name, size in zip(("small", "large"), sizes, strict=True)
        ]
        database = await stack.enter_async_context(pool.acquire())
        await database.execute("ANALYZE")
        stack.enter_context(running(services, ["index", "taxonomy"]))
        stack.enter_context(echoing(services.address("bare")))
        await bare.channel_ready()
        parts = Parts(_echo(bare), database, corpora[1].labelled)
        await measure(world, parts, corpora, _as_sent(make_vectors(rounds + WARM, centres, random)))


def _as_sent(queries: NDArray[np.float32]) -> NDArray[np.float32]:
    """The queries as float16 carries them."""
    return queries.astype(np.float16).astype(np.float32)


def _echo(channel: grpc.aio.Channel) -> Callable[[bytes], Awaitable[bytes]]:
    method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/bare/Echo")
    return method


class echoing:  # noqa: N801
    """A gRPC server that returns what it is sent, in a process of its own."""

    def __init__(self, address: str) -> None:
        self._address = address

    def __enter__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", ECHO, self._address])

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)


def main() -> None:
    """Runs on an embedded PostgreSQL in a temporary folder."""
    small, large, rounds = map(int, sys.argv[1:4]) if len(sys.argv) > 1 else (10_000, 100_000, 1000)
    with tempfile.TemporaryDirectory(prefix="lkbe") as folder, running_postgres() as server:
        databases = Databases(server)
        services = Services(database_url=databases.url(databases.create()), folder=Path(folder))
        uvloop.run(run(services, (small, large), rounds))


if __name__ == "__main__":
    main()
