"""One retriever run for a label: who is found among the references, and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.common.errors import InvalidArgumentError, NotFoundError
from services.common.labels.human_labels import HUMAN, IMPORT
from services.taxonomy.concurrency import gather_all
from services.taxonomy.database.object_blobs import ObjectBlob
from services.taxonomy.domain import Candidate, Json, Label, Ranked, Unfetched
from services.taxonomy.labels.applied_taxonomies import AppliedTaxonomy, Run
from services.taxonomy.labels.decision import Choose, Verdict, by_path, by_vote, decide, nothing
from services.taxonomy.labels.subjects import Known, absent, asks_alone, inputs_of, to_subject, to_subject_with_inputs
from services.taxonomy.labels.taxonomy_config import InputMapping, Kind, Node, TaxonomyConfig
from services.taxonomy.retrievers.engine import Engine
from services.taxonomy.retrievers.label_plan import LabelPlan, plan_retriever, references
from services.taxonomy.retrievers.stage_runner import run_stages
from services.taxonomy.stages.base.candidates import fetched
from services.taxonomy.stages.base.stage import Execution, Subject
from services.taxonomy.stages.parse import parse_stages_json
from services.taxonomy.templates import Templates

GIVEN_BY_PEOPLE = (HUMAN, IMPORT)
AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Found:
    """Who was found for one subject; `reason` says why nobody could be looked for."""

    candidates: tuple[Candidate, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceSearch:
    """Judges subjects by one run of a taxonomy; `node` is the place that the run is for, in a hierarchy."""

    engine: Engine
    namespace_id: str
    applied: AppliedTaxonomy
    run: Run
    node: Node | None = None
    afresh: bool = False

    async def verdicts(self, subjects: Sequence[Known]) -> tuple[Verdict, ...]:
        """One verdict for each subject; InvalidArgumentError for a retriever that cannot run."""
        config = self.applied.config
        if not self.run.targets or not subjects:
            return (nothing(config.threshold, self.run.fault),) * len(subjects)
        plan = self._plan()
        threshold = max(config.threshold, plan.min_score)
        if not config.names_threshold and not plan.min_score:
            threshold = self.applied.label_threshold or 0.0
        found = await self._found(plan, subjects)
        labels = await self._labels(found)
        return tuple(self._verdict(each, labels, threshold, plan.limit) for each in found)

    def _verdict(self, found: Found, labels: Mapping[str, Label], threshold: float, limit: int) -> Verdict:
        if found.reason:
            return nothing(threshold, found.reason)
        choose = _choose(self.applied.config)
        verdict = decide(found.candidates, labels, threshold=threshold, limit=limit, choose=choose)
        return verdict if verdict.matched else replace(verdict, reason=self.run.fault)

    def _plan(self) -> LabelPlan:
        if self.applied.config.kind is Kind.RETRIEVER:
            return plan_retriever(parse_stages_json(self.run.stages_json))
        return self.engine.label_plan(self.run.stages_json, self.applied.config.neighbours)

    @property
    def _mappings(self) -> tuple[InputMapping, ...]:
        return self.node.mappings if self.node else self.applied.config.mappings

    @property
    def _source_field(self) -> str | None:
        return None if self.node else self.applied.config.source_field

    @property
    def _human_only(self) -> bool:
        subject = self.applied.subject
        own = subject is not None and any(each.collection_id == subject.collection_id for each in self.run.targets)
        return self.applied.config.human_only or (self.afresh and own)

    async def _found(self, plan: LabelPlan, subjects: Sequence[Known]) -> Sequence[Found]:
        """Who the retriever finds for each subject: all at once, unless inputs make each a question of its own."""
        if not any(asks_alone(each, self._mappings, fits=self._fits(each)) for each in subjects):
            execution = self._execution(Templates(), [to_subject(subject) for subject in subjects])
            found = await self._neighbours(plan, execution)
            pairs = zip(subjects, found, strict=True)
            return [Found(each, "" if each else self._unlike(known)) for known, each in pairs]
        alone: list[Found] = []
        for first in range(0, len(subjects), AT_ONCE):
            alone += await gather_all([self._found_alone(plan, each) for each in subjects[first : first + AT_ONCE]])
        return alone

    def _fits(self, known: Known) -> bool:
        """Whether a vector of the subject can be compared with references."""
        return any((target.feature_uri, target.model) in known.vectors for target in self.run.targets)

    def _unlike(self, known: Known) -> str:
        """Why the subject's vectors can be compared with none of the references; empty when they can."""
        models = {(target.feature_uri, target.model) for target in self.run.targets}
        if self.applied.config.kind is Kind.RETRIEVER or self._fits(known):
            return ""
        if not known.vectors:
            return "The document has no vector to compare."
        own, others = ({model for _, model in each} for each in (known.vectors, models))
        return f"Its vector was made by {_listed(own)}, and those of the references by {_listed(others)}."

    async def _found_alone(self, plan: LabelPlan, known: Known) -> Found:
        fits, lacking = self._fits(known), absent(known, self._mappings)
        subject = to_subject_with_inputs(known, self._mappings, fits=fits)
        try:
            inputs = inputs_of(known, self._mappings, fits=fits)
            execution = self._execution(Templates(await self._read(inputs)), [subject])
            candidates = (await self._neighbours(plan, execution))[0]
            return Found(candidates, "" if candidates else lacking)
        except (InvalidArgumentError, NotFoundError) as error:
            # One document that lacks an input, or holds what cannot be embedded, must not fail the others.
            return Found(reason=f"{lacking} {error.message}".strip())

    async def _read(self, inputs: Mapping[str, Json | ObjectBlob]) -> dict[str, Json]:
        return {
            key: await self.engine.blobs.as_input(value) if isinstance(value, ObjectBlob) else value
            for key, value in inputs.items()
        }

    def _execution(self, templates: Templates, subjects: Sequence[Subject]) -> Execution:
        run = self.run
        return self.engine.execution(self.namespace_id, run.targets, templates, subjects, bindings=run.bindings)

    async def _neighbours(self, plan: LabelPlan, execution: Execution) -> tuple[tuple[Candidate, ...], ...]:
        start = Unfetched(fixed=references(self._source_field, human_only=self._human_only))
        state = (await run_stages(plan.stages, start, execution))[-1].state
        if isinstance(state, Ranked):
            return state.lists
        if self.applied.config.kind is not Kind.RETRIEVER:
            return ((),) * len(execution.subjects)
        return (await fetched(state, execution, limit=plan.limit)).lists

    async def _labels(self, found: Sequence[Found]) -> Mapping[str, Label]:
        """The labels of all neighbours as they are now, in one reading; in a hierarchy the node's own label."""
        ids = {candidate.document_id for each in found for candidate in each.candidates}
        if self._source_field is None:
            return dict.fromkeys(ids, Label(value=self.node.label if self.node else None, source=IMPORT))
        labels = await self.engine.documents.labels(ids, self._source_field) if ids else {}
        if self._human_only:
            return {key: label for key, label in labels.items() if label.source in GIVEN_BY_PEOPLE}
        return labels


def _listed(names: set[str]) -> str:
    return " and ".join(sorted(f"'{name}'" for name in names)) or "no model"


def _choose(config: TaxonomyConfig) -> Choose | None:
    if config.nodes:
        return None
    if config.separator is not None:
        return by_path(config.separator, config.agreement)
    return by_vote if config.vote else None
