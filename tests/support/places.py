"""Where the repository's own files are, from whatever folder a test is in or is run from."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PHOTOS = ROOT / "samples" / "photos"
FACES = ROOT / "samples" / "faces"
EMBEDDED_MODELS = ROOT / "services" / "extractor" / "models" / "data"
