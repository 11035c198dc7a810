# Samplers of diffusers under configs that samplers.json does not have, for the schedulers' test.
# Usage: python make-samplers-more.py > samplers-more.json     (torch 2.13.0, diffusers 0.40.0)
import json

import torch
from diffusers import (DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, PNDMScheduler,
                       UniPCMultistepScheduler)

SCALED = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
LINEAR = dict(num_train_timesteps=300, beta_start=0.0004, beta_end=0.05, beta_schedule="linear")
COSINE = dict(num_train_timesteps=1000, beta_start=0.0001, beta_end=0.02, beta_schedule="squaredcos_cap_v2")
MAKERS = {
    "ddim": (DDIMScheduler, [dict(clip_sample=False), dict(clip_sample=True, clip_sample_range=1.5, set_alpha_to_one=False)]),
    "pndm": (PNDMScheduler, [dict(skip_prk_steps=True), dict(skip_prk_steps=False, set_alpha_to_one=True)]),
    "dpmsolver++": (DPMSolverMultistepScheduler, [dict(), dict(solver_type="heun", final_sigmas_type="sigma_min"),
                                                  dict(lambda_min_clipped=-4.0, euler_at_final=True), dict(solver_order=1)]),
    "dpmsolver++karras": (DPMSolverMultistepScheduler, [dict(use_karras_sigmas=True)]),
    "euler": (EulerDiscreteScheduler, [dict(), dict(use_karras_sigmas=True), dict(use_exponential_sigmas=True)]),
    "unipc": (UniPCMultistepScheduler, [dict(), dict(solver_order=3), dict(solver_order=3, solver_type="bh1", final_sigmas_type="sigma_min"), dict(use_karras_sigmas=True)]),
}
START = torch.tensor([0.3, -1.2, 2.1, -0.4]).reshape(1, 1, 4)
cases = []
for betas in (SCALED, LINEAR, COSINE):
    for spacing in ("leading", "trailing", "linspace"):
        for prediction in ("epsilon", "v_prediction", "sample"):
            for name, (make, variants) in MAKERS.items():
                for variant in variants:
                    if name == "pndm" and (prediction == "sample" or betas is COSINE):
                        continue
                    steps = 6 if len(cases) % 2 else 19
                    config = dict(betas, timestep_spacing=spacing, prediction_type=prediction, steps_offset=int(spacing == "leading"), **variant)
                    scheduler = make(**config)
                    scheduler.set_timesteps(steps)
                    if len(scheduler.timesteps) > 1 and scheduler.timesteps[0] == scheduler.timesteps[1]:
                        continue  # diffusers takes the second of two equal timesteps for its first
                    x = START * scheduler.init_noise_sigma
                    for t in scheduler.timesteps:
                        scaled = scheduler.scale_model_input(x, t)
                        x = scheduler.step(0.3 * scaled + 0.05 * torch.sin(3 * scaled + t / 100), t, x).prev_sample
                    if not torch.isfinite(x).all():
                        continue
                    cases.append({"sampler": name, "steps": steps, "config": config, "timesteps": scheduler.timesteps.tolist(), "final": x.flatten().tolist()})
rows = ",\n".join(json.dumps(case) for case in cases)
print(f'{{"start": {START.flatten().tolist()}, "cases": [\n{rows}\n]}}')
