"""Templates of events reach what is told and nothing else, at any depth."""

from typing import Any

import pytest

from services.common.errors import InvalidArgumentError
from services.common.templates import check, render

BODY: dict[str, Any] = {
    "event_id": "evt_1",
    "event_type": "object.created",
    "subject": {"type": "object", "id": "obj_1"},
    "metadata": {"bucket_id": "bkt_1", "count": 3, "tags": ["a", "b"]},
}


def test_objects_and_lists_are_rendered_at_any_depth() -> None:
    template = {"text": "{{ event_type }}: {{ subject.id }}", "deep": [{"n": "{{ metadata.count }}"}], "plain": 7}
    assert render(template, BODY) == {"text": "object.created: obj_1", "deep": [{"n": 3}], "plain": 7}


def test_the_whole_event_has_a_name() -> None:
    assert render("{{ event.metadata.tags | join('+') }}", BODY) == "a+b"
    assert render("{{ event }}", BODY) == BODY


def test_what_the_event_lacks_is_empty() -> None:
    assert render("[{{ alert_name }}{{ metadata.missing.deeper }}]", BODY) == "[]"


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ({"a": [{"b": "{{ event_id"}]}, "p.a.0.b"),
        ("{{ INPUT.x }}", "p"),
        ("{% for %}", "p"),
        ("{{ event.__class__ }}{% import 'os' as os %}", "p"),
    ],
)
def test_what_can_never_be_rendered_is_refused_where_it_stands(template: Any, path: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        check(template, "p")
    assert caught.value.details["path"] == path


def test_a_template_without_end_is_refused() -> None:
    template: Any = "x"
    for _ in range(1000):
        template = [template]
    with pytest.raises(InvalidArgumentError, match="levels deep"):
        check(template, "p")


def test_an_object_that_has_no_text_is_itself() -> None:
    assert render({"a": None, "b": [True, 1.5]}, BODY) == {"a": None, "b": [True, 1.5]}
