# FID and KID of two files of float32 features by each library that is here: X Y DIMENSION SUBSETS.
import json
import sys
import time

import numpy as np


def timed(call):
    start = time.perf_counter()
    return float(call()), time.perf_counter() - start


def report(library, fid, kid):
    print(json.dumps({"library": library, "fid": fid[0], "fid_seconds": fid[1], "kid": kid[0], "kid_seconds": kid[1]}), flush=True)


def clean(x, y, subsets):
    from cleanfid import fid

    moments = lambda f: (f.mean(axis=0), np.cov(f, rowvar=False))
    report("clean-fid", timed(lambda: fid.frechet_distance(*moments(x), *moments(y))), timed(lambda: fid.kernel_distance(x, y, num_subsets=subsets)))


def fidelity(x, y, subsets):
    import torch
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric

    x, y = torch.from_numpy(x), torch.from_numpy(y)
    size = min(1000, len(x), len(y))
    fid = lambda: fid_statistics_to_metric(fid_features_to_statistics(x), fid_features_to_statistics(y), verbose=False)["frechet_inception_distance"]
    kid = lambda: kid_features_to_metric(x, y, kid_subsets=subsets, kid_subset_size=size, verbose=False)["kernel_inception_distance_mean"]
    report("torch-fidelity", timed(fid), timed(kid))


x, y = (np.fromfile(path, dtype=np.float32).reshape(-1, int(sys.argv[3])) for path in sys.argv[1:3])
found = False
for measure in (clean, fidelity):
    try:
        measure(x, y, int(sys.argv[4]))
        found = True
    except ImportError:
        pass
if not found:
    sys.exit("this Python has neither clean-fid nor torch-fidelity")
