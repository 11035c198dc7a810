# Embeddings of tiny-clip for pictures and texts as transformers prepares them: resizing, cropping, normalizing, tokenizing.
# pip install torch transformers pillow safetensors; python test/golden/make-clip-preprocessing.py
# Writes clip-preprocessing/: the files of a CLIP folder that tiny-clip lacks, the texts, and the embeddings of both.
import json
import os

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPModel, CLIPTokenizer

try:
    from transformers import CLIPImageProcessorPil as CLIPImageProcessor
except ImportError:
    from transformers import CLIPImageProcessor

here = os.path.dirname(os.path.abspath(__file__))
out = os.path.join(here, "clip-preprocessing")
os.makedirs(out, exist_ok=True)


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


def dump(name, value):
    with open(os.path.join(out, name), "w") as file:
        json.dump(value, file, ensure_ascii=False)
        file.write("\n")


# A vocabulary of single bytes: byte-level BPE writes each byte as one visible character.
visible = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or b >= 174]
hidden = [b for b in range(256) if b not in visible]
letters = [chr(b) if b in visible else chr(256 + hidden.index(b)) for b in range(256)]
tokens = letters + [letter + "</w>" for letter in letters]
special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
dump("vocab.json", {**{token: i for i, token in enumerate(tokens)}, "<|startoftext|>": 998, "<|endoftext|>": 999})
with open(os.path.join(out, "merges.txt"), "w") as file:
    file.write("#version: 0.2\n")
dump("special_tokens_map.json", special)
dump("tokenizer_config.json", {**special, "model_max_length": 77, "tokenizer_class": "CLIPTokenizer"})
dump("preprocessor_config.json", {
    "do_resize": True, "size": {"shortest_edge": 32}, "resample": 3, "do_center_crop": True, "crop_size": {"height": 32, "width": 32},
    "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711], "image_processor_type": "CLIPImageProcessor"})
texts = ["a red apple", "An old woman, classic style", "two words " * 20]
dump("texts.json", texts)

model = CLIPModel.from_pretrained(os.path.join(here, "tiny-clip")).eval()
processor = CLIPImageProcessor.from_pretrained(out)
tokenizer = CLIPTokenizer.from_pretrained(out)
sizes = {"small": (64, 64), "odd": (211, 157), "large": (401, 317)}
images = [Image.fromarray(picture(name, *size)) for name, size in sizes.items()]
with torch.no_grad():
    pixels = processor(images, return_tensors="pt")["pixel_values"]
    ids = tokenizer(texts, padding="max_length", truncation=True, max_length=77, return_tensors="pt")["input_ids"]
    assert ids[:, 0].eq(998).all() and ids.eq(999).any(1).all(), ids
    result = model(pixel_values=pixels, input_ids=ids)
save_file({"images": result.image_embeds.contiguous(), "texts": result.text_embeds.contiguous()}, os.path.join(out, "embeddings.safetensors"))
print(type(processor).__name__, result.image_embeds[:, :3], ids[:, :6])
