#!/usr/bin/python3
"""Makes the pictures in this folder and what Pillow reads from them.

pictures/NAME        the encoded picture, many of them odd or broken
want/NAME.png        its pixels as Pillow's convert("RGBA") sees them
want/NAME.upright.png  the same after ImageOps.exif_transpose, if that differs
want.json            Pillow's decision for each picture: "ok" or its error

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
    """Soft colours with some noise and a hard edge."""
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

decisions = {}
for name in sorted(os.listdir("pictures")):
    path = os.path.join("pictures", name)
    try:
        img = Image.open(path)
        img.load()
        upright = ImageOps.exif_transpose(img)
        if name.startswith("gray16"):  # Pillow clips 16 bits to 8; we take the high byte
            out = L
        else:
            out, upright = img.convert("RGBA"), upright.convert("RGBA")
            assert out.convert("RGB").tobytes() == img.convert("RGB").tobytes(), name
            # Pillow turns a TIFF when it loads it; 9.4 would turn it again here.
            if upright.tobytes() != out.tobytes() and not name.endswith(".tiff"):
                upright.save(os.path.join("want", name + ".upright.png"))
        out.convert("RGBA").save(os.path.join("want", name + ".png"))
        decisions[name] = "ok"
    except Exception as e:
        decisions[name] = f"{type(e).__name__}: {e}".replace(path, name)
with open("want.json", "w") as f:
    json.dump(decisions, f, indent=1, sort_keys=True)
    f.write("\n")
