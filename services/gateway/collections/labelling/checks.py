"""What to know of the way in which a collection is labelled: rules that cannot run, thresholds without effect."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from services.common.extractors.passthrough import strip_root
from services.gateway.kit.shapes import Degraded, JsonObject

# Further under what suits the model many strangers are named, further above it few friends are.
FAR_UNDER, FAR_ABOVE = 0.1, 0.25
ROUNDING = 1e-9
MOST_REASONS = 3
SCORES = ("min_score", "score_threshold")
INPUTS = re.compile(r"\b(?:INPUT|inputs?)\.([A-Za-z_]\w*)")


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
    if run["model"] and run["models"] and run["model"] not in run["models"] and not _gives_content(run):
        yield (
            f"{who} cannot compare: the vectors of this collection are made by '{run['model']}', and those of the "
            f"references by {_listed(run['models'])}."
        )


def threshold_faults(run: Mapping[str, Any]) -> Iterator[str]:
    """Where the threshold that is said is not the one that decides, or is far from what suits the model."""
    threshold, least = run["config"].get("confidence_threshold"), least_score(run["stages"] or [])
    if run["config"]["taxonomy_type"] == "retriever" or (threshold is None and not least):
        return
    needed = max(threshold or 0.0, least)
    if threshold is not None and needed > threshold + ROUNDING:
        yield (
            f"{who_of(run)}: its confidence_threshold {threshold:g} has no effect, because the retriever "
            f"'{run['retriever_name']}' keeps back what scores under its min_score {least:g}, and a match must reach "
            "both: lower the min_score."
        )
    suits = run["label_threshold"]
    if suits is None or suits - FAR_UNDER + ROUNDING < needed < suits + FAR_ABOVE - ROUNDING:
        return
    risk = "strangers may be labelled" if needed < suits else "much that is alike may stay unlabelled"
    said = "confidence_threshold" if needed == threshold else "retriever's min_score"
    yield f"{who_of(run)}: its {said} {needed:g} is far from {suits:g}, which suits the model '{run['model']}': {risk}."


def mapping_faults(run: Mapping[str, Any], fields: Sequence[str]) -> Iterator[str]:
    """Mapped fields and files that nothing of the collection is known to have."""
    for mapping in mappings_of(run):
        path = mapping.get("path")
        if mapping.get("source_type") not in ("payload", "blob") or not path or mapping.get("override") is not None:
            continue
        if strip_root(path).partition(".")[0] not in fields:
            yield (
                f"{who_of(run)}: input_mappings give '{mapping['input_key']}' from '{path}', which is neither a field "
                "nor a file of this collection's objects; documents without it cannot be judged."
            )


def input_faults(run: Mapping[str, Any], fields: Sequence[str]) -> Iterator[str]:
    """Inputs that the retriever asks for, where nothing that it is given is called so."""
    asked, mappings = inputs_of(run["stages"] or []), mappings_of(run)
    if not asked or (not mappings and (run["model"] or not fields)):
        return
    given = [mapping["input_key"] for mapping in mappings] or fields
    if asked.isdisjoint(given) and not any(mapping.get("source_type") == "vector" for mapping in mappings):
        instead = f"give {_listed(given)}" if mappings else "give nothing, and this collection makes no vectors"
        yield f"{who_of(run)}: its retriever asks for {_listed(sorted(asked))}, and its input_mappings {instead}."


def mappings_of(run: Mapping[str, Any]) -> Sequence[JsonObject]:
    """How the inputs of the retriever are given; without any the document's vector stands for them all."""
    nodes = run["config"].get("hierarchical_nodes") or []
    own = next((node.get("input_mappings") for node in nodes if node["collection_id"] == run["node"]), None)
    return own or run["config"].get("input_mappings") or []


def inputs_of(stages: Sequence[JsonObject]) -> set[str]:
    """The inputs that the templates of the stages name."""
    return set(INPUTS.findall(orjson.dumps(stages).decode()))


def _gives_content(run: Mapping[str, Any]) -> bool:
    """Whether an input is a field, a file or a value, which is embedded as the references are."""
    return any(
        mapping.get("override") is not None or (mapping.get("source_type") != "vector" and mapping.get("path"))
        for mapping in mappings_of(run)
    )


def unjudged(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Documents that could not be judged, by their reasons, the most frequent first."""
    for row in rows[:MOST_REASONS]:
        many = "1 document" if row["count"] == 1 else f"{row['count']} documents"
        yield f"{many} could not be judged: {row['reason']}"


def least_score(stages: Sequence[JsonObject]) -> float:
    """The score under which the searches of a retriever keep everything back."""
    return max((score for stage in stages for score in _least_scores(stage["config"])), default=0.0)


def _least_scores(config: JsonObject) -> list[float]:
    """That of each search; what stands beside a list of searches is meant for those that name none."""
    beside = config.get("parameters")
    if config["stage_id"] != "feature_search" or not isinstance(beside, dict):
        return []
    searches = [search for search in beside.get("searches") or [{}] if isinstance(search, dict)]
    given = [[holder.get(name) for holder in (search, beside) for name in SCORES] for search in searches]
    return [next((float(score) for score in scores if isinstance(score, int | float)), 0.0) for scores in given]


def who_of(run: Mapping[str, Any]) -> str:
    """How a labeller is called."""
    if run["taxonomy_id"] is None:
        return f"The retriever enrichment by '{run['retriever_name'] or run['named']}'"
    return "The collection's taxonomy" if run["inline"] else f"The taxonomy '{run['taxonomy_name']}'"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def labelling_faults(runs: Sequence[Mapping[str, Any]]) -> list[Degraded]:
    """What is amiss with how a retriever or a taxonomy labels, each thing once."""
    found = [(_subject(run), text) for run in runs for text in (*faults_of(run), *threshold_faults(run))]
    return [
        Degraded(
            resource=kind,
            id=identity,
            reason=text,
            next_step="Change the threshold, the retriever's min_score, or what the taxonomy or retriever names.",
        )
        for (kind, identity), text in dict.fromkeys(found)
    ]


def _subject(run: Mapping[str, Any]) -> tuple[str, str]:
    """The collection that is labelled, or the taxonomy where it labels none."""
    if run["collection_id"] is None:
        return "taxonomy", run["taxonomy_id"]
    return "collection", run["collection_id"]
