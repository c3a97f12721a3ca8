"""Hierarchies of nodes: from the roots down, and only below a node that matched."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from services.taxonomy.concurrency import gather_all
from services.taxonomy.labels.decision import Verdict, nothing
from services.taxonomy.labels.reference_search import ReferenceSearch
from services.taxonomy.labels.subjects import Known
from services.taxonomy.labels.taxonomy_config import Node


@dataclass(frozen=True, slots=True)
class Step:
    """A node that a subject matched, and the verdict that says so."""

    node: Node
    verdict: Verdict


@dataclass(slots=True)
class Descent:
    """How far a subject came, and the best verdict of the roots, for one that came nowhere."""

    best: Verdict
    chain: list[Step] = field(default_factory=list)


async def descend(judges: Sequence[ReferenceSearch], subjects: Sequence[Known], threshold: float) -> list[Descent]:
    """The chain of each subject: at every level the sibling that is most alike, of those that matched."""
    descents = [Descent(best=nothing(threshold)) for _ in subjects]
    waiting: list[tuple[str | None, list[int]]] = [(None, list(range(len(subjects))))]
    while waiting:
        parent, numbers = waiting.pop()
        siblings = [judge for judge in judges if judge.node is not None and judge.node.parent_id == parent]
        verdicts = await gather_all([judge.verdicts([subjects[number] for number in numbers]) for judge in siblings])
        below: dict[str, list[int]] = {}
        for place, number in enumerate(numbers):
            steps = [_step(judge, row[place]) for judge, row in zip(siblings, verdicts, strict=True)]
            chosen = choose(steps)
            if parent is None and steps:
                descents[number].best = _best([step.verdict for step in steps])
            if chosen is not None:
                descents[number].chain.append(chosen)
                below.setdefault(chosen.node.node_id, []).append(number)
        waiting.extend(below.items())
    return descents


def choose(steps: Sequence[Step]) -> Step | None:
    """The matched node that is most alike; of equals the first in the order of the taxonomy."""
    matched = [step for step in steps if step.verdict.matched]
    return max(matched, key=lambda step: step.verdict.confidence, default=None)


def _best(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict that came nearest; it says why one of the others could not be judged."""
    best = max(verdicts, key=lambda verdict: verdict.confidence)
    reason = best.reason or next((verdict.reason for verdict in verdicts if verdict.reason), "")
    return best if best.matched else replace(best, reason=reason)


def _step(judge: ReferenceSearch, verdict: Verdict) -> Step:
    assert judge.node is not None
    return Step(judge.node, verdict)
