"""How groups are to be named, in the contract's words and in the tutorial's."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from services.gateway.kit.shapes import Form, JsonObject

MOST_MAPPINGS = 50
# The client's class knows these; others are kept, used and not told to it.
KNOWN_MODELS = frozenset(
    {
        *("gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18", "gpt-4.1-2025-04-14", "gpt-4.1-mini-2025-04-14"),
        *("o3-mini-2025-01-31", "gemini-2.5-flash-lite", "gemini-2.5-flash", "gemini-2.5-pro"),
        *("gemini-3.1-flash-lite", "gemini-3.5-flash-lite", "claude-sonnet-4-5-20250929"),
        *("claude-haiku-4-5-20251001", "claude-3-5-sonnet-20241022", "claude-3-5-haiku-20241022"),
        *("jev-latest", "jev-preview", "jev-1.13.0"),
    }
)


class LabelingMapping(Form):
    """InputMapping: what of a document is told."""

    input_key: Annotated[str, Field(min_length=1, max_length=200)]
    source_type: Literal["payload", "literal", "vector", "blob"] = "payload"
    path: Annotated[str | None, Field(max_length=512)] = None
    override: Any = None


class LabelingInputs(Form):
    """LLMLabelingInput's input_mappings."""

    input_mappings: Annotated[list[LabelingMapping], Field(min_length=1, max_length=MOST_MAPPINGS)]


class LlmLabeling(Form):
    """LLMLabeling; the tutorial's `input_mappings: [{source, fields}]` become `labeling_inputs`."""

    enabled: bool = False
    labeling_inputs: LabelingInputs | None = None
    provider: Literal["openai", "google", "anthropic", "typesafe"] | None = None
    model_name: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    include_summary: bool = True
    include_keywords: bool = True
    max_samples_per_cluster: Annotated[int | None, Field(ge=1, le=20)] = None
    sample_text_max_length: Annotated[int, Field(ge=50, le=500)] = 200
    sample_selection_strategy: Literal["nearest", "representative"] = "nearest"
    use_embedding_dedup: bool = True
    embedding_similarity_threshold: Annotated[float, Field(ge=0.5, le=1, allow_inf_nan=False)] = 0.8
    cache_ttl_seconds: Annotated[int, Field(ge=0, le=2_592_000)] = 604_800
    labeling_context: Annotated[str | None, Field(max_length=2000)] = None
    custom_prompt: Annotated[str | None, Field(max_length=20_000)] = None
    response_shape: JsonObject | Annotated[str, Field(max_length=5000)] | None = None
    parameters: JsonObject | None = None
    candidate_labels: (
        Annotated[list[str], Field(max_length=255)] | Annotated[dict[str, str], Field(max_length=255)] | None
    ) = None

    @model_validator(mode="before")
    @classmethod
    def _tutorial(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "input_mappings" not in given or given.get("labeling_inputs") is not None:
            return given
        rest = {name: value for name, value in given.items() if name != "input_mappings"}
        return {**rest, "labeling_inputs": {"input_mappings": _native(given["input_mappings"])}}

    @field_validator("model_name", mode="after")
    @classmethod
    def _one_line(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and not value.isprintable():
            message = f"{info.field_name} must be printable"
            raise ValueError(message)
        return value

    def stored(self) -> JsonObject:
        """What was given, in the contract's words."""
        return self.model_dump(exclude_none=True)


def _native(mappings: Any) -> Any:
    """`{source, fields}` as one mapping per field; what has another form is left for the check."""
    if not isinstance(mappings, list):
        return mappings
    found: list[Any] = []
    for mapping in mappings:
        if isinstance(mapping, dict) and isinstance(fields := mapping.get("fields"), list):
            source = mapping.get("source", "payload")
            found += [{"input_key": field, "source_type": source, "path": field} for field in fields]
        else:
            found.append(mapping)
    return found


def shown_labeling(stored: JsonObject | None) -> JsonObject | None:
    """As the client's class reads it."""
    if stored is None or stored.get("model_name") in (None, *KNOWN_MODELS):
        return stored
    return {name: value for name, value in stored.items() if name != "model_name"}
