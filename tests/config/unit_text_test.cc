#include "config/unit_text.h"

#include <gtest/gtest.h>

#include "config/text.h"

namespace gatevisor::config {
namespace {

using Values = std::vector<std::string>;

/// 'Section.Name=value' of every assignment; the error where there is one.
Values read(std::string_view text) {
  const auto unit = parse_unit_text(text, "/u");
  if (!unit) return {to_string(unit.error())};
  Values values;
  for (const Assignment& a : unit->assignments) {
    values.push_back(a.section + "." + a.name + "=" + a.value);
  }
  return values;
}

Values remarks(std::string_view text) { return parse_unit_text(text, "/u").value().remarks; }

/// The places in the file of the bytes of the first value at `offsets`.
std::vector<std::pair<unsigned, unsigned>> places(std::string_view text,
                                                  std::initializer_list<std::size_t> offsets) {
  const UnitText unit = parse_unit_text(text, "/u").value();
  std::vector<std::pair<unsigned, unsigned>> places;
  for (const std::size_t offset : offsets) {
    const Location at = unit.assignments.at(0).locate(offset);
    places.emplace_back(at.line, at.column);
  }
  return places;
}

TEST(UnitText, SectionsAndAssignmentsInOrder) {
  EXPECT_EQ(read("[Unit]\nDescription=A b\n\n[Service]\nExecStart=/a\nExecStart=\n[Unit]\nAfter=x"),
            (Values{"Unit.Description=A b", "Service.ExecStart=/a",
                    "Service.ExecStart=", "Unit.After=x"}));
  EXPECT_EQ(read(""), Values{});
  EXPECT_EQ(read("[Unit]\n"), Values{});
}

TEST(UnitText, WhiteSpaceAroundNameAndValueIsDropped) {
  EXPECT_EQ(read("  [Unit]\t\n \tA \t=\t b  c \t\n"), Values{"Unit.A=b  c"});
}

TEST(UnitText, OnlyTheFirstEqualsSignSplits) {
  EXPECT_EQ(read("[S]\nEnvironment=\"A=b c\" D==\n"), Values{"S.Environment=\"A=b c\" D=="});
}

TEST(UnitText, NamesAreCaseSensitive) {
  EXPECT_EQ(read("[unit]\nafter=a\nAfter=b"), (Values{"unit.after=a", "unit.After=b"}));
}

TEST(UnitText, CommentsAreWholeLines) {
  EXPECT_EQ(read("# a\n; b\n[S]\n  # c=d\n\t;e=f\nA=b # c ; d\n"), Values{"S.A=b # c ; d"});
}

TEST(UnitText, ABackslashAtTheEndContinuesWithASpace) {
  EXPECT_EQ(read("[S]\nA=b\\\nc\n"), Values{"S.A=b c"});
  EXPECT_EQ(read("[S]\nA=b \\\n  c \\\n  d\nB=e\n"), (Values{"S.A=b    c    d", "S.B=e"}));
  EXPECT_EQ(read("[S]\nA=\\\n\\\n/b\n"), Values{"S.A=/b"});
}

TEST(UnitText, CommentsInsideAContinuationAreSkipped) {
  // systemd.syntax(7)
  EXPECT_EQ(read("[Section C]\nKeyThree=value 3\\\n# this line is ignored\n"
                 "; this line is ignored too\n       value 3 continued\n"),
            Values{"Section C.KeyThree=value 3        value 3 continued"});
  EXPECT_EQ(read("[S]\nA=b\\\n# no continuation \\\nc\n"), Values{"S.A=b c"});
  EXPECT_EQ(read("[S]\n# no continuation \\\nA=b\n"), Values{"S.A=b"});
}

TEST(UnitText, AnEmptyLineEndsAContinuation) {
  EXPECT_EQ(read("[S]\nA=b\\\n\nB=c\n"), (Values{"S.A=b", "S.B=c"}));
}

TEST(UnitText, AnEvenNumberOfBackslashesContinuesNothing) {
  EXPECT_EQ(read("[S]\nA=b\\\\\nB=c\n"), (Values{"S.A=b\\\\", "S.B=c"}));
  EXPECT_EQ(read("[S]\nA=b\\\\\\\nc\n"), Values{"S.A=b\\\\ c"});
}

TEST(UnitText, ABackslashBeforeWhiteSpaceContinuesNothing) {
  const std::string_view text = "[S]\nA=b\\ \nB=c\n";
  EXPECT_EQ(read(text), (Values{"S.A=b\\", "S.B=c"}));
  EXPECT_EQ(remarks(text),
            Values{"/u:2:1: the backslash does not continue the line, there is white space behind "
                   "it"});
  EXPECT_EQ(remarks("[S]\n# b \\ \nA=b\\\n  c\\\\ \n"), Values{});
}

TEST(UnitText, ABackslashAtTheEndOfTheFile) {
  EXPECT_EQ(read("[S]\nA=b\\"), Values{"S.A=b"});
  EXPECT_EQ(read("[S]\nA=b\\\n"), Values{"S.A=b"});
  EXPECT_EQ(remarks("[S]\nA=b\\\n"),
            Values{"/u:2:1: a backslash ends the file; there is no line that it could continue "
                   "with"});
}

TEST(UnitText, BackslashInFrontOfAContinuationStaysWhereNothingFollows) {
  // As in systemd: the line is joined with an empty one, and white space at the end goes.
  const auto unit = parse_unit_text("[S]\nA=b\\ \\\n\nB=c\n", "/u");
  ASSERT_TRUE(unit);
  ASSERT_EQ(unit->assignments.size(), 2u);
  EXPECT_EQ(unit->assignments[0].value, "b\\");
  EXPECT_EQ(unit->assignments[1].value, "c");
}

TEST(UnitText, RemarksAreBounded) {
  std::string text = "[S]\n";
  for (int i = 0; i < 1000; ++i) text += "A=b\\ \n";
  EXPECT_EQ(remarks(text).size(), 64U);
}

TEST(UnitText, LinesEndWithCarriageReturnsToo) {
  EXPECT_EQ(read("[S]\r\nA=b\\\r\nc\r\nB=d\r\n"), (Values{"S.A=b c", "S.B=d"}));
  EXPECT_EQ(read("[S]\rA=b\\\rc\rB=d"), (Values{"S.A=b c", "S.B=d"}));
  EXPECT_EQ(read("[S]\n\rA=b\n\r\n\rx"), (Values{"/u:4:1: expected NAME=VALUE, 'x' has no '='"}));
  EXPECT_EQ(read("[S]\r\n\r\nx"), (Values{"/u:3:1: expected NAME=VALUE, 'x' has no '='"}));
  EXPECT_EQ(read("[S]\n\nx"), (Values{"/u:3:1: expected NAME=VALUE, 'x' has no '='"}));
}

TEST(UnitText, AByteOrderMarkIsSkippedAtTheStartOnly) {
  EXPECT_EQ(read("\xef\xbb\xbf[S]\nA=b\n"), Values{"S.A=b"});
  EXPECT_EQ(read("\xef\xbb\xbf# c\n[S]\nA=b\n"), Values{"S.A=b"});
  EXPECT_EQ(read("[S]\nA=\xef\xbb\xbf\n"), Values{"S.A=\xef\xbb\xbf"});
}

TEST(UnitText, AssignmentsKnowTheirPlace) {
  const UnitText unit = parse_unit_text("[S]\n\n  Abc = def\n", "/u").value();
  ASSERT_EQ(unit.assignments.size(), 1U);
  const Assignment& a = unit.assignments[0];
  EXPECT_EQ(a.at, (Location{"/u", 3, 3}));
  EXPECT_EQ(to_string(a.locate()), "/u:3:9");
  EXPECT_EQ(to_string(a.locate(2)), "/u:3:11");
}

TEST(UnitText, ContinuedValuesKnowTheirPlace) {
  EXPECT_EQ(places("[S]\nA=\\\n # c\n   /b \\\n\\\n  c\n", {0, 1, 7}),
            (std::vector<std::pair<unsigned, unsigned>>{{4, 4}, {4, 5}, {6, 3}}));
  EXPECT_EQ(places("[S]\nA=b\\\n\tc\n", {0, 3}),
            (std::vector<std::pair<unsigned, unsigned>>{{2, 3}, {3, 2}}));
  EXPECT_EQ(places("[S]\nA\\\n=\\\n b\n", {0}),
            (std::vector<std::pair<unsigned, unsigned>>{{4, 2}}));
  EXPECT_EQ(places("[S]\nA=\n", {0}), (std::vector<std::pair<unsigned, unsigned>>{{2, 3}}));
  EXPECT_EQ(places("[S]\nA=\\\n  \\\n\n", {0}),
            (std::vector<std::pair<unsigned, unsigned>>{{2, 3}}));
  EXPECT_EQ(places("\xef\xbb\xbf[S]\nA=b", {0}),
            (std::vector<std::pair<unsigned, unsigned>>{{2, 3}}));
}

TEST(UnitText, WhatSystemdIgnoresIsAnError) {
  EXPECT_EQ(read("A=b\n"), Values{"/u:1:1: expected a section, such as [Service], before 'A'"});
  EXPECT_EQ(read("[S]\n  what\n"), Values{"/u:2:3: expected NAME=VALUE, 'what' has no '='"});
  EXPECT_EQ(read("[S]\n = b\n"), Values{"/u:2:2: expected a name before '='"});
  EXPECT_EQ(read("[S]\nA=\xff\n"), Values{"/u:2:1: expected UTF-8"});
  EXPECT_EQ(read("[S]\n.include /b\n"),
            Values{"/u:2:1: expected NAME=VALUE; systemd has no .include any more, use a drop-in"});
}

TEST(UnitText, ABadSectionHeaderIsAnError) {
  EXPECT_EQ(read("[S"), Values{"/u:1:1: expected [Section] with nothing behind it, not '[S'"});
  EXPECT_EQ(read("["), Values{"/u:1:1: expected [Section] with nothing behind it, not '['"});
  EXPECT_EQ(read("[S] # c"),
            Values{"/u:1:1: expected [Section] with nothing behind it, not '[S] # c'"});
  for (const std::string_view text : {"[]", "[a\tb]", "[a\"b]", "[a\\b]"}) {
    EXPECT_FALSE(parse_unit_text(text, "/u")) << text;
  }
}

TEST(UnitText, NulIsAnError) {
  using namespace std::string_view_literals;
  EXPECT_EQ(read("[S]\nA=b\0c\n"sv), Values{"/u:2:4: expected text, there is a NUL byte"});
  EXPECT_FALSE(parse_unit_text("# \0"sv, "/u"));
}

TEST(UnitText, CommentsNeedNotBeUtf8) { EXPECT_EQ(read("# J\xfcrgen\n[S]\n"), Values{}); }

TEST(UnitText, LinesAreBounded) {
  const std::string longest = "A=" + std::string(kMaxValue - 2, 'x');
  EXPECT_TRUE(parse_unit_text("[S]\n" + longest + "\n", "/u"));
  EXPECT_EQ(read("[S]\n" + longest + "x\n"),
            Values{"/u:2:1: expected a line of at most 1 MiB, continued lines included"});
  // With its backslash the first line has 1 MiB.
  const std::string continued = longest.substr(0, kMaxValue - 1) + "\\\n";
  EXPECT_TRUE(parse_unit_text("[S]\n" + continued, "/u"));
  EXPECT_EQ(read("[S]\n" + continued + "# c\n b\n"),
            Values{"/u:4:2: expected a line of at most 1 MiB, continued lines included"});
}

TEST(UnitText, FilesAndAssignmentsAreBounded) {
  EXPECT_TRUE(parse_unit_text(std::string(kMaxUnitText, '\n'), "/u"));
  EXPECT_EQ(read(std::string(kMaxUnitText + 1, '\n')),
            Values{"/u:1:1: expected a file of at most 16 MiB"});
  std::string text = "[S]\n";
  for (std::size_t i = 0; i < kMaxAssignments; ++i) text += "A=\n";
  EXPECT_TRUE(parse_unit_text(text, "/u"));
  EXPECT_EQ(read(text + "A="), Values{"/u:65538:1: expected at most 65536 assignments"});
}

TEST(UnitText, NamesAreBounded) {
  const std::string name(kMaxUnitWord, 'n');
  EXPECT_TRUE(parse_unit_text("[" + name + "]\n" + name + "=", "/u"));
  EXPECT_FALSE(parse_unit_text("[n" + name + "]", "/u"));
  EXPECT_FALSE(parse_unit_text("[S]\nn" + name + "=", "/u"));
}

TEST(UnitText, AnErrorIsOneLine) {
  EXPECT_EQ(to_string(UnitError{{"/a\nb", 2, 3}, "expected c"}), "/a?b:2:3: expected c");
  EXPECT_EQ(read("[S]\na\x1b[2J"), Values{"/u:2:1: expected NAME=VALUE, 'a?[2J' has no '='"});
}

}  // namespace
}  // namespace gatevisor::config
