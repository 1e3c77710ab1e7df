// Payloads that systemd compressed: what comes out, and what cannot be made to.
#include "journal/decompress.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <random>

namespace gatevisor::journal {
namespace {

constexpr std::size_t kLimit = 1 << 20;

std::string packed(const std::string& plain) {
  std::string bytes(ZSTD_compressBound(plain.size()), '\0');
  bytes.resize(ZSTD_compress(bytes.data(), bytes.size(), plain.data(), plain.size(), 3));
  return bytes;
}

TEST(Decompress, GivesBackWhatWas) {
  for (const std::size_t size : {1u, 100u, 16384u, 16385u, 1'000'000u}) {
    const std::string plain(size, 'x');
    std::string out;
    ASSERT_TRUE(decompress(Compression::kZstd, packed(plain), out, kLimit)) << size;
    EXPECT_EQ(out, plain);
  }
}

TEST(Decompress, StopsAtTheLimit) {
  const std::string bomb = packed(std::string(64 << 20, '\0'));
  ASSERT_LT(bomb.size(), 10'000u);
  std::string out;
  EXPECT_EQ(decompress(Compression::kZstd, bomb, out, kLimit).error().code, E2BIG);
  EXPECT_LE(out.capacity(), kLimit + 64);
  // An LZ4 block that says it is long, and one whose size cannot be true.
  std::string block(100, '\0');
  block[3] = 1;
  EXPECT_EQ(decompress(Compression::kLz4, block, out, kLimit).error().code, EBADMSG);
}

TEST(Decompress, RefusesAnythingElse) {
  std::mt19937 random(1);
  const std::string good = packed(std::string(5000, 'x') + "and more");
  std::string out;
  for (int i = 0; i < 3000; ++i) {
    std::string bytes(random() % 200, '\0');
    std::ranges::generate(bytes, [&] { return static_cast<char>(random()); });
    if (i % 2 == 0) {
      bytes = good;
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    for (const auto how : {Compression::kZstd, Compression::kLz4, Compression::kXz}) {
      (void)decompress(how, bytes, out, kLimit);
      EXPECT_LE(out.size(), kLimit);
    }
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decompress(Compression::kZstd, good.substr(0, size), out, kLimit)) << size;
  }
}

}  // namespace
}  // namespace gatevisor::journal
