// Made-up sweeps: plain formulas, nothing measured.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "headspec/sweep.h"

namespace headspec {

inline SweepValue Around(double value, double reach) {
  return {value, Interval{value - reach, value + 1.2 * reach}};
}

inline std::string IdOf(std::size_t number) {
  std::string digits = std::to_string(number);
  return std::string(16 - digits.size(), '0') + digits;
}

inline SweepPoint PointAt(double parameters, double step, std::size_t number) {
  const double learnt = std::log10(1 + step) / std::log10(143001.0);
  const double size = std::log10(parameters / 7e7);
  SweepPoint point;
  point.id = IdOf(number);
  point.model = "org/tiny";
  point.commit = std::string(40, 'c');
  point.parameters = static_cast<std::uint64_t>(parameters);
  point.layers = 6;
  point.heads = point.kv_heads = 8;
  point.dtype = "float32";
  point.prompts = 10;
  const double si = 0.95 - 0.4 * learnt * learnt + 0.1 * size + 0.02 * std::sin(7 * learnt);
  point.si = Around(si, 0.03);
  point.null_95 = Interval{0.93, 1.02};
  point.null_p = si < 0.93 ? 0.001 : 0.4;
  point.depth_share = Around(0.9 - 0.5 * learnt, 0.02);
  point.entropy = Around(0.93 - 0.3 * learnt, 0.004);
  point.metrics = {{"sink_mass", Around(0.05 + 0.4 * learnt, 0.01)},
                   {"mean_distance", Around(9 - 3 * learnt, 0.2)},
                   {"induction", {0.1 * learnt, {}}}};
  point.seconds = 0.25;
  return point;
}

struct SweepModel {
  std::string name;
  double parameters = 0;
};

// Every model at every step; what `without` names by row has no point.
inline SweepResult SampleSweep(const std::vector<SweepModel>& models, const std::vector<double>& steps) {
  SweepResult sweep;
  sweep.experiment = "Made up over training";
  sweep.purpose = "To see what curves look like";
  sweep.timestamp = "20260101_120000";
  sweep.headspec_version = "0.1.0";
  for (const SweepModel& model : models) {
    SweepCurve curve{.name = model.name + " float32 standard-10-v3",
                     .model = model.name,
                     .dtype = "float32",
                     .prompts = "Standard-10 v3",
                     .parameters = static_cast<std::uint64_t>(model.parameters)};
    for (const double step : steps) {
      SweepRow row;
      row.cell.id = IdOf(sweep.rows.size());
      row.cell.revision = "step" + std::to_string(static_cast<int>(step));
      row.cell.step = step;
      row.cell.curve = curve.name;
      row.cell.dtype = "float32";
      row.cell.entry.name = model.name;
      row.cell.folder = "tiny@" + row.cell.revision + "-float32-" + row.cell.id;
      row.folder = "models/" + row.cell.folder;
      row.point = PointAt(model.parameters, step, sweep.rows.size());
      row.point->model = model.name;
      row.prompts = curve.prompts;
      curve.rows.push_back(sweep.rows.size());
      sweep.rows.push_back(row);
    }
    sweep.curves.push_back(curve);
  }
  return sweep;
}

inline std::vector<double> PythiaSteps() {
  std::vector<double> steps = {0};
  for (double step = 1; step < 1000; step *= 2) steps.push_back(step);
  for (double step = 1000; step <= 143000; step += step < 10000 ? 1000 : 10000) steps.push_back(step);
  steps.push_back(143000);
  return steps;
}

}  // namespace headspec
