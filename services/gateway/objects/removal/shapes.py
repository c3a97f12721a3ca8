"""Deleting many objects at once."""

from typing import Annotated

from pydantic import Field

from services.gateway.kit.shapes import Affected, Answer, Form

MAX_REMOVED = 5000
Word = Annotated[str, Field(max_length=200)]


class ObjectsRemoval(Form):
    """BulkSoftDeleteRequest: `reason`, `lifecycle_state` and `source` stay in the events of the deletion."""

    object_ids: Annotated[list[Annotated[str, Field(max_length=256)]], Field(min_length=1, max_length=MAX_REMOVED)]
    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    lifecycle_state: Word = "disabled"
    source: Word = "bulk_purge"


class ObjectOutcome(Answer):
    """What became of one object."""

    object_id: str
    success: bool
    error: str | None = None


class ObjectsRemoved(Answer):
    """BulkSoftDeleteResponse, with the outcome of each object; `collections` are those that the bucket feeds."""

    soft_deleted: int
    requested: int
    collections: int
    documents_deleted: int
    results: list[ObjectOutcome]
    affected: Affected | None = None


def outcomes_of(asked: list[str], deleted: set[str]) -> list[ObjectOutcome]:
    """How each object fared, in the order of the request."""
    return [
        ObjectOutcome(object_id=each, success=True)
        if each in deleted
        else ObjectOutcome(object_id=each, success=False, error=f"No object '{each}' in this bucket.")
        for each in dict.fromkeys(asked)
    ]
