// The words of SystemCallArchitectures=, RestrictAddressFamilies= and RestrictNamespaces=.
#pragma once

#include <linux/audit.h>
#include <linux/sched.h>
#include <sys/socket.h>

#include <array>

#include "config/text.h"
#include "gatevisor/syscall_filter.h"

namespace gatevisor::config {

// systemd.unit(5), ConditionArchitecture=, and those that systemd.exec(5) adds to it.
inline constexpr std::array kFilterArchitectures = {
    Choice<std::uint32_t>{"native", 0},
    Choice<std::uint32_t>{"x86", AUDIT_ARCH_I386},
    Choice<std::uint32_t>{"x86-64", AUDIT_ARCH_X86_64},
    Choice<std::uint32_t>{"x32", SyscallFilterSettings::kX32},
    Choice<std::uint32_t>{"arm", AUDIT_ARCH_ARM},
    Choice<std::uint32_t>{"arm64", AUDIT_ARCH_AARCH64},
    Choice<std::uint32_t>{"mips", AUDIT_ARCH_MIPS},
    Choice<std::uint32_t>{"mips64", AUDIT_ARCH_MIPS64},
    Choice<std::uint32_t>{"mips64-n32", AUDIT_ARCH_MIPS64N32},
    Choice<std::uint32_t>{"mips-le", AUDIT_ARCH_MIPSEL},
    Choice<std::uint32_t>{"mips64-le", AUDIT_ARCH_MIPSEL64},
    Choice<std::uint32_t>{"mips64-le-n32", AUDIT_ARCH_MIPSEL64N32},
    Choice<std::uint32_t>{"parisc", AUDIT_ARCH_PARISC},
    Choice<std::uint32_t>{"parisc64", AUDIT_ARCH_PARISC64},
    Choice<std::uint32_t>{"ppc", AUDIT_ARCH_PPC},
    Choice<std::uint32_t>{"ppc64", AUDIT_ARCH_PPC64},
    Choice<std::uint32_t>{"ppc64-le", AUDIT_ARCH_PPC64LE},
    Choice<std::uint32_t>{"riscv64", AUDIT_ARCH_RISCV64},
    Choice<std::uint32_t>{"s390", AUDIT_ARCH_S390},
    Choice<std::uint32_t>{"s390x", AUDIT_ARCH_S390X},
};

// address_families(7) and sys/socket.h.
inline constexpr std::array kAddressFamilies = {
    Choice{"AF_UNIX", AF_UNIX},
    Choice{"AF_LOCAL", AF_LOCAL},
    Choice{"AF_FILE", AF_FILE},
    Choice{"AF_INET", AF_INET},
    Choice{"AF_AX25", AF_AX25},
    Choice{"AF_IPX", AF_IPX},
    Choice{"AF_APPLETALK", AF_APPLETALK},
    Choice{"AF_NETROM", AF_NETROM},
    Choice{"AF_BRIDGE", AF_BRIDGE},
    Choice{"AF_ATMPVC", AF_ATMPVC},
    Choice{"AF_X25", AF_X25},
    Choice{"AF_INET6", AF_INET6},
    Choice{"AF_ROSE", AF_ROSE},
    Choice{"AF_DECnet", AF_DECnet},
    Choice{"AF_NETBEUI", AF_NETBEUI},
    Choice{"AF_SECURITY", AF_SECURITY},
    Choice{"AF_KEY", AF_KEY},
    Choice{"AF_NETLINK", AF_NETLINK},
    Choice{"AF_ROUTE", AF_ROUTE},
    Choice{"AF_PACKET", AF_PACKET},
    Choice{"AF_ASH", AF_ASH},
    Choice{"AF_ECONET", AF_ECONET},
    Choice{"AF_ATMSVC", AF_ATMSVC},
    Choice{"AF_RDS", AF_RDS},
    Choice{"AF_SNA", AF_SNA},
    Choice{"AF_IRDA", AF_IRDA},
    Choice{"AF_PPPOX", AF_PPPOX},
    Choice{"AF_WANPIPE", AF_WANPIPE},
    Choice{"AF_LLC", AF_LLC},
    Choice{"AF_IB", AF_IB},
    Choice{"AF_MPLS", AF_MPLS},
    Choice{"AF_CAN", AF_CAN},
    Choice{"AF_TIPC", AF_TIPC},
    Choice{"AF_BLUETOOTH", AF_BLUETOOTH},
    Choice{"AF_IUCV", AF_IUCV},
    Choice{"AF_RXRPC", AF_RXRPC},
    Choice{"AF_ISDN", AF_ISDN},
    Choice{"AF_PHONET", AF_PHONET},
    Choice{"AF_IEEE802154", AF_IEEE802154},
    Choice{"AF_CAIF", AF_CAIF},
    Choice{"AF_ALG", AF_ALG},
    Choice{"AF_NFC", AF_NFC},
    Choice{"AF_VSOCK", AF_VSOCK},
    Choice{"AF_KCM", AF_KCM},
    Choice{"AF_QIPCRTR", AF_QIPCRTR},
    Choice{"AF_SMC", AF_SMC},
    Choice{"AF_XDP", AF_XDP},
    Choice{"AF_MCTP", AF_MCTP},
};

// namespaces(7). 'time' is not in systemd.exec(5) of version 252, but in its code.
inline constexpr std::array kNamespaceTypes = {
    Choice<std::uint64_t>{"cgroup", CLONE_NEWCGROUP}, Choice<std::uint64_t>{"ipc", CLONE_NEWIPC},
    Choice<std::uint64_t>{"net", CLONE_NEWNET},       Choice<std::uint64_t>{"mnt", CLONE_NEWNS},
    Choice<std::uint64_t>{"pid", CLONE_NEWPID},       Choice<std::uint64_t>{"user", CLONE_NEWUSER},
    Choice<std::uint64_t>{"uts", CLONE_NEWUTS},       Choice<std::uint64_t>{"time", CLONE_NEWTIME},
};

inline constexpr std::uint64_t kAllNamespaceTypes = [] {
  std::uint64_t all = 0;
  for (const auto& type : kNamespaceTypes) all |= type.value;
  return all;
}();

}  // namespace gatevisor::config
