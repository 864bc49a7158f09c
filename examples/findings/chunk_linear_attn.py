import torch
import triton
from fla.ops.common.chunk_o import chunk_bwd_kernel_dqkwg
from fla.ops.simple_gla import chunk_simple_gla

device = 'cuda'
tuner = chunk_bwd_kernel_dqkwg
while not isinstance(tuner, triton.runtime.autotuner.Autotuner):
    tuner = tuner.fn
torch.manual_seed(0)
for T, K, V in ((33, 8, 17), (64, 16, 32), (64, 64, 64)):
    q, k, v, do = (torch.randn(1, T, 2, n, device=device).bfloat16() for n in (K, K, V, V))
    # dq_t is the sum over s <= t of (do_t · v_s) k_s
    scores = torch.einsum('bthe,bshe->bhts', do.double(), v.double()).tril()
    expected = torch.einsum('bhts,bshd->bthd', scores, k.double())
    for warps in (2, 4):
        tuner.configs = [triton.Config({}, num_warps=warps, num_stages=2)]
        tuner.cache.clear()
        q.requires_grad_()
        o = chunk_simple_gla(q, k, v, scale=1.0)[0]
        (dq,) = torch.autograd.grad(o, q, do)
        error = ((dq - expected).norm() / expected.norm()).item()
        print('T', T, 'K', K, 'V', V, 'warps', warps, 'relative error of dq', round(error, 4))
