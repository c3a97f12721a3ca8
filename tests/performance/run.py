"""`make bench`: runs every benchmark in a process of its own and prints a table of what must be reached."""

import json
import os
import subprocess
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.support.places import EMBEDDED_MODELS, ROOT

EMBEDDED = EMBEDDED_MODELS / "efficientnet_lite2"
TEXTS = EMBEDDED_MODELS / "all_minilm_l6_v2_v1"
SIGLIP = ROOT / "build" / "models" / "google_siglip_base_v1"
VERDICTS = {True: "reached", False: "NOT reached", None: ""}


def commands() -> list[list[str]]:
    """The benchmarks, with their arguments."""
    return [
        ["tests.performance.bench_idle"],
        ["tests.performance.bench_labels_at_once"],
        ["tests.performance.bench_enrich"],
        ["tests.performance.bench_lists"],
        ["tests.performance.bench_exports"],
        ["tests.performance.bench_deliveries"],
        ["tests.performance.bench_video"],
        ["tests.performance.bench_clusters", "10000", "1", "1.15"],
        ["tests.performance.bench_cluster_run", "10000", "3", "1.15"],
        ["tests.performance.bench_ingest", str(EMBEDDED), "800", "5", "0.70"],
        ["tests.performance.bench_ingest", str(SIGLIP), "120", "3", "0.95"],
        ["tests.performance.bench_import", str(EMBEDDED), "800", "3", "0.90", "300"],
        ["tests.performance.bench_texts", str(TEXTS), "2000", "1000", "5", "0.85"],
    ]


def run(command: list[str]) -> list[dict[str, Any]]:
    """The figures of one benchmark, echoed as they come."""
    figures = []
    with subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if line.startswith("{"):
                figures.append(json.loads(line))
    if process.returncode != 0:
        figures.append({"name": f"{command[0]} failed", "value": process.returncode, "unit": "exit code", "limit": 0})
    return figures


def verdict(figure: dict[str, Any]) -> str:
    """Whether the figure's limit is kept."""
    if figure.get("limit") is None:
        return VERDICTS[None]
    higher = figure.get("better") == "higher"
    return VERDICTS[figure["value"] >= figure["limit"] if higher else figure["value"] <= figure["limit"]]


def main() -> None:
    """Runs all, then prints the table."""
    figures = [figure for command in commands() for figure in run(command)]
    table = Table("figure", "value", "unit", "limit", "verdict", title=f"Likeness on {os.cpu_count()} cores")
    for figure in figures:
        limit = "" if figure.get("limit") is None else str(figure["limit"])
        table.add_row(figure["name"], f"{figure['value']:.3f}", figure["unit"], limit, verdict(figure))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
