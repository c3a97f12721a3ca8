"""What is applied to a collection's documents as they come in: taxonomies, and retrievers that write back fields."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from services.common.filters import parse
from services.gateway.kit.shapes import Form, JsonObject, OpenAnswer

MOST = 50
Style = Literal["full_chain", "best_match", "combined"]
ScrollFilters = Annotated[JsonObject | None, Field(description="Documents to label, in any filter dialect")]


def checked_filters(filters: Any) -> Any:
    """The filter as it came, after a check that it can be read; InvalidArgumentError names what is wrong."""
    if filters is not None:
        parse(filters, "scroll_filters", inputs=False, selects=True)
    return filters


class TaxonomyApplicationForm(Form):
    """TaxonomyApplicationConfigInput: labels what comes into the collection, or into `target_collection_id`."""

    taxonomy_id: Annotated[str, Field(min_length=1)]
    execution_mode: Annotated[str | None, Field(description="`materialize`, whatever is said")] = None
    target_collection_id: str | None = None
    scroll_filters: ScrollFilters = None
    execution_phase: Annotated[int, Field(ge=1, le=4)] = 1
    priority: Annotated[int, Field(ge=0, le=1000)] = 0
    hierarchical_enrichment_style: Style | None = None

    _filters = field_validator("scroll_filters")(checked_filters)


class MappingSource(Form):
    """InputMappingSource: where an input's value comes from."""

    source_type: Literal["document_field", "constant", "source_blob"]
    path: str | None = None
    value: Any = None


class EnrichmentMapping(Form):
    """EnrichmentInputMapping."""

    input_key: Annotated[str, Field(min_length=1)]
    source: MappingSource


class WriteBack(Form):
    """WriteBackFieldMapping: a field of the results, and the field of the document that it is written to."""

    source_field: Annotated[str, Field(min_length=1)]
    target_field: Annotated[str, Field(min_length=1, max_length=255)]
    mode: Literal["first", "all_as_array", "concat"] = "first"


class RetrieverEnrichmentForm(Form):
    """RetrieverEnrichmentConfigInput: runs a retriever for each new document and writes back what it finds."""

    retriever_id: Annotated[str, Field(min_length=1)]
    input_mappings: Annotated[list[EnrichmentMapping], Field(min_length=1, max_length=MOST)]
    write_back_fields: Annotated[list[WriteBack], Field(min_length=1, max_length=MOST)]
    execution_phase: Annotated[int, Field(ge=1, le=4)] = 4
    priority: Annotated[int, Field(ge=0, le=1000)] = 0
    scroll_filters: ScrollFilters = None
    enabled: bool = True

    _filters = field_validator("scroll_filters")(checked_filters)

    def engine_config(self) -> JsonObject:
        """The enrichment as the taxonomy service reads it, like the config of a taxonomy."""
        return {
            "taxonomy_type": "retriever",
            "retriever_id": self.retriever_id,
            "input_mappings": [_mapping(each) for each in self.input_mappings],
            "source_collection": {"enrichment_fields": [_written(each) for each in self.write_back_fields]},
            "top_k": MOST,
        }


def _mapping(mapping: EnrichmentMapping) -> JsonObject:
    source = mapping.source
    kinds: Mapping[str, str] = {"document_field": "payload", "constant": "literal", "source_blob": "blob"}
    return {
        "input_key": mapping.input_key,
        "source_type": kinds[source.source_type],
        "path": source.path,
        "override": source.value,
    }


def _written(field: WriteBack) -> JsonObject:
    mode = "replace" if field.mode == "first" else field.mode
    return {"field_path": field.source_field, "target_field": field.target_field, "merge_mode": mode}


class TaxonomyApplication(OpenAnswer):
    """TaxonomyApplicationConfigOutput; a collection's inline taxonomy is shown as one too."""

    taxonomy_id: str
    execution_mode: Literal["materialize"] = "materialize"
    target_collection_id: str | None = None
    scroll_filters: JsonObject | None = None
    execution_phase: int = 1
    priority: int = 0
    hierarchical_enrichment_style: Style | None = None


class RetrieverEnrichment(OpenAnswer):
    """RetrieverEnrichmentConfigOutput."""

    retriever_id: str
    input_mappings: list[JsonObject]
    write_back_fields: list[JsonObject]
    execution_phase: int
    priority: int
    scroll_filters: JsonObject | None = None
    enabled: bool
