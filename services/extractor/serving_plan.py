"""Which models serve, in which order, and how their work is spread. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.extractor.manifest import Manifest

CPU_BATCH = 1
# Its documents hold copied fields: nobody embeds anything for it.
MODELLESS = frozenset({"passthrough_extractor@v1"})


@dataclass(frozen=True, slots=True)
class Plan:
    """How a model's work is spread: lanes that infer side by side, and the most rows that a lane takes at once."""

    lanes: int
    batch: int

    @property
    def ready(self) -> int:
        """How many prepared inputs may wait: enough that no lane does."""
        return 2 * self.lanes * self.batch


def plan(on_cpu: bool, cores: int, batch: int) -> Plan:
    """One lane of full batches on an accelerator; on CPUs a lane per core and no batches, which only cost cache."""
    return Plan(cores, min(batch, CPU_BATCH)) if on_cpu else Plan(1, batch)


def preferred_first(manifests: Iterable[Manifest], strict: bool) -> tuple[Manifest, ...]:
    """Grouped by slot, the model that the slot is named after first; `strict` drops the stand-ins."""
    kept = [manifest for manifest in manifests if manifest.is_named_model or not strict]
    return tuple(sorted(kept, key=lambda manifest: (manifest.feature_uri, not manifest.is_named_model, manifest.model)))
