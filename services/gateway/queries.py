"""Names in the query of a request: what nobody reads is refused where something is written, and slips everywhere."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from services.common.errors import InvalidArgumentError
from services.common.known_keys import UNKNOWN, accepted_keys, said_of
from services.common.near import nearest

READS = frozenset({"GET", "HEAD"})
PAGING = frozenset({"limit", "page_size", "offset", "page", "cursor", "next_cursor", "after", "include_total"})
# What the client may send and what has nothing to do here, since it is so anyhow or there is nothing of the kind.
IDLE = frozenset(
    {
        *("force_schema_break", "include_document_count", "skip_validation", "force", "reason", "tier_num"),
        *("trigger_processing", "delete_s3_object", "async", "include_system", "view", "namespace_id"),
        *("deep", "metrics", "from_tier"),
    }
)


def check_query(method: str, asked: Iterable[str], known: frozenset[str]) -> None:
    """InvalidArgumentError for the first name that is not read, for a GET only when it is a slip of one that is."""
    for name in asked:
        if name in known or name in PAGING or name in IDLE:
            continue
        if method not in READS or nearest(name, known) is not None:
            where = f"query.{name}"
            said = said_of(name, sorted(known))
            raise InvalidArgumentError(f"{where}: {said}", reason=UNKNOWN.upper(), path=where)


def query_names(dependant: Dependant) -> frozenset[str]:
    """Every name that a route reads from the query."""
    return frozenset(_names(dependant))


def _names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        model: Any = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from accepted_keys(model)
        else:
            yield field.alias
    for inner in dependant.dependencies:
        yield from _names(inner)
