"""BERT in plain torch, as far as MiniLM needs it: an exporter then needs no more than torch and the weights."""

import torch
from torch import nn

EPSILON = 1e-12
MASKED = -10_000.0


class Attention(nn.Module):  # type: ignore[misc]
    """Multi-head self-attention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n, tokens, width) -> the same; `mask` (n, 1, 1, tokens) is added to the logits."""
        n, tokens, width = states.shape
        split = (n, tokens, self.heads, width // self.heads)
        query, key, value = (
            part(states).view(split).permute(0, 2, 1, 3) for part in (self.query, self.key, self.value)
        )
        logits = torch.matmul(query, key.transpose(-1, -2)) / (width // self.heads) ** 0.5
        mixed = torch.matmul(torch.softmax(logits + mask, -1), value)
        result: torch.Tensor = self.out(mixed.permute(0, 2, 1, 3).contiguous().view(n, tokens, width))
        return result


class Layer(nn.Module):  # type: ignore[misc]
    """Attention and a feed-forward network, each added and then normalised."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.attention = Attention(width, heads)
        self.attended = nn.LayerNorm(width, EPSILON)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.fed = nn.LayerNorm(width, EPSILON)

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n, tokens, width) -> the same."""
        states = self.attended(self.attention(states, mask) + states)
        result: torch.Tensor = self.fed(self.down(nn.functional.gelu(self.up(states))) + states)
        return result


class Bert(nn.Module):  # type: ignore[misc]
    """Token ids and their mask (n, tokens) -> hidden states (n, tokens, width)."""

    def __init__(self, *, words: int, places: int, width: int, layers: int, heads: int, inner: int) -> None:
        super().__init__()
        self.words, self.places, self.types = (nn.Embedding(size, width) for size in (words, places, 2))
        self.embedded = nn.LayerNorm(width, EPSILON)
        self.layers = nn.ModuleList(Layer(width, heads, inner) for _ in range(layers))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """What transformers' BertModel calls `last_hidden_state`, all tokens being of type 0."""
        states = self.words(ids) + self.types(torch.zeros_like(ids)) + self.places(torch.arange(ids.shape[1]))
        states = self.embedded(states)
        added = (1.0 - mask[:, None, None, :].float()) * MASKED
        for layer in self.layers:
            states = layer(states, added)
        return states


# Names of the published weights -> names above.
NAMES = {
    "embeddings.word_embeddings.": "words.",
    "embeddings.position_embeddings.": "places.",
    "embeddings.token_type_embeddings.": "types.",
    "embeddings.LayerNorm.": "embedded.",
    "encoder.layer.": "layers.",
    "attention.self.": "attention.",
    "attention.output.LayerNorm.": "attended.",
    "attention.output.dense.": "attention.out.",
    "intermediate.dense.": "up.",
    "output.LayerNorm.": "fed.",
    "output.dense.": "down.",
}
UNUSED = ("embeddings.position_ids", "pooler.")


def rename(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Published weights under the names of `Bert`; its pooler, which no embedding uses, is left out."""
    return {our_name(name): value for name, value in weights.items() if not name.startswith(UNUSED)}


def our_name(name: str) -> str:
    """The name of one published weight in `Bert`."""
    for published, ours in NAMES.items():
        name = name.replace(published, ours)
    return name
