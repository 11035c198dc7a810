# The dual-binding step, or one guided sampling step, in torch and diffusers at the geometry that comes as JSON on standard input.
import json
import resource
import statistics
import sys
import time

import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel


def gibibytes():
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


def say(**figures):
    print(json.dumps({"library": f"torch {torch.__version__}", **figures}), flush=True)


def train_step(unet, text, optimizer, task):
    half = task["batchSize"] // 2
    latents, noise = (torch.randn(task["batchSize"], *task["latentShape"]) for _ in range(2))
    ids = torch.randint(0, task["textEncoder"]["vocab_size"] - 2, (2, task["textEncoder"]["max_position_embeddings"]))
    states = text(ids).last_hidden_state.repeat_interleave(half, 0)
    timesteps = torch.randint(0, 1000, (task["batchSize"],))
    predicted = unet(latents + noise, timesteps, states).sample
    losses = ((predicted - noise) ** 2).mean((1, 2, 3))
    (losses[:half].mean() + losses[half:].mean()).backward()
    torch.nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


task = json.load(sys.stdin)
torch.set_num_threads(task["threads"])
unet = UNet2DConditionModel.from_config(task["unet"])
if task["mode"] == "train":
    # JSON has no 1.0, and the config takes no whole number for these; they only matter for first weights.
    text = CLIPTextModel(CLIPTextConfig(**{name: value for name, value in task["textEncoder"].items() if name not in ("initializer_factor", "attention_dropout")}))
    unet.train()
    if task["gradientCheckpointing"]:
        unet.enable_gradient_checkpointing()
        text.gradient_checkpointing_enable()
    optimizer = torch.optim.AdamW([*unet.parameters(), *text.parameters()], lr=1e-6)
    once = lambda: train_step(unet, text, optimizer, task)
else:
    unet.eval()
    latents = torch.randn(task["batchSize"], *task["latentShape"])
    states = torch.randn(task["batchSize"], task["textEncoder"]["max_position_embeddings"], task["unet"]["cross_attention_dim"])
    once = lambda: unet(latents, torch.tensor(500), states).sample

seconds = []
with torch.set_grad_enabled(task["mode"] == "train"):
    for step in range(task["steps"]):
        start = time.perf_counter()
        once()
        seconds.append(time.perf_counter() - start)
        say(step=step + 1, seconds=round(seconds[-1], 3), peak_gib=gibibytes())
say(median_seconds=round(statistics.median(seconds[1:] or seconds), 3), peak_gib=gibibytes())
