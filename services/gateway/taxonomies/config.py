"""What a taxonomy does: flat, by one retriever and one collection, or a hierarchy of collections or of paths."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field

from services.common.labels.label_values import label_value
from services.common.validation.unknown_keys import IDLE, UnusedKey
from services.gateway.kit.shapes import Form, JsonObject

MOST_NODES = 1000
NO_MODEL = "no language model makes hierarchies here; name hierarchical_nodes or a path_field."
MOST_FIELDS = 100
Text = Annotated[str, Field(min_length=1, max_length=512)]
Share = Annotated[float, Field(ge=0.0, le=1.0, strict=True)]


class EnrichmentField(Form):
    """EnrichmentField: copied from what was matched."""

    field_path: Text
    target_field: Text | None = None
    merge_mode: Literal["replace", "append"] | None = None

    def normal(self) -> JsonObject:
        """As answers show it, and the taxonomy service reads it."""
        field: JsonObject = {"field_path": _bare(self.field_path), "merge_mode": self.merge_mode or "replace"}
        return field if self.target_field is None else {**field, "target_field": _bare(self.target_field)}


class InputMapping(Form):
    """InputMapping: where an input of the retriever comes from."""

    input_key: Text
    source_type: Literal["payload", "literal", "vector", "blob"] = "payload"
    path: Annotated[str | None, Field(max_length=512)] = None
    override: Any = None


Mappings = Annotated[list[InputMapping], Field(max_length=MOST_FIELDS)]
Fields = Annotated[list[EnrichmentField], Field(max_length=MOST_FIELDS)]


class SourceCollection(Form):
    """SourceCollectionInput; without `enrichment_fields` everything is copied."""

    collection_id: Text
    enrichment_fields: Fields | None = None


class Deciding(Form):
    """How neighbours decide, beyond the contract: off unless asked for.

    With `decision` = vote the best `top_k` neighbours vote; where labels are paths, the label is the deepest part of
    the path on which more than `path_agreement` of the votes agree.
    """

    confidence_threshold: Share | None = None
    reference_labels: Literal["all", "human"] | None = None
    decision: Literal["best", "vote"] | None = None
    path_field: Text | None = None
    path_agreement: Annotated[float | None, Field(ge=0.5, lt=1.0)] = None
    step_analytics: JsonObject | None = None


class FlatConfig(Deciding):
    """FlatTaxonomyConfigInput."""

    taxonomy_type: Literal["flat"] = "flat"
    retriever_id: Text
    input_mappings: Mappings = Field(default_factory=list)
    source_collection: SourceCollection | None = None
    top_k: Annotated[int, Field(ge=1, le=50)] = 1
    path_separator: Annotated[str | None, Field(min_length=1, max_length=20)] = None


class Node(Form):
    """HierarchicalNodeInput: a collection as a place in the hierarchy."""

    collection_id: Text
    parent_collection_id: Text | None = None
    label: Annotated[Annotated[str, Field(max_length=512)] | None, BeforeValidator(label_value)] = None
    summary: Annotated[str | None, Field(max_length=5000)] = None
    keywords: Annotated[list[str] | None, Field(max_length=MOST_FIELDS)] = None
    retriever_id: Text | None = None
    enrichment_fields: Fields | None = None
    input_mappings: Mappings | None = None


class HierarchicalConfig(Deciding):
    """HierarchicalTaxonomyConfigInput: explicit nodes, or `path_field`."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "llm_provider": UnusedKey("no language model makes hierarchies here; name hierarchical_nodes or a path_field."),
        "llm_model": UnusedKey("no language model makes hierarchies here; name hierarchical_nodes or a path_field."),
        "llm_prompt_template": UnusedKey(
            "no language model makes hierarchies here; name hierarchical_nodes or a path_field."
        ),
        "llm_sample_size": UnusedKey(
            "no language model makes hierarchies here; name hierarchical_nodes or a path_field.", off=0
        ),
        "cluster_ids": UnusedKey("make it of a cluster run with from-documents."),
        "cluster_overlap_threshold": IDLE,
    }

    taxonomy_type: Literal["hierarchical"]
    retriever_id: Text | None = None
    input_mappings: Mappings | None = None
    inference_strategy: str | None = None
    inference_collections: Annotated[list[str] | None, Field(max_length=MOST_NODES)] = None
    hierarchical_nodes: Annotated[list[Node] | None, Field(max_length=MOST_NODES)] = None
    path_separator: Annotated[str, Field(min_length=1, max_length=20)] = "/"
    hierarchical_enrichment_style: Literal["full_chain", "best_match", "combined"] | None = None


Config = Annotated[FlatConfig | HierarchicalConfig, Discriminator("taxonomy_type")]


def _bare(path: str) -> str:
    """A path from the root of a document; `metadata.x` is `x`."""
    return path.removeprefix("metadata.")
