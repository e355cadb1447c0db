#!/usr/bin/env python3
"""The memory-bound ops in PyTorch, each alone, forward and backward; copy is the machine's own speed."""
import torch
from torch import nn
from torch.nn import functional as F

import peer

p = peer.parser(__doc__)
p.add_argument("--batch", type=int, default=4)
p.add_argument("--channels", type=int, default=32)
p.add_argument("--size", type=int, default=256)
args = p.parse_args()
peer.start(args)

n, c, s = args.batch, args.channels, args.size
norm = nn.InstanceNorm2d(c, affine=True)
OPS = {
    "relu": (s, F.relu),
    "reflectpad": (s, lambda x: F.pad(x, (1, 1, 1, 1), mode="reflect")),
    "instancenorm": (s, norm),
    "upsample": (s // 2, lambda x: F.interpolate(x, mode="nearest", scale_factor=2)),
    "maxpool": (s, lambda x: F.max_pool2d(x, 2)),
}


def pair(side, op):
    x = torch.randn(n, c, side, side, requires_grad=True)
    y = op(x)
    dy = torch.randn_like(y)

    def forward():
        with torch.no_grad():
            op(x)

    return forward, lambda: torch.autograd.grad(y, x, dy, retain_graph=True)


source = torch.randn(n, c, s, s)
target = torch.empty_like(source)
cases, read_write_mb = {"copy": lambda: target.copy_(source)}, {"copy": 8 * source.numel() / 1e6}
for name, (side, op) in OPS.items():
    cases[name + ".fwd"], cases[name + ".bwd"] = pair(side, op)

peer.main(args, cases, batch=n, channels=c, size=s, read_write_mb=read_write_mb)
