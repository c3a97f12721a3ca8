"""Bases of the forms: requests refuse keys they do not know, answers may carry more than is documented."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.common.validation.unknown_keys import LeftOut, known_only

JsonObject = dict[str, Any]


class QueryForm(BaseModel):
    """The query of a request; its route sees to unknown names."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class Form(BaseModel):
    """A request body; unknown keys are refused. `left_out` are keys of the contract that are not served."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    left_out: ClassVar[Mapping[str, LeftOut]] = {}

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        return known_only(cls, given, cls.left_out)


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
