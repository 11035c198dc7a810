# Learning rates of diffusers.optimization.get_scheduler: python make-lr-schedules.py > lr-schedules.json (diffusers 0.40, torch 2.13)
import json

import torch
from diffusers.optimization import get_scheduler

BASE, WARMUP, TOTAL = 1e-3, 5, 40


def rates_of(name, **options):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
    scheduler = get_scheduler(name, optimizer, num_warmup_steps=WARMUP, num_training_steps=TOTAL, **options)
    rates = []
    for _ in range(TOTAL + 3):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return rates


names = ["constant", "constant_with_warmup", "linear", "cosine", "cosine_with_restarts", "polynomial"]
shaped = [("cosine_with_restarts", {"num_cycles": 3}), ("polynomial", {"power": 2.0}), ("polynomial", {"power": 0.5})]
print(json.dumps({
    "learning_rate": BASE, "warmup": WARMUP, "total": TOTAL, "schedules": {name: rates_of(name) for name in names},
    "shaped": [{"name": name, **options, "rates": rates_of(name, **options)} for name, options in shaped],
}, indent=1))
