// Many units with random relations and random deaths: it always comes to an end, and in order.

#include <random>
#include <set>

#include "core_testing.h"

namespace gatevisor::core {
namespace {

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), settings_(make_settings()), alive_(count()), stopping_(count()) {
    UnitGraph::Units named = {0};
    for (std::size_t unit = 1; unit < count(); ++unit) {
      if (chance(60)) named.push_back(unit);
    }
    auto graph = UnitGraph::make(settings_, named);
    valid_ = graph.has_value();
    if (!valid_) return;
    graph_ = *graph;
    manager_ = std::make_unique<Manager>(UnitSet{settings_, graph_, 0, chance(20)}, seed);
  }

  std::string relations() const {
    constexpr const char* kNames[] = {"After", "Before", "Requires", "Requisite", "Wants",
                                      "BindsTo", "PartOf", "Conflicts", "OnFailure", "OnSuccess",
                                      "PropagatesStopTo", "StopPropagatedFrom",
                                      "PropagatesReloadTo", "ReloadPropagatedFrom"};
    std::string text;
    for (const ServiceSettings& unit : settings_) {
      text += unit.name + ":";
      for (std::size_t kind = 0; kind < kDependencies; ++kind) {
        for (const std::string& other : unit.dependencies.names[kind]) {
          text += std::string(" ") + kNames[kind] + "=" + other;
        }
      }
      text += "\n";
    }
    return text;
  }
  /// Conflicts and Requisite= may make a set that is refused.
  bool valid() const { return valid_; }
  const std::string& failure() const { return failure_; }
  const std::string& trace() const { return trace_; }

  void run() {
    step(event::Start{}, 0);
    for (int turn = 0; turn < 300 && !exited_ && failure_.empty(); ++turn) happen();
    step(event::SignalReceived{SIGTERM, {"SIGTERM", 7, 0}}, 0);
    told_to_stop_ = true;
    for (int turn = 0; turn < 1000 && !exited_ && failure_.empty(); ++turn) {
      answer();
      // What does not end by itself ends with its time.
      if (!exited_) die_or_wait();
    }
    if (!exited_ && failure_.empty()) failure_ = "it never ends";
  }

 private:
  std::size_t count() const { return settings_.size(); }
  bool chance(unsigned percent) { return random_() % 100 < percent; }

  std::vector<ServiceSettings> make_settings() {
    std::vector<ServiceSettings> all(2 + random_() % 6);
    for (std::size_t unit = 0; unit < all.size(); ++unit) {
      ServiceSettings& settings = all[unit];
      settings.name = std::string(1, static_cast<char>('a' + unit));
      settings.commands.main = {Command{.argv = {"/x"}}};
      settings.kill.timeout_stop = 8s;
      settings.restart.mode = chance(40) ? RestartMode::Always : RestartMode::No;
      settings.restart.delay = chance(50) ? 0s : 2s;
      if (chance(30)) settings.life.type = ServiceType::Oneshot;
      if (chance(20)) settings.life.remain_after_exit = true;
      if (chance(30)) settings.start_limit = {3, 1000s};
      if (chance(20)) settings.conditions.push_back({});
      for (std::size_t kind = 0; kind < kDependencies; ++kind) {
        for (std::size_t other = 0; other < all.size(); ++other) {
          const bool order = kind <= static_cast<std::size_t>(Dependency::Before);
          // An order that only goes one way is no circle.
          const bool wrong_way = order && (kind == 0 ? other >= unit : other <= unit);
          if (wrong_way || !chance(order ? 40 : 12)) continue;
          settings.dependencies.names[kind].push_back(
              std::string(1, static_cast<char>('a' + other)) + ".service");
        }
      }
    }
    return all;
  }

  void step(const Event& event, std::size_t unit) {
    trace_ += gatevisor::to_string(event) + " of " + settings_[unit].name + " ->";
    const bool late = std::holds_alternative<event::TimerExpired>(event);
    for (const UnitAction& action : manager_->step(now_, event, unit)) {
      if (exited_) failure_ = "something is asked after Exit";
      trace_ += " " + settings_[action.unit].name + ":" + std::visit(ActionWords{}, action.what);
      perform(action.unit, action.what);
    }
    trace_ += "\n";
    if (late && !exited_ && manager_->deadline() <= now_) {
      failure_ = "a deadline that stays in the past";
    }
  }

  void perform(std::size_t unit, const Action& action) {
    if (std::holds_alternative<action::Spawn>(action)) {
      if (told_to_stop_) failure_ = "a start after the stop";
      if (alive_[unit]) failure_ = "two main processes";
      // Else it has begun before this.
      if (settings_[unit].conditions.empty()) check_start(unit);
      alive_[unit] = true;
      stopping_[unit] = false;
      events_.push_back({unit, event::Spawned{10, std::string(32, 'a'), {}}});
      events_.push_back({unit, event::ExecSucceeded{}});
    } else if (std::holds_alternative<action::SignalTree>(action)) {
      stopping_[unit] = true;
      if (told_to_stop_) check_stop(unit);
      if (alive_[unit] && chance(70)) die(unit, WaitStatus::killed(SIGTERM));
    } else if (std::holds_alternative<action::Release>(action)) {
      stopping_[unit] = false;
    } else if (std::holds_alternative<action::KillTree>(action)) {
      if (alive_[unit]) die(unit, WaitStatus::killed(SIGKILL));
    } else if (std::holds_alternative<action::CheckConditions>(action)) {
      using Result = event::ConditionsChecked::Result;
      const auto dice = random_() % 10;
      const Result result = dice < 8 ? Result::Met : dice == 8 ? Result::Skip : Result::Failed;
      events_.push_back({unit, event::ConditionsChecked{result, "x"}});
    } else if (const auto* answer = std::get_if<action::Answer>(&action)) {
      if (unanswered_.erase(answer->ticket) != 1) failure_ = "an answer that nobody waits for";
    } else if (std::holds_alternative<action::Exit>(action)) {
      exited_ = true;
      if (!unanswered_.empty()) failure_ = "somebody got no answer";
      for (std::size_t each = 0; each < count(); ++each) {
        if (alive_[each]) failure_ = "it exits before all have ended";
      }
    }
  }

  // Whatever it is ordered behind is not on its way down.
  void check_start(std::size_t unit) {
    for (const std::size_t before : graph_.of(unit).predecessors) {
      if (stopping_[before]) failure_ = "a start beside a stop that is ordered";
    }
  }

  void check_stop(std::size_t unit) {
    for (const std::size_t after : graph_.of(unit).successors) {
      if (alive_[after] && manager_->service(after).state() == ServiceState::Running) {
        failure_ = "a stop before that of one behind it";
      }
    }
  }

  void die(std::size_t unit, WaitStatus status) {
    alive_[unit] = false;
    events_.push_back({unit, event::MainExited{status, {}, false, -1}});
  }

  void answer() {
    while (!events_.empty() && !exited_) {
      const auto [unit, event] = events_.front();
      events_.erase(events_.begin());
      step(event, unit);
    }
  }

  void die_or_wait() {
    const std::size_t unit = random_() % count();
    const bool ready = manager_->service(unit).state() != ServiceState::Starting ||
                       settings_[unit].life.type == ServiceType::Oneshot;
    if (alive_[unit] && ready && chance(40)) return die(unit, WaitStatus::exited(chance(50) ? 0 : 1));
    const Instant deadline = manager_->deadline();
    // What was killed is dead long before the next time-out.
    if (deadline == Instant::max() || !events_.empty()) return;
    now_ = std::max(now_, deadline);
    step(event::TimerExpired{}, 0);
  }

  void command(std::size_t unit) {
    const Verb verb = kAllVerbs[random_() % kAllVerbs.size()];
    event::CommandRequested asked{verb, {"command", 8, 0}, ++tickets_, SIGUSR1, KillWhom::Main};
    unanswered_.insert(asked.ticket);
    step(asked, unit);
  }

  void happen() {
    if (!events_.empty() && chance(80)) {
      const auto [unit, event] = events_.front();
      events_.erase(events_.begin());
      return step(event, unit);
    }
    const std::size_t unit = random_() % count();
    if (chance(8)) return command(unit);
    die_or_wait();
  }

  std::mt19937_64 random_;
  std::vector<ServiceSettings> settings_;
  std::vector<bool> alive_;
  std::vector<bool> stopping_;  ///< it was sent a signal
  UnitGraph graph_;
  std::unique_ptr<Manager> manager_;
  std::vector<std::pair<std::size_t, Event>> events_;
  Instant now_ = at(100s);
  std::set<std::uint64_t> unanswered_;
  std::uint64_t tickets_ = 0;
  std::string failure_;
  std::string trace_;
  bool valid_ = false;
  bool told_to_stop_ = false;
  bool exited_ = false;
};

TEST(UnitsRandom, AlwaysComeToAnEndInOrder) {
  unsigned valid = 0;
  for (std::uint64_t seed = 1; seed <= 20000; ++seed) {
    World world(seed);
    if (!world.valid()) continue;
    ++valid;
    world.run();
    ASSERT_EQ(world.failure(), "") << "seed " << seed << "\n" << world.relations() << world.trace();
  }
  EXPECT_GT(valid, 5000u);
}

}  // namespace
}  // namespace gatevisor::core
