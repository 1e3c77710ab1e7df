// An entry as text, byte for byte as journalctl writes it.
//
// Fields may hold any bytes: what does not belong on a terminal is replaced unless all is asked
// for, and what is not UTF-8 is an array of numbers in JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/reader.h"
#include "log/calendar.h"
#include "log/grep.h"

namespace gatevisor::log {

enum class Output : std::uint8_t {
  kShort,
  kShortFull,
  kShortIso,
  kShortIsoPrecise,
  kShortPrecise,
  kShortMonotonic,
  kShortUnix,
  kVerbose,
  kExport,
  kJson,
  kJsonPretty,
  kJsonSse,
  kJsonSeq,
  kCat,
  kWithUnit,
};

inline constexpr std::string_view kOutputNames[] = {"short",         "short-full",
                                                    "short-iso",     "short-iso-precise",
                                                    "short-precise", "short-monotonic",
                                                    "short-unix",    "verbose",
                                                    "export",        "json",
                                                    "json-pretty",   "json-sse",
                                                    "json-seq",      "cat",
                                                    "with-unit"};

struct FormatOptions {
  Output output = Output::kShort;
  bool all = false;
  bool no_hostname = false;
  bool truncate_newline = false;
  bool colors = false;
  std::vector<std::string> fields = {};  ///< --output-fields; empty: all of them
};

inline constexpr std::string_view kNormal = "\x1b[0m";
inline constexpr std::string_view kHighlight = "\x1b[0;1;39m";

class Formatter {
 public:
  /// `calendar` must outlive it.
  Formatter(FormatOptions options, const Calendar& calendar)
      : options_(std::move(options)), calendar_(calendar) {}

  /// Nothing is added where the entry has no MESSAGE and the output needs one. `match`: what -g
  /// found in MESSAGE.
  void append(std::string& out, const journal::EntryView& entry, const journal::Id128& seqnum_id,
              std::optional<Span> match = std::nullopt);

 private:
  void append_short(std::string& out, const journal::EntryView& entry, std::optional<Span> match);
  void append_time(std::string& out, const journal::EntryView& entry, std::string_view source_time,
                   std::string_view source_monotonic);
  void append_verbose(std::string& out, const journal::EntryView& entry,
                      const journal::Id128& seqnum_id);
  void append_export(std::string& out, const journal::EntryView& entry,
                     const journal::Id128& seqnum_id) const;
  void append_json(std::string& out, const journal::EntryView& entry,
                   const journal::Id128& seqnum_id);
  void append_cat(std::string& out, const journal::EntryView& entry,
                  std::optional<Span> match) const;
  void chain_equal_names(const journal::EntryView& entry);
  bool wants(std::string_view name) const;

  FormatOptions options_;
  const Calendar& calendar_;
  std::int64_t second_ = -1;  // what second_text_ says
  std::string second_text_;
  std::string zone_text_;  // behind the microseconds
  std::string message_;    // without tabulators and colours
  std::vector<std::uint32_t> same_;
  std::vector<std::uint32_t> names_;
};

/// What a message of that priority begins with and ends with on a terminal.
struct Colors {
  std::string_view on;
  std::string_view off;
  std::string_view match;
};
Colors colors_of(int priority);

/// Of the value of PRIORITY=; 6 where it is none.
int priority_of(std::string_view value);

/// Lines, those behind the first moved in by `indent`.
void append_lines(std::string& out, std::size_t indent, std::string_view text, const Colors& colors,
                  std::optional<Span> match);

/// Of a field's name, if it is one: upper-case letters, digits and '_', at most 64; else 0.
std::size_t name_length(std::string_view payload);

/// Of the first field of that name; without data where there is none.
std::string_view value_of(const journal::EntryView& entry, std::string_view name);

}  // namespace gatevisor::log
