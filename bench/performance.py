"""How fast headspec is, how much memory it takes and what the reference needs: measured here, written down.

Purpose: docs/performance.md, every number of it. Each section can be measured alone; results are kept in a JSON
         file beside the document, so that the document is put together from sections measured one by one.
Needs:   Linux; the standard library; headspec and headspec_bench (./dev bench); two checkpoints in the Phi shapes
         (tools/make_shaped_checkpoint.py); gnuplot. Sections reference and scaling also need oracle.py and a Python
         with the packages of tools/requirements.txt. With perf, section measure says where the time goes.
Usage:   performance.py --headspec build/headspec --bench build-bench/bench/headspec_bench --phi-1_5 DIR --phi-2 DIR
           --oracle PATH/oracle.py --python PATH [--only SECTION ...] [--quick] [--out docs/performance.md]

Other programs on the machine disturb the numbers: times are the best of several runs beside their spread, and shares
and speed-ups are ratios of runs made side by side.
"""
import argparse
import contextlib
import ctypes
import datetime
import functools
import json
import mmap
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECTIONS = ("gemm", "libraries", "measure", "reference", "nano", "memory", "scaling")
PROMPTS = ROOT / "data" / "prompts" / "standard-10-v3.json"
# What was asked for (the benchmarks of the engine's design): a share of the peak, a speed-up or seconds.
GOALS = {"gemm": {"AVX2": 0.80, "AMX-BF16": 0.65, "AVX512-BF16": 0.65}, "measure": 0.70, "cold": 1.15, "nano": 1.0, "one_seed": 8.0,
         "three_seeds": {"phi-1_5": 25.0, "phi-2": 20.0}, "anonymous_mb": {"phi-2": 600, "phi-3-medium": 1500}}
VECTOR_FLAGS = ("avx2", "fma", "avx512f", "avx512_bf16", "avx512_fp16", "amx_bf16", "asimd", "sve", "bf16")
# Symbols of a profile and the stage they belong to; the first pattern that matches counts.
STAGES = (
    ("multiply-add loop of the linear layers and of attention", r"LinearPanels|MultiplyRows|MultiplyBlock|MultiplyTile|Bf16Block"),
    ("weights and activations laid out for that loop", r"Interleave|LoadWeightPanel|LoadPanel|LoadElements|LoadRow|Pack"),
    ("copies of panels and rows (memmove, memset)", r"mem(move|cpy|set)_"),
    ("activation", r"Gelu"),
    ("attention: softmax, rotation, mask, received entropy", r"Softmax|Rotat|Attend|MultiplyOf|MultiplyTransposedOf|ReceivedEntropy|EntropySink|Scale"),
    ("norms, rounding, residual", r"LayerNorm|SumInFixedOrder|AddValues|RoundAll|BitsOf"),
    ("watch for NaN and infinity", r"CountNonFinite|FiniteWatch"),
)
KERNEL_STAGE = "operating system: page faults, mapping, scheduling"
START_STAGE = "start, tokenizer, JSON and everything else"
IDLE_STAGE = "idle: a core waits for the other, or for its turn on a shared machine"


# ---------------------------------------------------------------- runs

@dataclass
class Run:
    seconds: float
    cpu_seconds: float
    peak_resident: int  # bytes, file pages in memory included
    peak_anonymous: int  # bytes, sampled; 0 where not asked for
    others: float  # share of the machine that other programs used meanwhile


def fail(message):
    sys.exit(f"performance.py: {message}")


def status_kb(pid, name):
    with contextlib.suppress(OSError):
        found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M)
        return int(found[1]) if found else 0
    return 0


def busy_seconds():
    """Processor seconds that this machine has worked, or was kept from working by its host."""
    user, nice, system, _, _, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def wait_for_quiet(patience):
    """Wait until other programs use less than a tenth of the machine, but no longer than this."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        before = busy_seconds()
        time.sleep(0.5)
        if busy_seconds() - before < 0.05 * os.cpu_count():
            return


def run(command, sample=0.0, environment=None):
    """Run a command to its end. With sample, look at its anonymous memory every so many seconds."""
    peak, ended = [0], threading.Event()
    with tempfile.TemporaryFile() as log:
        busy, started = busy_seconds(), time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], stdout=log, stderr=subprocess.STDOUT,
                                   env=os.environ | (environment or {}))

        def watch():
            while not ended.wait(sample):
                peak[0] = max(peak[0], status_kb(process.pid, "RssAnon"))

        watcher = threading.Thread(target=watch) if sample else None
        if watcher:
            watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds, busy = time.perf_counter() - started, busy_seconds() - busy
        ended.set()
        if watcher:
            watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        output = log.read().decode(errors="replace")
    if process.returncode != 0:
        fail(f"{Path(str(command[0])).name} {command[1]} ended with {process.returncode}:\n{output[-2000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    return Run(seconds, cpu, usage.ru_maxrss * 1024, peak[0] * 1024, max(0.0, busy - cpu) / (seconds * os.cpu_count()))


@dataclass
class Measured:
    """One `headspec measure`: the run and what it wrote."""
    run: Run
    load: float
    forward: float
    si: float


@functools.cache
def remember_hashes(headspec, model):
    """The weights are hashed once a checkpoint, not in every run: what is timed comes after that."""
    # A file is remembered once it is two seconds old.
    time.sleep(max(0.0, 2.1 + max(path.stat().st_ctime for path in model.iterdir()) - time.time()))
    with tempfile.TemporaryDirectory() as folder:
        prompt = Path(folder) / "prompt.txt"
        prompt.write_text("one\n")
        run([headspec, "measure", model, "--dtype", "float32", "--prompts", prompt, "--out", Path(folder) / "out", "--quiet"])


def measure(headspec, model, dtype, extra=(), sample=0.0):
    remember_hashes(headspec, model)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        done = run([headspec, "measure", model, "--dtype", dtype, "--out", out, "--quiet", "--fresh", *extra], sample)
        result = json.loads((out / "results.json").read_text())["results"][0]
    return Measured(done, result["timing"]["load_seconds"], result["timing"]["forward_seconds"], result["si_mean"])


def inspect(headspec, model, extra=()):
    text = subprocess.run([headspec, "inspect", model, "--json", *extra], check=True, capture_output=True, text=True).stdout
    return json.loads(text)


def spread(values):
    """How much slower the slowest was than the fastest, as text; empty for a single run."""
    return percent(max(values) / min(values) - 1) if len(values) > 1 else ""


# ---------------------------------------------------------------- peak and matrix products

def benchmarks(bench, pattern, seconds, repetitions):
    """name -> the counters of every repetition, repetitions interleaved."""
    command = [bench, f"--benchmark_filter={pattern}", f"--benchmark_min_time={seconds}", "--benchmark_format=json",
               f"--benchmark_repetitions={repetitions}", "--benchmark_enable_random_interleaving=true"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if not text.startswith("{"):
        fail(f"headspec_bench has no benchmark {pattern}")
    found = {}
    for entry in json.loads(text)["benchmarks"]:
        if entry.get("run_type") == "iteration":
            counters = {key: entry[key] for key in ("GFLOP/s", "share", "cpu_share") if key in entry}
            found.setdefault(entry["name"].removesuffix("/real_time"), []).append(counters)
    return found


def peak_now(bench, target, seconds=0.2):
    """GFLOP/s of the register-only loop on all cores, now."""
    return max(counters["GFLOP/s"] for values in benchmarks(bench, f"^peak/{target}(/|$)", seconds, 1).values() for counters in values)


def section_gemm(settings):
    wait_for_quiet(settings.patience)
    found = benchmarks(settings.bench, "^(peak|linear)/(AVX|AMX|NEON|SVE)", *((0.02, 1) if settings.quick else (0.1, 5)))
    peaks, products = {}, []
    for name, values in sorted(found.items()):
        kind, target, *rest = name.split("/")
        if kind == "peak":
            peaks[target] = [counters["GFLOP/s"] for counters in values]
        else:
            products.append(dict(target=target, shape=rest[0], tokens=int(rest[1]), gflops=[counters["GFLOP/s"] for counters in values],
                                 share=statistics.median(counters["share"] for counters in values),
                                 cpu_share=statistics.median(counters["cpu_share"] for counters in values)))
    if not peaks:
        fail("headspec_bench has no benchmark peak/...")
    return dict(peaks=peaks, products=sorted(products, key=lambda p: (p["shape"], p["tokens"])))


# What other libraries make of the same products: numpy's OpenBLAS needs float weights, torch takes them as stored.
LIBRARIES = """
import json, time, numpy, torch
shapes = json.loads(%r)
def best(body):
    times = []
    for _ in range(7):
        started = time.perf_counter()
        body()
        times.append(time.perf_counter() - started)
    return min(times)
rows = []
with torch.inference_mode():
    for name, outputs, inputs in shapes:
        w = torch.randn(outputs, inputs)
        wb, wn = w.bfloat16(), w.numpy()
        for tokens in (182, 1280):
            x = torch.randn(tokens, inputs)
            xb, xn = x.bfloat16(), x.numpy()
            flops = 2e-9 * tokens * outputs * inputs
            rows.append(dict(shape=name, tokens=tokens, openblas=flops / best(lambda: xn @ wn.T),
                             torch_f32=flops / best(lambda: torch.nn.functional.linear(x, w)),
                             torch_bf16=flops / best(lambda: torch.nn.functional.linear(xb, wb))))
print(json.dumps(dict(rows=rows, numpy=numpy.__version__, torch=torch.__version__)))
"""
SHAPES = (("phi-1_5 query", 2048, 2048), ("phi-1_5 up", 8192, 2048), ("phi-1_5 down", 2048, 8192),
          ("phi-2 query", 2560, 2560), ("phi-2 up", 10240, 2560), ("phi-2 down", 2560, 10240))


def section_libraries(settings):
    wait_for_quiet(settings.patience)
    code = LIBRARIES % json.dumps(SHAPES)
    found = json.loads(subprocess.run([settings.python, "-c", code], check=True, capture_output=True, text=True).stdout)
    return dict(products=found["rows"], numpy=found["numpy"], torch=found["torch"])


# ---------------------------------------------------------------- the whole process

def residency(path):
    """The share of a file's pages that is in memory."""
    size = path.stat().st_size
    libc = ctypes.CDLL(None, use_errno=True)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ | mmap.PROT_WRITE, flags=mmap.MAP_PRIVATE) as mapped:
        pages = (ctypes.c_ubyte * -(-size // mmap.PAGESIZE))()
        anchor = ctypes.c_char.from_buffer(mapped)
        result = libc.mincore(ctypes.c_void_p(ctypes.addressof(anchor)), ctypes.c_size_t(size), pages)
        del anchor
    if result != 0:
        fail(f"mincore: {os.strerror(ctypes.get_errno())}")
    return sum(page & 1 for page in pages) / len(pages)


def evict(model):
    """Drop a checkpoint's weights from the page cache; no privilege is needed."""
    for path in model.glob("*.safetensors"):
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        left = residency(path)
        if left > 0.01:
            fail(f"{path.name}: {left:.0%} of it stays in memory; another program has it mapped")


def read_all(model):
    started = time.perf_counter()
    subprocess.run(["cat", *sorted(model.glob("*.safetensors"))], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def stage_of(dso, symbol):
    if "kernel" in dso:
        return KERNEL_STAGE
    return next((stage for stage, pattern in STAGES if re.search(pattern, symbol)), START_STAGE)


def profile(headspec, model):
    """Seconds of processor time per stage from perf's clock samples, and the wall seconds of that run."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "perf.data"
        done = run(["perf", "record", "-e", "cpu-clock", "-F", "997", "-o", data, headspec, "measure", model, "--dtype", "bfloat16",
                    "--out", Path(folder) / "out", "--quiet", "--fresh"])
        report = subprocess.run(["perf", "report", "-i", data, "--stdio", "-F", "sample,dso,sym", "--field-separator=;"],
                                check=True, capture_output=True, text=True).stdout
        result = json.loads((Path(folder) / "out" / "results.json").read_text())["results"][0]
    wall = result["timing"]["load_seconds"] + result["timing"]["forward_seconds"]
    stages, symbols = {}, []
    for line in report.splitlines():
        fields = line.split(";", 2)
        if line.startswith("#") or len(fields) < 3:
            continue
        seconds = int(fields[0]) / 997
        name = re.sub(r"^\[.\] ", "", fields[2].strip())
        stage = stage_of(fields[1], name)
        stages[stage] = stages.get(stage, 0) + seconds
        symbols.append((seconds, name[:80]))
    stages[IDLE_STAGE] = max(0.0, os.cpu_count() * wall - sum(stages.values()))
    return dict(wall=wall, process=done.seconds, stages=stages, symbols=symbols[:25])


def has(program):
    return subprocess.run(["which", program], capture_output=True).returncode == 0


def measure_model(settings, name, model):
    read_all(model)
    plan = inspect(settings.headspec, model)["plan"]
    target = settings.target
    rounds = []
    for _ in range(settings.rounds):
        wait_for_quiet(settings.patience)
        before = peak_now(settings.bench, target)
        done = measure(settings.headspec, model, "bfloat16")
        after = peak_now(settings.bench, target)
        rounds.append(dict(seconds=done.run.seconds, cpu=done.run.cpu_seconds, load=done.load, forward=done.forward, others=done.run.others,
                           peak=(before + after) / 2))
    cold = []
    for _ in range(-(-settings.rounds // 2)):
        wait_for_quiet(settings.patience)
        evict(model)
        read = read_all(model)
        evict(model)
        cold.append(dict(read=read, seconds=measure(settings.headspec, model, "bfloat16").run.seconds))
        warm = measure(settings.headspec, model, "bfloat16").run.seconds
        cold[-1]["warm"] = warm
    narrow = []
    for _ in range(settings.rounds if target.startswith("AVX3") else 0):
        wait_for_quiet(settings.patience)
        peak = peak_now(settings.bench, "AVX2")
        narrow.append(dict(seconds=measure(settings.headspec, model, "bfloat16", ["--cpu", "AVX2"]).run.seconds, peak=peak))
    return dict(narrow=narrow, flops=plan["floating_point_operations"], tokens=plan["tokens"], weight_bytes=plan["weight_bytes"],
                file_bytes=sum(path.stat().st_size for path in model.glob("*.safetensors")), rounds=rounds, cold=cold,
                profile=profile(settings.headspec, model) if has("perf") else None)


def section_measure(settings):
    return {name: measure_model(settings, name, model) for name, model in settings.models.items()}


# ---------------------------------------------------------------- the reference

def has_bf16_unit():
    return any(flag in Path("/proc/cpuinfo").read_text() for flag in ("amx_bf16", "avx512_bf16"))


# What keeps torch and its libraries to AVX2, as on a machine that has no more.
ONLY_AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}


def run_reference(settings, model, dtype, seeds, environment=None):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "reference.json"
        done = run([settings.python, settings.oracle, model, "--dtype", dtype, "--seeds", seeds, "--out", out], sample=0.05, environment=environment)
        return done, json.loads(out.read_text())


def section_reference(settings):
    rows = []
    code = "import json, torch, transformers, platform; print(json.dumps(dict(python=platform.python_version(), torch=torch.__version__," \
           "transformers=transformers.__version__, threads=torch.get_num_threads(), capability=torch.backends.cpu.get_cpu_capability())))"
    versions = json.loads(subprocess.run([settings.python, "-c", code], check=True, capture_output=True, text=True).stdout)
    cases = [("bfloat16", 1)] if settings.quick else [("bfloat16", 3), ("bfloat16", 1), ("float32", 1)]
    if settings.only_avx2:
        cases = [("bfloat16, AVX2", 3), ("bfloat16, AVX2", 1)]
    for name, model in settings.models.items():
        if name == "phi-3-medium":
            continue
        for label, seeds in cases:
            dtype, _, cpu = label.partition(", ")
            read_all(model)
            wait_for_quiet(settings.patience)
            fast = has_bf16_unit() and dtype == "bfloat16" and not cpu
            variants = [(), ("--fast-bf16",)] if fast else [("--cpu", cpu) if cpu else ()]
            once = lambda: [measure(settings.headspec, model, dtype, extra) for extra in variants]
            rounds = [once(), once()]
            reference, result = run_reference(settings, model, dtype, seeds, ONLY_AVX2 if cpu else None)
            rounds += [once(), once()]
            ours = [measured[0] for measured in rounds]
            rows.append(dict(model=name, dtype=label, seeds=seeds, reference=reference.seconds, load=result["seconds"]["load"],
                             headspec=[m.run.seconds for m in ours], fast=[measured[1].run.seconds for measured in rounds] if fast else [],
                             fast_si=rounds[0][1].si if fast else None,
                             cpu=[reference.cpu_seconds, statistics.median(m.run.cpu_seconds for m in ours)],
                             others=[reference.others, statistics.fmean(m.run.others for m in ours)], si=[result["si"], ours[0].si],
                             resident=reference.peak_resident, anonymous=reference.peak_anonymous))
            settings.store("reference", dict(rows=rows, versions=versions))
            print(f"  {name} {label} {seeds} seeds: {reference.seconds:.1f} s against {min(m.run.seconds for m in ours):.2f} s", file=sys.stderr)
    return dict(rows=rows, versions=versions)


# ---------------------------------------------------------------- nano ladder, memory

def run_ladder(settings, sample=0.0):
    with tempfile.TemporaryDirectory() as folder:
        return run([settings.headspec, "run", "--out", Path(folder) / "out", "--quiet", "--fresh"], sample)


def section_nano(settings):
    wait_for_quiet(settings.patience)
    runs = [run_ladder(settings) for _ in range(3 * settings.rounds)]
    return dict(seconds=[r.seconds for r in runs], cpu=[r.cpu_seconds for r in runs])


def section_memory(settings):
    cases = [(name, model, dtype) for name, model in settings.models.items() for dtype in ("bfloat16", "float32")]
    rows = []
    for name, model, dtype in cases:
        done = measure(settings.headspec, model, dtype, sample=0.005).run
        rows.append(dict(model=name, dtype=dtype, resident=done.peak_resident, anonymous=done.peak_anonymous))
    done = run_ladder(settings, sample=0.002)
    rows.append(dict(model="nano ladder", dtype="bfloat16", resident=done.peak_resident, anonymous=done.peak_anonymous))
    return dict(rows=rows)


# ---------------------------------------------------------------- cost against work

MAKE_SHAPE = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import make_shaped_checkpoint as tool
hidden, layers = int(sys.argv.pop(1)), int(sys.argv.pop(1))
tool.SHAPES["small"] = dict(num_hidden_layers=layers, hidden_size=hidden, intermediate_size=4 * hidden, partial_rotary_factor=0.5)
tool.main()
"""


def make_checkpoint(settings, folder, hidden, layers):
    path = Path(folder) / f"{hidden}x{layers}"
    if not path.exists():
        tokenizer = settings.shaped["phi-1_5"]
        run([settings.python, "-c", MAKE_SHAPE, ROOT / "tools", hidden, layers, "small", "--tokenizer", tokenizer, "--out", path])
        read_all(path)
    return path


def write_prompts(folder, count):
    standard = json.loads(PROMPTS.read_text())["prompts"]
    path = Path(folder) / f"prompts-{count}.json"
    path.write_text(json.dumps([standard[i % len(standard)] for i in range(count)]))
    return path


def linear_weights(hidden, layers):
    """Weights that the pass multiplies with: 12 h^2 a layer; the last one ends at its queries and keys."""
    return (12 * layers - 10) * hidden * hidden


@dataclass
class Case:
    series: str
    model: Path
    hidden: int
    layers: int
    prompts: Path
    tokens: int = 0
    seconds: list = field(default_factory=list)
    cpu: list = field(default_factory=list)


def section_scaling(settings):
    counts = (10, 100) if settings.quick else (10, 30, 100, 300, 1000)
    depths = (4, 8) if settings.quick else (4, 8, 12, 16)
    widths = (512, 1024) if settings.quick else (512, 1024, 1536, 2048)
    with tempfile.TemporaryDirectory(dir=settings.scratch) as folder:
        some = write_prompts(folder, 50)
        cases = [Case("tokens", make_checkpoint(settings, folder, 1024, 4), 1024, 4, write_prompts(folder, count)) for count in counts]
        cases += [Case("depth", make_checkpoint(settings, folder, 1024, layers), 1024, layers, some) for layers in depths]
        cases += [Case("width", make_checkpoint(settings, folder, hidden, 8), hidden, 8, some) for hidden in widths]
        for case in cases:
            case.tokens = inspect(settings.headspec, case.model, ["--prompts", case.prompts])["plan"]["tokens"]
        for _ in range(settings.rounds):
            for case in cases:
                done = measure(settings.headspec, case.model, "bfloat16", ["--prompts", case.prompts]).run
                case.seconds.append(done.seconds)
                case.cpu.append(done.cpu_seconds)
    return dict(cases=[dict(series=c.series, hidden=c.hidden, layers=c.layers, tokens=c.tokens,
                            weights=linear_weights(c.hidden, c.layers), seconds=c.seconds, cpu=c.cpu) for c in cases])


def straight_line(xs, ys):
    """Least squares: slope, intercept and R^2."""
    slope, intercept = statistics.linear_regression(xs, ys)
    mean = statistics.fmean(ys)
    rest = sum((y - slope * x - intercept) ** 2 for x, y in zip(xs, ys))
    return slope, intercept, 1 - rest / sum((y - mean) ** 2 for y in ys)


# ---------------------------------------------------------------- the document

def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(str(cell) for cell in row) + " |"
    yield ""


def megabytes(count):
    return f"{count / 1e6:,.0f}"


def percent(share):
    return f"{100 * share:.0f} %"


def highest_peak(kept):
    """The fastest peak loop of all sections, for the instruction set that headspec uses here."""
    rounds = [r["peak"] for entry in kept.get("measure", {}).values() for r in entry["rounds"]]
    return max(rounds + kept.get("gemm", dict(peaks={}))["peaks"].get(kept["machine"]["target"], []))


def peak_shares(entry, highest):
    """Share of the peak: each run by the peak loop around it (median, least, most); and processor seconds by the highest
    peak, which says nothing of idle cores and suffers least from other programs."""
    rounds, gigas = entry["rounds"], entry["flops"] / 1e9
    shares = [gigas / r["seconds"] / r["peak"] for r in rounds]
    return statistics.median(shares), min(shares), max(shares), gigas / min(r["cpu"] for r in rounds) / (highest / os.cpu_count())


def cold_ratios(entry):
    """Cold run by the larger of reading and computing in its round: median, smallest, largest."""
    ratios = [c["seconds"] / max(c["read"], c["warm"]) for c in entry["cold"]]
    return statistics.median(ratios), min(ratios), max(ratios)


def speed_up(row, kind="headspec"):
    """By headspec's median around that run of the reference; by its slowest and its fastest."""
    return tuple(row["reference"] / choose(row[kind]) for choose in (statistics.median, max, min))


def gemm_shares(kept, target):
    return [p["share"] for p in kept["products"] if p["target"] == target]


QUIET = 0.15  # above this load wall times of two programs say little about each other


def verdict(met, others=()):
    if max(others, default=0) > QUIET:
        return "undecided: busy machine"
    return "yes" if met else "**no**"


def goal_rows(kept):
    gemm = kept.get("gemm")
    for target in gemm["peaks"] if gemm else ():
        shares, goal = gemm_shares(gemm, target), GOALS["gemm"].get(target)
        if shares and goal:
            yield (f"matrix products, {target}, share of its peak", f">= {percent(goal)}",
                   f"{percent(min(shares))} to {percent(max(shares))}", verdict(min(shares) >= goal))
    for name, entry in kept.get("measure", {}).items():
        median, low, high, busy = peak_shares(entry, highest_peak(kept))
        yield (f"whole process, {name}, warm file, share of the peak", f">= {percent(GOALS['measure'])}",
               f"{percent(median)} ({percent(low)} to {percent(high)}); {percent(busy)} by processor time", verdict(median >= GOALS["measure"]))
        if entry.get("narrow"):
            share = statistics.median(entry["flops"] / 1e9 / r["seconds"] / r["peak"] for r in entry["narrow"])
            yield ("the same with --cpu AVX2, share of the AVX2 peak", f">= {percent(GOALS['measure'])}",
                   f"{percent(share)}; best {min(r['seconds'] for r in entry['narrow']):.2f} s", verdict(share >= GOALS["measure"]))
        median, low, high = cold_ratios(entry)
        yield (f"cold file, {name}, against the larger of reading and computing", f"<= {GOALS['cold']}",
               f"{median:.2f} ({low:.2f} to {high:.2f})", verdict(median <= GOALS["cold"]))
    for row in kept.get("reference", {}).get("rows", ()):
        if not row["dtype"].startswith("bfloat16"):
            continue
        goal = GOALS["one_seed"] if row["seeds"] == 1 else GOALS["three_seeds"][row["model"]]
        yield (f"against the reference, {row['model']}, {row['dtype']}, {row['seeds']} {'seed' if row['seeds'] == 1 else 'seeds'}",
               f">= {goal:.0f} x", "{:.1f} x ({:.1f} to {:.1f})".format(*speed_up(row)), verdict(speed_up(row)[0] >= goal, row["others"]))
        if row["fast"]:
            yield ("the same with --fast-bf16", f">= {goal:.0f} x", "{:.1f} x ({:.1f} to {:.1f})".format(*speed_up(row, "fast")),
                   verdict(speed_up(row, "fast")[0] >= goal, row["others"]))
    if "nano" in kept:
        best = min(kept["nano"]["seconds"])
        yield ("nano ladder, start to written results", f"< {GOALS['nano']:.0f} s", f"{best:.2f} s", verdict(best < GOALS["nano"]))
    for row in kept.get("memory", {}).get("rows", ()):
        goal = GOALS["anonymous_mb"].get(row["model"])
        if goal:
            yield (f"anonymous memory, {row['model']}, {row['dtype']}", f"<= {goal} MB", f"{megabytes(row['anonymous'])} MB",
                   verdict(row["anonymous"] <= goal * 1e6))


def write_gemm(kept):
    targets = [t for t in kept["peaks"] if any(p["target"] == t for p in kept["products"])]
    yield "## 1. Matrix products"
    yield ""
    yield "GFLOP/s on all cores, bfloat16 weights as stored, best of the repetitions; in brackets the share of the rate that a"
    yield "register-only multiply-add loop of the same instructions reached right before each product, median. The reading of the"
    yield "weights is part of a product: at 182 tokens a bf16 unit would need them faster than one core can read memory."
    yield ""
    head = ["shape", "tokens", *targets]
    rows = [["peak", ""] + [f"{max(kept['peaks'][t]):.0f}" for t in targets]]
    for shape, tokens in dict.fromkeys((p["shape"], p["tokens"]) for p in kept["products"]):
        row = [shape, tokens]
        for target in targets:
            product = next(p for p in kept["products"] if (p["shape"], p["tokens"], p["target"]) == (shape, tokens, target))
            row.append(f"{max(product['gflops']):.0f} ({percent(product['share'])})")
        rows.append(row)
    yield from table(head, rows)


def write_libraries(kept):
    yield "### The same products in other libraries"
    yield ""
    yield f"GFLOP/s, best of seven: OpenBLAS (numpy {kept['numpy']}) on weights converted to float beforehand, torch {kept['torch']} on float and"
    yield "on bf16 (oneDNN, which uses AMX where the processor has it)."
    yield ""
    yield from table(["shape", "tokens", "OpenBLAS, float", "torch, float", "torch, bf16"],
                     [[p["shape"], p["tokens"], f"{p['openblas']:.0f}", f"{p['torch_f32']:.0f}", f"{p['torch_bf16']:.0f}"] for p in kept["products"]])


def write_measure(kept, highest):
    yield "## 2. The whole `measure`"
    yield ""
    yield "Shares are ratios of each run to the peak loop around it. The last column takes processor seconds instead of wall seconds and"
    yield f"the highest peak of all ({highest:.0f} GFLOP/s): what the share would be if no core ever waited."
    yield ""
    rows = []
    for name, e in kept.items():
        seconds = [r["seconds"] for r in e["rounds"]]
        fastest = min(e["rounds"], key=lambda r: r["seconds"])
        median, low, high, busy = peak_shares(e, highest)
        rows.append([name, f"{e['flops'] / 1e12:.3f}", f"{min(seconds):.2f}", spread(seconds), f"{fastest['load']:.2f}", f"{fastest['forward']:.2f}",
                     f"{fastest['seconds'] - fastest['load'] - fastest['forward']:.2f}", f"{e['flops'] / min(seconds) / 1e9:.0f}", f"{fastest['peak']:.0f}", percent(fastest["others"]),
                     f"{percent(median)} ({percent(low)} to {percent(high)})", f"{min(r['cpu'] for r in e['rounds']):.2f}", percent(busy)])
    yield from table(["model", "TFLOP", "best s", "spread", "open, tokenise s", "forward s", "start, write s", "GFLOP/s", "peak then", "others meanwhile", "share: median (range)", "processor s", "share by processor s"], rows)
    profiled = {name: e["profile"] for name, e in kept.items() if e["profile"]}
    if profiled:
        yield "Where the processor time goes (perf's clock samples of one run), as a share of the processor seconds:"
        yield ""
        used = {name: sum(seconds for stage, seconds in p["stages"].items() if stage != IDLE_STAGE) for name, p in profiled.items()}
        rows = [[stage, *(f"{100 * p['stages'].get(stage, 0) / used[name]:.1f} %" for name, p in profiled.items())]
                for stage in [stage for stage, _ in STAGES] + [KERNEL_STAGE, START_STAGE]]
        rows.append(["processor seconds", *(f"{used[name]:.2f}" for name in profiled)])
        rows.append([IDLE_STAGE, *(f"{p['stages'][IDLE_STAGE]:.2f} s" for p in profiled.values())])
        yield from table(["stage", *profiled], rows)
    yield "With the weights dropped from the page cache first (checked page by page), beside `cat` of the same dropped files:"
    yield ""
    rows = []
    for name, e in kept.items():
        rows += [[name, f"{e['file_bytes'] / 1e9:.2f} ({e['weight_bytes'] / 1e9:.2f})", f"{c['read']:.2f} ({e['file_bytes'] / 1e9 / c['read']:.2f} GB/s)", f"{c['warm']:.2f}",
                  f"{c['seconds']:.2f}", f"{c['seconds'] / max(c['read'], c['warm']):.2f}"] for c in e["cold"]]
    yield from table(["model", "file GB (needed)", "reading all s", "computing (warm) s", "cold run s", "cold / larger of the two"], rows)


def write_reference(kept):
    v = kept["versions"]
    yield "## 3. Against the reference"
    yield ""
    yield f"`oracle.py`: the notebook's functions in Python {v['python']}, torch {v['torch']} ({v['capability']}, {v['threads']} threads), transformers {v['transformers']}."
    yield "Whole processes with a warm file. headspec ran twice before and twice after each run of the reference: speed-up by"
    yield "its median (slowest to fastest). Rows with AVX2: both programs kept to it, as on a machine that has no more. It computes the pass once whatever the number of seeds (README, \"Read the numbers with care\")."
    yield ""
    rows = [[r["model"], r["dtype"], r["seeds"], f"{r['reference']:.1f}", f"{statistics.median(r['headspec']):.2f}", spread(r["headspec"]),
             "{:.1f} x ({:.1f} to {:.1f})".format(*speed_up(r)),
             *((f"{statistics.median(r['fast']):.2f}", f"{speed_up(r, 'fast')[0]:.1f} x") if r["fast"] else ("", "")), " / ".join(map(percent, r["others"])),
             f"{r['cpu'][0]:.1f} / {r['cpu'][1]:.2f}", f"{abs(r['si'][0] - r['si'][1]):.1e}",
             f"{abs(r['si'][0] - r['fast_si']):.1e}" if r["fast"] else ""] for r in kept["rows"]]
    yield from table(["model", "dtype", "seeds", "reference s", "headspec s (median)", "spread", "speed-up", "with --fast-bf16 s", "speed-up",
                      "others meanwhile, reference / headspec", "processor s", "SI difference", "SI difference with --fast-bf16"], rows)


def write_nano(kept):
    yield "## 4. The nano ladder"
    yield ""
    s = kept["seconds"]
    yield "`headspec run`: three models, sanity check, verdict, figure (gnuplot), JSON and bundle, from process start to exit."
    yield ""
    yield from table(["runs", "best s", "median s", "worst s", "processor s (with gnuplot)"],
                     [[len(s), f"{min(s):.3f}", f"{statistics.median(s):.3f}", f"{max(s):.3f}", f"{min(kept['cpu']):.3f}"]])


def write_memory(kept, reference):
    yield "## 5. Memory"
    yield ""
    yield "MB. Resident counts the file's pages that are in memory; anonymous is what the process takes for itself (RssAnon, sampled)."
    yield ""
    rows = []
    for row in kept["rows"]:
        beside = [r for r in reference if (r["model"], r["dtype"]) == (row["model"], row["dtype"])]
        rows.append([row["model"], row["dtype"], megabytes(row["resident"]), megabytes(row["anonymous"]),
                     megabytes(max(r["resident"] for r in beside)) if beside else "", megabytes(max(r["anonymous"] for r in beside)) if beside else ""])
    yield from table(["run", "dtype", "headspec resident", "headspec anonymous", "reference resident", "reference anonymous"], rows)


FITS = {"tokens": ("tokens", 1, "ms a token", 1e3), "depth": ("layers", 1, "ms a layer", 1e3),
        "width": ("weights", 1e6, "ms a million weights", 1e3)}


def fit_of(cases, series, kind):
    key, unit, _, _ = FITS[series]
    chosen = [c for c in cases if c["series"] == series]
    return straight_line([c[key] / unit for c in chosen], [min(c[kind]) for c in chosen])


def write_scaling(kept, images, document):
    cases = kept["cases"]
    yield "## 6. Cost against work"
    yield ""
    rows = [[c["series"], c["hidden"], c["layers"], f"{c['tokens']:,}", f"{c['weights'] / 1e6:.1f}", f"{min(c['seconds']):.3f}", spread(c["seconds"]),
             f"{min(c['cpu']):.3f}", spread(c["cpu"]), f"{2e-9 * c['tokens'] * c['weights'] / min(c['cpu']):.0f}"] for c in cases]
    yield from table(["varied", "hidden", "layers", "tokens", "million weights used", "best s", "spread", "processor s", "spread", "GFLOP a processor s"], rows)
    rows = []
    for series, kind in ((series, kind) for kind in ("cpu", "seconds") for series in FITS):
        key, _, unit, factor = FITS[series]
        slope, intercept, r2 = fit_of(cases, series, kind)
        rows.append([f"{'processor' if kind == 'cpu' else 'wall'} seconds against {key} ({series})", f"{factor * slope:.4g} {unit}", f"{1e3 * intercept:.0f} ms", f"{r2:.5f}"])
    yield from table(["straight line", "slope", "intercept", "R^2"], rows)
    for name, words in (("tokens", "Processor seconds against tokens"), ("weights", "Processor seconds against weights, by depth and by width")):
        path = os.path.relpath(images / f"performance-{name}.svg", document.parent)
        yield f"![{words}, with straight lines]({path})"
    yield ""


def plot(images, name, xlabel, series):
    """series: [(label, xs, ys, slope, intercept)], drawn as points with their line."""
    images.mkdir(parents=True, exist_ok=True)
    script = [f"set terminal svg size 560,360 font 'DejaVu Sans,12' background '#ffffff'", f"set output '{images / f'performance-{name}.svg'}'",
              f"set xlabel '{xlabel}'", "set ylabel 'processor seconds'", "set key left top reverse Left", "set border 3", "set tics nomirror",
              "set grid lc rgb '#dddddd'", "set xrange [0:*]", "set yrange [0:*]", "set decimalsign '.'", "set format x \"%'.0f\""]
    plots = []
    for index, (label, xs, ys, slope, intercept) in enumerate(series):
        script += [f"$d{index} << E", *(f"{x} {y}" for x, y in zip(xs, ys)), "E"]
        colour = ("#1f5fa8", "#c2571a")[index]
        script += [f"$line{index} << E", f"0 {intercept}", f"{max(xs)} {slope * max(xs) + intercept}", "E"]
        plots += [f"$line{index} with lines lw 1.5 lc rgb '{colour}' notitle",
                  f"$d{index} with points pt {(7, 9)[index]} ps 0.8 lc rgb '{colour}' title '{label}'"]
    script.append("plot " + ", ".join(plots))
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)


def draw_scaling(kept, images):
    def points(series, key, unit):
        chosen = [c for c in kept["cases"] if c["series"] == series]
        xs, ys = [c[key] / unit for c in chosen], [min(c["cpu"]) for c in chosen]
        slope, intercept, r2 = straight_line(xs, ys)
        return xs, ys, slope, intercept, r2
    xs, ys, slope, intercept, r2 = points("tokens", "tokens", 1)
    plot(images, "tokens", "tokens (10 to 1000 prompts)", [(f"hidden 1024, 4 layers: R² {r2:.4f}", xs, ys, slope, intercept)])
    lines = []
    for series, label in (("depth", "depth: hidden 1024"), ("width", "width: 8 layers")):
        xs, ys, slope, intercept, r2 = points(series, "weights", 1e6)
        lines.append((f"{label}: R² {r2:.4f}", xs, ys, slope, intercept))
    plot(images, "weights", "million weights used, 50 prompts", lines)


def machine(settings):
    info = Path("/proc/cpuinfo").read_text()
    value = lambda name: (re.search(rf"^{name}\s*:\s*(.+)$", info, re.M) or [None, "?"])[1]
    flags = value("flags").split()
    cache = re.search(r"^CMAKE_BUILD_TYPE:\w+=(\w*)", (settings.build / "CMakeCache.txt").read_text(), re.M) if (settings.build / "CMakeCache.txt").exists() else None
    compiler = ""
    for path in settings.build.glob("CMakeFiles/*/CMakeCXXCompiler.cmake"):
        text = path.read_text()
        compiler = " ".join(re.search(rf'CMAKE_CXX_COMPILER_{word} "([^"]*)"', text)[1] for word in ("ID", "VERSION"))
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) * 1024
    virtual = ", in a virtual machine" if "hypervisor" in flags else ""
    return dict(cpu=value("model name"), model=f"family {value('cpu family')}, model {value('model')}, stepping {value('stepping')}", cores=os.cpu_count(),
                virtual=virtual, flags=[f for f in VECTOR_FLAGS if f in flags], memory=memory, kernel=platform.release(), compiler=compiler or "unknown compiler",
                build=cache[1] if cache else "unknown build type", target=settings.target, commit=settings.commit,
                version=subprocess.run([settings.headspec, "--version"], capture_output=True, text=True).stdout.strip(),
                date=datetime.date.today().isoformat())


def method(kept):
    yield "## Method"
    yield ""
    yield "Measured by `bench/performance.py`, which starts every program as a child process and takes wall time from before its"
    yield "start to after its end. The machine is shared with other work, so a time is the best of several runs, spread is (slowest"
    yield "- fastest) / fastest, and shares and speed-ups are ratios of runs made one after the other: the peak loop runs before and"
    yield "after each `measure`, headspec before and after each reference. \"Others meanwhile\" is the share of the machine that"
    yield "other programs or its host took during the run (table 2: the fastest). Floating-point operations are those of"
    yield "`headspec inspect --json` (a multiply-add counts two). The checkpoints have the true shapes and random weights"
    yield "(`tools/make_shaped_checkpoint.py`), prompts are the Standard-10 (182 tokens), repeated for more. Peak resident memory is"
    yield "the kernel's own; anonymous memory is sampled every 5 ms (reference: 50 ms). Processor seconds of the reference include"
    yield "threads that spin while they wait. Cost against work uses random checkpoints made for it, and counts the weights that"
    yield "the pass multiplies with (the last layer ends with its attention)."
    yield ""


def loads(kept):
    """Shares of the machine that other programs used during runs."""
    return [r["others"] for entry in kept.get("measure", {}).values() for r in entry["rounds"]] + \
        [share for row in kept.get("reference", {}).get("rows", ()) for share in row["others"]]


def write_document(settings, kept):
    images = settings.out.parent / "images"
    m = kept["machine"]
    lines = ["# Performance", "",
             f"{m['cpu']} ({m['model']}), {m['cores']} cores{m['virtual']}, {m['memory'] / 1e9:.0f} GB; flags {', '.join(m['flags'])}; Linux {m['kernel']}.",
             f"headspec {m['version']} at commit {m['commit']}, {m['compiler']}, {m['build']}; it ran with {m['target']}. {m['date']}.", ""]
    if others := loads(kept):
        lines += [f"**Other programs took {percent(min(others))} to {percent(max(others))} of the machine during the runs below** (median {percent(statistics.median(others))}): wall times are"
                  " longer than on an idle machine, and speed-ups say little where the load differs; processor seconds suffer least.", ""]
    goals = list(goal_rows(kept))
    if goals:
        lines += table(["what", "goal", "measured", "met"], goals)
    writers = dict(gemm=write_gemm, libraries=write_libraries, measure=lambda k: write_measure(k, highest_peak(kept)), reference=write_reference, nano=write_nano,
                   memory=lambda k: write_memory(k, kept.get("reference", {}).get("rows", [])),
                   scaling=lambda k: write_scaling(k, images, settings.out))
    for section, writer in writers.items():
        if section in kept:
            lines += writer(kept[section])
    lines += method(kept)
    if "scaling" in kept:
        draw_scaling(kept["scaling"], images)
    settings.out.write_text("\n".join(lines).rstrip() + "\n")


# ---------------------------------------------------------------- command line

def commit_of_checkout():
    git = lambda *words: subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True).stdout.strip()
    changed = git("status", "--porcelain", "--", "src", "include", "hf", "CMakeLists.txt")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + (" with changes" if changed else "")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    path = lambda text: Path(text).resolve()
    parser.add_argument("--headspec", type=path, required=True)
    parser.add_argument("--bench", type=path, required=True, help="headspec_bench")
    parser.add_argument("--oracle", type=path)
    parser.add_argument("--python", type=Path, help="the Python that runs the reference; its link is not followed")
    parser.add_argument("--phi-1_5", dest="phi_1_5", type=path, required=True)
    parser.add_argument("--phi-2", dest="phi_2", type=path, required=True)
    parser.add_argument("--phi-3-medium-shape", type=path, help="a checkpoint of 40 layers, hidden 5120; without it that row is left out")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="measure these sections; the others keep their stored results")
    parser.add_argument("--models", nargs="+", metavar="NAME", help="measure these of phi-1_5, phi-2 and phi-3-medium; the others keep their stored results")
    parser.add_argument("--only-avx2", action="store_true", help="section reference: both programs kept to AVX2, instead of as they are")
    parser.add_argument("--quick", action="store_true", help="one round of everything: to try the script, not to quote")
    parser.add_argument("--rounds", type=int, default=5, help="how often each thing is measured (default 5)")
    parser.add_argument("--document", action="store_true", help="measure nothing: write the document from stored results")
    parser.add_argument("--results", type=path, help="stored results (default: the document's path, ending in .json)")
    parser.add_argument("--scratch", type=path, help="where section scaling puts 4 GB of checkpoints (default: the temporary folder)")
    parser.add_argument("--patience", type=float, default=20, help="seconds to wait for a quiet machine before each round (default 20)")
    parser.add_argument("--commit", help="the commit that the programs were built from (default: this checkout's)")
    parser.add_argument("--out", type=path, default=ROOT / "docs" / "performance.md")
    return parser.parse_args()


def settings_from(args):
    settings = argparse.Namespace(**vars(args))
    settings.shaped = {"phi-1_5": args.phi_1_5, "phi-2": args.phi_2}
    if args.phi_3_medium_shape:
        settings.shaped["phi-3-medium"] = args.phi_3_medium_shape
    settings.models = {name: model for name, model in settings.shaped.items() if not args.models or name in args.models}
    settings.rounds = 1 if args.quick else args.rounds
    settings.results = args.results or args.out.with_suffix(".json")
    settings.build = args.headspec.parent
    settings.commit = args.commit or commit_of_checkout()
    settings.target = cpu_target(args.headspec)
    return settings


def cpu_target(headspec):
    """The instruction set that headspec chooses here, as its results name it."""
    with tempfile.TemporaryDirectory() as folder:
        model = ROOT / "tests" / "golden" / "checkpoints" / "phi-mha"
        run([headspec, "measure", model, "--dtype", "float32", "--out", Path(folder) / "out", "--quiet", "--fresh"])
        return json.loads((Path(folder) / "out" / "results.json").read_text())["results"][0]["numerics"]["cpu_target"]


def merge(old, new):
    """New results of a section over its stored ones: models and rows that were not measured again stay."""
    if "rows" in new:
        key = lambda row: (row["model"], row["dtype"], row.get("seeds", 0))
        rows = {key(row): row for row in (old or {}).get("rows", []) + new["rows"]}
        return new | dict(rows=[rows[k] for k in sorted(rows)])
    return (old or {}) | new


def main():
    args = arguments()
    wanted = [] if args.document else (args.only or SECTIONS)
    if {"libraries", "reference", "scaling"} & set(wanted) and not (args.oracle and args.python):
        fail("sections libraries, reference and scaling need --oracle and --python")
    settings = settings_from(args)
    kept = json.loads(settings.results.read_text()) if settings.results.exists() else {}
    if wanted:
        kept["machine"] = machine(settings)
    measurers = dict(gemm=section_gemm, libraries=section_libraries, measure=section_measure, reference=section_reference, nano=section_nano,
                     memory=section_memory, scaling=section_scaling)

    def store(section, result):
        kept[section] = merge(kept.get(section), result)
        settings.results.write_text(json.dumps(kept, indent=1) + "\n")

    settings.store = store
    with tempfile.TemporaryDirectory() as own_cache:
        os.environ["HEADSPEC_CACHE"] = own_cache
        for section in wanted:
            started = time.perf_counter()
            store(section, measurers[section](settings))
            print(f"{section}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    if not kept:
        fail(f"{settings.results.name}: no stored results")
    write_document(settings, kept)


if __name__ == "__main__":
    main()
