# Writes convolutions.json: 3x3 convolutions and their gradients by torch in float64, at sizes where packages/onnx takes Winograd's filtering.
#   python make-convolutions.py > convolutions.json     (torch)
# Values are formulas of their index, exact in float32; of each result 100 values are kept, evenly spread, and its largest magnitude.
import json

import torch


def values(shape, factor):
    count = torch.Size(shape).numel()
    i = torch.arange(count, dtype=torch.int64)
    return ((i * factor + i * i % 101) % 257 - 128).double().div(128).reshape(shape)


def kept(tensor):
    flat = tensor.detach().reshape(-1)
    return {'largest': flat.abs().max().item(), 'values': flat[[k * (flat.numel() - 1) // 99 for k in range(100)]].tolist()}


def case(x_shape, filters, pads):
    x = values(x_shape, 7).requires_grad_()
    weight = values([filters, x_shape[1], 3, 3], 11).requires_grad_()
    bias = values([filters], 13).requires_grad_()
    top, left, bottom, right = pads
    y = torch.nn.functional.conv2d(torch.nn.functional.pad(x, (left, right, top, bottom)), weight, bias)
    y.backward(values(list(y.shape), 17))
    return {'x': x_shape, 'filters': filters, 'pads': pads, 'y': kept(y), 'dx': kept(x.grad), 'dweight': kept(weight.grad), 'dbias': kept(bias.grad)}


print(json.dumps({
    'tiles of four': case([16, 128, 8, 8], 128, [1, 1, 1, 1]),
    'tiles of two, where four do not fit': case([8, 192, 10, 10], 192, [1, 1, 1, 1]),
    'padding on one side': case([16, 128, 8, 8], 144, [2, 0, 0, 2]),
}))
