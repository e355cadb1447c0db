"""Networks in PyTorch: those that nn/arch knows by name, and the VGG-19 that judges what they make."""
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models import vgg19


class ConvLayer(nn.Module):
    """Nearest upsampling if asked for, reflection padding, convolution."""

    def __init__(self, cin, cout, kernel, stride=1, upsample=None):
        super().__init__()
        self.upsample = upsample
        self.reflection_pad = nn.ReflectionPad2d(kernel // 2)
        self.conv2d = nn.Conv2d(cin, cout, kernel, stride)

    def forward(self, x):
        if self.upsample:
            x = F.interpolate(x, mode="nearest", scale_factor=self.upsample)
        return self.conv2d(self.reflection_pad(x))


class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = ConvLayer(channels, channels, 3)
        self.in1 = nn.InstanceNorm2d(channels, affine=True)
        self.conv2 = ConvLayer(channels, channels, 3)
        self.in2 = nn.InstanceNorm2d(channels, affine=True)

    def forward(self, x):
        y = F.relu(self.in1(self.conv1(x)))
        return self.in2(self.conv2(y)) + x


class TransformerNet(nn.Module):
    """Every residual block is followed by a second addition of its input, as in the tutorial."""

    def __init__(self, filters, res_blocks=5):
        super().__init__()
        a, b, c = filters
        self.conv1, self.in1 = ConvLayer(3, a, 9), nn.InstanceNorm2d(a, affine=True)
        self.conv2, self.in2 = ConvLayer(a, b, 3, stride=2), nn.InstanceNorm2d(b, affine=True)
        self.conv3, self.in3 = ConvLayer(b, c, 3, stride=2), nn.InstanceNorm2d(c, affine=True)
        self.resnets = nn.ModuleList(ResidualBlock(c) for _ in range(res_blocks))
        self.deconv1, self.in4 = ConvLayer(c, b, 3, upsample=2), nn.InstanceNorm2d(b, affine=True)
        self.deconv2, self.in5 = ConvLayer(b, a, 3, upsample=2), nn.InstanceNorm2d(a, affine=True)
        self.deconv3 = ConvLayer(a, 3, 9)

    def forward(self, x):
        y1 = F.relu(self.in1(self.conv1(x)))
        y2 = F.relu(self.in2(self.conv2(y1)))
        y3 = F.relu(self.in3(self.conv3(y2)))
        y = y3
        for block in self.resnets:
            y = block(y) + y
        y = F.relu(self.in4(self.deconv1(y3 + y)))
        y = F.relu(self.in5(self.deconv2(y2 + y)))
        return self.deconv3(y1 + y)


class ExamplesNet(nn.Module):
    """The TransformerNet of pytorch/examples' fast_neural_style: no skips, and each block's input added once."""

    def __init__(self, filters=(32, 64, 128), res_blocks=5):
        super().__init__()
        a, b, c = filters
        self.conv1, self.in1 = ConvLayer(3, a, 9), nn.InstanceNorm2d(a, affine=True)
        self.conv2, self.in2 = ConvLayer(a, b, 3, stride=2), nn.InstanceNorm2d(b, affine=True)
        self.conv3, self.in3 = ConvLayer(b, c, 3, stride=2), nn.InstanceNorm2d(c, affine=True)
        self.blocks = [f"res{i + 1}" for i in range(res_blocks)]
        for name in self.blocks:
            setattr(self, name, ResidualBlock(c))
        self.deconv1, self.in4 = ConvLayer(c, b, 3, upsample=2), nn.InstanceNorm2d(b, affine=True)
        self.deconv2, self.in5 = ConvLayer(b, a, 3, upsample=2), nn.InstanceNorm2d(a, affine=True)
        self.deconv3 = ConvLayer(a, 3, 9)

    def forward(self, x):
        y = F.relu(self.in1(self.conv1(x)))
        y = F.relu(self.in2(self.conv2(y)))
        y = F.relu(self.in3(self.conv3(y)))
        for name in self.blocks:
            y = getattr(self, name)(y)
        y = F.relu(self.in4(self.deconv1(y)))
        y = F.relu(self.in5(self.deconv2(y)))
        return self.deconv3(y)


class BlurredConvLayer(nn.Module):
    """Reflection padding, convolution, and a 1-2-1 filter before every second pixel is taken."""

    def __init__(self, cin, cout, kernel):
        super().__init__()
        self.reflection_pad = nn.ReflectionPad2d(kernel // 2 + 1)
        self.blurred_conv2d = nn.Conv2d(cin, cout, kernel)

    def forward(self, x):
        y = self.blurred_conv2d(self.reflection_pad(x))
        row = y.new_tensor([0.25, 0.5, 0.25])
        return F.conv2d(y, (row[:, None] * row).expand(y.shape[1], 1, 3, 3), stride=2, groups=y.shape[1])


class BilinearConvLayer(nn.Module):
    """Bilinear upsampling, reflection padding, convolution."""

    def __init__(self, cin, cout, kernel):
        super().__init__()
        self.reflection_pad = nn.ReflectionPad2d(kernel // 2)
        self.bilinear_conv2d = nn.Conv2d(cin, cout, kernel)

    def forward(self, x):
        x = F.interpolate(x, mode="bilinear", scale_factor=2, align_corners=False)
        return self.bilinear_conv2d(self.reflection_pad(x))


class AntiAliasedNet(TransformerNet):
    """The tutorial's network with a filter before every sampling."""

    def __init__(self, filters, res_blocks=5, bilinear=True):
        super().__init__(filters, res_blocks)
        a, b, c = filters
        self.conv2, self.conv3 = BlurredConvLayer(a, b, 3), BlurredConvLayer(b, c, 3)
        if bilinear:
            self.deconv1, self.deconv2 = BilinearConvLayer(c, b, 3), BilinearConvLayer(b, a, 3)


# By the names of nn/arch.
families = {
    "tutorial": TransformerNet,
    "pytorch-examples": ExamplesNet,
    "anti-aliased": AntiAliasedNet,
    "anti-aliased-nearest": lambda filters, res_blocks: AntiAliasedNet(filters, res_blocks, bilinear=False),
}


class Perception(nn.Module):
    """VGG-19 with random weights (the time is the same), cut after the tutorial's five outputs."""

    def __init__(self):
        super().__init__()
        layers = list(vgg19(weights=None).features)
        cuts = (0, 4, 9, 18, 27, 36)
        self.slices = nn.ModuleList(nn.Sequential(*layers[i:j]) for i, j in zip(cuts, cuts[1:]))
        self.requires_grad_(False)

    def forward(self, x):
        outputs = []
        for part in self.slices:
            x = part(x)
            outputs.append(x)
        return outputs


def gram(y):
    b, c, h, w = y.size()
    features = y.view(b, c, h * w)
    return features.bmm(features.transpose(1, 2)) / (c * h * w)


def normalize(batch):
    mean = batch.new_tensor([0.485, 0.456, 0.406]).view(-1, 1, 1)
    std = batch.new_tensor([0.229, 0.224, 0.225]).view(-1, 1, 1)
    return (batch / 255.0 - mean) / std


def filters(text):
    """Parses 8,16,32."""
    a, b, c = (int(n) for n in text.split(","))
    return a, b, c
