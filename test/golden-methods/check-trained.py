"""Loads what packages/styleforge/test/write-trained.ts has written with diffusers and compares latents: python check-trained.py FOLDER, run by hand. Versions: methods.json.

Each checkpoint is loaded as files on top of the base model, in each layout that it has, and as its merged model. Latents after three Euler steps must agree
within 1e-4 of the largest; merged models are half precision (11 bits: 5e-4 of each weight), so that theirs may differ by 1e-2. check-trained.jsonl has the
differences that were found.
"""
import json
import sys
from pathlib import Path

import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline
from safetensors.torch import load_file


torch.set_num_threads(1)


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


def load_words(pipeline, first, second=None, **named):
    pipeline.load_textual_inversion(first, **named)
    if second is not None:
        pipeline.load_textual_inversion(second, text_encoder=pipeline.text_encoder_2, tokenizer=pipeline.tokenizer_2, **named)


def load_custom_diffusion(pipeline, checkpoint, family):
    """diffusers 0.42.1 cannot read its own file back (README): the tensors are put where its attention processors keep them."""
    weights = load_file(checkpoint / "pytorch_custom_diffusion_weights.safetensors")
    layers = dict(pipeline.unet.named_parameters())
    for key, value in weights.items():
        name = key.replace(".processor.", ".").replace("_custom_diffusion", "")
        with torch.no_grad():
            layers[name].copy_(value)
    rows = [load_file(checkpoint / file) for file in ("zwx.safetensors", "zwx_2.safetensors") if (checkpoint / file).exists()]
    load_words(pipeline, *rows)


def load_diffusers(pipeline, checkpoint, family):
    if (checkpoint / "pytorch_custom_diffusion_weights.safetensors").exists():
        load_custom_diffusion(pipeline, checkpoint, family)
    if (checkpoint / "pytorch_lora_weights.safetensors").exists():
        pipeline.load_lora_weights(str(checkpoint), weight_name="pytorch_lora_weights.safetensors")
    if (checkpoint / "learned_embeds.safetensors").exists():
        second = checkpoint / "learned_embeds_2.safetensors"
        load_words(pipeline, load_file(checkpoint / "learned_embeds.safetensors"), load_file(second) if second.exists() else None)


def load_others(pipeline, checkpoint, family):
    """The files for ComfyUI and A1111: kohya's LoRA, and the embedding by its file's name."""
    if (checkpoint / "kohya" / "lora.safetensors").exists():
        pipeline.load_lora_weights(str(checkpoint / "kohya"), weight_name="lora.safetensors")
    for file in sorted((checkpoint / "a1111").glob("*.safetensors")):
        rows = load_file(file)
        if family == "sdxl":
            load_words(pipeline, {"<zwx>": rows["clip_l"]}, {"<zwx>": rows["clip_g"]})
        else:
            load_words(pipeline, str(file), token="<zwx>")


for path in sorted(Path(sys.argv[1]).glob("*/*/case.json")):
    case = json.loads(path.read_text())
    ours = load_file(path.parent / "latents.safetensors")
    checkpoint, family = Path(case["checkpoint"]), case["family"]

    def difference(pipeline):
        theirs = latents_of(pipeline, case["prompt"], ours["start"])
        return float((theirs - ours["final"]).abs().max() / ours["final"].abs().max())

    def with_files(load):
        pipeline = open_pipeline(case["base"], family)
        load(pipeline, checkpoint, family)
        if family == "sdxl":
            pool_at_the_end(pipeline)
        return difference(pipeline)

    report = {"family": family, "method": case["name"], "base": difference(open_pipeline(case["base"], family)), "files": with_files(load_diffusers)}
    if (checkpoint / "kohya").exists() or (checkpoint / "a1111").exists():
        report["files_for_comfyui_and_a1111"] = with_files(load_others)
    report["merged"] = difference(open_pipeline(checkpoint / "merged", family))
    print(json.dumps({key: float(f"{value:.1e}") if isinstance(value, float) else value for key, value in report.items()}), flush=True)
    assert report["base"] > 1e-2, path
    assert report["files"] < 1e-4, path
    assert report.get("files_for_comfyui_and_a1111", 0) < 1e-4, path
    assert report["merged"] < 1e-2, path
