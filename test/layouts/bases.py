# Folders of base models in unusual layouts, and of other kinds of models.
# Usage: python bases.py DIRECTORY CLIP_TOKENIZER; npm run --silent parity -- DIRECTORY
from common import *
base = sd()
good = run(base)
base.save_pretrained(at("sd")); case("plain", "base", at("sd"), good)
U = "unet/diffusion_pytorch_model"
def copied(name, of="sd"):
    shutil.copytree(at(of), at(name)); return at(name)
# shards
f = copied("shards")
os.remove(f"{f}/{U}.safetensors"); base.unet.save_pretrained(f"{f}/unet", max_shard_size="60KB")
os.remove(f"{f}/text_encoder/model.safetensors"); base.text_encoder.save_pretrained(f"{f}/text_encoder", max_shard_size="3MB")
print(sorted(os.listdir(f"{f}/unet"))[:4], sorted(os.listdir(f"{f}/text_encoder")))
case("shards", "base", f, good)
half = copy.deepcopy(base).to(torch.float16)
half32 = run(copy.deepcopy(half).to(torch.float32))
f = copied("shards-fp16")
for c in ("unet", "vae", "text_encoder"):
    for n in os.listdir(f"{f}/{c}"):
        if n.endswith(".safetensors"): os.remove(f"{f}/{c}/{n}")
half.unet.save_pretrained(f"{f}/unet", max_shard_size="30KB", variant="fp16")
half.vae.save_pretrained(f"{f}/vae", variant="fp16")
half.text_encoder.save_pretrained(f"{f}/text_encoder", max_shard_size="2MB", variant="fp16")
print(sorted(os.listdir(f"{f}/unet"))[:4], sorted(os.listdir(f"{f}/text_encoder")))
for n in os.listdir(f"{f}/text_encoder"): print("  te", n)
case("shards-fp16", "base", f, half32)
# both naming schemes of variants: older diffusers
f2 = copied("shards-fp16-old", "shards-fp16")
for n in sorted(os.listdir(f"{f2}/unet")):
    if ".fp16-" in n:
        new = n.replace(".fp16-", "-").replace(".safetensors", ".fp16.safetensors")
    elif "-of-" in n and n.endswith(".fp16.safetensors"):
        new = n.replace(".fp16.safetensors", ".safetensors").replace("diffusion_pytorch_model-", "diffusion_pytorch_model.fp16-")
    else: continue
    os.rename(f"{f2}/unet/{n}", f"{f2}/unet/{new}")
index = [n for n in os.listdir(f"{f2}/unet") if "index" in n][0]
data = json.load(open(f"{f2}/unet/{index}"))
have = {n for n in os.listdir(f"{f2}/unet")}
def other(n):
    return n if n in have else (n.replace(".fp16-", "-").replace(".safetensors", ".fp16.safetensors") if ".fp16-" in n else n.replace(".fp16.safetensors", ".safetensors").replace("diffusion_pytorch_model-", "diffusion_pytorch_model.fp16-"))
data["weight_map"] = {k: other(v) for k, v in data["weight_map"].items()}
json.dump(data, open(f"{f2}/unet/{index}", "w"))
print(sorted(os.listdir(f"{f2}/unet"))[:4])
case("shards-fp16-other-name", "base", f2, half32)
f = copied("variants")
half.save_pretrained(f, variant="fp16"); sd(seed=50).unet.save_pretrained(f"{f}/unet", variant="non_ema")
case("variants-side-by-side", "base", f, good)
f = copied("only-fp16")
for c, n in (("unet", "diffusion_pytorch_model"), ("vae", "diffusion_pytorch_model"), ("text_encoder", "model")): os.remove(f"{f}/{c}/{n}.safetensors")
half.save_pretrained(f, variant="fp16"); case("only-fp16", "base", f, half32)
f = copied("only-non-ema"); os.rename(f"{f}/{U}.safetensors", f"{f}/{U}.non_ema.safetensors"); case("only-non-ema", "base", f)
f = copied("mixed-bin"); os.remove(f"{f}/text_encoder/model.safetensors"); torch.save(base.text_encoder.state_dict(), f"{f}/text_encoder/pytorch_model.bin"); case("text-encoder-only-bin", "base", f)
f = copied("fp16-bin-full"); os.remove(f"{f}/{U}.safetensors"); half.unet.save_pretrained(f"{f}/unet", variant="fp16"); torch.save(base.unet.state_dict(), f"{f}/{U}.bin"); case("fp16-safetensors-beside-full-bin", "base", f, accept=True)
f = copied("shard-missing", "shards"); n = [n for n in sorted(os.listdir(f"{f}/unet")) if "-of-" in n][1]; os.remove(f"{f}/unet/{n}"); case("a-shard-missing", "base", f)
f = copied("index-stray", "shards"); shutil.copy(f"{at('sd')}/{U}.safetensors", f"{f}/{U}.safetensors"); case("index-and-whole-file", "base", f, good)
bf = copy.deepcopy(base).to(torch.bfloat16); bf32 = run(copy.deepcopy(bf).to(torch.float32))
bf.save_pretrained(at("bf16")); case("bf16", "base", at("bf16"), bf32)
f = copied("float8"); t = {k: v.to(torch.float8_e4m3fn) for k, v in load_file(f"{f}/{U}.safetensors").items()}; save_file(t, f"{f}/{U}.safetensors")
b8 = copy.deepcopy(base); b8.unet.load_state_dict({k: v.float() for k, v in t.items()}); case("float8", "base", f, run(b8))
f = copied("float64"); save_file({k: v.double() for k, v in load_file(f"{f}/{U}.safetensors").items()}, f"{f}/{U}.safetensors"); case("float64", "base", f, good)
def with_tensor(name, change, expected=None, component=U):
    f = copied(name); t = load_file(f"{f}/{component}.safetensors"); change(t); save_file({k: v.contiguous() for k, v in t.items()}, f"{f}/{component}.safetensors"); case(name, "base", f, expected)
def nan(t): t["conv_in.weight"][0, 0, 0, 0] = float("nan")
with_tensor("nan", nan)
def inf16(t):
    for k in t: t[k] = t[k].half()
    t["conv_in.weight"][0, 0, 0, 0] = float("inf")
with_tensor("infinity-in-fp16", inf16)
ff = [k for k in base.unet.state_dict() if k.endswith("ff.net.0.proj.weight")][0]
def permute(t): t[ff] = t[ff].T
with_tensor("transposed-matrix", permute)
def hwio(t): t["conv_in.weight"] = t["conv_in.weight"].permute(2, 3, 1, 0)
with_tensor("convolution-in-hwio", hwio)
def flat(t): t["conv_in.weight"] = t["conv_in.weight"].reshape(16, -1)
with_tensor("flattened-convolution", flat)
pi = [k for k in base.unet.state_dict() if k.endswith("attentions.0.proj_in.weight")][0]
def squeeze(t): t[pi] = t[pi][:, :, 0, 0]
with_tensor("linear-weight-in-place-of-1x1-convolution", squeeze)
def extra(t): t["some_new_module.weight"] = torch.zeros(4)
with_tensor("an-unknown-tensor", extra)
def ip(t): t["encoder_hid_proj.image_embeds.weight"] = torch.zeros(4); 
with_tensor("unet-with-ip-adapter-tensors", ip)
def motion(t): t["down_blocks.0.motion_modules.0.proj_in.weight"] = torch.zeros(4, 4)
with_tensor("unet-with-motion-modules", motion)
def vae_old(t):
    for k in list(t):
        for new, old in (("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")):
            if f"attentions.0.{new}." in k: t[k.replace(new, old)] = t.pop(k)
with_tensor("vae-with-old-attention-names", vae_old, good, "vae/diffusion_pytorch_model")
def vae_old_conv(t):
    vae_old(t)
    for k in t:
        if any(f".{o}.weight" in k for o in ("query", "key", "value", "proj_attn")): t[k] = t[k][:, :, None, None]
with_tensor("vae-with-old-attention-as-convolutions", vae_old_conv, None, "vae/diffusion_pytorch_model")
def te_ids(t): t["text_model.embeddings.position_ids"] = torch.arange(77)[None]; t["vision_model.embeddings.class_embedding"] = torch.zeros(3); t["logit_scale"] = torch.tensor(1.0); t["visual_projection.weight"] = torch.zeros(3, 3)
with_tensor("text-encoder-of-a-whole-clip", te_ids, good, "text_encoder/model")
# U-Nets of other models
def other(name, expected=None, of=None, **kw):
    p = of or sd(**kw); p.save_pretrained(at(name)); case(name, "base", at(name), run(p) if expected is None else expected if expected is not False else None); return at(name)
other("inpainting", False, unet=dict(in_channels=9))
other("instruct-pix2pix", False, unet=dict(in_channels=8))
other("depth", False, unet=dict(in_channels=5))
other("upscaler-x4", False, unet=dict(in_channels=7, num_class_embeds=1000))
other("unclip", False, unet=dict(class_embed_type="projection", projection_class_embeddings_input_dim=64))
other("lcm", False, unet=dict(time_cond_proj_dim=16))
other("gligen", False, unet=dict(attention_type="gated"))
other("simple-cross-attention", False, unet=dict(down_block_types=("SimpleCrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "SimpleCrossAttnUpBlock2D"), mid_block_type="UNetMidBlock2DSimpleCrossAttn"))
other("hid-proj", False, unet=dict(encoder_hid_dim=32, encoder_hid_dim_type="text_proj"))
other("fourier-time", False, unet=dict(time_embedding_type="fourier"))
other("distilled-without-mid-block", unet=dict(mid_block_type=None))
other("distilled-mid-block-without-attention", unet=dict(mid_block_type="UNetMidBlock2D"))
other("linear-projections", unet=dict(use_linear_projection=True))
other("upcast-attention", unet=dict(upcast_attention=True))
other("kernels-1", unet=dict(conv_in_kernel=1, conv_out_kernel=1))
other("attn-downblocks", False, unet=dict(down_block_types=("AttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "AttnUpBlock2D")))
other("two-numbers-of-heads", unet=dict(attention_head_dim=(2, 8)))
other("layers-by-block", unet=dict(layers_per_block=(1, 2)))
other("groups-4", unet=dict(norm_num_groups=4))
other("sample-size-pair", unet=dict(sample_size=(16, 16)))
other("text-skip-gelu", text=dict(hidden_act="gelu"))
other("text-eos-2", text=dict(eos_token_id=2))
other("text-relu", False, text=dict(hidden_act="relu"))
# VAEs
f = copied("vae-no-scaling"); edit(f"{f}/vae/config.json", scaling_factor=...); case("vae-scaling-factor-missing", "base", f, good)
f = copied("vae-shift"); edit(f"{f}/vae/config.json", shift_factor=0.1); case("vae-shift-factor", "base", f)
f = copied("vae-shift-0"); edit(f"{f}/vae/config.json", shift_factor=0.0); case("vae-shift-factor-zero", "base", f, good)
f = copied("vae-mean"); edit(f"{f}/vae/config.json", latents_mean=[0.0] * 4, latents_std=[1.0] * 4); case("vae-latents-mean", "base", f)
other("vae-force-upcast", vae=dict(force_upcast=True, scaling_factor=0.5))
other("vae-16-channels", False, vae=dict(latent_channels=16))
other("vae-no-quant", vae=dict(use_quant_conv=False, use_post_quant_conv=False))
other("vae-no-mid-attention", vae=dict(mid_block_add_attention=False))
from diffusers import AutoencoderTiny, AsymmetricAutoencoderKL
f = copied("taesd"); shutil.rmtree(f"{f}/vae"); AutoencoderTiny(encoder_block_out_channels=(16, 16), decoder_block_out_channels=(16, 16), num_encoder_blocks=(1, 1), num_decoder_blocks=(1, 1)).save_pretrained(f"{f}/vae"); edit(f"{f}/model_index.json", vae=["diffusers", "AutoencoderTiny"]); case("vae-tiny", "base", f)
f = copied("asym"); shutil.rmtree(f"{f}/vae"); AsymmetricAutoencoderKL(down_block_out_channels=(16, 32), up_block_out_channels=(16, 32), down_block_types=VAE["down_block_types"], up_block_types=VAE["up_block_types"], norm_num_groups=8).save_pretrained(f"{f}/vae"); edit(f"{f}/model_index.json", vae=["diffusers", "AsymmetricAutoencoderKL"]); case("vae-asymmetric", "base", f)
# schedulers
import diffusers as d
common = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
for name in ("LCMScheduler", "TCDScheduler", "EulerAncestralDiscreteScheduler", "HeunDiscreteScheduler", "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler", "LMSDiscreteScheduler", "DEISMultistepScheduler", "DDPMScheduler", "UniPCMultistepScheduler", "SASolverScheduler", "DDIMScheduler", "DPMSolverMultistepScheduler", "DDPMParallelScheduler", "IPNDMScheduler", "FlowMatchEulerDiscreteScheduler", "EDMEulerScheduler", "DPMSolverSDEScheduler"):
    try: s = getattr(d, name)(**(common if name not in ("IPNDMScheduler", "FlowMatchEulerDiscreteScheduler", "EDMEulerScheduler") else {}))
    except Exception as e: print(name, e); continue
    other(f"scheduler-{name}", False if name in ("FlowMatchEulerDiscreteScheduler", "EDMEulerScheduler", "IPNDMScheduler") else None, scheduler=s)
E = d.EulerAncestralDiscreteScheduler(**common, timestep_spacing="trailing"); other("turbo-trailing", scheduler=E)
other("v-prediction", scheduler=d.DDIMScheduler(**common, prediction_type="v_prediction", set_alpha_to_one=False, steps_offset=1))
other("zero-snr", scheduler=d.DDIMScheduler(**common, prediction_type="v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing"))
other("zero-snr-epsilon", False, scheduler=d.DDIMScheduler(**common, prediction_type="epsilon", rescale_betas_zero_snr=True, timestep_spacing="trailing"))
other("sample-prediction", scheduler=d.DDIMScheduler(**common, prediction_type="sample"))
def sched(name, expected=None, **kw):
    f = copied(name); edit(f"{f}/scheduler/scheduler_config.json", **kw); case(name, "base", f, None if expected == "accept" else expected, accept=expected == "accept")
sched("flow-prediction", prediction_type="flow_prediction")
sched("flow-sigmas", _class_name="UniPCMultistepScheduler", use_flow_sigmas=True)
sched("exponential-sigmas", "accept", _class_name="EulerDiscreteScheduler", use_exponential_sigmas=True)
sched("beta-sigmas", _class_name="EulerDiscreteScheduler", use_beta_sigmas=True)
sched("lu-lambdas", _class_name="DPMSolverMultistepScheduler", use_lu_lambdas=True)
sched("sde-dpmsolver", None, _class_name="DPMSolverMultistepScheduler", algorithm_type="sde-dpmsolver++")
sched("unknown-beta-schedule", beta_schedule="sigmoid")
sched("no-class-name", good, _class_name=...)
sched("timesteps-50", num_train_timesteps=50)
sched("scheduler-of-the-future", good, _class_name="SomeNewScheduler", future_field=3)
def loaded(name, **kw):
    f = copied(name); edit(f"{f}/scheduler/scheduler_config.json", **kw); case(name, "base", f, run(StableDiffusionPipeline.from_pretrained(f)))
loaded("clip-sample", _class_name="DDIMScheduler", clip_sample=True)
loaded("steps-offset-0", steps_offset=0)
loaded("steps-offset-missing", steps_offset=...)
# SDXL
xl = sdxl(); xl_good = run(xl); xl.save_pretrained(at("xl")); case("xl", "base", at("xl"), xl_good)
x = sdxl(scheduler=E); other("xl-turbo", of=x)
p = sdxl(); p.register_to_config(force_zeros_for_empty_prompt=False); other("xl-no-zeros", of=p)
p = sdxl(unet=dict(transformer_layers_per_block=[[1], [2]], reverse_transformer_layers_per_block=[[3, 2], [1, 1]])); other("xl-nested-layers", of=p)
p = sdxl(unet=dict(time_cond_proj_dim=16)); other("xl-lcm", False, of=p)
p = sdxl(unet=dict(in_channels=9)); other("xl-inpainting", False, of=p)
from diffusers import StableDiffusionXLImg2ImgPipeline
p = sdxl(unet=dict(cross_attention_dim=24, projection_class_embeddings_input_dim=24 + 40)); r = StableDiffusionXLImg2ImgPipeline(vae=p.vae, text_encoder=None, text_encoder_2=p.text_encoder_2, tokenizer=None, tokenizer_2=p.tokenizer_2, unet=p.unet, scheduler=p.scheduler, requires_aesthetics_score=True, add_watermarker=False)
r.save_pretrained(at("xl-refiner")); case("xl-refiner", "base", at("xl-refiner"))
f = copied("xl-half", "xl"); edit(f"{f}/model_index.json", text_encoder_2=[None, None]); case("xl-index-without-second-encoder", "base", f, accept=True)
f = copied("xl-no-te2", "xl"); shutil.rmtree(f"{f}/text_encoder_2"); case("xl-folder-without-second-encoder", "base", f)
# other pipelines
f = copied("image-variation"); shutil.rmtree(f"{f}/text_encoder"); shutil.rmtree(f"{f}/tokenizer"); os.mkdir(f"{f}/image_encoder"); json.dump({"architectures": ["CLIPVisionModelWithProjection"]}, open(f"{f}/image_encoder/config.json", "w")); edit(f"{f}/model_index.json", _class_name="StableDiffusionImageVariationPipeline", text_encoder=..., tokenizer=..., image_encoder=["transformers", "CLIPVisionModelWithProjection"]); case("image-variation", "base", f)
from diffusers import SD3Transformer2DModel, FluxTransformer2DModel
def transformer(name, model, cls, index):
    f = copied(name); shutil.rmtree(f"{f}/unet"); model.save_pretrained(f"{f}/transformer"); edit(f"{f}/model_index.json", _class_name=index, unet=..., transformer=["diffusers", cls]); case(name, "base", f); return f
transformer("sd3-folder", SD3Transformer2DModel(sample_size=16, num_layers=1, attention_head_dim=8, num_attention_heads=2, joint_attention_dim=32, caption_projection_dim=16, pooled_projection_dim=32, in_channels=4, out_channels=4), "SD3Transformer2DModel", "StableDiffusion3Pipeline")
transformer("flux-folder", FluxTransformer2DModel(in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=(4, 4, 8)), "FluxTransformer2DModel", "FluxPipeline")
def index(name, of="sd", **kw):
    f = copied(name, of); edit(f"{f}/model_index.json", **kw); case(name, "base", f)
index("kandinsky-folder", _class_name="KandinskyV22Pipeline", vae=[None, None], unet=["diffusers", "UNet2DConditionModel"], text_encoder=["transformers", "CLIPTextModelWithProjection2"], movq=["diffusers", "VQModel"])
index("stable-cascade-folder", _class_name="StableCascadeDecoderPipeline", unet=["diffusers", "StableCascadeUNet"], decoder=["diffusers", "StableCascadeUNet"])
index("alt-diffusion", _class_name="AltDiffusionPipeline", text_encoder=["alt_diffusion", "RobertaSeriesModelWithTransformation"], tokenizer=["transformers", "XLMRobertaTokenizer"])
f = copied("roberta"); edit(f"{f}/text_encoder/config.json", architectures=["RobertaSeriesModelWithTransformation"], model_type="roberta"); case("roberta-text-encoder", "base", f)
f = copied("t5"); json.dump({"architectures": ["T5EncoderModel"], "model_type": "t5", "d_model": 32}, open(f"{f}/text_encoder/config.json", "w")); case("t5-text-encoder", "base", f)
index("animatediff-folder", _class_name="AnimateDiffPipeline", unet=["diffusers", "UNetMotionModel"], motion_adapter=["diffusers", "MotionAdapter"])
f = copied("controlnet-folder"); edit(f"{f}/model_index.json", _class_name="StableDiffusionControlNetPipeline", controlnet=["diffusers", "ControlNetModel"]); case("controlnet-folder", "base", f, good)
index("svd-folder", _class_name="StableVideoDiffusionPipeline", unet=["diffusers", "UNetSpatioTemporalConditionModel"], text_encoder=...)
f = copied("unet-3d"); edit(f"{f}/unet/config.json", _class_name="UNet3DConditionModel"); case("unet-3d", "base", f)
f = copied("flax-unet"); edit(f"{f}/unet/config.json", _class_name="FlaxUNet2DConditionModel"); case("flax-class-name", "base", f, good)
f = copied("onnx"); os.remove(f"{f}/{U}.safetensors"); open(f"{f}/unet/model.onnx", "w").write("x"); case("onnx-folder", "base", f)
f = copied("flax"); os.remove(f"{f}/{U}.safetensors"); open(f"{f}/unet/diffusion_flax_model.msgpack", "w").write("x"); case("flax-folder", "base", f)
f = copied("safety"); os.mkdir(f"{f}/safety_checker"); json.dump({}, open(f"{f}/safety_checker/config.json", "w")); edit(f"{f}/model_index.json", safety_checker=["stable_diffusion", "StableDiffusionSafetyChecker"], feature_extractor=["transformers", "CLIPImageProcessor"]); case("safety-checker", "base", f, good)
f = copied("no-tokenizer"); shutil.rmtree(f"{f}/tokenizer"); case("no-tokenizer", "base", f)
f = copied("quant-bnb"); edit(f"{f}/unet/config.json", quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True}); case("quantization-config", "base", f, accept=True)
finish("bases")
