"""Labels that differ in case or spaces alone. Pure."""

from collections import defaultdict
from collections.abc import Mapping


def alike(labels: Mapping[str, int]) -> list[dict[str, int]]:
    """The groups of labels, with how often each is there, that are one label but for case and spaces."""
    groups: dict[str, dict[str, int]] = defaultdict(dict)
    for label, count in labels.items():
        groups["".join(label.casefold().split())][label] = count
    return [group for group in groups.values() if len(group) > 1]


def merging(groups: list[dict[str, int]]) -> dict[str, str]:
    """Label -> the spelling of its group that is there most often, of two the first in the alphabet."""
    best = {label: min(group, key=lambda each: (-group[each], each)) for group in groups for label in group}
    return {label: spelling for label, spelling in best.items() if label != spelling}
