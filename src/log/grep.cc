#define PCRE2_CODE_UNIT_WIDTH 8
#include "log/grep.h"

#include <pcre2.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace gatevisor::log {

struct Grep::Parts {
  pcre2_code* code = nullptr;
  pcre2_match_data* match = nullptr;
  bool compiled = false;  // by the just-in-time compiler

  Parts() = default;
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() {
    pcre2_match_data_free(match);
    pcre2_code_free(code);
  }
};

Grep::Grep(Parts* parts) : parts_(parts) {}
Grep::Grep(Grep&&) noexcept = default;
Grep& Grep::operator=(Grep&&) noexcept = default;
Grep::~Grep() = default;

Expected<Grep> Grep::compile(std::string_view pattern, CaseRule rule) {
  const bool upper = std::ranges::any_of(pattern, [](char c) { return c >= 'A' && c <= 'Z'; });
  const bool caseless = rule == CaseRule::kInsensitive || (rule == CaseRule::kSmart && !upper);
  int error = 0;
  PCRE2_SIZE place = 0;
  Grep grep(new Parts);
  grep.parts_->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                    caseless ? PCRE2_CASELESS : 0, &error, &place, nullptr);
  if (grep.parts_->code == nullptr) {
    std::array<PCRE2_UCHAR, 256> words{};
    pcre2_get_error_message(error, words.data(), words.size());
    return fail("",
                "pattern '" + std::string(pattern) + "', at character " + std::to_string(place + 1),
                EINVAL, reinterpret_cast<const char*>(words.data()));
  }
  grep.parts_->match = pcre2_match_data_create_from_pattern(grep.parts_->code, nullptr);
  if (grep.parts_->match == nullptr) return fail("", "pattern", ENOMEM);
  // Where memory may not be made executable it goes on without.
  grep.parts_->compiled = pcre2_jit_compile(grep.parts_->code, PCRE2_JIT_COMPLETE) == 0;
  return grep;
}

std::optional<Span> Grep::find(std::string_view text) const {
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  const int found =
      parts_->compiled
          ? pcre2_jit_match(parts_->code, subject, text.size(), 0, 0, parts_->match, nullptr)
          : pcre2_match(parts_->code, subject, text.size(), 0, 0, parts_->match, nullptr);
  if (found < 0) return std::nullopt;
  const PCRE2_SIZE* const places = pcre2_get_ovector_pointer(parts_->match);
  // '\\K' can put the start behind the end.
  return Span{std::min(places[0], places[1]), places[1]};
}

}  // namespace gatevisor::log
