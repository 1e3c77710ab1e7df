// -g: PCRE2 over MESSAGE.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "gatevisor/error.h"

namespace gatevisor::log {

/// Of a match: from, to.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

enum class CaseRule : std::uint8_t {
  kSmart,  ///< journalctl's: a pattern without upper-case letters matches either case
  kSensitive,
  kInsensitive,
};

class Grep {
 public:
  /// EINVAL, with the place and the library's words as advice.
  static Expected<Grep> compile(std::string_view pattern, CaseRule rule);

  Grep(Grep&&) noexcept;
  Grep& operator=(Grep&&) noexcept;
  ~Grep();

  /// Nothing: no match, or the library's bounds on time and memory were hit.
  std::optional<Span> find(std::string_view text) const;

 private:
  struct Parts;
  explicit Grep(Parts* parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace gatevisor::log
