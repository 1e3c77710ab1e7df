#include "log/cursor.h"

#include <gtest/gtest.h>

namespace gatevisor::log {
namespace {

constexpr const char* kText =
    "s=d93fece88212463083048ea612472a61;i=359;b=000000000000000000000000000a0001;m=245f0dab;"
    "t=60a2463f9e224;x=3db5367833e24aeb";

TEST(Cursor, ComesBackAsItWas) {
  const auto cursor = parse_cursor(kText);
  ASSERT_TRUE(cursor);
  EXPECT_EQ(cursor->seqnum, 0x359u);
  journal::EntryMeta entry;
  entry.seqnum = *cursor->seqnum;
  entry.boot_id = *cursor->boot_id;
  entry.monotonic_usec = *cursor->monotonic_usec;
  entry.realtime_usec = *cursor->realtime_usec;
  entry.xor_hash = *cursor->xor_hash;
  std::string text;
  append_cursor(text, *cursor->seqnum_id, entry);
  EXPECT_EQ(text, kText);
}

TEST(Cursor, RefusesWhatIsNone) {
  for (const char* text : {"", "x", "s=1;i=2", "i=5", "t=xyz", "s=zz", "=", "t"}) {
    EXPECT_FALSE(parse_cursor(text)) << text;
  }
  EXPECT_TRUE(parse_cursor("t=5"));
  EXPECT_TRUE(parse_cursor("t=5;z=later"));
}

TEST(Cursor, ReadsIdsAndUuids) {
  EXPECT_TRUE(parse_id("0123456789abcdef0123456789ABCDEF"));
  EXPECT_EQ(parse_id("01234567-89ab-cdef-0123-456789abcdef"),
            parse_id("0123456789abcdef0123456789abcdef"));
  for (const char* text :
       {"", "0123", "0123456789abcdef0123456789abcdeg", "0123456789abcdef0123456789abcdef0",
        "0123456789ab-cdef-0123-456789abcdef0"}) {
    EXPECT_FALSE(parse_id(text)) << text;
  }
}

}  // namespace
}  // namespace gatevisor::log
