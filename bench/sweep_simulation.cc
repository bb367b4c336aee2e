// A sweep on 1 to 100 nodes, simulated around the real schedule: what does it gain, and what is full first?
//   headspec_sweep_simulation CELLS [--models N] [--network GBIT] [--storage GB] [--downloaded]
// CELLS has a line "name seconds bytes" for each kind of model, its seconds measured on one node; so many
// models are drawn from them. Each node downloads a model over the network that all share, writing it to
// storage that all share, and computes from what is then in its memory; with --downloaded it reads from
// storage while it computes. Rank 0 handles one message after the other; how long one takes is measured here,
// with the real one.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "sweep/leader.h"
#include "sweep/message.h"
#include "sweep/schedule.h"

namespace {

using headspec::SweepPlan;
using headspec::sweep::Message;
using headspec::sweep::Schedule;

constexpr double kNever = std::numeric_limits<double>::infinity();

struct Kind {
  std::string name;
  double seconds = 0;
  double bytes = 0;
};

struct Cluster {
  double network = 1e9 / 8;  // bytes a second from the hub, all nodes together
  double storage = 2e9;      // of the file system
  double message = 0;        // seconds of rank 0 for one message, handled and answered
  double beats = 0.5;        // messages a second of each node
  bool downloads = true;
};

struct Node {
  bool is_busy = false;
  double begins = 0;  // when rank 0's answer is there
  double download = 0, read = 0, compute = 0;
};

struct Outcome {
  double seconds = 0;
  double network = 0, storage = 0, leader = 0;  // share of the time that they were full or busy
};

SweepPlan Drawn(const std::vector<Kind>& kinds, std::size_t models) {
  SweepPlan plan;
  plan.protocols.emplace_back();
  std::mt19937 random(1);
  for (std::size_t i = 0; i < models; ++i) {
    const Kind& kind = kinds[random() % kinds.size()];
    headspec::SweepCell cell;
    cell.id = std::to_string(i);
    cell.folder = kind.name;
    cell.cost.seconds = kind.seconds;
    cell.cost.weight_bytes = static_cast<std::uint64_t>(kind.bytes);
    plan.cells.push_back(cell);
  }
  return plan;
}

// Seconds that rank 0 takes for a message and its answer, packing and unpacking included.
double MessageSeconds(const SweepPlan& plan, int ranks) {
  Schedule schedule(plan, headspec::sweep::DistinctCells(plan));
  headspec::sweep::SweepEvents nobody;
  std::vector<Message> tasks(static_cast<std::size_t>(ranks));
  headspec::sweep::Leader leader(
      plan, schedule, "",
      [&tasks](int rank, const Message& message) {
        tasks[static_cast<std::size_t>(rank)] = headspec::sweep::Unpacked(headspec::sweep::Packed(message));
      },
      nobody);
  leader.Begin(ranks, "token", 0);
  for (int rank = 0; rank < ranks; ++rank)
    leader.Take(rank, {.kind = Message::Kind::kReady, .flag = true, .sees_cache = true}, 0);
  const auto begun = std::chrono::steady_clock::now();
  std::size_t messages = 0;
  for (int rank = 0; !leader.Finished(); rank = (rank + 1) % ranks) {
    Message done = tasks[static_cast<std::size_t>(rank)];
    if (done.kind != Message::Kind::kTask) continue;
    done.kind = Message::Kind::kDone;
    tasks[static_cast<std::size_t>(rank)].kind = Message::Kind::kBeat;
    leader.Take(rank, headspec::sweep::Unpacked(headspec::sweep::Packed(done)), 0);
    ++messages;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  return took.count() / static_cast<double>(messages);
}

class Simulation {
 public:
  Simulation(const SweepPlan& plan, const Cluster& cluster, int nodes)
      : plan_(plan),
        cluster_(cluster),
        schedule_(plan, headspec::sweep::DistinctCells(plan)),
        nodes_(static_cast<std::size_t>(nodes)) {}

  Outcome Run() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) Ask(i);
    while (!schedule_.Finished()) Step();
    const double beats = cluster_.beats * cluster_.message * static_cast<double>(nodes_.size() - 1);
    return {now_, full_network_ / now_, full_storage_ / now_, messages_ * cluster_.message / now_ + beats};
  }

 private:
  // A node is done, or begins: rank 0 answers when it has answered those before.
  void Ask(std::size_t i) {
    leader_free_ = std::max(leader_free_, now_) + cluster_.message;
    messages_ += 1;
    Node& node = nodes_[i];
    if (node.is_busy) schedule_.Done(static_cast<int>(i));
    const auto task = schedule_.Next(static_cast<int>(i));
    node = {};
    if (!task) return;
    const headspec::CellCost& cost = plan_.cells[task->cell].cost;
    const auto bytes = static_cast<double>(cost.weight_bytes);
    node = {.is_busy = true,
            .begins = leader_free_,
            .download = cluster_.downloads ? bytes : 0,
            .read = cluster_.downloads ? 0 : bytes,
            .compute = cost.seconds};
  }

  bool HasBegun(const Node& node) const { return node.is_busy && node.begins <= now_; }

  // To the next moment at which something ends or begins; rates are constant until then.
  void Step() {
    double downloading = 0, reading = 0;
    for (const Node& node : nodes_) {
      if (!HasBegun(node)) continue;
      if (node.download > 0)
        ++downloading;
      else if (node.read > 0)
        ++reading;
    }
    const double download_rate = std::min(cluster_.network, cluster_.storage) / std::max(1.0, downloading);
    // Alone, a node reads no faster than one stream does.
    const double read_rate = std::min(cluster_.storage / std::max(1.0, reading), kOneReader);
    double step = kNever;
    for (const Node& node : nodes_) {
      if (!node.is_busy) continue;
      if (!HasBegun(node))
        step = std::min(step, node.begins - now_);
      else if (node.download > 0)
        step = std::min(step, node.download / download_rate);
      else {
        if (node.read > 0) step = std::min(step, node.read / read_rate);
        if (node.compute > 0) step = std::min(step, node.compute);
      }
    }
    Advance(step, download_rate, read_rate);
    full_network_ += step * downloading * download_rate / cluster_.network;
    full_storage_ += step * (reading * read_rate + downloading * download_rate) / cluster_.storage;
  }

  void Advance(double step, double download_rate, double read_rate) {
    const auto use = [](double& left, double amount) {
      left -= amount;
      if (left < 1e-9 * amount) left = 0;
    };
    const double before = now_;
    std::vector<std::size_t> done;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      Node& node = nodes_[i];
      if (!node.is_busy || node.begins > before) continue;
      if (node.download > 0) {
        use(node.download, download_rate * step);
        continue;
      }
      if (node.read > 0) use(node.read, read_rate * step);
      if (node.compute > 0) use(node.compute, step);
      if (node.read <= 0 && node.compute <= 0) done.push_back(i);
    }
    now_ = before + step;
    for (const std::size_t i : done) Ask(i);
  }

  static constexpr double kOneReader = 1e9;

  const SweepPlan& plan_;
  const Cluster& cluster_;
  Schedule schedule_;
  std::vector<Node> nodes_;
  double now_ = 0, leader_free_ = 0, messages_ = 0;
  double full_network_ = 0, full_storage_ = 0;
};

std::vector<Kind> ReadKinds(const char* file) {
  std::ifstream in(file);
  std::vector<Kind> kinds;
  for (std::string line; std::getline(in, line);) {
    Kind kind;
    char name[64];
    if (line.starts_with('#')) continue;
    if (std::sscanf(line.c_str(), "%63s %lf %lf", name, &kind.seconds, &kind.bytes) != 3) continue;
    kind.name = name;
    kinds.push_back(kind);
  }
  return kinds;
}

// Below this efficiency nodes wait for something that they share.
constexpr double kWorthIt = 0.8;

std::string FullIn(const Outcome& outcome, int nodes) {
  std::pair<double, const char*> most(outcome.network, "the network");
  for (const auto& [share, name] :
       {std::pair(outcome.storage, "storage"), std::pair(outcome.leader, "rank 0")})
    if (share > most.first) most = {share, name};
  return fmt::format("at {} nodes efficiency is below {:.0f} %: {} is busy {:.0f} % of the time", nodes,
                     100 * kWorthIt, most.second, 100 * most.first);
}

int Usage() {
  fmt::print(
      stderr,
      "usage: headspec_sweep_simulation CELLS [--models N] [--network GBIT] [--storage GB] [--downloaded]\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return Usage();
  const std::vector<Kind> kinds = ReadKinds(argv[1]);
  if (kinds.empty()) return Usage();
  Cluster cluster;
  std::size_t models = 1000;
  for (int i = 2; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--downloaded") {
      cluster.downloads = false;
    } else if (i + 1 == argc) {
      return Usage();
    } else if (option == "--models") {
      models = std::strtoull(argv[++i], nullptr, 10);
    } else if (option == "--network") {
      cluster.network = std::atof(argv[++i]) * 1e9 / 8;
    } else if (option == "--storage") {
      cluster.storage = std::atof(argv[++i]) * 1e9;
    } else {
      return Usage();
    }
  }
  const SweepPlan plan = Drawn(kinds, models);
  cluster.message = MessageSeconds(plan, 100);
  fmt::print("{} models of {} kinds; {}storage {:.1f} GB/s; a message takes rank 0 {:.0f} us\n", models,
             kinds.size(),
             cluster.downloads ? fmt::format("network {:.1f} Gbit/s; ", cluster.network * 8 / 1e9) : "",
             cluster.storage / 1e9, cluster.message * 1e6);
  fmt::print("{:>5} {:>9} {:>9} {:>11} {:>9} {:>9} {:>8}\n", "nodes", "hours", "times", "efficiency",
             "network", "storage", "rank 0");
  double alone = 0;
  std::string full;
  for (const int nodes : {1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100}) {
    const Outcome outcome = Simulation(plan, cluster, nodes).Run();
    if (nodes == 1) alone = outcome.seconds;
    const double times = alone / outcome.seconds;
    fmt::print("{:>5} {:>9.2f} {:>9.1f} {:>10.0f}% {:>8.0f}% {:>8.0f}% {:>7.2f}%\n", nodes,
               outcome.seconds / 3600, times, 100 * times / nodes, 100 * outcome.network,
               100 * outcome.storage, 100 * outcome.leader);
    if (full.empty() && times < kWorthIt * nodes) full = FullIn(outcome, nodes);
  }
  fmt::print("{}\n", full.empty() ? "nothing is full at 100 nodes" : full);
  return 0;
}
