#include "exec/syscall_name.h"

#include <gtest/gtest.h>
#include <linux/audit.h>

namespace gatevisor::exec {
namespace {

TEST(SyscallName, IsThatOfTheArchitecture) {
  EXPECT_EQ(syscall_name(AUDIT_ARCH_X86_64, 101), "ptrace");
  EXPECT_EQ(syscall_name(AUDIT_ARCH_I386, 101), "ioperm");
  EXPECT_EQ(syscall_name(AUDIT_ARCH_AARCH64, 117), "ptrace");
}

TEST(SyscallName, IsEmptyForWhatIsNone) {
  EXPECT_EQ(syscall_name(AUDIT_ARCH_X86_64, 99999), "");
  EXPECT_EQ(syscall_name(AUDIT_ARCH_X86_64, -1), "");
  EXPECT_EQ(syscall_name(0, 1), "");
}

}  // namespace
}  // namespace gatevisor::exec
