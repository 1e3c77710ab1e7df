#include "config/command_line.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "config/environment_file.h"
#include "config/words.h"

namespace gatevisor::config {
namespace {

/// NAME_MAX of limits.h.
constexpr std::size_t kMaxFileName = 255;

bool is_white(char c) { return kWhitespace.find(c) != std::string_view::npos; }

/// systemd's string_is_safe().
bool is_safe(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '"' || c == '\'' || c == '\\';
  });
}

/// How long the first word of `text` is before quotes and escapes are resolved.
std::size_t raw_length(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      ++i;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (is_white(c)) {
      return i;
    }
  }
  return text.size();
}

/// Takes the prefixes off `word`. systemd.service(5), 'Special executable prefixes': each at most
/// once, in any order; what does not fit is the start of the path.
void take_prefixes(std::string_view& word, ParsedCommand& command) {
  for (; !word.empty(); word.remove_prefix(1)) {
    const Privilege privilege = command.privilege;
    if (word[0] == '-' && !command.ignore_failure) {
      command.ignore_failure = true;
    } else if (word[0] == '@' && !command.own_name) {
      command.own_name = true;
    } else if (word[0] == ':' && command.expand) {
      command.expand = false;
    } else if (word[0] == '|' && !command.shell) {
      command.shell = true;
    } else if (word[0] == '+' && privilege == Privilege::Unit) {
      command.privilege = Privilege::Full;
    } else if (word[0] == '!' && privilege == Privilege::Unit) {
      command.privilege = Privilege::NoUser;
    } else if (word[0] == '!' && privilege == Privilege::NoUser) {
      command.privilege = Privilege::Ignored;
    } else {
      return;
    }
  }
}

Parsed<std::string> parse_program(std::string_view path) {
  if (path.empty()) return refuse("expected a program behind the prefixes");
  if (std::string_view("-@:+!|").find(path[0]) != std::string_view::npos) {
    return refuse("expected each prefix once, and of + and ! only one, before " + quoted(path));
  }
  if (!is_safe(path)) {
    return refuse("expected a program's path without control characters, quotes or backslashes");
  }
  if (path.find('/') == std::string_view::npos) {
    if (path.size() > kMaxFileName || path == "." || path == "..") {
      return refuse("expected an absolute path, or a file name of at most 255 bytes");
    }
    return std::string(path);
  }
  if (!path.starts_with('/')) {
    return refuse("expected an absolute path or a file name without '/', not " + quoted(path));
  }
  if (path.size() > kMaxPath) return refuse("expected a path of at most 4095 bytes");
  if (path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..")) {
    return refuse("expected a program, " + quoted(path) + " is a directory");
  }
  // systemd's path_simplify(): without double slashes and '.' components; '..' stays.
  std::string simple;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view component = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(component.size() + 1, rest.size()));
    if (component.size() > kMaxFileName) {
      return refuse("expected file names of at most 255 bytes in the path");
    }
    if (component.empty() || component == ".") continue;
    simple += '/';
    simple += component;
  }
  return simple;
}

class Parser {
 public:
  Parser(std::string_view value, const ExpandWord& expand) : value_(value), expand_(expand) {}

  std::expected<std::vector<ParsedCommand>, CommandError> parse() {
    if (value_.size() > kMaxValue) return error("expected a value of at most 1 MiB");
    while (next()) {
      if (raw_ == ";") continue;
      auto command = take_command();
      if (!command) return std::unexpected(std::move(command.error()));
      commands_.push_back(std::move(*command));
    }
    if (commands_.empty() && !trim(value_).empty()) return error("expected a command");
    return std::move(commands_);
  }

 private:
  std::unexpected<CommandError> error(std::string message) const {
    return std::unexpected(CommandError{start_, std::move(message)});
  }

  /// The next word as it is written into `raw_`, its place into `start_`.
  bool next() {
    const std::size_t start = value_.find_first_not_of(kWhitespace, end_);
    if (start == std::string_view::npos) return false;
    start_ = start;
    raw_ = value_.substr(start, raw_length(value_.substr(start)));
    end_ = start + raw_.size();
    return true;
  }

  /// Of `raw_`, quotes and escapes resolved.
  Parsed<std::string> word() {
    if (++words_ > kMaxEntries) {
      return refuse("expected at most " + std::to_string(kMaxEntries) + " words");
    }
    auto words = split_words(raw_, UnknownEscape::Kept);
    if (!words) return refuse(std::move(words.error()));
    if (words->size() != 1) return refuse("expected a word");
    return std::move(words->front());
  }

  Parsed<std::string> expanded(std::string_view text) {
    Parsed<std::string> out = expand_ ? expand_(text) : std::string(text);
    if (out && out->find('\0') != std::string::npos) return refuse("there is a NUL byte");
    if (out && (size_ += out->size() + 1) > kMaxArguments) {
      return refuse("expected at most 6 MiB with the specifiers expanded");
    }
    return out;
  }

  std::expected<ParsedCommand, CommandError> take_command() {
    ParsedCommand command;
    command.offset = start_;
    const auto first = word();
    if (!first) return error(first.error());
    std::string_view name = *first;
    take_prefixes(name, command);
    const auto program = expanded(name);
    if (!program) return error(program.error());
    if (command.shell) {
      command.argv.emplace_back(command.own_name ? "-sh" : "sh");
      if (!program->empty()) command.argv.push_back(*program);
    } else {
      auto path = parse_program(*program);
      if (!path) return error(path.error());
      command.path = std::move(*path);
      if (!command.own_name) command.argv.push_back(*program);
    }
    while (next() && raw_ != ";") {
      const auto text = raw_ == "\\;" ? Parsed<std::string>(";") : word();
      if (!text) return error(text.error());
      auto argument = expanded(*text);
      if (!argument) return error(argument.error());
      command.argv.push_back(std::move(*argument));
    }
    if (command.argv.size() < (command.shell ? 2 : 1)) {
      start_ = command.offset;
      return error(command.shell ? "expected what the shell runs behind '|'"
                                 : "expected the name for argv[0] behind the path, as '@' has it");
    }
    return command;
  }

  std::string_view value_;
  const ExpandWord& expand_;
  std::vector<ParsedCommand> commands_;
  std::string_view raw_;
  std::size_t start_ = 0;
  std::size_t end_ = 0;
  std::size_t words_ = 0;
  std::size_t size_ = 0;
};

/// Words with their variables replaced, within execve(2)'s bounds.
class Expander {
 public:
  explicit Expander(const std::vector<std::string>& environment) {
    for (const std::string_view entry : environment) {
      const std::size_t equals = entry.find('=');
      if (equals == entry.npos) continue;
      values_.insert_or_assign(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }

  Parsed<void> keep(std::string word) {
    size_ += word.size() + 1;
    if (word.size() > kMaxAssignment || size_ > kMaxArguments || words_.size() == kMaxEntries) {
      return refuse(
          "with the variables expanded there is a word of 128 KiB, or more than 6 MiB in all, or "
          "more than " +
          std::to_string(kMaxEntries) + " words");
    }
    words_.push_back(std::move(word));
    return {};
  }

  Parsed<void> expand(std::string_view word) {
    if (word.starts_with('$') && !word.starts_with("${") && !word.starts_with("$$")) {
      return split(value_of(word.substr(1)));
    }
    return keep(replace(word));
  }

  std::vector<std::string> take() { return std::move(words_); }

 private:
  /// Empty for what is no name or not set.
  std::string_view value_of(std::string_view name) const {
    if (!is_variable_name(name)) return {};
    const auto found = values_.find(name);
    return found == values_.end() ? std::string_view{} : found->second;
  }

  /// strv_split_full(EXTRACT_RELAX|EXTRACT_UNQUOTE).
  Parsed<void> split(std::string_view value) {
    std::optional<std::string> word;
    char quote = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const char c = value[i];
      if (quote == 0 && is_white(c)) {
        if (!word) continue;
        if (auto kept = keep(std::move(*word)); !kept) return kept;
        word.reset();
        continue;
      }
      if (!word) word.emplace();
      if (c == '\\') {
        if (++i < value.size()) *word += value[i];
      } else if (quote == 0 && (c == '"' || c == '\'')) {
        quote = c;
      } else if (quote != 0 && c == quote) {
        quote = 0;
      } else {
        *word += c;
      }
    }
    return word ? keep(std::move(*word)) : Parsed<void>{};
  }

  /// systemd's replace_env() without flags. Stops once the word is too long to be kept.
  std::string replace(std::string_view word) const {
    std::string out;
    while (!word.empty() && out.size() <= kMaxAssignment) {
      const std::size_t dollar = std::min(word.find('$'), word.size());
      out += word.substr(0, dollar);
      word.remove_prefix(dollar);
      // ${NAME:-x} is no syntax of systemd's: from the ':' on it is text again.
      const std::size_t end = word.starts_with("${") ? word.find_first_of(":}") : word.npos;
      if (end != word.npos && word[end] == '}') {
        out += value_of(word.substr(2, end - 2));
        word.remove_prefix(end + 1);
      } else if (end != word.npos) {
        out += word.substr(0, end + 1);
        word.remove_prefix(end + 1);
      } else if (word.starts_with("${")) {
        out += word;
        word = {};
      } else if (!word.empty()) {
        // '$$', or a '$' that stays together with what is behind it.
        if (!word.starts_with("$$")) out += '$';
        word.remove_prefix(1);
        out += word.substr(0, 1);
        word.remove_prefix(std::min<std::size_t>(1, word.size()));
      }
    }
    return out;
  }

  std::map<std::string_view, std::string_view> values_;
  std::vector<std::string> words_;
  std::size_t size_ = 0;
};

Parsed<std::vector<std::string>> expand_from(std::size_t first,
                                             const std::vector<std::string>& words,
                                             const std::vector<std::string>& environment) {
  Expander expander(environment);
  for (std::size_t i = 0; i < words.size(); ++i) {
    auto done = i < first ? expander.keep(words[i]) : expander.expand(words[i]);
    if (!done) return refuse(std::move(done.error()));
  }
  return expander.take();
}

}  // namespace

std::expected<std::vector<ParsedCommand>, CommandError> parse_command_line(
    std::string_view value, const ExpandWord& expand_word) {
  return Parser(value, expand_word).parse();
}

Parsed<std::vector<std::string>> expand_variables(const std::vector<std::string>& words,
                                                  const std::vector<std::string>& environment) {
  return expand_from(1, words, environment);
}

Command to_command(ParsedCommand parsed) {
  if (parsed.shell) {
    // systemd.service(5), '|': one string for the user's shell.
    std::string script;
    for (std::size_t i = 1; i < parsed.argv.size(); ++i) {
      script += (i > 1 ? " " : "") + parsed.argv[i];
    }
    parsed.path = "/bin/sh";
    parsed.argv = {parsed.argv.front(), "-c", script};
    parsed.own_name = false;
  }
  return Command(std::move(parsed));
}

Command plain_command(std::vector<std::string> words) {
  Command command;
  command.argv = std::move(words);
  command.expand = false;
  return command;
}

Parsed<std::vector<std::string>> arguments(const Command& command,
                                           const std::vector<std::string>& environment) {
  const std::size_t written = command.own_name ? 0 : 1;
  auto words =
      expand_from(command.expand ? written : command.argv.size(), command.argv, environment);
  // execve(2) without argv[0] is refused or mended by the kernel; systemd leaves it to that.
  if (words && words->empty()) words->push_back(command.path);
  return words;
}

}  // namespace gatevisor::config
