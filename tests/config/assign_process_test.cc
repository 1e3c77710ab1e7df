#include <linux/mempolicy.h>
#include <linux/securebits.h>

#include "settings_testing.h"

namespace gatevisor::config {
namespace {

ProcessSettings process(std::initializer_list<std::string_view> assignments) {
  return with(assignments).exec.process;
}

TEST(AssignProcess, TimerSlackCountsInNanoseconds) {
  EXPECT_EQ(process({"TimerSlackNSec=50"}).timer_slack_nsec, 50u);
  EXPECT_EQ(process({"TimerSlackNSec=50ns"}).timer_slack_nsec, 50u);
  EXPECT_EQ(process({"TimerSlackNSec=2us"}).timer_slack_nsec, 2000u);
  EXPECT_EQ(process({"TimerSlackNSec=1s"}).timer_slack_nsec, 1'000'000'000u);
  EXPECT_EQ(process({"TimerSlackNSec=1", "TimerSlackNSec="}).timer_slack_nsec, std::nullopt);
  EXPECT_NE(refusal("TimerSlackNSec=infinity"), "");
  EXPECT_NE(refusal("TimerSlackNSec=x"), "");
}

TEST(AssignProcess, CoredumpFilterIsNamesAndMasks) {
  EXPECT_EQ(process({"CoredumpFilter=default private-dax shared-dax"}).coredump_filter, 0x1b3u);
  EXPECT_EQ(process({"CoredumpFilter=elf-headers", "CoredumpFilter=0x1"}).coredump_filter, 0x11u);
  EXPECT_EQ(process({"CoredumpFilter=all"}).coredump_filter, 0xffffffffu);
  EXPECT_EQ(process({"CoredumpFilter=33", "CoredumpFilter="}).coredump_filter, std::nullopt);
  EXPECT_NE(refusal("CoredumpFilter=everything"), "");
}

TEST(AssignProcess, SecureBitsAddUp) {
  EXPECT_EQ(process({"SecureBits=noroot", "SecureBits=noroot-locked"}).secure_bits,
            unsigned{SECBIT_NOROOT | SECBIT_NOROOT_LOCKED});
  EXPECT_EQ(process({"SecureBits=noroot", "SecureBits="}).secure_bits, 0u);
  EXPECT_NE(refusal("SecureBits=root"), "");
}

TEST(AssignProcess, RemoveIpcIsASwitch) {
  EXPECT_FALSE(with({}).exec.remove_ipc);
  EXPECT_TRUE(with({"RemoveIPC=yes"}).exec.remove_ipc);
  EXPECT_FALSE(with({"RemoveIPC=yes", "RemoveIPC=no"}).exec.remove_ipc);
  EXPECT_NE(refusal("RemoveIPC=users"), "");
}

TEST(AssignProcess, NumaPolicyHasTheNodesThatItNeeds) {
  const ServiceSettings settings = with({"NUMAPolicy=bind", "NUMAMask=0-1,3"});
  EXPECT_EQ(settings.exec.process.numa_policy, int{MPOL_BIND});
  EXPECT_EQ(settings.exec.process.numa_nodes.count(), 3u);
  const auto valid = [](std::initializer_list<std::string_view> assignments) {
    ServiceSettings whole = with(assignments);
    whole.commands.main = {Command{.argv = {"x"}}};
    return validate(whole).has_value();
  };
  EXPECT_TRUE(valid({"NUMAPolicy=local"}));
  EXPECT_TRUE(valid({"NUMAPolicy=interleave", "NUMAMask=all"}));
  EXPECT_FALSE(valid({"NUMAPolicy=interleave"}));
  EXPECT_FALSE(valid({"NUMAPolicy=interleave", "NUMAMask=0", "NUMAMask="}));
  EXPECT_TRUE(valid({"NUMAPolicy=preferred", "NUMAMask=0"}));
  EXPECT_FALSE(valid({"NUMAPolicy=preferred", "NUMAMask=0-1"}));
}

TEST(AssignProcess, WordsThatAreNoneAreRefused) {
  for (const std::string_view text : {"NUMAPolicy=far", "NUMAMask=1024", "KeyringMode=own",
                                      "Personality=z80", "ExecSearchPath=bin:/bin"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
  EXPECT_EQ(process({"KeyringMode=shared"}).keyring, KeyringMode::Shared);
}

TEST(AssignProcess, ExecSearchPathAddsUp) {
  EXPECT_EQ(with({"ExecSearchPath=/a:/b", "ExecSearchPath=/c"}).exec.search_path,
            (std::vector<std::string>{"/a", "/b", "/c"}));
  EXPECT_TRUE(with({"ExecSearchPath=/a", "ExecSearchPath="}).exec.search_path.empty());
}

TEST(AssignProcess, InputIsJoinedInItsOrder) {
  const ExecSettings exec =
      with({"StandardInputText=a\\x41\\n", "StandardInputData=Yg== ", "StandardInputText=c"}).exec;
  EXPECT_EQ(exec.input_data, "aA\n\nbc\n");
  EXPECT_EQ(with({"StandardInputText=a", "StandardInputData="}).exec.input_data, "");
  EXPECT_EQ(with({"StandardInputData=AAEC Aw=="}).exec.input_data, std::string("\0\1\2\3", 4));
  for (const std::string_view text : {"StandardInputData=a", "StandardInputData=Yg=a",
                                      "StandardInputData=!", "StandardInputText=\\q"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

TEST(AssignProcess, StreamsToFiles) {
  const ExecSettings exec =
      with({"StandardInput=file:/in", "StandardOutput=file:/out", "StandardError=truncate:/err"})
          .exec;
  EXPECT_EQ(exec.standard_input, StandardInput::File);
  EXPECT_EQ(exec.input_path, "/in");
  EXPECT_EQ(exec.standard_output, (StandardOutput{StandardOutput::Kind::File, "/out"}));
  EXPECT_EQ(exec.standard_error, (StandardOutput{StandardOutput::Kind::Truncate, "/err"}));
}

}  // namespace
}  // namespace gatevisor::config
