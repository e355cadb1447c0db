"""Makes the fixtures in this directory with PyTorch 1.13 (any later one will do):

    python3 make.py

expected.json holds, for each file, the tensors [name, shape, values] as PyTorch
itself sees them; read_test.go compares."""
import argparse
import datetime
import json
import os
import pathlib
import pickle
import random
import zipfile
from collections import Counter, OrderedDict, defaultdict

import numpy as np
import torch

os.chdir(os.path.dirname(os.path.abspath(__file__)))
torch.manual_seed(1)
expected = {}


def note(name, state):
    expected[name] = [[k, list(v.shape), v.detach().double().flatten().tolist()]
                      for k, v in state.items() if torch.is_tensor(v)]


def save(name, state, obj=None, **kwargs):
    torch.save(state if obj is None else obj, name, **kwargs)
    note(name, state)


def net():
    return torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.ReLU(), torch.nn.InstanceNorm2d(3, affine=True))


plain = net().state_dict()  # with _metadata
save("zip.pth", plain)
save("legacy.pth", plain, _use_new_zipfile_serialization=False)
save("dict.pth", dict(plain))
save("half.pth", OrderedDict((k, v.half()) for k, v in plain.items()))
save("bfloat16.pth", OrderedDict((k, v.bfloat16()) for k, v in plain.items()))
save("bfloat16_legacy.pth", OrderedDict((k, v.bfloat16()) for k, v in plain.items()),
     _use_new_zipfile_serialization=False)

f16 = torch.arange(0, 65536, 61, dtype=torch.int32).to(torch.int16).view(torch.float16)
save("half_values.pth", {"finite": f16[torch.isfinite(f16)]})  # normal, subnormal, both zeros

batchnorm = torch.nn.BatchNorm2d(3)
batchnorm(torch.randn(2, 3, 4, 4))
save("batchnorm.pth", batchnorm.state_dict())  # int64 num_batches_tracked
save("types.pth", {"double": torch.randn(5).double(), "byte": torch.tensor([0, 255], dtype=torch.uint8),
                   "char": torch.tensor([-128, 127], dtype=torch.int8),
                   "short": torch.tensor([-32768, 32767], dtype=torch.int16),
                   "int": torch.tensor([-2**24, 2**24], dtype=torch.int32), "bool": torch.tensor([True, False]),
                   "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3), "text": "left out", "none": None})
for kind, zipped in ("", True), ("_legacy", False):
    save(f"parameter{kind}.pth", OrderedDict(net().named_parameters()), _use_new_zipfile_serialization=zipped)
    base = torch.arange(24.).reshape(2, 3, 4)
    save(f"views{kind}.pth", OrderedDict(
        transposed=base.permute(2, 0, 1), part=base[1, :, 1:3], same=base, again=base, row=base[0, 1],
        expanded=torch.tensor([1., 2.])[:, None].expand(2, 3),
        channels_last=torch.randn(2, 3, 2, 2).to(memory_format=torch.channels_last)),
        _use_new_zipfile_serialization=zipped)

model = net()
optimizer = torch.optim.Adam(model.parameters())
model(torch.randn(1, 2, 8, 8)).square().sum().backward()
optimizer.step()
save("nested.pth", model.state_dict(), {"epoch": 3, "loss": 0.5, "big": 2**70, "state_dict": model.state_dict(),
                                        "optimizer": optimizer.state_dict()})

with zipfile.ZipFile("zip.pth") as src, zipfile.ZipFile("deflated.pth", "w", zipfile.ZIP_DEFLATED) as dst:
    for name in src.namelist():
        dst.writestr(zipfile.ZipInfo(name), src.read(name), zipfile.ZIP_DEFLATED)
note("deflated.pth", torch.load("deflated.pth"))

# Every protocol that torch.save writes (0 cannot name storages), in both containers.
small = OrderedDict([("conv.weight", torch.arange(6.).reshape(1, 6)), ("conv.bias", torch.tensor([0.5]))])
small._metadata = OrderedDict(version=1)
for protocol in 1, 2, 3, 4, 5:
    for kind, zipped in ("", True), ("_legacy", False):
        save(f"protocol{protocol}{kind}.pth", small, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)

# What checkpoints hold beside the weights. Tensors lie at the top too, and some of them
# are of kinds that have no plain values.
beside = {
    "loss": torch.tensor(0.25), "rng_state": torch.arange(5, dtype=torch.uint8), "epoch": 3,
    "counter": Counter("aab"), "default": defaultdict(list, a=[1]), "set": {1, 2}, "frozen": frozenset("ab"),
    "device": torch.device("cuda:0"), "dtype": torch.float32, "size": torch.Size([1, 2]), "shape": small["conv.weight"].shape,
    "layout": torch.strided, "complex": 1 + 2j, "bytes": b"\x00\xff" * 200, "bytearray": bytearray(b"abc"),
    "numpy": [np.float64(0.5), np.int64(3), np.bool_(True), np.arange(3), np.dtype("float32")],
    "random": random.Random(1).getstate(), "numpy random": np.random.RandomState(1).get_state(),
    "args": argparse.Namespace(lr=1e-3), "path": pathlib.PurePosixPath("a/b"), "date": datetime.datetime(2020, 1, 1),
    "slice": slice(1, 2), "huge": 2**200, "negative": -(2**70), "nested": [({"a": [None]},)],
    "sparse": torch.eye(2).to_sparse(), "complex tensor": torch.tensor([1j]), "quantized": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8),
    "attributes": torch.ones(2),
}
beside["attributes"].note = "kept by _rebuild_from_type_v2"
optimizer_state = {"state": {0: {"step": torch.tensor(1.), "exp_avg": torch.zeros(2), "exp_avg_sq": torch.zeros(2)}},
                   "param_groups": [{"lr": 1e-3, "params": [0]}]}
for protocol in 2, 4:
    save(f"beside{protocol}.pth", small, {**beside, "optimizer": optimizer_state, "model_state_dict": small}, pickle_protocol=protocol)
save("beside_legacy.pth", small, {"model": small, **{k: v for k, v in beside.items() if k != "quantized"}},
     pickle_protocol=4, _use_new_zipfile_serialization=False)
other = OrderedDict((k, v + 1) for k, v in small.items())
save("gan.pth", small, {"discriminator": other, "generator": small})
save("deep.pth", small, {"epoch": 1, "checkpoint": [{"stuff": {"weights of it": small}}, {"optimizer": optimizer_state}]})
save("tuple.pth", small, (small, 7))
save("flat.pth", {"weight": small["conv.bias"]}, {"weight": small["conv.bias"], "extra": {"other": small["conv.bias"]}})

# What holds no state dict, or too many.
torch.save(optimizer_state, "bad_optimizer.pth")
torch.save({"a": small, "b": other}, "bad_two.pth")
torch.save([small["conv.bias"]], "bad_list.pth")
torch.save({"conv.weight": torch.eye(2).to_sparse()}, "bad_sparse.pth")
torch.save({"conv.weight": torch.tensor([1j])}, "bad_complex.pth")
torch.save(torch.nn.ReLU(), "bad_module.pth")
torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), "bad_script.pth")
with open("bad_pickle.pth", "wb") as f:
    pickle.dump({"a": 1}, f, protocol=4)

with open("expected.json", "w") as f:
    json.dump(expected, f)
