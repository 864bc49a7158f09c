"""Models under the names that other projects have for their weights, written from the formulas, in float64.

Reads folders with config.json and model.safetensors, and token ids; prints the logits of each model as JSON. The
weights must have exactly these names and shapes."""

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
        name: torch.frombuffer(
            data, dtype=types[entry['dtype']], count=math.prod(entry['shape']), offset=entry['data_offsets'][0]
        )
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
            h = (
                torch.exp(-step * torch.exp(self.A_log)[:, None, None]) * h
                + step * x[:, t, ..., None] * b[:, t, :, None]
            )
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


class RelPos(nn.Module):
    def __init__(self, channels, heads):
        super().__init__()
        self.register_buffer('angle', torch.full([channels], math.nan))
        self.register_buffer('decay', torch.full([heads], math.nan))

    def forward(self, length):
        n = torch.arange(length).double()
        gap = n[:, None] - n
        mask = torch.where(gap >= 0, torch.exp(self.decay[:, None, None] * gap), torch.zeros(()))
        phase = n[:, None] * self.angle
        return torch.sin(phase), torch.cos(phase), mask / mask.sum(-1, keepdim=True).sqrt()


def retention(q, k, v, position, norm):
    """Parallel retention of q, k, v [b, t, h, d] with torchscale's norms of the rows, and the group norm."""
    sin, cos, mask = position

    def turned(x):
        pairs = x.unflatten(-1, (-1, 2))
        return x * cos[:, None] + torch.stack((-pairs[..., 1], pairs[..., 0]), -1).flatten(-2) * sin[:, None]

    scores = torch.einsum('bnhd,bmhd->bhnm', turned(q), turned(k)) * mask
    scores = scores / scores.abs().sum(-1, keepdim=True).clamp(1, 5e4)
    return norm(torch.einsum('bhnm,bmhe->bnhe', scores, v)).flatten(2)


def heads_of(x, heads):
    return x.unflatten(-1, (heads, -1))


def bias_free(inputs, outputs):
    return nn.Linear(inputs, outputs, bias=False)


class Gate(nn.Module):
    def __init__(self, width, rank, outputs):
        super().__init__()
        self.fc1, self.fc2 = bias_free(width, rank), bias_free(rank, outputs)

    def forward(self, x):
        return F.silu(self.fc2(F.silu(self.fc1(x))))


class DenseAttention(nn.Module):
    def __init__(self, c, ranks):
        super().__init__()
        width, keys, values = c['hidden_size'], c['query_key_dim'], int(c['v_factor'] * c['hidden_size'])
        self.heads = c['num_attention_heads']
        self.q_proj, self.k_proj = bias_free(width, keys), bias_free(width, keys)
        self.to_hidden = nn.Sequential(bias_free(width, 2 * values), nn.SiLU())
        self.to_out = nn.Sequential(bias_free(values, width))
        self.group_norm = RMSNorm(values // self.heads, c['rms_norm_eps'])
        self.k_select, self.v_select = Gate(width, ranks[0], keys), Gate(width, ranks[1], values)
        self.k_norm, self.v_norm = RMSNorm(keys, c['rms_norm_eps']), RMSNorm(values, c['rms_norm_eps'])

    def forward(self, x, shallow, position):
        v, gate = self.to_hidden(x).chunk(2, -1)
        k = F.silu(self.k_proj(x)) * (self.k_proj.out_features // self.heads) ** -0.5
        own = (k, v)
        if shallow is not None:
            k = self.k_norm(k + sum((self.k_select(x) * past for past, _ in shallow), torch.zeros(())))
            v = self.v_norm(v + sum((self.v_select(x) * past for _, past in shallow), torch.zeros(())))
        q, k, v = (heads_of(y, self.heads) for y in (F.silu(self.q_proj(x)), k, v))
        return self.to_out(retention(q, k, v, position, self.group_norm) * gate), own


class DenseLayer(nn.Module):
    def __init__(self, c, ranks):
        super().__init__()
        self.input_layernorm, self.self_attn = RMSNorm(c['hidden_size'], c['rms_norm_eps']), DenseAttention(c, ranks)


class DenseModel(nn.Module):
    def __init__(self, c, ranks):
        super().__init__()
        self.m = c['dense_block_layers']
        self.embed_tokens = nn.Embedding(c['vocab_size'], c['hidden_size'])
        self.layers = nn.ModuleList(DenseLayer(c, ranks) for _ in range(c['num_hidden_layers']))
        self.norm = RMSNorm(c['hidden_size'], c['rms_norm_eps'])
        self.retnet_rel_pos = RelPos(c['query_key_dim'] // c['num_attention_heads'], c['num_attention_heads'])

    def forward(self, ids):
        s, passed = self.embed_tokens(ids), []
        for depth, layer in enumerate(self.layers):
            shallow = passed[max(0, depth - self.m) : depth] if depth else None
            y, own = layer.self_attn(layer.input_layernorm(s), shallow, self.retnet_rel_pos(ids.shape[1]))
            s = s + y
            passed.append(own)
        return self.norm(s)


class DenseLM(nn.Module):
    def __init__(self, c, ranks):
        super().__init__()
        self.model, self.lm_head = DenseModel(c, ranks), bias_free(c['hidden_size'], c['vocab_size'])

    def forward(self, ids):
        return self.lm_head(self.model(ids))


class Retention(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, values = c['decoder_embed_dim'], c['decoder_value_embed_dim']
        self.heads = c['decoder_retention_heads']
        self.q_proj, self.k_proj = bias_free(width, width), bias_free(width, width)
        self.v_proj, self.g_proj = bias_free(width, values), bias_free(width, values)
        self.out_proj = bias_free(values, width)
        self.group_norm = RMSNorm(values // self.heads, c['layernorm_eps'], weighted=False)

    def forward(self, x, position):
        q, k, v = (heads_of(map_(x), self.heads) for map_ in (self.q_proj, self.k_proj, self.v_proj))
        y = retention(q, k * q.shape[-1] ** -0.5, v, position, self.group_norm)
        return self.out_proj(F.silu(self.g_proj(x)) * y)


class GLU(nn.Module):
    def __init__(self, width, hidden, activation):
        super().__init__()
        self.fc1, self.gate, self.fc2 = bias_free(width, hidden), bias_free(width, hidden), bias_free(hidden, width)
        self.activation = {'swish': F.silu, 'gelu': F.gelu}[activation]

    def forward(self, x):
        return self.fc2(self.activation(self.fc1(x)) * self.gate(x))


class RetNetLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, epsilon = c['decoder_embed_dim'], c['layernorm_eps']
        self.retention_layer_norm, self.final_layer_norm = RMSNorm(width, epsilon), RMSNorm(width, epsilon)
        self.retention = Retention(c)
        self.ffn = GLU(width, c['decoder_ffn_embed_dim'], c['activation_fn'])

    def forward(self, s, position):
        s = s + self.retention(self.retention_layer_norm(s), position)
        return s + self.ffn(self.final_layer_norm(s))


class RetNetDecoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, heads = c['decoder_embed_dim'], c['decoder_retention_heads']
        self.scale = 1 if c['no_scale_embedding'] else width**0.5
        self.embed_tokens, self.output_projection = (
            nn.Embedding(c['vocab_size'], width),
            bias_free(width, c['vocab_size']),
        )
        self.layers = nn.ModuleList(RetNetLayer(c) for _ in range(c['decoder_layers']))
        self.layer_norm, self.retnet_rel_pos = RMSNorm(width, c['layernorm_eps']), RelPos(width // heads, heads)

    def forward(self, ids):
        s, position = self.scale * self.embed_tokens(ids), self.retnet_rel_pos(ids.shape[1])
        for layer in self.layers:
            s = layer(s, position)
        return self.output_projection(self.layer_norm(s))


def tie(model, weights, config):
    """A tied read-out is the embedding; a file may leave it out."""
    name = f'backbone.{model.backbone.embedding_name}.weight'
    if config.get('tie_embeddings', config.get('tie_word_embeddings')):
        model.lm_head.weight = model.get_parameter(name)
        weights.setdefault('lm_head.weight', weights[name])


def model_of(config, weights):
    if 'query_key_dim' in config:
        ranks = [weights[f'model.layers.0.self_attn.{which}_select.fc1.weight'].shape[0] for which in 'kv']
        return DenseLM(config, ranks)
    if 'decoder_embed_dim' in config:
        model = RetNetDecoder(config)
        if config['share_decoder_input_output_embed']:
            model.output_projection.weight = model.embed_tokens.weight
        return model
    model = state_spaces_model(config) if 'd_model' in config else transformers_model(config)
    tie(model, weights, config)
    return model


def logits_of(folder, ids):
    weights = tensors_of(os.path.join(folder, 'model.safetensors'))
    with open(os.path.join(folder, 'config.json')) as file:
        model = model_of(json.load(file), weights)
    model.load_state_dict(weights, strict=True)
    with torch.no_grad():
        return model(torch.tensor(ids)).flatten().tolist()


asked = json.load(sys.stdin)
print(json.dumps([logits_of(folder, asked['ids']) for folder in asked['folders']]))
