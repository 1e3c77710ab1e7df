#include "config/properties.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "config/setters.h"
#include "config/signal_map.h"

namespace gatevisor::config {
namespace {

enum class Secret : std::uint8_t { No, Perhaps };

struct Entry {
  Property property;
  Setter* set;
  Secret secret = Secret::No;
};

constexpr bool kSystemd = false;
constexpr bool kOurs = true;

// The one table: assign(), --help and the manual read it. One line a setting.
// clang-format off
constexpr std::array kTable = {
    // Resources
    Entry{{"MemoryMax", "SIZE|SHARE", "Memory limit; at it the kernel kills", kSystemd}, set_memory_max},
    Entry{{"MemoryLimit", "SIZE|SHARE", "The same as MemoryMax=", kSystemd}, set_memory_max},
    Entry{{"MemoryMin", "SIZE|SHARE", "Memory that is never taken from it", kSystemd}, set_memory_min},
    Entry{{"MemoryLow", "SIZE|SHARE", "Memory that is taken from others first", kSystemd}, set_memory_low},
    Entry{{"MemoryHigh", "SIZE|SHARE", "Memory above which it is slowed down", kSystemd}, set_memory_high},
    Entry{{"MemorySwapMax", "SIZE|SHARE", "Limit of swap", kSystemd}, set_memory_swap_max},
    Entry{{"MemoryZSwapMax", "SIZE|SHARE", "Limit of compressed swap in memory", kSystemd}, set_memory_zswap_max},
    Entry{{"TasksMax", "N|SHARE", "Limit of processes and threads", kSystemd}, set_tasks_max},
    Entry{{"CPUQuota", "SHARE", "Limit of CPU time; 100% is one processor", kSystemd}, set_cpu_quota},
    Entry{{"CPUQuotaPeriodSec", "TIME", "The time that CPUQuota= is measured in", kSystemd}, set_cpu_period},
    Entry{{"CPUWeight", "1-10000|idle", "Share of CPU time beside others; 100 is usual", kSystemd}, set_cpu_weight},
    Entry{{"AllowedCPUs", "N|N-N...", "Processors that it may run on", kSystemd}, set_allowed_cpus},
    Entry{{"AllowedMemoryNodes", "N|N-N...", "NUMA nodes that it may have memory of", kSystemd}, set_allowed_nodes},
    Entry{{"IOWeight", "1-10000", "Share of disk time beside others; 100 is usual", kSystemd}, set_io_weight},
    Entry{{"IODeviceWeight", "PATH 1-10000", "The same for one disk", kSystemd}, set_io_device_weight},
    Entry{{"IOReadBandwidthMax", "PATH SIZE", "Bytes a second that it may read of a disk", kSystemd}, set_io_read_bandwidth},
    Entry{{"IOWriteBandwidthMax", "PATH SIZE", "Bytes a second that it may write to a disk", kSystemd}, set_io_write_bandwidth},
    Entry{{"IOReadIOPSMax", "PATH N", "Reads a second of a disk", kSystemd}, set_io_read_iops},
    Entry{{"IOWriteIOPSMax", "PATH N", "Writes a second to a disk", kSystemd}, set_io_write_iops},
    Entry{{"IODeviceLatencyTargetSec", "PATH TIME", "Time that an access to a disk should take", kSystemd}, set_io_latency},
    Entry{{"Delegate", "yes|no|CONTROLLER...", "Its cgroup is its user's, to make others in", kSystemd}, set_delegate},
    Entry{{"StrictLimits", "yes|no", "Do not start it where a limit cannot be set", kOurs}, set_strict_limits},
    Entry{{"OOMPolicy", "continue|stop|kill", "What follows when one of its processes was killed for memory", kSystemd}, set_oom_policy},
    Entry{{"ManagedOOMMemoryPressure", "auto|kill", "What follows when it stalls for want of memory", kSystemd}, set_pressure_policy},
    Entry{{"ManagedOOMMemoryPressureLimit", "PERCENT", "Share of time stalled that is too much", kSystemd}, set_pressure_limit},
    Entry{{"ManagedOOMMemoryPressureDurationSec", "TIME", "How long it has to last", kSystemd}, set_pressure_duration},
    // Stopping
    Entry{{"KillMode", "control-group|mixed|process|none", "Which of its processes are stopped", kSystemd}, set_kill_mode},
    Entry{{"KillSignal", "SIGNAL", "What asks it to stop", kSystemd}, set_kill_signal},
    Entry{{"RestartKillSignal", "SIGNAL", "The same for a restart", kSystemd}, set_restart_kill_signal},
    Entry{{"FinalKillSignal", "SIGNAL", "What ends it after TimeoutStopSec=", kSystemd}, set_final_kill_signal},
    Entry{{"SendSIGKILL", "yes|no", "Whether FinalKillSignal= is sent at all", kSystemd}, set_send_sigkill},
    Entry{{"SendSIGHUP", "yes|no", "Send SIGHUP right after KillSignal=", kSystemd}, set_send_sighup},
    Entry{{"TimeoutStopSec", "TIME", "Time to stop in; 0 or infinity: for ever", kSystemd}, set_timeout_stop},
    Entry{{"TimeoutSec", "TIME", "TimeoutStartSec= and TimeoutStopSec=", kSystemd}, set_timeout},
    Entry{{"TimeoutAbortSec", "TIME", "Time to end in after WatchdogSignal=; empty: TimeoutStopSec=", kSystemd}, set_timeout_abort},
    // Life
    Entry{{"Type", "exec|simple|idle|oneshot|forking|notify|notify-reload", "When it counts as started", kSystemd}, set_type},
    Entry{{"ExitType", "main|cgroup", "Which of its processes have to end for it to have ended", kSystemd}, set_exit_type},
    Entry{{"RemainAfterExit", "yes|no", "It stays started when its processes have ended well", kSystemd}, set_remain_after_exit},
    Entry{{"NotifyAccess", "none|main|exec|all", "Whose sd_notify messages count", kSystemd}, set_notify_access},
    Entry{{"TimeoutStartSec", "TIME", "Time for each command of its start, and to be ready", kSystemd}, set_timeout_start},
    Entry{{"TimeoutStopFailureMode", "terminate|abort|kill", "What follows when TimeoutStopSec= has passed", kSystemd}, set_timeout_stop_mode},
    Entry{{"TimeoutStartFailureMode", "terminate|abort|kill", "What follows when that has passed", kSystemd}, set_timeout_start_mode},
    Entry{{"RuntimeMaxSec", "TIME", "Longest life; then it is stopped", kSystemd}, set_runtime_max},
    Entry{{"RuntimeRandomizedExtraSec", "TIME", "Most that is added to that at random", kSystemd}, set_runtime_extra},
    Entry{{"FileDescriptorStoreMax", "N", "Descriptors that it may give into keeping (FDSTORE=1)", kSystemd}, set_stored_descriptors},
    Entry{{"WatchdogSec", "TIME", "Longest time between two WATCHDOG=1; 0: any", kSystemd}, set_watchdog},
    Entry{{"WatchdogSignal", "SIGNAL", "What ends it after that", kSystemd}, set_watchdog_signal},
    Entry{{"ReloadSignal", "SIGNAL", "What makes Type=notify-reload read its configuration again", kSystemd}, set_reload_signal},
    // Restarting
    Entry{{"Restart", "no|on-failure|always|...", "Which ends lead to a respawn", kSystemd}, set_restart},
    Entry{{"RestartSec", "TIME", "Delay before a respawn", kSystemd}, set_restart_delay},
    Entry{{"RestartMaxDelaySec", "TIME", "Longest delay, after RestartSteps= respawns", kSystemd}, set_restart_max_delay},
    Entry{{"RestartSteps", "N", "Steps from RestartSec= to RestartMaxDelaySec=", kSystemd}, set_restart_steps},
    Entry{{"RestartRandomizedDelaySec", "TIME", "Most that is added to the delay at random", kSystemd}, set_restart_randomized},
    Entry{{"RestartResetSec", "TIME", "A life this long starts the steps anew", kOurs}, set_restart_reset},
    Entry{{"SuccessExitStatus", "STATUS...", "Codes and signals that are no failure", kSystemd}, set_success},
    Entry{{"RestartPreventExitStatus", "STATUS...", "Codes and signals that are never followed by a respawn", kSystemd}, set_restart_prevent},
    Entry{{"RestartForceExitStatus", "STATUS...", "Codes and signals that always are", kSystemd}, set_restart_force},
    Entry{{"RestartCause", "CAUSE:restart|no|default[:TIME]...", "The rule for one cause, whatever Restart= says", kOurs}, set_restart_cause},
    Entry{{"StartLimitBurst", "N", "Starts in StartLimitIntervalSec= before it gives up; 0: any", kSystemd}, set_start_burst},
    Entry{{"StartLimitIntervalSec", "TIME", "The time in which starts are counted; 0: no limit", kSystemd}, set_start_interval},
    Entry{{"AlarmBurst", "N", "Ends in AlarmIntervalSec= that are CRITICAL; 0: never", kOurs}, set_alarm_burst},
    Entry{{"AlarmIntervalSec", "TIME", "The time in which ends are counted", kOurs}, set_alarm_interval},
    Entry{{"MemorySampleSec", "TIME", "How often the flight recorder looks at its memory; 0: never", kOurs}, set_memory_sample},
    Entry{{"ForwardSignals", "SIGNAL[:SIGNAL|:ignore]...", "Signals that go on to the gateway; empty: none", kOurs}, set_forward_signals},
    Entry{{"PIDFile", "PATH", "Written at each launch, gone at exit", kOurs}, set_pid_file},
    // Probes
    Entry{{"LivenessProbe", "http://...|tcp://...|exec:COMMAND", "What is asked whether it serves; empty: nothing", kOurs}, set_probe<ProbeKind::Liveness>},
    Entry{{"LivenessProbeStatus", "CODE|CODE-CODE...", "HTTP status codes that mean that it does", kOurs}, set_probe_status<ProbeKind::Liveness>},
    Entry{{"LivenessProbeSec", "TIME", "From one probe to the next", kOurs}, set_probe_interval<ProbeKind::Liveness>},
    Entry{{"LivenessProbeTimeoutSec", "TIME", "Time for the answer", kOurs}, set_probe_timeout<ProbeKind::Liveness>},
    Entry{{"LivenessProbeFailures", "N", "Failures in a row at which it is restarted, once it has served", kOurs}, set_probe_failures<ProbeKind::Liveness>},
    Entry{{"LivenessProbeStartFailures", "N", "The same while it has never served yet", kOurs}, set_probe_start_failures<ProbeKind::Liveness>},
    Entry{{"StartupProbe", "http://...|tcp://...|exec:COMMAND|log:TEXT", "What tells that it is started; empty: nothing", kOurs}, set_probe<ProbeKind::Startup>},
    Entry{{"StartupProbeStatus", "CODE|CODE-CODE...", "HTTP status codes that mean that it is", kOurs}, set_probe_status<ProbeKind::Startup>},
    Entry{{"StartupProbeSec", "TIME", "From one probe to the next", kOurs}, set_probe_interval<ProbeKind::Startup>},
    Entry{{"StartupProbeTimeoutSec", "TIME", "Time for the answer", kOurs}, set_probe_timeout<ProbeKind::Startup>},
    Entry{{"StartupProbeFailures", "N", "Failures at which it is restarted; 0: TimeoutStartSec= alone counts", kOurs}, set_startup_failures},
    Entry{{"ReadinessProbe", "http://...|tcp://...|exec:COMMAND", "What tells whether it is ready; empty: it is when started", kOurs}, set_probe<ProbeKind::Readiness>},
    Entry{{"ReadinessProbeStatus", "CODE|CODE-CODE...", "HTTP status codes that mean that it is", kOurs}, set_probe_status<ProbeKind::Readiness>},
    Entry{{"ReadinessProbeSec", "TIME", "From one probe to the next", kOurs}, set_probe_interval<ProbeKind::Readiness>},
    Entry{{"ReadinessProbeTimeoutSec", "TIME", "Time for the answer", kOurs}, set_probe_timeout<ProbeKind::Readiness>},
    Entry{{"ReadinessProbeFailures", "N", "Failures in a row at which it is not ready any more", kOurs}, set_probe_failures<ProbeKind::Readiness>},
    // Hooks
    Entry{{"OnAlarm", "COMMAND", "What is run when AlarmBurst= is reached", kOurs}, set_on_alarm, Secret::Perhaps},
    Entry{{"OnOOM", "COMMAND", "What is run when it has died for want of memory", kOurs}, set_on_oom, Secret::Perhaps},
    Entry{{"HookTimeoutSec", "TIME", "Time for each of these commands", kOurs}, set_hook_timeout},
    // Who and where
    Entry{{"User", "USER", "Who it runs as", kSystemd}, set_user},
    Entry{{"Group", "GROUP", "Its group; the user's own if not given", kSystemd}, set_group},
    Entry{{"SupplementaryGroups", "GROUP...", "Groups beside those of the user", kSystemd}, set_supplementary_groups},
    Entry{{"UMask", "MODE", "File mode creation mask, octal", kSystemd}, set_umask},
    Entry{{"WorkingDirectory", "[-]PATH|~", "Where it starts; '-': may be missing", kSystemd}, set_working_directory},
    Entry{{"Environment", "NAME=VALUE...", "Variables", kSystemd}, set_environment, Secret::Perhaps},
    Entry{{"EnvironmentFile", "[-]PATH", "A file of variables; '-': may be missing", kSystemd}, set_environment_file},
    Entry{{"UnsetEnvironment", "NAME[=VALUE]...", "Variables that it does not get", kSystemd}, set_unset_environment, Secret::Perhaps},
    Entry{{"RuntimeDirectory", "NAME[:LINK]...", "Directories made for it below /run; gone when it has ended", kSystemd}, set_runtime_directory},
    Entry{{"RuntimeDirectoryMode", "MODE", "Their mode, octal", kSystemd}, set_runtime_directory_mode},
    Entry{{"RuntimeDirectoryPreserve", "no|yes|restart", "Keep the runtime directories after an end", kSystemd}, set_runtime_directory_preserve},
    Entry{{"StateDirectory", "NAME[:LINK]...", "Directories made for it below /var/lib", kSystemd}, set_state_directory},
    Entry{{"StateDirectoryMode", "MODE", "Their mode, octal", kSystemd}, set_state_directory_mode},
    Entry{{"CacheDirectory", "NAME[:LINK]...", "Directories made for it below /var/cache", kSystemd}, set_cache_directory},
    Entry{{"CacheDirectoryMode", "MODE", "Their mode, octal", kSystemd}, set_cache_directory_mode},
    Entry{{"LogsDirectory", "NAME[:LINK]...", "Directories made for it below /var/log", kSystemd}, set_logs_directory},
    Entry{{"LogsDirectoryMode", "MODE", "Their mode, octal", kSystemd}, set_logs_directory_mode},
    Entry{{"ConfigurationDirectory", "NAME...", "Directories made for it below /etc; not made its own", kSystemd}, set_configuration_directory},
    Entry{{"ConfigurationDirectoryMode", "MODE", "Their mode, octal", kSystemd}, set_configuration_directory_mode},
    Entry{{"LoadCredential", "NAME[:PATH]", "A file that it gets in $CREDENTIALS_DIRECTORY", kSystemd}, set_load_credential},
    Entry{{"SetCredential", "NAME:VALUE", "The same with its content, where none is loaded", kSystemd}, set_set_credential, Secret::Perhaps},
    Entry{{"CapabilityBoundingSet", "[~]CAPABILITY...", "Capabilities that it can ever have", kSystemd}, set_bounding_set},
    Entry{{"AmbientCapabilities", "[~]CAPABILITY...", "Capabilities that it has though not root", kSystemd}, set_ambient_set},
    Entry{{"StrictCapabilities", "yes|no", "Do not start it where one cannot be dropped", kOurs}, set_strict_capabilities},
    Entry{{"NoNewPrivileges", "yes|no", "Nothing that it executes gains privileges", kSystemd}, set_no_new_privileges},
    Entry{{"SystemCallFilter", "[~]CALL|@GROUP[:ERROR]...", "System calls that it may make; '~': may not", kSystemd}, set_syscall_filter},
    Entry{{"SystemCallErrorNumber", "ERROR|kill", "What the others give it, instead of SIGSYS", kSystemd}, set_syscall_error_number},
    Entry{{"SystemCallArchitectures", "native|x86|...", "Architectures whose system calls it may make", kSystemd}, set_syscall_architectures},
    Entry{{"SystemCallLog", "[~]CALL|@GROUP...", "System calls that the kernel logs", kSystemd}, set_syscall_log},
    Entry{{"RestrictAddressFamilies", "[~]FAMILY...|none", "Families of the sockets that it may make", kSystemd}, set_address_families},
    Entry{{"RestrictNamespaces", "yes|no|[~]TYPE...", "Namespaces that it may make or enter", kSystemd}, set_restrict_namespaces},
    Entry{{"LockPersonality", "yes|no", "It keeps its execution domain", kSystemd}, set_lock_personality},
    Entry{{"MemoryDenyWriteExecute", "yes|no", "No memory is writable and executable", kSystemd}, set_memory_deny_write_execute},
    Entry{{"RestrictRealtime", "yes|no", "No real-time scheduling", kSystemd}, set_restrict_realtime},
    Entry{{"ProtectClock", "yes|no", "No change of the clock", kSystemd}, set_protect_clock},
    Entry{{"RestrictSUIDSGID", "yes|no", "No file becomes set-user-ID or set-group-ID", kSystemd}, set_restrict_suid_sgid},
    Entry{{"IgnoreSIGPIPE", "yes|no", "Start it with SIGPIPE ignored", kSystemd}, set_ignore_sigpipe},
    Entry{{"LimitCPU", "TIME[:TIME]", "CPU time of a process", kSystemd}, set_limit_cpu},
    Entry{{"LimitFSIZE", "SIZE[:SIZE]", "Size of a file it writes", kSystemd}, set_limit_fsize},
    Entry{{"LimitDATA", "SIZE[:SIZE]", "Data segment", kSystemd}, set_limit_data},
    Entry{{"LimitSTACK", "SIZE[:SIZE]", "Stack", kSystemd}, set_limit_stack},
    Entry{{"LimitCORE", "SIZE[:SIZE]", "Core file", kSystemd}, set_limit_core},
    Entry{{"LimitRSS", "SIZE[:SIZE]", "Without effect on Linux", kSystemd}, set_limit_rss},
    Entry{{"LimitNOFILE", "N[:N]", "Open descriptors", kSystemd}, set_limit_nofile},
    Entry{{"LimitAS", "SIZE[:SIZE]", "Address space", kSystemd}, set_limit_as},
    Entry{{"LimitNPROC", "N[:N]", "Processes of the user", kSystemd}, set_limit_nproc},
    Entry{{"LimitMEMLOCK", "SIZE[:SIZE]", "Locked memory", kSystemd}, set_limit_memlock},
    Entry{{"LimitLOCKS", "N[:N]", "File locks", kSystemd}, set_limit_locks},
    Entry{{"LimitSIGPENDING", "N[:N]", "Queued signals", kSystemd}, set_limit_sigpending},
    Entry{{"LimitMSGQUEUE", "SIZE[:SIZE]", "POSIX message queues", kSystemd}, set_limit_msgqueue},
    Entry{{"LimitNICE", "LEVEL[:LEVEL]", "Nice level it may rise to", kSystemd}, set_limit_nice},
    Entry{{"LimitRTPRIO", "N[:N]", "Real-time priority", kSystemd}, set_limit_rtprio},
    Entry{{"LimitRTTIME", "TIME[:TIME]", "Real-time CPU time without a block; in us", kSystemd}, set_limit_rttime},
    Entry{{"OOMScoreAdjust", "-1000..1000", "How likely the kernel chooses it when memory is out", kSystemd}, set_oom_score_adjust},
    Entry{{"Nice", "-20..19", "Nice level; -20 comes first", kSystemd}, set_nice},
    Entry{{"CPUSchedulingPolicy", "other|batch|idle|fifo|rr", "How the kernel schedules it", kSystemd}, set_cpu_policy},
    Entry{{"CPUSchedulingPriority", "1-99", "Priority for fifo and rr; 99 comes first", kSystemd}, set_cpu_priority},
    Entry{{"CPUSchedulingResetOnFork", "yes|no", "Its children are scheduled as usual", kSystemd}, set_reset_on_fork},
    Entry{{"CPUAffinity", "N|N-N...", "Processors it runs on; empty: all", kSystemd}, set_cpu_affinity},
    Entry{{"IOSchedulingClass", "none|realtime|best-effort|idle", "How its disk accesses are scheduled", kSystemd}, set_io_class},
    Entry{{"IOSchedulingPriority", "0-7", "Priority of its disk accesses; 0 comes first", kSystemd}, set_io_priority},
    // Sandbox
    Entry{{"ProtectSystem", "yes|no|full|strict", "Its system is read-only: /usr, with /etc, or all", kSystemd}, set_protect_system},
    Entry{{"ProtectHome", "yes|no|read-only|tmpfs", "/home, /root and /run/user are hidden or read-only", kSystemd}, set_protect_home},
    Entry{{"ReadWritePaths", "[-][+]PATH...", "May be written nevertheless", kSystemd}, set_read_write_paths},
    Entry{{"ReadOnlyPaths", "[-][+]PATH...", "May not be written", kSystemd}, set_read_only_paths},
    Entry{{"InaccessiblePaths", "[-][+]PATH...", "Neither read nor entered", kSystemd}, set_inaccessible_paths},
    Entry{{"ExecPaths", "[-][+]PATH...", "May be executed nevertheless", kSystemd}, set_exec_paths},
    Entry{{"NoExecPaths", "[-][+]PATH...", "May not be executed", kSystemd}, set_no_exec_paths},
    Entry{{"BindPaths", "[-]PATH[:PATH[:rbind|norbind]]...", "Files or directories that are at another place too", kSystemd}, set_bind_paths},
    Entry{{"BindReadOnlyPaths", "[-]PATH[:PATH[:rbind|norbind]]...", "The same, read-only", kSystemd}, set_bind_read_only_paths},
    Entry{{"TemporaryFileSystem", "PATH[:OPTION,...]...", "Where it gets an empty file system in memory", kSystemd}, set_temporary_file_system},
    Entry{{"PrivateTmp", "yes|no", "A /tmp and /var/tmp of its own", kSystemd}, set_private_tmp},
    Entry{{"PrivateDevices", "yes|no", "A /dev without devices, and no right to make one", kSystemd}, set_private_devices},
    Entry{{"ProtectKernelTunables", "yes|no", "/proc/sys, /sys and their like are read-only", kSystemd}, set_protect_kernel_tunables},
    Entry{{"ProtectKernelModules", "yes|no", "No kernel modules: neither their files nor the right", kSystemd}, set_protect_kernel_modules},
    Entry{{"ProtectKernelLogs", "yes|no", "No kernel log: neither its files nor the right", kSystemd}, set_protect_kernel_logs},
    Entry{{"ProtectControlGroups", "yes|no", "/sys/fs/cgroup is read-only", kSystemd}, set_protect_control_groups},
    Entry{{"ProtectProc", "default|noaccess|invisible|ptraceable", "What /proc shows of the processes of others", kSystemd}, set_protect_proc},
    Entry{{"ProcSubset", "all|pid", "Whether /proc has more than processes", kSystemd}, set_proc_subset},
    Entry{{"PrivateMounts", "yes|no", "A mount namespace of its own, if nothing else needs one", kSystemd}, set_private_mounts},
    Entry{{"MountFlags", "shared|slave|private", "How later mounts travel from and to it", kSystemd}, set_mount_flags},
    Entry{{"MountAPIVFS", "yes|no", "Whether RootDirectory= gets /proc, /sys, /dev and /run", kSystemd}, set_mount_api},
    Entry{{"RootDirectory", "PATH", "The directory that is its '/'", kSystemd}, set_root_directory},
    Entry{{"PrivateNetwork", "yes|no", "A network of its own, with nothing but lo", kSystemd}, set_private_network},
    Entry{{"PrivateIPC", "yes|no", "System V IPC and POSIX message queues of its own", kSystemd}, set_private_ipc},
    Entry{{"ProtectHostname", "yes|no", "A host name of its own", kSystemd}, set_protect_hostname},
    Entry{{"PrivateUsers", "yes|no", "Users of its own: root, its user, and nobody else", kSystemd}, set_private_users},
    Entry{{"RemoveIPC", "yes|no", "The IPC objects of its user are removed when it has ended", kSystemd}, set_remove_ipc},
    Entry{{"ExecSearchPath", "PATH[:PATH]...", "Where its program is searched, and its PATH", kSystemd}, set_exec_search_path},
    Entry{{"SecureBits", "BIT...", "Secure bits, as capabilities(7) names them", kSystemd}, set_secure_bits},
    Entry{{"KeyringMode", "inherit|private|shared", "Its session keyring", kSystemd}, set_keyring_mode},
    Entry{{"Personality", "ARCHITECTURE", "What uname(2) tells it", kSystemd}, set_personality},
    Entry{{"TimerSlackNSec", "TIME", "How late its timers may be; in ns", kSystemd}, set_timer_slack},
    Entry{{"CoredumpFilter", "MAPPING...|MASK", "What a core file of it holds", kSystemd}, set_coredump_filter},
    Entry{{"NUMAPolicy", "default|preferred|bind|interleave|local", "Which nodes its memory is of", kSystemd}, set_numa_policy},
    Entry{{"NUMAMask", "all|N|N-N...", "The nodes that NUMAPolicy= means", kSystemd}, set_numa_mask},
    Entry{{"StandardInput", "null|inherit|data|file:PATH", "Its standard input", kSystemd}, set_standard_input},
    Entry{{"StandardInputText", "TEXT", "A line of standard input; \\n and its like are escapes", kSystemd}, set_input_text, Secret::Perhaps},
    Entry{{"StandardInputData", "BASE64", "Bytes of standard input", kSystemd}, set_input_data, Secret::Perhaps},
    Entry{{"StandardOutput", "inherit|journal|null|append:PATH|...", "Its standard output", kSystemd}, set_standard_output},
    Entry{{"StandardError", "inherit|journal|null|append:PATH|...", "Its standard error", kSystemd}, set_standard_error},
    // Its lines in the journal
    Entry{{"SyslogIdentifier", "NAME", "What its lines are marked with; else the program's name", kSystemd}, set_syslog_identifier},
    Entry{{"SyslogFacility", "daemon|user|local0...", "The facility of its lines", kSystemd}, set_syslog_facility},
    Entry{{"SyslogLevel", "err|warning|info...", "The level of its lines", kSystemd}, set_syslog_level},
    Entry{{"SyslogLevelPrefix", "yes|no", "Whether <3> in front of a line is its level", kSystemd}, set_syslog_level_prefix},
    Entry{{"LogLevelMax", "err|warning|info...", "Lines of a lesser level are not kept", kSystemd}, set_log_level_max},
    Entry{{"LogExtraFields", "FIELD=VALUE...", "What each of its lines has beside it", kSystemd}, set_log_extra_fields},
    // The journal
    Entry{{"Storage", "auto|persistent|volatile|none", "Where the journal is, if --journal-dir does not say", kOurs}, set_storage},
    Entry{{"SystemMaxUse", "SIZE", "What the journal's files may take together", kOurs}, set_system_max_use},
    Entry{{"SystemKeepFree", "SIZE", "What they leave free on the file system", kOurs}, set_system_keep_free},
    Entry{{"SystemMaxFileSize", "SIZE", "How long one file gets", kOurs}, set_system_max_file_size},
    Entry{{"SystemMaxFiles", "N", "How many files there are; 0: any number", kOurs}, set_system_max_files},
    Entry{{"MaxFileSec", "TIME", "How long one file is written to; 0: until it is full", kOurs}, set_max_file_age},
    Entry{{"MaxRetentionSec", "TIME", "How old a file gets; 0: any age", kOurs}, set_max_retention},
    Entry{{"SyncIntervalSec", "TIME", "How long lines may not be on the disk yet", kOurs}, set_sync_interval},
    Entry{{"JournalFull", "block|drop", "What becomes of lines when it cannot be written", kOurs}, set_journal_full},
};
// clang-format on

constexpr auto kProperties = [] {
  std::array<Property, kTable.size()> properties{};
  for (std::size_t i = 0; i < kTable.size(); ++i) properties[i] = kTable[i].property;
  return properties;
}();

constexpr std::size_t kLongestName = 64;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Levenshtein's, blind to case.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::array<std::size_t, kLongestName + 1> row{};
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row[b.size()];
}

/// The name that was meant, if one is near: a third of its letters may be wrong.
std::string_view nearest(std::string_view name) {
  if (name.size() > kLongestName) return {};
  std::string_view best;
  std::size_t best_distance = name.size() / 3 + 1;
  for (const Property& property : kProperties) {
    const std::size_t distance = edit_distance(name, property.name);
    if (distance < best_distance) {
      best = property.name;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace

Expected<void> assign(ServiceSettings& settings, std::string_view name, std::string_view value) {
  name = trim(name);
  value = trim(value);
  const auto entry =
      std::ranges::find(kTable, name, [](const Entry& e) { return e.property.name; });
  const std::string subject = printable(name) + "=";
  if (entry == kTable.end()) {
    // Not the value: the setting that was meant may hold a secret.
    const std::string_view meant = nearest(name);
    return fail("set", subject, 0,
                meant.empty() ? "unknown setting; 'gatevisor run --help' lists them"
                              : "unknown setting; did you mean " + std::string(meant) + "=?");
  }
  if (value.size() > kMaxValue) return fail("set", subject, 0, "expected at most 1 MiB");
  if (value.find('\0') != std::string_view::npos) {
    return fail("set", subject, 0, "expected a value without NUL");
  }
  if (auto done = entry->set(settings, value); !done) {
    const std::string shown = entry->secret == Secret::No ? printable(value) : std::string();
    return fail("set", subject + shown, 0, std::move(done.error()));
  }
  return {};
}

Expected<void> assign(ServiceSettings& settings, std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) {
    return fail("set", printable(trim(assignment)), 0, "expected NAME=VALUE");
  }
  return assign(settings, assignment.substr(0, equals), assignment.substr(equals + 1));
}

ServiceSettings run_defaults() {
  using std::chrono::seconds;
  ServiceSettings settings;
  // `docker stop` and its like kill the container after 10 s: end the gateway before that, with
  // time left to say so.
  settings.kill.timeout_stop = seconds{8};
  settings.restart.mode = RestartMode::OnFailure;
  settings.restart.delay = seconds{2};
  settings.restart.reset_after = seconds{60};
  settings.restart.prevent.codes.set(78);  // EX_CONFIG of sysexits.h: not cured by a respawn
  settings.start_limit = {};               // a container's restart policy gives up, not we
  settings.alarm = {5, seconds{60}};
  // A Node.js gateway that thrashes at its limit and never gets ready is stalled for 25 to 32 % of
  // the time by the kernel's count (systemd-oomd's 60 % never came): most of it is system time.
  settings.memory.pressure_limit_percent = 15;
  settings.forward = default_forwarded();
  return settings;
}

std::span<const Property> properties() { return kProperties; }

}  // namespace gatevisor::config
