#include "report/head_arrays.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "report/npy_writer.h"
#include "report/text.h"
#include "report/zip_writer.h"

namespace headspec::report {
namespace {

constexpr const char* kEntropy = "received_entropy";

std::vector<double> Flat(const std::vector<Table>& tables) {
  std::vector<double> values;
  for (const Table& table : tables) {
    for (const auto& row : table) values.insert(values.end(), row.begin(), row.end());
  }
  return values;
}

// The arrays of one model, under its number.
class ModelArrays {
 public:
  ModelArrays(std::size_t number, ZipWriter& archive)
      : prefix_(fmt::format("{}/", number)), archive_(archive) {}

  void AddTable(const std::string& name, const Table& table) {
    if (table.empty()) return;
    Add(name, Npy({table.size(), table.front().size()}, Flat({table})));
  }
  void AddTables(const std::string& name, const std::vector<Table>& tables) {
    if (tables.empty()) return;
    const Table& first = tables.front();
    Add(name, Npy({tables.size(), first.size(), first.front().size()}, Flat(tables)));
  }
  void AddNumbers(const std::string& name, const std::vector<double>& values) {
    Add(name, Npy({values.size()}, values));
  }
  void AddInts(const std::string& name, const std::vector<int>& values) {
    Add(name, Npy({values.size()}, std::vector<std::int64_t>(values.begin(), values.end())));
  }

 private:
  void Add(const std::string& name, std::string npy) {
    archive_.AddBytes(prefix_ + name + ".npy", std::move(npy));
  }

  std::string prefix_;
  ZipWriter& archive_;
};

void AddModel(const ModelResult& model, ModelArrays arrays) {
  arrays.AddTable("head_entropies", model.head_entropies);
  arrays.AddTables("head_entropies_per_prompt", model.prompt_entropies);
  arrays.AddTable(std::string(kEntropy) + "_kv_groups", model.kv_group_entropies);
  for (const HeadMetric& metric : model.head_metrics) {
    arrays.AddTable(metric.name, metric.mean);
    arrays.AddTables(metric.name + "_per_prompt", metric.per_prompt);
    arrays.AddTable(metric.name + "_kv_groups", metric.kv_group_means);
  }
  arrays.AddTable("head_correlation", model.statistics.head_correlation);
  arrays.AddNumbers("max_abs_score", model.numerics.max_abs_score);
  arrays.AddInts("valid_lengths", model.valid_lengths);
  std::vector<int> tokens;
  for (const auto& prompt : model.token_ids) tokens.insert(tokens.end(), prompt.begin(), prompt.end());
  arrays.AddInts("token_ids", tokens);
  if (!model.induction_ids.empty()) arrays.AddInts("induction_ids", model.induction_ids);
}

void AppendRows(const std::string& model, const std::string& metric, const Table& table, std::string& csv) {
  for (std::size_t layer = 0; layer < table.size(); ++layer) {
    for (std::size_t head = 0; head < table[layer].size(); ++head) {
      const double value = table[layer][head];
      csv += fmt::format("{},{},{},{},{}\n", model, layer, head, metric,
                         std::isfinite(value) ? PythonFloat(value) : "");
    }
  }
}

}  // namespace

void WriteHeadArrays(const RunResult& run, const std::filesystem::path& target) {
  ZipWriter archive(target, "arrays");
  std::vector<std::string> names;
  std::vector<double> indices;
  for (const ModelResult& model : run.models) {
    names.push_back(model.model);
    indices.push_back(model.error ? std::numeric_limits<double>::quiet_NaN() : model.si_mean);
  }
  archive.AddBytes("models.npy", Npy(names));
  archive.AddBytes("si.npy", Npy({indices.size()}, indices));
  for (std::size_t i = 0; i < run.models.size(); ++i) {
    if (!run.models[i].error) AddModel(run.models[i], ModelArrays(i, archive));
  }
  archive.Close();
}

std::string HeadsCsv(const RunResult& run) {
  std::string csv = "model,layer,head,metric,value\n";
  for (const ModelResult& model : run.models) {
    if (model.error) continue;
    const std::string name = CsvField(OneLine(model.model));
    AppendRows(name, kEntropy, model.head_entropies, csv);
    AppendRows(name, std::string(kEntropy) + "_kv_groups", model.kv_group_entropies, csv);
    for (const HeadMetric& metric : model.head_metrics) {
      AppendRows(name, metric.name, metric.mean, csv);
      AppendRows(name, metric.name + "_kv_groups", metric.kv_group_means, csv);
    }
  }
  return csv;
}

}  // namespace headspec::report
