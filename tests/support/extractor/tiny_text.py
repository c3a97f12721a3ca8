"""Small networks from words to vectors, in the forms of E5 and of SigLIP's text tower, and a tokenizer for both."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from services.extractor.manifest import MANIFEST, TextInput, TextManifest, TextTower
from tests.support.extractor.tiny_siglip import FILE, WIDTH, write_tiny_siglip

E5 = "multilingual_e5_large_instruct_v1"
TOKENIZER = "tokenizer.json"
VOCABULARY = ("<s>", "<pad>", "</s>", "<unk>", "Instruct", "Query", ":", ".", "red", "green", "shoe", "invoice", "page")
PAD, MAX_TOKENS = 1, 16
INSTRUCTION = "Instruct: red.\nQuery: "
TOWER = TextTower(
    input=TextInput(max_tokens=MAX_TOKENS, padding="full", pad_id=PAD, pooling="none", cleaning="canonical")
)


def write_tiny_e5(root: Path, **fields: Any) -> Path:
    """Writes root/<E5>/{model.onnx,tokenizer.json,manifest.json}; `fields` replace those of the manifest."""
    folder = root / E5
    folder.mkdir(parents=True)
    onnx.save(hidden_states(), folder / FILE)
    write_tokenizer(folder / TOKENIZER)
    manifest = TextManifest(
        model=E5,
        extractor="text_extractor@v1",
        feature_uri=f"mixpeek://text_extractor@v1/{E5}",
        file=FILE,
        sha256=digest(folder / FILE),
        companions={TOKENIZER: digest(folder / TOKENIZER)},
        input=TextInput(max_tokens=MAX_TOKENS, pad_id=PAD, pooling="mean"),
        output="last_hidden_state",
        dimensions=WIDTH,
        prefixes={"retrieval_query": INSTRUCTION},
        licence="MIT",
        source="drawn at random by a test",
    )
    (folder / MANIFEST).write_text(manifest.model_copy(update=fields).model_dump_json())
    return folder


def write_tiny_siglip_with_words(root: Path) -> Path:
    """The tiny image model with a text tower beside it."""
    scratch = root.parent / f"{root.name}-scratch"
    scratch.mkdir()
    onnx.save(text_tower(), scratch / TOWER.file)
    write_tokenizer(scratch / TOKENIZER)
    companions = {name: digest(scratch / name) for name in (TOWER.file, TOKENIZER)}
    folder = write_tiny_siglip(root, text=TOWER, companions=companions, modalities=("image", "text"))
    for name in companions:
        (scratch / name).rename(folder / name)
    return folder


def write_tokenizer(file: Path) -> None:
    """Words of VOCABULARY between `<s>` and `</s>`."""
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(VOCABULARY)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.save(str(file))


def digest(file: Path) -> str:
    """What a manifest says of the file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def hidden_states() -> onnx.ModelProto:
    """input_ids, attention_mask (n, tokens) -> last_hidden_state (n, tokens, 8); what is masked has no influence."""
    nodes = [
        helper.make_node("Cast", ["attention_mask"], ["float_mask"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["one", "float_mask"], ["absent"]),
        helper.make_node("Mul", ["absent", "far"], ["penalty"]),
        helper.make_node("Unsqueeze", ["penalty", "middle"], ["added"]),
        *attention("added", "last_hidden_state"),
    ]
    return _model(nodes, ("input_ids", "attention_mask"), "last_hidden_state", ["batch", "tokens", WIDTH])


def text_tower() -> onnx.ModelProto:
    """input_ids (n, 16) -> embedding (n, 8), unit norm, padding read like words."""
    nodes = [
        *attention("zero", "states"),
        helper.make_node("ReduceMean", ["states"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("LpNormalization", ["mean"], ["embedding"], axis=-1, p=2),
    ]
    return _model(nodes, ("input_ids",), "embedding", ["batch", WIDTH])


def attention(added: str, output: str) -> list[onnx.NodeProto]:
    """Each word, and what it finds in the others; `added` goes to the logits."""
    return [
        helper.make_node("Gather", ["words", "input_ids"], ["vectors"]),
        helper.make_node("Transpose", ["vectors"], ["turned"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["vectors", "turned"], ["alike"]),
        helper.make_node("Add", ["alike", added], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["shares"], axis=-1),
        helper.make_node("MatMul", ["shares", "vectors"], ["found"]),
        helper.make_node("Add", ["vectors", "found"], [output]),
    ]


def _model(
    nodes: list[onnx.NodeProto], inputs: tuple[str, ...], output: str, shape: list[str | int]
) -> onnx.ModelProto:
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "tiny_text",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in inputs],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(value, name) for name, value in _weights().items() if name in used],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _weights() -> dict[str, NDArray[np.generic]]:
    return {
        "words": np.random.default_rng(0).normal(0, 1, (len(VOCABULARY), WIDTH)).astype(np.float32),
        "one": np.array(1, np.float32),
        "zero": np.array(0, np.float32),
        "far": np.array(-10_000, np.float32),
        "middle": np.array([1], np.int64),
    }
