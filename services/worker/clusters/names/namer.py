"""Naming the groups of a run."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from services.common.database.pool import Pool
from services.common.settings import Settings
from services.worker.clusters.names.ask_endpoint import Answers, Asking, in_words, new_answers
from services.worker.clusters.names.endpoint import EndpointError, open_endpoint
from services.worker.clusters.names.fallback_names import name_of_example, plain_name
from services.worker.clusters.names.group_digest import Digest, digest_of, samples_for
from services.worker.clusters.names.llm_labeling import LabellingRules, rules_from
from services.worker.clusters.names.member_words import telling_words
from services.worker.clusters.names.naming_request import LLM, NUMBER, GroupName, Named, NamingRequest
from services.worker.clusters.names.nearest_examples import read_examples
from services.worker.clusters.names.parse_answer import SaidName
from services.worker.clusters.names.read_members import label_fields_by_collection, read_members
from services.worker.clusters.names.unique_names import doubled, told_apart

# All questions of a run together may take so many times as long as a single one.
MOST_TIMEOUTS = 20
SECONDS_BETWEEN_REPORTS = 1.0
Report = Callable[[], Awaitable[None]]
log = structlog.get_logger()


async def _silent() -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Namer:
    """Names groups by the operator's endpoint where there is one, else by what is known of their members."""

    pool: Pool
    settings: Settings
    answers: Answers = field(default_factory=new_answers)

    async def name(self, request: NamingRequest, report: Report = _silent) -> Named:
        """A name for every group, whatever an endpoint or a document says.

        `report` is called about once a second; what it raises, such as TaskCanceledError, ends the naming.
        """
        rules = rules_from(request.llm_labeling)
        digests = await self._read(request, rules, report)
        names = await self._plain(request, digests, rules)
        errors: tuple[str, ...] = ()
        if rules.enabled and digests:
            said, errors = await self._say(digests, rules, report)
            names = [_with(name, said.get(each.group.cluster_id)) for each, name in zip(digests, names, strict=True)]
        labels = told_apart([name.label for name in names])
        return Named(
            names={
                each.group.cluster_id: replace(name, label=label)
                for each, name, label in zip(digests, names, labels, strict=True)
            },
            errors=errors,
        )

    async def _read(self, request: NamingRequest, rules: LabellingRules, report: Report) -> list[Digest]:
        label_fields = await label_fields_by_collection(self.pool, request.collection_ids)
        digests = []
        for group in request.groups:
            first = samples_for(len(group.members), rules)
            members = await read_members(self.pool, group.members, first, label_fields)
            digests.append(digest_of(group, members, rules))
            await report()
        return digests

    async def _plain(self, request: NamingRequest, digests: Sequence[Digest], rules: LabellingRules) -> list[GroupName]:
        """The names that need no endpoint."""
        words = telling_words([each.words for each in digests], [each.read for each in digests])
        names = [plain_name(each, telling, rules) for each, telling in zip(digests, words, strict=True)]
        unknown = [place for place, name in enumerate(names) if name.label_source == NUMBER]
        if unknown and request.feature_uri is not None and request.model is not None:
            examples = await read_examples(self.pool, request.collection_ids, request.feature_uri, request.model)
            for place in unknown:
                centroid = digests[place].group.centroid
                example = None if centroid is None else examples.nearest(centroid)
                names[place] = names[place] if example is None else name_of_example(names[place], example)
        return names

    async def _say(
        self, digests: Sequence[Digest], rules: LabellingRules, report: Report
    ) -> tuple[Mapping[str, SaidName], tuple[str, ...]]:
        """What the endpoint calls the groups, and why it has no name for some."""
        asked = [each for each in digests if each.samples]
        errors = {each.group.cluster_id: "none of its documents has anything to go by" for each in digests}
        errors = {key: text for key, text in errors.items() if key not in {each.group.cluster_id for each in asked}}
        try:
            async with open_endpoint(self.settings, rules.model) as endpoint:
                asking = Asking(endpoint=endpoint, rules=rules, answers=self.answers)
                await _watched(self._ask(asking, asked), report)
        except EndpointError as error:
            return {}, (f"{error}.",)
        return asking.said, in_words({**asking.errors, **errors})

    async def _ask(self, asking: Asking, digests: Sequence[Digest]) -> None:
        """Asks about all groups, and about those once more that got the name of another."""
        seconds = self.settings.llm_timeout * MOST_TIMEOUTS
        await asking.ask_all([each.question() for each in digests], seconds)
        named = [each for each in digests if each.group.cluster_id in asking.said]
        labels = [asking.said[each.group.cluster_id].label for each in named]
        if asking.rules.distinct and not asking.rules.candidates:
            await asking.ask_all([named[place].question(labels) for place in doubled(labels)], seconds)


async def _watched(work: Awaitable[None], report: Report) -> None:
    """Does the work, and cancels it when `report` raises."""
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait((task,), timeout=SECONDS_BETWEEN_REPORTS))[0]:
            await report()
        await task
    finally:
        task.cancel()


def _with(name: GroupName, said: SaidName | None) -> GroupName:
    if said is None:
        return name
    return replace(
        name, label=said.label, label_source=LLM, summary=said.summary, keywords=said.keywords or name.keywords
    )
