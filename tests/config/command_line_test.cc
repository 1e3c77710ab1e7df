#include "config/command_line.h"

#include <gtest/gtest.h>

#include "config/environment_file.h"

namespace gatevisor::config {
namespace {

using Words = std::vector<std::string>;

std::vector<ParsedCommand> parse(std::string_view value) {
  return parse_command_line(value).value();
}

/// 'offset: message', or nothing.
std::string refusal(std::string_view value) {
  const auto commands = parse_command_line(value);
  if (commands) return "";
  return std::to_string(commands.error().offset) + ": " + commands.error().message;
}

/// argv of the only command.
Words argv(std::string_view value) {
  const auto commands = parse_command_line(value);
  if (!commands) return {commands.error().message};
  return commands->size() == 1 ? commands->front().argv : Words{"not one command"};
}

TEST(CommandLine, PathAndArguments) {
  const ParsedCommand command = parse("  /bin/echo  a \"b c\" 'd'e\\x41 ").at(0);
  EXPECT_EQ(command.path, "/bin/echo");
  EXPECT_EQ(command.argv, (Words{"/bin/echo", "a", "b c", "deA"}));
  EXPECT_EQ(command.offset, 2U);
  EXPECT_TRUE(command.expand);
  EXPECT_EQ(command.privilege, Privilege::Unit);
}

TEST(CommandLine, AnEmptyValueHasNoCommand) {
  EXPECT_TRUE(parse("").empty());
  EXPECT_TRUE(parse(" \t\n").empty());
  EXPECT_EQ(refusal(" ; "), "1: expected a command");
}

TEST(CommandLine, APathIsAbsoluteOrAFileName) {
  EXPECT_EQ(parse("node x").at(0).path, "node");
  EXPECT_EQ(refusal("bin/node"),
            "0: expected an absolute path or a file name without '/', not "
            "'bin/node'");
  for (const std::string_view value : {"./a", "../a", ".", "..", "/", "/a/", "/a/.", "/a/..",
                                       "\"\"", "'/a\\tb'", "/a\\\\b", "/a\\\"b"}) {
    EXPECT_FALSE(parse_command_line(value)) << value;
  }
  const std::string name(255, 'n');
  EXPECT_TRUE(parse_command_line(name));
  EXPECT_TRUE(parse_command_line("/" + name + "/x"));
  EXPECT_FALSE(parse_command_line("n" + name));
  EXPECT_FALSE(parse_command_line("/n" + name + "/x"));
  std::string deep;
  while (deep.size() < kMaxPath - 1) deep += "/a";
  EXPECT_TRUE(parse_command_line(deep));
  EXPECT_FALSE(parse_command_line(deep + "/a"));
}

TEST(CommandLine, ThePathIsSimplifiedButNotItsNameForTheProgram) {
  // test-load-fragment.c of systemd
  const ParsedCommand command = parse("/RValue///slashes/./x r1///").at(0);
  EXPECT_EQ(command.path, "/RValue/slashes/x");
  EXPECT_EQ(command.argv, (Words{"/RValue///slashes/./x", "r1///"}));
  EXPECT_EQ(parse("/a/../b").at(0).path, "/a/../b");
}

TEST(CommandLine, PrefixesInAnyOrder) {
  const ParsedCommand command = parse("-:/a $b").at(0);
  EXPECT_TRUE(command.ignore_failure);
  EXPECT_FALSE(command.expand);
  EXPECT_EQ(parse(":-/a $b").at(0), command);
  EXPECT_EQ(parse("+/a").at(0).privilege, Privilege::Full);
  EXPECT_EQ(parse("!/a").at(0).privilege, Privilege::NoUser);
  EXPECT_EQ(parse("!!/a").at(0).privilege, Privilege::Ignored);
  EXPECT_EQ(parse("!-!/a").at(0).privilege, Privilege::Ignored);
  EXPECT_EQ(parse("\"-/a b\" c").at(0).path, "/a b");
}

TEST(CommandLine, EachPrefixOnceAndOfThePrivilegesOne) {
  for (const std::string_view value :
       {"--/a", "@@/a b", "::/a", "++/a", "+!/a", "!+/a", "!!!/a", "!!+/a", "+-!/a"}) {
    EXPECT_TRUE(refusal(value).starts_with("0: expected ")) << value;
  }
  EXPECT_EQ(refusal("-+-/a"),
            "0: expected each prefix once, and of + and ! only one, before '-/a'");
  EXPECT_EQ(refusal("- /a"), "0: expected a program behind the prefixes");
}

TEST(CommandLine, AnAtSignTakesTheNameFromTheSecondWord) {
  const ParsedCommand command = parse("@/bin/sh -sh -c x").at(0);
  EXPECT_EQ(command.path, "/bin/sh");
  EXPECT_EQ(command.argv, (Words{"-sh", "-c", "x"}));
  EXPECT_TRUE(command.own_name);
  EXPECT_EQ(refusal("/a ; @/bin/sh"),
            "5: expected the name for argv[0] behind the path, as '@' has it");
}

TEST(CommandLine, APipeHandsTheWordsToAShell) {
  const ParsedCommand command = parse("-|echo $x").at(0);
  EXPECT_TRUE(command.shell);
  EXPECT_EQ(command.path, "");
  EXPECT_EQ(command.argv, (Words{"sh", "echo", "$x"}));
  EXPECT_EQ(parse("@| echo 'a b'").at(0).argv, (Words{"-sh", "echo", "a b"}));
  EXPECT_EQ(parse("||x").at(0).argv, (Words{"sh", "|x"}));
  EXPECT_EQ(refusal("|"), "0: expected what the shell runs behind '|'");
}

TEST(CommandLine, ALoneSemicolonSeparatesCommands) {
  const auto commands = parse("/a x ; -/b;c ;d ; ; /e ;");
  ASSERT_EQ(commands.size(), 3U);
  EXPECT_EQ(commands[0].argv, (Words{"/a", "x"}));
  EXPECT_EQ(commands[1].argv, (Words{"/b;c", ";d"}));
  EXPECT_TRUE(commands[1].ignore_failure);
  EXPECT_EQ(commands[1].offset, 7U);
  EXPECT_EQ(commands[2].argv, (Words{"/e"}));
  EXPECT_FALSE(commands[2].ignore_failure);
}

TEST(CommandLine, AQuotedOrEscapedSemicolonIsAWord) {
  EXPECT_EQ(argv("/a ';' \";\" \\; b"), (Words{"/a", ";", ";", ";", "b"}));
  EXPECT_EQ(argv("/a \\;"), (Words{"/a", ";"}));
  EXPECT_EQ(argv("/a b \\;c"), (Words{"/a", "b", "\\;c"}));
}

TEST(CommandLine, AnErrorKnowsItsWord) {
  EXPECT_EQ(refusal("/a 'b c' \"d"), "9: a quote is open at the end; close it, or write \\\"");
  EXPECT_EQ(refusal("/a ; /b 'c"), "8: a quote is open at the end; close it, or write \\'");
}

TEST(CommandLine, WhatIsNoEscapeStays) {
  EXPECT_EQ(argv("/a b \\q\\. 's/\\./x/'"), (Words{"/a", "b", "\\q\\.", "s/\\./x/"}));
  EXPECT_EQ(argv("/a b\\"), (Words{"/a", "b\\"}));
}

TEST(CommandLine, SpecifiersAreReplacedAfterTheSplitInPathAndWords) {
  const auto expand = [](std::string_view word) -> Parsed<std::string> {
    if (word == "bad") return refuse("there is no specifier");
    std::string out;
    for (const char c : word) out += c == '%' ? "-x y;" : std::string(1, c);
    return out;
  };
  const auto commands = parse_command_line("@-/% % 'a %' ; |%", expand).value();
  ASSERT_EQ(commands.size(), 2U);
  EXPECT_EQ(commands[0].path, "/-x y;");
  EXPECT_EQ(commands[0].argv, (Words{"-x y;", "a -x y;"}));
  EXPECT_EQ(commands[1].argv, (Words{"sh", "-x y;"}));
  EXPECT_EQ(parse_command_line("/a bad", expand).error(),
            (CommandError{3, "there is no specifier"}));
  EXPECT_FALSE(parse_command_line("%", expand));
}

TEST(CommandLine, WordsAndSpecifiersAreBounded) {
  std::string value = "/a";
  for (std::size_t i = 1; i < kMaxEntries; ++i) value += " x";
  EXPECT_TRUE(parse_command_line(value));
  EXPECT_FALSE(parse_command_line(value + " x"));
  EXPECT_FALSE(parse_command_line(value + " ; /b"));
  EXPECT_FALSE(parse_command_line("/a " + std::string(kMaxValue, 'x')));
  const auto large = [](std::string_view word) -> Parsed<std::string> {
    return word == "x" ? std::string(kMaxValue, 'x') : std::string(word);
  };
  EXPECT_TRUE(parse_command_line("/a x x x x x", large));
  EXPECT_FALSE(parse_command_line("/a x x x x x x", large));
}

const Words kEnvironment{"FOO=BAR BAR", "BAR=waldo",  "EMPTY=",   "QUOTED=a 'b c' \"d\"e \\' f\\ g",
                         "OPEN=a 'b c", "SLASH=a \\", "BAR2=x=y", "TWICE=1",
                         "TWICE=2",     "_1=u"};

/// The words behind the program.
Words expand(Words words) {
  words.insert(words.begin(), "/p");
  auto out = expand_variables(words, kEnvironment);
  if (!out) return {out.error()};
  out->erase(out->begin());
  return *out;
}

TEST(Variables, AsInSystemdsOwnTest) {
  // test_replace_env_argv() of test-env-util.c
  EXPECT_EQ(expand({"FOO$FOO", "FOO$FOOFOO", "FOO${FOO}$FOO", "FOO${FOO}", "${FOO}", "$FOO",
                    "$FOO$FOO", "${FOO}${BAR}", "${FOO", "FOO$$${FOO}", "$$FOO${FOO}",
                    "${FOO:-${BAR}}", "${QUUX:-${FOO}}", "${FOO:+${BAR}}"}),
            (Words{"FOO$FOO", "FOO$FOOFOO", "FOOBAR BAR$FOO", "FOOBAR BAR", "BAR BAR", "BAR", "BAR",
                   "BAR BARwaldo", "${FOO", "FOO$BAR BAR", "$FOOBAR BAR", "${FOO:-waldo}",
                   "${QUUX:-BAR BAR}", "${FOO:+waldo}"}));
}

TEST(Variables, AWordOfItsOwnIsSplit) {
  EXPECT_EQ(expand({"$FOO", "x"}), (Words{"BAR", "BAR", "x"}));
  EXPECT_EQ(expand({"$QUOTED"}), (Words{"a", "b c", "de", "'", "f g"}));
  EXPECT_EQ(expand({"$OPEN"}), (Words{"a", "b c"}));
  EXPECT_EQ(expand({"$SLASH"}), (Words{"a", ""}));
  EXPECT_EQ(expand({"$_1"}), (Words{"u"}));
}

TEST(Variables, InBracesItIsOneWord) {
  EXPECT_EQ(expand({"${FOO}", "a${QUOTED}b"}), (Words{"BAR BAR", "aa 'b c' \"d\"e \\' f\\ gb"}));
}

TEST(Variables, UnsetIsNoWordOrAnEmptyText) {
  EXPECT_EQ(expand({"$NONE", "$EMPTY", "x"}), (Words{"x"}));
  EXPECT_EQ(expand({"${NONE}", "${EMPTY}", "a${NONE}b"}), (Words{"", "", "ab"}));
}

TEST(Variables, WhatIsNoNameIsDroppedAsAWordAndEmptyInBraces) {
  EXPECT_EQ(expand({"$FOO-x", "$", "$1", "$FOO/x", "y"}), (Words{"y"}));
  EXPECT_EQ(expand({"${}", "${1}", "${A B}", "${A$FOO}z"}), (Words{"", "", "", "z"}));
}

TEST(Variables, DollarSigns) {
  EXPECT_EQ(expand({"$$", "$$$$", "a$$b", "a$", "a$b", "$${FOO}", "a$$$FOO", "a$\xc3\xa9"}),
            (Words{"$", "$$", "a$b", "a$", "a$b", "${FOO}", "a$$FOO", "a$\xc3\xa9"}));
}

TEST(Variables, TheLaterOfTwoCountsAndOnlyTheFirstEqualsSign) {
  EXPECT_EQ(expand({"${TWICE}", "${BAR2}"}), (Words{"2", "x=y"}));
}

TEST(Variables, TheProgramStays) {
  EXPECT_EQ(expand_variables({"/a${FOO}", "${BAR}"}, kEnvironment), (Words{"/a${FOO}", "waldo"}));
  EXPECT_EQ(expand_variables({}, kEnvironment), Words{});
}

TEST(Variables, OfACommand) {
  EXPECT_EQ(arguments(parse("/a${FOO} $FOO").at(0), kEnvironment),
            (Words{"/a${FOO}", "BAR", "BAR"}));
  EXPECT_EQ(arguments(parse(":/a $FOO $$").at(0), kEnvironment), (Words{"/a", "$FOO", "$$"}));
  EXPECT_EQ(arguments(parse("@/a ${BAR} $FOO").at(0), kEnvironment),
            (Words{"waldo", "BAR", "BAR"}));
  EXPECT_EQ(arguments(parse("@/a $NONE").at(0), kEnvironment), (Words{"/a"}));
  EXPECT_EQ(arguments(parse("@|${BAR} $FOO").at(0), kEnvironment),
            (Words{"-sh", "waldo", "BAR", "BAR"}));
}

TEST(Variables, AreBoundedAndNoSecretIsInTheMessage) {
  const Words environment{"L=secret" + std::string(kMaxAssignment - 8, 'x'),
                          "S=secret " + std::string(8192, ' ')};
  EXPECT_TRUE(expand_variables({"/p", "${L}"}, environment));
  const auto refused = expand_variables({"/p", "${L}${L}"}, environment);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().find("secret"), std::string::npos);
  Words many{"/p"};
  for (std::size_t i = 0; i < 48; ++i) many.push_back("${L}");
  EXPECT_TRUE(expand_variables(many, environment));
  many.push_back("${L}");
  EXPECT_FALSE(expand_variables(many, environment));
  many.assign(kMaxEntries, "$S");
  EXPECT_TRUE(expand_variables(many, environment));
  many.push_back("$S");
  EXPECT_FALSE(expand_variables(many, environment));
  std::string braces;
  for (std::size_t i = 0; i < kMaxValue / 4; ++i) braces += "${L}";
  EXPECT_FALSE(expand_variables({"/p", braces}, environment));
}

}  // namespace
}  // namespace gatevisor::config
