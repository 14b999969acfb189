"""Baichuan, written out: transformers has no code for it. Source: the description of both models by their authors."""

import math
from types import SimpleNamespace

import torch
from torch import nn
from torch.nn.functional import silu, softmax


class Norm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(size)), eps

    def forward(self, x):
        return self.weight * x / (x.square().mean(-1, keepdim=True) + self.eps).sqrt()


def slopes(heads):
    """Of linear biases: a geometric sequence for a power of two, every other one of the next for what is left."""
    whole = 2 ** math.floor(math.log2(heads))
    first = [2 ** (-8 * (i + 1) / whole) for i in range(whole)]
    return first + [2 ** (-4 * (2 * i + 1) / whole) for i in range(heads - whole)]


def turned(x, positions):
    """Rotates the pairs (i, i + d / 2) of x [batch, heads, tokens, d] as complex numbers."""
    half = x.shape[-1] // 2
    frequencies = 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = positions.double()[:, None, :, None] * frequencies
    product = torch.complex(x[..., :half].double(), x[..., half:].double()) * torch.polar(torch.ones_like(angles), angles)
    return torch.cat([product.real, product.imag], -1).float()


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        size = config["hidden_size"]
        self.heads, self.turns = config["num_attention_heads"], "max_position_embeddings" in config
        self.W_pack, self.o_proj = nn.Linear(size, 3 * size, bias=False), nn.Linear(size, size, bias=False)

    def forward(self, x, positions, visible):
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.W_pack(x).chunk(3, -1))
        if self.turns:
            query, key = turned(query, positions), turned(key, positions)
        scores = query @ key.mT / query.shape[-1] ** 0.5
        if not self.turns:
            scores = scores + torch.tensor(slopes(self.heads))[:, None, None] * positions[:, None, None, :]
        weights = softmax(scores.masked_fill(~visible[:, None], -math.inf), -1)
        return self.o_proj((weights @ value).transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    def __init__(self, config):
        super().__init__()
        outer, inner = config["hidden_size"], config["intermediate_size"]
        self.gate_proj, self.up_proj = nn.Linear(outer, inner, bias=False), nn.Linear(outer, inner, bias=False)
        self.down_proj = nn.Linear(inner, outer, bias=False)

    def forward(self, x):
        return self.down_proj(silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.self_attn, self.mlp = Attention(config), FeedForward(config)
        self.input_layernorm = Norm(config["hidden_size"], config["rms_norm_eps"])
        self.post_attention_layernorm = Norm(config["hidden_size"], config["rms_norm_eps"])

    def forward(self, x, positions, visible):
        x = x + self.self_attn(self.input_layernorm(x), positions, visible)
        return x + self.mlp(self.post_attention_layernorm(x))


class Baichuan(nn.Module):
    def __init__(self, config):
        super().__init__()
        size, vocabulary = config["hidden_size"], config["vocab_size"]
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(vocabulary, size)
        self.model.layers = nn.ModuleList(Layer(config) for _ in range(config["num_hidden_layers"]))
        self.model.norm = Norm(size, config["rms_norm_eps"])
        self.lm_head = nn.Linear(size, vocabulary, bias=False)

    def forward(self, input_ids, attention_mask=None, **_):
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        count = input_ids.shape[1]
        visible = torch.ones(count, count, dtype=torch.bool).tril() & mask.bool()[:, None, :]
        visible = visible | torch.eye(count, dtype=torch.bool)
        x = self.model.embed_tokens(input_ids)
        for layer in self.model.layers:
            x = layer(x, positions, visible)
        return SimpleNamespace(logits=self.lm_head(self.model.norm(x)))
