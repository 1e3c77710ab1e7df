// One of gatevisor's records, as its JSON console writes them.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace gatevisor::testing {

class Record {
 public:
  Record() = default;  ///< none: every field is empty
  static std::optional<Record> parse(const std::string& line);

  bool exists() const { return json_ != nullptr; }
  const std::string& line() const { return line_; }
  /// By JSON pointer: text("/verdict/cause"). A number as its digits; "" where there is none.
  std::string text(const std::string& pointer) const;
  long number(const std::string& pointer) const;  ///< -1 where there is none
  bool has(const std::string& pointer) const;
  /// Whether /verdict/evidence (or another list) has an object whose `key` is `value`.
  bool lists(const std::string& pointer, const std::string& key, const std::string& value) const;

 private:
  struct Json;
  std::string line_;
  std::shared_ptr<const Json> json_;
};

}  // namespace gatevisor::testing
