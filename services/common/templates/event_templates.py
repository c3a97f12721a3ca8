"""Templates of what is told about an event: texts, or objects and lists whose texts are templates."""

from collections.abc import Callable, Mapping
from typing import Any

from services.common.errors import InvalidArgumentError
from services.common.templates.renderer import Renderer

EVENT_NAMES = ("event", "event_id", "event_type", "occurred_at", "namespace_id", "subject", "metadata")
ALERT_NAMES = (
    *("alert_id", "alert_name", "execution_id", "collection_id", "match_count", "matches", "triggered_at"),
    *("source", "trigger_on", "condition"),
)
NAMES = (*EVENT_NAMES, *ALERT_NAMES)
HINT = "an event has event_id, event_type, occurred_at, namespace_id, subject and metadata; `event` is all of it"
DEEPEST = 20


def render(template: Any, data: Mapping[str, Any], path: str = "template") -> Any:
    """The template with each text in it rendered; a text that is exactly one expression keeps its value's type.

    `data` is the body that is sent by default, whose keys are names, as is `event` for all of it; what it lacks is
    empty. InvalidArgumentError INVALID_TEMPLATE with the path of the fault.
    """
    known = {**data, "event": data}
    renderer = Renderer(NAMES, HINT)
    return _each(template, path, lambda text, place: renderer.value(text, place, known))


def check(template: Any, path: str) -> None:
    """Raises InvalidArgumentError INVALID_TEMPLATE when a text of the template could never be rendered."""
    renderer = Renderer(NAMES, HINT)
    _each(template, path, renderer.check)


def _each(template: Any, path: str, use: Callable[[str, str], Any], depth: int = DEEPEST) -> Any:
    if not depth:
        raise InvalidArgumentError(
            f"{path}: a template is at most {DEEPEST} levels deep.", reason="INVALID_TEMPLATE", path=path
        )
    if isinstance(template, str):
        return use(template, path)
    if isinstance(template, Mapping):
        return {key: _each(value, f"{path}.{key}", use, depth - 1) for key, value in template.items()}
    if isinstance(template, list):
        return [_each(value, f"{path}.{number}", use, depth - 1) for number, value in enumerate(template)]
    return template
