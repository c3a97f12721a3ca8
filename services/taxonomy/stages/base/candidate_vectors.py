"""The stored vectors of candidates, in one slot and of one model, so that they can be compared."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.common.extractors.vectors import from_message
from services.taxonomy.domain import Candidate, Target
from services.taxonomy.queries.feature_uris import fills
from services.taxonomy.stage_parameters import invalid
from services.taxonomy.stages.base.stage import Execution

Vectors = list[NDArray[np.float32] | None]


async def vectors_of(candidates: Sequence[Candidate], feature_uri: str, path: str, execution: Execution) -> Vectors:
    """One vector or None for each candidate; without a feature, of the slot and model that most of them have."""
    ids = {candidate.document_id for candidate in candidates}
    stored = await execution.documents.vectors(execution.namespace_id, ids) if ids else {}
    counted = Counter(key for vectors in stored.values() for key in vectors if _fits(*key, feature_uri))
    if not counted:
        if feature_uri and ids:
            raise invalid(f"names the feature '{feature_uri}', of which no document here has a vector.", path)
        return [None] * len(candidates)
    best = max(counted, key=lambda key: (counted[key], key))
    found = [stored.get(candidate.document_id, {}).get(best) for candidate in candidates]
    return [None if vector is None else from_message(vector) for vector in found]


def _fits(slot: str, model: str, feature_uri: str) -> bool:
    target = Target(collection_id="", extractor="", model=model, feature_uri=slot, dimensions=0)
    return not feature_uri or fills(target, feature_uri)
