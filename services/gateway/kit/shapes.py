"""Bases of the forms and answers, and the few values that they share."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.common.labels.label_values import label_value
from services.common.validation.unknown_keys import UnusedKey, known_only

JsonObject = dict[str, Any]


class QueryForm(BaseModel):
    """The query of a request; its route sees to unknown names."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class Form(BaseModel):
    """A request body; unknown keys are refused. `unused_keys` are keys of the contract that are not served."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {}

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        return known_only(cls, given, cls.unused_keys)


class OpenForm(BaseModel):
    """A request body whose unknown keys are the user's own fields."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    def extra(self) -> JsonObject:
        """The user's own fields."""
        return dict(self.model_extra or {})


class Answer(BaseModel):
    """A response body."""

    model_config = ConfigDict(extra="forbid")


class OpenAnswer(BaseModel):
    """A response body that also carries the user's own fields."""

    model_config = ConfigDict(extra="allow")


class Degraded(Answer):
    """DegradedEntry: why an answer is less than was asked for."""

    resource: str
    id: str | None = None
    reason: str
    next_step: str


class Deleted(Answer):
    """GenericDeleteResponse; `warnings` name those that rested on it."""

    message: str = "Successfully deleted"
    success: bool = True
    warnings: list[Degraded] = Field(default_factory=list)


def _in_utc(value: datetime) -> datetime:
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:
        message = "lies outside the calendar"
        raise ValueError(message) from error


Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""A time in UTC; one without a zone is taken as UTC."""


def cleared(form: BaseModel, *nullable: str) -> JsonObject:
    """Those of the fields that the patch sets to null."""
    return {name: None for name in nullable if name in form.model_fields_set and getattr(form, name) is None}


def label_text(raw: Any) -> Any:
    """The text as a label; ValueError for one without a visible character."""
    if not isinstance(raw, str):
        return raw
    if (label := label_value(raw)) is None:
        raise ValueError("is blank; give a label with a visible character")
    return label


class Affected(Answer):
    """What rests on what was changed, and what waits for the label that was given."""

    documents: Annotated[
        int, Field(description="How many documents a machine labelled by what was changed: no references any more")
    ] = 0
    task_id: Annotated[
        str | None,
        Field(description="The task that decides about them, or about what was taken away; GET /v1/tasks/{id}"),
    ] = None
    unlabelled: Annotated[
        int, Field(description="How many documents of the collection have no label yet; counted up to 1,000")
    ] = 0
    unlabelled_is_more: Annotated[bool, Field(description="Whether there are more than were counted")] = False
    next_step: Annotated[str | None, Field(description="The call that would label them by what is labelled now")] = None
