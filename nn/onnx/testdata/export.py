"""Exports small networks with PyTorch, and writes variants of the files as tools make them.

usage: export.py FOLDER

The files of testdata/export are what this script makes with PyTorch 1.13 and onnx 1.12. Beside the files of each
family lie its weights in the order of its state_dict, and what PyTorch makes of a frame (FAMILY.x, FAMILY.y): raw
little-endian float32 numbers.
"""
import os
import sys
import warnings

import numpy
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper, version_converter

from networks import Examples, Tutorial, make

warnings.filterwarnings("ignore")
out = sys.argv[1]
os.makedirs(out, exist_ok=True)
H, W = 24, 32


def path(name):
    return os.path.join(out, name + ".onnx")


def export(net, name, opset, dynamic=False, folding=True, **more):
    axes = {"input": {0: "batch", 2: "h", 3: "w"}, "output": {0: "batch", 2: "H", 3: "W"}} if dynamic else None
    torch.onnx.export(net, torch.zeros(1, 3, H, W), path(name), opset_version=opset, do_constant_folding=folding,
                      input_names=["input"], output_names=["output"], dynamic_axes=axes, **more)


def variant(source, name, change):
    model = onnx.load(path(source))
    change(model)
    onnx.checker.check_model(model)
    with open(path(name), "wb") as f:
        f.write(model.SerializeToString())


def fold(model):
    """Constant nodes become initializers."""
    g = model.graph
    for n in [n for n in g.node if n.op_type == "Constant"]:
        t = n.attribute[0].t
        t.name = n.output[0]
        g.initializer.append(t)
        g.node.remove(n)


def rename(model):
    """Numbers instead of names, and an Identity node after every addition."""
    g = model.graph
    names = {}

    def new(name):
        return names.setdefault(name, "t%d" % len(names)) if name else ""

    for n in g.node:
        n.name = ""
        n.input[:] = [new(x) for x in n.input]
        n.output[:] = [new(x) for x in n.output]
    for v in list(g.input) + list(g.output) + list(g.initializer):
        v.name = new(v.name)
    del g.value_info[:]
    del model.metadata_props[:]
    i = 0
    while i < len(g.node):
        if g.node[i].op_type == "Add":
            for follower in g.node[i + 1:]:
                follower.input[:] = [x + "_id" if x == g.node[i].output[0] else x for x in follower.input]
            g.node.insert(i + 1, helper.make_node("Identity", [g.node[i].output[0]], [g.node[i].output[0] + "_id"]))
        i += 1


def typed(model):
    """Elements in float_data instead of raw_data."""
    for t in model.graph.initializer:
        a = numpy_helper.to_array(t)
        if a.dtype == numpy.float32:
            t.CopyFrom(helper.make_tensor(t.name, TensorProto.FLOAT, a.shape, a.flatten().tolist()))


def halves(model):
    """Weights in half precision, each with a Cast."""
    g = model.graph
    casts = []
    for t in g.initializer:
        a = numpy_helper.to_array(t)
        if a.ndim == 4:
            name = t.name
            t.CopyFrom(helper.make_tensor(name + "_half", TensorProto.FLOAT16, a.shape, a.astype(numpy.float16).flatten().tolist()))
            casts.append(helper.make_node("Cast", [name + "_half"], [name], to=TensorProto.FLOAT))
    for n in reversed(casts):
        g.node.insert(0, n)


def wrap(before, after):
    """Nodes before and after: lists of (operator, constant)."""

    def change(model):
        g = model.graph

        def chain(nodes, first, last, at):
            for i, (op, c) in enumerate(nodes):
                name = "%s_c%d" % (last, i)
                inputs = [first if i == 0 else "%s_v%d" % (last, i - 1)]
                if op == "Clip":
                    n = helper.make_node(op, inputs, [last if i == len(nodes) - 1 else "%s_v%d" % (last, i)], min=c[0], max=c[1])
                else:
                    g.initializer.append(numpy_helper.from_array(numpy.asarray(c, numpy.float32), name))
                    n = helper.make_node(op, inputs + [name], [last if i == len(nodes) - 1 else "%s_v%d" % (last, i)])
                g.node.insert(at + i, n)

        if before:
            for n in g.node:
                n.input[:] = ["inner" if x == "input" else x for x in n.input]
            chain(before, "input", "inner", 0)
        if after:
            for n in g.node:
                n.output[:] = ["raw" if x == "output" else x for x in n.output]
            chain(after, "raw", "output", len(g.node))

    return change


def sizes(model):
    """Resize by sizes instead of scales, as some exporters write it for a fixed frame."""
    g = model.graph
    g.initializer.append(numpy_helper.from_array(numpy.zeros(0, numpy.float32), "none"))
    for i, n in enumerate([n for n in g.node if n.op_type == "Resize"]):
        name, scale = "sizes%d" % i, 2 - i
        shape = [1, 5 - i, H // scale, W // scale]
        g.initializer.append(numpy_helper.from_array(numpy.array(shape, numpy.int64), name))
        n.input[:] = [n.input[0], "none", "none", name]


for family, net in (("tutorial", make(Tutorial)), ("examples", make(Examples, seed=2))):
    x = torch.from_numpy(numpy.random.default_rng(1).integers(0, 256, (1, 3, H, W)).astype(numpy.float32))
    with torch.no_grad():
        y = net(x)
    for name, data in (("x", [x]), ("y", [y]), ("weights", net.state_dict().values())):
        numpy.concatenate([t.numpy().flatten() for t in data]).astype("<f4").tofile(os.path.join(out, family + "." + name))
    export(net, family + "_9", 9)
    export(net, family + "_9_dynamic", 9, dynamic=True)
    export(net, family + "_11", 11)
    export(net, family + "_13_dynamic_unfolded", 13, dynamic=True, folding=False)
    export(net, family + "_15_dynamic", 15, dynamic=True)
    variant(family + "_11", family + "_11_folded", fold)
    variant(family + "_9", family + "_9_to_15", lambda m: m.CopyFrom(version_converter.convert_version(m, 15)))
    variant(family + "_13_dynamic_unfolded", family + "_13_inferred", lambda m: m.CopyFrom(onnx.shape_inference.infer_shapes(m)))
    variant(family + "_15_dynamic", family + "_15_renamed", rename)

export(net, "examples_9_inputs", 9, keep_initializers_as_inputs=True)
export(make(Tutorial), "tutorial_12_unfolded", 12, folding=False)
variant("tutorial_9", "tutorial_9_typed", typed)
variant("tutorial_9", "tutorial_9_halves", halves)
variant("tutorial_11", "tutorial_11_sizes", lambda m: (fold(m), sizes(m)))
mean, std = numpy.array([[0.485], [0.456], [0.406]]).reshape(3, 1, 1), numpy.array([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)
variant("tutorial_9", "tutorial_9_unit", wrap([("Mul", 255)], [("Div", 255), ("Clip", (0.0, 1.0))]))
variant("tutorial_9", "tutorial_9_normalized", wrap([("Div", 255), ("Sub", mean), ("Div", std)], []))
