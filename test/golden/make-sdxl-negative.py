# Latents of Stable Diffusion XL without a negative prompt, and with the empty one: diffusers' own pipeline on test/golden-methods/tiny-sdxl.
# Usage: python make-sdxl-negative.py     (torch 2.13.0, diffusers 0.42.1, transformers 5.18.0); writes sdxl-negative.safetensors beside itself
import json
from pathlib import Path
from types import SimpleNamespace

import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel, CLIPTextModelWithProjection

torch.set_num_threads(1)
here = Path(__file__).parent
folder = here.parent / "golden-methods"
model = folder / "tiny-sdxl"
methods = json.loads((folder / "methods.json").read_text())
case = methods["cases"]["sdxl.sample"]
given = load_file(folder / case["file"])


class Words:
    """A tokenizer of the two texts that occur: the prompt of the case, and the empty text."""

    model_max_length = 77
    added_tokens_encoder = {}

    def __init__(self, prompt, padding):
        self.texts = {"prompt": prompt, "": torch.tensor([[methods["begin_id"], methods["end_id"]] + [padding] * 75])}

    def tokenize(self, text):
        return text.split()

    def __call__(self, text, **_):
        return SimpleNamespace(input_ids=torch.cat([self.texts[one].long() for one in ([text] if isinstance(text, str) else text)]))


pipeline = StableDiffusionXLPipeline(
    vae=AutoencoderKL.from_pretrained(model, subfolder="vae"),
    text_encoder=CLIPTextModel.from_pretrained(model, subfolder="text_encoder"),
    text_encoder_2=CLIPTextModelWithProjection.from_pretrained(model, subfolder="text_encoder_2"),
    tokenizer=Words(given["input_ids"], methods["end_id"]),
    tokenizer_2=Words(given["input_ids_2"], 0),
    unet=UNet2DConditionModel.from_pretrained(model, subfolder="unet"),
    scheduler=EulerDiscreteScheduler.from_pretrained(model, subfolder="scheduler"),
    force_zeros_for_empty_prompt=True,
    add_watermarker=False,
)
pipeline.set_progress_bar_config(disable=True)
height, width = (side * 8 for side in given["latents"].shape[2:])
results = {"empty.input_ids": pipeline.tokenizer.texts[""].int(), "empty.input_ids_2": pipeline.tokenizer_2.texts[""].int()}
for name, negative in (("none", None), ("empty", "")):
    latents = pipeline(
        "prompt", negative_prompt=negative, height=height, width=width, num_inference_steps=case["steps"], guidance_scale=case["guidance_scale"],
        latents=given["latents"], original_size=tuple(case["original_size"]), crops_coords_top_left=tuple(case["crop_top_left"]),
        target_size=tuple(case["target_size"]), output_type="latent",
    ).images
    results[f"{name}.latents"] = latents.contiguous()
save_file(results, here / "sdxl-negative.safetensors")
print({name: (list(value.shape), float(value.abs().max())) for name, value in results.items()})
print("difference", float((results["none.latents"] - results["empty.latents"]).abs().max()))
print("none against sdxl.sample", float((results["none.latents"] - given["final_latents"]).abs().max()))
