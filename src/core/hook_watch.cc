#include "core/hook_watch.h"

#include <algorithm>

#include "core/death.h"
#include "core/format.h"

namespace gatevisor::core {

void HookWatch::begin(HookKind kind, std::vector<std::string> environment, Instant now,
                      Actions& out) {
  if (settings_->of(kind).empty()) return;
  Run& run = of(kind);
  if (run.state != State::None) {
    out.push_back(action::Emit{record::HookFailed{kind, settings_->of(kind).front().argv.front(),
                                                  "not run: the one before it still runs"}});
    return;
  }
  run = Run{};
  run.environment = std::move(environment);
  start(kind, now, out);
}

void HookWatch::start(HookKind kind, Instant now, Actions& out) {
  Run& run = of(kind);
  run.state = State::Running;
  run.deadline = after(now, settings_->timeout);
  out.push_back(action::RunHook{kind, run.index, run.environment});
}

void HookWatch::ended(Instant now, const event::HookEnded& event, Actions& out) {
  Run& run = of(event.kind);
  if (run.state == State::None) return;
  const Command& ended = command(event.kind);
  const bool well = event.problem.empty() && event.status == WaitStatus::exited(0);
  if (!well && run.state == State::Running && !ended.ignore_failure) {
    std::string how = "could not be run: " + event.problem;
    if (event.problem.empty() && event.status) how = how_it_ended(*event.status);
    out.push_back(
        action::Emit{record::HookFailed{event.kind, ended.argv.front(), std::move(how)}});
  }
  if (++run.index < settings_->of(event.kind).size()) return start(event.kind, now, out);
  run = Run{};
}

void HookWatch::check(Instant now, Actions& out) {
  for (const HookKind kind : kAllHookKinds) {
    Run& run = of(kind);
    if (now < run.deadline) continue;
    if (run.state == State::Killed) {
      run.state = State::GivenUp;
      run.deadline = Instant::max();
      continue;
    }
    run.state = State::Killed;
    run.deadline = after(now, kKillGrace);
    out.push_back(action::KillHook{kind});
    out.push_back(action::Emit{record::HookFailed{
        kind, command(kind).argv.front(),
        "no end within " + format_duration(settings_->timeout) + ", killed for it"}});
  }
}

Instant HookWatch::deadline() const { return std::ranges::min(runs_, {}, &Run::deadline).deadline; }

bool HookWatch::running() const {
  return std::ranges::any_of(runs_, [](const Run& run) {
    return run.state == State::Running || run.state == State::Killed;
  });
}

}  // namespace gatevisor::core
