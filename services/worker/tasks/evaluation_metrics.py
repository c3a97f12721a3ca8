"""How well a ranking answers a query whose right answers are known: pure."""

import math
from collections.abc import Collection, Mapping, Sequence
from statistics import fmean
from typing import Any

from services.common.labels.label_values import label_value
from services.common.precision_recall import f_score

Scores = dict[str, float]


def score(found: Sequence[str], relevant: Collection[str], grades: Mapping[str, int], k: int) -> Scores:
    """All metrics at k of one ranking; without grades every relevant document is worth 1."""
    top = found[:k]
    hits = [document_id in relevant for document_id in top]
    precision = sum(hits) / k
    recall = sum(hits) / len(relevant) if relevant else 0.0
    return {
        "precision": precision,
        "recall": recall,
        "f1": f_score(precision, recall, 1.0),
        "f2": f_score(precision, recall, 2.0),
        "map": _average_precision(hits, min(len(relevant), k)),
        "ndcg": _ndcg(top, {key: float(grades.get(key, 1)) for key in relevant}, k),
        "mrr": next((1 / rank for rank, hit in enumerate(hits, 1) if hit), 0.0),
    }


def mean(scores: Sequence[Scores], metrics: Collection[str]) -> Scores:
    """The mean of each metric wanted; none without scores."""
    if not scores:
        return {}
    return {name: round(fmean(each[name] for each in scores), 6) for name in scores[0] if name in metrics}


def label_scores(expected: Sequence[Any], given: Sequence[Any]) -> Scores:
    """label_accuracy: the share of queries that got the label expected, None being none.

    false_positive_rate: the share of the labels given that are wrong.
    """
    if not expected:
        return {}
    pairs = [(label_value(wanted), label_value(got)) for wanted, got in zip(expected, given, strict=True)]
    labelled = [(wanted, got) for wanted, got in pairs if got is not None]
    accuracy = sum(wanted == got for wanted, got in pairs) / len(pairs)
    wrong = sum(wanted != got for wanted, got in labelled) / len(labelled) if labelled else 0.0
    return {"label_accuracy": round(accuracy, 6), "false_positive_rate": round(wrong, 6)}


def _average_precision(hits: Sequence[bool], most: int) -> float:
    found, total = 0, 0.0
    for rank, hit in enumerate(hits, 1):
        if hit:
            found += 1
            total += found / rank
    return total / most if most else 0.0


def _ndcg(top: Sequence[str], grades: Mapping[str, float], k: int) -> float:
    gain = _gain([grades.get(document_id, 0.0) for document_id in top])
    ideal = _gain(sorted(grades.values(), reverse=True)[:k])
    return gain / ideal if ideal else 0.0


def _gain(grades: Sequence[float]) -> float:
    return sum((2**grade - 1) / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))
