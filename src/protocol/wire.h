// Numbers and texts in the datagrams between gatevisor and its journal writer: one program, one
// machine. Eight bytes a number, the low one first; a text is its length and its bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gatevisor::protocol {

inline void put(std::string& out, std::uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(number >> shift & 0xff);
}

inline void put(std::string& out, std::string_view text) {
  put(out, std::uint64_t{text.size()});
  out += text;
}

inline bool take(std::string_view& bytes, std::uint64_t& number) {
  if (bytes.size() < 8) return false;
  number = 0;
  for (unsigned i = 0; i < 8; ++i) {
    number |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  bytes.remove_prefix(8);
  return true;
}

inline bool take(std::string_view& bytes, std::string& text) {
  std::uint64_t size = 0;
  if (!take(bytes, size) || size > bytes.size()) return false;
  text = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return true;
}

}  // namespace gatevisor::protocol
