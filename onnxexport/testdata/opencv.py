"""Runs ONNX models with OpenCV's dnn module.

usage: opencv.py FOLDER

FOLDER/jobs.json lists {name, model, input, output, height, width}, as for ort.js.
"""
import json
import os
import sys

import cv2
import numpy

folder = sys.argv[1]
cv2.setNumThreads(1)
for job in json.load(open(os.path.join(folder, "jobs.json"))):
    net = cv2.dnn.readNetFromONNX(os.path.join(folder, job["model"]))
    net.enableFusion(False)  # it does not survive a change of the frame size
    x = numpy.fromfile(os.path.join(folder, job["input"]), "<f4").reshape(1, 3, job["height"], job["width"])
    net.setInput(x)
    y = net.forward()
    assert y.shape == x.shape, (job["name"], y.shape)
    y.astype("<f4").tofile(os.path.join(folder, job["output"]))
