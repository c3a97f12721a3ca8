"""Whether a run saw every document that it should have seen. Pure."""

from services.worker.clusters.runs.lifecycle import Result
from services.worker.clusters.runs.run import Run

LEAVES_NOISE = frozenset({"hdbscan", "dbscan", "optics", "auto", "mean_shift"})


def reasons_of(run: Run, result: Result) -> tuple[str, ...]:
    """Why documents are missing that nobody asked to leave out; empty when all is well."""
    reasons = []
    wanted = min(result.source_documents, run.sample_size or result.source_documents)
    if not run.is_assign and result.documents < wanted:
        missing = wanted - result.documents
        reasons.append(f"{missing} of {result.source_documents} documents do not have every feature asked for.")
    method = (run.vectors or {}).get("clustering_method")
    if run.vectors and not run.is_assign and method not in LEAVES_NOISE and result.clustered < result.documents:
        dropped = result.documents - result.clustered
        reasons.append(f"{dropped} documents have no group, although {method} leaves none out.")
    return tuple(reasons)
