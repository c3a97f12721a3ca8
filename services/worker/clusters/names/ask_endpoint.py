"""Asking an endpoint for the names of many groups: a few at once, for a bounded time, and never for nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import orjson
from cachetools import TLRUCache

from services.worker.clusters.names.endpoint import Endpoint, EndpointError
from services.worker.clusters.names.llm_labeling import LabellingRules
from services.worker.clusters.names.parse_answer import SaidName, UnreadableError, said_name
from services.worker.clusters.names.prompt import Question, messages_for

AT_ONCE = 4
# So many groups in a row without an answer, and the others are not asked about.
MOST_FAILURES = 3
KEPT_ANSWERS = 10_000
MOST_SHOWN = 10

Answers = TLRUCache[str, tuple[str, float]]


def new_answers() -> Answers:
    """A cache of answers by what was asked; each holds for as long as the request said."""
    return TLRUCache(maxsize=KEPT_ANSWERS, ttu=lambda _, value, now: now + value[1])


@dataclass(kw_only=True)
class Asking:
    """The questions of one run. `said` and `errors` are by the group's id; an error without a group is by ''."""

    endpoint: Endpoint
    rules: LabellingRules
    answers: Answers
    said: dict[str, SaidName] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    _failures: int = 0
    _stopped: str = ""

    async def ask_all(self, questions: Sequence[Question], seconds: float) -> None:
        """Asks about every group, for at most so many seconds altogether."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def ask(question: Question) -> None:
            async with gate:
                if not self._stopped:
                    await self._ask(question)

        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(ask(question) for question in questions))
        except TimeoutError:
            self._stopped = self._stopped or f"not all groups were named within {seconds:.0f} s"
        if self._stopped:
            self.errors[""] = self._stopped

    async def _ask(self, question: Question) -> None:
        messages = messages_for(question, self.rules)
        key = sha256(orjson.dumps([self.endpoint.url, self.endpoint.model, messages])).hexdigest()
        try:
            text = self._kept(key) or await self.endpoint.ask(messages, self.rules.parameters or {})
            self.said[question.cluster_id] = said_name(text, question.cluster_id, self.rules.candidates)
        except (EndpointError, UnreadableError) as error:
            self._failed(question, error)
            return
        self._failures = 0
        self.errors.pop(question.cluster_id, None)
        if self.rules.cache_seconds:
            self.answers[key] = (text, self.rules.cache_seconds)

    def _kept(self, key: str) -> str | None:
        found = self.answers.get(key) if self.rules.cache_seconds else None
        return None if found is None else found[0]

    def _failed(self, question: Question, error: Exception) -> None:
        self.errors[question.cluster_id] = str(error)
        self._failures += isinstance(error, EndpointError)
        if isinstance(error, EndpointError) and (error.hopeless or self._failures >= MOST_FAILURES):
            self._stopped = self._stopped or str(error)


def in_words(errors: Mapping[str, str]) -> tuple[str, ...]:
    """What went wrong, one line each; groups about which the same is said share a line."""
    by_text: dict[str, list[str]] = {}
    for cluster_id, text in errors.items():
        by_text.setdefault(text, []).extend([cluster_id] if cluster_id else [])
    return tuple(_line(text, groups) for text, groups in by_text.items())


def _line(text: str, groups: Sequence[str]) -> str:
    if not groups:
        return f"{text}."
    more = f" and {len(groups) - MOST_SHOWN} more" if len(groups) > MOST_SHOWN else ""
    return f"{', '.join(groups[:MOST_SHOWN])}{more}: {text}."
