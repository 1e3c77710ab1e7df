#include "simulation/referee.h"

#include <algorithm>
#include <csignal>

namespace gatevisor::core {
namespace {

using namespace std::chrono_literals;

/// What the fake kernel needs for all notifications and rounds of one stop.
constexpr Duration kLatency = 200ms;
/// Far more than the longest life of one seed needs.
constexpr std::uint64_t kMostSteps = 200'000;

bool is_stop(const Event& event) {
  const auto* got = std::get_if<event::SignalReceived>(&event);
  return got != nullptr && (got->signal == SIGTERM || got->signal == SIGINT);
}

bool is_forwarded(const Event& event) {
  return std::holds_alternative<event::SignalReceived>(event) && !is_stop(event);
}

}  // namespace

void Statistics::add(const Statistics& other) {
  for (std::size_t i = 0; i < deaths.size(); ++i) deaths[i] += other.deaths[i];
  ambiguous += other.ambiguous;
  judged += other.judged;
  steps += other.steps;
  spawns += other.spawns;
  stops += other.stops;
  left_behind += other.left_behind;
}

void Referee::note(const Event& event, Instant due) {
  if (stop_at_ && due < now()) {
    late_ += now() - std::max(due, late_until_);
    late_until_ = now();
  }
  if (is_stop(event) && !stop_at_) stop_at_ = now();
  if (std::holds_alternative<event::RestartRequested>(event) && !stop_at_) restart_asked_ = true;
}

void Referee::answered(const Event& event, Instant due, const Actions& actions) {
  require(++statistics_.steps < kMostSteps, "a busy loop");
  left_behind_ = false;
  exited_records_ = 0;
  memory_told_ = false;
  note(event, due);
  require(!exited_ || actions.empty(), "something was asked after Exit");
  require(actions.size() <= 12, "too many actions in one step");
  for (const Action& action : actions) {
    require(!exited_, "Exit was not the last action");
    check(event, action);
  }
  const bool death = std::holds_alternative<event::MainExited>(event) ||
                     std::holds_alternative<event::SpawnFailed>(event);
  require(exited_records_ == (death ? 1u : 0u), "a death has exactly one record");
}

void Referee::check(const Event& event, const Action& action) {
  if (const auto* spawn = std::get_if<action::Spawn>(&action)) return check_spawn(*spawn);
  if (std::holds_alternative<action::Release>(action)) return check_release();
  if (std::holds_alternative<action::Exit>(action)) return check_exit();
  if (const auto* written = std::get_if<action::WritePidFile>(&action)) {
    return require(kernel_.main_known() || written->pid == kernel_.told_pid(),
                   "a pid file of nobody");
  }
  const bool to_main = std::holds_alternative<action::SignalMain>(action);
  const bool to_tree = std::holds_alternative<action::SignalTree>(action) ||
                       std::holds_alternative<action::KillTree>(action);
  if (to_main || to_tree) {
    require(!released_, "a signal to an invocation that is over");
    require(!to_main || kernel_.main_known(), "a signal to a process that has ended");
    const KillMode mode = scenario_.settings.kill.mode;
    const bool main_alone = mode == KillMode::Process || mode == KillMode::None;
    require(to_main || !main_alone || memory_told_, "KillMode= leaves the others alone");
    if (!is_forwarded(event) && !std::holds_alternative<event::TimerExpired>(event)) {
      asked_at_ = now();
    }
    return;
  }
  const auto* emit = std::get_if<action::Emit>(&action);
  if (emit == nullptr) return;
  if (const auto* exited = std::get_if<record::Exited>(&emit->record)) {
    check_exited(event, *exited);
  } else if (const auto* killing = std::get_if<record::KillEscalated>(&emit->record)) {
    const Duration timeout = scenario_.settings.kill.timeout_stop;
    require(now() >= after(asked_at_, timeout), "a kill before TimeoutStopSec=");
    require(killing->timeout == timeout, "a time-out that nobody set");
  } else if (std::holds_alternative<record::Started>(emit->record)) {
    require(std::holds_alternative<event::ExecSucceeded>(event), "started without execve(2)");
  } else if (std::holds_alternative<record::LeftBehind>(emit->record)) {
    left_behind_ = true;
    ++statistics_.left_behind;
    const KillSettings& kill = scenario_.settings.kill;
    // Another signal than SIGKILL misses what is forked meanwhile; and it may have ended just now.
    const bool excused = !kill.send_sigkill || kill.final_signal != SIGKILL || hard_to_kill_ ||
                         kernel_.population() == 0;
    require(excused, "what can be killed was left behind");
  } else if (const auto* oom = std::get_if<record::OomWhileAlive>(&emit->record)) {
    asked_at_ = now();
    memory_told_ = true;
    require(kernel_.oom_killed() && oom->kills > 0, "an OOM kill that was none");
  } else if (std::holds_alternative<record::MemoryStalled>(emit->record)) {
    memory_told_ = true;
    require(kernel_.spinning(), "a memory stall that was none");
  } else if (const auto* failed = std::get_if<record::ProbeFailed>(&emit->record)) {
    if (failed->ending) asked_at_ = now();
    require(failed->failures <= failed->threshold, "more failures than are allowed");
    require(!failed->ending || !kernel_.surely_serving(), "ended for probes though it serves");
  } else if (std::holds_alternative<record::Alarm>(emit->record)) {
    const RateSettings& alarm = scenario_.settings.alarm;
    require(exits_.size() >= alarm.burst, "an alarm for too few exits");
    require(!last_alarm_ || now() - *last_alarm_ >= alarm.interval, "an alarm too soon");
    last_alarm_ = now();
  }
}

void Referee::check_spawn(const action::Spawn& spawn) {
  require(!kernel_.main_known(), "two main processes");
  require(!stop_at_, "a spawn after a stop");
  require(released_, "a spawn before Release");
  require(spawn.invocation == ++launches_, "an invocation was skipped");
  if (launches_ > 1 && !restart_asked_) {
    require(last_ && last_->next.action == NextAction::Respawn, "a respawn that was not decided");
    require(last_ && now() >= after(last_->ended, last_->next.delay), "a respawn before its delay");
  }
  ++statistics_.spawns;
  released_ = false;
  restart_asked_ = false;
  hard_to_kill_ = false;
}

void Referee::check_release() {
  require(!released_, "Release twice");
  released_ = true;
  require(!kernel_.main_known(), "Release while the main process lives");
  const KillMode mode = scenario_.settings.kill.mode;
  const bool clears = mode == KillMode::ControlGroup || mode == KillMode::Mixed;
  require(!clears || left_behind_ || kernel_.population() == 0, "a leaf that is not empty");
}

void Referee::check_exit() {
  exited_ = true;
  const KillSettings& kill = scenario_.settings.kill;
  if (!stop_at_ || kill.timeout_stop == kForever) return;
  // One that can be killed is gone at the time-out. What SIGKILL does not end at once is given the
  // grace, the main process and then what it left behind.
  const Duration grace = unkillable_ ? 2 * Service::kKillGrace : Duration{0};
  require(now() - *stop_at_ <= kill.timeout_stop + grace + kLatency + late_,
          "a stop took too long");
  ++statistics_.stops;
}

void Referee::check_exited(const Event& event, const record::Exited& record) {
  ++exited_records_;
  const Verdict& verdict = record.verdict;
  const bool no_process = std::holds_alternative<event::SpawnFailed>(event);
  require(verdict.pid == (no_process ? 0 : kernel_.told_pid()), "the verdict on another process");
  require(verdict.ended == now(), "a death at another time");
  require(verdict.evidence.size() <= 10 && verdict.ruled_out.size() <= 4, "endless evidence");
  check_cause(verdict);
  check_next(verdict);
  const Duration window = scenario_.settings.alarm.interval;
  exits_.push_back(now());
  while (now() - exits_.front() > window) exits_.pop_front();
  require(record.exits_in_window == exits_.size(), "a wrong count of exits in the window");
  const bool many = exits_.size() >= scenario_.settings.alarm.burst;
  if (!many || verdict.next.action != NextAction::Respawn) last_alarm_.reset();
  last_ = verdict;
}

void Referee::check_cause(const Verdict& verdict) {
  const Truth& truth = kernel_.truth();
  if (truth.ambiguous) {
    ++statistics_.ambiguous;
    return;
  }
  ++statistics_.judged;
  ++statistics_.deaths[static_cast<std::size_t>(truth.cause)];
  require(verdict.cause == truth.cause, "the verdict is " + std::string(to_string(verdict.cause)) +
                                            ", the truth " + std::string(to_string(truth.cause)));
  if (truth.cause != Cause::OomKill || !kernel_.has_memory_events()) return;
  require(!truth.victim || verdict.victim == truth.victim, "the wrong victim");
  require(!truth.scope || verdict.scope == truth.scope, "the wrong limit");
  require(
      truth.victim != Victim::Main || !truth.prompt || verdict.confidence == Confidence::Certain,
      "less sure of an OOM kill than the counters are");
}

void Referee::check_next(const Verdict& verdict) {
  const Next& next = verdict.next;
  if (stop_at_) return require(next.action == NextAction::Stop, "a stop was asked for");
  if (restart_asked_) {
    return require(next.action == NextAction::Respawn && next.delay == 0s,
                   "a restart was asked for");
  }
  const RestartSettings& rules = scenario_.settings.restart;
  const auto rule = rules.by_cause.find(verdict.cause);
  const bool stays = next.action == NextAction::Stop;
  if (rule != rules.by_cause.end() && rule->second.restart) {
    require(stays != *rule->second.restart, "RestartCause= was not heeded");
  } else if (verdict.cause != Cause::ExecFailure && rules.prevent.contains(*verdict.status)) {
    require(stays, "RestartPreventExitStatus= was not heeded");
  } else if (verdict.cause != Cause::ExecFailure && rules.force.contains(*verdict.status)) {
    require(!stays, "RestartForceExitStatus= was not heeded");
  } else if (rules.mode == RestartMode::No) {
    require(stays, "Restart=no was not heeded");
  } else if (rules.mode == RestartMode::Always && verdict.cause != Cause::ExecFailure) {
    require(!stays, "Restart=always was not heeded");
  }
  require(next.action != NextAction::GiveUp || scenario_.settings.start_limit.burst > 0,
          "a start limit that nobody set");
  if (next.action == NextAction::Respawn) check_delay(verdict);
}

void Referee::check_delay(const Verdict& verdict) {
  const RestartSettings& rules = scenario_.settings.restart;
  const Duration delay = verdict.next.delay;
  const auto rule = rules.by_cause.find(verdict.cause);
  if (rule != rules.by_cause.end() && rule->second.delay) {
    return require(delay == *rule->second.delay, "RestartCause= has another delay");
  }
  if (rules.delay == kForever) return require(delay == kForever, "RestartSec=infinity");
  const Duration least = std::min(rules.delay, rules.max_delay);
  const bool grows = rules.steps > 0 && rules.delay > 0s && rules.max_delay != kForever;
  const Duration most = grows ? std::max(least, rules.max_delay) : least;
  require(delay >= least && delay <= most + rules.randomized, "a delay out of its bounds");
}

void Referee::done(const Event& event, Instant due, const Manager& manager) {
  if (exited_) return require(manager.deadline() == Instant::max(), "a deadline after Exit");
  if (!kernel_.all_killable()) hard_to_kill_ = true;
  if (stop_at_ && hard_to_kill_) unkillable_ = true;
  if (!std::holds_alternative<event::TimerExpired>(event) || due > now()) return;
  require(manager.deadline() > now(), "a deadline that stays in the past");
}

void Referee::outlived() {
  // Without a time-out a stop waits for what cannot end; nothing else may go on for ever.
  require(!stop_at_ || scenario_.settings.kill.timeout_stop == kForever, "a stop never ended");
  require(!stop_at_ || kernel_.population() > 0, "a stop waits for nothing");
}

}  // namespace gatevisor::core
