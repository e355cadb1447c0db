"""Makes the fixtures in this directory with PyTorch 1.13 (any later one will do):

    python3 make.py

expected.json holds, for each file, the tensors [name, shape, values] as PyTorch
itself sees them; read_test.go compares."""
import json
import os
import zipfile
from collections import OrderedDict

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

with open("expected.json", "w") as f:
    json.dump(expected, f)
