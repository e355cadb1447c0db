"""Checks ONNX files with the reference checker and its shape inference.

usage: checker.py FILE...
"""
import sys

import onnx

for path in sys.argv[1:]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    assert len(inferred.graph.value_info) == len(model.graph.node) - 1, path
    for node in model.graph.node:
        schema = onnx.defs.get_schema(node.op_type, model.opset_import[0].version, "")
        if model.opset_import[0].version > 9:
            assert not schema.deprecated, node.op_type
    print(path, "ok")
