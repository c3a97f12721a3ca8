"""Stages whose parameters are templates: they are parsed when the inputs are known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.taxonomy.domain import State
from services.taxonomy.stage_parameters import NOTHING
from services.taxonomy.stages.base.stage import Execution, StageParser
from services.taxonomy.templates import Templates, is_template

# What a stage renders by itself, because it is a filter, a query, or made for each document.
OWN = frozenset({"query", "filters", "conditions", "when", "template"})
RENDERS_ITSELF = frozenset({"attribute_filter"})
DEEPEST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatedStage:
    """A stage that becomes what it is once its templates are rendered."""

    name: str
    stage_id: str
    parse: StageParser
    parameters: Mapping[str, Any]
    path: str

    @property
    def feature_uris(self) -> tuple[str, ...]:
        """The slots that its searches name outright."""
        searches = self.parameters.get("searches")
        listed = searches if isinstance(searches, list) else []
        named = (search.get("feature_uri") for search in listed if isinstance(search, Mapping))
        return tuple(uri for uri in named if isinstance(uri, str) and uri and not is_template(uri))

    async def run(self, state: State, execution: Execution) -> State:
        """Renders, parses, runs."""
        rendered = render_all(self.parameters, execution.templates, self.path)
        return await self.parse(self.name, rendered, self.path).run(state, execution)


def has_templates(stage_id: str, parameters: Mapping[str, Any], path: str) -> bool:
    """Whether the stage must wait for the inputs; a template that could never be rendered is refused now."""
    if stage_id in RENDERS_ITSELF:
        return False
    found = list(_templates(parameters, path, DEEPEST))
    for text, place in found:
        Templates().check(text, place)
    return bool(found)


def _templates(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth == 0:
        return
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key not in OWN:
                yield from _templates(part, f"{path}.{key}", depth - 1)
    elif isinstance(value, list):
        for position, part in enumerate(value):
            yield from _templates(part, f"{path}.{position}", depth - 1)
    elif is_template(value) and value not in NOTHING:
        yield value, path


def render_all(value: Any, templates: Templates, path: str, depth: int = DEEPEST) -> Any:
    """The value with every template inside it rendered."""
    if depth == 0:
        return value
    if isinstance(value, Mapping):
        return {
            key: part if key in OWN else render_all(part, templates, f"{path}.{key}", depth - 1)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [render_all(part, templates, f"{path}.{n}", depth - 1) for n, part in enumerate(value)]
    return templates.render(value, path) if is_template(value) and value not in NOTHING else value
