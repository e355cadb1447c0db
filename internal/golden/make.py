#!/usr/bin/python3
"""Makes the results in testdata with PyTorch, torchvision and Pillow.

    make.py           writes all files anew
    make.py --check   computes them and compares with the files

PyTorch computes in float64 and the results are rounded to float32, so that every
machine makes the same and their own errors are none. Operands and weights are
hashed numbers (see unit), or cut out of the pictures in the folder drawn, which
our own programs drew. Networks are those of benchmarks/peers/networks.py.

Needs Debian's python3-torch, python3-torchvision and python3-pil (1.13, 0.14, 9.4).
"""
import copy, json, os, struct, sys, warnings
import numpy as np, torch
from collections import OrderedDict
from PIL import Image
from torch.nn import functional as F
from torchvision import transforms

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
OUT = os.path.join(HERE, "testdata")
CHECK = sys.argv[1:] == ["--check"]
sys.path.insert(0, os.path.join(ROOT, "benchmarks", "peers"))
sys.dont_write_bytecode = True
import networks

warnings.simplefilter("ignore")
torch.set_num_threads(1)  # more only fight with other tests
differences = []


def unit(start, shape):
    """Numbers in [-1, 1): the top 24 bits of SplitMix64's outputs, from number start on."""
    n = int(np.prod(shape))
    with np.errstate(over="ignore"):
        z = (np.arange(start, start + n, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    u = (z >> np.uint64(40)).astype(np.float32) * np.float32(2.0 ** -23) - np.float32(1)
    return torch.tensor(u.reshape(shape)).double()


# Files. Each function writes one, or compares it with what it would write.

def path(name):
    p = os.path.join(OUT, name)
    os.makedirs(os.path.dirname(p), exist_ok=True)
    return p


def read(name):
    """Reads a safetensors file."""
    data = open(path(name), "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8:8 + n])
    kinds = {"F32": np.float32, "U8": np.uint8}
    return {k: np.frombuffer(data[8 + n + v["data_offsets"][0]:8 + n + v["data_offsets"][1]], kinds[v["dtype"]]).reshape(v["shape"])
            for k, v in head.items()}


def tensors(name, named):
    """A safetensors file of float32 or uint8 values."""
    arrays = {k: np.ascontiguousarray(v.detach().float().numpy() if torch.is_tensor(v) else v) for k, v in named.items()}
    if CHECK:
        was = read(name)
        if list(was) != list(arrays):
            differences.append(f"{name}: other tensors")
            return
        for k, a in arrays.items():
            # Float64 results round to the same float32 but for a few. Gradients of biases
            # before a normalization are 0 but for float64's own rounding, which depends on
            # the kernels of the machine's BLAS.
            most = float(np.abs(was[k]).max(initial=0))
            close = a.shape == was[k].shape and (
                np.array_equal(a, was[k]) if a.dtype == np.uint8 else
                np.allclose(a, was[k], rtol=2e-7, atol=2e-7 * most) or
                most < 1e-10 and float(np.abs(a).max(initial=0)) < 1e-10)
            if not close:
                differences.append(f"{name}: {k}")
        return
    head, at = {}, 0
    for k, a in arrays.items():
        head[k] = {"dtype": {"float32": "F32", "uint8": "U8"}[str(a.dtype)], "shape": list(a.shape), "data_offsets": [at, at + a.nbytes]}
        at += a.nbytes
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path(name), "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(a.tobytes() for a in arrays.values()))


def picture(name, image):
    """A PNG file."""
    if not CHECK:
        image.save(path(name), optimize=True)
    elif not np.array_equal(np.asarray(image), np.asarray(Image.open(path(name)))):
        differences.append(f"{name}: other pixels")


def weights(name, state, **how):
    """A .pth file."""
    state = OrderedDict((k, v.detach().float()) for k, v in state.items())
    if not CHECK:
        torch.save(state, path(name), **how)
        return
    was = torch.load(path(name))
    if list(was) != list(state) or any(not torch.equal(was[k], v) for k, v in state.items()):
        differences.append(f"{name}: other weights")


# Pictures.

def drawn(name, box, size=None):
    im = Image.open(os.path.join(HERE, "drawn", name)).convert("RGB").crop(box)
    return im.resize(size, Image.BILINEAR) if size else im


def grained(image, seed):
    """Adds noise: in flat parts several pixels are the maximum of a pooling window, and
    which of them rounding makes the largest is nobody's fault."""
    a = np.asarray(image) + 10 * unit(1000 * seed, (image.height, image.width, 3)).numpy()
    return Image.fromarray(a.round().clip(0, 255).astype(np.uint8))


def batch(*images):
    return torch.stack([torch.tensor(np.asarray(im).copy()).permute(2, 0, 1).double() for im in images])


def resizing():
    """What the training's loader and load_image do."""
    source = drawn("landscape.png", (90, 40, 171, 101))
    d = {
        "source": source,
        "resize_crop_32": transforms.CenterCrop(32)(transforms.Resize(32)(source)),
        "resize_crop_96": transforms.CenterCrop(96)(transforms.Resize(96)(source)),
        "lanczos_40x40": source.resize((40, 40), Image.LANCZOS),
        "lanczos_130x50": source.resize((130, 50), Image.LANCZOS),
        "lanczos_scale_2.5": source.resize((int(81 / 2.5), int(61 / 2.5)), Image.LANCZOS),
    }
    tensors("resize.safetensors", {k: np.asarray(v) for k, v in d.items()})


def jpeg():
    """Files of the usual kinds, and their pixels."""
    source = drawn("landscape.png", (60, 30, 173, 107))
    for name, how in {
        "420": dict(quality=75), "444": dict(quality=92, subsampling=0), "422": dict(quality=85, subsampling=1),
        "progressive": dict(quality=80, progressive=True), "coarse": dict(quality=20),
        "restarts": dict(quality=80, restart_marker_blocks=3), "gray": dict(quality=80),
    }.items():
        file = f"jpeg/{name}.jpg"
        if not CHECK:
            (source.convert("L") if name == "gray" else source).save(path(file), **how)
        picture(f"jpeg/{name}.png", Image.open(path(file)).convert("RGB"))


# Operations.

def op(name, f, mask=None, **operands):
    """Operands, the result y, the gradient gy given to it, and the gradients it gives.
    gy is zero where mask says."""
    ins = {k: v.float().double().requires_grad_() for k, v in operands.items()}
    y = f(*ins.values())
    gy = unit(9000, y.shape) if y.dim() else torch.tensor(1.0).double()
    if mask is not None:
        gy = gy.masked_fill(mask, 0)
    y.backward(gy)
    grads = {"grad_" + k: v.grad for k, v in ins.items() if v.grad is not None}
    tensors(f"op/{name}.safetensors", {**operands, "y": y, "gy": gy, **grads})


def operations():
    for name, ci, co, h, w, k, how in (
        ("conv9x9", 3, 8, 14, 15, 9, {}), ("conv3x3", 16, 24, 13, 15, 3, {}), ("conv3x3s2", 8, 12, 13, 17, 3, dict(stride=2)),
        ("conv3x3wide", 32, 32, 16, 12, 3, {}), ("conv3x3pad1", 12, 20, 11, 13, 3, dict(padding=1)),
    ):
        op(name, lambda x, weight, bias: F.conv2d(x, weight, bias, **how), x=unit(1000, (2, ci, h, w)),
           weight=unit(2000, (co, ci, k, k)) / 8, bias=unit(3000, (co,)))
    op("reflectionpad4", lambda x: F.pad(x, (4, 4, 4, 4), mode="reflect"), x=unit(1, (2, 3, 9, 14)))
    op("upsample2", lambda x: F.interpolate(x, scale_factor=2, mode="nearest"), x=unit(2, (2, 3, 5, 7)))
    op("maxpool2", lambda x: F.max_pool2d(x, 2, 2), x=unit(3, (2, 4, 9, 12)))
    op("relu", F.relu, x=unit(4, (2, 3, 7, 9)))
    op("add", lambda x, z: x + z, x=unit(5, (2, 3, 7, 9)), z=unit(6, (2, 3, 7, 9)))
    op("axpy", lambda x, z: z + 2 * x, x=unit(7, (2, 3, 7, 9)), z=unit(8, (2, 3, 7, 9)))
    op("sumsquares", lambda x: (x * x).sum(), x=unit(9, (2, 3, 7, 9)))
    op("instancenorm", lambda x, weight, bias: F.instance_norm(x, weight=weight, bias=bias, eps=1e-5),
       x=3 * unit(10, (2, 5, 13, 7)) + 10, weight=unit(11, (5,)), bias=unit(12, (5,)))
    op("mse", F.mse_loss, x=unit(13, (2, 3, 7, 9)), target=unit(14, (2, 3, 7, 9)))
    op("gram", networks.gram, x=unit(15, (2, 6, 8, 5)))
    op("normalizebatch", networks.normalize, x=127.5 * (1 + unit(16, (2, 3, 6, 5))))
    op("convblock", lambda x, weight, bias: F.relu(F.conv2d(F.pad(F.interpolate(x, scale_factor=2), (1, 1, 1, 1), mode="reflect"), weight, bias)),
       x=unit(17, (2, 12, 7, 9)), weight=unit(18, (8, 12, 3, 3)) / 4, bias=unit(19, (8,)))
    def norm(x, weight, bias):
        return F.instance_norm(x, weight=weight, bias=bias, eps=1e-5)
    x, weight, bias = 3 * unit(20, (2, 6, 11, 7)) + 2, unit(21, (6,)), unit(22, (6,))
    # On which side of zero rounding puts the smallest is nobody's fault.
    op("normblock", lambda x, weight, bias, residual: F.relu(norm(x, weight, bias)) + 2 * residual, mask=norm(x, weight, bias).abs() < 1e-3,
       x=x, weight=weight, bias=bias, residual=unit(23, (2, 6, 11, 7)))
    pair = dict(x=unit(24, (2, 3, 7, 9)), z=unit(25, (2, 3, 7, 9)))
    op("mul", lambda x, z: x * z, **pair)
    op("mask", lambda x, z: x * z.detach(), x=unit(26, (2, 3, 7, 9)), z=(unit(27, (2, 1, 7, 9)) > 0).double())
    op("concat", lambda x, z: torch.cat((x, z), 1), x=unit(28, (2, 3, 7, 9)), z=unit(29, (2, 4, 7, 9)))
    op("tanh", torch.tanh, x=3 * unit(30, (2, 3, 7, 9)))
    op("sigmoid", torch.sigmoid, x=5 * unit(31, (2, 3, 7, 9)))
    op("mean", torch.mean, x=unit(32, (2, 3, 7, 9)))
    op("l1", F.l1_loss, **pair)
    op("charbonnier", lambda x, z: ((x - z) ** 2 + 0.25 ** 2).sqrt().mean(), **pair)
    op("totalvariation", lambda x: (x.diff(dim=2).square().sum() + x.diff(dim=3).square().sum()) / x.numel(), x=unit(33, (2, 3, 7, 9)))
    op("absvariation", lambda x: sum((x.diff(dim=dim) ** 2 + 0.25 ** 2).sqrt().sum() for dim in (2, 3)) / x.numel(), x=unit(36, (2, 3, 7, 9)))
    for border in ("zeros", "border"):
        op("warp" + border, lambda x, flow: warp(x, flow, border), x=unit(34, (2, 3, 7, 9)), flow=6 * unit(35, (2, 2, 5, 8)))
    adam()


def warp(x, flow, border):
    """Samples x where flow points from each pixel, in pixels: grid_sample's units are halves of the image."""
    (height, width), (rows, columns) = x.shape[2:], flow.shape[2:]
    column = (torch.arange(columns).view(1, 1, -1) + flow[:, 0]) * 2 / (width - 1) - 1
    row = (torch.arange(rows).view(1, -1, 1) + flow[:, 1]) * 2 / (height - 1) - 1
    return F.grid_sample(x, torch.stack((column, row), -1), padding_mode=border, align_corners=True)


def adam():
    """Five steps of torch.optim.Adam; some gradients are zero, some tiny, some huge."""
    shape = (1, 1, 16, 32)
    w = unit(20, shape).float().double().requires_grad_()
    optimizer = torch.optim.Adam([w], lr=1e-3)
    d = {"w": w.detach().clone()}
    scale = torch.tensor([1, 1, 1, 0, 1e-9, 1e9]).double()[torch.arange(16 * 32) % 6].reshape(shape)
    for step in range(1, 6):
        w.grad = (unit(1000 * step, shape) * scale).float().double()
        optimizer.step()
        state = optimizer.state[w]
        d.update({f"g{step}": w.grad, f"w{step}": w.detach().clone(), f"m{step}": state["exp_avg"].clone(), f"v{step}": state["exp_avg_sq"].clone()})
    tensors("op/adam.safetensors", d)


# Networks.

def perception():
    """VGG-19 with weights that are a function of their position, as vgg/vggtest.Hashed says."""
    net, at = networks.Perception(), 0
    with torch.no_grad():
        for p in net.parameters():
            fan_in = int(np.prod(p.shape[1:]))
            scale = np.float32(np.sqrt(6.0 / fan_in)) if p.dim() == 4 else np.float32(0.05)
            p.copy_((unit(at, p.shape).float() * float(scale)))
            at += p.numel()
    return net.double().eval()


def hashed(net):
    """Gives a network weights as PyTorch would, uniform within one by the root of the
    fan-in, and normalizations that are not the identity."""
    at = 0
    with torch.no_grad():
        for name, p in net.named_parameters():
            if p.dim() == 4:
                fan_in = int(np.prod(p.shape[1:]))
                p.copy_(unit(at, p.shape) / fan_in ** 0.5)
            elif name.endswith("bias"):
                p.copy_(unit(at, p.shape) / 5)
            else:
                p.copy_(1 + unit(at, p.shape) / 5)
            at += p.numel()
    return net.double()  # the weights are float32


def colorful(net):
    """Has the results of a network fill the range of colors, and leave it here and there."""
    with torch.no_grad():
        weight, bias = (p.copy_(p.float()) for p in list(net.parameters())[-2:])
        weight.copy_((weight * 90).float())
        bias.copy_((128 + 100 * bias).float())
    return net


def features(vgg):
    x = batch(grained(drawn("glass.png", (0, 0, 80, 64), (20, 16)), 1))
    x = networks.normalize(x).float().double()
    x.requires_grad_()
    outputs = vgg(x)
    sum((y * unit(100 * (i + 1), y.shape)).sum() for i, y in enumerate(outputs)).backward()
    tensors("vgg19.safetensors", {"x": x, "grad_x": x.grad, **dict(zip(("relu1_2", "relu2_2", "relu3_4", "relu4_4", "relu5_4"), outputs))})


def network(name, net):
    """Weights; one pass forward and backward."""
    weights(f"{name}.pth", net.state_dict())
    x = batch(drawn("landscape.png", (100, 60, 136, 88))).requires_grad_()
    y = net(x)
    gy = unit(50000, y.shape)
    y.backward(gy)
    tensors(f"{name}.safetensors", {"x": x, "y": y, "gy": gy, "grad_x": x.grad, **{"grad." + k: p.grad for k, p in net.named_parameters()}})


def training(vgg, nets, size=64, count=10, batch_size=4, epochs=5, content_weight=1e5, style_weight=1e9, lr=1e-3):
    """The tutorial's loop on drawn pictures, of which the last batch has too few."""
    images = [grained(drawn("landscape.png", (23 * i, 6 * i, 23 * i + 110, 6 * i + 110), (size, size)), i) for i in range(count)]
    style = grained(drawn("glass.png", (20, 20, 116, 116), (size, size)), count)
    for i, im in enumerate(images):
        picture(f"training/dataset/drawn/{i:02d}.png", im)
    picture("training/style.png", style)
    targets = [networks.gram(f) for f in vgg(networks.normalize(batch(style)))]
    mse, d = torch.nn.MSELoss(), {}
    for name, net in nets.items():
        weights(f"training/{name}.pth", net.state_dict(), _use_new_zipfile_serialization=False)
        optimizer = torch.optim.Adam(net.parameters(), lr)
        losses, first = [], {}
        for _ in range(epochs):
            for at in range(0, count, batch_size):
                x = batch(*images[at:at + batch_size])
                optimizer.zero_grad()
                fy, fx = vgg(networks.normalize(net(x))), vgg(networks.normalize(x))
                content = content_weight * mse(fy[1], fx[1])
                styled = style_weight * sum(mse(networks.gram(f), g.expand(len(x), -1, -1)) for f, g in zip(fy, targets))
                (content + styled).backward()
                if not losses:
                    first = {f"{name}.grad." + k: p.grad.clone() for k, p in net.named_parameters()}
                optimizer.step()
                losses.append([content.item(), styled.item()])
        d[f"{name}.losses"] = torch.tensor(losses)
        d.update(first)
        if not CHECK:
            print(name, len(losses), "steps", losses[0], losses[-1])
    tensors("training/trace.safetensors", d)


def main():
    resizing()
    jpeg()
    operations()
    vgg = perception()
    features(vgg)
    nets = {"tutorial": networks.TransformerNet((8, 12, 16), 2)}
    for name, net in nets.items():
        network(name, colorful(hashed(copy.deepcopy(net))))
    training(vgg, {name: hashed(net) for name, net in nets.items()})
    if differences:
        sys.exit("testdata differs from what this script makes:\n" + "\n".join(differences))


main()
