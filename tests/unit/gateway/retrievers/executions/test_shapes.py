"""Pages, inputs and what is remembered of them."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.common.errors import InvalidArgumentError
from services.gateway.retrievers.executions.pages import ExecutePages, page_wanted, pages_of
from services.gateway.retrievers.executions.shapes import ExecuteRetriever
from services.gateway.retrievers.executions.store import shortened, summary_of
from services.gateway.retrievers.input_schema import read_input_schema, with_defaults
from services.gateway.retrievers.stages.shapes import default_size, read_stages


def search(**parameters: Any) -> dict[str, Any]:
    return {"config": {"stage_id": "feature_search", "parameters": parameters}}


@pytest.mark.parametrize(
    ("stages", "size"),
    [
        ([], 10),
        ([search()], 10),
        ([search(final_top_k=40)], 40),
        ([search(final_top_k=40), search(limit=3)], 3),
        ([search(final_top_k="{{INPUT.k}}")], 10),
        ([search(final_top_k=True)], 10),
        ([search(final_top_k=5000)], 500),
    ],
)
def test_the_stages_say_how_large_a_page_is(stages: list[dict[str, Any]], size: int) -> None:
    assert ExecuteRetriever().page(stages).size == size
    assert default_size(stages) >= size


def test_the_page_beats_the_limit_and_the_limit_the_settings() -> None:
    form: dict[str, Any] = {"settings": {"limit": 1}}
    assert ExecuteRetriever.model_validate(form).page([]).size == 1
    form["limit"] = 2
    assert ExecuteRetriever.model_validate(form).page([]).size == 2
    form["pagination"] = {"page_size": 3, "page_number": 4}
    page = ExecuteRetriever.model_validate(form).page([])
    assert (page.size, page.offset) == (3, 9)
    with pytest.raises(ValidationError):
        ExecuteRetriever.model_validate({"limit": 2, "page_size": 3})


@pytest.mark.parametrize("method", ["cursor", "scroll", "keyset"])
def test_a_page_names_the_next_one(method: Any) -> None:
    wanted = page_wanted(ExecutePages(method=method, limit=2), 2)
    first = pages_of(wanted, ["a", "b"], [0.9, 0.8], 5, has_next=True)
    follow = {name: first[name] for name in ("cursor", "scroll_id", "after") if name in first}
    following = page_wanted(ExecutePages(method=method, limit=2, **follow), 2)
    assert (following.after, following.offset) == ("b", 2)
    last = pages_of(following, ["c"], [0.7], 3, has_next=False)
    assert last.keys().isdisjoint({"cursor", "scroll_id", "after"})


@pytest.mark.parametrize(
    "pages",
    [
        {"method": "cursor", "cursor": "?"},
        {"method": "cursor", "cursor": "W10"},
        {"method": "cursor", "cursor": "bnVsbA"},
        {"method": "scroll", "scroll_id": "WzEsMl0"},
        {"method": "keyset", "after": {"score": 1}},
        {"method": "keyset", "after": {"id": "a\0", "offset": 1}},
        {"method": "keyset", "after": {"id": "a", "offset": -1}},
        {"method": "keyset", "after": {"id": "a", "offset": True}},
    ],
)
def test_what_is_no_cursor_is_refused_by_its_path(pages: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        page_wanted(ExecutePages.model_validate(pages), 10)
    assert caught.value.details["path"].startswith("body.pagination.")


def test_an_input_schema_in_every_form() -> None:
    flat = {"query": {"type": "text"}}
    assert read_input_schema({"query": "text"}) == flat
    assert read_input_schema({"type": "object", "properties": flat}) == flat
    assert read_input_schema(None) == {}
    for bad in ({"x": 1}, {"x": {"type": "smell"}}, {"x": {"type": "text", "required": "yes"}}):
        with pytest.raises(InvalidArgumentError):
            read_input_schema(bad)


def test_defaults_fill_what_is_missing() -> None:
    schema = {"k": {"type": "integer", "default": 0}, "q": {"type": "text", "required": True}}
    assert with_defaults({"q": "x", "k": None}, schema) == {"q": "x", "k": 0}
    with pytest.raises(InvalidArgumentError, match=r"body\.inputs\.q"):
        with_defaults(None, schema)


def test_inputs_are_remembered_in_short() -> None:
    inputs = {"image": "A" * 1000, "vector": [0.5] * 100, "q": "a\0b", "n": 3, "deep": {"x": "\0"}}
    kept = shortened(inputs)
    assert len(kept["image"]) == 203
    assert (kept["vector"], kept["q"], kept["n"], kept["deep"]) == ("list of 100", "ab", 3, "dict of 1")
    assert summary_of({"q": "red shoes", "n": 3}) == "red shoes, 3"
    assert summary_of({}) is None


@pytest.mark.parametrize("key", ["stage_name", "description", "on_error", "output_alias"])
@pytest.mark.parametrize("bad", [[1], {"x": 1}, "x" * 1001, "a\0b"])
def test_names_of_stages_are_short_texts(key: str, bad: Any) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read_stages([{**search(), key: bad}])
    assert caught.value.details["path"] == f"body.stages.0.{key}"
