#!/usr/bin/env python3
"""VGG-19's 3x3 convolutions in PyTorch, one by one: forward, and the gradient of the input."""
import torch
from torch.nn import functional as F
from torch.nn.grad import conv2d_input

import peer

# (name, times it occurs in the network, input channels, output channels, side at 256x256 input)
LAYERS = (
    ("conv1_1", 1, 3, 64, 256), ("conv1_2", 1, 64, 64, 256),
    ("conv2_1", 1, 64, 128, 128), ("conv2_2", 1, 128, 128, 128),
    ("conv3_1", 1, 128, 256, 64), ("conv3_2", 3, 256, 256, 64),
    ("conv4_1", 1, 256, 512, 32), ("conv4_2", 3, 512, 512, 32),
    ("conv5_1", 4, 512, 512, 16),
)

p = peer.parser(__doc__)
p.add_argument("--batch", type=int, default=4)
args = p.parse_args()
peer.start(args)


def pair(cin, cout, side):
    x = torch.randn(args.batch, cin, side, side)
    w = torch.randn(cout, cin, 3, 3) * (2 / (9 * cin)) ** 0.5
    b = torch.zeros(cout)
    dy = torch.randn(args.batch, cout, side, side)
    return lambda: F.conv2d(x, w, b, padding=1), lambda: conv2d_input(x.shape, w, dy, padding=1)


cases, gflop, count = {}, {}, {}
torch.set_grad_enabled(False)
for name, times, cin, cout, side in LAYERS:
    forward, backward = pair(cin, cout, side)
    for case, f in ((name + ".fwd", forward), (name + ".bwd", backward)):
        cases[case], count[case] = f, times
        gflop[case] = round(2e-9 * 9 * cin * cout * side * side * args.batch, 3)

peer.main(args, cases, batch=args.batch, count=count, gflop=gflop)
