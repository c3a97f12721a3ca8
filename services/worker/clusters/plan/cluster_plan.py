"""What a clustering is to do: as a value, and as the JSON that the computing process reads."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import orjson

Strategy = Literal["concatenate", "weighted", "independent"]
Mode = Literal["full", "assign"]
JsonObject = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ClusterPlan:
    """How the vectors of a folder are clustered; `features` names the URI of each `vectors_<i>.npy`, in order.

    `parameters` and `preprocessing` are the contract's, and only what the user gave. `vis_n_components` is 2, 3, or
    None for no picture. Mode "assign" puts each row to the nearest of the given centroids, if its cosine similarity
    reaches `assignment_threshold`.
    """

    algorithm: str
    features: tuple[str, ...]
    parameters: JsonObject = field(default_factory=dict)
    preprocessing: tuple[JsonObject, ...] = ()
    normalize: bool = True
    feature_strategy: Strategy = "concatenate"
    feature_weights: Mapping[str, float] = field(default_factory=dict)
    vis_n_components: int | None = 2
    sample_limit: int = 50_000
    mode: Mode = "full"
    assignment_threshold: float = 0.5

    def to_json(self) -> bytes:
        """What `from_json` reads."""
        return orjson.dumps(asdict(self))

    @classmethod
    def from_json(cls, content: bytes) -> "ClusterPlan":
        """The plan that `to_json` wrote."""
        given = orjson.loads(content)
        given |= {"features": tuple(given["features"]), "preprocessing": tuple(given["preprocessing"])}
        return cls(**given)
