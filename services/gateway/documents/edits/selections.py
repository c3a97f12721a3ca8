"""Which documents a request means to write to. What is not said is never taken for "all"."""

from services.common.errors import InvalidArgumentError
from services.common.filters import EVERYTHING, Condition, Filter, Operator, parse
from services.gateway.documents.edits.shapes import Selecting

PATH = "body.filters"
WAYS = "'document_ids', 'filters', or 'all': true for every document of the collection"


def selection_of(form: Selecting) -> Filter:
    """The documents as a filter; InvalidArgumentError when they are said in no way, in two, or not at all."""
    ways = (form.document_ids is not None, form.filters is not None, form.all)
    if sum(ways) != 1:
        many = "one of them only" if any(ways) else "which documents are meant"
        raise InvalidArgumentError(f"{PATH}: say {many}: {WAYS}.", path=PATH)
    if form.document_ids is not None:
        return Condition("document_id", Operator.IN, tuple(form.document_ids))
    return EVERYTHING if form.all else parse(form.filters, PATH, inputs=False, selects=True)
