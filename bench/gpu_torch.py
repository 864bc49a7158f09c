"""Times the same work in PyTorch, in single precision without TF32. gpu.ts calls it. It prints one JSON object per line."""

import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def sync():
    if device.type == "cuda":
        torch.cuda.synchronize()


def timed(call, seconds=1.0):
    """Median and quartiles of the time of a call, in seconds."""
    for _ in range(3):
        call()
    sync()
    samples = []
    began = time.perf_counter()
    while len(samples) < 5 or (len(samples) < 50 and time.perf_counter() - began < seconds):
        start = time.perf_counter()
        call()
        sync()
        samples.append(time.perf_counter() - start)
    samples.sort()
    rank = lambda part: samples[round(part * (len(samples) - 1))]
    return rank(0.5), rank(0.25), rank(0.75)


def say(**row):
    print(json.dumps(row), flush=True)


def products():
    for n in (256, 512, 1024, 2048, 4096):
        x, y = torch.randn(n, n, device=device) / n, torch.randn(n, n, device=device)

        def chain(count=16):
            z = y
            for _ in range(count):
                z = x @ z
            return z

        median, low, high = timed(chain)
        rate = lambda s: round(2 * n**3 * 16 / s / 1e9)
        say(n=n, kernel="torch", gflops=rate(median), **{"from": rate(high)}, to=rate(low))


def scans():
    """Scan in rounds with doubling distance, as PyTorch has no linear scan."""
    for n in (256, 2048):
        for t in (1024, 4096, 16384, 65536):
            a, b = (torch.full((t, n), 0.5, device=device) for _ in range(2))

            def scan():
                p, h, by = a, b, 1
                while by < t:
                    h = torch.cat((h[:by], torch.addcmul(h[by:], p[by:], h[:-by])))
                    p = torch.cat((p[:by], p[by:] * p[:-by]))
                    by *= 2
                return h

            median, low, high = timed(scan, 0.3)
            say(t=t, n=n, kernel="torch rounds", microseconds=round(median * 1e6), **{"from": round(low * 1e6)}, to=round(high * 1e6))


def convolutions():
    """Causal convolutions of real sequences by PyTorch's transforms, along the last axis."""
    for n, lengths in ((256, (64, 128, 256, 512, 1024, 4096, 16384, 65536)), (2048, (1024, 4096, 16384))):
        for t in lengths:
            x, k = (torch.randn(n, t, device=device) for _ in range(2))

            def convolution():
                return torch.fft.irfft(torch.fft.rfft(x, 2 * t) * torch.fft.rfft(k, 2 * t), 2 * t)[:, :t]

            median, low, high = timed(convolution, 0.2)
            micro = lambda s: float(f"{s * 1e6:.3g}")
            say(t=t, n=n, method="torch fft", microseconds=micro(median), **{"from": micro(low)}, to=micro(high))


def retention():
    h, t, d = 4, 512, 64
    q, k, v = (torch.randn(1, h, t, d, device=device, requires_grad=True) for _ in range(3))
    gamma = 1 - 2.0 ** (-5 - torch.arange(h, device=device, dtype=torch.float64))
    i = torch.arange(t, device=device)
    away = i[:, None] - i[None, :]
    mask = torch.where(away >= 0, gamma[:, None, None] ** away.clamp(min=0), 0.0).float()
    parallel = lambda: ((q @ k.transpose(-1, -2)) * mask) @ v

    def both():
        q.grad = k.grad = v.grad = None
        parallel().sum().backward()

    for what, call in (("forward", parallel), ("forward and backward", both)):
        median, low, high = timed(call, 0.5)
        say(mode="torch parallel", what=what, milliseconds=round(median * 1e3, 4), **{"from": round(low * 1e3, 4)}, to=round(high * 1e3, 4))


class DenseRetNet(torch.nn.Module):
    """DenseRetNet with the readings of the released code: Eqs. 15-25 as in spec/."""

    def __init__(self, config, shapes, flat, length):
        super().__init__()
        self.c = config
        self.names = {}
        at = 0
        for path, shape in shapes.items():
            size = int(np.prod(shape))
            name = path.replace(".", "_")
            self.register_parameter(name, torch.nn.Parameter(flat[at : at + size].reshape(shape).clone()))
            at += size
        heads, pairs = config["heads"], config["keyWidth"] // config["heads"] // 2
        gamma = 1 - 2.0 ** (-5 - np.arange(heads, dtype=np.float64))
        i = np.arange(length)
        away = i[:, None] - i[None, :]
        table = np.where(away >= 0, gamma[:, None, None] ** np.maximum(away, 0), 0)
        table /= np.sqrt(table.sum(-1, keepdims=True))
        angles = i[:, None] * (10000.0 ** (-np.arange(pairs) / (pairs - 1)))[None, :]
        for name, numbers in (("decay", table), ("sin", np.sin(angles)), ("cos", np.cos(angles))):
            self.register_buffer(name, torch.tensor(numbers, dtype=torch.float32))

    def rms(self, x, weight):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.c["epsilon"]) * weight

    def rotate(self, x):
        first, second = x[..., 0::2], x[..., 1::2]
        turned = (first * self.cos - second * self.sin, second * self.cos + first * self.sin)
        return torch.stack(turned, -1).flatten(-2)

    def fuse(self, own, sources, x, path):
        w = lambda name: getattr(self, f"{path}_{name}")
        gate = F.silu(F.linear(F.silu(F.linear(x, w("gates_0_down"))), w("gates_0_up")))
        fused = own
        for source in sources:
            fused = fused + source * gate
        return self.rms(fused, w("norm"))

    def forward(self, tokens):
        c = self.c
        heads = c["heads"]
        x = self.embedding[tokens]
        b, t, _ = x.shape
        passed = []
        split = lambda y: y.view(b, t, heads, -1).transpose(1, 2)
        for l in range(c["layers"]):
            w = lambda name: getattr(self, f"layers_{l}_{name}")
            h = self.rms(x, w("inputNorm"))
            q = F.silu(F.linear(h, w("query")))
            k = F.silu(F.linear(h, w("key"))) * (c["keyWidth"] / heads) ** -0.5
            v = F.silu(F.linear(h, w("value")))
            g = F.silu(F.linear(h, w("outputGate")))
            sources = passed[::-1][: c["denseLayers"]]
            passed.append((k, v))
            if l > 0:
                k = self.fuse(k, [s[0] for s in sources], h, f"layers_{l}_keyFusion")
                v = self.fuse(v, [s[1] for s in sources], h, f"layers_{l}_valueFusion")
            qs, ks = self.rotate(split(q)), self.rotate(split(k))
            scores = (qs @ ks.transpose(-1, -2)) * self.decay
            divisor = scores.detach().abs().sum(-1, keepdim=True).clamp(1, 5e4)
            out = (scores / divisor) @ split(v)
            normed = self.rms(out.transpose(1, 2), w("groupNorm")).reshape(b, t, -1)
            x = x + F.linear(normed * g, w("output"))
        return F.linear(self.rms(x, self.finalNorm), self.head)


def steps(folder):
    model_file = json.load(open(f"{folder}/model.json"))
    read = lambda name: torch.from_numpy(np.fromfile(f"{folder}/{name}.f32", dtype=np.float32)).to(device)
    size, count = model_file["size"], model_file["steps"]
    shape = (count, size["batch"], size["length"])
    tokens, targets = (read(name).long().reshape(shape) for name in ("tokens", "targets"))
    beta1, beta2, decay, epsilon = (model_file["optimizer"][k] for k in ("beta1", "beta2", "weightDecay", "epsilon"))
    for by in ("torch eager", "torch.compile"):
        model = DenseRetNet(model_file["config"], model_file["shapes"], read("params"), size["length"]).to(device)
        loss_of = lambda x, y: F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        began = time.perf_counter()
        if by == "torch.compile":
            loss_of = torch.compile(loss_of)
        options = {"lr": model_file["rate"], "betas": (beta1, beta2), "eps": epsilon, "weight_decay": decay}
        # PyTorch 1.13 has no fused AdamW
        fused = {"fused": True} if device.type == "cuda" else {}
        optimizer = torch.optim.AdamW(model.parameters(), **fused, **options)

        def step(k):
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(tokens[k], targets[k])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), model_file["clip"])
            optimizer.step()
            return loss

        losses = [step(k).item() for k in range(count)]
        compiling = time.perf_counter() - began
        median, low, high = timed(lambda: step(0), 2)
        row = {"milliseconds": round(median * 1e3, 3), "from": round(low * 1e3, 3), "to": round(high * 1e3, 3)}
        say(size=model_file["name"], by=by, **row, compileSeconds=round(compiling, 1), losses=" ".join(map(str, losses)), torch=torch.__version__)


if __name__ == "__main__":
    {"products": products, "scans": scans, "convolutions": convolutions, "retention": retention, "steps": steps}[sys.argv[1]](*sys.argv[2:])
