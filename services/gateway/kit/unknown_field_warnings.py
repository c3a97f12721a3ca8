"""Filters on fields that nothing has: the answer is right, and says why it may not be what was meant.

Only the newest documents or objects are looked at, so that the look costs the same in a large collection.
"""

from collections.abc import Iterable, Iterator, Sequence

from services.common.database.bounded_reads import bounded
from services.common.filters import OBJECTS, And, Condition, Filter, Not, Operator, Or, Table
from services.common.filters.parameters import Parameters
from services.common.filters.tables import Column
from services.common.validation.misspellings import nearest
from services.gateway.kit.context import Tenant
from services.gateway.kit.lists.tables import value_sql
from services.gateway.kit.shapes import Degraded

LOOKED_AT = 2000
MOST_FIELDS = 10
METADATA = "metadata."
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


async def unknown_in_bucket(
    tenant: Tenant, bucket_id: str, schema: Iterable[str], tree: Filter, *, is_empty: bool
) -> list[Degraded]:
    """The same for the objects of a bucket, whose schema has these fields."""
    return await unknown_in_buckets(tenant, [bucket_id], asked_fields(tree, OBJECTS, is_empty=is_empty), set(schema))


async def unknown_in_buckets(
    tenant: Tenant, bucket_ids: Sequence[str], names: Sequence[str], known: set[str]
) -> list[Degraded]:
    """The same for the objects of several buckets, whose schemas have the `known` fields."""
    missing = [name for name in names if root_of(name) not in known and name not in known]
    absent = await absent_fields(tenant, SELECT_OBJECTS, OBJECTS, bucket_ids, missing)
    return [unknown_field(name, "object", known) for name in absent]


async def absent_fields(tenant: Tenant, sql: str, table: Table, ids: Sequence[str], names: Sequence[str]) -> list[str]:
    """Those of the names that nothing has of what `sql` looks at."""
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


def unknown_field(name: str, what: str, known: set[str]) -> Degraded:
    """The warning, with the known name that is nearest."""
    near = nearest(root_of(name), sorted(known))
    meant = f"Did you mean '{near}'? " if near else ""
    return Degraded(
        resource="field",
        id=name,
        reason=f"No {what} and no schema has the field '{name[:200]}' that the filter asks for.",
        next_step=f"{meant}Correct the name of the field, or leave the condition out.",
    )


def sentences(warnings: Sequence[Degraded]) -> list[str]:
    """The warnings as sentences, for answers whose warnings are texts in the contract."""
    return [f"{each.reason} {each.next_step}" for each in warnings]
