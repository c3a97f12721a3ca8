"""cluster: groups of documents that are alike, found in their vectors."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from services.taxonomy.candidate_paths import plain, put, shown_alone
from services.taxonomy.domain import Candidate, Json, Ranked, State
from services.taxonomy.stage_parameters import Parameters
from services.taxonomy.stages.algorithms.vector_clusters import (
    ALGORITHMS,
    NOISE,
    Clustering,
    Labels,
    Matrix,
    centroid,
    cluster,
)
from services.taxonomy.stages.base.candidate_vectors import vectors_of
from services.taxonomy.stages.base.candidates import with_rows
from services.taxonomy.stages.base.stage import Execution, Stage

MOST_CLUSTERED = 2000
CUT = f"only the first {MOST_CLUSTERED} documents were clustered"
MODES = ("clusters", "labeled", "representatives")


@dataclass(frozen=True, slots=True)
class Member:
    """A candidate, and its distance from the centre of its cluster."""

    candidate: Candidate
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Clusters the first 2,000 candidates; those without a vector are left out."""

    name: str
    path: str
    how: Clustering
    feature_uri: str
    mode: str
    with_centroids: bool
    most_members: int
    feature_uris: ClassVar[tuple[str, ...]] = ()

    async def run(self, state: State, execution: Execution) -> State:
        """Clusters, their representatives, or the documents with the names of their clusters."""
        ranked = await with_rows(state, execution)
        lists = [await self._clustered(found[:MOST_CLUSTERED], execution) for found in ranked.lists]
        cut = any(len(found) > MOST_CLUSTERED for found in ranked.lists)
        return Ranked(tuple(lists), {"warnings": [CUT]} if cut else ranked.notes)

    async def _clustered(self, found: tuple[Candidate, ...], execution: Execution) -> tuple[Candidate, ...]:
        vectors = await vectors_of(found, self.feature_uri, self.path, execution)
        known = [(c, vector) for c, vector in zip(found, vectors, strict=True) if vector is not None]
        if not known:
            return ()
        matrix = np.stack([vector for _, vector in known])
        labels = await asyncio.to_thread(cluster, matrix, self.how)
        return self._shown([candidate for candidate, _ in known], matrix, labels)

    def _shown(self, found: list[Candidate], matrix: Matrix, labels: Labels) -> tuple[Candidate, ...]:
        centres = [centroid(matrix[labels == number]) for number in range(int(labels.max()) + 1)]
        distances = [
            0.0 if label == NOISE else float(np.linalg.norm(row - centres[label]))
            for row, label in zip(matrix, labels, strict=True)
        ]
        if self.mode == "labeled":
            triples = zip(found, labels, distances, strict=True)
            return tuple(_labelled(candidate, int(label), distance) for candidate, label, distance in triples)
        shown = []
        for number, centre in enumerate(centres):
            members = [Member(found[n], distances[n]) for n in np.flatnonzero(labels == number)]
            members.sort(key=lambda member: member.distance)
            shown.append(self._cluster(number, members, centre))
        return tuple(shown)

    def _cluster(self, number: int, members: list[Member], centre: Matrix) -> Candidate:
        """A cluster as its most central member, alone or with the others."""
        best = members[0]
        if self.mode == "representatives":
            return put(_labelled(best.candidate, number, best.distance), "member_count", len(members))
        fields: dict[str, Json] = {
            "cluster_id": _cluster_id(number),
            "member_count": len(members),
            "members": [
                {**plain(member.candidate), "cluster_score": round(member.distance, 6)}
                for member in members[: self.most_members]
            ],
        }
        if self.with_centroids:
            fields["centroid"] = centre.tolist()
        return shown_alone(best.candidate, fields)


def _labelled(candidate: Candidate, number: int, distance: float) -> Candidate:
    """The candidate with its cluster, null for noise."""
    if number == NOISE:
        return put(put(candidate, "cluster_id", None), "cluster_score", None)
    return put(put(candidate, "cluster_id", _cluster_id(number)), "cluster_score", round(distance, 6))


def _cluster_id(number: int) -> str:
    return f"cl_{number}"


def parse_cluster(name: str, raw: Mapping[str, Any], path: str) -> Stage:
    """algorithm (method), n_clusters, min_cluster_size, eps, feature_uri, output_mode, include_centroids."""
    given = Parameters(raw, path)
    how = Clustering(
        algorithm=given.choice("algorithm", "method", allowed=ALGORITHMS, default="hdbscan"),
        n_clusters=given.whole("n_clusters", "num_clusters", default=0, low=2, high=100),
        min_cluster_size=given.whole("min_cluster_size", default=5, low=2, high=100),
        eps=given.number("eps", default=0.3, low=1e-6, high=2.0),
    )
    return Cluster(
        name=name,
        path=path,
        how=how,
        feature_uri=given.field("feature_uri", default=""),
        mode=given.choice("output_mode", allowed=MODES, default="clusters"),
        with_centroids=given.flag("include_centroids", default=True),
        most_members=given.whole("max_members_per_cluster", default=50, high=500),
    )
