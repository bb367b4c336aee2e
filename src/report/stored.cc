#include "report/stored.h"

#include "report/json_reader.h"
#include "report/read_comparison.h"
#include "report/read_results.h"

namespace headspec::report {

Stored ReadStored(std::string_view text, std::string_view file) {
  const JsonReader json = JsonReader::Parse(text, file);
  json.RequireSchema(RunResult().schema_version);
  if (json.Has("config")) return ReadComparison(json);
  return ReadResults(json);
}

}  // namespace headspec::report
