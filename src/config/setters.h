// One function a setting: reads its value into the field that it has in ServiceSettings.
//
// The bridge between the table (properties.cc) and the parsers. A setter that refuses has changed
// nothing. The values come trimmed, without NUL and at most kMaxValue bytes long.
#pragma once

#include <string_view>

#include "config/text.h"
#include "gatevisor/settings.h"

namespace gatevisor::config {

using Setter = Parsed<void>(ServiceSettings& settings, std::string_view value);

// systemd.resource-control(5): assign_resources.cc
Setter set_memory_max, set_memory_high, set_memory_swap_max, set_memory_zswap_max, set_tasks_max, set_cpu_quota,
    set_cpu_weight, set_memory_min, set_memory_low, set_cpu_period, set_strict_limits, set_delegate,
    set_oom_policy, set_pressure_policy, set_pressure_limit, set_pressure_duration,
    set_memory_sample;

// The same: assign_io.cc
Setter set_io_weight, set_io_device_weight, set_io_read_bandwidth, set_io_write_bandwidth,
    set_io_read_iops, set_io_write_iops, set_io_latency, set_allowed_cpus, set_allowed_nodes;

// systemd.service(5), systemd.kill(5): assign_service.cc
Setter set_kill_mode, set_kill_signal, set_restart_kill_signal, set_final_kill_signal,
    set_send_sigkill, set_send_sighup, set_timeout_stop, set_restart, set_restart_delay,
    set_restart_max_delay, set_restart_steps, set_restart_randomized, set_restart_reset,
    set_restart_prevent, set_restart_force, set_restart_cause, set_success, set_start_burst,
    set_start_interval, set_alarm_burst, set_alarm_interval, set_forward_signals, set_pid_file;

// systemd.service(5), Type= and its times: assign_life.cc
Setter set_type, set_exit_type, set_remain_after_exit, set_timeout_start, set_timeout, set_timeout_start_mode,
    set_timeout_stop_mode, set_timeout_abort, set_runtime_max, set_runtime_extra, set_watchdog, set_watchdog_signal,
    set_reload_signal, set_notify_access, set_stored_descriptors;

// Ours: assign_probe.cc
template <ProbeKind kind>
Setter set_probe;
template <ProbeKind kind>
Setter set_probe_status;
template <ProbeKind kind>
Setter set_probe_interval;
template <ProbeKind kind>
Setter set_probe_timeout;
template <ProbeKind kind>
Setter set_probe_failures;
template <ProbeKind kind>
Setter set_probe_start_failures;
Setter set_startup_failures;

// Ours: assign_hooks.cc
Setter set_on_alarm, set_on_oom, set_hook_timeout;

// systemd.exec(5), 'Scheduling': assign_scheduling.cc
Setter set_nice, set_cpu_policy, set_cpu_priority, set_reset_on_fork, set_io_class, set_io_priority,
    set_cpu_affinity;

// systemd.exec(5), what a seccomp filter does: assign_syscall_filter.cc
Setter set_syscall_filter, set_syscall_error_number, set_syscall_architectures, set_syscall_log,
    set_address_families, set_restrict_namespaces, set_lock_personality,
    set_memory_deny_write_execute, set_restrict_realtime, set_restrict_suid_sgid, set_protect_clock;
// systemd.exec(5), 'Sandboxing': assign_mounts.cc
Setter set_protect_system, set_protect_home, set_read_write_paths, set_read_only_paths,
    set_inaccessible_paths, set_exec_paths, set_no_exec_paths, set_bind_paths,
    set_bind_read_only_paths, set_temporary_file_system, set_private_tmp, set_private_devices,
    set_protect_kernel_tunables, set_protect_kernel_modules, set_protect_kernel_logs,
    set_protect_control_groups, set_protect_proc, set_proc_subset, set_private_mounts,
    set_mount_flags, set_mount_api, set_root_directory, set_private_network, set_private_ipc,
    set_protect_hostname, set_private_users;
// systemd.exec(5), 'Sandboxing': assign_directories.cc
Setter set_runtime_directory, set_state_directory, set_cache_directory, set_logs_directory,
    set_configuration_directory, set_runtime_directory_mode, set_state_directory_mode,
    set_cache_directory_mode, set_logs_directory_mode, set_configuration_directory_mode,
    set_runtime_directory_preserve;

// systemd.exec(5), 'Credentials': assign_credentials.cc
Setter set_load_credential, set_set_credential;

// systemd.exec(5), 'Logging'; journald.conf(5): assign_log.cc
Setter set_syslog_identifier, set_syslog_facility, set_syslog_level, set_syslog_level_prefix,
    set_log_level_max, set_log_extra_fields, set_storage, set_system_max_use, set_system_keep_free,
    set_system_max_file_size, set_system_max_files, set_max_file_age, set_max_retention,
    set_sync_interval, set_journal_full;

// systemd.exec(5): assign_process.cc
Setter set_timer_slack, set_personality, set_coredump_filter, set_numa_policy, set_numa_mask,
    set_secure_bits, set_keyring_mode, set_exec_search_path, set_remove_ipc;

// systemd.exec(5): assign_exec.cc
Setter set_user, set_group, set_supplementary_groups, set_umask, set_working_directory,
    set_environment, set_environment_file, set_unset_environment, set_bounding_set, set_ambient_set,
    set_strict_capabilities, set_no_new_privileges, set_ignore_sigpipe, set_limit_cpu,
    set_limit_fsize, set_limit_data, set_limit_stack, set_limit_core, set_limit_rss,
    set_limit_nofile, set_limit_as, set_limit_nproc, set_limit_memlock, set_limit_locks,
    set_limit_sigpending, set_limit_msgqueue, set_limit_nice, set_limit_rtprio, set_limit_rttime,
    set_oom_score_adjust, set_standard_input, set_input_text, set_input_data, set_standard_output,
    set_standard_error;

}  // namespace gatevisor::config
