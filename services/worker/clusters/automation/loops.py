"""What is done again and again for clusters that run by themselves."""

from services.common.database.pool import Pool
from services.worker.clusters.automation.due_runs import DueRuns
from services.worker.clusters.automation.start_runs import RunStarter
from services.worker.kit.loops import Loop

SECONDS_BETWEEN = 0.5


def automation_loops(pool: Pool) -> tuple[Loop, ...]:
    """Following the events, and starting what is due."""
    return (
        Loop(name="cluster changes", step=DueRuns(pool).step, seconds=SECONDS_BETWEEN),
        Loop(name="cluster starts", step=RunStarter(pool).step, seconds=SECONDS_BETWEEN),
    )
