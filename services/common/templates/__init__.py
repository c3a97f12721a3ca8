"""Templates that users write, rendered in a sandbox that knows data and no Python."""

from services.common.templates.event_templates import check, render
from services.common.templates.renderer import Renderer

__all__ = ["Renderer", "check", "render"]
