"""What must hold of the index at any time, whatever happened before."""

from collections import Counter

from services.common.database.pool import Executor
from services.index.domain import Hit
from services.index.fingerprint import fingerprint
from services.index.shards.database import read_members
from services.index.shards.engine import Engine
from tests.support.database_fingerprint import database_fingerprint


async def index_equals_database(engine: Engine, db: Executor) -> None:
    """Every shard holds the documents and the very bytes of the database; nothing lost, nothing left over."""
    held = [
        (each.shard.namespace_id, each.shard.collection_id, each.shard.feature_uri, each.count, each.digest)
        for each in await fingerprint(engine, None)
    ]
    stored = [
        (each.namespace_id, each.collection_id, each.feature_uri, each.count, each.digest)
        for each in await database_fingerprint(db)
    ]
    assert held == stored


async def views_equal_filters(engine: Engine, db: Executor) -> None:
    """Each view has the members that its filter has in the database, with the vectors of its shard."""
    for shard in engine.shards.values():
        for view in shard.views:
            members = sorted(await read_members(db, shard.key.collection_id, view.tree))
            assert sorted(view.space.row_keys()) == members, view.filter_json
            assert (await view.space.get(members) == await shard.space.get(members)).all(), view.filter_json


def nothing_doubled(hits: list[Hit]) -> None:
    """No document is found twice by one question."""
    assert max(Counter(hit.document_id for hit in hits).values(), default=1) == 1


def best_first(hits: list[Hit]) -> None:
    """Scores fall, equal scores go by document id, all lie in 0..1."""
    order = [(-hit.score, hit.document_id) for hit in hits]
    assert order == sorted(order)
    assert all(0.0 <= hit.score <= 1.0 for hit in hits)
