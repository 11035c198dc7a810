# Writes a folder of sample cases with two images, each with its own text and sizes, on the checkpoints of this folder, for the parity command.
# Usage: python make-samples.py DIRECTORY [SEED]     (torch, diffusers; CPU, float32). Its output is not committed: it is checked with
#   npm run --silent parity -- DIRECTORY
import json
import shutil
import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextModel, CLIPTextModelWithProjection

torch.set_num_threads(1)
torch.manual_seed(int(sys.argv[2]) if len(sys.argv) > 2 else 5)
torch.set_grad_enabled(False)
HERE, OUT, IMAGES = Path(__file__).parent, Path(sys.argv[1]), 2
methods = json.loads((HERE / "methods.json").read_text())
BEGIN, END = methods["begin_id"], methods["end_id"]
cases = {}


def open_part(checkpoint, cls, part):
    return cls.from_pretrained(OUT / checkpoint, subfolder=part).eval()


def texts(padding, rows=IMAGES):
    ids = torch.full((rows, 77), padding)
    for row in range(rows):
        words = [BEGIN, *torch.randint(3, BEGIN - 1, (4 + row,)).tolist(), END]
        ids[row, : len(words)] = torch.tensor(words)
    return ids


def sample(name, checkpoint, tensors, size, steps, scale, positive, negative):
    """`positive` and `negative`: what the U-Net is conditioned with, by its arguments' names."""
    unet, vae = open_part(checkpoint, UNet2DConditionModel, "unet"), open_part(checkpoint, AutoencoderKL, "vae")
    scheduler = EulerDiscreteScheduler.from_pretrained(OUT / checkpoint, subfolder="scheduler")
    scheduler.set_timesteps(steps)
    tensors["latents"] = torch.randn(IMAGES, 4, *size)
    x = tensors["latents"] * scheduler.init_noise_sigma
    for i, t in enumerate(scheduler.timesteps):
        scaled = scheduler.scale_model_input(x, t)
        with_text, without = (unet(scaled, t, **given).sample for given in (positive, negative))
        x = scheduler.step(without + scale * (with_text - without), t, x).prev_sample
        tensors[f"after.{i}"] = x
    tensors["final_latents"] = x
    tensors["image"] = (vae.decode(x / vae.config.scaling_factor).sample / 2 + 0.5).clamp(0, 1)
    save_file({key: value.contiguous().clone() for key, value in tensors.items()}, OUT / f"{name}.safetensors")
    cases[name] = dict(kind="sample", checkpoint=checkpoint, file=f"{name}.safetensors", sampler="euler", steps=steps, guidance_scale=scale)


for checkpoint in ("tiny-sd", "tiny-sdxl"):
    shutil.copytree(HERE / checkpoint, OUT / checkpoint, dirs_exist_ok=True)

first, second = open_part("tiny-sdxl", CLIPTextModel, "text_encoder"), open_part("tiny-sdxl", CLIPTextModelWithProjection, "text_encoder_2")
ids, ids_2 = texts(END), texts(0)
out, out_2 = first(ids, output_hidden_states=True), second(ids_2, output_hidden_states=True)
ends = (ids_2 == END).int().argmax(-1)
pooled = second.text_projection(out_2.last_hidden_state[torch.arange(IMAGES), ends])
context = torch.cat([out.hidden_states[-2], out_2.hidden_states[-2]], -1)
time_ids = torch.tensor([[600.0, 801, 8, 0, 64, 96], [900.0, 700, 0, 40, 64, 96]])
conditioned = lambda states, text: dict(encoder_hidden_states=states, added_cond_kwargs=dict(text_embeds=text, time_ids=time_ids))
sample("sdxl-two", "tiny-sdxl", dict(input_ids=ids, input_ids_2=ids_2, time_ids=time_ids), (8, 12), 5, 4.5,
       conditioned(context, pooled), conditioned(torch.zeros_like(context), torch.zeros_like(pooled)))

encoder, ids = open_part("tiny-sd", CLIPTextModel, "text_encoder"), texts(END)
empty = torch.tensor([[BEGIN, *[END] * 76]])
sample("sd-two", "tiny-sd", dict(input_ids=ids), (8, 8), 4, 3.0, dict(encoder_hidden_states=encoder(ids).last_hidden_state),
       dict(encoder_hidden_states=encoder(empty).last_hidden_state.expand(IMAGES, -1, -1)))
(OUT / "methods.json").write_text(json.dumps(dict(begin_id=BEGIN, end_id=END, vocabulary=methods["vocabulary"], cases=cases)))
print(len(cases), "cases")
