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

Inputs are torch tensors, and autograd computes gradients: of all, or of some, as in gradients=['q', 'k']. For your
own, pass gradients=my_backward, or backward=my_backward beside names: a function of (inputs, cotangents, settings,
mode). It returns the gradient of Σ output · cotangent for every input that is offered, by name.
With dtypes=['BF16', 'F32'] questions come in bfloat16 too. Answer in the type of the inputs; states may be float32.
numpy has no bfloat16: there inputs are float32, and float32 results are rounded to it. States may be written in place.
Say what the kernel takes by domain=dict(axes=dict(d=[16, 32, 64], t=dict(multipleOf=16)), inputs=dict(gate='finite')), and all
questions are inside. `raise Unsupported(reason)` for what a domain cannot say. Neither is a failure.
`backend.tap('state', x)` in the function returns an intermediate too, and a report says which diverges first.

A third of the questions come as views with NaN between the numbers: a kernel must heed strides, call contiguous(), or
raise an error, after which it gets contiguous tensors. New empty tensors are full of NaN. With plain=True: neither.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
from fnmatch import fnmatch
from typing import Any, Callable, Iterator, Mapping, Sequence

import numpy as np

DTYPES = dict(float64='F64', float32='F32', float16='F16', bfloat16='BF16', int64='I64', int32='I32', uint8='U8')
NUMPY = dict(F64='<f8', F32='<f4', F16='<f2', BF16='<i2', I32='<i4')  # the dtypes of questions; int16: bits of bfloat16
LAYOUTS = ('in/cuSeqlens', 'in/mask')  # where the sequences of a batch are: kernels take them as they are
GUARD = 1024  # numbers around a tensor
Named = Mapping[str, Any]  # torch tensors or numpy arrays by name

MESSAGES = os.fdopen(os.dup(1), 'wb')  # the standard output; from here on print writes to standard error
os.dup2(2, 1)
sys.stdout = sys.stderr


class Unsupported(Exception):
    """The kernel does not support this shape or this setting."""


class Backend:
    def __init__(
        self, name: str, device: str = 'cpu', library: str = 'torch', compiles: bool = False, plain: bool = False
    ) -> None:
        self.description = dict(protocol='1', name=name, compiles=str(compiles).lower(), repeats='true')
        self.device, self.library, self.plain = device, __import__(library), plain
        self.functions: dict[str, tuple[Callable[..., Named], Any]] = {}
        self.offers, self.taps, self.told = dict[str, Named](), dict[str, Any](), ''

    def operator(
        self,
        name: str,
        modes: Sequence[str],
        dtypes: Sequence[str] = ('F32', 'F64'),
        gradients: Any = True,
        precision: Any = None,
        form: Mapping[str, str] | None = None,
        atomic: Mapping[str, str] | None = None,
        domain: Mapping[str, Mapping[str, Any]] | None = None,
        backward: Callable[..., Named] | None = None,
        packed: Any = None,
        padded: Any = None,
    ):
        """Registers a function that maps (inputs, settings, mode) to outputs by name. `gradients=False`: no gradients.

        `precision` declares how the kernel rounds: a name ('tf32', 'bf16-state'), a dict of sites, or a list of
        these, each for one of the dtypes. `form` declares the formula of modes by name. `atomic` declares tensors to
        which workers add parts by atomic additions, and along which axes: {'grad/k': 'h'}. `domain` declares which axes,
        inputs, settings and cotangents the kernel takes (docs/protocol.md#domains). `packed` and `padded`, True or a list
        of modes: which take sequences of unequal lengths, by inputs['cuSeqlens'] or inputs['mask'], int32 (see there, too).
        """

        def register(function: Callable[..., Named]):
            if name in self.offers:
                raise ValueError(f'{name} is registered twice: give one function all its modes, and look at `mode` in it')
            own = gradients if callable(gradients) else backward
            if not (own is None or callable(own)):
                raise TypeError(f'backward of {name} is no function, but {own!r}')
            offered = (own is gradients or gradients) if own or self.library is not np else False
            self.functions[name] = function, own
            declared = dict(precision=precision, form=form, atomic=atomic, domain=domain, packed=packed, padded=padded)
            declared = {key: value for key, value in declared.items() if value is not None}
            self.offers[name] = dict(modes=list(modes), dtypes=list(dtypes), gradients=offered, **declared)
            return function

        return register

    def tap(self, name: str, x: Any) -> None:
        """Returns an intermediate, of the name and shape that docs/operators.md lists, beside the outputs."""
        self.taps[f'tap/{name}'] = x.detach().clone() if hasattr(x, 'detach') else np.array(x)

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
                self.last, self.first = (texts, arrays), b''
            if texts['message'] in ('run', 'again'):
                return self.answered(answer, int(texts.get('times', 1)))
            answer.update(self.description, message='description', operators=json.dumps(self.offers, default=list))
        except Unsupported as reason:
            answer.update(message='unsupported', reason=str(reason) or 'it gives no reason')
        except Exception as error:
            self.tell(error)
            answer.update(message='error', reason=f'{type(error).__name__}: {error}')
        return to_safetensors(answer, {})

    def answered(self, answer: Mapping[str, str], times: int) -> bytes:
        """Answers the last question, again and again, until an answer differs in any bit from the first."""
        narrows = self.library is np and self.last[0]['dtype'] == 'BF16'
        for n in range(1, times + 1):
            file = to_safetensors({**answer, 'times': str(n)}, self.tried(*self.last), narrows)
            if (tensors := file[file.index(b'}', 8) :]) != self.first:  # what follows the texts
                self.first = self.first or tensors
                return file
        return to_safetensors({**answer, 'message': 'same'}, {})

    def tell(self, error: Exception) -> None:
        """Prints an error from the kernel's frames on, unless it is the last one again."""
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        text = ''.join(traceback.format_exception(type(error), error, trace or error.__traceback__))
        print(text if text != self.told else '', end='', flush=True)
        self.told = text

    def tried(self, texts: Mapping[str, str], arrays: Mapping[str, np.ndarray]) -> Named:
        if self.plain:
            return self.compute(texts, arrays, self.tensor)
        with self.poisoned({x.nbytes for x in arrays.values()}):
            make = self.guarded if 'batch' in texts else self.tensor
            if texts.get('memory') == 'strided':
                with contextlib.suppress(Exception):  # a kernel may refuse views, but not answer wrongly
                    return self.compute(texts, arrays, self.view)
            return self.compute(texts, arrays, make)

    def compute(self, texts: Mapping[str, str], arrays: Mapping[str, np.ndarray], make: Callable[..., Any]) -> Named:
        name, mode, settings = texts['operator'], texts['mode'], json.loads(texts['settings'])
        (function, backward), offered = self.functions[name], self.offers[name]['gradients']
        wants = texts['gradients'] == 'true'
        inputs = self.tensors('in/', arrays, make, () if backward or not wants else '*' if offered is True else offered)
        cotangents = self.tensors('cotangent/', arrays, make)
        self.taps.clear()
        outputs = function(dict(inputs), settings, mode)
        returned = list(outputs) if isinstance(outputs, Mapping) else type(outputs)
        if isinstance(returned, type) or not cotangents.keys() <= set(returned):
            raise TypeError(f'{name} returns {returned}: return a dict of {[*cotangents] or "outputs by name"}')
        backward = backward or (lambda *_: self.autograd(outputs, inputs, cotangents))
        gradients: Named = backward(dict(inputs), cotangents, settings, mode) if wants else {}
        given = self.tensors('in/', arrays, self.tensor)
        for x, tensor in inputs.items():
            if raw(tensor) != raw(given[x]) and not is_written_in_place(outputs.get(x), tensor):
                raise ValueError(f"{name} overwrites its input '{x}': copy it first if your kernel works in place")
        return {f'out/{x}': y for x, y in outputs.items()} | {f'grad/{x}': y for x, y in gradients.items()} | self.taps

    def tensors(self, prefix: str, arrays: Named, make: Callable[..., Any], patterns: Sequence[str] = ()) -> Named:
        own = {name: self.tensor if name in LAYOUTS else make for name in arrays if name.startswith(prefix)}
        found = {name[len(prefix) :]: one(arrays[name].copy()) for name, one in own.items()}
        for name, x in found.items() if patterns else ():
            x.requires_grad_(x.is_floating_point() and any(fnmatch(name, one) for one in patterns))
        return found

    def tensor(self, x: np.ndarray) -> Any:
        if self.library is np:
            return widened(x) if x.dtype == np.int16 else x  # the bits of bfloat16
        tensor = self.library.from_numpy(x).to(self.device)
        return tensor.view(self.library.bfloat16) if x.dtype == np.int16 else tensor

    def view(self, x: np.ndarray) -> Any:
        """The tensor as a view: of one number if all are equal; else with reversed axes, and NaN (−1) after each number."""
        if x.size and (x == x.flat[0]).all():
            return self.library.broadcast_to(self.tensor(x.reshape(-1)[:1]), x.shape)
        room = np.full((*x.shape[::-1], 2 * x.itemsize), 0xFF, np.uint8).view(x.dtype)
        room[..., 0] = x.T
        view = self.tensor(room)[..., 0]
        return view.T if self.library is np else view.permute(tuple(range(x.ndim)[::-1]))

    def guarded(self, x: np.ndarray) -> Any:
        """The tensor in memory with NaN before and after it, which a kernel reads if it goes beyond the last sequence."""
        room = np.full((x.size + 2 * GUARD) * x.itemsize, 0xFF, np.uint8).view(x.dtype)
        room[GUARD : GUARD + x.size] = x.reshape(-1)
        return self.tensor(room)[GUARD : GUARD + x.size].reshape(x.shape)

    @contextlib.contextmanager
    def poisoned(self, sizes: set[int]) -> Iterator[None]:
        """While it lasts, results of `empty` and freed memory of these sizes are NaN, so that gaps in results show."""
        places = [(self.library, name) for name in ('empty', 'empty_like', 'empty_strided')]
        places += [(self.library.Tensor, 'new_empty')] if self.library is not np else []
        real = [(place, name, getattr(place, name)) for place, name in places if hasattr(place, name)]
        for place, name, function in real:
            setattr(place, name, filled(function))
        # what allocators of compiled kernels will find
        [self.tensor(np.full(size, 0xFF, np.uint8)) for size in sizes for _ in range(4)].clear()
        try:
            yield
        finally:
            for place, name, function in real:
                setattr(place, name, function)

    def autograd(self, outputs: Named, inputs: Named, cotangents: Named) -> Named:
        real = {name: x for name, x in inputs.items() if x.requires_grad}
        pairs = [(outputs[name], dy) for name, dy in cotangents.items()]
        # outputs may be constant; densessm judges their shapes
        pairs = [(y, dy.to(y.dtype)) for y, dy in pairs if y.requires_grad and y.shape == dy.shape] or pairs
        ys, dys = zip(*pairs)
        found = self.library.autograd.grad(ys, list(real.values()), dys, allow_unused=True) if real else ()
        return {name: self.library.zeros_like(x) if g is None else g for (name, x), g in zip(real.items(), found)}


def filled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with NaN in its real results."""

    def fills(*args: Any, **options: Any) -> Any:
        x = function(*args, **options)
        if hasattr(x, 'detach') and x.is_floating_point():
            x.detach().fill_(float('nan'))
        elif isinstance(x, np.ndarray) and x.dtype.kind == 'f':
            x.fill(np.nan)
        return x

    return fills


def is_written_in_place(y: Any, x: Any) -> bool:
    """Whether an output is the state that the kernel was given. One whose numbers share memory cannot be written."""
    strides = x.stride() if hasattr(x, 'stride') else x.strides
    return 0 not in strides and (y is x or hasattr(y, 'data_ptr') and y.data_ptr() == x.data_ptr())


def raw(x: Any) -> bytes:
    if hasattr(x, 'detach'):  # a torch tensor, viewed as bytes: numpy has no bfloat16
        torch = sys.modules['torch']
        # contiguous() keeps the stride of a single number, and bytes need stride 1; clone() does not
        x = x.detach().cpu().resolve_neg().reshape(-1).clone(memory_format=torch.contiguous_format).view(torch.uint8)
    return np.asarray(x).tobytes()


def widened(bits: np.ndarray) -> np.ndarray:
    """The float32 numbers with these bits of bfloat16."""
    return np.asarray(bits.astype('<u4') << np.uint32(16)).view('<f4')


def narrowed(x: np.ndarray) -> np.ndarray:
    """The bits of float32 numbers rounded to bfloat16, ties to even."""
    bits = np.array(x, '<f4', order='C').view('<u4')
    return np.where(np.isnan(x), 0x7FC0, (bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype('<u2')


def from_safetensors(file: bytes) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    start = 8 + int.from_bytes(file[:8], 'little')
    header = json.loads(file[8:start])
    texts, arrays = header.pop('__metadata__'), {}
    for name, entry in header.items():
        begin, end = entry['data_offsets']
        arrays[name] = np.frombuffer(file[start + begin : start + end], NUMPY[entry['dtype']]).reshape(entry['shape'])
    return texts, arrays


def to_safetensors(texts: Mapping[str, str], tensors: Named, narrows: bool = False) -> bytes:
    header, data = {'__metadata__': dict[str, Any](texts)}, b''
    for name, x in tensors.items():
        kind = str(getattr(x, 'dtype', type(x))).replace('torch.', '')
        if narrows and kind == 'float32':
            kind, x = 'bfloat16', narrowed(x)
        if kind not in DTYPES:
            raise TypeError(f'{name} is a {kind}: return a tensor of {", ".join(DTYPES)}')
        begin, data = len(data), data + raw(x)
        header[name] = dict(dtype=DTYPES[kind], shape=list(x.shape), data_offsets=[begin, len(data)])
    return len(text := json.dumps(header).encode()).to_bytes(8, 'little') + text + data
