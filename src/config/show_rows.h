// The rows of show.h, and what they are written with.
#pragma once

#include <bitset>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/show.h"

namespace gatevisor::config {

struct ShowSubject {
  const LoadedUnit& unit;
  const ServiceSettings& settings;
  const ShowHost& host;
  std::string_view id;
};

struct ShownValue {
  ShownForm form = ShownForm::Text;
  std::vector<std::string> parts;
};

/// One property. `directives`: those that set it, separated by spaces; 'Condition*' is all that
/// begin so.
struct ShowRow {
  std::string_view directives;
  std::string_view property;
  ShownValue (*value)(const ShowSubject& of);
};

std::span<const ShowRow> unit_rows();      // show_unit.cc: [Unit]
std::span<const ShowRow> service_rows();   // show_service.cc: systemd.service(5), .kill(5)
std::span<const ShowRow> resource_rows();  // show_resources.cc: systemd.resource-control(5)
std::span<const ShowRow> exec_rows();      // show_exec.cc: systemd.exec(5)
std::span<const ShowRow> sandbox_rows();   // show_sandbox.cc: its 'Sandboxing' and 'Paths'
std::span<const ShowRow> own_rows();       // show_unit.cc: what is gatevisor's own
std::span<const ShowRow> probe_rows();     // show_probe.cc: and its probes and hooks

// Values. show_format.cc
ShownValue shown_text(std::string_view text);
ShownValue shown_words(std::vector<std::string> words);
ShownValue shown_lines(std::vector<std::string> lines);
ShownValue shown_number(std::uint64_t number);
ShownValue shown_int(int number);
ShownValue shown_yes_no(bool yes);
/// systemd's format_timespan(), to the microsecond: '1min 30s', '1.500000s', 'infinity'.
std::string time_span_text(Duration span);
ShownValue shown_span(Duration span);
std::string digits(std::uint64_t number, int base);
/// With a space between each two.
std::string joined(const std::vector<std::string>& words);
/// '0022'
ShownValue shown_mode(unsigned mode);
/// '0-1 3'
std::string ranges_text(const std::bitset<1024>& set);
/// 'cap_chown cap_kill', those below the kernel's last one.
std::string capabilities_text(std::uint64_t set);
/// 'KILL', 'RTMIN+3'
std::string short_signal(int signal);
/// systemd's shell_maybe_quote().
std::string shell_quoted(std::string_view text);

}  // namespace gatevisor::config
