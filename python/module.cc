// The Python module headspec._core: the public door of the library with strings, lists and buffers. What
// users see, dataclasses and docstrings, is Python (python/headspec). Long calls hold no lock of the
// interpreter; the observer takes it for a moment when it has something to say or to ask.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "headspec/comparison.h"
#include "headspec/error.h"
#include "headspec/files.h"
#include "headspec/index.h"
#include "headspec/plans.h"
#include "headspec/run.h"
#include "headspec/version.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using Clock = std::chrono::steady_clock;

// Tells Python what happens, and asks it whether to stop: Ctrl-C, or an exception in a callback, which is
// raised again when the work has ended.
class PythonObserver final : public headspec::Observer {
 public:
  PythonObserver(nb::object progress, nb::object log)
      : progress_(std::move(progress)), log_(std::move(log)) {}

  void OnModelBegin(const headspec::ModelEntry& entry) override { model_ = entry.display; }
  void OnWorkBegin(std::string_view what, std::int64_t total, headspec::WorkUnit unit) override {
    what_ = model_.empty() ? std::string(what) : model_ + ": " + std::string(what);
    total_ = total;
    done_ = 0;
    unit_ = unit == headspec::WorkUnit::kBytes ? "bytes" : "items";
    Tell(true);
  }
  void OnWorkAdvance(std::int64_t units) override {
    done_ += units;
    Tell(done_ >= total_);
  }
  void OnNote(std::string_view text) override { Call(log_, std::string(text)); }
  void OnSanity(const headspec::ModelEntry& entry, const headspec::SanityResult& result) override {
    Call(log_, entry.name + ": sanity check " + result.label +
                   (result.ok ? " passed" : " failed: " + result.reason));
  }
  void OnFallback(const headspec::ModelEntry& entry, const std::string& label,
                  const std::string& reason) override {
    Call(log_, entry.name + ": " + label + " given up: " + reason);
  }
  bool Cancelled() const override {
    if (raised_) return true;
    const Clock::time_point now = Clock::now();
    if (now - asked_ < kPause) return false;
    asked_ = now;
    const nb::gil_scoped_acquire lock;
    if (PyErr_CheckSignals() != 0) raised_.emplace();
    return raised_.has_value();
  }

  // To be called with the interpreter's lock.
  void RaiseWhatPythonRaised() {
    if (raised_) throw std::move(*raised_);
  }

 private:
  static constexpr std::chrono::milliseconds kPause{50};

  void Tell(bool at_once) {
    const Clock::time_point now = Clock::now();
    if (!at_once && now - told_ < kPause) return;
    told_ = now;
    Call(progress_, what_, done_, total_, unit_);
  }

  template <class... Arguments>
  void Call(const nb::object& callback, const Arguments&... arguments) {
    const nb::gil_scoped_acquire lock;
    if (raised_ || callback.is_none()) return;
    try {
      callback(arguments...);
    } catch (nb::python_error& e) {
      raised_.emplace(std::move(e));
    }
  }

  nb::object progress_, log_;
  std::string model_, what_;
  std::string unit_;
  std::int64_t done_ = 0, total_ = 0;
  Clock::time_point told_{};
  mutable Clock::time_point asked_{};
  mutable std::optional<nb::python_error> raised_;
};

// Runs `work(observer)` without the interpreter's lock.
template <class Work>
auto WithoutLock(const nb::object& progress, const nb::object& log, const Work& work) {
  PythonObserver observer(progress, log);
  try {
    auto result = [&] {
      const nb::gil_scoped_release release;
      return work(observer);
    }();
    observer.RaiseWhatPythonRaised();  // the last callback did, and nothing asked after it
    return result;
  } catch (const headspec::Error&) {
    observer.RaiseWhatPythonRaised();
    throw;
  }
}

// A model that failed, as what it threw.
[[noreturn]] void Raise(const headspec::ModelResult& failed) {
  using headspec::ErrorKind;
  for (const ErrorKind kind : {ErrorKind::kInput, ErrorKind::kSystem}) {
    if (failed.error_code == ExitCodeOf(kind)) throw headspec::Error(kind, *failed.error);
  }
  throw headspec::Error(ErrorKind::kRun, *failed.error);
}

// `run`, unless no model of it was measured.
headspec::RunResult Measured(headspec::RunResult run) {
  const auto failed = [](const headspec::ModelResult& model) { return model.error.has_value(); };
  if (std::all_of(run.models.begin(), run.models.end(), failed)) Raise(run.models.front());
  return run;
}

headspec::Comparison Compared(headspec::Comparison comparison) {
  if (!comparison.verdict.code.empty()) return comparison;
  for (const headspec::ModelResult& model : comparison.run.models) {
    if (model.error) Raise(model);
  }
  throw headspec::Error(headspec::ErrorKind::kRun, "compare: the pair has no verdict");
}

[[noreturn]] void Refuse(const std::string& what, const std::string& found, const std::string& expected) {
  throw headspec::Error(headspec::ErrorKind::kInput,
                        what + ": expected " + expected + ", found \"" + found + "\"", "use one of these");
}

headspec::HeadMetricSet MetricsOf(const std::string& name) {
  if (name == "received") return headspec::HeadMetricSet::kNone;
  if (name == "prompts") return headspec::HeadMetricSet::kPrompts;
  if (name == "all") return headspec::HeadMetricSet::kAll;
  Refuse("metrics", name, "received, prompts or all");
}

struct Settings {
  std::string dtype = "auto";
  std::string numerics = "hf-4.57";
  std::variant<std::string, std::vector<std::string>> prompts = "standard-10-v3";
  int max_length = 128;
  bool chat_template = false;
  std::string revision = "main";
  std::optional<std::vector<std::int64_t>> seeds;
  std::string metrics = "prompts";
  bool sensitivity = false;
  bool baselines = false;
  bool keep_attention = false;
  std::uint64_t attention_limit = headspec::Protocol().attention_limit;
  headspec::RunOptions run;
};

headspec::Plan With(const Settings& settings, headspec::Plan plan) {
  headspec::Protocol& protocol = plan.protocol;
  const auto* prompts = std::get_if<std::vector<std::string>>(&settings.prompts);
  protocol.prompts = prompts != nullptr ? headspec::PromptsOf(*prompts)
                                        : headspec::LoadPrompts(std::get<std::string>(settings.prompts));
  protocol.max_length = settings.max_length;
  protocol.metrics = MetricsOf(settings.metrics);
  protocol.sensitivity = settings.sensitivity;
  protocol.baselines = settings.baselines;
  protocol.keep_attention = settings.keep_attention;
  protocol.attention_limit = settings.attention_limit;
  if (settings.seeds) protocol.seeds = *settings.seeds;
  if (settings.dtype != "auto") protocol.variants = {{.precision = headspec::ParsePrecision(settings.dtype)}};
  for (headspec::SanityVariant& variant : protocol.variants)
    variant = headspec::MakeVariant(variant.precision, settings.chat_template);
  headspec::UseProfile(headspec::ParseProfile(settings.numerics), "numerics", protocol);
  for (headspec::ModelEntry& entry : plan.ladder) {
    entry.revision = settings.revision;
    entry.use_chat_template = settings.chat_template;
  }
  return plan;
}

const headspec::ModelResult& ModelOf(const headspec::RunResult& run, std::size_t model) {
  if (model >= run.models.size()) throw nb::index_error("no such model in the result");
  return run.models[model];
}

using Numbers = nb::ndarray<nb::numpy, double>;
using Bytes = nb::ndarray<nb::numpy, std::uint8_t>;

// (P, L, H) for numpy; an empty list of tables gives None.
std::optional<Numbers> Array(const std::vector<headspec::Table>& tables) {
  if (tables.empty()) return std::nullopt;
  const std::size_t layers = tables.front().size(), heads = tables.front().front().size();
  auto values = std::make_unique<std::vector<double>>();
  values->reserve(tables.size() * layers * heads);
  for (const headspec::Table& table : tables) {
    for (const auto& row : table) values->insert(values->end(), row.begin(), row.end());
  }
  double* data = values->data();
  const nb::capsule owner(values.release(),
                          [](void* p) noexcept { delete static_cast<std::vector<double>*>(p); });
  return Numbers(data, {tables.size(), layers, heads}, owner);
}

std::optional<Numbers> HeadMetricOf(const headspec::RunResult& run, std::size_t model,
                                    const std::string& name) {
  for (const headspec::HeadMetric& metric : ModelOf(run, model).head_metrics) {
    if (metric.name == name) return Array(metric.per_prompt);
  }
  return std::nullopt;
}

// (L, H, T, T) of one prompt, in 255ths; None where attention was not kept.
std::optional<Bytes> AttentionOf(const headspec::RunResult& run, std::size_t model, std::size_t prompt) {
  const headspec::ModelResult& of = ModelOf(run, model);
  if (of.attention.empty()) return std::nullopt;
  if (prompt >= of.attention.size()) throw nb::index_error("no such prompt in the result");
  auto values = std::make_unique<std::vector<std::uint8_t>>(of.attention[prompt]);
  const auto tokens = static_cast<std::size_t>(of.valid_lengths[prompt]);
  std::uint8_t* data = values->data();
  const nb::capsule owner(values.release(),
                          [](void* p) noexcept { delete static_cast<std::vector<std::uint8_t>*>(p); });
  return Bytes(
      data, {static_cast<std::size_t>(of.num_layers), static_cast<std::size_t>(of.num_heads), tokens, tokens},
      owner);
}

// Paths of the files, and why there is no figure, or "".
template <class Result>
std::pair<std::vector<std::string>, std::string> SaveInto(const Result& result, const std::string& folder) {
  const nb::gil_scoped_release release;
  const headspec::Saved saved = headspec::Save(result, folder);
  return {{saved.paths.begin(), saved.paths.end()}, saved.figure_error};
}

using Array3 = nb::ndarray<const double, nb::ndim<3>, nb::c_contig, nb::device::cpu>;

std::vector<headspec::Table> TablesOf(const Array3& values) {
  std::vector<headspec::Table> tables(values.shape(0));
  const double* next = values.data();
  for (headspec::Table& table : tables) {
    for (std::size_t layer = 0; layer < values.shape(1); ++layer, next += values.shape(2))
      table.emplace_back(next, next + values.shape(2));
  }
  return tables;
}

// headspec::Error as the Python exception of its kind (headspec._errors).
void Translate(const std::exception_ptr& thrown, void*) {
  try {
    std::rethrow_exception(thrown);
  } catch (const headspec::Error& e) {
    const nb::object raise =
        nb::module_::import_("headspec._errors").attr("of_kind")(headspec::NameOf(e.kind()));
    const nb::object text = nb::steal(PyUnicode_DecodeUTF8(
        e.what(), static_cast<Py_ssize_t>(std::char_traits<char>::length(e.what())), "replace"));
    PyErr_SetObject(raise.ptr(), text.ptr());
  }
}

}  // namespace

NB_MODULE(_core, module) {
  nb::register_exception_translator(Translate);
  module.def("version", &headspec::Version);

  nb::class_<Settings>(module, "Settings", "How to measure: plain fields.")
      .def(nb::init<>())
      .def_rw("dtype", &Settings::dtype)
      .def_rw("numerics", &Settings::numerics)
      .def_rw("prompts", &Settings::prompts)
      .def_rw("max_length", &Settings::max_length)
      .def_rw("chat_template", &Settings::chat_template)
      .def_rw("revision", &Settings::revision)
      .def_rw("seeds", &Settings::seeds)
      .def_rw("metrics", &Settings::metrics)
      .def_rw("sensitivity", &Settings::sensitivity)
      .def_rw("baselines", &Settings::baselines)
      .def_rw("keep_attention", &Settings::keep_attention)
      .def_prop_rw(
          "attention_limit", [](const Settings& s) { return s.attention_limit; },
          [](Settings& s, std::uint64_t bytes) { s.attention_limit = bytes; })
      .def_prop_rw(
          "threads", [](const Settings& s) { return s.run.threads; },
          [](Settings& s, int threads) { s.run.threads = threads; })
      .def_prop_rw(
          "fast_bf16", [](const Settings& s) { return s.run.fast_bf16; },
          [](Settings& s, bool fast) { s.run.fast_bf16 = fast; })
      .def_prop_rw(
          "offline", [](const Settings& s) { return s.run.hub.offline; },
          [](Settings& s, bool offline) { s.run.hub.offline = offline; })
      .def_prop_rw(
          "cache_dir", [](const Settings& s) { return s.run.hub.cache_folder; },
          [](Settings& s, const std::string& folder) { s.run.hub.cache_folder = folder; })
      .def_prop_rw(
          "fresh", [](const Settings& s) { return s.run.fresh; },
          [](Settings& s, bool fresh) { s.run.fresh = fresh; });

  nb::class_<headspec::RunResult>(module, "Run", "A result in memory.")
      .def("json", [](const headspec::RunResult& run) { return headspec::ToJson(run); })
      .def("head_metric", &HeadMetricOf, "model"_a, "name"_a)
      .def("attention", &AttentionOf, "model"_a, "prompt"_a)
      .def("save", &SaveInto<headspec::RunResult>, "folder"_a);

  nb::class_<headspec::Comparison>(module, "Comparison", "A comparison in memory.")
      .def("json", [](const headspec::Comparison& comparison) { return headspec::ToJson(comparison); })
      .def("save", &SaveInto<headspec::Comparison>, "folder"_a);

  module.def(
      "measure",
      [](const std::vector<std::string>& models, const Settings& settings, const nb::object& progress,
         const nb::object& log) {
        return WithoutLock(progress, log, [&](headspec::Observer& observer) {
          return Measured(
              headspec::Measure(With(settings, headspec::PlanOf(models)), settings.run, observer));
        });
      },
      "models"_a, "settings"_a, "progress"_a.none(), "log"_a.none());

  module.def(
      "run",
      [](const std::optional<std::string>& manifest, const Settings& settings, const nb::object& progress,
         const nb::object& log) {
        return WithoutLock(progress, log, [&](headspec::Observer& observer) {
          headspec::Plan plan = manifest ? headspec::ReadManifest(*manifest) : headspec::BuiltInPlan();
          plan.protocol.metrics = MetricsOf(settings.metrics);
          plan.protocol.keep_attention = settings.keep_attention;
          plan.protocol.attention_limit = settings.attention_limit;
          return Measured(headspec::Run(plan, settings.run, observer));
        });
      },
      "manifest"_a.none(), "settings"_a, "progress"_a.none(), "log"_a.none());

  module.def(
      "compare",
      [](const std::string& base, const std::string& tuned, const Settings& settings,
         const nb::object& progress, const nb::object& log) {
        return WithoutLock(progress, log, [&](headspec::Observer& observer) {
          return Compared(
              headspec::Compare(With(settings, headspec::PlanOfPair(base, tuned)), settings.run, observer));
        });
      },
      "base"_a, "tuned"_a, "settings"_a, "progress"_a.none(), "log"_a.none());

  module.def(
      "load",
      [](const std::string& text, const std::string& file) {
        const nb::gil_scoped_release release;
        return headspec::FromJson(text, file);
      },
      "text"_a, "file"_a);

  module.def(
      "index_json",
      [](const Array3& values, std::int64_t seed) {
        const std::vector<headspec::Table> tables = TablesOf(values);
        const nb::gil_scoped_release release;
        return headspec::ToJson(std::vector{headspec::ComputeIndex(tables, seed)});
      },
      "values"_a, "seed"_a);

  module.def(
      "stored_json",
      [](const std::string& file) {
        const nb::gil_scoped_release release;
        return headspec::ToJson(headspec::StoredIndices(file));
      },
      "file"_a);
}
