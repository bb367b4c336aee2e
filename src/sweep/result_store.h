// Where rank 0 puts what ranks without shared storage send: files in pieces, that become the folder of a cell
// or a part of one in headspec's own cache, each in one step.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "headspec/sweep.h"
#include "report/output_folder.h"
#include "sweep/message.h"

namespace headspec::sweep {

class ResultStore {
 public:
  ResultStore(const SweepPlan& plan, std::filesystem::path sweep) : plan_(plan), sweep_(std::move(sweep)) {}

  // A piece of a file; pieces come in order. Throws Error.
  void Add(int rank, const Message& piece);
  // All files of the rank's task have come: puts them in place, unless others were faster. Throws Error.
  void Commit(int rank);
  // The rank is gone, or its task failed.
  void Drop(int rank) { coming_.erase(rank); }

 private:
  struct Coming {
    std::size_t cell = 0;
    std::map<std::string, std::string> of_cell = {};  // name and bytes
    std::map<std::string, std::string> of_cache = {};
  };
  void PutCell(const Coming& coming) const;

  const SweepPlan& plan_;
  const std::filesystem::path sweep_;
  std::map<int, Coming> coming_;
};

}  // namespace headspec::sweep
