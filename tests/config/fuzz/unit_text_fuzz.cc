// libFuzzer: the input is a unit file; its first line is the unit's name, if it is one.
//
// Besides what the sanitizers see: errors and remarks are one line of UTF-8, every place is in the
// file and holds what was read from there, what is written again reads the same, and what is made
// of the words is within its bounds.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/command_line.h"
#include "config/environment_file.h"
#include "config/specifiers.h"
#include "config/unit_text.h"

namespace {

using namespace gatevisor::config;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_message(std::string_view message) {
  check(is_utf8(message) && message.find_first_of("\r\n") == std::string_view::npos);
}

/// The byte at a place, counted as an editor that knows LF, CR, CRLF and LFCR does.
std::string_view at(std::string_view text, const Location& place) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (unsigned line = 1; line < place.line; ++line) {
    const std::size_t end = text.find_first_of("\r\n");
    check(end != std::string_view::npos);
    const bool two = end + 1 < text.size() && text[end + 1] != text[end] &&
                     (text[end + 1] == '\r' || text[end + 1] == '\n');
    text.remove_prefix(end + (two ? 2 : 1));
  }
  check(place.column <= text.size() + 1);
  return text.substr(place.column - 1);
}

void check_words(const Parsed<std::vector<std::string>>& words) {
  if (!words) return check_message(words.error());
  std::size_t size = 0;
  for (const std::string& word : *words) {
    check(word.size() <= kMaxAssignment && word.find('\0') == std::string::npos);
    size += word.size() + 1;
  }
  check(words->size() <= kMaxEntries && size <= kMaxArguments);
}

void check_commands(std::string_view value, const UnitName& unit, const SpecifierValues& values) {
  const std::vector<std::string> environment{"A=a 'b c' \\", "B=$A", "HOME=", "A_1=\"open"};
  const auto expand = [&](std::string_view word) { return expand_specifiers(word, unit, values); };
  for (const ExpandWord& expand_word : {ExpandWord{}, ExpandWord{expand}}) {
    const auto commands = parse_command_line(value, expand_word);
    if (!commands) {
      check_message(commands.error().message);
      check(commands.error().offset < value.size());
      continue;
    }
    check(commands->empty() == trim(value).empty());
    for (const ParsedCommand& command : *commands) {
      check(command.offset < value.size() && !command.argv.empty());
      check(command.shell == command.path.empty());
      check(command.path.starts_with('/') || command.path.find('/') == std::string::npos);
      check_words(arguments(command, environment));
      check_words(expand_variables(command.argv, environment));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view first = text.substr(0, text.find('\n'));
  const auto named = parse_unit_name(first);
  if (named) {
    text.remove_prefix(std::min(first.size() + 1, text.size()));
    for (const std::string& directory : drop_in_directories(*named)) {
      check(directory.size() <= kMaxUnitName + 2);
    }
  } else {
    check_message(named.error());
  }
  const UnitName unit = named.value_or(parse_unit_name("a-b@c-d.service").value());
  check(unescape_unit_name(escape_unit_name(first)) == std::string(first) ||
        first.find('\0') != std::string_view::npos);

  const auto parsed = parse_unit_text(text, "/u");
  if (!parsed) {
    check_message(to_string(parsed.error()));
    (void)at(text, parsed.error().at);
    return 0;
  }
  for (const std::string& remark : parsed->remarks) check_message(remark);
  SpecifierValues values;
  values.home = "/root %h";
  values.fragment_path = "/etc/systemd/system/a.service";
  std::string again;
  for (const Assignment& a : parsed->assignments) {
    again += "[" + a.section + "]\n" + a.name + "=" + a.value + "\n";
    check(!a.name.empty() && at(text, a.at)[0] == a.name[0]);
    const std::string_view rest = at(text, a.locate());
    check(a.value.empty() || rest[0] == a.value[0]);
    for (const ValuePiece& piece : a.pieces) {
      if (a.value.empty()) break;
      check(at(text, a.locate(piece.offset))[0] == a.value.at(piece.offset));
    }
    if (const auto value = expand_specifiers(a.value, unit, values); !value) {
      check_message(value.error());
    }
    check_commands(a.value, unit, values);
  }
  // A value may end with a backslash: white space kept it from continuing its line, on that line or
  // on the ones behind it. Written again it would continue.
  if (std::ranges::any_of(parsed->assignments, [](const Assignment& a) {
        return (a.value.size() - (a.value.find_last_not_of('\\') + 1)) % 2 != 0;
      })) {
    return 0;
  }
  const auto reread = parse_unit_text(again, "/u");
  check(reread && reread->assignments.size() == parsed->assignments.size());
  for (std::size_t i = 0; i < reread->assignments.size(); ++i) {
    check(reread->assignments[i].value == parsed->assignments[i].value);
    check(reread->assignments[i].name == parsed->assignments[i].name);
  }
  return 0;
}
