"""The collections that stages name, found by any identifier that the contract allows."""

from collections.abc import Sequence

import asyncpg

from services.common.database.find_resources import PREFIXES
from services.common.errors import InvalidArgumentError, NotFoundError
from services.common.ids import Bindings, bound_name
from services.taxonomy.database.reader import Reader
from services.taxonomy.domain import Target

MOST_COLLECTIONS = 100
COLUMNS = """c.collection_id, c.extractor, coalesce(c.model, '') AS model, coalesce(c.feature_uri, '') AS feature_uri,
    coalesce(c.dimensions, 0) AS dimensions"""
NAMED = f"""
    SELECT i.identifier, {COLUMNS}
    FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS i (identifier, name, position), LATERAL (
      SELECT * FROM collections WHERE namespace_id = $1
        AND (collection_id = i.identifier OR collection_name IN (i.identifier, i.name))
      ORDER BY collection_id = i.identifier DESC, collection_name = i.identifier DESC LIMIT 1
    ) c ORDER BY i.position"""  # noqa: S608
ALL = f"SELECT {COLUMNS} FROM collections c WHERE c.namespace_id = $1 ORDER BY c.created_at LIMIT $2"  # noqa: S608


class Collections:
    """Collections as targets; each question is one round trip."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def named(
        self, namespace_id: str, identifiers: Sequence[str], path: str, bindings: Bindings
    ) -> tuple[Target, ...]:
        """The collections named, each once; NotFoundError for one that does not exist."""
        if len(identifiers) > MOST_COLLECTIONS:
            raise InvalidArgumentError(f"{path} names more than {MOST_COLLECTIONS} collections.", path=path)
        meant = [bound_name(bindings, "collection", identifier) for identifier in identifiers]
        names = [identifier.removeprefix(PREFIXES["collection"]) for identifier in meant]
        rows = await self._reader.fetch(NAMED, namespace_id, meant, names)
        found = {row["identifier"] for row in rows}
        pairs = zip(identifiers, meant, strict=True)
        missing = next((identifier for identifier, mean in pairs if mean not in found), None)
        if missing is not None:
            raise _missing(missing, bindings)
        return tuple({row["collection_id"]: _target(row) for row in rows}.values())

    async def all(self, namespace_id: str) -> tuple[Target, ...]:
        """Every collection of the namespace, the oldest 100 at most."""
        return tuple(_target(row) for row in await self._reader.fetch(ALL, namespace_id, MOST_COLLECTIONS))


def _missing(identifier: str, bindings: Bindings) -> NotFoundError:
    if f"collection/{identifier}" not in bindings:
        return NotFoundError.of("collection", identifier)
    message = f"The collection '{identifier}' that the retriever searches was deleted; name another in the retriever."
    return NotFoundError(message, resource="collection", id=identifier)


def _target(row: asyncpg.Record) -> Target:
    names = ("collection_id", "extractor", "model", "feature_uri", "dimensions")
    return Target(**{name: row[name] for name in names})
