#include "config/environment_file.h"

#include <algorithm>

namespace gatevisor::config {
namespace {

bool is_newline(char c) { return c == '\n' || c == '\r'; }
bool is_white(char c) { return kWhitespace.find(c) != std::string_view::npos; }

/// One pass over the text. Keeps the line of what it reads for the error.
class Reader {
 public:
  Reader(std::string_view text, std::string_view path) : text_(text), path_(path) {}

  Expected<std::vector<std::string>> read() {
    std::vector<std::string> environment;
    while (skip_to_name()) {
      const std::size_t start_line = line_;
      std::string name;
      if (!take_name(name)) continue;
      auto value = take_value(start_line);
      if (!value) return std::unexpected(std::move(value.error()));
      if (auto valid = check_assignment(name + "=" + *value); !valid) {
        return error(start_line, std::move(valid.error()));
      }
      if (environment.size() == kMaxEntries) {
        return error(start_line, "expected at most " + std::to_string(kMaxEntries) + " variables");
      }
      set_variable(environment, name + "=" + *value);
    }
    return environment;
  }

 private:
  bool done() const { return at_ == text_.size(); }

  char take() {
    const char c = text_[at_++];
    if (c == '\n') ++line_;
    return c;
  }

  std::unexpected<Error> error(std::size_t line, std::string advice) const {
    return fail("parse", printable(path_) + ":" + std::to_string(line), 0, std::move(advice));
  }

  /// Over white space, empty lines and comments. False at the end of the text.
  bool skip_to_name() {
    while (!done()) {
      const char c = text_[at_];
      if (c == '#' || c == ';') {
        while (!done() && !is_newline(text_[at_])) take();
      } else if (is_white(c)) {
        take();
      } else {
        return true;
      }
    }
    return false;
  }

  /// Up to '='. False where the line has none.
  bool take_name(std::string& name) {
    while (!done()) {
      const char c = take();
      if (c == '=') {
        name = trim(name);
        return true;
      }
      if (is_newline(c)) return false;
      name += c;
    }
    return false;
  }

  /// Quoted parts, then perhaps an unquoted one, up to the end of the line.
  Expected<std::string> take_value(std::size_t start_line) {
    std::string value;
    while (!done()) {
      const char c = text_[at_];
      if (is_newline(c)) {
        take();
        return value;
      }
      if (c == '\'' || c == '"') {
        take();
        if (!(c == '"' ? take_double_quoted(value) : take_single_quoted(value))) {
          return error(start_line,
                       std::string("the quote ") + c + " is open at the end of the file");
        }
      } else if (is_white(c)) {
        take();
      } else {
        take_unquoted(value);
        return value;
      }
    }
    return value;
  }

  bool take_single_quoted(std::string& value) {
    while (!done()) {
      const char c = take();
      if (c == '\'') return true;
      value += c;
    }
    return false;
  }

  /// A backslash is one only before what a shell would treat as special.
  bool take_double_quoted(std::string& value) {
    while (!done()) {
      const char c = take();
      if (c == '"') return true;
      if (c != '\\') {
        value += c;
        continue;
      }
      if (done()) return false;
      const char next = take();
      if (next == '\n') continue;
      if (std::string_view("\"\\`$").find(next) == std::string_view::npos) value += c;
      value += next;
    }
    return false;
  }

  /// Up to the end of the line, without the white space before it unless that is escaped.
  void take_unquoted(std::string& value) {
    std::size_t keep = value.size();
    while (!done()) {
      const char c = take();
      if (is_newline(c)) break;
      if (c == '\\') {
        if (done()) break;
        const char next = take();
        if (!is_newline(next)) value += next;
        keep = value.size();
        continue;
      }
      value += c;
      if (!is_white(c)) keep = value.size();
    }
    value.resize(keep);
  }

  std::string_view text_;
  std::string_view path_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

}  // namespace

bool is_variable_name(std::string_view name) {
  if (name.empty() || is_digit(name[0])) return false;
  return std::ranges::all_of(name, [](char c) {
    return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

void set_variable(std::vector<std::string>& environment, std::string assignment) {
  const std::string_view name = std::string_view(assignment).substr(0, assignment.find('=') + 1);
  for (std::string& entry : environment) {
    if (entry.starts_with(name)) {
      entry = std::move(assignment);
      return;
    }
  }
  environment.push_back(std::move(assignment));
}

Parsed<void> check_assignment(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) {
    return refuse("expected NAME=VALUE; put quotes around a value with spaces");
  }
  const std::string_view name = assignment.substr(0, equals);
  if (!is_variable_name(name)) {
    // The name is not repeated: it may be the middle of a secret that holds a '='.
    return refuse("expected NAME=VALUE; a name has letters, digits and '_', and no digit first");
  }
  if (assignment.size() > kMaxAssignment) {
    return refuse("the value of " + printable(name) + " is longer than execve takes, 128 KiB");
  }
  if (!is_utf8(assignment)) return refuse("the value of " + printable(name) + " is not UTF-8");
  return {};
}

Expected<std::vector<std::string>> parse_environment_file(std::string_view text,
                                                          std::string_view path) {
  if (text.size() > kMaxValue) {
    return fail("parse", printable(path), 0, "expected a file of at most 1 MiB");
  }
  return Reader(text, path).read();
}

}  // namespace gatevisor::config
