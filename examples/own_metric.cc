// A metric of one's own: the share of attention that a query gives to itself.
#include <headspec/metric.h>
#include <headspec/plans.h>
#include <headspec/run.h>
#include <cstdio>
#include <exception>

class SelfAttention final : public headspec::HeadReducer {
 public:
  void Begin(const headspec::HeadPlace&) override { query_ = 0, self_ = total_ = 0; }
  void Add(std::span<const float> row) override {
    if (query_ < row.size()) self_ += row[query_];
    for (const float weight : row) total_ += weight;
    ++query_;
  }
  double Value() override { return self_ / total_; }

 private:
  std::size_t query_ = 0;
  double self_ = 0, total_ = 0;
};

int main(int argc, char** argv) try {
  if (argc != 2) return std::puts("usage: own_metric MODEL    (a folder, or org/name on the hub)"), 2;
  headspec::RunOptions options;
  options.metrics = {{"self_attention", [] { return std::make_unique<SelfAttention>(); }}};
  headspec::Observer silent;
  const headspec::RunResult run = headspec::Measure(headspec::PlanOf({argv[1]}), options, silent);
  const headspec::ModelResult& model = run.models.front();
  if (model.error) return std::fprintf(stderr, "%s\n", model.error->c_str()), model.error_code;
  for (const headspec::HeadMetric& metric : model.head_metrics) {
    if (metric.name == "self_attention") std::printf("layer 0, head 0: %.4f\n", metric.mean[0][0]);
  }
  return 0;
} catch (const std::exception& e) {
  return std::fprintf(stderr, "%s\n", e.what()), 1;
}
