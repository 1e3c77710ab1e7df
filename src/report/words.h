// The words that `why` and `history` share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gatevisor/verdict.h"
#include "log/calendar.h"

namespace gatevisor::report {

/// What was recorded may hold what the gateway said of itself: no control character of it reaches a
/// terminal, no newline breaks a line, and bytes that are no UTF-8 are '?'.
std::string line(std::string_view text);

/// The first `most` characters of a valid text, with '…' where that is not all.
std::string shortened(std::string text, std::size_t most);

/// '3min ago', '2d 4h ago'; 'just now' for less than a second; 'in 5s (by this clock)' where the
/// clocks disagree.
std::string ago(std::uint64_t usec, std::uint64_t now_usec);

/// '2h 5min', '620ms'. 'unknown' where the one or the other is 0, or the wall clock went back.
std::string length(std::uint64_t from_usec, std::uint64_t to_usec);

/// 'oom-kill (certain)'
std::string cause_words(const Verdict& verdict);

/// '09:44:33.127'
std::string time_of_day(const log::Calendar& calendar, std::uint64_t usec);

}  // namespace gatevisor::report
