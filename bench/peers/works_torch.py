"""The works in PyTorch on the processor, on one thread. It answers requests as serve.ts does."""

import base64
import json
import sys
import time

import numpy as np
import torch

torch.set_num_threads(1)
T, CHANNELS = 2048, 256


def drawn(size, seed):
    state, out = seed, np.empty(size)
    for i in range(size):
        state = state * 16807 % 2147483647
        out[i] = state / 2147483647 * 2 - 1
    return out


def values(numbers, shape, kind, leaf=False):
    dtype = torch.float64 if kind == "f64" else torch.float32
    return torch.tensor(numbers.reshape(shape), dtype=dtype).requires_grad_(leaf)


def forward(f, xs):
    def run():
        with torch.no_grad():
            return [f(*xs)]

    return run


def gradients(f, xs):
    return lambda: torch.autograd.grad(f(*xs).sum(), xs)


def product(n, kind):
    return forward(torch.matmul, [values(drawn(n * n, seed), (n, n), kind) for seed in (1, 2)])


def add(n, kind):
    return forward(torch.add, [values(drawn(8, seed), 8, kind) for seed in (1, 2)])


def chain(n, kind):
    factor = values(drawn(8, 2), 8, kind)

    def f(x):
        for _ in range(5):
            x = x * factor + factor
        return x

    return gradients(f, [values(drawn(8, 1), 8, kind, True)])


def retention(kind, leaf):
    xs = [values(drawn(4 * 512 * 64, seed), (1, 4, 512, 64), kind, leaf) for seed in (3, 4, 5)]
    distance = np.arange(512)[:, None] - np.arange(512)[None, :]
    gammas = 1 - 2.0 ** (-5 - np.arange(4))
    matrix = np.where(distance < 0, 0, gammas[:, None, None] ** np.maximum(distance, 0))
    decay = values(matrix, (1, 4, 512, 512), kind)
    return (lambda q, k, v: (q @ k.transpose(-1, -2) * decay) @ v), xs


def shifted(x, by, fill):
    return torch.cat([torch.full((by, CHANNELS), fill, dtype=x.dtype), x[:-by]])


def scan_of(a, b):
    """In log2 T steps: PyTorch has no scan, and a loop over tokens is slower."""
    by = 1
    while by < T:
        b = b + a * shifted(b, by, 0.0)
        if by * 2 < T:
            a = a * shifted(a, by, 1.0)
        by *= 2
    return b


def scan_values(kind, leaf):
    size = T * CHANNELS
    return [values(x, (T, CHANNELS), kind, leaf) for x in (0.75 + drawn(size, 6) / 4, drawn(size, 7))]


def training(n, kind):
    rows, weights = 64 * 256, 256 * 1024
    x, y = [values(drawn(rows, seed), (64, 256), kind) for seed in (8, 9)]
    shapes = ((256, 1024), (1024, 256))
    w, m, v = (
        [values(scale(drawn(weights, seed + i)), shape, kind, seed == 10) for i, shape in enumerate(shapes)]
        for seed, scale in ((10, lambda u: u / 16), (12, lambda u: u / 8), (14, lambda u: 0.02 + u / 64))
    )

    def run():
        error = torch.sigmoid(x @ w[0]) @ w[1] - y
        g = torch.autograd.grad((error * error).sum(), w)
        with torch.no_grad():
            first = [0.9 * a + (1 - 0.9) * b for a, b in zip(m, g)]
            second = [0.999 * a + (1 - 0.999) * b * b for a, b in zip(v, g)]
            return [p - 1e-3 * a / (b.sqrt() + 1e-8) for p, a, b in zip(w, first, second)] + first

    return run


works = {
    "product": product,
    "add": add,
    "chain": chain,
    "retention": lambda n, kind: forward(*retention(kind, False)),
    "retentionGradients": lambda n, kind: gradients(*retention(kind, True)),
    "scan": lambda n, kind: forward(scan_of, scan_values(kind, False)),
    "scanGradients": lambda n, kind: gradients(scan_of, scan_values(kind, True)),
    "training": training,
}


def timed(run, seconds):
    began, calls, batch = time.perf_counter(), 0, 1
    while time.perf_counter() - began < seconds:
        start = time.perf_counter()
        for _ in range(batch):
            run()
        calls += batch
        batch = min(2 * batch, 1024) if time.perf_counter() - start < seconds / 8 else max(batch // 2, 1)
    return (time.perf_counter() - began) / calls


def say(**reply):
    print(json.dumps(reply), flush=True)


say(version=torch.__version__)
prepared = {}
for line in sys.stdin:
    asked = json.loads(line)
    key = asked["work"], asked["type"], asked.get("n")
    try:
        if asked["work"] not in works:
            raise ValueError("not written for this library")
        if key in prepared:
            say(seconds=timed(prepared[key], asked["seconds"]))
        else:
            prepared[key] = works[asked["work"]](asked.get("n"), asked["type"])
            numbers = np.concatenate([x.numpy().astype(np.float64).ravel() for x in prepared[key]()])
            say(result=base64.b64encode(numbers.tobytes()).decode())
    except Exception as error:
        say(failed=str(error).split("\n")[0])
