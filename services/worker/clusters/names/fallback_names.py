"""Names without an endpoint: what members call themselves, their words, the examples nearest to them. Pure."""

from collections.abc import Sequence

from services.worker.clusters.names.group_digest import Digest
from services.worker.clusters.names.llm_labeling import LabellingRules
from services.worker.clusters.names.member_words import label_of_words
from services.worker.clusters.names.naming_request import MEMBERS, NEAREST, NUMBER, WORDS, GroupName
from services.worker.clusters.names.nearest_examples import Example


def plain_name(digest: Digest, words: Sequence[str], rules: LabellingRules) -> GroupName:
    """The best name that the members give by themselves, else the group's number."""
    label, source = digest.label, MEMBERS
    if label is None:
        label, source = label_of_words(words), WORDS
    if label is None:
        label, source = f"Cluster {digest.group.number}", NUMBER
    return GroupName(
        label=label,
        label_source=source,
        keywords=tuple(words) if rules.keywords else (),
        representatives=digest.representatives,
    )


def name_of_example(name: GroupName, example: Example) -> GroupName:
    """The name of a group that is only known by what it is near to."""
    return GroupName(
        label=f"Similar to {example.label}",
        label_source=NEAREST,
        summary=f"The nearest labelled document is {example.document_id}, with a similarity of {example.similarity}.",
        keywords=name.keywords,
        representatives=name.representatives,
    )
