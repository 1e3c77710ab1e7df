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

bool is_command(const Event& event, Verb verb) {
  const auto* asked = std::get_if<event::CommandRequested>(&event);
  return asked != nullptr && asked->verb == verb;
}

bool is_stop(const Event& event) {
  if (is_command(event, Verb::Stop)) return true;  // of the main unit
  const auto* got = std::get_if<event::SignalReceived>(&event);
  return got != nullptr && (got->signal == SIGTERM || got->signal == SIGINT);
}

bool is_forwarded(const Event& event) {
  return is_command(event, Verb::Kill) ||
         (std::holds_alternative<event::SignalReceived>(event) && !is_stop(event));
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
  const auto* told = std::get_if<event::Notified>(&event);
  if (told != nullptr && told->extend_timeout) extended_ += *told->extend_timeout;
  aborted_ = aborted_ || is_stop(event) || is_command(event, Verb::Restart);
  main_died_ = main_died_ || std::holds_alternative<event::MainExited>(event);
  if (is_command(event, Verb::Restart) && !stop_at_) restart_asked_ = true;
  if (is_command(event, Verb::Start) && !stop_at_) start_asked_ = true;
  const auto* asked = std::get_if<event::CommandRequested>(&event);
  if (asked != nullptr && asked->ticket != 0 && !exited_) unanswered_.insert(asked->ticket);
}

void Referee::answered(const Event& event, Instant due, const Actions& actions,
                       ServiceState before) {
  require(++statistics_.steps < kMostSteps, "a busy loop");
  command_failed_ = command_killed_ = false;
  exited_records_ = 0;
  memory_told_ = false;
  note(event, due);
  require(!exited_ || actions.empty(), "something was asked after Exit");
  const auto answers = std::ranges::count_if(
      actions, [](const Action& each) { return std::holds_alternative<action::Answer>(each); });
  require(actions.size() - static_cast<std::size_t>(answers) <= 16,
          "too many actions in one step");
  for (const Action& action : actions) {
    require(!exited_, "Exit was not the last action");
    check(event, action);
  }
  const bool death = std::holds_alternative<event::MainExited>(event) ||
                     std::holds_alternative<event::SpawnFailed>(event);
  const ServiceType type = scenario_.settings.life.type;
  // A oneshot goes on: with its next command, or with ExecStartPost=.
  const bool goes_on =
      type == ServiceType::Oneshot && before == ServiceState::Starting && verdicts_ == 0;
  // One that gatevisor had let go, and that ends while ExecStopPost= runs.
  const bool let_go = before == ServiceState::StopPost && verdicts_ == 0;
  if (let_go) main_died_ = false;
  if (death && !goes_on && !let_go) require(exited_records_ == 1, "a death has exactly one record");
  if (scenario_.plain && !death) require(exited_records_ == 0, "a record of no death");
  require(verdicts_ <= 1, "two verdicts on one invocation");
  main_died_ = main_died_ && !std::holds_alternative<event::Spawned>(event);
}

void Referee::check(const Event& event, const Action& action) {
  if (const auto* spawn = std::get_if<action::Spawn>(&action)) return check_spawn(*spawn);
  if (const auto* run = std::get_if<action::SpawnCommand>(&action)) return check_command(*run);
  if (const auto* to_command = std::get_if<action::SignalCommand>(&action)) {
    command_killed_ = command_killed_ || to_command->signal == SIGKILL;
    return require(!released_, "a signal to a command of an invocation that is over");
  }
  if (std::holds_alternative<action::Release>(action)) return check_release();
  if (std::holds_alternative<action::Exit>(action)) return check_exit();
  if (const auto* answer = std::get_if<action::Answer>(&action)) {
    return require(unanswered_.erase(answer->ticket) == 1, "an answer that nobody waits for");
  }
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
  } else if (const auto* later = std::get_if<record::Failed>(&emit->record)) {
    if (last_ && verdicts_ == 1) last_->next = later->next;
  } else if (const auto* killing = std::get_if<record::KillEscalated>(&emit->record)) {
    const Duration timeout = killing->timeout;
    require(now() >= after(asked_at_, timeout), "a kill before TimeoutStopSec=");
    require(timeout == scenario_.settings.kill.timeout_stop ||
                timeout == scenario_.settings.life.timeout_abort,
            "a time-out that nobody set");
  } else if (std::holds_alternative<record::Started>(emit->record)) {
    require(std::holds_alternative<event::ExecSucceeded>(event) ||
                std::holds_alternative<event::MainFound>(event),
            "started without execve(2)");
  } else if (std::holds_alternative<record::CommandFailed>(emit->record)) {
    command_failed_ = true;
  } else if (std::holds_alternative<record::Skipped>(emit->record)) {
    aborted_ = true;
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
  check_begin(spawn.invocation);
  require(verdicts_ == 0, "a spawn after the verdict");
  ++statistics_.spawns;
}

void Referee::check_command(const action::SpawnCommand& command) {
  check_begin(command.invocation);
  const bool of_the_stop =
      command.kind == CommandKind::Stop || command.kind == CommandKind::StopPost;
  require(!stop_at_ || of_the_stop, "a command of the start after a stop");
  require(command.kind != CommandKind::Main || !kernel_.main_known(), "two main processes");
  if (command.kind == CommandKind::StartPost && !kernel_.main_known()) {
    left_none_ = scenario_.settings.life.type == ServiceType::Forking;
  }
  if (command.kind == CommandKind::Stop && command.index == 0) ++stops_run_;
  if (command.kind == CommandKind::StopPost && command.index == 0) ++posts_run_;
  require(stops_run_ <= 1, "ExecStop= ran twice");
  require(posts_run_ <= 1, "ExecStopPost= ran twice");
  const KillSettings& kill = scenario_.settings.kill;
  const bool excused = kill.mode == KillMode::None || left_behind_ || command_killed_ ||
                       !kill.send_sigkill || kill.final_signal != SIGKILL;
  require(excused || !kernel_.command_goes_on(), "a command beside another one");
}

void Referee::check_begin(std::uint64_t invocation) {
  if (invocation == launches_) return require(!released_, "a spawn after Release");
  require(!stop_at_, "a start after a stop");
  require(released_, "a spawn before Release");
  require(invocation == ++launches_, "an invocation was skipped");
  if (launches_ > 1 && !restart_asked_ && !start_asked_) {
    require(last_ && last_->next.action == NextAction::Respawn, "a respawn that was not decided");
    require(last_ && now() >= after(last_->ended, last_->next.delay), "a respawn before its delay");
  }
  released_ = false;
  restart_asked_ = start_asked_ = false;
  hard_to_kill_ = false;
  left_behind_ = false;
  verdicts_ = stops_run_ = posts_run_ = 0;
  main_died_ = aborted_ = left_none_ = false;
}

/// What must have been done when an invocation is over.
void Referee::check_invocation() {
  require(verdicts_ == 1 || (aborted_ && !main_died_), "an invocation without a verdict");
  require(posts_run_ == (scenario_.settings.commands.stop_post.empty() ? 0u : 1u),
          "ExecStopPost= did not run once");
}

void Referee::check_release() {
  require(!released_, "Release twice");
  check_invocation();
  released_ = true;
  require(!kernel_.main_known(), "Release while the main process lives");
  const KillMode mode = scenario_.settings.kill.mode;
  const bool clears = mode == KillMode::ControlGroup || mode == KillMode::Mixed;
  require(!clears || left_behind_ || kernel_.population() == 0, "a leaf that is not empty");
}

void Referee::check_exit() {
  exited_ = true;
  require(unanswered_.empty(), "somebody got no answer");
  if (!released_) check_invocation();
  const KillSettings& kill = scenario_.settings.kill;
  if (!stop_at_ || kill.timeout_stop == kForever) return;
  // One that can be killed is gone at the time-out. What SIGKILL does not end at once is given the
  // grace, the main process and then what it left behind.
  const Duration grace = unkillable_ ? 2 * Service::kKillGrace : Duration{0};
  require(now() - *stop_at_ <= longest_stop() + longest_hooks() + grace + kLatency + late_,
          "a stop took too long");
  ++statistics_.stops;
}

/// Both kinds run side by side, each one command after the other.
Duration Referee::longest_hooks() const {
  const HookSettings& hooks = scenario_.settings.hooks;
  const std::size_t most = std::max(hooks.alarm.size(), hooks.out_of_memory.size());
  return static_cast<int>(most) * (hooks.timeout + kLatency + 2 * late_);
}

/// One TimeoutStopSec= for the processes; one for each command, and what that leaves.
Duration Referee::longest_stop() const {
  const ServiceSettings& settings = scenario_.settings;
  const Duration timeout =
      std::max(settings.kill.timeout_stop, settings.life.timeout_abort.value_or(Duration{0}));
  const std::size_t commands = settings.commands.stop.size() + settings.commands.stop_post.size();
  const int aborts = settings.life.stop_failure == TimeoutMode::Abort ? 1 : 0;
  if (commands == 0 && !scenario_.notifies) return (1 + aborts) * timeout;
  return (static_cast<int>(commands) + 2 + aborts) * timeout + 3 * Service::kKillGrace + extended_;
}

void Referee::check_exited(const Event& event, const record::Exited& record) {
  ++exited_records_;
  ++verdicts_;
  const Verdict& verdict = record.verdict;
  if (std::holds_alternative<event::SpawnFailed>(event)) {
    require(verdict.pid == 0, "the verdict on a process that was not made");
  } else if (std::holds_alternative<event::MainExited>(event)) {
    require(verdict.pid == kernel_.told_pid(), "the verdict on another process");
  }
  require(verdict.ended == now(), "a death at another time");
  require(verdict.evidence.size() <= 10 && verdict.ruled_out.size() <= 4, "endless evidence");
  check_cause(verdict, expected(event));
  check_next(verdict);
  const Duration window = scenario_.settings.alarm.interval;
  exits_.push_back(now());
  while (now() - exits_.front() > window) exits_.pop_front();
  require(record.exits_in_window == exits_.size(), "a wrong count of exits in the window");
  const bool many = exits_.size() >= scenario_.settings.alarm.burst;
  if (!many || verdict.next.action != NextAction::Respawn) last_alarm_.reset();
  last_ = verdict;
}

/// The truth of what this event ended.
Truth Referee::expected(const Event& event) const {
  if (std::holds_alternative<event::TimerExpired>(event)) return {Cause::StartTimeout, {}, {}};
  const bool end_of_none = std::holds_alternative<event::TreeEmpty>(event) || left_none_;
  if (end_of_none && !command_failed_) return {Cause::Clean, {}, {}};
  if (command_failed_ && !std::holds_alternative<event::MainExited>(event)) {
    Truth truth{kernel_.command_cause(), {}, {}};
    truth.ambiguous = kernel_.oom_killed();
    return truth;
  }
  return kernel_.truth();
}

void Referee::check_cause(const Verdict& verdict, const Truth& truth) {
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
  if (scenario_.settings.life.remain_after_exit && verdict.cause == Cause::Clean) {
    return require(stays, "RemainAfterExit= was not heeded");
  }
  if (rule != rules.by_cause.end() && rule->second.restart) {
    require(stays != *rule->second.restart, "RestartCause= was not heeded");
  } else if (!verdict.status) {
    return;
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
  check_deadline(manager);
  if (!std::holds_alternative<event::TimerExpired>(event) || due > now()) return;
  require(manager.deadline() > now(), "a deadline that stays in the past");
}

/// Whatever waits does so with a deadline, or for what is about to be told.
void Referee::check_deadline(const Manager& manager) {
  if (manager.deadline() != Instant::max() || !kernel_.events.empty()) return;
  const ServiceSettings& settings = scenario_.settings;
  const bool start_forever = settings.life.start_timeout() == kForever;
  const bool stop_forever = settings.kill.timeout_stop == kForever;
  const ServiceState state = manager.service().state();
  bool fine = true;
  switch (state) {
    case ServiceState::Inactive:
    case ServiceState::Running:
    case ServiceState::Exited:
    case ServiceState::Waiting:
    case ServiceState::Over: return;
    case ServiceState::Condition:
    case ServiceState::StartPre:
    case ServiceState::StartPost:
    case ServiceState::Reloading: fine = start_forever; break;
    case ServiceState::Starting: fine = start_forever || !kernel_.main_executed(); break;
    case ServiceState::StopCommands:
    case ServiceState::StopPost:
    case ServiceState::Clearing: fine = stop_forever; break;
    case ServiceState::Stopping: fine = stop_forever || left_behind_; break;
    case ServiceState::StopKilling: fine = left_behind_; break;
    case ServiceState::ClearKilling: fine = false; break;
  }
  require(fine, "it waits for ever in " + std::string(to_string(state)));
}

void Referee::outlived() {
  // Without a time-out a stop waits for what cannot end; nothing else may go on for ever.
  require(!stop_at_ || scenario_.settings.kill.timeout_stop == kForever, "a stop never ended");
  require(!stop_at_ || kernel_.population() > 0, "a stop waits for nothing");
}

}  // namespace gatevisor::core
