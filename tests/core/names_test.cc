// The words that records, JSON and documentation are spelt with.

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <set>

#include "core/service.h"
#include "gatevisor/error.h"
#include "gatevisor/event.h"
#include "gatevisor/exec_step.h"
#include "gatevisor/rungs.h"
#include "gatevisor/verdict.h"
#include "gatevisor/wait_status.h"

namespace gatevisor {
namespace {

TEST(Names, EverySignalHasANameThatReadsBack) {
  for (int signal = 1; signal <= 64; ++signal) {
    if (signal == 32 || signal == 33) continue;  // libc's own; they have no name
    const std::string name = signal_name(signal);
    EXPECT_TRUE(name.starts_with("SIG")) << signal << ": " << name;
    EXPECT_EQ(signal_from_name(name), signal) << name;
    EXPECT_EQ(signal_from_name(name.substr(3)), signal) << name;
    EXPECT_EQ(signal_from_name(std::to_string(signal)), signal);
  }
}

TEST(Names, RealTimeSignals) {
  EXPECT_EQ(signal_name(34), "SIGRTMIN");
  EXPECT_EQ(signal_name(36), "SIGRTMIN+2");
  EXPECT_EQ(signal_name(64), "SIGRTMIN+30");
  EXPECT_EQ(signal_from_name("RTMIN+2"), 36);
  EXPECT_EQ(signal_from_name("SIGRTMAX"), 64);
  EXPECT_EQ(signal_from_name("RTMAX-1"), 63);
}

TEST(Names, WhatIsNoSignal) {
  for (const char* text : {"", "SIG", "0", "65", "-1", "TERMX", "term", "RTMIN+31", "RTMAX+1",
                           "RTMIN-1", "RTMIN+", "RTMIN+-1", "15x", " 15"}) {
    EXPECT_EQ(signal_from_name(text), 0) << '"' << text << '"';
  }
  EXPECT_EQ(signal_name(0), "signal 0");
  EXPECT_EQ(signal_name(33), "signal 33");
  EXPECT_EQ(signal_name(77), "signal 77");
}

TEST(Names, SigpollIsSigio) { EXPECT_EQ(signal_from_name("SIGPOLL"), SIGIO); }

TEST(Names, Sysexits) {
  EXPECT_EQ(sysexit_name(63), "");
  EXPECT_EQ(sysexit_name(64), "EX_USAGE");
  EXPECT_EQ(sysexit_name(69), "EX_UNAVAILABLE");
  EXPECT_EQ(sysexit_name(75), "EX_TEMPFAIL");
  EXPECT_EQ(sysexit_name(78), "EX_CONFIG");
  EXPECT_EQ(sysexit_name(79), "");
}

TEST(Names, ShellStatus) {
  EXPECT_EQ(WaitStatus::exited(78).shell_status(), 78);
  EXPECT_EQ(WaitStatus::killed(9).shell_status(), 137);
  EXPECT_EQ(WaitStatus::dumped(11).shell_status(), 139);
}

TEST(Names, EveryCauseReadsBack) {
  std::set<std::string_view> names;
  for (const Cause cause : kAllCauses) {
    names.insert(to_string(cause));
    EXPECT_EQ(cause_from_name(to_string(cause)), cause);
  }
  EXPECT_EQ(names.size(), kAllCauses.size());
  EXPECT_EQ(cause_from_name("oom"), std::nullopt);
  EXPECT_EQ(cause_from_name(""), std::nullopt);
}

TEST(Names, OfTheVerdict) {
  EXPECT_EQ(to_string(Cause::OomKill), "oom-kill");
  EXPECT_EQ(to_string(Scope::OwnLimit), "own-limit");
  EXPECT_EQ(to_string(Scope::AncestorLimit), "ancestor-limit");
  EXPECT_EQ(to_string(Scope::OutsideView), "outside-view");
  EXPECT_EQ(to_string(Victim::Main), "main");
  EXPECT_EQ(to_string(Victim::Helper), "helper");
  EXPECT_EQ(to_string(Victim::Group), "group");
  EXPECT_EQ(to_string(Sender::Gatevisor), "gatevisor");
  EXPECT_EQ(to_string(Sender::Outside), "outside");
  EXPECT_EQ(to_string(Sender::Kernel), "kernel");
  EXPECT_EQ(to_string(Sender::Itself), "itself");
  EXPECT_EQ(to_string(Confidence::Certain), "certain");
  EXPECT_EQ(to_string(Confidence::Likely), "likely");
  EXPECT_EQ(to_string(Confidence::Unknown), "unknown");
  EXPECT_EQ(to_string(NextAction::Respawn), "respawn");
  EXPECT_EQ(to_string(NextAction::Stop), "stop");
  EXPECT_EQ(to_string(NextAction::GiveUp), "give-up");
}

template <typename Enum>
void expect_distinct_names(int last) {
  std::set<std::string_view> names;
  for (int value = 0; value <= last; ++value) {
    const std::string_view name = to_string(static_cast<Enum>(value));
    EXPECT_NE(name, "?") << value;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(to_string(static_cast<Enum>(last + 1)), "?") << "a new value: add it here";
}

TEST(Names, EveryValueHasItsOwn) {
  expect_distinct_names<ExecStep>(static_cast<int>(ExecStep::Exec));
  expect_distinct_names<CgroupRung>(static_cast<int>(CgroupRung::Hidden));
  expect_distinct_names<SpawnRung>(static_cast<int>(SpawnRung::Fork));
  expect_distinct_names<SignalRung>(static_cast<int>(SignalRung::KillUnreaped));
  expect_distinct_names<KillRung>(static_cast<int>(KillRung::MainOnly));
  expect_distinct_names<core::ServiceState>(static_cast<int>(core::ServiceState::Over));
}

// systemd.exec(5), 'Process Exit Codes'.
TEST(Names, ExitCodesOfAStartThatFailed) {
  EXPECT_EQ(systemd_exit_code(ExecStep::WorkingDirectory), 200);  // EXIT_CHDIR
  EXPECT_EQ(systemd_exit_code(ExecStep::Exec), 203);              // EXIT_EXEC
  EXPECT_EQ(systemd_exit_code(ExecStep::Seccomp), 228);           // EXIT_SECCOMP
  EXPECT_EQ(systemd_exit_code(ExecStep::Limits), 205);            // EXIT_LIMITS
  EXPECT_EQ(systemd_exit_code(ExecStep::OomScore), 206);          // EXIT_OOM_ADJUST
  EXPECT_EQ(systemd_exit_code(ExecStep::Signals), 207);           // EXIT_SIGNAL_MASK
  EXPECT_EQ(systemd_exit_code(ExecStep::Stdio), 209);             // EXIT_STDOUT
  EXPECT_EQ(systemd_exit_code(ExecStep::Groups), 216);            // EXIT_GROUP
  EXPECT_EQ(systemd_exit_code(ExecStep::User), 217);              // EXIT_USER
  EXPECT_EQ(systemd_exit_code(ExecStep::Capabilities), 218);      // EXIT_CAPABILITIES
  EXPECT_EQ(systemd_exit_code(ExecStep::BoundingSet), 218);
  EXPECT_EQ(systemd_exit_code(ExecStep::Cgroup), 219);            // EXIT_CGROUP
  EXPECT_EQ(systemd_exit_code(ExecStep::Session), 220);           // EXIT_SETSID
  EXPECT_EQ(systemd_exit_code(ExecStep::RuntimeDirectory), 233);  // EXIT_RUNTIME_DIRECTORY
  EXPECT_EQ(systemd_exit_code(ExecStep::StateDirectory), 238);    // EXIT_STATE_DIRECTORY
  EXPECT_EQ(systemd_exit_code(ExecStep::CacheDirectory), 239);    // EXIT_CACHE_DIRECTORY
  EXPECT_EQ(systemd_exit_code(ExecStep::LogsDirectory), 240);     // EXIT_LOGS_DIRECTORY
  EXPECT_EQ(systemd_exit_code(ExecStep::ConfigurationDirectory),
            241);                                                // EXIT_CONFIGURATION_DIRECTORY
  EXPECT_EQ(systemd_exit_code(ExecStep::Credentials), 243);      // EXIT_CREDENTIALS
  EXPECT_EQ(systemd_exit_code(ExecStep::Stdin), 208);            // EXIT_STDIN
  EXPECT_EQ(systemd_exit_code(ExecStep::NumaPolicy), 242);       // EXIT_NUMA_POLICY
  EXPECT_EQ(systemd_exit_code(ExecStep::CoredumpFilter), 205);   // EXIT_LIMITS
  EXPECT_EQ(systemd_exit_code(ExecStep::TimerSlack), 212);       // EXIT_TIMERSLACK
  EXPECT_EQ(systemd_exit_code(ExecStep::Personality), 230);      // EXIT_PERSONALITY
  EXPECT_EQ(systemd_exit_code(ExecStep::Keyring), 237);          // EXIT_KEYRING
  EXPECT_EQ(systemd_exit_code(ExecStep::SecureBits), 213);       // EXIT_SECUREBITS
  EXPECT_EQ(systemd_exit_code(ExecStep::NoNewPrivileges), 227);  // EXIT_NO_NEW_PRIVILEGES
}

TEST(Names, ErrorReadsAsOneLine) {
  EXPECT_EQ(to_string(Error{"open", "/x", ENOENT, ""}), "open /x: No such file or directory");
  EXPECT_EQ(to_string(Error{"parse", "RestartSec=", 0, "use a number"}),
            "parse RestartSec=; use a number");
  EXPECT_EQ(to_string(Error{"open", "", 4095, ""}), "open: error 4095");
}

TEST(Names, EventsReadAsOneLineOfATrace) {
  EXPECT_EQ(to_string(Event{event::Start{}}), "Start");
  EXPECT_EQ(to_string(Event{event::Spawned{42, "", {}}}), "Spawned(42)");
  EXPECT_EQ(to_string(Event{event::MainExited{WaitStatus::killed(9), {}, false, -1}}),
            "MainExited(killed SIGKILL)");
  EXPECT_EQ(to_string(Event{event::MainExited{WaitStatus::exited(1), {}, true, -1}}),
            "MainExited(exit 1, others alive)");
  EXPECT_EQ(to_string(Event{event::SignalReceived{15, {}}}), "SignalReceived(SIGTERM)");
  EXPECT_EQ(to_string(Event{event::ExecFailed{ExecStep::User, 1}}), "ExecFailed(user, 1)");
}

}  // namespace
}  // namespace gatevisor
