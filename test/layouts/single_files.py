# Single files in unusual layouts, and of other kinds of models.
# Usage: python single_files.py DIRECTORY CLIP_TOKENIZER; npm run --silent parity -- DIRECTORY
from common import *
import subprocess
def case1(name, tensors, expected=None, file=None, metadata=None, **more):
    path = file or at(f"{name}.safetensors")
    if file is None: save_file({k: v.contiguous() for k, v in tensors.items()}, path, metadata=metadata)
    case(name, "base", path, expected, **more)
four = dict(unet=dict(block_out_channels=(32, 32, 64, 64), layers_per_block=2, norm_num_groups=32, attention_head_dim=8, cross_attention_dim=64, sample_size=64,
  down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",), up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3),
  vae=dict(block_out_channels=(32, 32, 64, 64), layers_per_block=2, norm_num_groups=32, sample_size=512, down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4),
  text=dict(hidden_size=64, intermediate_size=128, num_hidden_layers=12, num_attention_heads=1))
p = sd(**four); good = run(p); p.save_pretrained(at("sd4")); case("folder-of-four-levels", "base", at("sd4"), good)
x = sdxl(); xl_good = run(x); x.save_pretrained(at("xl"))
subprocess.check_call(["node", "infra/bootstrap.mjs", "test/layouts/write-single-files.ts", at("sd4"), at("sd4.safetensors"), at("xl"), at("xl.safetensors")], cwd=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
S, X = load_file(at("sd4.safetensors")), load_file(at("xl.safetensors"))
print(len(S), len(X), list(S)[:3])
case1("single-file", S, good)
case1("single-file-xl", X, xl_good, config="xl")
E = dict(S)
for k in S:
    if k.startswith("model.diffusion_model."): E["model_ema." + k.removeprefix("model.").replace(".", "")] = S[k] * 2
E["model_ema.decay"] = torch.tensor(0.99); E["model_ema.num_updates"] = torch.tensor(5)
case1("single-file-with-ema", E, good)
T = dict(S); T.update({"betas": torch.zeros(10), "alphas_cumprod": torch.zeros(10), "sqrt_alphas_cumprod": torch.zeros(10), "cond_stage_model.transformer.text_model.embeddings.position_ids": torch.arange(77)[None], "model.some_count": torch.tensor(3)})
case1("single-file-with-training-state", T, good)
case1("single-file-half", {k: v.half() for k, v in S.items()})
CASES["single-file-half"]["expected"] = "half.expected"
h = copy.deepcopy(p).to(torch.float16).to(torch.float32); hh = run(h); save_file(hh, at("half.expected")); CASES["single-file-half"].update(prompt=PROMPT, steps=3, guidance=3.0); CASES["single-file-half"].pop("refused")
case1("single-file-bf16", {k: v.bfloat16() for k, v in S.items()}, run(copy.deepcopy(p).to(torch.bfloat16).to(torch.float32)))
f8 = {k: v.to(torch.float8_e4m3fn) if v.dim() > 1 and "embedding" not in k else v for k, v in S.items()}
case1("single-file-float8", f8, None, accept=True)
I = dict(S); I["model.diffusion_model.input_blocks.0.0.weight"] = torch.zeros(32, 9, 3, 3); case1("single-file-inpainting", I)
I = dict(S); I["model.diffusion_model.input_blocks.0.0.weight"] = torch.zeros(32, 5, 3, 3); I["depth_model.model.x.weight"] = torch.zeros(3); case1("single-file-depth", I)
I = dict(S); I["model.diffusion_model.label_emb.0.0.weight"] = torch.zeros(128, 64); I["model.diffusion_model.label_emb.0.2.weight"] = torch.zeros(128, 128); case1("single-file-unclip", I)
I = {k: v for k, v in S.items() if not k.startswith("first_stage_model.")}; case1("single-file-without-vae", I)
I = {k: v for k, v in S.items() if k.startswith("model.diffusion_model.")}; case1("single-file-only-unet", I)
I = {k: v for k, v in S.items() if not k.startswith("model.diffusion_model.")}; case1("single-file-without-unet", I)
I = {k.removeprefix("first_stage_model."): v for k, v in S.items() if k.startswith("first_stage_model.")}; case1("single-file-only-vae", I)
I = dict(S); I.pop("model.diffusion_model.input_blocks.1.0.in_layers.2.weight"); case1("single-file-one-tensor-missing", I)
I = dict(S); k = [k for k in S if k.endswith("ff.net.0.proj.weight")][0]; I[k] = I[k].T; case1("single-file-transposed", I)
I = dict(S); I["model.diffusion_model.input_blocks.0.0.weight"] = I["model.diffusion_model.input_blocks.0.0.weight"].clone(); I["model.diffusion_model.input_blocks.0.0.weight"][0, 0, 0, 0] = float("nan"); case1("single-file-nan", I)
I = {k.replace("cond_stage_model.transformer.text_model.", "cond_stage_model.transformer."): v for k, v in S.items()}; case1("single-file-older-text-names", I, good)
I = {("model_" if False else "") + k: v for k, v in S.items()}; I["v_pred"] = torch.zeros(0)
case1("single-file-v-pred-mark", I, accept=True)
R = {k.replace("conditioner.embedders.1.", "conditioner.embedders.0."): v for k, v in X.items() if not k.startswith("conditioner.embedders.0.")}; case1("single-file-xl-refiner", R)
case1("single-file-xl-without-config", X)
case1("single-file-sd3", {"model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight": torch.zeros(4, 4), "model.diffusion_model.x_embedder.proj.weight": torch.zeros(4, 4, 2, 2), "first_stage_model.decoder.conv_in.weight": torch.zeros(4, 16, 3, 3), "text_encoders.clip_l.transformer.text_model.embeddings.token_embedding.weight": torch.zeros(4, 4)})
case1("single-file-flux", {"double_blocks.0.img_attn.qkv.weight": torch.zeros(4, 4), "single_blocks.0.linear1.weight": torch.zeros(4, 4)})
case1("single-file-flux-prefixed", {"model.diffusion_model.double_blocks.0.img_attn.qkv.weight": torch.zeros(4, 4)})
case1("single-file-cascade", {"clip_txt_mapper.weight": torch.zeros(4, 4), "down_blocks.0.0.channelwise.0.weight": torch.zeros(4, 4)})
case1("single-file-pixart", {"blocks.0.scale_shift_table": torch.zeros(4, 4), "pos_embed": torch.zeros(4, 4)})
case1("single-file-diffusers-unet", {k: v for k, v in p.unet.state_dict().items()})
case1("single-file-lora", {"lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight": torch.zeros(2, 32), "lora_unet_down_blocks_0_attentions_0_proj_in.lora_up.weight": torch.zeros(32, 2)})
case1("single-file-controlnet", {"control_model.input_blocks.0.0.weight": torch.zeros(4, 4)})
case1("single-file-svd", {**{k: v for k, v in S.items() if not k.startswith("cond_stage")}, "conditioner.embedders.0.open_clip.model.visual.proj": torch.zeros(4, 4), "model.diffusion_model.input_blocks.1.0.time_stack.in_layers.0.weight": torch.zeros(4)})
case1("single-file-gguf-quantized", {k: (v.to(torch.int8) if v.dim() > 1 else v) for k, v in S.items()})
case1("single-file-nothing", {}, file=at("nothing.safetensors")); save_file({}, at("nothing.safetensors"))
torch.save({"state_dict": S}, at("sd4.ckpt")); case1("ckpt", None, None, file=at("sd4.ckpt"))
open(at("text.safetensors"), "w").write("hello"); case1("single-file-text", None, file=at("text.safetensors"))
case1("single-file-does-not-exist", None, file=at("absent.safetensors"))
finish("singles")
