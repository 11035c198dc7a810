# Writes adapters as other programs do, and the latents that diffusers makes with them: peft's folder, the same matrices in kohya's layout, A1111 embeddings.
# Run by hand (torch, diffusers, peft); its output is committed in foreign/, and packages/diffusion/test/foreign-adapters.test.ts compares.
import json, os, pickle, sys
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

here = os.path.dirname(os.path.abspath(__file__))
out = os.path.join(here, "foreign")
os.makedirs(out, exist_ok=True)
torch.manual_seed(5)
torch.set_num_threads(1)
unet = UNet2DConditionModel.from_pretrained(os.path.join(here, "tiny-sd"), subfolder="unet").eval()
width = unet.config.cross_attention_dim
rank, alpha = 3, 6
targets = ["to_q", "to_k", "to_v", "to_out.0", "proj_in", "ff.net.0.proj"]
model = get_peft_model(unet, LoraConfig(r=rank, lora_alpha=alpha, target_modules=targets, init_lora_weights=False))
for name, parameter in model.named_parameters():
    if "lora_" in name:
        torch.nn.init.normal_(parameter, std=0.15)
model.save_pretrained(os.path.join(out, "peft"))
for extra in ("README.md",):
    path = os.path.join(out, "peft", extra)
    if os.path.exists(path):
        os.remove(path)
config_path = os.path.join(out, "peft", "adapter_config.json")
config = json.load(open(config_path))
config["base_model_name_or_path"] = None
json.dump(config, open(config_path, "w"), indent=1, sort_keys=True)

kohya = {}
for name, tensor in load_file(os.path.join(out, "peft", "adapter_model.safetensors")).items():
    stem = name.removeprefix("base_model.model.").removesuffix(".weight")
    module, role = stem.rsplit(".", 1)
    key = "lora_unet_" + module.replace(".", "_")
    kohya[f"{key}.lora_{'down' if role == 'lora_A' else 'up'}.weight"] = tensor
    kohya[f"{key}.alpha"] = torch.tensor(float(alpha))
save_file(kohya, os.path.join(out, "kohya.safetensors"), metadata={"ss_network_dim": str(rank), "ss_network_alpha": str(alpha)})

shape = (1, 4, 8, 8)
states, latents = torch.randn(1, 7, width), torch.randn(shape)
scheduler = DDIMScheduler.from_pretrained(os.path.join(here, "tiny-sd"), subfolder="scheduler")
scheduler.register_to_config(clip_sample=False)
scheduler.set_timesteps(4)
def sample(net):
    x = latents * scheduler.init_noise_sigma
    with torch.no_grad():
        for t in scheduler.timesteps:
            x = scheduler.step(net(x, t, encoder_hidden_states=states).sample, t, x).prev_sample
    return x
with_lora = sample(model)
with model.disable_adapter():
    base = sample(model)
save_file({"states": states, "latents": latents, "with_lora": with_lora, "base": base}, os.path.join(out, "latents.safetensors"))

rows = torch.randn(2, width)
torch.save({"string_to_token": {"*": 265}, "string_to_param": {"*": rows}, "name": "brush", "step": 12, "sd_checkpoint": None, "sd_checkpoint_name": None}, os.path.join(out, "brush.pt"))
torch.save({"string_to_token": {"*": torch.tensor(265)}, "string_to_param": torch.nn.ParameterDict({"*": torch.nn.Parameter(rows)})}, os.path.join(out, "brush-module.pt"))
save_file({"rows": rows}, os.path.join(out, "brush-rows.safetensors"))

class Evil:
    def __reduce__(self):
        return (os.system, ("touch /tmp/styleforge-evil",))
torch.save({"string_to_param": {"*": rows}, "name": Evil()}, os.path.join(out, "evil.pt"))
print(os.popen(f"ls -la {out} {out}/peft").read(), "difference", (with_lora - base).abs().max())
