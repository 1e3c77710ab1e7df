#include "os/expression.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <utility>

namespace gatevisor::os {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_separator(char c) { return c == '~' || c == '-' || c == '^' || c == '.'; }

char first(std::string_view text) { return text.empty() ? '\0' : text.front(); }

template <typename Is>
std::string_view take_while(std::string_view& text, Is is) {
  const auto end = std::ranges::find_if_not(text, is);
  const auto length = static_cast<std::size_t>(end - text.begin());
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(length);
  return taken;
}

int sign(std::size_t a, std::size_t b) { return a < b ? -1 : a > b ? 1 : 0; }

int compare_numbers(std::string_view a, std::string_view b) {
  // A number is newer than none.
  if (a.empty() != b.empty()) return a.empty() ? -1 : 1;
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  return a.size() != b.size() ? sign(a.size(), b.size()) : a.compare(b);
}

}  // namespace

int compare_versions(std::string_view a, std::string_view b) {
  const auto is_other = [](char c) { return !is_digit(c) && !is_letter(c) && !is_separator(c); };
  for (;;) {
    take_while(a, is_other);
    take_while(b, is_other);
    // What begins with '~' is older, even than the end.
    bool skipped = false;
    if (first(a) == '~' || first(b) == '~') {
      if (first(a) != first(b)) return first(a) == '~' ? -1 : 1;
      skipped = true;
    } else if (a.empty() || b.empty()) {
      return sign(a.size(), b.size());
    } else {
      for (const char mark : {'-', '^', '.'}) {
        if (first(a) != mark && first(b) != mark) continue;
        if (first(a) != first(b)) return first(a) == mark ? -1 : 1;
        skipped = true;
        break;
      }
    }
    if (skipped) {
      a.remove_prefix(1);
      b.remove_prefix(1);
      continue;
    }
    const bool number = is_digit(first(a)) || is_digit(first(b));
    const std::string_view x = number ? take_while(a, is_digit) : take_while(a, is_letter);
    const std::string_view y = number ? take_while(b, is_digit) : take_while(b, is_letter);
    const int order = number ? compare_numbers(x, y) : x.compare(y);
    if (order != 0) return order;
  }
}

std::optional<Operator> take_operator(std::string_view& text) {
  // The longer ones first.
  constexpr std::array<std::pair<std::string_view, Operator>, 10> kOperators = {{
      {"!$=", Operator::MatchesNot},
      {"$=", Operator::Matches},
      {"<=", Operator::LessEqual},
      {">=", Operator::GreaterEqual},
      {"<>", Operator::Different},
      {"!=", Operator::Unequal},
      {"==", Operator::Same},
      {"<", Operator::Less},
      {">", Operator::Greater},
      {"=", Operator::Equal},
  }};
  for (const auto& [name, op] : kOperators) {
    if (!text.starts_with(name)) continue;
    text.remove_prefix(name.size());
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return op;
  }
  return std::nullopt;
}

std::string unquoted(std::string value) {
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
      value.back() == value.front()) {
    return value.substr(1, value.size() - 2);
  }
  return value;
}

bool holds_for_text(Operator op, const std::string& actual, const std::string& wanted) {
  const auto matches = [&] { return fnmatch(wanted.c_str(), actual.c_str(), 0) == 0; };
  switch (op) {
    case Operator::Equal: return actual == wanted;
    case Operator::Unequal: return actual != wanted;
    case Operator::Matches: return matches();
    case Operator::MatchesNot: return !matches();
    case Operator::Same: return compare_versions(actual, wanted) == 0;
    case Operator::Different: return compare_versions(actual, wanted) != 0;
    case Operator::Less: return compare_versions(actual, wanted) < 0;
    case Operator::LessEqual: return compare_versions(actual, wanted) <= 0;
    case Operator::Greater: return compare_versions(actual, wanted) > 0;
    case Operator::GreaterEqual: return compare_versions(actual, wanted) >= 0;
  }
  return false;
}

bool holds_for_number(Operator op, std::uint64_t actual, std::uint64_t wanted) {
  switch (op) {
    case Operator::Equal:
    case Operator::Matches:
    case Operator::Same: return actual == wanted;
    case Operator::Unequal:
    case Operator::MatchesNot:
    case Operator::Different: return actual != wanted;
    case Operator::Less: return actual < wanted;
    case Operator::LessEqual: return actual <= wanted;
    case Operator::Greater: return actual > wanted;
    case Operator::GreaterEqual: return actual >= wanted;
  }
  return false;
}

}  // namespace gatevisor::os
