// report.html: a result and all that shows it in one file, which loads nothing else. How it looks and works
// is made in page/; here its data is put in. That is one JSON object:
//   format      1
//   kind        "experiment" (of `run`), "measurement" or "comparison"; "sweep": report/sweep_page.h
//   results     results.json of `run` and `measure`; of a comparison what was measured for it, or null
//   comparison  results.json of `compare`, else null
//   summary     plain sentences, the verdict first
//   sizes       of each of results.results: billions of parameters, or null
//   attention   of each: null, or {"bits": 8, "prompts": [null or base64 of raw deflate of [L][H][T][T],
//   ...]}
// Large tables in it are packed (report/packed.h).
#pragma once

#include <string>

#include "headspec/comparison.h"
#include "headspec/result.h"

namespace headspec::report {

std::string RunPage(const RunResult& run);
std::string ComparisonPage(const Comparison& comparison);

}  // namespace headspec::report
