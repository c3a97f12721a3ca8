"""Running a taxonomy on request: on samples, with nothing kept, or on all that a collection holds."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AliasChoices, Field

from services.common.validation.unknown_keys import IDLE, UnusedKey
from services.gateway.kit.shapes import Answer, Degraded, Form, JsonObject

MOST_SAMPLES = 500
Documents = Annotated[list[JsonObject], Field(max_length=MOST_SAMPLES)]


class TaxonomyExecute(Form):
    """ExecuteTaxonomyRequest, of which only what to run on counts: documents, or ids of stored ones.

    A document with a `document_id` is looked up; one without is judged by its fields.
    """

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "taxonomy": IDLE,
        "retriever": IDLE,
        "source_collection_id": IDLE,
        "join_mode": IDLE,
        "batch_size": IDLE,
        "target_collection_id": UnusedKey("nothing is kept; use apply-taxonomy of the collection."),
        "scroll_filters": UnusedKey("name documents, or use apply-taxonomy of the collection."),
    }

    source_documents: Annotated[
        Documents | None, Field(validation_alias=AliasChoices("source_documents", "documents"))
    ] = None
    document_ids: Annotated[list[str] | None, Field(max_length=MOST_SAMPLES)] = None

    def samples(self) -> list[JsonObject]:
        """The documents to run on."""
        return [*(self.source_documents or []), *({"document_id": each} for each in self.document_ids or [])]


class JoinStats(Answer):
    """JoinStats."""

    processed_docs: int
    batches: int
    errors: int = 0
    enriched: int


class TaxonomyMatch(Answer):
    """TaxonomyMatch: what one document was called, or the best score under the threshold.

    `reason` (ours) says why it could not be judged.
    """

    document_id: str | None
    taxonomy_id: str
    taxonomy_name: str
    matched: bool
    node_id: str | None
    label: str | None
    score: float
    threshold: float
    path: list[str] | None
    hierarchy_level: int | None
    enriched_fields: list[str]
    reason: str | None = None


class JoinAnswer(Answer):
    """JoinResponse: each document as it would be, and what was matched; nothing is kept."""

    stats: JoinStats
    results: list[JsonObject]
    matches: list[TaxonomyMatch]


class ApplyTaxonomy(Form):
    """ApplyTaxonomyRequest; without a `taxonomy_id` the collection's own decide.

    `parallelism` is taken and has no effect, since one task decides in batches.
    """

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "budget_limits": UnusedKey("cancel the task when it takes too long."),
    }

    taxonomy_id: Annotated[
        str | None, Field(min_length=1, description="One of the collection's taxonomies; all of them when left out")
    ] = None
    scroll_filters: Annotated[Any, Field(description="Documents to label anew, in any filter dialect")] = None
    batch_size: Annotated[int, Field(ge=100, le=5000)] = 1000
    parallelism: Annotated[int, Field(ge=1, le=20)] = 4


class TaxonomyApplied(Answer):
    """ApplyTaxonomyResponse; `taxonomy_ids` (ours) are all that decide, in order, `taxonomy_id` the first of them."""

    task_id: str
    status: str
    collection_id: str
    taxonomy_id: str
    taxonomy_ids: list[str]
    estimated_documents: int
    warnings: list[Degraded] = Field(default_factory=list, description="Fields of the filter that nothing has")
