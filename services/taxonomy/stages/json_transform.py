"""json_transform: a template makes each document anew."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson

from services.common.errors import InvalidArgumentError
from services.common.templates.limits import LONGEST
from services.taxonomy.candidate_paths import document_of, shown_alone
from services.taxonomy.domain import Candidate, Ranked, State
from services.taxonomy.stage_parameters import Parameters, invalid
from services.taxonomy.stages.base.candidates import with_rows
from services.taxonomy.stages.base.stage import Execution, Stage
from services.taxonomy.templates import Templates

MOST_WARNINGS = 3
AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonTransform:
    """Renders `template` with each document as DOC; what it gives must be a JSON object, which the answer shows."""

    name: str
    path: str
    template: str
    fail_on_error: bool
    feature_uris: ClassVar[tuple[str, ...]] = ()

    async def run(self, state: State, execution: Execution) -> State:
        """The documents that could be transformed; the others are left out with a warning, or are an error."""
        ranked = await with_rows(state, execution)
        failures: list[str] = []
        lists = [await self._transformed(found, execution.templates, failures) for found in ranked.lists]
        warnings = [*ranked.notes.get("warnings", []), *failures[:MOST_WARNINGS]]
        return Ranked(tuple(lists), {"failed_documents": len(failures), "warnings": warnings} if warnings else {})

    async def _transformed(
        self, found: tuple[Candidate, ...], templates: Templates, failures: list[str]
    ) -> tuple[Candidate, ...]:
        made: list[Candidate] = []
        left = LONGEST
        for number, candidate in enumerate(found):
            if number % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
            try:
                text = templates.text(self.template, self.path, document_of(candidate))
                made.append(shown_alone(candidate, self._object(text)))
            except InvalidArgumentError as error:
                if self.fail_on_error:
                    raise
                failures.append(f"{candidate.document_id}: {error.message}")
                continue
            left -= len(text)
            if left < 0:
                raise invalid("makes more than can be answered; limit the documents before.", self.path)
        return tuple(made)

    def _object(self, text: str) -> Mapping[str, Any]:
        try:
            value = orjson.loads(text)
        except ValueError as error:
            raise invalid(f"does not give JSON: {error}.", self.path) from error
        if not isinstance(value, Mapping):
            raise invalid("must give a JSON object.", self.path)
        return value


def parse_json_transform(name: str, raw: Mapping[str, Any], path: str) -> Stage:
    """template, fail_on_error."""
    given = Parameters(raw, path)
    template, place = given.given("template")
    if isinstance(template, Mapping):
        template = orjson.dumps(template).decode()
    if not isinstance(template, str):
        raise invalid(
            'must be a template that gives a JSON object, such as {"id": {{DOC.document_id | tojson}}}.', place
        )
    Templates().check(template, place)
    return JsonTransform(
        name=name, path=place, template=template, fail_on_error=given.flag("fail_on_error", default=False)
    )
