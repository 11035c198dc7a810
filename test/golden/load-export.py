"""Loads a finished checkpoint in diffusers, its folder and its single file, and compares what both generate.

python test/golden/load-export.py CHECKPOINT_FOLDER [--tolerance 0.02]

The folder holds float32, the single file float16, so their latents differ by its rounding.
"""
import argparse
import os

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--tolerance", type=float, default=0.02)
parser.add_argument("--size", type=int, default=64)
options = parser.parse_args()


def latents(pipeline):
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    assert pipeline.tokenizer.model_max_length == pipeline.text_encoder.config.max_position_embeddings
    result = pipeline(
        "a picture in the style of zwx " * 8,
        num_inference_steps=2,
        guidance_scale=1.0,
        height=options.size,
        width=options.size,
        generator=torch.Generator().manual_seed(1),
        output_type="latent",
    ).images
    assert torch.isfinite(result).all()
    return result, pipeline.scheduler.config.prediction_type


folder = StableDiffusionPipeline.from_pretrained(options.folder, torch_dtype=torch.float32, safety_checker=None, local_files_only=True)
from_folder, predicts = latents(folder)
tokenizer, scheduler = folder.tokenizer, folder.scheduler
del folder
single = StableDiffusionPipeline.from_single_file(
    os.path.join(options.folder, "single-file", "model.safetensors"),
    config=options.folder,
    torch_dtype=torch.float32,
    safety_checker=None,
    local_files_only=True,
)
from_file, _ = latents(single)
difference = ((from_file - from_folder).abs().max() / from_folder.abs().max()).item()
print(f"predicts {predicts}; latents {tuple(from_folder.shape)}; single file against folder {difference:.2e}")
if difference > options.tolerance:
    raise SystemExit("the single file is another model than the folder")
