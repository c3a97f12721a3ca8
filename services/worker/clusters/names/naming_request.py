"""What is asked of the naming of a run's groups, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

LLM, MEMBERS, WORDS, NEAREST, NUMBER = "llm", "members", "words", "nearest", "number"


@dataclass(frozen=True, kw_only=True)
class GroupToName:
    """A group; `cluster_id` is the run's index of it (`cl_0`), `number` the same as a number.

    `members` are the ids of all its documents by rising distance to the centroid. `centroid` is that of the first
    feature, shape (dimensions,), None for groups that vectors did not make.
    """

    cluster_id: str
    number: int
    members: Sequence[str]
    centroid: NDArray[np.floating] | None = None


@dataclass(frozen=True, kw_only=True)
class NamingRequest:
    """The groups of one run. `llm_labeling` is the cluster's or the run's own, in either spelling, None for none.

    `feature_uri` and `model` say which vectors the centroids lie among.
    """

    namespace_id: str
    collection_ids: Sequence[str]
    groups: Sequence[GroupToName]
    llm_labeling: Mapping[str, Any] | None = None
    feature_uri: str | None = None
    model: str | None = None


@dataclass(frozen=True, kw_only=True)
class GroupName:
    """A label with where it comes from, and the ids of the documents that stand for the group."""

    label: str
    label_source: str
    summary: str | None = None
    keywords: tuple[str, ...] = ()
    representatives: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Named:
    """A name for each group by its `cluster_id`, unique within the run, and why some are not the endpoint's."""

    names: Mapping[str, GroupName]
    errors: tuple[str, ...] = field(default=())
