"""Evaluations without a retriever: where they are, and scores of predictions made elsewhere."""

from services.gateway.evaluations.scores.shapes import EvaluationPlaces, PredictionScores, ScorePredictions, scored
from services.gateway.kit.context import Identified
from services.gateway.kit.http.routing import routes_of

router = routes_of("Evaluations", "/evaluations")
PLACES = {
    "create_dataset": "POST /v1/retrievers/evaluations/datasets",
    "list_datasets": "GET /v1/retrievers/evaluations/datasets",
    "read_dataset": "GET /v1/retrievers/evaluations/datasets/{dataset}",
    "start_evaluation": "POST /v1/retrievers/{retriever}/evaluations",
    "list_evaluations": "GET /v1/retrievers/{retriever}/evaluations",
    "read_evaluation": "GET /v1/retrievers/{retriever}/evaluations/{evaluation_id}",
    "score_predictions": "POST /v1/evaluations/score",
}


@router.get("")
async def discover_evaluations(_caller: Identified) -> EvaluationPlaces:
    """Where evaluations are."""
    return EvaluationPlaces(endpoints=PLACES)


@router.post("/score")
async def score_predictions(form: ScorePredictions, _caller: Identified) -> PredictionScores:
    """Precision, recall, F1 and F2 of predictions against the truth; nothing is stored."""
    return scored(form)
