"""Runs one input through a model as the pipeline does, in one thread."""

from typing import Any

from services.extractor.model_port import Model, Part, Source


def extract(
    model: Model, content: bytes, *, is_query: bool = False, mime_type: str = "", **parameters: Any
) -> list[Part]:
    """The parts that are kept."""
    source = Source(content=content, mime_type=mime_type, is_query=is_query, parameters=parameters)
    pieces = [piece for piece in model.pre(source) if len(piece.rows)]
    parts = [part for piece in pieces for part in model.post(model.core(piece.rows), piece)]
    return list(model.select(source, parts))
