"""What a null takes away where a patch names it."""

from pydantic import BaseModel

from services.gateway.kit.shapes import JsonObject


def cleared(form: BaseModel, *nullable: str) -> JsonObject:
    """Those of the fields that the patch sets to null."""
    return {name: None for name in nullable if name in form.model_fields_set and getattr(form, name) is None}
