"""What the filters of a retriever ask of documents, so that a field that nothing has can be told."""

from collections.abc import Iterator, Sequence
from typing import Any

from services.common.filters import Filter, all_of, parse
from services.common.filters.stage_conditions import conditions_of
from services.common.ids import Bindings, bound_name
from services.gateway.collections.unknown_field_warnings import collections_to_look_at, unknown_in_collections
from services.gateway.kit.context import Tenant
from services.gateway.kit.shapes import Degraded, JsonObject
from services.gateway.kit.unknown_field_warnings import root_of
from services.gateway.retrievers.stages.shapes import searches_of
from services.gateway.retrievers.store import resolve_collections

SCORES = ("score", "scores")
# Stages after which a field is still the document's own.
KEEPING = frozenset(
    {"attribute_filter", "feature_search", "sort_attribute", "sort_relevance", "limit", "sample", "deduplicate"}
)


async def unknown_in_stages(
    tenant: Tenant,
    stages: Sequence[JsonObject],
    identifiers: Sequence[str],
    bindings: Bindings,
    given: Any = None,
    *,
    is_empty: bool,
) -> list[Degraded]:
    """A warning for each field that a filter of the stages, or the one given beside, asks for in vain."""
    filters = [*_filters_of(stages), *([] if given is None else [parse(given, "body.filters")])]
    if not filters:
        return []
    ids = await _searched(tenant, stages, identifiers, bindings)
    warnings = await unknown_in_collections(tenant, ids, all_of(filters), is_empty=is_empty)
    return [each for each in warnings if root_of(each.id or "") not in SCORES]


def _filters_of(stages: Sequence[JsonObject]) -> Iterator[Filter]:
    """The filters that are held against documents as they are stored."""
    for stage in stages:
        config = stage["config"]
        if config["stage_id"] not in KEEPING:
            return
        written = [config.get("pre_filters"), config.get("post_filters")]
        written += [search.get("filters") for search in searches_of([stage])]
        if config["stage_id"] == "attribute_filter":
            written.append(conditions_of(config["parameters"], "conditions")[0])
        yield from (parse(each, "conditions") for each in written if each)


async def _searched(
    tenant: Tenant, stages: Sequence[JsonObject], identifiers: Sequence[str], bindings: Bindings
) -> list[str]:
    """The collections named by the retriever, else by its searches, else all of the namespace."""
    named = identifiers or [name for search in searches_of(stages) for name in _named_in(search)]
    if not named:
        return await collections_to_look_at(tenant)
    meant = [bound_name(bindings, "collection", each) for each in named]
    found = await resolve_collections(tenant.gateway.pool, tenant.namespace_id, meant)
    return list(dict.fromkeys(found.values()))


def _named_in(search: JsonObject) -> list[str]:
    return list(search.get("collection_identifiers") or search.get("collection_ids") or [])
