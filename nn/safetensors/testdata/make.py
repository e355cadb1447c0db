"""Makes the fixtures in this directory, byte by byte after the format's
description, with PyTorch only for the values:

    python3 make.py

expected.json holds the tensors [name, shape, values]; read_test.go compares."""
import json
import os
import struct

import torch

os.chdir(os.path.dirname(os.path.abspath(__file__)))
torch.manual_seed(1)

dtypes = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16",
          torch.uint8: "U8", torch.int8: "I8", torch.int16: "I16", torch.int32: "I32", torch.int64: "I64",
          torch.bool: "BOOL"}
tensors = {
    "double": torch.randn(3).double(), "long": torch.tensor([-2**24, 2**24]),
    "weight": torch.randn(2, 3, 1, 2), "scalar": torch.tensor(2.5), "int": torch.tensor([1, -1], dtype=torch.int32),
    "half": torch.randn(4).half(), "bfloat": torch.randn(4).bfloat16(), "short": torch.tensor([-3], dtype=torch.int16),
    "empty": torch.zeros(0, 3), "byte": torch.tensor([0, 255], dtype=torch.uint8),
    "char": torch.tensor([-128, 127], dtype=torch.int8), "bool": torch.tensor([True, False]),
}
header, data = {"__metadata__": {"format": "pt", "größe": "a\n\"b\""}}, b""
for name, t in tensors.items():
    raw = t.contiguous().flatten().view(torch.uint8).numpy().tobytes() if t.dtype == torch.bfloat16 else t.numpy().tobytes()
    header[name] = {"dtype": dtypes[t.dtype], "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open("types.safetensors", "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text + data)
with open("expected.json", "w") as f:
    json.dump([[k, list(t.shape), t.double().flatten().tolist()] for k, t in tensors.items()], f)
