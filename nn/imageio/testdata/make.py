#!/usr/bin/python3
"""Makes the pictures in this folder and what Pillow reads from them.

pictures/NAME        the encoded picture, many of them odd or broken
want/NAME.png        its pixels as Pillow's convert("RGBA") sees them
want/NAME.upright.png  the same after ImageOps.exif_transpose, if that differs
want.json            Pillow's decision for each picture: "ok" or its error
differences.json     where impasto decides otherwise, and why; want/ is then its own

Needs Pillow (9.4 made the files) and numpy. Run it in this folder.
"""
import io, json, os, shutil, struct, warnings, zlib
import numpy as np
from PIL import Image, ImageOps

warnings.simplefilter("ignore")
for folder in ("pictures", "want"):
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)


def scene(w, h, channels=3, seed=1):
    """Soft colors with some noise and a hard edge."""
    rng = np.random.RandomState(seed)
    y, x = np.mgrid[0:h, 0:w].astype(float)
    planes = [127 + 90 * np.sin(x / (5 + c) + c) * np.cos(y / (4 + c)) + rng.randint(-20, 20, (h, w)) for c in range(channels)]
    a = np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)
    a[h // 3: h // 2, w // 4: w // 2] = [230, 20, 60, 128][:channels]
    return a


def write(name, data):
    with open(os.path.join("pictures", name), "wb") as f:
        f.write(data)


def encode(img, **kw):
    b = io.BytesIO()
    img.save(b, **kw)
    return b.getvalue()


RGB = Image.fromarray(scene(33, 21))
RGBA = Image.fromarray(scene(33, 21, 4))
L = RGB.convert("L")
LA = Image.merge("LA", (L, RGBA.getchannel("A")))
P = RGB.quantize(40)


# PNG, written here because Pillow cannot write all its kinds.
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack(rows, depth):
    """rows: h x w x channels of ints below 2**depth; filter 0."""
    out = b""
    for row in rows:
        flat = row.reshape(-1)
        if depth == 16:
            line = flat.astype(">u2").tobytes()
        elif depth == 8:
            line = flat.astype(np.uint8).tobytes()
        else:
            bits = ((flat[:, None] >> np.arange(depth - 1, -1, -1)) & 1).reshape(-1).astype(np.uint8)
            line = np.packbits(bits).tobytes()
        out += b"\0" + line
    return out


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(a, color, depth, extra=b"", interlaced=False):
    a = a.reshape(a.shape[0], a.shape[1], -1).astype(int)
    if interlaced:
        raw = b"".join(pack(p, depth) for x, y, dx, dy in ADAM7 for p in [a[y::dy, x::dx]] if p.size)
    else:
        raw = pack(a, depth)
    header = struct.pack(">IIBBBBB", a.shape[1], a.shape[0], depth, color, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


rgb, gray, rgba = np.asarray(RGB), np.asarray(L), np.asarray(RGBA)
la = np.stack([gray, rgba[..., 3]], -1)
deep = lambda a: a.astype(int) * 256 + (a.astype(int) * 37) % 256
for depth in (1, 2, 4, 8):
    write(f"gray{depth}.png", png(gray >> (8 - depth), 0, depth))
    n = min(2 ** depth, 40)
    index = np.asarray(P) % n
    plte = chunk(b"PLTE", bytes(P.getpalette()[:3 * n]))
    write(f"palette{depth}.png", png(index, 3, depth, plte))
    write(f"palette{depth}_trns.png", png(index, 3, depth, plte + chunk(b"tRNS", bytes([0, 128][:n]))))
write("gray16.png", png(deep(gray), 0, 16))
write("gray8_trns.png", png(gray, 0, 8, chunk(b"tRNS", struct.pack(">H", int(gray[0, 0])))))
write("rgb8_trns.png", png(rgb, 2, 8, chunk(b"tRNS", struct.pack(">HHH", *map(int, rgb[0, 0])))))
write("rgb8.png", png(rgb, 2, 8))
write("rgb16.png", png(deep(rgb), 2, 16))
write("la8.png", png(la, 4, 8))
write("la16.png", png(deep(la), 4, 16))
write("rgba8.png", png(rgba, 6, 8))
write("rgba16.png", png(deep(rgba), 6, 16))
write("interlaced_rgb8.png", png(rgb, 2, 8, interlaced=True))
write("interlaced_gray4.png", png(gray >> 4, 0, 4, interlaced=True))
write("interlaced_rgba16.png", png(deep(rgba), 6, 16, interlaced=True))
write("one_pixel.png", png(rgb[:1, :1], 2, 8))
plain = png(rgb, 2, 8)
write("truncated.png", plain[:len(plain) // 2])
write("trailing_garbage.png", plain + b"garbage" * 9)
write("bad_crc.png", plain[:20] + bytes([plain[20] ^ 1]) + plain[21:])
write("png_named.jpg", plain)
bomb = struct.pack(">IIBBBBB", 50000, 50000, 8, 2, 0, 0, 0)
write("bomb.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bomb) + chunk(b"IDAT", zlib.compress(bytes(9999))) + chunk(b"IEND", b""))
claims = struct.pack(">IIBBBBB", 9000, 9000, 8, 2, 0, 0, 0)
write("claims_much.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", claims) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b""))

# JPEG
for size in ((33, 21), (32, 16), (17, 8), (5, 5), (4, 4), (3, 3), (2, 7), (1, 1)):
    img = Image.fromarray(scene(*size))
    for s in ("4:4:4", "4:2:2", "4:2:0"):
        write(f"ycc{s.replace(':', '')}_{size[0]}x{size[1]}.jpg", encode(img, format="jpeg", quality=90, subsampling=s))
# In a 48x48 picture as many 8x16 as 16x8 blocks fit: exchanging the factors gives a valid file.
j = bytearray(encode(Image.fromarray(scene(48, 48)), format="jpeg", quality=90, subsampling="4:2:2"))
at = j.index(b"\xff\xc0") + 11
assert j[at] == 0x21
j[at] = 0x12
write("ycc440_48x48.jpg", bytes(j))
base = encode(RGB, format="jpeg", quality=90)
write("progressive.jpg", encode(RGB, format="jpeg", quality=90, progressive=True))
write("optimized.jpg", encode(RGB, format="jpeg", quality=90, optimize=True))
write("gray.jpg", encode(L, format="jpeg", quality=90))
cmyk = encode(RGB.convert("CMYK"), format="jpeg", quality=95)
write("cmyk.jpg", cmyk)
at = cmyk.index(b"\xff\xee")
write("cmyk_no_adobe.jpg", cmyk[:at] + cmyk[at + 16:])
write("truncated.jpg", base[:len(base) // 2])
write("no_eoi.jpg", base[:-2])
write("trailing_garbage.jpg", base + b"garbage" * 9)
write("only_soi.jpg", base[:3])
for o in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = o
    write(f"exif{o}.jpg", encode(Image.fromarray(scene(24, 16)), format="jpeg", quality=95, subsampling=0, exif=exif))
exif = Image.Exif()
exif[0x0112] = 6
write("exif6.png", encode(RGB, format="png", exif=exif))
write("exif6_alpha.png", encode(RGBA, format="png", exif=exif))
write("exif6.webp", encode(RGB, format="webp", lossless=True, exif=exif))
exif[0x0112] = 8
write("exif8.tiff", encode(RGB, format="tiff", tiffinfo={0x0112: 8}))

# JPEG that few encoders make: the factors and scans by cjpeg's own kinds of switches,
# written here. A tiny encoder: sampling factors, restarts, progression, tables or not.
ZIGZAG = sorted(range(64), key=lambda i: (i // 8 + i % 8, (i // 8 if (i // 8 + i % 8) % 2 else i % 8)))


def huffman_standard():
    """The tables of T.81, annex K.3, as Pillow writes them without optimize."""
    j = encode(RGB, format="jpeg", quality=90)
    tables, at = {}, 2
    while j[at + 1] != 0xDA:
        n = struct.unpack(">H", j[at + 2:at + 4])[0]
        if j[at + 1] == 0xC4:
            p = j[at + 4:at + 2 + n]
            while p:
                counts, k = p[1:17], sum(p[1:17])
                tables[p[0]] = (counts, p[17:17 + k])
                p = p[17 + k:]
        at += 2 + n
    return tables


def codes(table):
    out, code, k = {}, 0, 0
    for n, count in enumerate(table[0], 1):
        for _ in range(count):
            out[table[1][k]] = (code, n)
            code, k = code + 1, k + 1
        code <<= 1
    return out


class Bits:
    def __init__(self):
        self.s = []

    def put(self, v, n):
        if n:
            self.s.append(format(v & ((1 << n) - 1), f"0{n}b"))

    def bytes(self):
        s = "".join(self.s)
        s += "1" * (-len(s) % 8)
        return bytes(int(s[i:i + 8], 2) for i in range(0, len(s), 8)).replace(b"\xff", b"\xff\0")


def amplitude(b, v):
    n = abs(v).bit_length()
    return n, v if v > 0 else v + (1 << n) - 1


def jpeg(planes, size, factors, restart=0, progressive=False, tables=True, interleaved=True, ids=(1, 2, 3, 4), head=b"", quant=4):
    """planes: the samples of each component, already subsampled."""
    w, h = size
    hm, vm = max(f[0] for f in factors), max(f[1] for f in factors)
    mx, my = -(-w // (8 * hm)), -(-h // (8 * vm))
    dct = np.array([[np.cos((2 * x + 1) * u * np.pi / 16) * (np.sqrt(.125) if u == 0 else .5) for x in range(8)] for u in range(8)])
    blocks = []
    for p, (fh, fv) in zip(planes, factors):
        a = np.pad(p.astype(float), ((0, my * fv * 8 - p.shape[0]), (0, mx * fh * 8 - p.shape[1])), mode="edge") - 128
        blocks.append({(y, x): [int(round(v / quant)) for v in (dct @ a[8 * y:8 * y + 8, 8 * x:8 * x + 8] @ dct.T).reshape(-1)[ZIGZAG]]
                       for y in range(my * fv) for x in range(mx * fh)})
    standard = huffman_standard()
    dc, ac = codes(standard[0x00]), codes(standard[0x10])

    def units(comps):
        if len(comps) == 1:
            c = comps[0]
            cw, ch = -(-w * factors[c][0] // hm), -(-h * factors[c][1] // vm)
            return [[(c, y, x)] for y in range(-(-ch // 8)) for x in range(-(-cw // 8))]
        return [[(c, y * factors[c][1] + v, x * factors[c][0] + u) for c in comps for v in range(factors[c][1]) for u in range(factors[c][0])]
                for y in range(my) for x in range(mx)]

    def scan(comps, first, last, high, low):
        out, b, pred, run = b"", Bits(), {}, [0]

        def flush():
            if run[0]:
                n = run[0].bit_length() - 1
                b.put(*ac[n << 4]) if n == 0 else b.put(*eob[n])
                b.put(run[0], n)
                run[0] = 0
        for i, unit in enumerate(units(comps)):
            if restart and i and i % restart == 0:
                flush()
                out += b.bytes() + bytes([0xFF, 0xD0 + (i // restart - 1) % 8])
                b, pred = Bits(), {}
            for c, y, x in unit:
                q = blocks[c][y, x]
                if first == 0 and high:
                    b.put(q[0] >> low, 1)
                    continue
                if first == 0:
                    v = q[0] >> low
                    n, bits = amplitude(b, v - pred.get(c, 0))
                    pred[c] = v
                    b.put(*dc[n])
                    b.put(bits, n)
                if last == 0:
                    continue
                zeros = 0
                coefs = [(abs(v) >> low) * (1 if v > 0 else -1) for v in q]
                if not any(coefs[max(first, 1):last + 1]):
                    if progressive:
                        run[0] += 1
                        if run[0] == 0x7FFF or not eob:
                            flush()
                    else:
                        b.put(*ac[0])
                    continue
                flush()
                end = max(k for k in range(max(first, 1), last + 1) if coefs[k])
                for k in range(max(first, 1), end + 1):
                    if coefs[k] == 0:
                        zeros += 1
                        continue
                    while zeros > 15:
                        b.put(*ac[0xF0])
                        zeros -= 16
                    n, bits = amplitude(b, coefs[k])
                    b.put(*ac[zeros << 4 | n])
                    b.put(bits, n)
                    zeros = 0
                if end < last:
                    if progressive:
                        run[0] += 1
                        if not eob:
                            flush()
                    else:
                        b.put(*ac[0])
        flush()
        header = bytes([len(comps)]) + b"".join(bytes([ids[c], 0]) for c in comps) + bytes([first, last, high << 4 | low])
        return b"\xff\xda" + struct.pack(">H", 2 + len(header)) + header + out + b.bytes()

    eob = {n: ac[n << 4] for n in range(1, 15) if n << 4 in ac}  # the standard tables have none
    n = len(planes)
    out = b"\xff\xd8" + head + b"\xff\xdb\0\x43\0" + bytes([quant] * 64)
    out += b"\xff" + (b"\xc2" if progressive else b"\xc0") + struct.pack(">HBHHB", 8 + 3 * n, 8, h, w, n)
    out += b"".join(bytes([ids[i], f[0] << 4 | f[1], 0]) for i, f in enumerate(factors))
    if tables:
        for k in (0x00, 0x10):
            t = bytes([k]) + standard[k][0] + standard[k][1]
            out += b"\xff\xc4" + struct.pack(">H", 2 + len(t)) + t
    if restart:
        out += b"\xff\xdd\0\4" + struct.pack(">H", restart)
    every = list(range(n))
    if progressive:
        out += scan(every, 0, 0, 0, 1)
        for c in every:
            out += scan([c], 1, 5, 0, 0) + scan([c], 6, 63, 0, 0)
        out += scan(every, 0, 0, 1, 0)
    elif interleaved:
        out += scan(every, 0, 63, 0, 0)
    else:
        out += b"".join(scan([c], 0, 63, 0, 0) for c in every)
    return out + b"\xff\xd9"


def subsampled(factors, w=37, h=29, channels=3):
    a = scene(w, h, channels)
    hm, vm = max(f[0] for f in factors), max(f[1] for f in factors)
    planes = []
    for i, f in enumerate(factors):
        cw, ch = -(-w * f[0] // hm), -(-h * f[1] // vm)
        planes.append(a[np.minimum(np.arange(ch) * vm // f[1], h - 1)][:, np.minimum(np.arange(cw) * hm // f[0], w - 1), i])
    return planes


for name, factors in {
    "3x1": [(3, 1), (1, 1), (1, 1)], "cb_cr_differ": [(2, 2), (1, 1), (1, 2)], "4x1": [(4, 1), (1, 1), (1, 1)], "4x2": [(4, 2), (1, 1), (1, 1)],
    "1x4": [(1, 4), (1, 1), (1, 1)], "1x2": [(1, 2), (1, 1), (1, 1)], "2x4": [(2, 4), (1, 1), (1, 1)], "small_luma": [(1, 1), (2, 2), (1, 1)],
    "2x2_all": [(2, 2), (2, 2), (2, 2)], "3x2": [(3, 2), (1, 1), (1, 1)], "3_of_2": [(3, 1), (2, 1), (1, 1)], "2x1_1x2": [(2, 2), (2, 1), (1, 2)],
}.items():
    write(f"sampled_{name}.jpg", jpeg(subsampled(factors), (37, 29), factors))
sampled = [(2, 2), (1, 1), (1, 1)]
write("restarts.jpg", jpeg(subsampled(sampled), (37, 29), sampled, restart=2))
write("progressive_restarts.jpg", jpeg(subsampled(sampled), (37, 29), sampled, restart=2, progressive=True))
write("progressive_restarts_3x1.jpg", jpeg(subsampled([(3, 1), (1, 1), (1, 1)]), (37, 29), [(3, 1), (1, 1), (1, 1)], restart=1, progressive=True))
write("own_progressive.jpg", jpeg(subsampled(sampled), (37, 29), sampled, progressive=True))
write("three_scans.jpg", jpeg(subsampled(sampled), (37, 29), sampled, interleaved=False))
write("three_scans_restarts.jpg", jpeg(subsampled(sampled), (37, 29), sampled, interleaved=False, restart=3))
write("no_tables.jpg", jpeg(subsampled(sampled), (37, 29), sampled, tables=False))
write("gray_2x2.jpg", jpeg(subsampled([(2, 2)]), (37, 29), [(2, 2)]))
write("rgb_ids.jpg", jpeg(subsampled([(1, 1)] * 3), (37, 29), [(1, 1)] * 3, ids=b"RGB"))
adobe = lambda t: b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([t])
write("adobe_rgb.jpg", jpeg(subsampled([(1, 1)] * 3), (37, 29), [(1, 1)] * 3, head=adobe(0)))
jfif = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
write("jfif_rgb_ids.jpg", jpeg(subsampled(sampled), (37, 29), sampled, head=jfif, ids=b"RGB"))
write("jfif_adobe_rgb.jpg", jpeg(subsampled([(1, 1)] * 3), (37, 29), [(1, 1)] * 3, head=jfif + adobe(0)))
write("adobe_transform2.jpg", jpeg(subsampled(sampled), (37, 29), sampled, head=adobe(2), ids=b"RGB"))
write("adobe_ycc.jpg", jpeg(subsampled(sampled), (37, 29), sampled, head=adobe(1), ids=b"RGB"))
write("adobe_ycck.jpg", jpeg(subsampled(sampled + [(2, 2)], channels=4), (37, 29), sampled + [(2, 2)], head=adobe(2)))
write("adobe_cmyk.jpg", jpeg(subsampled([(1, 1)] * 4, channels=4), (37, 29), [(1, 1)] * 4, head=adobe(0)))
write("two_components.jpg", jpeg(subsampled([(1, 1)] * 2), (37, 29), [(1, 1)] * 2))
write("fill_bytes.jpg", base.replace(b"\xff\xdb", b"\xff\xff\xff\xdb"))
write("wide_12bit.jpg", base.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"))
write("arithmetic.jpg", base.replace(b"\xff\xc0\0\x11\x08", b"\xff\xca\0\x11\x08"))
write("lossless_sof3.jpg", base.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc3\0\x11\x08"))

# The others
write("plain.gif", encode(P, format="gif"))
write("interlaced.gif", encode(P, format="gif", interlace=1))
write("transparent.gif", encode(P, format="gif", transparency=3))
write("animated.gif", encode(P, format="gif", save_all=True, append_images=[P.transpose(Image.FLIP_LEFT_RIGHT)]))
for name, kw in (("part.gif", {}), ("part_transparent.gif", {"transparency": 3})):
    g = bytearray(encode(P, format="gif", **kw))
    g[6:10] = struct.pack("<HH", 50, 40)  # a larger screen
    at = g.index(b",\0\0\0\0" + struct.pack("<HH", 33, 21))
    g[at + 1: at + 5] = struct.pack("<HH", 7, 11)  # and the frame inside it
    write(name, bytes(g))
write("rgb.bmp", encode(RGB, format="bmp"))
write("gray.bmp", encode(L, format="bmp"))
write("palette.bmp", encode(P, format="bmp"))
write("rgba.bmp", encode(RGBA, format="bmp"))
write("truncated.bmp", encode(RGB, format="bmp")[:900])
for c in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits"):
    write(f"rgb_{c or 'raw'}.tiff", encode(RGB, format="tiff", compression=c))
write("gray.tif", encode(L, format="tiff"))
write("gray16.tif", encode(Image.fromarray(deep(gray).astype(np.uint16)), format="tiff"))
write("palette.tif", encode(P, format="tiff"))
write("rgba.tif", encode(RGBA, format="tiff"))
write("bilevel.tif", encode(L.convert("1"), format="tiff"))
write("truncated.tif", encode(RGB, format="tiff")[:900])
for w, h in ((33, 21), (32, 20), (1, 1), (2, 2), (3, 4)):
    write(f"lossy_{w}x{h}.webp", encode(Image.fromarray(scene(w, h)), format="webp", quality=80))
write("lossless.webp", encode(RGB, format="webp", lossless=True))
write("lossy_alpha.webp", encode(RGBA, format="webp", quality=80))
write("lossless_alpha.webp", encode(RGBA, format="webp", lossless=True, exact=True))
write("truncated.webp", encode(RGB, format="webp")[:200])
write("plain.ppm", b"P6\n# a comment\n33 21\n255\n" + rgb.tobytes())
write("plain.pgm", b"P5 33 21 255\n" + gray.tobytes())
write("maxval100.ppm", b"P6 33 21 100\n" + (rgb // 3).tobytes())
write("maxval1000.ppm", b"P6 33 21 1000\n" + (rgb.astype(int) * 3).astype(">u2").tobytes())
write("gray16.pgm", b"P5 33 21 65535\n" + deep(gray).astype(">u2").tobytes())
write("ascii.ppm", b"P3\n33 21\n# c\n255\n" + b"\n".join(b"%d" % v for v in rgb.reshape(-1)))
write("ascii.pgm", b"P2 33 21 255 " + b" ".join(b"%d" % v for v in gray.reshape(-1)))
write("truncated.ppm", b"P6 33 21 255\n" + rgb.tobytes()[:-1])
write("html.jpg", b"<!DOCTYPE html><html><body>404 Not Found</body></html>\n")
write("empty.jpg", b"")

# BMP of every depth, packing and age, written here: Pillow writes few of them.
def bmp(bits, pixels, w, h, palette=b"", packing=0, header=40, masks=b"", colors=0, top_down=False, entry=4, offset=None):
    if header == 12:
        info = struct.pack("<IHHHH", 12, w, h, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, w, -h if top_down else h, 1, bits, packing, len(pixels), 2835, 2835, colors, 0)
        if header > 40:
            info += masks + bytes(header - 40 - len(masks))
            masks = b""
    at = 14 + len(info) + len(masks) + len(palette)
    return b"BM" + struct.pack("<IHHI", at + len(pixels), 0, 0, at if offset is None else offset) + info + masks + palette + pixels


def rows(index, bits, flip=True):
    lines = []
    for line in index[::-1] if flip else index:
        b = "".join(format(v, f"0{bits}b") for v in line)
        b += "0" * (-len(b) % 32)
        lines.append(bytes(int(b[i:i + 8], 2) for i in range(0, len(b), 8)))
    return b"".join(lines)


def colors_of(n, entry=4):
    c = np.asarray(Image.fromarray(scene(n, 1)))[0]
    return b"".join(bytes([v[2], v[1], v[0]] + [0] * (entry - 3)) for v in c)


index = np.asarray(P).astype(int)
for bits in (1, 4, 8):
    n = 1 << bits
    write(f"bits{bits}.bmp", bmp(bits, rows(index % n, bits), 33, 21, colors_of(n)))
    write(f"os2_bits{bits}.bmp", bmp(bits, rows(index % n, bits), 33, 21, colors_of(n, 3), header=12))
    write(f"bits{bits}_top_down.bmp", bmp(bits, rows(index % n, bits, False), 33, 21, colors_of(n), top_down=True))
write("bits4_few.bmp", bmp(4, rows(index % 5, 4), 33, 21, colors_of(5), colors=5))
write("mono_black_white.bmp", bmp(1, rows(index % 2, 1), 33, 21, b"\0\0\0\0\xff\xff\xff\0"))
write("mono_white_black.bmp", bmp(1, rows(index % 2, 1), 33, 21, b"\xff\xff\xff\0\0\0\0\0"))
write("forgotten_palette.bmp", bmp(8, rows(index, 8), 33, 21, colors_of(256), offset=54))
write("no_offset.bmp", bmp(8, rows(index, 8), 33, 21, colors_of(256), offset=0))
write("os2_v2.bmp", bmp(8, rows(index, 8), 33, 21, colors_of(256), header=64))
write("os2_24.bmp", bmp(24, b"".join(bytes(r[:, ::-1].tobytes() + b"\0") for r in rgb[::-1]), 33, 21, header=12))
v555 = (rgb[..., 0].astype(int) >> 3 << 10) | (rgb[..., 1].astype(int) >> 3 << 5) | rgb[..., 2].astype(int) >> 3
v565 = (rgb[..., 0].astype(int) >> 3 << 11) | (rgb[..., 1].astype(int) >> 2 << 5) | rgb[..., 2].astype(int) >> 3
words = lambda v: b"".join(r.astype("<u2").tobytes() + b"\0\0" for r in v[::-1])
write("bits16.bmp", bmp(16, words(v555), 33, 21))
write("bits16_565.bmp", bmp(16, words(v565), 33, 21, packing=3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F)))
write("bits16_555.bmp", bmp(16, words(v555), 33, 21, packing=3, masks=struct.pack("<III", 0x7C00, 0x3E0, 0x1F)))
write("bits16_odd_masks.bmp", bmp(16, words(v555), 33, 21, packing=3, masks=struct.pack("<III", 0xF00, 0xF0, 0xF)))
quads = lambda order: b"".join(r[:, order].tobytes() for r in rgba[::-1])
write("bits32.bmp", bmp(32, quads([2, 1, 0, 3]), 33, 21))
for name, order, masks in (
    ("bgrx", [2, 1, 0, 3], (0xFF0000, 0xFF00, 0xFF, 0)), ("bgra", [2, 1, 0, 3], (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    ("xbgr", [3, 2, 1, 0], (0xFF000000, 0xFF0000, 0xFF00, 0)), ("abgr", [3, 2, 1, 0], (0xFF000000, 0xFF0000, 0xFF00, 0xFF)),
    ("rgba", [0, 1, 2, 3], (0xFF, 0xFF00, 0xFF0000, 0xFF000000)), ("zero", [2, 1, 0, 3], (0, 0, 0, 0)),
):
    for header in (108, 124):
        write(f"v{header}_{name}.bmp", bmp(32, quads(order), 33, 21, packing=3, header=header, masks=struct.pack("<IIII", *masks)))
write("fields32.bmp", bmp(32, quads([2, 1, 0, 3]), 33, 21, packing=3, masks=struct.pack("<III", 0xFF0000, 0xFF00, 0xFF)))
write("header52.bmp", bmp(24, rgb.tobytes(), 33, 21, header=52))
write("bits2.bmp", bmp(2, rows(index % 4, 2), 33, 21, colors_of(4)))
write("embedded_png.bmp", bmp(0, plain, 33, 21, packing=5))


def rle8(index):
    out = b""
    for line in index[::-1]:
        at = 0
        while at < len(line):
            n = 1
            while at + n < len(line) and line[at + n] == line[at] and n < 255:
                n += 1
            out, at = out + bytes([n, line[at]]), at + n
        out += b"\0\0"
    return out + b"\0\1"


coarse = np.repeat(index[:, ::3], 3, 1)[:, :33]
write("rle8.bmp", bmp(8, rle8(coarse), 33, 21, colors_of(256), packing=1))
absolute = b"".join(b"\0" + bytes([33]) + bytes(line.tolist()) + b"\0" + b"\0\0" for line in index[::-1])
write("rle8_absolute.bmp", bmp(8, absolute + b"\0\1", 33, 21, colors_of(256), packing=1))
write("rle8_early_end.bmp", bmp(8, rle8(coarse[8:])[:-2] + b"\0\1", 33, 21, colors_of(256), packing=1))
write("rle8_truncated.bmp", bmp(8, rle8(coarse)[:90], 33, 21, colors_of(256), packing=1))
runs4 = b"".join(b"".join(bytes([3, (line[x] << 4 | line[x + 1]) & 255]) for x in range(0, 33, 3)) + b"\0\0" for line in (index % 16)[::-1])
write("rle4.bmp", bmp(4, runs4 + b"\0\1", 33, 21, colors_of(16), packing=2))
even = index[:, :32] % 16
plain4 = b"".join(b"\0\x20" + bytes((line[x] << 4 | line[x + 1]) for x in range(0, 32, 2)) + b"\0\0" for line in even[::-1])
write("rle4_absolute.bmp", bmp(4, plain4 + b"\0\1", 32, 21, colors_of(16), packing=2))

# TIFF of all layouts, written here.
def tiff(a, bits=8, photometric=2, planar=1, tile=None, rows=None, compression=1, predictor=1, order="<", fill=1, extra=None, colormap=None, big=False, more=()):
    """a: h x w x samples of ints below 2**bits."""
    h, w, n = a.shape
    step = lambda: (tile[1], tile[0]) if tile else (rows or h, w)

    def chunk(c):
        if predictor == 2:
            c = c.copy()
            c[:, 1:] = (c[:, 1:] - c[:, :-1]) % (1 << bits)
        out = b""
        for line in c:
            flat = line.reshape(-1)
            if bits == 16:
                out += flat.astype(order + "u2").tobytes()
            elif bits == 32:
                out += flat.astype(order + "u4").tobytes()
            else:
                s = "".join(format(v, f"0{bits}b") for v in flat)
                s += "0" * (-len(s) % 8)
                out += bytes(int(s[i:i + 8], 2) for i in range(0, len(s), 8))
        if fill == 2:
            out = bytes(int(format(v, "08b")[::-1], 2) for v in out)
        if compression == 8:
            return zlib.compress(out)
        if compression == 32773:
            return b"".join(bytes([len(out[i:i + 128]) - 1]) + out[i:i + 128] for i in range(0, len(out), 128))
        return out

    ch, cw = step()
    chunks = []
    for plane in ([a[..., i:i + 1] for i in range(n)] if planar == 2 else [a]):
        for y in range(0, h, ch):
            for x in range(0, w, cw):
                c = plane[y:y + ch, x:x + cw]
                if tile:
                    c = np.pad(c, ((0, ch - c.shape[0]), (0, cw - c.shape[1]), (0, 0)))
                chunks.append(chunk(c))
    tags = {256: w, 257: h, 258: [bits] * n, 259: compression, 262: photometric, 266: fill, 277: n, 284: planar, 317: predictor}
    if tile:
        tags.update({322: tile[0], 323: tile[1], 324: None, 325: [len(c) for c in chunks]})
    else:
        tags.update({278: rows or h, 273: None, 279: [len(c) for c in chunks]})
    if extra is not None:
        tags[338] = extra
    if colormap is not None:
        tags[320] = colormap
    tags.update(dict(more))
    entry, inline = (20, 8) if big else (12, 4)
    base = (16 + 8 if big else 8 + 2) + entry * len(tags) + inline
    blobs, directory, at = b"", b"", base
    values = {}
    for t in sorted(tags):
        v = tags[t]
        if v is None:
            v = [0] * len(chunks)
        v = v if isinstance(v, list) else [v]
        kind, code = (4, "I") if t in (273, 279, 324, 325) else (3, "H")
        values[t] = (kind, code, v)
    size = sum(len(v) * struct.calcsize(c) for k, c, v in values.values() if len(v) * struct.calcsize(c) > inline)
    data = base + size
    offsets = [data + sum(map(len, chunks[:i])) for i in range(len(chunks))]
    for t, (kind, code, v) in values.items():
        if tags[t] is None:
            v = offsets
        packed = struct.pack(order + str(len(v)) + code, *v)
        if len(packed) > inline:
            place, packed, blobs = struct.pack(order + ("Q" if big else "I"), base + len(blobs)), packed, blobs + packed
        else:
            place = packed + bytes(inline - len(packed))
        directory += struct.pack(order + "HH" + ("Q" if big else "I"), t, kind, len(v)) + place
    head = b"II" if order == "<" else b"MM"
    if big:
        head += struct.pack(order + "HHHQQ", 43, 8, 0, 16, len(values))
    else:
        head += struct.pack(order + "HIH", 42, 8, len(values))
    return head + directory + bytes(inline) + blobs + b"".join(chunks)


ints = lambda a: a.astype(int).reshape(a.shape[0], a.shape[1], -1)
three, four, one = ints(rgb), ints(rgba), ints(gray)
for planar in (1, 2):
    for name, kw in {
        "strips": {"rows": 5}, "tiles": {"tile": (16, 16)}, "deflate": {"compression": 8, "rows": 7}, "deflate_tiles": {"compression": 8, "tile": (32, 16)},
        "predictor": {"compression": 8, "predictor": 2, "rows": 6}, "packbits": {"compression": 32773, "rows": 4}, "big_endian": {"order": ">"},
    }.items():
        write(f"planar{planar}_{name}.tif", tiff(three, planar=planar, **kw))
    write(f"planar{planar}_rgb16.tif", tiff(deep(three), 16, planar=planar, rows=5))
    write(f"planar{planar}_rgb16_big_endian.tif", tiff(deep(three), 16, planar=planar, tile=(16, 32), order=">"))
    write(f"planar{planar}_rgb16_predictor.tif", tiff(deep(three), 16, planar=planar, compression=8, predictor=2))
    write(f"planar{planar}_rgba.tif", tiff(four, planar=planar, extra=2, rows=4, compression=8))
write("planar2_one_sample.tif", tiff(one, photometric=1, planar=2, rows=4))
write("alpha_unknown.tif", tiff(four, extra=0))
write("alpha_untold.tif", tiff(four))
write("alpha_associated.tif", tiff((four[..., :] * np.where(np.arange(4) < 3, four[..., 3:], 255) + 127) // 255, extra=1))
write("alpha_gray.tif", tiff(ints(la), photometric=1, extra=2))
write("rgba16.tif", tiff(deep(four), 16, extra=2))
write("five_samples.tif", tiff(np.concatenate([four, one], -1), extra=[2, 0]))
write("cmyk.tif", tiff(ints(np.asarray(RGB.convert("CMYK"))), photometric=5))
write("cmyk_planar.tif", tiff(ints(np.asarray(RGB.convert("CMYK"))), photometric=5, planar=2, compression=8))
for bits in (1, 2, 4, 8):
    for photometric in (0, 1):
        for fill in (1, 2):
            write(f"gray{bits}_{photometric}_{fill}.tif", tiff(one >> (8 - bits), bits, photometric, fill=fill, rows=6))
    colormap = [int(v) * 257 for c in range(3) for v in scene(1 << bits, 1)[0, :, c]]
    write(f"palette{bits}.tif", tiff(one >> (8 - bits), bits, 3, colormap=colormap))
write("palette_short.tif", tiff(one, 8, 3, colormap=[0] * 9))
write("big.tif", tiff(three, big=True, rows=5))
write("big_big_endian.tif", tiff(three, big=True, order=">", compression=8, tile=(16, 16)))
write("ycbcr.tif", tiff(three, photometric=6))
write("lab.tif", tiff(three, photometric=8))
write("bits32.tif", tiff(one, 32, 1))
write("signed16.tif", tiff(deep(one), 16, 1, more=[(339, 2)]))
write("jpeg_packed.tif", encode(RGB, format="tiff", compression="jpeg"))
write("old_jpeg.tif", tiff(three, more=[(259, 6)]))
write("lzma.tif", tiff(three, more=[(259, 34925)]))
write("unknown_packing.tif", tiff(three, more=[(259, 12345)]))
write("missing_strips.tif", tiff(three, rows=5)[:700])
write("too_few_strips.tif", tiff(three, rows=21, more=[(278, 3)]))
bilevel = L.convert("1")
for c in ("group3", "group4", "tiff_ccitt"):
    write(f"{c}.tif", encode(bilevel, format="tiff", compression=c))
    for photometric in (0, 1):
        write(f"{c}_{photometric}.tif", encode(bilevel, format="tiff", compression=c, tiffinfo={262: photometric}))
write("group4_lsb.tif", encode(bilevel, format="tiff", compression="group4", tiffinfo={266: 2}))
write("group3_2d.tif", encode(bilevel, format="tiff", compression="group3", tiffinfo={292: 1}))
write("lzw_rgba.tif", encode(RGBA, format="tiff", compression="tiff_lzw"))
write("lzw_predictor.tif", encode(RGB, format="tiff", compression="tiff_lzw", tiffinfo={317: 2}))

# Orientation: every type of number, every place.
def exif_of(kind, value, order=">"):
    code = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 5: "II"}[kind]
    v = struct.pack(order + code, *([value, 1] if kind == 5 else [value]))
    place = v + bytes(4 - len(v)) if len(v) <= 4 else struct.pack(order + "I", 26)
    head = (b"MM" if order == ">" else b"II") + struct.pack(order + "HIHHHI", 42, 8, 1, 0x0112, kind, 1) + place + bytes(4)
    return head + (v if len(v) > 4 else b"")


for kind, name in {1: "byte", 3: "short", 4: "long", 6: "sbyte", 8: "sshort", 9: "slong"}.items():
    for order in "<>":
        e = b"Exif\0\0" + exif_of(kind, 6, order)
        write(f"exif_{name}_{'ii' if order == '<' else 'mm'}.jpg", base[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(e)) + e + base[2:])
for value in (0, 9):
    e = b"Exif\0\0" + exif_of(3, value)
    write(f"exif_value{value}.jpg", base[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(e)) + e + base[2:])
XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"><rdf:Description%s</rdf:RDF></x:xmpmeta>'
attribute, inside = XMP % ' tiff:Orientation="6"/>', XMP % '><tiff:Orientation>8</tiff:Orientation></rdf:Description>'
itxt = lambda t, packed=0: chunk(b"iTXt", b"XML:com.adobe.xmp\0" + bytes([packed, 0]) + b"\0\0" + (zlib.compress(t.encode()) if packed else t.encode()))
write("xmp.png", png(rgb, 2, 8, itxt(attribute)))
write("xmp_element.png", png(rgb, 2, 8, itxt(inside)))
write("xmp_packed.png", png(rgb, 2, 8, itxt(attribute, 1)))
write("xmp_and_exif.png", png(rgb, 2, 8, itxt(attribute) + chunk(b"eXIf", exif_of(3, 3))))
e = b"Exif\0\0" + exif_of(3, 6)
raw = b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n%8d\n" % len(e) + e.hex().encode() + b"\n")
write("raw_profile.png", png(rgb, 2, 8, chunk(b"zTXt", raw)))

# Animations: the first frame.
frames = [RGBA.rotate(90 * i) for i in range(3)]
write("animated.webp", encode(RGB, format="webp", save_all=True, append_images=[RGB.transpose(Image.ROTATE_180)], quality=80))
write("animated_lossless.webp", encode(RGBA, format="webp", save_all=True, append_images=[frames[2]], lossless=True, exact=True))
write("animated_alpha.webp", encode(RGBA, format="webp", save_all=True, append_images=[frames[2]], quality=80))
write("animated.png", encode(RGBA, format="png", save_all=True, append_images=[frames[2]]))
a = encode(RGBA, format="webp", save_all=True, append_images=[frames[2]], lossless=True, exact=True)
at = a.index(b"VP8X") + 8
write("animated_offset.webp", a[:at + 4] + struct.pack("<I", 39)[:3] + struct.pack("<I", 29)[:3] + a[at + 10:a.index(b"ANMF") + 8] + b"\2\0\0\3\0\0" + a[a.index(b"ANMF") + 14:])
write("alpha_flag.webp", (lambda w: w[:12] + b"VP8X\x0a\0\0\0\x10\0\0\0" + struct.pack("<I", 32)[:3] + struct.pack("<I", 20)[:3] + w[12:])(encode(RGB, format="webp", quality=80)))
w = bytearray(open("pictures/alpha_flag.webp", "rb").read())
w[4:8] = struct.pack("<I", len(w) - 8)
write("alpha_flag.webp", bytes(w))
outside = a[:a.index(b"ANMF") + 8] + b"\x10\0\0\0\0\0" + a[a.index(b"ANMF") + 14:]
write("animated_outside.webp", outside)
write("animated_below.webp", a[:a.index(b"ANMF") + 8] + b"\0\0\0\x08\0\0" + a[a.index(b"ANMF") + 14:])
w = encode(RGB, format="webp", quality=80)
write("riff_claims_more.webp", w[:4] + struct.pack("<I", len(w)) + w[8:])

# Where we decide otherwise than Pillow: what we make of the picture, None if we refuse
# it, and why.
turned = lambda img: img.transpose(Image.ROTATE_270)
OURS = {
    "gray16.png": (L, "Pillow clips 16-bit gray to 8 bits, which turns pictures white; the high byte is taken"),
    "planar2_rgb16.tif": (RGB, "Pillow reads 16-bit planes as bytes"),
    "planar2_rgb16_big_endian.tif": (RGB, "Pillow reads 16-bit planes as bytes"),
    "big_big_endian.tif": (RGB, "Pillow 9.4 knows Big TIFF of little-endian machines only"),
    "gray8_0_2.tif": (L.point(lambda v: 255 - v), "Pillow has no mode for reversed bits and inverted gray"),
    "palette_short.tif": (None, "a palette without all colors is damage"),
    "too_few_strips.tif": (None, "strips that are missing are damage; Pillow leaves them black"),
    "lab.tif": (None, "CIE L*a*b* needs a color profile to become RGB"),
    "bits32.tif": (None, "Pillow clips samples of 32 bits to 8"),
    "signed16.tif": (None, "Pillow clips signed samples to 8 bits"),
    "jpeg_packed.tif": (None, "JPEG in TIFF is not supported"),
    "group3_2d.tif": (None, "two-dimensional CCITT group 3 is not supported"),
    "tiff_ccitt.tif": (None, "CCITT modified Huffman is not supported"),
    "tiff_ccitt_0.tif": (None, "CCITT modified Huffman is not supported"),
    "tiff_ccitt_1.tif": (None, "CCITT modified Huffman is not supported"),
    "rle8_early_end.bmp": (Image.fromarray(np.concatenate([np.repeat(np.frombuffer(colors_of(256), np.uint8).reshape(-1, 4)[:1, 2::-1][None], 8, 0).repeat(33, 1),
                           np.frombuffer(colors_of(256), np.uint8).reshape(-1, 4)[coarse[8:]][..., 2::-1]])), "the format lets a picture end early: what is left is color 0"),
}
OURS["gray16.tif"] = OURS["gray16.pgm"] = OURS["gray16.png"]
for name in ("exif_byte_ii.jpg", "exif_byte_mm.jpg"):
    OURS[name] = (Image.open(os.path.join("pictures", name)), "Pillow heeds an orientation in bytes only as text")

decisions = {}
for name in sorted(os.listdir("pictures")):
    path = os.path.join("pictures", name)
    try:
        img = Image.open(path)
        img.load()
        upright = ImageOps.exif_transpose(img)
        if name not in OURS:
            out, upright = img.convert("RGBA"), upright.convert("RGBA")
            assert out.convert("RGB").tobytes() == img.convert("RGB").tobytes(), name
            # Pillow turns a TIFF when it loads it; 9.4 would turn it again here.
            if upright.tobytes() != out.tobytes() and not name.endswith(".tiff"):
                upright.save(os.path.join("want", name + ".upright.png"))
            out.save(os.path.join("want", name + ".png"))
        decisions[name] = "ok"
    except Exception as e:
        decisions[name] = f"{type(e).__name__}: {e}".replace(path, name)
with open("want.json", "w") as f:
    json.dump(decisions, f, indent=1, sort_keys=True)
    f.write("\n")
for name, (img, why) in OURS.items():
    if img is not None:
        img.convert("RGBA").save(os.path.join("want", name + ".png"))
        if name.startswith("exif"):
            turned(img).convert("RGBA").save(os.path.join("want", name + ".upright.png"))
with open("differences.json", "w") as f:
    json.dump({name: {"decision": "refused" if img is None else "ok", "why": why} for name, (img, why) in OURS.items()}, f, indent=1, sort_keys=True)
    f.write("\n")

# Pictures whose memory is measured; large, but of few colors.
os.makedirs("large", exist_ok=True)
y, x = np.mgrid[0:600, 0:800]
flat = np.stack([x // 100 * 30, y // 100 * 40, (x // 50 + y // 50) % 2 * 200], -1).astype(np.uint8)
flat = Image.fromarray(flat)
see = flat.convert("RGBA")
see.putalpha(Image.fromarray((x // 4 % 256).astype(np.uint8)))
noisy = Image.fromarray((np.asarray(flat) ^ (x * y % 7)[..., None].astype(np.uint8)))
for name, img, kw in (
    ("lossy.webp", flat, {"quality": 50}), ("lossy_alpha.webp", see, {"quality": 50}), ("lossless.webp", noisy, {"lossless": True}),
    ("palette.webp", flat, {"lossless": True}), ("animated.webp", see, {"save_all": True, "append_images": [see.rotate(180)], "lossless": True}),
    ("420.jpg", flat, {"quality": 50}), ("444.jpg", flat, {"quality": 50, "subsampling": 0}), ("progressive.jpg", flat, {"quality": 50, "subsampling": 0, "progressive": True}),
    ("cmyk.jpg", flat.convert("CMYK"), {"quality": 50}),
):
    img.save("large/large_" + name, **kw)
flat.quantize(64).save("large/large.gif")
lines = np.asarray(flat.quantize(64))
with open("large/large_rle8.bmp", "wb") as f:
    f.write(bmp(8, rle8(lines.astype(int)), 800, 600, colors_of(256), packing=1))
with open("large/large_interlaced.png", "wb") as f:
    f.write(png(np.asarray(flat), 2, 8, interlaced=True))
