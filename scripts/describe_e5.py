"""Makes a model folder of multilingual-e5-large-instruct, the model that the text slot is named after.

The hub's `intfloat/multilingual-e5-large-instruct` publishes it as ONNX: `model.onnx`, perhaps with a file of weights
beside it, and `tokenizer.json`. Nothing is fetched and nothing but the standard environment is needed.
`python -m scripts.describe_e5 --from <folder of the files> --to <models_dir>`
"""

import argparse
import hashlib
import shutil
from pathlib import Path

import onnxruntime

from services.extractor.manifest import MANIFEST, TextInput, TextManifest

MODEL = "multilingual_e5_large_instruct_v1"
NETWORK, TOKENIZER = "model.onnx", "tokenizer.json"
HIDDEN = "last_hidden_state"
MAX_TOKENS = 512
PAD = 1
# Its card: cosines lie between 0.7 and 1.0, unlike texts too. The middle of that, until somebody measures it.
LABEL_THRESHOLD = 0.85
ASK = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "
ALIKE = "Instruct: Retrieve semantically similar text\nQuery: "


def describe(source: Path, models_dir: Path) -> Path:
    """Copies the files to <models_dir>/<MODEL>, writes the manifest and returns the folder."""
    folder = models_dir / MODEL
    folder.mkdir(parents=True, exist_ok=True)
    names = [NETWORK, TOKENIZER, *sorted(file.name for file in source.glob(f"{NETWORK}[._]*"))]
    for name in names:
        shutil.copyfile(source / name, folder / name)
    (folder / MANIFEST).write_text(manifest(folder, names).model_dump_json(indent=2) + "\n")
    return folder


def manifest(folder: Path, names: list[str]) -> TextManifest:
    """Queries get their instruction, documents none, as the model was trained."""
    digests = {name: digest(folder / name) for name in names}
    return TextManifest(
        model=MODEL,
        extractor="text_extractor@v1",
        feature_uri=f"mixpeek://text_extractor@v1/{MODEL}",
        file=NETWORK,
        sha256=digests.pop(NETWORK),
        companions=digests,
        input=TextInput(max_tokens=MAX_TOKENS, pad_id=PAD, pooling="mean"),
        output=HIDDEN,
        dimensions=width(folder / NETWORK),
        prefixes={"retrieval_query": ASK, "semantic_similarity": ALIKE},
        label_threshold=LABEL_THRESHOLD,
        licence="MIT",
        source="intfloat/multilingual-e5-large-instruct",
    )


def width(network: Path) -> int:
    """The dimensions of its hidden states; ends the program when it has none of that name."""
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    shapes = {output.name: output.shape for output in session.get_outputs()}
    if HIDDEN not in shapes:
        raise SystemExit(f"{network} gives {', '.join(shapes)}, not {HIDDEN}: export it for feature extraction.")
    return int(shapes[HIDDEN][-1])


def digest(file: Path) -> str:
    """The file's sha256; large files are not read at once."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main() -> None:
    """Reads the arguments and makes the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", type=Path, required=True, help="the folder that holds the files")
    parser.add_argument("--to", type=Path, required=True, help="the models folder (LIKENESS_MODELS_DIR)")
    arguments = parser.parse_args()
    print(describe(arguments.source, arguments.to))


if __name__ == "__main__":
    main()
