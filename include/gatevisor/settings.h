// What a service is told to be: every setting of one unit, parsed and typed.
//
// Names and meanings are systemd's (systemd.service(5), .exec(5), .kill(5),
// .resource-control(5)) unless a comment says 'ours'. src/config reads them from text and is the
// only part that knows their spelling; everything else reads these fields.
#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gatevisor/command.h"
#include "gatevisor/credentials.h"
#include "gatevisor/dependencies.h"
#include "gatevisor/directories.h"
#include "gatevisor/log_settings.h"
#include "gatevisor/mounts.h"
#include "gatevisor/probe.h"
#include "gatevisor/process_settings.h"
#include "gatevisor/syscall_filter.h"
#include "gatevisor/time.h"
#include "gatevisor/verdict.h"
#include "gatevisor/wait_status.h"

namespace gatevisor {

/// A list of exit codes and signals, as SuccessExitStatus= takes it.
struct ExitStatusSet {
  std::bitset<256> codes;
  std::bitset<65> signals;

  bool contains(const WaitStatus& status) const {
    return status.by_signal() ? status.value < 65 && signals.test(status.value)
                              : codes.test(status.value & 255);
  }
  bool operator==(const ExitStatusSet&) const = default;
};

/// A limit in bytes or tasks: absolute, a share of the machine's, or none.
struct ResourceLimit {
  enum class Kind : std::uint8_t { Infinity, Absolute, Percent };
  Kind kind = Kind::Infinity;
  std::uint64_t value = 0;  ///< bytes, tasks, or hundredths of a percent
  bool operator==(const ResourceLimit&) const = default;
};

/// What one disk gives. `path`: a block device, or a file on it.
struct DeviceLimit {
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};  ///< infinity
  std::string path;
  std::uint64_t value = 0;  ///< a weight, bytes or operations in a second, microseconds
  bool operator==(const DeviceLimit&) const = default;
};

/// Limits of the gateway's slice. nullopt: not asked for, the kernel's file is left alone.
struct ResourceSettings {
  std::optional<ResourceLimit> memory_max;              ///< memory.max
  std::optional<ResourceLimit> memory_high;             ///< memory.high
  std::optional<ResourceLimit> memory_swap_max;         ///< memory.swap.max
  std::optional<ResourceLimit> memory_zswap_max;        ///< memory.zswap.max
  std::optional<ResourceLimit> tasks_max;               ///< pids.max
  std::optional<std::uint64_t> cpu_quota_usec_per_sec;  ///< cpu.max; CPUQuota=150% is 1500000
  std::optional<std::uint32_t> cpu_weight;              ///< cpu.weight, 1-10000; 0: cpu.idle
  std::optional<ResourceLimit> memory_min;              ///< memory.min
  std::optional<ResourceLimit> memory_low;              ///< memory.low
  std::optional<Duration> cpu_period;                   ///< CPUQuotaPeriodSec=, cpu.max
  std::optional<std::uint32_t> io_weight;               ///< io.weight, 1-10000
  std::vector<DeviceLimit> io_device_weight;    ///< io.weight; here and below, no path twice
  std::vector<DeviceLimit> io_read_bandwidth;   ///< io.max, rbps
  std::vector<DeviceLimit> io_write_bandwidth;  ///< wbps
  std::vector<DeviceLimit> io_read_iops;        ///< riops
  std::vector<DeviceLimit> io_write_iops;       ///< wiops
  std::vector<DeviceLimit> io_latency_usec;     ///< io.latency
  std::bitset<1024> allowed_cpus;               ///< cpuset.cpus; none: all
  std::bitset<1024> allowed_nodes;              ///< cpuset.mems; none: all
  bool delegate = false;  ///< Delegate=: the cgroup of an invocation is its user's
  bool strict = true;     ///< ours, StrictLimits=: a limit that cannot be set means not started
  bool operator==(const ResourceSettings&) const = default;
};

enum class OomPolicy : std::uint8_t { Continue, Stop, Kill };
enum class ManagedOom : std::uint8_t { Auto, Kill };

/// What is done when memory gets tight while the gateway lives.
struct MemorySettings {
  OomPolicy oom_policy = OomPolicy::Stop;
  /// ManagedOOMMemoryPressure=: kill when the slice is stalled for `pressure_duration`; auto only
  /// reports. systemd leaves this to systemd-oomd.
  ManagedOom pressure_policy = ManagedOom::Auto;
  unsigned pressure_limit_percent = 60;  ///< ManagedOOMMemoryPressureLimit=
  Duration pressure_duration = std::chrono::seconds{30};
  /// Ours, MemorySampleSec=: how often the flight recorder looks; 0: never.
  Duration sample_interval = std::chrono::seconds{10};
  bool operator==(const MemorySettings&) const = default;
};

enum class KillMode : std::uint8_t { ControlGroup, Mixed, Process, None };

struct KillSettings {
  KillMode mode = KillMode::ControlGroup;
  int signal = 15;                                   ///< KillSignal=
  int restart_signal = 0;                            ///< RestartKillSignal=; 0: as `signal`
  int final_signal = 9;                              ///< FinalKillSignal=
  bool send_sigkill = true;                          ///< SendSIGKILL=
  bool send_sighup = false;                          ///< SendSIGHUP=
  Duration timeout_stop = std::chrono::seconds{90};  ///< TimeoutStopSec=
  bool operator==(const KillSettings&) const = default;
};

enum class ServiceType : std::uint8_t {
  Simple,  ///< as Exec: gatevisor always knows whether the program could be executed
  Exec,
  Idle,  ///< as Exec: there are no jobs to wait for
  Oneshot,
  Forking,
  Notify,
  NotifyReload
};

/// ExitType=: what has to have ended for the service to have.
enum class ExitType : std::uint8_t { Main, Cgroup };

/// Whose sd_notify(3) messages count.
enum class NotifyAccess : std::uint8_t { None, Main, Exec, All };

/// TimeoutStartFailureMode=, TimeoutStopFailureMode=: what follows on a start or stop that took too
/// long.
enum class TimeoutMode : std::uint8_t { Terminate, Abort, Kill };

/// When a service counts as started, and how long it may take and live.
struct LifeSettings {
  ServiceType type = ServiceType::Exec;
  ExitType exit_type = ExitType::Main;
  bool remain_after_exit = false;         ///< RemainAfterExit=
  std::optional<Duration> timeout_start;  ///< TimeoutStartSec=, for each command
  TimeoutMode start_failure = TimeoutMode::Terminate;
  TimeoutMode stop_failure = TimeoutMode::Terminate;
  Duration runtime_max = kForever;            ///< RuntimeMaxSec=
  Duration runtime_extra{0};                  ///< RuntimeRandomizedExtraSec=
  Duration watchdog{0};                       ///< WatchdogSec=; 0: none
  int watchdog_signal = 6;                    ///< WatchdogSignal=
  std::optional<Duration> timeout_abort;      ///< TimeoutAbortSec=; nullopt: TimeoutStopSec=
  std::optional<NotifyAccess> notify_access;  ///< NotifyAccess=
  int reload_signal = 1;                      ///< ReloadSignal= of Type=notify-reload
  unsigned stored_descriptors = 0;            ///< FileDescriptorStoreMax=

  bool notifies() const { return type == ServiceType::Notify || type == ServiceType::NotifyReload; }
  /// systemd.service(5): 90 s (DefaultTimeoutStartSec=), and no limit for Type=oneshot.
  Duration start_timeout() const {
    if (timeout_start) return *timeout_start;
    return type == ServiceType::Oneshot ? kForever : Duration(std::chrono::seconds{90});
  }
  /// What needs the messages has those of the main process at least.
  NotifyAccess notify() const {
    const NotifyAccess access = notify_access.value_or(NotifyAccess::None);
    if (access != NotifyAccess::None) return access;
    const bool needed = notifies() || watchdog > Duration{0} || stored_descriptors > 0;
    return needed ? NotifyAccess::Main : access;
  }
  bool operator==(const LifeSettings&) const = default;
};

enum class RestartMode : std::uint8_t {
  No,
  OnSuccess,
  OnFailure,
  OnAbnormal,
  OnWatchdog,
  OnAbort,
  Always
};

/// Ours, RestartCause=CAUSE:restart|no|default[:DELAY]: what one cause does, whatever Restart=
/// says.
struct CauseRule {
  std::optional<bool> restart;
  std::optional<Duration> delay;
  bool operator==(const CauseRule&) const = default;
};

struct RestartSettings {
  RestartMode mode = RestartMode::No;
  Duration delay = std::chrono::milliseconds{100};  ///< RestartSec=
  Duration max_delay = kForever;                    ///< RestartMaxDelaySec=
  unsigned steps = 0;                               ///< RestartSteps=; 0: the delay never grows
  Duration randomized{0};                           ///< RestartRandomizedDelaySec=
  /// Ours, RestartResetSec=: a life this long starts the steps anew. systemd's is infinity.
  Duration reset_after = kForever;
  ExitStatusSet prevent;  ///< RestartPreventExitStatus=
  ExitStatusSet force;    ///< RestartForceExitStatus=
  /// systemd tries again what could not be executed; `run --` does where it may come right by
  /// itself.
  bool retries_exec_failure = false;
  std::map<Cause, CauseRule> by_cause;
  bool operator==(const RestartSettings&) const = default;
};

/// At most `burst` in `interval`. burst 0 or interval 0: no limit.
struct RateSettings {
  unsigned burst = 0;
  Duration interval{0};
  bool operator==(const RateSettings&) const = default;
};

/// RLIMIT_*: soft and hard. kNoLimit is RLIM_INFINITY.
struct Rlimit {
  static constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};
  std::uint64_t soft = kNoLimit;
  std::uint64_t hard = kNoLimit;
  bool operator==(const Rlimit&) const = default;
};

enum class StandardInput : std::uint8_t { Null, Inherit, Data, File };

/// Where stdout or stderr goes. `journal` without one is gatevisor's own. `append:` opens without
/// following a link, only a regular file with one name; `file:` and `truncate:` also what is no
/// regular file.
struct StandardOutput {
  enum class Kind : std::uint8_t { Inherit, Journal, Null, Append, File, Truncate };
  Kind kind = Kind::Inherit;
  std::string path;  ///< of a file
  bool operator==(const StandardOutput&) const = default;
};

/// A file of NAME=VALUE lines. `optional`: written with a leading '-', may be missing.
struct EnvironmentFile {
  std::string path;
  bool optional = false;
  bool operator==(const EnvironmentFile&) const = default;
};

/// When it gets a processor or a disk. Nothing set: as gatevisor itself.
struct SchedulingSettings {
  /// CPU_SETSIZE of sched.h: no machine has more.
  using Processors = std::bitset<1024>;
  std::optional<int> nice;         ///< Nice=, -20 to 19
  std::optional<int> cpu_policy;   ///< CPUSchedulingPolicy=, SCHED_* of sched.h
  int cpu_priority = 0;            ///< CPUSchedulingPriority=, 1 to 99 for fifo and rr
  bool reset_on_fork = false;      ///< CPUSchedulingResetOnFork=
  std::optional<int> io_class;     ///< IOSchedulingClass=, 0 to 3 (ioprio_set(2))
  std::optional<int> io_priority;  ///< IOSchedulingPriority=, 0 to 7
  Processors processors;           ///< CPUAffinity=; none: all
  bool operator==(const SchedulingSettings&) const = default;
};

/// In what the commands run, and as whom.
struct ExecSettings {
  std::string user;   ///< a name or a number; empty: gatevisor's own
  std::string group;  ///< empty: the user's primary group
  std::vector<std::string> supplementary_groups;
  unsigned umask = 0022;
  std::string working_directory;            ///< empty: '/'; '~': the user's home
  bool working_directory_optional = false;  ///< written with a leading '-'
  bool inherit_environment = true;  ///< `run --`: the container's own environment goes in first
  std::vector<std::string> environment;  ///< NAME=VALUE
  std::vector<EnvironmentFile> environment_files;
  std::vector<std::string> pass_environment;   ///< names of gatevisor's own variables
  std::vector<std::string> unset_environment;  ///< NAME or NAME=VALUE; applied last
  std::optional<std::uint64_t> bounding_set;   ///< capabilities that stay, bit n for capability n
  std::uint64_t ambient_set = 0;
  bool strict_capabilities = true;  ///< ours, StrictCapabilities=
  bool no_new_privileges = false;
  SyscallFilterSettings syscall_filter;
  bool ignore_sigpipe = false;       ///< IgnoreSIGPIPE=; systemd's default is yes
  std::map<int, Rlimit> rlimits;     ///< by RLIMIT_ number
  std::optional<int> oom_score_adj;  ///< -1000 … 1000; nullopt: what gatevisor was started with
  SchedulingSettings scheduling;
  MountSettings mounts;
  NamespaceSettings namespaces;
  DirectorySettings directories;
  CredentialSettings credentials;
  ProcessSettings process;
  bool remove_ipc = false;               ///< RemoveIPC=; of a user that is not root
  std::vector<std::string> search_path;  ///< ExecSearchPath=; absolute
  StandardInput standard_input = StandardInput::Null;
  bool standard_input_given = false;  ///< else StandardInputText= and its like make it Data
  std::string input_path;             ///< File only
  std::string input_data;             ///< Data only
  StandardOutput standard_output;
  StandardOutput standard_error;
  LineSettings lines;
  bool operator==(const ExecSettings&) const = default;
};

/// Ours, ForwardSignals=: what reaches the gateway of the signals that gatevisor gets.
/// SIGTERM and SIGINT stop the service and are never in it.
using SignalMap = std::map<int, int>;

/// Condition…= and Assert…= of systemd.unit(5): what has to be so before the unit is started.
struct Condition {
  enum class Kind : std::uint8_t {
    PathExists,
    PathExistsGlob,
    PathIsDirectory,
    PathIsSymbolicLink,
    PathIsMountPoint,
    PathIsReadWrite,  ///< its file system is not mounted read-only
    DirectoryNotEmpty,
    FileNotEmpty,
    FileIsExecutable,
    Environment,   ///< NAME or NAME=VALUE of gatevisor's own
    Architecture,  ///< in systemd.unit(5)'s words; here and below, src/os/condition_machine.h
    KernelCommandLine,
    KernelVersion,
    OSRelease,
    Host,
    Virtualization,
    Security,
    Capability,  ///< by its number
    Memory,      ///< '>=BYTES', or another operator
    CPUs,        ///< likewise
    CPUFeature,
    User,
    Group,
    ControlGroupController,
    ACPower,
    FirstBoot,
    NeedsUpdate,
    Credential,
    PathIsEncrypted,
    Firmware,
    MemoryPressure,  ///< 'CGROUP|LIMIT|TIME': src/os/condition_pressure.h
    CPUPressure,
    IOPressure,
  };
  Kind kind = Kind::PathExists;
  bool assertion = false;  ///< not met, it is a failure; else the unit is skipped
  bool trigger = false;    ///< '|': of these one is enough
  bool negate = false;     ///< '!'
  std::string parameter;
  std::string text;  ///< where it stands and how: 'path:3:1: ConditionPathExists=!/x'
  bool operator==(const Condition&) const = default;
};

/// Ours: commands that are told of a death, each in a cgroup of their own and beside the respawn.
struct HookSettings {
  std::vector<Command> alarm;                   ///< OnAlarm=
  std::vector<Command> out_of_memory;           ///< OnOOM=
  Duration timeout = std::chrono::seconds{10};  ///< HookTimeoutSec=: for each command

  const std::vector<Command>& of(HookKind kind) const {
    return kind == HookKind::Alarm ? alarm : out_of_memory;
  }
  bool operator==(const HookSettings&) const = default;
};

struct ServiceSettings {
  std::string name = "gateway";  ///< the unit's stem; the slice is `<name>.slice`
  Commands commands;
  LifeSettings life;
  ExecSettings exec;
  ResourceSettings resources;
  MemorySettings memory;
  KillSettings kill;
  RestartSettings restart;
  RateSettings start_limit;  ///< StartLimitBurst=, StartLimitIntervalSec=
  RateSettings alarm;        ///< ours: AlarmBurst=, AlarmIntervalSec=
  ProbeSet probes;           ///< ours: LivenessProbe= and its like
  HookSettings hooks;
  JournalSettings journal;   ///< the main unit's count
  ExitStatusSet success;     ///< SuccessExitStatus=, beside exit 0 and the clean signals
  SignalMap forward;
  std::vector<Condition> conditions;
  Dependencies dependencies;
  std::string pid_file;  ///< PIDFile=; may be empty
  /// Ours, for `run --` and in [X-Gatevisor]: the file is written at each launch and gone at exit.
  /// Else it is the service's own, and only what it leaves behind is removed.
  bool writes_pid_file = true;

  /// As other units call it: 'gateway.service'.
  std::string unit_name() const { return name + ".service"; }
  bool operator==(const ServiceSettings&) const = default;
};

}  // namespace gatevisor
