# Reference numbers like those of test/golden, of another shape: what is odd here is what test/golden does not have.
# Usage: python make.py DIRECTORY [second]     (torch 2.13.0, diffusers 0.40.0, transformers 5.18.0, CPU, float32)
#
# first:  Stable Diffusion 2.x at tiny size: two levels, linear projection, head counts as a list, gelu text encoder,
#         velocity prediction, linear betas, latents that are not square, min-SNR weights, several samples of each kind.
# second: three levels with attention only in the middle one, two transformer layers, a VAE of three levels without
#         quantisation convolutions, cosine betas over 500 steps, end-of-text found the old way (eos_token_id 2).
import json
import os
import shutil
import sys

import numpy as np
import torch
from diffusers import (AutoencoderKL, DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler,
                       PNDMScheduler, UNet2DConditionModel, UniPCMultistepScheduler)
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPTextModel

FIRST = dict(
    schedule=dict(num_train_timesteps=1000, beta_start=0.0001, beta_end=0.02, beta_schedule="linear"),
    prediction_type="v_prediction", scaling_factor=0.13, latent=(4, 6, 10), pixels=(12, 20), batch=3, tokens=77,
    unet=dict(block_out_channels=(12, 24), down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
              up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), layers_per_block=2, attention_head_dim=[2, 4],
              use_linear_projection=True, norm_num_groups=6, cross_attention_dim=20, norm_eps=1e-5, sample_size=6),
    vae=dict(block_out_channels=(8, 16), norm_num_groups=4, layers_per_block=2, latent_channels=4),
    text=dict(vocab_size=150, hidden_size=20, intermediate_size=56, num_hidden_layers=3, num_attention_heads=5,
              hidden_act="gelu", bos_token_id=148, eos_token_id=149, pad_token_id=0),
    runs=[
        dict(name="min-snr", steps=3, **{"lambda": 0.7}, max_grad_norm=0.5, learning_rate=2e-4, weight_decay=0.05,
             adam=[0.85, 0.98, 1e-7], n_style_ref=3, n_aux=2, snr_gamma=5.0, grad0=True),
        dict(name="plain", steps=4, **{"lambda": 1.0}, max_grad_norm=None, learning_rate=1e-3, weight_decay=0.0,
             adam=[0.9, 0.999, 1e-8], n_style_ref=1, n_aux=3, snr_gamma=None, grad0=True),
    ],
    sampler_steps=(1, 2, 5, 12, 17), fake_model="eps(x,t)=(0.25*x-0.1*cos(2*x+t/250))/1.5",
    features=[(30, 45, 12), (25, 20, 90), (64, 64, 64)],
    clip=dict(projection_dim=18, text_config=dict(vocab_size=150, hidden_size=20, intermediate_size=40, num_hidden_layers=2,
              num_attention_heads=2, hidden_act="gelu", bos_token_id=148, eos_token_id=149, pad_token_id=0),
              vision_config=dict(hidden_size=28, intermediate_size=36, num_hidden_layers=3, num_attention_heads=7, image_size=30,
                                 patch_size=6, hidden_act="gelu")),
    clip_batch=(4, 2),
)

SECOND = dict(
    schedule=dict(num_train_timesteps=500, beta_start=0.001, beta_end=0.03, beta_schedule="squaredcos_cap_v2"),
    prediction_type="epsilon", scaling_factor=0.5, latent=(3, 8, 4), pixels=(32, 16), batch=1, tokens=40,
    unet=dict(block_out_channels=(8, 16, 24), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
              up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), layers_per_block=1, attention_head_dim=4,
              transformer_layers_per_block=2, norm_num_groups=4, cross_attention_dim=12, sample_size=8,
              in_channels=3, out_channels=3, flip_sin_to_cos=False, freq_shift=1, norm_eps=1e-6, act_fn="gelu"),
    vae=dict(block_out_channels=(4, 8, 8), norm_num_groups=2, layers_per_block=1, latent_channels=3,
             use_quant_conv=False, use_post_quant_conv=False),
    text=dict(vocab_size=90, hidden_size=12, intermediate_size=24, num_hidden_layers=1, num_attention_heads=3,
              hidden_act="quick_gelu", max_position_embeddings=40, bos_token_id=88, eos_token_id=2, pad_token_id=89),
    runs=[
        dict(name="epsilon-min-snr", steps=2, **{"lambda": 2.0}, max_grad_norm=10.0, learning_rate=5e-4, weight_decay=0.1,
             adam=[0.9, 0.95, 1e-6], n_style_ref=2, n_aux=2, snr_gamma=2.0, grad0=True),
    ],
    sampler_steps=(3, 9, 25), fake_model="eps(x,t)=0.4*x+0.2*tanh(x)*sin(t/77)",
    features=[(12, 9, 40), (100, 30, 7)],
    clip=dict(projection_dim=10, text_config=dict(vocab_size=90, hidden_size=12, intermediate_size=24, num_hidden_layers=2,
              num_attention_heads=3, max_position_embeddings=40, bos_token_id=88, eos_token_id=2, pad_token_id=89),
              vision_config=dict(hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=16)),
    clip_batch=(2, 5),
)

SETTINGS = SECOND if sys.argv[2:] == ["second"] else FIRST
OUT = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(20)
os.makedirs(OUT, exist_ok=True)


def path(name):
    return os.path.join(OUT, name)


def save(tensors, name):
    save_file({key: value.contiguous().clone() for key, value in tensors.items()}, path(name))


def randomise(model):
    """Fresh networks are too regular: biases are zero, norms one, and whole branches vanish."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("logit_scale"):
                continue
            fan_in = parameter[0].numel() if parameter.dim() > 1 else 1
            scale = 0.1 if parameter.dim() == 1 else 0.8 / fan_in**0.5
            offset = 1.0 if parameter.dim() == 1 and name.endswith("weight") else 0.0
            parameter.copy_(offset + scale * torch.randn_like(parameter))
    return model


def make_ids(rows):
    text = SETTINGS["text"]
    first_free = 3
    end = text["eos_token_id"] if text["eos_token_id"] != 2 else text["vocab_size"] - 1
    ids = torch.full((rows, SETTINGS["tokens"]), end if text["pad_token_id"] != 0 else 0)
    for row in range(rows):
        length = int(torch.randint(2, SETTINGS["tokens"] - 2, ()))
        ids[row, 0] = text["bos_token_id"]
        ids[row, 1:length] = torch.randint(first_free, text["bos_token_id"], (length - 1,))
        ids[row, length] = end
    return ids


def make_checkpoint():
    channels, height, _ = SETTINGS["latent"]
    unet = randomise(UNet2DConditionModel(**SETTINGS["unet"]))
    vae_blocks = len(SETTINGS["vae"]["block_out_channels"])
    vae = randomise(AutoencoderKL(in_channels=3, out_channels=3, down_block_types=("DownEncoderBlock2D",) * vae_blocks,
                                  up_block_types=("UpDecoderBlock2D",) * vae_blocks, scaling_factor=SETTINGS["scaling_factor"],
                                  sample_size=SETTINGS["pixels"][0], **SETTINGS["vae"]))
    text = randomise(CLIPTextModel(CLIPTextConfig(projection_dim=SETTINGS["text"]["hidden_size"], **SETTINGS["text"])))
    scheduler = PNDMScheduler(skip_prk_steps=True, set_alpha_to_one=False, steps_offset=1,
                              prediction_type=SETTINGS["prediction_type"], **SETTINGS["schedule"])
    unet.save_pretrained(path("tiny-sd/unet"))
    vae.save_pretrained(path("tiny-sd/vae"))
    text.save_pretrained(path("tiny-sd/text_encoder"))
    scheduler.save_pretrained(path("tiny-sd/scheduler"))
    shutil.copy(os.path.join(HERE, "../golden/tiny-sd/model_index.json"), path("tiny-sd/model_index.json"))
    return unet.eval(), vae.eval(), text.eval()


@torch.no_grad()
def make_forward(unet, vae, text):
    batch, latent = SETTINGS["batch"], SETTINGS["latent"]
    ids = make_ids(batch)
    states = torch.randn(batch, 9, SETTINGS["text"]["hidden_size"])
    sample = torch.randn(batch, *latent)
    timestep = torch.randint(0, SETTINGS["schedule"]["num_train_timesteps"], (batch,))
    pixels = torch.rand(batch, 3, *SETTINGS["pixels"]) * 2 - 1
    posterior = vae.encode(pixels).latent_dist
    save({
        "text.input_ids": ids, "text.last_hidden_state": text(ids).last_hidden_state,
        "unet.sample": sample, "unet.timestep": timestep, "unet.encoder_hidden_states": states, "unet.out": unet(sample, timestep, states).sample,
        "vae.pixel_values": pixels, "vae.mean": posterior.mean, "vae.logvar": posterior.logvar,
        "vae.decode_in": sample, "vae.decode_out": vae.decode(sample).sample,
    }, "forward.safetensors")


@torch.no_grad()
def make_text_to_image(unet, vae, text):
    ids, negative = make_ids(2), make_ids(1)
    latents = start = torch.randn(2, *SETTINGS["latent"])
    states = torch.cat([text(negative).last_hidden_state.expand(2, -1, -1), text(ids).last_hidden_state])
    ddim = DDIMScheduler(clip_sample=False, set_alpha_to_one=False, steps_offset=1, prediction_type=SETTINGS["prediction_type"], **SETTINGS["schedule"])
    ddim.set_timesteps(10)
    for t in ddim.timesteps:
        without, with_text = unet(torch.cat([latents, latents]), t, states).sample.chunk(2)
        latents = ddim.step(without + 7.5 * (with_text - without), t, latents).prev_sample
    image = (vae.decode(latents / SETTINGS["scaling_factor"]).sample / 2 + 0.5).clamp(0, 1)
    save({"input_ids": ids, "negative_input_ids": negative, "latents": start, "final_latents": latents, "image": image}, "text-to-image.safetensors")


def weighted_losses(prediction, target, noise_scheduler, timesteps, gamma):
    losses = ((prediction - target) ** 2).mean(dim=(1, 2, 3))
    if gamma is None:
        return losses
    alpha_bar = noise_scheduler.alphas_cumprod[timesteps]
    snr = alpha_bar / (1 - alpha_bar)
    return losses * torch.clamp(snr, max=gamma) / (snr + (1 if SETTINGS["prediction_type"] == "v_prediction" else 0))


def make_training_run(run, vae):
    unet = UNet2DConditionModel.from_pretrained(path("tiny-sd/unet")).train()
    text = CLIPTextModel.from_pretrained(path("tiny-sd/text_encoder")).train()
    noise_scheduler = DDPMScheduler(prediction_type=SETTINGS["prediction_type"], **SETTINGS["schedule"])
    parameters = [*unet.parameters(), *text.parameters()]
    named = {f"unet.{k}": v for k, v in unet.named_parameters()} | {f"text_encoder.{k}": v for k, v in text.named_parameters()}
    beta1, beta2, eps = run["adam"]
    optimizer = torch.optim.AdamW(parameters, lr=run["learning_rate"], betas=(beta1, beta2), eps=eps, weight_decay=run["weight_decay"])
    split, batch = run["n_style_ref"], run["n_style_ref"] + run["n_aux"]
    tensors, records = {}, []
    for step in range(run["steps"]):
        given = {
            "pixel_values": torch.rand(batch, 3, *SETTINGS["pixels"]) * 2 - 1, "posterior_noise": torch.randn(batch, *SETTINGS["latent"]),
            "noise": torch.randn(batch, *SETTINGS["latent"]), "input_ids": make_ids(batch),
            "timesteps": torch.randint(0, SETTINGS["schedule"]["num_train_timesteps"], (batch,)),
        }
        tensors |= {f"{step}.{key}": value for key, value in given.items()}
        with torch.no_grad():
            posterior = vae.encode(given["pixel_values"]).latent_dist
            latents = (posterior.mean + posterior.std * given["posterior_noise"]) * SETTINGS["scaling_factor"]
        noise, timesteps = given["noise"], given["timesteps"]
        prediction = unet(noise_scheduler.add_noise(latents, noise, timesteps), timesteps, text(given["input_ids"]).last_hidden_state).sample
        is_velocity = SETTINGS["prediction_type"] == "v_prediction"
        target = noise_scheduler.get_velocity(latents, noise, timesteps) if is_velocity else noise
        losses = weighted_losses(prediction, target, noise_scheduler, timesteps, run["snr_gamma"])
        style_ref, aux = losses[:split].mean(), losses[split:].mean()
        loss = style_ref + run["lambda"] * aux
        optimizer.zero_grad()
        loss.backward()
        if step == 0 and run["grad0"]:
            tensors |= {f"grad0.{key}": value.grad.clone() for key, value in named.items()}
        norm = torch.nn.utils.clip_grad_norm_(parameters, run["max_grad_norm"] or float("inf"))
        optimizer.step()
        records.append({"loss": loss.item(), "style_ref_loss": style_ref.item(), "aux_loss": aux.item(), "grad_norm": norm.item()})
    tensors |= {f"final.{key}": value.detach() for key, value in named.items()}
    save(tensors, f"train-{run['name']}.safetensors")
    return {key: value for key, value in run.items() if key != "grad0"} | {"records": records}


@torch.no_grad()
def make_samplers():
    schedule, formula = SETTINGS["schedule"], SETTINGS["fake_model"]
    expression = compile(formula.split("=", 1)[1], "fake model", "eval")
    names = {"cos": torch.cos, "sin": torch.sin, "tanh": torch.tanh}
    makers = {
        "ddim": lambda: DDIMScheduler(clip_sample=False, set_alpha_to_one=False, steps_offset=1, **schedule),
        "pndm": lambda: PNDMScheduler(skip_prk_steps=True, set_alpha_to_one=False, steps_offset=1, **schedule),
        "dpmsolver++": lambda: DPMSolverMultistepScheduler(**schedule),
        "dpmsolver++_karras": lambda: DPMSolverMultistepScheduler(use_karras_sigmas=True, **schedule),
        "euler": lambda: EulerDiscreteScheduler(**schedule),
        "unipc": lambda: UniPCMultistepScheduler(**schedule),
    }
    start = torch.randn(2, 3, 5, 4)
    tensors, all_timesteps = {"x_init": start}, {}
    for name, make in makers.items():
        for steps in SETTINGS["sampler_steps"]:
            scheduler = make()
            scheduler.set_timesteps(steps)
            if len(scheduler.timesteps) > 1 and scheduler.timesteps[0] == scheduler.timesteps[1] and name != "pndm":
                continue  # diffusers takes the second of two equal timesteps for its first, and runs out of sigmas
            x = start * scheduler.init_noise_sigma
            for t in scheduler.timesteps:
                scaled = scheduler.scale_model_input(x, t)
                x = scheduler.step(eval(expression, names, {"x": scaled, "t": t}), t, x).prev_sample
            tensors[f"{name}.{steps}"] = x
            all_timesteps[f"{name}.{steps}"] = scheduler.timesteps.double().tolist()
    save(tensors, "samplers.safetensors")
    write_json({"fake_model": formula, "config": schedule, "timesteps": all_timesteps}, "samplers.json")
    noise_scheduler = DDPMScheduler(**schedule)
    x0, noise = torch.randn(5, 2, 3, 4), torch.randn(5, 2, 3, 4)
    timesteps = torch.tensor([0, 1, 100, 333, schedule["num_train_timesteps"] - 1])
    save({"x0": x0, "noise": noise, "timesteps": timesteps, "alphas_cumprod": noise_scheduler.alphas_cumprod,
          "add_noise": noise_scheduler.add_noise(x0, noise, timesteps), "velocity": noise_scheduler.get_velocity(x0, noise, timesteps)},
         "noise-scheduler.safetensors")


@torch.no_grad()
def make_clip():
    model = randomise(CLIPModel(CLIPConfig(**SETTINGS["clip"]))).eval()
    model.save_pretrained(path("tiny-clip"))
    texts, images = SETTINGS["clip_batch"]
    size = SETTINGS["clip"]["vision_config"]["image_size"]
    ids, pixels = make_ids(texts), torch.randn(images, 3, size, size)
    out = model(input_ids=ids, pixel_values=pixels)
    save({"input_ids": ids, "pixel_values": pixels, "text_embeds": out.text_embeds, "image_embeds": out.image_embeds,
          "logits_per_image": out.logits_per_image}, "clip.safetensors")


def make_metrics():
    tensors, cases = {}, []
    for index, (n, m, d) in enumerate(SETTINGS["features"]):
        x, y = torch.randn(n, d) @ torch.randn(d, d) / d**0.5, 0.8 * torch.randn(m, d) + 0.3
        tensors |= {f"{index}.x": x, f"{index}.y": y}
        a, b = x.double().numpy(), y.double().numpy()
        first, second = ((v - v.mean(0)) / np.sqrt(len(v) - 1) for v in (a, b))
        overlap = np.linalg.svd(first @ second.T, compute_uv=False).sum()
        fid = ((a.mean(0) - b.mean(0)) ** 2).sum() + (first**2).sum() + (second**2).sum() - 2 * overlap
        xx, yy, xy = ((p @ q.T / d + 1) ** 3 for p, q in ((a, a), (b, b), (a, b)))
        kid = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1)) - 2 * xy.mean()
        cases.append({"case": index, "fid": float(fid), "kid_unbiased_full": float(kid)})
    save(tensors, "metrics-features.safetensors")
    write_json({"cases": cases}, "metrics.json")


def write_json(value, name):
    with open(path(name), "w") as file:
        json.dump(value, file, indent=1)


networks = make_checkpoint()
make_forward(*networks)
make_text_to_image(*networks)
write_json({"runs": [make_training_run(run, networks[1]) for run in SETTINGS["runs"]]}, "train.json")
make_samplers()
make_clip()
make_metrics()
shutil.copy(os.path.join(HERE, "../golden/tokens.json"), path("tokens.json"))
