"""No cursor, sort, select or update makes the parsers of lists fail otherwise than by saying so."""

import base64
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.common.database.documents.edit_documents import whole_fields
from services.common.errors import InvalidArgumentError
from services.gateway.annotations.verdicts import verdict_of
from services.gateway.documents.edits.fields import changed_fields
from services.gateway.documents.views.selection import selected
from services.gateway.kit.lists.cursors import Cursor, order_in, read_cursor, write_cursor
from services.gateway.kit.lists.sort_spellings import sorts_in
from tests.property.test_filters import JSON

NAMES = st.text(max_size=8) | st.sampled_from(["a", "a.b", "a.b.c", "metadata", "metadata.a", "_internal.x", "..", "."])
OBJECTS = st.dictionaries(NAMES, JSON, max_size=5)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


@given(TEXTS, st.lists(st.none() | TEXTS, max_size=4), TEXTS)
def test_a_cursor_is_read_as_it_was_written(order: str, values: list[str | None], key: str) -> None:
    cursor = Cursor(values=tuple(values), key=key)
    assert read_cursor(write_cursor(order, cursor), order, len(values)) == cursor
    assert order_in(write_cursor(order, cursor)) == order


@given(st.text() | JSON.map(lambda raw: base64.urlsafe_b64encode(json.dumps(raw).encode()).decode()))
def test_any_text_is_a_cursor_or_a_clear_error(text: str) -> None:
    try:
        read_cursor(text, "", 1)
    except InvalidArgumentError as error:
        assert error.details["path"] == "query.cursor"


@given(JSON)
def test_anything_is_a_sort_or_a_clear_error(raw: Any) -> None:
    try:
        assert all(sort.field for sort in sorts_in(raw, "body.sort"))
    except InvalidArgumentError as error:
        assert error.details["path"] == "body.sort"


@given(OBJECTS, OBJECTS)
def test_any_update_is_read_or_clearly_refused(body: dict[str, Any], before: dict[str, Any]) -> None:
    try:
        changes = changed_fields(body, "body")
    except InvalidArgumentError as error:
        assert error.details["path"].startswith("body")
    else:
        after = {**before, **whole_fields(before, changes)}
        assert all(name in after for name in before)


@given(st.lists(NAMES, max_size=5), OBJECTS)
def test_a_selection_invents_nothing(paths: list[str], fields: dict[str, Any]) -> None:
    document = {"document_id": "d", "collection_id": "c", "metadata": fields, "_internal": {"x": {"y": 1}}, **fields}
    document |= {"document_id": "d", "collection_id": "c", "metadata": fields}
    chosen = selected(document, paths)
    assert chosen["document_id"] == "d"
    assert set(chosen) <= set(document)


@given(TEXTS, st.none() | st.fixed_dictionaries({"value": JSON}))
def test_any_annotation_has_a_verdict_or_none(label: str, judged: dict[str, Any] | None) -> None:
    assert verdict_of(label, judged) in ("correct", "incorrect", None)
    if judged is not None and isinstance(judged["value"], str) and judged["value"].strip():
        assert verdict_of("correct", judged) == "correct"
