#include <sys/resource.h>

#include "config/environment_file.h"
#include "config/text.h"
#include "settings_testing.h"

namespace gatevisor::config {
namespace {

using Strings = std::vector<std::string>;

TEST(AssignExec, UserAndGroupAreNamesOrIds) {
  const ExecSettings exec = with({"User=gateway", "Group=1000"}).exec;
  EXPECT_EQ(exec.user, "gateway");
  EXPECT_EQ(exec.group, "1000");
  EXPECT_EQ(with({"User=x", "User="}).exec.user, "");
}

TEST(AssignExec, UserThatIsNoneIsRefused) {
  for (const std::string_view text :
       {"User=a:b", "User=a/b", "User=-x", "User=+5", "User=..", "User=4294967295", "User=65535",
        "User=4294967296", "User=007", "User=a\tb", "User=\xff"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
  EXPECT_NE(refusal("User=" + std::string(257, 'x')), "");
  EXPECT_EQ(refusal("User=4294967294"), "");
}

TEST(AssignExec, SupplementaryGroupsAddUpWithoutRepeats) {
  EXPECT_EQ(with({"SupplementaryGroups=a b", "SupplementaryGroups=b 5"}).exec.supplementary_groups,
            (Strings{"a", "b", "5"}));
  EXPECT_EQ(with({"SupplementaryGroups=a", "SupplementaryGroups="}).exec.supplementary_groups,
            Strings{});
  EXPECT_NE(refusal("SupplementaryGroups=a b:c"), "");
}

TEST(AssignExec, UMaskIsOctal) {
  EXPECT_EQ(with({"UMask=0007"}).exec.umask, 0007u);
  EXPECT_EQ(with({"UMask=27"}).exec.umask, 0027u);
  EXPECT_EQ(with({"UMask=07777"}).exec.umask, 0777u);
  for (const std::string_view text :
       {"UMask=", "UMask=8", "UMask=10000", "UMask=-1", "UMask=0x7", "UMask=u=rwx"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

TEST(AssignExec, WorkingDirectoryIsAbsoluteOrTheHome) {
  EXPECT_EQ(with({"WorkingDirectory=/srv"}).exec.working_directory, "/srv");
  EXPECT_EQ(with({"WorkingDirectory=~"}).exec.working_directory, "~");
  EXPECT_EQ(with({"WorkingDirectory=/srv", "WorkingDirectory="}).exec.working_directory, "");
  EXPECT_NE(refusal("WorkingDirectory=srv"), "");
  EXPECT_NE(refusal("WorkingDirectory=~/x"), "");
}

TEST(AssignExec, WorkingDirectoryMayBeMissingAfterADash) {
  const ExecSettings exec = with({"WorkingDirectory=-/srv"}).exec;
  EXPECT_EQ(exec.working_directory, "/srv");
  EXPECT_TRUE(exec.working_directory_optional);
  EXPECT_FALSE(
      with({"WorkingDirectory=-/srv", "WorkingDirectory=/x"}).exec.working_directory_optional);
  EXPECT_NE(refusal("WorkingDirectory=-"), "");
}

TEST(AssignExec, EnvironmentIsQuotedWords) {
  EXPECT_EQ(with({R"(Environment="A=x y" B=2 C='it\'s' D= E=a=b)"}).exec.environment,
            (Strings{"A=x y", "B=2", "C=it's", "D=", "E=a=b"}));
}

TEST(AssignExec, EnvironmentAddsUpAndTheLaterValueWins) {
  EXPECT_EQ(with({"Environment=A=1 B=2", "Environment=A=3"}).exec.environment,
            (Strings{"A=3", "B=2"}));
  EXPECT_EQ(with({"Environment=A=1", "Environment="}).exec.environment, Strings{});
}

TEST(AssignExec, EnvironmentThatIsNoneIsRefusedAsAWhole) {
  for (const std::string_view text :
       {"Environment=A", "Environment=A=1 B", "Environment=1A=x", "Environment==x",
        "Environment=A-B=x", "Environment=\"A=1", "Environment=A=\\q", "Environment=A=\\xff"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

TEST(AssignExec, EnvironmentIsBounded) {
  EXPECT_EQ(refusal("Environment=A=" + std::string(kMaxAssignment - 2, 'x')), "");
  EXPECT_NE(refusal("Environment=A=" + std::string(kMaxAssignment - 1, 'x')), "");
  ServiceSettings settings;
  for (std::size_t i = 0; i < kMaxEntries; ++i) {
    settings.exec.environment.push_back("V" + std::to_string(i) + "=1");
  }
  EXPECT_EQ(refusal(settings, "Environment=V0=2"), "");
  EXPECT_NE(refusal(settings, "Environment=NEW=2"), "");
}

TEST(AssignExec, EnvironmentFilesAddUp) {
  const auto files = with({"EnvironmentFile=/a", "EnvironmentFile=-/b c"}).exec.environment_files;
  EXPECT_EQ(files, (std::vector<EnvironmentFile>{{"/a", false}, {"/b c", true}}));
  EXPECT_TRUE(with({"EnvironmentFile=/a", "EnvironmentFile="}).exec.environment_files.empty());
}

TEST(AssignExec, EnvironmentFileHasToBeAbsolute) {
  EXPECT_NE(refusal("EnvironmentFile=a"), "");
  EXPECT_NE(refusal("EnvironmentFile=-"), "");
  EXPECT_EQ(refusal("EnvironmentFile=/etc/*.env"), "");
}

TEST(AssignExec, UnsetEnvironmentTakesNamesAndAssignments) {
  EXPECT_EQ(with({"UnsetEnvironment=A B=1", "UnsetEnvironment=A C"}).exec.unset_environment,
            (Strings{"A", "B=1", "C"}));
  EXPECT_EQ(with({"UnsetEnvironment=A", "UnsetEnvironment="}).exec.unset_environment, Strings{});
  EXPECT_NE(refusal("UnsetEnvironment=A-B"), "");
  EXPECT_NE(refusal("UnsetEnvironment=1=x"), "");
}

TEST(AssignExec, CapabilitySetsGoWhereTheyBelong) {
  const ExecSettings exec =
      with({"CapabilityBoundingSet=CAP_CHOWN CAP_KILL", "AmbientCapabilities=CAP_CHOWN"}).exec;
  EXPECT_EQ(exec.bounding_set, 0x21u);
  EXPECT_EQ(exec.ambient_set, 0x1u);
  EXPECT_EQ(with({"CapabilityBoundingSet="}).exec.bounding_set, 0u);
  EXPECT_EQ(with({}).exec.bounding_set, std::nullopt);
}

TEST(AssignExec, Booleans) {
  EXPECT_FALSE(with({"StrictCapabilities=off"}).exec.strict_capabilities);
  EXPECT_TRUE(with({"NoNewPrivileges=on"}).exec.no_new_privileges);
}

TEST(AssignExec, EveryLimitHasItsResource) {
  const std::pair<std::string_view, int> cases[] = {
      {"LimitCPU", RLIMIT_CPU},           {"LimitFSIZE", RLIMIT_FSIZE},
      {"LimitDATA", RLIMIT_DATA},         {"LimitSTACK", RLIMIT_STACK},
      {"LimitCORE", RLIMIT_CORE},         {"LimitRSS", RLIMIT_RSS},
      {"LimitNOFILE", RLIMIT_NOFILE},     {"LimitAS", RLIMIT_AS},
      {"LimitNPROC", RLIMIT_NPROC},       {"LimitMEMLOCK", RLIMIT_MEMLOCK},
      {"LimitLOCKS", RLIMIT_LOCKS},       {"LimitSIGPENDING", RLIMIT_SIGPENDING},
      {"LimitMSGQUEUE", RLIMIT_MSGQUEUE}, {"LimitNICE", RLIMIT_NICE},
      {"LimitRTPRIO", RLIMIT_RTPRIO},     {"LimitRTTIME", RLIMIT_RTTIME}};
  for (const auto& [name, resource] : cases) {
    ServiceSettings settings;
    ASSERT_TRUE(assign(settings, name, "7")) << name;
    EXPECT_EQ(settings.exec.rlimits, (std::map<int, Rlimit>{{resource, {7, 7}}})) << name;
  }
}

TEST(AssignExec, EmptyLimitIsLeftAlone) {
  EXPECT_TRUE(with({"LimitNOFILE=65536", "LimitNOFILE="}).exec.rlimits.empty());
}

TEST(AssignExec, OomScoreAdjust) {
  EXPECT_EQ(with({"OOMScoreAdjust=-1000"}).exec.oom_score_adj, -1000);
  EXPECT_EQ(with({"OOMScoreAdjust=1000"}).exec.oom_score_adj, 1000);
  EXPECT_EQ(with({"OOMScoreAdjust=0"}).exec.oom_score_adj, 0);
  EXPECT_EQ(with({"OOMScoreAdjust=5", "OOMScoreAdjust="}).exec.oom_score_adj, std::nullopt);
  for (const std::string_view text :
       {"OOMScoreAdjust=1001", "OOMScoreAdjust=-1001", "OOMScoreAdjust=--5", "OOMScoreAdjust=x"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

TEST(AssignExec, StandardStreams) {
  using Kind = StandardOutput::Kind;
  const ExecSettings exec =
      with({"StandardInput=inherit", "StandardOutput=null", "StandardError=append:/var/log/x"})
          .exec;
  EXPECT_EQ(exec.standard_input, StandardInput::Inherit);
  EXPECT_EQ(exec.standard_output, (StandardOutput{Kind::Null, {}}));
  EXPECT_EQ(exec.standard_error, (StandardOutput{Kind::Append, "/var/log/x"}));
  EXPECT_EQ(with({"StandardOutput=null", "StandardOutput=inherit"}).exec.standard_output,
            StandardOutput{});
}

TEST(AssignExec, StandardStreamThatIsNoneIsRefused) {
  for (const std::string_view text :
       {"StandardInput=tty", "StandardOutput=socket",
        "StandardOutput=append:", "StandardOutput=append:x", "StandardOutput=append:/x/",
        "StandardOutput=truncate:x", "StandardInput=file:", "StandardError="}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

}  // namespace
}  // namespace gatevisor::config
