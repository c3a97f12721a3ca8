"""Stages that only rearrange what they are given."""

from dataclasses import dataclass
from typing import ClassVar

from services.taxonomy.domain import State
from services.taxonomy.stages.algorithms.arrangement import Arrangement
from services.taxonomy.stages.base.candidates import arranged
from services.taxonomy.stages.base.stage import Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStage:
    """Reads the fields of the candidates and arranges each list."""

    name: str
    arrange: Arrangement
    feature_uris: ClassVar[tuple[str, ...]] = ()

    async def run(self, state: State, execution: Execution) -> State:
        """The lists, arranged."""
        return await arranged(state, execution, self.arrange)
