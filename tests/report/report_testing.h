// A death of each cause, as its records tell it.
#pragma once

#include <csignal>

#include "gatevisor/death_report.h"

namespace gatevisor::report {

// 2026-11-24 09:44:33 UTC
inline constexpr std::uint64_t kDied = 1'795'513'473'000'000;
inline constexpr std::uint64_t kSecond = 1'000'000;
inline constexpr std::uint64_t kMebi = std::uint64_t{1} << 20;

inline DeathReport death(Cause cause) {
  DeathReport report;
  Verdict& verdict = report.verdict;
  verdict.unit = "gateway";
  verdict.invocation = "0123456789abcdef0123456789abcdef";
  verdict.pid = 124;
  verdict.cause = cause;
  verdict.next = {NextAction::Respawn, std::chrono::seconds{1}, "Restart=on-failure"};
  report.started_usec = kDied - 62 * kSecond;
  report.ended_usec = kDied;
  report.exits_in_window = 1;
  report.window = std::chrono::seconds{60};
  return report;
}

inline DeathReport out_of_memory() {
  DeathReport report = death(Cause::OomKill);
  Verdict& verdict = report.verdict;
  verdict.status = WaitStatus::killed(SIGKILL);
  verdict.scope = Scope::OwnLimit;
  verdict.victim = Victim::Main;
  verdict.sender = Sender::Kernel;
  verdict.memory_limit = 512 * kMebi;
  verdict.memory_peak = 511 * kMebi;
  verdict.limit_path = "gateway.slice";
  verdict.summary = "killed out of memory; at its own memory limit of 512.0M (gateway.slice)";
  verdict.evidence = {{"waitid", "status", "SIGKILL"},
                      {"gateway.slice/2/memory.events", "oom_kill", "+1"}};
  verdict.ruled_out = {{Cause::Requested, "gatevisor sent it no SIGKILL"}};
  report.before = {{kDied - 62 * kSecond, "started", "started (pid 124)"}};
  report.after = {{kDied + kSecond + 5'000, "started", "respawned (pid 130)"}};
  report.next_start = NextStart{kDied + kSecond + 5'000, 130, "f"};
  return report;
}

}  // namespace gatevisor::report
