// libFuzzer: a unit file and its drop-ins, one behind the other with a line '---' between them; the
// first line of the first is the unit's name, if it is one.
//
// Besides what the sanitizers see: errors, notes and remarks are one line of UTF-8, a unit without
// an error is one that validate() takes, what is allowed is no error, and loading again gives the
// same.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "config/load_unit.h"
#include "config/properties.h"
#include "config/show.h"

namespace {

using namespace gatevisor;
using namespace gatevisor::config;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_line(std::string_view line) {
  check(is_utf8(line) && line.find_first_of("\r\n") == std::string_view::npos);
}

const SpecifierValues& host() {
  static const SpecifierValues values = [] {
    SpecifierValues made;
    made.host_name = "host.example";
    made.home = "/root";
    made.runtime_root = "/run";
    made.state_root = "/var/lib";
    made.tmp = "/tmp";
    made.user = "root";
    made.machine_id = std::string(32, 'f');
    made.fragment_path = "/etc/systemd/system/a%b.service";
    return made;
  }();
  return values;
}

/// Every property has a value that can be written, and the same one each time.
void check_shown(const LoadedUnit& unit, const LoadedUnit& again, const UnitName& name) {
  const std::vector<ShownProperty> all = show(unit, name.whole, {});
  const std::vector<ShownProperty> twice = show(again, name.whole, {});
  check(all.size() == twice.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    check(all[i].form != ShownForm::Text || all[i].parts.size() == 1);
    check(shown_lines(all[i], false) == shown_lines(twice[i], false));
  }
}

/// The text in front of the first line '---', which is taken away with it.
std::string_view next_file(std::string_view& rest) {
  constexpr std::string_view kBetween = "\n---\n";
  const std::size_t end = std::min(rest.find(kBetween), rest.size());
  const std::string_view file = rest.substr(0, end);
  rest.remove_prefix(std::min(end + kBetween.size(), rest.size()));
  return file;
}

void check_messages(const LoadedUnit& unit) {
  for (const UnitError& error : unit.errors) check_line(to_string(error));
  for (const std::string& remark : unit.remarks) check_line(remark);
  for (const UnitNote& note : unit.notes) {
    check_line(note.name);
    check(note.fate == Fate::Done || !note.reason.empty());
  }
  for (const Error& remark : remarks(unit.settings)) check_line(to_string(remark));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view first = rest.substr(0, rest.find('\n'));
  const auto named = parse_unit_name(first);
  if (named) rest.remove_prefix(std::min(first.size() + 1, rest.size()));
  const UnitName name = named.value_or(parse_unit_name("a-b@c-d.service").value());

  std::vector<UnitText> texts;
  std::set<std::string> refused;
  while (texts.empty() || (!rest.empty() && texts.size() < 16)) {
    auto text = parse_unit_text(next_file(rest), texts.empty() ? "/u/a.service" : "/u/a.d/b.conf");
    if (!text) return 0;
    for (const Assignment& line : text->assignments) {
      const Directive* directive = find_directive(line.section, line.name);
      if (directive != nullptr && directive->fate != Fate::Done) refused.insert(line.name);
    }
    texts.push_back(std::move(*text));
  }

  const LoadedUnit unit = load_unit(name, texts, host(), {});
  check_messages(unit);
  if (unit.errors.empty()) check(validate(unit.settings).has_value());
  const LoadedUnit again = load_unit(name, texts, host(), {});
  check(again.settings == unit.settings && again.errors == unit.errors);
  check_shown(unit, again, name);

  const LoadedUnit allowed = load_unit(name, texts, host(), refused);
  check_messages(allowed);
  check(allowed.errors.size() <= unit.errors.size() + 1);
  check(!unit.errors.empty() || allowed.settings == unit.settings);
  return 0;
}
