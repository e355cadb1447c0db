#!/usr/bin/env python3
"""Writes adamw.json: what torch.optim.AdamW and clip_grad_norm_ make of given gradients."""
import json
import os

import torch

torch.manual_seed(1)
SIZES, STEPS = (5, 3), 12


def run(decay, max_norm):
    params = [torch.nn.Parameter(torch.randn(n)) for n in SIZES]
    optimizer = torch.optim.AdamW(params, lr=0.05, weight_decay=decay)
    start, steps = [p.tolist() for p in params], []
    for step in range(STEPS):
        grads = [torch.randn(n) * (3 if step % 3 else 0.1) for n in SIZES]
        for p, g in zip(params, grads):
            p.grad = g.clone()
        norm = torch.nn.utils.clip_grad_norm_(params, max_norm if max_norm else float("inf"))
        optimizer.step()
        steps.append({"grads": [g.tolist() for g in grads], "norm": norm.item(), "params": [p.tolist() for p in params]})
    return {"decay": decay, "max_norm": max_norm, "start": start, "steps": steps}


runs = [run(decay, max_norm) for decay, max_norm in ((0, 0), (0.1, 0), (0, 1.5), (0.1, 1.5))]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "adamw.json"), "w") as f:
    json.dump(runs, f)
    f.write("\n")
