"""Scoring predictions that somebody else made."""

from statistics import fmean
from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.common.precision_recall import SET_METRICS, set_scores
from services.gateway.kit.shapes import Answer, Form

MOST_TERMS = 10_000
MOST_ITEMS = 1000
Metric = Literal["precision", "recall", "f1", "f2"]
Terms = Annotated[list[str], Field(max_length=MOST_TERMS)]


class ScoreItem(Form):
    """ScoreItem: both sides are sets."""

    predicted: Terms = Field(default_factory=list)
    ground_truth: Terms = Field(default_factory=list)


class ScorePredictions(Form):
    """ScorePredictionsRequest: one pair, or `items`; `k` cuts off what was predicted."""

    predicted: Terms | None = None
    ground_truth: Terms | None = None
    items: Annotated[list[ScoreItem] | None, Field(min_length=1, max_length=MOST_ITEMS)] = None
    metrics: Annotated[list[Metric] | None, Field(min_length=1, max_length=len(SET_METRICS))] = None
    k: Annotated[int | None, Field(ge=1)] = None

    @model_validator(mode="after")
    def _has_one_form(self) -> "ScorePredictions":
        paired = self.predicted is not None and self.ground_truth is not None
        if (self.items is not None) == paired:
            raise ValueError("send either 'predicted' with 'ground_truth', or 'items'")
        return self

    def pairs(self) -> list[ScoreItem]:
        """What is to be scored."""
        return self.items or [ScoreItem(predicted=self.predicted or [], ground_truth=self.ground_truth or [])]


class PredictionScores(Answer):
    """ScorePredictionsResponse: `aggregate` is the mean over the items."""

    metrics: list[Metric]
    k: int | None
    count: int
    per_item: list[dict[str, float]]
    aggregate: dict[str, float]


class EvaluationPlaces(Answer):
    """Where evaluations are: datasets belong to a namespace, runs to a retriever."""

    message: str = "Datasets belong to a namespace and evaluations to a retriever."
    endpoints: dict[str, str]


def scored(form: ScorePredictions) -> PredictionScores:
    """Scores each pair, and all of them."""
    metrics = list(dict.fromkeys(form.metrics or SET_METRICS))
    scores = [set_scores(pair.predicted[: form.k], pair.ground_truth) for pair in form.pairs()]
    per_item = [{name: round(each[name], 6) for name in metrics} for each in scores]
    aggregate = {name: round(fmean(each[name] for each in scores), 6) for name in metrics}
    return PredictionScores(metrics=metrics, k=form.k, count=len(scores), per_item=per_item, aggregate=aggregate)
