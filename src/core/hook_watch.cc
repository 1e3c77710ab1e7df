#include "core/hook_watch.h"

#include <algorithm>

#include "core/death.h"
#include "core/format.h"

namespace gatevisor::core {

void HookWatch::begin(HookKind kind, std::vector<std::string> environment, Instant now,
                      Actions& out) {
  if (settings_->of(kind).empty()) return;
  Run& run = of(kind);
  if (run.under_way) {
    out.push_back(action::Emit{record::HookFailed{kind, settings_->of(kind).front().argv.front(),
                                                  "not run: the one before it still runs"}});
    return;
  }
  run = Run{};
  run.under_way = true;
  run.environment = std::move(environment);
  start(kind, now, out);
}

void HookWatch::start(HookKind kind, Instant now, Actions& out) {
  Run& run = of(kind);
  run.deadline = after(now, settings_->timeout);
  out.push_back(action::RunHook{kind, run.index, run.environment});
}

void HookWatch::ended(Instant now, const event::HookEnded& event, Actions& out) {
  Run& run = of(event.kind);
  if (!run.under_way) return;
  const Command& ended = command(event.kind);
  const bool well = event.problem.empty() && event.status == WaitStatus::exited(0);
  if (!well && !run.killed && !ended.ignore_failure) {
    std::string how = "could not be run: " + event.problem;
    if (event.problem.empty() && event.status) how = how_it_ended(*event.status);
    out.push_back(
        action::Emit{record::HookFailed{event.kind, ended.argv.front(), std::move(how)}});
  }
  run.killed = run.given_up = false;
  if (++run.index < settings_->of(event.kind).size()) return start(event.kind, now, out);
  run = Run{};
}

void HookWatch::check(Instant now, Actions& out) {
  for (const HookKind kind : kAllHookKinds) {
    Run& run = of(kind);
    if (!run.under_way || now < run.deadline) continue;
    run.given_up = run.killed;
    run.deadline = run.given_up ? Instant::max() : after(now, kKillGrace);
    if (run.given_up) continue;
    run.killed = true;
    out.push_back(action::KillHook{kind});
    out.push_back(action::Emit{record::HookFailed{
        kind, command(kind).argv.front(),
        "no end within " + format_duration(settings_->timeout) + ", killed for it"}});
  }
}

Instant HookWatch::deadline() const { return std::ranges::min(runs_, {}, &Run::deadline).deadline; }

bool HookWatch::running() const {
  return std::ranges::any_of(runs_, [](const Run& run) { return run.under_way && !run.given_up; });
}

}  // namespace gatevisor::core
