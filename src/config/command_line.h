// ExecStart= and its kin: command lines into words, and the variables in those words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/text.h"
#include "gatevisor/command.h"

namespace gatevisor::config {

/// Longest argument vector, NULs included: execve(2) takes 3/4 of _STK_LIM, which is 8 MiB.
inline constexpr std::size_t kMaxArguments = std::size_t{6} << 20;

/// A command and where it stood.
struct ParsedCommand : Command {
  bool shell = false;      ///< '|': argv[0] is 'sh' or with '@' '-sh', then come the words
  std::size_t offset = 0;  ///< of its first byte in the value

  bool operator==(const ParsedCommand&) const = default;
};

struct CommandError {
  std::size_t offset = 0;  ///< of the word in the value, for Assignment::locate()
  std::string message;

  bool operator==(const CommandError&) const = default;
};

/// Replaces the specifiers in one word.
using ExpandWord = std::function<Parsed<std::string>(std::string_view)>;

/// systemd.service(5), 'Command lines'. Quotes and escapes are those of split_words(). A lone ';'
/// ends a command, '\;' is the word ';'. As in systemd specifiers are replaced after the split, so
/// that what they hold is never split, quoted or a prefix; '%' stays where `expand_word` is empty.
/// An empty value gives no command; its meaning, to forget the commands before it, is the caller's.
///
/// Where systemd drops a bad command line after '-' with a warning, it is an error.
std::expected<std::vector<ParsedCommand>, CommandError> parse_command_line(
    std::string_view value, const ExpandWord& expand_word = {});

/// What is run: where it is for a shell, that with the rest as its script.
Command to_command(ParsedCommand parsed);

/// systemd's replace_env_argv(). A word that is $NAME becomes the words of its value, none if it is
/// not set: split at white space, with quotes, where a backslash takes the next byte as it is and
/// an open quote ends with the value. ${NAME} anywhere in a word becomes its value, '$$' a '$'. All
/// else stays, as '$NAME' behind other text and '${NAME:-x}' do; but a word that begins with '$'
/// and goes on with what is no name, '$NAME-x', is dropped. Of a name given twice the later one
/// counts.
///
/// The first word is the program, which has no variables: it stays as it is. Refuses what execve(2)
/// would: words of 128 KiB, kMaxArguments in all; and more than kMaxEntries words. No value is in
/// the message: it may be a secret.
Parsed<std::vector<std::string>> expand_variables(const std::vector<std::string>& words,
                                                  const std::vector<std::string>& environment);

/// `run -- COMMAND`: words that are taken as they are, the first searched in PATH.
Command plain_command(std::vector<std::string> words);

/// The argv of a command with that environment. Unlike expand_variables() alone it respects ':' and
/// expands an argv[0] given with '@'; without any word left argv[0] is the path.
Parsed<std::vector<std::string>> arguments(const Command& command,
                                           const std::vector<std::string>& environment);

}  // namespace gatevisor::config
