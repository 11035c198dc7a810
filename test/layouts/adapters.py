# LoRAs and embeddings of other programs, and other kinds of adapters.
# Usage: python adapters.py DIRECTORY CLIP_TOKENIZER; npm run --silent parity -- DIRECTORY
from common import *
import peft, transformers.integrations.peft as tip; tip.check_peft_version = lambda **k: None
from peft import get_peft_model, LoraConfig
torch.set_grad_enabled(False)
p = sd(); good = run(p); p.save_pretrained(at("sd")); case("sd", "base", at("sd"), good)
x = sdxl(); xg = run(x); x.save_pretrained(at("xl")); case("xl", "base", at("xl"), xg)
# the same width of text states as XL: only the layers differ
ACCEPT = ("kohya-alpha-zero", "dylora", "xl-embedding-of-different-counts")
def adapter(name, file, expected=None, base="sd", token=None, strength=1, prompt=PROMPT, more=()):
    rel = lambda f: os.path.relpath(f if os.path.isabs(f) else at(f), OUT)
    CASES[name] = {"base": base, "adapters": [{"file": rel(file), "strength": strength, **({"token": token} if token else {})}, *[{**m, "file": rel(m["file"])} for m in more]], "prompt": prompt}
    if expected is None and name not in ACCEPT: CASES[name]["refused"] = "."
    if expected is not None:
        f = f"{name}.expected.safetensors"; save_file({k: v.contiguous() for k, v in expected.items()}, at(f))
        CASES[name].update({"expected": f, "steps": 3, "guidance": 3.0})
def save(name, tensors, metadata=None):
    save_file({k: v.contiguous() for k, v in tensors.items()}, at(name), metadata=metadata); return at(name)
ATT = ["to_q", "to_k", "to_v", "to_out.0"]
def randomize(model, seed=3, std=0.1):
    g = torch.Generator().manual_seed(seed)
    for n, q in model.named_parameters():
        if "lora_" in n: q.copy_(torch.randn(q.shape, generator=g) * std)
def via_diffusers(name, make, base="sd", strength=1.0, **files):
    """Loads the file with diffusers and samples."""
    q = copy.deepcopy(p if base == "sd" else x)
    q.load_lora_weights(OUT, weight_name=files.get("weight_name", f"{name}.safetensors"), adapter_name="a")
    q.set_adapters(["a"], adapter_weights=[strength])
    return run(q)
from diffusers.utils import convert_state_dict_to_diffusers
from peft.utils import get_peft_model_state_dict
from diffusers.loaders.lora_base import _pack_dict_with_prefix
from diffusers.training_utils import _collate_lora_metadata
def trained(name, unet=None, te=None, te2=None, base="sd", strength=1.0, metadata=True, compare=True):
    q = copy.deepcopy(p if base == "sd" else x)
    parts = {}
    for key, config in (("unet", unet), ("text_encoder", te), ("text_encoder_2", te2)):
        if config is None: continue
        m = getattr(q, key); m.add_adapter(config) ; randomize(m); parts[key] = m
    kw = {}
    if "unet" in parts: kw["unet_lora_layers"] = convert_state_dict_to_diffusers(get_peft_model_state_dict(parts["unet"]))
    for key in ("text_encoder", "text_encoder_2"):
        if key in parts: kw[f"{key}_lora_layers"] = convert_state_dict_to_diffusers(get_peft_model_state_dict(parts[key]))
    if metadata: kw.update(_collate_lora_metadata(parts))
    type(q).save_lora_weights(OUT, weight_name=f"{name}.safetensors", **kw)
    own = run(q)
    again = via_diffusers(name, None, base, 1.0) if compare else own
    d = (again["final"] - own["final"]).abs().max().item()
    print(name, "saved and loaded by diffusers differ by", d, "from base", (own["final"] - (good if base == "sd" else xg)["final"]).abs().max().item())
    adapter(name, f"{name}.safetensors", None if not compare else again if strength == 1 else via_diffusers(name, None, base, strength), base, strength=strength)
L = lambda r=2, a=4, t=ATT, **k: LoraConfig(r=r, lora_alpha=a, target_modules=t, init_lora_weights=False, **k)
trained("attention", L())
trained("attention-without-metadata", L(), metadata=False)
trained("attention-strength", L(), strength=0.4)
trained("text-encoder", L(), L(t=["q_proj", "v_proj", "fc1"]))
trained("text-encoder-alone", None, L(t=["q_proj", "k_proj", "v_proj", "out_proj"]))
trained("rank-patterns", L(t=ATT + ["ff.net.0.proj"], rank_pattern={"to_k": 3, "mid_block.attentions.0.transformer_blocks.0.attn1.to_q": 5}, alpha_pattern={"to_v": 7, "up_blocks.1": 9}))
trained("rank-patterns-regex", L(t=ATT, rank_pattern={r"down_blocks.*attn2.to_q": 4}, alpha_pattern={r"down_blocks.*attn2.to_q": 3, r".*\.attn1\.to_(k|v)": 5}))
trained("rslora", L(r=4, use_rslora=True))
trained("all-linear-and-convolutions", L(t=["conv1", "conv2", "conv_in", "conv_out", "conv_shortcut", "time_emb_proj", "linear_1", "linear_2", "proj_in", "proj_out", "ff.net.2", "conv"]))
trained("xl-three-parts", L(), L(t=["q_proj", "v_proj"]), L(t=["q_proj", "v_proj", "fc2"]), base="xl")
trained("xl-rank-patterns", L(rank_pattern={"to_k": 4}, alpha_pattern={"to_k": 1}), base="xl")
def attempt(name, f):
    try: f()
    except Exception as e: print(name, "NOT MADE:", type(e).__name__, str(e)[:200])
attempt("dora", lambda: trained("dora", L(use_dora=True), compare=False))
attempt("lora-bias", lambda: trained("lora-bias", L(lora_bias=True), compare=False))
# kohya
def kohya(module_map, alpha, rank=2, prefix="lora_unet", seed=9, dtype=torch.float32, std=0.15):
    g = torch.Generator().manual_seed(seed); t = {}
    for module, w in module_map.items():
        k = f"{prefix}_{module.replace('.', '_')}"
        down = torch.randn((rank, *w.shape[1:]), generator=g) * std; up = torch.randn((w.shape[0], rank, *(1,) * (w.dim() - 2)), generator=g) * std
        t[f"{k}.lora_down.weight"], t[f"{k}.lora_up.weight"], t[f"{k}.alpha"] = down.to(dtype), up.to(dtype), torch.tensor(float(alpha)).to(dtype)
    return t
def merged(pipe, module_map_by_part, strength=1.0, tensors=None, prefix=None):
    q = copy.deepcopy(pipe)
    for part, (prefix, modules) in module_map_by_part.items():
        sd_ = dict(getattr(q, part).named_parameters())
        for m in modules:
            k = f"{prefix}_{m.replace('.', '_')}"
            up, down, a = tensors[f"{k}.lora_up.weight"].float(), tensors[f"{k}.lora_down.weight"].float(), tensors[f"{k}.alpha"].float().reshape(-1)[0]
            w = sd_[m.removeprefix("text_model.") + ".weight"] if part.startswith("text") and m.removeprefix("text_model.") + ".weight" in sd_ else sd_[m + ".weight"]
            w.add_((strength * a / down.shape[0] * (up.flatten(1) @ down.flatten(1))).reshape(w.shape))
    return run(q)
def modules(model, pattern):
    import re
    return {n[:-7]: v for n, v in model.state_dict().items() if n.endswith(".weight") and re.search(pattern, n) and v.dim() > 1}
A = modules(p.unet, r"attn[12]\.to_|proj_in|proj_out|ff\.net"); C = modules(p.unet, r"conv|time_emb")
t = kohya(A, 1); save("kohya.safetensors", t); adapter("kohya", "kohya.safetensors", merged(p, {"unet": ("lora_unet", A)}, tensors=t))
t2 = {**t, **kohya(C, 1.5, rank=3)}; save("locon.safetensors", t2, {"ss_network_module": "lycoris.kohya", "ss_network_args": '{"algo": "locon"}'}); adapter("kohya-locon", "locon.safetensors", merged(p, {"unet": ("lora_unet", {**A, **C})}, tensors=t2))
th = {k: v.half() for k, v in t.items()}; save("half.safetensors", th); adapter("kohya-fp16", "half.safetensors", merged(p, {"unet": ("lora_unet", A)}, tensors=th))
tb = {k: v.bfloat16() for k, v in t.items()}; save("bf16.safetensors", tb); adapter("kohya-bf16", "bf16.safetensors", merged(p, {"unet": ("lora_unet", A)}, tensors=tb))
t8 = {k: v.to(torch.float8_e4m3fn) if v.dim() > 1 else v for k, v in t.items()}; save("f8.safetensors", t8); adapter("kohya-float8", "f8.safetensors", merged(p, {"unet": ("lora_unet", A)}, tensors=t8))
ta = {k: v.reshape(1) if k.endswith("alpha") else v for k, v in t.items()}; save("alpha1.safetensors", ta); adapter("kohya-alpha-of-one-element", "alpha1.safetensors", merged(p, {"unet": ("lora_unet", A)}, tensors=ta))
ti_ = {k: v.to(torch.int64) if k.endswith("alpha") else v for k, v in t.items()}; save("alphai.safetensors", ti_); adapter("kohya-alpha-of-integers", "alphai.safetensors", merged(p, {"unet": ("lora_unet", A)}, tensors=t))
tz = {k: torch.zeros(()) if k.endswith("alpha") else v for k, v in t.items()}; save("alpha0.safetensors", tz); adapter("kohya-alpha-zero", "alpha0.safetensors")
tn = {k: v for k, v in t.items() if not k.endswith("alpha")}; save("noalpha.safetensors", tn); adapter("kohya-without-alpha", "noalpha.safetensors", merged(p, {"unet": ("lora_unet", A)}, tensors={**t, **{k: torch.tensor(2.0) for k in t if k.endswith("alpha")}}))
torch.save(t, at("kohya.pt")); adapter("kohya-as-pt", "kohya.pt", merged(p, {"unet": ("lora_unet", A)}, tensors=t))
torch.save({"state_dict": t}, at("kohya.ckpt")); adapter("kohya-as-ckpt", "kohya.ckpt", merged(p, {"unet": ("lora_unet", A)}, tensors=t))
nan = {k: v.clone() for k, v in t.items()}; nan[list(nan)[0]].view(-1)[0] = float("nan"); save("nan.safetensors", nan); adapter("lora-with-nan", "nan.safetensors")
nana = {k: torch.tensor(float("nan")) if k.endswith("alpha") else v for k, v in t.items()}; save("nanalpha.safetensors", nana); adapter("lora-with-nan-alpha", "nanalpha.safetensors")
swap = {k: (v.T if v.dim() == 2 else v) for k, v in t.items()}; save("swap.safetensors", swap); adapter("lora-with-transposed-matrices", "swap.safetensors")
T1 = {f"text_model.{k}": v for k, v in modules(p.text_encoder, r"q_proj|k_proj|v_proj|out_proj|fc1|fc2").items()} if not any(k.startswith("text_model") for k in modules(p.text_encoder, "q_proj")) else modules(p.text_encoder, r"q_proj|k_proj|v_proj|out_proj|fc1|fc2")
tt = {**t, **kohya(T1, 1, prefix="lora_te")}; save("kohya-te.safetensors", tt); adapter("kohya-text-encoder", "kohya-te.safetensors", merged(p, {"unet": ("lora_unet", A), "text_encoder": ("lora_te", T1)}, tensors=tt))
# xl kohya, original names, two encoders
XA = modules(x.unet, r"attn[12]\.to_|proj_in|proj_out|ff\.net")
X1 = {f"text_model.{k.removeprefix('text_model.')}": v for k, v in modules(x.text_encoder, r"q_proj|fc1").items()}
X2 = {f"text_model.{k.removeprefix('text_model.')}": v for k, v in modules(x.text_encoder_2, r"q_proj|fc1").items()}
tx = {**kohya(XA, 1), **kohya(X1, 1, prefix="lora_te1"), **kohya(X2, 1, prefix="lora_te2")}
parts = {"unet": ("lora_unet", XA), "text_encoder": ("lora_te1", X1), "text_encoder_2": ("lora_te2", X2)}
save("xl-kohya.safetensors", tx); adapter("xl-kohya-both-encoders", "xl-kohya.safetensors", merged(x, parts, tensors=tx), "xl")
adapter("sd-lora-on-xl", "kohya.safetensors", base="xl"); adapter("xl-lora-on-sd", "xl-kohya.safetensors")
adapter("xl-peft-on-sd", "xl-three-parts.safetensors"); adapter("sd-peft-on-xl", "attention.safetensors", base="xl")
inp = {**t, **kohya({"conv_in": torch.zeros(16, 9, 3, 3)}, 1)}; save("inpaint.safetensors", inp); adapter("lora-of-inpainting-with-first-convolution", "inpaint.safetensors")
adapter("two-at-once", "kohya.safetensors", None, more=[{"file": "attention.safetensors", "strength": 0.3}], strength=0.6)
q = copy.deepcopy(p); q.load_lora_weights(OUT, weight_name="attention.safetensors", adapter_name="b"); 
sdp = dict(q.unet.named_parameters())
for m in A:
    k = f"lora_unet_{m.replace('.', '_')}"; w = sdp[m + ".weight"] if m + ".weight" in sdp else sdp[m + ".base_layer.weight"]
    w.add_((0.6 * 1 / 2 * (t[f"{k}.lora_up.weight"].flatten(1) @ t[f"{k}.lora_down.weight"].flatten(1))).reshape(w.shape))
q.set_adapters(["b"], [0.3]); adapter("two-at-once", "kohya.safetensors", run(q), more=[{"file": "attention.safetensors", "strength": 0.3}], strength=0.6)
# lcm-lora: kohya names of time embedding and resnets
LC = modules(p.unet, r"attn[12]\.to_|proj_in|proj_out|ff\.net|conv1|conv2|time_emb_proj|conv_shortcut|downsamplers|upsamplers|conv_in$|conv_out|time_embedding"); tl = kohya(LC, 8, rank=8, std=0.1)
save("lcm-lora.safetensors", tl); adapter("lcm-lora", "lcm-lora.safetensors", merged(p, {"unet": ("lora_unet", LC)}, tensors=tl))
# lycoris and others by name
first = "lora_unet_" + list(A)[0].replace(".", "_")
w = list(A.values())[0]
def stranger(name, tensors, **k): save(f"{name}.safetensors", tensors); adapter(name, f"{name}.safetensors", **k)
z = torch.zeros
stranger("loha", {f"{first}.hada_w1_a": z(16, 2), f"{first}.hada_w1_b": z(2, 16), f"{first}.hada_w2_a": z(16, 2), f"{first}.hada_w2_b": z(2, 16), f"{first}.alpha": torch.tensor(1.0)})
stranger("lokr", {f"{first}.lokr_w1": z(4, 4), f"{first}.lokr_w2": z(4, 4), f"{first}.alpha": torch.tensor(1.0)})
stranger("lokr-factored", {f"{first}.lokr_w1_a": z(4, 2), f"{first}.lokr_w1_b": z(2, 4), f"{first}.lokr_w2": z(4, 4)})
stranger("lokr-only-w2-factored", {f"{first}.lokr_w2_a": z(4, 2), f"{first}.lokr_w2_b": z(2, 4)})
stranger("mixed-lora-and-loha", {**t, "lora_unet_mid_block_attentions_0_proj_in.hada_w1_a": z(16, 2)})
stranger("ia3-lycoris", {f"{first}.weight": z(16, 1), f"{first}.on_input": torch.tensor(True)})
stranger("norms", {**t, "lora_unet_down_blocks_0_resnets_0_norm1.w_norm": z(16), "lora_unet_down_blocks_0_resnets_0_norm1.b_norm": z(16)})
stranger("full-difference", {f"{first}.diff": z(16, 16)})
stranger("dylora", t and {f"{first}.lora_A.weight": z(2, 16), f"{first}.lora_B.weight": z(16, 2)})
stranger("glora", {f"{first}.a1.weight": z(2, 16), f"{first}.a2.weight": z(2, 16), f"{first}.b1.weight": z(2, 16), f"{first}.b2.weight": z(2, 16), f"{first}.alpha": torch.tensor(1.0)})
stranger("oft-kohya", {f"{first}.oft_blocks": z(4, 4, 4)}); stranger("boft-lycoris", {f"{first}.oft_blocks": z(2, 4, 4, 4)})
stranger("tucker", {**{k: v for k, v in t.items()}, "lora_unet_conv_in.lora_mid.weight": z(2, 2, 3, 3), "lora_unet_conv_in.lora_down.weight": z(2, 4, 1, 1), "lora_unet_conv_in.lora_up.weight": z(16, 2, 1, 1)})
stranger("dora-kohya", {**t, f"{first}.dora_scale": z(1, 16)})
stranger("bundled-embedding", {**t, "bundle_emb.word.string_to_param.*": z(2, 32)})
stranger("control-lora", {"lora_controlnet": z(()), "input_blocks.0.0.up": z(2, 2), "input_blocks.0.0.down": z(2, 2)})
stranger("ip-adapter", {"image_proj.proj.weight": z(2, 2), "ip_adapter.1.to_k_ip.weight": z(2, 2)})
stranger("t2i-adapter", {"adapter.body.0.in_conv.weight": z(2, 2, 1, 1), "adapter.conv_in.weight": z(2, 2, 3, 3)})
stranger("flux-lora", {"lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight": z(2, 2), "lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight": z(2, 2)})
stranger("sd3-lora", {"lora_unet_joint_blocks_0_context_block_attn_qkv.lora_down.weight": z(2, 2), "lora_unet_joint_blocks_0_context_block_attn_qkv.lora_up.weight": z(2, 2)})
stranger("sd3-lora-diffusers", {"transformer.transformer_blocks.0.attn.to_q.lora_A.weight": z(2, 2), "transformer.transformer_blocks.0.attn.to_q.lora_B.weight": z(2, 2)})
stranger("animatediff-lora", {"down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.0.processor.to_q_lora.down.weight": z(2, 2), "down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.0.processor.to_q_lora.up.weight": z(2, 2)})
stranger("empty", {}); stranger("only-alpha", {f"{first}.alpha": torch.tensor(1.0)}); stranger("one-matrix", {f"{first}.lora_down.weight": z(2, 16)})
stranger("vae-file", {"decoder.conv_in.weight": z(2, 2, 3, 3), "encoder.conv_in.weight": z(2, 2, 3, 3)})
stranger("lora-rank-0", {f"{first}.lora_down.weight": z(0, 16), f"{first}.lora_up.weight": z(16, 0)})
torch.save({"768": [{"linear.weight": z(2, 2)}], "activation_func": "linear"}, at("hyper.pt")); adapter("hypernetwork", "hyper.pt")
# peft's own folders
def peft_case(name, make, expected=True, **k):
    d = at(f"peft-{name}"); os.makedirs(d, exist_ok=True)
    try:
        u = copy.deepcopy(p.unet); m = make(u)
        randomize(m, 4)
        m.save_pretrained(d)
    except Exception as e: print("peft", name, "NOT MADE", type(e).__name__, str(e)[:150]); return
    q = copy.deepcopy(p); q.unet = m.base_model.model if hasattr(m, "base_model") else m
    adapter(f"peft-{name}", f"{d}/adapter_model.safetensors", run(q) if expected else None)
peft_case("lora", lambda u: get_peft_model(u, L()))
peft_case("rslora", lambda u: get_peft_model(u, L(r=4, use_rslora=True)))
peft_case("patterns", lambda u: get_peft_model(u, L(rank_pattern={"to_k": 3}, alpha_pattern={"to_k": 1, "to_v": 5})))
peft_case("dora", lambda u: get_peft_model(u, L(use_dora=True)), False)
peft_case("bias", lambda u: get_peft_model(u, L(t=["to_out.0"], bias="lora_only")), False)
peft_case("bias-all", lambda u: get_peft_model(u, L(bias="all")), False)
peft_case("lora-bias", lambda u: get_peft_model(u, L(lora_bias=True)), False)
peft_case("modules-to-save", lambda u: get_peft_model(u, L(modules_to_save=["conv_in"])), False)
peft_case("adalora", lambda u: get_peft_model(u, peft.AdaLoraConfig(init_r=4, target_r=2, total_step=10, target_modules=ATT)), False)
for n, c in (("loha", peft.LoHaConfig), ("lokr", peft.LoKrConfig), ("oft", peft.OFTConfig), ("boft", peft.BOFTConfig), ("ia3", peft.IA3Config), ("vera", peft.VeraConfig), ("fourierft", peft.FourierFTConfig), ("hra", peft.HRAConfig), ("ln", peft.LNTuningConfig), ("randlora", getattr(peft, "RandLoraConfig", None)), ("shira", getattr(peft, "ShiraConfig", None)), ("c3a", getattr(peft, "C3AConfig", None)), ("road", getattr(peft, "RoadConfig", None)), ("miss", getattr(peft, "MissConfig", None)), ("bone", getattr(peft, "BoneConfig", None)), ("vblora", getattr(peft, "VBLoRAConfig", None))):
    if c is None: print("no", n); continue
    kw = dict(target_modules=["to_q"] if n not in ("ln", "ia3") else (["norm1"] if n == "ln" else ["to_k", "to_v"]))
    if n == "ia3": kw["feedforward_modules"] = []
    if n == "boft": kw.update(boft_block_size=4)
    if n == "oft": kw.update(oft_block_size=4)
    if n in ("c3a",): kw.update(block_size=4)
    if n == "vblora": kw.update(vector_length=4, num_vectors=8)
    if n in ("miss", "bone"): kw.update(r=4)
    peft_case(n, lambda u, c=c, kw=kw: get_peft_model(u, c(**kw)), False)
for init in ("pissa", "olora", "gaussian"):
    peft_case(f"init-{init}", lambda u, init=init: get_peft_model(u, LoraConfig(r=2, lora_alpha=2, target_modules=["to_q"], init_lora_weights=init)), init == "gaussian")
# embeddings
g = torch.Generator().manual_seed(8); rows = torch.randn(2, 32, generator=g) * 0.3; rows2 = torch.randn(2, 24, generator=g) * 0.3
def with_rows(pipe, token, r, r2=None):
    q = copy.deepcopy(pipe); q.tokenizer = copy.deepcopy(q.tokenizer); q.tokenizer_2 = copy.deepcopy(getattr(q, "tokenizer_2", None)) if r2 is not None else getattr(q, "tokenizer_2", None)
    if r2 is None: q.load_textual_inversion({token: r} if False else r, token=token)
    else:
        q.load_textual_inversion(r, token=token, text_encoder=q.text_encoder, tokenizer=q.tokenizer); q.load_textual_inversion(r2, token=token, text_encoder=q.text_encoder_2, tokenizer=q.tokenizer_2)
    return run(q, f"a photo of {token}")
W = "a photo of <cat>"
e = with_rows(p, "<cat>", rows); e1 = with_rows(p, "<cat>", rows[0])
save_file({"<cat>": rows}, at("ti.safetensors")); adapter("embedding-safetensors", "ti.safetensors", e, prompt=W)
save_file({"<cat>": rows[0].clone()}, at("ti1.safetensors")); adapter("embedding-of-one-vector", "ti1.safetensors", e1, prompt=W)
save_file({"emb_params": rows}, at("cat.safetensors")); adapter("embedding-emb-params", "cat.safetensors", e, prompt=W, token="<cat>")
torch.save({"<cat>": rows}, at("ti.bin")); adapter("embedding-bin", "ti.bin", e, prompt=W)
torch.save({"<cat>": rows[0]}, at("ti1.bin")); adapter("embedding-bin-of-one-vector", "ti1.bin", e1, prompt=W)
torch.save({"<cat>": torch.nn.Parameter(rows)}, at("tip.bin")); adapter("embedding-bin-parameter", "tip.bin", e, prompt=W)
torch.save({"string_to_token": {"*": 265}, "string_to_param": {"*": rows}, "name": "cat", "step": 3, "sd_checkpoint": "x", "sd_checkpoint_name": "y"}, at("a1111.pt")); adapter("embedding-a1111-pt", "a1111.pt", e, prompt=W, token="<cat>")
torch.save({"string_to_param": {"*": rows.half()}}, at("a1111h.pt")); adapter("embedding-a1111-pt-fp16", "a1111h.pt", with_rows(p, "<cat>", rows.half().float()), prompt=W, token="<cat>")
torch.save({"string_to_param": {"*": rows}}, at("a1111old.pt"), _use_new_zipfile_serialization=False); adapter("embedding-a1111-pt-old-format", "a1111old.pt", e, prompt=W, token="<cat>")
torch.save({"<cat>": rows, "<dog>": rows}, at("two.bin")); adapter("embedding-two-words", "two.bin", e, prompt=W)
torch.save(rows, at("bare.pt")); adapter("embedding-bare-tensor", "bare.pt")
save_file({"<cat>": torch.randn(2, 33)}, at("wrong.safetensors")); adapter("embedding-of-wrong-width", "wrong.safetensors")
save_file({"<cat>": rows * float("nan")}, at("tinan.safetensors")); adapter("embedding-with-nan", "tinan.safetensors")
adapter("embedding-of-sd-on-xl", "ti.safetensors", base="xl", prompt=W)
xe = with_rows(x, "<cat>", rows, rows2)
save_file({"clip_l": rows, "clip_g": rows2}, at("xlti.safetensors")); adapter("xl-embedding", "xlti.safetensors", xe, "xl", prompt=W, token="<cat>")
save_file({"clip_g": rows2, "clip_l": rows}, at("xlti2.safetensors")); adapter("xl-embedding-on-sd", "xlti2.safetensors", None, "sd", prompt=W, token="<cat>")
torch.save({"clip_l": rows, "clip_g": rows2}, at("xlti.pt")); adapter("xl-embedding-pt", "xlti.pt", xe, "xl", prompt=W, token="<cat>")
save_file({"clip_l": rows, "clip_g": rows2[:1].clone()}, at("xlti3.safetensors")); adapter("xl-embedding-of-different-counts", "xlti3.safetensors", None, "xl", prompt=W, token="<cat>")
finish("adapters")
