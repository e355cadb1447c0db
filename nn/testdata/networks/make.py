#!/usr/bin/env python3
"""Writes what PyTorch makes of networks with random weights: make.py FOLDER A,B,C BLOCKS FAMILY... [--training]

Of each family of nn/arch: FAMILY.pth, the weights; FAMILY.model, the same in the old container and with the running
statistics that old versions saved; FAMILY.golden.pth, a batch x, its output y, a gradient gy of it and the gradients
that follow, and with --training what the tutorial's losses are in three steps. The files in this folder were made with
the line at the end.
"""
import os
import sys

import numpy as np
import torch
from torch.nn import functional as F

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../benchmarks/peers"))
import networks

CONTENT_WEIGHT, STYLE_WEIGHT, SIZE, STEPS = 1e5, 1e9, 32, 3


def picture(seed, size=SIZE):
    """The picture that the tests in Go draw by the same formula."""
    y, x, c = torch.meshgrid(torch.arange(size), torch.arange(size), torch.arange(3), indexing="ij")
    return ((x * x * (seed + 1) + 3 * y * (c + 2) + 16 * seed * c) // 7 % 256).permute(2, 0, 1).float()


def hashed(perception):
    """Gives VGG-19 the weights of vgg/vggtest.Hashed."""
    at = 0
    for p in perception.parameters():
        with np.errstate(over="ignore"):
            z = np.arange(at + 1, at + 1 + p.numel(), dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        u = ((z ^ (z >> np.uint64(31))) >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)
        scale = np.sqrt(6 / (9 * p.shape[1])) if p.dim() == 4 else 0.05
        with torch.no_grad():
            p.copy_(torch.from_numpy(u * np.float32(scale)).view(p.shape))
        at += p.numel()
    return perception


def training(net, perception):
    batch = torch.stack([picture(0), picture(1)])
    features = perception(networks.normalize(picture(2)[None]))
    grams = [networks.gram(f).repeat(2, 1, 1) for f in features]
    optimizer, losses = torch.optim.Adam(net.parameters(), 1e-3), []
    for _ in range(STEPS):
        optimizer.zero_grad()
        y, x = perception(networks.normalize(net(batch))), perception(networks.normalize(batch))
        content = CONTENT_WEIGHT * F.mse_loss(y[1], x[1])
        style = STYLE_WEIGHT * sum(F.mse_loss(networks.gram(f), g) for f, g in zip(y, grams))
        (content + style).backward()
        optimizer.step()
        losses.append([content.item(), style.item()])
    return torch.tensor(losses)


def make(folder, family, filters, blocks, perception):
    torch.manual_seed(1)
    net = networks.families[family](filters, blocks)
    with torch.no_grad():
        for name, p in net.named_parameters():
            if "conv2d" not in name:  # norms are the identity at first
                p.add_(torch.randn_like(p) * 0.2)
        net.deconv3.conv2d.weight.mul_(50)
        net.deconv3.conv2d.bias.add_(128)
    weights = net.state_dict()
    torch.save(weights, os.path.join(folder, family + ".pth"))
    old = dict(weights)
    for name in weights:
        module, _, kind = name.rpartition(".")
        if kind == "bias" and not module.endswith("conv2d"):
            old[module + ".running_mean"], old[module + ".running_var"] = torch.zeros_like(weights[name]), torch.ones_like(weights[name])
    torch.save(old, os.path.join(folder, family + ".model"), _use_new_zipfile_serialization=False)

    x = (torch.rand(2, 3, 12, 16) * 255).requires_grad_()
    y = net(x)
    gy = torch.randn_like(y)
    y.backward(gy)
    golden = {"x": x.detach(), "y": y.detach(), "gy": gy, "grad_x": x.grad}
    golden.update({"grad." + name: p.grad.clone() for name, p in net.named_parameters()})
    if perception:
        golden["losses"] = training(net, perception)
    torch.save(golden, os.path.join(folder, family + ".golden.pth"))


# make.py . 2,3,4 1 pytorch-examples anti-aliased anti-aliased-nearest --training
if __name__ == "__main__":
    out, widths, count, *names = sys.argv[1:]
    judge = hashed(networks.Perception()) if "--training" in names else None
    for each in names:
        if each != "--training":
            make(out, each, networks.filters(widths), int(count), judge)
