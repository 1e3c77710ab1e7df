#include "app/log_options.h"

#include <getopt.h>

#include <algorithm>

#include "config/size.h"
#include "config/text.h"
#include "config/time_span.h"
#include "log/cursor.h"
#include "log/selection.h"

namespace gatevisor::app {
namespace {

/// Options without a letter.
enum Long : int {
  kHelp = 'h',
  kCaseSensitive = 256,
  kOutputFields,
  kUtc,
  kNoHostname,
  kListBoots,
  kListInvocations,
  kInvocation,
  kAfterCursor,
  kCursorFile,
  kShowCursor,
  kDiskUsage,
  kVerify,
  kVacuumSize,
  kVacuumTime,
  kVacuumFiles,
  kHeader,
  kFile,
  kNoPager,
  kNoTail,
  kFacility,
  kTruncateNewline,
};

// As getopt(3) has them; -n and -b are looked at by hand, as their value may be a word of its own.
constexpr const char* kShort = ":hfn::u:p:S:U:g:reo:aqb::I::t:NF:D:i:c:mxlW";
constexpr option kLong[] = {
    {"help", no_argument, nullptr, kHelp},
    {"follow", no_argument, nullptr, 'f'},
    {"lines", optional_argument, nullptr, 'n'},
    {"no-tail", no_argument, nullptr, kNoTail},
    {"unit", required_argument, nullptr, 'u'},
    {"priority", required_argument, nullptr, 'p'},
    {"facility", required_argument, nullptr, kFacility},
    {"since", required_argument, nullptr, 'S'},
    {"until", required_argument, nullptr, 'U'},
    {"grep", required_argument, nullptr, 'g'},
    {"case-sensitive", optional_argument, nullptr, kCaseSensitive},
    {"reverse", no_argument, nullptr, 'r'},
    {"pager-end", no_argument, nullptr, 'e'},
    {"output", required_argument, nullptr, 'o'},
    {"output-fields", required_argument, nullptr, kOutputFields},
    {"all", no_argument, nullptr, 'a'},
    {"full", no_argument, nullptr, 'l'},
    {"quiet", no_argument, nullptr, 'q'},
    {"utc", no_argument, nullptr, kUtc},
    {"no-hostname", no_argument, nullptr, 'W'},
    {"truncate-newline", no_argument, nullptr, kTruncateNewline},
    {"catalog", no_argument, nullptr, 'x'},
    {"boot", optional_argument, nullptr, 'b'},
    {"list-boots", no_argument, nullptr, kListBoots},
    {"invocation", required_argument, nullptr, kInvocation},
    {"list-invocations", no_argument, nullptr, kListInvocations},
    {"identifier", required_argument, nullptr, 't'},
    {"fields", no_argument, nullptr, 'N'},
    {"field", required_argument, nullptr, 'F'},
    {"cursor", required_argument, nullptr, 'c'},
    {"after-cursor", required_argument, nullptr, kAfterCursor},
    {"cursor-file", required_argument, nullptr, kCursorFile},
    {"show-cursor", no_argument, nullptr, kShowCursor},
    {"disk-usage", no_argument, nullptr, kDiskUsage},
    {"verify", no_argument, nullptr, kVerify},
    {"vacuum-size", required_argument, nullptr, kVacuumSize},
    {"vacuum-time", required_argument, nullptr, kVacuumTime},
    {"vacuum-files", required_argument, nullptr, kVacuumFiles},
    {"header", no_argument, nullptr, kHeader},
    {"directory", required_argument, nullptr, 'D'},
    {"file", required_argument, nullptr, kFile},
    {"merge", no_argument, nullptr, 'm'},
    {"no-pager", no_argument, nullptr, kNoPager},
    {nullptr, 0, nullptr, 0},
};

bool is_number(std::string_view text) { return config::parse_decimal(text).has_value(); }

/// '', '-1', '3', an id, an id with an offset.
bool is_boot(std::string_view text) {
  if (text == "all") return true;
  const bool id = log::parse_id(text.substr(0, 32)).has_value();
  std::string_view rest = id ? text.substr(32) : text;
  if (rest.empty()) return id;
  if (rest.front() == '-' || rest.front() == '+') rest.remove_prefix(1);
  return is_number(rest) || rest == "00";
}

class Parser {
 public:
  Parser(int argc, char** argv) : argc_(argc), argv_(argv) {}

  std::variant<LogOptions, LogRefusal> parse() {
    opterr = 0;
    optind = 1;
    for (;;) {
      const int before = optind;
      const int found = getopt_long(argc_, argv_, kShort, kLong, nullptr);
      if (found == -1) break;
      if (found == kHelp) return LogRefusal{{}, true};
      if (found == '?' || found == ':') {
        const std::string word = argv_[std::min(std::max(before, optind - 1), argc_ - 1)];
        const bool letter = optopt > 0 && optopt < 256;
        const std::string name = letter ? "-" + std::string(1, static_cast<char>(optopt)) : word;
        return LogRefusal{
            name + (found == ':' ? ": it needs a value" : ": there is no such option"), false};
      }
      take(found);
      if (!complaint_.empty()) return LogRefusal{complaint_, false};
    }
    for (int i = optind; i < argc_; ++i) take_word(argv_[i]);
    finish();
    if (!complaint_.empty()) return LogRefusal{complaint_, false};
    return std::move(options_);
  }

 private:
  void complain(std::string_view name, std::string_view value, std::string_view why) {
    if (!complaint_.empty()) return;
    complaint_ = std::string(name) + (value.empty() ? "" : "=" + config::printable(value)) + ": " +
                 std::string(why);
  }

  /// The word behind an option whose value may be left out, if it is one.
  template <typename Is>
  std::optional<std::string> value_behind(Is is) {
    if (optarg != nullptr) return optarg;
    if (optind < argc_ && is(argv_[optind])) return argv_[optind++];
    return std::nullopt;
  }

  void take(int found) {
    switch (found) {
      case 'f': options_.follow = true; return;
      case kNoTail: options_.no_tail = true; return;
      case 'n': take_lines(); return;
      case 'u': options_.units.push_back(log::unit_name(optarg)); return;
      case 'p': take_priorities(); return;
      case kFacility: take_facilities(); return;
      case 'S': options_.since = optarg; return;
      case 'U': options_.until = optarg; return;
      case 'g': options_.grep = optarg; return;
      case kCaseSensitive: take_case(); return;
      case 'r': options_.reverse = true; return;
      case 'e': options_.pager_end = true; return;
      case 'o': take_output(); return;
      case kOutputFields: split(optarg, options_.format.fields); return;
      case 'a': options_.format.all = true; return;
      case 'l': return;  // always
      case 'q': options_.quiet = true; return;
      case kUtc: options_.utc = true; return;
      case 'W': options_.format.no_hostname = true; return;
      case kTruncateNewline: options_.format.truncate_newline = true; return;
      case 'b': options_.boot = value_behind(is_boot).value_or(""); return;
      case 'I': options_.invocation = value_behind(is_boot).value_or("0"); return;
      case kInvocation: options_.invocation = optarg; return;
      case kListBoots: options_.action = LogAction::ListBoots; return;
      case kListInvocations: options_.action = LogAction::ListInvocations; return;
      case 't': options_.identifiers.emplace_back(optarg); return;
      case 'N': options_.action = LogAction::FieldNames; return;
      case 'F':
        options_.action = LogAction::FieldValues;
        options_.field = optarg;
        return;
      case 'c': options_.cursor = optarg; return;
      case kAfterCursor: options_.after_cursor = optarg; return;
      case kCursorFile: options_.cursor_file = optarg; return;
      case kShowCursor: options_.show_cursor = true; return;
      case kDiskUsage: options_.action = LogAction::DiskUsage; return;
      case kVerify: options_.action = LogAction::Verify; return;
      case kHeader: options_.action = LogAction::Header; return;
      case kVacuumSize:
        take_vacuum("--vacuum-size", config::parse_size(optarg), options_.vacuum_size);
        return;
      case kVacuumTime: take_vacuum_time(); return;
      case kVacuumFiles:
        take_vacuum("--vacuum-files", config::parse_decimal(optarg, 0, ~std::uint64_t{0}),
                    options_.vacuum_files);
        return;
      case 'D': options_.directories.emplace_back(optarg); return;
      case 'i':
      case kFile: options_.files.emplace_back(optarg); return;
      case 'm': options_.merge = true; return;
      case kNoPager: options_.no_pager = true; return;
      case 'x': complain("-x", "", "there is no catalog here; journalctl -x has one"); return;
      default: complain("option", "", "it is not known"); return;
    }
  }

  void take_word(const std::string& word) {
    if (word == "+" || word.find('=') != word.npos) {
      options_.fields.push_back(word);
    } else if (word.starts_with('/')) {
      options_.fields.push_back("_EXE=" + word);
    } else {
      options_.units.push_back(log::unit_name(word));
    }
  }

  void take_lines() {
    const auto value =
        value_behind([](std::string_view word) { return word == "all" || is_number(word); });
    const std::string text = value.value_or("10");
    const auto number = config::parse_decimal(text);
    if (text != "all" && !number) return complain("-n", text, "expected a number, or all");
    options_.lines = number.value_or(LogOptions::kAll);
  }

  void take_priorities() {
    const auto parsed = log::parse_priorities(optarg);
    if (!parsed) return complain("-p", optarg, parsed.error());
    options_.priorities.clear();
    for (const int priority : *parsed) options_.priorities.push_back(std::to_string(priority));
  }

  void take_facilities() {
    std::vector<std::string> words;
    split(optarg, words);
    for (const std::string& word : words) {
      const auto facility = log::parse_facility(word);
      if (!facility) return complain("--facility", word, facility.error());
      options_.facilities.push_back(std::to_string(*facility));
    }
  }

  void take_case() {
    const auto sensitive =
        optarg == nullptr ? config::Parsed<bool>(true) : config::parse_boolean(optarg);
    if (!sensitive) return complain("--case-sensitive", optarg, sensitive.error());
    options_.case_rule = *sensitive ? log::CaseRule::kSensitive : log::CaseRule::kInsensitive;
  }

  void take_output() {
    const auto* const found = std::ranges::find(log::kOutputNames, std::string_view(optarg));
    if (found == std::end(log::kOutputNames)) {
      std::string names;
      for (const std::string_view name : log::kOutputNames) names += " " + std::string(name);
      return complain("-o", optarg, "expected one of" + names);
    }
    options_.format.output = static_cast<log::Output>(found - std::begin(log::kOutputNames));
    switch (options_.format.output) {
      case log::Output::kExport:
      case log::Output::kJson:
      case log::Output::kJsonPretty:
      case log::Output::kJsonSse:
      case log::Output::kJsonSeq:
      case log::Output::kCat: options_.quiet = true; return;
      case log::Output::kShort:
      case log::Output::kShortFull:
      case log::Output::kShortIso:
      case log::Output::kShortIsoPrecise:
      case log::Output::kShortPrecise:
      case log::Output::kShortMonotonic:
      case log::Output::kShortUnix:
      case log::Output::kVerbose:
      case log::Output::kWithUnit: return;
    }
  }

  void take_vacuum(std::string_view name, const config::Parsed<std::uint64_t>& value,
                   std::uint64_t& into) {
    if (!value) return complain(name, optarg, value.error());
    into = *value;
    options_.action = LogAction::Vacuum;
  }

  void take_vacuum_time() {
    const auto span = config::parse_time_span(optarg);
    if (!span) return complain("--vacuum-time", optarg, span.error());
    options_.vacuum_usec = static_cast<std::uint64_t>(span->count());
    options_.action = LogAction::Vacuum;
  }

  static void split(std::string_view text, std::vector<std::string>& words) {
    while (!text.empty()) {
      const std::string_view word = text.substr(0, text.find(','));
      text.remove_prefix(std::min(word.size() + 1, text.size()));
      if (!word.empty()) words.emplace_back(word);
    }
  }

  void finish() {
    LogOptions& o = options_;
    if (!o.directories.empty() && !o.files.empty()) {
      return complain("-D and --file", "", "give one of them");
    }
    if ((o.cursor.empty() ? 0 : 1) + (o.after_cursor.empty() ? 0 : 1) + (o.since.empty() ? 0 : 1) >
        1) {
      return complain("--cursor, --after-cursor and --since", "", "give one of them");
    }
    if (o.follow && o.reverse) return complain("-f and -r", "", "give one of them");
    if (o.action != LogAction::Show && o.follow) {
      return complain("-f", "", "it goes with entries only");
    }
    if (o.no_tail) o.lines = LogOptions::kAll;
    if (!o.lines && o.follow && o.since.empty()) o.lines = 10;
    if (!o.lines && o.pager_end) o.lines = 1000;
    // Nobody knows how far back so many matches are.
    if (o.grep && o.lines && *o.lines != LogOptions::kAll && !o.follow) o.reverse = true;
    if (o.boot == "all") o.boot.reset();
  }

  int argc_;
  char** argv_;
  LogOptions options_;
  std::string complaint_;
};

}  // namespace

std::variant<LogOptions, LogRefusal> parse_log_options(int argc, char** argv) {
  return Parser(argc, argv).parse();
}

const char* const kLogHelp =
    R"(Show what is in journal files: log [OPTIONS] [UNIT...] [FIELD=value...]

Which entries:
  -u, --unit=UNIT            of this unit, or of a pattern
  -p, --priority=LEVEL       of this priority and above, or FROM..TO
      --facility=NAME        of these facilities of syslog
  -t, --identifier=NAME      of this SYSLOG_IDENTIFIER
  -S, --since=TIME           not older than: today, -5min, '2024-01-31 11:12', @1700000000
  -U, --until=TIME           not newer than
  -g, --grep=PATTERN         with this in MESSAGE (PCRE2); --case-sensitive[=BOOL]
  -b, --boot[=ID|OFFSET]     of this boot; -1: the one before
      --invocation=ID|OFFSET of this life of the unit; 0: the last, -1: the one before (-I: the last)
  -c, --cursor=CURSOR, --after-cursor=CURSOR, --cursor-file=FILE
  FIELD=value                several values of one field: any; several fields: all; '+': or
How:
  -n, --lines[=N]            the last N (10)
  -f, --follow               and go on
  -r, --reverse              the newest first
  -e, --pager-end            at the end, in the pager
  -o, --output=FORM          short short-full short-iso short-iso-precise short-precise
                             short-monotonic short-unix verbose export json json-pretty json-sse
                             json-seq cat with-unit
      --output-fields=LIST   these fields only, in verbose, export, json and cat
  -a, --all                  also what is long or cannot be printed
  -q, --quiet  --utc  -W, --no-hostname  --truncate-newline  --show-cursor  --no-pager  --no-tail
From where:
  -D, --directory=DIR        the journal files in DIR
  -i, --file=PATTERN         these files
What else:
  -N, --fields               the names of all fields
  -F, --field=FIELD          all values of a field
      --list-boots  --list-invocations  --disk-usage  --header  --verify
      --vacuum-size=SIZE  --vacuum-time=SPAN  --vacuum-files=N
)";

}  // namespace gatevisor::app
