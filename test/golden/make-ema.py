# Decays and values of diffusers' EMAModel: python make-ema.py > ema.json (diffusers 0.40, torch 2.13)
import json

import torch
from diffusers.training_utils import EMAModel

torch.manual_seed(0)
parameter = torch.nn.Parameter(torch.randn(5))
average = EMAModel([parameter], decay=0.9999)
steps = []
for _ in range(30):
    with torch.no_grad():
        parameter.add_(0.1 * torch.randn(5))
    average.step([parameter])
    steps.append({"weights": parameter.tolist(), "decay": average.cur_decay_value, "average": average.shadow_params[0].tolist()})
far = [{"step": step, "decay": average.get_decay(step)} for step in [1, 2, 100, 10_000, 89_000, 1_000_000]]
print(json.dumps({"steps": steps, "far": far}, indent=0))
