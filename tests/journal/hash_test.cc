#include <gtest/gtest.h>

#include "journal/jenkins.h"
#include "journal/siphash24.h"
#include "journal_testing.h"

namespace gatevisor::journal {
namespace {

// The reference implementation's vectors: key 00..0f, input 00..(length - 1).
TEST(Hash, SipHashGivesTheReferenceVectors) {
  Id128 key;
  std::array<std::byte, 64> input;
  for (std::size_t i = 0; i < input.size(); ++i) {
    input[i] = static_cast<std::byte>(i);
    key[i % 16] = static_cast<std::byte>(i % 16);
  }
  const std::span<const std::byte> all = input;
  EXPECT_EQ(siphash24(all.first(0), key), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(siphash24(all.first(1), key), 0x74f839c593dc67fdu);
  EXPECT_EQ(siphash24(all.first(8), key), 0x93f5f5799a932462u);
  EXPECT_EQ(siphash24(all.first(15), key), 0xa129ca6149be45e5u);
}

// lookup3.c, driver5().
TEST(Hash, JenkinsGivesTheReferenceVectors) {
  EXPECT_EQ(jenkins_hash64({}), 0xdeadbeefdeadbeefu);
  EXPECT_EQ(jenkins_hash64(as_bytes("Four score and seven years ago")), 0x17770551ce7226e6u);
}

}  // namespace
}  // namespace gatevisor::journal
