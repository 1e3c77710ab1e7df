// Every state × every event: where it goes and what is asked for.
//
// A cell that is not in the table changes nothing: same state, same deadline, no action.

#include <algorithm>
#include <cerrno>
#include <map>
#include <tuple>

#include "core_testing.h"
#include "fake_cgroups.h"

namespace gatevisor::core {
namespace {

/// The states, and where it matters how they were reached.
enum class Row : std::uint8_t {
  Inactive,
  Asked,     ///< Starting: Spawn is not yet answered
  Starting,  ///< Starting: the process is there, execve(2) is not done
  Running,
  Stopping,        ///< for good
  Restarting,      ///< Stopping, to begin the next invocation
  StopKilling,     ///< for good
  RestartKilling,  ///< StopKilling, to begin the next invocation
  Unkillable,      ///< RestartKilling whose grace is over
  Clearing,
  ClearKilling,
  Waiting,
  Condition,  ///< from here on each kind of command is given; it runs
  AskedPre,   ///< StartPre: SpawnCommand is not yet answered
  StartPre,
  Forked,  ///< Starting: Type=forking, and its main process is looked for
  StartPost,
  Exited,
  Reloading,
  StopCommands,  ///< for good
  StopPost,
  Over,
};
constexpr int kRows = static_cast<int>(Row::Over) + 1;

enum class Column : std::uint8_t {
  Start,
  Spawned,
  SpawnFailed,
  ExecSucceeded,
  ExecFailed,
  Exits,
  ExitsAlone,
  TreeEmpty,
  TreeChanged,
  MemoryChanged,
  PressureHigh,
  Sampled,  ///< without MemorySampleSec=
  Probed,  ///< without LivenessProbe=, or too late
  Term,
  Int,
  Hup,
  Usr1,
  Quit,
  Winch,
  Restart,
  TooEarly,
  Due,
  ActionFailed,
  CommandSpawned,
  CommandSpawnFailed,
  CommandExecFailed,
  CommandExits,
  MainFound,
  MainRefused,
  SaysStopping,  ///< Notified
  HookEnds,      ///< without one that runs
  ConditionsChecked,
};
constexpr int kColumns = static_cast<int>(Column::ConditionsChecked) + 1;

ServiceSettings settings_of(Row row) {
  ServiceSettings settings = loop_settings();
  settings.life.timeout_start = 90s;
  if (row == Row::Forked) settings.life.type = ServiceType::Forking;
  if (row < Row::Condition || row == Row::Forked || row == Row::Over) return settings;
  settings.life.remain_after_exit = row == Row::Exited;
  const std::vector<Command> one = {Command{.path = "/x", .argv = {"/x"}}};
  for (const CommandKind kind :
       {CommandKind::StartPost, CommandKind::Reload, CommandKind::Stop, CommandKind::StopPost}) {
    settings.commands.of(kind) = one;
  }
  if (row > Row::StartPre) return settings;
  settings.commands.condition = settings.commands.start_pre = one;
  return settings;
}

/// Brings a new manager into this state.
void reach(Rig& rig, Row row) {
  const auto command_runs = [&] { rig.feed(event::CommandSpawned{50, "x", {}}); };
  const auto running = [&] { rig.run(FakeCgroups().baseline()); };
  switch (row) {
    case Row::Inactive: return;
    case Row::Asked: rig.start(); return;
    case Row::Starting:
      rig.start();
      rig.spawned(FakeCgroups().baseline());
      return;
    case Row::Running: return running();
    case Row::Stopping:
      running();
      rig.signal(SIGTERM);
      return;
    case Row::Restarting:
      running();
      rig.restart();
      return;
    case Row::StopKilling:
      reach(rig, Row::Stopping);
      rig.timer();
      return;
    case Row::RestartKilling:
      reach(rig, Row::Restarting);
      rig.timer();
      return;
    case Row::Unkillable:
      reach(rig, Row::RestartKilling);
      rig.timer();
      return;
    case Row::Clearing:
      running();
      rig.dies(WaitStatus::exited(1), true);
      return;
    case Row::ClearKilling:
      reach(rig, Row::Clearing);
      rig.timer();
      return;
    case Row::Waiting:
      running();
      rig.exits(1);
      return;
    case Row::Condition: rig.start(); return command_runs();
    case Row::AskedPre:
      rig.start();
      rig.command_exits(0);
      return;
    case Row::StartPre: reach(rig, Row::AskedPre); return command_runs();
    case Row::Forked:
      rig.start();
      rig.command_exits(0, true);
      return;
    case Row::StartPost:
      rig.start();
      rig.spawned(FakeCgroups().baseline());
      rig.exec_succeeded();
      return command_runs();
    case Row::Exited:
      reach(rig, Row::StartPost);
      rig.command_exits(0);
      rig.exits(0);
      return;
    case Row::Reloading:
      reach(rig, Row::StartPost);
      rig.command_exits(0);
      rig.signal(SIGHUP);
      return command_runs();
    case Row::StopCommands:
      reach(rig, Row::StartPost);
      rig.command_exits(0);
      rig.signal(SIGTERM);
      return command_runs();
    case Row::StopPost:
      reach(rig, Row::StartPost);
      rig.command_exits(0);
      rig.exits(1);
      return command_runs();
    case Row::Over:
      running();
      rig.exits(0);
      return;
  }
}

std::string apply(Rig& rig, Column column) {
  switch (column) {
    case Column::Start: return rig.start();
    case Column::Spawned: return rig.spawned();
    case Column::SpawnFailed:
      return rig.feed(event::SpawnFailed{ExecStep::Clone, Error{"clone", "", EAGAIN, ""}});
    case Column::ExecSucceeded: return rig.exec_succeeded();
    case Column::ExecFailed: return rig.feed(event::ExecFailed{ExecStep::Exec, ENOENT});
    case Column::Exits: return rig.exits(1);
    case Column::ExitsAlone: return rig.dies(WaitStatus::exited(1), true);
    case Column::TreeEmpty: return rig.feed(event::TreeEmpty{});
    case Column::TreeChanged: return rig.feed(event::TreeChanged{});
    case Column::MemoryChanged: return rig.feed(event::MemoryChanged{FakeCgroups().now()});
    case Column::PressureHigh: return rig.feed(event::PressureHigh{});
    case Column::Sampled: return rig.feed(event::Sampled{});
    case Column::Probed: return rig.feed(event::Probed{{ProbeOutcome::Failed, "refused"}});
    case Column::Term: return rig.signal(SIGTERM);
    case Column::Int: return rig.signal(SIGINT);
    case Column::Hup: return rig.signal(SIGHUP);      // goes on as it is
    case Column::Usr1: return rig.signal(SIGUSR1);    // goes on as SIGUSR2
    case Column::Quit: return rig.signal(SIGQUIT);    // is switched off
    case Column::Winch: return rig.signal(SIGWINCH);  // is not in ForwardSignals=
    case Column::Restart: return rig.restart();
    case Column::TooEarly: return rig.feed(event::TimerExpired{});
    case Column::Due:
      if (rig.deadline() != Instant::max()) return rig.timer();
      rig.now += 1h;
      return rig.feed(event::TimerExpired{});
    case Column::ActionFailed:
      return rig.feed(event::ActionFailed{Error{"open", "/run/x", EROFS, ""}});
    case Column::CommandSpawned: return rig.feed(event::CommandSpawned{50, "x", {}});
    case Column::CommandSpawnFailed:
      return rig.feed(event::CommandSpawnFailed{ExecStep::Clone, Error{"clone", "", EAGAIN, ""}});
    case Column::CommandExecFailed:
      return rig.feed(event::CommandExecFailed{ExecStep::Exec, ENOENT});
    case Column::CommandExits:
      return rig.feed(event::CommandExited{WaitStatus::exited(0), {}, false});
    case Column::MainFound: return rig.feed(event::MainFound{77});
    case Column::MainRefused: return rig.feed(event::MainRefused{77});
    case Column::HookEnds: return rig.feed(event::HookEnded{HookKind::Alarm});
    case Column::SaysStopping: return rig.feed(event::Notified{.stopping = true});
    case Column::ConditionsChecked: return rig.feed(event::ConditionsChecked{});
  }
  return {};
}

struct Cell {
  ServiceState next;
  std::string actions;
};
using Table = std::map<std::pair<Row, Column>, Cell>;

constexpr const char* kStop = "emit:stopping tree:SIGTERM tree:SIGCONT";
constexpr const char* kHup = "emit:forwarded main:SIGHUP";
constexpr const char* kUsr1 = "emit:forwarded main:SIGUSR2";
constexpr const char* kDied = "emit:exited no-pidfile release";
constexpr const char* kLeftAlone = "emit:exited no-pidfile tree:SIGTERM tree:SIGCONT";

void add_while_alive(Table& table, Row row, ServiceState same) {
  table[{row, Column::Hup}] = {same, kHup};
  table[{row, Column::Usr1}] = {same, kUsr1};
}

void add_commands(Table& t) {
  using enum Column;
  using enum ServiceState;
  const std::string asked = "tree:SIGTERM tree:SIGCONT";
  const std::string stop = "ExecStop:0,MAINPID=101,SERVICE_RESULT=success";
  const std::string stop_exited =
      "ExecStop:0,SERVICE_RESULT=success,EXIT_CODE=exited,EXIT_STATUS=0";
  for (int row = static_cast<int>(Row::Condition); row < static_cast<int>(Row::Over); ++row) {
    // ExecReload= says what SIGHUP is, and what ends cannot reload.
    const Row here = static_cast<Row>(row);
    if (here != Row::Forked) t[{here, Hup}].actions = "emit:warning";
  }
  for (const Row row :
       {Row::Condition, Row::AskedPre, Row::StartPre, Row::StartPost, Row::Reloading}) {
    t[{row, Hup}].actions = "";
  }
  for (const Row row : {Row::Condition, Row::StartPre, Row::Forked}) {
    for (const Column end : {Term, Int}) t[{row, end}] = {Clearing, "emit:stopping " + asked};
    t[{row, Restart}] = {Clearing, (row == Row::Forked ? "emit:stopping " : "") + asked};
    t[{row, Due}] = {Clearing, "emit:exited no-pidfile " + asked};
  }
  t[{Row::Condition, CommandExits}] = {StartPre, "ExecStartPre:0"};
  t[{Row::StartPre, CommandExits}] = {Starting, "spawn:1"};
  t[{Row::AskedPre, CommandSpawned}] = {StartPre, ""};
  t[{Row::AskedPre, CommandSpawnFailed}] = {
      StopPost,
      "emit:warning emit:command-failed emit:exited no-pidfile "
      "ExecStopPost:0,SERVICE_RESULT=resources"};
  t[{Row::Forked, MainFound}] = {Running, "emit:started"};
  t[{Row::Forked, TreeEmpty}] = {Over, "emit:exited no-pidfile release emit:finished exit:0"};
  for (const Column end : {Term, Int}) {
    t[{Row::AskedPre, end}] = {StartPre, "emit:stopping"};
    t[{Row::StartPost, end}] = {Stopping, kStop};
    t[{Row::Exited, end}] = {StopCommands, "emit:stopping " + stop_exited};
    t[{Row::Reloading, end}] = {StopCommands, "emit:stopping command:SIGKILL " + stop};
    t[{Row::StopPost, end}] = {StopPost, "emit:stopping"};
  }
  t[{Row::StartPost, Restart}] = {Stopping, kStop};
  t[{Row::Exited, Restart}] = {StopCommands, stop_exited};
  t[{Row::Reloading, Restart}] = {StopCommands, "emit:stopping command:SIGKILL " + stop};
  // A command that has begun is not cut short by the main process's end.
  for (const auto& [row, same] : {std::pair{Row::StartPost, StartPost},
                                  {Row::Reloading, Reloading},
                                  {Row::StopCommands, StopCommands}}) {
    t[{row, Exits}] = t[{row, ExitsAlone}] = {same, "emit:exited no-pidfile"};
    t[{row, Usr1}] = {same, kUsr1};
  }
  t[{Row::StartPost, CommandExits}] = {Running, ""};
  t[{Row::StartPost, Due}] = {Stopping, asked};
  t[{Row::Reloading, CommandExits}] = {Running, "emit:reloaded"};
  t[{Row::Reloading, Due}] = {Running, "emit:command-failed command:SIGKILL"};
  t[{Row::StopCommands, CommandExits}] = {Stopping, asked};
  t[{Row::StopCommands, Due}] = {Stopping, "emit:command-failed " + asked};
  t[{Row::StopPost, CommandExits}] = {Waiting, "release"};
  t[{Row::StopPost, Due}] = {Clearing, "emit:command-failed " + asked};
}

Table expected_cells() {
  using enum Column;
  using enum ServiceState;
  Table t;
  for (int row = 0; row < static_cast<int>(Row::Over); ++row) {
    Rig rig(settings_of(static_cast<Row>(row)));
    reach(rig, static_cast<Row>(row));
    const ServiceState same = rig.state();
    t[{static_cast<Row>(row), Column::ActionFailed}] = {same, "emit:warning"};
    t[{static_cast<Row>(row), Column::MainRefused}] = {same, "emit:warning"};
    // Nobody to send it to, until a row below says otherwise.
    t[{static_cast<Row>(row), Hup}] = {same, "emit:forwarded"};
    t[{static_cast<Row>(row), Usr1}] = {same, "emit:forwarded"};
  }

  t[{Row::Inactive, Start}] = {Starting, "spawn:1"};
  for (const Column stop : {Term, Int}) {
    t[{Row::Inactive, stop}] = {Over, "emit:stopping emit:finished exit:0"};
    t[{Row::Asked, stop}] = {Starting, "emit:stopping"};
    t[{Row::Starting, stop}] = {Stopping, kStop};
    t[{Row::Running, stop}] = {Stopping, kStop};
    t[{Row::Restarting, stop}] = {Stopping, "emit:stopping"};
    t[{Row::RestartKilling, stop}] = {StopKilling, "emit:stopping"};
    t[{Row::Unkillable, stop}] = {Over, "emit:stopping no-pidfile emit:failed=timeout emit:finished exit:137"};
    t[{Row::Clearing, stop}] = {Clearing, "emit:stopping"};
    t[{Row::ClearKilling, stop}] = {ClearKilling, "emit:stopping"};
    t[{Row::Waiting, stop}] = {Over, "emit:stopping emit:finished exit:1"};
  }

  t[{Row::Asked, Spawned}] = {Starting, ""};
  t[{Row::Asked, SpawnFailed}] = {Waiting, "emit:warning emit:exited no-pidfile release"};
  t[{Row::Inactive, Restart}] = {Starting, "spawn:1"};  // systemctl(1): it is started
  t[{Row::Asked, Restart}] = {Starting, "emit:stopping"};

  t[{Row::Starting, ExecSucceeded}] = {Running, "pidfile:101 emit:started"};
  t[{Row::Starting, ExecFailed}] = {Starting, ""};
  t[{Row::Starting, Due}] = {Stopping, "tree:SIGTERM tree:SIGCONT"};
  for (const Row row : {Row::Starting, Row::Running}) {
    const ServiceState same = row == Row::Starting ? Starting : Running;
    t[{row, Exits}] = {Waiting, kDied};
    t[{row, ExitsAlone}] = {Clearing, kLeftAlone};
    t[{row, Restart}] = {Stopping, kStop};
    add_while_alive(t, row, same);
  }
  t[{Row::Running, Due}] = {Running, "tidy"};
  t[{Row::Running, SaysStopping}] = {Stopping, ""};

  const std::string died_for_good = std::string(kDied) + " emit:finished exit:1";
  const std::string died_for_next = std::string(kDied) + " spawn:2";
  t[{Row::Stopping, Exits}] = {Over, died_for_good};
  t[{Row::Restarting, Exits}] = {Starting, died_for_next};
  for (const Row row : {Row::Stopping, Row::Restarting}) {
    t[{row, ExitsAlone}] = {Clearing, "emit:exited no-pidfile"};
    t[{row, Due}] = {StopKilling, "emit:escalated kill"};
    add_while_alive(t, row, Stopping);
  }

  t[{Row::StopKilling, Exits}] = {Over, died_for_good};
  t[{Row::StopKilling, Due}] = {Over, "emit:left-behind no-pidfile emit:failed=timeout emit:finished exit:137"};
  t[{Row::RestartKilling, Due}] = {StopKilling, "emit:left-behind"};
  for (const Row row : {Row::RestartKilling, Row::Unkillable}) {
    t[{row, Exits}] = {Starting, died_for_next};
  }
  for (const Row row : {Row::StopKilling, Row::RestartKilling, Row::Unkillable}) {
    t[{row, ExitsAlone}] = {ClearKilling, "emit:exited no-pidfile kill"};
    add_while_alive(t, row, StopKilling);
  }

  t[{Row::Clearing, TreeEmpty}] = {Waiting, "release"};
  t[{Row::Clearing, Due}] = {ClearKilling, "emit:escalated kill"};
  // The delay counts from the death, and has passed by now.
  t[{Row::ClearKilling, TreeEmpty}] = {Starting, "release spawn:2"};
  // One that was given up, and the last that lived.
  t[{Row::Clearing, CommandExits}] = {Waiting, "release"};
  t[{Row::ClearKilling, CommandExits}] = {Starting, "release spawn:2"};
  t[{Row::ClearKilling, TreeChanged}] = {ClearKilling, "kill"};
  t[{Row::ClearKilling, Due}] = {Starting, "emit:left-behind release spawn:2"};

  t[{Row::Waiting, Due}] = {Starting, "spawn:2"};
  t[{Row::Waiting, Restart}] = {Starting, "spawn:2"};
  add_commands(t);
  return t;
}

class EachCell : public ::testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(EachCell, GoesWhereTheTableSays) {
  static const Table table = expected_cells();
  const Row row = static_cast<Row>(std::get<0>(GetParam()));
  const Column column = static_cast<Column>(std::get<1>(GetParam()));
  Rig rig(settings_of(row));
  reach(rig, row);
  const ServiceState before = rig.state();
  const Instant deadline = rig.deadline();
  const auto cell = table.find({row, column});
  const std::string actions = apply(rig, column);
  if (cell != table.end()) {
    EXPECT_EQ(actions, cell->second.actions);
    EXPECT_EQ(to_string(rig.state()), to_string(cell->second.next));
  } else {
    EXPECT_EQ(actions, "");
    EXPECT_EQ(to_string(rig.state()), to_string(before));
    // A changed memory.events arms the throttle of its own watch.
    if (column != Column::MemoryChanged) {
      EXPECT_EQ(rig.deadline(), deadline);
    }
  }
  if (rig.state() == ServiceState::Over) {
    EXPECT_EQ(rig.deadline(), Instant::max());
    EXPECT_EQ(rig.feed(event::TimerExpired{}), "") << "after Exit nothing is asked";
  }
}

std::string cell_name(const ::testing::TestParamInfo<std::tuple<int, int>>& info) {
  static constexpr std::array<const char*, kRows> kRowNames = {
      "Inactive",    "Asked",          "Starting",   "Running",  "Stopping",     "Restarting",
      "StopKilling", "RestartKilling", "Unkillable", "Clearing", "ClearKilling", "Waiting",
      "Condition",   "AskedPre",       "StartPre",   "Forked",   "StartPost",    "Exited",
      "Reloading",   "StopCommands",   "StopPost",   "Over"};
  static constexpr std::array<const char*, kColumns> kColumnNames = {"Start",
                                                                     "Spawned",
                                                                     "SpawnFailed",
                                                                     "ExecSucceeded",
                                                                     "ExecFailed",
                                                                     "MainExited",
                                                                     "MainExitedOthersAlive",
                                                                     "TreeEmpty",
                                                                     "TreeChanged",
                                                                     "MemoryChanged",
                                                                     "PressureHigh",
                                                                     "Sampled",
                                                                     "Probed",
                                                                     "Sigterm",
                                                                     "Sigint",
                                                                     "Sighup",
                                                                     "Sigusr1",
                                                                     "Sigquit",
                                                                     "Sigwinch",
                                                                     "CommandRequested",
                                                                     "TimerTooEarly",
                                                                     "TimerDue",
                                                                     "ActionFailed",
                                                                     "CommandSpawned",
                                                                     "CommandSpawnFailed",
                                                                     "CommandExecFailed",
                                                                     "CommandExited",
                                                                     "MainFound",
                                                                     "MainRefused",
                                                                     "SaysStopping",
                                                                     "HookEnds",
                                                                     "ConditionsChecked"};
  return std::string(kRowNames[static_cast<std::size_t>(std::get<0>(info.param))]) + "_" +
         kColumnNames[static_cast<std::size_t>(std::get<1>(info.param))];
}

INSTANTIATE_TEST_SUITE_P(ServiceTable, EachCell,
                         ::testing::Combine(::testing::Range(0, kRows),
                                            ::testing::Range(0, kColumns)),
                         cell_name);

TEST(ServiceTable, HasARowForEveryState) {
  std::map<ServiceState, int> seen;
  for (int row = 0; row < kRows; ++row) {
    Rig rig(settings_of(static_cast<Row>(row)));
    reach(rig, static_cast<Row>(row));
    ++seen[rig.state()];
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(ServiceState::Over) + 1);
}

TEST(ServiceTable, HasAColumnForEveryEvent) {
  // A new kind of event has to be given a column, and this number to be raised.
  EXPECT_EQ(std::variant_size_v<Event>, 25u);
}

}  // namespace
}  // namespace gatevisor::core
