"""Review: groups of look-alikes that wait for a person, and what people decide."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from services.gateway.kit.shapes import Affected, Answer, Form, JsonObject, QueryForm, label_text

Kind = Literal["unlabelled", "unsure", "wrong", "ignored", "labelled"]
Action = Literal["label", "unknown", "ignore", "undo"]
Outcome = Literal["done", "unchanged", "conflict", "gone"]
Id = Annotated[str, Field(min_length=1, max_length=100)]
Label = Annotated[str, BeforeValidator(label_text), Field(min_length=1, max_length=1000)]
MAX_DECISIONS = 100
MAX_DOCUMENTS = 500


class ReviewQuery(QueryForm):
    """What to review, and how much at once."""

    kind: Annotated[
        Kind,
        Field(
            description="`unlabelled`: has no label; `unsure`: a machine's label under `low` that nobody has checked; "
            "`wrong`: a label that an annotation calls wrong; `ignored`: what people ignore for good; `labelled`: has "
            "`label`, to look for what is odd among it"
        ),
    ] = "unlabelled"
    field: Annotated[str | None, Field(description="The label field; the collection's first when absent")] = None
    label: Annotated[str | None, Field(max_length=1000, description="With the kind `labelled`, the label")] = None
    documents: Annotated[
        str | None,
        Field(
            max_length=10_000, description="Ids separated by commas: shows these as one group, whatever they wait for"
        ),
    ] = None
    low: Annotated[float, Field(ge=0, le=1, description="A machine's label under this is unsure")] = 0.4
    limit: Annotated[int, Field(ge=1, le=50, description="Groups in a page")] = 10
    group_size: Annotated[int, Field(ge=1, le=100, description="Most documents in a group")] = 24
    cursor: Annotated[str | None, Field(max_length=200, description="`next_cursor` of the page before")] = None


class Evidence(Answer):
    """A labelled document that speaks for a suggestion; `score` is its likeness (0..1) to one of the group."""

    document_id: str
    collection_id: str
    score: float
    label_source: str | None
    picture: str | None
    text: str | None
    filename: str | None


class Suggestion(Answer):
    """A label that those nearest to the group have; `votes` is the share of all that were looked at."""

    label: str
    score: Annotated[float, Field(description="The best likeness of any evidence")]
    votes: float
    evidence: list[Evidence]


class ReviewDocument(Answer):
    """A document that waits. A decision about it carries `version`: what of it the person has seen."""

    document_id: str
    version: str
    likeness: Annotated[float, Field(description="To the typical document of the group")]
    label: str | None
    label_source: str | None
    score: Annotated[float | None, Field(description="Of the machine's label")]
    picture: Annotated[str | None, Field(description="A link that works without a key for a while")]
    text: str | None
    filename: str | None


class ReviewGroup(Answer):
    """Documents that look alike, the typical one first, and what their label may be, the likeliest first."""

    group_id: str
    documents: list[ReviewDocument]
    suggestions: list[Suggestion]


class Review(Answer):
    """Groups that wait, the largest first within what was looked at together."""

    collection_id: str
    field: str
    kind: Kind
    groups: list[ReviewGroup]
    waiting: Annotated[int, Field(description="Documents that wait, counted up to 10,000")]
    waiting_is_more: bool
    next_cursor: str | None


class Seen(Form):
    """A document as a person saw it."""

    document_id: Id
    version: Id


class Decide(Form):
    """One decision, about all its documents at once."""

    decision_id: Annotated[Id, Field(description="Made by the client: sent twice, it counts once")]
    action: Annotated[
        Action,
        Field(
            description="`label`; `unknown`: nothing is said of it now, and a machine may still label it; `ignore`: "
            "not asked about again; `undo`: takes an earlier decision back"
        ),
    ]
    documents: Annotated[list[Seen], Field(max_length=MAX_DOCUMENTS)] = Field(default_factory=list)
    label: Label | None = None
    field: Annotated[str | None, Field(description="The label field; the collection's first when absent")] = None
    undoes: Annotated[Id | None, Field(description="The decision_id that `undo` takes back")] = None

    @model_validator(mode="after")
    def _says_what(self) -> "Decide":
        needs = {"label": "label", "undo": "undoes"}.get(self.action)
        for name in ("label", "undoes"):
            if (getattr(self, name) is not None) != (needs == name):
                message = f"'{self.action}' {'needs' if needs == name else 'takes no'} '{name}'"
                raise ValueError(message)
        if bool(self.documents) == (self.action == "undo"):
            message = "undo takes no documents" if self.documents else f"'{self.action}' needs documents"
            raise ValueError(message)
        return self


class Decisions(Form):
    """Several decisions, in the order in which they were made."""

    decisions: Annotated[list[Decide], Field(min_length=1, max_length=MAX_DECISIONS)]


class DecidedDocument(Answer):
    """How a decision fared with one document; `version`, `label` and `label_source` are as they are now.

    `conflict`: somebody has decided otherwise since it was seen, and that stands.
    """

    document_id: str
    outcome: Outcome
    version: str | None
    label: str | None
    label_source: str | None


class Decided(Answer):
    """What became of a decision; `repeated` when it had been sent before, and its `error` when it was refused."""

    decision_id: str
    repeated: bool = False
    documents: list[DecidedDocument] = Field(default_factory=list)
    error: str | None = None


class DecidedAll(Answer):
    """One answer for each decision, in their order; `affected` is what rests on labels that are otherwise now."""

    results: list[Decided]
    affected: Affected | None = None


class PastQuery(QueryForm):
    """Which past decisions."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100
    mine: Annotated[bool, Field(description="Only those of the caller")] = True
    document_id: Annotated[str | None, Field(description="Only those that changed this document")] = None


class PastDecision(Answer):
    """A decision that was made; `undone_by` names the one that took it back."""

    decision_id: str
    action: Action
    field: str
    label: str | None
    undoes: str | None
    undone_by: str | None
    actor_id: str
    made_at: datetime
    document_ids: list[str]


class PastDecisions(Answer):
    """Past decisions, the newest first."""

    results: list[PastDecision]


def asked_of(form: Decide) -> JsonObject:
    """What a decision asked for, to tell the same one again."""
    return {
        "action": form.action,
        "label": form.label,
        "undoes": form.undoes,
        "documents": sorted(each.document_id for each in form.documents),
    }
