// What a run-time writes when it can get no more memory, and how its process ends then.
//
// V8, the JVM and their like give up long before the kernel has anything to kill for: at a heap limit of
// their own, or because an allocation was refused. No counter shows that. The line that says so and the
// way of the end have to agree; the one table of both is here.
// Sources: the run-times' own (V8 api.cc, HotSpot debug.cpp, Go malloc.go, CPython errors.c, libstdc++
// and libc++abi terminate handlers, Rust alloc.rs); each row is tested with the real one.
#pragma once

#include <optional>
#include <string_view>

#include "gatevisor/last_words.h"
#include "gatevisor/wait_status.h"

namespace gatevisor::core {

/// Whether a process that ended so may have said why. Else nobody needs to be asked.
bool may_have_last_words(const WaitStatus& status);

/// In the last bytes of an output; they may begin in the middle of a line. A line that too much was
/// written behind is none: it was not the end.
std::optional<LastWords> find_last_words(std::string_view tail);

/// Whether a process of that run-time ends so where it runs out of memory. A shell in between makes
/// an exit code of the signal: 128 and its number.
bool ends_so(std::string_view runtime, const WaitStatus& status);

}  // namespace gatevisor::core
