# Shared parts: small models with random weights, and what diffusers computes with them.
import copy, json, os, shutil, sys
import torch
from diffusers import (AutoencoderKL, DDIMScheduler, PNDMScheduler, EulerDiscreteScheduler, StableDiffusionPipeline,
                       StableDiffusionXLPipeline, UNet2DConditionModel)
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

torch.set_num_threads(1)
torch.set_grad_enabled(False)
OUT = os.path.abspath(sys.argv[1])
CLIP = sys.argv[2]
os.makedirs(OUT, exist_ok=True)
PROMPT = "a photo of a house"
CASES = {}

def spread(model, seed, scale=1.0):
    g = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        if p.dim() > 1 and "embedding" not in name:
            fan = p[0].numel()
            p.copy_(torch.randn(p.shape, generator=g) * scale / fan ** 0.5)
        elif p.dim() > 1:
            p.copy_(torch.randn(p.shape, generator=g) * 0.3)
        else:
            p.add_(torch.randn(p.shape, generator=g) * 0.05)
    return model

UNET = dict(sample_size=16, block_out_channels=(16, 32), layers_per_block=1, norm_num_groups=8, cross_attention_dim=32, attention_head_dim=4,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"))
VAE = dict(sample_size=32, block_out_channels=(16, 32), layers_per_block=1, norm_num_groups=8, latent_channels=4,
           down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2)
TEXT = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, vocab_size=49408, max_position_embeddings=77,
            projection_dim=32, bos_token_id=49406, eos_token_id=49407, pad_token_id=1, hidden_act="quick_gelu")
PNDM = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", num_train_timesteps=1000, skip_prk_steps=True,
            set_alpha_to_one=False, steps_offset=1)

def sd(unet=None, vae=None, text=None, scheduler=None, seed=1):
    return StableDiffusionPipeline(
        unet=spread(UNet2DConditionModel(**{**UNET, **(unet or {})}), seed).eval(),
        vae=spread(AutoencoderKL(**{**VAE, **(vae or {})}), seed + 1).eval(),
        text_encoder=spread(CLIPTextModel(CLIPTextConfig(**{**TEXT, **(text or {})})), seed + 2).eval(),
        tokenizer=CLIPTokenizer.from_pretrained(CLIP), scheduler=scheduler or PNDMScheduler(**PNDM),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False)

XL_UNET = dict(addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=24 + 48,
               cross_attention_dim=56, transformer_layers_per_block=(1, 2), use_linear_projection=True, attention_head_dim=(2, 4),
               down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"))
TEXT2 = {**TEXT, "hidden_size": 24, "intermediate_size": 48, "projection_dim": 24, "hidden_act": "gelu", "pad_token_id": 1}

def sdxl(unet=None, vae=None, scheduler=None, seed=11, **more):
    tok2 = CLIPTokenizer.from_pretrained(CLIP, pad_token="!")
    return StableDiffusionXLPipeline(
        unet=spread(UNet2DConditionModel(**{**UNET, **XL_UNET, **(unet or {})}), seed).eval(),
        vae=spread(AutoencoderKL(**{**VAE, "force_upcast": True, "scaling_factor": 0.13025, **(vae or {})}), seed + 1).eval(),
        text_encoder=spread(CLIPTextModel(CLIPTextConfig(**TEXT)), seed + 2).eval(),
        text_encoder_2=spread(CLIPTextModelWithProjection(CLIPTextConfig(**TEXT2)), seed + 3).eval(),
        tokenizer=CLIPTokenizer.from_pretrained(CLIP), tokenizer_2=tok2,
        scheduler=scheduler or EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1,
                                                      timestep_spacing="leading", prediction_type="epsilon"), add_watermarker=False, **more)

LATENTS = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(77))

def run(pipe, prompt=PROMPT, steps=3, guidance=3.0):
    """Latents and image of DDIM with this pipeline's schedule."""
    old = pipe.scheduler
    pipe.scheduler = DDIMScheduler.from_config({"clip_sample": False, **json.loads(old.to_json_string())})
    pipe.set_progress_bar_config(disable=True)
    size = 16 * 2 ** (len(pipe.vae.config.block_out_channels) - 1)
    args = dict(prompt=prompt, negative_prompt="", latents=LATENTS.clone(), num_inference_steps=steps, guidance_scale=guidance, height=size, width=size)
    final = pipe(**args, output_type="latent").images
    pipe.vae.config.scaling_factor
    image = (pipe.vae.decode(final / pipe.vae.config.scaling_factor).sample / 2 + 0.5).clamp(0, 1)
    pipe.scheduler = old
    return {"latents": LATENTS, "final": final.float(), "image": image.float()}

def case(name, kind, source, expected=None, **more):
    more.pop("kind", None)
    accept = more.pop("accept", False)
    CASES[name] = {"source": os.path.relpath(source, OUT), **more}
    if expected is None and not accept: CASES[name]["refused"] = "."
    if expected is not None:
        file = f"{name}.expected.safetensors"
        save_file({k: v.contiguous() for k, v in expected.items()}, os.path.join(OUT, file))
        CASES[name].update({"expected": file, "prompt": more.get("prompt", PROMPT), "steps": 3, "guidance": 3.0})

def at(name):
    return os.path.join(OUT, name)

def edit(path, **changes):
    data = json.load(open(path))
    for key, value in changes.items():
        if value is ...:
            data.pop(key, None)
        else:
            data[key] = value
    json.dump(data, open(path, "w"), indent=1)

def finish(name):
    json.dump({"cases": CASES}, open(os.path.join(OUT, "layouts.json"), "w"), indent=1)
    print(len(CASES), name)
