#include "journal/jenkins.h"

namespace gatevisor::journal {
namespace {

struct Lookup3 {
  std::uint32_t a, b, c;

  void mix() {
    a = (a - c) ^ std::rotl(c, 4);
    c += b;
    b = (b - a) ^ std::rotl(a, 6);
    a += c;
    c = (c - b) ^ std::rotl(b, 8);
    b += a;
    a = (a - c) ^ std::rotl(c, 16);
    c += b;
    b = (b - a) ^ std::rotl(a, 19);
    a += c;
    c = (c - b) ^ std::rotl(b, 4);
    b += a;
  }

  void finish() {
    c = (c ^ b) - std::rotl(b, 14);
    a = (a ^ c) - std::rotl(c, 11);
    b = (b ^ a) - std::rotl(a, 25);
    c = (c ^ b) - std::rotl(b, 16);
    a = (a ^ c) - std::rotl(c, 4);
    b = (b ^ a) - std::rotl(a, 14);
    c = (c ^ b) - std::rotl(b, 24);
  }

  void add(const std::byte* block) {
    a += load<std::uint32_t>(block);
    b += load<std::uint32_t>(block + 4);
    c += load<std::uint32_t>(block + 8);
  }
};

}  // namespace

std::uint64_t jenkins_hash64(std::span<const std::byte> bytes) {
  const std::uint32_t start = 0xdeadbeef + static_cast<std::uint32_t>(bytes.size());
  Lookup3 state{start, start, start};
  for (; bytes.size() > 12; bytes = bytes.subspan(12)) {
    state.add(bytes.data());
    state.mix();
  }
  if (!bytes.empty()) {  // 1 to 12 bytes are left; nothing is mixed for no bytes at all
    std::array<std::byte, 12> block{};
    std::memcpy(block.data(), bytes.data(), bytes.size());
    state.add(block.data());
    state.finish();
  }
  return std::uint64_t{state.c} << 32 | state.b;
}

}  // namespace gatevisor::journal
