"""Trains three parameters by PyTorch on given gradients, and prints what it computes as JSON, for torch.test.ts."""

import json

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, PolynomialLR, SequentialLR

STEPS, WARMUP, PEAK = 12, 4, 0.05
SHAPES = {'head': [2, 3], 'aLog': [2, 2], 'norm': [3]}


def numbers(shape, seed):
    count = torch.Size(shape).numel()
    return [((seed * 7 + 3 * i * i) % 23 - 11) / 8 for i in range(count)]


def train(decay_of, limit, schedule):
    params = {
        name: torch.tensor(numbers(shape, 1), dtype=torch.float64).reshape(shape).requires_grad_()
        for name, shape in SHAPES.items()
    }
    groups = [{'params': [p], 'weight_decay': decay_of(name)} for name, p in params.items()]
    optimizer = torch.optim.AdamW(groups, lr=PEAK, betas=(0.9, 0.98), eps=1e-8)
    after = (
        PolynomialLR(optimizer, total_iters=STEPS - WARMUP, power=2)
        if schedule == 'polynomial'
        else CosineAnnealingLR(optimizer, T_max=STEPS - WARMUP, eta_min=0.01)
    )
    warmup = LinearLR(optimizer, start_factor=1 / WARMUP, total_iters=WARMUP - 1)
    rates = SequentialLR(optimizer, [warmup, after], milestones=[WARMUP - 1])
    record = {'rates': [], 'norms': [], 'params': []}
    for n in range(1, STEPS + 1):
        for k, (name, p) in enumerate(params.items()):
            p.grad = torch.tensor(numbers(SHAPES[name], n + k), dtype=torch.float64).reshape(p.shape)
        norm = torch.nn.utils.clip_grad_norm_(params.values(), limit)
        record['rates'].append(optimizer.param_groups[0]['lr'])
        record['norms'].append(norm.item())
        optimizer.step()
        rates.step()
        if n in (1, 2, STEPS):
            record['params'].append(torch.cat([p.detach().reshape(-1) for p in params.values()]).tolist())
    return record


def cross_entropy():
    """The mean loss and gradient of three positions that count and one that does not."""
    logits = torch.tensor([[1.0, 0], [2, 0], [3, 0], [4, 0]], dtype=torch.float64, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor([0, -100, 1, 1]))
    loss.backward()
    return {'loss': loss.item(), 'gradient': logits.grad.reshape(-1).tolist()}


print(
    json.dumps(
        {
            'matrices': train(lambda name: 0.1 if name == 'head' else 0.0, 2.9, 'cosine'),
            'all': train(lambda name: 0.01, 1e9, 'polynomial'),
            'crossEntropy': cross_entropy(),
        },
        indent=1,
    )
)
