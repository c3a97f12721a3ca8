"""What a change of labels concerns beyond itself (ours): it rides on the answers of the contract."""

from typing import Annotated

from pydantic import Field

from services.gateway.kit.shapes import Answer


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
