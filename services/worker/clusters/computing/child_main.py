"""The computing process: `python -m services.worker.clusters.computing.child_main FOLDER`, as `start_child` does."""

import os
import sys
from pathlib import Path

import orjson

from services.common.errors import LikenessError
from services.worker.clusters.computing.process_priority import settle
from services.worker.clusters.plan.cluster_plan import ClusterPlan, JsonObject
from services.worker.clusters.plan.outcome import save_outcome


def main() -> None:
    """Reads the plan, writes the outcome; says how far it is, or what is wrong, as JSON lines."""
    folder, telling = Path(sys.argv[1]), settle()

    def tell(said: JsonObject) -> None:
        os.write(telling, orjson.dumps(said) + b"\n")

    plan = ClusterPlan.from_json((folder / "plan.json").read_bytes())
    try:
        from services.worker.clusters.computing.clustering import run

        save_outcome(run(plan, folder, lambda stage, percent: tell({"stage": stage, "percent": percent})), folder)
    except LikenessError as error:
        told = {"code": error.code.name, "message": error.message, "reason": error.reason}
        tell({"error": {**told, "details": dict(error.details)}})


if __name__ == "__main__":
    main()
