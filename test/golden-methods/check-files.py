"""Loads our files with diffusers and compares what the model gives: python check-files.py OURS, run by hand.

OURS holds pytorch_lora_weights.safetensors, kohya.safetensors, learned_embeds.safetensors as our writers made them from the
matrices of this folder (npm run parity compares them with diffusers' files tensor by tensor). Versions: methods.json.
"""
import json
import sys
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from diffusers.loaders import StableDiffusionLoraLoaderMixin
from safetensors.torch import load_file

here = Path(__file__).parent
ours = Path(sys.argv[1]) if len(sys.argv) > 1 else here / "lora"
reference = load_file(here / "lora-merged.safetensors")
strength = json.loads((here / "methods.json").read_text())["cases"]["lora.merged"]["strength"]

for name in ("pytorch_lora_weights.safetensors", "kohya.safetensors"):
    unet = UNet2DConditionModel.from_pretrained(here / "tiny-sd" / "unet")
    state, alphas = StableDiffusionLoraLoaderMixin.lora_state_dict(str(ours), weight_name=name)
    StableDiffusionLoraLoaderMixin.load_lora_into_unet(state, network_alphas=alphas, unet=unet)
    unet.set_adapters(unet.active_adapters(), [strength] * len(unet.active_adapters()))
    with torch.no_grad():
        out = unet(reference["sample"], reference["timesteps"], encoder_hidden_states=reference["context"]).sample
    difference = (out - reference["out"]).abs().max() / reference["out"].abs().max()
    print(json.dumps({"file": name, "tensors": len(state), "max_rel": float(difference)}))
    assert difference < 1e-4, name
