#include "config/manual.h"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "config/directives.h"
#include "config/properties.h"

namespace gatevisor::config {
namespace {

constexpr std::array<std::string_view, 4> kSections = {"Unit", "Service", "Install", "X-Gatevisor"};
constexpr std::array<Choice<Fate>, 4> kFates = {{{"done", Fate::Done},
                                                 {"refused", Fate::Refused},
                                                 {"ignored", Fate::Ignored}}};

/// Text of a line that is no macro: '\' is the escape character, and '.' or ''' at its start.
std::string plain(std::string_view text) {
  std::string line;
  if (text.starts_with('.') || text.starts_with('\'')) line += "\\&";
  for (const char c : text) line += c == '\\' ? "\\e" : std::string(1, c);
  return line;
}

/// An argument of a macro.
std::string argument(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : c == '\\' ? "\\e" : std::string(1, c);
  return quoted + "\"";
}

const Property* find_property(std::string_view name) {
  const auto all = properties();
  const auto found = std::ranges::find(all, name, &Property::name);
  return found == all.end() ? nullptr : &*found;
}

/// '.Va A= , B=', as many lines as it takes.
std::string names_text(const std::vector<std::string_view>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += ".Va " + std::string(names[i]) + "=" + (i + 1 < names.size() ? " ,\n" : "\n");
  }
  return text;
}

struct List {
  std::vector<const Property*> told;                 ///< with what they take and do
  std::vector<std::string_view> reasons;             ///< in the order of the table
  std::vector<std::vector<std::string_view>> names;  ///< by reason
};

List collect(std::string_view section, Fate fate) {
  List list;
  for (const Directive& directive : directives(section)) {
    if (directive.fate != fate) continue;
    const Property* property = fate == Fate::Done ? find_property(directive.name) : nullptr;
    if (property != nullptr) {
      list.told.push_back(property);
      continue;
    }
    const auto found = std::ranges::find(list.reasons, directive.reason);
    const auto at = static_cast<std::size_t>(found - list.reasons.begin());
    if (found == list.reasons.end()) {
      list.reasons.push_back(directive.reason);
      list.names.emplace_back();
    }
    list.names[at].push_back(directive.name);
  }
  return list;
}

std::string list_text(const List& list) {
  std::string text;
  for (std::size_t i = 0; i < list.reasons.size(); ++i) {
    if (list.reasons[i].empty()) {
      text += names_text(list.names[i]);
      continue;
    }
    if (i == 0) text += ".Bl -tag -width Ds\n";
    text += ".It " + argument(list.reasons[i]) + "\n" + names_text(list.names[i]);
    if (i + 1 == list.reasons.size()) text += ".El\n";
  }
  if (list.told.empty()) return text;
  text += ".Bl -tag -width Ds\n";
  for (const Property* property : list.told) {
    text += ".It Va " + std::string(property->name) + "= Ns Ar " + argument(property->form) + "\n" +
            plain(property->help) + ".\n";
  }
  return text + ".El\n";
}

}  // namespace

Parsed<std::string> service_manual(std::string_view page) {
  constexpr std::string_view kStart = "@directives ";
  std::string text;
  std::set<std::pair<std::string_view, Fate>> asked;
  while (!page.empty()) {
    const std::string_view line = page.substr(0, page.find('\n'));
    page.remove_prefix(std::min(line.size() + 1, page.size()));
    if (!line.starts_with(kStart)) {
      text.append(line).append("\n");
      continue;
    }
    const std::string_view words = line.substr(kStart.size());
    const std::string_view section = words.substr(0, words.find(' '));
    const auto fate = std::ranges::find_if(kFates, [&](const Choice<Fate>& each) {
      return words.substr(section.size()) == " " + std::string(each.name) + "@";
    });
    const std::string list = fate == kFates.end() ? "" : list_text(collect(section, fate->value));
    if (list.empty()) return refuse(quoted(line) + ": there is no such list");
    asked.emplace(section, fate->value);
    text += list;
  }
  for (const std::string_view section : kSections) {
    for (const Directive& directive : directives(section)) {
      if (asked.contains({section, directive.fate})) continue;
      return refuse("no list has " + std::string(directive.name) + "= of [" + std::string(section) +
                    "], which is " + std::string(to_string(directive.fate)));
    }
  }
  return text;
}

}  // namespace gatevisor::config
