"""Writes topologies.json and topologies.safetensors: reference outputs of many model shapes.

Needs torch 2.13, diffusers 0.40.0 and transformers 5.18.0. Weights and inputs follow from `wave`, which topologies.test.ts computes too.
"""
import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPTextModel


def wave(name, shape):
    seed = 0
    for unit in name.encode():
        seed = (seed * 31 + unit) % 1009
    i = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return torch.sin(seed + 0.7 * i + 0.013 * i * i).reshape(shape)


def weight(name, shape):
    if len(shape) > 1:
        return wave(name, shape) * (2 / torch.Size(shape[1:]).numel()) ** 0.5
    return wave(name, shape) * 0.2 + (1 if name.endswith("weight") else 0)


def ids(name, shape, below):
    return ((wave(name, shape) + 1) / 2 * (below - 1)).floor().long()


def fill(model):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weight(name, parameter.shape))
    return model.eval()


def plain(config):
    return json.loads(json.dumps({key: value for key, value in dict(config).items() if not key.startswith("_")}))


unet_base = dict(
    block_out_channels=(8, 16), down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
    up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), layers_per_block=1, cross_attention_dim=12, attention_head_dim=2,
    norm_num_groups=4, sample_size=8,
)
four_blocks = dict(
    block_out_channels=(4, 8, 12, 12), down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3, norm_num_groups=2,
)
unets = {
    "linear projection": dict(use_linear_projection=True),
    "heads per block": dict(attention_head_dim=(2, 8), layers_per_block=2),
    "layers per block": dict(layers_per_block=(1, 3)),
    "odd size": dict(size=(7, 9)),
    "odd size, four blocks": dict(four_blocks, size=(11, 13), attention_head_dim=(1, 2, 4, 6)),
    "scale and shift by time": dict(resnet_time_scale_shift="scale_shift"),
    "only cross-attention, per block": dict(only_cross_attention=(True, False)),
    "only cross-attention": dict(only_cross_attention=True),
    "transformer layers per block": dict(transformer_layers_per_block=(2, 3)),
    "no mid block": dict(mid_block_type=None),
    "mid block without attention": dict(mid_block_type="UNetMidBlock2D"),
    "sine first": dict(flip_sin_to_cos=False, freq_shift=1),
    "asymmetric downsampling": dict(downsample_padding=0),
    "kernels and channels": dict(conv_in_kernel=5, conv_out_kernel=1, in_channels=6, out_channels=3),
    "mid block scale": dict(mid_block_scale_factor=1.5, norm_eps=1e-3),
    "time embedding size": dict(time_embedding_dim=20),
    "centered, gelu": dict(center_input_sample=True, act_fn="gelu"),
    "time activations, relu": dict(time_embedding_act_fn="silu", timestep_post_act="silu", act_fn="relu"),
    "heads that do not divide": dict(attention_head_dim=3),
    "cross-attention everywhere": dict(
        down_block_types=("CrossAttnDownBlock2D",) * 2, up_block_types=("CrossAttnUpBlock2D",) * 2, size=(6, 10)),
    "one block": dict(block_out_channels=(8,), down_block_types=("CrossAttnDownBlock2D",), up_block_types=("CrossAttnUpBlock2D",)),
    "as in Stable Diffusion 2": dict(four_blocks, use_linear_projection=True, attention_head_dim=(1, 2, 3, 3), layers_per_block=2),
}
vaes = {
    "three blocks": dict(block_out_channels=(4, 8, 8), layers_per_block=2),
    "no attention": dict(block_out_channels=(4, 8), mid_block_add_attention=False),
    "no quantization convolutions": dict(block_out_channels=(4, 8), use_quant_conv=False, use_post_quant_conv=False, latent_channels=6),
    "one block": dict(block_out_channels=(4,)),
    "gelu": dict(block_out_channels=(4, 8), act_fn="gelu"),
}
text = dict(vocab_size=50, hidden_size=12, intermediate_size=24, num_hidden_layers=2, num_attention_heads=3, bos_token_id=48, eos_token_id=49)
texts = {"gelu": dict(hidden_act="gelu", num_hidden_layers=3), "short": dict(max_position_embeddings=10)}
vision = dict(hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4, image_size=13, patch_size=4, hidden_act="gelu")

cases, tensors = [], {}


def add(model, case, config, inputs, **outputs):
    key = f"{model}: {case}"
    cases.append(dict(key=key, model=model, config=config, inputs=inputs))
    tensors.update({f"{key}/{name}": value.contiguous() for name, value in outputs.items()})


with torch.no_grad():
    for case, changes in unets.items():
        config = {**unet_base, **changes}
        size = config.pop("size", (8, 8))
        model = fill(UNet2DConditionModel(**config))
        inputs = dict(sample=[2, config.get("in_channels", 4), *size], text=[2, 7, 12])
        out = model(1.5 * wave("sample", inputs["sample"]).float(), torch.tensor([981, 17]), wave("text", inputs["text"]).float()).sample
        add("unet", case, plain(model.config), inputs, out=out)
    for case, changes in vaes.items():
        blocks = len(changes["block_out_channels"])
        types = dict(down_block_types=("DownEncoderBlock2D",) * blocks, up_block_types=("UpDecoderBlock2D",) * blocks)
        model = fill(AutoencoderKL(norm_num_groups=2, **types, **changes))
        inputs = dict(pixels=[2, 3, 8, 12])
        posterior = model.encode(3 * wave("pixels", inputs["pixels"]).float()).latent_dist
        inputs["latents"] = list(posterior.mean.shape)
        out = model.decode(wave("latents", inputs["latents"]).float()).sample
        add("vae", case, plain(model.config), inputs, mean=posterior.mean, logvar=posterior.logvar, out=out)
    for case, changes in texts.items():
        model = fill(CLIPTextModel(CLIPTextConfig(**{**text, **changes})))
        add("text", case, model.config.to_dict(), dict(ids=[2, 10]), out=model(ids("ids", [2, 10], 50)).last_hidden_state)
    for case, end in {"end by largest id": 2, "end by its id": 49}.items():
        config = dict(text_config={**text, "eos_token_id": end}, vision_config=vision, projection_dim=6)
        model = fill(CLIPModel(CLIPConfig(**config)))
        inputs = dict(ids=[3, 10], pixels=[2, 3, 13, 13])
        tokens = ids("ids", inputs["ids"], 48)
        for row, position in enumerate((5, 9, 3)):
            tokens[row, position:] = 49
        result = model(input_ids=tokens, pixel_values=wave("pixels", inputs["pixels"]).float())
        add("clip", case, config, inputs, text=result.text_embeds, image=result.image_embeds, logits=result.logits_per_image)

here = Path(__file__).parent
(here / "topologies.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
save_file(tensors, here / "topologies.safetensors")
