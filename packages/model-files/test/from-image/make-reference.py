# Runs of diffusers' schedulers that begin from an image under noise, with a model that is a formula: reference for from-image.test.ts.
import json
import sys

import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, UniPCMultistepScheduler

CONFIG = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
SCHEDULERS = {
    "ddim": DDIMScheduler(**CONFIG, clip_sample=False, set_alpha_to_one=False, steps_offset=1),
    "dpmsolver++": DPMSolverMultistepScheduler(**CONFIG, steps_offset=1),
    "euler": EulerDiscreteScheduler(**CONFIG, steps_offset=1, timestep_spacing="leading"),
    "unipc": UniPCMultistepScheduler(**CONFIG, steps_offset=1),
}
COUNT = 12
original = torch.tensor([((i * 7) % 11 - 5) / 5 for i in range(COUNT)], dtype=torch.float32).reshape(1, 3, 2, 2)
noise = torch.tensor([((i * 5) % 13 - 6) / 4 for i in range(COUNT)], dtype=torch.float32).reshape(1, 3, 2, 2)


def run(scheduler, steps, strength):
    scheduler.set_timesteps(steps)
    start = max(steps - min(int(steps * strength), steps), 0)
    timesteps = scheduler.timesteps[start * scheduler.order :]
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(start * scheduler.order)
    sample = scheduler.add_noise(original, noise, timesteps[:1])
    first = sample.clone()
    for timestep in timesteps:
        scaled = scheduler.scale_model_input(sample, timestep)
        output = torch.sin(scaled * 2 + timestep.float() / 1000)
        sample = scheduler.step(output, timestep, sample).prev_sample
    return {"timesteps": [float(t) for t in timesteps], "first": first.flatten().tolist(), "last": sample.flatten().tolist()}


cases = [
    {"sampler": name, "steps": steps, "strength": strength, **run(scheduler, steps, strength)}
    for name, scheduler in SCHEDULERS.items()
    for steps, strength in [(10, 0.6), (20, 0.3), (10, 1.0)]
]
json.dump({"config": {**CONFIG, "steps_offset": 1}, "cases": cases}, sys.stdout, indent=1)
