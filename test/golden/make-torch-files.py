# What torch.save writes for small tensors, in both of its layouts, and pickles that must not be read.
# pip install torch; python test/golden/make-torch-files.py
# Writes torch-files/.
import collections
import os
import pickle
import zipfile

import torch

out = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch-files")
os.makedirs(out, exist_ok=True)
base = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 8
module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
with torch.no_grad():
    for i, value in enumerate(module.parameters()):
        value.copy_(torch.arange(value.numel(), dtype=torch.float32).reshape(value.shape) + 10 * i)
state = module.state_dict()  # an OrderedDict with _metadata
state["transposed"] = base.t()
state["slice"] = base[1:3, 2:5]
state["half"] = base.half()
state["bfloat16"] = base.bfloat16()
state["double"] = base.double()
state["long"] = torch.tensor([1, -2, 2**40])
state["parameter"] = torch.nn.Parameter(base[0])
state["scalar"] = torch.tensor(2.5)
torch.save(state, os.path.join(out, "zip.pth"))
torch.save(state, os.path.join(out, "plain.pth"), _use_new_zipfile_serialization=False)
torch.save({"epoch": 3, "state_dict": state}, os.path.join(out, "nested.pth"))


class Evil:
    def __reduce__(self):
        return os.system, ("touch pickle-was-run",)


class Caller:
    """Calls an allowed name's result as if it were a function."""
    def __reduce__(self):
        return collections.OrderedDict, ([("a", 1)],)


def archive(name, data):
    with zipfile.ZipFile(os.path.join(out, name), "w", zipfile.ZIP_STORED) as file:
        file.writestr("archive/data.pkl", data)
        file.writestr("archive/byteorder", "little")


archive("evil.pth", pickle.dumps({"weight": Evil()}, protocol=2))
archive("evil-stack-global.pth", pickle.dumps({"weight": Evil()}, protocol=4))
archive("object.pth", pickle.dumps({"weight": Caller}, protocol=2))
archive("instruction.pth", b"\x80\x02(cos\nsystem\nU\x04truei.")
for name in sorted(os.listdir(out)):
    print(name, os.path.getsize(os.path.join(out, name)))
