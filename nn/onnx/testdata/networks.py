"""The two families of networks in PyTorch, written down from their definitions: the tutorial's TransformerNet and
pytorch/examples' fast_neural_style one. Both are narrow here, and their weights are random but of the size that
training leaves."""
import torch
from torch import nn
from torch.nn import functional as F


class ConvLayer(nn.Module):
    def __init__(self, cin, cout, kernel, stride=1, upsample=None):
        super().__init__()
        self.upsample = upsample
        self.reflection_pad = nn.ReflectionPad2d(kernel // 2)
        self.conv2d = nn.Conv2d(cin, cout, kernel, stride)

    def forward(self, x):
        if self.upsample:
            x = F.interpolate(x, mode="nearest", scale_factor=self.upsample)
        return self.conv2d(self.reflection_pad(x))


def norm(channels):
    return nn.InstanceNorm2d(channels, affine=True)


class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1, self.in1 = ConvLayer(channels, channels, 3), norm(channels)
        self.conv2, self.in2 = ConvLayer(channels, channels, 3), norm(channels)

    def forward(self, x):
        return self.in2(self.conv2(F.relu(self.in1(self.conv1(x))))) + x


class Encoder(nn.Module):
    """What both networks begin and end with."""

    def __init__(self, a, b, c):
        super().__init__()
        self.conv1, self.in1 = ConvLayer(3, a, 9), norm(a)
        self.conv2, self.in2 = ConvLayer(a, b, 3, 2), norm(b)
        self.conv3, self.in3 = ConvLayer(b, c, 3, 2), norm(c)

    def encode(self, x):
        y1 = F.relu(self.in1(self.conv1(x)))
        y2 = F.relu(self.in2(self.conv2(y1)))
        return y1, y2, F.relu(self.in3(self.conv3(y2)))

    def decoder(self, a, b, c):
        self.deconv1, self.in4 = ConvLayer(c, b, 3, upsample=2), norm(b)
        self.deconv2, self.in5 = ConvLayer(b, a, 3, upsample=2), norm(a)
        self.deconv3 = ConvLayer(a, 3, 9)


class Tutorial(Encoder):
    def __init__(self, filters, blocks):
        super().__init__(*filters)
        self.resnets = nn.ModuleList(ResidualBlock(filters[2]) for _ in range(blocks))
        self.decoder(*filters)

    def forward(self, x):
        y1, y2, y3 = self.encode(x)
        y = y3
        for block in self.resnets:
            y = block(y) + y
        y = F.relu(self.in4(self.deconv1(y3 + y)))
        y = F.relu(self.in5(self.deconv2(y2 + y)))
        return self.deconv3(y1 + y)


class Examples(Encoder):
    def __init__(self, filters, blocks):
        super().__init__(*filters)
        self.blocks = blocks
        for i in range(blocks):
            setattr(self, "res%d" % (i + 1), ResidualBlock(filters[2]))
        self.decoder(*filters)

    def forward(self, x):
        y = self.encode(x)[2]
        for i in range(self.blocks):
            y = getattr(self, "res%d" % (i + 1))(y)
        y = F.relu(self.in4(self.deconv1(y)))
        y = F.relu(self.in5(self.deconv2(y)))
        return self.deconv3(y)


def make(family, filters=(3, 4, 5), blocks=2, seed=1):
    torch.manual_seed(seed)
    net = family(filters, blocks).eval()
    with torch.no_grad():
        for name, p in net.named_parameters():
            if name.startswith("deconv3"):
                p.mul_(120)
            elif ".conv2d" not in name:
                p.add_(torch.empty_like(p).uniform_(-0.4, 0.4))
        net.deconv3.conv2d.bias.add_(128)
    return net
