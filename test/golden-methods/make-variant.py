# Writes a folder of the same kind as this one with other topologies, sizes and settings, for the parity command.
# Usage: python make-variant.py DIRECTORY [SEED [float64]]     (torch, diffusers; CPU, float32). Its output is not committed: it is checked with
#   npm run --silent parity -- DIRECTORY
# From seed 10 on, every setting of the networks and methods is drawn (variant_topology.py). With float64, the reference's rounding does not count:
# a case that misses beside float32 and passes beside float64 is torch's.
# Odd here: targets beside attention, ranks and alphas by layer, alpha over the root of the rank, min-SNR, velocity prediction, several
# new words, all four matrices in Custom Diffusion, adapters on an SDXL topology, text rows shorter than 77, three levels of SDXL's blocks.
import json
import math
import os
import re
import sys

import torch
from diffusers import AutoencoderKL, DDPMScheduler, EulerDiscreteScheduler, UNet2DConditionModel
from diffusers.utils import convert_state_dict_to_diffusers
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from variant_topology import Topology

OUT = sys.argv[1]
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 1
DOUBLE = sys.argv[3:] == ["float64"]
torch.manual_seed(SEED)
PRECISION = torch.float64 if DOUBLE else torch.float32
torch.set_num_threads(1)
os.makedirs(OUT, exist_ok=True)
topology = Topology(SEED)
VOCABULARY, BEGIN, END, TOKENS = 210, 207, 208, topology.tokens
at = lambda *parts: os.path.join(OUT, *parts)

def write(tensors, name, metadata=None):
    os.makedirs(os.path.dirname(at(name)), exist_ok=True)
    single = lambda value: value.float() if value.dtype == torch.float64 else value
    save_file({key: single(value.detach()).contiguous().clone() for key, value in tensors.items()}, at(name), metadata=metadata)

def drawn(scale, *shape):
    """Random numbers that are float32 in either precision, so that both compute from the same inputs."""
    return (scale * torch.randn(shape, dtype=torch.float32)).to(PRECISION)

def random_weights(model):
    for name, parameter in model.named_parameters():
        if "norm" in name and name.endswith("weight"):
            parameter.data = 1 + 0.2 * torch.randn_like(parameter)
        elif parameter.dim() == 1:
            parameter.data = 0.1 * torch.randn_like(parameter)
        else:
            parameter.data = torch.randn_like(parameter) / math.sqrt(parameter[0].numel())
    return model.eval()

def text_encoder(cls, **changes):
    base = dict(vocab_size=VOCABULARY, max_position_embeddings=TOKENS, bos_token_id=0, eos_token_id=2, pad_token_id=1)
    return random_weights(cls(CLIPTextConfig(**base, **changes)))

def unet(**changes):
    return random_weights(UNet2DConditionModel(sample_size=8, **changes))

def checkpoint(name, index, scheduler, components):
    for part, model in components.items():
        model.save_pretrained(at(name, part))
        model.to(PRECISION)
        if part.startswith("text_encoder"):
            path = at(name, part, "model.safetensors")
            tensors = load_file(path)
            save_file({key if key.startswith("text_") else "text_model." + key: value for key, value in tensors.items()}, path, metadata={"format": "pt"})
    scheduler.save_pretrained(at(name, "scheduler"))
    entries = {part: [type(model).__module__.split(".")[0], type(model).__name__] for part, model in components.items()}
    json.dump({"_class_name": index, **entries, "scheduler": ["diffusers", type(scheduler).__name__]}, open(at(name, "model_index.json"), "w"))

schedule = topology.schedule
text = topology.text(dict(hidden_size=20, intermediate_size=28, num_hidden_layers=3, num_attention_heads=5, hidden_act="gelu"))
sd = dict(unet=unet(**topology.unet(text["hidden_size"])), text_encoder=text_encoder(CLIPTextModel, **text), vae=random_weights(AutoencoderKL(**topology.vae(0.3))))
checkpoint("tiny-sd", "StableDiffusionPipeline", DDPMScheduler(**schedule, prediction_type=topology.prediction), sd)
first = topology.text(dict(hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=3, hidden_act="quick_gelu"))
second = topology.text(dict(hidden_size=16, intermediate_size=24, num_hidden_layers=4, num_attention_heads=2, hidden_act="gelu")) | dict(projection_dim=14)
added = dict(addition_embed_type="text_time", addition_time_embed_dim=4, projection_class_embeddings_input_dim=14 + 24)
xl = dict(unet=unet(**topology.unet(first["hidden_size"] + second["hidden_size"], added=added)), text_encoder=text_encoder(CLIPTextModel, **first),
          text_encoder_2=text_encoder(CLIPTextModelWithProjection, **second), vae=random_weights(AutoencoderKL(**topology.vae(0.13))))
checkpoint("tiny-sdxl", "StableDiffusionXLPipeline", EulerDiscreteScheduler(**schedule, steps_offset=1, timestep_spacing="leading"), xl)
MODELS = {"tiny-sd": sd, "tiny-sdxl": xl}
PREDICTION = {"tiny-sd": topology.prediction, "tiny-sdxl": "epsilon"}
SIZES = {"tiny-sd": topology.size("sd"), "tiny-sdxl": topology.size("sdxl")}
ALPHAS = DDPMScheduler(**schedule).alphas_cumprod.to(PRECISION)
torch.set_default_dtype(PRECISION)
methods = dict(about="make-variant.py", begin_id=BEGIN, end_id=END, vocabulary=VOCABULARY, cases={})
cases = methods["cases"]

# --- forward passes ---
def encoders(model):
    return [name for name in model if name.startswith("text_encoder")]

def encode(model, ids):
    """Context and pooled text; the pooled state is that of the first end_id."""
    if "text_encoder_2" not in model:
        return model["text_encoder"](ids["input_ids"]).last_hidden_state, None
    states, pooled = [], None
    for name, key in (("text_encoder", "input_ids"), ("text_encoder_2", "input_ids_2")):
        out = model[name](ids[key], output_hidden_states=True)
        states.append(out.hidden_states[-2])
        if name == "text_encoder_2":
            last = out.last_hidden_state
            ends = (ids[key] == END).int().argmax(-1)
            pooled = model[name].text_projection(last[torch.arange(len(last)), ends])
    return torch.cat(states, -1), pooled

def predict(model, batch, noisy):
    context, pooled = encode(model, batch)
    added = None if pooled is None else dict(text_embeds=pooled, time_ids=batch["time_ids"])
    return model["unet"](noisy, batch["timesteps"], context, added_cond_kwargs=added).sample

def make_batch(name, n, new_ids=()):
    shape = (n, topology.latents, *SIZES[name])
    batch = dict(latents=drawn(1, *shape), noise=drawn(1, *shape), timesteps=torch.randint(20, len(ALPHAS) - 20, (n,)))
    for encoder in encoders(MODELS[name]):
        ids = torch.full((n, TOKENS), END if encoder == "text_encoder" else 0)
        for row in range(n):
            words = torch.randint(3, BEGIN - 1, (int(torch.randint(3, 9, (1,))),)).tolist() + list(new_ids)
            text = [BEGIN, *words, END]
            ids[row, : len(text)] = torch.tensor(text)
        batch["input_ids" if encoder == "text_encoder" else "input_ids_2"] = ids
    if name == "tiny-sdxl":
        batch["time_ids"] = torch.tensor([[600.0 + 32 * i, 801, 8 * i, 0, 64, 32] for i in range(n)])
    return batch

def losses_of(name, model, batch, case):
    a = ALPHAS[batch["timesteps"]].view(-1, 1, 1, 1)
    noisy = a.sqrt() * batch["latents"] + (1 - a).sqrt() * batch["noise"]
    velocity = a.sqrt() * batch["noise"] - (1 - a).sqrt() * batch["latents"]
    target = {"v_prediction": velocity, "sample": batch["latents"], "epsilon": batch["noise"]}[PREDICTION[name]]
    each = ((predict(model, batch, noisy) - target) ** 2).mean((1, 2, 3))
    if case["snr_gamma"]:
        snr = (a / (1 - a)).flatten()
        each = each * snr.clamp(max=case["snr_gamma"]) / {"v_prediction": snr + 1, "sample": 1, "epsilon": snr}[PREDICTION[name]]
    k = case["n_style_ref"]
    ref, aux = each[:k].mean(), each[k:].mean() if case["n_aux"] else torch.zeros(())
    return case.get("instance_weight", 1) * ref + case.get("prior_weight", case.get("lambda", 0)) * aux, ref, aux

def train(label, case, trained, new_ids=()):
    """`trained`: tensors by their stored names; their modules use them already."""
    name = case["checkpoint"]
    stored = {f"initial.{key}": value for key, value in trained.items()}
    file, records, states = {key: value.detach().clone() for key, value in stored.items()}, [], {}
    b1, b2, eps = case["adam"]
    without = set()
    for step in range(case["steps"]):
        batch = make_batch(name, case["n_style_ref"] + case["n_aux"], new_ids)
        file.update({f"{step}.{key}": value for key, value in batch.items()})
        loss, ref, aux = losses_of(name, MODELS[name], batch, case)
        grads = dict(zip(trained, torch.autograd.grad(loss, list(trained.values()), allow_unused=True)))
        without = {key for key, grad in grads.items() if grad is None}
        norm = torch.sqrt(sum((grad.double() ** 2).sum() for grad in grads.values() if grad is not None)).item()
        if step == 0:
            file.update({f"grad0.{key}": torch.zeros_like(trained[key]) if grad is None else grad for key, grad in grads.items()})
        scale = min(1, case["max_grad_norm"] / (norm + 1e-6)) if case["max_grad_norm"] else 1
        records.append(dict(loss=loss.item(), style_ref_loss=ref.item(), aux_loss=aux.item(), grad_norm=norm))
        with torch.no_grad():
            for key, grad in grads.items():
                if grad is None:
                    continue
                group, p = case["groups"][key.split(".")[0]], trained[key]
                m, v = states.get(key, (0, 0))
                g = grad * scale
                m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
                states[key] = (m, v)
                p.mul_(1 - group["learning_rate"] * group["weight_decay"])
                p.sub_(group["learning_rate"] * (m / (1 - b1 ** (step + 1))) / ((v / (1 - b2 ** (step + 1))).sqrt() + eps))
    file.update({f"final.{key}": value for key, value in trained.items()})
    write(file, case["file"])
    cases[label] = {"kind": "train", **case, "without_path": sorted(without), "records": records}

# --- what trains ---
def stored_name(component, module):
    return f"{component}.{'text_model.' if component.startswith('text_encoder') and not module.startswith('text_') else ''}{module}"

def add_lora(name, unet_targets, text_targets, scale_of, rank_of):
    """Hooks that add scale * B(A x); tensors by stored name."""
    trained, hooks = {}, []
    for component, model in MODELS[name].items():
        if component == "vae":
            continue
        targets = unet_targets if component == "unet" else text_targets
        for module, layer in model.named_modules():
            if not any(module.endswith("." + target) for target in targets) or not hasattr(layer, "weight"):
                continue
            r = rank_of(module)
            out, *inside = layer.weight.shape
            a = drawn(0.3, r, *inside).requires_grad_()
            b = drawn(0.2 / max(1, scale_of(r)), out, r, *[1 for _ in inside[1:]]).requires_grad_()
            key = stored_name(component, module)
            trained[f"{key}.lora_A.weight"], trained[f"{key}.lora_B.weight"] = a, b
            def hook(layer, inputs, output, a=a, b=b, s=scale_of(r)):
                if a.dim() == 2:
                    return output + s * torch.nn.functional.linear(torch.nn.functional.linear(inputs[0], a), b)
                inner = torch.nn.functional.conv2d(inputs[0], a, stride=layer.stride, padding=layer.padding)
                return output + s * torch.nn.functional.conv2d(inner, b)
            hooks.append(layer.register_forward_hook(hook))
    return trained, hooks

def remove(hooks):
    for hook in hooks:
        hook.remove()

def lora_files(label, name, run, trained, alpha, rank, strength):
    dotted = {}
    for key, value in trained.items():
        dotted[key] = value.detach() * (alpha / rank if ".lora_B." in key else 1)
    diffusers = {}
    for component in [part for part in MODELS[name] if part != "vae"]:
        own = {key.removeprefix(component + "."): value for key, value in dotted.items() if key.startswith(component + ".")}
        if own:
            diffusers.update({f"{component}.{key}": value for key, value in convert_state_dict_to_diffusers(own).items()})
    write(diffusers, f"{label}/pytorch_lora_weights.safetensors", {"format": "pt"})
    kohya, two = {}, "text_encoder_2" in MODELS[name]
    for key, value in trained.items():
        module, side = re.fullmatch(r"(.*)\.lora_([AB])\.weight", key).groups()
        component, path = module.split(".", 1)
        prefix = "lora_unet" if component == "unet" else {"text_encoder": "lora_te1" if two else "lora_te", "text_encoder_2": "lora_te2"}[component]
        if two and component == "unet":
            path = original(path)
        kohya[f"{prefix}_{path.replace('.', '_')}.lora_{'down' if side == 'A' else 'up'}.weight"] = value
        kohya[f"{prefix}_{path.replace('.', '_')}.alpha"] = torch.tensor(float(alpha))
    write(kohya, f"{label}/kohya.safetensors", {"ss_network_dim": str(rank), "ss_network_alpha": str(alpha)})
    batch = make_batch(name, 2)
    hooks = []
    for component, model in MODELS[name].items():
        for module, layer in model.named_modules():
            a = trained.get(f"{stored_name(component, module)}.lora_A.weight")
            if a is None:
                continue
            b = trained[f"{stored_name(component, module)}.lora_B.weight"]
            def hook(layer, inputs, output, a=a, b=b):
                s = strength * alpha / rank
                if a.dim() == 2:
                    return output + s * torch.nn.functional.linear(torch.nn.functional.linear(inputs[0], a), b)
                return output + s * torch.nn.functional.conv2d(torch.nn.functional.conv2d(inputs[0], a, stride=layer.stride, padding=layer.padding), b)
            hooks.append(layer.register_forward_hook(hook))
    with torch.no_grad():
        context, pooled = encode(MODELS[name], batch)
        out = predict(MODELS[name], batch, batch["latents"])
    remove(hooks)
    merged = {key: value for key, value in batch.items() if key not in ("noise", "latents")} | dict(sample=batch["latents"], context=context, out=out)
    write(merged | ({} if pooled is None else dict(pooled=pooled)), f"{label}-merged.safetensors")
    matrices = f"final.* of {run}" if False else f"initial.* of {run}"
    cases[f"{label}.merged"] = dict(kind="lora-merged", checkpoint=name, file=f"{label}-merged.safetensors", matrices=matrices, strength=strength, rank=rank, alpha=alpha)
    cases[f"{label}.files"] = dict(kind="lora-files", checkpoint=name, matrices=matrices, rank=rank, alpha=alpha, files=[
        dict(file=f"{label}/pytorch_lora_weights.safetensors", layout="diffusers", alpha="alpha/rank folded into up"),
        dict(file=f"{label}/kohya.safetensors", layout="kohya", alpha="a tensor per module")])

def original(path):
    """SDXL's names of blocks: the resnets of a level, then its sampler."""
    config = MODELS["tiny-sdxl"]["unet"].config
    levels = len(config.block_out_channels)
    layers = [config.layers_per_block] * levels if isinstance(config.layers_per_block, int) else list(config.layers_per_block)
    found = re.match(r"(down|up)_blocks\.(\d+)\.attentions\.(\d+)\.(.*)", path)
    if found:
        side, block, layer, rest = found.groups()
        before = layers[: int(block)] if side == "down" else layers[::-1][: int(block)]
        at_ = (1 if side == "down" else 0) + sum(n + 1 for n in before) + int(layer)
        return f"{'input' if side == 'down' else 'output'}_blocks.{at_}.1.{rest}"
    found = re.match(r"mid_block\.attentions\.0\.(.*)", path)
    return f"middle_block.1.{found[1]}" if found else path

ADAM = topology.adam()
for name, label, usual in (
    ("tiny-sd", "lora", dict(unet_targets=["to_q", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out"], text_targets=["q_proj", "fc1", "fc2"], rank=3, alpha=5,
                             snr_gamma=3.0, n_style_ref=1, n_aux=2)),
    ("tiny-sdxl", "lora-sdxl", dict(unet_targets=["to_k", "to_out.0", "ff.net.2"], text_targets=["out_proj"], rank=5, alpha=2, snr_gamma=None, n_style_ref=2, n_aux=1)),
):
    settings = topology.lora(usual)
    rank, alpha, strength = settings["rank"], settings["alpha"], settings.pop("strength")
    unet_targets, text_targets = settings.pop("unet_targets"), settings.pop("text_targets")
    trained, hooks = add_lora(name, unet_targets, text_targets, lambda r: alpha / r, lambda module: rank)
    before = {key: value.detach().clone() for key, value in trained.items()}
    components = {key.split(".")[0] for key in trained}
    train(f"{label}.train", dict(file=f"{label}-train.safetensors", method="lora", checkpoint=name, adam=ADAM, scale=alpha / rank,
          unet_targets=unet_targets, text_encoder_targets=text_targets, **settings,
          groups={part: dict(learning_rate=2e-3 if part == "unet" else 1e-3, weight_decay=0.05) for part in sorted(components)}), trained)
    remove(hooks)
    lora_files(label, name, f"{label}-train.safetensors", before, alpha, rank, strength)
    cases[f"{label}.grad"] = dict(kind="grad", checkpoint=name, file=f"{label}-train.safetensors", tensors="grad0.* at initial.*, batch 0.*", rank=rank, alpha=alpha,
                                  record=cases[f"{label}.train"]["records"][0], **{key: settings[key] for key in ("lambda", "n_style_ref", "n_aux", "snr_gamma")})

# ranks by layer, 3x3 convolutions, alpha over the root of the rank
ranks = lambda module: 2 + sum(map(ord, module)) % 4
trained, hooks = add_lora("tiny-sd", ["to_q", "conv1", "conv_shortcut"], ["k_proj"], lambda r: 4 / math.sqrt(r), ranks)
train("lora.patterns", dict(file="lora-patterns.safetensors", method="lora", checkpoint="tiny-sd", adam=ADAM, **{"lambda": 0.0}, rank=2, alpha=4, use_rslora=True,
      rank_pattern={key.split(".", 1)[1].removesuffix(".lora_A.weight"): value.shape[0] for key, value in trained.items() if ".lora_A." in key},
      steps=2, max_grad_norm=None, snr_gamma=None, n_style_ref=2, n_aux=0, unet_targets=["to_q", "conv1", "conv_shortcut"], text_encoder_targets=["k_proj"],
      groups={"unet": dict(learning_rate=1e-3, weight_decay=0.0), "text_encoder": dict(learning_rate=1e-3, weight_decay=0.2)}), trained)
remove(hooks)

class Rows(torch.nn.Module):
    """A frozen table with trained rows at its end."""
    def __init__(self, table, rows):
        super().__init__()
        self.weight, self.rows = table, rows
    def forward(self, ids):
        return torch.nn.functional.embedding(ids, torch.cat([self.weight, self.rows]))

def with_rows(name, count, initializers):
    trained = {}
    for encoder in encoders(MODELS[name]):
        model = MODELS[name][encoder]
        embeddings = model.text_model.embeddings if hasattr(model, "text_model") else model.embeddings
        table = embeddings.token_embedding
        rows = table.weight[initializers].detach().clone().requires_grad_()
        embeddings.token_embedding = Rows(table.weight.detach(), rows)
        trained[f"{encoder}.new_rows"] = rows
    def undo():
        for encoder in encoders(MODELS[name]):
            model = MODELS[name][encoder]
            embeddings = model.text_model.embeddings if hasattr(model, "text_model") else model.embeddings
            plain = torch.nn.Embedding(VOCABULARY, embeddings.token_embedding.weight.shape[1], dtype=torch.float32)
            plain.weight.data = embeddings.token_embedding.weight.data
            embeddings.token_embedding = plain
    return trained, undo

for name, label, vectors in (("tiny-sd", "textual-inversion", topology.vectors(3)), ("tiny-sdxl", "textual-inversion-sdxl", topology.vectors(2))):
    new_ids = [VOCABULARY + i for i in range(vectors)]
    starts = [11 + 7 * i for i in range(vectors)]
    trained, undo = with_rows(name, vectors, starts)
    part = "train-sdxl" if "sdxl" in label else "train"
    file = f"textual-inversion-{part}.safetensors"
    train(f"textual-inversion.{part}", dict(file=file, method="textual-inversion", checkpoint=name, adam=ADAM, **{"lambda": 0.0}, vectors=vectors, steps=3, max_grad_norm=0.001,
          snr_gamma=None, n_style_ref=3, n_aux=0, groups={key.split(".")[0]: dict(learning_rate=4e-3, weight_decay=0.1) for key in trained}, new_ids=new_ids,
          initializer_ids=starts), trained, new_ids)
    files = []
    for i, encoder in enumerate(encoders(MODELS[name])):
        path = f"{label}/learned_embeds{'' if i == 0 else '_2'}.safetensors"
        write({"<ink>": trained[f"{encoder}.new_rows"]}, path)
        files.append(dict(file=path, component=encoder))
    cases[f"{label}.files"] = dict(kind="learned-embeds", checkpoint=name, rows=f"final.* of {file}", placeholder="<ink>", files=files)
    undo()

# Custom Diffusion: two words; keys and values alone, or all four matrices
for label, projections in (("custom-diffusion.train", ("to_k", "to_v")), ("custom-diffusion.train-crossattn", ("to_k", "to_v", "to_q", "to_out.0"))):
    model = MODELS["tiny-sd"]["unet"]
    new_ids, starts = [VOCABULARY, VOCABULARY + 1], [5, 9]
    rows, undo = with_rows("tiny-sd", 2, starts)
    saved, trained, hooks = {}, dict(rows), []
    for module, layer in model.named_modules():
        if any(module.endswith(f"attn2.{projection}") for projection in projections):
            for part, value in layer.named_parameters():
                value.requires_grad_()
                trained[f"unet.{module}.{part}"] = value
                saved[value] = value.detach().clone()
        if re.search(r"attn2\.to_[kv]$", module):
            hooks.append(layer.register_forward_hook(lambda layer, inputs, output: torch.cat([output[:, :1].detach(), output[:, 1:]], 1)))
    train(label, dict(file=f"{label.replace('.', '-')}.safetensors", method="custom-diffusion", checkpoint="tiny-sd", adam=ADAM, tokens=["<new1>", "<new2>"], steps=2, instance_weight=1.5,
          prior_weight=0.5, snr_gamma=None, n_style_ref=2, n_aux=1, max_grad_norm=0.2, new_ids=new_ids, initializer_ids=starts,
          groups={"unet": dict(learning_rate=1e-3, weight_decay=0.02), "text_encoder": dict(learning_rate=2e-3, weight_decay=0.02)}), trained, new_ids)
    remove(hooks)
    folder = label.replace("train-", "").replace(".", "-") if "crossattn" in label else "custom-diffusion"
    matrices = {}
    for key, value in trained.items():
        if key.startswith("unet."):
            place, projection, rest = re.fullmatch(r"unet\.(.*attn2)\.(to_\w+)(\.0)?\.(?:weight|bias)", key).group(1, 2, 3)
            matrices[f"{place}.processor.{projection}_custom_diffusion{rest or ''}.{key.rsplit('.', 1)[1]}"] = value
    write(matrices, f"{folder}/pytorch_custom_diffusion_weights.safetensors")
    files = [dict(file=f"{folder}/pytorch_custom_diffusion_weights.safetensors", holds="matrices")]
    for i in range(2):
        write({f"<new{i + 1}>": rows["text_encoder.new_rows"][i]}, f"{folder}/new{i + 1}.safetensors")
        files.append(dict(file=f"{folder}/new{i + 1}.safetensors", holds=f"<new{i + 1}>"))
    cases[f"{folder}.files"] = dict(kind="custom-diffusion-files", checkpoint="tiny-sd", weights=f"final.* of {label.replace('.', '-')}.safetensors", files=files)
    for value, before in saved.items():
        value.data = before
        value.requires_grad_(False)
    undo()

# StyleDrop on both topologies
for name, label, shared, bottleneck in (("tiny-sd", "styledrop.train-shared", True, topology.bottleneck(3)), ("tiny-sdxl", "styledrop.train-sdxl", True, topology.bottleneck(5)), ("tiny-sdxl", "styledrop.train-unshared", False, topology.bottleneck(2)),
                                      ("tiny-sd", "styledrop.train-sd-unshared", False, topology.bottleneck(4))):
    trained, hooks = {}, []
    for module, layer in MODELS[name]["unet"].named_modules():
        if not module.endswith((".attn2", ".ff")):
            continue
        width = layer.to_out[0].out_features if module.endswith("attn2") else layer.net[2].out_features
        site = module.rsplit(".", 1)[1]
        if shared:
            key = f"unet.shared.{width}.{site}"
            for part, shape in (("down", (bottleneck, width)), ("up", (width, bottleneck))):
                trained.setdefault(f"{key}.{part}", drawn(0.2, *shape).requires_grad_())
            offsets = [drawn(0.1, size).requires_grad_() for size in (bottleneck, width)]
            trained[f"unet.{module}.down_offset"], trained[f"unet.{module}.up_offset"] = offsets
            pair = (trained[f"{key}.down"], trained[f"{key}.up"], *offsets)
        else:
            pair = (drawn(0.2, bottleneck, width).requires_grad_(), drawn(0.2, width, bottleneck).requires_grad_(), torch.zeros(bottleneck), torch.zeros(width))
            trained[f"unet.{module}.down"], trained[f"unet.{module}.up"] = pair[:2]
        def hook(layer, inputs, output, pair=pair):
            down, up = pair[0] + pair[2][:, None], pair[1] + pair[3][:, None]
            return output + torch.nn.functional.gelu(output @ down.T) @ up.T
        hooks.append(layer.register_forward_hook(hook))
    file = f"{label.replace('.', '-')}.safetensors"
    train(label, dict(file=file, method="styledrop", checkpoint=name, adam=ADAM, **{"lambda": 0.0}, shared=shared, bottleneck=bottleneck, steps=3, max_grad_norm=0.01, snr_gamma=5.0,
          n_style_ref=1, n_aux=0, groups={"unet": dict(learning_rate=5e-3, weight_decay=0.01)}, sites=["attn2", "ff"]), trained)
    batch = make_batch(name, 2)
    with torch.no_grad():
        out = predict(MODELS[name], batch, batch["latents"])
    forward = {key: value for key, value in batch.items() if key not in ("latents", "noise")} | dict(sample=batch["latents"], out=out)
    write(load_file(at(file)) | {f"forward.{key}": value for key, value in forward.items()}, file)
    cases[label.replace("train", "forward")] = dict(kind="adapter-forward", checkpoint=name, file=file, adapters="final.*", inputs="forward.*", shared=shared, bottleneck=bottleneck)
    remove(hooks)

# the whole of a model trains
for name, label, weight in (("tiny-sdxl", "sdxl", 1.25), ("tiny-sd", "sd", 0.4)):
    model = MODELS[name]
    batch = make_batch(name, 3)
    trained = {stored_name(component, key): parameter for component in ["unet", *encoders(model)] for key, parameter in model[component].named_parameters()}
    for parameter in trained.values():
        parameter.requires_grad_()
    case = dict(kind="grad", file=f"{label}-grad.safetensors", method="full", checkpoint=name, n_style_ref=2, n_aux=1, snr_gamma=None, **{"lambda": weight})
    loss, ref, aux = losses_of(name, model, batch, case)
    grads = dict(zip(trained, torch.autograd.grad(loss, list(trained.values()), allow_unused=True)))
    case["without_path"] = sorted(key for key, grad in grads.items() if grad is None)
    case["record"] = dict(loss=loss.item(), style_ref_loss=ref.item(), aux_loss=aux.item(), grad_norm=0)
    write(batch | {f"grad.{key}": torch.zeros_like(trained[key]) if grad is None else grad for key, grad in grads.items()}, case["file"])
    cases[f"{label}.grad"] = case
    with torch.no_grad():
        stages = {}
        if name == "tiny-sdxl":
            hook = model["unet"].add_embedding.register_forward_hook(lambda layer, inputs, output: stages.update(added_in=inputs[0], added_out=output))
        stages["out"] = predict(model, batch, batch["latents"])
        context, pooled = encode(model, batch)
        if pooled is not None:
            width = model["text_encoder"].config.hidden_size
            stages.update(hidden_1=context[..., :width], hidden_2=context[..., width:], pooled=pooled)
            hook.remove()
        else:
            stages["hidden_1"] = context
    inputs = {key: value for key, value in batch.items() if key not in ("latents", "noise")} | dict(sample=batch["latents"])
    write(inputs | stages, f"{label}-forward.safetensors")
    cases[f"{label}.forward"] = dict(kind="forward", checkpoint=name, file=f"{label}-forward.safetensors", outputs=sorted(stages))
# from noise to an image
for name, label, size in (("tiny-sdxl", "sdxl.sample", (topology.latents, *topology.size("sample"))),):
    model, n, (steps, scale) = MODELS[name], 2, topology.sampling()
    scheduler = EulerDiscreteScheduler(**schedule, steps_offset=1, timestep_spacing="leading")
    scheduler.set_timesteps(steps)
    batch = make_batch(name, 1)
    ids = torch.tensor([[500.0, 300, 0, 24, 32, 64]])
    latents = drawn(1, n, *size)
    file = dict(latents=latents, input_ids=batch["input_ids"], input_ids_2=batch["input_ids_2"], time_ids=ids)
    with torch.no_grad():
        context, pooled = encode(model, batch)
        x = latents * scheduler.init_noise_sigma
        for step, t in enumerate(scheduler.timesteps):
            scaled = scheduler.scale_model_input(x, t)
            once = lambda c, p: model["unet"](scaled, t, c.expand(n, -1, -1), added_cond_kwargs=dict(text_embeds=p.expand(n, -1), time_ids=ids.expand(n, -1))).sample
            positive, negative = once(context, pooled), once(torch.zeros_like(context), torch.zeros_like(pooled))
            x = scheduler.step(negative + scale * (positive - negative), t, x).prev_sample
            file[f"after.{step}"] = x
        file["final_latents"] = x
        file["image"] = (model["vae"].decode(x / model["vae"].config.scaling_factor).sample / 2 + 0.5).clamp(0, 1)
    write(file, "sdxl-sample.safetensors")
    cases[label] = dict(kind="sample", checkpoint=name, file="sdxl-sample.safetensors", sampler="euler", steps=steps, guidance_scale=scale, images=n)
json.dump(methods, open(at("methods.json"), "w"), indent=1)
print(len(cases), "cases")
