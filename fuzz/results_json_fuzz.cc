// Any bytes as results.json (of run or compare) or provenance.json: read, and then written again, or refused
// with Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.h"
#include "report/comparison_json.h"
#include "report/provenance_json.h"
#include "report/read_comparison.h"
#include "report/read_results.h"
#include "report/results_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    headspec::report::ResultsJson(headspec::report::ReadResults(text, "input"));
  } catch (const headspec::Error&) {
  }
  try {
    headspec::report::ComparisonJson(headspec::report::ReadComparison(text, "input"));
  } catch (const headspec::Error&) {
  }
  try {
    headspec::report::ReadProvenance(text, "input");
  } catch (const headspec::Error&) {
  }
  return 0;
}
