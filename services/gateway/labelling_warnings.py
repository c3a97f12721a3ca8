"""What to know of the way in which a collection is labelled: rules that cannot run, thresholds without effect."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.common.passthrough import strip_root
from services.gateway.shapes.base import JsonObject
from services.gateway.shapes.stages import searches_of

# Further under what suits the model many strangers are named, further above it few friends are.
FAR_UNDER, FAR_ABOVE = 0.1, 0.25
ROUNDING = 1e-9
MOST_REASONS = 3


def faults_of(run: Mapping[str, Any]) -> Iterator[str]:
    """Why a run of a taxonomy cannot find its references, `run` being a row of `labelling_runs`."""
    who = who_of(run)
    if run["named"] is None:
        return
    if run["retriever_id"] is None:
        yield f"{who} cannot run: there is no retriever '{run['named']}' any more. Name another one."
        return
    for identifier in run["missing"]:
        gone = "was deleted" if identifier in run["bound"] else "does not exist yet"
        yield f"{who} is not compared with the collection '{identifier}', which {gone}: name another in its retriever."
    if run["models"] and run["model"] and run["model"] not in run["models"]:
        theirs = ", ".join(f"'{model}'" for model in run["models"])
        yield (
            f"{who} cannot compare: the vectors of this collection are made by '{run['model']}', and those of the "
            f"references by {theirs}."
        )


def threshold_faults(run: Mapping[str, Any]) -> Iterator[str]:
    """Where the threshold that is said is not the one that decides, or is far from what suits the model."""
    threshold, least = run["config"].get("confidence_threshold"), least_score(run["stages"] or [])
    if threshold is None or run["config"]["taxonomy_type"] == "retriever":
        return
    if least > threshold + ROUNDING:
        yield (
            f"{who_of(run)}: its confidence_threshold {threshold:g} has no effect, because the retriever "
            f"'{run['retriever_name']}' keeps back what scores under its min_score {least:g}, and a match must reach "
            "both: lower the min_score."
        )
    suits = run["label_threshold"]
    if suits is None or suits - FAR_UNDER + ROUNDING < max(threshold, least) < suits + FAR_ABOVE - ROUNDING:
        return
    risk = "strangers may be labelled" if threshold < suits else "much that is alike may stay unlabelled"
    yield (
        f"{who_of(run)}: its confidence_threshold {threshold:g} is far from {suits:g}, which suits the model "
        f"'{run['model']}': {risk}."
    )


def mapping_faults(run: Mapping[str, Any], fields: Sequence[str]) -> Iterator[str]:
    """Mapped fields and files that nothing of the collection is known to have."""
    for mapping in run["config"].get("input_mappings") or []:
        path = mapping.get("path")
        if mapping.get("source_type") not in ("payload", "blob") or not path or mapping.get("override") is not None:
            continue
        if strip_root(path).partition(".")[0] not in fields:
            yield (
                f"{who_of(run)}: input_mappings give '{mapping['input_key']}' from '{path}', which is neither a field "
                "nor a file of this collection's objects; documents without it cannot be judged."
            )


def unjudged(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Documents that could not be judged, by their reasons, the most frequent first."""
    for row in rows[:MOST_REASONS]:
        many = "1 document" if row["count"] == 1 else f"{row['count']} documents"
        yield f"{many} could not be judged: {row['reason']}"


def least_score(stages: Sequence[JsonObject]) -> float:
    """The score under which the searches of a retriever keep everything back."""
    searches = (*searches_of(stages), *_lone(stages))
    given = [search.get("min_score", search.get("score_threshold")) for search in searches]
    return max((float(each) for each in given if isinstance(each, int | float)), default=0.0)


def _lone(stages: Sequence[JsonObject]) -> list[JsonObject]:
    """Searches that stand in the parameters of their stage themselves."""
    configs = [stage["config"] for stage in stages]
    found = [config.get("parameters") for config in configs if config["stage_id"] == "feature_search"]
    return [each for each in found if isinstance(each, dict) and "query" in each and not each.get("searches")]


def who_of(run: Mapping[str, Any]) -> str:
    """How a labeller is called."""
    if run["taxonomy_id"] is None:
        return f"The retriever enrichment by '{run['retriever_name'] or run['named']}'"
    return "The collection's taxonomy" if run["inline"] else f"The taxonomy '{run['taxonomy_name']}'"
