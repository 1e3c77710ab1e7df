// What run-times write at their end, as the real ones write it (integration/suite/cases/last_words).

#include "core/last_words.h"

#include <gtest/gtest.h>

#include <csignal>

namespace gatevisor::core {
namespace {

std::string runtime_of(std::string_view tail) {
  const auto words = find_last_words(tail);
  return words ? words->runtime + ": " + words->line : "";
}

TEST(LastWords, OfEachRuntimeAreFound) {
  EXPECT_EQ(runtime_of("serving\n"
                       "<--- Last few GCs --->\n\n"
                       "[57:0x5f] 41 ms: Mark-sweep 19.1 (20.5) -> 18.9 (20.7) MB\n\n"
                       "<--- JS stacktrace --->\n\n"
                       "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of "
                       "memory\n"
                       " 1: 0xb9c1f0 node::Abort() [node]\n"
                       " 2: 0xaa27ee  [node]\n"),
            "V8: FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory");
  EXPECT_EQ(runtime_of("#\n# Fatal process out of memory: Zone\n#\n"),
            "V8: # Fatal process out of memory: Zone");
  EXPECT_EQ(runtime_of("Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space\n"
                       "\tat Main.main(Main.java:6)\n"),
            "JVM: Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space");
  EXPECT_EQ(runtime_of("Terminating due to java.lang.OutOfMemoryError: Java heap space\n"),
            "JVM: Terminating due to java.lang.OutOfMemoryError: Java heap space");
  EXPECT_EQ(runtime_of("fatal error: runtime: out of memory\n\nruntime stack:\n"
                       "runtime.throw({0x4b, 0x16})\n"),
            "Go: fatal error: runtime: out of memory");
  EXPECT_EQ(runtime_of("Traceback (most recent call last):\n"
                       "  File \"<string>\", line 1, in <module>\nMemoryError\n"),
            "Python: MemoryError");
  EXPECT_EQ(runtime_of("terminate called after throwing an instance of 'std::bad_alloc'\n"
                       "  what():  std::bad_alloc\n"),
            "C++: terminate called after throwing an instance of 'std::bad_alloc'");
  EXPECT_EQ(runtime_of("libc++abi: terminating due to uncaught exception of type std::bad_alloc: "
                       "std::bad_alloc\n"),
            "C++: libc++abi: terminating due to uncaught exception of type std::bad_alloc: "
            "std::bad_alloc");
  EXPECT_EQ(runtime_of("memory allocation of 8589934592 bytes failed\n"),
            "Rust: memory allocation of 8589934592 bytes failed");
}

TEST(LastWords, AreTheLastOfThem) {
  EXPECT_EQ(runtime_of("MemoryError\nterminate called after throwing an instance of "
                       "'std::bad_alloc'\n"),
            "C++: terminate called after throwing an instance of 'std::bad_alloc'");
}

TEST(LastWords, ThatMuchWasWrittenBehindAreNone) {
  std::string text = "MemoryError\n";
  for (int i = 0; i < 12; ++i) text += "still serving\n";
  EXPECT_EQ(runtime_of(text), "Python: MemoryError");
  EXPECT_EQ(runtime_of(text + "and on\n"), "");
}

TEST(LastWords, NeedNoNewlineAndMayStandBehindHalfALine) {
  EXPECT_EQ(runtime_of("lf a line\r\nMemoryError"), "Python: MemoryError");
  EXPECT_EQ(runtime_of("a MemoryError in the middle"), "");
  EXPECT_EQ(runtime_of(""), "");
  EXPECT_EQ(runtime_of("\n\n\n"), "");
}

TEST(LastWords, AreCut) {
  const auto words = find_last_words("MemoryError: " + std::string(1000, 'x'));
  ASSERT_TRUE(words);
  EXPECT_EQ(words->line.size(), LastWords::kMostLine);
}

TEST(LastWords, GoWithTheirWayOfEnding) {
  EXPECT_TRUE(ends_so("V8", WaitStatus::killed(SIGABRT)));
  EXPECT_TRUE(ends_so("V8", WaitStatus::dumped(SIGABRT)));
  EXPECT_TRUE(ends_so("V8", WaitStatus::exited(128 + SIGABRT)));
  EXPECT_FALSE(ends_so("V8", WaitStatus::killed(SIGSEGV)));
  EXPECT_FALSE(ends_so("V8", WaitStatus::exited(128)));
  EXPECT_FALSE(ends_so("V8", WaitStatus::exited(127)));
  EXPECT_TRUE(ends_so("Go", WaitStatus::exited(2)));
  EXPECT_FALSE(ends_so("C++", WaitStatus::exited(1)));
  EXPECT_FALSE(ends_so("", WaitStatus::killed(SIGABRT)));
}

TEST(LastWords, AreAskedForWhereAnyRuntimeEndsSo) {
  for (const WaitStatus status : {WaitStatus::exited(1), WaitStatus::exited(2),
                                  WaitStatus::exited(3), WaitStatus::killed(SIGABRT),
                                  WaitStatus::dumped(SIGTRAP), WaitStatus::exited(134)}) {
    EXPECT_TRUE(may_have_last_words(status)) << status.value;
  }
  for (const WaitStatus status : {WaitStatus::exited(0), WaitStatus::exited(78),
                                  WaitStatus::killed(SIGKILL), WaitStatus::killed(SIGTERM),
                                  WaitStatus::dumped(SIGSEGV)}) {
    EXPECT_FALSE(may_have_last_words(status)) << status.value;
  }
}

}  // namespace
}  // namespace gatevisor::core
