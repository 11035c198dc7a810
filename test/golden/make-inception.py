# Features of pytorch-fid's Inception on weights that a formula gives, so that a test can make the same ones.
# pip install torch torchvision pytorch-fid clean-fid; python test/golden/make-inception.py
# Writes inception-shapes.json and inception.safetensors.
import json
import os

import numpy as np
import torch
from pytorch_fid.inception import InceptionV3, fid_inception_v3  # noqa: F401
from pytorch_fid import inception as port
from safetensors.numpy import save_file

here = os.path.dirname(os.path.abspath(__file__))


def fnv1a(text):
    h = 0x811C9DC5
    for byte in text.encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    return h


def uniforms(name, count):
    """In [-1, 1): a 32-bit integer hash of (name, index)."""
    h = (np.arange(count, dtype=np.uint32) * np.uint32(2654435761)) ^ np.uint32(fnv1a(name))
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    return h.astype(np.float64) / 2**31 - 1


def tensor_for(name, shape):
    u = uniforms(name, int(np.prod(shape)))
    if name.endswith("conv.weight"):
        u *= np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith("running_var") or name.endswith("bn.weight"):
        u = 1 + 0.2 * u
    else:
        u *= 0.1
    return torch.from_numpy(u.astype(np.float32).reshape(shape))


def picture(name, width, height):
    """Waves of several colors with noise: bytes, so that both sides start from the same picture."""
    y, x, c = np.mgrid[0:height, 0:width, 0:3].astype(np.float64)
    wave = 127.5 + 80 * np.sin((x + 2 * c) / 9) * np.cos(y / (7 + 3 * c))
    return np.clip(np.floor(wave + 40 * uniforms(name, height * width * 3).reshape(height, width, 3)), 0, 255).astype(np.uint8)


# The class is asked for its layout only; its own weights are never downloaded.
port.load_state_dict_from_url = lambda *args, **kwargs: {}
torch.nn.Module.load_state_dict, load = (lambda self, *a, **k: None), torch.nn.Module.load_state_dict
blocks = InceptionV3([0, 1, 2, 3], resize_input=True, normalize_input=True)
net = fid_inception_v3()
torch.nn.Module.load_state_dict = load
shapes = {name: list(value.shape) for name, value in net.state_dict().items() if not name.endswith("num_batches_tracked")}
state = {name: tensor_for(name, shape) for name, shape in shapes.items()}
net.load_state_dict(state, strict=False)


def blocks_of(net):
    from torch import nn
    pool = lambda: nn.MaxPool2d(kernel_size=3, stride=2)
    return [
        [net.Conv2d_1a_3x3, net.Conv2d_2a_3x3, net.Conv2d_2b_3x3, pool()], [net.Conv2d_3b_1x1, net.Conv2d_4a_3x3, pool()],
        [net.Mixed_5b, net.Mixed_5c, net.Mixed_5d, net.Mixed_6a, net.Mixed_6b, net.Mixed_6c, net.Mixed_6d, net.Mixed_6e],
        [net.Mixed_7a, net.Mixed_7b, net.Mixed_7c, nn.AdaptiveAvgPool2d(output_size=(1, 1))],
    ]


blocks.blocks = torch.nn.ModuleList([torch.nn.Sequential(*block) for block in blocks_of(net)])
blocks.eval()

out = {}
sizes = {"small": (64, 64), "odd": (211, 157), "large": (401, 317)}
with torch.no_grad():
    for name, (width, height) in sizes.items():
        image = picture(name, width, height)
        batch = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
        for tap, value in zip((64, 192, 768, 2048), blocks(batch)):
            pooled = torch.nn.functional.adaptive_avg_pool2d(value, (1, 1))
            out[f"legacy.{name}.{tap}"] = pooled[0, :, 0, 0].numpy()

# clean-fid gives its network 0..255 after its own resize, and that network takes 128 off and divides by 128.
from cleanfid.resize import build_resizer
resize = build_resizer("clean")
blocks.resize_input = False
blocks.normalize_input = False
with torch.no_grad():
    for name, (width, height) in sizes.items():
        resized = resize(picture(name, width, height))
        batch = (torch.from_numpy(np.ascontiguousarray(resized)).permute(2, 0, 1)[None].float() - 128) / 128
        for tap, value in zip((64, 192, 768, 2048), blocks(batch)):
            pooled = torch.nn.functional.adaptive_avg_pool2d(value, (1, 1))
            out[f"clean.{name}.{tap}"] = pooled[0, :, 0, 0].numpy()

save_file(out, os.path.join(here, "inception.safetensors"))
with open(os.path.join(here, "inception-shapes.json"), "w") as file:
    file.write("{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(shape)}" for name, shape in shapes.items()) + "\n}\n")
for key, value in out.items():
    print(key, value.shape, float(np.abs(value).mean()), float(np.abs(value).max()))
