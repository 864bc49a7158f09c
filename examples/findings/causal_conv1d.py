import torch
from fla.modules.conv.causal_conv1d import causal_conv1d

device = 'cuda'
torch.manual_seed(0)
B, T, D, W = 1, 3, 2, 3
x = torch.randn(B, T, D, device=device, requires_grad=True)
weight = torch.randn(D, W, device=device)
state = torch.randn(B, D, W, device=device)
_, final = causal_conv1d(x, weight, initial_state=state, output_final_state=True)
# the final state is the last W inputs, so its cotangent is the gradient of x, token by token
cotangent = torch.randn(B, D, W, device=device)
(dx,) = torch.autograd.grad(final, x, cotangent)
print('final state is the last W inputs:', torch.equal(final, x.transpose(1, 2)))
print('expected', cotangent.transpose(1, 2).tolist())
print('actual  ', dx.tolist())
