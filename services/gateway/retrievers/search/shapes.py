"""One search without a retriever, and suggestions while somebody types."""

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, model_validator

from services.gateway.kit.shapes import Answer, Form, JsonObject

MODES = ("text", "image", "url", "vector")


class FeatureQuery(Form):
    """FeatureSearchQuery: what to search by, under the name of its kind or as `value`."""

    input_mode: Literal["text", "image", "url", "vector"] | None = None
    text: str | None = None
    image: str | None = None
    url: str | None = None
    vector: list[float] | None = None
    value: str | list[float] | None = None

    @model_validator(mode="after")
    def _asks(self) -> "FeatureQuery":
        if not self.given():
            raise ValueError("text, image, url or vector is missing")
        return self

    def mode(self) -> str:
        """The kind of the query; where nothing says it, the first that is given."""
        return self.input_mode or next((mode for mode in MODES if getattr(self, mode)), "text")

    def given(self) -> str | list[float] | None:
        """What to search by."""
        found: str | list[float] | None = getattr(self, self.mode()) or self.value
        return found


class FeatureSearch(Form):
    """FeatureSearchRequest; without a feature the collections' own is meant, without collections all of them."""

    collection_identifiers: Annotated[
        list[str] | None, Field(validation_alias=AliasChoices("collection_identifiers", "collection_ids"))
    ] = None
    query: FeatureQuery
    feature_uri: str | None = None
    top_k: Annotated[int, Field(ge=1, le=1000)] = 25
    filters: Annotated[Any, Field(description="A filter in any dialect")] = None

    def stages(self) -> list[JsonObject]:
        """The search as the one stage of a retriever; what is searched by is its input, so that it is no template."""
        kinds = {"text": "text", "vector": "vector"}
        query = {"input_mode": kinds.get(self.query.mode(), "content"), "value": "{{INPUT.query}}"}
        search = {"query": query, "limit": self.top_k, "final_top_k": self.top_k}
        if self.feature_uri:
            search = {"searches": [{"feature_uri": self.feature_uri, "query": query, "top_k": self.top_k}]}
            search["final_top_k"] = self.top_k
        config = {"stage_id": "feature_search", "parameters": search}
        return [{"stage_name": "feature_search", "stage_type": "filter", "config": config}]


class ValueSuggestion(Answer):
    """TypeaheadValueSuggestion."""

    field: str
    value: str
    count: int


class CollectionSuggestion(Answer):
    """TypeaheadCollectionSuggestion."""

    collection_id: str
    collection_name: str


class Typeahead(Answer):
    """TypeaheadResponse."""

    query: str
    suggestions: list[str]
    values: list[ValueSuggestion]
    collections: list[CollectionSuggestion]
    recent_searches: list[str]
    warnings: list[str] = Field(default_factory=list)
