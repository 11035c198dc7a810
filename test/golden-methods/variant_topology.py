# Topologies, sizes and settings of make-variant.py, drawn from its seed: what published configs differ in, and what tools of other people write.
import random


class Topology:
    """One draw. The first nine seeds keep the family's usual shape; later ones draw every key that the networks read;
    from the hundredth on, they are wide and their latents large enough for convolutions by Winograd's filtering."""

    def __init__(self, seed):
        self.seed, self.random = seed, random.Random(seed)
        self.free = seed >= 10
        self.wide = seed >= 100
        pick = self.pick
        self.tokens = pick(40, 77) if self.free else 40 if seed % 2 else 77
        self.latents = pick(4, 4, 8, 3) if self.free else 4
        self.prediction = pick("epsilon", "v_prediction", "sample") if self.free else "v_prediction"
        self.schedule = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
        if self.free and pick(0, 1):
            beta = pick(("linear", 1e-4, 0.02), ("squaredcos_cap_v2", 1e-4, 0.02), ("scaled_linear", 0.001, 0.02))
            self.schedule = dict(beta_schedule=beta[0], beta_start=beta[1], beta_end=beta[2], num_train_timesteps=pick(1000, 1000, 600))

    def pick(self, *values):
        return self.random.choice(values)

    def some(self, values, least=1):
        """A part of the values, in their order."""
        count = self.random.randint(least, len(values))
        kept = self.random.sample(range(len(values)), count)
        return [value for i, value in enumerate(values) if i in kept]

    def size(self, use):
        """Height and width of latents; not always a multiple of what the levels divide by."""
        if self.wide:
            return 16, 24
        return (self.random.randint(5, 11), self.random.randint(5, 11)) if self.free else {"sd": (8, 8), "sdxl": (8, 4), "sample": (4, 8)}[use]

    def blocks(self, least_cross):
        """Levels of the U-Net, each with or without attention to the text."""
        pick, levels = self.pick, self.random.randint(1 + least_cross, 4)
        heads = [pick(1, 2, 3) for _ in range(levels)]
        groups = pick(1, 2, 4)
        channels = [4 * head * self.random.randint(1, 2) for head in heads]
        cross = [pick(True, False) for _ in range(levels)]
        cross[self.random.randrange(levels)] = True
        same = pick(True, False)
        layers = self.random.randint(1, 3)
        per_level = [layers if same else pick(1, 2) for _ in range(levels)]
        depth = [pick(1, 2) for _ in range(levels)]
        if pick(True, False):
            heads = [2] * levels
            channels = [4 * self.random.randint(1, 3) for _ in range(levels)]
        names = lambda side: [f"{'CrossAttn' if own else ''}{side}Block2D" for own in cross]
        if self.wide:
            channels = [16 * width for width in channels]
        return dict(
            block_out_channels=tuple(channels), norm_num_groups=groups, down_block_types=tuple(names("Down")), up_block_types=tuple(reversed(names("Up"))),
            layers_per_block=layers if same else tuple(per_level), attention_head_dim=heads[0] if len(set(heads)) == 1 else tuple(heads),
            transformer_layers_per_block=pick(1, depth[0], tuple(depth)),
        )

    def details(self, channels):
        """Keys that few configs set."""
        pick = self.pick
        drawn = dict(
            act_fn=pick("silu", "silu", "swish", "gelu"), norm_eps=pick(1e-5, 1e-6), flip_sin_to_cos=pick(True, False), freq_shift=pick(0, 1), upcast_attention=pick(True, False),
            mid_block_type=pick("UNetMidBlock2DCrossAttn", "UNetMidBlock2DCrossAttn", "UNetMidBlock2D", None), resnet_time_scale_shift=pick("default", "default", "scale_shift"),
            center_input_sample=pick(False, False, True), conv_in_kernel=pick(3, 3, 1, 5), conv_out_kernel=pick(3, 3, 1), mid_block_scale_factor=pick(1, 1, 1.4),
            time_embedding_dim=pick(None, 20), time_embedding_act_fn=pick(None, None, "silu"), timestep_post_act=pick(None, None, "gelu"),
        )
        return {**drawn, "in_channels": self.latents, "out_channels": self.latents, "downsample_padding": 1}

    def unet(self, width, linear=None, added=None):
        if self.free:
            return {**self.blocks(1 if added else 0), **self.details(self.latents), "cross_attention_dim": width, "only_cross_attention": self.pick(False, False, True),
                    "use_linear_projection": self.pick(True, False) if linear is None else linear, **(added or {})}
        if added:
            return dict(block_out_channels=(8, 16), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
                        layers_per_block=1 + self.seed % 2, attention_head_dim=(2, 4), norm_num_groups=4, cross_attention_dim=width, use_linear_projection=True,
                        transformer_layers_per_block=(1, 2), **added)
        return dict(block_out_channels=(8, 12), down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
                    layers_per_block=2, attention_head_dim=(2, 3), norm_num_groups=4, cross_attention_dim=width, use_linear_projection=self.seed % 2 == 0)

    def text(self, usual):
        if not self.free:
            return usual
        heads = self.random.randint(1, 5)
        width = 4 * heads * self.random.randint(1, 2)
        return {**usual, "hidden_size": width, "num_attention_heads": heads, "intermediate_size": self.random.randint(9, 40), "num_hidden_layers": self.random.randint(2, 5),
                "hidden_act": self.pick("gelu", "quick_gelu"), "layer_norm_eps": self.pick(1e-5, 1e-6)}

    def vae(self, factor):
        if not self.free:
            return dict(block_out_channels=(4, 8), down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, norm_num_groups=2, scaling_factor=factor)
        levels = self.random.randint(1, 3)
        return dict(block_out_channels=tuple(4 * self.random.randint(1, 3) for _ in range(levels)), down_block_types=("DownEncoderBlock2D",) * levels, up_block_types=("UpDecoderBlock2D",) * levels,
                    norm_num_groups=self.pick(1, 2, 4), scaling_factor=factor, layers_per_block=self.pick(1, 2), latent_channels=self.latents, use_quant_conv=self.pick(True, False),
                    use_post_quant_conv=self.pick(True, False), mid_block_add_attention=self.pick(True, False))

    # settings of the methods

    def adam(self):
        return self.pick([0.9, 0.999, 1e-8], [0.8, 0.95, 1e-6], [0.9, 0.99, 1e-5]) if self.free else [0.9, 0.98, 1e-7]

    def lora(self, usual):
        if not self.free:
            return {**usual, "lambda": 0.6, "steps": 3, "max_grad_norm": 0.5, "strength": 0.6}
        pick = self.pick
        return dict(
            unet_targets=self.some(["to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out"]),
            text_targets=self.some(["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"], 0), rank=pick(1, 2, 7), alpha=pick(1, 0.5, 7, 16), strength=pick(1, 0.25, 1.5, -0.5),
            snr_gamma=pick(None, 5, 0.5), n_style_ref=pick(1, 2), n_aux=pick(0, 1, 2), steps=pick(1, 3, 5), max_grad_norm=pick(None, 0.1, 1), **{"lambda": pick(0, 0.3, 1, 2)},
        )

    def vectors(self, usual):
        return self.pick(1, 2, 5) if self.free else usual

    def bottleneck(self, usual):
        return self.pick(1, 3, 9) if self.free else usual

    def sampling(self):
        return (self.pick(1, 4, 7), self.pick(1.5, 5.0, 9.0)) if self.free else (5, 3.5)
