"""One text as a piece of work: its windows for the network, or the reason why none of it is worth reading."""

import numpy as np

from services.extractor.model_port import NO_EMBEDDING, Fields, Obstacle, Part, Prepared
from services.extractor.models.text_encoder import Tokens
from services.extractor.text.legibility import Legibility

UNREADABLE_TEXT = "UNREADABLE_TEXT"
NOTHING = np.empty((0, 0), np.int64)


def of_text(tokens: Tokens, fields: Fields, model: str) -> Prepared:
    """The piece that a text becomes. What the model cannot read gets no vector: all such texts would have the same."""
    if not tokens.legibility.is_enough:
        obstacle = Obstacle(UNREADABLE_TEXT, _why(tokens.legibility, model))
        return Prepared(NOTHING, (), parts=(Part(NO_EMBEDDING, fields, obstacle=obstacle),))
    return Prepared(tokens.ids, (fields,), weights=tokens.weights)


def _why(legibility: Legibility, model: str) -> str:
    if not legibility.read and not legibility.unread:
        return "The text holds no letter and no number: there is nothing in it to compare."
    return (
        f"The model '{model}' knows {legibility.read} of the text's {legibility.read + legibility.unread} letters and "
        "numbers, and needs more than half: translate the text, or use a model that reads its script."
    )
