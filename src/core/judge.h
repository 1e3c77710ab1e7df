// What builds one verdict. For core/death.cc and its parts alone.
#pragma once

#include "core/death.h"
#include "core/kernel_finding.h"
#include "core/oom_finding.h"

namespace gatevisor::core {

/// Builds one verdict; each `as_…` is one row of the table of causes.
class Judge {
 public:
  Judge(const Death& death, const ServiceSettings& settings)
      : death_(death), settings_(settings), oom_(find_oom(death)) {}

  Verdict verdict() {
    fill_facts();
    decide();
    return std::move(verdict_);
  }

 private:
  void fill_facts();
  void decide();
  bool oom_killed_main() const;
  bool oom_killed_helper() const;
  void as_exec_failure();
  void as_oom(Victim victim, Confidence confidence);
  void as_memory_stall();
  void as_probe_failure();
  void as_command_failure();
  void as_time_out(Cause cause, const char* setting, Duration time, const char* what);
  void as_protocol();
  void as_requested();
  void as_stop_timeout();
  void as_seccomp();
  bool ran_out_by_itself() const;
  void as_runtime_oom();
  void as_signal();
  void as_exit();
  void rule_out_oom();
  void add(Evidence evidence) { verdict_.evidence.push_back(std::move(evidence)); }
  void add_oom_evidence() {
    for (const Evidence& fact : oom_.evidence) add(fact);
    add_kernel_kill(false);
  }
  void add_kernel_kill(bool of_main_alone);

  const Death& death_;
  const ServiceSettings& settings_;
  OomFinding oom_;
  Verdict verdict_;
  bool has_kernel_kill_ = false;
};

/// The last time that gatevisor sent it; nullptr: never.
const SentSignal* find_sent(const Death& death, int signal);

}  // namespace gatevisor::core
