// One thin file for each command: it adds itself to the program and leaves its exit code in `exit_code`.
#pragma once

#include <CLI/CLI.hpp>

namespace headspec::cli {

void AddRun(CLI::App& program, int& exit_code);
void AddPlan(CLI::App& program, int& exit_code);
void AddMerge(CLI::App& program, int& exit_code);
void AddSubmit(CLI::App& program, int& exit_code);
void AddWorker(CLI::App& program, int& exit_code);
void AddMeasure(CLI::App& program, int& exit_code);
void AddCompare(CLI::App& program, int& exit_code);
void AddSanity(CLI::App& program, int& exit_code);
void AddInspect(CLI::App& program, int& exit_code);
void AddSi(CLI::App& program, int& exit_code);
void AddReport(CLI::App& program, int& exit_code);
void AddFetch(CLI::App& program, int& exit_code);
void AddVerify(CLI::App& program, int& exit_code);
void AddModels(CLI::App& program, int& exit_code);
void AddHelp(CLI::App& program, int& exit_code);
void AddManual(CLI::App& program, int& exit_code);
void AddCompletion(CLI::App& program, int& exit_code);

}  // namespace headspec::cli
