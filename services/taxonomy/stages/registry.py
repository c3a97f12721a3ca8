"""Which stages run here, and why the others of the contract do not."""

from collections.abc import Mapping

from services.taxonomy.stages import attribute_filter
from services.taxonomy.stages.aggregate import parse_aggregate
from services.taxonomy.stages.attribute_filter import parse_attribute_filter
from services.taxonomy.stages.base.stage import StageParser
from services.taxonomy.stages.cluster import parse_cluster
from services.taxonomy.stages.document_enrich import parse_document_enrich
from services.taxonomy.stages.json_transform import parse_json_transform
from services.taxonomy.stages.mmr import parse_mmr
from services.taxonomy.stages.sample_and_group import parse_deduplicate, parse_group_by, parse_sample, parse_unwind
from services.taxonomy.stages.search import feature_search
from services.taxonomy.stages.search.feature_search import parse_feature_search
from services.taxonomy.stages.search.rerank import parse_rerank
from services.taxonomy.stages.sort_and_limit import (
    parse_limit,
    parse_score_normalize,
    parse_sort_attribute,
    parse_sort_relevance,
)
from services.taxonomy.stages.taxonomy_enrich import parse_taxonomy_enrich

STAGES: Mapping[str, StageParser] = {
    attribute_filter.STAGE_ID: parse_attribute_filter,
    feature_search.STAGE_ID: parse_feature_search,
    "sort_attribute": parse_sort_attribute,
    "sort_relevance": parse_sort_relevance,
    "score_normalize": parse_score_normalize,
    "mmr": parse_mmr,
    "rerank": parse_rerank,
    "limit": parse_limit,
    "sample": parse_sample,
    "deduplicate": parse_deduplicate,
    "group_by": parse_group_by,
    "aggregate": parse_aggregate,
    "cluster": parse_cluster,
    "unwind": parse_unwind,
    "json_transform": parse_json_transform,
    "document_enrich": parse_document_enrich,
    "taxonomy_enrich": parse_taxonomy_enrich,
}

LANGUAGE = "it needs a language model, and none is served here"
OUTSIDE = "it would send data to the internet"
REFUSED: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "llm_filter",
            "llm_enrich",
            "query_expand",
            "summarize",
            "rag_prepare",
            "agent_search",
            "agentic_enrich",
            "cross_compare",
        ),
        LANGUAGE,
    ),
    **dict.fromkeys(("api_call", "external_web_search", "external_reverse_image", "web_scrape"), OUTSIDE),
    "sql_lookup": "it would run SQL of the caller",
    "code_execution": "it would run code of the caller",
    "maxsim_rerank": "it needs a model that gives many vectors for one document, and none is served here",
}
