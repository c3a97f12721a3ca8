"""What is kept of a group once its members have been read. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

from services.worker.clusters.names.llm_labeling import REPRESENTATIVE, LabellingRules
from services.worker.clusters.names.member_words import Member, shared_label, word_counts
from services.worker.clusters.names.naming_request import GroupToName
from services.worker.clusters.names.prompt import Question, Sample, sample_of

FEWEST_SAMPLES, MOST_SAMPLES = 3, 20
# Of a mixed choice, the share of those nearest to the centroid.
NEAREST_SHARE = 0.4


@dataclass(frozen=True, kw_only=True)
class Digest:
    """A group in short: the label that its members share, in how many of `read` members each word is, its samples."""

    group: GroupToName
    read: int
    label: str | None
    words: Counter[str]
    samples: tuple[Sample, ...]
    representatives: tuple[str, ...]

    def question(self, forbidden: Sequence[str] = ()) -> Question:
        """What an endpoint is asked about it."""
        return Question(
            cluster_id=self.group.cluster_id,
            size=len(self.group.members),
            samples=self.samples,
            forbidden=tuple(forbidden),
        )


def samples_for(size: int, rules: LabellingRules) -> int:
    """How many documents stand for a group of so many."""
    wanted = rules.samples or round(FEWEST_SAMPLES + log2(max(size, 1)))
    return min(max(wanted, 1 if rules.samples else FEWEST_SAMPLES), MOST_SAMPLES)


def digest_of(group: GroupToName, members: Sequence[Member], rules: LabellingRules) -> Digest:
    """The digest of a group, of whose members these were read, the nearest first."""
    count = samples_for(len(group.members), rules)
    telling = [member for member in members if sample_of(member, rules)]
    label_fields = tuple(dict.fromkeys(field for member in members for field in member.label_fields))
    return Digest(
        group=group,
        read=len(members),
        label=shared_label(members, (*rules.paths, *label_fields)),
        words=word_counts(members, rules.paths),
        samples=tuple(sample_of(member, rules) for member in _chosen(telling, count, rules)),
        representatives=tuple(member.document_id for member in _chosen(members, count, rules)),
    )


def _chosen(members: Sequence[Member], count: int, rules: LabellingRules) -> list[Member]:
    """The nearest, or some of them and others from all over the group."""
    if rules.selection != REPRESENTATIVE or len(members) <= count:
        return list(members[:count])
    near = max(1, round(count * NEAREST_SHARE))
    rest = members[near:]
    step = len(rest) / max(count - near, 1)
    return [*members[:near], *(rest[int((place + 1) * step) - 1] for place in range(count - near))]
