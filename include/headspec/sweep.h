// A sweep: many models measured alike. Which measurements there are (cells), what each gave (points), and
// what they gave together. Plain data; a cell's full result is in its own folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "headspec/plan.h"
#include "headspec/statistics.h"

namespace headspec {

// What a cell is expected to take; zeros where nothing is known.
struct CellCost {
  std::uint64_t weight_bytes = 0;    // of its files on disk
  std::uint64_t download_bytes = 0;  // of them, what no cache and no earlier cell brings
  std::uint64_t memory_bytes = 0;    // largest at once, weights in the file cache not counted
  double seconds = 0;                // of measuring, on the threads of this machine
  // The work, in floating-point operations. The only estimate that every machine gets alike: by it shards are
  // divided.
  double operations = 0;

  bool operator==(const CellCost&) const = default;
};

// One measurement: a model at a revision under one protocol.
struct SweepCell {
  // 16 hexadecimal digits of the SHA-256 of everything that decides the result (file hashes, prompts,
  // protocol). Cells with the same id are the same measurement: the first one is measured, the others share
  // its result.
  std::string id;
  // SHA-256 of names and hashes of the files that a folder held when it was planned; empty for a model of the
  // hub, whose commit says it.
  std::string content;
  std::string folder;    // its name below models/: "EleutherAI--pythia-70m@step1000-float32-<id>"
  ModelEntry entry;      // of a hub model, `revision` is the commit
  std::string revision;  // as the manifest or the repository names it: "step1000", "main"; empty: a folder
  std::optional<double> step;  // the number in it: 1000
  std::string curve;           // names the curve that its cell is a point of: all axes but the revision
  std::string dtype;           // "auto" or as Precision's ShortName
  std::string variant;         // name of the manifest's [[sweep.protocol]]; empty: the only one
  std::size_t protocol = 0;    // index into SweepPlan::protocols
  CellCost cost = {};          // expected
};

// What a manifest's sweep comes to: every measurement, resolved.
struct SweepPlan {
  std::string experiment;     // the manifest's name for it
  std::string slug;           // prefix of folder names
  std::string purpose;        // in the manifest's words
  std::string manifest_text;  // the manifest as read
  std::string base_folder;    // what relative paths of the manifest are relative to
  // Prompts, precision and the rest: one for each combination that cells use.
  std::vector<Protocol> protocols;
  std::vector<SweepCell> cells;    // in the manifest's order; repeats included
  int split_prompts = 0;           // measure at most so many prompts in one piece; 0: a model in one piece
  std::vector<std::string> notes;  // for people: what was left out or joined, and why
};

// A number of a whole model, with its interval over resampled prompts where there is one.
struct SweepValue {
  double value = 0;                          // NaN: not defined
  std::optional<Interval> interval_95 = {};  // 95 %; empty: none

  bool operator==(const SweepValue&) const = default;
};

// What one cell gave, reduced to what curves and tables show: point.json in its folder.
struct SweepPoint {
  std::string id;                        // of the cell
  std::string model;                     // entry.name
  std::string commit;                    // empty for a folder
  std::uint64_t parameters = 0;          // of the weights that are used
  int layers = 0;                        // L
  int heads = 0;                         // H, of queries
  int kv_heads = 0;                      // key-value heads
  std::string dtype;                     // as measured: "float32"
  int prompts = 0;                       // P
  SweepValue si = {};                    // the index
  SweepValue depth_share = {};           // VarianceStatistics::depth_share
  std::optional<Interval> null_95 = {};  // SI of heads shuffled within layers: the middle 95 %
  std::optional<double> null_p = {};     // two-sided, of SI among them
  SweepValue entropy = {};               // received entropy, mean over layers and heads
  // Names of HeadMetric with their means over layers and heads.
  std::vector<std::pair<std::string, SweepValue>> metrics = {};
  std::int64_t non_finite = 0;             // NaN and infinite values in the pass
  double seconds = 0;                      // of the pass
  std::vector<std::string> warnings = {};  // as ModelResult::warnings

  bool operator==(const SweepPoint&) const = default;
};

// A cell and what became of it.
struct SweepRow {
  SweepCell cell;                        // as planned
  std::optional<SweepPoint> point = {};  // empty: failed or not measured yet
  std::string error = {};                // why it failed; empty with a point or when it was not tried
  int error_code = 0;                    // the exit code that the failure alone would have
  std::string prompts = {};              // names the prompt set
  bool is_repeat = false;                // an earlier row is the same measurement
  // Where its results are: absolute as gathered, in what is saved relative to the folder it is saved in.
  // Empty without a point.
  std::string folder = {};
};

// The points that differ in their revision alone.
struct SweepCurve {
  std::string name;              // SweepCell::curve
  std::string model = {};        // without its revision
  std::string dtype = {};        // as measured
  std::string prompts = {};      // names the prompt set
  std::string variant = {};      // SweepCell::variant
  std::uint64_t parameters = 0;  // of its models
  // Into SweepResult::rows: with a point, each measurement once, ascending by step; those without a step are
  // last, in the plan's order.
  std::vector<std::size_t> rows = {};
};

// All cells of a sweep with what they gave, as far as they were measured.
struct SweepResult {
  int schema_version = 1;             // of sweep.json
  std::string experiment;             // SweepPlan::experiment
  std::string purpose;                // SweepPlan::purpose
  std::string timestamp;              // "20260113_181926", local time
  std::string headspec_version;       // of the program that gathered it
  std::vector<SweepRow> rows;         // of every cell of the plan, in its order
  std::vector<std::string> notes;     // for people: what was left out or joined, what could not be read
  std::vector<std::string> readings;  // what the curves support, in words
  std::vector<SweepCurve> curves;     // smallest model first, else in the plan's order; none without a point
};

}  // namespace headspec
