# Weights and estimates of prodigyopt's Prodigy: python make-prodigy.py > prodigy.json (prodigyopt 1.1.2, torch 2.15)
import json

import torch
from prodigyopt import Prodigy

STEPS = 40
torch.manual_seed(0)
target = {"a": torch.randn(7, 5), "b": torch.randn(13)}
runs = []
for d_coef, lr, decay in [(1.0, 1.0, 0.01), (2.0, 1.0, 0.0), (1.0, 0.5, 0.01)]:
    parameters = {name: torch.nn.Parameter(0.01 * torch.ones_like(value) if name == "a" else torch.zeros_like(value)) for name, value in target.items()}
    optimizer = Prodigy(parameters.values(), lr=lr, weight_decay=decay, d_coef=d_coef, use_bias_correction=True, safeguard_warmup=True)
    steps = []
    for step in range(STEPS):
        # A warm-up begins with a learning rate of 0.
        optimizer.param_groups[0]["lr"] = 0.0 if lr == 0.5 and step < 2 else lr
        for name, parameter in parameters.items():
            parameter.grad = (parameter.data - target[name]) * (1 + 0.5 * (step % 3))
        optimizer.step()
        steps.append(optimizer.param_groups[0]["d"])
    weights = {name: parameter.data.flatten().tolist() for name, parameter in parameters.items()}
    runs.append({"d_coef": d_coef, "lr": lr, "decay": decay, "estimates": steps, "weights": weights})
print(json.dumps({"target": {name: value.flatten().tolist() for name, value in target.items()}, "runs": runs}, indent=0))
