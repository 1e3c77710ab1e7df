// How a refusal reads, and what the table promises.

#include <algorithm>
#include <set>

#include "config/text.h"
#include "settings_testing.h"

namespace gatevisor::config {
namespace {

TEST(Refusal, SaysWhatIsExpected) {
  EXPECT_EQ(refusal("MemoryMax=12Q"),
            "set MemoryMax=12Q; expected a size such as 512M, 2G, 50% or infinity");
  EXPECT_EQ(refusal("TimeoutStopSec=soon"),
            "set TimeoutStopSec=soon; expected a time such as 200ms, 8s, 1min 30s or infinity");
  EXPECT_EQ(refusal("SendSIGKILL=maybe"), "set SendSIGKILL=maybe; expected yes or no");
}

TEST(Refusal, NamesTheNearestSetting) {
  EXPECT_EQ(refusal("MemryMax=1"), "set MemryMax=; unknown setting; did you mean MemoryMax=?");
  EXPECT_EQ(refusal("memorymax=1"), "set memorymax=; unknown setting; did you mean MemoryMax=?");
  EXPECT_EQ(refusal("RestartSecs=1"),
            "set RestartSecs=; unknown setting; did you mean RestartSec=?");
  EXPECT_EQ(refusal("LimitNoFile=1"),
            "set LimitNoFile=; unknown setting; did you mean LimitNOFILE=?");
  EXPECT_EQ(refusal("Enviroment=A=1"),
            "set Enviroment=; unknown setting; did you mean Environment=?");
}

TEST(Refusal, SuggestsNothingFarFetched) {
  EXPECT_EQ(refusal("ExecReload=x"),
            "set ExecReload=; unknown setting; 'gatevisor run --help' lists them");
  EXPECT_EQ(refusal("=x"), "set =; unknown setting; 'gatevisor run --help' lists them");
  EXPECT_EQ(
      refusal(std::string(100, 'x') + "=1"),
      "set " + std::string(80, 'x') + "...=; unknown setting; 'gatevisor run --help' lists them");
}

TEST(Refusal, AssignmentWithoutEquals) {
  EXPECT_EQ(refusal("MemoryMax"), "set MemoryMax; expected NAME=VALUE");
  EXPECT_EQ(refusal(""), "set; expected NAME=VALUE");
}

TEST(Refusal, IsOneLineWhateverTheValue) {
  const std::string line = refusal("MemoryMax=1\n2\x1b[31m" + std::string(500, 'x'));
  EXPECT_TRUE(std::ranges::all_of(line, [](char c) { return c >= 0x20 && c < 0x7f; })) << line;
  EXPECT_LT(line.size(), 250u);
}

TEST(Refusal, RepeatsNoSecret) {
  for (const std::string_view text :
       {"Environment=TOKEN=hunter2 oops", "Environment=hunter2", "Environment=1T=hunter2",
        "UnsetEnvironment=1T=hunter2", "Enviroment=TOKEN=hunter2", "Environment=hunter2+==x"}) {
    const std::string line = refusal(text);
    EXPECT_NE(line, "") << text;
    EXPECT_EQ(line.find("hunter2"), std::string::npos) << line;
  }
}

TEST(Refusal, SaysWhichWord) {
  EXPECT_EQ(refusal("Environment=A=1 B"),
            "set Environment=; word 2: expected NAME=VALUE; put quotes around a value with spaces");
}

TEST(Refusal, ValueIsBounded) {
  EXPECT_NE(refusal("MemoryMax=" + std::string(kMaxValue + 1, '1')), "");
  EXPECT_NE(refusal(std::string_view("User=a\0b", 8)), "");
}

TEST(Assign, WhiteSpaceAroundNameAndValueIsDropped) {
  EXPECT_EQ(with({" User =  gateway\n"}).exec.user, "gateway");
}

TEST(Assign, OnlyTheFirstEqualsSplits) {
  EXPECT_EQ(with({"Environment=A=b=c"}).exec.environment, std::vector<std::string>{"A=b=c"});
}

TEST(Properties, NamesAreUniqueAndDescribed) {
  std::set<std::string_view> names;
  for (const Property& property : properties()) {
    EXPECT_TRUE(names.insert(property.name).second) << property.name;
    EXPECT_FALSE(property.form.empty()) << property.name;
    EXPECT_FALSE(property.help.empty()) << property.name;
    EXPECT_FALSE(property.help.ends_with('.')) << property.name;
  }
}

TEST(Properties, OursAreMarked) {
  std::set<std::string_view> ours;
  for (const Property& property : properties()) {
    if (property.ours) ours.insert(property.name);
  }
  EXPECT_EQ(ours, (std::set<std::string_view>{
                      "AlarmBurst", "AlarmIntervalSec", "ForwardSignals", "HookTimeoutSec", "JournalFull",
                      "LivenessProbe", "LivenessProbeFailures", "LivenessProbeSec", "LivenessProbeStartFailures",
                      "LivenessProbeStatus", "LivenessProbeTimeoutSec", "MaxFileSec",
                      "MaxRetentionSec", "MemorySampleSec", "OnAlarm", "OnOOM", "PIDFile",
                      "ReadinessProbe", "ReadinessProbeFailures", "ReadinessProbeSec",
                      "ReadinessProbeStatus", "ReadinessProbeTimeoutSec", "RestartCause",
                      "RestartResetSec", "StartupProbe", "StartupProbeFailures",
                      "StartupProbeSec", "StartupProbeStatus", "StartupProbeTimeoutSec", "Storage", "StrictCapabilities", "StrictLimits", "SyncIntervalSec",
                      "SystemKeepFree", "SystemMaxFileSize", "SystemMaxFiles", "SystemMaxUse"}));
}

TEST(Properties, EveryOneIsKnownToAssign) {
  for (const Property& property : properties()) {
    ServiceSettings settings;
    const auto done = assign(settings, property.name, "\x01");
    EXPECT_TRUE(done || done.error().advice.find("unknown") == std::string::npos) << property.name;
  }
}

}  // namespace
}  // namespace gatevisor::config
