"""A field that is declared as a time is compared with times alone."""

from collections.abc import Iterator, Sequence

from services.common.database.pool import Connection
from services.common.filters import And, Condition, Filter, Not, Or, Table
from services.common.filters.tables import METADATA
from services.common.filters.tree import EQUALITY, ORDER
from services.common.filters.value_checks import invalid
from services.common.json.instants import ISO, moment_of


async def require_instants(connection: Connection, table: Table, tree: Filter, owners: Sequence[object]) -> None:
    """InvalidArgumentError where a declared time of one of the `owners` is compared with what names no instant."""
    asked = {condition.field.removeprefix(f"{METADATA}."): condition for condition in _without_instant(tree)}
    if table.moments is None or not asked:
        return
    view, owner = table.moments
    sql = f"SELECT path FROM {view} WHERE {owner} = ANY($1) AND path = ANY($2) LIMIT 1"  # noqa: S608
    path = await connection.fetchval(sql, [each for each in owners if isinstance(each, str)], list(asked))
    if path is not None:
        shown = repr(asked[path].value)[:60]
        raise invalid(f"{shown} is not a time that there is, such as '2026-01-31T12:00:00Z'.", asked[path].field)


def _without_instant(tree: Filter) -> Iterator[Condition]:
    match tree:
        case And(children) | Or(children):
            for child in children:
                yield from _without_instant(child)
        case Not(child):
            yield from _without_instant(child)
        case Condition(value=value, operator=operator) if operator in EQUALITY | ORDER:
            given = value if isinstance(value, tuple) else (value,)
            if any(_is_doubtful(each, ordered=operator in ORDER) for each in given):
                yield tree


def _is_doubtful(value: object, *, ordered: bool) -> bool:
    """Nothing else is asked about: most conditions ask whether a text is that of a label."""
    if not isinstance(value, str):
        return ordered
    return moment_of(value) is None and (ordered or ISO.fullmatch(value) is not None)
