"""Models under the names that other projects have for their weights, written from the formulas, in float64. Reads a list of
folders with config.json and model.safetensors, and token ids; prints the logits of each as JSON. Weights must have exactly these
names and shapes."""

import json
import math
import os
import struct
import sys

import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def tensors_of(path):
    with open(path, 'rb') as file:
        (length,) = struct.unpack('<Q', file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    types = {'F64': torch.float64, 'F32': torch.float32}
    header.pop('__metadata__', None)
    return {
        name: torch.frombuffer(data, dtype=types[entry['dtype']], count=math.prod(entry['shape']), offset=entry['data_offsets'][0])
        .reshape(entry['shape'])
        .double()
        for name, entry in header.items()
    }


class RMSNorm(nn.Module):
    def __init__(self, width, epsilon, groups=1, weighted=True):
        super().__init__()
        self.epsilon, self.groups = epsilon, groups
        if weighted:
            self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        split = x.unflatten(-1, (self.groups, -1)) if self.groups > 1 else x
        y = split / torch.sqrt((split * split).mean(-1, keepdim=True) + self.epsilon)
        y = y.reshape(x.shape)
        return y * self.weight if hasattr(self, 'weight') else y


def causal(conv, x):
    return conv(x.transpose(1, 2))[..., : x.shape[1]].transpose(1, 2)


class Mamba(nn.Module):
    def __init__(self, width, inner, states, rank, taps, bias, conv_bias):
        super().__init__()
        self.in_proj = nn.Linear(width, 2 * inner, bias=bias)
        self.conv1d = nn.Conv1d(inner, inner, taps, groups=inner, padding=taps - 1, bias=conv_bias)
        self.x_proj = nn.Linear(inner, rank + 2 * states, bias=False)
        self.dt_proj = nn.Linear(rank, inner)
        self.A_log = nn.Parameter(torch.zeros(inner, states))
        self.D = nn.Parameter(torch.zeros(inner))
        self.out_proj = nn.Linear(inner, width, bias=bias)
        self.split = [rank, states, states]

    def forward(self, s):
        x, z = self.in_proj(s).chunk(2, -1)
        u = F.silu(causal(self.conv1d, x))
        low, b, c = self.x_proj(u).split(self.split, -1)
        delta, a = F.softplus(self.dt_proj(low)), -torch.exp(self.A_log)
        h, rows = torch.zeros(s.shape[0], *self.A_log.shape), []
        for t in range(s.shape[1]):
            step = delta[:, t, :, None]
            h = torch.exp(step * a) * h + step * b[:, t, None] * u[:, t, :, None]
            rows.append((h * c[:, t, None]).sum(-1) + self.D * u[:, t])
        return self.out_proj(torch.stack(rows, 1) * F.silu(z))


class Mamba2(nn.Module):
    def __init__(self, width, inner, states, heads, groups, norm_groups, taps, bias, conv_bias, epsilon, limit):
        super().__init__()
        mixed = inner + 2 * groups * states
        self.in_proj = nn.Linear(width, inner + mixed + heads, bias=bias)
        self.conv1d = nn.Conv1d(mixed, mixed, taps, groups=mixed, padding=taps - 1, bias=conv_bias)
        self.dt_bias = nn.Parameter(torch.zeros(heads))
        self.A_log = nn.Parameter(torch.zeros(heads))
        self.D = nn.Parameter(torch.zeros(heads))
        self.norm = RMSNorm(inner, epsilon, norm_groups)
        self.out_proj = nn.Linear(inner, width, bias=bias)
        self.limit, self.shared = limit, heads // groups
        self.first, self.second = [inner, mixed, heads], [inner, groups * states, groups * states]

    def forward(self, s):
        z, mixed, delta = self.in_proj(s).split(self.first, -1)
        x, b, c = F.silu(causal(self.conv1d, mixed)).split(self.second, -1)
        delta = F.softplus(delta + self.dt_bias).clamp(*self.limit)
        heads = self.D.shape[0]
        x = x.unflatten(-1, (heads, -1))
        b, c = (y.unflatten(-1, (heads // self.shared, -1)).repeat_interleave(self.shared, 2) for y in (b, c))
        h, rows = torch.zeros(*x[:, 0].shape, b.shape[-1]), []
        for t in range(s.shape[1]):
            step = delta[:, t, :, None, None]
            h = torch.exp(-step * torch.exp(self.A_log)[:, None, None]) * h + step * x[:, t, ..., None] * b[:, t, :, None]
            rows.append((h * c[:, t, :, None]).sum(-1) + self.D[:, None] * x[:, t])
        return self.out_proj(self.norm(torch.stack(rows, 1).flatten(2) * F.silu(z)))


class GatedMLP(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 2 * hidden, bias=False), nn.Linear(hidden, width, bias=False)

    def forward(self, x):
        y, gate = self.fc1(x).chunk(2, -1)
        return self.fc2(y * F.silu(gate))


class Block(nn.Module):
    def __init__(self, width, epsilon, mixer, hidden=0):
        super().__init__()
        self.norm, self.mixer = RMSNorm(width, epsilon), mixer
        if hidden:
            self.norm2, self.mlp = RMSNorm(width, epsilon), GatedMLP(width, hidden)

    def forward(self, s):
        s = s + self.mixer(self.norm(s))
        return s + self.mlp(self.norm2(s)) if hasattr(self, 'mlp') else s


class Backbone(nn.Module):
    def __init__(self, embedding, rows, width, epsilon, blocks):
        super().__init__()
        self.embedding_name = embedding
        setattr(self, embedding, nn.Embedding(rows, width))
        self.layers = nn.ModuleList(blocks)
        self.norm_f = RMSNorm(width, epsilon)

    def forward(self, ids):
        s = getattr(self, self.embedding_name)(ids)
        for layer in self.layers:
            s = layer(s)
        return self.norm_f(s)


class LM(nn.Module):
    def __init__(self, backbone, rows, width):
        super().__init__()
        self.backbone, self.lm_head = backbone, nn.Linear(width, rows, bias=False)

    def forward(self, ids):
        return self.lm_head(self.backbone(ids))


def transformers_model(c):
    width, epsilon = c['hidden_size'], c['layer_norm_epsilon']
    inner = int(c['expand'] * width)
    if c['model_type'] == 'mamba':
        sizes = (c['state_size'], c['time_step_rank'], c['conv_kernel'], c['use_bias'], c['use_conv_bias'])
        mixers = [Mamba(width, c['intermediate_size'], *sizes) for _ in range(c['num_hidden_layers'])]
    else:
        limit = c.get('time_step_limit', (0.0, float('inf')))
        sizes = (c['num_heads'], c['n_groups'], 1, c['conv_kernel'], c['use_bias'], c['use_conv_bias'], epsilon, limit)
        mixers = [Mamba2(width, inner, c['state_size'], *sizes) for _ in range(c['num_hidden_layers'])]
    blocks = [Block(width, epsilon, mixer) for mixer in mixers]
    return LM(Backbone('embeddings', c['vocab_size'], width, epsilon, blocks), c['vocab_size'], width)


def state_spaces_model(c):
    width, epsilon, m = c['d_model'], 1e-5, c['ssm_cfg']
    rows = math.ceil(c['vocab_size'] / c['pad_vocab_size_multiple']) * c['pad_vocab_size_multiple']
    inner = m['expand'] * width
    if m['layer'] == 'Mamba1':
        sizes = (m['d_state'], m['dt_rank'], m['d_conv'], m['bias'], m['conv_bias'])
        mixers = [Mamba(width, inner, *sizes) for _ in range(c['n_layer'])]
    else:
        sizes = (inner // m['headdim'], m['ngroups'], m['ngroups'], m['d_conv'], m['bias'], m['conv_bias'], epsilon)
        mixers = [Mamba2(width, inner, m['d_state'], *sizes, (0.0, float('inf'))) for _ in range(c['n_layer'])]
    hidden = math.ceil(c['d_intermediate'] / 128) * 128
    blocks = [Block(width, epsilon, mixer, hidden) for mixer in mixers]
    return LM(Backbone('embedding', rows, width, epsilon, blocks), rows, width)


def model_of(config):
    if 'd_model' in config:
        return state_spaces_model(config), config['tie_embeddings']
    return transformers_model(config), config['tie_word_embeddings']


def logits_of(folder, ids):
    with open(os.path.join(folder, 'config.json')) as file:
        model, tied = model_of(json.load(file))
    weights = tensors_of(os.path.join(folder, 'model.safetensors'))
    if tied:
        model.lm_head.weight = model.backbone.get_parameter(f'{model.backbone.embedding_name}.weight')
        weights.setdefault('lm_head.weight', weights[f'backbone.{model.backbone.embedding_name}.weight'])
    model.load_state_dict(weights, strict=True)
    with torch.no_grad():
        return model(torch.tensor(ids)).flatten().tolist()


asked = json.load(sys.stdin)
print(json.dumps([logits_of(folder, asked['ids']) for folder in asked['folders']]))
