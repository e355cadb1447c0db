"""What the PyTorch scripts of this folder share: command line, timing and the line protocol (README.md)."""
import argparse
import json
import os
import resource
import statistics
import sys
import time

import torch

TUNING = ("MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD", "OMP_", "OPENBLAS_", "ATEN_", "ONEDNN_")


def parser(doc):
    """The flags that every script takes."""
    p = argparse.ArgumentParser(description=doc)
    p.add_argument("--rounds", type=int, default=5, help="timed iterations of each case")
    p.add_argument("--warmup", type=int, default=2, help="iterations of each case before those")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--serve", action="store_true", help="time single iterations as asked for on stdin")
    return p


def start(args):
    """Applies the flags to PyTorch; call it before making tensors."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)


def peak_rss_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def milliseconds(f):
    begin = time.perf_counter()
    f()
    return (time.perf_counter() - begin) * 1e3


def main(args, cases, **facts):
    """Measures cases, a dict from a name to a function that runs one iteration."""
    about = {
        "peer": f"PyTorch {torch.__version__}",
        "script": os.path.basename(sys.argv[0]),
        "threads": args.threads,
        "env": {k: v for k, v in sorted(os.environ.items()) if k.startswith(TUNING)},
        **facts,
    }
    for f in cases.values():
        for _ in range(args.warmup):
            f()
    if args.serve:
        serve(about, cases)
        return
    results = {}
    for name, f in cases.items():
        ms = [milliseconds(f) for _ in range(args.rounds)]
        results[name] = {"median_ms": round(statistics.median(ms), 3), "min_ms": round(min(ms), 3)}
    print(json.dumps({**about, "rounds": args.rounds, "peak_rss_mb": round(peak_rss_mb()), "cases": results}))


def serve(about, cases):
    """Answers the line protocol until "quit" or the end of stdin."""
    print(json.dumps({**about, "cases": list(cases)}), flush=True)
    for line in sys.stdin:
        command, _, name = line.strip().partition(" ")
        if command == "quit":
            return
        if command == "rss":
            print(f"{peak_rss_mb():.1f}", flush=True)
        elif command == "go" and (name or len(cases) == 1):
            f = cases.get(name) if name else next(iter(cases.values()))
            if f is None:
                sys.exit(f"no case {name!r}")
            print(f"{milliseconds(f):.4f}", flush=True)
        else:
            sys.exit(f"unknown command {line.strip()!r}")
