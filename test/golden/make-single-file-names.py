# Pairs of diffusers and original names, as diffusers' own converters make them, one set for each topology.
# python make-single-file-names.py convert_diffusers_to_original_stable_diffusion.py > single-file-names.json
# (diffusers 0.40; the argument is the file of that name in diffusers' scripts/ folder, which serves the first topology alone)
import contextlib
import importlib.util
import json
import sys

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint

spec = importlib.util.spec_from_file_location("to_original", sys.argv[1])
to_original = importlib.util.module_from_spec(spec)
spec.loader.exec_module(to_original)

UNET = dict(norm_num_groups=4, cross_attention_dim=8, attention_head_dim=2, sample_size=8)
VAE = dict(norm_num_groups=4, latent_channels=4, sample_size=16)
cross, plain = "CrossAttnDownBlock2D", "DownBlock2D"


def up(types):
    return [t.replace("Down", "Up") for t in reversed(types)]


def unet(types, layers, **more):
    return dict(UNET, down_block_types=types, up_block_types=up(types), block_out_channels=[8 * (1 + (i > 0)) for i in range(len(types))], layers_per_block=layers, **more)


def vae(levels, layers):
    return dict(VAE, down_block_types=["DownEncoderBlock2D"] * levels, up_block_types=["UpDecoderBlock2D"] * levels,
                block_out_channels=[8 * (1 + (i > 0)) for i in range(levels)], layers_per_block=layers)


TOPOLOGIES = [
    ("Stable Diffusion 1.5", unet([cross, cross, cross, plain], 2), vae(4, 2)),
    ("four levels of one layer", unet([cross, cross, cross, plain], 1), vae(2, 1)),
    ("three levels, attention in the middle one", unet([plain, cross, plain], 2), vae(3, 2)),
    ("two levels of three layers, linear projections", unet([cross, cross], 3, use_linear_projection=True), vae(1, 1)),
]

RESNET = {"in_layers.0": 0, "in_layers.2": 0, "emb_layers.1": 0, "out_layers.0": 0, "out_layers.3": 0, "skip_connection": 1}


def numbered(state):
    """Every tensor filled with its own number, so that it is known wherever it goes."""
    return {key: torch.full(value.shape, float(i), dtype=torch.float64) for i, (key, value) in enumerate(state.items())}


def attention_parts(model):
    prefix = next(k for k in model if ".attentions.0.norm.weight" in k)[: -len("norm.weight")]
    return [k[len(prefix):] for k in model if k.startswith(prefix)]


def original_unet_names(config, model):
    """The U-Net of CompVis' openaimodel.py, block after block as its constructor makes them."""
    names, parts = [], attention_parts(model)

    def both(prefix):
        names.extend([f"{prefix}.weight", f"{prefix}.bias"])

    def resnet(prefix):
        for part in RESNET:
            both(f"{prefix}.{part}")

    def attention(prefix):
        names.extend(f"{prefix}.{part}" for part in parts)

    for prefix in ["time_embed.0", "time_embed.2", "input_blocks.0.0", "out.0", "out.2"]:
        both(prefix)
    types, layers = config["down_block_types"], config["layers_per_block"]
    index = 1
    for level, kind in enumerate(types):
        for _ in range(layers):
            resnet(f"input_blocks.{index}.0")
            if kind == cross:
                attention(f"input_blocks.{index}.1")
            index += 1
        if level != len(types) - 1:
            both(f"input_blocks.{index}.0.op")
            index += 1
    resnet("middle_block.0")
    attention("middle_block.1")
    resnet("middle_block.2")
    index = 0
    for level, kind in reversed(list(enumerate(types))):
        for i in range(layers + 1):
            resnet(f"output_blocks.{index}.0")
            if kind == cross:
                attention(f"output_blocks.{index}.1")
            if level and i == layers:
                both(f"output_blocks.{index}.{2 if kind == cross else 1}.conv")
            index += 1
    return names


def original_vae_names(config):
    """The autoencoder of CompVis' model.py."""
    names, levels, layers = [], len(config["down_block_types"]), config["layers_per_block"]

    def both(prefix):
        names.extend([f"{prefix}.weight", f"{prefix}.bias"])

    def resnet(prefix):
        for part in ["norm1", "conv1", "norm2", "conv2", "nin_shortcut"]:
            both(f"{prefix}.{part}")

    for half, way, sampler, count in [("encoder", "down", "downsample", layers), ("decoder", "up", "upsample", layers + 1)]:
        both(f"{half}.conv_in")
        for level in range(levels):
            for i in range(count):
                resnet(f"{half}.{way}.{level}.block.{i}")
            if level != (levels - 1 if way == "down" else 0):
                both(f"{half}.{way}.{level}.{sampler}.conv")
        resnet(f"{half}.mid.block_1")
        for part in ["norm", "q", "k", "v", "proj_out"]:
            both(f"{half}.mid.attn_1.{part}")
        resnet(f"{half}.mid.block_2")
        both(f"{half}.norm_out")
        both(f"{half}.conv_out")
    both("quant_conv")
    both("post_quant_conv")
    return names


def pairs_to_diffusers(names, convert, model):
    """What diffusers' loader makes of original names; those of parts that only some blocks have go to names the model lacks."""
    tagged = {name: torch.full((1, 1, 1, 1), float(i), dtype=torch.float64) for i, name in enumerate(names)}
    converted = convert(tagged)
    pairs = {key: names[int(value.flatten()[0])] for key, value in converted.items() if key in model}
    assert set(pairs) == set(model), set(model) ^ set(pairs)
    return pairs


def pairs_to_original(convert, model):
    tagged, keys = numbered(model), list(model)
    with contextlib.redirect_stdout(sys.stderr):  # the script tells what it does
        converted = convert(tagged)
    return {keys[int(value.flatten()[0])]: name for name, value in converted.items()}


result = []
for number, (name, unet_config, vae_config) in enumerate(TOPOLOGIES):
    unet_model = UNet2DConditionModel(**unet_config).state_dict()
    vae_model = AutoencoderKL(**vae_config).state_dict()
    unet_pairs = pairs_to_diffusers(original_unet_names(unet_config, unet_model),
                                    lambda t: convert_ldm_unet_checkpoint({f"model.diffusion_model.{k}": v for k, v in t.items()}, unet_config), unet_model)
    vae_pairs = pairs_to_diffusers(original_vae_names(vae_config),
                                   lambda t: convert_ldm_vae_checkpoint({f"first_stage_model.{k}": v for k, v in t.items()}, vae_config), vae_model)
    if number == 0:
        assert pairs_to_original(to_original.convert_unet_state_dict, unet_model) == unet_pairs
        assert pairs_to_original(to_original.convert_vae_state_dict, vae_model) == vae_pairs
    keep = lambda config: {k: config[k] for k in ["down_block_types", "up_block_types", "layers_per_block"]}
    result.append({"name": name, "unet": {"config": keep(unet_config), "pairs": unet_pairs}, "vae": {"config": keep(vae_config), "pairs": vae_pairs}})
json.dump(result, sys.stdout, indent=0)
