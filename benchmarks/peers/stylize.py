#!/usr/bin/env python3
"""The transformer network's forward pass on one image in PyTorch; can write the network for ort.mjs."""
import torch

import networks
import peer

p = peer.parser(__doc__)
p.add_argument("--filters", type=networks.filters, default=(8, 16, 32))
p.add_argument("--width", type=int, default=960)
p.add_argument("--height", type=int, default=540)
p.add_argument("--export", metavar="FILE.onnx", help="write the network as ONNX (opset 9) and stop")
args = p.parse_args()
peer.start(args)

net = networks.TransformerNet(args.filters).eval()
image = torch.rand(1, 3, args.height, args.width) * 255


def forward():
    with torch.no_grad():
        net(image)


if args.export:
    torch.onnx.export(net, image, args.export, opset_version=9, input_names=["input"], output_names=["output"])
else:
    peer.main(args, {"stylize": forward}, filters=args.filters, width=args.width, height=args.height)
