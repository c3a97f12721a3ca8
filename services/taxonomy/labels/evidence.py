"""What a value rests on: the references that lent it, each with what it lent."""

from dataclasses import dataclass

from services.common.extractors.passthrough import strip_root
from services.taxonomy.domain import Json
from services.taxonomy.labels.decision import Neighbour

NO_FIELDS = frozenset({"document_id", "score"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """What a reference lent: the value of its `field`, or, without a field, its being there.

    `value` is known for texts alone: what else there is may be written in several ways, and could not be compared.
    """

    document_id: str
    field: str = ""
    value: Json = None


def label_of(neighbour: Neighbour, field: str) -> Lent:
    """The label that it had when it was asked."""
    label = neighbour.label.stored
    value = label if isinstance(label, str) else None
    return Lent(document_id=neighbour.candidate.document_id, field=field, value=value)


def value_of(neighbour: Neighbour, field: str) -> Lent:
    """A field that was copied from it."""
    name = "" if field in NO_FIELDS else strip_root(field)
    return Lent(document_id=neighbour.candidate.document_id, field=name)


def presence_of(neighbour: Neighbour) -> Lent:
    """Its place in a node of a hierarchy."""
    return Lent(document_id=neighbour.candidate.document_id)
