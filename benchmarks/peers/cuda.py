#!/usr/bin/env python3
"""Rows of benchmarks/gpu in PyTorch on a CUDA card, the best of eager and graph, in milliseconds a line."""
import argparse
import re
import statistics
import sys
import time

import torch
from torch.nn import functional as F

import networks

FILTERS = ((8, 16, 32), (16, 32, 64), (32, 64, 128))
LAYERS = (("conv1_1", 3, 64, 1), ("conv1_2", 64, 64, 1), ("conv2_1", 64, 128, 2), ("conv2_2", 128, 128, 2),
          ("conv3_1", 128, 256, 4), ("conv3_2", 256, 256, 4), ("conv4_1", 256, 512, 8), ("conv4_2", 512, 512, 8),
          ("conv5_1", 512, 512, 16))

p = argparse.ArgumentParser(description=__doc__)
p.add_argument("--device", default="cuda", help="cpu only shows that the script runs")
p.add_argument("--shrink", type=int, default=1)
p.add_argument("--only", default="")
p.add_argument("--rounds", type=int, default=20)
args = p.parse_args()
if args.device == "cuda" and not torch.cuda.is_available():
    sys.exit("PyTorch finds no CUDA card")
torch.backends.cudnn.benchmark = True
cuda = args.device == "cuda"


def sync():
    if cuda:
        torch.cuda.synchronize()


def median(f):
    for _ in range(3 if cuda else 0):
        f()
    times = []
    for _ in range(args.rounds):
        sync()
        start = time.perf_counter()
        f()
        sync()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def graphed(f):
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            f()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        f()
    return graph.replay


def row(precision, name, make):
    if not re.search(args.only, name):
        return
    f = make()
    best = median(f)
    if cuda:
        try:
            best = min(best, median(graphed(f)))
        except RuntimeError as e:
            print(f"{name}: no graph: {e}", file=sys.stderr)
    print(f"{precision} {name}: {best:.4f}", flush=True)


def layer(cin, cout, size):
    x, w = torch.randn(4, cin, size, size, device=args.device), torch.randn(cout, cin, 3, 3, device=args.device)
    return lambda: F.conv2d(x, w, padding=1)


def frame(filters, width, height):
    net = networks.TransformerNet(filters).to(args.device).eval()
    x = torch.rand(1, 3, height, width, device=args.device) * 255

    def run():
        with torch.no_grad():
            net(x)
    return run


def step(filters, size):
    generator = networks.TransformerNet(filters).to(args.device)
    optimizer = torch.optim.Adam(generator.parameters(), 1e-3, **({"capturable": True} if cuda else {}))
    perception = networks.Perception().to(args.device)
    mean = torch.tensor([0.485, 0.456, 0.406], device=args.device).view(-1, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225], device=args.device).view(-1, 1, 1)
    images = torch.rand(4, 3, size, size, device=args.device) * 255

    def features(x):
        return perception((x / 255 - mean) / std)
    with torch.no_grad():
        grams = [networks.gram(f).repeat(4, 1, 1) for f in features(images[:1])]

    def run():
        optimizer.zero_grad(set_to_none=False)
        y, x = features(generator(images)), features(images)
        content = 1e5 * F.mse_loss(y[1], x[1])
        style = 2e9 * sum(F.mse_loss(networks.gram(f), g) for f, g in zip(y, grams))
        (content + style).backward()
        optimizer.step()
    return run


for precision in ("fp32", "tf32"):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    for name, cin, cout, shrink in LAYERS:
        row(precision, name + ".fwd", lambda: layer(cin, cout, 256 // args.shrink // shrink))
    for f in FILTERS:
        text = "[" + " ".join(map(str, f)) + "]"
        for w, h in ((960 // args.shrink, 540 // args.shrink), (1920 // args.shrink, 1080 // args.shrink)):
            row(precision, f"frame {w}x{h} {text}", lambda: frame(f, w // 4 * 4, h // 4 * 4))
        if f != FILTERS[1]:
            row(precision, f"step {text}", lambda: step(f, 256 // args.shrink))
