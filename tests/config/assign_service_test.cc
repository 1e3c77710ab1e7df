#include <csignal>

#include "settings_testing.h"

namespace gatevisor::config {
namespace {

using namespace std::chrono_literals;

TEST(AssignService, KillModes) {
  EXPECT_EQ(with({"KillMode=control-group"}).kill.mode, KillMode::ControlGroup);
  EXPECT_EQ(with({"KillMode=mixed"}).kill.mode, KillMode::Mixed);
  EXPECT_EQ(with({"KillMode=process"}).kill.mode, KillMode::Process);
  EXPECT_EQ(with({"KillMode=none"}).kill.mode, KillMode::None);
  EXPECT_NE(refusal("KillMode="), "");
}

TEST(AssignService, SignalsOfAStop) {
  const KillSettings kill = with({"KillSignal=INT", "RestartKillSignal=SIGUSR1",
                                  "FinalKillSignal=6", "SendSIGKILL=no", "SendSIGHUP=yes"})
                                .kill;
  EXPECT_EQ(kill.signal, SIGINT);
  EXPECT_EQ(kill.restart_signal, SIGUSR1);
  EXPECT_EQ(kill.final_signal, SIGABRT);
  EXPECT_FALSE(kill.send_sigkill);
  EXPECT_TRUE(kill.send_sighup);
}

TEST(AssignService, StopTimeoutOfZeroOrInfinityIsForever) {
  EXPECT_EQ(with({"TimeoutStopSec=1min 30s"}).kill.timeout_stop, Duration{90s});
  EXPECT_EQ(with({"TimeoutStopSec=0"}).kill.timeout_stop, kForever);
  EXPECT_EQ(with({"TimeoutStopSec=infinity"}).kill.timeout_stop, kForever);
  EXPECT_NE(refusal("TimeoutStopSec="), "");
}

TEST(AssignService, TimeoutSecIsTheStopTimeout) {
  EXPECT_EQ(with({"TimeoutSec=5"}).kill.timeout_stop, Duration{5s});
}

TEST(AssignService, RestartModes) {
  const std::pair<std::string_view, RestartMode> cases[] = {
      {"Restart=no", RestartMode::No},
      {"Restart=on-success", RestartMode::OnSuccess},
      {"Restart=on-failure", RestartMode::OnFailure},
      {"Restart=on-abnormal", RestartMode::OnAbnormal},
      {"Restart=on-watchdog", RestartMode::OnWatchdog},
      {"Restart=on-abort", RestartMode::OnAbort},
      {"Restart=always", RestartMode::Always}};
  for (const auto& [text, mode] : cases) EXPECT_EQ(with({text}).restart.mode, mode) << text;
  EXPECT_NE(refusal("Restart=yes"), "");
}

TEST(AssignService, RestartDelays) {
  const RestartSettings restart =
      with({"RestartSec=200ms", "RestartMaxDelaySec=5min", "RestartSteps=4",
            "RestartRandomizedDelaySec=1s", "RestartResetSec=1h"})
          .restart;
  EXPECT_EQ(restart.delay, Duration{200ms});
  EXPECT_EQ(restart.max_delay, Duration{5min});
  EXPECT_EQ(restart.steps, 4u);
  EXPECT_EQ(restart.randomized, Duration{1s});
  EXPECT_EQ(restart.reset_after, Duration{1h});
}

TEST(AssignService, RestartDelayMayBeZeroOrForever) {
  EXPECT_EQ(with({"RestartSec=0"}).restart.delay, Duration{0});
  EXPECT_EQ(with({"RestartSec=infinity"}).restart.delay, kForever);
  EXPECT_NE(refusal("RestartRandomizedDelaySec=infinity"), "");
}

TEST(AssignService, ExitStatusListsGoWhereTheyBelong) {
  const ServiceSettings settings =
      with({"SuccessExitStatus=1", "RestartPreventExitStatus=2", "RestartForceExitStatus=SIGHUP"});
  EXPECT_TRUE(settings.success.codes.test(1));
  EXPECT_TRUE(settings.restart.prevent.codes.test(2));
  EXPECT_TRUE(settings.restart.force.signals.test(SIGHUP));
}

TEST(AssignService, RestartCauseRules) {
  const auto rules = with({"RestartCause=oom-kill:restart:30s exit-code:no seccomp:default:1min"})
                         .restart.by_cause;
  EXPECT_EQ(rules.size(), 3u);
  EXPECT_EQ(rules.at(Cause::OomKill), (CauseRule{true, Duration{30s}}));
  EXPECT_EQ(rules.at(Cause::ExitCode), (CauseRule{false, std::nullopt}));
  EXPECT_EQ(rules.at(Cause::Seccomp), (CauseRule{std::nullopt, Duration{1min}}));
}

TEST(AssignService, RestartCauseDelayMayBeQuoted) {
  EXPECT_EQ(with({"RestartCause='oom-kill:restart:1min 30s'"}).restart.by_cause.at(Cause::OomKill),
            (CauseRule{true, Duration{90s}}));
}

TEST(AssignService, RestartCauseRulesAddUpAndTheLaterWins) {
  const auto rules = with({"RestartCause=signal:no clean:restart", "RestartCause=signal:restart"})
                         .restart.by_cause;
  EXPECT_EQ(rules.at(Cause::Signal).restart, true);
  EXPECT_EQ(rules.at(Cause::Clean).restart, true);
}

TEST(AssignService, RestartCauseDefaultOrEmptyIsNoRule) {
  EXPECT_TRUE(
      with({"RestartCause=signal:no", "RestartCause=signal:default"}).restart.by_cause.empty());
  EXPECT_TRUE(with({"RestartCause=signal:no", "RestartCause="}).restart.by_cause.empty());
}

TEST(AssignService, EveryCauseButRequestedMayHaveARule) {
  for (const Cause cause : kAllCauses) {
    const std::string text = "RestartCause=" + std::string(to_string(cause)) + ":no";
    EXPECT_EQ(refusal(text).empty(), cause != Cause::Requested) << text;
  }
}

TEST(AssignService, RestartCauseThatIsNoRuleIsRefused) {
  for (const std::string_view value : {"oom-kill", "oom-kill:", "oom-kill:yes", "oom:restart",
                                       "oom-kill:restart:", "oom-kill:restart:5x",
                                       "oom-kill:restart:5s:6", ":restart", "clean:no oom"}) {
    EXPECT_NE(refusal("RestartCause=" + std::string(value)), "") << value;
  }
}

TEST(AssignService, RatesHaveABurstAndAnInterval) {
  const ServiceSettings settings = with(
      {"StartLimitBurst=3", "StartLimitIntervalSec=1min", "AlarmBurst=7", "AlarmIntervalSec=90"});
  EXPECT_EQ(settings.start_limit, (RateSettings{3, 1min}));
  EXPECT_EQ(settings.alarm, (RateSettings{7, 90s}));
}

TEST(AssignService, BurstIsAtMostWhatIsRemembered) {
  EXPECT_EQ(with({"AlarmBurst=1024"}).alarm.burst, 1024u);
  EXPECT_EQ(with({"AlarmBurst=0"}).alarm.burst, 0u);
  EXPECT_NE(refusal("AlarmBurst=1025"), "");
  EXPECT_NE(refusal("StartLimitBurst=4294967296"), "");
  EXPECT_NE(refusal("StartLimitBurst=-1"), "");
}

TEST(AssignService, ForwardSignalsChangesTheDefaults) {
  ServiceSettings settings = run_defaults();
  ASSERT_TRUE(assign(settings, "ForwardSignals=USR1:HUP QUIT:ignore"));
  EXPECT_EQ(settings.forward.at(SIGUSR1), SIGHUP);
  EXPECT_FALSE(settings.forward.contains(SIGQUIT));
  EXPECT_EQ(settings.forward.at(SIGHUP), SIGHUP);
}

TEST(AssignService, PidFileIsBelowRunUnlessAbsolute) {
  EXPECT_EQ(with({"PIDFile=/x/gw.pid"}).pid_file, "/x/gw.pid");
  EXPECT_EQ(with({"PIDFile=gw.pid"}).pid_file, "/run/gw.pid");
  EXPECT_EQ(with({"PIDFile=gw.pid", "PIDFile="}).pid_file, "");
  EXPECT_NE(refusal("PIDFile=/run/"), "");
}

}  // namespace
}  // namespace gatevisor::config
