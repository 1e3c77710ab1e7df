// systemd.exec(5), 'Logging'; journald.conf(5).
#include "settings_testing.h"

namespace gatevisor::config {
namespace {

TEST(AssignLog, Lines) {
  const LineSettings lines =
      with({"SyslogIdentifier=gw", "SyslogFacility=local0", "SyslogLevel=warning",
            "SyslogLevelPrefix=no", "LogLevelMax=notice", "LogExtraFields=TIER=edge ZONE=\"a b\"",
            "LogExtraFields=X_1=y"})
          .exec.lines;
  EXPECT_EQ(lines.identifier, "gw");
  EXPECT_EQ(lines.facility, 16u);
  EXPECT_EQ(lines.level, 4u);
  EXPECT_FALSE(lines.level_prefix);
  EXPECT_EQ(lines.most_level, 5u);
  EXPECT_EQ(lines.extra_fields, (std::vector<std::string>{"TIER=edge", "ZONE=a b", "X_1=y"}));
}

TEST(AssignLog, NumbersDoForNames) {
  const LineSettings lines = with({"SyslogFacility=3", "SyslogLevel=0", "LogLevelMax=7"}).exec.lines;
  EXPECT_EQ(lines.facility, 3u);
  EXPECT_EQ(lines.level, 0u);
  EXPECT_EQ(lines.most_level, 7u);
}

TEST(AssignLog, EmptyResets) {
  const LineSettings lines =
      with({"LogLevelMax=err", "LogLevelMax=", "LogExtraFields=A=1", "LogExtraFields="}).exec.lines;
  EXPECT_FALSE(lines.most_level);
  EXPECT_TRUE(lines.extra_fields.empty());
}

TEST(AssignLog, Journal) {
  const JournalSettings journal =
      with({"SystemMaxUse=100M", "SystemKeepFree=1G", "SystemMaxFileSize=8M", "SystemMaxFiles=5",
            "Storage=volatile", "MaxFileSec=1day", "MaxRetentionSec=1week", "SyncIntervalSec=10s", "JournalFull=drop"})
          .journal;
  EXPECT_EQ(journal.max_use, 100u << 20);
  EXPECT_EQ(journal.keep_free, 1u << 30);
  EXPECT_EQ(journal.max_file_size, 8u << 20);
  EXPECT_EQ(journal.max_files, 5u);
  EXPECT_EQ(journal.max_file_age, std::chrono::hours{24});
  EXPECT_EQ(journal.max_retention, std::chrono::hours{24 * 7});
  EXPECT_EQ(journal.sync_interval, std::chrono::seconds{10});
  EXPECT_EQ(journal.full, JournalFull::Drop);
  EXPECT_EQ(journal.storage, JournalStorage::Volatile);
  EXPECT_FALSE(with({"SystemMaxUse=1M", "SystemMaxUse="}).journal.max_use);
}

TEST(AssignLog, InfinityIsNoLimit) {
  const JournalSettings journal = with({"MaxFileSec=infinity", "MaxRetentionSec=0"}).journal;
  EXPECT_EQ(journal.max_file_age, Duration{0});
  EXPECT_EQ(journal.max_retention, Duration{0});
}

TEST(AssignLog, WhatIsNoneIsRefused) {
  for (const std::string_view text :
       {"SyslogFacility=gateway", "SyslogFacility=12", "SyslogLevel=8", "SyslogLevel=loud",
        "SyslogLevel=", "SyslogLevelPrefix=maybe", "LogLevelMax=9", "LogExtraFields=_PID=1",
        "LogExtraFields=lower=1", "LogExtraFields=NONE", "LogExtraFields=1A=x",
        "SyslogIdentifier=a\tb", "SystemMaxUse=much", "SystemMaxFiles=-1", "MaxFileSec=soon",
        "JournalFull=wait", "Storage=disk"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

TEST(AssignLog, JournalIsAStreamOfItsOwn) {
  using Kind = StandardOutput::Kind;
  for (const std::string_view text :
       {"StandardOutput=journal", "StandardOutput=syslog", "StandardOutput=kmsg",
        "StandardOutput=journal+console"}) {
    EXPECT_EQ(with({text}).exec.standard_output, (StandardOutput{Kind::Journal, {}})) << text;
  }
}

}  // namespace
}  // namespace gatevisor::config
