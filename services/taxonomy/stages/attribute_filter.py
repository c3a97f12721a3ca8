"""attribute_filter: keeps the documents whose fields pass a filter.

Before any search it reads nothing: the filter is pushed down, so that a search happens inside the survivors.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.common.errors import InvalidArgumentError
from services.common.filters import And, Condition, Filter, Not, Or, has_dynamic, parse
from services.common.filters.stage_conditions import conditions_of
from services.taxonomy.domain import Ranked, State, both
from services.taxonomy.stages.base.candidates import passing as passing_rows
from services.taxonomy.stages.base.candidates import with_rows
from services.taxonomy.stages.base.stage import Execution
from services.taxonomy.templates import Templates, is_template

STAGE_ID = "attribute_filter"
NOTHING = (None, "", "null")
SCORES = ("score", "scores")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeFilter:
    """A filter as a stage; `path` is where its parameters stand in the request."""

    name: str
    path: str
    filter: Filter

    @property
    def feature_uris(self) -> tuple[str, ...]:
        """It searches no slot."""
        return ()

    async def run(self, state: State, execution: Execution) -> State:
        """Adds the filter to what is still unfetched, or asks the database which of the documents pass."""
        passing = execution.fill(self.filter, self.path)
        if isinstance(state, Ranked) and self._needs_rows(state):
            ranked = await with_rows(state, execution)
            lists = [await passing_rows(found, passing, execution) for found in ranked.lists]
            return Ranked(tuple(lists), ranked.notes)
        if isinstance(state, Ranked):
            kept = await execution.documents.passing({c.document_id for found in state.lists for c in found}, passing)
            return Ranked(tuple(tuple(c for c in found if c.document_id in kept) for found in state.lists))
        if has_dynamic(self.filter):
            return replace(state, given=both(state.given, passing))
        return replace(state, fixed=both(state.fixed, passing))

    def _needs_rows(self, state: Ranked) -> bool:
        """Whether the filter may ask for what the database does not have: a score, or fields that stages set."""
        if any(field.split(".")[0] in SCORES for field in _fields(self.filter)):
            return True
        return any(c.row is not None and c.row.added for found in state.lists for c in found)


def parse_attribute_filter(name: str, parameters: Mapping[str, Any], path: str) -> AttributeFilter:
    """The stage from `conditions` (any filter dialect) or straight from {field, operator, value}."""
    if parameters.get("natural_language") not in NOTHING:
        raise InvalidArgumentError(
            f"{path}.natural_language is not supported; write the filter as 'conditions'.",
            path=f"{path}.natural_language",
        )
    return make_filter(name, *conditions_of(parameters, path), ignore_case=parameters.get("case_insensitive") is True)


def make_filter(name: str, conditions: Any, path: str, *, ignore_case: bool = False) -> AttributeFilter:
    """The stage of a filter in any dialect, its templates checked."""
    tree = parse(conditions, path, case_insensitive=ignore_case)
    templates = Templates()
    for template in _templates(tree):
        templates.check(template, path)
    return AttributeFilter(name=name, path=path, filter=tree)


def _fields(tree: Filter) -> Iterator[str]:
    match tree:
        case And(children) | Or(children):
            for child in children:
                yield from _fields(child)
        case Not(child):
            yield from _fields(child)
        case Condition(field=field):
            yield field


def _templates(tree: Filter) -> Iterator[str]:
    match tree:
        case And(children) | Or(children):
            for child in children:
                yield from _templates(child)
        case Not(child):
            yield from _templates(child)
        case Condition(value=value):
            values = value if isinstance(value, tuple) else (value,)
            yield from (item for item in values if isinstance(item, str) and is_template(item))
