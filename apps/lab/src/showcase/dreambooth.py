# Trains DreamBooth without prior preservation with diffusers, and generates the prompts: dreambooth.py SETTINGS.json FOLDER
import json
import pathlib
import sys

import numpy
import torch
from diffusers import DDIMScheduler, DDPMScheduler, StableDiffusionPipeline
from PIL import Image, ImageOps

settings = json.loads(pathlib.Path(sys.argv[1]).read_text())
folder = pathlib.Path(sys.argv[2])
values = settings["hyperparameters"]
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(values["seed"])

pipeline = StableDiffusionPipeline.from_pretrained(settings["base_model"], torch_dtype=torch.float32, safety_checker=None).to(device)
pipeline.set_progress_bar_config(disable=True)
unet, text_encoder, vae, tokenizer = pipeline.unet, pipeline.text_encoder, pipeline.vae, pipeline.tokenizer
noise_scheduler = DDPMScheduler.from_config(pipeline.scheduler.config)
if values["gradient_checkpointing"]:
    unet.enable_gradient_checkpointing()


def pixels(path):
    side = values["resolution"]
    image = ImageOps.fit(ImageOps.exif_transpose(Image.open(path)).convert("RGB"), (side, side))
    return torch.from_numpy(numpy.asarray(image, dtype=numpy.float32) / 127.5 - 1).permute(2, 0, 1)


paths = [p for p in sorted(pathlib.Path(settings["images"]).iterdir()) if p.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp")]
with torch.no_grad():
    moments = [vae.encode(pixels(path)[None].to(device)).latent_dist for path in paths]

trained = list(unet.parameters()) + (list(text_encoder.parameters()) if values["train_text_encoder"] else [])
optimizer = torch.optim.AdamW(
    trained,
    lr=values["learning_rate"],
    betas=(values["adam_beta1"], values["adam_beta2"]),
    eps=values["adam_epsilon"],
    weight_decay=values["adam_weight_decay"],
)
ids = tokenizer([settings["prompt"]], padding="max_length", truncation=True, return_tensors="pt").input_ids.to(device)
batch = values["train_batch_size"]
unet.train()
for step in range(values["max_train_steps"]):
    chosen = torch.randint(len(moments), (batch,))
    latents = torch.cat([moments[int(i)].sample() for i in chosen]) * vae.config.scaling_factor
    noise = torch.randn_like(latents)
    times = torch.randint(noise_scheduler.config.num_train_timesteps, (batch,), device=device)
    predicted = unet(noise_scheduler.add_noise(latents, noise, times), times, text_encoder(ids)[0].expand(batch, -1, -1)).sample
    velocity = noise_scheduler.config.prediction_type == "v_prediction"
    target = noise_scheduler.get_velocity(latents, noise, times) if velocity else noise
    torch.nn.functional.mse_loss(predicted, target).backward()
    torch.nn.utils.clip_grad_norm_(trained, values["max_grad_norm"])
    optimizer.step()
    optimizer.zero_grad()

unet.eval()
pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
for index, prompt in enumerate(settings["prompts"]):
    image = pipeline(
        prompt,
        num_inference_steps=settings["sampling"]["steps"],
        guidance_scale=settings["sampling"]["guidance_scale"],
        height=values["resolution"],
        width=values["resolution"],
        generator=torch.Generator("cpu").manual_seed(settings["seed"] + index),
    ).images[0]
    image.save(folder / f"{index:03d}.png")
