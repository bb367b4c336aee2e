#include "sweep/message.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"

namespace headspec::sweep {
namespace {

// Raised when a message changes its meaning.
constexpr int kVersion = 1;

[[noreturn]] void FailForeign() {
  throw Error(ErrorKind::kRun, "a message of another rank cannot be understood",
              "install the same version of headspec on all hosts");
}

}  // namespace

std::string Packed(const Message& message) {
  nlohmann::json head = {{"version", kVersion},
                         {"kind", static_cast<int>(message.kind)},
                         {"number", message.number},
                         {"cell", message.task.cell},
                         {"outcome", static_cast<int>(message.outcome)},
                         {"code", message.code},
                         {"flag", message.flag},
                         {"sees_cache", message.sees_cache},
                         {"offset", message.offset},
                         {"name", message.name},
                         {"text", message.text}};
  if (message.task.range) head["range"] = {message.task.range->first, message.task.range->last};
  // Names of files and words of errors may be no UTF-8.
  return head.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n" + message.bytes;
}

Message Unpacked(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) FailForeign();
  Message message;
  try {
    const auto head = ParseJson<nlohmann::json>(bytes.substr(0, end));
    if (head.at("version") != kVersion) FailForeign();
    message.kind = static_cast<Message::Kind>(head.at("kind").get<int>());
    message.number = head.at("number");
    message.task.cell = head.at("cell");
    message.outcome = static_cast<Message::Outcome>(head.at("outcome").get<int>());
    message.code = head.at("code");
    message.flag = head.at("flag");
    message.sees_cache = head.at("sees_cache");
    message.offset = head.at("offset");
    message.name = head.at("name");
    message.text = head.at("text");
    if (head.contains("range"))
      message.task.range = PromptRange{head["range"].at(0).get<int>(), head["range"].at(1).get<int>()};
  } catch (const JsonError&) {
    FailForeign();
  } catch (const nlohmann::json::exception&) {
    FailForeign();
  }
  message.bytes = bytes.substr(end + 1);
  return message;
}

}  // namespace headspec::sweep
