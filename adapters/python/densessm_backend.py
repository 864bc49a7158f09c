"""Adapter that runs your kernels for densessm. Copy this file beside your own file, for example `my_kernel.py`:

    import torch
    from densessm_backend import Backend

    backend = Backend('my kernels')  # or with device='cuda', library='numpy', compiles=True (each new shape)

    @backend.operator('linearScan', modes=['recurrent'])
    def linear_scan(inputs, settings, mode):
        h, rows = inputs['state'], []
        for a, b in zip(inputs['a'].unbind(1), inputs['b'].unbind(1)):
            h = a * h + b
            rows.append(h)
        return {'output': torch.stack(rows, 1), 'state': h}

    backend.run()  # npx densessm check --backend "python3 my_kernel.py"

Inputs are torch tensors, and autograd computes gradients. For your own, pass gradients=my_backward, a function of
(inputs, cotangents, settings, mode). It returns the gradient of Σ output · cotangent for every input, by name.
`raise Unsupported(reason)` where a kernel does not support a shape or a setting. That is not a failure.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Any, Callable, Mapping, Sequence

import numpy as np

DTYPES = dict(float64='F64', float32='F32', float16='F16', bfloat16='BF16', int64='I64', int32='I32', uint8='U8')
NUMPY = dict(F64='<f8', F32='<f4', I32='<i4')  # the dtypes of questions
Named = Mapping[str, Any]  # torch tensors or numpy arrays by name

MESSAGES = os.fdopen(os.dup(1), 'wb')  # the standard output; from here on print writes to standard error
os.dup2(2, 1)
sys.stdout = sys.stderr


class Unsupported(Exception):
    """The kernel does not support this shape or this setting."""


class Backend:
    def __init__(self, name: str, device: str = 'cpu', library: str = 'torch', compiles: bool = False) -> None:
        self.description = dict(protocol='1', name=name, compiles=str(compiles).lower())
        self.device, self.library = device, __import__(library)
        self.functions: dict[str, tuple[Callable[..., Named], Any]] = {}
        self.offers: dict[str, Named] = {}

    def operator(self, name: str, modes: Sequence[str], dtypes: Sequence[str] = ('F32', 'F64'), gradients: Any = True):
        """Registers a function that maps (inputs, settings, mode) to outputs by name. `gradients=False`: no gradients."""

        def register(function: Callable[..., Named]):
            backward = gradients if callable(gradients) or self.library is not np else False
            self.functions[name] = function, backward
            self.offers[name] = dict(modes=list(modes), dtypes=list(dtypes), gradients=bool(backward))
            return function

        return register

    def run(self) -> None:
        """Answers until standard input ends. With `QUESTION ANSWER --densessm-once`: reads and writes one file each."""
        if sys.argv[-1] == '--densessm-once':  # only densessm passes it
            with open(sys.argv[-3], 'rb') as question, open(sys.argv[-2], 'xb') as answer:  # x: never overwrites
                answer.write(self.reply(question.read()))
            return
        read = (lambda _: b'a person types') if sys.stdin.isatty() else sys.stdin.buffer.read
        while head := read(16):
            if head[:8] != b'densessm':
                sys.exit('densessm starts this program: npx densessm check --backend "python3 my_kernel.py"')
            reply = self.reply(read(int.from_bytes(head[8:], 'little')))
            MESSAGES.write(b'densessm' + len(reply).to_bytes(8, 'little') + reply)
            MESSAGES.flush()

    def reply(self, question: bytes) -> bytes:
        texts, arrays = from_safetensors(question)
        answer = {'message': 'answer', 'id': texts['id']}
        try:
            if texts['message'] == 'run':
                return to_safetensors(answer, self.compute(texts, arrays))
            answer.update(self.description, message='description', operators=json.dumps(self.offers))
        except Unsupported as reason:
            answer.update(message='unsupported', reason=str(reason) or 'it gives no reason')
        except Exception as error:
            traceback.print_exc()
            answer.update(message='error', reason=f'{type(error).__name__}: {error}')
        return to_safetensors(answer, {})

    def compute(self, texts: Mapping[str, str], arrays: Mapping[str, np.ndarray]) -> Named:
        name, mode, settings = texts['operator'], texts['mode'], json.loads(texts['settings'])
        function, backward = self.functions[name]
        wanted = texts['gradients'] == 'true'
        by_autograd = wanted and backward is True
        inputs = self.tensors('in/', arrays, requires_grad=by_autograd)
        cotangents = self.tensors('cotangent/', arrays)
        outputs = function(dict(inputs), settings, mode)
        returned = list(outputs) if isinstance(outputs, Mapping) else type(outputs)
        if isinstance(returned, type) or not cotangents.keys() <= set(returned):
            raise TypeError(f'{name} returns {returned}: return a dict of {[*cotangents] or "outputs by name"}')
        gradients: Named = self.autograd(outputs, inputs, cotangents) if by_autograd else {}
        if wanted and not by_autograd:
            gradients = backward(dict(inputs), cotangents, settings, mode)
        for x, tensor in inputs.items():
            if raw(tensor) != raw(arrays[f'in/{x}']):
                raise ValueError(f"{name} overwrites its input '{x}': copy it first if your kernel works in place")
        return {f'out/{x}': y for x, y in outputs.items()} | {f'grad/{x}': y for x, y in gradients.items()}

    def tensors(self, prefix: str, arrays: Mapping[str, np.ndarray], requires_grad: bool = False) -> Named:
        found: Named = {name[len(prefix) :]: x.copy() for name, x in arrays.items() if name.startswith(prefix)}
        if self.library is not np:
            found = {name: self.library.from_numpy(x).to(self.device) for name, x in found.items()}
        for x in found.values() if requires_grad else ():
            x.requires_grad_(x.is_floating_point())
        return found

    def autograd(self, outputs: Named, inputs: Named, cotangents: Named) -> Named:
        real = {name: x for name, x in inputs.items() if x.requires_grad}
        total = sum((outputs[name] * cotangent).sum() for name, cotangent in cotangents.items())
        found = self.library.autograd.grad(total, list(real.values()), allow_unused=True)
        return {name: self.library.zeros_like(x) if g is None else g for (name, x), g in zip(real.items(), found)}


def raw(x: Any) -> bytes:
    if hasattr(x, 'detach'):  # a torch tensor, viewed as bytes: numpy has no bfloat16
        x = x.detach().cpu().contiguous().reshape(-1).view(sys.modules['torch'].uint8)
    return np.asarray(x).tobytes()


def from_safetensors(file: bytes) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    start = 8 + int.from_bytes(file[:8], 'little')
    header = json.loads(file[8:start])
    texts, arrays = header.pop('__metadata__'), {}
    for name, entry in header.items():
        begin, end = entry['data_offsets']
        arrays[name] = np.frombuffer(file[start + begin : start + end], NUMPY[entry['dtype']]).reshape(entry['shape'])
    return texts, arrays


def to_safetensors(texts: Mapping[str, str], tensors: Named) -> bytes:
    header, data = {'__metadata__': dict[str, Any](texts)}, b''
    for name, x in tensors.items():
        kind = str(getattr(x, 'dtype', type(x))).replace('torch.', '')
        if kind not in DTYPES:
            raise TypeError(f'{name} is a {kind}: return a tensor of {", ".join(DTYPES)}')
        begin, data = len(data), data + raw(x)
        header[name] = dict(dtype=DTYPES[kind], shape=list(x.shape), data_offsets=[begin, len(data)])
    return len(text := json.dumps(header).encode()).to_bytes(8, 'little') + text + data
