# Tells the rounding of the reference from an error of the engine: prints, for each gradient case of one seed, the distance of torch's float32 and of
# the engine to torch's float64, as the largest difference of a tensor over its largest magnitude.
# Usage: python make-variant.py SINGLE SEED; python make-variant.py DOUBLE SEED float64; npm run --silent parity -- DOUBLE > OURS
#        python float32-rounding.py SINGLE DOUBLE OURS
import json
import sys

from safetensors.torch import load_file

SINGLE, DOUBLE, OURS = sys.argv[1:4]
LEAST = 1e-6  # smaller gradients are not compared, as in the parity command
cases = json.load(open(f"{DOUBLE}/methods.json"))["cases"]
ours = {result["case"]: result for result in map(json.loads, open(OURS))}


def distance(values, truth):
    return ((values.double() - truth.double()).abs().max() / truth.abs().max()).item()


for name, case in cases.items():
    if case["kind"] not in ("train", "grad"):
        continue
    single, double = load_file(f"{SINGLE}/{case['file']}"), load_file(f"{DOUBLE}/{case['file']}")
    prefix = "grad0." if any(key.startswith("grad0.") for key in double) else "grad."
    compared = [key for key in double if key.startswith(prefix) and double[key].abs().max() >= LEAST]
    torch_distance, worst = max((distance(single[key], double[key]), key.removeprefix(prefix)) for key in compared)
    own = ours[f"{name}.grad0" if case["kind"] == "train" else name]
    beside = distance(single[prefix + own["worst"]], double[prefix + own["worst"]])
    print(json.dumps(dict(case=name, torch=round(torch_distance, 7), torch_worst=worst, engine=round(own["max_rel"], 7), engine_worst=own["worst"], torch_there=round(beside, 7))))
