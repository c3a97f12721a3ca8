"""The members of one filter in one shard, kept apart so that searching them costs nothing for the others."""

from collections.abc import Sequence
from functools import lru_cache

from services.common.errors import InvalidArgumentError
from services.common.filters import Filter, canonical_json, has_dynamic, parse_json
from services.index.domain import RowKey
from services.index.shards.stored_vectors import Rows
from services.index.vectors.vector_space import Space

FILTER_PATH = "view_filter_json"


class View:
    """A filter, and copies of the vectors of the documents that it admits."""

    def __init__(self, filter_json: str, tree: Filter, space: Space) -> None:
        self.filter_json = filter_json
        self.tree = tree
        self.space = space

    async def update(self, rows: Rows, members: frozenset[RowKey]) -> None:
        """Takes in changed documents: those in `members` belong to the view now, the others do not."""
        inside = [at for at, entry in enumerate(rows.entries) if entry.key in members]
        await self.space.put([rows.entries[at].key for at in inside], rows.vectors[inside])
        await self.space.remove([entry.key for entry in rows.entries if entry.key not in members])

    async def remove(self, keys: Sequence[RowKey]) -> None:
        """Forgets documents that are gone."""
        await self.space.remove(keys)


@lru_cache(maxsize=256)
def read_filter(filter_json: str) -> tuple[str, Filter]:
    """The canonical text and the tree of a filter; InvalidArgumentError when it cannot be read or holds templates."""
    tree = parse_json(filter_json, FILTER_PATH)
    if has_dynamic(tree):
        raise InvalidArgumentError(f"{FILTER_PATH} holds a template; substitute its inputs first.", path=FILTER_PATH)
    return canonical_json(tree), tree
