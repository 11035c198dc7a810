# Pictures as clean-fid's `clean` and pytorch-fid's `legacy` resize them, on odd sizes, up and down.
# pip install torch clean-fid safetensors; python test/golden/make-resize.py
# Writes resize.safetensors: `rule.name.to` of [height, width, 3], 0..255.
import os

import numpy as np
import torch
from cleanfid.resize import make_resizer
from safetensors.numpy import save_file

here = os.path.dirname(os.path.abspath(__file__))


def fnv1a(text):
    h = 0x811C9DC5
    for byte in text.encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    return h


def uniforms(name, count):
    h = (np.arange(count, dtype=np.uint32) * np.uint32(2654435761)) ^ np.uint32(fnv1a(name))
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    return h.astype(np.float64) / 2**31 - 1


def picture(name, width, height):
    y, x, c = np.mgrid[0:height, 0:width, 0:3].astype(np.float64)
    wave = 127.5 + 80 * np.sin((x + 2 * c) / 9) * np.cos(y / (7 + 3 * c))
    return np.clip(np.floor(wave + 40 * uniforms(name, height * width * 3).reshape(height, width, 3)), 0, 255).astype(np.uint8)


# name, size, size to resize to: both down, both up, one of each, by odd factors
cases = [("down", (61, 47), (29, 23)), ("up", (23, 17), (41, 37)), ("across", (53, 19), (31, 33)), ("thin", (97, 3), (29, 29))]
out = {}
for name, size, to in cases:
    image = picture(name, *size)
    out[f"clean.{name}"] = np.ascontiguousarray(make_resizer("PIL", False, "bicubic", to)(image)).astype(np.float32)
    # what pytorch-fid's InceptionV3 does with resize_input=True, at another size
    batch = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    resized = torch.nn.functional.interpolate(batch, size=(to[1], to[0]), mode="bilinear", align_corners=False)
    out[f"legacy.{name}"] = np.ascontiguousarray(resized[0].permute(1, 2, 0).numpy() * 255)
save_file(out, os.path.join(here, "resize.safetensors"))
for key, value in out.items():
    print(key, value.shape, float(value.min()), float(value.max()))
