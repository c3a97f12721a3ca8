"""Filters on fields that nothing has: the answer is right, and says why it may not be what was meant.

Only the newest documents are looked at, so that the look costs the same in a large collection.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from services.common.database.bounded_reads import bounded
from services.common.database.find_resources import get_row
from services.common.filters import DOCUMENTS, OBJECTS, And, Condition, Filter, Not, Operator, Or, Table, parse
from services.common.filters.parameters import Parameters
from services.common.filters.tables import Column
from services.common.validation.misspellings import nearest
from services.gateway.collections.store import collection_ids_of, read_collection
from services.gateway.collections.views import input_properties, output_properties
from services.gateway.documents.counts.store import value_sql
from services.gateway.kit.context import Tenant
from services.gateway.kit.shapes import Degraded

LOOKED_AT = 2000
MOST_FIELDS = 10
MOST_COLLECTIONS = 20
METADATA = "metadata."
SELECT_DOCUMENTS = f"""
    SELECT {{columns}} FROM unnest($1::text[]) AS c (id) CROSS JOIN LATERAL
      (SELECT * FROM documents WHERE collection_id = c.id ORDER BY row_key DESC LIMIT {LOOKED_AT}) AS d"""  # noqa: S608
SELECT_OBJECTS = f"""
    SELECT {{columns}} FROM
      (SELECT * FROM objects WHERE bucket_id = ANY($1) ORDER BY row_key DESC LIMIT {LOOKED_AT}) AS o"""  # noqa: S608


def asked_fields(tree: Filter, table: Table, *, is_empty: bool) -> list[str]:
    """The user's fields to look for: all where nothing was found, else those that a lack of them lets pass."""
    found = (each.field for each, turned in _conditions(tree, turned=False) if is_empty or _loose(each) or turned)
    return list(dict.fromkeys(name for name in found if _is_users(name, table)))[:MOST_FIELDS]


def _conditions(tree: Filter, *, turned: bool) -> Iterator[tuple[Condition, bool]]:
    match tree:
        case And(children) | Or(children):
            for child in children:
                yield from _conditions(child, turned=turned)
        case Not(child):
            yield from _conditions(child, turned=True)
        case Condition():
            yield tree, turned


def _loose(condition: Condition) -> bool:
    """Whether a document without the field passes."""
    match condition.operator:
        case Operator.NE | Operator.NIN:
            return True
        case Operator.EXISTS:
            return condition.value is False
        case Operator.IS_NULL:
            return condition.value is True
        case _:
            wanted = condition.value if isinstance(condition.value, tuple) else (condition.value,)
            return None in wanted


def _is_users(name: str, table: Table) -> bool:
    place = table.resolve(name)
    return not isinstance(place, Column) and place[0].column == table.fields


async def unknown_in_collections(
    tenant: Tenant, collection_ids: Sequence[str], tree: Filter, *, is_empty: bool
) -> list[Degraded]:
    """A warning for each field that neither a document nor a schema of the collections has."""
    names = asked_fields(tree, DOCUMENTS, is_empty=is_empty)
    if not names or not 0 < len(collection_ids) <= MOST_COLLECTIONS:
        return []
    known = await declared_in(tenant, collection_ids)
    missing = [name for name in names if root_of(name) not in known and name not in known]
    absent = await _absent(tenant, SELECT_DOCUMENTS, DOCUMENTS, collection_ids, missing)
    return [_warning(name, "document", known) for name in absent]


async def declared_in(tenant: Tenant, collection_ids: Iterable[str]) -> set[str]:
    """The fields that the collections' schemas have, and those that labels are written to."""
    known: set[str] = set()
    for collection_id in collection_ids:
        row = await read_collection(tenant.gateway.pool, tenant.namespace_id, collection_id)
        schema = input_properties(row)
        known |= schema.keys() | output_properties(row, schema).keys()
        known |= {row["field_to_enrich"]} if row["taxonomy_id"] else set()
    return known


async def collections_to_look_at(tenant: Tenant) -> list[str]:
    """All collections of the namespace, or as many as are too many to look into."""
    return await collection_ids_of(tenant.gateway.pool, tenant.namespace_id, MOST_COLLECTIONS + 1)


async def unknown_in_bucket(
    tenant: Tenant, bucket_id: str, schema: Iterable[str], tree: Filter, *, is_empty: bool
) -> list[Degraded]:
    """The same for the objects of a bucket, whose schema has these fields."""
    return await _unknown_in(tenant, [bucket_id], asked_fields(tree, OBJECTS, is_empty=is_empty), set(schema))


async def _unknown_in(
    tenant: Tenant, bucket_ids: Sequence[str], names: Sequence[str], known: set[str]
) -> list[Degraded]:
    missing = [name for name in names if root_of(name) not in known and name not in known]
    absent = await _absent(tenant, SELECT_OBJECTS, OBJECTS, bucket_ids, missing)
    return [_warning(name, "object", known) for name in absent]


async def unknown_in_sources(
    tenant: Tenant, bucket_ids: Sequence[str], source_collection_ids: Sequence[str], filters: Any
) -> list[Degraded]:
    """A warning for each field that a filter of a collection's sources asks for in vain, be they objects or documents.

    What such a filter finds is seen later, so that every field of it is looked for.
    """
    if filters is None:
        return []
    tree = parse(filters, "source_filters", inputs=False)
    if source_collection_ids:
        return await unknown_in_collections(tenant, source_collection_ids, tree, is_empty=True)
    rows = [await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, each) for each in bucket_ids]
    known = {name for row in rows for name in row["bucket_schema"].get("properties") or {}}
    names = asked_fields(tree, OBJECTS, is_empty=True)
    return await _unknown_in(tenant, bucket_ids, names, known)


async def _absent(tenant: Tenant, sql: str, table: Table, ids: Sequence[str], names: Sequence[str]) -> list[str]:
    if not names:
        return []
    parameters = Parameters(2)
    columns = ", ".join(
        f"bool_or({value_sql(table, name, parameters)} IS NOT NULL"
        f" OR {table.alias}.fields ? {parameters.bind(root_of(name))}::text)"
        for name in names
    )
    async with bounded(tenant.gateway.queries, "filters") as connection:
        row = await connection.fetchrow(sql.format(columns=columns), list(ids), *parameters.values)
    assert row is not None
    return [name for name, has in zip(names, row.values(), strict=True) if not has]


def root_of(name: str) -> str:
    """The field at the root of a document that a dotted name lies in."""
    return name.removeprefix(METADATA).partition(".")[0]


def _warning(name: str, what: str, known: set[str]) -> Degraded:
    near = nearest(root_of(name), sorted(known))
    meant = f"Did you mean '{near}'? " if near else ""
    return Degraded(
        resource="field",
        id=name,
        reason=f"No {what} and no schema has the field '{name[:200]}' that the filter asks for.",
        next_step=f"{meant}Correct the name of the field, or leave the condition out.",
    )


def said(warnings: Sequence[Degraded]) -> list[str]:
    """The warnings as sentences, for answers whose warnings are texts in the contract."""
    return [f"{each.reason} {each.next_step}" for each in warnings]
