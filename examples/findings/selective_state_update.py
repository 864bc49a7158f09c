import torch
from mamba_ssm.ops.triton.selective_state_update import selective_state_update, selective_state_update_ref

B, D, N = 2, 8, 4
device = 'cuda'
torch.manual_seed(0)
state, x, dt = (torch.randn(*s, device=device) for s in ((B, D, N), (B, D), (B, D)))
A, b, c = -torch.rand(D, N, device=device), torch.randn(B, N, device=device), torch.randn(B, N, device=device)
zeros = torch.zeros(D, device=device)
for options in (dict(D=zeros, dt_bias=zeros), dict(dt_bias=zeros), dict(D=zeros), {}):
    expected = selective_state_update_ref(state.clone(), x, dt, A, b, c, dt_softplus=True, **options)
    try:
        actual = selective_state_update(state.clone(), x, dt, A, b, c, dt_softplus=True, **options)
        print(sorted(options), 'off by', (actual - expected).abs().max().item())
    except Exception as error:
        print(sorted(options), type(error).__name__, error)
