"""Bases of the forms: requests ignore keys they do not know, answers may carry more than is documented."""

from typing import Any

from pydantic import BaseModel, ConfigDict

JsonObject = dict[str, Any]


class Form(BaseModel):
    """A request body; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


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


class Deleted(Answer):
    """GenericDeleteResponse."""

    message: str = "Successfully deleted"
    success: bool = True


class Degraded(Answer):
    """DegradedEntry: why an answer is less than was asked for."""

    resource: str
    id: str | None = None
    reason: str
    next_step: str
