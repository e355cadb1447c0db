"""Runs the tutorial's TransformerNet in PyTorch on the weights of an ONNX file.

usage: forward.py MODEL.onnx INPUT HEIGHT WIDTH OUTPUT

Frames are little-endian float32 NCHW. The network is written down here from
its definition, not taken from the file's graph: only the weights are.
"""
import sys

import numpy
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

model, source, height, width, target = sys.argv[1:]
w = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in onnx.load(model).graph.initializer}


def conv(x, name, kernel, stride=1):
    x = F.pad(x, [kernel // 2] * 4, mode="reflect")
    return F.conv2d(x, w[name + ".conv2d.weight"], w[name + ".conv2d.bias"], stride=stride)


def norm(x, name):
    return F.instance_norm(x, weight=w[name + ".weight"], bias=w[name + ".bias"], eps=1e-5)


def residual(x, name):
    y = F.relu(norm(conv(x, name + ".conv1", 3), name + ".in1"))
    return norm(conv(y, name + ".conv2", 3), name + ".in2") + x


def double(x):
    return F.interpolate(x, mode="nearest", scale_factor=2)


torch.set_num_threads(1)
x = torch.from_numpy(numpy.fromfile(source, "<f4")).reshape(1, 3, int(height), int(width))
with torch.no_grad():
    conv1 = F.relu(norm(conv(x, "conv1", 9), "in1"))
    conv2 = F.relu(norm(conv(conv1, "conv2", 3, 2), "in2"))
    conv3 = F.relu(norm(conv(conv2, "conv3", 3, 2), "in3"))
    y, i = conv3, 0
    while "resnets.%d.conv1.conv2d.weight" % i in w:
        y = residual(y, "resnets.%d" % i) + y
        i += 1
    y = F.relu(norm(conv(double(conv3 + y), "deconv1", 3), "in4"))
    y = F.relu(norm(conv(double(conv2 + y), "deconv2", 3), "in5"))
    y = conv(conv1 + y, "deconv3", 9)
y.numpy().astype("<f4").tofile(target)
