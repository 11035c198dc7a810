# Learning rates of diffusers.optimization.get_scheduler: python make-lr-schedules.py > lr-schedules.json (diffusers 0.40, torch 2.13)
import json

import torch
from diffusers.optimization import get_scheduler

BASE, WARMUP, TOTAL = 1e-3, 5, 40
schedules = {}
for name in ["constant", "constant_with_warmup", "linear", "cosine", "cosine_with_restarts", "polynomial"]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
    scheduler = get_scheduler(name, optimizer, num_warmup_steps=WARMUP, num_training_steps=TOTAL)
    rates = []
    for _ in range(TOTAL + 3):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    schedules[name] = rates
print(json.dumps({"learning_rate": BASE, "warmup": WARMUP, "total": TOTAL, "schedules": schedules}, indent=1))
