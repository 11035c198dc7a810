# FID and KID of the same features by clean-fid and by torch-fidelity.
# pip install torch clean-fid torch-fidelity; python test/golden/make-distances.py
# Writes distances.json; the features come from a formula that the test repeats.
import json
import os

import numpy as np
from cleanfid import fid as cleanfid
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
import torch

here = os.path.dirname(os.path.abspath(__file__))


def fnv1a(text):
    h = 0x811C9DC5
    for byte in text.encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    return h


def uniforms(name, count):
    h = (np.arange(count, dtype=np.uint32) * np.uint32(2654435761)) ^ np.uint32(fnv1a(name))
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    return h.astype(np.float64) / 2**31 - 1


def features(name, count, dimension, shift):
    """Not negative, as features behind a ReLU; dimensions of different spread that go together in pairs."""
    u = uniforms(name, count * dimension).reshape(count, dimension)
    u = (u + 0.5 * np.roll(u, 1, axis=1) + shift) * (0.1 + np.arange(dimension) / dimension)
    return np.maximum(u, 0).astype(np.float32)


# more images than features, fewer, and one of each
cases = [("many", 500, 420, 96), ("few", 60, 48, 192), ("mixed", 300, 40, 128)]
out = []
for name, n_x, n_y, dimension in cases:
    x, y = features(f"{name}.x", n_x, dimension, 0.4), features(f"{name}.y", n_y, dimension, 0.6)
    x64, y64 = x.astype(np.float64), y.astype(np.float64)
    # KID of the first rows of each, all of them in one subset
    s = min(n_x, n_y)
    statistics = [fid_features_to_statistics(torch.from_numpy(f)) for f in (x64, y64)]
    out.append({
        "name": name, "real": n_x, "generated": n_y, "dimension": dimension,
        "clean_fid": float(cleanfid.frechet_distance(x64.mean(0), np.cov(x64, rowvar=False), y64.mean(0), np.cov(y64, rowvar=False))),
        "torch_fidelity_fid": float(fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]),
        "clean_kid": float(cleanfid.kernel_distance(x64[:s], y64[:s], num_subsets=1, max_subset_size=s)),
        "torch_fidelity_kid": float(kid_features_to_metric(torch.from_numpy(x64[:s]), torch.from_numpy(y64[:s]), kid_subsets=1, kid_subset_size=s, verbose=False)["kernel_inception_distance_mean"]),
    })
with open(os.path.join(here, "distances.json"), "w") as file:
    json.dump(out, file, indent=2)
    file.write("\n")
print(json.dumps(out, indent=2))
