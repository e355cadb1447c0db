#!/usr/bin/env python3
"""One training step of the tutorial in PyTorch: forward, both VGG passes, losses, backward, Adam."""
import torch
from torch.nn import functional as F

import networks
import peer

CONTENT_WEIGHT, STYLE_WEIGHT = 1e5, 2e9

p = peer.parser(__doc__)
p.add_argument("--filters", type=networks.filters, default=(8, 16, 32))
p.add_argument("--batch", type=int, default=4)
p.add_argument("--size", type=int, default=256)
args = p.parse_args()
peer.start(args)

generator = networks.TransformerNet(args.filters)
optimizer = torch.optim.Adam(generator.parameters(), 1e-3)
perception = networks.Perception()
images = torch.rand(args.batch, 3, args.size, args.size) * 255
with torch.no_grad():
    style = torch.rand(1, 3, 256, 256) * 255
    style_grams = [networks.gram(f).repeat(args.batch, 1, 1) for f in perception(networks.normalize(style))]


def step():
    optimizer.zero_grad()
    y = networks.normalize(generator(images))
    x = networks.normalize(images)
    features_y = perception(y)
    features_x = perception(x)
    content = CONTENT_WEIGHT * F.mse_loss(features_y[1], features_x[1])
    style = STYLE_WEIGHT * sum(F.mse_loss(networks.gram(f), g) for f, g in zip(features_y, style_grams))
    (content + style).backward()
    optimizer.step()
    content.item(), style.item()


peer.main(args, {"step": step}, filters=args.filters, batch=args.batch, size=args.size)
