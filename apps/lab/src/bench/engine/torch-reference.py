# The dual-binding step, or one guided sampling step, in torch and diffusers at the geometry that comes as JSON on standard input:
# on the processor or, where `device` is another, on CUDA; with `precision` "bf16" or "fp16" under autocast.
import json
import resource
import statistics
import sys
import time

import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel


def gibibytes():
    used = torch.cuda.max_memory_reserved() if device == "cuda" else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return round(used / 2**30, 2)


def say(**figures):
    print(json.dumps({"library": f"torch {torch.__version__}", "device": device, "precision": task["precision"], "compiles": task["compiles"], **figures}), flush=True)


def autocast():
    dtype = {"no": None, "bf16": torch.bfloat16, "fp16": torch.float16}[task["precision"]]
    return torch.autocast(device, dtype=dtype or torch.bfloat16, enabled=dtype is not None)


def finished():
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def lora_step(unet, optimizer):
    # prompts were encoded beforehand
    n, half = task["batchSize"], task["batchSize"] // 2
    latents, noise = (torch.randn(n, *task["latentShape"], device=device) for _ in range(2))
    timesteps = torch.randint(0, 1000, (n,), device=device)
    rows = {name: torch.randn(2, *shape, device=device).repeat_interleave(half, 0) for name, shape in task["conditions"].items()}
    states = torch.cat([row for row in rows.values() if row.dim() == 3], -1)
    pooled = next((row for row in rows.values() if row.dim() == 2), None)
    height, width = (8 * side for side in task["latentShape"][1:])
    ids = torch.tensor([[height, width, 0, 0, height, width]], dtype=torch.float32, device=device).expand(n, -1)
    with autocast():
        predicted = unet(latents + noise, timesteps, states, added_cond_kwargs=None if pooled is None else {"text_embeds": pooled, "time_ids": ids}).sample
    losses = ((predicted.float() - noise) ** 2).mean((1, 2, 3))
    (losses[:half].mean() + losses[half:].mean()).backward()
    torch.nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def train_step(unet, text, optimizer, scaler):
    half = task["batchSize"] // 2
    latents, noise = (torch.randn(task["batchSize"], *task["latentShape"], device=device) for _ in range(2))
    ids = torch.randint(0, task["textEncoder"]["vocab_size"] - 2, (2, task["textEncoder"]["max_position_embeddings"]), device=device)
    timesteps = torch.randint(0, 1000, (task["batchSize"],), device=device)
    with autocast():
        states = text(ids).last_hidden_state.repeat_interleave(half, 0)
        predicted = unet(latents + noise, timesteps, states).sample
    losses = ((predicted.float() - noise) ** 2).mean((1, 2, 3))
    scaler.scale(losses[:half].mean() + losses[half:].mean()).backward()
    scaler.unscale_(optimizer)
    torch.nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], 1.0)
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad(set_to_none=True)


task = json.load(sys.stdin)
torch.set_num_threads(task["threads"])
device = "cpu" if task["device"] == "cpu" else "cuda"
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = task["tf32"]
unet = UNet2DConditionModel.from_config(task["unet"]).to(device)
lora = task["mode"] == "train" and task["method"] == "lora"
if task["compiles"]:
    unet.compile()
if lora:
    from peft import LoraConfig

    unet.requires_grad_(False)
    unet.add_adapter(LoraConfig(r=task["lora"]["rank"], lora_alpha=task["lora"]["alpha"], target_modules=task["lora"]["targets"]))
    unet.train()
    if task["gradientCheckpointing"]:
        unet.enable_gradient_checkpointing()
    optimizer = torch.optim.AdamW([p for p in unet.parameters() if p.requires_grad], lr=1e-6, fused=task["compiles"] or None)
    once = lambda: lora_step(unet, optimizer)
elif task["mode"] == "train":
    # JSON has no 1.0, and the config takes no whole number for these; they only matter for first weights.
    text = CLIPTextModel(CLIPTextConfig(**{name: value for name, value in task["textEncoder"].items() if name not in ("initializer_factor", "attention_dropout")})).to(device)
    unet.train()
    if task["gradientCheckpointing"]:
        unet.enable_gradient_checkpointing()
        text.gradient_checkpointing_enable()
    if task["compiles"]:
        text.compile()
    optimizer = torch.optim.AdamW([*unet.parameters(), *text.parameters()], lr=1e-6, fused=task["compiles"] or None)
    scaler = torch.amp.GradScaler(device, enabled=task["precision"] == "fp16")
    once = lambda: train_step(unet, text, optimizer, scaler)
else:
    unet.eval()
    latents = torch.randn(task["batchSize"], *task["latentShape"], device=device)
    states = torch.randn(task["batchSize"], task["textEncoder"]["max_position_embeddings"], task["unet"]["cross_attention_dim"], device=device)

    def once():
        with autocast():
            unet(latents, torch.tensor(500, device=device), states)

seconds = []
with torch.set_grad_enabled(task["mode"] == "train"):
    for step in range(task["steps"]):
        start = finished()
        once()
        seconds.append(finished() - start)
        say(step=step + 1, seconds=round(seconds[-1], 3), peak_gib=gibibytes())
say(median_seconds=round(statistics.median(seconds[1:] or seconds), 3), peak_gib=gibibytes())
