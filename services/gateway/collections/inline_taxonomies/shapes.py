"""The inline taxonomy of a collection: what labels its documents, in the tutorial's few words."""

from typing import Annotated, Literal

from pydantic import Field

from services.gateway.kit.shapes import Form, JsonObject, OpenAnswer

References = Literal["all", "human"]
Threshold = Annotated[float, Field(ge=0.0, le=1.0, strict=True)]
LabelField = Annotated[str, Field(min_length=1, max_length=255)]


class TaxonomyOptions(Form):
    """How an inline taxonomy decides where the tutorial's way, the best neighbour alone, is not wanted.

    With `path_separator` labels are paths, such as "Shoes > Running > Red": the neighbours vote, and the label is the
    deepest part of the path on which more than `path_agreement` of the votes agree.
    """

    top_k: Annotated[int | None, Field(ge=1, le=50, description="How many neighbours count")] = None
    decision: Annotated[Literal["best", "vote"] | None, Field(description="The best neighbour, or a vote")] = None
    path_field: Annotated[str | None, Field(min_length=1, max_length=255)] = None
    path_separator: Annotated[str | None, Field(min_length=1, max_length=20)] = None
    path_agreement: Annotated[float | None, Field(ge=0.5, lt=1.0)] = None

    def options(self) -> JsonObject:
        """Those that are given."""
        return self.model_dump(include=set(TaxonomyOptions.model_fields), exclude_none=True)


class TaxonomyForm(TaxonomyOptions):
    """The inline taxonomy; without a retriever one is made that searches this very collection."""

    retriever_id: str | None = None
    field_to_enrich: LabelField
    confidence_threshold: Annotated[
        Threshold | None, Field(description="Without it, what suits the model that the collection pins")
    ] = None
    reference_labels: References = "all"


class TaxonomyPatch(TaxonomyOptions):
    """What may be changed of the inline taxonomy; a change makes a new version. With a field, one can be added."""

    retriever_id: str | None = None
    field_to_enrich: LabelField | None = None
    confidence_threshold: Threshold | None = None
    reference_labels: References | None = None

    def completed(self) -> TaxonomyForm | None:
        """The patch as a taxonomy of its own, for a collection that has none; None without a field to enrich."""
        return TaxonomyForm(**self.model_dump(exclude_none=True)) if self.field_to_enrich else None


class TaxonomyOut(OpenAnswer):
    """The inline taxonomy in force; options that were set are shown as well."""

    taxonomy_id: str
    retriever_id: str
    field_to_enrich: str
    confidence_threshold: float
    reference_labels: References
    version: int
