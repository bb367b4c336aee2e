#include "sweep/leader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "sweep/failure.h"

namespace headspec::sweep {

Leader::Leader(const SweepPlan& plan, Schedule& schedule, std::filesystem::path sweep, Send send,
               SweepEvents& events)
    : plan_(plan),
      schedule_(schedule),
      send_(std::move(send)),
      events_(events),
      sweep_(std::move(sweep)),
      store_(plan, sweep_) {}

void Leader::UsePlanText(std::string manifest, std::string plan_json) {
  manifest_text_ = std::move(manifest);
  plan_json_ = std::move(plan_json);
}

void Leader::Begin(int ranks, const std::string& token, double now) {
  ranks_.resize(static_cast<std::size_t>(ranks));
  now_ = last_beat_ = now;
  for (int rank = 0; rank < ranks; ++rank) {
    ranks_[static_cast<std::size_t>(rank)].heard = now;
    send_(rank, {.kind = Message::Kind::kWelcome, .name = token, .text = sweep_.string()});
  }
}

void Leader::Take(int from, const Message& message, double now) {
  now_ = now;
  Rank& rank = ranks_.at(static_cast<std::size_t>(from));
  rank.heard = now;
  if (rank.state == Rank::State::kLost && message.kind != Message::Kind::kLeft) {
    rank.state = rank.host.empty() ? Rank::State::kAsked : Rank::State::kReady;
    events_.OnNote(fmt::format("rank {} on {} answers again", from, rank.host));
  }
  switch (message.kind) {
    case Message::Kind::kReady:
      rank.host = message.text;
      rank.sees_folder = message.flag;
      rank.sees_cache = message.sees_cache;
      rank.state = Rank::State::kReady;
      if (!rank.sees_folder)
        send_(from, {.kind = Message::Kind::kPlan, .text = manifest_text_, .bytes = plan_json_});
      break;
    case Message::Kind::kFile:
      if (rank.number != 0 && message.number == rank.number) store_.Add(from, message);
      return;
    case Message::Kind::kDone:
      End(from, message, now);
      break;
    case Message::Kind::kNote:
      events_.OnNote(message.text);
      return;
    case Message::Kind::kLeft:
      Lose(from, "left");
      break;
    default:
      break;
  }
  HandOut();
}

void Leader::End(int from, const Message& message, double now) {
  Rank& rank = ranks_[static_cast<std::size_t>(from)];
  using Outcome = Message::Outcome;
  // Of a task that was thought lost only some of the files may be here; it has been handed out again.
  if (message.number != rank.number || rank.number == 0) return;
  if (message.outcome == Outcome::kMeasured)
    store_.Commit(from);
  else
    store_.Drop(from);
  rank.number = 0;
  const std::size_t cell = message.task.cell;
  switch (message.outcome) {
    case Outcome::kMeasured:
      schedule_.Done(from);
      if (!message.task.range) events_.OnMeasured(plan_.cells.at(cell), now - rank.begun);
      return;
    case Outcome::kFailed:
      schedule_.Failed(from);
      GiveUp(cell, {message.text, message.code});
      return;
    case Outcome::kDied: {
      events_.OnNote(
          fmt::format("{}: measuring it {} on {}", plan_.cells.at(cell).folder, message.text, rank.host));
      if (const auto given_up = schedule_.Lost(from, Loss::kDied))
        GiveUp(*given_up, {fmt::format("measuring it {}, and did so before", message.text), 1});
      return;
    }
    case Outcome::kInterrupted:
      if (const auto given_up = schedule_.Lost(from, Loss::kVanished))
        GiveUp(*given_up, {"every worker that measured it was stopped", 1});
      return;
  }
}

void Leader::GiveUp(std::size_t cell, const CellFailure& failure) {
  NoteFailure(sweep_, plan_.cells.at(cell), failure);
  events_.OnFailed(plan_.cells.at(cell), failure);
}

void Leader::Lose(int rank, const std::string& why) {
  Rank& lost = ranks_[static_cast<std::size_t>(rank)];
  if (lost.state == Rank::State::kLost) return;
  lost.state = Rank::State::kLost;
  has_lost_ = true;
  store_.Drop(rank);
  events_.OnNote(fmt::format("rank {}{}{} {}", rank, lost.host.empty() ? "" : " on ", lost.host, why));
  if (lost.number == 0) return;
  lost.number = 0;
  if (const auto given_up = schedule_.Lost(rank, Loss::kVanished))
    GiveUp(*given_up, {"every rank that measured it was lost", 1});
}

void Leader::HandOut() {
  for (std::size_t i = 0; i < ranks_.size(); ++i) {
    Rank& rank = ranks_[i];
    if (rank.state != Rank::State::kReady || rank.number != 0) continue;
    // Rank 0 has the cache that parts are put in, whether or not a file could be left there.
    const auto task = schedule_.Next(static_cast<int>(i), rank.sees_cache || i == 0);
    if (!task) continue;
    rank.number = ++tasks_;
    rank.begun = now_;
    send_(static_cast<int>(i), {.kind = Message::Kind::kTask,
                                .number = rank.number,
                                .task = *task,
                                .name = plan_.cells.at(task->cell).folder});
  }
}

void Leader::Tick(double now) {
  now_ = now;
  for (std::size_t i = 1; i < ranks_.size(); ++i) {
    if (ranks_[i].state != Rank::State::kLost && now - ranks_[i].heard > beats_.silence)
      Lose(static_cast<int>(i), fmt::format("has not answered for {:.0f} s", now - ranks_[i].heard));
  }
  HandOut();
  if (now - last_beat_ < beats_.interval) return;
  last_beat_ = now;
  for (std::size_t i = 1; i < ranks_.size(); ++i)
    if (ranks_[i].state != Rank::State::kLost) send_(static_cast<int>(i), {.kind = Message::Kind::kBeat});
}

void Leader::Stop() {
  const bool together = AllThere();
  for (std::size_t i = 0; i < ranks_.size(); ++i)
    send_(static_cast<int>(i), {.kind = Message::Kind::kStop, .flag = together});
}

bool Leader::AllThere() const { return !has_lost_; }

}  // namespace headspec::sweep
