"""Loads what packages/styleforge/test/write-trained.ts has written with diffusers and compares latents: python check-trained.py FOLDER, run by hand. Versions: methods.json.

Each checkpoint is loaded as files on top of the base model, and as its merged model. Latents after three Euler steps must agree within 1e-4 of the
largest; merged models are half precision (11 bits: 5e-4 of each weight), so that theirs may differ by 1e-2.
"""
import json
import sys
from pathlib import Path

import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline
from safetensors.torch import load_file


def open_pipeline(folder, family):
    if family == "sdxl":
        return StableDiffusionXLPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    return StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32, safety_checker=None, feature_extractor=None)


def pool_at_the_end(pipeline):
    """Published configs say eos_token_id 2, for which transformers pools at the largest id: that of a new word."""
    encoder = pipeline.text_encoder_2
    encoder.config.eos_token_id = pipeline.tokenizer_2.eos_token_id
    encoder.text_model.eos_token_id = pipeline.tokenizer_2.eos_token_id


def latents_of(pipeline, prompt, start):
    pipeline.scheduler = EulerDiscreteScheduler.from_config(pipeline.scheduler.config)
    size = 8 * pipeline.vae_scale_factor
    with torch.no_grad():
        return pipeline(prompt, latents=start.clone(), num_inference_steps=3, guidance_scale=3.0, width=size, height=size, output_type="latent").images


for path in sorted(Path(sys.argv[1]).glob("*/*/case.json")):
    case = json.loads(path.read_text())
    ours = load_file(path.parent / "latents.safetensors")
    checkpoint, family = Path(case["checkpoint"]), case["family"]

    def difference(pipeline):
        theirs = latents_of(pipeline, case["prompt"], ours["start"])
        return float((theirs - ours["final"]).abs().max() / ours["final"].abs().max())

    on_base = open_pipeline(case["base"], family)
    report = {"family": family, "method": case["name"], "base": difference(on_base)}
    if (checkpoint / "pytorch_lora_weights.safetensors").exists():
        on_base.load_lora_weights(str(checkpoint), weight_name="pytorch_lora_weights.safetensors")
    if (checkpoint / "learned_embeds.safetensors").exists():
        on_base.load_textual_inversion(str(checkpoint / "learned_embeds.safetensors"))
        if family == "sdxl":
            second = load_file(checkpoint / "learned_embeds_2.safetensors")
            on_base.load_textual_inversion(second, text_encoder=on_base.text_encoder_2, tokenizer=on_base.tokenizer_2)
            report["pooled_at_the_largest_id"] = difference(on_base)
            pool_at_the_end(on_base)
    report["files"] = difference(on_base)
    report["merged"] = difference(open_pipeline(checkpoint / "merged", family))
    print(json.dumps(report))
    assert report["files"] < 1e-4, path
    assert report["merged"] < 1e-2, path
