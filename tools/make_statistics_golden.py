"""What numpy and scipy give for the statistics of src/metrics, on small made-up tables.

Purpose: golden values of intervals, tests, fits, distributions and head metrics, and of the random generator.
Needs:   numpy and scipy of requirements.txt; nothing else.
Usage:   make_statistics_golden.py --out tests/golden/statistics.json

Everything here is written from the definitions or calls scipy; nothing comes from headspec.
"""
import argparse
import json
import platform
from pathlib import Path

import numpy as np
import scipy
from scipy import stats
from scipy.stats._resampling import BootstrapResult

MASK = (1 << 64) - 1


def seed_seq(words, count):
    """std::seed_seq::generate of the C++ standard, [rand.util.seedseq]."""
    xorshift = lambda x: x ^ (x >> 27)
    n, s = count, len(words)
    out = [0x8B8B8B8B] * n
    t = 11 if n >= 623 else 7 if n >= 68 else 5 if n >= 39 else 3 if n >= 7 else (n - 1) // 2
    p = (n - t) // 2
    q, m = p + t, max(s + 1, n)
    for k in range(m):
        r1 = 1664525 * xorshift(out[k % n] ^ out[(k + p) % n] ^ out[(k - 1) % n]) & 0xFFFFFFFF
        r2 = (r1 + (s if k == 0 else k % n + words[k - 1] if k <= s else k % n)) & 0xFFFFFFFF
        out[(k + p) % n] = (out[(k + p) % n] + r1) & 0xFFFFFFFF
        out[(k + q) % n] = (out[(k + q) % n] + r2) & 0xFFFFFFFF
        out[k % n] = r2
    for k in range(m, m + n):
        r3 = 1566083941 * xorshift((out[k % n] + out[(k + p) % n] + out[(k - 1) % n]) & 0xFFFFFFFF) & 0xFFFFFFFF
        r4 = (r3 - k % n) & 0xFFFFFFFF
        out[(k + p) % n] ^= r3
        out[(k + q) % n] ^= r4
        out[k % n] = r4
    return out


class Mersenne64:
    """mt19937_64 of the C++ standard, seeded with a seed_seq."""

    def __init__(self, words):
        w = seed_seq(words, 2 * 312)
        self.state = [w[2 * i] | w[2 * i + 1] << 32 for i in range(312)]
        if self.state[0] >> 31 == 0 and not any(self.state[1:]):
            self.state[0] = 1 << 63
        self.at = 312

    def __call__(self):
        if self.at == 312:
            for i in range(312):
                y = (self.state[i] & ~0x7FFFFFFF) | (self.state[(i + 1) % 312] & 0x7FFFFFFF)
                self.state[i] = self.state[(i + 156) % 312] ^ (y >> 1) ^ (0xB5026F5AA96619E9 if y & 1 else 0)
            self.at = 0
        z = self.state[self.at]
        self.at += 1
        z ^= (z >> 29) & 0x5555555555555555
        z ^= (z << 17) & 0x71D67FFFEDA60000 & MASK
        z ^= (z << 37) & 0xFFF7EEE000000000 & MASK
        return z ^ (z >> 43)

    def below(self, bound):
        while True:
            product = (self() >> 32) * bound
            if product & 0xFFFFFFFF >= (1 << 32) % bound:
                return product >> 32

    def shuffled(self, values):
        values = list(values)
        for last in range(len(values), 1, -1):
            other = self.below(last)
            values[last - 1], values[other] = values[other], values[last - 1]
        return values


def random_streams():
    streams = []
    for seed, purpose in ((42, "within-layer shuffles"), (42, "bootstrap"), (2**40 + 7, "")):
        words = [seed & 0xFFFFFFFF, seed >> 32, *purpose.encode()]
        generator = Mersenne64(words)
        bounds = [1, 2, 3, 10, 32, 1000, 3 << 30, 2**32 - 1]
        below = [[bound, generator.below(bound)] for bound in bounds * 4]
        uniform = [(generator() >> 11) * 2.0**-53 for _ in range(3)]
        streams.append(dict(seed=seed, purpose=purpose, below=below, uniform=uniform, shuffled=generator.shuffled(range(12))))
    return streams


def index(table):
    correlation = np.corrcoef(np.asarray(table).T)
    return 1 - np.nanmean(correlation[np.triu_indices(len(correlation), k=1)])


def distributions():
    ps = [0.001, 0.025, 0.05, 0.4, 0.5, 0.95, 0.975, 0.9999]
    return dict(
        normal_quantile=[[p, stats.norm.ppf(p)] for p in ps],
        normal_cdf=[[z, stats.norm.cdf(z)] for z in (-6.0, -1.5, 0.0, 0.3, 2.0)],
        t_quantile=[[p, f, stats.t.ppf(p, f)] for p in ps for f in (1, 2, 5, 40)],
        t_two_sided=[[t, f, 2 * stats.t.sf(abs(t), f)] for t in (-3.1, 0.0, 0.7, 12.0) for f in (1, 2, 5, 40)])


def bootstrap_case(rng, prompts, shape, resamples, spread, paired):
    """Values of the resamples by numpy; scipy's intervals of just those values."""
    layers, heads = shape
    depth = rng.normal(size=(layers, 1))

    def tables():
        return 0.5 + 0.1 * depth + 0.08 * rng.normal(size=shape) + spread * rng.exponential(size=(prompts, *shape))

    base, tuned = tables(), tables()
    draws = rng.integers(prompts, size=(resamples, prompts))

    def statistic(chosen):
        chosen = np.sort(chosen)  # resamples of the same prompts tie exactly
        value = index(base[chosen].mean(axis=0))
        return index(tuned[chosen].mean(axis=0)) - value if paired else value

    values = np.array([statistic(draw) for draw in draws])
    case = dict(base=base.tolist(), paired=paired, draws=["".join(map(str, draw)) for draw in draws],
                estimate=statistic(np.arange(prompts)), standard_error=values.std(ddof=1),
                without=[statistic(np.delete(np.arange(prompts), p)) for p in range(prompts)])
    if paired:
        case["tuned"] = tuned.tolist()
    for method in ("percentile", "bca"):
        for level in (0.90, 0.95):
            made = BootstrapResult(confidence_interval=None, bootstrap_distribution=values, standard_error=None)
            found = stats.bootstrap((np.arange(prompts),), statistic, n_resamples=0, vectorized=False, method=method,
                                    confidence_level=level, bootstrap_result=made)
            case[f"{method}_{round(100 * level)}"] = list(found.confidence_interval)
    return case


def permutation_case(rng, shape, head_effect):
    """scipy's exact test: observations of every layer paired at random."""
    layers, heads = shape
    table = rng.normal(size=(layers, 1)) + head_effect * rng.normal(size=heads) + rng.normal(size=shape)
    found = stats.permutation_test(list(table), lambda *rows: index(rows), permutation_type="pairings",
                                   vectorized=False, n_resamples=np.inf, alternative="two-sided")
    null = found.null_distribution
    return dict(table=table.tolist(), observed=found.statistic, p=found.pvalue, shuffles=len(null), mean=null.mean(),
                deviation=null.std())


def trend_case(sizes, indices):
    found = stats.linregress(sizes, indices)
    slope, intercept = np.polyfit(sizes, indices, 1)
    reach = stats.t.ppf(0.975, len(sizes) - 2) * found.stderr
    return dict(x=list(sizes), y=list(indices), polyfit=[slope, intercept], slope=found.slope, intercept=found.intercept,
                slope_error=found.stderr, p=found.pvalue, r_squared=found.rvalue**2, slope_95=[found.slope - reach, found.slope + reach])


def tost_case(rng, centre, n, target, tolerance):
    """Two one-sided t tests, and the 90 % interval of the mean."""
    sample = rng.normal(centre, 0.02, size=n)
    low = stats.ttest_1samp(sample, target - tolerance, alternative="greater").pvalue
    high = stats.ttest_1samp(sample, target + tolerance, alternative="less").pvalue
    interval = stats.ttest_1samp(sample, target).confidence_interval(0.90)
    return dict(target=target, tolerance=tolerance, p_low=low, p_high=high, interval_90=list(interval))


def variance_case(rng, shape, depth):
    table = depth * rng.normal(size=(shape[0], 1)) + rng.normal(size=shape)
    f = stats.f_oneway(*table).statistic
    return dict(table=table.tolist(), between=table.mean(axis=1).var(), within=table.var(axis=1).mean(), total=table.var(),
                icc=(f - 1) / (f + shape[1] - 1))


def attention_case(rng, tokens, window, causal, ids):
    scores = rng.normal(scale=2, size=(tokens, tokens))
    q, k = np.indices((tokens, tokens))
    visible = np.ones((tokens, tokens), bool)
    if causal:
        visible = k <= q
        if window:
            visible &= k > q - window
    weights = np.where(visible, np.exp(scores), 0)
    a = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32).astype(float)
    rows = a / a.sum(axis=1, keepdims=True)
    entropies = stats.entropy(rows, axis=1, base=2)
    counts = visible.sum(axis=1)
    chosen = counts > 1
    ids = np.asarray(ids)
    same = (ids[:, None] == ids[None, :]) & (k < q)
    after = np.zeros_like(same)
    after[:, 1:] = same[:, :-1]
    share = lambda mask: (a * mask).sum() / a.sum()
    return dict(
        attention=a.tolist(), ids=ids.tolist(), causal=causal, window=window,
        query_entropy=(entropies[chosen] / np.log2(counts[chosen])).mean(), sink_mass=share(k == 0),
        previous_token=share(k == q - 1), duplicate_token=share(same), induction=share(after & (k <= q)),
        mean_distance=(a * abs(q - k)).sum() / a.sum(), local_mass=share(abs(q - k) <= 8),
        max_weight=a.max(axis=1).mean(), effective_support=(2**entropies).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    rng = np.random.default_rng(7)
    sample = np.sort(rng.normal(size=13))
    repeated = list(rng.permutation(40)[:9])
    golden = dict(
        versions=dict(python=platform.python_version(), numpy=np.__version__, scipy=scipy.__version__),
        random=random_streams(),
        distributions=distributions(),
        quantiles=dict(sorted=sample.tolist(), values=[[f, np.quantile(sample, f)] for f in (0.0, 0.025, 0.5, 0.61, 0.975, 1.0)]),
        bootstrap=[bootstrap_case(rng, 7, (5, 4), 500, 0.2, False), bootstrap_case(rng, 10, (6, 3), 500, 0.05, False),
                   bootstrap_case(rng, 2, (4, 3), 100, 0.3, False), bootstrap_case(rng, 8, (5, 4), 500, 0.1, True)],
        permutation=[permutation_case(rng, (3, 3), 0.0), permutation_case(rng, (4, 3), 3.0), permutation_case(rng, (6, 2), 1.0)],
        trend=[trend_case([1.3, 2.7, 3.8, 14.0], [0.33, 0.41, 0.329, 0.37]), trend_case([1.0, 2.0, 4.0], [0.2, 0.31, 0.39]),
               trend_case(list(range(1, 13)), list(rng.normal(size=12)))],
        tost=[tost_case(rng, c, n, 0.329, 0.03) for c in (0.28, 0.30, 0.315, 0.329, 0.35, 0.36, 0.40) for n in (3, 5, 10)],
        variance=[variance_case(rng, (6, 4), 0.0), variance_case(rng, (9, 5), 1.5), variance_case(rng, (2, 2), 1.0)],
        attention=[attention_case(rng, 18, 0, True, repeated * 2), attention_case(rng, 21, 5, True, rng.integers(6, size=21)),
                   attention_case(rng, 12, 0, False, [3] * 12), attention_case(rng, 2, 0, True, [5, 5])])
    args.out.write_text(json.dumps(golden, separators=(",", ":"), allow_nan=False, default=lambda x: x.item()) + "\n")


if __name__ == "__main__":
    main()
