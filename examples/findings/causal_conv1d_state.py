import torch
from causal_conv1d import causal_conv1d_fn

B, D, T, W = 1, 48, 5, 3
device = 'cuda'
torch.manual_seed(0)
x = torch.randn(B, T, D, device=device, requires_grad=True)
weight = torch.randn(D, W, device=device)
start = torch.zeros(B, W - 1, D, device=device).transpose(1, 2)
_, final = causal_conv1d_fn(x.transpose(1, 2), weight, initial_states=start, return_final_states=True)
# the final state is the last W − 1 inputs; only the layout of its cotangent differs
cotangent = torch.randn(B, W - 1, D, device=device).transpose(1, 2)
for name, given in (('channels last', cotangent), ('contiguous', cotangent.contiguous())):
    (dx,) = torch.autograd.grad(final, x, given, retain_graph=True)
    wrong = dx[:, -(W - 1) :] != cotangent.transpose(1, 2)
    print(name, 'wrong channels', sorted(set(wrong.nonzero()[:, 2].tolist())))
