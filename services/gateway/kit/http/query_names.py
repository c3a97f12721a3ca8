"""Names in the query of a request: what nobody reads is refused where something is written, and slips everywhere."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from services.common.errors import InvalidArgumentError
from services.common.validation.misspellings import nearest
from services.common.validation.unknown_keys import UNKNOWN, accepted_keys, unknown_key_message

READS = frozenset({"GET", "HEAD"})
PAGING = frozenset({"limit", "page_size", "offset", "page", "cursor", "next_cursor", "after", "include_total"})
# What the client may send and what has nothing to do here, since it is so anyhow or there is nothing of the kind: the
# name, and how the paths end where the contract has it.
IDLE: Mapping[str, tuple[str, ...]] = {
    "async": ("/confirm",),
    "delete_s3_object": ("/uploads/{upload_id}",),
    "force": ("/submit", "/namespaces/{namespace}", "/api-keys/{key_name}"),
    "force_schema_break": ("/buckets/{bucket}",),
    "from_tier": ("/resubmit",),
    "include_system": ("/namespaces/list",),
    "reason": ("/cancel",),
    "skip_validation": ("/batches", "/batches/{batch_id}/objects"),
    "trigger_processing": ("/resubmit",),
    "view": ("/namespaces/list",),
}
# The same of reads, which change nothing.
IDLE_READS = frozenset({"deep", "include_document_count", "include_system", "metrics", "namespace_id", "tier_num"})


def check_query(method: str, path: str, asked: Iterable[str], known: frozenset[str]) -> None:
    """InvalidArgumentError for the first name that a route does not read, for a GET only when it is a slip of one."""
    for name in asked:
        if name not in known and not _is_idle(method, path, name) and (method not in READS or nearest(name, known)):
            where = f"query.{name}"
            said = unknown_key_message(name, sorted(known))
            raise InvalidArgumentError(f"{where}: {said}", reason=UNKNOWN.upper(), path=where)


def _is_idle(method: str, path: str, name: str) -> bool:
    if method in READS and (name in PAGING or name in IDLE_READS):
        return True
    return (name in PAGING and path.endswith("/list")) or path.endswith(IDLE.get(name, ()))


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
