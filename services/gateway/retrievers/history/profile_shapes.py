"""The profile of an execution."""

from services.gateway.kit.shapes import Answer


class StageProfile(Answer):
    """What one stage took and let through."""

    stage_index: int
    stage_name: str
    stage_type: str
    input_count: int
    output_count: int
    duration_ms: float
    efficiency: float


class ExecutionProfile(Answer):
    """An execution stage by stage; one that failed may lack stages, and says why."""

    retriever_id: str
    execution_id: str
    status: str
    error: str | None
    stages: list[StageProfile]
    total_stages: int
    total_returned: int
    total_time_ms: float
    optimization_applied: bool
