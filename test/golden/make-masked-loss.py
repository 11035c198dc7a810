# The loss behind a mask as kohya's trainers have it: python make-masked-loss.py > masked-loss.json (torch 2.13)
# The mask is resized to the latents by area and multiplied with the squared error; the mean is taken over all places.
import json

import torch
import torch.nn.functional as F

torch.manual_seed(5)
SIZE, FACTOR, CHANNELS = (16, 24), 8, 4
mask = torch.randint(0, 256, (2, *SIZE))
mask[0, :, 12:] = 0
prediction = torch.randn(2, CHANNELS, SIZE[0] // FACTOR, SIZE[1] // FACTOR, requires_grad=True)
target = torch.randn_like(prediction)


def case(least, flipped):
    shown = mask.flip(-1) if flipped else mask
    weights = F.interpolate(shown[:, None] / 255, size=prediction.shape[2:], mode="area").clamp(min=least)
    losses = ((prediction - target) ** 2 * weights).mean([1, 2, 3])
    (gradient,) = torch.autograd.grad(losses.sum(), prediction)
    return {"least": least, "flipped": flipped, "weights": weights.flatten().tolist(), "losses": losses.tolist(), "gradient": gradient.flatten().tolist()}


print(json.dumps({
    "size": SIZE, "factor": FACTOR, "mask": mask.flatten(1).tolist(), "prediction": prediction.flatten().tolist(),
    "target": target.flatten().tolist(), "cases": [case(0.0, False), case(0.1, False), case(0.0, True)],
}))
