#!/usr/bin/env python3
"""Writes objectives.json: PyTorch's learning rate schedules and a total variation loss."""
import json
import os

import torch
from torch.optim import lr_scheduler as lr

STEPS = 20


def rates(make):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.01)
    scheduler, list_ = make(optimizer), []
    for _ in range(STEPS):
        list_.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return list_


def warm(optimizer, steps, then):
    first = lr.LinearLR(optimizer, start_factor=1 / steps, total_iters=steps - 1)
    return lr.SequentialLR(optimizer, [first, then(optimizer)], milestones=[steps])


schedules = {
    "constant": rates(lambda o: lr.ConstantLR(o, factor=1)),
    "step:6:0.3": rates(lambda o: lr.StepLR(o, 6, 0.3)),
    "cosine": rates(lambda o: lr.CosineAnnealingLR(o, STEPS)),
    "cosine:0.1": rates(lambda o: lr.CosineAnnealingLR(o, STEPS, eta_min=0.001)),
    "warmup:4,cosine": rates(lambda o: warm(o, 4, lambda o: lr.CosineAnnealingLR(o, STEPS - 4))),
    "warmup:5,step:3:0.5": rates(lambda o: warm(o, 5, lambda o: lr.StepLR(o, 3, 0.5))),
}

torch.manual_seed(2)
y = (torch.rand(2, 3, 5, 7) * 255).requires_grad_()
right, below = y[:, :, :, 1:] - y[:, :, :, :-1], y[:, :, 1:] - y[:, :, :-1]
tv = 0.25 * ((right**2).sum() + (below**2).sum()) / y.numel()
tv.backward()

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "objectives.json"), "w") as f:
    json.dump({
        "schedules": schedules,
        "tv": {"weight": 0.25, "y": y.flatten().tolist(), "loss": tv.item(), "grad": y.grad.flatten().tolist()},
    }, f)
    f.write("\n")
