"""Asking the taxonomy, for those documents that need a machine's label."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from services.common.errors import LikenessError
from services.common.extractors.passthrough import label_source, rules_of
from services.common.row_types import Labeller
from services.worker.domain import Decision, Extracted, FieldValue, Ingest, Outcome, Part
from services.worker.kit.job_retries import of_taxonomy
from services.worker.kit.service_readiness import ServiceReadiness
from services.worker.labels.label_precedence import is_imported
from services.worker.labels.origin_fields import said_of
from services.worker.labels.taxonomy_client import Decisions, Question, TaxonomyClient

# Short, since the attempt has begun: it is taken back when a service stays away.
READINESS_SECONDS = 0.5


class MachineLabels:
    """Decides labels, many at a time. `readiness` is of the services that a decision needs."""

    def __init__(self, taxonomy: TaxonomyClient, readiness: Sequence[ServiceReadiness]) -> None:
        self._taxonomy = taxonomy
        self._readiness = readiness

    async def ready(self, ingest: Ingest) -> None:
        """Raises NotNowError when the ingest needs a label and the services for it are down."""
        if needs_label(ingest):
            for service in self._readiness:
                await service.wait(READINESS_SECONDS)

    async def decide(self, batch: Sequence[Extracted]) -> list[Outcome]:
        """The outcomes, in order. A taxonomy that can never decide leaves them without a label, and they say why."""
        questions = [question for item in batch for question in _questions(item) if _is_asked(*question)]
        try:
            answers = iter(await self._taxonomy.decide(questions))
        except LikenessError as error:
            answers = iter(self._without(error, questions))
        return [Outcome(extracted=item, decisions=_take(answers, item)) for item in batch]

    async def ask(self, request: pb.EnrichRequest) -> list[Decisions]:
        """The decisions on documents that are stored."""
        return await self._taxonomy.ask(request)

    def _without(self, error: LikenessError, questions: Sequence[Question]) -> list[tuple[Decision, ...]]:
        failure = of_taxonomy(error)
        if failure is None:
            return [undecided(ingest.labellers, error.message) for ingest, _ in questions]
        for service in self._readiness:
            service.mark_down()
        raise failure from error


def _questions(item: Extracted) -> list[Question]:
    """Each part, with the ingest as it speaks for that part."""
    seen = item.ingest.seen
    return [(replace(item.ingest, seen=said_of(item, part, seen)), part) for part in item.parts]


def _is_asked(ingest: Ingest, part: Part) -> bool:
    """Inline taxonomies go by the vector alone; others may read fields of what has none."""
    alike = part.obstacle is None or not all(labeller.inline for labeller in ingest.labellers)
    return alike and needs_label(ingest)


def _take(answers: Iterator[tuple[Decision, ...]], item: Extracted) -> tuple[tuple[Decision, ...], ...]:
    return tuple(_answer(answers, ingest, part) for ingest, part in _questions(item))


def _answer(answers: Iterator[tuple[Decision, ...]], ingest: Ingest, part: Part) -> tuple[Decision, ...]:
    if part.obstacle is None:
        return next(answers) if _is_asked(ingest, part) else ()
    why = part.obstacle.message
    if _is_asked(ingest, part):
        return explained(next(answers), why)
    return undecided(ingest.labellers, why) if needs_label(ingest) else ()


def explained(decisions: Sequence[Decision], why: str) -> tuple[Decision, ...]:
    """The decisions on what has no vector; those that did not match say why it has none."""
    return tuple(each if each.matched else replace(each, reason=why) for each in decisions)


def undecided(labellers: Sequence[Labeller], reason: str) -> tuple[Decision, ...]:
    """What each labeller says when none can be asked."""
    return tuple(
        Decision(
            field=next(iter(labeller.label_fields), ""),
            matched=False,
            confidence=0.0,
            threshold=0.0,
            value=None,
            source_document_id="",
            evidence=(),
            taxonomy_id=labeller.taxonomy_id or "",
            taxonomy_version=0,
            retriever_id="",
            values=tuple(FieldValue(field=field, value=None) for field in labeller.label_fields),
            reason=reason,
        )
        for labeller in labellers
    )


def needs_label(ingest: Ingest) -> bool:
    """Whether something labels the collection, and there is a field that did not come with the upload.

    Of what is processed anew it is asked in any case: beside the label stands what a machine says of what is there now.
    """
    rules = rules_of(ingest.collection.feature_extractor)
    return any(
        ingest.input_digest is not None
        or not labeller.label_fields
        or any(not is_imported(ingest.seen, label_source(field, rules)) for field in labeller.label_fields)
        for labeller in ingest.labellers
    )
