// The end of an invocation: its verdict, its result, and what is next.

#include <algorithm>

#include "core/service.h"
#include "core/service_result.h"

namespace gatevisor::core {
namespace {

bool is_for_want_of_memory(Cause cause) {
  return cause == Cause::OomKill || cause == Cause::RuntimeOom || cause == Cause::MemoryStall;
}

}  // namespace

void Service::tell_verdict(Instant now, bool others_alive, Actions& out) {
  end_probes(out);
  life_.main_alive = false;
  life_.others_alive = others_alive;
  death_.ended = now;
  life_.verdict = judge(death_, settings_);
  Verdict& verdict = *life_.verdict;
  const std::string_view own = service_result(verdict, settings_);
  if (own != "success") fail(own);
  life_.told = own;
  exit_status_ = verdict.cause == Cause::Clean ? 0 : verdict.shell_status;
  const unsigned exits = exits_.add(now);
  ++deaths_[static_cast<std::size_t>(verdict.cause)];
  decide_next(verdict, now);
  if (auto samples = flight_.take(); !samples.empty()) {
    emit(out, record::Flight{death_.invocation, std::move(samples)});
  }
  emit(out, record::Exited{verdict, exits, settings_.alarm.interval, std::string(own)});
  if (is_for_want_of_memory(verdict.cause)) {
    hooks_.begin(HookKind::OutOfMemory, result_variables(""), now, out);
  }
  last_verdict_ = verdict;
  if (next_.action == NextAction::GiveUp) tell_start_limit(out);
  const RateSettings& alarm = settings_.alarm;
  if (alarm.burst == 0 || exits < alarm.burst || next_.action != NextAction::Respawn) {
    alarm_raised_ = false;
  } else if (!alarm_raised_ || now - last_alarm_ >= alarm.interval) {
    alarm_raised_ = true;
    last_alarm_ = now;
    emit(out, record::Alarm{exits, alarm.interval});
    hooks_.begin(HookKind::Alarm, result_variables(""), now, out);
  }
  end_reason_ = verdict.summary;
  out.push_back(action::RemovePidFile{});
}

// The main process is dead, its verdict is told, and none of the commands runs.
void Service::after_death(Instant now, Actions& out) {
  const bool undisturbed = !ending_ && !restarting_;
  if (life_.started && has_ended_well() && state_ != ServiceState::Stopping &&
      state_ != ServiceState::StopKilling) {
    if (settings_.life.remain_after_exit && undisturbed) {
      return enter(ServiceState::Exited, Instant::max());
    }
    // systemd.service(5), ExecStop=: also when it has ended by itself, and well.
    if (!life_.stop_ran) return run_stop(now, StopReason::Request, out);
  }
  clear(now, state_, out);
}

void Service::skipped(Instant now, Actions& out) {
  life_.result = "exec-condition";
  next_ = {NextAction::Stop, Duration{0}, "ExecCondition="};
  exit_status_ = 0;
  end_reason_ = "skipped: ExecCondition= was not met";
  clear(now, state_, out);
}

void Service::decide_next(Verdict& verdict, Instant now) {
  if (ending_) {
    next_ = {NextAction::Stop, Duration{0}, "stop requested"};
  } else if (restarting_) {
    next_ = {NextAction::Respawn, Duration{0}, "restart requested"};
  } else if (settings_.life.remain_after_exit && verdict.cause == Cause::Clean &&
             death_.stop_reason == StopReason::None) {
    next_ = {NextAction::Stop, Duration{0}, "RemainAfterExit=yes"};
  } else {
    life_.by_policy = result() == life_.told;  // else all of it is known already
    next_ = within_limit(policy_.decide(verdict, result()), now);
  }
  verdict.next = next_;
}

Next Service::within_limit(Next next, Instant now) const {
  if (next.action != NextAction::Respawn || !start_limit_hit(after(now, next.delay))) return next;
  return {NextAction::GiveUp, Duration{0}, "StartLimitBurst="};
}

// All of it is over, and what came behind its end may have failed.
void Service::take_result(Instant now, Actions& out) {
  if (result() == life_.told || result() == "success" || was_skipped()) return;
  // Somebody who asked for a restart meanwhile has the last word.
  if (life_.verdict && life_.by_policy && next_ == life_.verdict->next) {
    next_ = within_limit(policy_.decide_again(*life_.verdict, result()), now);
  }
  emit(out, record::Failed{std::string(result()), next_});
  if (next_.action == NextAction::GiveUp) tell_start_limit(out);
  if (exit_status_ == 0 && !ending_) exit_status_ = 1;
  end_reason_ = "failed: " + std::string(result());
}

void Service::tell_start_limit(Actions& out) const {
  emit(out, record::StartLimitHit{settings_.start_limit.burst, settings_.start_limit.interval});
}

// Nothing of the invocation is alive, or what is has been given up.
void Service::cleared(Instant now, Actions& out) {
  // Its CommandSpawned is still to come, and would be taken for the next one's.
  if (asked_for_command()) return enter(ServiceState::ClearKilling, Instant::max());
  control_.reset();
  life_.others_alive = false;
  if (life_.post_ran) return finish(now, out);
  life_.post_ran = true;
  run(CommandKind::StopPost, now, out);
}

void Service::finish(Instant now, Actions& out) {
  take_result(now, out);
  if (!life_.left) out.push_back(action::Release{});
  if (ending_ || next_.action != NextAction::Respawn) {
    failed_ = result() != "success" && !was_skipped();
    if (settings_.life.stored_descriptors > 0) out.push_back(action::CloseStored{});
    return over(exit_status_, end_reason_);
  }
  // start() ends it, also where there is no delay: other units may have to be ended first.
  enter(ServiceState::Waiting, life_.verdict ? after(life_.verdict->ended, next_.delay) : now);
}

}  // namespace gatevisor::core
