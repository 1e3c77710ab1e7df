#include "core/advice_exec.h"

#include <cerrno>

namespace gatevisor::core {
namespace {

std::string for_exec_step(ExecStep step) {
  switch (step) {
    case ExecStep::Clone:
      return "The kernel refused a new process: see the limit of tasks and the memory of the "
             "container.";
    case ExecStep::Cgroup:
      return "The cgroup could not be made or joined: 'gatevisor doctor' says what this container "
             "allows.";
    case ExecStep::RuntimeDirectory: return "See RuntimeDirectory= and who may write to /run.";
    case ExecStep::StateDirectory: return "See StateDirectory= and who may write to /var/lib.";
    case ExecStep::CacheDirectory: return "See CacheDirectory= and who may write to /var/cache.";
    case ExecStep::LogsDirectory: return "See LogsDirectory= and who may write to /var/log.";
    case ExecStep::ConfigurationDirectory:
      return "See ConfigurationDirectory= and who may write to /etc.";
    case ExecStep::Credentials:
      return "See LoadCredential= and SetCredential=: the source has to be there and be readable.";
    case ExecStep::Stdin: return "See StandardInput=: its file or terminal has to be there.";
    case ExecStep::Stdio:
      return "See StandardOutput= and StandardError=: their files have to be writable.";
    case ExecStep::OomScore:
      return "Lowering OOMScoreAdjust= takes CAP_SYS_RESOURCE: leave it out, or give the container "
             "that capability.";
    case ExecStep::Nice:
      return "Lowering Nice= takes CAP_SYS_NICE: leave it out, or give the container that "
             "capability.";
    case ExecStep::Scheduler:
      return "See CPUSchedulingPolicy= and CPUSchedulingPriority=; real-time takes CAP_SYS_NICE.";
    case ExecStep::Affinity:
      return "See CPUAffinity=: at least one of its processors has to be the container's.";
    case ExecStep::IoPriority:
      return "See IOSchedulingClass= and IOSchedulingPriority=; real-time takes CAP_SYS_ADMIN or "
             "CAP_SYS_NICE.";
    case ExecStep::NumaPolicy:
      return "See NUMAPolicy= and NUMAMask=: the nodes have to be the machine's.";
    case ExecStep::Network:
      return "A network of its own takes CAP_SYS_ADMIN: give the container that, or leave "
             "PrivateNetwork= out.";
    case ExecStep::Namespace:
      return "Mounts of its own could not be made: see the paths in the unit; it takes "
             "CAP_SYS_ADMIN or user namespaces.";
    case ExecStep::Limits:
      return "A Limit…= above the container's hard limit takes CAP_SYS_RESOURCE: lower it, or "
             "raise the container's ulimit.";
    case ExecStep::WorkingDirectory:
      return "See WorkingDirectory=: it has to be there and be open to User=; '-' before it makes "
             "it optional.";
    case ExecStep::Groups:
      return "See Group= and SupplementaryGroups=: changing them takes CAP_SETGID.";
    case ExecStep::User:
      return "See User=: changing it takes CAP_SETUID; its limit of processes may be reached too "
             "(LimitNPROC=).";
    case ExecStep::BoundingSet:
    case ExecStep::SecureBits:
    case ExecStep::Capabilities:
      return "See CapabilityBoundingSet=, AmbientCapabilities= and SecureBits=: no more can be "
             "given than the container has.";
    case ExecStep::Seccomp:
      return "See the SystemCall…= and Restrict…= settings: the kernel refused their filter.";
    case ExecStep::Exec: return "See ExecStart= and the program's owner and mode.";
    case ExecStep::Session:
    case ExecStep::Signals:
    case ExecStep::Descriptors:
    case ExecStep::CoredumpFilter:
    case ExecStep::TimerSlack:
    case ExecStep::Personality:
    case ExecStep::Keyring:
    case ExecStep::ParentDeath:
    case ExecStep::NoNewPrivileges: break;
  }
  return "The kernel refused the step '" + std::string(to_string(step)) +
         "': a sandbox around the container may forbid it.";
}

}  // namespace

std::string advice_for_exec_failure(const Verdict& verdict) {
  if (!verdict.exec_failure) return "See ExecStart= and the program's owner and mode.";
  const auto [step, code] = *verdict.exec_failure;
  const std::string what = verdict.command.empty() ? "ExecStart=" : verdict.command;
  if (step != ExecStep::Exec) return for_exec_step(step);
  switch (code) {
    case ENOENT:
      return "There is no such program, or the interpreter in its first line is not in this image: "
             "see the path in " +
             what + ".";
    case EACCES:
      return "User= may not execute it: see its mode (chmod +x), those of the directories above "
             "it, and a mount with noexec.";
    case ENOEXEC:
      return "It is no program: a script needs '#!' and an interpreter in its first line.";
    case ELOOP: return "Its path goes round in symbolic links: see where they point.";
    case ENOMEM:
      return "There was no memory to start it: see MemoryMax= and the container's limit.";
    case E2BIG:
      return "Its arguments and environment are too long together: see Environment= and "
             "EnvironmentFile=.";
    case ETXTBSY: return "The program was being written: replace it by rename(2) and not in place.";
    case EPERM:
      return "See NoNewPrivileges=, the file's capabilities, and a sandbox around the container.";
    default: return for_exec_step(step);
  }
}

}  // namespace gatevisor::core
