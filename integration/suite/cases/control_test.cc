// gatevisor start, stop, status and their like, as a user types them; and the socket behind them.

#include <gtest/gtest.h>
#include <grp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cgroup_home.h"
#include "unit.h"
#include "varlink.h"

namespace gatevisor::testing {
namespace {

using nlohmann::json;

constexpr const char* kManager = "org.gatevisor.Manager.";

/// A gatevisor with a socket of its own, and the commands that ask it.
class Controlled {
 public:
  explicit Controlled(Launch launch) : supervisor_(with_socket(std::move(launch))) {}

  Gatevisor& supervisor() { return supervisor_; }
  std::string socket() const { return files_.file("control"); }
  std::string journal() const { return files_.file("journal"); }
  const TempDir& files() const { return files_; }
  std::pair<int, std::string> ask(const std::string& words) const {
    return answer_of(words + " --socket=" + socket());
  }
  int status_of(const std::string& words) const { return ask(words).first; }
  json status(const std::string& unit = "") const {
    const auto [code, text] = ask("status --json " + unit);
    return json::parse(text, nullptr, false);
  }
  VarlinkSocket connect() const { return VarlinkSocket(socket()); }
  std::optional<Record> call(const std::string& method, const std::string& parameters = "{}") const {
    VarlinkSocket socket = connect();
    socket.call("{\"method\":\"" + method + "\",\"parameters\":" + parameters + "}");
    return socket.reply();
  }

 private:
  Launch with_socket(Launch launch) {
    launch.options.push_back("--socket=" + files_.file("control"));
    launch.options.push_back("--journal-dir=" + files_.file("journal"));
    return launch;
  }
  TempDir files_;
  Gatevisor supervisor_;
};

Launch waits(std::vector<std::string> properties = {}, std::vector<std::string> options = {}) {
  return {.command = {"wait"}, .properties = std::move(properties), .options = std::move(options)};
}

/// `gatevisor WORDS` as another user, with no other groups than `gid`.
std::pair<int, std::string> ask_as(unsigned uid, unsigned gid, std::vector<std::string> words) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  words.insert(words.begin(), gatevisor_program());
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    close(ends[0]);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    if (setgroups(0, nullptr) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) {
      _exit(126);
    }
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(ends[1]);
  std::string text;
  char bytes[4096];
  for (ssize_t got; (got = read(ends[0], bytes, sizeof bytes)) > 0;) {
    text.append(bytes, static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

// ---- status ----------------------------------------------------------------------------------

TEST(Control, StatusTellsWhatIsSo) {
  Controlled gate({.command = {"child", "wait", "end", "wait"}});
  const int pid = gate.supervisor().expect_started();
  const json told = gate.status();
  ASSERT_TRUE(told.is_object());
  EXPECT_EQ(told["supervisor"]["pid"], gate.supervisor().pid());
  const json& unit = told["units"].at(0);
  EXPECT_EQ(unit["name"], "gateway.service");
  EXPECT_EQ(unit["active"], "active");
  EXPECT_EQ(unit["sub"], "running");
  EXPECT_EQ(unit["main_pid"], pid);
  EXPECT_EQ(unit["launches"], 1);
  // Its processes, as the kernel lists them.
  std::vector<int> pids;
  for (const json& process : unit["processes"]) pids.push_back(process["pid"]);
  EXPECT_TRUE(std::ranges::find(pids, pid) != pids.end());
  for (const int child : children_of(pid)) {
    EXPECT_TRUE(std::ranges::find(pids, child) != pids.end()) << child;
  }
  const auto [status, text] = gate.ask("status");
  EXPECT_EQ(status, 0);
  EXPECT_NE(text.find("● gateway.service (main)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Active: active (running) since "), std::string::npos) << text;
  EXPECT_NE(text.find("Main PID: " + std::to_string(pid) + " (misbehave)\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("─" + std::to_string(pid) + " "), std::string::npos) << text;
  EXPECT_NE(text.find("started (pid " + std::to_string(pid) + ")"), std::string::npos)
      << "the end of its log: " << text;
}

TEST(Memory, StatusTellsWhatTheCgroupFilesSay) {
  TempDir files;
  Controlled gate({.command = {"alloc", "16", "report", files.file("there"), "wait"},
                   .properties = {"MemoryMax=96M", "TasksMax=50"}});
  const int pid = gate.supervisor().expect_started();
  files.wait_file("there");
  const std::string leaf = CgroupHome::get().of_process(pid);
  // Both are read beside it: what a process charges goes on moving, in pieces, for a moment.
  constexpr double kPiece = 1 << 20;
  const auto current = [&leaf] { return std::stod(read_file(leaf + "/memory.current")); };
  const double before = current();
  const json unit = gate.status()["units"].at(0);
  const double after = current();
  EXPECT_EQ(CgroupHome::get().mount_point() + "/" + unit["leaf"].get<std::string>(), leaf);
  EXPECT_EQ(unit["memory"]["max"], 96u << 20);
  EXPECT_EQ(unit["tasks"]["max"], 50);
  EXPECT_EQ(unit["tasks"]["current"].get<long>(), std::stol(read_file(leaf + "/pids.current")));
  const double told = unit["memory"]["current"].get<double>();
  EXPECT_GE(told, std::min(before, after) - kPiece);
  EXPECT_LE(told, std::max(before, after) + kPiece);
  EXPECT_GE(told, 16 << 20);
}

TEST(Control, StatusOfARespawnThatWaits) {
  Controlled gate({.command = {"exit", "3"}, .properties = {"RestartSec=1h"}});
  gate.supervisor().expect_exited();
  const json unit = gate.status()["units"].at(0);
  EXPECT_EQ(unit["active"], "activating");
  EXPECT_EQ(unit["sub"], "auto-restart");
  EXPECT_EQ(unit["last"]["cause"], "exit-code");
  EXPECT_EQ(unit["last"]["status"], 3);
  const auto [status, text] = gate.ask("status");
  EXPECT_EQ(status, 3);
  EXPECT_NE(text.find("Next start: "), std::string::npos) << text;
  EXPECT_NE(text.find(", in 59min "), std::string::npos) << text;
  EXPECT_NE(text.find("Last death: exit-code (certain): exit code 3"), std::string::npos) << text;
  EXPECT_EQ(gate.status_of("is-active"), 3);
  EXPECT_EQ(gate.status_of("healthcheck"), 1);
  EXPECT_NE(gate.ask("healthcheck").second.find("gateway.service: activating (auto-restart)"),
            std::string::npos);
  EXPECT_EQ(gate.status_of("start"), 0) << "it does not wait any longer";
}

TEST(Control, NoSuchUnitHasSystemctlsStatus) {
  Controlled gate(waits());
  gate.supervisor().expect_started();
  EXPECT_EQ(gate.status_of("status no.service"), 4);
  EXPECT_EQ(gate.status_of("start no.service"), 5);
  EXPECT_EQ(gate.status_of("is-active no"), 4);
  EXPECT_NE(gate.ask("stop no").second.find("there is no unit no\n"), std::string::npos);
  EXPECT_EQ(gate.status_of("status gateway"), 0);
}

TEST(Control, WithoutAGatevisorItIsOneLine) {
  TempDir files;
  const auto [status, text] = answer_of("status --socket=" + files.file("none"));
  EXPECT_EQ(status, 1) << text;
  EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
  EXPECT_NE(text.find(files.file("none")), std::string::npos) << text;
}

// ---- commands --------------------------------------------------------------------------------

TEST(Control, TheStopOfTheMainUnitIsGatevisorsEnd) {
  Controlled gate(waits());
  gate.supervisor().expect_started();
  const auto [status, text] = gate.ask("stop");
  EXPECT_EQ(status, 0) << text;
  EXPECT_EQ(text, "");
  const Record exited = gate.supervisor().expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "requested");
  EXPECT_TRUE(exited.text("/verdict/summary").starts_with("stopped on request: stop from pid "))
      << exited.line();
  EXPECT_NE(exited.line().find("gatevisor stop --socket="), std::string::npos)
      << "who asked is evidence: " << exited.line();
  EXPECT_EQ(gate.supervisor().expect_end(), 0);
  EXPECT_NE(access(gate.socket().c_str(), F_OK), 0) << "nothing is left";
}

TEST(Control, WhyTellsWhoAsked) {
  Controlled gate(waits());
  gate.supervisor().expect_started();
  EXPECT_EQ(gate.status_of("restart gateway"), 0);
  gate.supervisor().expect_started();
  EXPECT_EQ(gate.status_of("stop"), 0);
  gate.supervisor().expect_end();
  const auto [status, text] = answer_of("why -n 2 -D " + gate.journal());
  EXPECT_NE(text.find("request command: "), std::string::npos) << text;
  EXPECT_NE(text.find("restart gateway --socket="), std::string::npos) << text;
  EXPECT_NE(text.find("request from: stop from pid "), std::string::npos) << text;
  EXPECT_NE(text.find(" before the end"), std::string::npos) << text;
}

TEST(Control, StopAndStartWhereItKeepsRunning) {
  Controlled gate(waits({}, {"--keep-running"}));
  gate.supervisor().expect_started();
  EXPECT_EQ(gate.status_of("is-active"), 0);
  EXPECT_EQ(gate.status_of("stop"), 0);
  EXPECT_EQ(gate.status_of("is-active"), 3);
  EXPECT_EQ(gate.status_of("status"), 3);
  EXPECT_EQ(gate.status()["units"].at(0)["active"], "inactive");
  EXPECT_EQ(gate.status_of("start"), 0);
  const int pid = gate.supervisor().expect_started();
  EXPECT_EQ(gate.status()["units"].at(0)["main_pid"], pid);
  EXPECT_EQ(gate.status_of("start"), 0) << "it runs already";
}

TEST(Control, ARestartEndsOneAndBeginsAnother) {
  Controlled gate(waits());
  const int first = gate.supervisor().expect_started();
  EXPECT_EQ(gate.status_of("restart"), 0);
  const Record exited = gate.supervisor().expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "requested");
  EXPECT_EQ(exited.text("/verdict/next/action"), "respawn");
  const int second = gate.supervisor().expect_started();
  EXPECT_NE(first, second);
  EXPECT_FALSE(is_alive(first));
  EXPECT_EQ(gate.status()["units"].at(0)["main_pid"], second);
}

TEST(Control, AStartThatFailsSaysWhy) {
  Unit unit("[Service]\nExecStart=" + misbehave() + " wait\n");
  unit.write("bad.service", "[Service]\nType=oneshot\nExecStart=" + misbehave() + " exit 3\n");
  Controlled gate(unit.launch({unit.files.file("units/bad.service"), "--main=gw.service"}));
  gate.supervisor().expect_started();
  const auto [status, text] = gate.ask("start bad");
  EXPECT_EQ(status, 1);
  EXPECT_NE(text.find("start: bad.service: failed: exit code 3"), std::string::npos) << text;
  EXPECT_EQ(gate.status("bad")["units"].at(0)["active"], "failed");
  EXPECT_EQ(gate.status_of("reset-failed bad"), 0);
  EXPECT_EQ(gate.status("bad")["units"].at(0)["active"], "inactive");
}

TEST(Control, WaitIsForTheEnd) {
  Unit unit("[Service]\nExecStart=" + misbehave() + " wait\n");
  unit.write("job.service", "[Service]\nExecStart=" + misbehave() + " linger 300 exit 4\n");
  Controlled gate(unit.launch({unit.files.file("units/job.service"), "--main=gw.service"}));
  for (std::string name; name != "job";) name = gate.supervisor().expect("exited").text("/unit");
  EXPECT_EQ(gate.status_of("start job"), 0) << "it was started";
  for (std::string name; name != "job";) name = gate.supervisor().expect("exited").text("/unit");
  EXPECT_EQ(gate.status_of("reset-failed job"), 0);
  EXPECT_EQ(gate.status_of("start --wait job"), 1) << "it has failed";
}

TEST(Control, AReloadIsDoneWhenItIsAnswered) {
  Unit unit("");
  unit.write("gw.service", "[Service]\nExecStart=" + misbehave() + " wait\nExecReload=" +
                               misbehave() + " linger 200 append " + unit.files.file("told") +
                               " reloaded\n");
  Controlled gate(unit.launch());
  gate.supervisor().expect_started();
  EXPECT_EQ(gate.status_of("reload"), 0);
  EXPECT_EQ(read_file(unit.files.file("told")), "reloaded\n");
}

TEST(Control, WhatCannotBeReloadedSaysSo) {
  Controlled gate(waits());
  gate.supervisor().expect_started();
  const auto [status, text] = gate.ask("reload");
  EXPECT_EQ(status, 1);
  EXPECT_NE(text.find("reload: gateway.service: invalid: it has no ExecReload="),
            std::string::npos)
      << text;
}

TEST(Control, KillSendsASignal) {
  TempDir files;
  Controlled gate({.command = {"record", files.file("signals"), "wait"}});
  gate.supervisor().expect_started();
  files.wait_file("signals");
  EXPECT_EQ(gate.status_of("kill -s USR1"), 0);
  files.wait_text("signals", std::to_string(SIGUSR1));
  const Record sent = gate.supervisor().expect("signal-sent");
  EXPECT_EQ(sent.text("/signal"), "SIGUSR1");
  EXPECT_EQ(sent.text("/from/what"), "kill");
  EXPECT_EQ(gate.status_of("kill --kill-whom=control"), 1) << "no command runs";
  EXPECT_EQ(gate.status_of("kill -s NONE"), 64);
  EXPECT_EQ(gate.status_of("kill -s KILL --kill-whom=main"), 0);
  const Record exited = gate.supervisor().expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "signal");
  EXPECT_EQ(exited.text("/verdict/sender"), "gatevisor");
  EXPECT_EQ(exited.text("/verdict/next/action"), "respawn");
}

TEST(Control, ARestartKeepsTheOrderOfUnits) {
  Unit unit("");
  const auto told = [&](const std::string& name, const std::string& head) {
    const std::string append = misbehave() + " append " + unit.files.file("trace") + " ";
    unit.write(name + ".service", "[Unit]\n" + head + "[Service]\nType=notify\nExecStart=" + append +
                                      "+" + name + " notify READY=1 wait\nExecStopPost=" + append +
                                      "-" + name + " exit 0\n");
  };
  told("gw", "Requires=db.service\nAfter=db.service\n");
  told("db", "");
  Controlled gate(unit.launch());
  unit.files.wait_text("trace", "+gw");
  EXPECT_EQ(gate.status_of("restart db"), 0);
  unit.files.wait_text("trace", "-gw\n-db\n+db\n+gw\n");
}

TEST(Control, HealthFollowsTheProbe) {
  Controlled gate({.command = {"wait"},
                   .properties = {"LivenessProbe=tcp://127.0.0.1:1", "LivenessProbeSec=1h"}});
  gate.supervisor().expect_started();
  const auto [status, text] = gate.ask("healthcheck");
  EXPECT_EQ(status, 1);
  EXPECT_NE(text.find("has not answered a probe of tcp://127.0.0.1:1 yet"), std::string::npos)
      << text;
  Controlled well(waits());
  well.supervisor().expect_started();
  EXPECT_EQ(well.ask("healthcheck"), std::make_pair(0, std::string()));
}

TEST(Control, EventsAreJsonLinesAsTheyHappen) {
  Controlled gate(waits({"RestartSec=50ms"}));
  const int pid = gate.supervisor().expect_started();
  std::FILE* pipe =
      popen((gatevisor_program() + " events --socket=" + gate.socket()).c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::vector<std::string> seen;
  char line[65536];
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    const auto record = Record::parse(line);
    ASSERT_TRUE(record) << line;
    const bool first = seen.empty();
    seen.push_back(record->text("/event"));
    if (first) kill(pid, SIGKILL);
    if (record->text("/event") == "started") gate.supervisor().signal(SIGTERM);
  }
  pclose(pipe);
  const auto at = [&](const char* event) {
    return std::ranges::find(seen, event) - seen.begin();
  };
  EXPECT_EQ(seen.front(), "state");
  EXPECT_LT(at("exited"), at("started"));
  EXPECT_LT(at("started"), at("stopping"));
}

// ---- the socket ------------------------------------------------------------------------------

TEST(Control, AnyVarlinkClientIsTold) {
  Controlled gate(waits());
  gate.supervisor().expect_started();
  const auto info = gate.call("org.varlink.service.GetInfo");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->text("/parameters/product"), "gatevisor");
  EXPECT_EQ(info->text("/parameters/interfaces/1"), "org.gatevisor.Manager");
  const auto described = gate.call("org.varlink.service.GetInterfaceDescription",
                                   R"({"interface":"org.gatevisor.Manager"})");
  EXPECT_NE(described->text("/parameters/description").find("\nmethod Restart(unit: ?string"),
            std::string::npos);
  EXPECT_EQ(gate.call("org.gatevisor.Manager.Nothing")->text("/error"),
            "org.varlink.service.MethodNotFound");
  EXPECT_EQ(gate.call("org.example.Nothing")->text("/error"),
            "org.varlink.service.InterfaceNotFound");
  EXPECT_EQ(gate.call(std::string(kManager) + "Kill", R"({"signal":99})")->text("/parameters/parameter"),
            "signal");
  EXPECT_EQ(gate.call(std::string(kManager) + "Monitor")->text("/error"),
            "org.varlink.service.ExpectedMore");
  EXPECT_EQ(gate.call(std::string(kManager) + "Stop", R"({"unit":"x"})")->text("/error"),
            "org.gatevisor.Manager.NoSuchUnit");
}

TEST(Control, SeveralCallsOnOneConnection) {
  Controlled gate(waits());
  gate.supervisor().expect_started();
  VarlinkSocket socket = gate.connect();
  const std::string status = R"({"method":"org.gatevisor.Manager.Status"})";
  ASSERT_TRUE(socket.send(status + '\0' + status + '\0' + status + '\0'));
  for (int i = 0; i < 3; ++i) {
    const auto reply = socket.reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->text("/parameters/units/0/name"), "gateway.service");
  }
  // One that wants no answer gets none, and the next is answered.
  const std::string oneway =
      R"({"method":"org.gatevisor.Manager.ResetFailed","oneway":true})";
  ASSERT_TRUE(socket.send(oneway + '\0' + status + '\0'));
  EXPECT_TRUE(socket.reply()->has("/parameters/units/0"));
  // And one that sends no more still gets what it has asked for.
  ASSERT_TRUE(socket.call(R"({"method":"org.gatevisor.Manager.Restart"})"));
  shutdown(socket.fd(), SHUT_WR);
  EXPECT_EQ(socket.reply()->text("/parameters/result"), "done");
}

TEST(Control, HostileClientsGetNowhere) {
  Controlled gate(waits());
  const int pid = gate.supervisor().expect_started();
  const std::size_t fds = open_fds(gate.supervisor().pid());
  const long before = status_number(gate.supervisor().pid(), "VmRSS:");
  std::vector<VarlinkSocket> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(gate.connect());  // say nothing
  for (const std::string& bytes :
       {std::string("garbage\0", 8), std::string("[1,2]\0", 6), std::string("{\"method\":7}\0", 13),
        std::string(8, '\0'), std::string(10'000, '[') + '\0',
        "{\"method\":\"" + std::string(15'000, 'x') + '\0', std::string("\xff\xfe{}\0", 5)}) {
    VarlinkSocket socket = gate.connect();
    socket.send(bytes);
    EXPECT_TRUE(socket.wait_closed()) << bytes.substr(0, 20);
  }
  VarlinkSocket huge = gate.connect();
  huge.send(std::string(16 << 20, 'a'));  // and no NUL
  EXPECT_TRUE(huge.wait_closed());
  VarlinkSocket deep = gate.connect();
  deep.call(R"({"method":"org.gatevisor.Manager.Status","parameters":)" + std::string(5'000, '[') +
            std::string(5'000, ']') + "}");
  EXPECT_TRUE(deep.reply().has_value() || deep.wait_closed());
  // One that asks and does not read.
  VarlinkSocket deaf = gate.connect();
  const std::string status = R"({"method":"org.gatevisor.Manager.Status"})";
  std::string many;
  for (int i = 0; i < 2'000; ++i) many += status + '\0';
  ::send(deaf.fd(), many.data(), many.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  EXPECT_EQ(gate.status_of("status"), 0) << "and others are served as ever";
  EXPECT_TRUE(is_alive(pid));
  silent.clear();
  const auto deadline = std::chrono::steady_clock::now() + patience();
  while (open_fds(gate.supervisor().pid()) >= fds + 16 &&
         std::chrono::steady_clock::now() < deadline) {
  }
  // More than a few clients' buffers would be a leak.
  EXPECT_LT(status_number(gate.supervisor().pid(), "VmRSS:"), before + 4'096);
  EXPECT_LT(open_fds(gate.supervisor().pid()), fds + 16);
  EXPECT_EQ(gate.status_of("stop"), 0);
  EXPECT_EQ(gate.supervisor().expect_end(), 0);
}

/// The median of how long a respawn takes, from the kill to the new process's own sign of life.
double respawn_ms(Controlled& gate, int& pid, int rounds) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    kill(pid, SIGKILL);
    pid = gate.supervisor().expect_started();
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() -
                                                              begin)
                        .count());
  }
  std::ranges::nth_element(times, times.begin() + rounds / 2);
  return times[static_cast<std::size_t>(rounds / 2)];
}

TEST(Control, AThousandClientsDoNotDelayARespawn) {
  Controlled gate(waits({"RestartSec=0", "AlarmBurst=0"}));
  int pid = gate.supervisor().expect_started();
  const double alone = respawn_ms(gate, pid, 21);
  // Children that have a processor when nobody else wants it. One does nothing with it ...
  const auto begin_child = [] {
    const pid_t child = fork();
    const sched_param none{};
    if (child == 0 && sched_setscheduler(0, SCHED_IDLE, &none) != 0) _exit(1);
    return child;
  };
  const auto end_child = [](pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  };
  const pid_t idler = begin_child();
  for (volatile bool on = true; idler == 0 && on;) {
  }
  const double busy = respawn_ms(gate, pid, 21);
  end_child(idler);
  // ... and one connects a thousand times at once, and asks on each.
  const pid_t crowd = begin_child();
  if (crowd == 0) {
    const std::string status =
        std::string(R"({"method":"org.gatevisor.Manager.Status"})") + '\0';
    std::vector<int> all;
    for (;;) {
      while (all.size() < 1'000) {
        VarlinkSocket one(gate.socket(), true);
        if (!one.connected()) break;
        ::send(one.fd(), status.data(), status.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        all.push_back(dup(one.fd()));
      }
      for (const int fd : all) close(fd);
      all.clear();
    }
  }
  const double crowded = respawn_ms(gate, pid, 21);
  const auto [answered, text] = gate.ask("is-active");
  end_child(crowd);
  EXPECT_EQ(answered, 0) << "and who asks among them is answered: " << text;
  std::printf("respawn: %.2f ms alone, %.2f ms beside an idler, %.2f ms beside a crowd\n", alone, busy,
              crowded);
  // Whoever it is takes a processor; what must not be is a wait for the crowd.
  EXPECT_LT(crowded, 1.5 * std::max(alone, busy) + 5 * slowness());
}

TEST(Control, NoClientNoTimer) {
  Controlled gate(waits());
  gate.supervisor().expect_started();
  EXPECT_EQ(gate.status_of("status"), 0);
  const std::string fds = "/proc/" + std::to_string(gate.supervisor().pid()) + "/fdinfo";
  // proc(5): a timer that is not armed. Its own of 200 ms after the start is over soon, and the
  // client's end is told at once.
  bool off = false;
  const auto deadline = std::chrono::steady_clock::now() + patience();
  while (!off && std::chrono::steady_clock::now() < deadline) {
    for (const auto& entry : std::filesystem::directory_iterator(fds)) {
      off = off || read_file(entry.path()).find("it_value: (0, 0)") != std::string::npos;
    }
  }
  EXPECT_TRUE(off);
}

TEST(Control, OthersMayNotAskUnlessTheirGroupIsNamed) {
  Controlled closed(waits());
  closed.supervisor().expect_started();
  chmod(closed.files().file("").c_str(), 0755);
  const std::string closed_socket = "--socket=" + closed.socket();
  auto [status, text] = ask_as(1000, 1000, {"status", closed_socket});
  EXPECT_EQ(status, 4) << text;
  EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
  Controlled open(waits({}, {"--control-group=1000"}));
  open.supervisor().expect_started();
  const std::string socket = "--socket=" + open.socket();
  std::tie(status, text) = ask_as(1001, 1000, {"status", socket});
  EXPECT_EQ(status, 0) << text;
  std::tie(status, text) = ask_as(1001, 1000, {"stop", socket});
  EXPECT_EQ(status, 4) << text;
  EXPECT_NE(text.find("only root and gatevisor's own user may ask for that"), std::string::npos);
  std::tie(status, text) = ask_as(1001, 1001, {"status", socket});
  EXPECT_EQ(status, 4) << text;
  EXPECT_EQ(open.status_of("is-active"), 0);
}

TEST(Control, TwoGatevisorsDoNotClash) {
  TempDir runtime;
  chmod(runtime.file("").c_str(), 0755);
  const auto start = [&](const std::string& name) {
    Launch launch = waits({}, {"--name=" + name});
    launch.environment = {{"XDG_RUNTIME_DIR", runtime.file("")}, {"TMPDIR", runtime.file("")}};
    launch.uid = 65534;
    return launch;
  };
  const auto ask = [&](std::vector<std::string> words) {
    for (const char* name : {"XDG_RUNTIME_DIR", "TMPDIR"}) {
      setenv(name, runtime.file("").c_str(), 1);
    }
    auto answer = ask_as(65534, 65534, std::move(words));
    for (const char* name : {"XDG_RUNTIME_DIR", "TMPDIR"}) unsetenv(name);
    return answer;
  };
  chmod(runtime.file("").c_str(), 0777);
  Gatevisor first(start("one"));
  first.expect_started();
  EXPECT_EQ(ask({"status"}).first, 0) << ask({"status"}).second;
  {
    Gatevisor second(start("one"));
    second.expect_started();
    Gatevisor third(start("three"));
    third.expect_started();
    const auto [status, text] = ask({"status"});
    EXPECT_EQ(status, 1);
    EXPECT_NE(text.find("several gatevisors run here"), std::string::npos) << text;
    EXPECT_EQ(ask({"status", "three"}).first, 0);
    EXPECT_EQ(ask({"stop", "three"}).first, 0);
    third.expect_end();
  }
  // The second was killed and could not clean up: its socket is nobody's.
  const auto [status, text] = ask({"status"});
  EXPECT_EQ(status, 0) << text;
  // The next gatevisor takes it away, and leaves the first one's.
  const auto sockets = [&] {
    const std::filesystem::directory_iterator all(runtime.file("gatevisor"));
    return std::distance(begin(all), end(all));
  };
  EXPECT_EQ(sockets(), 2);
  Gatevisor fourth(start("four"));
  fourth.expect_started();
  EXPECT_EQ(sockets(), 2);
  EXPECT_EQ(ask({"status", "one"}).first, 0);
}

}  // namespace
}  // namespace gatevisor::testing
