#include "checkpoint/json_events.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/json.h"

namespace headspec::checkpoint {
namespace {

class Adapter final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Adapter(JsonEvents& events) : events_(events) {}

  bool null() override { return Pass("null"); }
  bool boolean(bool value) override { return Pass(value ? "true" : "false"); }
  bool number_integer(std::int64_t value) override { return Pass(std::to_string(value)); }
  bool number_float(double, const std::string& token) override { return Pass(token); }
  bool binary(nlohmann::json::binary_t&) override { return Pass("binary"); }
  bool number_unsigned(std::uint64_t value) override {
    events_.Unsigned(value);
    return true;
  }
  bool string(std::string& value) override {
    events_.String(value);
    return true;
  }
  bool key(std::string& value) override {
    events_.Key(value);
    return true;
  }
  bool start_object(std::size_t) override {
    Enter();
    events_.StartObject();
    return true;
  }
  bool start_array(std::size_t) override {
    Enter();
    events_.StartArray();
    return true;
  }
  bool end_object() override {
    --depth_;
    events_.EndObject();
    return true;
  }
  bool end_array() override {
    --depth_;
    events_.EndArray();
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    events_.Broken(fmt::format("not valid JSON near byte {}", position));
    return false;
  }

 private:
  bool Pass(std::string_view token) {
    events_.Other(token);
    return true;
  }
  void Enter() {
    if (++depth_ > kDeepestJson) events_.Broken(fmt::format("nested deeper than {} levels", kDeepestJson));
  }

  JsonEvents& events_;
  int depth_ = 0;
};

}  // namespace

void ReadJson(std::string_view text, JsonEvents& events) {
  // nlohmann takes a NUL for the end of the text and would not look behind it. JSON never holds one.
  const std::size_t nul = text.find('\0');
  if (nul != std::string_view::npos) events.Broken(fmt::format("not valid JSON: a NUL at byte {}", nul + 1));
  Adapter adapter(events);
  nlohmann::json::sax_parse(text.begin(), text.end(), &adapter);
}

}  // namespace headspec::checkpoint
