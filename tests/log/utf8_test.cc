// What is printable: systemd's rules.
#include "log/utf8.h"

#include <gtest/gtest.h>

namespace gatevisor::log {
namespace {

TEST(Utf8, TellsPlainFromEscapedAndBinary) {
  EXPECT_EQ(kind_of(""), TextKind::kPlain);
  EXPECT_EQ(kind_of("a line of more than eight bytes"), TextKind::kPlain);
  EXPECT_EQ(kind_of("ümläut → 漢字 😀"), TextKind::kPlain);
  EXPECT_EQ(kind_of("two\nlines"), TextKind::kEscape);
  EXPECT_EQ(kind_of("12345678\t"), TextKind::kEscape);
  EXPECT_EQ(kind_of("say \"yes\""), TextKind::kEscape);
  EXPECT_EQ(kind_of("back\\slash and more"), TextKind::kEscape);
}

TEST(Utf8, RefusesControlCharactersAtEveryPlace) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text(20, 'a');
      text[at] = static_cast<char>(byte);
      const bool special = byte == '\n' || byte == '\t' || byte == '"' || byte == '\\';
      const bool plain = byte >= 0x20 && byte < 0x7f && !special;
      EXPECT_EQ(kind_of(text), plain     ? TextKind::kPlain
                               : special ? TextKind::kEscape
                                         : TextKind::kBinary)
          << byte << " at " << at;
    }
  }
}

TEST(Utf8, RefusesWhatIsNoCharacter) {
  for (const char* text :
       {"\xc0\x80", "\xc1\xbf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xed\xa0\x80", "\xed\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "\x80", "\xc2", "\xe2\x82",
        "\xf0\x9f\x98", "\xef\xb7\x90", "\xef\xbf\xbe", "\xc2\x80", "\xc2\x9f"}) {
    EXPECT_EQ(kind_of(text), TextKind::kBinary) << text;
    EXPECT_EQ(kind_of(std::string("before that ") + text), TextKind::kBinary) << text;
  }
  EXPECT_EQ(kind_of("\xc2\xa0"), TextKind::kPlain);
  EXPECT_EQ(kind_of("\xef\xbf\xbd"), TextKind::kPlain);
  EXPECT_EQ(kind_of("\xf4\x8f\xbf\xbd"), TextKind::kPlain);
}

TEST(Utf8, OneLineHasNoNewline) {
  EXPECT_TRUE(is_printable_line("a \"b\"\tc"));
  EXPECT_FALSE(is_printable_line("a\nb"));
  EXPECT_FALSE(is_printable_line("a\rb"));
}

}  // namespace
}  // namespace gatevisor::log
