"""Tiny random checkpoints of every decoder family and what the reference measures on them.

Purpose: golden files for the parity of every family and of every switch that changes attention.
Needs:   the packages of requirements.txt; oracle.py; a small tokenizer (train_tokenizer.py --vocab 512).
Usage:   make_family_golden.py --oracle PATH/oracle.py --tokenizer DIR --out DIR [--only NAME ...]
         make_family_golden.py --table        the entries as a markdown table

Writes DIR/<name>/ with config.json, the weights and expected.json; no tokenizer: every checkpoint is
measured with the one given, which is linked next to a temporary view of the checkpoint.

expected.json: `versions`, `cpu_flags`, `prompts` ("standard-10"), `lengths`, `token_ids`, and `runs.<dtype>` with si,
corr, entropies [layers][heads] (full precision), per_prompt_layer0 [prompts][heads] and the reference's
distance from itself in another summation order: `floor` (below float32) and `floor_reversed`, each with si,
si_difference, entropy_max [layers] and entropy_mean [layers]. Numbers other than si and entropies have nine digits.

Every model goes through the notebook's own functions: AutoModelForCausalLM accepts all of these families, encoders
included (BertLMHeadModel and RobertaForCausalLM attend in both directions unless config.is_decoder).
"""
import argparse
import contextlib
import json
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.modeling_utils import no_init_weights
from transformers.utils import logging

from random_checkpoints import randomise
from reference import DTYPES, TOKENIZER_FILES, cpu_flags, load_oracle, measured, nan_to_none, versions

VOCAB_SIZE = 512
TOKENS = dict(bos_token_id=493, eos_token_id=493, pad_token_id=None)
FULL_PRECISION = ("si", "entropies")
FLOOR_KEYS = ("si", "si_difference", "entropy_max", "entropy_mean")


@dataclass(frozen=True)
class Entry:
    name: str
    model_type: str
    covers: str
    config: dict = field(default_factory=dict)
    stored: str = "bfloat16"
    max_shard_size: str = "5GB"
    shards: int = 1
    edits: dict = field(default_factory=dict)  # keys of config.json written after save_pretrained, as older files have them
    drop: tuple = ()  # keys removed from config.json


# Sizes, in each family's own words.
LLAMA = dict(hidden_size=32, intermediate_size=32, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=256, tie_word_embeddings=True)
LLAMA4 = LLAMA | dict(num_hidden_layers=4)
NEOX = {key: value for key, value in LLAMA.items() if key != "num_key_value_heads"}
WIDE = dict(head_dim=16)  # 4 heads of 16 on a hidden size of 32
GPT2 = dict(n_embd=32, n_layer=3, n_head=4, n_positions=128, n_inner=64)
GPTJ = GPT2 | dict(tie_word_embeddings=False, n_inner=32)
FALCON = dict(hidden_size=32, num_hidden_layers=3, num_attention_heads=4, ffn_hidden_size=64)
OPT = dict(hidden_size=32, ffn_dim=48, num_hidden_layers=3, num_attention_heads=4, max_position_embeddings=128)
BLOOM = dict(hidden_size=32, n_layer=3, n_head=4)
MPT = dict(d_model=32, n_heads=4, n_layers=3, max_seq_len=128)
BERT = NEOX | dict(max_position_embeddings=130, type_vocab_size=2)
MOE = LLAMA | dict(moe_intermediate_size=16, num_experts=4, num_experts_per_tok=2)

ENTRIES = (
    Entry("llama-mha", "llama", "the plain case, as old files have it: no num_key_value_heads, no head_dim; untied output",
          LLAMA | dict(num_key_value_heads=4, tie_word_embeddings=False), drop=("num_key_value_heads", "head_dim", "attention_bias", "mlp_bias")),
    Entry("llama-mqa-two-shards", "llama", "multi-query, tied, two shards and an index",
          LLAMA | dict(num_key_value_heads=1), max_shard_size="42KB", shards=2),
    Entry("llama-gqa-llama3", "llama", "head_dim 16; rope llama3: original length 64, all three wavelength zones",
          LLAMA | WIDE | dict(rope_scaling=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                                                original_max_position_embeddings=64))),
    Entry("llama-rope-linear", "llama", "rope linear by 3, key `type` as in old files",
          LLAMA | dict(rope_scaling=dict(type="linear", factor=3.0)), stored="float16",
          edits=dict(rope_scaling=dict(type="linear", factor=3.0))),
    Entry("llama-rope-dynamic", "llama", "rope dynamic by 2 beyond 40 positions; depends on the order of the prompts (see below)",
          LLAMA | WIDE | dict(max_position_embeddings=40, rope_scaling=dict(rope_type="dynamic", factor=2.0))),
    Entry("llama-rope-yarn", "llama", "rope yarn, everything by default",
          LLAMA | WIDE | dict(max_position_embeddings=128, rope_theta=1000.0,
                              rope_scaling=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32))),
    Entry("llama-rope-yarn-mscale", "llama", "rope yarn: mscale, mscale_all_dim, beta_fast, beta_slow, truncate false",
          LLAMA | WIDE | dict(max_position_embeddings=128, rope_theta=1000.0,
                              rope_scaling=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32, mscale=2.0,
                                                mscale_all_dim=0.5, beta_fast=4.0, beta_slow=0.25, truncate=False))),
    Entry("llama-rope-yarn-factor", "llama", "rope yarn: attention_factor 1.25, original length from max_position_embeddings",
          LLAMA | dict(max_position_embeddings=48, rope_theta=500.0,
                       rope_scaling=dict(rope_type="yarn", factor=2.0, attention_factor=1.25))),
    Entry("llama-bias-head-dim", "llama", "attention_bias, mlp_bias, head_dim 12 (not hidden / heads)",
          LLAMA | dict(head_dim=12, attention_bias=True, mlp_bias=True, hidden_act="gelu")),
    Entry("llama-float32", "llama", "stored in float32; 8 heads of 4 on 2", LLAMA | dict(num_attention_heads=8, intermediate_size=16),
          stored="float32"),
    Entry("mistral-window", "mistral", "window of 16 on every layer; head_dim 16", LLAMA | WIDE | dict(sliding_window=16)),
    Entry("mistral-plain", "mistral", "sliding_window null, no head_dim key, untied, rope_theta 1e6", LLAMA | dict(
        sliding_window=None, tie_word_embeddings=False, rope_theta=1e6), stored="float16", drop=("head_dim",)),
    Entry("phi3-gqa-window", "phi3", "fused qkv and gate_up; grouped-query; window of 20", LLAMA | dict(sliding_window=20)),
    Entry("phi3-mha", "phi3", "fused qkv with as many key-value heads, 8 of 4; untied", LLAMA | dict(
        num_attention_heads=8, num_key_value_heads=8, tie_word_embeddings=False)),
    Entry("phi3-longrope-short", "phi3", "longrope, original length 128: short factors in every prompt; type `su` as in old files",
          LLAMA | dict(max_position_embeddings=1024, original_max_position_embeddings=128,
                       rope_scaling=dict(type="longrope", short_factor=[1.0, 1.1, 1.5, 2.5], long_factor=[1.5, 4.0, 9.0, 20.0])),
          edits=dict(rope_scaling=dict(type="su", short_factor=[1.0, 1.1, 1.5, 2.5], long_factor=[1.5, 4.0, 9.0, 20.0]))),
    Entry("phi3-longrope-long", "phi3", "longrope, original length 20: long factors in every prompt",
          LLAMA | dict(max_position_embeddings=160, original_max_position_embeddings=20,
                       rope_scaling=dict(type="longrope", short_factor=[1.0, 1.1, 1.5, 2.5], long_factor=[1.5, 4.0, 9.0, 20.0]))),
    Entry("phi3-longrope-partial", "phi3", "longrope, original length 48: short and long factors by prompt; partial_rotary_factor 0.75",
          LLAMA | dict(max_position_embeddings=480, original_max_position_embeddings=48, partial_rotary_factor=0.75,
                       rope_scaling=dict(type="longrope", short_factor=[1.0, 1.3, 2.0], long_factor=[1.5, 5.0, 11.0]))),
    Entry("qwen2-plain", "qwen2", "q, k, v biases; use_sliding_window false with a sliding_window of 16 in the file, to be ignored",
          LLAMA | dict(use_sliding_window=False), edits=dict(sliding_window=16), drop=("layer_types",)),
    Entry("qwen2-window", "qwen2", "window of 16 from layer 2 on (max_window_layers), no layer_types in the file",
          LLAMA4 | dict(use_sliding_window=True, sliding_window=16, max_window_layers=2), drop=("layer_types",)),
    Entry("gemma-mqa", "gemma", "(1 + w) norms, scaled embeddings, one key-value head, head_dim 16",
          LLAMA | WIDE | dict(num_key_value_heads=1)),
    Entry("gemma-mha", "gemma", "as many key-value heads; hidden_act gelu with hidden_activation tanh (hidden_act decides)",
          LLAMA | dict(num_key_value_heads=4, head_dim=12, hidden_act="gelu", hidden_activation="gelu_pytorch_tanh")),
    Entry("gemma2-softcap-window", "gemma2", "soft-cap 5, window of 16 on even layers, query_pre_attn_scalar 24 on heads of 16",
          LLAMA4 | WIDE | dict(attn_logit_softcapping=5.0, sliding_window=16, query_pre_attn_scalar=24)),
    Entry("gemma2-no-cap", "gemma2", "attn_logit_softcapping null, window longer than the prompts, no layer_types in the file",
          LLAMA | dict(head_dim=8, attn_logit_softcapping=None, sliding_window=512, query_pre_attn_scalar=8), drop=("layer_types",)),
    Entry("gpt2-plain", "gpt2", "transposed fused weights, learned positions; 8 heads of 4", GPT2 | dict(n_head=8)),
    Entry("gpt2-inverse-layer", "gpt2", "scale_attn_by_inverse_layer_idx", GPT2 | dict(scale_attn_by_inverse_layer_idx=True)),
    Entry("gpt2-upcast", "gpt2", "reorder_and_upcast_attn with scale_attn_by_inverse_layer_idx",
          GPT2 | dict(reorder_and_upcast_attn=True, scale_attn_by_inverse_layer_idx=True)),
    Entry("gpt2-no-scale", "gpt2", "scale_attn_weights false; exact gelu; two shards",
          GPT2 | dict(scale_attn_weights=False, activation_function="gelu"), max_shard_size="58KB", shards=2),
    Entry("gpt-neox-parallel", "gpt_neox", "qkv interleaved per head, rotary_pct 0.5 of 8, parallel residual",
          NEOX | dict(rotary_pct=0.5, use_parallel_residual=True)),
    Entry("gpt-neox-sequential", "gpt_neox", "sequential residual, rotary_pct 1, attention_bias false, rope linear by 2, untied",
          NEOX | dict(rotary_pct=1.0, use_parallel_residual=False, attention_bias=False, hidden_act="gelu_new", tie_word_embeddings=False,
                      rope_scaling=dict(rope_type="linear", factor=2.0)), stored="float16"),
    Entry("gpt-neox-quarter", "gpt_neox", "rotary_pct 0.25 of 16: 2 heads; other rotary_emb_base; stored in float32",
          NEOX | dict(num_attention_heads=2, rotary_pct=0.25, rotary_emb_base=500, intermediate_size=16), stored="float32"),

    Entry("mixtral-top2", "mixtral", "4 experts, 2 used; window null", LLAMA | dict(
        num_local_experts=4, num_experts_per_tok=2, sliding_window=None, intermediate_size=24)),
    Entry("mixtral-window", "mixtral", "4 experts, 2 used; window of 16; head_dim 16", LLAMA | WIDE | dict(
        num_local_experts=4, num_experts_per_tok=2, sliding_window=16, intermediate_size=16)),
    Entry("qwen2-moe", "qwen2_moe", "shared expert; norm_topk_prob false; qkv_bias", MOE | dict(
        shared_expert_intermediate_size=24, norm_topk_prob=False)),
    Entry("qwen2-moe-normed", "qwen2_moe", "norm_topk_prob; layer 1 dense (mlp_only_layers); window of 16 from max_window_layers 1, see below",
          MOE | dict(shared_expert_intermediate_size=24, norm_topk_prob=True, mlp_only_layers=[1], use_sliding_window=True,
                     sliding_window=16, max_window_layers=1)),
    Entry("qwen3", "qwen3", "query and key RMSNorm per head before rotation; head_dim 16", LLAMA | WIDE),
    Entry("qwen3-window-bias", "qwen3", "attention_bias; window of 16 from layer 1 on", LLAMA | dict(
        head_dim=8, attention_bias=True, use_sliding_window=True, sliding_window=16, max_window_layers=1)),
    Entry("qwen3-moe", "qwen3_moe", "norm_topk_prob; every second layer sparse (decoder_sparse_step 2)",
          MOE | dict(head_dim=8, norm_topk_prob=True, decoder_sparse_step=2)),
    Entry("qwen3-moe-window", "qwen3_moe", "norm_topk_prob false; window of 16 on every layer",
          MOE | dict(head_dim=8, norm_topk_prob=False, use_sliding_window=True, sliding_window=16)),
    Entry("gemma3-local-global", "gemma3_text", "window of 16 and base 100 on local layers, base 1e4 and linear by 4 on global ones; pattern 2, as old files write it",
          LLAMA4 | WIDE | dict(sliding_window=16, sliding_window_pattern=2, rope_theta=1e4, rope_local_base_freq=100.0, query_pre_attn_scalar=24,
                               rope_scaling=dict(rope_type="linear", factor=4.0)),
          edits=dict(sliding_window_pattern=2), drop=("layer_types", "_sliding_window_pattern")),
    Entry("gemma3-layer-types", "gemma3_text", "layer_types spelled out (full, sliding, sliding); attn_logit_softcapping 2, which the reference ignores",
          LLAMA | dict(head_dim=8, sliding_window=24, query_pre_attn_scalar=8, attn_logit_softcapping=2.0,
                       layer_types=["full_attention", "sliding_attention", "sliding_attention"])),
    Entry("gptj", "gptj", "interleaved rotation of 4 of 8, products in float32, parallel; untied with bias", GPTJ | dict(rotary_dim=4)),
    Entry("codegen", "codegen", "query, value, key fused in four groups of one head; rotation of 4 of 8", GPTJ | dict(rotary_dim=4)),
    Entry("codegen-eight-heads", "codegen", "query, value, key fused in four groups of two heads", GPTJ | dict(rotary_dim=2, n_head=8)),
    Entry("falcon-7b", "falcon", "multi-query, parallel, one norm, no bias", FALCON),
    Entry("falcon-new-two-norms", "falcon", "new_decoder_architecture: 2 key-value groups, two norms",
          FALCON | dict(new_decoder_architecture=True, num_kv_heads=2)),
    Entry("falcon-new-one-norm", "falcon", "new_decoder_architecture with num_ln_in_parallel_attn 1; 8 heads of 4",
          FALCON | dict(new_decoder_architecture=True, num_kv_heads=2, num_attention_heads=8, num_ln_in_parallel_attn=1)),
    Entry("falcon-rw-alibi", "falcon", "ALiBi, sequential, qkv interleaved per head, biases", FALCON | dict(
        alibi=True, multi_query=False, parallel_attn=False, bias=True, ffn_hidden_size=48)),
    Entry("falcon-alibi-six-heads", "falcon", "ALiBi with 6 heads, parallel, multi-query", FALCON | dict(
        hidden_size=36, num_attention_heads=6, alibi=True, ffn_hidden_size=48)),
    Entry("opt-standard", "opt", "norm before, biases, positions from 2", OPT),
    Entry("opt-350m", "opt", "norm after (do_layer_norm_before false), word_embed_proj_dim 16", OPT | dict(
        do_layer_norm_before=False, word_embed_proj_dim=16), stored="float16"),
    Entry("opt-no-bias", "opt", "enable_bias and layer_norm_elementwise_affine false, gelu", OPT | dict(
        enable_bias=False, layer_norm_elementwise_affine=False, activation_function="gelu")),
    Entry("bloom", "bloom", "ALiBi, 4 heads, norm of the embeddings", BLOOM),
    Entry("bloom-six-heads", "bloom", "6 heads; apply_residual_connection_post_layernorm", BLOOM | dict(
        hidden_size=36, n_head=6, apply_residual_connection_post_layernorm=True)),
    Entry("mpt-six-heads", "mpt", "ALiBi with 6 heads; alibi_bias_max 4, which the reference ignores", MPT | dict(
        d_model=36, n_heads=6, attn_config=dict(alibi_bias_max=4))),
    Entry("mpt-clip", "mpt", "clip_qkv 1, softmax_scale 0.5", MPT | dict(attn_config=dict(clip_qkv=1.0, softmax_scale=0.5))),
    Entry("stablelm", "stablelm", "partial rotation of 4 of 16, use_qkv_bias, sequential", LLAMA | dict(
        num_attention_heads=2, num_key_value_heads=1, partial_rotary_factor=0.25, use_qkv_bias=True)),
    Entry("stablelm-qk-norm", "stablelm", "qk_layernorm with weights per head, use_parallel_residual, partial rotation of 4 of 8",
          LLAMA | dict(partial_rotary_factor=0.5, qk_layernorm=True, use_parallel_residual=True)),
    Entry("starcoder2", "starcoder2", "window of 16, biases, LayerNorm", LLAMA | dict(sliding_window=16)),
    Entry("starcoder2-no-bias", "starcoder2", "use_bias false, no window, exact gelu, rope linear by 2", LLAMA | dict(
        use_bias=False, hidden_act="gelu", rope_scaling=dict(rope_type="linear", factor=2.0))),
    Entry("olmo", "olmo", "LayerNorm without parameters, clip_qkv 1.5", LLAMA | dict(clip_qkv=1.5)),
    Entry("olmo2", "olmo2", "query and key RMSNorm over all heads, norms after the blocks only; grouped-query", LLAMA),
    Entry("granite", "granite", "embedding, attention, residual and logits multipliers; attention_bias", LLAMA | dict(
        embedding_multiplier=3.0, attention_multiplier=0.2, residual_multiplier=0.6, logits_scaling=4.0, attention_bias=True)),
    Entry("cohere", "cohere", "interleaved rotation, parallel, LayerNorm without bias", LLAMA),
    Entry("cohere-qk-norm", "cohere", "use_qk_norm: LayerNorm with weights per head; attention_bias", LLAMA | dict(
        use_qk_norm=True, attention_bias=True)),
    Entry("cohere2", "cohere2", "local layers with a window of 16 and rotation, every second layer without both",
          LLAMA4 | dict(sliding_window=16, sliding_window_pattern=2)),
    Entry("smollm3-interval", "smollm3", "every second layer without rotation and with a window of 16, derived from the interval; biases, head_dim 16",
          LLAMA4 | WIDE | dict(no_rope_layer_interval=2, use_sliding_window=True, sliding_window=16, attention_bias=True, mlp_bias=True),
          drop=("no_rope_layers", "layer_types")),
    Entry("smollm3-layer-types", "smollm3", "no_rope_layers and layer_types spelled out: all four pairs; use_sliding_window false, see below",
          LLAMA4 | dict(no_rope_layers=[0, 1, 1, 0], sliding_window=16,
                        layer_types=["sliding_attention", "full_attention", "sliding_attention", "full_attention"])),
    Entry("bert", "bert", "attention in both directions, learned positions, token types, norm after", BERT),
    Entry("bert-relative-key", "bert", "position_embedding_type relative_key", BERT | dict(position_embedding_type="relative_key")),
    Entry("bert-relative-key-query", "bert", "position_embedding_type relative_key_query", BERT | dict(
        position_embedding_type="relative_key_query")),
    Entry("bert-decoder", "bert", "is_decoder: causal", BERT | dict(is_decoder=True)),
    Entry("roberta", "roberta", "positions counted from the padding id", BERT | dict(pad_token_id=1, type_vocab_size=1)),
)


def make_checkpoint(entry, folder):
    """Write the checkpoint into `folder`, its config.json as the entry wants it."""
    shutil.rmtree(folder, ignore_errors=True)
    config = AutoConfig.for_model(entry.model_type, **dict(vocab_size=VOCAB_SIZE) | TOKENS | entry.config)
    with no_init_weights():  # StableLM's initialisation fails on norms without bias, OPT's on norms without weight
        model = AutoModelForCausalLM.from_config(config)
    model.tie_weights()
    randomise(model, entry.name)
    model.to(getattr(torch, entry.stored)).save_pretrained(folder, max_shard_size=entry.max_shard_size)
    (folder / "generation_config.json").unlink(missing_ok=True)
    assert len(list(folder.glob("*.safetensors"))) == entry.shards, entry.name
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)
    if entry.edits or entry.drop:
        written = json.loads((folder / "config.json").read_text()) | entry.edits
        kept = {key: value for key, value in sorted(written.items()) if key not in entry.drop}
        (folder / "config.json").write_text(json.dumps(kept, indent=2) + "\n")


@contextlib.contextmanager
def with_tokenizer(folder, tokenizer):
    """A temporary folder that shows the checkpoint and the tokenizer side by side."""
    with tempfile.TemporaryDirectory() as view:
        for path in [*folder.iterdir(), *(tokenizer / name for name in TOKENIZER_FILES)]:
            (Path(view) / path.name).symlink_to(path.resolve())
        yield Path(view)


def expected_values(oracle, folder, prompts):
    """What the reference measures on the checkpoint, less what the parity tests do not need."""
    expected = dict(versions=versions(), cpu_flags=cpu_flags(), prompts="standard-10")
    runs = {dtype: measured(oracle, folder, dtype, prompts) for dtype in DTYPES}
    expected |= {key: runs["float32"][key] for key in ("lengths", "token_ids")}
    expected["runs"] = {}
    for dtype, run in runs.items():
        kept = {key: run[key] for key in ("si", "corr", "entropies")}
        kept["per_prompt_layer0"] = [layers[0] for layers in run["per_prompt"]]
        kept |= {name: {key: run[name][key] for key in FLOOR_KEYS} for name in ("floor", "floor_reversed") if name in run}
        expected["runs"][dtype] = kept
    return expected


def rounded(value, key=None):
    """Nine significant digits, except under the keys of full precision."""
    if isinstance(value, dict):
        return {name: rounded(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [rounded(item, key) for item in value]
    return float(f"{value:.9g}") if isinstance(value, float) and key not in FULL_PRECISION else value


def json_rows(value, indent=""):
    """JSON with a line per key and per row of a matrix."""
    inner = indent + " "
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(key)}: {json_rows(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], list):
        return "[\n" + ",\n".join(inner + json_rows(row, inner) for row in value) + f"\n{indent}]"
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def summary(entry, expected, folder):
    """Size, SI, spread of the entropies and floors of one checkpoint."""
    runs = expected["runs"]
    matrix = torch.tensor(runs["float32"]["entropies"], dtype=torch.float64)
    return dict(
        name=entry.name, kilobytes=round(sum(path.stat().st_size for path in folder.iterdir()) / 1000, 1),
        si={dtype: round(run["si"], 5) for dtype, run in runs.items()},
        entropy_range=[round(matrix.min().item(), 3), round(matrix.max().item(), 3)],
        floor={dtype: {name: [[float(f"{x:.1e}") for x in run[name]["entropy_max"]], float(f"{run[name]['si_difference']:.1e}")]
                       for name in ("floor", "floor_reversed") if name in run} for dtype, run in runs.items()})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", type=Path)
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", nargs="+", choices=[entry.name for entry in ENTRIES])
    parser.add_argument("--table", action="store_true")
    args = parser.parse_args()
    if args.table:
        print("\n".join(f"| `{entry.name}` | `{entry.model_type}` | {entry.stored} | {entry.covers} |" for entry in ENTRIES))
        return
    if not (args.oracle and args.tokenizer and args.out):
        parser.error("--oracle, --tokenizer and --out are needed")
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()

    oracle = load_oracle(args.oracle)
    prompts = oracle.notebook_namespace()["STANDARD_PROMPTS"]
    for entry in ENTRIES:
        if not args.only or entry.name in args.only:
            folder = args.out / entry.name
            make_checkpoint(entry, folder)
            with with_tokenizer(folder, args.tokenizer) as view:
                expected = expected_values(oracle, view, prompts)
            (folder / "expected.json").write_text(json_rows(nan_to_none(rounded(expected))) + "\n")
            print(json.dumps(summary(entry, expected, folder)), flush=True)


if __name__ == "__main__":
    main()
