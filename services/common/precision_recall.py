"""How well a set of answers fits the right ones: pure."""

from collections.abc import Collection

SET_METRICS = ("precision", "recall", "f1", "f2")


def set_scores(predicted: Collection[str], truth: Collection[str]) -> dict[str, float]:
    """Each of SET_METRICS, between 0 and 1; of nothing, and against nothing, 0."""
    given, right = set(predicted), set(truth)
    hits = len(given & right)
    precision = hits / len(given) if given else 0.0
    recall = hits / len(right) if right else 0.0
    f1, f2 = f_score(precision, recall, 1.0), f_score(precision, recall, 2.0)
    return {"precision": precision, "recall": recall, "f1": f1, "f2": f2}


def f_score(precision: float, recall: float, beta: float) -> float:
    """The harmonic mean that weighs recall `beta` times as much as precision; 0 when both are."""
    below = beta * beta * precision + recall
    return (1 + beta * beta) * precision * recall / below if below else 0.0
